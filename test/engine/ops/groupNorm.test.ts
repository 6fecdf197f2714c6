import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { compile } from '../../../engine/compile/compile.ts';
import { grad } from '../../../engine/grad.ts';
import { inputTensor, sum } from '../../../engine/ops/index.ts';
import { groupNorm } from '../../../engine/ops/groupNorm.ts';
import { checkOp } from '../../support/checkOp.ts';
import { testDevice } from '../../support/gpu.ts';

const cases: { shape: number[]; groups: number }[] = [
  { shape: [1, 1, 2], groups: 1 }, { shape: [3, 4], groups: 2 }, { shape: [2, 6, 5, 7], groups: 3 },
  { shape: [2, 8, 4, 4], groups: 8 }, { shape: [3, 12, 2, 2], groups: 1 }, { shape: [2, 4, 9, 7], groups: 2 },
  { shape: [1, 2, 45, 45], groups: 1 }, { shape: [1, 2, 48, 44], groups: 2 }, { shape: [2, 130, 4], groups: 2 },
];

for (const variant of ['subgroup', 'workgroup']) {
  for (const { shape, groups } of cases) {
    for (const activation of variant === 'subgroup' ? ['none', 'silu'] as const : ['silu'] as const) {
      const name = `groupNorm [${shape.join(', ')}] in ${groups}, ${activation}, ${variant}`;
      const vector = { shape: [shape[1]!] };
      test(name, () => checkOp({
        name, operands: [{ shape }, vector, vector], variant,
        // Of two values only the sign is left, so without a large eps the gradient of x is rounding.
        apply: (x, weight, bias) => groupNorm(x, groups, weight, bias, 0.1, activation),
      }));
    }
  }
}

test('frozen weights cost two dispatches of gradient', async () => {
  const [x, weight, bias] = [inputTensor('x', [2, 4, 8]), inputTensor('weight', [4]), inputTensor('bias', [4])];
  const [dx] = grad(sum(groupNorm(x, 2, weight, bias, 1e-5, 'silu')), [x]) as [typeof x];
  const program = await compile(await testDevice(), { name: 'frozen', outputs: { dx } });
  const labels = program.calls.map(({ label }) => label).filter((label) => /norm/i.test(label));
  program.destroy();
  assert.equal(labels, ['normStats', 'groupNormGradSums', 'groupNormGradX']);
});

test('wrong operands are refused', () => {
  const x = inputTensor('x', [2, 6, 4]);
  assert.throws(() => groupNorm(x, 4, inputTensor('w', [6]), inputTensor('b', [6])),
    /groupNorm: x must be \[B, C, \.\.\] with C a multiple of 4 groups, found f32 \[2, 6, 4\]/);
  assert.throws(() => groupNorm(x, 2, inputTensor('w', [6]), inputTensor('b', [4])),
    /groupNorm: weight and bias must be \[6\] for x f32 \[2, 6, 4\], found f32 \[4\]/);
});

test.run();
