import { ditPresets } from '../../models/dit/config.ts';
import { forClasses, generatorPresets } from '../../models/unet/config.ts';
import type { ClassGeneratorTraining } from '../classGenerator.ts';
import { defaultOptim } from '../step.ts';

/** U-Net for 4 x 16 x 16 latents of the `tiny` autoencoder, on any adapter. */
const tiny: ClassGeneratorTraining = {
  model: { backbone: 'unet', ...forClasses(generatorPresets.tiny, 10) },
  data: { flip: false },
  timesteps: [0, 1000],
  conditionDropout: 0.1,
  minSnr: 0,
  batch: 16,
  accumulate: 1,
  optim: { ...defaultOptim, lr: 1e-3, beta2: 0.99, ema: 0.999 },
  loop: { steps: 5000, logEvery: 10, validateEvery: 250, sampleEvery: 1000, checkpointEvery: 250 },
  seed: 0,
};

/** U-Net for 12 x 14 x 14 latents: digits of 28 px with `--autoencoder pixels:2 --size 28`. */
const flat: ClassGeneratorTraining = {
  ...tiny, model: { backbone: 'unet', ...forClasses(generatorPresets.flat, 10) }, optim: { ...tiny.optim, lr: 2e-3 },
};

/** The small diffusion transformer, for the same latents as `tiny`. */
const ditTiny: ClassGeneratorTraining = { ...tiny, model: { backbone: 'dit', ...ditPresets['dit-tiny'] } };

/** Published diffusion transformers: AdamW at 1e-4 without decay, batch 256, averages of 0.9999 [DiT]. For a GPU. */
const dit = (name: Exclude<keyof typeof ditPresets, 'dit-tiny' | 'dit-micro'>): ClassGeneratorTraining => ({
  ...tiny,
  model: { backbone: 'dit', ...ditPresets[name] },
  data: { flip: true },
  batch: 256,
  optim: { ...defaultOptim, lr: 1e-4, weightDecay: 0, warmup: 0, decay: 'constant', clip: 0, ema: 0.9999 },
  loop: { steps: 400_000, logEvery: 50, validateEvery: 5000, sampleEvery: 10_000, checkpointEvery: 5000 },
});

/** For tests: latents of the `micro` autoencoder, seconds. */
const micro: ClassGeneratorTraining = {
  ...tiny,
  model: { backbone: 'unet', ...forClasses(generatorPresets.micro, 3) },
  data: { flip: true },
  timesteps: [0, 20],
  batch: 4,
  optim: { ...tiny.optim, warmup: 2 },
  loop: { steps: 4, logEvery: 1, validateEvery: 2, sampleEvery: 4, checkpointEvery: 2 },
};

const ditMicro: ClassGeneratorTraining = { ...micro, model: { backbone: 'dit', ...ditPresets['dit-micro'] } };

export const classGeneratorRuns = {
  tiny, flat, 'dit-tiny': ditTiny,
  'dit-s-2': dit('dit-s-2'), 'dit-s-4': dit('dit-s-4'), 'dit-s-8': dit('dit-s-8'),
  'dit-b-2': dit('dit-b-2'), 'dit-b-4': dit('dit-b-4'), 'dit-b-8': dit('dit-b-8'),
  'dit-l-2': dit('dit-l-2'), 'dit-l-4': dit('dit-l-4'), 'dit-l-8': dit('dit-l-8'),
  'dit-xl-2': dit('dit-xl-2'), 'dit-xl-4': dit('dit-xl-4'), 'dit-xl-8': dit('dit-xl-8'),
  micro, 'dit-micro': ditMicro,
} as const;
