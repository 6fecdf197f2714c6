import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { inputTensor, log, neg, sub } from '../../../engine/ops/index.ts';
import { oneHot, pick } from '../../../engine/ops/oneHot.ts';
import { checkOp } from '../../support/checkOp.ts';

for (const [shape, K] of [[[1], 1], [[7], 5], [[2, 3], 65]] as const) {
  test(`ids [${shape.join(', ')}] of ${K}`, () => checkOp({
    name: `oneHot ${shape} ${K}`,
    operands: [{ shape, dtype: 'i32', low: -1, high: K + 1 }],
    apply: (ids) => oneHot(ids, K),
  }));
  test(`pick [${shape.join(', ')}] of ${K}`, () => checkOp({
    name: `pick ${shape} ${K}`,
    operands: [{ shape: [...shape, K] }, { shape, dtype: 'i32', low: -1, high: K + 1 }],
    apply: pick,
  }));
}

test('what is not picked may be infinite', () => checkOp({
  name: 'pick beside infinity',
  operands: [
    { shape: [2, 3], values: [2, 1, 3, 4, 5, 1], differentiable: false }, { shape: [2], dtype: 'i32', values: [0, 1] },
  ],
  apply: (x, ids) => neg(pick(log(sub(x, 1)), ids)),
}));

test('wrong operands are refused', () => {
  assert.throws(() => oneHot(inputTensor('ids', [3]), 4), /oneHot: ids must be i32, found f32 \[3\]/);
  assert.throws(() => oneHot(inputTensor('ids', [3], 'i32'), 0), /oneHot: needs at least one class, found 0/);
  assert.throws(() => pick(inputTensor('x', [3, 4]), inputTensor('ids', [4], 'i32')), /pick: needs one id a row/);
});

test.run();
