/**
 * The backward pass of attention with its weights kept in memory, for short sequences on software adapters.
 *
 * Kernels that make the weights again for each result compute seven products; with p and s in memory there are five,
 * of which three are plain products in registers. Both are laid out by keys, [B, heads, Lk, stride].
 */
import { groups, maxGroupsPerAxis } from '../grid.ts';
import { f32Bits, input, scratch } from '../op.ts';
import type { DeviceCapabilities, KernelCall, Operand, Variant } from '../op.ts';
import { operandAliases } from '../precision.ts';
import source from '../shaders/attentionWeightsSubgroup.wgsl';
import registerTile from '../shaders/registerTile.wgsl';
import { bytesPerElement, type DType } from '../tensor.ts';
import { gradPlaces, worksInRegisters, type AttentionGradAttrs, type AttentionSizes } from './attentionSizes.ts';
import { variantsInRegisters, type Side } from './matmulInRegisters.ts';

/** Most bytes that p and s may take each. */
const mostBytes = 32 * 2 ** 20;

const weightBytes = ({ B, heads, Lk, stride }: AttentionSizes): number => 4 * B * heads * Lk * stride;

/** Whether weights can be kept. Behind a causal mask half of the products would be for nothing. */
export function canKeepWeights(sizes: AttentionSizes, attrs: AttentionGradAttrs, device: DeviceCapabilities): boolean {
  return worksInRegisters(sizes, device) && !attrs.causal && weightBytes(sizes) <= mostBytes
    && sizes.B * sizes.heads <= maxGroupsPerAxis;
}

/** Whether that pays: narrow heads save too few products, and few queries leave most of a tile empty. */
export const keepsWeights = ({ Lq, D, Dv }: AttentionSizes): boolean => Lq > 16 && D + Dv >= 24;

/** Of q, k, v, g, lse [B, heads, stride] and delta [B, Lq, heads]. */
export function storedVariant(sizes: AttentionSizes, dtype: DType, attrs: AttentionGradAttrs): Variant {
  const { B, Lq, Lk, heads, D, Dv, stride, pairs } = sizes;
  const bytes = weightBytes(sizes);
  const weights: KernelCall = {
    label: 'attentionWeightsSubgroup',
    source: `${operandAliases(dtype)}${source}\n${registerTile}`,
    constants: {},
    bindings: [input(0), input(1), input(2), input(3), input(4), input(5), scratch(0), scratch(1)],
    immediates: [heads, Lq, Lk, D / 2, Dv / 2, stride, f32Bits(attrs.scale)],
    grid: [groups(Lq, 32), groups(Lk, 16), B * heads],
    flops: 2 * pairs * (D + Dv),
    bytes: bytesPerElement[dtype] * B * heads * (Lq + Lk) * (D + Dv) + 2 * bytes,
  };
  /** M rows of K weights times the head vectors of `right` [B, K, heads, N]. */
  const product = (kept: number, byKeys: boolean, right: Operand, N: number, start: number): KernelCall => {
    const [M, K] = byKeys ? [Lk, Lq] : [Lq, Lk];
    const [step, along] = byKeys ? [stride, 1] : [1, stride];
    const a: Side = { operand: scratch(kept), dtype: 'f32', length: M, step, along, batch: Lk * stride };
    const b: Side = { operand: right, dtype, length: N, step: 1, along: heads * N, batch: K * heads * N };
    return variantsInRegisters({
      B: B * heads, M, N, K, a, b, heads: { count: heads, start },
      flops: 2 * pairs * N, bytes: bytes + B * heads * N * (bytesPerElement[dtype] * K + 4 * M),
    })[0]!.calls[0]!;
  };
  const { keys, values } = gradPlaces(sizes, attrs);
  const ofQueries = (): KernelCall => product(1, false, input(1), D, 0);
  const ofKeys = (): KernelCall[] => [product(1, true, input(0), D, keys), product(0, true, input(3), Dv, values)];
  return {
    name: 'stored',
    scratch: [bytes, bytes],
    calls: [
      weights, ...(attrs.wanted === 'keys' ? [] : [ofQueries()]), ...(attrs.wanted === 'queries' ? [] : ofKeys()),
    ],
  };
}
