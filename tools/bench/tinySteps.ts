/**
 * Whole steps of our own models at the `tiny` preset, with initial weights and drawn scenes: as they are trained and
 * inverted. The peers have no such model; what compares them is the other rows.
 */
import { sceneDataset } from '../../data/scenes.ts';
import type { Device } from '../../engine/device.ts';
import { ParamStore } from '../../engine/params.ts';
import { RandomStream } from '../../engine/random.ts';
import { table } from '../../engine/ops/index.ts';
import { drawPairs, priorRange, type Pairs } from '../../invert/bank.ts';
import { Search } from '../../invert/search.ts';
import { autoencoderPresets, latentShape } from '../../models/autoencoder/config.ts';
import { layoutVocabulary } from '../../models/layoutTokens.ts';
import { autoregressivePriorPresets, diffusionPriorPresets } from '../../models/prior/config.ts';
import { tableStatistics } from '../../models/prior/standardise.ts';
import { FirstStage, firstStageSpecs } from '../../pipeline/firstStage.ts';
import { generatorSpecs, type Generator, type GeneratorDescription } from '../../pipeline/generator.ts';
import { priorSpecs, tokenTableName, type Prior, type PriorKind } from '../../pipeline/prior.ts';
import { generatorTask, trainingFrequencies } from '../../train/generator.ts';
import { LatentSet } from '../../train/latents.ts';
import { generatorRuns } from '../../train/presets/generator.ts';
import { inversionConfig } from '../detect.ts';
import { initialWeights } from './initialWeights.ts';
import { normalValues } from './inputs.ts';
import { programCandidate, programFlops } from './ours.ts';
import type { OwnCandidate, Row } from './row.ts';

const size = 64;
const autoencoder = autoencoderPresets.tiny;
const latent = latentShape(autoencoder, size, size);

/** Layouts of a few drawn scenes, and the description of a generator for them. */
function drawnScenes(): { dataset: ReturnType<typeof sceneDataset>['dataset']; description: GeneratorDescription } {
  const training = generatorRuns.tiny;
  const { maxObjects } = training.vocabulary;
  const { dataset } = sceneDataset({ kind: 'street', seed: 0, maxObjects, count: 32, size: 32 });
  const { categories } = dataset;
  const description = {
    model: training.model, categories, autoencoder,
    vocabulary: { ...training.vocabulary, classCount: categories.length },
    image: { size, crop: 'none' as const }, latentScale: 1, timesteps: training.timesteps,
  };
  return { dataset, description };
}

async function train(device: Device): Promise<OwnCandidate> {
  const { dataset, description } = drawnScenes();
  const count = dataset.images.length;
  const latents = new LatentSet(normalValues('latents', [2 * count, ...latent]), latent, true);
  const task = await generatorTask(device, { ...generatorRuns.tiny, ...description },
    { training: dataset, validation: dataset, summary: '' }, { training: latents, validation: latents }, new Map(),
    async () => undefined);
  const { program, store, averages, states } = task;
  const read = async (): Promise<Record<string, Float32Array>> => ({ loss: await program.readFloats('loss') });
  return programCandidate(device, program, await task.batch(0), read, () => {
    program.destroy();
    device.release([...store.groups.map(({ state }) => state), ...averages, ...states]);
  });
}

async function openDrawn(device: Device): Promise<Generator> {
  const { dataset, description } = drawnScenes();
  const vocabulary = layoutVocabulary(description.vocabulary);
  const specs = generatorSpecs(description.model, latent, vocabulary.length);
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

/** A prior of a kind at its `tiny` sizes for the drawn generator. */
function drawnPrior(generator: Generator, kind: PriorKind): Prior {
  const model = kind === 'autoregressive' ? autoregressivePriorPresets.tiny : diffusionPriorPresets.tiny;
  const { vocabulary, categories } = generator.description;
  const rows = generator.run.weights.get(tokenTableName)!;
  const specs = priorSpecs(model);
  const weights = initialWeights(specs);
  const store = new ParamStore('prior', specs);
  store.load(weights, 'bench');
  const description = { model, vocabulary, categories, statistics: tableStatistics(rows.data), data: { flip: false, minArea: 0 } };
  const header = { kind: 'prior' as const, config: description, step: 0, best: null };
  return {
    kind, run: { dir: 'bench', file: 'bench', header, weights, frozen: new Map([[tokenTableName, rows]]) }, description,
    vocabulary: generator.vocabulary, store, table: table(rows.data, rows.shape),
  } as Prior;
}

/** One step for 8 pictures with 2 starts and 2 (timestep, noise) pairs each; with a prior's term, where a kind is named. */
const invert = (kind: PriorKind | null) => async (device: Device): Promise<OwnCandidate> => {
  const generator = await openDrawn(device);
  const prior = kind === null ? null : drawnPrior(generator, kind);
  const config = inversionConfig({ preset: 'search', seed: 0 }, generator);
  const search = await Search.open(device, generator, prior, config);
  const names = Array.from({ length: config.imagesAtOnce }, (_, i) => `${i}`);
  search.start(names);
  const z = normalValues('pictures', [config.imagesAtOnce, ...latent]);
  const draw = (count: number, range: readonly [number, number]): Pairs[] =>
    names.map((name) => drawPairs(new RandomStream(0, name), count, range));
  const pairs = draw(config.batchTimesteps, config.timesteps);
  const priorPairs = prior ? draw(config.priorPairs, priorRange(prior, config.priorTimesteps)) : [];
  return {
    impl: 'ours',
    flops: programFlops(search.program),
    run: () => search.step(z, pairs, 0, priorPairs),
    idle: () => device.idle(),
    read: async () => ({ energy: await search.energies() }),
    dispose() {
      search.destroy();
      generator.firstStage.destroy();
      device.release([...generator.store.groups, ...prior?.store.groups ?? []].map(({ state }) => state));
    },
  };
};

export const tinyTrainRow: Row = {
  name: 'unet-tiny-train', flops: null, checkedRuns: 1, ours: train,
  oursOnly: 'the model is not written in the terms of the peers; unet-inferena-train is',
};

const invertRow = (name: string, kind: PriorKind | null): Row => ({
  name, flops: null, checkedRuns: 1, ours: invert(kind),
  oursOnly: 'the search through the generator is not written in the terms of the peers',
});

/** The first without a prior; beside it, the others show what a prior's term costs. */
export const tinyInvertRows: readonly Row[] = [
  invertRow('invert-tiny-step', null), invertRow('invert-tiny-autoregressive-step', 'autoregressive'),
  invertRow('invert-tiny-diffusion-step', 'diffusion'),
];
