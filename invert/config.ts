/** Every choice of the inversion. What the paper leaves open is marked "open in the paper". */
import { UserError } from '../engine/errors.ts';
import type { PriorKind } from '../pipeline/prior.ts';
import type { ErrorKind } from './errorMeasure.ts';

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

/**
 * How a step's (timestep, noise) pairs are drawn. Open in the paper.
 *
 *   stratified  one timestep in each equal part of the range, noises of the bank at random (default)
 *   uniform     timesteps at random, noises of the bank at random
 *   bank        a fixed set of pairs in an order drawn anew for each turn, as in the published classification code
 */
export type DrawKind = 'stratified' | 'uniform' | 'bank';

/**
 * Where a search starts. Open in the paper.
 *
 *   gaussian  normals of `initScale`: logits, or in units of the table's scalars
 *   none      every slot at none
 *   prior     layouts drawn from the prior
 */
export type Init = 'gaussian' | 'none' | 'prior';

/**
 * What a detection is scored by. Open in the paper.
 *
 *   likelihood  rise of the energy when the object is left out
 *   margin      the least rise of the energy when it is left out or given another class
 *   local       the rise of the error around the object alone, without what leaving it out changes elsewhere
 *   agreement   the share of restarts that have it too, ties by likelihood
 */
export type ScoreKind = 'likelihood' | 'margin' | 'local' | 'agreement';

/**
 * What looks for layouts: the gradient (the paper's), or one of two baselines that use the energy alone.
 *
 *   greedy  slot by slot the best of some random objects, then token by token the best value
 *   random  random layouts
 */
export type Method = 'gradient' | 'greedy' | 'random';

export interface InversionConfig {
  readonly method: Method;
  /** Network passes that `greedy` and `random` may use; 0: as many as the gradient could with this config. */
  readonly passes: number;
  readonly projection: Projection;
  readonly metric: 'l2' | 'cosine';
  readonly init: Init;
  readonly initScale: number;
  /** Most optimiser steps. */
  readonly steps: number;
  /** Steps in which learning rate and temperature fall; then they stay. */
  readonly annealSteps: number;
  /** (timestep, noise) pairs a step and image. Open in the paper. */
  readonly batchTimesteps: number;
  /** Timesteps drawn from, [low, high). */
  readonly timesteps: readonly [number, number];
  readonly draws: DrawKind;
  /** Of steps and of the monitor. */
  readonly error: ErrorKind;
  /** Open in the paper. */
  readonly lr: number;
  /** Fraction of `lr` that a linear fall ends at; 1 keeps it. */
  readonly lrFloor: number;
  readonly beta1: number;
  readonly beta2: number;
  readonly weightDecay: number;
  /** Temperature of weights at first and after annealing (logits), or noise level in rows' lengths (soft). */
  readonly temperature: readonly [number, number];
  /**
   * Weight of the prior's term beside the mean error per element of the latent, by the kind of prior: per nat of an
   * autoregressive one, per mean squared error of an element of the embeddings of a diffusion one (where 1 gives both
   * terms of the paper equal weight). 0 leaves it out. That of a diffusion prior was chosen on 10 unseen flat pictures
   * with 20 objects, for a prior of 1000 steps. The search, then with two rounds of moves, found 17 of them at 1, 18 at
   * 0.3, and all at 0.1 and at 0; with one start, 40 steps and no moves 8 at 1, 16 at 0.3, 14 at 0.1, 0.03 and 0.
   */
  readonly priorWeight: Readonly<Record<PriorKind, number>>;
  /**
   * What an autoregressive prior is to predict: the weights over choices (`soft`), or the hardest reading with their
   * gradient (`hard`). Default: `hard` where the projection is straight-through.
   */
  readonly priorTarget?: PriorTarget;
  /**
   * (timestep, noise) pairs a step and picture of a diffusion prior; one keeps its term below a tenth of a step. Open
   * in the paper.
   */
  readonly priorPairs: number;
  /** Fixed pairs of a diffusion prior that the monitor averages over, rounded up to as many in each of its blocks. */
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
  /** How many of those pairs, one block of them, a move is looked at with first; a divisor of `monitorPairs`. */
  readonly screenPairs: number;
  /** Evaluations without a new minimum after which an image is done; 0 runs to the limit. Open in the paper. */
  readonly patience: number;
  /** Most rounds of moves after the search: shift, resize, change class, drop; take over or propose objects. */
  readonly localRounds: number;
  /** Boxes where the picture is least explained that a round looks for objects in; 0: errors by place are not read. */
  readonly proposals: number;
  /**
   * Fixed pairs of a last look, with the error measured in the noise, by which objects are swept for beside those
   * found, settled, and all scored; a multiple of `screenPairs`, 0: there is none. Through strong noise large objects
   * are found from afar; what small ones change is seen best through less.
   */
  readonly finePairs: number;
  /** Their timesteps, [low, high). */
  readonly fineTimesteps: readonly [number, number];
  /** The prior's weight beside them. */
  readonly finePriorWeight: number;
  /** Objects judged closer, of those tried all over the picture between the search and its moves; 0: none are tried. */
  readonly sweep: number;
  /** IoU above which two objects of one class count as one; 1 keeps both. Open in the paper. */
  readonly duplicateIou: number;
  readonly score: ScoreKind;
  /** Images in one program. */
  readonly imagesAtOnce: number;
  readonly seed: number;
}

const search: InversionConfig = {
  method: 'gradient', passes: 0, projection: 'logits', metric: 'l2', init: 'gaussian', initScale: 0.3,
  steps: 80, annealSteps: 30, batchTimesteps: 2, timesteps: [450, 950], draws: 'stratified',
  error: 'prediction',
  lr: 0.3, lrFloor: 0.1, beta1: 0.9, beta2: 0.99, weightDecay: 0, temperature: [1, 0.3],
  priorWeight: { autoregressive: 0.01, diffusion: 0.1 },
  priorPairs: 1, priorMonitorPairs: 16, priorTimesteps: [0, 1000],
  restarts: 2, stratifyCounts: true, monitorEvery: 10, monitorPairs: 8, screenPairs: 2, patience: 2,
  localRounds: 24, proposals: 4, sweep: 0,
  finePairs: 0, fineTimesteps: [0, 800], finePriorWeight: 0,
  duplicateIou: 0.9, score: 'likelihood', imagesAtOnce: 8, seed: 0,
};

/** The paper's setting: nearest rows by straight-through, AdamW at 1e-2 without a schedule, one start, no moves. */
const dive: InversionConfig = {
  ...search, projection: 'slot', initScale: 1, steps: 2000, annealSteps: 2000, batchTimesteps: 8, lr: 1e-2, lrFloor: 1,
  beta2: 0.999, weightDecay: 0.01, timesteps: [0, 1000], error: 'noise', restarts: 1, stratifyCounts: false,
  monitorEvery: 50, monitorPairs: 50, screenPairs: 10, patience: 8, localRounds: 0, duplicateIou: 1,
  priorWeight: { ...search.priorWeight, diffusion: 1 }, priorPairs: 2,
};

export const inversionPresets = { search, dive } as const;

/** Throws a UserError on timesteps [low, high) that a generator has not. */
export function expectRange(option: string, [low, high]: readonly [number, number], trained: number): void {
  if (!(low >= 0 && low < high && high <= trained)) {
    throw new UserError(`${option}: must be a range within 0 to ${trained}, found ${low} to ${high}`);
  }
}

function checkFine({ finePairs, fineTimesteps, finePriorWeight, screenPairs }: InversionConfig,
  trained: number): void {
  if (finePairs === 0) return;
  if (!(finePairs > 0 && finePairs % screenPairs === 0)) {
    throw new UserError(`--fine-pairs: must be 0 or a multiple of the ${screenPairs} screenPairs, found ${finePairs}`);
  }
  expectRange('--fine-timesteps', fineTimesteps, trained);
  if (!(finePriorWeight >= 0)) {
    throw new UserError(`--fine-prior-weight: must be 0 or more, found ${finePriorWeight}`);
  }
}

/** Throws a UserError on values that cannot work. */
export function checkInversion(config: InversionConfig, trained: number): void {
  checkFine(config, trained);
  expectRange('--timesteps', config.timesteps, trained);
  for (const key of ['steps', 'annealSteps', 'batchTimesteps', 'restarts', 'monitorEvery', 'monitorPairs',
    'screenPairs', 'imagesAtOnce', 'priorPairs', 'priorMonitorPairs'] as const) {
    if (!Number.isInteger(config[key]) || config[key] < 1) {
      throw new UserError(`${key} must be a whole number from 1, found ${config[key]}`);
    }
  }
  for (const key of ['patience', 'localRounds', 'proposals', 'sweep', 'passes'] as const) {
    if (!Number.isInteger(config[key]) || config[key] < 0) {
      throw new UserError(`${key} must be a whole number from 0, found ${config[key]}`);
    }
  }
  if (config.monitorPairs % config.screenPairs !== 0) {
    throw new UserError(`screenPairs must divide monitorPairs, ${config.monitorPairs}; found ${config.screenPairs}`);
  }
  if (!(config.duplicateIou > 0 && config.duplicateIou <= 1)) {
    throw new UserError(`duplicateIou must be above 0 and at most 1, found ${config.duplicateIou}`);
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
