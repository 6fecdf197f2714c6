import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { interpret } from '../../../engine/interpret.ts';
import { inputTensor } from '../../../engine/ops/index.ts';
import { rowDistances } from '../../../engine/ops/rowDistances.ts';
import { checkOp } from '../../support/checkOp.ts';

// Both sides of a tile of 32 rows and of 16 columns.
for (const [M, K, D] of [[1, 1, 1], [3, 5, 7], [31, 33, 15], [32, 65, 17], [70, 3, 16]] as const) {
  for (const metric of ['l2', 'cosine'] as const) {
    test(`${metric} of [${M}, ${D}] and [${K}, ${D}]`, () => checkOp({
      name: `rowDistances ${metric} ${M} ${K} ${D}`,
      operands: [{ shape: [M, D] }, { shape: [K, D] }],
      apply: (x, table) => rowDistances(x, table, metric),
    }));
  }
}

test('cosine is 1 - cos of the angle', () => {
  const [y] = interpret([rowDistances(inputTensor('x', [2, 2]), inputTensor('table', [3, 2]), 'cosine')],
    { x: [3, 0, 1, 1], table: [0, 5, -2, 0, 7, 0] });
  const half = 1 - Math.SQRT1_2;
  [1, 2, 0, half, 2 - half, half].forEach((expected, i) => assert.ok(Math.abs(y![i]! - expected) < 1e-12));
});

test('near rows keep their digits', () => checkOp({
  // The expanded form would compute differences of 1e-4 from numbers near 1e6.
  name: 'rowDistances near',
  operands: [{ shape: [4, 64], low: 100, high: 100.01, differentiable: false },
    { shape: [5, 64], low: 125, high: 125.03, differentiable: false }],
  apply: (x, table) => rowDistances(x, table, 'l2'),
}));

test('wrong operands are refused', () => {
  const x = inputTensor('x', [3, 4]);
  assert.throws(() => rowDistances(x, inputTensor('table', [3, 5]), 'l2'),
    /rowDistances: rows must have one width, found x f32 \[3, 4\] and table f32 \[3, 5\]/);
  assert.throws(() => rowDistances(x, inputTensor('table', [4]), 'l2'), /rowDistances: table must have 2 axes/);
});

test.run();
