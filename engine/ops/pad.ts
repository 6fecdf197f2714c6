/** Zero padding, and concatenation, its relative: both place blocks into a larger one. */
import { check } from '../errors.ts';
import { foldGrid, groups, softwareGrid } from '../grid.ts';
import { contiguousStrides } from '../layout.ts';
import { apply, defineOp, input, output } from '../op.ts';
import type { DeviceCapabilities, KernelCall, KernelOp, Operand } from '../op.ts';
import padSource from '../shaders/pad.wgsl';
import { describe, sizeOf, type Tensor } from '../tensor.ts';
import { sliceOp, reshape } from './view.ts';

/** Copies block `x` into `y` at `at`, index by index. */
export function place(x: Float64Array, shape: readonly number[], y: Float64Array, full: readonly number[],
  at: readonly number[]): void {
  const from = contiguousStrides(shape);
  const to = contiguousStrides(full);
  for (let i = 0; i < x.length; i++) {
    let target = 0;
    for (let axis = 0; axis < shape.length; axis++) {
      target += ((Math.floor(i / from[axis]!) % shape[axis]!) + at[axis]!) * to[axis]!;
    }
    y[target] = x[i]!;
  }
}

/** Joins axes on which the block is as long as the whole with the axis before it; at most four are left. */
function joinAxes(shape: readonly number[], full: readonly number[], at: readonly number[]): {
  n: number[]; m: number[]; before: number[];
} {
  const n: number[] = [];
  const m: number[] = [];
  const before: number[] = [];
  shape.forEach((size, axis) => {
    const last = n.length - 1;
    if (last >= 0 && size === full[axis]) {
      n[last]! *= size;
      m[last]! *= size;
      before[last]! *= size;
    } else {
      n.push(size);
      m.push(full[axis]!);
      before.push(at[axis]!);
    }
  });
  while (n.length < 4) {
    n.unshift(1);
    m.unshift(1);
    before.unshift(0);
  }
  check(n.length === 4, () => `pad: at most four axes can be padded at once, found [${shape.join(', ')}] in `
    + `[${full.join(', ')}]. Pad in two steps.`);
  return { n, m, before };
}

/** Copies a block into the output at `at`; with `fill` the rest of the output becomes zero. */
export function placeCall(label: string, x: Operand, shape: readonly number[], full: readonly number[],
  at: readonly number[], fill: boolean, { software }: DeviceCapabilities): KernelCall {
  const joined = joinAxes(shape, full, at);
  const width = [joined.n, joined.m, joined.before].every((sizes) => sizes[3]! % 4 === 0) ? 4 : 1;
  const [n, m, before] = [joined.n, joined.m, joined.before].map((sizes) =>
    sizes.map((size, axis) => (axis === 3 ? size / width : size))) as [number[], number[], number[]];
  const block = fill ? m : n;
  const rows = block[0]! * block[1]! * block[2]!;
  const lanes = software ? 8 : Math.min(64, Math.max(8, 2 ** Math.ceil(Math.log2(block[3]!))));
  const [gridY, gridZ] = foldGrid(rows);
  return {
    label,
    source: `alias Item = ${width === 4 ? 'vec4u' : 'u32'};\n${padSource}`,
    constants: { FILL: fill ? 1 : 0, LANES: lanes },
    bindings: [x, output],
    immediates: [...n, ...m, ...before, rows],
    grid: [software ? softwareGrid(block[3]!, rows)[0] : groups(block[3]!, lanes), gridY, gridZ],
    flops: 0,
    bytes: 4 * (width * rows * block[3]! + sizeOf(shape)),
  };
}

export interface PadAttrs {
  readonly before: readonly number[];
  readonly after: readonly number[];
}

/** Zeros around x: axis i grows by before[i] + after[i]. */
export const padOp = defineOp<PadAttrs, KernelOp<PadAttrs>>({
  kind: 'kernel',
  name: 'pad',
  infer([x], { before, after }) {
    check(before.length === x!.shape.length && after.length === x!.shape.length
      && [...before, ...after].every((n) => n >= 0), () =>
      `pad: needs non-negative padding for each axis of ${describe(x!)}, found [${before.join(', ')}] and `
      + `[${after.join(', ')}]`);
    return { shape: x!.shape.map((n, i) => n + before[i]! + after[i]!), dtype: x!.dtype };
  },
  reference([x], [type], { before, after }) {
    const full = type!.shape.map((n, i) => n + before[i]! + after[i]!);
    const y = new Float64Array(sizeOf(full));
    place(x!, type!.shape, y, full, before);
    return y;
  },
  vjp: (g, [x], _, { before }) => [apply(sliceOp, [g], { starts: before, shape: x!.shape })],
  variants: ([x], y, { before }, device) =>
    [{ name: 'pad', scratch: [], calls: [placeCall('pad', input(0), x!.shape, y.shape, before, true, device)] }],
});

/** Operands one after the other along `axis`; they agree on every other axis. */
export const concatOp = defineOp<{ axis: number }, KernelOp<{ axis: number }>>({
  kind: 'kernel',
  name: 'concat',
  infer(inputs, { axis }) {
    const first = inputs[0]!;
    for (const x of inputs) {
      check(x.dtype === first.dtype && x.shape.length === first.shape.length
        && x.shape.every((n, i) => i === axis || n === first.shape[i]), () =>
        `concat: operands must agree on every axis but ${axis}, found ${inputs.map(describe).join(' and ')}`);
    }
    const total = inputs.reduce((length, x) => length + x.shape[axis]!, 0);
    return { shape: first.shape.map((n, i) => (i === axis ? total : n)), dtype: first.dtype };
  },
  reference(inputs, types, { axis }) {
    const total = types.reduce((length, type) => length + type.shape[axis]!, 0);
    const full = types[0]!.shape.map((n, i) => (i === axis ? total : n));
    const y = new Float64Array(sizeOf(full));
    let start = 0;
    inputs.forEach((x, k) => {
      place(x, types[k]!.shape, y, full, full.map((_, i) => (i === axis ? start : 0)));
      start += types[k]!.shape[axis]!;
    });
    return y;
  },
  vjp(g, inputs, _, { axis }) {
    let start = 0;
    return inputs.map((x) => {
      const part = apply(sliceOp, [g], { starts: x.shape.map((_n, i) => (i === axis ? start : 0)), shape: x.shape });
      start += x.shape[axis]!;
      return part;
    });
  },
  variants(inputs, y, { axis }, device) {
    let start = 0;
    const calls = inputs.map((x, k) => {
      const at = x.shape.map((_, i) => (i === axis ? start : 0));
      start += x.shape[axis]!;
      return placeCall('concat', input(k), x.shape, y.shape, at, false, device);
    });
    return [{ name: 'concat', scratch: [], calls }];
  },
});

/** `before` and `after`: zeros to add on each axis. */
export function pad(x: Tensor, before: readonly number[], after: readonly number[]): Tensor {
  return [...before, ...after].every((n) => n === 0) ? x : apply(padOp, [x], { before, after });
}

export function concat(operands: readonly Tensor[], axis: number): Tensor {
  const at = axis < 0 ? axis + operands[0]!.rank : axis;
  return operands.length === 1 ? operands[0]! : apply(concatOp, operands, { axis: at });
}

/** Operands of one shape as rows of a new axis 0. */
export const stack = (operands: readonly Tensor[]): Tensor =>
  concat(operands.map((x) => reshape(x, [1, ...x.shape])), 0);
