/**
 * Networks conditioned on one class, whichever their backbone: the U-Net with a sequence of one token, or the diffusion
 * transformer. In two parts, because inversion replaces the first: the class table, and all the rest.
 */
import { gather, reshape } from '../engine/ops/index.ts';
import type { Scope } from '../engine/params.ts';
import type { Tensor } from '../engine/tensor.ts';
import type { DitConfig } from './dit/config.ts';
import { classTable as ditTable, dit, ditPrediction } from './dit/dit.ts';
import type { GeneratorConfig } from './unet/config.ts';
import { encoderScope, generatorFromEmbeddings } from './unet/generator.ts';
import { tokenTable } from './unet/layoutEncoder.ts';

export type ClassModel =
  | ({ readonly backbone: 'unet' } & GeneratorConfig)
  | ({ readonly backbone: 'dit' } & DitConfig);

/** The number of classes C that a model can be conditioned on. */
export const classCountOf = (model: ClassModel): number =>
  (model.backbone === 'dit' ? model.classCount : model.encoder.vocabularySize - 1);

/** The class table [C + 1, D]; the last row stands for no class. */
export function classTable(p: Scope, model: ClassModel): Tensor {
  return model.backbone === 'dit' ? ditTable(p, model) : tokenTable(encoderScope(p), model.encoder);
}

/** labels i32 [B], in 0 .. C where C is no class -> [B, D]. */
export function classEmbedding(p: Scope, labels: Tensor, model: ClassModel): Tensor {
  return gather(classTable(p, model), labels);
}

/**
 *   x          [B, C, h, w]   noised latent
 *   t          i32 [B]        timestep
 *   embedding  [B, D]         rows of the class table, or what inversion puts in their place
 *   ->         [B, C, h, w]   prediction
 */
export function classPrediction(p: Scope, x: Tensor, t: Tensor, embedding: Tensor, model: ClassModel): Tensor {
  if (model.backbone === 'dit') return ditPrediction(dit(p, x, t, embedding, model), model);
  const [B, D] = embedding.shape as [number, number];
  return generatorFromEmbeddings(p, x, t, reshape(embedding, [B, 1, D]), model);
}

/** The model for so many classes and latents [C, h, w] of its own number of channels. */
export function forClassesAndLatents(model: ClassModel, classCount: number,
  latent: readonly [number, number, number]): ClassModel {
  if (model.backbone === 'dit') return { ...model, classCount, latentSize: latent[1] };
  return { ...model, encoder: { ...model.encoder, vocabularySize: classCount + 1, maxLength: 1, init: 'published' } };
}

/** Channels of the latents that a model is made for. */
export const latentChannelsOf = (model: ClassModel): number =>
  (model.backbone === 'dit' ? model.latentChannels : model.unet.latentChannels);

/** The published name of the class table. */
export const classTableName = (model: ClassModel): string => (model.backbone === 'dit'
  ? 'y_embedder.embedding_table.weight' : 'cond_stage_model.transformer.token_emb.weight');
