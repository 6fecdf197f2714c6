/**
 * Sums of rows that share an id: the gradient of `gather`.
 *
 * Ids are sorted first, by counting, so that every row of the result knows its run of values and sums it in a fixed
 * order: no float atomics, the same bits every time.
 */
import { check } from '../errors.ts';
import { foldGrid, groups } from '../grid.ts';
import { apply, defineOp, expectDType, expectInputs, expectRank, input, output, scratch } from '../op.ts';
import type { KernelCall, KernelOp, Variant } from '../op.ts';
import sumSource from '../shaders/scatterAdd.wgsl';
import orderSource from '../shaders/scatterAddOrder.wgsl';
import startsSource from '../shaders/scatterAddStarts.wgsl';
import { describe, type Tensor } from '../tensor.ts';
import { gather } from './gather.ts';

export interface ScatterAddAttrs {
  /** Rows of the result. */
  readonly rows: number;
}

export const scatterAddOp = defineOp<ScatterAddAttrs, KernelOp<ScatterAddAttrs>>({
  kind: 'kernel',
  name: 'scatterAdd',
  infer(inputs, { rows }) {
    expectInputs('scatterAdd', inputs, 2);
    const [values, ids] = inputs;
    expectRank('scatterAdd', 'values', values!, 2);
    expectDType('scatterAdd', 'values', values!, 'f32');
    expectRank('scatterAdd', 'ids', ids!, 1);
    expectDType('scatterAdd', 'ids', ids!, 'i32');
    check(values!.shape[0] === ids!.shape[0], () =>
      `scatterAdd: needs one id a row, found values ${describe(values!)} and ids ${describe(ids!)}`);
    check(rows >= 1, () => `scatterAdd: the result must have at least one row, found ${rows}`);
    return { shape: [rows, values!.shape[1]!], dtype: 'f32' };
  },
  reference([values, ids], [type], { rows }) {
    const D = type!.shape[1]!;
    const y = new Float64Array(rows * D);
    ids!.forEach((id, m) => {
      if (id < 0 || id >= rows) return;
      for (let d = 0; d < D; d++) y[id * D + d]! += values![m * D + d]!;
    });
    return y;
  },
  vjp: (g, [, ids]) => [gather(g, ids!), null],
  variants([values], _y, { rows }, device) {
    const [M, D] = values!.shape as [number, number];
    const columns = D <= 8 ? 8 : 64;
    const before: KernelCall[] = [
      {
        label: 'scatterAddOrder', source: orderSource, constants: { LANES: 64 }, bindings: [input(1), scratch(0)],
        immediates: [M], grid: foldGrid(groups(M, 64)), flops: M * M, bytes: 12 * M,
      },
      {
        label: 'scatterAddStarts', source: startsSource, constants: { LANES: 64 }, bindings: [scratch(0), scratch(1)],
        immediates: [M, rows], grid: foldGrid(groups(rows + 1, 64)), flops: 0, bytes: 8 * M + 4 * rows,
      },
    ];
    const variant = (name: string, walkers: number): Variant => ({
      name,
      scratch: [8 * M, 4 * (rows + 1)],
      calls: [...before, {
        label: `scatterAdd ${name}`,
        source: sumSource,
        constants: { COLUMNS: columns, WALKERS: walkers },
        bindings: [input(0), scratch(0), scratch(1), output],
        immediates: [rows, D],
        grid: foldGrid(rows * groups(D, columns)),
        flops: M * D,
        bytes: 4 * (M * D + rows * D),
      }],
    });
    // Walkers shorten the wait for a row that many ids name; where lanes do not overlap they only cost.
    const both = [variant('walkers', 4), variant('single', 1)];
    return device.software ? both.reverse() : both;
  },
});

/**
 * Sums of the rows with the same id.
 *
 *   values  [M, D]
 *   ids     [M]      i32; a row whose id is outside 0 .. rows - 1 is left out
 *   ->      [rows, D], zeros where no id points
 */
export const scatterAdd = (values: Tensor, ids: Tensor, rows: number): Tensor =>
  apply(scatterAddOp, [values, ids], { rows });
