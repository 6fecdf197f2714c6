/** Distances between the rows of two matrices: soft assignment, vocabularies, codebooks. */
import { check } from '../errors.ts';
import { foldGrid, groups } from '../grid.ts';
import { apply, defineOp, expectDType, expectInputs, expectRank, input, output } from '../op.ts';
import type { KernelCall, KernelOp, Operand } from '../op.ts';
import source from '../shaders/rowDistances.wgsl';
import { describe, type Tensor, type TensorType } from '../tensor.ts';
import { constant } from './leaf.ts';
import { matmul } from './matmul.ts';
import { withPrecision } from '../precision.ts';
import { call } from './pointwise.ts';
import { sum } from './reduce.ts';
import { broadcast, reshape } from './view.ts';

/** l2: squared Euclidean distance; cosine: 1 - cos of the angle. */
export type Metric = 'l2' | 'cosine';

/** Throws unless x and table are f32 matrices of equal width. */
export function expectRows(name: string, inputs: readonly TensorType[]): void {
  const [x, table] = inputs;
  for (const [operand, type] of [['x', x!], ['table', table!]] as const) {
    expectRank(name, operand, type, 2);
    expectDType(name, operand, type, 'f32');
  }
  check(x!.shape[1] === table!.shape[1], () => `${name}: rows must have one width, found x ${describe(x!)} and `
    + `table ${describe(table!)}`);
}

/** Sum of squared differences of two rows, in f64. */
export function squaredDistance(x: Float64Array, m: number, table: Float64Array, k: number, D: number): number {
  let distance = 0;
  for (let d = 0; d < D; d++) distance += (x[m * D + d]! - table[k * D + d]!) ** 2;
  return distance;
}

/** Squared distances of `rows` rows of x (input 0), from row `first` on, to every row of the table (input 1). */
export function rowDistancesCall(y: Operand, first: number, rows: number, K: number, D: number): KernelCall {
  return {
    label: 'rowDistances',
    source,
    constants: {},
    bindings: [input(0), input(1), y],
    immediates: [rows, K, D, first],
    grid: foldGrid(groups(rows, 32) * groups(K, 32)),
    flops: 3 * rows * K * D,
    bytes: 4 * (rows * D + K * D + rows * K),
  };
}

export const rowDistancesOp = defineOp<null, KernelOp<null>>({
  kind: 'kernel',
  name: 'rowDistances',
  infer(inputs) {
    expectInputs('rowDistances', inputs, 2);
    expectRows('rowDistances', inputs);
    return { shape: [inputs[0]!.shape[0]!, inputs[1]!.shape[0]!], dtype: 'f32' };
  },
  reference([x, table], types) {
    const [M, D] = types[0]!.shape as [number, number];
    const K = types[1]!.shape[0]!;
    const y = new Float64Array(M * K);
    for (let m = 0; m < M; m++) for (let k = 0; k < K; k++) y[m * K + k] = squaredDistance(x!, m, table!, k, D);
    return y;
  },
  vjp: (g, [x, table]) => [pull(g, x!, table!, false), pull(g, table!, x!, true)],
  variants([x, table]) {
    const [M, D] = x!.shape as [number, number];
    return [{ name: 'tiles', scratch: [], calls: [rowDistancesCall(output, 0, M, table!.shape[0]!, D)] }];
  },
});

/** Cotangent of `rows`: sum over the others of 2 g (rows[r] - others[o]), with g [rows, others], or transposed. */
function pull(g: Tensor, rows: Tensor, others: Tensor, transposed: boolean): Tensor {
  const totals = reshape(sum(g, [transposed ? 0 : 1]), [rows.shape[0]!, 1]);
  const own = call('mul', broadcast(totals, rows.shape), rows);
  // Distances are f32 under every policy, so their derivative is, wherever it is traced.
  const products = withPrecision('f32', () => matmul(g, others, { transposeA: transposed }));
  const half = call('sub', own, products);
  return call('add', half, half);
}

/** Rows [M, D] divided by their lengths; a row of zeros stays one. */
export function unitRows(x: Tensor): Tensor {
  const squares = sum(call('mul', x, x), [1], true);
  // Smaller squares would be subnormal in f32.
  const length = call('sqrt', call('maximum', squares, broadcast(constant(1e-30), squares.shape)));
  return call('div', x, broadcast(length, x.shape));
}

/**
 * Distance of every row of x to every row of a table, by differences (never by the expanded matmul form, which loses
 * the digits that tell near rows apart).
 *
 *   x      [M, D]
 *   table  [K, D]
 *   ->     [M, K]   squared Euclidean distances, or 1 - cos, which is half the squared distance of unit rows; a row
 *                   of zeros has no direction and keeps length 0 there
 */
export function rowDistances(x: Tensor, table: Tensor, metric: Metric): Tensor {
  if (metric === 'l2') return apply(rowDistancesOp, [x, table], null);
  const squared = apply(rowDistancesOp, [unitRows(x), unitRows(table)], null);
  return call('mul', squared, broadcast(constant(0.5), squared.shape));
}
