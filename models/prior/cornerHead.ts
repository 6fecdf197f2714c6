/**
 * Scores of a corner as row and column: p(cell) = p(row) p(column | row), `none` being one more row. Two scores of
 * length S stand for S^2 cells, and each is a sum of waves over the grid, so that a box seen at one place says
 * something of its neighbours. Half of the waves stand still, the others are of the distance from a cell given, such
 * as the first corner of the box: what is learnt of a size holds wherever the box is.
 *
 * Both see the state h and products of it with the tokens before, since where a box goes from here is a product of
 * where others went from there, which a linear head over h could not form.
 */
import { add, cast, concat, crossEntropy, equal, floor, gather, gelu, less, lessEqual, linear as linearOp, logSoftmax,
  matmul, mul, reshape, slice, sub, table, where } from '../../engine/ops/index.ts';
import { zeros, type Init, type Scope } from '../../engine/params.ts';
import type { Tensor } from '../../engine/tensor.ts';
import { linear } from '../layers.ts';

/** Products with the tokens before. */
const readWidth = 64;
/** Width of the layer by which the column depends on the row. */
const hiddenWidth = 128;
/** Waves of either sort that the scores of an axis are sums of, where the grid has so many; so many tell rows apart. */
const waves = 32;
/** Score of what cannot be: far below any other, and finite. */
export const hiddenScore = -1e30;

/** What a corner is scored by. */
export interface CornerView {
  /** State that has read everything before the corner: [.., D]. */
  readonly h: Tensor;
  /** The tokens before: [.., E]. */
  readonly before: Tensor;
  /** i32 [..]: the cell that distances are from, 0 .. S^2 - 1; with S^2 for none there are none. */
  readonly from: Tensor;
  /** f32 [..]: 1 where the object is none. */
  readonly absent: Tensor;
}

/**
 * What a corner may be. `any`: every cell, and `none`. The others: `none` where the object is, and where it is not, the
 * cells `following` or at `from` row by row, but for the last row and column, which no box begins at; or those `beyond`
 * it in both directions.
 */
export type CornerRange = 'any' | 'following' | 'beyond';

/** Waves begin small, fast ones smaller: what is learnt of a cell holds for its neighbours until data say otherwise. */
const waveHeight = (k: number, slow: number): number => (0.3 * Math.SQRT2) / (1 + k / slow);

/** [S, K] over the axis. */
const standingWaves: Init = {
  kind: 'drawn',
  draw: (_, [S, K]) => Float32Array.from({ length: S! * K! }, (_, i) =>
    waveHeight(i % K!, 8) * Math.cos((Math.PI * (1 + (i % K!)) * (Math.floor(i / K!) + 0.5)) / S!)),
};

/**
 * Waves [S, S, K] of the distance from the first cell to the second, fast where it is small: sizes of small boxes
 * differ by a cell, those of large ones by many.
 */
function distanceWaves(S: number, K: number): Tensor {
  const values = new Float32Array(S * S * K);
  const scaled = (d: number): number => (Math.sign(d) * Math.log1p(Math.abs(d) / 1.5)) / Math.log1p((S - 1) / 1.5);
  for (let i = 0; i < S * S; i++) {
    const phase = (Math.PI / 2) * (1 + scaled((i % S) - Math.floor(i / S)));
    for (let k = 0; k < K; k++) values[i * K + k] = waveHeight(k, 12) * Math.cos((1 + k) * phase);
  }
  return table(values, [S, S * K]);
}

/**
 * Scores of the cells of one axis.
 *
 *   x     [.., E], or [.., n, E]: n for each cell
 *   from  f32 [..]: the cells that distances are from
 *   ->    [.., S], or [.., n, S]
 */
function axisScores(p: Scope, x: Tensor, from: Tensor, S: number): Tensor {
  const K = Math.min(waves, S);
  const standing = linearOp(linear(p.at('standing'), x, K), p.at('waves').param('weight', [S, K], standingWaves),
    p.at('waves').param('bias', [S], zeros));
  const seen = gather(distanceWaves(S, K), cast(reshape(from, [from.size]), 'i32'));
  const heights = reshape(linear(p.at('distance'), x, K), [from.size, -1, K]);
  const moved = matmul(heights, reshape(seen, [from.size, S, K]), { transposeB: true });
  return add(standing, reshape(moved, standing.shape));
}

/** Row and column of cells, as f32 [..]; row S for none. */
export function placeOf(cells: Tensor, S: number): { row: Tensor; column: Tensor } {
  // Half a cell keeps the quotient off whole numbers, where division on a GPU may fall to either side.
  const cell = cast(cells, 'f32');
  const row = floor(mul(add(cell, 0.5), 1 / S));
  return { row, column: sub(cell, mul(row, S)) };
}

/** Scores [.., S] with those of cells below `least` [..] hidden, and of the last one where corners begin boxes. */
function within(scores: Tensor, least: Tensor, range: CornerRange): Tensor {
  if (range === 'any') return scores;
  const S = scores.shape.at(-1)!;
  const places = table(Float32Array.from({ length: S }, (_, i) => i), [S]);
  const allowed = mul(lessEqual(reshape(least, [...least.shape, 1]), places),
    lessEqual(places, range === 'following' ? S - 2 : S - 1));
  return where(allowed, scores, hiddenScore);
}

/** Scores [.., S + 1] of the rows, the last one `none`, and what columns are made of before the row is known. */
function rowScores(p: Scope, { h, before, from, absent }: CornerView, S: number, range: CornerRange):
  { rows: Tensor; columns: Tensor } {
  const last = h.rank - 1;
  const read = linear(p.at('read'), before, readWidth);
  const products = mul(linear(p.at('gate'), h, 2 * readWidth), concat([read, read], last));
  const seen = concat([h, products], last);
  const { row } = placeOf(from, S);
  const scores = axisScores(p.at('row'), gelu(linear(p.at('row.in'), seen, hiddenWidth)), row, S);
  const columns = linear(p.at('column.in'), seen, hiddenWidth);
  if (range === 'any') return { rows: concat([scores, linear(p.at('none'), seen, 1)], last), columns };
  const gone = reshape(absent, [...absent.shape, 1]);
  const there = within(scores, range === 'beyond' ? add(row, 1) : row, range);
  return { rows: concat([where(gone, hiddenScore, there), where(gone, 0, hiddenScore)], last), columns };
}

/** Scores [.., S] of the columns given the row, f32 [..], or 1 where `columns` has more. */
function columnScores(p: Scope, columns: Tensor, given: Tensor, row: Tensor, from: Tensor, S: number,
  range: CornerRange): Tensor {
  const place = placeOf(from, S);
  const x = gelu(add(columns, given));
  const least = range === 'beyond' ? add(place.column, 1) : where(equal(row, place.row), place.column, 0);
  return within(axisScores(p.at('column'), x, place.column, S), least, range);
}

/** What a row says of the column: [S, hiddenWidth]. */
function rowTable(p: Scope, S: number): Tensor {
  const K = Math.min(2 * waves, S);
  const shapes = Float32Array.from({ length: S * K }, (_, i) =>
    (Math.SQRT2 * Math.cos((Math.PI * (1 + (i % K)) * (Math.floor(i / K) + 0.5)) / S)) / (1 + (i % K) / 16));
  return linear(p.at('column.row'), table(shapes, [S, K]), hiddenWidth);
}

/** Log-probabilities [.., S^2 + 1] of all cells and `none`; S rows of the grid. */
export function factoredCornerScores(p: Scope, view: CornerView, S: number, range: CornerRange): Tensor {
  const lead = view.h.shape.slice(0, -1);
  const { rows, columns } = rowScores(p, view, S, range);
  const ofRows = logSoftmax(rows);
  const everyRow = table(Float32Array.from({ length: S }, (_, i) => i), [S]);
  const ofColumns = logSoftmax(columnScores(p, reshape(columns, [...lead, 1, hiddenWidth]), rowTable(p, S), everyRow,
    reshape(view.from, [...lead, 1]), S, range));                                                 // [.., S, S]
  const cells = add(ofColumns, reshape(slice(ofRows, -1, 0, S), [...lead, S, 1]));
  return concat([reshape(cells, [...lead, S * S]), slice(ofRows, -1, S, 1)], lead.length);
}

/**
 * Nats of given corners, without a table of all of them.
 *
 *   corners  i32 [..]   0 .. S^2, S^2 for none
 *   ->       [..]
 */
export function factoredCornerNats(p: Scope, view: CornerView, corners: Tensor, S: number, range: CornerRange): Tensor {
  const { rows, columns } = rowScores(p, view, S, range);
  const { row, column } = placeOf(corners, S);
  const rowId = cast(row, 'i32');
  const scores = columnScores(p, columns, gather(rowTable(p, S), rowId), row, view.from, S, range);
  return add(crossEntropy(rows, rowId), mul(crossEntropy(scores, cast(column, 'i32')), less(row, S)));
}
