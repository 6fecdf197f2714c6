/** Training a diffusion model on latents, whatever it is conditioned on. */
import type { AnnotatedImage } from '../data/annotations.ts';
import { batchIndices, itemStream } from '../data/batches.ts';
import type { NamedArray } from '../engine/checkpoint.ts';
import { compile } from '../engine/compile/compile.ts';
import type { Device } from '../engine/device.ts';
import { UserError } from '../engine/errors.ts';
import { add, inputTensor, less, mean, mul, randomIntegers, randomNormal, randomUniform, reshape, table, where }
  from '../engine/ops/index.ts';
import { StepCounter } from '../engine/optim.ts';
import { ParamStore, type ParamSpec, type Scope } from '../engine/params.ts';
import { RandomStream } from '../engine/random.ts';
import type { Tensor } from '../engine/tensor.ts';
import { minSnrWeights, noiseSchedule, predictionLoss, type DiffusionConfig } from '../models/diffusion.ts';
import type { SplitDataset } from './data.ts';
import type { LatentSet } from './latents.ts';
import type { LoopConfig, Task } from './loop.ts';
import { compileStep, type OptimConfig, type TrainingStep } from './step.ts';

/** What is chosen before training, whatever the condition. */
export interface DenoisingTraining {
  readonly data: {
    /** Mirror half of the pictures, with what they are conditioned on. */
    readonly flip: boolean;
  };
  /** Timesteps that are trained, [low, high): all as published. Inversion needs those where the condition matters. */
  readonly timesteps: readonly [number, number];
  /** Share of the conditions replaced by the one that stands for none, so that guidance has something to guide from. */
  readonly conditionDropout: number;
  /** Bound on the signal-to-noise ratio that timesteps are weighted by (`minSnrWeights`), 5 say; 0 weighs all alike. */
  readonly minSnr: number;
  readonly batch: number;
  /** Batches whose gradients make one step, as one batch of that many times the size would. */
  readonly accumulate: number;
  readonly optim: OptimConfig;
  readonly loop: LoopConfig;
  readonly seed: number;
}

/** What a diffusion model is conditioned on. */
export interface Conditioning {
  readonly diffusion: DiffusionConfig;
  /** The condition [L] that stands for none. */
  readonly none: Int32Array;
  /** The condition [L] of a picture, mirrored where the picture is. */
  of(image: AnnotatedImage, flip: boolean, random: RandomStream): Int32Array;
  /** ids i32 [B, L] -> embeddings [B, ...]. */
  embed(p: Scope, ids: Tensor): Tensor;
  /** Embeddings as training shows them. */
  blur(p: Scope, embeddings: Tensor, key: Tensor): Tensor;
  /** x [B, C, h, w], t i32 [B], embeddings [B, ...] -> prediction like x. */
  predict(p: Scope, x: Tensor, t: Tensor, embeddings: Tensor): Tensor;
  /** How much each place of the latent [h, w] of a picture counts, 1 on average; null where all count alike. */
  readonly weigh: ((image: AnnotatedImage, flip: boolean, h: number, w: number) => Float32Array) | null;
}

export interface LatentSets {
  readonly training: LatentSet;
  readonly validation: LatentSet;
}

export interface DenoisingSources {
  readonly specs: readonly ParamSpec[];
  readonly data: SplitDataset;
  readonly latents: LatentSets;
  readonly frozen: ReadonlyMap<string, NamedArray>;
  readonly sampleSheet: (store: ParamStore, file: string) => Promise<void>;
}

/** Draws of the fixed validation pass: timesteps spread evenly, one noise each. */
const validationDraws = 4;
const validationBatch = 16;

type Described = DenoisingTraining & { readonly latentScale: number };
type Latent = readonly [number, number, number];

function expectSettings({ timesteps: [low, high], conditionDropout, minSnr, accumulate }: DenoisingTraining,
  { steps }: DiffusionConfig['schedule']): void {
  if (![low, high].every(Number.isInteger) || low < 0 || low >= high || high > steps) {
    throw new UserError(`--timesteps: must be a range of whole numbers within 0 to ${steps}, found ${low} to ${high}`);
  }
  if (!(conditionDropout >= 0 && conditionDropout < 1)) {
    throw new UserError(`--condition-dropout: must be at least 0 and under 1, found ${conditionDropout}`);
  }
  if (!(minSnr >= 0)) throw new UserError(`--min-snr: must be at least 0, found ${minSnr}`);
  if (!Number.isInteger(accumulate) || accumulate < 1) {
    throw new UserError(`--accumulate: must be a whole number from 1, found ${accumulate}`);
  }
}

/** Loss [] of a training batch with the inputs z and ids. */
function trainingLoss(p: Scope, run: DenoisingTraining, conditioning: Conditioning, latent: Latent,
  key: Tensor): Tensor {
  const { diffusion, none } = conditioning;
  const z = inputTensor('z', [run.batch, ...latent]);
  const shown = conditioning.blur(p, conditioning.embed(p, inputTensor('ids', [run.batch, none.length], 'i32')), key);
  const without = conditioning.embed(p, table(none, [1, none.length], 'i32'));
  const embeddings = dropConditions(shown, without, run.conditionDropout, key);
  const t = randomIntegers([run.batch], ...run.timesteps, key, 'timestep');
  const weights = conditioning.weigh && inputTensor('weights', [run.batch, 1, ...latent.slice(1)]);
  const losses = predictionLoss(diffusion, z, t, randomNormal(z.shape, key, 'noise'),
    (x) => conditioning.predict(p, x, t, embeddings), weights);
  if (run.minSnr === 0) return mean(losses);
  return mean(mul(losses, minSnrWeights(noiseSchedule(diffusion.schedule), diffusion.prediction, run.minSnr, t)));
}

/** Some of the conditions [B, ...] replaced by the one that stands for none [1, ...]. */
function dropConditions(embeddings: Tensor, none: Tensor, share: number, key: Tensor): Tensor {
  if (share === 0) return embeddings;
  const rows = embeddings.shape.map((n, axis) => (axis === 0 ? n : 1));
  return where(less(reshape(randomUniform([rows[0]!], key, 'condition dropout'), rows), share), none, embeddings);
}

/** What a step, or a part of one, reads: latents and conditions of the pictures of its turn. */
function trainingBatches(run: Described, conditioning: Conditioning, { data, latents }: DenoisingSources):
  Task['batch'] {
  const { batch, accumulate, seed } = run;
  const [C, h, w] = latents.training.shape;
  const { images } = data.training;
  const { length } = conditioning.none;
  return async (at, part = 0) => {
    const z = new Float32Array(batch * C * h * w);
    const ids = new Int32Array(batch * length);
    const weights = new Float32Array(batch * h * w);
    batchIndices(images.length, batch, at * accumulate + part, seed).forEach((index, i) => {
      const random = itemStream(seed, at, part * batch + i);
      const flip = run.data.flip && random.chance(0.5);
      latents.training.copy(index, flip, run.latentScale, z, i * C * h * w);
      ids.set(conditioning.of(images[index]!, flip, random), i * length);
      if (conditioning.weigh) weights.set(conditioning.weigh(images[index]!, flip, h, w), i * h * w);
    });
    return conditioning.weigh ? { z, ids, weights } : { z, ids };
  };
}

/** Compiles a step on latents [B, C, h, w] and conditions: inputs z and ids i32 [B, L]. */
export function denoisingStep(device: Device, run: DenoisingTraining, conditioning: Conditioning, latent: Latent,
  store: ParamStore): Promise<TrainingStep> {
  expectSettings(run, conditioning.diffusion.schedule);
  const counter = new StepCounter('generator', run.seed, run.accumulate);
  return compileStep(device, 'generator step', store,
    () => ({ loss: trainingLoss(store.scope(), run, conditioning, latent, counter.key) }),
    counter, run.optim, run.loop.steps);
}

/** `run` becomes the config of the run. */
export async function denoisingTask(device: Device, run: Described,
  conditioning: Conditioning, sources: DenoisingSources): Promise<Task> {
  const latent = sources.latents.training.shape;
  const store = new ParamStore('generator', sources.specs);
  store.initialise(run.seed);
  const step = await denoisingStep(device, run, conditioning, latent, store);
  const used = step.averages.length > 0 ? new ParamStore('generator average', sources.specs, step.averages) : store;
  const check = await validationProgram(device, used, run, conditioning, latent);
  return {
    kind: 'generator', config: run, program: step.program, store, averages: step.averages, states: step.states,
    frozen: sources.frozen, parts: run.accumulate,
    programAt: (_, part = 0) => (part < run.accumulate - 1 ? step.partProgram! : step.program),
    batch: trainingBatches(run, conditioning, sources),
    async validate() {
      const { images } = sources.data.validation;
      const { none: { length } } = conditioning;
      const each = latent[0] * latent[1] * latent[2];
      let [total, count] = [0, 0];
      for (let first = 0; first < Math.min(images.length, 8 * validationBatch); first += validationBatch) {
        const z = new Float32Array(validationBatch * each);
        const ids = new Int32Array(validationBatch * length);
        for (let i = 0; i < validationBatch; i++) {
          const index = (first + i) % images.length;
          sources.latents.validation.copy(index, false, run.latentScale, z, i * each);
          const random = new RandomStream(run.seed, `validation ${index}`);
          ids.set(conditioning.of(images[index]!, false, random), i * length);
        }
        check.run({ z, ids });
        (await check.readFloats('loss')).forEach((value, i) => {
          if (first + i >= images.length) return;
          total += value;
          count++;
        });
      }
      return { val: total / count };
    },
    sample: (file) => sources.sampleSheet(used, file),
  };
}

function fixedNoise(seed: number, draw: number, z: Tensor): Tensor {
  const random = new RandomStream(seed, `validation noise ${draw}`);
  return table(Float32Array.from({ length: z.size }, () => random.normal()), z.shape);
}

/** Loss [B] of each picture over fixed timesteps and noises, unweighted. */
function validationProgram(device: Device, store: ParamStore, run: DenoisingTraining, conditioning: Conditioning,
  latent: Latent): ReturnType<typeof compile> {
  const [low, high] = run.timesteps;
  const p = store.scope();
  const z = inputTensor('z', [validationBatch, ...latent]);
  const embeddings = conditioning.embed(p, inputTensor('ids', [validationBatch, conditioning.none.length], 'i32'));
  const losses = Array.from({ length: validationDraws }, (_, k) => {
    const steps = Int32Array.from({ length: validationBatch }, (__, i) =>
      Math.floor(low + ((k + ((i * 0.618) % 1)) / validationDraws) * (high - low)));
    const t = table(steps, [validationBatch], 'i32');
    return predictionLoss(conditioning.diffusion, z, t, fixedNoise(run.seed, k, z),
      (x) => conditioning.predict(p, x, t, embeddings));
  });
  const loss = mul(losses.reduce((a, b) => add(a, b)), 1 / validationDraws);
  return compile(device, { name: 'generator validation', outputs: { loss } });
}
