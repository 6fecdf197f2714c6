import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { compile } from '../../../engine/compile/compile.ts';
import { grad } from '../../../engine/grad.ts';
import { inputTensor, sum } from '../../../engine/ops/index.ts';
import { layerNorm } from '../../../engine/ops/layerNorm.ts';
import { checkOp } from '../../support/checkOp.ts';
import { testDevice } from '../../support/gpu.ts';

for (const variant of ['subgroup', 'workgroup']) {
  for (const shape of [[1, 2], [5, 7], [2, 3, 8], [33, 129], [2, 2047], [3, 2048], [300, 8]]) {
    const name = `layerNorm [${shape.join(', ')}], ${variant}`;
    const vector = { shape: [shape.at(-1)!] };
    test(name, () => checkOp({
      name, operands: [{ shape }, vector, vector], variant,
      // Of two values only the sign is left, so without a large eps the gradient of x is rounding.
      apply: (x, weight, bias) => layerNorm(x, weight, bias, shape.at(-1) === 2 ? 0.5 : 1e-5),
    }));
  }
}

test('without weight and bias', () => checkOp({
  name: 'layerNorm plain', operands: [{ shape: [3, 12] }], apply: (x) => layerNorm(x, null, null, 1e-6),
}));

test('without bias', () => checkOp({
  name: 'layerNorm weight', operands: [{ shape: [3, 12] }, { shape: [12] }], apply: (x, w) => layerNorm(x, w),
}));

test('without weight', () => checkOp({
  name: 'layerNorm bias', operands: [{ shape: [3, 12] }, { shape: [12] }], apply: (x, b) => layerNorm(x, null, b),
}));

test('frozen weights cost no gradient', async () => {
  const [x, weight, bias] = [inputTensor('x', [4, 8]), inputTensor('weight', [8]), inputTensor('bias', [8])];
  const [dx] = grad(sum(layerNorm(x, weight, bias)), [x]) as [typeof x];
  const program = await compile(await testDevice(), { name: 'frozen', outputs: { dx } });
  const labels = program.calls.map(({ label }) => label);
  program.destroy();
  assert.ok(labels.includes('layerNormGradX') && !labels.includes('layerNormGradAffine'), labels.join(' '));
});

test('wrong operands are refused', () => {
  const x = inputTensor('x', [2, 3]);
  assert.throws(() => layerNorm(x, inputTensor('w', [2])),
    /layerNorm: weight and bias must be \[3\] for x f32 \[2, 3\], found f32 \[2\]/);
});

test.run();
