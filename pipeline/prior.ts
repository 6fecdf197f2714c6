/** A trained layout prior as a thing to use. */
import type { Category } from '../data/annotations.ts';
import { UserError } from '../engine/errors.ts';
import { argmax, gather, inputTensor, table } from '../engine/ops/index.ts';
import { ParamStore, declareParams, type ParamSpec, type Scope } from '../engine/params.ts';
import type { Tensor } from '../engine/tensor.ts';
import type { RandomStream } from '../engine/random.ts';
import { predictionLoss } from '../models/diffusion.ts';
import { encodeLayout, flipXyxyUnit, layoutVocabulary, sortLayout, type LayoutObject, type LayoutVocabulary,
  type LayoutVocabularyConfig } from '../models/layoutTokens.ts';
import { autoregressivePrior, expectedNegativeLogLikelihood, nextTokenScores, tokenNats, type SlotPart,
  type SlotTargets } from '../models/prior/autoregressive.ts';
import type { AutoregressivePriorConfig, DiffusionPriorConfig, PriorConfig } from '../models/prior/config.ts';
import { diffusionPrior } from '../models/prior/diffusion.ts';
import type { KeyValueCache } from '../models/prior/keyValueCache.ts';
import { standardise, type TableStatistics } from '../models/prior/standardise.ts';
import type { SlotChoices } from '../models/softTokens.ts';
import { loadRun, type LoadedRun } from './run.ts';

/** How a prior was shown its layouts. */
export interface PriorData {
  /** Mirror half of the layouts. */
  readonly flip: boolean;
  /** Most by which layouts shown are stretched here and squeezed there, below 0.5; see `bentLayout`. Default: 0. */
  readonly bend?: number;
  /** Boxes must cover more than this fraction of the picture. */
  readonly minArea: number;
  /** `random`: any order of objects, as generators see them. `canonical`: by class, then corners. Default: random. */
  readonly order?: ObjectOrder;
}

export type ObjectOrder = 'random' | 'canonical';

export type PriorKind = PriorConfig['kind'];

/** What using a prior needs to know. */
export interface PriorDescription<Model extends PriorConfig = PriorConfig> {
  readonly model: Model;
  readonly vocabulary: LayoutVocabularyConfig;
  readonly categories: readonly Category[];
  /** Of the frozen token table, which lies in the checkpoint under `frozen`. */
  readonly statistics: TableStatistics;
  readonly data: PriorData;
}

/** Name of the token table among a prior's frozen weights; as in the generator it comes from. */
export const tokenTableName = 'cond_stage_model.transformer.token_emb.weight';

export function priorSpecs(model: PriorConfig): ParamSpec[] {
  const { maxObjects: N, embeddingWidth } = model;
  const v = inputTensor('v', [1, 3 * N, embeddingWidth]);
  const choices = { classes: inputTensor('classes', [1, N], 'i32'), corners: inputTensor('corners', [1, N, 2], 'i32') };
  return declareParams((p) => (model.kind === 'autoregressive' ? autoregressivePrior(p, v, choices, model)
    : diffusionPrior(p, v, inputTensor('t', [1], 'i32'), model)));
}

/** What reading embeddings through a prior takes. */
type Reader<Model extends PriorConfig> = Pick<PriorDescription<Model>, 'model' | 'statistics'>;

/** Scores of every token of some choices given those before it; embeddings [B, 3 N, Dg] in the generator's scale. */
export function priorScores(p: Scope, embeddings: Tensor, choices: SlotTargets<Tensor>,
  { model, statistics }: Reader<AutoregressivePriorConfig>): SlotChoices {
  return autoregressivePrior(p, standardise(embeddings, statistics), choices, model);
}

/** Throws a UserError where a prior cannot say anything of the slots of an inversion. */
export function expectAnyOrder({ support }: AutoregressivePriorConfig): void {
  if (support !== 'canonical') return;
  throw new UserError('the prior knows layouts in canonical order only (--model.support canonical), '
    + 'but slots of an inversion have no order; train one with --data.order random --model.support any');
}

/**
 * Nats per layout [B] that weights over the choices of each slot are to expect, read through embeddings; the likeliest
 * choices stand for those that a token is seen from.
 */
export function priorExpectedNats(p: Scope, embeddings: Tensor, { classes, corners }: SlotChoices,
  reader: Reader<AutoregressivePriorConfig>): Tensor {
  expectAnyOrder(reader.model);
  const choices = { classes: argmax(classes), corners: argmax(corners) };
  return expectedNegativeLogLikelihood(priorScores(p, embeddings, choices, reader), classes, corners);
}

/** Scores [B, choices] of the next token by what a cache holds of those before; see `nextTokenScores`. */
export function priorNextScores(p: Scope, embeddings: Tensor, known: Tensor, position: Tensor, part: SlotPart,
  cache: KeyValueCache, { model, statistics }: Reader<AutoregressivePriorConfig>): ReturnType<typeof nextTokenScores> {
  return nextTokenScores(p, standardise(embeddings, statistics), known, position, part, cache, model);
}

/** Nats of every token of given layouts; see `tokenNats`. */
export function priorTokenNats(p: Scope, embeddings: Tensor, targets: SlotTargets<Tensor>,
  { model, statistics }: Reader<AutoregressivePriorConfig>, key?: Tensor): SlotTargets<Tensor> {
  return tokenNats(p, standardise(embeddings, statistics), targets, model, key);
}

/**
 * Squared error per element [B] of what a diffusion prior predicts in noised embeddings: its loss and its energy.
 *
 *   embeddings  [B, 3 N, Dg]   in the generator's own scale
 *   t           i32 [B]
 *   noise       [B, 3 N, Dg]
 */
export function priorDenoisingLoss(p: Scope, embeddings: Tensor, t: Tensor, noise: Tensor,
  { model, statistics }: Reader<DiffusionPriorConfig>): Tensor {
  return predictionLoss({ ...model, loss: 'l2' }, standardise(embeddings, statistics), t, noise,
    (x) => diffusionPrior(p, x, t, model));
}

/**
 * The objects of a layout as token sequence [L], in a random order, or in the canonical one.
 *
 *   mirrored  as the mirrored picture has them
 */
export function orderedLayout(vocabulary: LayoutVocabulary, objects: readonly LayoutObject[], order: ObjectOrder,
  mirrored: boolean, random: RandomStream): Int32Array {
  const shown = random.permutation(objects.length).map((i) => {
    const { classIndex, xyxyUnit } = objects[i]!;
    return { classIndex, xyxyUnit: mirrored ? flipXyxyUnit(xyxyUnit) : xyxyUnit };
  });
  const tokens = encodeLayout(vocabulary, shown);
  return order === 'canonical' ? sortLayout(vocabulary, tokens) : tokens;
}

/** A prior run opened for use. */
interface OpenPrior<Model extends PriorConfig> {
  readonly kind: Model['kind'];
  readonly run: LoadedRun<PriorDescription<Model>>;
  readonly description: PriorDescription<Model>;
  readonly vocabulary: LayoutVocabulary;
  readonly store: ParamStore;
  /** Token table [K, Dg]. */
  readonly table: Tensor;
}

export type AutoregressivePrior = OpenPrior<AutoregressivePriorConfig>;
export type DiffusionPrior = OpenPrior<DiffusionPriorConfig>;
export type Prior = AutoregressivePrior | DiffusionPrior;

/** Opens a prior of either kind. */
export function openPrior(dir: string): Prior {
  const run = loadRun<PriorDescription>(dir, 'prior');
  const description = run.header.config;
  const store = new ParamStore('prior', priorSpecs(description.model));
  store.load(run.weights, run.file);
  const rows = run.frozen.get(tokenTableName)!;
  // The kind is that of the model, so that the union is told apart by it.
  return {
    kind: description.model.kind, run, description, vocabulary: layoutVocabulary(description.vocabulary), store,
    table: table(rows.data, rows.shape),
  } as Prior;
}

/** Opens a prior whose likelihood is known; UserError for the other kind. */
export function openAutoregressivePrior(dir: string): AutoregressivePrior {
  const prior = openPrior(dir);
  if (prior.kind === 'autoregressive') return prior;
  throw new UserError(`${dir}: holds a ${prior.kind} prior, but likelihoods need an autoregressive one`);
}

/** ids i32 [B, 3 N] -> rows of the prior's token table. */
export const embedForPrior = (prior: Prior, ids: Tensor): Tensor => gather(prior.table, ids);
