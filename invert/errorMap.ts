/**
 * Where a layout explains a picture and where it does not: the error of the image term by place, read without a pass
 * of the network. What lies above the mean of the picture asks for an object, what lies below it is explained.
 */
import type { LayoutVocabulary } from '../models/layoutTokens.ts';
import type { Cells } from './moves.ts';

/** A box and how much it explains: error below the mean, added up over its places. */
interface Explained {
  readonly box: Cells;
  readonly gain: number;
}

export class ErrorMap {
  private readonly side: number;
  private readonly whole: Cells;
  /** Errors beyond their mean, added up to the corners of the grid. */
  private readonly excess: Float64Array;

  /** errors [side, side] at the places of the latent */
  constructor(private readonly errors: Float64Array, private readonly gridSide: LayoutVocabulary['gridSide']) {
    this.side = Math.sqrt(errors.length);
    this.whole = [0, 0, gridSide - 1, gridSide - 1];
    this.excess = excessToCorners(errors, gridSide);
  }

  /**
   * At most `count` boxes with the most error in them beyond the mean: one that is too large takes in places that are
   * explained, one that is too small leaves out places that are not. Each next one is found with the places of those
   * before it taken as explained.
   */
  unexplained(count: number): Cells[] {
    const { side, gridSide: S } = this;
    const left = this.errors.slice();
    const boxes: Cells[] = [];
    while (boxes.length < count) {
      const most = heaviest(excessToCorners(left, S), S, this.whole, 1);
      if (most === null) break;
      boxes.push(most.box);
      const [x0, y0, x1, y1] = most.box.map((cell) => (cell / (S - 1)) * side);
      const within = (i: number): boolean => {
        const [x, y] = [(i % side) + 0.5, Math.floor(i / side) + 0.5];
        return x > x0! && x < x1! && y > y0! && y < y1!;
      };
      const outside = left.filter((_, i) => !within(i)).sort();
      const explained = outside[outside.length >> 1] ?? 0;
      left.forEach((error, i) => { left[i] = within(i) ? explained : error; });
    }
    return boxes;
  }

  /** The part of a box that explains most, or null where nothing in it explains anything. */
  explainedPart(box: Cells): Cells | null {
    return heaviest(this.excess, this.gridSide, box, -1)?.box ?? null;
  }

  /** Two parts of a box, apart along a side, that explain most together: one pair for each side where there are two. */
  explainedParts(box: Cells): [Cells, Cells][] {
    const [x0, y0, x1, y1] = box;
    const cuts = (low: number, high: number, parts: (at: number) => [Cells, Cells]): [Cells, Cells][] => {
      let best: readonly [Explained, Explained] | null = null;
      for (let at = low + 1; at < high; at++) {
        const [a, b] = parts(at).map((part) => heaviest(this.excess, this.gridSide, part, -1));
        if (a && b && (best === null || a.gain + b.gain > best[0].gain + best[1].gain)) best = [a, b];
      }
      return best ? [[best[0].box, best[1].box]] : [];
    };
    return [
      ...cuts(x0, x1, (at) => [[x0, y0, at, y1], [at, y0, x1, y1]]),
      ...cuts(y0, y1, (at) => [[x0, y0, x1, at], [x0, at, x1, y1]]),
    ];
  }
}

/** The box within another that holds most of `sign` times the sums from the top left to every corner [S, S]. */
function heaviest(sums: Float64Array, S: number, [left, top, right, bottom]: Cells, sign: 1 | -1): Explained | null {
  let best: Explained | null = null;
  for (let y0 = top; y0 < bottom; y0++) {
    for (let y1 = y0 + 1; y1 <= bottom; y1++) {
      for (let x0 = left; x0 < right; x0++) {
        for (let x1 = x0 + 1; x1 <= right; x1++) {
          const sum = sums[y1 * S + x1]! - sums[y1 * S + x0]! - sums[y0 * S + x1]! + sums[y0 * S + x0]!;
          if (sign * sum > (best?.gain ?? 1e-9)) best = { box: [x0, y0, x1, y1], gain: sign * sum };
        }
      }
    }
  }
  return best;
}

/** Errors beyond their mean, added up from the top left to every corner of the grid [S, S]. */
function excessToCorners(errors: Float64Array, S: number): Float64Array {
  const side = Math.sqrt(errors.length);
  const average = errors.reduce((sum, error) => sum + error, 0) / errors.length;
  // [side + 1, side + 1] at the edges of places, and between them in proportion.
  const atEdges = new Float64Array((side + 1) ** 2);
  for (let y = 0; y < side; y++) {
    let row = 0;
    for (let x = 0; x < side; x++) {
      row += errors[y * side + x]! - average;
      atEdges[(y + 1) * (side + 1) + x + 1] = atEdges[y * (side + 1) + x + 1]! + row;
    }
  }
  const place = (cell: number): [number, number] => {
    const low = Math.min(side - 1, Math.floor((cell / (S - 1)) * side));
    return [low, (cell / (S - 1)) * side - low];
  };
  return Float64Array.from({ length: S * S }, (_, cell) => {
    const [x, dx] = place(cell % S);
    const [y, dy] = place(Math.floor(cell / S));
    const along = (row: number): number =>
      (1 - dx) * atEdges[row * (side + 1) + x]! + dx * atEdges[row * (side + 1) + x + 1]!;
    return (1 - dy) * along(y) + dy * along(y + 1);
  });
}

/**
 * What an object explains around it: the error that `now` has less than `before` [side, side] at the places of a box on
 * the grid and at those next to it, added up.
 */
export function fallWithin(before: ArrayLike<number>, now: ArrayLike<number>, [x0, y0, x1, y1]: Cells,
  gridSide: number): number {
  const side = Math.sqrt(before.length);
  const place = (cell: number): number => (cell / (gridSide - 1)) * side;
  const low = (cell: number): number => Math.max(0, Math.floor(place(cell)) - 1);
  const high = (cell: number): number => Math.min(side, Math.ceil(place(cell)) + 1);
  let fall = 0;
  for (let y = low(y0); y < high(y1); y++) {
    for (let x = low(x0); x < high(x1); x++) fall += before[y * side + x]! - now[y * side + x]!;
  }
  return fall;
}
