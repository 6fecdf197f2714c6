import type { Point } from './smoothSeries.ts';

/**
 * At most about four points for each of `columns` equal stretches of x: the first, lowest, highest and last of each,
 * which draw the same line as all of them when a column is one pixel wide. One gap in a stretch is kept as a gap.
 * `points` ascend in x; few points are returned as they are.
 */
export function thinSeries(points: readonly Point[], columns: number): readonly Point[] {
  if (points.length <= 4 * columns) return points;
  const start = points[0]![0];
  const span = points.at(-1)![0] - start || 1;
  const kept: Point[] = [];
  for (let from = 0, to = 0; from < points.length; from = to) {
    const column = columnOf(points[from]!);
    while (to < points.length && columnOf(points[to]!) === column) to++;
    kept.push(...landmarks(points, from, to));
  }
  return kept;

  function columnOf([x]: Point): number {
    return Math.min(columns - 1, Math.floor(((x - start) / span) * columns));
  }
}

/** First, lowest, highest, last and one gap of points[from .. to), in their order and without repeats. */
function landmarks(points: readonly Point[], from: number, to: number): Point[] {
  let [lowest, highest, gap] = [from, from, -1];
  for (let i = from; i < to; i++) {
    const y = points[i]![1];
    if (!Number.isFinite(y)) gap = i;
    // Negated so that a finite value also replaces a NaN.
    if (!(y >= points[lowest]![1])) lowest = Number.isFinite(y) ? i : lowest;
    if (!(y <= points[highest]![1])) highest = Number.isFinite(y) ? i : highest;
  }
  const wanted = new Set([from, lowest, highest, gap, to - 1]);
  wanted.delete(-1);
  return [...wanted].sort((a, b) => a - b).map((i) => points[i]!);
}
