/** Whether layouts that a prior draws are like those of data in what its likelihood does not show: counts of things. */
import type { LayoutObject } from '../models/layoutTokens.ts';

/** Statistics of some layouts. */
export interface LayoutStatistics {
  readonly layouts: number;
  /** Share of layouts with 0 .. N objects. */
  readonly objectCounts: readonly number[];
  /** Share of objects of each class. */
  readonly classes: readonly number[];
  /** Share of layouts that hold each pair of classes a < b, or two of a class a = b: [C, C], flattened. */
  readonly together: readonly number[];
  /** Share of objects by the square root of their area, in `sizeBins` equal bins over [0, 1]. */
  readonly sizes: readonly number[];
  /** Share of objects by the place of their centre, in `placeBins` x `placeBins` equal squares, row by row. */
  readonly places: readonly number[];
}

export const sizeBins = 20;
export const placeBins = 8;

export function layoutStatistics(layouts: readonly (readonly LayoutObject[])[], classCount: number, maxObjects: number):
  LayoutStatistics {
  const objectCounts = new Array<number>(maxObjects + 1).fill(0);
  const classes = new Array<number>(classCount).fill(0);
  const together = new Array<number>(classCount ** 2).fill(0);
  const sizes = new Array<number>(sizeBins).fill(0);
  const places = new Array<number>(placeBins ** 2).fill(0);
  const bin = (value: number, bins: number): number => Math.min(bins - 1, Math.floor(value * bins));
  for (const objects of layouts) {
    objectCounts[objects.length]!++;
    const own = new Map<number, number>();
    for (const { classIndex, xyxyUnit: [x0, y0, x1, y1] } of objects) {
      classes[classIndex]!++;
      own.set(classIndex, (own.get(classIndex) ?? 0) + 1);
      sizes[bin(Math.sqrt((x1 - x0) * (y1 - y0)), sizeBins)]!++;
      places[bin((y0 + y1) / 2, placeBins) * placeBins + bin((x0 + x1) / 2, placeBins)]!++;
    }
    for (const [a, count] of own) {
      if (count > 1) together[a * classCount + a]!++;
      for (const b of own.keys()) if (a < b) together[a * classCount + b]!++;
    }
  }
  const objects = classes.reduce((sum, count) => sum + count, 0);
  const shares = (counts: readonly number[], all: number): number[] =>
    counts.map((count) => (all > 0 ? count / all : 0));
  return {
    layouts: layouts.length, objectCounts: shares(objectCounts, layouts.length), classes: shares(classes, objects),
    together: shares(together, layouts.length), sizes: shares(sizes, objects),
    places: shares(places, objects),
  };
}

/** How far one set of layouts is from another. */
export interface Calibration {
  /** Total variation distance, 0 (alike) .. 1, of the number of objects, classes, sizes and places. */
  readonly objectCounts: number;
  readonly classes: number;
  readonly sizes: number;
  readonly places: number;
  /** The same of pairs of classes, drawn from all pairs that the layouts hold. */
  readonly pairs: number;
  /** Correlation of the shares of layouts that hold each pair of classes. */
  readonly together: number;
}

export function compareStatistics(a: LayoutStatistics, b: LayoutStatistics): Calibration {
  const apart = (x: readonly number[], y: readonly number[]): number =>
    x.reduce((sum, value, i) => sum + Math.abs(value - y[i]!), 0) / 2;
  return {
    objectCounts: apart(a.objectCounts, b.objectCounts),
    classes: apart(a.classes, b.classes),
    sizes: apart(a.sizes, b.sizes),
    places: apart(a.places, b.places),
    pairs: apart(distribution(a.together), distribution(b.together)),
    together: correlation(a.together, b.together),
  };
}

/** Shares that add up to one; zeros where there is nothing. */
function distribution(counts: readonly number[]): number[] {
  const all = counts.reduce((sum, count) => sum + count, 0);
  return counts.map((count) => (all > 0 ? count / all : 0));
}

/** Pearson's; NaN where one of them does not vary. */
function correlation(x: readonly number[], y: readonly number[]): number {
  const mean = (values: readonly number[]): number => values.reduce((sum, value) => sum + value, 0) / values.length;
  const [mx, my] = [mean(x), mean(y)];
  const product = (a: readonly number[], ma: number, b: readonly number[], mb: number): number =>
    a.reduce((sum, value, i) => sum + (value - ma) * (b[i]! - mb), 0);
  return product(x, mx, y, my) / Math.sqrt(product(x, mx, x, mx) * product(y, my, y, my));
}
