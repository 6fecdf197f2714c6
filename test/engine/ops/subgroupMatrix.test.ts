// Kernels on subgroup matrices with the matrices written out in plain WGSL, against the definition.
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { apply, type DeviceCapabilities, type KernelOp, type MatrixShape } from '../../../engine/op.ts';
import { conv2dGradXOnMatrix, conv2dGradXOp, conv2dOnMatrix, conv2dOp, type Conv2dAttrs }
  from '../../../engine/ops/conv2d.ts';
import { add, broadcast, cast, mul } from '../../../engine/ops/index.ts';
import { matmulOnMatrix, matmulOp, type MatmulAttrs } from '../../../engine/ops/matmul.ts';
import { matrixBlocks, matrixKernels, type MatrixKernel } from '../../../engine/ops/subgroupMatrix.ts';
import type { Tensor } from '../../../engine/tensor.ts';
import { checkOp } from '../../support/checkOp.ts';
import { emulatedMatrices } from '../../support/emulatedMatrices.ts';
import { testDevice } from '../../support/gpu.ts';

const nvidia: MatrixShape = { M: 16, N: 16, K: 16 };

const { capabilities } = await testDevice();
const emulated = emulatedMatrices(capabilities.subgroupSize);

const kernelOf = (shape: MatrixShape, large: boolean): MatrixKernel => {
  const block = matrixBlocks[large ? 0 : 1]!;
  return { block, shape, lanes: capabilities.largestSubgroup * block.down * block.across };
};

function matmulBy(kernel: MatrixKernel, attrs: MatmulAttrs): (a: Tensor, b: Tensor) => Tensor {
  const op: KernelOp<MatmulAttrs> = {
    ...matmulOp,
    variants: ([a, b], _, own, device) => [matmulOnMatrix(a!, b!, own, device, kernel, emulated)],
  };
  return (a, b) => apply(op, [cast(a, 'f16'), cast(b, 'f16')], attrs);
}

interface Size {
  readonly batch: readonly [number, number];
  readonly M: number;
  readonly N: number;
  readonly K: number;
}

function check(name: string, kernel: MatrixKernel, { batch: [Ba, Bb], M, N, K }: Size, attrs: MatmulAttrs):
  Promise<void> {
  const product = matmulBy(kernel, attrs);
  return checkOp({
    name, derivative: false, precision: 'f16',
    operands: [
      { shape: attrs.transposeA ? [Ba, K, M] : [Ba, M, K] }, { shape: attrs.transposeB ? [Bb, N, K] : [Bb, K, N] },
    ],
    apply: product,
  });
}

const order = (transposeA: boolean, transposeB: boolean): MatmulAttrs => ({ transposeA, transposeB });
const plain = order(false, false);

/** An order of the operands with sizes: one element, a prime, past a block, multiples of four; a shared side. */
const cases: readonly (readonly [MatrixShape, MatmulAttrs, ...Size[]])[] = [
  [nvidia, plain, { batch: [1, 1], M: 1, N: 1, K: 1 }, { batch: [2, 2], M: 65, N: 37, K: 33 }],
  [nvidia, order(true, false), { batch: [1, 3], M: 68, N: 64, K: 35 }],
  [nvidia, order(false, true), { batch: [2, 1], M: 31, N: 71, K: 64 }],
  [nvidia, order(true, true), { batch: [1, 1], M: 33, N: 67, K: 70 }],
  [{ M: 16, N: 8, K: 16 }, order(true, false), { batch: [1, 1], M: 65, N: 37, K: 33 }],
  [{ M: 8, N: 8, K: 8 }, order(false, true), { batch: [1, 1], M: 68, N: 66, K: 41 }],
  [{ M: 8, N: 16, K: 16 }, order(true, true), { batch: [1, 1], M: 65, N: 37, K: 33 }],
];

for (const [shape, attrs, ...sizes] of cases) {
  const { M, N, K } = shape;
  const name = `matmul on ${M}x${N}x${K}, ${JSON.stringify(attrs)}`;
  test(name, async () => {
    for (const size of sizes) await check(`${name} ${Object.values(size)}`, kernelOf(shape, false), size, attrs);
  });
}

test('matmul in large blocks', () =>
  check('large', kernelOf(nvidia, true), { batch: [1, 1], M: 130, N: 131, K: 41 }, plain));

test('a long sum is cut into parts', () =>
  check('parts', kernelOf(nvidia, false), { batch: [1, 1], M: 5, N: 6, K: 1001 }, plain));

test('a strided convolution, and one of few channels with uneven padding', async () => {
  const op: typeof conv2dOp = {
    ...conv2dOp, variants: (types, _, attrs) => [conv2dOnMatrix(types, attrs, kernelOf(nvidia, false), emulated)],
  };
  const each: [number[], number[], Conv2dAttrs][] = [
    [[2, 5, 9, 13], [35, 5, 3, 3], { stride: 2, padding: [1, 1, 1, 1] }],
    [[1, 3, 7, 6], [2, 3, 2, 4], { stride: 1, padding: [0, 3, 1, 1] }],
  ];
  for (const [x, weight, attrs] of each) {
    await checkOp({
      name: `conv2d ${x} by ${weight}`, derivative: false, precision: 'f16',
      operands: [{ shape: x }, { shape: weight }],
      apply: (a, w) => apply(op, [cast(a!, 'f16'), cast(w!, 'f16')], attrs),
    });
  }
});

test('the gradient of a strided convolution by its input', () => {
  const op: typeof conv2dGradXOp = {
    ...conv2dGradXOp,
    variants: (types, _, attrs) => [conv2dGradXOnMatrix(types, attrs, kernelOf(nvidia, false), emulated)],
  };
  return checkOp({
    name: 'conv2dGradX', derivative: false, precision: 'f16',
    operands: [{ shape: [2, 35, 5, 7] }, { shape: [35, 6, 3, 3] }],
    apply: (g, w) => apply(op, [cast(g!, 'f16'), cast(w!, 'f16')],
      { stride: 2, padding: [1, 1, 1, 1], size: [9, 13] }),
  });
});

test('bias and residual follow where the product is stored', () => {
  const product = matmulBy(kernelOf(nvidia, false), plain);
  return checkOp({
    name: 'epilogue', derivative: false, precision: 'f16',
    operands: [{ shape: [1, 35, 9] }, { shape: [1, 9, 70] }, { shape: [70] }, { shape: [1, 35, 70] }],
    apply: (a, b, bias, residual) => mul(add(add(product(a!, b!), broadcast(bias!, [1, 35, 70])), residual!), 0.5),
  });
});

test('a kernel needs a shape that is known to be right, lanes and workgroup memory', () => {
  const device: DeviceCapabilities = {
    software: false, subgroups: true, subgroupSize: 32, largestSubgroup: 32, matrices: [nvidia],
    f16: true, workgroupStorage: 32768, workgroupInvocations: 1024,
  };
  const names = (changes: Partial<DeviceCapabilities>): string[] =>
    matrixKernels({ ...device, ...changes }).map(({ block }) => block.name);
  assert.equal(names({}), ['subgroupMatrixLarge', 'subgroupMatrix']);
  assert.equal(names({ matrices: [] }), []);
  assert.equal(names({ workgroupStorage: 16384 }), ['subgroupMatrix']);
  assert.equal(names({ workgroupInvocations: 128 }), ['subgroupMatrix']);
  const variants = (changes: Partial<DeviceCapabilities>, M: number, dtype: 'f16' | 'f32'): string[] =>
    matmulOp.variants([{ shape: [1, M, 512], dtype }, { shape: [1, 512, 2048], dtype }],
      { shape: [1, M, 2048], dtype: 'f32' }, plain, { ...device, ...changes }).map(({ name }) => name);
  const onMatrices = (...given: Parameters<typeof variants>): string[] =>
    variants(...given).filter((name) => name.startsWith('subgroupMatrix'));
  assert.equal(variants({}, 2048, 'f16').slice(0, 2), ['subgroupMatrixLarge', 'subgroupMatrix']);
  assert.equal(variants({}, 64, 'f16').slice(0, 2), ['subgroupMatrix', 'subgroupMatrixLarge']);
  assert.equal([onMatrices({}, 2048, 'f32'), onMatrices({ matrices: [] }, 2048, 'f16')], [[], []]);
});

test.run();
