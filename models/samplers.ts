/**
 * Samplers: from noise to a sample by repeated denoising. Free functions of one signature, on plain arrays, because
 * latents are small and the work is in the network.
 *
 * Letters as in the papers: a and aPrev are alphaBar at this timestep and the next lower one, e the predicted noise.
 */
import { UserError } from '../engine/errors.ts';
import type { RandomStream } from '../engine/random.ts';
import type { DiffusionConfig, NoiseSchedule } from './diffusion.ts';

/** Predicts the noise in x (a whole batch, flattened) at timestep t of 0 .. T - 1. */
export type Denoiser = (x: Float32Array, t: number) => Promise<Float32Array>;

export interface SamplerOptions {
  readonly schedule: NoiseSchedule;
  /** Timesteps visited, 1 .. T. */
  readonly steps: number;
  /** Timesteps that the network knows, [low, high); default all. The last leads from `low` straight to the sample. */
  readonly range?: readonly [number, number];
  /** Source of the noise that stochastic samplers add. */
  readonly random: RandomStream;
  /** Share of DDPM's noise that `ddim` adds: 0 none (default), 1 all. */
  readonly eta?: number;
  /** Called after each step with the number of steps done. */
  readonly onStep?: (done: number) => void;
}

/** From standard normals x to a sample of the same shape; x is left alone. */
export type Sampler = (denoise: Denoiser, x: Float32Array, options: SamplerOptions) => Promise<Float32Array>;

export interface SamplerStep {
  readonly t: number;
  readonly a: number;
  readonly aPrev: number;
}

/**
 * The timesteps of DDIM, highest first: floor(i T / S) + 1 for i < S, as published for S that divide T (200 of 1000:
 * 996, .., 6, 1). Published code rounds other S silently and runs past the table at S = T; here there are always S,
 * and the + 1 is left out where it does not fit. The last step leads to alphaBar_0 as published, or from t = 0 to 1.
 */
export function samplerSteps({ steps: all, alphaBar }: NoiseSchedule, steps: number,
  [low, high]: readonly [number, number] = [0, all]): SamplerStep[] {
  const T = high - low;
  if (!Number.isInteger(steps) || steps < 1 || steps > T) {
    throw new UserError(`sampler: steps must be a whole number from 1 to ${T}, found ${steps}`);
  }
  const shift = Math.floor(((steps - 1) * T) / steps) + 1 < T ? 1 : 0;
  const times = Array.from({ length: steps }, (_, i) => low + Math.floor((i * T) / steps) + shift);
  return times.map((t, i) => ({
    t, a: alphaBar[t]!, aPrev: i > 0 ? alphaBar[times[i - 1]!]! : shift === 1 && low === 0 ? alphaBar[0]! : 1,
  })).reverse();
}

/** Estimate of the sample: (x - sqrt(1 - a) e) / sqrt(a) [DDPM eq. 15]. */
function estimate(x: Float32Array, e: Float32Array, a: number): Float32Array {
  const signal = Math.sqrt(a);
  const level = Math.sqrt(1 - a);
  return x.map((value, i) => (value - level * e[i]!) / signal);
}

/** Ancestral sampling [DDPM algorithm 2, variance beta-tilde], on the timesteps above [Nichol & Dhariwal 2021]. */
export const ddpm: Sampler = async (denoise, x, { schedule, steps, range, random, onStep }) => {
  const plan = samplerSteps(schedule, steps, range);
  for (const [done, { t, a, aPrev: lower }] of plan.entries()) {
    const last = done === plan.length - 1;
    const aPrev = last ? 1 : lower;
    const x0 = estimate(x, await denoise(x, t), a);
    const alpha = a / aPrev;
    const weight0 = (Math.sqrt(aPrev) * (1 - alpha)) / (1 - a);
    const weightX = (Math.sqrt(alpha) * (1 - aPrev)) / (1 - a);
    const sigma = Math.sqrt(((1 - aPrev) / (1 - a)) * (1 - alpha));
    x = x.map((value, i) => weight0 * x0[i]! + weightX * value + (last ? 0 : sigma * random.normal()));
    onStep?.(done + 1);
  }
  return x;
};

/** One step of DDIM without noise, from a to aPrev. */
function ddimStep(x: Float32Array, e: Float32Array, { a, aPrev }: SamplerStep): Float32Array {
  const x0 = estimate(x, e, a);
  return x0.map((value, i) => Math.sqrt(aPrev) * value + Math.sqrt(1 - aPrev) * e[i]!);
}

/** Denoising diffusion implicit models [Song et al. 2021, eq. 12 and 16]. */
export const ddim: Sampler = async (denoise, x, { schedule, steps, range, random, eta = 0, onStep }) => {
  const plan = samplerSteps(schedule, steps, range);
  for (const [done, step] of plan.entries()) {
    const { t, a, aPrev } = step;
    const e = await denoise(x, t);
    const sigma = eta * Math.sqrt(((1 - aPrev) / (1 - a)) * (1 - a / aPrev));
    if (sigma === 0) {
      x = ddimStep(x, e, step);
    } else {
      const towards = Math.sqrt(Math.max(0, 1 - aPrev - sigma * sigma));
      x = estimate(x, e, a).map((x0, i) => Math.sqrt(aPrev) * x0 + towards * e[i]! + sigma * random.normal());
    }
    onStep?.(done + 1);
  }
  return x;
};

/** Weights of the present and past noise predictions, newest first [Adams & Bashforth; PLMS, Liu et al. 2022]. */
const adamsBashforth: readonly (readonly number[])[] = [
  [1], [3 / 2, -1 / 2], [23 / 12, -16 / 12, 5 / 12], [55 / 24, -59 / 24, 37 / 24, -9 / 24],
];

/** Pseudo linear multistep: DDIM steps along a combination of the last four predictions. */
export const plms: Sampler = async (denoise, x, { schedule, steps, range, onStep }) => {
  const plan = samplerSteps(schedule, steps, range);
  const past: Float32Array[] = [];
  for (const [done, step] of plan.entries()) {
    const e = await denoise(x, step.t);
    let combined: Float32Array;
    if (done === 0) {
      // The first step has no past: the mean of the predictions at both of its ends instead.
      const ahead = await denoise(ddimStep(x, e, step), plan[Math.min(1, plan.length - 1)]!.t);
      combined = e.map((value, i) => (value + ahead[i]!) / 2);
    } else {
      const recent = [e, ...past];
      const weights = adamsBashforth[recent.length - 1]!;
      combined = e.map((_, i) => weights.reduce((total, weight, k) => total + weight * recent[k]![i]!, 0));
    }
    x = ddimStep(x, combined, step);
    past.unshift(e);
    past.length = Math.min(past.length, 3);
    onStep?.(done + 1);
  }
  return x;
};

/** Half the logarithm of the signal-to-noise ratio; infinite for a = 1. */
const halfLogSnr = (a: number): number => 0.5 * Math.log(a / (1 - a));

/** DPM-Solver++ (2M): second order multistep in the estimate of the sample [Lu et al. 2022, algorithm 2]. */
export const dpmpp2m: Sampler = async (denoise, x, { schedule, steps, range, onStep }) => {
  const plan = samplerSteps(schedule, steps, range);
  let before: { x0: Float32Array; h: number } | null = null;
  for (const [done, { t, a, aPrev }] of plan.entries()) {
    const x0 = estimate(x, await denoise(x, t), a);
    const h = halfLogSnr(aPrev) - halfLogSnr(a);
    let d = x0;
    if (before && Number.isFinite(h)) {
      const past = before.x0;
      const half = h / (2 * before.h); // 1 / (2 r)
      d = x0.map((value, i) => (1 + half) * value - half * past[i]!);
    }
    const keep = Math.sqrt((1 - aPrev) / (1 - a));
    const move = -Math.sqrt(aPrev) * Math.expm1(-h);
    x = x.map((value, i) => keep * value + move * d[i]!);
    before = { x0, h };
    onStep?.(done + 1);
  }
  return x;
};

export const samplers = { ddpm, ddim, plms, dpmpp: dpmpp2m } as const;

/**
 * Classifier-free guidance [Ho & Salimans 2022]: e_u + scale (e_c - e_u). At scale 1 it is the conditional denoiser
 * itself, and the unconditional one is not called.
 */
export function guided(conditional: Denoiser, unconditional: Denoiser, scale: number): Denoiser {
  if (scale === 1) return conditional;
  return async (x, t) => {
    const without = await unconditional(x, t);
    const condition = await conditional(x, t);
    return without.map((e, i) => e + scale * (condition[i]! - e));
  };
}

/** A network that predicts something else, as a denoiser. */
export function noiseDenoiser(predict: Denoiser, prediction: DiffusionConfig['prediction'],
  { alphaBar }: NoiseSchedule): Denoiser {
  if (prediction === 'noise') return predict;
  return async (x, t) => {
    const signal = Math.sqrt(alphaBar[t]!);
    const level = Math.sqrt(1 - alphaBar[t]!);
    const predicted = await predict(x, t);
    return predicted.map((value, i) =>
      (prediction === 'z' ? (x[i]! - signal * value) / level : signal * value + level * x[i]!));
  };
}
