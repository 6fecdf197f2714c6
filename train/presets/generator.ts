import { generatorPresets } from '../../models/unet/config.ts';
import type { GeneratorTraining } from '../generator.ts';
import { defaultOptim } from '../step.ts';

/** For 64-px pictures in 4 x 16 x 16 latents, up to 12 objects on a 32 x 32 grid, on any adapter. */
const tiny: GeneratorTraining = {
  model: generatorPresets.tiny,
  vocabulary: { vocabularySize: 1025, maxObjects: 12, encodeCrop: false },
  data: { flip: true, minArea: 1e-5 },
  timesteps: [0, 1000],
  uncertainty: { share: 0.5, low: 0.08, high: 1 },
  objectWeight: 0,
  objectAreaPower: 0,
  conditionDropout: 0,
  minSnr: 0,
  batch: 16,
  accumulate: 1,
  optim: { ...defaultOptim, lr: 1e-3, beta2: 0.99, ema: 0.999 },
  loop: { steps: 10_000, logEvery: 10, validateEvery: 250, sampleEvery: 1000, checkpointEvery: 250 },
  seed: 0,
};

/**
 * For `npm run data -- scenes --kind street --size 64 --count 20400`: street scenes are not mirrored, since cars keep
 * to their lane and face its way; the timesteps nearest to the picture say nothing of the layout and are left out.
 */
const street: GeneratorTraining = {
  ...tiny,
  model: generatorPresets.street,
  data: { flip: false, minArea: 1e-5 },
  timesteps: [50, 1000],
  uncertainty: { ...tiny.uncertainty, share: 0.25 },
  objectWeight: 2,
  optim: { ...tiny.optim, lr: 2e-3 },
  loop: { steps: 8000, logEvery: 20, validateEvery: 500, sampleEvery: 1000, checkpointEvery: 150 },
};

/** For `npm run data -- scenes --kind flat --size 64`, in latents of an autoencoder trained on the same. */
const flat64: GeneratorTraining = {
  ...street,
  model: generatorPresets.flat64,
  vocabulary: { vocabularySize: 82, maxObjects: 2, encodeCrop: false },
  timesteps: [100, 1000],
  uncertainty: { ...tiny.uncertainty, share: 0.35 },
  batch: 8,
  loop: { steps: 2500, logEvery: 20, validateEvery: 250, sampleEvery: 500, checkpointEvery: 150 },
};

/**
 * For photographs with few large and small objects, augmented (`npm run data -- augment`), at 64 px without a first
 * stage: `--autoencoder pixels:2 --size 64`. Small objects are two or three latent pixels wide, so boxes count more.
 */
const cells: GeneratorTraining = {
  ...street,
  model: generatorPresets.cells,
  vocabulary: { vocabularySize: 1601, maxObjects: 5, encodeCrop: false },
  timesteps: [300, 1000],
  uncertainty: { ...tiny.uncertainty, share: 0.2 },
  objectWeight: 1.5,
  objectAreaPower: 0.5,
  optim: { ...street.optim, weightDecay: 0 },
  batch: 8,
  loop: { steps: 6000, logEvery: 20, validateEvery: 200, sampleEvery: 1000, checkpointEvery: 100 },
};

/** The published layout2img model, for a GPU: AdamW at 2e-6 times the batch, no decay, averages of 0.9999. */
const layout2img256: GeneratorTraining = {
  model: generatorPresets['layout2img-256'],
  vocabulary: { vocabularySize: 8192, maxObjects: 30, encodeCrop: true },
  data: { flip: true, minArea: 1e-5 },
  timesteps: [0, 1000],
  uncertainty: { share: 0, low: 0.08, high: 1 },
  objectWeight: 0,
  objectAreaPower: 0,
  conditionDropout: 0,
  minSnr: 0,
  batch: 24,
  accumulate: 1,
  optim: { ...defaultOptim, lr: 4.8e-5, warmup: 0, decay: 'constant', clip: 0, ema: 0.9999 },
  loop: { steps: 4_400_000, logEvery: 50, validateEvery: 5000, sampleEvery: 10_000, checkpointEvery: 5000 },
  seed: 23,
};

/**
 * For the flat scenes of `npm run data -- scenes --kind flat --size 16 --count 12000`: 5 TFLOP in all. Where noise is
 * weak the pixels say more than the layout can, so only the noisier half of the timesteps is trained.
 */
const flat: GeneratorTraining = {
  model: generatorPresets.flat,
  vocabulary: { vocabularySize: 82, maxObjects: 2, encodeCrop: false },
  data: { flip: false, minArea: 1e-5 },
  timesteps: [400, 950],
  uncertainty: { share: 0.5, low: 0.08, high: 1 },
  objectWeight: 0,
  objectAreaPower: 0,
  conditionDropout: 0,
  minSnr: 0,
  batch: 8,
  accumulate: 1,
  optim: { ...defaultOptim, lr: 2e-3, beta2: 0.99, ema: 0.995 },
  loop: { steps: 7000, logEvery: 20, validateEvery: 250, sampleEvery: 3500, checkpointEvery: 500 },
  seed: 0,
};

/** For tests: latents of the `micro` autoencoder, two objects on a 4 x 4 grid, seconds. */
const micro: GeneratorTraining = {
  ...flat,
  model: generatorPresets.micro,
  vocabulary: { vocabularySize: 17, maxObjects: 2, encodeCrop: false },
  data: { flip: true, minArea: 1e-5 },
  timesteps: [0, 20],
  batch: 4,
  optim: { ...flat.optim, warmup: 2 },
  loop: { steps: 4, logEvery: 1, validateEvery: 2, sampleEvery: 4, checkpointEvery: 2 },
};

export const generatorRuns = { tiny, street, flat64, cells, flat, micro, 'layout2img-256': layout2img256 } as const;
