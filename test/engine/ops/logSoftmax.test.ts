import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { apply } from '../../../engine/op.ts';
import { inputTensor, mul } from '../../../engine/ops/index.ts';
import { logSoftmax, logSoftmaxGradOp } from '../../../engine/ops/logSoftmax.ts';
import { checkOp } from '../../support/checkOp.ts';

for (const variant of ['subgroup', 'workgroup']) {
  for (const shape of [[1], [3, 1], [5, 7], [2, 3, 8], [3, 92], [2, 2047], [2, 2048]]) {
    const name = `logSoftmax [${shape.join(', ')}], ${variant}`;
    test(name, () => checkOp({ name, operands: [{ shape }], variant, apply: (x) => logSoftmax(x) }));
  }
}

test('logSoftmax along the first axis', () => checkOp({
  name: 'logSoftmax first', operands: [{ shape: [3, 5] }], apply: (x) => logSoftmax(x, 0),
}));

test('large logits do not overflow', () => checkOp({
  name: 'logSoftmax large', operands: [{ shape: [2, 6] }], apply: (x) => logSoftmax(mul(x, 400)), derivative: false,
}));

test('logSoftmaxGrad', () => checkOp({
  name: 'logSoftmaxGrad', operands: [{ shape: [3, 10] }, { shape: [3, 10] }], derivative: false,
  apply: (y, g) => apply(logSoftmaxGradOp, [y, g], null),
}));

test('wrong operands are refused', () => {
  assert.throws(() => logSoftmax(inputTensor('x', [2], 'u32')), /logSoftmax: x must be f32, found u32 \[2\]/);
});

test.run();
