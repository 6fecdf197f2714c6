/** Steps of every preset: what `bench --presets` takes the memory and the time of. */
import type { Device } from '../../engine/device.ts';
import { inputTensor } from '../../engine/ops/index.ts';
import { ParamStore, countParams } from '../../engine/params.ts';
import { RandomStream } from '../../engine/random.ts';
import { sceneDataset } from '../../data/scenes.ts';
import { classCountOf, latentChannelsOf, type ClassModel } from '../../models/classModel.ts';
import { layoutVocabulary } from '../../models/layoutTokens.ts';
import { ownTokenTable } from '../../models/prior/ownTable.ts';
import { tableStatistics } from '../../models/prior/standardise.ts';
import { classGeneratorSpecs } from '../../pipeline/classGenerator.ts';
import { priorSpecs } from '../../pipeline/prior.ts';
import { autoencoderSpecs, autoencoderStep, type AutoencoderRun } from '../../train/autoencoder.ts';
import { classConditioning, type ClassGeneratorTraining } from '../../train/classGenerator.ts';
import { denoisingStep } from '../../train/denoising.ts';
import { diffusionPriorTask, type DiffusionPriorTraining } from '../../train/diffusionPrior.ts';
import type { Task } from '../../train/loop.ts';
import { autoencoderRuns } from '../../train/presets/autoencoder.ts';
import { classGeneratorRuns } from '../../train/presets/classGenerator.ts';
import { diffusionPriorRuns } from '../../train/presets/diffusionPrior.ts';
import { generatorRuns } from '../../train/presets/generator.ts';
import { priorRuns } from '../../train/presets/prior.ts';
import { priorTask, type PriorTraining } from '../../train/prior.ts';
import { forwardStep, generatorParameters, invertStep, trainStep } from './generatorSteps.ts';
import { normalValues } from './inputs.ts';
import { stepCandidate } from './ours.ts';
import type { OwnCandidate } from './row.ts';

export interface PresetStep {
  /** Model, preset and what is done. */
  readonly name: string;
  /** Samples a step: the preset's own number, one for presets that are made for a GPU. */
  readonly batch: number;
  readonly parameters: number;
  open(device: Device): Promise<OwnCandidate>;
}

/** Presets that a CPU trains at their own batch; the others are timed on one sample. */
const forCpu = ['tiny', 'street', 'flat64', 'cells', 'flat', 'coco', 'dit-tiny'];

const batchOf = (preset: string, batch: number): number => (forCpu.includes(preset) ? batch : 1);

/** All but the presets of tests. */
const presetsOf = <T>(runs: Readonly<Record<string, T>>): [string, T][] =>
  Object.entries(runs).filter(([name]) => !name.includes('micro'));

function autoencoderSteps(): PresetStep[] {
  return presetsOf<AutoencoderRun>(autoencoderRuns).map(([preset, own]) => {
    const run = { ...own, batch: batchOf(preset, own.batch) };
    const specs = autoencoderSpecs(run);
    return {
      name: `autoencoder ${preset} train`, batch: run.batch, parameters: countParams(specs),
      async open(device) {
        const store = new ParamStore('autoencoder', specs);
        store.initialise(run.seed);
        const image = inputTensor('image', [run.batch, 3, run.data.size, run.data.size]);
        const step = await autoencoderStep(device, store, image, run, null);
        return stepCandidate(device, step, store, { image: normalValues('image', image.shape, 0.3) });
      },
    };
  });
}

function generatorSteps(): PresetStep[] {
  const published = 'layout2img-256';
  return presetsOf(generatorRuns).flatMap(([name, { batch: own }]) => {
    const preset = name as keyof typeof generatorRuns;
    const batch = batchOf(preset, own);
    const parameters = generatorParameters(preset);
    const one = { imagesAtOnce: 1, restarts: 1, batchTimesteps: 1 };
    const forward = { name: `generator ${name} forward`, batch: 1, parameters, open: forwardStep(preset) };
    return [
      ...(name === published ? [forward] : []),
      { name: `generator ${name} invert`, batch: 1, parameters, open: invertStep(preset, null, one) },
      { name: `generator ${name} train`, batch, parameters, open: trainStep(preset, batch) },
    ];
  });
}

/** Latents of a class-conditional model: of pictures of 28 px in blocks of 2 x 2, or 16 x 16, or its own. */
function classLatent(preset: string, model: ClassModel): [number, number, number] {
  const side = model.backbone === 'dit' ? model.latentSize : preset === 'flat' ? 14 : 16;
  return [latentChannelsOf(model), side, side];
}

function classGeneratorSteps(): PresetStep[] {
  return presetsOf<ClassGeneratorTraining>(classGeneratorRuns).map(([preset, own]) => {
    const run = { ...own, batch: batchOf(preset, own.batch) };
    const latent = classLatent(preset, run.model);
    const specs = classGeneratorSpecs(run.model, latent);
    return {
      name: `class generator ${preset} train`, batch: run.batch, parameters: countParams(specs),
      async open(device) {
        const store = new ParamStore('generator', specs);
        store.initialise(run.seed);
        const step = await denoisingStep(device, run, classConditioning(run.model), latent, store);
        const ids = Int32Array.from({ length: run.batch }, (_, i) => i % classCountOf(run.model));
        return stepCandidate(device, step, store, { z: normalValues('latents', [run.batch, ...latent]), ids });
      },
    };
  });
}

/** A prior's task on layouts of drawn scenes, with a token table of its own. */
function openPriorTask(device: Device, run: PriorTraining | DiffusionPriorTraining, gridSide: number): Promise<Task> {
  const { embeddingWidth, maxObjects } = run.model;
  const kind = maxObjects > 2 ? 'street' : 'flat';
  const { dataset } = sceneDataset({ kind, seed: 0, maxObjects: Math.min(12, maxObjects), count: 32, size: 32 });
  const classCount = run.model.kind === 'autoregressive' ? run.model.classCount : dataset.categories.length;
  const vocabulary = { vocabularySize: gridSide ** 2 + 1, maxObjects, encodeCrop: false, classCount };
  const data = ownTokenTable(layoutVocabulary(vocabulary), embeddingWidth, new RandomStream(0, 'token table'));
  const table = { shape: [vocabulary.vocabularySize, embeddingWidth], data };
  const described = { categories: dataset.categories, statistics: tableStatistics(data), vocabulary };
  const split = { training: dataset, validation: dataset, summary: '' };
  const sheet = async (): Promise<void> => undefined;
  return run.model.kind === 'diffusion'
    ? diffusionPriorTask(device, { ...(run as DiffusionPriorTraining), ...described }, split, table, sheet)
    : priorTask(device, { ...(run as PriorTraining), ...described, lengths: [] }, split, table, sheet);
}

function priorSteps(): PresetStep[] {
  const step = (name: string, preset: string, own: PriorTraining | DiffusionPriorTraining,
    gridSide: number): PresetStep => {
    const run = { ...own, batch: batchOf(preset, own.batch) };
    return {
      name, batch: run.batch, parameters: countParams(priorSpecs(run.model)),
      async open(device) {
        const task = await openPriorTask(device, run, gridSide);
        return stepCandidate(device, task, task.store, await task.batch(0));
      },
    };
  };
  const gridSides: Readonly<Record<string, number>> = { flat: 9, default: 90 };
  return [
    ...presetsOf<PriorTraining>(priorRuns).map(([preset, run]) =>
      step(`prior ${preset} train`, preset, run, run.model.gridSide)),
    ...presetsOf<DiffusionPriorTraining>(diffusionPriorRuns).map(([preset, run]) =>
      step(`diffusion prior ${preset} train`, preset, run, gridSides[preset] ?? 32)),
  ];
}

/** Every step of every preset, small models first within a kind. */
export const presetSteps = (): PresetStep[] =>
  [...autoencoderSteps(), ...generatorSteps(), ...classGeneratorSteps(), ...priorSteps()];
