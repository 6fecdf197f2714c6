/** Rows of a table by their numbers: embeddings, codebooks, schedules. */
import { check } from '../errors.ts';
import { shareGrid } from '../grid.ts';
import { apply, defineOp, expectDType, expectInputs, input, output, type KernelOp } from '../op.ts';
import source from '../shaders/gather.wgsl';
import { describe, sizeOf, type Tensor } from '../tensor.ts';
import { scatterAdd } from './scatterAdd.ts';
import { reshape } from './view.ts';

export const gatherOp = defineOp<null, KernelOp<null>>({
  kind: 'kernel',
  name: 'gather',
  infer(inputs) {
    expectInputs('gather', inputs, 2);
    const [table, ids] = inputs;
    check(table!.shape.length >= 1, () =>
      `gather: table must have rows along its first axis, found ${describe(table!)}`);
    expectDType('gather', 'table', table!, 'f32', 'i32', 'u32');
    expectDType('gather', 'ids', ids!, 'i32');
    return { shape: [...ids!.shape, ...table!.shape.slice(1)], dtype: table!.dtype };
  },
  reference([table, ids], [type]) {
    const K = type!.shape[0]!;
    const D = table!.length / K;
    const y = new Float64Array(ids!.length * D);
    ids!.forEach((id, m) => {
      if (id >= 0 && id < K) y.set(table!.subarray(id * D, id * D + D), m * D);
    });
    return y;
  },
  vjp(g, [table, ids]) {
    if (table!.dtype !== 'f32') return [null, null];
    const M = ids!.size;
    const rows = scatterAdd(reshape(g, [M, g.size / M]), reshape(ids!, [M]), table!.shape[0]!);
    return [reshape(rows, table!.shape), null];
  },
  variants([table, ids], y, _, device) {
    const count = sizeOf(y.shape);
    const d = count / sizeOf(ids!.shape);
    const { lanes, grid } = shareGrid(count, device.software);
    return [{
      name: 'gather',
      scratch: [],
      calls: [{
        label: 'gather',
        source,
        constants: { LANES: lanes },
        bindings: [input(0), input(1), output],
        immediates: [table!.shape[0]!, d, count],
        grid,
        flops: 0,
        bytes: 4 * (2 * count + count / d),
      }],
    }];
  },
});

/**
 * Rows of a table.
 *
 *   table  [K, ...]     f32 (with gradient), i32 or u32
 *   ids    [...]        i32; a number outside 0 .. K - 1 takes a row of zeros and gives no gradient
 *   ->     [...ids, ...rest of table]
 */
export const gather = (table: Tensor, ids: Tensor): Tensor => apply(gatherOp, [table, ids], null);
