/** What the errors of (timestep, noise) pairs are added up as. */
import { noiseErrorWeights, noiseSchedule, type DiffusionConfig } from '../models/diffusion.ts';

/**
 * What the generator's error is measured in, where it does not predict the noise.
 *
 *   prediction  what it predicts: every timestep counts as in its training, the noisiest most
 *   noise       the noise (the paper's): errors add up to a bound on the likelihood, and less noise counts more, which
 *               tells of small objects; over the range a timestep counts 1 on average
 */
export type ErrorKind = 'prediction' | 'noise';

/** What the error of a pair is that of, and the range [low, high) of timesteps that pairs are from. */
export interface ErrorMeasure {
  readonly error: ErrorKind;
  readonly timesteps: readonly [number, number];
}

/** How much the error counts at every timestep [T], 1 on average over the range; null where all count alike. */
export function pairWeights({ schedule, prediction }: DiffusionConfig, { error, timesteps: [low, high] }: ErrorMeasure):
  Float64Array | null {
  if (error === 'prediction' || prediction === 'noise') return null;
  const weights = noiseErrorWeights(noiseSchedule(schedule), prediction);
  const average = weights.subarray(low, high).reduce((sum, weight) => sum + weight, 0) / (high - low);
  return weights.map((weight) => weight / average);
}
