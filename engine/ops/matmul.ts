/** Matrix products: batched, with either side transposed, and the linear layer. */
import { check } from '../errors.ts';
import { groups, maxGroupsPerAxis } from '../grid.ts';
import { apply, defineOp, expectOperands, expectRank, input, output, scratch } from '../op.ts';
import type { DeviceCapabilities, FinishingCall, KernelOp, Operand, Variant } from '../op.ts';
import { operandAliases } from '../precision.ts';
import matrixSource from '../shaders/matmulSubgroupMatrix.wgsl';
import tiledSource from '../shaders/matmulTiled.wgsl';
import reduceSource from '../shaders/reduceColumns.wgsl';
import { bytesPerElement, describe, sizeOf, type Tensor, type TensorType } from '../tensor.ts';
import { variantsInRegisters } from './matmulInRegisters.ts';
import { asOperands, call, castTo } from './pointwise.ts';
import { sum } from './reduce.ts';
import { blockSize, chromiumMatrices, matrixBlocks, matrixKernels, matrixPreamble, matrixStep, type ItemWidth,
  type MatrixDialect, type MatrixKernel } from './subgroupMatrix.ts';
import { broadcast, reshape } from './view.ts';
import { workgroupTiles, type WorkgroupTile } from './workgroupTile.ts';

export interface MatmulAttrs {
  readonly transposeA: boolean;
  readonly transposeB: boolean;
}

interface Sizes {
  readonly B: number;
  readonly M: number;
  readonly N: number;
  readonly K: number;
}

function sizesOf(a: TensorType, b: TensorType, { transposeA, transposeB }: MatmulAttrs): Sizes {
  return {
    B: Math.max(a.shape[0]!, b.shape[0]!),
    M: a.shape[transposeA ? 2 : 1]!,
    N: b.shape[transposeB ? 1 : 2]!,
    K: a.shape[transposeA ? 1 : 2]!,
  };
}

/**
 * a [Ba, M, K] (stored [Ba, K, M] with transposeA) times b [Bb, K, N] (stored [Bb, N, K] with transposeB)
 * -> [B, M, N] f32; Ba and Bb are equal, or one of them is 1 and shared by the whole batch. Operands are both f32 or
 * both f16.
 */
export const matmulOp = defineOp<MatmulAttrs, KernelOp<MatmulAttrs>>({
  kind: 'kernel',
  name: 'matmul',
  infer([a, b], attrs) {
    expectRank('matmul', 'a', a!, 3);
    expectRank('matmul', 'b', b!, 3);
    expectOperands('matmul', { a: a!, b: b! });
    const { B, M, N, K } = sizesOf(a!, b!, attrs);
    const found = (): string => `found a ${describe(a!)}${attrs.transposeA ? ' (transposed)' : ''} and `
      + `b ${describe(b!)}${attrs.transposeB ? ' (transposed)' : ''}`;
    const inner = b!.shape[attrs.transposeB ? 2 : 1]!;
    check(inner === K, () => `matmul: a has ${K} columns but b has ${inner} rows; ${found()}`);
    check(M <= 8 * maxGroupsPerAxis && N <= 32 * maxGroupsPerAxis, () =>
      `matmul: at most ${8 * maxGroupsPerAxis} rows and ${32 * maxGroupsPerAxis} columns; ${found()}`);
    check([a!, b!].every((x) => x.shape[0] === B || x.shape[0] === 1), () =>
      `matmul: batches must be equal or 1; ${found()}`);
    return { shape: [B, M, N], dtype: 'f32' };
  },
  reference([a, b], [typeA, typeB], attrs) {
    const { B, M, N, K } = sizesOf(typeA!, typeB!, attrs);
    const y = new Float64Array(B * M * N);
    const [stepM, stepKa] = attrs.transposeA ? [1, M] : [K, 1];
    const [stepKb, stepN] = attrs.transposeB ? [1, K] : [N, 1];
    for (let batch = 0; batch < B; batch++) {
      const baseA = typeA!.shape[0] === 1 ? 0 : batch * M * K;
      const baseB = typeB!.shape[0] === 1 ? 0 : batch * K * N;
      for (let m = 0; m < M; m++) {
        for (let n = 0; n < N; n++) {
          let total = 0;
          for (let k = 0; k < K; k++) {
            total += a![baseA + m * stepM + k * stepKa]! * b![baseB + k * stepKb + n * stepN]!;
          }
          y[(batch * M + m) * N + n] = total;
        }
      }
    }
    return y;
  },
  vjp(cotangent, [a, b], _, { transposeA, transposeB }) {
    const g = castTo(cotangent, a!.dtype);
    const product = (x: Tensor, y: Tensor, tx: boolean, ty: boolean): Tensor =>
      apply(matmulOp, [x, y], { transposeA: tx, transposeB: ty });
    const dA = transposeA ? product(b!, g, transposeB, true) : product(g, b!, false, !transposeB);
    const dB = transposeB ? product(g, a!, true, transposeA) : product(a!, g, !transposeA, false);
    const like = (d: Tensor, x: Tensor): Tensor => (d.shape[0] === x.shape[0] ? d : sum(d, [0], true));
    return [like(dA, a!), like(dB, b!)];
  },
  variants([a, b], _, attrs, device) {
    const { B, M, N } = sizesOf(a!, b!, attrs);
    const onMatrices = a!.dtype === 'f16' ? matmulOnMatrices(a!, b!, attrs, device) : [];
    const inGroups = workgroupTiles(M, N, B, device).map((tile) => tiled(a!, b!, attrs, tile, device));
    return [...(hasCheapBroadcast(device) ? inRegisters(a!, b!, attrs) : []), ...onMatrices, ...inGroups];
  },
});

/** Adds up partial results, in order: [parts, size] -> [size]. */
export function sumParts(from: Operand, to: Operand, parts: number, size: number): FinishingCall {
  const lanes = size >= 64 ? 64 : 8;
  return {
    label: 'reduceColumns',
    source: reduceSource,
    constants: { MODE: 0, LANES: lanes },
    bindings: [from, to],
    immediates: [1, parts, size, parts, 1],
    finish: { width: 1, rowLength: 1 },
    grid: [groups(size, lanes), 1, 1],
    flops: parts * size,
    bytes: 4 * (parts + 1) * size,
  };
}

/** Parts into which a sum of `length` terms is cut, so that `tiles` workgroups times parts fill the device. */
export function partsFor(tiles: number, length: number, device: DeviceCapabilities): number {
  const wanted = device.software ? 4 : 256;
  return Math.max(1, Math.min(Math.floor(wanted / tiles), Math.floor(length / 256)));
}

/** Whether kernels made of subgroup broadcasts are right and fast: a software adapter with subgroups of 8 lanes. */
export const hasCheapBroadcast = (device: DeviceCapabilities): boolean =>
  device.software && device.subgroups && device.subgroupSize === 8;

function inRegisters(a: TensorType, b: TensorType, attrs: MatmulAttrs): Variant[] {
  const { B, M, N, K } = sizesOf(a, b, attrs);
  const { transposeA, transposeB } = attrs;
  return variantsInRegisters({
    B, M, N, K, heads: null,
    a: {
      operand: input(0), dtype: a.dtype, length: M, batch: a.shape[0] === 1 ? 0 : M * K,
      step: transposeA ? 1 : K, along: transposeA ? M : 1,
    },
    b: {
      operand: input(1), dtype: b.dtype, length: N, batch: b.shape[0] === 1 ? 0 : K * N,
      step: transposeB ? K : 1, along: transposeB ? 1 : N,
    },
    flops: 2 * B * M * N * K,
    bytes: bytesPerElement[a.dtype] * (sizeOf(a.shape) + sizeOf(b.shape)) + 4 * B * M * N,
  });
}

function tiled(a: TensorType, b: TensorType, attrs: MatmulAttrs, tile: WorkgroupTile, device: DeviceCapabilities):
  Variant {
  const { B, M, N, K } = sizesOf(a, b, attrs);
  const { name, height, width } = tile;
  const wanted = partsFor(groups(M, height) * groups(N, width) * B, K, device);
  const part = Math.ceil(K / wanted / 16) * 16;
  return inParts(name, groups(K, part), B * M * N, (to, parts) => ({
    label: 'matmulTiled',
    source: operandAliases(a.dtype) + tile.source + tiledSource,
    constants: { TRANSPOSE_A: attrs.transposeA ? 1 : 0, TRANSPOSE_B: attrs.transposeB ? 1 : 0 },
    bindings: [input(0), input(1), to],
    immediates: [M, N, K, B, a.shape[0] === 1 ? 0 : M * K, b.shape[0] === 1 ? 0 : K * N, part, parts * B],
    finish: { width: 1, rowLength: N },
    grid: [groups(N, width), groups(M, height), Math.min(parts * B, maxGroupsPerAxis)],
    flops: 2 * B * M * N * K,
    bytes: bytesPerElement[a.dtype] * (sizeOf(a.shape) + sizeOf(b.shape)) + 4 * parts * B * M * N,
  }));
}

/** On subgroup matrices; the larger block first where it leaves enough workgroups. */
function matmulOnMatrices(a: TensorType, b: TensorType, attrs: MatmulAttrs, device: DeviceCapabilities): Variant[] {
  const { B, M, N } = sizesOf(a, b, attrs);
  const variants = matrixKernels(device).map((kernel) => matmulOnMatrix(a, b, attrs, device, kernel));
  const size = blockSize(matrixBlocks[0]!);
  return groups(M, size.M) * groups(N, size.N) * B >= 64 ? variants : variants.reverse();
}

/** A product on one kind of subgroup matrix, in blocks of one size. */
export function matmulOnMatrix(a: TensorType, b: TensorType, attrs: MatmulAttrs, device: DeviceCapabilities,
  { block, shape, lanes }: MatrixKernel, dialect: MatrixDialect = chromiumMatrices): Variant {
  const { B, M, N, K } = sizesOf(a, b, attrs);
  const { transposeA, transposeB } = attrs;
  const size = blockSize(block);
  const items = (length: number): ItemWidth => (length % 4 === 0 ? 4 : 1);
  const preamble = matrixPreamble(shape, block, lanes, { kFirstA: transposeA, kLastB: transposeB },
    items(transposeA ? M : K), items(transposeB ? K : N), dialect);
  const wanted = partsFor(groups(M, size.M) * groups(N, size.N) * B, K, device);
  const part = Math.ceil(K / wanted / matrixStep) * matrixStep;
  return inParts(block.name, groups(K, part), B * M * N, (to, parts) => ({
    label: 'matmulSubgroupMatrix',
    source: preamble + matrixSource,
    constants: {},
    bindings: [input(0), input(1), to],
    immediates: [M, N, K, B, a.shape[0] === 1 ? 0 : M * K, b.shape[0] === 1 ? 0 : K * N, part, parts * B],
    finish: { width: 1, rowLength: N },
    grid: [groups(N, size.N), groups(M, size.M), Math.min(parts * B, maxGroupsPerAxis)],
    flops: 2 * B * M * N * K,
    bytes: bytesPerElement[a.dtype] * (sizeOf(a.shape) + sizeOf(b.shape)) + 4 * parts * B * M * N,
  }));
}

/** A product of `size` values whose sums are cut into parts; where there are several, a second pass adds them. */
function inParts(name: string, parts: number, size: number,
  product: (to: Operand, parts: number) => FinishingCall): Variant {
  if (parts === 1) return { name, scratch: [], calls: [product(output, 1)] };
  const calls = [product(scratch(0), parts), sumParts(scratch(0), output, parts, size)];
  return { name, scratch: [4 * parts * size], calls };
}

/**
 * Matrix product over the last two axes; leading axes are equal, or of length 1 (or absent) on one side.
 *
 *   a  [.., M, K], or [.., K, M] with transposeA
 *   b  [.., K, N], or [.., N, K] with transposeB
 *   -> [.., M, N]
 */
export function matmul(a: Tensor, b: Tensor, options: Partial<MatmulAttrs> = {}): Tensor {
  const { transposeA = false, transposeB = false } = options;
  check(a.rank >= 2 && b.rank >= 2, () =>
    `matmul: operands must have at least 2 axes, found a ${describe(a)} and b ${describe(b)}`);
  const lead = leadingShape(a, b);
  const batch = sizeOf(lead);
  const fold = (x: Tensor): Tensor => {
    const own = sizeOf(x.shape.slice(0, -2));
    const whole = own === 1 || own === batch ? x : broadcast(x, [...lead, ...x.shape.slice(-2)]);
    return reshape(whole, [own === 1 ? 1 : batch, ...x.shape.slice(-2)]);
  };
  let [left, right] = [fold(a), fold(b)];
  // A matrix that the whole batch shares on the right makes the batch a matter of more rows.
  if (right.shape[0] === 1 && !transposeA) left = reshape(left, [1, -1, left.shape[2]!]);
  const y = apply(matmulOp, asOperands('matmul', left, right), { transposeA, transposeB });
  return reshape(y, [...lead, a.shape.at(transposeA ? -1 : -2)!, y.shape[2]!]);
}

function leadingShape(a: Tensor, b: Tensor): number[] {
  const rank = Math.max(a.rank, b.rank) - 2;
  const lead = (x: Tensor, i: number): number => x.shape[i - rank + x.rank - 2] ?? 1;
  return Array.from({ length: rank }, (_, i) => {
    const [m, n] = [lead(a, i), lead(b, i)];
    check(m === n || m === 1 || n === 1, () =>
      `matmul: leading axes must be equal or 1, found a ${describe(a)} and b ${describe(b)}`);
    return Math.max(m, n);
  });
}

/**
 * Linear layer in the weight layout of PyTorch checkpoints.
 *
 *   x       [.., K]
 *   weight  [N, K]
 *   bias    [N] or null
 *   ->      [.., N]
 */
export function linear(x: Tensor, weight: Tensor, bias: Tensor | null = null): Tensor {
  const K = x.shape.at(-1);
  check(weight.rank === 2 && weight.shape[1] === K, () =>
    `linear: x has ${K} columns but weight expects ${weight.shape[1]} (x ${describe(x)}, weight ${describe(weight)})`);
  check(bias === null || (bias.rank === 1 && bias.shape[0] === weight.shape[0]), () =>
    `linear: bias must be [${weight.shape[0]}], found ${describe(bias!)}`);
  const rows = matmul(reshape(x, [-1, K!]), weight, { transposeB: true });
  const y = reshape(rows, [...x.shape.slice(0, -1), weight.shape[0]!]);
  return bias ? call('add', y, broadcast(bias, y.shape)) : y;
}
