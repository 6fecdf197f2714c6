/** A trained layout prior as a thing to use. */
import type { Category } from '../data/annotations.ts';
import { gather, inputTensor, table } from '../engine/ops/index.ts';
import { ParamStore, declareParams, type ParamSpec, type Scope } from '../engine/params.ts';
import type { Tensor } from '../engine/tensor.ts';
import type { RandomStream } from '../engine/random.ts';
import { encodeLayout, flipXyxyUnit, layoutVocabulary, sortLayout, type LayoutObject, type LayoutVocabulary,
  type LayoutVocabularyConfig } from '../models/layoutTokens.ts';
import { autoregressivePrior, nextTokenScores, tokenNats, type SlotPart, type SlotTargets }
  from '../models/prior/autoregressive.ts';
import type { AutoregressivePriorConfig } from '../models/prior/config.ts';
import type { KeyValueCache } from '../models/prior/keyValueCache.ts';
import { standardise, type TableStatistics } from '../models/prior/standardise.ts';
import type { SlotChoices } from '../models/softTokens.ts';
import { loadRun, type LoadedRun } from './run.ts';

/** How a prior was shown its layouts. */
export interface PriorData {
  /** Mirror half of the layouts. */
  readonly flip: boolean;
  /** Boxes must cover more than this fraction of the picture. */
  readonly minArea: number;
  /** `random`: any order of objects, as generators see them. `canonical`: by class, then corners. Default: random. */
  readonly order?: ObjectOrder;
}

export type ObjectOrder = 'random' | 'canonical';

/** What using a prior needs to know. */
export interface PriorDescription {
  readonly model: AutoregressivePriorConfig;
  readonly vocabulary: LayoutVocabularyConfig;
  readonly categories: readonly Category[];
  /** Of the frozen token table, which lies in the checkpoint under `frozen`. */
  readonly statistics: TableStatistics;
  readonly data: PriorData;
}

/** Name of the token table among a prior's frozen weights; as in the generator it comes from. */
export const tokenTableName = 'cond_stage_model.transformer.token_emb.weight';

export function priorSpecs(model: AutoregressivePriorConfig): ParamSpec[] {
  return declareParams((p) =>
    autoregressivePrior(p, inputTensor('v', [1, 3 * model.maxObjects, model.embeddingWidth]), model));
}

/** Scores of every token given those before it; embeddings [B, 3 N, Dg] in the generator's own scale. */
export function priorScores(p: Scope, embeddings: Tensor, { model, statistics }: PriorDescription): SlotChoices {
  return autoregressivePrior(p, standardise(embeddings, statistics), model);
}

/** Scores [B, choices] of the next token by what a cache holds of those before; see `nextTokenScores`. */
export function priorNextScores(p: Scope, embeddings: Tensor, position: Tensor, part: SlotPart, cache: KeyValueCache,
  { model, statistics }: Pick<PriorDescription, 'model' | 'statistics'>): ReturnType<typeof nextTokenScores> {
  return nextTokenScores(p, standardise(embeddings, statistics), position, part, cache, model);
}

/** Nats of every token of given layouts; see `tokenNats`. */
export function priorTokenNats(p: Scope, embeddings: Tensor, targets: SlotTargets<Tensor>,
  { model, statistics }: Pick<PriorDescription, 'model' | 'statistics'>, key?: Tensor): SlotTargets<Tensor> {
  return tokenNats(p, standardise(embeddings, statistics), targets, model, key);
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
export interface Prior {
  readonly run: LoadedRun<PriorDescription>;
  readonly description: PriorDescription;
  readonly vocabulary: LayoutVocabulary;
  readonly store: ParamStore;
  /** Token table [K, Dg]. */
  readonly table: Tensor;
}

export function openPrior(dir: string): Prior {
  const run = loadRun<PriorDescription>(dir, 'prior');
  const description = run.header.config;
  const store = new ParamStore('prior', priorSpecs(description.model));
  store.load(run.weights, run.file);
  const rows = run.frozen.get(tokenTableName)!;
  return {
    run, description, vocabulary: layoutVocabulary(description.vocabulary), store, table: table(rows.data, rows.shape),
  };
}

/** ids i32 [B, 3 N] -> rows of the prior's token table. */
export const embedForPrior = (prior: Prior, ids: Tensor): Tensor => gather(prior.table, ids);
