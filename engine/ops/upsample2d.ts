/** Nearest-neighbour enlargement of images by a whole factor, and its gradient. */
import { check } from '../errors.ts';
import { groups, maxGroupsPerAxis } from '../grid.ts';
import { apply, defineOp, expectDType, expectRank, input, output, type KernelOp, type Variant } from '../op.ts';
import upsampleSource from '../shaders/upsample2d.wgsl';
import gradSource from '../shaders/upsample2dGrad.wgsl';
import { describe, sizeOf, type Tensor, type TensorType } from '../tensor.ts';

export interface Upsample2dAttrs {
  readonly factor: number;
}

/** x [B, C, H, W] -> [B, C, H * factor, W * factor]; every pixel repeated as a block. */
export const upsample2dOp: KernelOp<Upsample2dAttrs> = defineOp<Upsample2dAttrs, KernelOp<Upsample2dAttrs>>({
  kind: 'kernel',
  name: 'upsample2d',
  infer([x], { factor }) {
    expectImage('upsample2d', x!, factor);
    const [B, C, H, W] = x!.shape as [number, number, number, number];
    return { shape: [B, C, H * factor, W * factor], dtype: 'f32' };
  },
  reference([x], [type], { factor }) {
    const W = type!.shape[3]! * factor;
    const y = new Float64Array(x!.length * factor * factor);
    for (let i = 0; i < y.length; i++) {
      y[i] = x![Math.floor(Math.floor(i / W) / factor) * type!.shape[3]! + Math.floor((i % W) / factor)]!;
    }
    return y;
  },
  vjp: (g, _, __, attrs) => [apply(upsample2dGradOp, [g], attrs)],
  variants: ([x], _, { factor }) => [kernel('upsample2d', upsampleSource, x!, factor)],
});

/** g [B, C, H * factor, W * factor] -> [B, C, H, W]: the sum of every block. */
export const upsample2dGradOp: KernelOp<Upsample2dAttrs> = defineOp<Upsample2dAttrs, KernelOp<Upsample2dAttrs>>({
  kind: 'kernel',
  name: 'upsample2dGrad',
  infer([g], { factor }) {
    expectImage('upsample2dGrad', g!, factor);
    const [B, C, H, W] = g!.shape as [number, number, number, number];
    check(H % factor === 0 && W % factor === 0, () =>
      `upsample2dGrad: height and width must be multiples of ${factor}, found ${describe(g!)}`);
    return { shape: [B, C, H / factor, W / factor], dtype: 'f32' };
  },
  reference([g], [type], { factor }) {
    const wide = type!.shape[3]!;
    const y = new Float64Array(g!.length / (factor * factor));
    for (let i = 0; i < g!.length; i++) {
      y[Math.floor(Math.floor(i / wide) / factor) * (wide / factor) + Math.floor((i % wide) / factor)]! += g![i]!;
    }
    return y;
  },
  vjp: (g, _, __, attrs) => [apply(upsample2dOp, [g], attrs)],
  variants: (_, y, { factor }) => [kernel('upsample2dGrad', gradSource, y, factor)],
});

function expectImage(name: string, x: TensorType, factor: number): void {
  expectRank(name, 'x', x, 4);
  expectDType(name, 'x', x, 'f32');
  check(Number.isInteger(factor) && factor >= 1, () => `${name}: factor must be a positive integer, found ${factor}`);
}

/** Both directions walk the pixels of the small image. */
function kernel(label: string, source: string, small: TensorType, factor: number): Variant {
  const W = small.shape[3]!;
  const size = sizeOf(small.shape);
  return {
    name: label,
    scratch: [],
    calls: [{
      label, source, constants: { FACTOR: factor }, bindings: [input(0), output], immediates: [size / W, W],
      grid: [groups(W, 8), Math.min(groups(size / W, 8), maxGroupsPerAxis), 1],
      flops: size * factor * factor, bytes: 4 * size * (1 + factor * factor),
    }],
  };
}

/** Nearest-neighbour enlargement: x [B, C, H, W] -> [B, C, H * factor, W * factor]. */
export function upsample2d(x: Tensor, factor = 2): Tensor {
  return factor === 1 ? x : apply(upsample2dOp, [x], { factor });
}
