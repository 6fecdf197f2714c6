/** Layouts one move away: what is left for a discrete search when the gradient has come close. */
import { tripleFault, type LayoutVocabulary } from '../models/layoutTokens.ts';

/** Shifts of (x0, y0, x1, y1) by one cell: every edge alone, and the whole box. */
const shifts: readonly (readonly [number, number, number, number])[] = [
  [1, 0, 0, 0], [-1, 0, 0, 0], [0, 1, 0, 0], [0, -1, 0, 0], [0, 0, 1, 0], [0, 0, -1, 0], [0, 0, 0, 1], [0, 0, 0, -1],
  [1, 0, 1, 0], [-1, 0, -1, 0], [0, 1, 0, 1], [0, -1, 0, -1],
];

/** Objects first, in their order, then none: as layouts are written in training. */
export function compactLayout(vocabulary: LayoutVocabulary, tokens: Int32Array): Int32Array {
  const { maxObjects: N, none } = vocabulary;
  const result = tokens.slice();
  result.fill(none, 0, 3 * N);
  let next = 0;
  for (let n = 0; n < N; n++) {
    if (tripleFault(vocabulary, tokens, n) === null) result.set(tokens.subarray(3 * n, 3 * n + 3), 3 * next++);
  }
  return result;
}

/** The layout without the object in slot n. */
export function withoutObject(vocabulary: LayoutVocabulary, tokens: Int32Array, n: number): Int32Array {
  const rest = tokens.slice();
  rest.fill(vocabulary.none, 3 * n, 3 * n + 3);
  return compactLayout(vocabulary, rest);
}

/** All neighbours of a compact layout: an object moved or resized by a cell, of another class, or dropped. */
export function neighbours(vocabulary: LayoutVocabulary, tokens: Int32Array): Int32Array[] {
  const { maxObjects: N, classCount, gridSide: S } = vocabulary;
  const found: Int32Array[] = [];
  for (let n = 0; n < N; n++) {
    if (tripleFault(vocabulary, tokens, n) !== null) continue;
    const [kind, topLeft, bottomRight] = tokens.subarray(3 * n, 3 * n + 3) as unknown as [number, number, number];
    const put = (triple: readonly number[]): void => {
      const next = tokens.slice();
      next.set(triple, 3 * n);
      found.push(next);
    };
    const box = [topLeft % S, Math.floor(topLeft / S), bottomRight % S, Math.floor(bottomRight / S)];
    for (const shift of shifts) {
      const [x0, y0, x1, y1] = box.map((at, i) => at + shift[i]!) as [number, number, number, number];
      if (Math.min(x0, y0) >= 0 && Math.max(x1, y1) < S && x1 > x0 && y1 > y0) put([kind, y0 * S + x0, y1 * S + x1]);
    }
    for (let other = 0; other < classCount; other++) if (other !== kind) put([other, topLeft, bottomRight]);
    found.push(withoutObject(vocabulary, tokens, n));
  }
  return found;
}
