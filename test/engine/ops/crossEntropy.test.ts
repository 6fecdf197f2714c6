import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { compile } from '../../../engine/compile/compile.ts';
import { inputTensor } from '../../../engine/ops/index.ts';
import { crossEntropy } from '../../../engine/ops/crossEntropy.ts';
import { checkOp } from '../../support/checkOp.ts';
import { testDevice } from '../../support/gpu.ts';

for (const variant of ['subgroup', 'workgroup']) {
  for (const shape of [[1, 2], [5, 7], [2, 3, 8], [3, 92], [2, 2047], [2, 2048]]) {
    const name = `crossEntropy [${shape.join(', ')}], ${variant}`;
    const targets = { shape: shape.slice(0, -1), dtype: 'i32', low: 0, high: shape.at(-1)! } as const;
    test(name, () => checkOp({
      name, operands: [{ shape }, targets], variant, apply: (x, classes) => crossEntropy(x, classes),
    }));
  }
}

for (const ignoreIndex of [-100, 2]) {
  test(`positions with target ${ignoreIndex} are ignored`, () => checkOp({
    name: 'crossEntropy ignored',
    operands: [{ shape: [5, 4] }, { shape: [5], dtype: 'i32', values: [0, ignoreIndex, 3, 1, ignoreIndex] }],
    apply: (x, classes) => crossEntropy(x, classes, ignoreIndex),
  }));
}

test('a target outside the classes gives NaN', async () => {
  const x = inputTensor('x', [3, 4]);
  const classes = inputTensor('classes', [3], 'i32');
  const program = await compile(await testDevice(), { name: 'wrong label', outputs: { y: crossEntropy(x, classes) } });
  program.run({ x: new Float32Array(12), classes: Int32Array.of(4, 1, -1) });
  const y = await program.read('y');
  program.destroy();
  assert.equal([...y].map(Number.isNaN), [true, false, true]);
});

test('wrong operands are refused', () => {
  const x = inputTensor('x', [2, 3]);
  assert.throws(() => crossEntropy(x, inputTensor('t', [2])), /crossEntropy: targets must be i32, found f32 \[2\]/);
  assert.throws(() => crossEntropy(x, inputTensor('t', [3], 'i32')),
    /crossEntropy: targets must have the shape of logits without the class axis, found targets i32 \[3\]/);
});

test.run();
