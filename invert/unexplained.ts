/** Where a layout leaves a picture unexplained: boxes that an object may be missing from. */
import type { LayoutVocabulary } from '../models/layoutTokens.ts';
import type { Cells } from './moves.ts';

/**
 * Boxes with the most error in them beyond the mean of the picture: a box that is too large takes in places that are
 * explained, one that is too small leaves out places that are not. Each next one is found with the places of those
 * before it taken as explained.
 *
 *   errors  [side, side] at the places of the latent
 *   ->      at most `count` boxes
 */
export function unexplainedBoxes({ gridSide: S }: LayoutVocabulary, errors: Float64Array, count: number): Cells[] {
  const left = errors.slice();
  const side = Math.sqrt(errors.length);
  const boxes: Cells[] = [];
  while (boxes.length < count) {
    const box = worstBox(excessToCorners(left, S), S);
    if (box === null) break;
    boxes.push(box);
    const [x0, y0, x1, y1] = box.map((cell) => (cell / (S - 1)) * side);
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

/** The box that holds most, of sums from the top left to every corner [S, S]; null where none holds anything. */
function worstBox(sums: Float64Array, S: number): Cells | null {
  let most = 1e-9;
  let worst: Cells | null = null;
  for (let y0 = 0; y0 < S - 1; y0++) {
    for (let y1 = y0 + 1; y1 < S; y1++) {
      for (let x0 = 0; x0 < S - 1; x0++) {
        for (let x1 = x0 + 1; x1 < S; x1++) {
          const within = sums[y1 * S + x1]! - sums[y1 * S + x0]! - sums[y0 * S + x1]! + sums[y0 * S + x0]!;
          if (within <= most) continue;
          most = within;
          worst = [x0, y0, x1, y1];
        }
      }
    }
  }
  return worst;
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
