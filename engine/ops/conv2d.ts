/** Two-dimensional convolution (cross-correlation, as in all deep-learning libraries) and its gradients. */
import { check } from '../errors.ts';
import { foldGrid, groups } from '../grid.ts';
import { apply, defineOp, expectOperands, expectRank, input, output, scratch } from '../op.ts';
import type { DeviceCapabilities, KernelCall, KernelOp, Operand, Variant } from '../op.ts';
import { operandAliases } from '../precision.ts';
import gradWeightSubgroupSource from '../shaders/conv2dGradWeightSubgroup.wgsl';
import gradWeightTiledSource from '../shaders/conv2dGradWeightTiled.wgsl';
import matrixSource from '../shaders/conv2dSubgroupMatrix.wgsl';
import subgroupSource from '../shaders/conv2dSubgroup.wgsl';
import termsSource from '../shaders/conv2dTerms.wgsl';
import tiledSource from '../shaders/conv2dTiled.wgsl';
import { bytesPerElement, describe, type DType, type Tensor, type TensorType } from '../tensor.ts';
import { hasCheapBroadcast, matmul, partsFor, sumParts } from './matmul.ts';
import { asOperands, call, castTo } from './pointwise.ts';
import { blockSize, chromiumMatrices, matrixBlocks, matrixKernels, matrixPreamble, type MatrixDialect,
  type MatrixKernel } from './subgroupMatrix.ts';
import { broadcast, reshape } from './view.ts';
import { workgroupTiles, type WorkgroupTile } from './workgroupTile.ts';

/** Zeros around an image: [top, left, bottom, right]. */
export type Padding = readonly [number, number, number, number];

export interface Conv2dAttrs {
  readonly stride: number;
  readonly padding: Padding;
}

export interface Conv2dGradXAttrs extends Conv2dAttrs {
  /** Height and width of x, which the strided sizes do not determine. */
  readonly size: readonly [number, number];
}

export interface Conv2dGradWeightAttrs extends Conv2dAttrs {
  /** Height and width of the kernel. */
  readonly kernel: readonly [number, number];
}

/** All sizes of one convolution, whichever of its three products is computed. */
interface Geometry extends Conv2dAttrs {
  readonly B: number;
  readonly C: number;
  readonly H: number;
  readonly W: number;
  readonly O: number;
  readonly KH: number;
  readonly KW: number;
  readonly OH: number;
  readonly OW: number;
  /** Element type of both operands. */
  readonly dtype: DType;
}

function geometry(x: readonly number[], weight: readonly number[], attrs: Conv2dAttrs, dtype: DType): Geometry {
  const [B, C, H, W] = x as [number, number, number, number];
  const [O, , KH, KW] = weight as [number, number, number, number];
  const { stride, padding: [top, left, bottom, right] } = attrs;
  const OH = Math.floor((H + top + bottom - KH) / stride) + 1;
  const OW = Math.floor((W + left + right - KW) / stride) + 1;
  return { B, C, H, W, O, KH, KW, OH, OW, stride, padding: attrs.padding, dtype };
}

const forwardGeometry = ([x, w]: readonly TensorType[], attrs: Conv2dAttrs): Geometry =>
  geometry(x!.shape, w!.shape, attrs, x!.dtype);

const gradXGeometry = ([g, w]: readonly TensorType[], attrs: Conv2dGradXAttrs): Geometry =>
  geometry([g!.shape[0]!, w!.shape[1]!, ...attrs.size], w!.shape, attrs, g!.dtype);

const gradWeightGeometry = ([x, g]: readonly TensorType[], attrs: Conv2dGradWeightAttrs): Geometry =>
  geometry(x!.shape, [g!.shape[1]!, x!.shape[1]!, ...attrs.kernel], attrs, x!.dtype);

function expectImages(name: string, operands: Readonly<Record<string, TensorType>>, attrs: Conv2dAttrs): void {
  const { stride, padding } = attrs;
  for (const [operand, type] of Object.entries(operands)) expectRank(name, operand, type, 4);
  expectOperands(name, operands);
  check(Number.isInteger(stride) && stride >= 1, () => `${name}: stride must be a positive integer, found ${stride}`);
  check(padding.length === 4 && padding.every((n) => Number.isInteger(n) && n >= 0), () =>
    `${name}: padding must be four integers of at least 0 (top, left, bottom, right), found [${padding.join(', ')}]`);
}

function expectResult(name: string, g: TensorType, { B, O, OH, OW }: Geometry): void {
  check([B, O, OH, OW].every((n, i) => g.shape[i] === n), () =>
    `${name}: g must be [${[B, O, OH, OW].join(', ')}], as the convolution gives it, found ${describe(g)}`);
}

/** Calls `visit` with the places in x [B, C, H, W], the weight and y of every product that the definition adds up. */
function forEachTerm(n: Geometry, visit: (x: number, w: number, y: number) => void): void {
  const [top, left] = n.padding;
  for (let b = 0; b < n.B; b++) for (let o = 0; o < n.O; o++) for (let oh = 0; oh < n.OH; oh++) {
    for (let ow = 0; ow < n.OW; ow++) {
      const y = ((b * n.O + o) * n.OH + oh) * n.OW + ow;
      for (let c = 0; c < n.C; c++) for (let kh = 0; kh < n.KH; kh++) {
        const h = oh * n.stride + kh - top;
        if (h < 0 || h >= n.H) continue;
        for (let kw = 0; kw < n.KW; kw++) {
          const w = ow * n.stride + kw - left;
          if (w < 0 || w >= n.W) continue;
          visit(((b * n.C + c) * n.H + h) * n.W + w, ((o * n.C + c) * n.KH + kh) * n.KW + kw, y);
        }
      }
    }
  }
}

/** x [B, C, H, W], weight [O, C, KH, KW] -> [B, O, OH, OW]. */
export const conv2dOp = defineOp<Conv2dAttrs, KernelOp<Conv2dAttrs>>({
  kind: 'kernel',
  name: 'conv2d',
  infer([x, weight], attrs) {
    expectImages('conv2d', { x: x!, weight: weight! }, attrs);
    const { B, C, O, OH, OW } = forwardGeometry([x!, weight!], attrs);
    check(weight!.shape[1] === C, () => `conv2d: x has ${C} channels but weight expects ${weight!.shape[1]} `
      + `(x ${describe(x!)}, weight ${describe(weight!)}). Is a skip concatenated before this layer?`);
    check(OH >= 1 && OW >= 1, () => `conv2d: the kernel must fit the padded image, found x ${describe(x!)}, weight `
      + `${describe(weight!)}, padding [${attrs.padding.join(', ')}]`);
    return { shape: [B, O, OH, OW], dtype: 'f32' };
  },
  reference([x, weight], types, attrs) {
    const n = forwardGeometry(types, attrs);
    const y = new Float64Array(n.B * n.O * n.OH * n.OW);
    forEachTerm(n, (i, j, k) => { y[k]! += x![i]! * weight![j]!; });
    return y;
  },
  vjp(cotangent, [x, weight], _, attrs) {
    const g = castTo(cotangent, x!.dtype);
    return [gradX(g, weight!, x!, attrs), gradWeight(x!, g, weight!, attrs)];
  },
  variants(inputs, _, attrs, device) {
    return imageVariants(forwardGeometry(inputs, attrs), false, device);
  },
});

/** Gradient by the input: g [B, O, OH, OW], weight [O, C, KH, KW] -> [B, C, H, W]. */
export const conv2dGradXOp = defineOp<Conv2dGradXAttrs, KernelOp<Conv2dGradXAttrs>>({
  kind: 'kernel',
  name: 'conv2dGradX',
  infer([g, weight], attrs) {
    expectImages('conv2dGradX', { g: g!, weight: weight! }, attrs);
    const n = gradXGeometry([g!, weight!], attrs);
    expectResult('conv2dGradX', g!, n);
    return { shape: [n.B, n.C, n.H, n.W], dtype: 'f32' };
  },
  reference([g, weight], types, attrs) {
    const n = gradXGeometry(types, attrs);
    const dx = new Float64Array(n.B * n.C * n.H * n.W);
    forEachTerm(n, (i, j, k) => { dx[i]! += g![k]! * weight![j]!; });
    return dx;
  },
  vjp(cotangent, [g, weight], _, { stride, padding }) {
    const h = castTo(cotangent, g!.dtype);
    return [apply(conv2dOp, [h, weight!], { stride, padding }), gradWeight(h, g!, weight!, { stride, padding })];
  },
  variants(inputs, _, attrs, device) {
    return imageVariants(gradXGeometry(inputs, attrs), true, device);
  },
});

/** Gradient by the weight: x [B, C, H, W], g [B, O, OH, OW] -> [O, C, KH, KW]. */
export const conv2dGradWeightOp = defineOp<Conv2dGradWeightAttrs, KernelOp<Conv2dGradWeightAttrs>>({
  kind: 'kernel',
  name: 'conv2dGradWeight',
  infer([x, g], attrs) {
    expectImages('conv2dGradWeight', { x: x!, g: g! }, attrs);
    const n = gradWeightGeometry([x!, g!], attrs);
    expectResult('conv2dGradWeight', g!, n);
    return { shape: [n.O, n.C, n.KH, n.KW], dtype: 'f32' };
  },
  reference([x, g], types, attrs) {
    const n = gradWeightGeometry(types, attrs);
    const dw = new Float64Array(n.O * n.C * n.KH * n.KW);
    forEachTerm(n, (i, j, k) => { dw[j]! += x![i]! * g![k]!; });
    return dw;
  },
  vjp(cotangent, [x, g], _, { stride, padding }) {
    const h = castTo(cotangent, x!.dtype);
    return [gradX(g!, h, x!, { stride, padding }), apply(conv2dOp, [x!, h], { stride, padding })];
  },
  variants(inputs, _, attrs, device) {
    const n = gradWeightGeometry(inputs, attrs);
    const inGroups = workgroupTiles(n.O, n.C * n.KH * n.KW, 1, device).map((tile) => gradWeightTiled(n, tile, device));
    return hasCheapBroadcast(device) && n.stride <= 2 ? [gradWeightSubgroup(n), ...inGroups] : inGroups;
  },
});

const gradX = (g: Tensor, weight: Tensor, x: Tensor, { stride, padding }: Conv2dAttrs): Tensor =>
  apply(conv2dGradXOp, [g, weight], { stride, padding, size: [x.shape[2]!, x.shape[3]!] });

const gradWeight = (x: Tensor, g: Tensor, weight: Tensor, { stride, padding }: Conv2dAttrs): Tensor =>
  apply(conv2dGradWeightOp, [x, g], { stride, padding, kernel: [weight.shape[2]!, weight.shape[3]!] });

const flopsOf = (n: Geometry): number => 2 * n.B * n.O * n.OH * n.OW * n.C * n.KH * n.KW;

/** Bytes that must move; `written` is the one of the three that is not an operand. */
function bytesOf(n: Geometry, written: 'x' | 'weight' | 'y'): number {
  const sizes = { x: n.B * n.C * n.H * n.W, weight: n.O * n.C * n.KH * n.KW, y: n.B * n.O * n.OH * n.OW };
  const operands = sizes.x + sizes.weight + sizes.y - sizes[written];
  return bytesPerElement[n.dtype] * operands + 4 * sizes[written];
}

/** Forward product, or with `transposed` the gradient by x, for which g takes the place of x. */
function imageVariants(n: Geometry, transposed: boolean, device: DeviceCapabilities): Variant[] {
  const [channels, pixels] = transposed ? [n.C, n.B * n.H * n.W] : [n.O, n.B * n.OH * n.OW];
  const onMatrices = n.dtype === 'f16' ? imageOnMatrices(n, transposed, device) : [];
  const inGroups = workgroupTiles(channels, pixels, 1, device).map((tile) => imageVariant(n, transposed, {
    ...tile, label: 'conv2dTiled', source: tile.source + tiledSource,
  }));
  const inRegisters = hasCheapBroadcast(device) && (transposed || n.stride <= 2);
  return [...(inRegisters ? [subgroup(n, transposed)] : []), ...onMatrices, ...inGroups];
}

/** On subgroup matrices; the larger block first where it leaves enough workgroups. */
function imageOnMatrices(n: Geometry, transposed: boolean, device: DeviceCapabilities): Variant[] {
  const variants = matrixKernels(device).map((kernel) => imageOnMatrix(n, transposed, kernel, chromiumMatrices));
  const size = blockSize(matrixBlocks[0]!);
  const [channels, pixels] = transposed ? [n.C, n.H * n.W] : [n.O, n.OH * n.OW];
  return groups(channels, size.M) * groups(n.B * pixels, size.N) >= 64 ? variants : variants.reverse();
}

function imageOnMatrix(n: Geometry, transposed: boolean, { block, shape, lanes }: MatrixKernel,
  dialect: MatrixDialect): Variant {
  const { M, N } = blockSize(block);
  const preamble = matrixPreamble(shape, block, lanes, { kFirstA: false, kLastB: false }, 1, 1, dialect);
  return imageVariant(n, transposed, {
    name: block.name, label: 'conv2dSubgroupMatrix', source: preamble + matrixSource, height: M, width: N,
  });
}

/** The forward product on one kind of subgroup matrix. */
export const conv2dOnMatrix = (inputs: readonly TensorType[], attrs: Conv2dAttrs, kernel: MatrixKernel,
  dialect: MatrixDialect): Variant => imageOnMatrix(forwardGeometry(inputs, attrs), false, kernel, dialect);

/** The gradient by the input on one kind of subgroup matrix. */
export const conv2dGradXOnMatrix = (inputs: readonly TensorType[], attrs: Conv2dGradXAttrs, kernel: MatrixKernel,
  dialect: MatrixDialect): Variant => imageOnMatrix(gradXGeometry(inputs, attrs), true, kernel, dialect);

/** A kernel for blocks of `height` channels by `width` pixels. */
interface BlockKernel {
  readonly name: string;
  readonly label: string;
  /** What comes behind `conv2dTerms`. */
  readonly source: string;
  readonly height: number;
  readonly width: number;
}

function imageVariant(n: Geometry, transposed: boolean, { name, label, source, height, width }: BlockKernel): Variant {
  const { B, C, H, W, O, OH, OW, KH, KW, stride, padding: [top, left] } = n;
  const taps = KH * KW;
  return {
    name,
    scratch: [],
    calls: [{
      label,
      source: operandAliases(n.dtype) + termsSource + source,
      constants: { KH, KW, STRIDE: transposed ? 1 : stride, DILATE: transposed ? stride : 1 },
      bindings: [input(0), input(1), output],
      immediates: transposed
        ? [B, O, OH, OW, C, H, W, word(KH - 1 - top), word(KW - 1 - left), taps, C * taps, 1]
        : [B, C, H, W, O, OH, OW, top, left, C * taps, taps, 0],
      grid: withFold(groups(transposed ? C : O, height), groups(transposed ? B * H * W : B * OH * OW, width)),
      finish: { width: 1, rowLength: transposed ? H * W : OH * OW },
      flops: flopsOf(n),
      bytes: bytesOf(n, transposed ? 'x' : 'y'),
    }],
  };
}

/** Channels a workgroup takes at once: 16, or fewer where half would be wasted or one core get all the work. */
function rowsFor(channels: number, others: number): number {
  if (channels <= 8) return channels <= 4 ? 4 : 8;
  return channels <= 16 && others === 1 ? 8 : 16;
}

function subgroup(n: Geometry, transposed: boolean): Variant {
  const { B, C, H, W, O, OH, OW, KH, KW, stride, padding: [top, left] } = n;
  const taps = KH * KW;
  const step = transposed ? stride : 1;
  const [channels, height, width] = transposed ? [C, H, W] : [O, OH, OW];
  const quads = B * Math.ceil(height / step) * groups(Math.ceil(width / step), 4);
  const rows = rowsFor(channels, step * step * groups(quads, 8));
  const whole = step === 1 && width % 4 === 0;
  return {
    name: 'subgroup',
    scratch: [],
    calls: [{
      label: 'conv2dSubgroup',
      source: operandAliases(n.dtype) + subgroupSource,
      constants: {
        TAPS: Math.min(4, Math.ceil(KW / step)), STRIDE: transposed ? 1 : stride, STEP: step, ROWS: rows,
        WHOLE: whole ? 1 : 0,
      },
      bindings: [input(0), input(1), output],
      immediates: transposed
        ? [B, O, OH, OW, C, H, W, KH, KW, word(KH - 1 - top), word(KW - 1 - left), taps, C * taps, 1]
        : [B, C, H, W, O, OH, OW, KH, KW, top, left, C * taps, taps, 0],
      grid: withFold(groups(channels, rows) * step * step, groups(quads, 8)),
      finish: { width: whole ? 4 : 1, rowLength: height * width },
      flops: flopsOf(n),
      bytes: bytesOf(n, transposed ? 'x' : 'y'),
    }],
  };
}

/** A grid of `x` by `count` workgroups, however large `count` is; see `foldGrid`. */
function withFold(x: number, count: number): [number, number, number] {
  const [y, z] = foldGrid(count);
  return [x, y, z];
}

/** A negative number as the u32 of the same bits. */
const word = (value: number): number => value >>> 0;

function gradWeightTiled(n: Geometry, { name, height, width, source }: WorkgroupTile, device: DeviceCapabilities):
  Variant {
  const { B, C, H, W, O, OH, OW, KH, KW, stride, padding: [top, left] } = n;
  const tiles = groups(O, height) * groups(C * KH * KW, width);
  const part = Math.ceil((B * OH * OW) / partsFor(tiles, B * OH * OW, device) / 16) * 16;
  const parts = groups(B * OH * OW, part);
  return inParts(n, name, parts, (to) => ({
    label: 'conv2dGradWeightTiled',
    source: operandAliases(n.dtype) + source + gradWeightTiledSource,
    constants: { KH, KW, STRIDE: stride },
    bindings: [input(0), input(1), to],
    immediates: [B, C, H, W, O, OH, OW, top, left, part],
    grid: [groups(C * KH * KW, width), groups(O, height), parts],
    flops: flopsOf(n),
    bytes: bytesOf(n, 'weight'),
  }));
}

function gradWeightSubgroup(n: Geometry): Variant {
  const { B, C, H, W, O, OH, OW, KH, KW, stride, padding: [top, left] } = n;
  const taps = Math.min(4, KW);
  const across = groups(C, 8) * KH * groups(KW, taps);
  const rows = rowsFor(O, across);
  const tiles = across * groups(O, rows);
  // Enough workgroups to keep a few cores busy to the end.
  const part = Math.ceil((B * OH) / Math.min(B * OH, Math.ceil(8 / tiles)));
  const parts = groups(B * OH, part);
  return inParts(n, 'subgroup', parts, (to) => ({
    label: 'conv2dGradWeightSubgroup',
    source: operandAliases(n.dtype) + gradWeightSubgroupSource,
    constants: { TAPS: taps, STRIDE: stride, ROWS: rows },
    bindings: [input(0), input(1), to],
    immediates: [B, C, H, W, O, OH, OW, KH, KW, top, left, part],
    grid: [across, groups(O, rows), parts],
    flops: flopsOf(n),
    bytes: bytesOf(n, 'weight'),
  }));
}

/** A weight gradient whose pixels are cut into parts; where there are several, a second pass adds them. */
function inParts(n: Geometry, name: string, parts: number, product: (to: Operand) => KernelCall): Variant {
  const size = n.O * n.C * n.KH * n.KW;
  if (parts === 1) return { name, scratch: [], calls: [product(output)] };
  return { name, scratch: [4 * parts * size], calls: [product(scratch(0)), sumParts(scratch(0), output, parts, size)] };
}

export interface Conv2dOptions {
  readonly stride?: number;
  /** One number for all sides, or [top, left, bottom, right]; default 0. */
  readonly padding?: number | Padding;
}

/**
 * Convolution with an optional bias.
 *
 *   x       [B, C, H, W]
 *   weight  [O, C, KH, KW]
 *   bias    [O] or null
 *   ->      [B, O, OH, OW],  OH = floor((H + top + bottom - KH) / stride) + 1
 */
export function conv2d(x: Tensor, weight: Tensor, bias: Tensor | null, options: Conv2dOptions = {}): Tensor {
  const { stride = 1, padding = 0 } = options;
  const sides: Padding = typeof padding === 'number' ? [padding, padding, padding, padding] : padding;
  const pointwise = stride === 1 && x.rank === 4 && weight.rank === 4 && x.shape[1] === weight.shape[1]
    && weight.shape[2] === 1 && weight.shape[3] === 1 && sides.every((n) => n === 0);
  const y = pointwise ? conv1x1(x, weight)
    : apply(conv2dOp, asOperands('conv2d', x, weight), { stride, padding: sides });
  if (!bias) return y;
  check(bias.rank === 1 && bias.shape[0] === weight.shape[0], () =>
    `conv2d: bias must be [${weight.shape[0]}], found ${describe(bias)}`);
  return call('add', y, broadcast(reshape(bias, [-1, 1, 1]), y.shape));
}

/** A kernel of one pixel is a matrix product, in all three directions. */
function conv1x1(x: Tensor, weight: Tensor): Tensor {
  const [B, C, H, W] = x.shape as [number, number, number, number];
  const O = weight.shape[0]!;
  return reshape(matmul(reshape(weight, [O, C]), reshape(x, [B, C, H * W])), [B, O, H, W]);
}
