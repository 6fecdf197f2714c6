/** Sizes of the layout priors. */
import type { AttentionLayersConfig } from '../attentionLayers.ts';
import type { DiffusionConfig, ScheduleConfig } from '../diffusion.ts';

/** A causal transformer over the 3 N layout tokens. */
export interface AutoregressivePriorConfig extends AttentionLayersConfig {
  readonly kind: 'autoregressive';
  /** N, object slots. */
  readonly maxObjects: number;
  /** C, classes. */
  readonly classCount: number;
  /** S; corners are one of S^2 grid cells. */
  readonly gridSide: number;
  /** Dg, width of the generator's token embeddings. */
  readonly embeddingWidth: number;
  /** D, width of the transformer. */
  readonly width: number;
  /**
   * How a corner is scored. `cell`: every cell of the grid by itself. `factored`: its row, then its column given the
   * row, also by how far they are from a corner before; a hundredth of the cost where the grid is large, and few
   * layouts teach it more. Default: `cell`.
   */
  readonly corners?: 'cell' | 'factored';
  /**
   * What can be at all. `any`: every choice of a slot. `canonical`: layouts in canonical order only, of boxes with area
   * and nothing after their end; for factored corners. Default: `any`.
   */
  readonly support?: 'any' | 'canonical';
  /** `slot`: class tokens and corners enter by maps of their own, though they share rows. Default: `shared`. */
  readonly adapters?: 'shared' | 'slot';
  /**
   * `object`: a token's place is the sum of that of its object and that within it, so that what is learnt of one object
   * holds for all; `token`: every token has a place of its own. Default: `token`.
   */
  readonly positions?: 'token' | 'object';
  /** Share of activations dropped while training, 0 .. 1. Default: 0. */
  readonly dropout?: number;
}

/** A denoiser of standardised layout embeddings, bidirectional over the 3 N layout tokens. */
export interface DiffusionPriorConfig extends AttentionLayersConfig {
  readonly kind: 'diffusion';
  /** N, object slots. */
  readonly maxObjects: number;
  /** Dg, width of the generator's token embeddings. */
  readonly embeddingWidth: number;
  /** D, width of the transformer; even. */
  readonly width: number;
  readonly schedule: ScheduleConfig;
  /** What it predicts: the noise (the paper's), the embeddings, or v; see `DiffusionConfig`. Its loss is squared. */
  readonly prediction: DiffusionConfig['prediction'];
}

export type PriorConfig = AutoregressivePriorConfig | DiffusionPriorConfig;

const layout2imgSchedule: ScheduleConfig = {
  kind: 'scaledLinear', steps: 1000, betaStart: 0.0015, betaEnd: 0.0205,
};

export const autoregressivePriorPresets = {
  /** For the published vocabulary: 30 objects of 80 classes, 90 x 90 grid, 512 wide. 29.7 M parameters, ours. */
  default: {
    kind: 'autoregressive', maxObjects: 30, classCount: 80, gridSide: 90, embeddingWidth: 512,
    width: 512, layers: 8, heads: 8, headWidth: 64, corners: 'cell', support: 'any', adapters: 'shared',
    positions: 'token', dropout: 0,
  },
  /** For the `tiny` generator: a step of inversion must not feel it, so 173,580 parameters only. */
  tiny: {
    kind: 'autoregressive', maxObjects: 12, classCount: 10, gridSide: 32, embeddingWidth: 64,
    width: 64, layers: 2, heads: 4, headWidth: 16, corners: 'cell', support: 'any', adapters: 'shared',
    positions: 'token', dropout: 0,
  },
  /** For some thousand layouts with the published grid and classes, without a generator. 0.6 M parameters. */
  coco: {
    kind: 'autoregressive', maxObjects: 30, classCount: 80, gridSide: 90, embeddingWidth: 128,
    width: 96, layers: 3, heads: 4, headWidth: 24, corners: 'factored', support: 'canonical', adapters: 'slot',
    positions: 'object', dropout: 0.2,
  },
  /** For tests. */
  micro: {
    kind: 'autoregressive', maxObjects: 2, classCount: 3, gridSide: 4, embeddingWidth: 8,
    width: 12, layers: 2, heads: 2, headWidth: 4, corners: 'cell', support: 'any', adapters: 'shared',
    positions: 'token', dropout: 0,
  },
} as const satisfies Record<string, AutoregressivePriorConfig>;

export const diffusionPriorPresets = {
  /** The paper gives no sizes: those of the published layout encoder with half its layers, ours. */
  default: {
    kind: 'diffusion', maxObjects: 30, embeddingWidth: 512, width: 512, layers: 8, heads: 8, headWidth: 64,
    schedule: layout2imgSchedule, prediction: 'noise',
  },
  /** For the `tiny` generator: a step of inversion must not feel it, so 143,424 parameters only. */
  tiny: {
    kind: 'diffusion', maxObjects: 12, embeddingWidth: 64, width: 64, layers: 2, heads: 4, headWidth: 16,
    schedule: layout2imgSchedule, prediction: 'v',
  },
  /** For tests. */
  micro: {
    kind: 'diffusion', maxObjects: 2, embeddingWidth: 8, width: 12, layers: 2, heads: 2, headWidth: 4,
    schedule: { kind: 'scaledLinear', steps: 20, betaStart: 0.01, betaEnd: 0.5 }, prediction: 'noise',
  },
} as const satisfies Record<string, DiffusionPriorConfig>;
