/**
 * A token table for a prior that reads no generator's: cells are sinusoids of their row and column from half a period
 * over the image to one in three cells, so that both near and far cells can be told apart; rows that stand for a class
 * too, and `none`, have a random part besides.
 */
import type { RandomStream } from '../../engine/random.ts';
import type { LayoutVocabulary } from '../layoutTokens.ts';

/** Share of the width that belongs to the sinusoids. */
const sinusoidShare = 0.75;

/** Rows [K, width], flattened, of unit scale. */
export function ownTokenTable({ vocabularySize: K, classCount, gridSide: S, none }: LayoutVocabulary, width: number,
  random: RandomStream): Float32Array {
  const frequencies = Math.max(1, Math.floor((width * sinusoidShare) / 4));
  const periods = Array.from({ length: frequencies }, (_, i) =>
    0.5 * (S / 1.5) ** (frequencies === 1 ? 0 : i / (frequencies - 1)));
  const rows = new Float32Array(K * width);
  for (let row = 0; row < K; row++) {
    const own = rows.subarray(row * width, (row + 1) * width);
    if (row < S * S) {
      const [x, y] = [(row % S) / (S - 1), Math.floor(row / S) / (S - 1)];
      periods.forEach((w, i) => {
        const angles = [2 * Math.PI * w * x, 2 * Math.PI * w * y];
        own.set(angles.flatMap((a) => [Math.SQRT2 * Math.cos(a), Math.SQRT2 * Math.sin(a)]), 4 * i);
      });
    }
    if (row < classCount || row === none) {
      for (let d = 4 * frequencies; d < width; d++) own[d] = random.normal();
    }
  }
  return rows;
}
