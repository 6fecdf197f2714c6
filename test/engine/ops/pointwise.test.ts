import { test } from 'uvu';
import * as assert from 'uvu/assert';
import * as ops from '../../../engine/ops/index.ts';
import { inputTensor } from '../../../engine/ops/index.ts';
import type { Tensor } from '../../../engine/tensor.ts';
import { checkOp, type OperandSpec } from '../../support/checkOp.ts';

const unary: [string, (x: Tensor) => Tensor, Partial<OperandSpec>?][] = [
  ['neg', ops.neg], ['abs', ops.abs], ['sign', ops.sign], ['floor', ops.floor],
  ['exp', ops.exp], ['log', ops.log, { low: 0.1, high: 3 }], ['sqrt', ops.sqrt, { low: 0.1, high: 3 }],
  ['sin', ops.sin], ['cos', ops.cos], ['tanh', ops.tanh], ['sigmoid', ops.sigmoid], ['softplus', ops.softplus],
  ['erf', ops.erf], ['relu', ops.relu], ['silu', ops.silu], ['gelu', ops.gelu], ['geluTanh', ops.geluTanh],
  ['leakyRelu', (x) => ops.leakyRelu(x, 0.2)], ['clamp', (x) => ops.clamp(x, -0.7, 0.9)], ['square', ops.square],
  ['negative base', (x) => ops.pow(x, 3), { low: -2, high: -0.5 }],
];

const binary: [string, (a: Tensor, b: Tensor) => Tensor, Partial<OperandSpec>?][] = [
  ['add', ops.add], ['sub', ops.sub], ['mul', ops.mul], ['div', ops.div, { low: 0.5, high: 2 }],
  ['pow', ops.pow, { low: 0.5, high: 2 }], ['minimum', ops.minimum], ['maximum', ops.maximum],
];

// One element, a prime, and one past a vector of four.
const shapes = [[1], [13], [3, 5, 13]];

for (const [name, apply, range] of unary) {
  test(name, () => checkOp({ name, operands: [{ shape: [3, 7], ...range }], apply }));
}

for (const [name, apply, range] of binary) {
  test(name, () => checkOp({ name, operands: [{ shape: [3, 7], ...range }, { shape: [3, 7], ...range }], apply }));
}

for (const shape of shapes) {
  test(`silu [${shape}]`, () => checkOp({ name: `silu ${shape}`, operands: [{ shape }], apply: ops.silu }));
}

test('broadcasts over every pattern of axes', async () => {
  const patterns: [number[], number[]][] = [
    [[2, 3, 4, 8], [3, 1, 1]], [[2, 3, 4, 8], [2, 3, 1, 1]], [[2, 3, 4, 8], [8]], [[2, 3, 4, 8], [4, 1]],
    [[5, 1, 7], [1, 6, 1]], [[3], []], [[1, 1], [4, 12]], [[70000, 3], [3]],
  ];
  for (const [a, b] of patterns) {
    const big = a.reduce((x, y) => x * y, 1) > 10000;
    await checkOp({
      name: `add [${a}] [${b}]`, operands: [{ shape: a }, { shape: b }], derivative: !big,
      apply: (x, y) => ops.mul(ops.add(x, y), y),
    });
  }
});

test('comparisons, where, straightThrough and casts', async () => {
  const pair = [{ shape: [3, 5] }, { shape: [3, 5] }];
  await checkOp({
    name: 'where', operands: pair, apply: (a, b) => ops.where(ops.less(a, b), ops.mul(a, b), ops.sin(b)),
  });
  await checkOp({ name: 'equal', operands: pair, apply: (a, b) => ops.add(ops.equal(a, ops.minimum(a, b)), b) });
  await checkOp({
    name: 'stop', operands: pair, derivative: false,
    apply: (a, b) => ops.straightThrough(ops.stopGradient(a), b),
  });
  await checkOp({
    name: 'cast', operands: [{ shape: [17], low: -5, high: 5 }], derivative: false,
    apply: (x) => ops.cast(ops.cast(x, 'i32'), 'f32'),
  });
  await checkOp({
    name: 'integers', operands: [{ shape: [17], dtype: 'i32', low: -5, high: 5 }],
    apply: (x) => ops.add(ops.mul(x, 3), -7),
  });
});

test('constants that JSON cannot tell apart stay apart', () => checkOp({
  name: 'infinities', operands: [{ shape: [5] }],
  apply: (x) => ops.add(ops.minimum(x, Infinity), ops.minimum(ops.maximum(x, -Infinity), 3)),
}));

test('operands that do not fit are refused by name and shape', () => {
  const x = inputTensor('x', [2, 3]);
  assert.throws(() => ops.add(x, inputTensor('y', [2, 4])),
    /broadcast: \[2, 3\] and \[2, 4\] differ on axis 1 \(3 and 4\)/);
  assert.throws(() => ops.add(x, inputTensor('y', [2, 3], 'i32')), /add: operands must have one element type/);
  assert.throws(() => ops.exp(inputTensor('y', [2], 'i32')), /exp: operands must be f32 or f16, found i32 \[2\]/);
});

test.run();
