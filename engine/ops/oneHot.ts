/** Integers as unit vectors, and the choice of one value by its number: both by comparison, so they fuse. */
import { check } from '../errors.ts';
import { sameShape, describe, type Tensor } from '../tensor.ts';
import { constant, table } from './leaf.ts';
import { call } from './pointwise.ts';
import { sum } from './reduce.ts';
import { broadcast, reshape } from './view.ts';

/**
 * Unit vectors along a new last axis.
 *
 *   ids  [...]      i32; a number outside 0 .. K - 1 becomes a row of zeros
 *   ->   [..., K]   f32
 */
export function oneHot(ids: Tensor, K: number): Tensor {
  check(ids.dtype === 'i32', () => `oneHot: ids must be i32, found ${describe(ids)}`);
  check(K >= 1, () => `oneHot: needs at least one class, found ${K}`);
  const shape = [...ids.shape, K];
  const numbers = table(Int32Array.from({ length: K }, (_, i) => i), [K], 'i32');
  return call('equal', broadcast(reshape(ids, [...ids.shape, 1]), shape), broadcast(numbers, shape));
}

/**
 * One value of each row.
 *
 *   x    [..., K]   f32
 *   ids  [...]      i32; a number outside 0 .. K - 1 picks 0
 *   ->   [...]      x[..., ids[...]]
 */
export function pick(x: Tensor, ids: Tensor): Tensor {
  check(sameShape(x.shape.slice(0, -1), ids.shape), () =>
    `pick: needs one id a row, found x ${describe(x)} and ids ${describe(ids)}`);
  // `where`, not a product: a value that is not picked may be infinite.
  const chosen = call('where', oneHot(ids, x.shape.at(-1)!), x, broadcast(constant(0), x.shape));
  return sum(chosen, [-1]);
}
