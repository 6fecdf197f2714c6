/** A point of a curve; y is NaN where there is a gap. */
export type Point = readonly [x: number, y: number];

/**
 * The curve behind noisy points: at each, the mean of all weighted by exp(-|dx| / width). Two-sided, so that the curve
 * does not lag behind its points as a running average does. Gaps stay gaps and weigh nothing.
 * `points` ascend in x; `width` is in units of x.
 */
export function smoothSeries(points: readonly Point[], width: number): Point[] {
  const forward = oneSided(points, width);
  const backward = oneSided(points.toReversed(), width).reverse();
  return points.map(([x, y], i) => {
    if (!Number.isFinite(y)) return [x, NaN];
    // Both sides hold the point itself with weight 1.
    const sum = forward[i]!.sum + backward[i]!.sum - y;
    return [x, sum / (forward[i]!.weight + backward[i]!.weight - 1)];
  });
}

/** Weighted sums over each point and those before it. */
function oneSided(points: readonly Point[], width: number): { sum: number; weight: number }[] {
  let [sum, weight] = [0, 0];
  let previousX = points[0]?.[0] ?? 0;
  return points.map(([x, y]) => {
    const decay = Math.exp(-Math.abs(x - previousX) / width);
    previousX = x;
    const present = Number.isFinite(y);
    sum = sum * decay + (present ? y : 0);
    weight = weight * decay + (present ? 1 : 0);
    return { sum, weight };
  });
}
