import { RandomStream } from '../../engine/random.ts';
import { sizeOf } from '../../engine/tensor.ts';

/** Normals of a shape, times `scale`: the same for every implementation. */
export function normalValues(name: string, shape: readonly number[], scale = 1): Float32Array {
  const random = new RandomStream(0, `bench ${name}`);
  return Float32Array.from({ length: sizeOf(shape) }, () => scale * random.normal());
}

/** Values of x [A, B, C, D] with its axes in another order: `order[i]` is the axis of x that becomes axis i. */
export function permute4(x: Float32Array, shape: readonly number[], order: readonly number[]): Float32Array {
  const strides = [shape[1]! * shape[2]! * shape[3]!, shape[2]! * shape[3]!, shape[3]!, 1];
  const [n0, n1, n2, n3] = order.map((axis) => shape[axis]!) as [number, number, number, number];
  const [s0, s1, s2, s3] = order.map((axis) => strides[axis]!) as [number, number, number, number];
  const y = new Float32Array(x.length);
  let at = 0;
  for (let a = 0; a < n0; a++) {
    for (let b = 0; b < n1; b++) {
      for (let c = 0; c < n2; c++) {
        for (let d = 0; d < n3; d++) y[at++] = x[a * s0 + b * s1 + c * s2 + d * s3]!;
      }
    }
  }
  return y;
}

/** Orders of axes for `permute4`. */
export const nchwToNhwc = [0, 2, 3, 1] as const;
export const nhwcToNchw = [0, 3, 1, 2] as const;
/** Convolution weights [O, C, KH, KW] to [KH, KW, C, O], and back. */
export const oihwToHwio = [2, 3, 1, 0] as const;
export const hwioToOihw = [3, 2, 0, 1] as const;
/** [B, L, heads, D] to [B, heads, L, D], and back. */
export const headsFirst = [0, 2, 1, 3] as const;
