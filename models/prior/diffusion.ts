import { check } from '../../engine/errors.ts';
import { add, reshape } from '../../engine/ops/index.ts';
import { normal, type Scope } from '../../engine/params.ts';
import { describe, type Tensor } from '../../engine/tensor.ts';
import { attentionLayers } from '../attentionLayers.ts';
import { layerNorm, linear, timeEmbedding } from '../layers.ts';
import type { DiffusionPriorConfig } from './config.ts';

/**
 * The diffusion layout prior of the paper: predicts the noise in the embeddings of a layout's 3 N tokens. The
 * paper leaves the network open; ours is the layout encoder's trunk with the time added to every token. Crop tokens are
 * not modelled.
 *
 *   x   [B, 3 N, Dg]   standardised embeddings, noised
 *   t   i32 [B]        timestep
 *   ->  [B, 3 N, Dg]   the noise, or what else `prediction` names
 */
export function diffusionPrior(p: Scope, x: Tensor, t: Tensor, config: DiffusionPriorConfig): Tensor {
  const { width: D, embeddingWidth, maxObjects: N, schedule } = config;
  const B = x.shape[0]!;
  check(x.shape[1] === 3 * N && x.shape[2] === embeddingWidth, () => 'diffusion prior: embeddings must be '
    + `[B, ${3 * N}, ${embeddingWidth}], found ${describe(x)}. Crop tokens are not part of it.`);
  const time = timeEmbedding(p.at('time_embed'), t, { size: D, out: D, steps: schedule.steps });
  const positions = p.at('pos_emb.emb').param('weight', [3 * N, D], normal(0.02));
  const tokens = add(linear(p.at('adapter'), x, D), positions);
  const h = attentionLayers(p.at('attn_layers'), add(tokens, reshape(time, [B, 1, D])), config, false);
  return linear(p.at('out'), layerNorm(p.at('norm'), h), embeddingWidth);
}
