// Boxes with the most error, against errors whose boxes are known.
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { unexplainedBoxes } from '../../invert/unexplained.ts';
import { layoutVocabulary } from '../../models/layoutTokens.ts';

// 9 x 9 corners: on 16 x 16 places a cell is two of them.
const vocabulary = layoutVocabulary({ vocabularySize: 82, classCount: 3, maxObjects: 2, encodeCrop: false });

/** Errors on [side, side] places: `low`, and more in boxes of x0, y0, x1, y1 places. */
function errorsWith(side: number, ...boxes: readonly (readonly [number, number, number, number, number])[]): Float64Array {
  return Float64Array.from({ length: side * side }, (_, i) => {
    const [x, y] = [i % side, Math.floor(i / side)];
    return 0.1 + boxes.reduce((sum, [x0, y0, x1, y1, more]) =>
      sum + (x >= x0 && x < x1 && y >= y0 && y < y1 ? more : 0), 0);
  });
}

test('the box of the errors, the worst first', () => {
  assert.equal(unexplainedBoxes(vocabulary, errorsWith(16, [2, 4, 8, 14, 1]), 1), [[1, 2, 4, 7]]);
  const two = errorsWith(16, [0, 0, 6, 6, 1], [10, 8, 16, 16, 2]);
  assert.equal(unexplainedBoxes(vocabulary, two, 3), [[5, 4, 8, 8], [0, 0, 3, 3]], 'and then nothing is left');
});

test('as many as are asked for; none where all is explained alike', () => {
  assert.equal(unexplainedBoxes(vocabulary, errorsWith(16, [0, 0, 6, 6, 1], [10, 8, 16, 16, 2]), 1), [[5, 4, 8, 8]]);
  assert.equal(unexplainedBoxes(vocabulary, errorsWith(16), 4), []);
});

test('corners of the grid lie between places too', () => {
  // A cell is 5 / 8 places: the box 0 .. 5 / 2 of a picture of 5 places.
  assert.equal(unexplainedBoxes(vocabulary, errorsWith(5, [0, 0, 2, 5, 1]), 1), [[0, 0, 3, 8]]);
});

test.run();
