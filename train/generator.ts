/**
 * Trains a layout-conditional generator: U-Net and layout encoder together, on latents of a frozen first stage.
 *
 *   npm run train:generator -- --annotations F --images D --autoencoder RUN --out RUN --preset tiny
 */
import { itemStream, batchIndices } from '../data/batches.ts';
import { compile } from '../engine/compile/compile.ts';
import type { NamedArray } from '../engine/checkpoint.ts';
import type { Device } from '../engine/device.ts';
import { UserError } from '../engine/errors.ts';
import { add, inputTensor, mean, mul, randomIntegers, randomNormal, table } from '../engine/ops/index.ts';
import { StepCounter } from '../engine/optim.ts';
import { ParamStore } from '../engine/params.ts';
import { RandomStream } from '../engine/random.ts';
import type { Tensor } from '../engine/tensor.ts';
import { frequencyArrays, generatorLoss, generatorSpecs, type GeneratorDescription } from '../pipeline/generator.ts';
import { encodeLayout, layoutVocabulary, type LayoutObject, type LayoutVocabulary, type LayoutVocabularyConfig }
  from '../models/layoutTokens.ts';
import { slotFrequencies, slotFrequencyTensors, slotTables, uncertainEmbeddings, type SlotFrequencies,
  type UncertaintyConfig } from '../models/softTokens.ts';
import type { GeneratorConfig } from '../models/unet/config.ts';
import { encoderScope } from '../models/unet/generator.ts';
import { embedTokens, tokenTable } from '../models/unet/layoutEncoder.ts';
import type { SplitDataset } from './data.ts';
import type { LatentSet } from './latents.ts';
import type { LoopConfig, Task } from './loop.ts';
import { compileStep, type OptimConfig } from './step.ts';

/** What is chosen before training. */
export interface GeneratorTraining {
  readonly model: GeneratorConfig;
  readonly vocabulary: Omit<LayoutVocabularyConfig, 'classCount'>;
  readonly data: {
    /** Mirror half of the pictures, with their boxes. */
    readonly flip: boolean;
    /** Boxes must cover more than this fraction of the picture. */
    readonly minArea: number;
  };
  /** Timesteps that are trained, [low, high): all as published. Inversion needs only those where the layout matters. */
  readonly timesteps: readonly [number, number];
  /** Layouts shown uncertain, so that inversion stays on known ground; share 0 is the published training. */
  readonly uncertainty: UncertaintyConfig;
  readonly batch: number;
  readonly optim: OptimConfig;
  readonly loop: LoopConfig;
  readonly seed: number;
}

/** What a generator run's config holds: the training, and what using the generator needs. */
export type GeneratorRun = GeneratorTraining & GeneratorDescription;

/** Draws of the fixed validation pass: timesteps spread evenly, one noise each. */
const validationDraws = 4;
const validationBatch = 16;

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

export async function generatorTask(device: Device, run: GeneratorRun, data: SplitDataset, latents: {
  training: LatentSet; validation: LatentSet;
}, frozen: ReadonlyMap<string, NamedArray>, sampleSheet: (store: ParamStore, file: string) => Promise<void>):
  Promise<Task> {
  const { model, batch } = run;
  const vocabulary = layoutVocabulary(run.vocabulary);
  const latent = latents.training.shape;
  const frequencies = trainingFrequencies(vocabulary, data.training.images, run.seed);
  const specs = generatorSpecs(model, latent, vocabulary.length);
  const store = new ParamStore('generator', specs);
  store.initialise(run.seed);
  const counter = new StepCounter('generator', run.seed);
  const z = inputTensor('z', [batch, ...latent]);
  const ids = inputTensor('ids', [batch, vocabulary.length], 'i32');
  const p = store.scope();
  const encoder = encoderScope(p);
  const rows = embedTokens(encoder, ids, model.encoder);
  const embeddings = uncertainEmbeddings(rows, slotTables(tokenTable(encoder, model.encoder), vocabulary),
    slotFrequencyTensors(vocabulary, frequencies), run.uncertainty, counter.key);
  const [low, high] = run.timesteps;
  const { steps } = model.diffusion.schedule;
  if (![low, high].every(Number.isInteger) || low < 0 || low >= high || high > steps) {
    throw new UserError(`--timesteps: must be a range of whole numbers within 0 to ${steps}, found ${low} to ${high}`);
  }
  const t = randomIntegers([batch], low, high, counter.key, 'timestep');
  const loss = mean(generatorLoss(p, z, t, randomNormal(z.shape, counter.key, 'noise'), embeddings, model));
  const step = await compileStep(device, 'generator step', store, loss, counter, run.optim, run.loop.steps);
  const used = step.averages.length > 0 ? new ParamStore('generator average', specs, step.averages) : store;
  const check = await validationProgram(device, used, run, vocabulary, latent);
  const each = latent[0] * latent[1] * latent[2];
  return {
    kind: 'generator', config: run, program: step.program, store, averages: step.averages, states: step.states,
    frozen: new Map([...frozen, ...frequencyArrays(vocabulary, frequencies)]),
    async batch(at) {
      const values = new Float32Array(batch * each);
      const tokens = new Int32Array(batch * vocabulary.length);
      batchIndices(data.training.images.length, batch, at, run.seed).forEach((index, i) => {
        const random = itemStream(run.seed, at, i);
        const flip = run.data.flip && random.chance(0.5);
        latents.training.copy(index, flip, run.latentScale, values, i * each);
        tokens.set(layoutTokens(vocabulary, data.training.images[index]!, flip, random), i * vocabulary.length);
      });
      return { z: values, ids: tokens };
    },
    async validate() {
      let [total, count] = [0, 0];
      const images = data.validation.images;
      for (let first = 0; first < Math.min(images.length, 8 * validationBatch); first += validationBatch) {
        const values = new Float32Array(validationBatch * each);
        const tokens = new Int32Array(validationBatch * vocabulary.length);
        for (let i = 0; i < validationBatch; i++) {
          const index = (first + i) % images.length;
          latents.validation.copy(index, false, run.latentScale, values, i * each);
          tokens.set(layoutTokens(vocabulary, images[index]!, false, new RandomStream(run.seed, `validation ${index}`)),
            i * vocabulary.length);
        }
        check.run({ z: values, ids: tokens });
        (await check.readFloats('loss')).forEach((value, i) => {
          if (first + i >= images.length) return;
          total += value;
          count++;
        });
      }
      return { val: total / count };
    },
    sample: (file) => sampleSheet(used, file),
  };
}

function fixedNoise(seed: number, draw: number, z: Tensor): Tensor {
  const random = new RandomStream(seed, `validation noise ${draw}`);
  return table(Float32Array.from({ length: z.size }, () => random.normal()), z.shape);
}

/** Loss [B] of each picture over fixed timesteps and noises. */
function validationProgram(device: Device, store: ParamStore, run: GeneratorRun, vocabulary: LayoutVocabulary,
  latent: readonly [number, number, number]): ReturnType<typeof compile> {
  const [low, high] = run.timesteps;
  const z = inputTensor('z', [validationBatch, ...latent]);
  const ids = inputTensor('ids', [validationBatch, vocabulary.length], 'i32');
  const embeddings = embedTokens(encoderScope(store.scope()), ids, run.model.encoder);
  const losses = Array.from({ length: validationDraws }, (_, k) => {
    const t = Int32Array.from({ length: validationBatch }, (__, i) =>
      Math.floor(low + ((k + ((i * 0.618) % 1)) / validationDraws) * (high - low)));
    return generatorLoss(store.scope(), z, table(t, [validationBatch], 'i32'),
      fixedNoise(run.seed, k, z), embeddings, run.model);
  });
  const loss = mul(losses.reduce((a, b) => add(a, b)), 1 / validationDraws);
  return compile(device, { name: 'generator validation', outputs: { loss } });
}
