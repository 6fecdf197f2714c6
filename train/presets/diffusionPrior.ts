import { diffusionPriorPresets } from '../../models/prior/config.ts';
import type { DiffusionPriorTraining } from '../diffusionPrior.ts';
import { defaultOptim } from '../step.ts';

/** Goes with the `tiny` generator. Predicts v: trained as briefly, what the noise kind draws is often no layout. */
const tiny: DiffusionPriorTraining = {
  model: diffusionPriorPresets.tiny,
  data: { flip: true, minArea: 1e-5, order: 'random' },
  batch: 32,
  optim: { ...defaultOptim, lr: 1e-3, beta2: 0.99, ema: 0.995 },
  loop: { steps: 6000, logEvery: 10, validateEvery: 200, sampleEvery: 1000, checkpointEvery: 200 },
  seed: 0,
};

/** Goes with the `flat` generator. */
const flat: DiffusionPriorTraining = {
  ...tiny,
  model: { ...diffusionPriorPresets.tiny, maxObjects: 2, width: 96, layers: 4, heads: 4, headWidth: 24 },
  data: { flip: false, minArea: 1e-5, order: 'random' },
  batch: 64,
  optim: { ...tiny.optim, lr: 2e-3 },
  loop: { steps: 3000, logEvery: 20, validateEvery: 200, sampleEvery: 3000, checkpointEvery: 500 },
};

/** Goes with the published generator: the usual settings of diffusion models, since the paper gives none. */
const standard: DiffusionPriorTraining = {
  ...tiny,
  model: diffusionPriorPresets.default,
  batch: 256,
  optim: { ...defaultOptim, lr: 1e-4, warmup: 1000, decay: 'constant', ema: 0.9999 },
  loop: { steps: 200_000, logEvery: 50, validateEvery: 1000, sampleEvery: 5000, checkpointEvery: 1000 },
};

/** For tests; goes with the `micro` generator. */
const micro: DiffusionPriorTraining = {
  ...tiny,
  model: diffusionPriorPresets.micro,
  batch: 8,
  optim: { ...tiny.optim, warmup: 2 },
  loop: { steps: 4, logEvery: 1, validateEvery: 2, sampleEvery: 4, checkpointEvery: 2 },
};

export const diffusionPriorRuns = { tiny, flat, micro, default: standard } as const;
