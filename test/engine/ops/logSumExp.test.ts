import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { inputTensor, mul } from '../../../engine/ops/index.ts';
import { logSumExp } from '../../../engine/ops/logSumExp.ts';
import { checkOp } from '../../support/checkOp.ts';

for (const variant of ['subgroup', 'workgroup']) {
  for (const shape of [[1], [3, 1], [5, 7], [2, 3, 8], [3, 92], [300, 5], [2, 2047], [2, 2048]]) {
    const name = `logSumExp [${shape.join(', ')}], ${variant}`;
    test(name, () => checkOp({ name, operands: [{ shape }], variant, apply: (x) => logSumExp(x) }));
  }
}

test('large values do not overflow', () => checkOp({
  name: 'logSumExp large', operands: [{ shape: [2, 6] }], apply: (x) => logSumExp(mul(x, 400)), derivative: false,
}));

test('wrong operands are refused', () => {
  assert.throws(() => logSumExp(inputTensor('x', [2], 'u32')), /logSumExp: x must be f32, found u32 \[2\]/);
  assert.throws(() => logSumExp(inputTensor('x', [])), /logSumExp: x must have at least one axis/);
});

test.run();
