/**
 * The variable that is optimised, and its way into the vocabulary [DIVE, in-vocabulary discrete optimisation].
 *
 * Two kinds of variable: scores of every choice of every slot, or free embeddings. Both become weights over choices,
 * an embedding of the layout, and (for the monitor) the hardest reading of the moment.
 */
import { add, argmax, cast, div, equal, gather, mul, nearestRow, neg, oneHot, reshape, slice, softmax, square,
  straightThrough, sub } from '../engine/ops/index.ts';
import type { Tensor } from '../engine/tensor.ts';
import type { LayoutVocabulary } from '../models/layoutTokens.ts';
import { choiceDistances, embedChoices, tableScale, type SlotChoices, type SlotTables } from '../models/softTokens.ts';
import type { InversionConfig, PriorTarget, Projection } from './config.ts';

/** What is optimised: one or two flat arrays per row. */
export type Variable =
  | { readonly kind: 'scores'; readonly classes: Tensor; readonly corners: Tensor }
  | { readonly kind: 'embeddings'; readonly v: Tensor };

export interface Projected {
  /** [Q, 3 N, D], what the generator sees. */
  readonly embeddings: Tensor;
  /** Weights over choices, never quite hard. */
  readonly weights: SlotChoices;
  /** Hardest reading: i32 [Q, N] and [Q, N, 2] indices of choices. */
  readonly hard: SlotChoices;
}

/** Largest negative score: a choice that is not allowed. */
export const barred = -1e4;

/** Sizes of the arrays of a variable for `rows` rows. */
export function variableShapes(projection: Projection, rows: number, width: number,
  vocabulary: LayoutVocabulary): number[][] {
  const { maxObjects: N, classCount, gridSide } = vocabulary;
  if (projection === 'logits') return [[rows, N, classCount + 1], [rows, N, 2, gridSide * gridSide + 1]];
  return [[rows, 3 * N, width]];
}

/**
 *   variable     arrays of `variableShapes`
 *   temperature  [Q], see InversionConfig
 *   bias         [Q, N, C + 1] and [Q, N, 2, S^2 + 1]: log frequency of every choice, `barred` where not allowed
 *   table        [K, D], the whole vocabulary
 */
export function project(projection: Projection, variable: Variable, temperature: Tensor, bias: SlotChoices,
  tables: SlotTables, table: Tensor, metric: 'l2' | 'cosine', vocabulary: LayoutVocabulary): Projected {
  const Q = temperature.shape[0]!;
  const column = (x: Tensor, rank: number): Tensor => reshape(x, [Q, ...Array<number>(rank - 1).fill(1)]);
  if (variable.kind === 'scores') {
    const scores = {
      classes: add(div(variable.classes, column(temperature, 3)), bias.classes),
      corners: add(div(variable.corners, column(temperature, 4)), bias.corners),
    };
    const weights = { classes: softmax(scores.classes), corners: softmax(scores.corners) };
    return { embeddings: embedChoices(weights, tables), weights, hard: hardest(scores) };
  }
  const { v } = variable;
  const [, , D] = v.shape as [number, number, number];
  const distances = choiceDistances(v, tables);
  const sigma = mul(temperature, mul(tableScale(tables), Math.sqrt(2 * D)));
  const precision = div(0.5, square(sigma));
  const scores = {
    classes: sub(bias.classes, mul(distances.classes, column(precision, 3))),
    corners: sub(bias.corners, mul(distances.corners, column(precision, 4))),
  };
  const soft = { classes: softmax(scores.classes), corners: softmax(scores.corners) };
  if (projection === 'soft') return { embeddings: embedChoices(soft, tables), weights: soft, hard: hardest(scores) };
  if (projection === 'vocabulary') {
    // The whole table: a slot may take a row that means nothing there, as in the published classification code.
    const ids = nearestRow(reshape(v, [Q * 3 * vocabulary.maxObjects, D]), table, metric);
    const rows = reshape(gather(table, ids), v.shape);
    return { embeddings: straightThrough(rows, v), weights: soft, hard: readTokens(ids, Q, vocabulary) };
  }
  const nearest = nearestChoices(v, tables, metric);
  if (projection === 'none') return { embeddings: v, weights: soft, hard: nearest };
  return {
    embeddings: straightThrough(embedChoices(hardWeights(nearest, tables), tables), v), weights: soft, hard: nearest,
  };
}

/** What an autoregressive prior is to predict: the weights, or the hardest reading with their gradient. */
export function priorTargets({ weights, hard }: Projected, target: PriorTarget): SlotChoices {
  if (target === 'soft') return weights;
  const harden = (choices: Tensor, soft: Tensor): Tensor => straightThrough(oneHot(choices, soft.shape.at(-1)!), soft);
  return { classes: harden(hard.classes, weights.classes), corners: harden(hard.corners, weights.corners) };
}

/** The target that goes with a projection. */
export const targetOf = ({ projection, priorTarget }: Pick<InversionConfig, 'projection' | 'priorTarget'>):
  PriorTarget => priorTarget ?? (projection === 'slot' || projection === 'vocabulary' ? 'hard' : 'soft');

const hardest = ({ classes, corners }: SlotChoices): SlotChoices => ({
  classes: argmax(classes), corners: argmax(corners),
});

const hardWeights = ({ classes, corners }: SlotChoices, tables: SlotTables): SlotChoices => ({
  classes: oneHot(classes, tables.classes.shape[0]!), corners: oneHot(corners, tables.corners.shape[0]!),
});

function nearestChoices(v: Tensor, tables: SlotTables, metric: 'l2' | 'cosine'): SlotChoices {
  const [Q, L, D] = v.shape as [number, number, number];
  const slots = reshape(v, [Q, L / 3, 3, D]);
  const classes = nearestRow(reshape(slice(slots, 2, 0, 1), [Q * L / 3, D]), tables.classes, metric);
  const corners = nearestRow(reshape(slice(slots, 2, 1, 2), [2 * Q * L / 3, D]), tables.corners, metric);
  return { classes: reshape(classes, [Q, L / 3]), corners: reshape(corners, [Q, L / 3, 2]) };
}

/** Token ids of the whole table as choices of the slots; rows that a slot cannot hold read as none. */
function readTokens(ids: Tensor, Q: number,
  { maxObjects: N, classCount, gridSide, none }: LayoutVocabulary): SlotChoices {
  const slots = reshape(ids, [Q, N, 3]);
  const read = (part: Tensor, count: number): Tensor => {
    const isNone = cast(equal(part, none), 'i32');
    const outside = cast(equal(cast(div(cast(part, 'f32'), count), 'i32'), 0), 'i32');
    // count where it is none or too large, the token itself elsewhere.
    const legal = mul(outside, sub(1, isNone));
    return add(mul(legal, part), mul(add(neg(legal), 1), count));
  };
  return {
    classes: read(reshape(slice(slots, 2, 0, 1), [Q, N]), classCount),
    corners: read(slice(slots, 2, 1, 2), gridSide * gridSide),
  };
}
