/** Dropout [Srivastava et al. 2014], scaled while training so that nothing changes afterwards. */
import { check } from '../errors.ts';
import type { Tensor } from '../tensor.ts';
import { constant } from './leaf.ts';
import { call } from './pointwise.ts';
import { randomUniform } from './random.ts';
import { broadcast } from './view.ts';

/**
 * Zeros elements of x with probability `rate` and divides the others by 1 - rate.
 *
 *   x     [...]
 *   rate  in [0, 1); at 0 the result is x itself
 *   key   u32 [2] seed and step, `stream` the name of the draw: see `randomUniform`
 */
export function dropout(x: Tensor, rate: number, key: Tensor, stream: string): Tensor {
  check(rate >= 0 && rate < 1, () => `dropout: rate must be at least 0 and below 1, found ${rate} (stream ${stream})`);
  if (rate === 0) return x;
  const every = (value: number): Tensor => broadcast(constant(value), x.shape);
  const kept = call('lessEqual', every(Math.fround(rate)), randomUniform(x.shape, key, stream));
  return call('mul', x, call('mul', kept, every(1 / (1 - rate))));
}
