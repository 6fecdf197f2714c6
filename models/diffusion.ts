/**
 * The forward process and the training objective [DDPM, Ho et al. 2020].
 *
 * z_t = sqrt(alphaBar_t) z + sqrt(1 - alphaBar_t) noise, for t = 0 .. T - 1, where t = 0 is one step of noise already.
 */
import { UserError } from '../engine/errors.ts';
import { abs, add, gather, mean, minimum, mul, randomIntegers, randomNormal, reshape, slice, square, sub, table }
  from '../engine/ops/index.ts';
import type { Tensor } from '../engine/tensor.ts';

/**
 * How noise grows. `scaledLinear` is linear in sqrt(beta) from betaStart to betaEnd, which LDM's configs call
 * "linear"; `linear` is linear in beta, as in DDPM and DiT; `cosine` is that of [Nichol & Dhariwal 2021].
 */
export type ScheduleConfig =
  | { readonly kind: 'scaledLinear' | 'linear'; readonly steps: number; readonly betaStart: number;
    readonly betaEnd: number }
  | { readonly kind: 'cosine'; readonly steps: number };

export interface DiffusionConfig {
  readonly schedule: ScheduleConfig;
  /** What the network predicts: the noise, z itself, or v = sqrt(alphaBar) noise - sqrt(1 - alphaBar) z. */
  readonly prediction: 'noise' | 'z' | 'v';
  /** Error of the prediction per element: absolute (l1, as layout2img), squared (l2), or half squared up to 1 and
   * absolute beyond (huber). */
  readonly loss: 'l1' | 'l2' | 'huber';
}

export interface NoiseSchedule {
  /** T. */
  readonly steps: number;
  /** beta [T] and the running product of 1 - beta [T]. */
  readonly beta: Float64Array;
  readonly alphaBar: Float64Array;
}

/** Offset and cap of the cosine schedule [Nichol & Dhariwal 2021]. */
const cosineOffset = 0.008;
const largestBeta = 0.999;

function betaAt(config: ScheduleConfig, i: number): number {
  if (config.kind === 'cosine') {
    const level = (step: number): number =>
      Math.cos(((step / config.steps + cosineOffset) / (1 + cosineOffset)) * (Math.PI / 2)) ** 2;
    return Math.min(1 - level(i + 1) / level(i), largestBeta);
  }
  const { kind, steps, betaStart, betaEnd } = config;
  const progress = steps > 1 ? i / (steps - 1) : 0;
  if (kind === 'linear') return betaStart + (betaEnd - betaStart) * progress;
  return (Math.sqrt(betaStart) + (Math.sqrt(betaEnd) - Math.sqrt(betaStart)) * progress) ** 2;
}

/** @throws UserError where steps is no positive integer or a beta lies outside (0, 1). */
export function noiseSchedule(config: ScheduleConfig): NoiseSchedule {
  const { steps } = config;
  if (!Number.isInteger(steps) || steps < 1) {
    throw new UserError(`diffusion schedule: steps must be a whole number from 1, found ${steps}`);
  }
  const beta = Float64Array.from({ length: steps }, (_, i) => betaAt(config, i));
  beta.forEach((value, i) => {
    if (!(value > 0 && value < 1)) {
      throw new UserError(`diffusion schedule: beta must lie between 0 and 1, found ${value} at step ${i}`);
    }
  });
  let product = 1;
  return { steps, beta, alphaBar: beta.map((value) => (product *= 1 - value)) };
}

/** i32 [batch], uniform in 0 .. T - 1, from a key u32 [2] and the name of the stream. */
export function drawTimesteps(schedule: NoiseSchedule, batch: number, key: Tensor, stream: string): Tensor {
  return randomIntegers([batch], 0, schedule.steps, key, stream);
}

/** Standard normals of the shape of z, from a key u32 [2] and the name of the stream. */
export function drawNoise(z: Tensor, key: Tensor, stream: string): Tensor {
  return randomNormal(z.shape, key, stream);
}

/** sqrt(alphaBar_t) and sqrt(1 - alphaBar_t), each of shape [B, 1, .., 1] to go with z [B, ...]. */
function coefficients({ steps, alphaBar }: NoiseSchedule, t: Tensor, z: Tensor): [signal: Tensor, noise: Tensor] {
  const values = new Float32Array(2 * steps);
  alphaBar.forEach((value, i) => values.set([Math.sqrt(value), Math.sqrt(1 - value)], 2 * i));
  const both = gather(table(values, [steps, 2]), t);                        // [B, 2]
  const shape = z.shape.map((n, axis) => (axis === 0 ? n : 1));
  return [reshape(slice(both, 1, 0, 1), shape), reshape(slice(both, 1, 1, 1), shape)];
}

/** z [B, ...], noise like z, t i32 [B] -> z_t [B, ...]. */
export function addNoise(schedule: NoiseSchedule, z: Tensor, noise: Tensor, t: Tensor): Tensor {
  const [signal, level] = coefficients(schedule, t, z);
  return add(mul(signal, z), mul(level, noise));
}

/** What the network should have said: z [B, ...], noise like z, t i32 [B] -> [B, ...]. */
export function predictionTarget(schedule: NoiseSchedule, prediction: DiffusionConfig['prediction'], z: Tensor,
  noise: Tensor, t: Tensor): Tensor {
  if (prediction === 'noise') return noise;
  if (prediction === 'z') return z;
  const [signal, level] = coefficients(schedule, t, z);
  return sub(mul(signal, noise), mul(level, z));
}

/** Error [B] of what `predict` makes of z_t, for z [B, ...], t i32 [B], noise like z; weighted as `denoisingLoss`. */
export function predictionLoss(config: DiffusionConfig, z: Tensor, t: Tensor, noise: Tensor,
  predict: (x: Tensor) => Tensor, weights: Tensor | null = null): Tensor {
  return meanError(predictionErrors(config, z, t, noise, predict), weights);
}

/** The same error of every element [B, ...]. */
export function predictionErrors({ schedule, prediction, loss }: DiffusionConfig, z: Tensor, t: Tensor, noise: Tensor,
  predict: (x: Tensor) => Tensor): Tensor {
  const noises = noiseSchedule(schedule);
  const target = predictionTarget(noises, prediction, z, noise, t);
  return elementError(loss, sub(predict(addNoise(noises, z, noise, t)), target));
}

/**
 * Mean error over all elements of a sample: predicted and target [B, ...] -> [B]. Each element counts by its place in
 * `weights`, which broadcast to them and should be 1 on average.
 */
export function denoisingLoss(loss: DiffusionConfig['loss'], predicted: Tensor, target: Tensor,
  weights: Tensor | null = null): Tensor {
  return meanError(elementError(loss, sub(predicted, target)), weights);
}

const meanError = (error: Tensor, weights: Tensor | null): Tensor =>
  mean(weights ? mul(error, weights) : error, error.shape.map((_, axis) => axis).slice(1));

function elementError(loss: DiffusionConfig['loss'], error: Tensor): Tensor {
  if (loss === 'l2') return square(error);
  if (loss === 'l1') return abs(error);
  const within = minimum(abs(error), 1);
  return mul(within, sub(abs(error), mul(within, 0.5)));
}

/**
 * What a squared error of a prediction is as one of the noise, [T]: by it the errors of any prediction add up to the
 * bound on the likelihood that DDPM's own loss stands for [Ho et al. 2020, eq. 14].
 */
export function noiseErrorWeights({ alphaBar }: NoiseSchedule, prediction: DiffusionConfig['prediction']):
  Float64Array {
  return alphaBar.map((a) => ({ noise: 1, z: a / (1 - a), v: a })[prediction]);
}

/** The weight of each timestep of t i32 [...], of the same shape, from those of all [T]. */
export const weightsAt = (weights: Float64Array, t: Tensor): Tensor =>
  reshape(gather(table(Float32Array.from(weights), [weights.length, 1]), t), t.shape);

/**
 * Weights [B] of the losses at timesteps t i32 [B] that count every timestep as if it were an error of the estimate of
 * z, weighted by the signal-to-noise ratio but by no more than `gamma` [min-SNR, Hang et al. 2023].
 */
export function minSnrWeights(schedule: NoiseSchedule, prediction: DiffusionConfig['prediction'], gamma: number,
  t: Tensor): Tensor {
  const ofNoise = noiseErrorWeights(schedule, prediction);
  return weightsAt(schedule.alphaBar.map((a, i) => ofNoise[i]! * Math.min(1, (gamma * (1 - a)) / a)), t);
}
