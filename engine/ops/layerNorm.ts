/**
 * Layer normalisation over the last axis [Ba, Kiros & Hinton 2016].
 *
 *   y = (x - mean) * rstd * weight + bias,   mean and rstd = 1 / sqrt(variance + eps) of each row
 *
 * The statistics are a node of their own, so that the backward pass reads what the forward pass found.
 */
import { check } from '../errors.ts';
import { groups, maxGroupsPerAxis } from '../grid.ts';
import { apply, defineOp, expectDType, f32Bits, input, output, type KernelOp, type Operand } from '../op.ts';
import source from '../shaders/layerNorm.wgsl';
import affineSource from '../shaders/layerNormGradAffine.wgsl';
import gradXSource from '../shaders/layerNormGradX.wgsl';
import { describe, sameShape, type Tensor, type TensorType } from '../tensor.ts';
import { normStatsOp } from './normStats.ts';
import { sum } from './reduce.ts';
import { itemOf, rowsOf, rowVariants } from './rowKernel.ts';
import { reshape, slice } from './view.ts';

/** Which of the optional operands are given, in this order after x and the statistics. */
export interface LayerNormAttrs {
  readonly weight: boolean;
  readonly bias: boolean;
}

function expectOperands(name: string, x: TensorType, stats: TensorType, vectors: readonly TensorType[]): void {
  expectDType(name, 'x', x, 'f32');
  const { rows, n } = rowsOf(x);
  check(sameShape(stats.shape, [rows, 2]), () => `${name}: statistics of ${describe(x)} must be [${rows}, 2], found `
    + describe(stats));
  for (const vector of vectors) {
    check(sameShape(vector.shape, [n]), () => `${name}: weight and bias must be [${n}] for x ${describe(x)}, found `
      + describe(vector));
  }
}

/** g, x [.., D], stats [rows, 2], weight [D] where given -> cotangent of x [.., D]. */
export const layerNormGradXOp = defineOp<{ weight: boolean }, KernelOp<{ weight: boolean }>>({
  kind: 'kernel',
  name: 'layerNormGradX',
  infer([g, x, stats, ...vectors]) {
    expectOperands('layerNormGradX', x!, stats!, vectors);
    return { shape: g!.shape, dtype: 'f32' };
  },
  reference([g, x, stats, weight], [type]) {
    const { rows, n } = rowsOf(type!);
    const dx = new Float64Array(rows * n);
    for (let row = 0; row < rows; row++) {
      const [mean, rstd] = [stats![2 * row]!, stats![2 * row + 1]!];
      let shift = 0;
      let slope = 0;
      for (let i = 0; i < n; i++) {
        const h = g![row * n + i]! * (weight?.[i] ?? 1);
        shift += h / n;
        slope += (h * (x![row * n + i]! - mean) * rstd) / n;
      }
      for (let i = 0; i < n; i++) {
        const at = row * n + i;
        dx[at] = rstd * (g![at]! * (weight?.[i] ?? 1) - shift - (x![at]! - mean) * rstd * slope);
      }
    }
    return dx;
  },
  vjp: 'none',
  variants([, x], _, { weight }, device) {
    const { rows, n } = rowsOf(x!);
    return rowVariants({
      label: 'layerNormGradX', body: gradXSource, rows, n, words: [f32Bits(1 / n)],
      constants: { WEIGHT: weight ? 1 : 0 },
      bindings: [input(0), input(1), input(2), input(weight ? 3 : 0), output],
      flops: 12 * rows * n, bytes: 12 * rows * n,
    }, device);
  },
});

/** g, x [.., D], stats [rows, 2] -> [pieces, 2, D]: what each piece of the rows adds to (dWeight, dBias). */
export const layerNormGradAffineOp = defineOp<{ pieces: number }, KernelOp<{ pieces: number }>>({
  kind: 'kernel',
  name: 'layerNormGradAffine',
  infer([, x, stats], { pieces }) {
    expectOperands('layerNormGradAffine', x!, stats!, []);
    return { shape: [pieces, 2, rowsOf(x!).n], dtype: 'f32' };
  },
  reference([g, x, stats], [type], { pieces }) {
    const { rows, n } = rowsOf(type!);
    const piece = Math.ceil(rows / pieces);
    const y = new Float64Array(pieces * 2 * n);
    for (let row = 0; row < rows; row++) {
      const start = 2 * n * Math.floor(row / piece);
      for (let i = 0; i < n; i++) {
        const at = row * n + i;
        y[start + i]! += g![at]! * (x![at]! - stats![2 * row]!) * stats![2 * row + 1]!;
        y[start + n + i]! += g![at]!;
      }
    }
    return y;
  },
  vjp: 'none',
  variants([, x], _, { pieces }) {
    const { rows, n } = rowsOf(x!);
    const item = itemOf(n);
    const items = n / item.width;
    return [{
      name: 'columns',
      scratch: [],
      calls: [{
        label: 'layerNormGradAffine',
        source: `${item.source}\n${affineSource}`,
        constants: { LANES: 32 },
        bindings: [input(0), input(1), input(2), output],
        immediates: [rows, items, Math.ceil(rows / pieces)],
        grid: [groups(items, 32), pieces, 1],
        flops: 5 * rows * n,
        bytes: 8 * rows * n,
      }],
    }];
  },
});

/** Pieces of so many rows that many lanes find work, without an empty one at the end. */
function affinePieces(rows: number): number {
  return groups(rows, Math.max(32, Math.ceil(rows / Math.min(256, maxGroupsPerAxis))));
}

/** x [.., D], stats [rows, 2], weight [D] and bias [D] where given -> [.., D]. */
export const layerNormOp = defineOp<LayerNormAttrs, KernelOp<LayerNormAttrs>>({
  kind: 'kernel',
  name: 'layerNorm',
  infer([x, stats, ...vectors]) {
    expectOperands('layerNorm', x!, stats!, vectors);
    return { shape: x!.shape, dtype: 'f32' };
  },
  reference([x, stats, ...vectors], [type], attrs) {
    const weight = attrs.weight ? vectors[0] : undefined;
    const bias = attrs.bias ? vectors.at(-1) : undefined;
    const { n } = rowsOf(type!);
    return x!.map((value, at) => {
      const row = Math.floor(at / n);
      const i = at - row * n;
      return (value - stats![2 * row]!) * stats![2 * row + 1]! * (weight?.[i] ?? 1) + (bias?.[i] ?? 0);
    });
  },
  vjp(g, [x, stats, ...vectors], _, attrs) {
    const weight = attrs.weight ? [vectors[0]!] : [];
    const { rows, n } = rowsOf(x!);
    const dx = apply(layerNormGradXOp, [g, x!, stats!, ...weight], { weight: attrs.weight });
    const affine = sum(apply(layerNormGradAffineOp, [g, x!, stats!], { pieces: affinePieces(rows) }), [0]);
    const part = (k: number): Tensor => reshape(slice(affine, 0, k, 1), [n]);
    return [dx, null, ...(attrs.weight ? [part(0)] : []), ...(attrs.bias ? [part(1)] : [])];
  },
  variants([x], _, { weight, bias }, device) {
    const { rows, n } = rowsOf(x!);
    const vector = (given: boolean, index: number): Operand => input(given ? index : 0);
    return rowVariants({
      label: 'layerNorm', body: source, rows, n, constants: { WEIGHT: weight ? 1 : 0, BIAS: bias ? 1 : 0 },
      bindings: [input(0), input(1), vector(weight, 2), vector(bias, weight ? 3 : 2), output],
      flops: 4 * rows * n, bytes: 8 * rows * n,
    }, device);
  },
});

/**
 *   x       [.., D]
 *   weight  [D] or null, bias [D] or null
 *   ->      [.., D]
 */
export function layerNorm(x: Tensor, weight: Tensor | null = null, bias: Tensor | null = null, eps = 1e-5): Tensor {
  check(x.rank > 0, () => `layerNorm: x must have at least one axis, found ${describe(x)}`);
  const stats = apply(normStatsOp, [reshape(x, [-1, x.shape.at(-1)!])], { eps });
  const vectors = [weight, bias].filter((vector) => vector !== null);
  return apply(layerNormOp, [x, stats, ...vectors], { weight: weight !== null, bias: bias !== null });
}
