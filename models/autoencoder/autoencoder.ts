/** The first stage as the rest of the system sees it: images [B, 3, H, W] in [-1, 1] and latents [B, C, h, w]. */
import { constant, mean, mul, reshape, transpose } from '../../engine/ops/index.ts';
import type { Scope } from '../../engine/params.ts';
import type { Tensor } from '../../engine/tensor.ts';
import { conv1x1 } from '../layers.ts';
import { latentShape, type AutoencoderConfig, type ConvolutionalConfig, type VqConfig } from './config.ts';
import { decoder } from './decoder.ts';
import { encoder } from './encoder.ts';
import { klDivergence, posterior, samplePosterior } from './kl.ts';
import { quantise } from './vq.ts';

/** image -> latent that diffusion works on: mean of the posterior (kl), or features before quantisation (vq). */
export function encode(p: Scope, image: Tensor, config: AutoencoderConfig): Tensor {
  if (config.kind === 'identity') return pixelsToChannels(image, config.factor);
  return config.kind === 'kl' ? posterior(p, image, config).mean : featuresToQuantise(p, image, config);
}

/** latent -> image; a vq stage rounds the latent to its codebook first. */
export function decode(p: Scope, latent: Tensor, config: AutoencoderConfig): Tensor {
  if (config.kind === 'identity') return channelsToPixels(latent, config.factor);
  return decodeFeatures(p, config.kind === 'vq' ? quantise(p, latent, config).z : latent, config);
}

export interface Reconstruction {
  /** [B, 3, H, W] */
  readonly image: Tensor;
  /** [], to be added, as it is, to a reconstruction error that is a mean over all elements. */
  readonly regulariser: Tensor;
}

/**
 * There and back, for training.
 *
 *   drawNoise  standard normals of a shape; only a kl stage asks for them
 */
export function reconstruct(p: Scope, image: Tensor, config: AutoencoderConfig,
  drawNoise: (shape: readonly number[]) => Tensor): Reconstruction {
  if (config.kind === 'identity') return { image, regulariser: constant(0) };
  const [B, , H, W] = image.shape as [number, number, number, number];
  if (config.kind === 'vq') {
    const { z, loss } = quantise(p, featuresToQuantise(p, image, config), config);
    return { image: decodeFeatures(p, z, config), regulariser: loss };
  }
  const latent = posterior(p, image, config);
  const noise = drawNoise([B, ...latentShape(config, H, W)]);
  // Published as nats beside an error summed over the image: divided by its elements, as the error is here.
  const regulariser = mul(mean(klDivergence(latent)), config.klWeight / (3 * H * W));
  return { image: decodeFeatures(p, samplePosterior(latent, noise), config), regulariser };
}

function featuresToQuantise(p: Scope, image: Tensor, config: VqConfig): Tensor {
  return conv1x1(p.at('quant_conv'), encoder(p.at('encoder'), image, config.zChannels, config), config.latentChannels);
}

function decodeFeatures(p: Scope, z: Tensor, config: ConvolutionalConfig): Tensor {
  return decoder(p.at('decoder'), conv1x1(p.at('post_quant_conv'), z, config.zChannels), config);
}

/** [B, C, H, W] -> [B, C F F, H / F, W / F]: channel order C, row in the block, column in the block. */
function pixelsToChannels(x: Tensor, factor: number): Tensor {
  if (factor === 1) return x;
  const [B, C, H, W] = x.shape as [number, number, number, number];
  const blocks = reshape(x, [B, C, H / factor, factor, W / factor, factor]);
  return reshape(transpose(blocks, [0, 1, 3, 5, 2, 4]), [B, C * factor * factor, H / factor, W / factor]);
}

/** The inverse of `pixelsToChannels`. */
function channelsToPixels(z: Tensor, factor: number): Tensor {
  if (factor === 1) return z;
  const [B, D, h, w] = z.shape as [number, number, number, number];
  const blocks = reshape(z, [B, D / (factor * factor), factor, factor, h, w]);
  return reshape(transpose(blocks, [0, 1, 4, 2, 5, 3]), [B, D / (factor * factor), h * factor, w * factor]);
}
