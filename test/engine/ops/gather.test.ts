import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { gather } from '../../../engine/ops/gather.ts';
import { add, cast, inputTensor, reshape } from '../../../engine/ops/index.ts';
import { checkOp } from '../../support/checkOp.ts';

for (const [K, D, M] of [[1, 1, 1], [7, 5, 13], [65, 8, 3], [3, 65, 64], [300, 9, 7]] as const) {
  test(`table [${K}, ${D}], ${M} ids`, () => checkOp({
    name: `gather ${K} ${D} ${M}`,
    operands: [{ shape: [K, D] }, { shape: [M], dtype: 'i32', low: 0, high: K }],
    apply: gather,
  }));
}

test('ids outside the table take zeros and give no gradient', () => checkOp({
  name: 'gather outside',
  operands: [{ shape: [3, 4] }, { shape: [5], dtype: 'i32', values: [-1, 2, 3, 2, -2147483648] }],
  apply: gather,
}));

test('a table of numbers, ids in two axes', () => checkOp({
  name: 'gather numbers',
  operands: [{ shape: [11] }, { shape: [3, 5], dtype: 'i32', low: 0, high: 11 }],
  apply: (table, ids) => add(gather(table, ids), 1),
}));

test('rows that are blocks', () => checkOp({
  name: 'gather blocks',
  operands: [{ shape: [5, 2, 3] }, { shape: [2, 2], dtype: 'i32', low: 0, high: 5 }],
  apply: gather,
}));

test('integers', () => checkOp({
  name: 'gather integers',
  operands: [{ shape: [5, 2], dtype: 'i32', low: -1e9, high: 1e9 }, { shape: [7], dtype: 'i32', low: 0, high: 5 }],
  apply: (table, ids) => reshape(gather(table, ids), [2, 7]),
}));

test('wrong operands are refused', () => {
  const table = inputTensor('table', [3, 4]);
  assert.throws(() => gather(table, inputTensor('ids', [2])), /gather: ids must be i32, found f32 \[2\]/);
  assert.throws(() => gather(inputTensor('one', []), cast(table, 'i32')), /gather: table must have rows/);
});

test.run();
