import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { apply } from '../../../engine/op.ts';
import { inputTensor, mul } from '../../../engine/ops/index.ts';
import { softmax, softmaxGradOp } from '../../../engine/ops/softmax.ts';
import { checkOp } from '../../support/checkOp.ts';

// 1, primes, multiples of four, both sides of a change of the number of lanes, more rows than workgroups.
const shapes = [[1], [3, 1], [5, 7], [2, 3, 8], [2, 97], [3, 92], [2, 2047], [2, 2048], [270, 5]];
for (const variant of ['subgroup', 'workgroup']) {
  for (const shape of shapes) {
    const name = `softmax [${shape.join(', ')}], ${variant}`;
    test(name, () => checkOp({ name, operands: [{ shape }], variant, apply: (x) => softmax(x) }));
  }
}

test('softmax along an inner axis', () => checkOp({
  name: 'softmax inner', operands: [{ shape: [3, 5, 4] }], apply: (x) => softmax(x, 1),
}));

test('large logits neither overflow nor vanish', () => checkOp({
  name: 'softmax large', operands: [{ shape: [2, 6] }], apply: (x) => softmax(mul(x, 400)), derivative: false,
}));

test('softmaxGrad', () => checkOp({
  name: 'softmaxGrad', operands: [{ shape: [3, 10] }, { shape: [3, 10] }], derivative: false,
  apply: (y, g) => apply(softmaxGradOp, [y, g], null),
}));

test('wrong operands are refused', () => {
  assert.throws(() => softmax(inputTensor('x', [2, 3], 'i32')), /softmax: x must be f32, found i32 \[2, 3\]/);
  assert.throws(() => softmax(inputTensor('x', [2, 3]), 2), /softmax: axis 2 must be an axis of f32 \[2, 3\]/);
});

test.run();
