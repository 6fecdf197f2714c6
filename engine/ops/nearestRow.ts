/** Nearest row of a table: the in-vocabulary projection of DIVE, and the code of a vector-quantised latent. */
import { check } from '../errors.ts';
import { apply, defineOp, expectDType, expectRank, input, scratch, type KernelCall, type KernelOp } from '../op.ts';
import { describe, type Tensor, type TensorType } from '../tensor.ts';
import { bestPlaceCall, laneVariants } from './argmax.ts';
import { expectRows, rowDistancesCall, squaredDistance, unitRows, type Metric } from './rowDistances.ts';

/** Bytes of distances held at a time; more rows than fit are done in turns. */
const scratchBytes = 2 ** 26;

function inferNearest(inputs: readonly TensorType[]): TensorType {
  expectRows('nearestRow', inputs);
  const [x, table, mask] = inputs;
  if (mask) {
    expectRank('nearestRow', 'mask', mask, 2);
    expectDType('nearestRow', 'mask', mask, 'f32');
    check(mask.shape[1] === table!.shape[0] && x!.shape[0]! % mask.shape[0]! === 0, () =>
      `nearestRow: mask must be [S, K] with S dividing the rows of x, found mask ${describe(mask)}, x ${describe(x!)} `
      + `and table ${describe(table!)}`);
  }
  return { shape: [x!.shape[0]!], dtype: 'i32' };
}

/** x [M, D], table [K, D], mask [S, K] or none -> i32 [M]. */
export const nearestRowOp = defineOp<null, KernelOp<null>>({
  kind: 'kernel',
  name: 'nearestRow',
  infer: inferNearest,
  reference([x, table, mask], types) {
    const [M, D] = types[0]!.shape as [number, number];
    const K = types[1]!.shape[0]!;
    const S = types[2]?.shape[0] ?? 1;
    const y = new Float64Array(M).fill(-1);
    for (let m = 0; m < M; m++) {
      let best = Infinity;
      for (let k = 0; k < K; k++) {
        if (mask && mask[(m % S) * K + k] === 0) continue;
        const distance = squaredDistance(x!, m, table!, k, D);
        if (distance < best) {
          best = distance;
          y[m] = k;
        }
      }
    }
    return y;
  },
  vjp: 'none',
  variants([x, table, mask], _, __, device) {
    const [M, D] = x!.shape as [number, number];
    const K = table!.shape[0]!;
    const turn = Math.min(M, Math.max(32, Math.floor(scratchBytes / (4 * K))));
    return laneVariants(K, device, (lanes) => {
      const calls: KernelCall[] = [];
      for (let first = 0; first < M; first += turn) {
        const rows = Math.min(turn, M - first);
        calls.push(rowDistancesCall(scratch(0), first, rows, K, D), bestPlaceCall('nearestRow', {
          x: scratch(0), mask: mask && input(2), slots: mask?.shape[0], rows, n: K, first, sign: -1, lanes,
        }));
      }
      return { scratch: [4 * turn * K], calls };
    });
  },
});

/**
 * Number of the nearest row of a table, by exact differences; the first one of equals. No gradient passes: pair it
 * with `gather` and `straightThrough`.
 *
 *   x      [M, D]
 *   table  [K, D]
 *   mask   [M, K], or [S, K] where M = B * S and position s of every sequence may take its own rows: 0 excludes a row
 *   ->     i32 [M]; -1 where the mask allows no row
 */
export function nearestRow(x: Tensor, table: Tensor, metric: Metric, mask?: Tensor): Tensor {
  const rows = metric === 'l2' ? [x, table] : [unitRows(x), unitRows(table)];
  return apply(nearestRowOp, mask ? [...rows, mask] : rows, null);
}
