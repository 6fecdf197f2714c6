/**
 * Whole steps of our own generators, with initial weights and drawn scenes: as they are trained and inverted. The peers
 * have no such model; what compares them is the other rows.
 */
import { sceneCategories, sceneDataset } from '../../data/scenes.ts';
import type { Device } from '../../engine/device.ts';
import { ParamStore, countParams } from '../../engine/params.ts';
import { RandomStream } from '../../engine/random.ts';
import { compile } from '../../engine/compile/compile.ts';
import { inputTensor, table } from '../../engine/ops/index.ts';
import { drawPairs, priorRange } from '../../invert/bank.ts';
import { Search } from '../../invert/search.ts';
import { autoencoderPresets, latentShape, type AutoencoderConfig } from '../../models/autoencoder/config.ts';
import { layoutVocabulary } from '../../models/layoutTokens.ts';
import { generator } from '../../models/unet/generator.ts';
import { autoregressivePriorPresets, diffusionPriorPresets } from '../../models/prior/config.ts';
import { tableStatistics } from '../../models/prior/standardise.ts';
import { FirstStage, firstStageSpecs } from '../../pipeline/firstStage.ts';
import { generatorSpecs, type Generator, type GeneratorDescription } from '../../pipeline/generator.ts';
import { priorSpecs, tokenTableName, type Prior, type PriorKind } from '../../pipeline/prior.ts';
import { denoisingStep } from '../../train/denoising.ts';
import { layoutConditioning, layoutTokens, trainingFrequencies } from '../../train/generator.ts';
import { generatorRuns } from '../../train/presets/generator.ts';
import { inversionConfig, type InversionOptions } from '../inversionOptions.ts';
import { initialWeights } from './initialWeights.ts';
import { normalValues } from './inputs.ts';
import { programCandidate, programFlops, stepCandidate } from './ours.ts';
import type { OwnCandidate, Row } from './row.ts';

type Preset = keyof typeof generatorRuns;

/**
 * Pictures that a preset is made for. The published model gets its latents, 3 x 64 x 64, as they are: what its first
 * stage takes is no part of a step.
 */
const pictures: Readonly<Record<Preset, { readonly autoencoder: AutoencoderConfig; readonly size: number }>> = {
  tiny: { autoencoder: autoencoderPresets.tiny, size: 64 },
  street: { autoencoder: autoencoderPresets.tiny, size: 64 },
  flat64: { autoencoder: autoencoderPresets.tiny, size: 64 },
  cells: { autoencoder: { kind: 'identity', factor: 2 }, size: 64 },
  flat: { autoencoder: { kind: 'identity', factor: 2 }, size: 16 },
  micro: { autoencoder: autoencoderPresets.micro, size: 8 },
  'layout2img-256': { autoencoder: { kind: 'identity', factor: 1 }, size: 64 },
};

const latentOf = (preset: Preset): [number, number, number] => {
  const { autoencoder, size } = pictures[preset];
  return latentShape(autoencoder, size, size);
};

/** The description of a generator of street scenes. */
function described(preset: Preset): GeneratorDescription {
  const { model, vocabulary, timesteps } = generatorRuns[preset];
  const { autoencoder, size } = pictures[preset];
  const categories = sceneCategories('street');
  return {
    model, categories, autoencoder, vocabulary: { ...vocabulary, classCount: categories.length },
    image: { size }, latentScale: 1, timesteps,
  };
}

/** Layouts of a few drawn scenes, and the description of a generator for them. */
function drawnScenes(preset: Preset):
  { dataset: ReturnType<typeof sceneDataset>['dataset']; description: GeneratorDescription } {
  const description = described(preset);
  const { maxObjects } = description.vocabulary;
  return { dataset: sceneDataset({ kind: 'street', seed: 0, maxObjects, count: 32, size: 32 }).dataset, description };
}

export function generatorParameters(preset: Preset): number {
  const { model, vocabulary } = described(preset);
  return countParams(generatorSpecs(model, latentOf(preset), layoutVocabulary(vocabulary).length));
}

/** An optimiser step on `batch` drawn scenes. */
export const trainStep = (preset: Preset, batch: number = generatorRuns[preset].batch) =>
  async (device: Device): Promise<OwnCandidate> => {
    const { dataset: { images }, description } = drawnScenes(preset);
    const run = { ...generatorRuns[preset], batch, accumulate: 1 };
    const latent = latentOf(preset);
    const vocabulary = layoutVocabulary(description.vocabulary);
    const store = new ParamStore('generator', generatorSpecs(run.model, latent, vocabulary.length));
    store.initialise(run.seed);
    const conditioning = layoutConditioning(run, vocabulary, trainingFrequencies(vocabulary, images, run.seed));
    const step = await denoisingStep(device, run, conditioning, latent, store);
    const shown = Array.from({ length: batch }, (_, i) => images[i % images.length]!);
    const ids = shown.flatMap((image, i) => [...conditioning.of(image, false, new RandomStream(0, `${i}`))]);
    const { weigh } = conditioning;
    const weights = weigh && shown.flatMap((image) => [...weigh(image, false, latent[1], latent[2])]);
    return stepCandidate(device, step, store, {
      z: normalValues('latents', [batch, ...latent]), ids: Int32Array.from(ids),
      ...(weights && { weights: Float32Array.from(weights) }),
    });
  };

/** A generator with initial weights. */
async function openDrawn(device: Device, preset: Preset): Promise<Generator> {
  const { dataset, description } = drawnScenes(preset);
  const { autoencoder, size } = pictures[preset];
  const vocabulary = layoutVocabulary(description.vocabulary);
  const specs = generatorSpecs(description.model, latentOf(preset), vocabulary.length);
  const weights = initialWeights(specs);
  const store = new ParamStore('generator', specs);
  store.load(weights, 'bench');
  const frozen = initialWeights(firstStageSpecs(autoencoder, size));
  const firstStage = await FirstStage.open(device, autoencoder, frozen, 'bench', size);
  const header = { kind: 'generator' as const, config: description, step: 0, best: null };
  return {
    run: { dir: 'bench', file: 'bench', header, weights, frozen }, description, vocabulary, store, firstStage,
    frequencies: trainingFrequencies(vocabulary, dataset.images, 0),
  };
}

/** One forward pass for one picture, as sampling makes it. */
export const forwardStep = (preset: Preset) => async (device: Device): Promise<OwnCandidate> => {
  const { dataset: { images }, description } = drawnScenes(preset);
  const vocabulary = layoutVocabulary(description.vocabulary);
  const latent = latentOf(preset);
  const store = new ParamStore('generator', generatorSpecs(description.model, latent, vocabulary.length));
  store.initialise(0);
  const ids = inputTensor('ids', [1, vocabulary.length], 'i32');
  const prediction = generator(store.scope(), inputTensor('x', [1, ...latent]), inputTensor('t', [1], 'i32'), ids,
    description.model);
  const program = await compile(device, { name: 'generator forward', outputs: { prediction } });
  store.upload(device);
  const inputs = {
    x: normalValues('latents', [1, ...latent]), t: Int32Array.of(description.timesteps[1] >> 1),
    ids: layoutTokens(vocabulary, images[0]!, false, new RandomStream(0, 'tokens')),
  };
  return programCandidate(device, program, inputs,
    async () => ({ prediction: await program.readFloats('prediction') }), () => {
      program.destroy();
      device.release(store.groups.map(({ state }) => state));
    });
};

/** A prior of a kind at its `tiny` sizes for the drawn generator. */
function drawnPrior(generator: Generator, kind: PriorKind): Prior {
  const model = kind === 'autoregressive' ? autoregressivePriorPresets.tiny : diffusionPriorPresets.tiny;
  const { vocabulary, categories } = generator.description;
  const rows = generator.run.weights.get(tokenTableName)!;
  const specs = priorSpecs(model);
  const weights = initialWeights(specs);
  const store = new ParamStore('prior', specs);
  store.load(weights, 'bench');
  const description = {
    model, vocabulary, categories, statistics: tableStatistics(rows.data), data: { flip: false, minArea: 0 },
  };
  const header = { kind: 'prior' as const, config: description, step: 0, best: null };
  return {
    kind, run: { dir: 'bench', file: 'bench', header, weights, frozen: new Map([[tokenTableName, rows]]) }, description,
    vocabulary: generator.vocabulary, store, table: table(rows.data, rows.shape),
  } as Prior;
}

/** One step of the default search, with a prior's term where a kind is named. */
export const invertStep = (preset: Preset, kind: PriorKind | null,
  options: Partial<Pick<InversionOptions, 'imagesAtOnce' | 'restarts' | 'batchTimesteps'>> = {}) =>
  async (device: Device): Promise<OwnCandidate> => {
  const generator = await openDrawn(device, preset);
  const prior = kind === null ? null : drawnPrior(generator, kind);
  const config = inversionConfig({ preset: 'search', seed: 0, ...options }, generator);
  const search = await Search.open(device, generator, prior, config);
  const each = generator.firstStage.latentSize;
  const z = normalValues('pictures', [config.imagesAtOnce, each]);
  for (let place = 0; place < config.imagesAtOnce; place++) {
    search.start(place, `${place}`, z.subarray(place * each, (place + 1) * each), null);
    const random = new RandomStream(0, `${place}`);
    search.prepare(place, 0, {
      image: drawPairs(random, config.batchTimesteps, config.timesteps),
      prior: drawPairs(random, config.priorPairs, prior ? priorRange(prior, config.priorTimesteps) : [0, 1]),
    });
  }
  return {
    impl: 'ours',
    flops: programFlops(search.program),
    run: () => void search.step(),
    idle: () => device.idle(),
    read: async () => ({ energy: await search.program.readFloats('energy') }),
    dispose() {
      search.destroy();
      generator.firstStage.destroy();
      device.release([...generator.store.groups, ...prior?.store.groups ?? []].map(({ state }) => state));
    },
  };
};

const stepRow = (name: string, ours: Row['ours']): Row => ({
  name, flops: null, checkedRuns: 1, ours, oursOnly: 'the generator is not written in the terms of the peers',
});

/** Of each picture, two starts with two (timestep, noise) pairs each go through the generator. */
const rowsOfPicture = 4;

/**
 * Steps of the search, of 8 pictures: the first without a prior; beside it, the others show what a prior's term costs.
 * Then of one picture and of 16, and a training step on as many samples as the 16 send through the generator.
 */
export const tinyInvertRows: readonly Row[] = [
  stepRow('invert-tiny-step', invertStep('tiny', null)),
  ...(['autoregressive', 'diffusion'] as const).map((kind): Row =>
    ({ ...stepRow(`invert-tiny-${kind}-step`, invertStep('tiny', kind)), beside: 'invert-tiny-step' })),
  stepRow('invert-tiny-1-picture', invertStep('tiny', null, { imagesAtOnce: 1 })),
  stepRow('invert-tiny-16-pictures', invertStep('tiny', null, { imagesAtOnce: 16 })),
  stepRow(`train-tiny-${16 * rowsOfPicture}-samples`, trainStep('tiny', 16 * rowsOfPicture)),
];
