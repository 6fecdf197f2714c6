/**
 * The backward pass of attention, with probabilities made again from the log-sum-exp of the forward pass.
 *
 *   p[i, j] = exp(scale * q[i] . k[j] - lse[i])
 *   s[i, j] = p[i, j] * (g[i] . v[j] - delta[i]),   delta[i] = g[i] . y[i]
 *   dq[i] = scale * sum_j s[i, j] * k[j],   dk[j] = scale * sum_i s[i, j] * q[i],   dv[j] = sum_i p[i, j] * g[i]
 */
import { check } from '../errors.ts';
import { groups, shareGrid } from '../grid.ts';
import { apply, defineOp, f32Bits, input, output } from '../op.ts';
import type { KernelCall, KernelOp, Variant } from '../op.ts';
import { operandAliases } from '../precision.ts';
import keysSource from '../shaders/attentionGradKeys.wgsl';
import keysSubgroupSource from '../shaders/attentionGradKeysSubgroup.wgsl';
import querySource from '../shaders/attentionGradQ.wgsl';
import querySubgroupSource from '../shaders/attentionGradQSubgroup.wgsl';
import sharedKeys from '../shaders/attentionKeys.wgsl';
import tile from '../shaders/attentionTile.wgsl';
import eightLanes from '../shaders/eightLanes.wgsl';
import dotsSource from '../shaders/rowDots.wgsl';
import { bytesPerElement, describe, sameShape, type DType, type Tensor, type TensorType } from '../tensor.ts';
import { attentionSizes, gradPlaces, worksInRegisters } from './attentionSizes.ts';
import type { AttentionAttrs, AttentionGradAttrs, AttentionSizes } from './attentionSizes.ts';
import { canKeepWeights, keepsWeights, storedVariant } from './attentionStored.ts';
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
  variants([a], _, __, device) {
    const { rows, n } = rowsOf(a!);
    const item = itemOf(n);
    const { lanes, grid } = shareGrid(rows, device.software);
    return [{
      name: 'rows',
      scratch: [],
      calls: [{
        label: 'rowDots',
        source: `${operandAliases(a!.dtype, item.width)}${item.source}\n${dotsSource}`,
        constants: { LANES: lanes },
        bindings: [input(0), input(1), output],
        immediates: [rows, n / item.width],
        grid,
        flops: 2 * rows * n,
        bytes: (bytesPerElement[a!.dtype] + 4) * rows * n,
      }],
    }];
  },
});

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

/**
 * q, k, v, g, lse [B, heads, stride], delta [B, Lq, heads] -> the cotangents that are wanted of q, k and v, flat, each
 * where `gradPlaces` says.
 */
export const attentionGradOp = defineOp<AttentionGradAttrs, KernelOp<AttentionGradAttrs>>({
  kind: 'kernel',
  name: 'attentionGrad',
  infer: (inputs, attrs) => ({ shape: [gradPlaces(sizesOf(inputs, attrs), attrs).size], dtype: 'f32' }),
  reference(inputs, types, attrs) {
    const sizes = sizesOf(types, attrs);
    const { D, Dv } = sizes;
    const [q, k, , g] = inputs as [Float64Array, Float64Array, Float64Array, Float64Array];
    const { keys, values, size } = gradPlaces(sizes, attrs);
    const d = new Float64Array(size);
    eachPair(inputs, sizes, attrs, (p, s, row, keyRow) => {
      if (attrs.wanted !== 'keys') {
        for (let at = 0; at < D; at++) d[row * D + at]! += attrs.scale * s * k[keyRow * D + at]!;
      }
      if (attrs.wanted !== 'queries') {
        for (let at = 0; at < D; at++) d[keys + keyRow * D + at]! += attrs.scale * s * q[row * D + at]!;
        for (let at = 0; at < Dv; at++) d[values + keyRow * Dv + at]! += p * g[row * Dv + at]!;
      }
    });
    return d;
  },
  vjp: 'none',
  variants(inputs, _, attrs, device) {
    const sizes = sizesOf(inputs, attrs);
    const { dtype } = inputs[0]!;
    const streaming = (name: string, query: KernelCall, keys: KernelCall): Variant => ({
      name, scratch: [],
      calls: [...(attrs.wanted === 'keys' ? [] : [query]), ...(attrs.wanted === 'queries' ? [] : [keys])],
    });
    const workgroup = streaming('workgroup', queryCall(sizes, dtype, attrs), keysCall(sizes, dtype, attrs));
    if (!worksInRegisters(sizes, device)) return [workgroup];
    const subgroup = streaming('subgroup', querySubgroupCall(sizes, dtype, attrs),
      keysSubgroupCall(sizes, dtype, attrs));
    if (!canKeepWeights(sizes, attrs, device)) return [subgroup, workgroup];
    const stored = storedVariant(sizes, dtype, attrs);
    return keepsWeights(sizes) ? [stored, subgroup, workgroup] : [subgroup, stored, workgroup];
  },
});

function queryCost({ B, Lq, Lk, heads, D, Dv, pairs }: AttentionSizes, dtype: DType): { flops: number; bytes: number } {
  const read = bytesPerElement[dtype] * B * heads * (Lq + Lk) * (D + Dv);
  return { flops: 2 * pairs * (2 * D + Dv), bytes: read + 4 * B * heads * Lq * D };
}

function keysCost({ B, Lq, Lk, heads, D, Dv, pairs }: AttentionSizes, dtype: DType): { flops: number; bytes: number } {
  const read = bytesPerElement[dtype] * B * heads * (Lq + Lk) * (D + Dv);
  return { flops: 4 * pairs * (D + Dv), bytes: read + 4 * B * heads * Lk * (D + Dv) };
}

function queryCall(sizes: AttentionSizes, dtype: DType, { causal, scale }: AttentionAttrs): KernelCall {
  const { B, Lq, Lk, heads, D, Dv } = sizes;
  const item = itemOf(D, Dv);
  return {
    label: 'attentionGradQ',
    source: `${operandAliases(dtype, item.width)}${item.source}\n${tile}\n${sharedKeys}\n${querySource}`,
    constants: { D: D / item.width, DV: Dv / item.width, CAUSAL: causal ? 1 : 0 },
    bindings,
    immediates: [heads, Lq, Lk, f32Bits(scale)],
    grid: [groups(Lq, 64), heads, B],
    ...queryCost(sizes, dtype),
  };
}

function querySubgroupCall(sizes: AttentionSizes, dtype: DType, { causal, scale }: AttentionAttrs): KernelCall {
  const { B, Lq, Lk, heads, D, Dv } = sizes;
  return {
    label: 'attentionGradQSubgroup',
    source: `${operandAliases(dtype)}${eightLanes}\n${querySubgroupSource}`,
    constants: {},
    bindings,
    immediates: [heads, Lq, Lk, D / 4, Dv / 4, causal ? 1 : 0, f32Bits(scale)],
    grid: [groups(Lq, 16), heads, B],
    ...queryCost(sizes, dtype),
  };
}

function keysCall(sizes: AttentionSizes, dtype: DType, attrs: AttentionGradAttrs): KernelCall {
  const { B, Lq, Lk, heads, D, Dv } = sizes;
  const item = itemOf(D, Dv);
  const { keys, values } = gradPlaces(sizes, attrs);
  return {
    label: 'attentionGradKeys',
    source: `${operandAliases(dtype, item.width)}${item.source}\n${tile}\n${keysSource}`,
    constants: { D: D / item.width, DV: Dv / item.width, CAUSAL: attrs.causal ? 1 : 0 },
    bindings,
    immediates: [heads, Lq, Lk, keys / item.width, values / item.width, f32Bits(attrs.scale)],
    grid: [groups(Lk, 64), heads, B],
    ...keysCost(sizes, dtype),
  };
}

function keysSubgroupCall(sizes: AttentionSizes, dtype: DType, attrs: AttentionGradAttrs): KernelCall {
  const { B, Lq, Lk, heads, D, Dv } = sizes;
  const { keys, values } = gradPlaces(sizes, attrs);
  return {
    label: 'attentionGradKeysSubgroup',
    source: `${operandAliases(dtype)}${eightLanes}\n${keysSubgroupSource}`,
    constants: {},
    bindings,
    immediates: [heads, Lq, Lk, D / 4, Dv / 4, attrs.causal ? 1 : 0, keys / 4, values / 4, f32Bits(attrs.scale)],
    grid: [groups(Lk, 16), heads, B],
    ...keysCost(sizes, dtype),
  };
}

/**
 * Cotangents of q, k and v, where `wanted`, from y, lse [B, heads, stride] and the cotangent of y. Both g . v and g . y
 * are of the cotangent as it is rounded, since their difference is what counts.
 */
export function attentionGradients([q, k, v]: readonly [Tensor, Tensor, Tensor], y: Tensor, lse: Tensor,
  cotangent: Tensor, attrs: AttentionAttrs, [ofQ, ofK, ofV]: readonly boolean[]): (Tensor | null)[] {
  const g = castTo(cotangent, q.dtype);
  const sizes = attentionSizes(q, k, v, attrs);
  const perHead = [sizes.B, sizes.Lq, sizes.heads, sizes.Dv];
  const delta = apply(rowDotsOp, [reshape(g, perHead), reshape(y, perHead)], null);
  const wanted = ofK || ofV ? (ofQ ? 'all' : 'keys') : 'queries';
  const gradAttrs: AttentionGradAttrs = { ...attrs, wanted };
  const all = apply(attentionGradOp, [q, k, v, g, lse, delta], gradAttrs);
  const { keys, values } = gradPlaces(sizes, gradAttrs);
  const part = (x: Tensor, start: number): Tensor => reshape(slice(all, 0, start, x.size), x.shape);
  return [ofQ ? part(q, 0) : null, ofK ? part(k, keys) : null, ofV ? part(v, values) : null];
}
