import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { inputTensor } from '../../../engine/ops/index.ts';
import { scatterAdd } from '../../../engine/ops/scatterAdd.ts';
import { checkOp } from '../../support/checkOp.ts';

for (const [M, D, K] of [[1, 1, 1], [13, 5, 7], [65, 8, 3], [64, 9, 64], [67, 65, 5], [129, 3, 200]] as const) {
  for (const variant of ['single', 'walkers']) {
    test(`${M} rows of ${D} into ${K}, ${variant}`, () => checkOp({
      name: `scatterAdd ${M} ${D} ${K}`,
      operands: [{ shape: [M, D] }, { shape: [M], dtype: 'i32', low: 0, high: K }],
      apply: (values, ids) => scatterAdd(values, ids, K),
      variant,
    }));
  }
}

test('ids outside the result are left out', () => checkOp({
  name: 'scatterAdd outside',
  operands: [{ shape: [6, 3] }, { shape: [6], dtype: 'i32', values: [4, -1, 1, 1, -2147483648, 2147483647] }],
  apply: (values, ids) => scatterAdd(values, ids, 4),
}));

test('wrong operands are refused', () => {
  const ids = inputTensor('ids', [3], 'i32');
  assert.throws(() => scatterAdd(inputTensor('x', [2, 4]), ids, 5),
    /scatterAdd: needs one id a row, found values f32 \[2, 4\] and ids i32 \[3\]/);
  assert.throws(() => scatterAdd(inputTensor('x', [3]), ids, 5), /scatterAdd: values must have 2 axes/);
  assert.throws(() => scatterAdd(inputTensor('x', [3, 4]), ids, 0), /scatterAdd: the result must have at least one/);
});

test.run();
