import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { inputTensor, mul } from '../../../engine/ops/index.ts';
import { softCrossEntropy } from '../../../engine/ops/softCrossEntropy.ts';
import { softmax } from '../../../engine/ops/softmax.ts';
import { checkOp } from '../../support/checkOp.ts';

for (const variant of ['subgroup', 'workgroup']) {
  for (const shape of [[1], [3, 1], [5, 7], [2, 3, 8], [3, 92], [2, 2047], [2, 2048]]) {
    const name = `softCrossEntropy [${shape.join(', ')}], ${variant}`;
    test(`${name}, weights that add up to anything`, () => checkOp({
      name, operands: [{ shape }, { shape }], variant, apply: (x, p) => softCrossEntropy(x, p),
    }));
  }
}

test('of probabilities that follow the same scores', () => checkOp({
  name: 'softCrossEntropy of softmax', operands: [{ shape: [3, 9] }, { shape: [3, 9] }],
  apply: (x, other) => softCrossEntropy(mul(x, 3), softmax(other)),
}));

test('wrong operands are refused', () => {
  const x = inputTensor('x', [2, 3]);
  assert.throws(() => softCrossEntropy(x, inputTensor('p', [2, 4])),
    /softCrossEntropy: logits and probs must have one shape, found f32 \[2, 3\] and f32 \[2, 4\]/);
  assert.throws(() => softCrossEntropy(x, inputTensor('p', [2, 3], 'i32')),
    /softCrossEntropy: probs must be f32, found i32 \[2, 3\]/);
});

test.run();
