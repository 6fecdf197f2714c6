/**
 * Group normalisation [Wu & He 2018], with the SiLU that follows it in every residual block.
 *
 *   h = (x - mean) * rstd * weight + bias,   mean and rstd = 1 / sqrt(variance + eps) of each group of channels
 *   y = h  or  h * sigmoid(h)
 *
 * The statistics are a node of their own, so that the backward pass reads what the forward pass found. There, one
 * pass over x and g leaves two sums per channel, from which dx, dWeight and dBias all follow.
 */
import { check } from '../errors.ts';
import { apply, defineOp, expectDType, f32Bits, input, output, type KernelOp } from '../op.ts';
import source from '../shaders/groupNorm.wgsl';
import backSource from '../shaders/groupNormBack.wgsl';
import sumsSource from '../shaders/groupNormGradSums.wgsl';
import gradXSource from '../shaders/groupNormGradX.wgsl';
import { describe, sameShape, sizeOf, type Tensor, type TensorType } from '../tensor.ts';
import { normStatsOp } from './normStats.ts';
import { sum } from './reduce.ts';
import { rowVariants } from './rowKernel.ts';
import { reshape, slice } from './view.ts';

export type Activation = 'none' | 'silu';

export interface GroupNormAttrs {
  readonly groups: number;
  readonly activation: Activation;
}

interface Sizes {
  readonly B: number;
  readonly C: number;
  /** Values of a channel: the product of the spatial axes. */
  readonly n: number;
  readonly perGroup: number;
}

function sizes(x: TensorType, groups: number): Sizes {
  const [B, C, ...spatial] = x.shape as [number, number, ...number[]];
  return { B, C, n: sizeOf(spatial), perGroup: C / groups };
}

function expectOperands(name: string, x: TensorType, stats: TensorType, vectors: readonly TensorType[],
  { groups }: GroupNormAttrs): void {
  expectDType(name, 'x', x, 'f32');
  const { B, C } = sizes(x, groups);
  check(sameShape(stats.shape, [B * groups, 2]), () => `${name}: statistics of ${groups} groups of ${describe(x)} must `
    + `be [${B * groups}, 2], found ${describe(stats)}`);
  for (const vector of vectors) {
    check(sameShape(vector.shape, [C]), () => `${name}: weight and bias must be [${C}] for x ${describe(x)}, found `
      + describe(vector));
  }
}

const sigmoid = (h: number): number => 1 / (1 + Math.exp(-h));
const slope: Record<Activation, (h: number) => number> = {
  none: () => 1,
  silu: (h) => sigmoid(h) * (1 + h * (1 - sigmoid(h))),
};

/** Calls `visit` for every value of x: (place in x, row = sample * C + channel, channel, mean, rstd). */
function eachValue({ B, C, n, perGroup }: Sizes, stats: Float64Array,
  visit: (at: number, row: number, channel: number, mean: number, rstd: number) => void): void {
  for (let row = 0; row < B * C; row++) {
    const slab = Math.floor(row / perGroup);
    for (let i = 0; i < n; i++) visit(row * n + i, row, row % C, stats[2 * slab]!, stats[2 * slab + 1]!);
  }
}

/**
 * g, x [B, C, ..], stats [B * G, 2], weight [C], bias [C] -> [2, B, C]: per channel the sums of r and r * z, where
 * r is g taken back through the activation and z the normalised x.
 */
export const groupNormGradSumsOp = defineOp<GroupNormAttrs, KernelOp<GroupNormAttrs>>({
  kind: 'kernel',
  name: 'groupNormGradSums',
  infer([, x, stats, ...vectors], attrs) {
    expectOperands('groupNormGradSums', x!, stats!, vectors, attrs);
    return { shape: [2, x!.shape[0]!, x!.shape[1]!], dtype: 'f32' };
  },
  reference([g, x, stats, weight, bias], [, type], { groups, activation }) {
    const known = sizes(type!, groups);
    const sums = new Float64Array(2 * known.B * known.C);
    eachValue(known, stats!, (at, row, channel, mean, rstd) => {
      const z = (x![at]! - mean) * rstd;
      const r = g![at]! * slope[activation](z * weight![channel]! + bias![channel]!);
      sums[row]! += r;
      sums[known.B * known.C + row]! += r * z;
    });
    return sums;
  },
  vjp: 'none',
  variants([, x], _, { groups, activation }, device) {
    const { B, C, n, perGroup } = sizes(x!, groups);
    return rowVariants({
      label: 'groupNormGradSums', body: `${backSource}\n${sumsSource}`, rows: B * C, n, words: [C, perGroup],
      constants: { SILU: activation === 'silu' ? 1 : 0 },
      bindings: [input(0), input(1), input(2), input(3), input(4), output],
      flops: 12 * B * C * n, bytes: 8 * B * C * n,
    }, device);
  },
});

/** g, x [B, C, ..], stats [B * G, 2], weight [C], bias [C], sums [2, B, C] -> cotangent of x [B, C, ..]. */
export const groupNormGradXOp = defineOp<GroupNormAttrs, KernelOp<GroupNormAttrs>>({
  kind: 'kernel',
  name: 'groupNormGradX',
  infer([, x, stats, weight, bias], attrs) {
    expectOperands('groupNormGradX', x!, stats!, [weight!, bias!], attrs);
    return { shape: x!.shape, dtype: 'f32' };
  },
  reference([g, x, stats, weight, bias, sums], [, type], { groups, activation }) {
    const known = sizes(type!, groups);
    const { B, C, n, perGroup } = known;
    const shift = new Float64Array(B * groups);
    const product = new Float64Array(B * groups);
    for (let row = 0; row < B * C; row++) {
      const slab = Math.floor(row / perGroup);
      shift[slab]! += (weight![row % C]! * sums![row]!) / (perGroup * n);
      product[slab]! += (weight![row % C]! * sums![B * C + row]!) / (perGroup * n);
    }
    const dx = new Float64Array(x!.length);
    eachValue(known, stats!, (at, row, channel, mean, rstd) => {
      const z = (x![at]! - mean) * rstd;
      const r = g![at]! * slope[activation](z * weight![channel]! + bias![channel]!);
      const slab = Math.floor(row / perGroup);
      dx[at] = rstd * (r * weight![channel]! - shift[slab]! - z * product[slab]!);
    });
    return dx;
  },
  vjp: 'none',
  variants([, x], _, { groups, activation }, device) {
    const { B, C, n, perGroup } = sizes(x!, groups);
    return rowVariants({
      label: 'groupNormGradX', body: `${backSource}\n${gradXSource}`, rows: B * C, n,
      words: [C, perGroup, f32Bits(1 / (perGroup * n))],
      constants: { SILU: activation === 'silu' ? 1 : 0 },
      bindings: [input(0), input(1), input(2), input(3), input(4), input(5), output],
      flops: 14 * B * C * n, bytes: 12 * B * C * n,
    }, device);
  },
});

/** x [B, C, ..], stats [B * G, 2], weight [C], bias [C] -> [B, C, ..]. */
export const groupNormOp = defineOp<GroupNormAttrs, KernelOp<GroupNormAttrs>>({
  kind: 'kernel',
  name: 'groupNorm',
  infer([x, stats, weight, bias], attrs) {
    expectOperands('groupNorm', x!, stats!, [weight!, bias!], attrs);
    return { shape: x!.shape, dtype: 'f32' };
  },
  reference([x, stats, weight, bias], [type], { groups, activation }) {
    const y = new Float64Array(x!.length);
    eachValue(sizes(type!, groups), stats!, (at, _row, channel, mean, rstd) => {
      const h = (x![at]! - mean) * rstd * weight![channel]! + bias![channel]!;
      y[at] = activation === 'silu' ? h * sigmoid(h) : h;
    });
    return y;
  },
  vjp(g, [x, stats, weight, bias], _, attrs) {
    const sums = apply(groupNormGradSumsOp, [g, x!, stats!, weight!, bias!], attrs);
    const dx = apply(groupNormGradXOp, [g, x!, stats!, weight!, bias!, sums], attrs);
    const perChannel = sum(sums, [1]);
    const part = (k: number): Tensor => reshape(slice(perChannel, 0, k, 1), weight!.shape);
    return [dx, null, part(1), part(0)];
  },
  variants([x], _, { groups, activation }, device) {
    const { B, C, n, perGroup } = sizes(x!, groups);
    return rowVariants({
      label: 'groupNorm', body: source, rows: B * C, n, words: [C, perGroup],
      constants: { SILU: activation === 'silu' ? 1 : 0 },
      bindings: [input(0), input(1), input(2), input(3), output],
      flops: (activation === 'silu' ? 7 : 3) * B * C * n, bytes: 8 * B * C * n,
    }, device);
  },
});

/**
 *   x       [B, C, ..spatial]
 *   groups  number of groups; divides C
 *   weight  [C], bias [C]
 *   ->      [B, C, ..spatial]
 */
export function groupNorm(x: Tensor, groups: number, weight: Tensor, bias: Tensor, eps = 1e-5,
  activation: Activation = 'none'): Tensor {
  check(x.rank >= 2 && x.shape[1]! % groups === 0, () =>
    `groupNorm: x must be [B, C, ..] with C a multiple of ${groups} groups, found ${describe(x)}`);
  const stats = apply(normStatsOp, [reshape(x, [x.shape[0]! * groups, -1])], { eps });
  return apply(groupNormOp, [x, stats, weight, bias], { groups, activation });
}
