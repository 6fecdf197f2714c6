/** Views: the same elements under other indices. A reader that follows strides pays nothing for them. */
import { check } from '../errors.ts';
import { apply, defineOp, type Layout, type ViewOp } from '../op.ts';
import { describe, sameShape, sizeOf, type Tensor } from '../tensor.ts';
import { collapse, contiguousStrides } from '../layout.ts';
import { pad } from './pad.ts';
import { sum } from './reduce.ts';

/** Walks every index of a view and copies the elements that it names. */
function gatherView(x: Float64Array, layout: Layout): Float64Array {
  const { shape, strides, offset } = layout;
  const y = new Float64Array(sizeOf(shape));
  const index = shape.map(() => 0);
  for (let i = 0; i < y.length; i++) {
    let at = offset;
    for (let axis = 0; axis < shape.length; axis++) at += index[axis]! * strides[axis]!;
    y[i] = x[at]!;
    for (let axis = shape.length - 1; axis >= 0; axis--) {
      if (++index[axis]! < shape[axis]!) break;
      index[axis] = 0;
    }
  }
  return y;
}

/** Strides of a reshaped layout, or null where elements are not evenly spaced. */
function reshapeStrides(input: Layout, shape: readonly number[]): number[] | null {
  const runs = collapse(input.shape, [input.strides]);
  let run = runs.shape.length - 1;
  let rest = runs.shape[run]!;
  let stride = runs.strides[0]![run]!;
  const strides = shape.map(() => 0);
  for (let axis = shape.length - 1; axis >= 0; axis--) {
    const n = shape[axis]!;
    if (n === 1) continue;
    if (rest === 1) {
      run--;
      rest = runs.shape[run]!;
      stride = runs.strides[0]![run]!;
    }
    if (rest % n !== 0) return null;
    strides[axis] = stride;
    stride *= n;
    rest /= n;
  }
  return strides;
}

/** [..] -> shape, the same elements in the same order. */
export const reshapeOp = defineOp<{ shape: readonly number[] }, ViewOp<{ shape: readonly number[] }>>({
  kind: 'view',
  name: 'reshape',
  infer([x], { shape }) {
    check(sizeOf(shape) === sizeOf(x!.shape), () =>
      `reshape: ${describe(x!)} has ${sizeOf(x!.shape)} elements, [${shape.join(', ')}] needs ${sizeOf(shape)}`);
    return { shape, dtype: x!.dtype };
  },
  reference: ([x]) => x!.slice(),
  vjp: (g, [x]) => [reshape(g, x!.shape)],
  view(input, output) {
    const strides = reshapeStrides(input, output.shape);
    return strides && { shape: output.shape, strides, offset: input.offset };
  },
});

/** Axis i of the result is axis order[i] of x. */
export const transposeOp = defineOp<{ order: readonly number[] }, ViewOp<{ order: readonly number[] }>>({
  kind: 'view',
  name: 'transpose',
  infer([x], { order }) {
    check(sameShape([...order].sort((a, b) => a - b), x!.shape.map((_, i) => i)), () =>
      `transpose: order [${order.join(', ')}] must name each axis of ${describe(x!)} once`);
    return { shape: order.map((axis) => x!.shape[axis]!), dtype: x!.dtype };
  },
  reference: ([x], [type], { order }) => {
    const strides = contiguousStrides(type!.shape);
    return gatherView(x!,
      { shape: order.map((a) => type!.shape[a]!), strides: order.map((a) => strides[a]!), offset: 0 });
  },
  vjp: (g, _, __, { order }) => [transpose(g, order.map((_n, i) => order.indexOf(i)))],
  view: (input, output, { order }) =>
    ({ shape: output.shape, strides: order.map((axis) => input.strides[axis]!), offset: input.offset }),
});

/** Repeats axes of length 1, and new leading axes, to the given shape (NumPy's rule). */
export const broadcastOp = defineOp<{ shape: readonly number[] }, ViewOp<{ shape: readonly number[] }>>({
  kind: 'view',
  name: 'broadcast',
  infer([x], { shape }) {
    const lead = shape.length - x!.shape.length;
    check(lead >= 0 && x!.shape.every((n, i) => n === 1 || n === shape[lead + i]), () =>
      `broadcast: ${describe(x!)} does not broadcast to [${shape.join(', ')}]`);
    return { shape, dtype: x!.dtype };
  },
  reference: ([x], [type], { shape }) =>
    gatherView(x!, { shape, strides: broadcastStrides(type!.shape, contiguousStrides(type!.shape), shape), offset: 0 }),
  vjp(g, [x], _, { shape }) {
    const lead = shape.length - x!.shape.length;
    const axes = shape.map((_n, i) => i).filter((i) => i < lead || (x!.shape[i - lead] === 1 && shape[i] !== 1));
    return [reshape(sum(g, axes), x!.shape)];
  },
  view: (input, output) => ({
    shape: output.shape, strides: broadcastStrides(input.shape, input.strides, output.shape), offset: input.offset,
  }),
});

function broadcastStrides(from: readonly number[], strides: readonly number[], to: readonly number[]): number[] {
  const lead = to.length - from.length;
  return to.map((n, i) => (i < lead || (from[i - lead] === 1 && n !== 1) ? 0 : strides[i - lead]!));
}

export interface SliceAttrs {
  readonly starts: readonly number[];
  readonly shape: readonly number[];
}

/** The block of the given shape that begins at `starts`. */
export const sliceOp = defineOp<SliceAttrs, ViewOp<SliceAttrs>>({
  kind: 'view',
  name: 'slice',
  infer([x], { starts, shape }) {
    check(starts.length === x!.shape.length && shape.length === x!.shape.length
      && starts.every((s, i) => s >= 0 && shape[i]! >= 0 && s + shape[i]! <= x!.shape[i]!), () =>
      `slice: block [${shape.join(', ')}] at [${starts.join(', ')}] must lie inside ${describe(x!)}`);
    return { shape, dtype: x!.dtype };
  },
  reference: ([x], [type], { starts, shape }) => {
    const strides = contiguousStrides(type!.shape);
    return gatherView(x!, { shape, strides, offset: starts.reduce((at, s, i) => at + s * strides[i]!, 0) });
  },
  vjp: (g, [x], _, { starts, shape }) =>
    [pad(g, starts, starts.map((s, i) => x!.shape[i]! - s - shape[i]!))],
  view: (input, output, { starts }) => ({
    shape: output.shape,
    strides: input.strides,
    offset: starts.reduce((at, s, i) => at + s * input.strides[i]!, input.offset),
  }),
});

/** `shape` may hold one -1, which takes what is left. */
export function reshape(x: Tensor, shape: readonly number[]): Tensor {
  const open = shape.indexOf(-1);
  const known = shape.reduce((size, n) => (n === -1 ? size : size * n), 1);
  const full = open < 0 ? shape : shape.map((n) => (n === -1 ? x.size / known : n));
  return sameShape(full, x.shape) ? x : apply(reshapeOp, [x], { shape: full });
}

export function transpose(x: Tensor, order: readonly number[]): Tensor {
  return order.every((axis, i) => axis === i) && order.length === x.rank ? x : apply(transposeOp, [x], { order });
}

export function broadcast(x: Tensor, shape: readonly number[]): Tensor {
  return sameShape(x.shape, shape) ? x : apply(broadcastOp, [x], { shape });
}

/** `slice(x, axis, start, length)`: part of one axis, all of the others. */
export function slice(x: Tensor, axis: number, start: number, length: number): Tensor {
  const at = axis < 0 ? axis + x.rank : axis;
  if (start === 0 && length === x.shape[at]) return x;
  return apply(sliceOp, [x], {
    starts: x.shape.map((_, i) => (i === at ? start : 0)),
    shape: x.shape.map((n, i) => (i === at ? length : n)),
  });
}
