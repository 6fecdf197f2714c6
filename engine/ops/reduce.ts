/**
 * Sum, max and min over axes.
 *
 * The op reduces the middle axis of [O, N, I]; the functions below bring any axes into that form, one run of
 * neighbouring axes at a time. Long axes are cut into pieces that are reduced again (two dispatches).
 */
import { check } from '../errors.ts';
import { foldGrid, groups, maxGroupsPerAxis } from '../grid.ts';
import { apply, defineOp, expectDType, expectRank, input, output, scratch } from '../op.ts';
import type { Finish, FinishingCall, KernelOp, Operand, Variant } from '../op.ts';
import columnsSource from '../shaders/reduceColumns.wgsl';
import rowsSource from '../shaders/reduceRows.wgsl';
import rowsSubgroupSource from '../shaders/reduceRowsSubgroup.wgsl';
import type { Tensor } from '../tensor.ts';
import { call } from './pointwise.ts';
import { broadcast, reshape } from './view.ts';
import { constant } from './leaf.ts';

export type ReduceMode = 'sum' | 'max' | 'min';

const modes: readonly ReduceMode[] = ['sum', 'max', 'min'];
const combine = { sum: (a: number, b: number) => a + b, max: Math.max, min: Math.min };

/** x [O, N, I] -> [O, I]. */
export const reduceOp = defineOp<{ mode: ReduceMode }, KernelOp<{ mode: ReduceMode }>>({
  kind: 'kernel',
  name: 'reduce',
  infer([x]) {
    expectRank('reduce', 'x', x!, 3);
    expectDType('reduce', 'x', x!, 'f32');
    return { shape: [x!.shape[0]!, x!.shape[2]!], dtype: 'f32' };
  },
  reference([x], [type], { mode }) {
    const [O, N, I] = type!.shape as [number, number, number];
    const y = new Float64Array(O * I);
    for (let o = 0; o < O; o++) {
      for (let i = 0; i < I; i++) {
        let value = x![o * N * I + i]!;
        for (let n = 1; n < N; n++) value = combine[mode](value, x![(o * N + n) * I + i]!);
        y[o * I + i] = value;
      }
    }
    return y;
  },
  vjp(g, [x], y, { mode }) {
    const [O, N, I] = x!.shape as [number, number, number];
    const spread = (value: Tensor): Tensor => broadcast(reshape(value, [O, 1, I]), [O, N, I]);
    if (mode === 'sum') return [spread(g)];
    // Ties share the cotangent.
    const hit = call('equal', x!, spread(y));
    return [call('mul', hit, spread(call('div', g, reduceMiddle(hit, 'sum'))))];
  },
  variants([x], _y, { mode }, device) {
    const [O, N, I] = x!.shape as [number, number, number];
    if (I > 1) return [columns(O, N, I, mode, device.software ? 16 : 512)];
    const tree = rows(O, N, mode, 0);
    return device.subgroups && device.subgroupSize > 0
      ? inOrder(device.software, rows(O, N, mode, device.subgroupSize), tree) : [tree];
  },
});

const bytes = (values: number): number => 4 * values;

/** Values of the result are stored one by one. */
const finish: Finish = { width: 1, rowLength: 1 };

const inOrder = (software: boolean, subgroup: Variant, tree: Variant): Variant[] =>
  (software ? [subgroup, tree] : [tree, subgroup]);

/** Rows by a subgroup of that many lanes each, or (0) by a workgroup with a tree. */
function rows(O: number, N: number, mode: ReduceMode, subgroup: number): Variant {
  const name = subgroup > 0 ? 'rowsSubgroup' : 'rows';
  const pieces = N > 16384 ? Math.min(1024, Math.ceil(N / 8192)) : 1;
  const dispatch = (n: number, count: number, x: Operand, y: Operand): FinishingCall => {
    const [gridY, gridZ] = foldGrid(O);
    return {
      label: subgroup > 0 ? 'reduceRowsSubgroup' : 'reduceRows',
      source: subgroup > 0 ? rowsSubgroupSource : rowsSource,
      constants: { MODE: modes.indexOf(mode), LANES: subgroup || (n >= 1024 ? 256 : n >= 32 ? 64 : 8) },
      bindings: [x, y],
      immediates: [O, n, Math.ceil(n / count), count],
      finish,
      grid: [count, gridY, gridZ],
      flops: O * n,
      bytes: bytes(O * (n + count)),
    };
  };
  if (pieces === 1) return { name, scratch: [], calls: [dispatch(N, 1, input(0), output)] };
  const used = groups(N, Math.ceil(N / pieces));
  return {
    name,
    scratch: [bytes(O * used)],
    calls: [dispatch(N, used, input(0), scratch(0)), dispatch(used, 1, scratch(0), output)],
  };
}

function columns(O: number, N: number, I: number, mode: ReduceMode, wanted: number): Variant {
  const lanes = I >= 64 ? 64 : I >= 32 ? 32 : 8;
  const running = O * groups(I, lanes);
  // Cut the axis where there would be too few workgroups to fill the device.
  const pieces = running >= wanted || N < 128 ? 1 : Math.min(Math.ceil(wanted / running), Math.ceil(N / 64));
  const dispatch = (n: number, count: number, x: Operand, y: Operand): FinishingCall => ({
    label: 'reduceColumns',
    source: columnsSource,
    constants: { MODE: modes.indexOf(mode), LANES: lanes },
    bindings: [x, y],
    immediates: [O, n, I, Math.ceil(n / count), count],
    finish,
    grid: [groups(I, lanes), count, Math.min(O, maxGroupsPerAxis)],
    flops: O * n * I,
    bytes: bytes(O * I * (n + count)),
  });
  if (pieces === 1) return { name: 'columns', scratch: [], calls: [dispatch(N, 1, input(0), output)] };
  const used = groups(N, Math.ceil(N / pieces));
  return {
    name: 'columns',
    scratch: [bytes(O * used * I)],
    calls: [dispatch(N, used, input(0), scratch(0)), dispatch(used, 1, scratch(0), output)],
  };
}

function reduceMiddle(x: Tensor, mode: ReduceMode): Tensor {
  return apply(reduceOp, [x], { mode });
}

/** Axes as non-negative numbers in ascending order; all axes where none are given. */
export function normaliseAxes(name: string, x: Tensor, axes?: readonly number[]): number[] {
  const list = axes ? axes.map((axis) => (axis < 0 ? axis + x.rank : axis)) : x.shape.map((_, i) => i);
  check(list.every((axis) => axis >= 0 && axis < x.rank) && new Set(list).size === list.length, () =>
    `${name}: axes [${axes?.join(', ')}] must be different axes of a tensor of rank ${x.rank}`);
  return list.sort((a, b) => a - b);
}

/** Reduces over `axes` (default all); the result lacks them unless `keepDims`. */
export function reduce(x: Tensor, mode: ReduceMode, axes?: readonly number[], keepDims = false): Tensor {
  const list = normaliseAxes(mode, x, axes);
  const reduced = [...list];
  const kept = x.shape.map((n, i) => (reduced.includes(i) ? 1 : n));
  let y = x;
  while (list.length > 0) {
    const last = list.pop()!;
    let first = last;
    while (list.at(-1) === first - 1) first = list.pop()!;
    const size = (from: number, to: number): number => y.shape.slice(from, to).reduce((a, b) => a * b, 1);
    const shape = y.shape.map((n, i) => (i >= first && i <= last ? 1 : n));
    if (size(first, last + 1) > 1) {
      y = reduceMiddle(reshape(y, [size(0, first), size(first, last + 1), size(last + 1, y.rank)]), mode);
    }
    y = reshape(y, shape);
  }
  return reshape(y, keepDims ? kept : x.shape.filter((_, i) => !reduced.includes(i)));
}

export const sum = (x: Tensor, axes?: readonly number[], keepDims = false): Tensor => reduce(x, 'sum', axes, keepDims);

/** Mean over `axes` (default all). */
export function mean(x: Tensor, axes?: readonly number[], keepDims = false): Tensor {
  const total = sum(x, axes, keepDims);
  return call('mul', total, broadcast(constant(total.size / x.size), total.shape));
}

export const max = (x: Tensor, axes?: readonly number[], keepDims = false): Tensor => reduce(x, 'max', axes, keepDims);
export const min = (x: Tensor, axes?: readonly number[], keepDims = false): Tensor => reduce(x, 'min', axes, keepDims);
