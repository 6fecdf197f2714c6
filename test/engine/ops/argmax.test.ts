import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { argmax } from '../../../engine/ops/argmax.ts';
import { inputTensor } from '../../../engine/ops/index.ts';
import { checkOp } from '../../support/checkOp.ts';

// Both sides of the sizes at which the number of lanes changes.
for (const shape of [[1], [7], [5, 1], [3, 31], [3, 32], [2, 3, 65], [2, 1023], [2, 1025]]) {
  for (const variant of ['narrow', 'wide']) {
    test(`argmax of [${shape.join(', ')}], ${variant}`, () =>
      checkOp({ name: `argmax ${shape}`, operands: [{ shape }], apply: argmax, variant }));
  }
}

test('the first of equal values', () => checkOp({
  name: 'argmax ties',
  operands: [{ shape: [3, 33], values: Array.from({ length: 99 }, (_, i) => ((i % 33) % 10 === 3 ? 1 : -1)) }],
  apply: argmax,
}));

test('a scalar is refused', () => {
  assert.throws(() => argmax(inputTensor('x', [])), /argmax: x must have an axis to look along, found f32 \[\]/);
  assert.throws(() => argmax(inputTensor('x', [3], 'i32')), /argmax: x must be f32/);
});

test.run();
