import { check } from '../errors.ts';
import { expectOperands, expectRank, type DeviceCapabilities } from '../op.ts';
import { describe, type TensorType } from '../tensor.ts';

export interface AttentionAttrs {
  readonly heads: number;
  /** Whether query i sees only keys 0 .. i + Lk - Lq. */
  readonly causal: boolean;
  /** Factor of the inner products of queries and keys. */
  readonly scale: number;
}

export interface AttentionSizes {
  readonly B: number;
  readonly Lq: number;
  readonly Lk: number;
  readonly heads: number;
  /** Width of a head of queries and keys, and of values. */
  readonly D: number;
  readonly Dv: number;
  /** Lq rounded up to fours: the log-sum-exp of the queries is kept as [B, heads, stride]. */
  readonly stride: number;
  /** Pairs of a query and a key that it sees, in all samples and heads. */
  readonly pairs: number;
}

/** Widest head that a lane can keep in registers. */
const mostWidth = 128;

/** Checks q [B, Lq, heads * D], k [B, Lk, heads * D], v [B, Lk, heads * Dv] and gives their sizes. */
export function attentionSizes(q: TensorType, k: TensorType, v: TensorType,
  { heads, causal }: AttentionAttrs): AttentionSizes {
  for (const [operand, type] of [['q', q], ['k', k], ['v', v]] as const) {
    expectRank('attention', operand, type, 3);
    check(type.shape[2]! % heads === 0, () =>
      `attention: the width of ${operand} must be a multiple of ${heads} heads, found ${describe(type)}`);
    check(type.shape[2]! / heads <= mostWidth, () => `attention: heads must be at most ${mostWidth} wide, found `
      + `${operand} ${describe(type)} with ${heads} heads. Use more heads, or matmul and softmax.`);
  }
  expectOperands('attention', { q, k, v });
  const [B, Lq, width] = q.shape as [number, number, number];
  const [, Lk, valueWidth] = v.shape as [number, number, number];
  check(k.shape[0] === B && v.shape[0] === B && k.shape[1] === Lk && k.shape[2] === width, () =>
    'attention: q, k and v must be [B, Lq, heads * D], [B, Lk, heads * D] and [B, Lk, heads * Dv], found '
    + `${describe(q)}, ${describe(k)} and ${describe(v)}`);
  check(!causal || Lk >= Lq, () => 'attention: with a causal mask there must be at least as many keys as queries, '
    + `found ${Lk} and ${Lq}; the first queries would see nothing`);
  const seen = causal ? Lq * (Lk - Lq) + (Lq * (Lq + 1)) / 2 : Lq * Lk;
  return {
    B, Lq, Lk, heads, D: width / heads, Dv: valueWidth / heads, stride: 4 * Math.ceil(Lq / 4), pairs: B * heads * seen,
  };
}

/** Whether the kernels for software adapters serve: subgroups of eight lanes, heads of whole vectors. */
export function worksInRegisters({ D, Dv }: AttentionSizes, device: DeviceCapabilities): boolean {
  return device.software && device.subgroups && device.subgroupSize === 8 && D % 4 === 0 && Dv % 4 === 0;
}

export interface AttentionGradAttrs extends AttentionAttrs {
  /** Which cotangents: of the queries, of keys and values, or all. */
  readonly wanted: 'queries' | 'keys' | 'all';
}

/**
 * Where the cotangents of keys and values begin behind those of the queries, and how many elements there are in all.
 * Each begins at a multiple of 64 values, from which a binding may start; those that nobody wants take no room.
 */
export function gradPlaces({ B, Lq, Lk, heads, D, Dv }: AttentionSizes, { wanted }: AttentionGradAttrs):
  { keys: number; values: number; size: number } {
  const align = (size: number): number => 64 * Math.ceil(size / 64);
  const ofQueries = B * Lq * heads * D;
  const keys = wanted === 'keys' ? 0 : align(ofQueries);
  const values = keys + align(B * Lk * heads * D);
  return { keys, values, size: wanted === 'queries' ? ofQueries : values + B * Lk * heads * Dv };
}
