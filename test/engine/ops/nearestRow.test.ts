import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { inputTensor } from '../../../engine/ops/index.ts';
import { nearestRow, nearestRowOp } from '../../../engine/ops/nearestRow.ts';
import { RandomStream } from '../../../engine/random.ts';
import { checkOp } from '../../support/checkOp.ts';
import { testDevice } from '../../support/gpu.ts';

for (const [M, K, D] of [[1, 1, 1], [5, 7, 3], [33, 65, 17], [6, 1030, 8]] as const) {
  for (const metric of ['l2', 'cosine'] as const) {
    test(`${metric} of [${M}, ${D}] in [${K}, ${D}]`, () => checkOp({
      name: `nearestRow ${metric} ${M} ${K} ${D}`,
      operands: [{ shape: [M, D] }, { shape: [K, D] }],
      apply: (x, table) => nearestRow(x, table, metric),
      variant: metric === 'l2' ? 'narrow' : 'wide',
    }));
  }
}

const stream = new RandomStream(1, 'mask');
const mask = (S: number, K: number): number[] => Array.from({ length: S * K }, () => Number(stream.chance(0.3)));

for (const variant of ['narrow', 'wide']) {
  test(`a mask for each row, ${variant}`, () => checkOp({
    name: 'nearestRow mask',
    operands: [
      { shape: [12, 5] }, { shape: [40, 5] }, { shape: [12, 40], values: mask(12, 40), differentiable: false },
    ],
    apply: (x, table, allowed) => nearestRow(x, table, 'l2', allowed),
    variant,
  }));
}

test('a mask for each slot of every sequence', () => checkOp({
  name: 'nearestRow slots',
  operands: [{ shape: [12, 5] }, { shape: [40, 5] }, { shape: [3, 40], values: mask(3, 40), differentiable: false }],
  apply: (x, table, allowed) => nearestRow(x, table, 'cosine', allowed),
}));

test('the first of equals, and -1 where nothing is allowed', () => checkOp({
  name: 'nearestRow ties',
  operands: [
    { shape: [3, 1], values: [0, 0, 0], differentiable: false },
    { shape: [4, 1], values: [5, -2, 2, -2], differentiable: false },
    { shape: [3, 4], values: [1, 1, 1, 1, 0, 0, 1, 1, 0, 0, 0, 0], differentiable: false },
  ],
  apply: (x, table, allowed) => nearestRow(x, table, 'l2', allowed),
}));

test('rows that do not fit the scratch memory are done in turns', async () => {
  const [M, K, D] = [2100, 8000, 2];
  await checkOp({
    name: 'nearestRow turns', operands: [{ shape: [M, D] }, { shape: [K, D], low: -1, high: 1 }],
    apply: (x, table) => nearestRow(x, table, 'l2'),
  });
  const { capabilities } = await testDevice();
  const types = [{ shape: [M, D], dtype: 'f32' }, { shape: [K, D], dtype: 'f32' }] as const;
  assert.is(nearestRowOp.variants(types, { shape: [M], dtype: 'i32' }, null, capabilities)[0]!.calls.length, 4);
});

test('wrong operands are refused', () => {
  const x = inputTensor('x', [6, 4]);
  const table = inputTensor('table', [9, 4]);
  assert.throws(() => nearestRow(x, inputTensor('t', [9, 5]), 'l2'), /nearestRow: rows must have one width/);
  assert.throws(() => nearestRow(x, table, 'l2', inputTensor('m', [4, 9])),
    /nearestRow: mask must be \[S, K\] with S dividing the rows of x, found mask f32 \[4, 9\]/);
});

test.run();
