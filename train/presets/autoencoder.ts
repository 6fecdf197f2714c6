import { autoencoderPresets } from '../../models/autoencoder/config.ts';
import type { AutoencoderRun } from '../autoencoder.ts';
import { defaultOptim } from '../step.ts';

/** For pictures of 64 px on any adapter. */
const tiny: AutoencoderRun = {
  model: autoencoderPresets.tiny,
  data: { size: 64, flip: true },
  loss: { l1: 1, l2: 1, perceptual: 1 },
  adversary: { weight: 0, start: 0, channels: 16, layers: 2 },
  batch: 8,
  optim: { ...defaultOptim, lr: 2e-3, beta2: 0.99, warmup: 50, ema: 0.99 },
  loop: { steps: 2000, logEvery: 10, validateEvery: 200, sampleEvery: 500, checkpointEvery: 200 },
  seed: 0,
};

/** Adam at 4.5e-6 times the batch, as published. */
const published = (batch: number): Pick<AutoencoderRun, 'batch' | 'optim'> => ({
  batch,
  optim: {
    ...defaultOptim, lr: 4.5e-6 * batch, beta1: 0.5, beta2: 0.9, weightDecay: 0, warmup: 0, decay: 'constant', clip: 0,
    ema: 0,
  },
});

/** The published first stage of layout2img, for a GPU. LPIPS needs `--perceptual`. */
const vqF4: AutoencoderRun = {
  ...tiny,
  ...published(8),
  model: autoencoderPresets['vq-f4'],
  data: { size: 256, flip: true },
  loss: { l1: 1, l2: 0, perceptual: 1 },
  adversary: { weight: 0.75, start: 0, channels: 64, layers: 3 },
  loop: { steps: 533_066, logEvery: 50, validateEvery: 5000, sampleEvery: 5000, checkpointEvery: 5000 },
};

const vqF8: AutoencoderRun = {
  ...vqF4,
  ...published(10),
  model: autoencoderPresets['vq-f8'],
  adversary: { weight: 0.6, start: 1, channels: 64, layers: 2 },
  loop: { ...vqF4.loop, steps: 971_043 },
};

const klF8: AutoencoderRun = {
  ...vqF4,
  ...published(4),
  model: autoencoderPresets['kl-f8'],
  adversary: { weight: 0.5, start: 50_001, channels: 64, layers: 3 },
  loop: { ...vqF4.loop, steps: 246_803 },
};

/** For tests: 16-px pictures, seconds. */
const micro: AutoencoderRun = {
  ...tiny,
  model: autoencoderPresets.micro,
  data: { ...tiny.data, size: 16 },
  adversary: { weight: 0, start: 0, channels: 4, layers: 1 },
  batch: 4,
  optim: { ...tiny.optim, warmup: 2 },
  loop: { steps: 4, logEvery: 1, validateEvery: 2, sampleEvery: 4, checkpointEvery: 2 },
};

export const autoencoderRuns = { tiny, micro, 'vq-f4': vqF4, 'vq-f8': vqF8, 'kl-f8': klF8 } as const;
