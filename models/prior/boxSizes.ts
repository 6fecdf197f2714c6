/** What the size of a box says, beside where its corners lie: objects of a class, and of a row, are of like sizes. */
import { cast, concat, gather, sub, table } from '../../engine/ops/index.ts';
import type { Scope } from '../../engine/params.ts';
import type { Tensor } from '../../engine/tensor.ts';
import { linear } from '../layers.ts';
import { placeOf } from './cornerHead.ts';

/** Waves of the extent and of its logarithm, as many of each. */
const waves = 16;

/** [S, 2 waves] */
function extentWaves(S: number): Tensor {
  return table(Float32Array.from({ length: 2 * S * waves }, (_, i) => {
    const [extent, k] = [Math.floor(i / (2 * waves)), i % (2 * waves)];
    const unit = k < waves ? Math.log1p(extent) / Math.log(S) : (extent + 0.5) / S;
    return Math.SQRT2 * Math.cos(Math.PI * (1 + (k % waves)) * unit);
  }), [S, 2 * waves]);
}

/** Corners i32 [..], cells of a grid of S rows -> [.., D]. */
export function boxSizes(p: Scope, topLeft: Tensor, bottomRight: Tensor, S: number, D: number): Tensor {
  const [first, last] = [placeOf(topLeft, S), placeOf(bottomRight, S)];
  const shapes = extentWaves(S);
  // Boxes that are none, inside out for instance, have no row there.
  const of = (axis: 'row' | 'column'): Tensor => gather(shapes, cast(sub(last[axis], first[axis]), 'i32'));
  return linear(p, concat([of('column'), of('row')], topLeft.rank), D);
}
