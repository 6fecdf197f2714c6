import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { smoothSeries, type Point } from '../../../evaluate/report/smoothSeries.ts';
import { thinSeries } from '../../../evaluate/report/thinSeries.ts';

/** The definition: a weighted mean over all points, for each of them. */
function slowSmooth(points: readonly Point[], width: number): Point[] {
  return points.map(([x, y]) => {
    if (!Number.isFinite(y)) return [x, NaN];
    let [sum, weights] = [0, 0];
    for (const [otherX, otherY] of points) {
      if (!Number.isFinite(otherY)) continue;
      const weight = Math.exp(-Math.abs(x - otherX) / width);
      sum += weight * otherY;
      weights += weight;
    }
    return [x, sum / weights];
  });
}

test('smoothing is the weighted mean, with gaps and uneven steps', () => {
  const points: Point[] = [[0, 3], [1, 5], [1.5, NaN], [4, -2], [9, 0.5], [9.1, 8], [30, 1]];
  const expected = slowSmooth(points, 2.5);
  smoothSeries(points, 2.5).forEach(([x, y], i) => {
    assert.is(x, expected[i]![0]);
    if (Number.isNaN(expected[i]![1])) assert.ok(Number.isNaN(y));
    else assert.ok(Math.abs(y - expected[i]![1]) < 1e-12, `${i}: ${y}, expected ${expected[i]![1]}`);
  });
  assert.equal(smoothSeries([], 1), []);
});

test('thinning keeps the ends, the extremes and the gaps of every stretch', () => {
  const points: Point[] = Array.from({ length: 10_000 }, (_, i) => [i, Math.sin(i / 40) + (i % 7) * 0.01]);
  points[4321] = [4321, 99];
  points[5678] = [5678, NaN];
  const thin = thinSeries(points, 100);
  assert.ok(thin.length <= 5 * 100, `${thin.length} points`);
  assert.equal([thin[0], thin.at(-1)], [points[0], points.at(-1)]);
  assert.ok(thin.some(([, y]) => y === 99));
  assert.ok(thin.some(([x, y]) => x === 5678 && Number.isNaN(y)));
  assert.ok(thin.every(([x], i) => i === 0 || x > thin[i - 1]![0]));
  for (let column = 0; column < 100; column++) {
    const inColumn = (all: readonly Point[]) => all.filter(([x]) => Math.floor((x / 9999) * 100) === column)
      .map(([, y]) => y).filter(Number.isFinite);
    assert.is(Math.min(...inColumn(thin)), Math.min(...inColumn(points)));
    assert.is(Math.max(...inColumn(thin)), Math.max(...inColumn(points)));
  }
});

test('a stretch that starts with a gap still keeps its extremes', () => {
  const points: Point[] = [[0, NaN], ...Array.from({ length: 50 }, (_, i): Point => [i + 1, i === 20 ? -5 : i])];
  assert.equal(thinSeries(points, 1).map(([x]) => x), [0, 21, 50]);
});

test('few points are left alone', () => {
  const points: Point[] = [[0, 1], [1, NaN], [2, 3]];
  assert.is(thinSeries(points, 400), points);
});

test.run();
