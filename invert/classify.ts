/**
 * Classification with a class-conditional generator: the class under which the generator denoises a picture best.
 *
 *   invert     gradient steps on the class embedding, the nearest class watched by a monitor [DIVE]
 *   enumerate  every class on every pair [Diffusion Classifier, Li et al. 2023]
 *   adaptive   every class on few pairs, the best of them on more [the same, algorithm 2]
 *
 * All three compare classes on the same (timestep, noise) pairs, so the monitor of the first is the energy of the second.
 */
import type { Device } from '../engine/device.ts';
import { UserError } from '../engine/errors.ts';
import { RandomStream } from '../engine/random.ts';
import { classCountOf } from '../models/classModel.ts';
import type { ClassGenerator } from '../pipeline/classGenerator.ts';
import { ClassJudge, type Probe } from './classJudge.ts';
import { ClassSearch } from './classSearch.ts';
import type { Pairs } from './bank.ts';

export type ClassifyMethod = 'invert' | 'enumerate' | 'adaptive';

/** A stage of the adaptive method: pairs that its classes have seen at its end, and how many of the classes go on. */
export interface Stage {
  readonly pairs: number;
  readonly keep: number;
}

export interface ClassifyConfig {
  /** Fixed pairs: timesteps spread evenly over the range, each with a noise of its own. Published: 250. */
  readonly pairs: number;
  /** Timesteps, [low, high). */
  readonly timesteps: readonly [number, number];
  /** Passes over the pairs in random order, with the monitor behind each. Published: 20. */
  readonly loops: number;
  /** Pairs an optimiser step; must divide `pairs`. Published: 25. */
  readonly batchPairs: number;
  /** Loops without a new minimum after which a picture is done; 0 runs all, as published. */
  readonly patience: number;
  /**
   * How the variable becomes an embedding: `slot` is the nearest class row, straight-through, as published; `none` the
   * free embedding itself, its class the nearest row at the end; `logits` a mixture of rows, annealed to one (ours).
   */
  readonly projection: 'slot' | 'logits' | 'none';
  readonly metric: 'l2' | 'cosine';
  readonly lr: number;
  /** Fraction of `lr` that a linear fall ends at; 1 keeps it, as published. */
  readonly lrFloor: number;
  readonly beta1: number;
  readonly beta2: number;
  readonly weightDecay: number;
  /** Of logits, at the first and the last step. */
  readonly temperature: readonly [number, number];
  /** Classes of a monitor pass: of logits also the likeliest others, which one gradient cannot tell from the best. */
  readonly candidates: number;
  /** Of the adaptive method; the last keeps 1. */
  readonly stages: readonly Stage[];
  readonly imagesAtOnce: number;
  readonly seed: number;
}

const dive: ClassifyConfig = {
  pairs: 250, timesteps: [0, 1000], loops: 20, batchPairs: 25, patience: 0, projection: 'slot', metric: 'l2', lr: 0.01,
  lrFloor: 1, beta1: 0.9, beta2: 0.999, weightDecay: 0.01, temperature: [1, 1], candidates: 1,
  stages: [{ pairs: 50, keep: 5 }, { pairs: 250, keep: 1 }], imagesAtOnce: 4, seed: 0,
};

/** `dive` as published for DiT; `search`, ours: mixtures of rows, fewer and noisier pairs. */
export const classifyPresets = {
  dive,
  search: {
    ...dive, pairs: 24, loops: 4, batchPairs: 4, patience: 2, projection: 'logits', lr: 0.5, lrFloor: 0.1, beta2: 0.99,
    weightDecay: 0, temperature: [1, 0.3], candidates: 3, stages: [{ pairs: 4, keep: 8 }, { pairs: 24, keep: 1 }],
  },
} as const satisfies Record<string, ClassifyConfig>;

/** Throws a UserError on values that cannot work. */
export function checkClassify(config: ClassifyConfig, classes: number, trained: number): void {
  const { pairs, batchPairs, timesteps: [low, high], stages, temperature: [first, last] } = config;
  for (const key of ['pairs', 'loops', 'batchPairs', 'candidates', 'imagesAtOnce'] as const) {
    if (!Number.isInteger(config[key]) || config[key] < 1) {
      throw new UserError(`${key} must be a whole number from 1, found ${config[key]}`);
    }
  }
  if (!(low >= 0 && low < high && high <= trained)) {
    throw new UserError(`--timesteps: must be a range within 0 to ${trained}, found ${low} to ${high}`);
  }
  if (pairs > high - low) throw new UserError(`--pairs: there are only ${high - low} timesteps, found ${pairs}`);
  if (pairs % batchPairs !== 0) {
    throw new UserError(`--batch-pairs: must divide the ${pairs} pairs, found ${batchPairs}`);
  }
  if (!(config.lr > 0)) throw new UserError(`--lr: must be positive, found ${config.lr}`);
  if (!(first > 0 && last > 0)) throw new UserError(`temperature must be positive, found ${first} to ${last}`);
  if (classes < 2) throw new UserError(`classification needs two classes at least, the generator knows ${classes}`);
  stages.forEach(({ pairs: seen, keep }, k) => {
    const before = stages[k - 1];
    if (!Number.isInteger(seen) || !Number.isInteger(keep) || seen < 1 || keep < 1 || seen > pairs
      || (before && (seen <= before.pairs || keep >= before.keep))) {
      throw new UserError(`--stages: pairs must rise to ${pairs} at most and classes fall, found stage ${k + 1} of `
        + `${seen} pairs that keeps ${keep}`);
    }
  });
  if (stages.at(-1)?.keep !== 1) throw new UserError('--stages: the last one must keep 1 class');
}

/** What was found for one picture. */
export interface Classification {
  readonly label: number;
  /** Classes by mean error, lowest first, of those that were looked at on all pairs. */
  readonly ranking: readonly { readonly label: number; readonly energy: number }[];
  /** Loop of the monitor's minimum; null for methods without one. */
  readonly convergenceLoop: number | null;
  /** Lowest energy seen by the end of each loop. */
  readonly monitor: readonly number[];
}

/** Errors of one picture that are known already: nothing is asked twice. */
class Known {
  private readonly errors = new Map<number, Map<number, number>>();

  missing(image: number, label: number, pairs: readonly number[]): Probe[] {
    const row = this.errors.get(label);
    return pairs.filter((pair) => !row?.has(pair)).map((pair) => ({ image, label, pair }));
  }

  note({ label, pair }: Probe, error: number): void {
    const row = this.errors.get(label) ?? new Map<number, number>();
    this.errors.set(label, row.set(pair, error));
  }

  mean(label: number, pairs: readonly number[]): number {
    const row = this.errors.get(label)!;
    return pairs.reduce((sum, pair) => sum + row.get(pair)!, 0) / pairs.length;
  }
}

const range = (count: number): number[] => Array.from({ length: count }, (_, i) => i);

/** Fixed pairs and their noises [pairs, C h w], the same for all pictures and classes. */
function pairsOf(generator: ClassGenerator, { pairs, timesteps: [low, high], seed }: ClassifyConfig):
  { pairs: Pairs; noises: Float32Array } {
  const random = new RandomStream(seed, 'class noise bank');
  return {
    pairs: {
      timesteps: Int32Array.from(range(pairs), (k) => Math.floor(low + ((k + 0.5) / pairs) * (high - low))),
      noises: Int32Array.from(range(pairs)),
    },
    noises: Float32Array.from({ length: pairs * generator.firstStage.latentSize }, () => random.normal()),
  };
}

/** `count` of `all` pairs, as evenly spread as the whole. */
export const spreadPairs = (all: number, count: number): number[] =>
  range(count).map((k) => Math.floor(((k + 0.5) / count) * all));

/** Everything compiled for one generator, method and config. */
export class Classifier {
  private constructor(
    private readonly generator: ClassGenerator,
    private readonly config: ClassifyConfig,
    private readonly judge: ClassJudge,
    private readonly search: ClassSearch | null,
    private readonly pairs: Pairs,
  ) {}

  static async open(device: Device, generator: ClassGenerator, method: ClassifyMethod,
    config: ClassifyConfig): Promise<Classifier> {
    const { model } = generator.description;
    checkClassify(config, classCountOf(model), model.diffusion.schedule.steps);
    const { pairs, noises } = pairsOf(generator, config);
    const rows = config.imagesAtOnce * config.batchPairs;
    const judge = await ClassJudge.open(device, generator, pairs, noises, config.imagesAtOnce, rows);
    const search = method === 'invert' ? await ClassSearch.open(device, generator, noises, config) : null;
    return new Classifier(generator, config, judge, search, pairs);
  }

  /** Network passes so far, forward and backward counted one each. */
  get passes(): number {
    return this.judge.passes + (this.search?.passes ?? 0);
  }

  /** Classes of up to `imagesAtOnce` pictures [3, S, S] in [-1, 1]. */
  async classify(pictures: readonly Float32Array[], method: ClassifyMethod,
    onProgress: (share: number) => void = () => undefined): Promise<Classification[]> {
    const z = await this.encode(pictures);
    const known = pictures.map(() => new Known());
    if (method === 'invert') return this.invert(z, known, onProgress);
    const stages = method === 'enumerate' ? [{ pairs: this.config.pairs, keep: 1 }] : this.config.stages;
    return this.eliminate(z, known, stages, onProgress);
  }

  private async encode(pictures: readonly Float32Array[]): Promise<Float32Array> {
    const { firstStage, description: { latentScale } } = this.generator;
    const flat = new Float32Array(pictures.length * pictures[0]!.length);
    pictures.forEach((picture, i) => flat.set(picture, i * picture.length));
    const latents = await firstStage.encode(flat);
    const z = new Float32Array(this.config.imagesAtOnce * firstStage.latentSize);
    return z.map((_, i) => latents[i % latents.length]! * latentScale);
  }

  /** Answers the probes of all pictures together, so that runs are full. */
  private async ask(z: Float32Array, known: readonly Known[], wanted: readonly Probe[]): Promise<void> {
    const errors = await this.judge.errors(z, wanted);
    wanted.forEach((probe, i) => known[probe.image]!.note(probe, errors[i]!));
  }

  /** Stages in which the worst classes drop out; with one stage, full enumeration. */
  private async eliminate(z: Float32Array, known: readonly Known[], stages: readonly Stage[],
    onProgress: (share: number) => void): Promise<Classification[]> {
    const { pairs: total } = this.config;
    let left = known.map(() => range(classCountOf(this.generator.description.model)));
    let asked: number[] = [];
    for (const [k, { pairs, keep }] of stages.entries()) {
      // Means are over everything asked so far, of which earlier stages' pairs are a part.
      asked = [...new Set([...asked, ...spreadPairs(total, pairs)])];
      for (const [image, labels] of left.entries()) {
        await this.ask(z, [...known], labels.flatMap((label) => known[image]!.missing(image, label, asked)));
        onProgress((k + (image + 1) / left.length) / stages.length);
      }
      left = left.map((labels, image) => this.ranked(known[image]!, labels, asked).map(({ label }) => label)
        .slice(0, k === stages.length - 1 ? labels.length : keep));
    }
    return left.map((labels, image) => ({
      label: labels[0]!, ranking: this.ranked(known[image]!, labels, asked), convergenceLoop: null, monitor: [],
    }));
  }

  private ranked(known: Known, labels: readonly number[], pairs: readonly number[]):
    { label: number; energy: number }[] {
    return labels.map((label) => ({ label, energy: known.mean(label, pairs) }))
      .sort((a, b) => a.energy - b.energy || a.label - b.label);
  }

  private async invert(z: Float32Array, known: readonly Known[], onProgress: (share: number) => void):
    Promise<Classification[]> {
    const { config, search, pairs } = this;
    const { loops, batchPairs, patience, candidates } = config;
    const perLoop = config.pairs / batchPairs;
    const all = range(config.pairs);
    const seen = known.map(() => new Set<number>());
    const best = known.map(() => ({ energy: Infinity, loop: 0, monitor: [] as number[] }));
    search!.begin();
    // The same shuffles for every picture, as published.
    const random = new RandomStream(config.seed, 'class pairs');
    for (let loop = 1; loop <= loops; loop++) {
      const order = random.permutation(config.pairs);
      for (let batch = 0; batch < perLoop; batch++) {
        const chosen = order.slice(batch * batchPairs, (batch + 1) * batchPairs);
        search!.step(z, {
          timesteps: Int32Array.from(chosen, (k) => pairs.timesteps[k]!), noises: Int32Array.from(chosen),
        }, (loop - 1) * perLoop + batch, loops * perLoop);
      }
      const likely = await search!.likeliest(candidates);
      const running = best.map((track) => patience === 0 || loop - track.loop <= patience);
      const wanted = known.flatMap((own, image) => (running[image]
        ? likely[image]!.flatMap((label) => own.missing(image, label, all)) : []));
      await this.ask(z, known, wanted);
      best.forEach((track, image) => {
        if (!running[image]) return;
        likely[image]!.forEach((label) => seen[image]!.add(label));
        const [top] = this.ranked(known[image]!, [...seen[image]!], all);
        if (top!.energy < track.energy) Object.assign(track, { energy: top!.energy, loop });
        track.monitor.push(track.energy);
      });
      onProgress(loop / loops);
      if (!running.some(Boolean)) break;
    }
    return known.map((own, image) => {
      const ranking = this.ranked(own, [...seen[image]!], all);
      return { label: ranking[0]!.label, ranking, convergenceLoop: best[image]!.loop, monitor: best[image]!.monitor };
    });
  }

  destroy(): void {
    this.judge.destroy();
    this.search?.destroy();
  }
}
