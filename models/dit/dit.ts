/**
 * The diffusion transformer [DiT, Peebles & Xie 2023]: patches of a latent as tokens, timestep and class by adaLN-zero.
 *
 * In two parts, because inversion replaces the first: `classEmbedding` looks a row up, `dit` does all the rest.
 */
import { check } from '../../engine/errors.ts';
import { add, gather, linear, reshape, silu, slice, table, transpose } from '../../engine/ops/index.ts';
import { normal, zeros, type Scope } from '../../engine/params.ts';
import { describe, type Tensor } from '../../engine/tensor.ts';
import { timestepEmbedding } from '../layers.ts';
import type { DitConfig } from './config.ts';
import { dense, ditBlock, glorot, modulated, modulation } from './ditBlock.ts';
import { gridPositions } from './gridPositions.ts';

/** Size of the sinusoids of the timestep. */
const sinusoids = 256;

/** The class table [C + 1, D]; the last row stands for no class. */
export function classTable(p: Scope, { classCount, width }: DitConfig): Tensor {
  return p.at('y_embedder.embedding_table').param('weight', [classCount + 1, width], normal(0.02));
}

/** labels i32 [B], in 0 .. C where C is no class -> [B, D]. */
export function classEmbedding(p: Scope, labels: Tensor, config: DitConfig): Tensor {
  return gather(classTable(p, config), labels);
}

/**
 *   x          [B, C, S, S]    noised latent
 *   t          i32 [B]         timestep, in 0 .. steps - 1
 *   embedding  [B, D]          of the class: rows of the class table, or what inversion puts in their place
 *   ->         [B, 2 C, S, S]  prediction, and as many channels for the variance; [B, C, S, S] where it is not learned
 */
export function dit(p: Scope, x: Tensor, t: Tensor, embedding: Tensor, config: DitConfig): Tensor {
  const { latentChannels: C, latentSize: S, patch, width, learnVariance } = config;
  check(S % patch === 0, () => `dit: latents of side ${S} cannot be cut into patches of side ${patch}`);
  check(x.rank === 4 && x.shape[1] === C && x.shape[2] === S && x.shape[3] === S, () =>
    `dit: x must be [B, ${C}, ${S}, ${S}], found ${describe(x)}. Does it come from another first stage or image size?`);
  const B = x.shape[0]!;
  check(embedding.rank === 2 && embedding.shape[0] === B && embedding.shape[1] === width, () =>
    `dit: the class embedding must be [${B}, ${width}], found ${describe(embedding)}`);
  const side = S / patch;
  const positions = table(gridPositions(side, width), [side * side, width]);
  let h = add(embedPatches(p.at('x_embedder.proj'), x, config), positions);          // [B, L, D]
  const condition = add(embedTimestep(p.at('t_embedder.mlp'), t, config), embedding);
  for (let block = 0; block < config.depth; block++) {
    h = ditBlock(p.at(`blocks.${block}`), h, condition, config.heads);
  }
  const final = p.at('final_layer');
  const [shift, scale] = modulation(final, condition, 2);
  const channels = learnVariance ? 2 * C : C;
  h = dense(final.at('linear'), modulated(h, shift, scale), patch * patch * channels, zeros);
  return pixelsOfPatches(h, channels, side, patch);
}

/** The part of `dit`'s result that predicts the noise (or what the diffusion config says): [B, C, S, S]. */
export const ditPrediction = (result: Tensor, { latentChannels }: DitConfig): Tensor =>
  slice(result, 1, 0, latentChannels);

/** t i32 [B] -> [B, D]. */
function embedTimestep(p: Scope, t: Tensor, { width, diffusion }: DitConfig): Tensor {
  const h = dense(p.at(0), timestepEmbedding(t, sinusoids, diffusion.schedule.steps), width, normal(0.02));
  return dense(p.at(2), silu(h), width, normal(0.02));
}

/** x [B, C, S, S] -> [B, L, D]: a convolution whose stride is its size, hence a product with the cut-out patches. */
function embedPatches(p: Scope, x: Tensor, { patch, width }: DitConfig): Tensor {
  const [B, C, S] = x.shape as [number, number, number, number];
  const side = S / patch;
  const inputs = C * patch * patch;
  const cut = transpose(reshape(x, [B, C, side, patch, side, patch]), [0, 2, 4, 1, 3, 5]);
  const patches = reshape(cut, [B, side * side, inputs]);
  const weight = p.param('weight', [width, C, patch, patch], glorot(inputs, width));
  return linear(patches, reshape(weight, [width, inputs]), p.param('bias', [width], zeros));
}

/** h [B, L, P P C] with channels innermost -> [B, C, S, S]. */
function pixelsOfPatches(h: Tensor, channels: number, side: number, patch: number): Tensor {
  const B = h.shape[0]!;
  const patches = reshape(h, [B, side, side, patch, patch, channels]);
  return reshape(transpose(patches, [0, 5, 1, 3, 2, 4]), [B, channels, side * patch, side * patch]);
}
