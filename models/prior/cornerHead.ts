/**
 * Scores of a corner as row and column: p(cell) = p(row) p(column | row), `none` being one more row. Two scores of
 * length S stand for S^2 cells, and each is a sum of waves over the grid, so that a box seen at one place says something
 * of its neighbours.
 *
 * Both see the state h and products of it with the tokens before: the size of a box is a shift of its first corner, an
 * object of a row stands beside the last one, and a shift of sinusoids is a product, which a linear head over h could
 * not form.
 */
import { add, cast, concat, crossEntropy, floor, gather, less, linear as linearOp, logSoftmax, mul, reshape, slice, sub }
  from '../../engine/ops/index.ts';
import { zeros, type Init, type Scope } from '../../engine/params.ts';
import type { Tensor } from '../../engine/tensor.ts';
import { linear } from '../layers.ts';

/** Products with the tokens before. */
const readWidth = 64;
/** Products with the row, by which the column depends on it. */
const rowWidth = 32;
/** Waves that the scores of rows and of columns are sums of, where the grid has so many. */
const waves = 32;

/** Cosines over the rows [S, R], from slow to fast, each in a size of its own: neighbouring rows start alike. */
const cosines = (size: (frequency: number) => number): Init => ({
  kind: 'drawn',
  draw: (_, [S, R]) => Float32Array.from({ length: S! * R! }, (_, i) =>
    size(i % R!) * Math.cos((Math.PI * (1 + (i % R!)) * (Math.floor(i / R!) + 0.5)) / S!)),
});
const smoothRows = cosines(() => Math.SQRT2);
/** Fast waves begin small, so that what is learnt of one cell holds for its neighbours until data say otherwise. */
const smoothScores = cosines((frequency) => (0.3 * Math.SQRT2) / (1 + frequency / 8));

/** Scores [.., S] as sums of waves over the grid, which few data fix better than S scores apart. */
function waveScores(p: Scope, heights: Tensor, S: number): Tensor {
  const shapes = p.at('waves').param('weight', [S, heights.shape.at(-1)!], smoothScores);
  return linearOp(heights, shapes, p.at('waves').param('bias', [S], zeros));
}

interface Parts {
  /** [.., S + 1], the last one `none`. */
  readonly rows: Tensor;
  /** [.., S], before anything is known of the row. */
  readonly columns: Tensor;
  /** [.., R] */
  readonly gate: Tensor;
  /** [S, R] */
  readonly rowTable: Tensor;
  /** [S, R] */
  readonly mix: Tensor;
}

function parts(p: Scope, h: Tensor, before: Tensor, S: number): Parts {
  const read = linear(p.at('read'), before, readWidth);
  const products = mul(linear(p.at('gate'), h, 2 * readWidth), concat([read, read], h.rank - 1));
  const seen = concat([h, products], h.rank - 1);
  const K = Math.min(waves, S);
  const ofRows = linear(p.at('row'), seen, K + 1);
  return {
    rows: concat([waveScores(p.at('row'), slice(ofRows, -1, 0, K), S), slice(ofRows, -1, K, 1)], h.rank - 1),
    columns: waveScores(p.at('column'), linear(p.at('column'), seen, K), S),
    gate: linear(p.at('row_gate'), seen, rowWidth),
    rowTable: p.at('row_emb').param('weight', [S, rowWidth], smoothRows),
    mix: p.at('row_mix').param('weight', [S, rowWidth], { kind: 'normal', std: 0.02 }),
  };
}

/**
 * Log-probabilities of all cells and `none`.
 *
 *   h       [.., D]   state that has read everything before the corner
 *   before  [.., E]   the tokens before
 *   S       rows of the grid
 *   ->      [.., S^2 + 1]
 */
export function factoredCornerScores(p: Scope, h: Tensor, before: Tensor, S: number): Tensor {
  const lead = h.shape.slice(0, -1);
  const { rows, columns, gate, rowTable, mix } = parts(p, h, before, S);
  const ofRows = logSoftmax(rows);
  const given = linearOp(mul(reshape(gate, [...lead, 1, rowWidth]), rowTable), mix);         // [.., S, S]
  const ofColumns = logSoftmax(add(reshape(columns, [...lead, 1, S]), given));
  const cells = add(ofColumns, reshape(slice(ofRows, -1, 0, S), [...lead, S, 1]));
  return concat([reshape(cells, [...lead, S * S]), slice(ofRows, -1, S, 1)], lead.length);
}

/**
 * Nats of given corners, without a table of all of them.
 *
 *   corners  i32 [..]   0 .. S^2, S^2 for none
 *   ->       [..]
 */
export function factoredCornerNats(p: Scope, h: Tensor, before: Tensor, corners: Tensor, S: number): Tensor {
  const { rows, columns, gate, rowTable, mix } = parts(p, h, before, S);
  // Half a cell keeps the quotient off whole numbers, where division on a GPU may fall to either side.
  const cell = cast(corners, 'f32');
  const row = floor(mul(add(cell, 0.5), 1 / S));                                             // S for none
  const column = sub(cell, mul(row, S));
  const rowId = cast(row, 'i32');
  const given = linearOp(mul(gate, gather(rowTable, rowId)), mix);
  const ofColumn = crossEntropy(add(columns, given), cast(column, 'i32'));
  return add(crossEntropy(rows, rowId), mul(ofColumn, less(row, S)));
}
