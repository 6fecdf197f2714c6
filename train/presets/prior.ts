import { autoregressivePriorPresets } from '../../models/prior/config.ts';
import type { PriorTraining } from '../prior.ts';
import { defaultOptim } from '../step.ts';

/** Goes with the `tiny` generator. */
const tiny: PriorTraining = {
  model: autoregressivePriorPresets.tiny,
  data: { flip: true, bend: 0, minArea: 1e-5, order: 'random' },
  uncertainty: { share: 0.5, low: 0.08, high: 1 },
  batch: 32,
  optim: { ...defaultOptim, lr: 1e-3, beta2: 0.99, ema: 0.99 },
  loop: { steps: 3000, logEvery: 10, validateEvery: 100, sampleEvery: 500, checkpointEvery: 200 },
  seed: 0,
};

/** Goes with the `flat` generator. */
const flat: PriorTraining = {
  ...tiny,
  model: { ...autoregressivePriorPresets.tiny, maxObjects: 2, classCount: 3, gridSide: 9 },
  data: { ...tiny.data, flip: false },
  optim: { ...tiny.optim, lr: 3e-3 },
  batch: 64,
  loop: { steps: 1200, logEvery: 20, validateEvery: 100, sampleEvery: 1200, checkpointEvery: 400 },
};

/** Goes with the published generator. */
const standard: PriorTraining = {
  ...tiny,
  model: autoregressivePriorPresets.default,
  uncertainty: { ...tiny.uncertainty, share: 0 },
  optim: { ...defaultOptim, lr: 1e-4, warmup: 1000, ema: 0.9999 },
  loop: { steps: 200_000, logEvery: 50, validateEvery: 1000, sampleEvery: 5000, checkpointEvery: 1000 },
};

/**
 * For COCO's boxes alone, some thousand layouts of them: a table of its own that knows the grid, no generator. In
 * canonical order, since classes that come in runs and boxes that come in rows are most of what so few layouts teach.
 */
const coco: PriorTraining = {
  ...tiny,
  model: autoregressivePriorPresets.coco,
  data: { ...tiny.data, bend: 0.3, order: 'canonical' },
  uncertainty: { ...tiny.uncertainty, share: 0 },
  batch: 16,
  lengths: [6, 12],
  optim: { ...tiny.optim, lr: 2.5e-3, beta2: 0.98, weightDecay: 0.1, warmup: 50, ema: 0.99 },
  loop: { steps: 700, logEvery: 20, validateEvery: 100, sampleEvery: 700, checkpointEvery: 200, patience: 3 },
};

/** For the layouts of street scenes alone, on the grid of the `tiny` generator. */
const street: PriorTraining = {
  ...coco,
  model: { ...coco.model, maxObjects: 12, classCount: 10, gridSide: 32, embeddingWidth: 64, dropout: 0.05 },
  data: { ...coco.data, flip: false, bend: 0 },
  batch: 32,
  lengths: [],
  loop: { ...coco.loop, steps: 1000, sampleEvery: 1000 },
};

/**
 * Goes with the `cells` generator: two classes, five objects, a few hundred layouts and their augmented copies. In
 * random order, as a search shows them.
 */
const cells: PriorTraining = {
  ...tiny,
  model: {
    ...autoregressivePriorPresets.tiny, maxObjects: 5, classCount: 2, gridSide: 40, corners: 'factored',
    adapters: 'slot', positions: 'object', dropout: 0.1,
  },
  data: { ...tiny.data, flip: true, bend: 0.3 },
  optim: { ...tiny.optim, lr: 2e-3 },
  loop: { steps: 800, logEvery: 20, validateEvery: 100, sampleEvery: 800, checkpointEvery: 200, patience: 3 },
};

/** For tests; goes with the `micro` generator. */
const micro: PriorTraining = {
  ...tiny,
  model: autoregressivePriorPresets.micro,
  batch: 8,
  optim: { ...tiny.optim, warmup: 2 },
  loop: { steps: 4, logEvery: 1, validateEvery: 2, sampleEvery: 4, checkpointEvery: 2 },
};

export const priorRuns = { tiny, flat, coco, street, cells, micro, default: standard } as const;
