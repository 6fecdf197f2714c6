/** Sizes of the first stage: from images to latents and back. */
import { UserError } from '../../engine/errors.ts';

/** Encoder and decoder [LDM, Rombach et al. 2022]. */
export interface ConvolutionalConfig {
  /** Channels at full resolution. */
  readonly channels: number;
  /** Channels of each level, as multiples of `channels`; each level has half the resolution of the one before. */
  readonly channelMult: readonly number[];
  /** Residual blocks of an encoder level; a decoder level has one more. */
  readonly resBlocks: number;
  /** Downsampling FACTORS (1, 2, 4, ..; not resolutions) of levels whose residual blocks are followed by attention. */
  readonly attentionFactors: readonly number[];
  /** Whether the middle has attention over all its pixels. Published: true. */
  readonly middleAttention: boolean;
  /** Groups of every group norm; must divide all channel counts. */
  readonly groups: number;
  /** Channels of encoder output (half of them, if it is a mean and a log-variance) and of decoder input. */
  readonly zChannels: number;
  /** Channels of the latent. */
  readonly latentChannels: number;
}

/** Gaussian posterior, held near a standard normal by a small divergence. */
export interface KlConfig extends ConvolutionalConfig {
  readonly kind: 'kl';
  /** Weight of the divergence in nats per image, where the reconstruction error is summed over the image. */
  readonly klWeight: number;
}

/** Latents that are rounded to the rows of a codebook before decoding. */
export interface VqConfig extends ConvolutionalConfig {
  readonly kind: 'vq';
  /** Rows of the codebook. */
  readonly codebookSize: number;
  /** Weight of the codebook's pull towards the latents, against that of the latents towards the codebook. */
  readonly commitment: number;
}

/** No first stage: diffusion in pixel space, blocks of factor x factor pixels side by side in the channels. */
export interface IdentityConfig {
  readonly kind: 'identity';
  readonly factor: number;
}

export type AutoencoderConfig = KlConfig | VqConfig | IdentityConfig;

const published = { channels: 128, resBlocks: 2, middleAttention: true, groups: 32 } as const;

/** LDM `kl-f8`: 83.65 M parameters, 4 x 32 x 32 latents of 256-px images. */
const klF8: KlConfig = {
  kind: 'kl', ...published, channelMult: [1, 2, 4, 4], attentionFactors: [], zChannels: 4, latentChannels: 4,
  klWeight: 1e-6,
};

/** LDM `vq-f4`, first stage of layout2img: 55.32 M parameters, 3 x 64 x 64 latents of 256-px images. */
const vqF4: VqConfig = {
  kind: 'vq', ...published, channelMult: [1, 2, 4], attentionFactors: [], zChannels: 3, latentChannels: 3,
  codebookSize: 8192, commitment: 0.25,
};

/** LDM `vq-f8`: 67.72 M parameters, 4 x 32 x 32 latents of 256-px images. */
const vqF8: VqConfig = {
  kind: 'vq', ...published, channelMult: [1, 2, 2, 4], attentionFactors: [8], zChannels: 4, latentChannels: 4,
  codebookSize: 16384, commitment: 0.25,
};

/** For 64-px scenes, 4 x 16 x 16 latents. Ours, for CPU adapters: 165,135 parameters, 4.4 GFLOP a step of 8. */
const tiny: KlConfig = {
  kind: 'kl', channels: 8, channelMult: [1, 2, 4], resBlocks: 1, attentionFactors: [], middleAttention: false,
  groups: 4, zChannels: 4, latentChannels: 4, klWeight: 1e-6,
};

/** For tests: a few thousand parameters, every kind of block. */
const micro: KlConfig = {
  kind: 'kl', channels: 4, channelMult: [1, 2], resBlocks: 1, attentionFactors: [2], middleAttention: true,
  groups: 2, zChannels: 2, latentChannels: 2, klWeight: 1,
};

const { klWeight: _, ...microSizes } = micro;
const microVq: VqConfig = { ...microSizes, kind: 'vq', codebookSize: 7, commitment: 0.25 };

export const autoencoderPresets = {
  'kl-f8': klF8, 'vq-f4': vqF4, 'vq-f8': vqF8, tiny, micro, 'micro-vq': microVq,
  identity: { kind: 'identity', factor: 1 },
} as const satisfies Record<string, AutoencoderConfig>;

/** Image pixels per latent pixel along each side. */
export const downsampling = (config: AutoencoderConfig): number =>
  (config.kind === 'identity' ? config.factor : 2 ** (config.channelMult.length - 1));

/** [C, H, W] of the latent of an image [3, height, width]; a UserError where the sides cannot be halved so often. */
export function latentShape(config: AutoencoderConfig, height: number, width: number): [number, number, number] {
  const factor = downsampling(config);
  if (height % factor !== 0 || width % factor !== 0) {
    throw new UserError(`pictures of ${width} x ${height} px cannot be made ${factor} times smaller; `
      + `use a multiple of ${factor}`);
  }
  return [config.kind === 'identity' ? 3 * factor * factor : config.latentChannels, height / factor, width / factor];
}
