import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { apply } from '../../../engine/op.ts';
import { inputTensor, upsample2d } from '../../../engine/ops/index.ts';
import { upsample2dGradOp } from '../../../engine/ops/upsample2d.ts';
import { checkOp } from '../../support/checkOp.ts';

const check = (name: string, shape: number[], factor: number): void => {
  test(name, () => checkOp({ name, operands: [{ shape }], apply: (x) => upsample2d(x, factor) }));
};

check('one pixel', [1, 1, 1, 1], 2);
check('odd sizes by two', [2, 3, 5, 7], 2);
check('by three', [1, 2, 4, 3], 3);
check('more than a workgroup', [3, 5, 9, 11], 2);

test('the gradient is an op of its own', () => checkOp({
  name: 'upsample2dGrad', operands: [{ shape: [2, 3, 6, 4] }],
  apply: (g) => apply(upsample2dGradOp, [g], { factor: 2 }),
}));

test('a factor of one changes nothing', () => {
  const x = inputTensor('x', [1, 2, 3, 4]);
  assert.is(upsample2d(x, 1), x);
});

test('what does not fit is refused', () => {
  assert.throws(() => upsample2d(inputTensor('x', [2, 3, 4])), /upsample2d: x must have 4 axes, found f32 \[2, 3, 4\]/);
  assert.throws(() => upsample2d(inputTensor('x', [1, 2, 3, 4]), 1.5), /factor must be a positive integer, found 1.5/);
  assert.throws(() => apply(upsample2dGradOp, [inputTensor('g', [1, 1, 3, 4])], { factor: 2 }),
    /upsample2dGrad: height and width must be multiples of 2, found f32 \[1, 1, 3, 4\]/);
});

test.run();
