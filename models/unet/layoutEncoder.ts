/**
 * The layout encoder [LDM `BERTEmbedder` without tokeniser]: token table, learned positions, pre-norm transformer.
 *
 * In two parts, because inversion replaces the first: `embedTokens` looks rows up, `encodeLayout` does all the rest.
 */
import { check } from '../../engine/errors.ts';
import { add, concat, gather, slice, stopGradient } from '../../engine/ops/index.ts';
import { fanIn, normal, type Scope } from '../../engine/params.ts';
import { describe, type Tensor } from '../../engine/tensor.ts';
import { attentionLayers } from '../attentionLayers.ts';
import { fourierRows } from '../fourierInit.ts';
import { layerNorm } from '../layers.ts';
import type { LayoutEncoderConfig } from './config.ts';

/** The token table [K, D]. */
export function tokenTable(p: Scope, { vocabularySize, width, init, trainedRows }: LayoutEncoderConfig): Tensor {
  const rows = init === 'published' ? normal(0.02)
    : fourierRows(Math.floor(Math.sqrt(vocabularySize - 1)), init === 'grid');
  const weight = p.at('transformer.token_emb').param('weight', [vocabularySize, width], rows);
  if (trainedRows === undefined) return weight;
  return concat([slice(weight, 0, 0, trainedRows),
    stopGradient(slice(weight, 0, trainedRows, vocabularySize - trainedRows))], 0);
}

/** ids i32 [B, L], in 0 .. K - 1 -> [B, L, D] rows of the token table, without positions. */
export function embedTokens(p: Scope, ids: Tensor, config: LayoutEncoderConfig): Tensor {
  return gather(tokenTable(p, config), ids);
}

/**
 * Everything after the lookup.
 *
 *   embeddings  [B, L, D]   rows of the token table, or what inversion puts in their place; L up to maxLength
 *   ->          [B, L, D]   context of the U-Net's cross-attention: all positions, no mask
 */
export function encodeLayout(p: Scope, embeddings: Tensor, config: LayoutEncoderConfig): Tensor {
  check(embeddings.rank === 3 && embeddings.shape[1]! <= config.maxLength && embeddings.shape[2] === config.width, () =>
    `layout encoder: embeddings must be [B, L, ${config.width}] with L up to ${config.maxLength}, found `
    + `${describe(embeddings)}. Was it made for fewer objects?`);
  const transformer = p.at('transformer');
  const positions = transformer.at('pos_emb.emb').param('weight', [config.maxLength, config.width],
    normal(config.init === 'published' ? 0.02 : 1));
  const x = add(embeddings, slice(positions, 0, 0, embeddings.shape[1]!));
  return layerNorm(transformer.at('norm'), attentionLayers(transformer.at('attn_layers'), x, config, false));
}

/** The language-model head that published checkpoints carry and this use leaves idle: for importing them whole. */
export function declareUnusedHead(p: Scope, { vocabularySize, width }: LayoutEncoderConfig): void {
  const head = p.at('transformer.to_logits');
  head.param('weight', [vocabularySize, width], fanIn(width));
  head.param('bias', [vocabularySize], fanIn(width));
}
