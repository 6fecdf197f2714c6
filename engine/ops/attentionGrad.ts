/**
 * The backward pass of attention, with probabilities made again from the log-sum-exp of the forward pass.
 *
 *   p[i, j] = exp(scale * q[i] . k[j] - lse[i])
 *   s[i, j] = p[i, j] * (g[i] . v[j] - delta[i]),   delta[i] = g[i] . y[i]
 *   dq[i] = scale * sum_j s[i, j] * k[j],   dk[j] = scale * sum_i s[i, j] * q[i],   dv[j] = sum_i p[i, j] * g[i]
 */
import { check } from '../errors.ts';
import { foldGrid, groups } from '../grid.ts';
import { apply, defineOp, f32Bits, input, output } from '../op.ts';
import type { DeviceCapabilities, KernelOp, Variant } from '../op.ts';
import { operandAliases } from '../precision.ts';
import keysSource from '../shaders/attentionGradKeys.wgsl';
import keysSubgroupSource from '../shaders/attentionGradKeysSubgroup.wgsl';
import querySource from '../shaders/attentionGradQ.wgsl';
import querySubgroupSource from '../shaders/attentionGradQSubgroup.wgsl';
import eightLanes from '../shaders/eightLanes.wgsl';
import dotsSource from '../shaders/rowDots.wgsl';
import { bytesPerElement, describe, sameShape, type DType, type Tensor, type TensorType } from '../tensor.ts';
import { attentionSizes, worksInRegisters, type AttentionAttrs, type AttentionSizes } from './attentionSizes.ts';
import { castTo } from './pointwise.ts';
import { itemOf, rowsOf } from './rowKernel.ts';
import { reshape, slice } from './view.ts';

/** a [.., n] f32 or f16, b [.., n] -> [..]: inner products of their rows. */
export const rowDotsOp = defineOp<null, KernelOp<null>>({
  kind: 'kernel',
  name: 'rowDots',
  infer([a, b]) {
    check(sameShape(a!.shape, b!.shape), () => `rowDots: a and b must have one shape, found ${describe(a!)} and `
      + describe(b!));
    return { shape: a!.shape.slice(0, -1), dtype: 'f32' };
  },
  reference([a, b], [type]) {
    const { rows, n } = rowsOf(type!);
    const y = new Float64Array(rows);
    for (let row = 0; row < rows; row++) {
      for (let i = row * n; i < (row + 1) * n; i++) y[row]! += a![i]! * b![i]!;
    }
    return y;
  },
  vjp: 'none',
  variants([a]) {
    const { rows, n } = rowsOf(a!);
    const item = itemOf(n);
    return [{
      name: 'rows',
      scratch: [],
      calls: [{
        label: 'rowDots',
        source: `${operandAliases(a!.dtype, item.width)}${item.source}\n${dotsSource}`,
        constants: { LANES: 64 },
        bindings: [input(0), input(1), output],
        immediates: [rows, n / item.width],
        grid: foldGrid(groups(rows, 64)),
        flops: 2 * rows * n,
        bytes: (bytesPerElement[a!.dtype] + 4) * rows * n,
      }],
    }];
  },
});

/** Where the cotangent of v begins behind that of k: at a multiple of 64 values, from which a binding may start. */
const valuesStart = ({ B, Lk, heads, D }: AttentionSizes): number => 64 * Math.ceil((B * Lk * heads * D) / 64);

/** The definition: calls `visit` with (p, s) of every pair of a query row and a key row that it sees. */
function eachPair(inputs: readonly Float64Array[], sizes: AttentionSizes, { causal, scale }: AttentionAttrs,
  visit: (p: number, s: number, row: number, keyRow: number) => void): void {
  const [q, k, v, g, lse, delta] = inputs as [Float64Array, Float64Array, Float64Array, Float64Array, Float64Array,
    Float64Array];
  const { B, Lq, Lk, heads, D, Dv, stride } = sizes;
  for (let row = 0; row < B * Lq * heads; row++) {
    const h = row % heads;
    const i = Math.floor(row / heads) % Lq;
    const b = Math.floor(row / heads / Lq);
    const seen = causal ? i + 1 + Lk - Lq : Lk;
    for (let j = 0; j < seen; j++) {
      const keyRow = (b * Lk + j) * heads + h;
      let score = 0;
      let slope = 0;
      for (let d = 0; d < D; d++) score += q[row * D + d]! * k[keyRow * D + d]!;
      for (let d = 0; d < Dv; d++) slope += g[row * Dv + d]! * v[keyRow * Dv + d]!;
      const p = Math.exp(scale * score - lse[(b * heads + h) * stride + i]!);
      visit(p, p * (slope - delta[row]!), row, keyRow);
    }
  }
}

const bindings = [input(0), input(1), input(2), input(3), input(4), input(5), output];

const sizesOf = (inputs: readonly TensorType[], attrs: AttentionAttrs): AttentionSizes =>
  attentionSizes(inputs[0]!, inputs[1]!, inputs[2]!, attrs);

/** q, k, v, g, lse [B, heads, stride], delta [B, Lq, heads] -> cotangent of q [B, Lq, heads * D]. */
export const attentionGradQOp = defineOp<AttentionAttrs, KernelOp<AttentionAttrs>>({
  kind: 'kernel',
  name: 'attentionGradQ',
  infer(inputs, attrs) {
    sizesOf(inputs, attrs);
    return { shape: inputs[0]!.shape, dtype: 'f32' };
  },
  reference(inputs, types, attrs) {
    const sizes = sizesOf(types, attrs);
    const { D } = sizes;
    const dq = new Float64Array(inputs[0]!.length);
    eachPair(inputs, sizes, attrs, (_p, s, row, keyRow) => {
      for (let d = 0; d < D; d++) dq[row * D + d]! += attrs.scale * s * inputs[1]![keyRow * D + d]!;
    });
    return dq;
  },
  vjp: 'none',
  variants: (inputs, _, attrs, device) => queryVariants(sizesOf(inputs, attrs), inputs[0]!.dtype, attrs, device),
});

function queryVariants(sizes: AttentionSizes, dtype: DType, attrs: AttentionAttrs,
  device: DeviceCapabilities): Variant[] {
  const { causal, scale } = attrs;
  const { B, Lq, Lk, heads, D, Dv, pairs } = sizes;
  const read = bytesPerElement[dtype] * B * heads * (Lq + Lk) * (D + Dv);
  const cost = { flops: 2 * pairs * (2 * D + Dv), bytes: read + 4 * B * heads * Lq * D };
  const item = itemOf(D, Dv);
  const workgroup: Variant = {
    name: 'workgroup',
    scratch: [],
    calls: [{
      label: 'attentionGradQ',
      source: `${operandAliases(dtype, item.width)}${item.source}\n${querySource}`,
      constants: { D: D / item.width, DV: Dv / item.width, CAUSAL: causal ? 1 : 0 },
      bindings,
      immediates: [heads, Lq, Lk, f32Bits(scale)],
      grid: [groups(Lq, 64), heads, B],
      ...cost,
    }],
  };
  if (!worksInRegisters(sizes, device)) return [workgroup];
  const subgroup: Variant = {
    name: 'subgroup',
    scratch: [],
    calls: [{
      label: 'attentionGradQSubgroup',
      source: `${operandAliases(dtype)}${eightLanes}\n${querySubgroupSource}`,
      constants: {},
      bindings,
      immediates: [heads, Lq, Lk, D / 4, Dv / 4, causal ? 1 : 0, f32Bits(scale)],
      grid: [groups(Lq, 16), heads, B],
      ...cost,
    }],
  };
  return [subgroup, workgroup];
}

/** q, k, v, g, lse, delta -> cotangents of k and then (aligned) of v, flat. */
export const attentionGradKeysOp = defineOp<AttentionAttrs, KernelOp<AttentionAttrs>>({
  kind: 'kernel',
  name: 'attentionGradKeys',
  infer(inputs, attrs) {
    const sizes = sizesOf(inputs, attrs);
    return { shape: [valuesStart(sizes) + sizes.B * sizes.Lk * sizes.heads * sizes.Dv], dtype: 'f32' };
  },
  reference(inputs, types, attrs) {
    const sizes = sizesOf(types, attrs);
    const { D, Dv } = sizes;
    const [q, , v, g] = inputs as [Float64Array, Float64Array, Float64Array, Float64Array];
    const start = valuesStart(sizes);
    const dkv = new Float64Array(start + v.length);
    eachPair(inputs, sizes, attrs, (p, s, row, keyRow) => {
      for (let d = 0; d < D; d++) dkv[keyRow * D + d]! += attrs.scale * s * q[row * D + d]!;
      for (let d = 0; d < Dv; d++) dkv[start + keyRow * Dv + d]! += p * g[row * Dv + d]!;
    });
    return dkv;
  },
  vjp: 'none',
  variants: (inputs, _, attrs, device) => keysVariants(sizesOf(inputs, attrs), inputs[0]!.dtype, attrs, device),
});

function keysVariants(sizes: AttentionSizes, dtype: DType, attrs: AttentionAttrs,
  device: DeviceCapabilities): Variant[] {
  const { causal, scale } = attrs;
  const { B, Lq, Lk, heads, D, Dv, pairs } = sizes;
  const read = bytesPerElement[dtype] * B * heads * (Lq + Lk) * (D + Dv);
  const cost = { flops: 4 * pairs * (D + Dv), bytes: read + 4 * B * heads * Lk * (D + Dv) };
  const item = itemOf(D, Dv);
  const workgroup: Variant = {
    name: 'workgroup',
    scratch: [],
    calls: [{
      label: 'attentionGradKeys',
      source: `${operandAliases(dtype, item.width)}${item.source}\n${keysSource}`,
      constants: { D: D / item.width, DV: Dv / item.width, CAUSAL: causal ? 1 : 0 },
      bindings,
      immediates: [heads, Lq, Lk, valuesStart(sizes) / item.width, f32Bits(scale)],
      grid: [groups(Lk, 64), heads, B],
      ...cost,
    }],
  };
  if (!worksInRegisters(sizes, device)) return [workgroup];
  const subgroup: Variant = {
    name: 'subgroup',
    scratch: [],
    calls: [{
      label: 'attentionGradKeysSubgroup',
      source: `${operandAliases(dtype)}${eightLanes}\n${keysSubgroupSource}`,
      constants: {},
      bindings,
      immediates: [heads, Lq, Lk, D / 4, Dv / 4, causal ? 1 : 0, valuesStart(sizes) / 4, f32Bits(scale)],
      grid: [groups(Lk, 16), heads, B],
      ...cost,
    }],
  };
  return [subgroup, workgroup];
}

/**
 * Cotangents of q, k and v from y, lse [B, heads, stride] and the cotangent of y. Both g . v and g . y are of the
 * cotangent as it is rounded, since their difference is what counts.
 */
export function attentionGradients(q: Tensor, k: Tensor, v: Tensor, y: Tensor, lse: Tensor, cotangent: Tensor,
  attrs: AttentionAttrs): [Tensor, Tensor, Tensor] {
  const g = castTo(cotangent, q.dtype);
  const sizes = attentionSizes(q, k, v, attrs);
  const perHead = [sizes.B, sizes.Lq, sizes.heads, sizes.Dv];
  const delta = apply(rowDotsOp, [reshape(g, perHead), reshape(y, perHead)], null);
  const operands = [q, k, v, g, lse, delta];
  const packed = apply(attentionGradKeysOp, operands, attrs);
  return [
    apply(attentionGradQOp, operands, attrs),
    reshape(slice(packed, 0, 0, k.size), k.shape),
    reshape(slice(packed, 0, valuesStart(sizes), v.size), v.shape),
  ];
}
