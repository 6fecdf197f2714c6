/**
 * Multi-head softmax attention without a matrix of scores [Dao et al. 2022].
 *
 *   p[i, j] = exp(scale * q[i] . k[j] - lse[i]),   lse[i] = log sum_j exp(scale * q[i] . k[j])
 *   y[i] = sum_j p[i, j] * v[j]                                               in every (sample, head)
 *
 * One kernel walks the keys with a running maximum and leaves y and lse in one buffer; `attentionOp` is a view of the
 * first part that carries the derivative. The backward pass makes the probabilities again from lse (attentionGrad.ts).
 * Heads are read where they lie, by strides: nothing is transposed.
 */
import { groups } from '../grid.ts';
import { contiguous } from '../layout.ts';
import { apply, defineOp, f32Bits, input, output } from '../op.ts';
import type { DeviceCapabilities, KernelOp, Variant, ViewOp } from '../op.ts';
import { operandAliases } from '../precision.ts';
import source from '../shaders/attention.wgsl';
import sharedKeys from '../shaders/attentionKeys.wgsl';
import subgroupSource from '../shaders/attentionSubgroup.wgsl';
import tile from '../shaders/attentionTile.wgsl';
import eightLanes from '../shaders/eightLanes.wgsl';
import { bytesPerElement, sizeOf, type DType, type Tensor, type TensorType } from '../tensor.ts';
import { attentionGradients } from './attentionGrad.ts';
import { attentionSizes, worksInRegisters, type AttentionAttrs, type AttentionSizes } from './attentionSizes.ts';
import { asOperands } from './pointwise.ts';
import { itemOf } from './rowKernel.ts';
import { reshape, slice } from './view.ts';

/** Where lse begins behind y: at a multiple of 64 values, from which a binding may start. */
const lseStart = ({ B, Lq, heads, Dv }: AttentionSizes): number => 64 * Math.ceil((B * Lq * heads * Dv) / 64);

/** Kernels, best first: in registers where the adapter is software, by tiles in workgroup memory elsewhere. */
function forwardVariants(sizes: AttentionSizes, dtype: DType, attrs: AttentionAttrs,
  device: DeviceCapabilities): Variant[] {
  const { causal, scale } = attrs;
  const { B, Lq, Lk, heads, D, Dv, pairs } = sizes;
  const item = itemOf(D, Dv);
  const read = bytesPerElement[dtype] * B * heads * (Lq * D + Lk * (D + Dv));
  const cost = { flops: 2 * pairs * (D + Dv), bytes: read + 4 * B * heads * Lq * Dv };
  const bindings = [input(0), input(1), input(2), output];
  const workgroup: Variant = {
    name: 'workgroup',
    scratch: [],
    calls: [{
      label: 'attention',
      source: `${operandAliases(dtype, item.width)}${item.source}\n${tile}\n${sharedKeys}\n${source}`,
      constants: { D: D / item.width, DV: Dv / item.width, CAUSAL: causal ? 1 : 0 },
      bindings,
      immediates: [heads, Lq, Lk, lseStart(sizes), f32Bits(scale)],
      grid: [groups(Lq, 64), heads, B],
      ...cost,
    }],
  };
  if (!worksInRegisters(sizes, device)) return [workgroup];
  const subgroup: Variant = {
    name: 'subgroup',
    scratch: [],
    calls: [{
      label: 'attentionSubgroup',
      source: `${operandAliases(dtype)}${eightLanes}\n${subgroupSource}`,
      constants: {},
      bindings,
      immediates: [heads, Lq, Lk, D / 4, Dv / 4, causal ? 1 : 0, lseStart(sizes) / 4, f32Bits(scale)],
      grid: [groups(Lq, 16), heads, B],
      ...cost,
    }],
  };
  return [subgroup, workgroup];
}

/** q [B, Lq, heads * D], k [B, Lk, heads * D], v [B, Lk, heads * Dv] -> y, then (aligned) lse, flat. */
export const attentionForwardOp = defineOp<AttentionAttrs, KernelOp<AttentionAttrs>>({
  kind: 'kernel',
  name: 'attentionForward',
  infer([q, k, v], attrs) {
    const sizes = attentionSizes(q!, k!, v!, attrs);
    return { shape: [lseStart(sizes) + sizes.B * sizes.heads * sizes.stride], dtype: 'f32' };
  },
  reference([q, k, v], [qType, kType, vType], attrs) {
    const sizes = attentionSizes(qType!, kType!, vType!, attrs);
    const { B, Lq, Lk, heads, D, Dv, stride } = sizes;
    const lseAt = lseStart(sizes);
    const y = new Float64Array(lseAt + B * heads * stride);
    const p = new Float64Array(Lk);
    for (let row = 0; row < B * Lq * heads; row++) {
      const h = row % heads;
      const i = Math.floor(row / heads) % Lq;
      const b = Math.floor(row / heads / Lq);
      const seen = attrs.causal ? i + 1 + Lk - Lq : Lk;
      let top = -Infinity;
      for (let j = 0; j < seen; j++) {
        const key = ((b * Lk + j) * heads + h) * D;
        p[j] = 0;
        for (let d = 0; d < D; d++) p[j]! += attrs.scale * q![row * D + d]! * k![key + d]!;
        top = Math.max(top, p[j]!);
      }
      let mass = 0;
      for (let j = 0; j < seen; j++) mass += Math.exp(p[j]! - top);
      for (let j = 0; j < seen; j++) {
        const value = ((b * Lk + j) * heads + h) * Dv;
        const weight = Math.exp(p[j]! - top) / mass;
        for (let d = 0; d < Dv; d++) y[row * Dv + d]! += weight * v![value + d]!;
      }
      y[lseAt + (b * heads + h) * stride + i] = top + Math.log(mass);
    }
    return y;
  },
  vjp: 'none',
  variants: ([q, k, v], _, attrs, device) =>
    forwardVariants(attentionSizes(q!, k!, v!, attrs), q!.dtype, attrs, device),
});

function resultShape(q: TensorType, v: TensorType): number[] {
  return [q.shape[0]!, q.shape[1]!, v.shape[2]!];
}

/** What attentionForward left, q, k, v -> the part that is y [B, Lq, heads * Dv]. */
export const attentionOp = defineOp<AttentionAttrs, ViewOp<AttentionAttrs>>({
  kind: 'view',
  name: 'attention',
  infer: ([, q, , v]) => ({ shape: resultShape(q!, v!), dtype: 'f32' }),
  reference: ([packed], [, q, , v]) => packed!.slice(0, sizeOf(resultShape(q!, v!))),
  vjp(g, [packed, q, k, v], y, attrs, [, ...wanted]) {
    const sizes = attentionSizes(q!, k!, v!, attrs);
    const perQuery = [sizes.B, sizes.heads, sizes.stride];
    const lse = reshape(slice(packed!, 0, lseStart(sizes), sizeOf(perQuery)), perQuery);
    return [null, ...attentionGradients([q!, k!, v!], y, lse, g, attrs, wanted)];
  },
  view: (_, { shape }) => contiguous(shape),
});

export interface AttentionOptions {
  readonly heads: number;
  /** Query i sees only keys 0 .. i + Lk - Lq; default false. */
  readonly causal?: boolean;
  /** Default 1 / sqrt(D). */
  readonly scale?: number;
}

/**
 *   q  [B, Lq, heads * D]
 *   k  [B, Lk, heads * D]
 *   v  [B, Lk, heads * Dv]     D and Dv at most 128
 *   -> [B, Lq, heads * Dv]
 */
export function attention(q: Tensor, k: Tensor, v: Tensor, options: AttentionOptions): Tensor {
  const { heads, causal = false, scale = 1 / Math.sqrt(q.shape.at(-1)! / heads) } = options;
  const attrs: AttentionAttrs = { heads, causal, scale };
  const operands = asOperands('attention', q, k, v);
  return apply(attentionOp, [apply(attentionForwardOp, operands, attrs), ...operands], attrs);
}
