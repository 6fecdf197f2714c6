/** Runs of the `micro` presets as training leaves them, with random weights instead of trained ones: no GPU needed. */
import { join } from 'node:path';
import { sortCategories, type Category } from '../../data/annotations.ts';
import { sceneCategories } from '../../data/scenes.ts';
import { saveCheckpoint, type NamedArray } from '../../engine/checkpoint.ts';
import { ParamStore, type ParamSpec } from '../../engine/params.ts';
import { RandomStream } from '../../engine/random.ts';
import { sizeOf } from '../../engine/tensor.ts';
import { latentShape } from '../../models/autoencoder/config.ts';
import { encodeLayout, layoutVocabulary, type LayoutVocabulary } from '../../models/layoutTokens.ts';
import { tableStatistics } from '../../models/prior/standardise.ts';
import { slotFrequencies } from '../../models/softTokens.ts';
import { firstStageSpecs } from '../../pipeline/firstStage.ts';
import { frequencyArrays, generatorSpecs } from '../../pipeline/generator.ts';
import { priorSpecs, tokenTableName } from '../../pipeline/prior.ts';
import type { RunKind } from '../../pipeline/run.ts';
import { autoencoderRuns } from '../../train/presets/autoencoder.ts';
import { diffusionPriorRuns } from '../../train/presets/diffusionPrior.ts';
import { generatorRuns } from '../../train/presets/generator.ts';
import { priorRuns } from '../../train/presets/prior.ts';

/** Those of `npm run data -- scenes --kind flat`. */
export const flatCategories: readonly Category[] = sortCategories(sceneCategories('flat'));

export const microVocabulary: LayoutVocabulary = layoutVocabulary({ ...generatorRuns.micro.vocabulary, classCount: 3 });

/** Pixels of a side. */
export const microSize = autoencoderRuns.micro.data.size;

type Arrays = Map<string, NamedArray & { readonly data: Float32Array }>;

/** Initial values, moved a little: zeros at the start of training would hide gradients. */
function randomWeights(specs: readonly ParamSpec[], seed: number): Arrays {
  const store = new ParamStore('random', specs);
  store.initialise(seed);
  return new Map(store.groups.flatMap(({ state, specs: members, offsets }) => members.map(({ name, shape }, i) => {
    const random = new RandomStream(seed, `moved ${name}`);
    const own = (state.initial as Float32Array).slice(offsets[i], offsets[i]! + sizeOf(shape));
    return [name, { shape, data: own.map((value) => value + 0.15 * random.normal()) }];
  })));
}

async function save(dir: string, kind: RunKind, config: object, weights: Arrays,
  frozen: Iterable<[string, NamedArray]>): Promise<void> {
  const arrays = new Map<string, NamedArray>();
  for (const [name, array] of weights) arrays.set(`weights/${name}`, array);
  for (const [name, array] of frozen) arrays.set(`frozen/${name}`, array);
  await saveCheckpoint(join(dir, 'checkpoints', 'latest.msgpack'), { kind, config, step: 1, best: null }, arrays);
}

/**
 * Writes `autoencoder`, `generator`, `prior` and `diffusion-prior` under `dir`, trained one upon the other as their
 * commands would.
 */
export async function writeMicroRuns(dir: string, seed = 1): Promise<void> {
  const { micro } = autoencoderRuns;
  const autoencoder = randomWeights(firstStageSpecs(micro.model, microSize), seed);
  await save(join(dir, 'autoencoder'), 'autoencoder', micro, autoencoder, []);

  const vocabulary = microVocabulary;
  const { vocabularySize, maxObjects, encodeCrop, classCount, gridSide } = vocabulary;
  const described = { vocabulary: { vocabularySize, maxObjects, encodeCrop, classCount }, categories: flatCategories };
  const { model } = generatorRuns.micro;
  const generator = randomWeights(
    generatorSpecs(model, latentShape(micro.model, microSize, microSize), vocabulary.length), seed);
  const layouts = [[], [{ classIndex: 1, xyxyUnit: [0, 0, 0.6, 0.6] }], [
    { classIndex: 0, xyxyUnit: [0.3, 0.3, 1, 0.7] }, { classIndex: 2, xyxyUnit: [0, 0.3, 0.3, 1] },
  ]] as const;
  const frequencies = slotFrequencies(vocabulary, layouts.map((objects) => encodeLayout(vocabulary, objects)));
  await save(join(dir, 'generator'), 'generator', {
    ...generatorRuns.micro, ...described, autoencoder: micro.model, image: { size: microSize },
    latentScale: 0.8,
  }, generator, [...autoencoder, ...frequencyArrays(vocabulary, frequencies)]);

  const table = generator.get(tokenTableName)!;
  const { width: embeddingWidth } = model.encoder;
  const ofTable: Iterable<[string, NamedArray]> = [[tokenTableName, table]];
  const priorModel = { ...priorRuns.micro.model, classCount, maxObjects, gridSide, embeddingWidth };
  await save(join(dir, 'prior'), 'prior', {
    ...priorRuns.micro, ...described, model: priorModel, statistics: tableStatistics(table.data),
  }, randomWeights(priorSpecs(priorModel), seed), ofTable);
  const diffusionModel = { ...diffusionPriorRuns.micro.model, maxObjects, embeddingWidth };
  await save(join(dir, 'diffusion-prior'), 'prior', {
    ...diffusionPriorRuns.micro, ...described, model: diffusionModel, statistics: tableStatistics(table.data),
  }, randomWeights(priorSpecs(diffusionModel), seed), ofTable);
}
