/** Sizes of the generator: the U-Net, its layout encoder and the diffusion they are trained with. */
import type { AttentionLayersConfig } from '../attentionLayers.ts';
import type { DiffusionConfig } from '../diffusion.ts';

export interface UNetConfig {
  /** Channels of the latent that is denoised. */
  readonly latentChannels: number;
  /** Whether a learned map over the pixels is added to the first convolution's output. Published: false. */
  readonly positionMap: boolean;
  /** Whether the layout is painted into another map that is added (`layoutMap.ts`). Published and default: false. */
  readonly layoutMap?: boolean;
  /** Channels at full resolution; also the size of the sinusoidal timestep embedding. */
  readonly modelChannels: number;
  /** Channels of each level, as multiples of modelChannels; each level has half the resolution of the one before. */
  readonly channelMult: readonly number[];
  /** Residual blocks of a level on the way down; one more on the way up. */
  readonly resBlocks: number;
  /** Downsampling FACTORS (1, 2, 4, ..; not resolutions) of the levels with spatial transformers. */
  readonly attentionFactors: readonly number[];
  /** Whether the middle has a spatial transformer. Published: true; without any attention the context is null. */
  readonly middleAttention: boolean;
  /** Width of an attention head; a level has channels / headChannels heads. */
  readonly headChannels: number;
  /** Blocks of a spatial transformer. */
  readonly transformerDepth: number;
  /** Groups of every group norm; must divide all channel counts. */
  readonly groups: number;
}

export interface LayoutEncoderConfig extends AttentionLayersConfig {
  /** K, rows of the token table. */
  readonly vocabularySize: number;
  /** Longest sequence; rows of the position table. */
  readonly maxLength: number;
  /**
   * Initial rows: normals of 0.02 as published, or unit Fourier features of the grid (ours; `fourierInit.ts`); `grid`
   * is the latter with the coordinates themselves in the first two scalars, where `layoutMap` reads them.
   */
  readonly init: 'published' | 'fourier' | 'grid';
  /**
   * Rows of the token table that are trained: the first so many, which stand for classes. The others, and how
   * `layoutMap` reads places from them, stay as they begin: on a fine grid every cell is seen rarely, and training
   * moves its place by more than small objects are wide. Needs a weight decay of 0. Published, and where absent: all.
   */
  readonly trainedRows?: number;
  /** D, width of token embeddings and of the context that the U-Net attends to. */
  readonly width: number;
}

export interface GeneratorConfig {
  readonly unet: UNetConfig;
  readonly encoder: LayoutEncoderConfig;
  readonly diffusion: DiffusionConfig;
}

/**
 * LDM `layout2img-openimages256`: 64 x 64 x 3 latents of VQ-f4. U-Net 246,277,379 parameters, layout encoder
 * 54,660,096 in use, about 76 GMAC a sample.
 */
const layout2img256: GeneratorConfig = {
  unet: {
    latentChannels: 3,
    positionMap: false,
    layoutMap: false,
    modelChannels: 128,
    channelMult: [1, 2, 3, 4],
    resBlocks: 2,
    attentionFactors: [2, 4, 8],
    middleAttention: true,
    headChannels: 32,
    transformerDepth: 3,
    groups: 32,
  },
  encoder: { vocabularySize: 8192, maxLength: 92, init: 'published', width: 512, layers: 16, heads: 8, headWidth: 64 },
  diffusion: {
    schedule: { kind: 'scaledLinear', steps: 1000, betaStart: 0.0015, betaEnd: 0.0205 },
    prediction: 'noise',
    loss: 'l1',
  },
};

/**
 * For 64-px scenes with 4 x 16 x 16 latents of the `tiny` autoencoder, layouts of 12 objects on a 32 x 32 grid.
 * Ours, sized for a CPU adapter: 789,260 parameters, 5.5 GFLOP a training step of 16.
 */
const tiny: GeneratorConfig = {
  unet: {
    latentChannels: 4,
    positionMap: true,
    layoutMap: false,
    modelChannels: 24,
    channelMult: [1, 2],
    resBlocks: 1,
    attentionFactors: [2],
    middleAttention: true,
    headChannels: 24,
    transformerDepth: 1,
    groups: 8,
  },
  encoder: { vocabularySize: 1025, maxLength: 36, init: 'fourier', width: 64, layers: 3, heads: 4, headWidth: 16 },
  diffusion: { ...layout2img256.diffusion, prediction: 'v', loss: 'l2' },
};

/**
 * `tiny` with the layout painted into a map: objects of a street scene are two to six latent pixels wide, and within
 * the training a CPU can give attention did not find their places.
 */
const street: GeneratorConfig = {
  ...tiny, unet: { ...tiny.unet, layoutMap: true, headChannels: 8 }, encoder: { ...tiny.encoder, init: 'grid' },
};

/** The same for flat scenes at 64 px: two objects on a 9 x 9 grid. */
const flat64: GeneratorConfig = { ...street, encoder: { ...street.encoder, vocabularySize: 82, maxLength: 6 } };

/**
 * For photographs at 64 px in 12 x 32 x 32 latents (2 x 2 pixels in the channels): five objects on a 40 x 40 grid, the
 * smallest two or three latent pixels wide.
 */
const cells: GeneratorConfig = {
  ...street,
  unet: { ...street.unet, latentChannels: 12, modelChannels: 16, channelMult: [1, 2, 3], attentionFactors: [4] },
  encoder: { ...street.encoder, vocabularySize: 1601, maxLength: 15, layers: 2, trainedRows: 2 },
};

/**
 * For 16-px flat scenes in 12 x 8 x 8 latents (2 x 2 pixels in the channels), two objects on a 9 x 9 grid: 0.56 M
 * parameters and 30 MFLOP a sample, trained and inverted in minutes on a CPU adapter.
 */
const flat: GeneratorConfig = {
  unet: {
    latentChannels: 12,
    positionMap: true,
    layoutMap: false,
    modelChannels: 32,
    channelMult: [1, 1],
    resBlocks: 1,
    attentionFactors: [1, 2],
    middleAttention: true,
    headChannels: 16,
    transformerDepth: 1,
    groups: 8,
  },
  encoder: { vocabularySize: 82, maxLength: 6, init: 'fourier', width: 64, layers: 2, heads: 4, headWidth: 16 },
  diffusion: tiny.diffusion,
};

/** For tests: a few thousand parameters, every kind of block. */
const micro: GeneratorConfig = {
  unet: {
    latentChannels: 2,
    positionMap: true,
    layoutMap: false,
    modelChannels: 4,
    channelMult: [1, 2],
    resBlocks: 1,
    attentionFactors: [2],
    middleAttention: true,
    headChannels: 4,
    transformerDepth: 1,
    groups: 2,
  },
  encoder: { vocabularySize: 17, maxLength: 6, init: 'published', width: 8, layers: 1, heads: 2, headWidth: 4 },
  diffusion: {
    schedule: { kind: 'scaledLinear', steps: 20, betaStart: 0.01, betaEnd: 0.5 },
    prediction: 'noise',
    loss: 'l2',
  },
};

export const generatorPresets = { 'layout2img-256': layout2img256, tiny, street, flat64, cells, flat, micro } as const;

/** Conditioning on one class instead of a layout: a sequence of one token, of which the last row is the null class. */
export function forClasses(config: GeneratorConfig, classCount: number): GeneratorConfig {
  const encoder = { ...config.encoder, vocabularySize: classCount + 1, maxLength: 1 };
  return { ...config, unet: { ...config.unet, layoutMap: false }, encoder };
}
