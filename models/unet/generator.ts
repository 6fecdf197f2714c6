/** The layout-conditional generator as a checkpoint holds it: U-Net and layout encoder under LDM's prefixes. */
import type { Scope } from '../../engine/params.ts';
import type { Tensor } from '../../engine/tensor.ts';
import type { GeneratorConfig } from './config.ts';
import { embedTokens, encodeLayout } from './layoutEncoder.ts';
import { unet } from './unet.ts';

export const unetScope = (p: Scope): Scope => p.at('model.diffusion_model');
export const encoderScope = (p: Scope): Scope => p.at('cond_stage_model');

/**
 *   x           [B, C, H, W]   noised latent
 *   t           i32 [B]        timestep
 *   embeddings  [B, L, D]      of layout tokens, without positions: where inversion enters
 *   ->          [B, C, H, W]   prediction
 */
export function generatorFromEmbeddings(p: Scope, x: Tensor, t: Tensor, embeddings: Tensor,
  config: GeneratorConfig): Tensor {
  const context = encodeLayout(encoderScope(p), embeddings, config.encoder);
  return unet(unetScope(p), x, t, context, config.unet, config.diffusion.schedule.steps);
}

/** The same with tokens, ids i32 [B, L]. */
export function generator(p: Scope, x: Tensor, t: Tensor, ids: Tensor, config: GeneratorConfig): Tensor {
  return generatorFromEmbeddings(p, x, t, embedTokens(encoderScope(p), ids, config.encoder), config);
}
