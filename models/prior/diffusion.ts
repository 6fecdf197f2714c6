import { add, reshape, slice } from '../../engine/ops/index.ts';
import { normal, type Scope } from '../../engine/params.ts';
import type { Tensor } from '../../engine/tensor.ts';
import { attentionLayers } from '../attentionLayers.ts';
import { layerNorm, linear, timeEmbedding } from '../layers.ts';
import type { DiffusionPriorConfig } from './config.ts';

/**
 * The diffusion layout prior of the paper: predicts the noise in a sequence of layout embeddings. The paper leaves the
 * network open; ours is the layout encoder's trunk with the time added to every token.
 *
 *   x   [B, L, Dg]   standardised embeddings, noised
 *   t   i32 [B]      timestep
 *   ->  [B, L, Dg]   noise
 */
export function diffusionPrior(p: Scope, x: Tensor, t: Tensor, config: DiffusionPriorConfig): Tensor {
  const { width: D, embeddingWidth, maxLength, schedule } = config;
  const [B, L] = x.shape as [number, number];
  const time = timeEmbedding(p.at('time_embed'), t, { size: D, out: D, steps: schedule.steps });
  const positions = slice(p.at('pos_emb.emb').param('weight', [maxLength, D], normal(0.02)), 0, 0, L);
  const tokens = add(linear(p.at('adapter'), x, D), positions);
  const h = attentionLayers(p.at('attn_layers'), add(tokens, reshape(time, [B, 1, D])), config, false);
  return linear(p.at('out'), layerNorm(p.at('norm'), h), embeddingWidth);
}
