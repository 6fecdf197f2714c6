/**
 * What a layout prior is measured against: uniform choices, histograms of the training layouts, and token n-grams.
 *
 * Counts of what is rare are interpolated with a simpler distribution as Witten & Bell [1991] do: the more different
 * things were seen among how many, the more a new one is expected. How much more is found by what predicts a tenth of
 * the training layouts best, as corners rarely repeat and their first share would be too small.
 */
import type { LayoutVocabulary } from '../models/layoutTokens.ts';
import { cellPlace, objectCount, partOf, type LayoutModel, type WeighedLayout } from './layoutModel.ts';

/** Added to the count of every class, number of objects, row, column, width and height. */
const smoothing = 0.5;

/** Strengths of the simpler distribution that are tried. */
const strengths = [0.5, 1, 2, 4, 8, 16, 32, 64, 128];
/** One layout in so many is left out to choose among them. */
const chosenBy = 10;

/** Splits layouts into those to count and those to choose strengths by; where there are too few, both are all. */
function splitForChoice(layouts: readonly WeighedLayout[]): [counted: WeighedLayout[], choosing: WeighedLayout[]] {
  if (layouts.length < 2 * chosenBy) return [[...layouts], [...layouts]];
  // Orders and mirror images of a layout follow each other; blocks keep them on one side.
  const block = Math.ceil(layouts.length / chosenBy);
  return [layouts.slice(block), layouts.slice(0, block)];
}

/** The strength with the fewest nats. */
function bestStrength(nats: (strength: number) => number): number {
  const values = strengths.map(nats);
  return strengths[values.indexOf(Math.min(...values))]!;
}

/** Every class and the end alike, every legal corner alike. */
export function uniformModel({ classCount, gridSide: S }: LayoutVocabulary): LayoutModel {
  return {
    name: 'uniform',
    about: 'all classes and the end alike, all legal boxes alike',
    exchangeable: true,
    probability(choices, position) {
      const part = partOf(position);
      if (part === 0) return 1 / (classCount + 1);
      const [x, y] = cellPlace(choices[position]!, S);
      if (part === 1) return x < S - 1 && y < S - 1 ? 1 / (S - 1) ** 2 : 0;
      const [x0, y0] = cellPlace(choices[position - 1]!, S);
      return x > x0 && y > y0 ? 1 / ((S - 1 - x0) * (S - 1 - y0)) : 0;
    },
  };
}

/** A pair (a, b), seen as often as `weight`, where it had to be below limits. */
interface SeenPair {
  readonly a: number;
  readonly b: number;
  readonly limitA: number;
  readonly limitB: number;
  readonly weight: number;
}

/**
 * Pairs (a, b) in 0 .. size - 1, counted together and apart. The distribution over all pairs below given limits is that
 * of the joint counts, interpolated with the product of the two single ones.
 */
class PairHistogram {
  private readonly joint: Float64Array;
  private readonly singles: [Float64Array, Float64Array];
  /** Sums of counts, and numbers of different pairs, over a < i and b < j: [size + 1, size + 1]. */
  private readonly sums: Float64Array;
  private readonly kinds: Float64Array;
  private readonly singleSums: [Float64Array, Float64Array];

  constructor(private readonly size: number, pairs: readonly SeenPair[], public strength = 1) {
    this.joint = new Float64Array(size * size);
    this.singles = [new Float64Array(size).fill(smoothing), new Float64Array(size).fill(smoothing)];
    for (const { a, b, weight } of pairs) {
      this.joint[a * size + b]! += weight;
      this.singles[0][a]! += weight;
      this.singles[1][b]! += weight;
    }
    this.sums = prefixSums(this.joint, size);
    this.kinds = prefixSums(this.joint.map((count) => Number(count > 0)), size);
    const along = (values: Float64Array): Float64Array => {
      const sums = new Float64Array(size + 1);
      values.forEach((value, i) => { sums[i + 1] = sums[i]! + value; });
      return sums;
    };
    this.singleSums = [along(this.singles[0]), along(this.singles[1])];
  }

  /** p(a, b | a < limitA, b < limitB) */
  probability(a: number, b: number, limitA: number, limitB: number): number {
    if (a < 0 || b < 0 || a >= limitA || b >= limitB) return 0;
    const at = limitA * (this.size + 1) + limitB;
    const single = (axis: 0 | 1, value: number, limit: number): number =>
      this.singles[axis][value]! / this.singleSums[axis][limit]!;
    const apart = single(0, a, limitA) * single(1, b, limitB);
    // One kind at least: where nothing was seen below the limits, the product is all there is.
    const share = this.strength * Math.max(1, this.kinds[at]!);
    return (this.joint[a * this.size + b]! + share * apart) / (this.sums[at]! + share);
  }

  /** Of all pairs, with the strength by which those of `counted` predict those of `choosing` best. */
  static chosen(size: number, all: readonly SeenPair[], counted: readonly SeenPair[], choosing: readonly SeenPair[]):
    PairHistogram {
    const trial = new PairHistogram(size, counted);
    return new PairHistogram(size, all, bestStrength((strength) => {
      trial.strength = strength;
      return choosing.reduce((nats, { a, b, limitA, limitB, weight }) =>
        nats - weight * Math.log(trial.probability(a, b, limitA, limitB)), 0);
    }));
  }
}

function prefixSums(values: Float64Array, size: number): Float64Array {
  const sums = new Float64Array((size + 1) ** 2);
  for (let a = 0; a < size; a++) {
    for (let b = 0; b < size; b++) {
      const at = (i: number, j: number): number => sums[i * (size + 1) + j]!;
      sums[(a + 1) * (size + 1) + b + 1] = values[a * size + b]! + at(a, b + 1) + at(a + 1, b) - at(a, b);
    }
  }
  return sums;
}

/**
 * Histograms of the number of objects, of their classes, of where boxes begin and of how large they are; each object
 * by itself. Sizes are those that fit where the box begins.
 */
export function unigramModel({ classCount, gridSide: S, maxObjects: N }: LayoutVocabulary,
  layouts: readonly WeighedLayout[]): LayoutModel {
  const classes = new Float64Array(classCount).fill(smoothing);
  const lengths = new Float64Array(N + 1).fill(smoothing);
  for (const { choices, weight } of layouts) {
    const n = objectCount(choices);
    lengths[n]! += weight;
    for (let i = 0; i < n; i++) classes[choices[3 * i]!]! += weight;
  }
  const classTotal = classes.reduce((sum, count) => sum + count, 0);
  const atLeast = (n: number): number => lengths.reduce((sum, count, i) => (i >= n ? sum + count : sum), 0);
  const ends = Array.from(lengths, (count, n) => count / atLeast(n));
  const [counted, choosing] = splitForChoice(layouts);
  const histogram = (pairs: (of: readonly WeighedLayout[]) => SeenPair[]): PairHistogram =>
    PairHistogram.chosen(S - 1, pairs(layouts), pairs(counted), pairs(choosing));
  const begins = histogram((of) => boxPairs(of, S).map(({ begin }) => begin));
  const extents = histogram((of) => boxPairs(of, S).map(({ extent }) => extent));
  return {
    name: 'unigram',
    about: 'histograms of the number of objects, classes, positions and sizes',
    exchangeable: true,
    probability(choices, position) {
      const part = partOf(position);
      const choice = choices[position]!;
      if (part === 0) {
        const end = ends[position / 3]!;
        return choice === classCount ? end : (1 - end) * (classes[choice]! / classTotal);
      }
      const [x, y] = cellPlace(choice, S);
      if (part === 1) return begins.probability(y, x, S - 1, S - 1);
      const [x0, y0] = cellPlace(choices[position - 1]!, S);
      return extents.probability(y - y0 - 1, x - x0 - 1, S - 1 - y0, S - 1 - x0);
    },
  };
}

/** Where boxes begin and how far they reach beyond their smallest size, (rows, columns). */
function boxPairs(layouts: readonly WeighedLayout[], S: number): { begin: SeenPair; extent: SeenPair }[] {
  return layouts.flatMap(({ choices, weight }) => Array.from({ length: objectCount(choices) }, (_, i) => {
    const [x0, y0] = cellPlace(choices[3 * i + 1]!, S);
    const [x1, y1] = cellPlace(choices[3 * i + 2]!, S);
    return {
      begin: { a: y0, b: x0, limitA: S - 1, limitB: S - 1, weight },
      extent: { a: y1 - y0 - 1, b: x1 - x0 - 1, limitA: S - 1 - y0, limitB: S - 1 - x0, weight },
    };
  }));
}

/** What was seen after one context. */
interface Continuations {
  total: number;
  readonly counts: Map<number, number>;
}

/** What of the tokens before a position is looked at, as a key; null where nothing is. */
type Context = (choices: Int32Array, position: number) => string | null;

/** The last `length` tokens. */
const lastTokens = (length: number): Context => (choices, position) =>
  choices.subarray(Math.max(0, position - length), position).join(' ');

/** The class of the object before, for classes only: the tokens between say less of the next class than they cost. */
const lastClass: Context = (choices, position) =>
  (partOf(position) === 0 ? String(choices[position - 3] ?? 'none') : null);

/** Counts of what follows a context. */
class ContextCounts {
  private readonly table = new Map<string, Continuations>();

  constructor(private readonly context: Context, layouts: readonly WeighedLayout[]) {
    for (const { choices, weight } of layouts) {
      for (let position = 0; position < choices.length; position++) {
        const key = this.key(choices, position);
        if (key === null) continue;
        let seen = this.table.get(key);
        if (!seen) this.table.set(key, seen = { total: 0, counts: new Map() });
        seen.total += weight;
        seen.counts.set(choices[position]!, (seen.counts.get(choices[position]!) ?? 0) + weight);
      }
    }
  }

  /** Tokens of different parts share numbers; before the first one there is nothing. */
  private key(choices: Int32Array, position: number): string | null {
    const context = this.context(choices, position);
    return context === null ? null : `${partOf(position)}:${context}`;
  }

  /** The interpolation with the probability `shorter` that fewer tokens give. */
  probability(choices: Int32Array, position: number, shorter: number, strength: number): number {
    const key = this.key(choices, position);
    const seen = key === null ? undefined : this.table.get(key);
    if (!seen) return shorter;
    const share = strength * seen.counts.size;
    return ((seen.counts.get(choices[position]!) ?? 0) + share * shorter) / (seen.total + share);
  }
}

/** A model of fewer tokens of context: fitted to all layouts, and to those that do not choose strengths. */
interface Shorter {
  readonly fitted: LayoutModel;
  readonly trial: LayoutModel;
}

/** `shorter` with a context more: its strengths, one for each part, predict the layouts left out best. */
function extend(name: string, about: string, context: Context, layouts: readonly WeighedLayout[],
  shorter: Shorter): Shorter {
  const [counted, choosing] = splitForChoice(layouts);
  const trial = new ContextCounts(context, counted);
  const strengthOf = [0, 1, 2].map((part) => {
    const cases = choosing.flatMap(({ choices, weight }) => range(part, choices.length, 3).map((position) =>
      ({ choices, weight, position, given: shorter.trial.probability(choices, position) })));
    return bestStrength((strength) => cases.reduce((nats, { choices, weight, position, given }) =>
      nats - weight * Math.log(trial.probability(choices, position, given, strength)), 0));
  });
  const extended = (counts: ContextCounts, fewer: LayoutModel): LayoutModel => ({
    name, about, exchangeable: false,
    probability: (choices, position) =>
      counts.probability(choices, position, fewer.probability(choices, position), strengthOf[partOf(position)]!),
  });
  const counts = new ContextCounts(context, layouts);
  return { fitted: extended(counts, shorter.fitted), trial: extended(trial, shorter.trial) };
}

/** start, start + step, ... below end */
function range(start: number, end: number, step: number): number[] {
  return Array.from({ length: Math.max(0, Math.ceil((end - start) / step)) }, (_, i) => start + i * step);
}

/**
 * Token n-grams up to `order`, from 2 on: the distribution after the last n - 1 tokens, backing off to ever fewer of
 * them and at last to the unigram model. Last the longest one with classes that follow classes, wherever boxes lie.
 */
export function ngramModels(vocabulary: LayoutVocabulary, order: number, layouts: readonly WeighedLayout[],
  unigram: LayoutModel): LayoutModel[] {
  let model: Shorter = { fitted: unigram, trial: unigramModel(vocabulary, splitForChoice(layouts)[0]) };
  const models = range(1, order, 1).map((length) => {
    model = extend(`${length + 1}-gram`,
      `the last ${length === 1 ? 'token' : `${length} tokens`}, backing off to fewer and to the unigram`,
      lastTokens(length), layouts, model);
    return model.fitted;
  });
  const classes = extend('class bigram', `the class of the object before, and all that the ${order}-gram knows`,
    lastClass, layouts, model);
  return [...models, classes.fitted];
}

/** All of them, fitted to the same layouts. */
export function layoutBaselines(vocabulary: LayoutVocabulary, layouts: readonly WeighedLayout[]): LayoutModel[] {
  const unigram = unigramModel(vocabulary, layouts);
  return [uniformModel(vocabulary), unigram, ...ngramModels(vocabulary, 4, layouts, unigram)];
}
