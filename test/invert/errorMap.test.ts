// Boxes by the errors in them, against errors whose boxes are known.
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { ErrorMap } from '../../invert/errorMap.ts';

/** Errors on [side, side] places: `ground`, and more in boxes of x0, y0, x1, y1 places. */
function errorsWith(side: number, ground: number,
  ...boxes: readonly (readonly [number, number, number, number, number])[]): Float64Array {
  return Float64Array.from({ length: side * side }, (_, i) => {
    const [x, y] = [i % side, Math.floor(i / side)];
    return ground + boxes.reduce((sum, [x0, y0, x1, y1, more]) =>
      sum + (x >= x0 && x < x1 && y >= y0 && y < y1 ? more : 0), 0);
  });
}

// 9 x 9 corners: on 16 x 16 places a cell is two of them.
const unexplained = (errors: Float64Array, count: number): unknown => new ErrorMap(errors, 9).unexplained(count);

test('the box of the errors, the worst first', () => {
  assert.equal(unexplained(errorsWith(16, 0.1, [2, 4, 8, 14, 1]), 1), [[1, 2, 4, 7]]);
  const two = errorsWith(16, 0.1, [0, 0, 6, 6, 1], [10, 8, 16, 16, 2]);
  assert.equal(unexplained(two, 3), [[5, 4, 8, 8], [0, 0, 3, 3]], 'and then nothing is left');
  assert.equal(unexplained(two, 1), [[5, 4, 8, 8]]);
  assert.equal(unexplained(errorsWith(16, 0.1), 4), [], 'all is explained alike');
});

test('corners of the grid lie between places too', () => {
  // A cell is 5 / 8 places: the box 0 .. 5 / 2 of a picture of 5 places.
  assert.equal(unexplained(errorsWith(5, 0.1, [0, 0, 2, 5, 1]), 1), [[0, 0, 3, 8]]);
});

test('what a box explains: the part with little error', () => {
  const map = new ErrorMap(errorsWith(16, 1, [2, 4, 8, 14, -0.9]), 9);
  assert.equal(map.explainedPart([0, 0, 8, 8]), [1, 2, 4, 7]);
  assert.equal(map.explainedPart([2, 3, 4, 8]), [2, 3, 4, 7], 'within the box alone');
  assert.is(map.explainedPart([5, 0, 8, 8]), null, 'nothing there');
});

test('two parts of a box that explain most, across either side', () => {
  // Side by side, one higher than the other.
  const map = new ErrorMap(errorsWith(16, 1, [0, 0, 4, 6, -0.9], [6, 2, 14, 16, -0.9]), 9);
  const [besides] = map.explainedParts([0, 0, 7, 8]);
  assert.equal(besides, [[0, 0, 2, 3], [3, 1, 7, 8]]);
  assert.equal(map.explainedParts([3, 0, 8, 1]), [], 'nothing there to be parted');
});

test.run();
