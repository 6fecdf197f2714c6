/** Sizes of the diffusion transformer [DiT, Peebles & Xie 2023]. */
import type { DiffusionConfig } from '../diffusion.ts';

export interface DitConfig {
  /** Channels of the latent that is denoised. */
  readonly latentChannels: number;
  /** Side of the latent; the fixed positions are made for it. Published: 32 for 256-px images, 64 for 512. */
  readonly latentSize: number;
  /** Side of the patch that becomes one token; divides latentSize. */
  readonly patch: number;
  /** D, width of the tokens: a multiple of heads, and of 4 for the positions. */
  readonly width: number;
  /** Blocks. */
  readonly depth: number;
  readonly heads: number;
  /** C; the class table has one row more, the last, for no class. */
  readonly classCount: number;
  /** Whether the result has as many channels again, for the variance. Published: true. */
  readonly learnVariance: boolean;
  readonly diffusion: DiffusionConfig;
}

const published = {
  latentChannels: 4,
  latentSize: 32,
  classCount: 1000,
  learnVariance: true,
  diffusion: {
    schedule: { kind: 'linear', steps: 1000, betaStart: 1e-4, betaEnd: 0.02 },
    prediction: 'noise',
    loss: 'l2',
  },
} as const;

/** The published sizes; S, B, L and XL of [DiT, table 1], each with patches of 2, 4 and 8. */
const sizes = {
  s: { width: 384, depth: 12, heads: 6 },
  b: { width: 768, depth: 12, heads: 12 },
  l: { width: 1024, depth: 24, heads: 16 },
  xl: { width: 1152, depth: 28, heads: 16 },
} as const;

const sized = (size: keyof typeof sizes, patch: 2 | 4 | 8): DitConfig => ({ ...published, ...sizes[size], patch });

/** For 4 x 16 x 16 latents of the `tiny` autoencoder. Ours, for a CPU adapter. */
const tiny: DitConfig = {
  latentChannels: 4,
  latentSize: 16,
  patch: 2,
  width: 96,
  depth: 4,
  heads: 4,
  classCount: 10,
  learnVariance: false,
  diffusion: { ...published.diffusion, prediction: 'v' },
};

/** For tests: a few thousand parameters, two blocks, patches on a 3 x 3 grid. */
const micro: DitConfig = {
  latentChannels: 2,
  latentSize: 6,
  patch: 2,
  width: 8,
  depth: 2,
  heads: 2,
  classCount: 4,
  learnVariance: true,
  diffusion: { ...published.diffusion, schedule: { kind: 'linear', steps: 20, betaStart: 0.01, betaEnd: 0.3 } },
};

/** `dit-xl-2` has 674.83 M parameters and 119 GFLOP a 256-px sample; `dit-xl-2-512` is the same for 512 px. */
export const ditPresets = {
  'dit-s-2': sized('s', 2), 'dit-s-4': sized('s', 4), 'dit-s-8': sized('s', 8),
  'dit-b-2': sized('b', 2), 'dit-b-4': sized('b', 4), 'dit-b-8': sized('b', 8),
  'dit-l-2': sized('l', 2), 'dit-l-4': sized('l', 4), 'dit-l-8': sized('l', 8),
  'dit-xl-2': sized('xl', 2), 'dit-xl-4': sized('xl', 4), 'dit-xl-8': sized('xl', 8),
  'dit-xl-2-512': { ...sized('xl', 2), latentSize: 64 },
  'dit-tiny': tiny,
  'dit-micro': micro,
} as const satisfies Record<string, DitConfig>;
