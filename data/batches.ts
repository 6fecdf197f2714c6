/**
 * Which items make a batch, and fetching them ahead of time.
 *
 * A batch is a pure function of (seed, step): a resumed run sees exactly what the uninterrupted one would have seen,
 * and nothing but the step number needs to be saved.
 */
import { check } from '../engine/errors.ts';
import { RandomStream } from '../engine/random.ts';

/** The permutations used last; adjacent steps share theirs, and drawing one takes time linear in the dataset. */
const recentPermutations: { seed: number; count: number; epoch: number; order: number[] }[] = [];

function epochOrder(seed: number, count: number, epoch: number): number[] {
  const known = recentPermutations.find((p) => p.seed === seed && p.count === count && p.epoch === epoch);
  if (known) return known.order;
  const order = new RandomStream(seed, `batches/epoch/${epoch}`).permutation(count);
  recentPermutations.unshift({ seed, count, epoch, order });
  recentPermutations.length = Math.min(recentPermutations.length, 4);
  return order;
}

/**
 * Items 0 .. count - 1 of the batch at a step 0, 1, 2, ... -> [batch].
 *
 * Epochs, each in its own random order, are laid end to end and cut into batches, so every item is seen equally often
 * also where the batch does not divide the count, and batches may be larger than the dataset.
 */
export function batchIndices(count: number, batch: number, step: number, seed: number): number[] {
  for (const [name, value, least] of [['count', count, 1], ['batch', batch, 1], ['step', step, 0]] as const) {
    check(Number.isInteger(value) && value >= least,
      () => `batchIndices: ${name} must be a whole number from ${least}, found ${value}`);
  }
  return Array.from({ length: batch }, (_, i) => {
    const position = step * batch + i;
    return epochOrder(seed, count, Math.floor(position / count))[position % count];
  });
}

/** The stream for one item's augmentation at one step; `item` is its place 0 .. batch - 1 in the batch. */
export function itemStream(seed: number, step: number, item: number): RandomStream {
  return new RandomStream(seed, `batches/item/${step}/${item}`);
}

/** What a prefetcher fetches. */
export interface PrefetchOptions<Batch> {
  /** Makes the batch of a step; several steps are under way at once. */
  readonly load: (step: number) => Promise<Batch>;
  /** First step. Default: 0. */
  readonly start?: number;
  /** The step after the last; nothing is loaded from there on. Default: none. */
  readonly end?: number;
  /** How many batches are loaded or waiting at most. Default: 3. */
  readonly ahead?: number;
}

/**
 * Loads batches of consecutive steps ahead of their use, a bounded number of them. An error of `load` is thrown by the
 * `next` that asks for its step, after all batches before it; from then on no further step is begun.
 */
export class BatchPrefetcher<Batch> {
  private readonly queue: Promise<Batch>[] = [];
  private readonly load: (step: number) => Promise<Batch>;
  private readonly end: number;
  private readonly ahead: number;
  private begun: number;
  private halted = false;

  constructor(options: PrefetchOptions<Batch>) {
    this.load = options.load;
    this.begun = options.start ?? 0;
    this.end = options.end ?? Infinity;
    this.ahead = options.ahead ?? 3;
    check(this.ahead >= 1, () => `BatchPrefetcher: ahead must be at least 1, found ${this.ahead}`);
    this.fill();
  }

  private fill(): void {
    while (!this.halted && this.queue.length < this.ahead && this.begun < this.end) {
      const step = this.begun++;
      const batch = Promise.resolve().then(() => this.load(step));
      // Marks a rejection as seen: it belongs to the caller of `next`, who may come later.
      batch.catch(() => { this.halted = true; });
      this.queue.push(batch);
    }
  }

  /** The batch of the next step, in order. Throws what its `load` threw, and after `end`, an error or `stop`. */
  async next(): Promise<Batch> {
    const batch = this.queue.shift();
    if (!batch) {
      throw new Error(`BatchPrefetcher: no batch after step ${this.begun - 1}: stopped, failed or at its end`);
    }
    const value = await batch;
    this.fill();
    return value;
  }

  /** Begins nothing more and waits for what is under way; the batches loaded are dropped. Safe to call twice. */
  async stop(): Promise<void> {
    this.halted = true;
    await Promise.allSettled(this.queue.splice(0));
  }
}
