/** Every choice of the inversion. What the paper leaves open is marked "open in the paper". */
import { UserError } from '../engine/errors.ts';
import type { PriorKind } from '../pipeline/prior.ts';

/**
 * How the continuous variable of a slot becomes an embedding that the generator knows:
 *
 *   logits      weights softmax(z / temperature) over the choices of the slot, annealed to hard (ours, default)
 *   soft        weights by distance of a free embedding to the rows of the slot, annealed to hard (ours)
 *   slot        nearest row that the slot may hold, straight-through (the paper's in-vocabulary optimisation)
 *   vocabulary  nearest row of the whole table, straight-through
 *   none        the free embedding itself; decoded to the nearest rows at the end
 */
export type Projection = 'logits' | 'soft' | 'slot' | 'vocabulary' | 'none';

export type PriorTarget = 'soft' | 'hard';

export interface InversionConfig {
  readonly projection: Projection;
  readonly metric: 'l2' | 'cosine';
  /** Start: small random logits, or rows' statistics (gaussian), or every slot at none. Open in the paper. */
  readonly init: 'gaussian' | 'none';
  /** Scale of the random start, in logits or in units of the table's scalars. */
  readonly initScale: number;
  /** Most optimiser steps. */
  readonly steps: number;
  /** (timestep, noise) pairs a step and image. Open in the paper. */
  readonly batchTimesteps: number;
  /** Timesteps drawn from, [low, high). */
  readonly timesteps: readonly [number, number];
  /** Open in the paper. */
  readonly lr: number;
  /** Fraction of `lr` that a linear fall ends at; 1 keeps it. */
  readonly lrFloor: number;
  readonly beta1: number;
  readonly beta2: number;
  readonly weightDecay: number;
  /** Temperature of weights at the first and the last step (logits), or noise level in rows' lengths (soft). */
  readonly temperature: readonly [number, number];
  /**
   * Weight of the prior's term beside the mean error per element of the latent, by the kind of prior: per nat of an
   * autoregressive one, per mean squared error of an element of the embeddings of a diffusion one (where 1 gives both
   * terms of the paper equal weight). 0 leaves it out.
   */
  readonly priorWeight: Readonly<Record<PriorKind, number>>;
  /**
   * What an autoregressive prior is to predict: the weights over choices (`soft`), or the hardest reading with their
   * gradient (`hard`). Default: `hard` where the projection is straight-through.
   */
  readonly priorTarget?: PriorTarget;
  /** (timestep, noise) pairs a step and picture of a diffusion prior. Open in the paper. */
  readonly priorPairs: number;
  /** Fixed pairs of a diffusion prior that the monitor averages over. */
  readonly priorMonitorPairs: number;
  /** Timesteps of a diffusion prior drawn from, [low, high), in thousandths of its schedule. */
  readonly priorTimesteps: readonly [number, number];
  /** Searches from different starts per image; the best by the monitor is kept. */
  readonly restarts: number;
  /** Whether restart r looks for 1 + r mod N objects only. Needs at least as many restarts as objects to help. */
  readonly stratifyCounts: boolean;
  /** Steps between evaluations of the monitor. */
  readonly monitorEvery: number;
  /** Fixed pairs that the monitor averages over. */
  readonly monitorPairs: number;
  /** Evaluations without a new minimum after which an image is done; 0 runs to the limit. */
  readonly patience: number;
  /** Rounds of moves on the grid after the search: shift, resize, change class, drop. */
  readonly localRounds: number;
  /** Images in one program. */
  readonly imagesAtOnce: number;
  readonly seed: number;
}

const search: InversionConfig = {
  projection: 'logits', metric: 'l2', init: 'gaussian', initScale: 0.3, steps: 60, batchTimesteps: 2,
  timesteps: [450, 950], lr: 0.3, lrFloor: 0.1, beta1: 0.9, beta2: 0.99, weightDecay: 0, temperature: [1, 0.3],
  priorWeight: { autoregressive: 0.01, diffusion: 1 }, priorPairs: 2, priorMonitorPairs: 16,
  priorTimesteps: [0, 1000], restarts: 2, stratifyCounts: true, monitorEvery: 10, monitorPairs: 8, patience: 0,
  localRounds: 2, imagesAtOnce: 8, seed: 0,
};

/** The paper's setting: nearest rows by straight-through, AdamW at 1e-2 without a schedule, one start, no moves. */
const dive: InversionConfig = {
  ...search, projection: 'slot', initScale: 1, steps: 2000, batchTimesteps: 8, lr: 1e-2, lrFloor: 1, beta2: 0.999,
  weightDecay: 0.01, timesteps: [0, 1000], restarts: 1, stratifyCounts: false, monitorEvery: 50, monitorPairs: 50,
  patience: 8, localRounds: 0,
};

export const inversionPresets = { search, dive } as const;

/** Throws a UserError on values that cannot work. */
export function checkInversion(config: InversionConfig, trained: number): void {
  const [low, high] = config.timesteps;
  if (!(low >= 0 && low < high && high <= trained)) {
    throw new UserError(`--timesteps: must be a range within 0 to ${trained}, found ${low} to ${high}`);
  }
  for (const key of ['steps', 'batchTimesteps', 'restarts', 'monitorEvery', 'monitorPairs', 'imagesAtOnce',
    'priorPairs', 'priorMonitorPairs'] as const) {
    if (!Number.isInteger(config[key]) || config[key] < 1) {
      throw new UserError(`${key} must be a whole number from 1, found ${config[key]}`);
    }
  }
  for (const key of ['patience', 'localRounds'] as const) {
    if (!Number.isInteger(config[key]) || config[key] < 0) {
      throw new UserError(`${key} must be a whole number from 0, found ${config[key]}`);
    }
  }
  if (!(config.lr > 0)) throw new UserError(`lr must be positive, found ${config.lr}`);
  for (const weight of Object.values(config.priorWeight)) {
    if (!(weight >= 0)) throw new UserError(`--prior-weight: must be 0 or more, found ${weight}`);
  }
  const [from, to] = config.priorTimesteps;
  if (!(from >= 0 && from < to && to <= 1000)) {
    throw new UserError(`--prior-timesteps: must be a range within 0 to 1000 thousandths, found ${from} to ${to}`);
  }
  const [first, last] = config.temperature;
  if (!(first > 0 && last > 0)) throw new UserError(`temperature must be positive, found ${first} to ${last}`);
}
