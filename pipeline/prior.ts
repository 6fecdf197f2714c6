/** A trained layout prior as a thing to use. */
import type { Category } from '../data/annotations.ts';
import { gather, inputTensor, table } from '../engine/ops/index.ts';
import { ParamStore, declareParams, type ParamSpec, type Scope } from '../engine/params.ts';
import type { Tensor } from '../engine/tensor.ts';
import { layoutVocabulary, type LayoutVocabulary, type LayoutVocabularyConfig } from '../models/layoutTokens.ts';
import { autoregressivePrior } from '../models/prior/autoregressive.ts';
import type { AutoregressivePriorConfig } from '../models/prior/config.ts';
import { standardise, type TableStatistics } from '../models/prior/standardise.ts';
import type { SlotChoices } from '../models/softTokens.ts';
import { loadRun, type LoadedRun } from './run.ts';

/** What using a prior needs to know. */
export interface PriorDescription {
  readonly model: AutoregressivePriorConfig;
  readonly vocabulary: LayoutVocabularyConfig;
  readonly categories: readonly Category[];
  /** Of the frozen token table, which lies in the checkpoint under `frozen`. */
  readonly statistics: TableStatistics;
}

/** Name of the token table among a prior's frozen weights; as in the generator it comes from. */
export const tokenTableName = 'cond_stage_model.transformer.token_emb.weight';

export function priorSpecs(model: AutoregressivePriorConfig): ParamSpec[] {
  return declareParams((p) => autoregressivePrior(p, inputTensor('v', [1, 3 * model.maxObjects, model.embeddingWidth]), model));
}

/** Scores of every token given those before it; embeddings [B, 3 N, Dg] in the generator's own scale. */
export function priorScores(p: Scope, embeddings: Tensor, { model, statistics }: PriorDescription): SlotChoices {
  return autoregressivePrior(p, standardise(embeddings, statistics), model);
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
  return { run, description, vocabulary: layoutVocabulary(description.vocabulary), store, table: table(rows.data, rows.shape) };
}

/** ids i32 [B, 3 N] -> rows of the prior's token table. */
export const embedForPrior = (prior: Prior, ids: Tensor): Tensor => gather(prior.table, ids);
