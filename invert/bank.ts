import { noiseSchedule } from '../models/diffusion.ts';
import { RandomStream } from '../engine/random.ts';
import type { Generator } from '../pipeline/generator.ts';
import type { DiffusionPrior, Prior } from '../pipeline/prior.ts';
import type { DrawKind } from './config.ts';

/** Noises in a bank: all images and steps draw from these, as the published classification code does. */
export const bankSize = 256;

/** Standard normals [bankSize, C h w], the same for every image and every machine. */
export function noiseBank(generator: Generator, seed: number): Float32Array {
  const random = new RandomStream(seed, 'noise bank');
  return Float32Array.from({ length: bankSize * generator.firstStage.latentSize }, () => random.normal());
}

/** Standard normals [bankSize, 3 N Dg] for a diffusion prior, likewise. */
export function priorNoiseBank({ description: { model } }: DiffusionPrior, seed: number): Float32Array {
  const random = new RandomStream(seed, 'prior noise bank');
  return Float32Array.from({ length: bankSize * 3 * model.maxObjects * model.embeddingWidth }, () => random.normal());
}

/** Pairs of one image: timesteps and rows of the bank. */
export interface Pairs {
  readonly timesteps: Int32Array;
  readonly noises: Int32Array;
}

/** The pairs of the steps of one image's search, one draw after the other; see `InversionConfig.draws`. */
export class PairStream {
  /** Pairs of the fixed bank that are still to come in this turn. */
  private left: number[] = [];

  constructor(private readonly kind: DrawKind, private readonly random: RandomStream, private readonly count: number,
    private readonly range: readonly [number, number]) {}

  next(): Pairs {
    const { kind, random, count, range: [low, high] } = this;
    if (kind === 'stratified') return drawPairs(random, count, this.range);
    if (kind === 'bank') return this.fromBank();
    return {
      timesteps: Int32Array.from({ length: count }, () => low + random.integer(high - low)),
      noises: Int32Array.from({ length: count }, () => random.integer(bankSize)),
    };
  }

  /** The next pairs of a fixed bank, each noise tied to its timestep, in an order drawn anew for each turn. */
  private fromBank(): Pairs {
    const all = fixedPairs(bankSize, this.range);
    const taken = Array.from({ length: this.count }, () => {
      if (this.left.length === 0) this.left = [...this.random.permutation(bankSize)];
      return this.left.pop()!;
    });
    return {
      timesteps: Int32Array.from(taken, (k) => all.timesteps[k]!),
      noises: Int32Array.from(taken, (k) => all.noises[k]!),
    };
  }
}

/** `count` pairs with timesteps stratified over [low, high): one in each of `count` equal parts. */
export function drawPairs(random: RandomStream, count: number, [low, high]: readonly [number, number]): Pairs {
  const timesteps = Int32Array.from({ length: count },
    (_, k) => Math.floor(low + ((k + random.uniform()) / count) * (high - low)));
  return { timesteps, noises: Int32Array.from({ length: count }, () => random.integer(bankSize)) };
}

/** The monitor's pairs, the same for every image: timesteps spread evenly, one noise of the bank each. */
export function fixedPairs(count: number, [low, high]: readonly [number, number]): Pairs {
  return {
    timesteps: Int32Array.from({ length: count }, (_, k) => Math.floor(low + ((k + 0.5) / count) * (high - low))),
    noises: Int32Array.from({ length: count }, (_, k) => k % bankSize),
  };
}

/** Fixed pairs dealt into blocks of `size`, each spread over the whole range. */
export function pairBlocks({ timesteps, noises }: Pairs, size: number): Pairs[] {
  const blocks = timesteps.length / size;
  const dealt = (values: Int32Array, block: number): Int32Array => values.filter((_, k) => k % blocks === block);
  return Array.from({ length: blocks }, (_, block) =>
    ({ timesteps: dealt(timesteps, block), noises: dealt(noises, block) }));
}

/** Number of timesteps that a generator knows. */
export const trainedSteps = (generator: Generator): number =>
  noiseSchedule(generator.description.model.diffusion.schedule).steps;

/** Timesteps of a prior that a range in thousandths of its schedule names; the autoregressive kind has none. */
export function priorRange(prior: Prior, [low, high]: readonly [number, number]): readonly [number, number] {
  if (prior.kind === 'autoregressive') return [0, 1];
  const { steps } = noiseSchedule(prior.description.model.schedule);
  return [Math.floor((low * steps) / 1000), Math.ceil((high * steps) / 1000)];
}
