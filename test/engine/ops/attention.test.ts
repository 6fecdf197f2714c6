import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { compile } from '../../../engine/compile/compile.ts';
import { grad } from '../../../engine/grad.ts';
import { apply, type DeviceCapabilities } from '../../../engine/op.ts';
import { attention } from '../../../engine/ops/attention.ts';
import { attentionGradOp, rowDotsOp } from '../../../engine/ops/attentionGrad.ts';
import { inputTensor, sum } from '../../../engine/ops/index.ts';
import type { Precision } from '../../../engine/precision.ts';
import { checkOp } from '../../support/checkOp.ts';
import { testDevice } from '../../support/gpu.ts';

interface Case {
  readonly B: number;
  readonly Lq: number;
  readonly Lk: number;
  readonly heads: number;
  readonly D: number;
  readonly Dv?: number;
  readonly causal?: boolean;
  readonly precision?: Precision;
}

const cases: Case[] = [
  { B: 1, Lq: 1, Lk: 1, heads: 1, D: 1 },
  { B: 2, Lq: 5, Lk: 7, heads: 3, D: 3, Dv: 2 },
  { B: 1, Lq: 8, Lk: 6, heads: 2, D: 8 },
  { B: 2, Lq: 9, Lk: 17, heads: 1, D: 8, Dv: 12 },
  { B: 1, Lq: 66, Lk: 92, heads: 2, D: 32 },
  { B: 2, Lq: 1, Lk: 33, heads: 2, D: 8, causal: true },
  { B: 1, Lq: 67, Lk: 67, heads: 1, D: 8, causal: true },
  { B: 2, Lq: 5, Lk: 7, heads: 3, D: 3, Dv: 2, precision: 'f16' },
  { B: 2, Lq: 9, Lk: 17, heads: 1, D: 8, Dv: 12, precision: 'f16' },
  { B: 1, Lq: 67, Lk: 67, heads: 1, D: 8, causal: true, precision: 'f16' },
];

// A software adapter takes seconds to unroll the tiles in workgroup memory for wide heads.
const wideCases: Case[] = [
  { B: 1, Lq: 35, Lk: 6, heads: 2, D: 64 },
  { B: 1, Lq: 17, Lk: 65, heads: 1, D: 128 },
  { B: 1, Lq: 19, Lk: 43, heads: 2, D: 72, causal: true },
];

for (const variant of ['workgroup', 'subgroup', 'stored']) {
  const chosen = variant !== 'workgroup' ? [...cases, ...wideCases] : cases;
  for (const { B, Lq, Lk, heads, D, Dv = D, causal = false, precision = 'f32' } of chosen) {
    const name = `attention ${B} x ${heads}, ${Lq} queries, ${Lk} keys, ${D} and ${Dv} wide, `
      + `${causal ? 'causal, ' : ''}${precision}, ${variant}`;
    test(name, () => checkOp({
      name, variant, precision,
      operands: [{ shape: [B, Lq, heads * D] }, { shape: [B, Lk, heads * D] }, { shape: [B, Lk, heads * Dv] }],
      apply: (q, k, v) => attention(q, k, v, { heads, causal }),
    }));
  }
}

for (const variant of ['workgroup', 'subgroup', 'stored']) {
  for (const wanted of ['queries', 'keys']) {
    const differentiable = { q: wanted === 'queries', k: wanted === 'keys' };
    test(`gradients of ${wanted} alone, ${variant}`, () => checkOp({
      name: `attention ${wanted} ${variant}`, variant,
      operands: [
        { shape: [2, 9, 24], differentiable: differentiable.q },
        { shape: [2, 17, 24], differentiable: differentiable.k },
        { shape: [2, 17, 16], differentiable: differentiable.k },
      ],
      apply: (q, k, v) => attention(q, k, v, { heads: 2 }),
    }));
  }
}

test('scores far from zero neither overflow nor vanish', () => checkOp({
  name: 'attention far', derivative: false, tolerance: 2e-4,
  operands: [{ shape: [1, 9, 8] }, { shape: [1, 11, 8] }, { shape: [1, 11, 8] }],
  apply: (q, k, v) => attention(q, k, v, { heads: 1, scale: 30 }),
}));

test('rowDots', () => checkOp({
  name: 'rowDots', operands: [{ shape: [3, 67, 5] }, { shape: [3, 67, 5] }], derivative: false,
  apply: (a, b) => apply(rowDotsOp, [a, b], null),
}));

const llvmpipe: DeviceCapabilities = {
  software: true, subgroups: true, subgroupSize: 8, largestSubgroup: 8, matrices: [], f16: true,
  workgroupStorage: 32768, workgroupInvocations: 1024,
};

test('sizes and the device decide where the gradients keep their weights', () => {
  const first = (B: number, L: number, D: number, causal: boolean, device: DeviceCapabilities): string => {
    const x = { shape: [B, L, 4 * D], dtype: 'f32' as const };
    const rows = { shape: [B, 4, 4 * Math.ceil(L / 4)], dtype: 'f32' as const };
    const attrs = { heads: 4, causal, scale: 1, wanted: 'all' as const };
    return attentionGradOp.variants([x, x, x, x, rows, rows], x, attrs, device)[0]!.name;
  };
  assert.equal(first(8, 256, 32, false, llvmpipe), 'stored');
  assert.equal(first(8, 512, 32, false, llvmpipe), 'stored', 'exactly 32 MiB each');
  assert.equal(first(8, 513, 32, false, llvmpipe), 'subgroup', 'too much memory');
  assert.equal(first(8, 17, 32, false, llvmpipe), 'stored');
  assert.equal(first(8, 16, 32, false, llvmpipe), 'subgroup', 'too few queries');
  assert.equal(first(8, 36, 12, false, llvmpipe), 'stored');
  assert.equal(first(8, 36, 8, false, llvmpipe), 'subgroup', 'too narrow');
  assert.equal(first(8, 256, 32, true, llvmpipe), 'subgroup', 'half of it masked');
  assert.equal(first(8, 256, 33, false, llvmpipe), 'workgroup', 'no whole vectors');
  assert.equal(first(8, 256, 32, false, { ...llvmpipe, software: false, subgroupSize: 32 }), 'workgroup');
});

test('frozen queries cost no gradient', async () => {
  const [q, k, v] = [inputTensor('q', [1, 8, 8]), inputTensor('k', [1, 8, 8]), inputTensor('v', [1, 8, 8])];
  const [dk, dv] = grad(sum(attention(q, k, v, { heads: 2 })), [k, v]) as [typeof k, typeof v];
  const program = await compile(await testDevice(), { name: 'frozen', outputs: { dk, dv }, variant: 'stored' });
  const labels = program.calls.map(({ label }) => label).filter((label) => /^(attention|matmul)/.test(label));
  program.destroy();
  assert.equal(labels, ['attentionSubgroup', 'attentionWeightsSubgroup', 'matmulSubgroup', 'matmulSubgroup']);
});

test('frozen keys and values cost no gradient', async () => {
  const [q, k, v] = [inputTensor('q', [1, 8, 8]), inputTensor('k', [1, 8, 8]), inputTensor('v', [1, 8, 8])];
  const [dq] = grad(sum(attention(q, k, v, { heads: 2 })), [q]) as [typeof q];
  const program = await compile(await testDevice(), { name: 'frozen', outputs: { dq }, variant: 'workgroup' });
  const labels = program.calls.map(({ label }) => label).filter((label) => label.startsWith('attention'));
  program.destroy();
  assert.equal(labels, ['attention', 'attentionGradQ']);
});

test('wrong operands are refused', () => {
  const [q, k] = [inputTensor('q', [2, 3, 8]), inputTensor('k', [2, 2, 8])];
  assert.throws(() => attention(q, k, k, { heads: 3 }), /attention: the width of q must be a multiple of 3 heads/);
  assert.throws(() => attention(q, k, inputTensor('v', [2, 4, 8]), { heads: 2 }),
    /attention: q, k and v must be .*, found f32 \[2, 3, 8\], f32 \[2, 2, 8\] and f32 \[2, 4, 8\]/);
  assert.throws(() => attention(q, k, k, { heads: 2, causal: true }),
    /at least as many keys as queries, found 2 and 3/);
  const wide = inputTensor('wide', [1, 4, 512]);
  assert.throws(() => attention(wide, wide, wide, { heads: 1 }), /heads must be at most 128 wide/);
});

test.run();
