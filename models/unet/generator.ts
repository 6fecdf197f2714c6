/** The layout-conditional generator as a checkpoint holds it: U-Net and layout encoder under LDM's prefixes. */
import type { Scope } from '../../engine/params.ts';
import type { Tensor } from '../../engine/tensor.ts';
import type { GeneratorConfig } from './config.ts';
import { embedTokens, encodeLayout } from './layoutEncoder.ts';
import { layoutMap } from './layoutMap.ts';
import { unet } from './unet.ts';

export const unetScope = (p: Scope): Scope => p.at('model.diffusion_model');
export const encoderScope = (p: Scope): Scope => p.at('cond_stage_model');

/** What the U-Net is told of layouts. */
export interface Condition {
  /** [B, L, D] for its attention. */
  readonly context: Tensor;
  /** [B, C, H, W] for its first convolution; null where the config has none. */
  readonly map: Tensor | null;
}

/** The condition of layouts, from embeddings [B, L, D] of their tokens without positions, for latents of H x W. */
export function encodeCondition(p: Scope, embeddings: Tensor, [H, W]: readonly [number, number],
  config: GeneratorConfig): Condition {
  return {
    context: encodeLayout(encoderScope(p), embeddings, config.encoder),
    map: config.unet.layoutMap
      ? layoutMap(unetScope(p).at('layout_map'), embeddings, [config.unet.modelChannels, H, W],
        config.encoder.trainedRows === undefined) : null,
  };
}

/** Prediction [B, C, H, W] from noised latents x [B, C, H, W], timesteps t i32 [B] and their condition. */
export function denoise(p: Scope, x: Tensor, t: Tensor, { context, map }: Condition, config: GeneratorConfig): Tensor {
  return unet(unetScope(p), x, t, context, config.unet, config.diffusion.schedule.steps, map);
}

/**
 *   x           [B, C, h, w]   noised latent
 *   t           i32 [B]        timestep
 *   embeddings  [B, L, D]      of layout tokens, without positions: where inversion enters
 *   ->          [B, C, h, w]   prediction
 */
export function generatorFromEmbeddings(p: Scope, x: Tensor, t: Tensor, embeddings: Tensor,
  config: GeneratorConfig): Tensor {
  return denoise(p, x, t, encodeCondition(p, embeddings, [x.shape[2]!, x.shape[3]!], config), config);
}

/** The same with tokens, ids i32 [B, L]. */
export function generator(p: Scope, x: Tensor, t: Tensor, ids: Tensor, config: GeneratorConfig): Tensor {
  return generatorFromEmbeddings(p, x, t, embedTokens(encoderScope(p), ids, config.encoder), config);
}
