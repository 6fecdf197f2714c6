import { autoencoderPresets } from '../../models/autoencoder/config.ts';
import type { AutoencoderRun } from '../autoencoder.ts';
import { defaultOptim } from '../step.ts';

/** For pictures of 64 px on any adapter. */
const tiny: AutoencoderRun = {
  model: autoencoderPresets.tiny,
  data: { size: 64, flip: true },
  loss: { l1: 1, l2: 1 },
  batch: 8,
  optim: { ...defaultOptim, lr: 2e-3, beta2: 0.99, warmup: 50, ema: 0.99 },
  loop: { steps: 2000, logEvery: 10, validateEvery: 200, sampleEvery: 500, checkpointEvery: 200 },
  seed: 0,
};

/** The published first stage of layout2img, for a GPU. */
const vqF4: AutoencoderRun = {
  ...tiny,
  model: autoencoderPresets['vq-f4'],
  data: { size: 256, flip: true },
  optim: { ...defaultOptim, lr: 3.6e-5, beta1: 0.5, beta2: 0.9, weightDecay: 0, warmup: 0, decay: 'constant', ema: 0 },
  loop: { steps: 500_000, logEvery: 50, validateEvery: 5000, sampleEvery: 5000, checkpointEvery: 5000 },
};

const klF8: AutoencoderRun = { ...vqF4, model: autoencoderPresets['kl-f8'] };

/** For tests: 16-px pictures, seconds. */
const micro: AutoencoderRun = {
  ...tiny,
  model: autoencoderPresets.micro,
  data: { ...tiny.data, size: 16 },
  batch: 4,
  optim: { ...tiny.optim, warmup: 2 },
  loop: { steps: 4, logEvery: 1, validateEvery: 2, sampleEvery: 4, checkpointEvery: 2 },
};

export const autoencoderRuns = { tiny, micro, 'vq-f4': vqF4, 'kl-f8': klF8 } as const;
