/** Baselines that treat every object alike: uniform choices, and histograms of the training layouts. */
import type { LayoutVocabulary } from '../models/layoutTokens.ts';
import { cellPlace, objectCount, partOf, type LayoutModel, type WeighedLayout } from './layoutModel.ts';

/** Added to the count of every class, number of objects, row, column, width and height. */
const smoothing = 0.5;

/** Every class and the end alike, every legal corner alike. */
export function uniformModel({ classCount, gridSide: S }: LayoutVocabulary): LayoutModel {
  return {
    name: 'uniform',
    about: 'all classes and the end alike, all legal boxes alike',
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

/**
 * Pairs (a, b) in 0 .. size - 1, counted together and apart. The distribution over all pairs below given limits is that
 * of the joint counts, interpolated with the product of the two single ones [Witten & Bell 1991]: the more different
 * pairs were seen among how many, the more a new one is expected.
 */
class PairHistogram {
  private readonly joint: Float64Array;
  private readonly singles: [Float64Array, Float64Array];
  /** Sums of counts, and numbers of different pairs, over a < i and b < j: [size + 1, size + 1]. */
  private readonly sums: Float64Array;
  private readonly kinds: Float64Array;
  private readonly singleSums: [Float64Array, Float64Array];

  constructor(private readonly size: number, pairs: Iterable<readonly [a: number, b: number, weight: number]>) {
    this.joint = new Float64Array(size * size);
    this.singles = [new Float64Array(size).fill(smoothing), new Float64Array(size).fill(smoothing)];
    for (const [a, b, weight] of pairs) {
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
    const apart = (this.singles[0][a]! / this.singleSums[0][limitA]!) * (this.singles[1][b]! / this.singleSums[1][limitB]!);
    // One kind at least: where nothing was seen below the limits, the product is all there is.
    const kinds = Math.max(1, this.kinds[at]!);
    return (this.joint[a * this.size + b]! + kinds * apart) / (this.sums[at]! + kinds);
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
export function unigramModel({ classCount, gridSide: S, maxObjects: N }: LayoutVocabulary, layouts: readonly WeighedLayout[]):
  LayoutModel {
  const classes = new Float64Array(classCount).fill(smoothing);
  const lengths = new Float64Array(N + 1).fill(smoothing);
  const places: [number, number, number][] = [];
  const sizes: [number, number, number][] = [];
  for (const { choices, weight } of layouts) {
    const n = objectCount(choices);
    lengths[n]! += weight;
    for (let i = 0; i < n; i++) {
      classes[choices[3 * i]!]! += weight;
      const [x0, y0] = cellPlace(choices[3 * i + 1]!, S);
      const [x1, y1] = cellPlace(choices[3 * i + 2]!, S);
      places.push([y0, x0, weight]);
      sizes.push([y1 - y0 - 1, x1 - x0 - 1, weight]);
    }
  }
  const classTotal = classes.reduce((sum, count) => sum + count, 0);
  const atLeast = (n: number): number => lengths.reduce((sum, count, i) => (i >= n ? sum + count : sum), 0);
  const ends = Array.from(lengths, (count, n) => count / atLeast(n));
  const [begins, extents] = [new PairHistogram(S - 1, places), new PairHistogram(S - 1, sizes)];
  return {
    name: 'unigram',
    about: 'histograms of the number of objects, classes, positions and sizes',
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

/** What was seen after one context. */
interface Continuations {
  total: number;
  readonly counts: Map<number, number>;
}

/**
 * Token n-grams: the distribution after the last n - 1 tokens, backing off to ever fewer of them and at last to the
 * unigram model, interpolated [Witten & Bell 1991].
 */
export function ngramModel(order: number, layouts: readonly WeighedLayout[], unigram: LayoutModel): LayoutModel {
  const tables = Array.from({ length: order - 1 }, () => new Map<string, Continuations>());
  // Tokens of different parts share numbers; before the first one there is nothing.
  const context = (choices: Int32Array, position: number, length: number): string =>
    `${partOf(position)}:${choices.subarray(Math.max(0, position - length), position).join(' ')}`;
  for (const { choices, weight } of layouts) {
    for (let position = 0; position < choices.length; position++) {
      tables.forEach((table, i) => {
        const key = context(choices, position, i + 1);
        let seen = table.get(key);
        if (!seen) table.set(key, seen = { total: 0, counts: new Map() });
        seen.total += weight;
        seen.counts.set(choices[position]!, (seen.counts.get(choices[position]!) ?? 0) + weight);
      });
    }
  }
  return {
    name: `${order}-gram`,
    about: `the last ${order - 1} tokens, backing off to fewer and to the unigram`,
    probability(choices, position) {
      return tables.reduce((shorter, table, i) => {
        const seen = table.get(context(choices, position, i + 1));
        if (!seen) return shorter;
        const kinds = seen.counts.size;
        return ((seen.counts.get(choices[position]!) ?? 0) + kinds * shorter) / (seen.total + kinds);
      }, unigram.probability(choices, position));
    },
  };
}

/** All of them, fitted to the same layouts. */
export function layoutBaselines(vocabulary: LayoutVocabulary, layouts: readonly WeighedLayout[]): LayoutModel[] {
  const unigram = unigramModel(vocabulary, layouts);
  return [uniformModel(vocabulary), unigram, ...[2, 3, 4].map((order) => ngramModel(order, layouts, unigram))];
}
