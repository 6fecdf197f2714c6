/**
 * Layout tokens as distributions: what a slot may hold, with weights, and the embedding that they stand for.
 *
 * Class slots choose among the classes and `none`, corner slots among the cells of the grid and `none`; the last choice
 * of each is `none`. An embedding is the weighted sum of the rows of the generator's frozen table. Inversion walks in
 * these weights; the generator may be trained on them too, so that it has seen what inversion shows it.
 */
import { add, broadcast, concat, div, exp, less, matmul, mean, mul, randomNormal, randomUniform, reshape, rowDistances,
  slice, softmax, sqrt, square, table, where } from '../engine/ops/index.ts';
import type { Tensor } from '../engine/tensor.ts';
import type { LayoutVocabulary } from './layoutTokens.ts';

/** One value per choice of every slot: weights, scores or distances. */
export interface SlotChoices {
  /** [B, N, C + 1] */
  readonly classes: Tensor;
  /** [B, N, 2, S^2 + 1]: top left, bottom right. */
  readonly corners: Tensor;
}

/** The rows of the token table that slots choose from. */
export interface SlotTables {
  /** [C + 1, D] */
  readonly classes: Tensor;
  /** [S^2 + 1, D] */
  readonly corners: Tensor;
}

/** tokenTable [K, D] -> the rows that class slots and corner slots may hold. */
export function slotTables(tokenTable: Tensor, { classCount, gridSide, none }: LayoutVocabulary): SlotTables {
  const last = slice(tokenTable, 0, none, 1);
  return {
    classes: concat([slice(tokenTable, 0, 0, classCount), last], 0),
    corners: concat([slice(tokenTable, 0, 0, gridSide * gridSide), last], 0),
  };
}

/** embeddings [B, 3 N, D] -> those of class slots [B, N, D] and of corner slots [B, N, 2, D]. */
function splitSlots(embeddings: Tensor): SlotChoices {
  const [B, L, D] = embeddings.shape as [number, number, number];
  const slots = reshape(embeddings, [B, L / 3, 3, D]);
  return { classes: reshape(slice(slots, 2, 0, 1), [B, L / 3, D]), corners: slice(slots, 2, 1, 2) };
}

/** Weights -> the embeddings [B, 3 N, D] that they stand for. */
export function embedChoices({ classes, corners }: SlotChoices, tables: SlotTables): Tensor {
  const [B, N] = classes.shape as [number, number];
  const D = tables.classes.shape[1]!;
  const ofClasses = matmul(reshape(classes, [B * N, -1]), tables.classes);
  const ofCorners = matmul(reshape(corners, [2 * B * N, -1]), tables.corners);
  return reshape(concat([reshape(ofClasses, [B, N, 1, D]), reshape(ofCorners, [B, N, 2, D])], 2), [B, 3 * N, D]);
}

/** Squared distances of embeddings [B, 3 N, D] to the rows that each slot may hold. */
export function choiceDistances(embeddings: Tensor, tables: SlotTables): SlotChoices {
  const { classes, corners } = splitSlots(embeddings);
  const [B, N, D] = classes.shape as [number, number, number];
  return {
    classes: reshape(rowDistances(reshape(classes, [B * N, D]), tables.classes, 'l2'), [B, N, -1]),
    corners: reshape(rowDistances(reshape(corners, [2 * B * N, D]), tables.corners, 'l2'), [B, N, 2, -1]),
  };
}

/** Root mean square of all scalars of the choosable rows []: the unit in which noise on embeddings is given. */
export function tableScale({ corners }: SlotTables): Tensor {
  return sqrt(mean(square(corners)));
}

/**
 * Posterior weights of the choices of every slot, given embeddings with Gaussian noise:
 * softmax(-distance^2 / (2 sigma^2) + log p).
 *
 *   embeddings    [B, 3 N, D]
 *   sigma         [B, 3 N]     standard deviation of the noise on every scalar
 *   logFrequency  log p of every choice, broadcast over B: how often a slot holds it in the training layouts
 */
export function softAssign(embeddings: Tensor, sigma: Tensor, tables: SlotTables,
  logFrequency: SlotChoices): SlotChoices {
  const { classes, corners } = choiceDistances(embeddings, tables);
  const [B, N] = classes.shape as [number, number];
  const precision = reshape(div(-0.5, square(sigma)), [B, N, 3]);
  return {
    classes: softmax(add(mul(classes, slice(precision, 2, 0, 1)), logFrequency.classes)),
    corners: softmax(add(mul(corners, reshape(slice(precision, 2, 1, 2), [B, N, 2, 1])), logFrequency.corners)),
  };
}

/** How a generator is trained on uncertain layouts; see `uncertainEmbeddings`. */
export interface UncertaintyConfig {
  /** Share of the layouts of a batch that are shown uncertain; 0 as published. */
  readonly share: number;
  /** Range of the noise on embeddings, log-uniform, in units of a row's length. */
  readonly low: number;
  readonly high: number;
}

/**
 * Embeddings of layouts, some of them uncertain: noise is added to the rows, and the rows are replaced by their
 * posterior mean given the noisy ones. A network trained on these has seen every stage between knowing nothing and
 * knowing a token, as an inversion passes through them.
 *
 *   rows          [B, L, D]     of the true tokens; L is 3 N, or 3 N + 2 with crop tokens
 *   logFrequency  as `softAssign` takes it
 *   key           u32 [2]       of the random draws
 */
export function uncertainEmbeddings(rows: Tensor, tables: SlotTables, logFrequency: SlotChoices,
  config: UncertaintyConfig, key: Tensor): Tensor {
  if (config.share === 0) return rows;
  const [B, all, D] = rows.shape as [number, number, number];
  const L = 3 * logFrequency.classes.shape.at(-2)!;
  // Crop tokens, where there are any, are always known.
  if (all > L) {
    const objects = uncertainEmbeddings(slice(rows, 1, 0, L), tables, logFrequency, config, key);
    return concat([objects, slice(rows, 1, L, all - L)], 1);
  }
  const draw = (shape: readonly number[], stream: string): Tensor => randomUniform(shape, key, `uncertain ${stream}`);
  const level = (shape: readonly number[], stream: string): Tensor =>
    mul(exp(mul(draw(shape, stream), Math.log(config.high / config.low))), config.low);
  // Half of them have one level for all tokens, half a level of its own for each.
  const shared = less(draw([B, 1], 'shared'), 0.5);
  const relative = where(shared, broadcast(level([B, 1], 'level'), [B, L]), level([B, L], 'levels'));
  const sigma = mul(relative, mul(tableScale(tables), Math.sqrt(2 * D)));
  const noisy = add(rows, mul(reshape(sigma, [B, L, 1]), randomNormal(rows.shape, key, 'uncertain noise')));
  const mixed = embedChoices(softAssign(noisy, sigma, tables, logFrequency), tables);
  return where(less(draw([B, 1, 1], 'share'), config.share), mixed, rows);
}

/** Added to every count: a choice never seen is not impossible. */
const smoothing = 2e-4;

/** Logarithms of how often each slot holds each choice in some layouts: values for `slotFrequencyTensors`. */
export interface SlotFrequencies {
  /** [N, C + 1] */
  readonly classes: Float32Array;
  /** [N, 2, S^2 + 1] */
  readonly corners: Float32Array;
}

/** Counts choices over token sequences; those of a layout should come in the random order that models see. */
export function slotFrequencies(vocabulary: LayoutVocabulary, sequences: Iterable<Int32Array>): SlotFrequencies {
  const { maxObjects: N, classCount, gridSide, none } = vocabulary;
  const [C, S] = [classCount + 1, gridSide * gridSide + 1];
  const classes = new Float32Array(N * C).fill(smoothing);
  const corners = new Float32Array(2 * N * S).fill(smoothing);
  let count = 0;
  for (const tokens of sequences) {
    for (let n = 0; n < N; n++) {
      const choice = (slot: number, last: number): number =>
        (tokens[3 * n + slot] === none ? last : tokens[3 * n + slot]!);
      classes[n * C + choice(0, C - 1)]!++;
      corners[2 * n * S + choice(1, S - 1)]!++;
      corners[(2 * n + 1) * S + choice(2, S - 1)]!++;
    }
    count++;
  }
  return {
    classes: classes.map((value) => Math.log(value / (count + smoothing * C))),
    corners: corners.map((value) => Math.log(value / (count + smoothing * S))),
  };
}

/** Frequencies as constants of a graph: [N, C + 1] and [N, 2, S^2 + 1]. */
export function slotFrequencyTensors(vocabulary: LayoutVocabulary, { classes, corners }: SlotFrequencies): SlotChoices {
  const { maxObjects: N, classCount, gridSide } = vocabulary;
  return { classes: table(classes, [N, classCount + 1]), corners: table(corners, [N, 2, gridSide * gridSide + 1]) };
}
