import { check } from '../../engine/errors.ts';

/**
 * Fixed positions of the tokens of a grid [DiT; Vaswani et al. 2017 in two dimensions].
 *
 *   side   tokens along each axis
 *   width  D, a multiple of 4: the first half tells the column, the second the row; in each sines come before cosines
 *   ->     [side * side, D], row by row
 */
export function gridPositions(side: number, width: number): Float32Array {
  check(width % 4 === 0, () => `grid positions: the width must be a multiple of 4, found ${width}`);
  const frequencies = width / 4;
  const values = new Float32Array(side * side * width);
  for (let token = 0; token < side * side; token++) {
    [token % side, Math.floor(token / side)].forEach((place, axis) => {
      const start = token * width + 2 * axis * frequencies;
      for (let i = 0; i < frequencies; i++) {
        const angle = place * 10000 ** (-i / frequencies);
        values[start + i] = Math.sin(angle);
        values[start + frequencies + i] = Math.cos(angle);
      }
    });
  }
  return values;
}
