/**
 * Trains a layout-conditional generator: U-Net and layout encoder together, on latents of a frozen first stage.
 *
 *   npm run train:generator -- --annotations F --images D --autoencoder RUN --out RUN --preset tiny
 */
import type { NamedArray } from '../engine/checkpoint.ts';
import type { Device } from '../engine/device.ts';
import { UserError } from '../engine/errors.ts';
import type { ParamStore } from '../engine/params.ts';
import { RandomStream } from '../engine/random.ts';
import { emptyLayout, encodeLayout, layoutVocabulary, type LayoutObject, type LayoutVocabulary,
  type LayoutVocabularyConfig } from '../models/layoutTokens.ts';
import { slotFrequencies, slotFrequencyTensors, slotTables, uncertainEmbeddings, type SlotFrequencies,
  type UncertaintyConfig } from '../models/softTokens.ts';
import type { GeneratorConfig } from '../models/unet/config.ts';
import { encoderScope, generatorFromEmbeddings } from '../models/unet/generator.ts';
import { embedTokens, tokenTable } from '../models/unet/layoutEncoder.ts';
import { frequencyArrays, generatorSpecs, type GeneratorDescription } from '../pipeline/generator.ts';
import type { SplitDataset } from './data.ts';
import { denoisingTask, type Conditioning, type DenoisingTraining, type LatentSets } from './denoising.ts';
import type { Task } from './loop.ts';

/** What is chosen before training. */
export interface GeneratorTraining extends DenoisingTraining {
  readonly model: GeneratorConfig;
  readonly vocabulary: Omit<LayoutVocabularyConfig, 'classCount'>;
  readonly data: DenoisingTraining['data'] & {
    /** Boxes must cover more than this fraction of the picture. */
    readonly minArea: number;
  };
  /** Layouts shown uncertain, so that inversion stays on known ground; share 0 is the published training. */
  readonly uncertainty: UncertaintyConfig;
  /** How much more the error within objects' boxes counts than that of the ground; 0 as published. */
  readonly objectWeight: number;
  /**
   * `objectWeight` counts by the box's share of the picture to minus this power [GeoDiffusion, Chen et al. 2024]: at 1
   * an object counts alike whatever its size, at 0 each of its places does.
   */
  readonly objectAreaPower: number;
}

/** What a generator run's config holds: the training, and what using the generator needs. */
export type GeneratorRun = GeneratorTraining & GeneratorDescription;

export interface LayoutItem {
  readonly objects: readonly LayoutObject[];
}

/** Tokens of the objects of a picture in random order, mirrored where the picture is. */
export function layoutTokens(vocabulary: LayoutVocabulary, item: LayoutItem, flip: boolean,
  random: RandomStream): Int32Array {
  const objects = random.permutation(item.objects.length).map((i) => {
    const { classIndex, xyxyUnit: [x0, y0, x1, y1] } = item.objects[i]!;
    return { classIndex, xyxyUnit: flip ? [1 - x1, y0, 1 - x0, y1] as const : [x0, y0, x1, y1] as const };
  });
  return encodeLayout(vocabulary, objects);
}

/**
 * Weights [h, w] of the places of a latent, 1 on average: those a box touches count 1 + objectWeight / area^power times
 * as much, by the smallest box where several do.
 */
export function objectWeights(item: LayoutItem, flip: boolean, [h, w]: readonly [number, number],
  { objectWeight, objectAreaPower }: Pick<GeneratorTraining, 'objectWeight' | 'objectAreaPower'>): Float32Array {
  const weights = new Float32Array(h * w).fill(1);
  for (const { xyxyUnit: [left, y0, right, y1] } of item.objects) {
    const [x0, x1] = flip ? [1 - right, 1 - left] : [left, right];
    const weight = 1 + objectWeight / ((x1 - x0) * (y1 - y0)) ** objectAreaPower;
    for (let y = Math.floor(y0 * h); y < Math.min(h, Math.ceil(y1 * h)); y++) {
      for (let x = Math.floor(x0 * w); x < Math.min(w, Math.ceil(x1 * w)); x++) {
        weights[y * w + x] = Math.max(weights[y * w + x]!, weight);
      }
    }
  }
  const mean = weights.reduce((sum, value) => sum + value, 0) / weights.length;
  return weights.map((value) => value / mean);
}

/** How often each slot holds each choice in the training layouts, over a few random orders of each. */
export function trainingFrequencies(vocabulary: LayoutVocabulary, images: readonly LayoutItem[],
  seed: number): SlotFrequencies {
  const orders = Math.max(1, Math.ceil(4000 / images.length));
  function* sequences(): Generator<Int32Array> {
    for (let order = 0; order < orders; order++) {
      for (const [i, image] of images.entries()) {
        yield layoutTokens(vocabulary, image, false, new RandomStream(seed, `frequencies ${order} ${i}`));
      }
    }
  }
  return slotFrequencies(vocabulary, sequences());
}

/** What layouts are to the training of a diffusion model. */
export function layoutConditioning(training: GeneratorTraining, vocabulary: LayoutVocabulary,
  frequencies: SlotFrequencies): Conditioning {
  const { model, uncertainty } = training;
  return {
    diffusion: model.diffusion, none: emptyLayout(vocabulary),
    of: ({ objects }, flip, random) => layoutTokens(vocabulary, { objects }, flip, random),
    embed: (p, ids) => embedTokens(encoderScope(p), ids, model.encoder),
    blur: (p, rows, key) => uncertainEmbeddings(rows,
      slotTables(tokenTable(encoderScope(p), model.encoder), vocabulary),
      slotFrequencyTensors(vocabulary, frequencies), uncertainty, key),
    predict: (p, x, t, embeddings) => generatorFromEmbeddings(p, x, t, embeddings, model),
    weigh: training.objectWeight > 0 ? (image, flip, h, w) => objectWeights(image, flip, [h, w], training) : null,
  };
}

/** Refuses a table of which rows are fixed that would be trained, or that must be. */
function expectTrainedRows({ model: { encoder: { trainedRows } }, vocabulary, optim }: GeneratorRun): void {
  if (trainedRows === undefined) return;
  if (trainedRows < vocabulary.classCount) {
    throw new UserError(`--model.encoder.trainedRows: must be at least the ${vocabulary.classCount} classes, whose `
      + `rows come first, found ${trainedRows}`);
  }
  if (optim.weightDecay !== 0) {
    throw new UserError('--optim.weightDecay: must be 0 where the other rows of the token table are fixed '
      + `(--model.encoder.trainedRows), found ${optim.weightDecay}: it would shrink them`);
  }
}

export async function generatorTask(device: Device, run: GeneratorRun, data: SplitDataset, latents: LatentSets,
  frozen: ReadonlyMap<string, NamedArray>, sampleSheet: (store: ParamStore, file: string) => Promise<void>):
  Promise<Task> {
  for (const key of ['objectWeight', 'objectAreaPower'] as const) {
    if (!(run[key] >= 0)) throw new UserError(`--${key}: must be at least 0, found ${run[key]}`);
  }
  const vocabulary = layoutVocabulary(run.vocabulary);
  expectTrainedRows(run);
  const frequencies = trainingFrequencies(vocabulary, data.training.images, run.seed);
  return denoisingTask(device, run, layoutConditioning(run, vocabulary, frequencies), {
    specs: generatorSpecs(run.model, latents.training.shape, vocabulary.length), data, latents, sampleSheet,
    frozen: new Map([...frozen, ...frequencyArrays(vocabulary, frequencies)]),
  });
}
