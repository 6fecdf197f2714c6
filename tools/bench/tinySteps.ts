/**
 * Whole steps of our own models at the `tiny` preset, with initial weights and drawn scenes: as they are trained and
 * inverted. The peers have no such model; what compares them is the other rows.
 */
import { sceneDataset } from '../../data/scenes.ts';
import type { Device } from '../../engine/device.ts';
import { ParamStore } from '../../engine/params.ts';
import { RandomStream } from '../../engine/random.ts';
import { drawPairs } from '../../invert/bank.ts';
import { Search } from '../../invert/search.ts';
import { autoencoderPresets, latentShape } from '../../models/autoencoder/config.ts';
import { layoutVocabulary } from '../../models/layoutTokens.ts';
import { FirstStage, firstStageSpecs } from '../../pipeline/firstStage.ts';
import { generatorSpecs, type Generator, type GeneratorDescription } from '../../pipeline/generator.ts';
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

/** One step for 8 pictures with 2 starts and 2 (timestep, noise) pairs each, without a prior. */
async function invert(device: Device): Promise<OwnCandidate> {
  const generator = await openDrawn(device);
  const config = inversionConfig({ preset: 'search', seed: 0 }, generator);
  const search = await Search.open(device, generator, null, config);
  const names = Array.from({ length: config.imagesAtOnce }, (_, i) => `${i}`);
  search.start(names);
  const z = normalValues('pictures', [config.imagesAtOnce, ...latent]);
  const pairs = names.map((name) => drawPairs(new RandomStream(0, name), config.batchTimesteps, config.timesteps));
  return {
    impl: 'ours',
    flops: programFlops(search.program),
    run: () => search.step(z, pairs, 0),
    idle: () => device.idle(),
    read: async () => ({ energy: await search.energies() }),
    dispose() {
      search.destroy();
      generator.firstStage.destroy();
      device.release(generator.store.groups.map(({ state }) => state));
    },
  };
}

export const tinyTrainRow: Row = {
  name: 'unet-tiny-train', flops: null, checkedRuns: 1, ours: train,
  oursOnly: 'the model is not written in the terms of the peers; unet-inferena-train is',
};
export const tinyInvertRow: Row = {
  name: 'invert-tiny-step', flops: null, checkedRuns: 1, ours: invert,
  oursOnly: 'the search through the generator is not written in the terms of the peers',
};
