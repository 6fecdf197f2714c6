import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { apply } from '../../../engine/op.ts';
import { conv2dGradWeightOp, conv2dGradXOp, conv2dOp, type Conv2dOptions } from '../../../engine/ops/conv2d.ts';
import { conv2d, inputTensor } from '../../../engine/ops/index.ts';
import type { Precision } from '../../../engine/precision.ts';
import { checkOp } from '../../support/checkOp.ts';

const variants = ['subgroup', 'tiled'];

function check(name: string, x: number[], weight: number[], options: Conv2dOptions, derivative = true,
  precision: Precision = 'f32'): void {
  for (const variant of variants) {
    const title = `${name}, ${variant}`;
    test(title, () => checkOp({
      name: title, variant, derivative, precision, operands: [{ shape: x }, { shape: weight }],
      apply: (a, w) => conv2d(a, w, null, options),
    }));
  }
}

check('one pixel, 3x3', [1, 1, 1, 1], [1, 1, 3, 3], { padding: 1 });
check('3x3', [2, 3, 5, 7], [4, 3, 3, 3], { padding: 1 });
check('3x3, whole vectors', [2, 2, 8, 8], [9, 2, 3, 3], { padding: 1 });
check('3x3, wide', [1, 2, 4, 37], [3, 2, 3, 3], { padding: 1 });
check('3x3 without padding', [1, 2, 6, 5], [2, 2, 3, 3], {});
check('3x3, stride 2', [2, 3, 8, 8], [5, 3, 3, 3], { stride: 2, padding: 1 });
check('3x3, stride 2, odd', [1, 2, 7, 9], [3, 2, 3, 3], { stride: 2, padding: 1 });
check('3x3, stride 2, padded below and right', [1, 2, 8, 6], [3, 2, 3, 3], { stride: 2, padding: [0, 0, 1, 1] });
check('1x1', [2, 5, 3, 3], [4, 5, 1, 1], {});
check('1x1, stride 2', [2, 3, 5, 5], [4, 3, 1, 1], { stride: 2 });
check('1x1, padded', [1, 2, 3, 3], [2, 2, 1, 1], { padding: 1 });
check('4x4, stride 2', [1, 2, 8, 10], [3, 2, 4, 4], { stride: 2, padding: 1 });
check('2x5, stride 3', [1, 2, 9, 11], [3, 2, 2, 5], { stride: 3, padding: [2, 1, 0, 3] });
check('one pixel, stride 2', [2, 1, 1, 1], [2, 1, 3, 3], { stride: 2, padding: 1 });
check('one row, stride 2', [2, 2, 1, 6], [2, 2, 1, 3], { stride: 2, padding: [0, 1, 0, 1] });
check('five taps a row', [1, 2, 3, 9], [2, 2, 3, 5], { padding: [1, 2, 1, 2] });
check('8 channels', [1, 8, 4, 4], [8, 8, 3, 3], { padding: 1 }, false);
check('9 channels', [1, 9, 4, 4], [9, 9, 3, 3], { padding: 1 }, false);
check('more than one tile', [3, 9, 9, 10], [17, 9, 3, 3], { padding: 1 }, false);
check('odd wide image', [1, 1, 3, 41], [1, 1, 3, 3], { padding: 1 }, false);
check('halves, 3x3', [2, 3, 5, 7], [4, 3, 3, 3], { padding: 1 }, true, 'f16');
check('halves, 3x3, stride 2, odd', [1, 2, 7, 9], [3, 2, 3, 3], { stride: 2, padding: 1 }, true, 'f16');
check('halves, 1x1', [2, 5, 3, 3], [4, 5, 1, 1], {}, true, 'f16');
check('halves, 2x5, stride 3', [1, 2, 9, 11], [3, 2, 2, 5], { stride: 3, padding: [2, 1, 0, 3] }, true, 'f16');
check('halves, more than one tile', [3, 9, 9, 10], [17, 9, 3, 3], { padding: 1 }, false, 'f16');

test('bias', () => checkOp({
  name: 'bias', operands: [{ shape: [2, 3, 4, 5] }, { shape: [4, 3, 3, 3] }, { shape: [4] }],
  apply: (x, w, b) => conv2d(x, w, b, { padding: 1 }),
}));

for (const variant of variants) {
  const attrs = { stride: 2, padding: [1, 0, 1, 1] } as const;
  test(`gradients are ops of their own, ${variant}`, async () => {
    await checkOp({
      name: 'conv2dGradX', variant, operands: [{ shape: [2, 3, 4, 4] }, { shape: [3, 2, 3, 3] }],
      apply: (g, w) => apply(conv2dGradXOp, [g, w], { ...attrs, size: [7, 8] }),
    });
    await checkOp({
      name: 'conv2dGradWeight', variant, operands: [{ shape: [2, 3, 7, 8] }, { shape: [2, 2, 4, 4] }],
      apply: (x, g) => apply(conv2dGradWeightOp, [x, g], { ...attrs, kernel: [3, 3] }),
    });
    await checkOp({
      name: 'conv2dGradWeight of many channels', variant, derivative: false,
      operands: [{ shape: [3, 9, 16, 16] }, { shape: [3, 17, 16, 16] }],
      apply: (x, g) => apply(conv2dGradWeightOp, [x, g], { stride: 1, padding: [1, 1, 1, 1], kernel: [3, 3] }),
    });
  });
}

test('more workgroups than one axis of a grid may have', () => checkOp({
  name: 'folded grid', derivative: false, operands: [{ shape: [1, 1, 1, 2_100_001] }, { shape: [1, 1, 1, 2] }],
  apply: (x, w) => conv2d(x, w, null),
}));

test('what does not fit is refused', () => {
  const x = inputTensor('x', [1, 4, 8, 8]);
  const weight = inputTensor('w', [2, 3, 3, 3]);
  assert.throws(() => conv2d(x, weight, null), /conv2d: x has 4 channels but weight expects 3/);
  assert.throws(() => apply(conv2dOp, [x, inputTensor('w', [2, 4, 3, 3], 'f16')], { stride: 1, padding: [0, 0, 0, 0] }),
    /conv2d: operands must have one element type, found x f32/);
  assert.throws(() => conv2d(x, inputTensor('w', [2, 4, 9, 9]), null), /conv2d: the kernel must fit the padded image/);
  assert.throws(() => conv2d(x, weight, null, { stride: 0 }), /stride must be a positive integer, found 0/);
  assert.throws(() => conv2d(x, weight, null, { padding: -1 }), /padding must be four integers of at least 0/);
  assert.throws(() => conv2d(x, inputTensor('w', [2, 4, 3, 3]), inputTensor('b', [3])), /bias must be \[2\]/);
  assert.throws(() => apply(conv2dGradXOp, [x, inputTensor('w', [4, 3, 3, 3])],
    { stride: 1, padding: [1, 1, 1, 1], size: [9, 8] }), /conv2dGradX: g must be \[1, 4, 9, 8\]/);
});

test.run();
