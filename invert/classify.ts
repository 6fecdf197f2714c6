/**
 * Classification with a class-conditional generator: the class under which the generator denoises a picture best.
 *
 *   invert     gradient steps on the class embedding, the nearest class watched by a monitor [DIVE]
 *   enumerate  every class on every pair [Diffusion Classifier, Li et al. 2023]
 *   adaptive   every class on few pairs, the best of them on more [the same, algorithm 2]
 *
 * All three compare classes on the same (timestep, noise) pairs, so the monitor of the first is the energy of the
 * second.
 */
import type { Device } from '../engine/device.ts';
import { UserError } from '../engine/errors.ts';
import { classCountOf, classTableName } from '../models/classModel.ts';
import type { ClassGenerator } from '../pipeline/classGenerator.ts';
import { ClassEnergies, type Ranked } from './classEnergies.ts';
import { ClassInversion } from './classInversion.ts';
import { ClassJudge } from './classJudge.ts';
import { ClassNeighbours } from './classNeighbours.ts';
import { classPairs, range, spreadPairs } from './classPairs.ts';
import { ClassSearch } from './classSearch.ts';
import type { Pairs } from './bank.ts';
import { expectRange } from './config.ts';
import type { ErrorKind } from './errorMeasure.ts';

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
  /** Of steps and of the monitor. */
  readonly error: ErrorKind;
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
  /** Pairs that a class is first seen on; only the `finalists` best are judged on all. 0: all at once, as published. */
  readonly glance: number;
  readonly finalists: number;
  /** Ours: classes looked at in each round after the loops: unseen ones next to the `finalists` best in the table. */
  readonly neighbours: number;
  /** Rounds at most; one that finds no better class is the last. 0: none, as published. */
  readonly rounds: number;
  /** Of the adaptive method; the last keeps 1. */
  readonly stages: readonly Stage[];
  readonly imagesAtOnce: number;
  readonly seed: number;
}

const dive: ClassifyConfig = {
  pairs: 250, timesteps: [0, 1000], error: 'noise', loops: 20, batchPairs: 25, patience: 0, projection: 'slot',
  metric: 'l2', lr: 0.01, lrFloor: 1, beta1: 0.9, beta2: 0.999, weightDecay: 0.01, temperature: [1, 1], candidates: 1,
  glance: 0, finalists: 1, neighbours: 0, rounds: 0, stages: [{ pairs: 50, keep: 5 }, { pairs: 250, keep: 1 }],
  imagesAtOnce: 4, seed: 0,
};

/**
 * `dive` as published for DiT; `search`, ours: mixtures of rows, fewer pairs, and a monitor that glances at more
 * classes and at the neighbours of the best.
 */
export const classifyPresets = {
  dive,
  search: {
    ...dive, pairs: 24, error: 'prediction', loops: 4, batchPairs: 4, patience: 2, projection: 'logits', lr: 0.5,
    lrFloor: 0.1, beta2: 0.99, weightDecay: 0, temperature: [1, 0.3], candidates: 16, glance: 2, finalists: 4,
    neighbours: 16, rounds: 4,
    stages: [{ pairs: 4, keep: 8 }, { pairs: 24, keep: 1 }],
  },
} as const satisfies Record<string, ClassifyConfig>;

/** Throws a UserError on values that cannot work. */
export function checkClassify(config: ClassifyConfig, classes: number, trained: number): void {
  const { pairs, batchPairs, timesteps: [low, high], stages, temperature: [first, last] } = config;
  for (const key of ['pairs', 'loops', 'batchPairs', 'candidates', 'finalists', 'imagesAtOnce'] as const) {
    if (!Number.isInteger(config[key]) || config[key] < 1) {
      throw new UserError(`${key} must be a whole number from 1, found ${config[key]}`);
    }
  }
  expectRange('--timesteps', config.timesteps, trained);
  if (pairs > high - low) throw new UserError(`--pairs: there are only ${high - low} timesteps, found ${pairs}`);
  if (pairs % batchPairs !== 0) {
    throw new UserError(`--batch-pairs: must divide the ${pairs} pairs, found ${batchPairs}`);
  }
  if (config.glance > pairs) {
    throw new UserError(`--glance: must be at most the ${pairs} pairs, found ${config.glance}`);
  }
  if ((config.neighbours > 0) !== (config.rounds > 0)) {
    throw new UserError('--neighbours and --rounds: both must be 0 or neither, '
      + `found ${config.neighbours} and ${config.rounds}`);
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
  readonly ranking: readonly Ranked[];
  /** Loop of the monitor's minimum, or a later round; null for methods without one. */
  readonly convergenceLoop: number | null;
  /** Lowest energy seen by the end of each loop and round. */
  readonly monitor: readonly number[];
}

/** Everything compiled for one generator, method and config. */
export class Classifier {
  private constructor(
    private readonly generator: ClassGenerator,
    private readonly config: ClassifyConfig,
    private readonly judge: ClassJudge,
    private readonly search: ClassSearch | null,
    private readonly neighbours: ClassNeighbours,
    private readonly pairs: Pairs,
  ) {}

  static async open(device: Device, generator: ClassGenerator, method: ClassifyMethod,
    config: ClassifyConfig): Promise<Classifier> {
    const { model } = generator.description;
    checkClassify(config, classCountOf(model), model.diffusion.schedule.steps);
    const { pairs, noises } = classPairs(config, generator.firstStage.latentSize);
    const judge = await ClassJudge.open(device, generator, pairs, noises, config);
    const search = method === 'invert' ? await ClassSearch.open(device, generator, noises, config) : null;
    const classes = classCountOf(model);
    const { data, shape: [rowCount] } = generator.run.weights.get(classTableName(model))!;
    const neighbours = new ClassNeighbours(data.subarray(0, (data.length / rowCount!) * classes), classes);
    return new Classifier(generator, config, judge, search, neighbours, pairs);
  }

  /** Network passes so far, forward and backward counted one each. */
  get passes(): number {
    return this.judge.passes + (this.search?.passes ?? 0);
  }

  /** Classes of up to `imagesAtOnce` pictures [3, S, S] in [-1, 1]. */
  async classify(pictures: readonly Float32Array[], method: ClassifyMethod,
    onProgress: (share: number) => void = () => undefined): Promise<Classification[]> {
    const z = await this.encode(pictures);
    const energies = new ClassEnergies(this.judge, z);
    if (method === 'invert') {
      const { search, neighbours, pairs, config } = this;
      return new ClassInversion(search!, energies, neighbours, pairs, config, pictures.length).run(z, onProgress);
    }
    const stages = method === 'enumerate' ? [{ pairs: this.config.pairs, keep: 1 }] : this.config.stages;
    return this.eliminate(energies, pictures.length, stages, onProgress);
  }

  private async encode(pictures: readonly Float32Array[]): Promise<Float32Array> {
    const { firstStage, description: { latentScale } } = this.generator;
    const flat = new Float32Array(pictures.length * pictures[0]!.length);
    pictures.forEach((picture, i) => flat.set(picture, i * picture.length));
    const latents = await firstStage.encode(flat);
    const z = new Float32Array(this.config.imagesAtOnce * firstStage.latentSize);
    return z.map((_, i) => latents[i % latents.length]! * latentScale);
  }

  /** Stages in which the worst classes drop out; with one stage, full enumeration. */
  private async eliminate(energies: ClassEnergies, count: number, stages: readonly Stage[],
    onProgress: (share: number) => void): Promise<Classification[]> {
    let left = range(count).map(() => range(classCountOf(this.generator.description.model)));
    let pairs: number[] = [];
    let rankings: Ranked[][] = [];
    for (const [k, stage] of stages.entries()) {
      // Means are over everything asked so far, of which earlier stages' pairs are a part.
      pairs = [...new Set([...pairs, ...spreadPairs(this.config.pairs, stage.pairs)])];
      const questions = left.map((labels, image) => ({ image, labels, pairs }));
      for (const [image, question] of questions.entries()) {
        await energies.ask([question]);
        onProgress((k + (image + 1) / count) / stages.length);
      }
      rankings = questions.map((question) => energies.ranked(question));
      left = rankings.map((ranking) => ranking.slice(0, stage.keep).map(({ label }) => label));
    }
    return rankings.map((ranking) => ({ label: ranking[0]!.label, ranking, convergenceLoop: null, monitor: [] }));
  }

  destroy(): void {
    this.judge.destroy();
    this.search?.destroy();
  }
}
