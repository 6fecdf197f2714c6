/** What the errors of (timestep, noise) pairs are added up as. */
import { noiseErrorWeights, noiseSchedule, type DiffusionConfig } from '../models/diffusion.ts';

/**
 * What the generator's error is measured in, where it does not predict the noise.
 *
 *   prediction  what it predicts: every timestep counts as in its training, the noisiest most
 *   noise       the noise (the paper's): errors add up to a bound on the likelihood, and less noise counts more, which
 *               tells of small objects
 */
export type ErrorKind = 'prediction' | 'noise';

/** How much the error counts at every timestep [T]: 1 on average over the range [low, high) that pairs are from. */
export function errorWeights({ schedule, prediction }: DiffusionConfig, error: ErrorKind,
  [low, high]: readonly [number, number]): Float64Array {
  const noises = noiseSchedule(schedule);
  if (error === 'prediction') return new Float64Array(noises.steps).fill(1);
  const weights = noiseErrorWeights(noises, prediction);
  const average = weights.subarray(low, high).reduce((sum, weight) => sum + weight, 0) / (high - low);
  return weights.map((weight) => weight / average);
}
