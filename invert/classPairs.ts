/** The (timestep, noise) pairs that classes are compared on: fixed, and the same for all pictures and methods. */
import { RandomStream } from '../engine/random.ts';
import { fixedPairs, type Pairs } from './bank.ts';
import type { ClassifyConfig } from './classify.ts';

/** 0 .. count - 1. */
export const range = (count: number): number[] => Array.from({ length: count }, (_, i) => i);

/** Timesteps spread evenly over the range, each with a noise of its own [pairs, C h w]. */
export function classPairs({ pairs, timesteps, seed }: ClassifyConfig, latentSize: number):
  { pairs: Pairs; noises: Float32Array } {
  const random = new RandomStream(seed, 'class noise bank');
  return {
    pairs: {
      timesteps: fixedPairs(pairs, timesteps).timesteps,
      noises: Int32Array.from(range(pairs)),
    },
    noises: Float32Array.from({ length: pairs * latentSize }, () => random.normal()),
  };
}

/** `count` of `all` pairs, as evenly spread as the whole. */
export const spreadPairs = (all: number, count: number): number[] =>
  range(count).map((k) => Math.floor(((k + 0.5) / count) * all));
