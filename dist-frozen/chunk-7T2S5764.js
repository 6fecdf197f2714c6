import {
  defaultOptim
} from "./chunk-4CJS6QHA.js";
import {
  autoencoderPresets
} from "./chunk-X4MMT7BF.js";

// train/presets/autoencoder.ts
var tiny = {
  model: autoencoderPresets.tiny,
  data: { size: 64, flip: true },
  loss: { l1: 1, l2: 1 },
  batch: 8,
  optim: { ...defaultOptim, lr: 2e-3, beta2: 0.99, warmup: 50, ema: 0.99 },
  loop: { steps: 2e3, logEvery: 10, validateEvery: 200, sampleEvery: 500, checkpointEvery: 200 },
  seed: 0
};
var vqF4 = {
  ...tiny,
  model: autoencoderPresets["vq-f4"],
  data: { size: 256, flip: true },
  optim: { ...defaultOptim, lr: 36e-6, beta1: 0.5, beta2: 0.9, weightDecay: 0, warmup: 0, decay: "constant", ema: 0 },
  loop: { steps: 5e5, logEvery: 50, validateEvery: 5e3, sampleEvery: 5e3, checkpointEvery: 5e3 }
};
var klF8 = { ...vqF4, model: autoencoderPresets["kl-f8"] };
var micro = {
  ...tiny,
  model: autoencoderPresets.micro,
  data: { ...tiny.data, size: 16 },
  batch: 4,
  optim: { ...tiny.optim, warmup: 2 },
  loop: { steps: 4, logEvery: 1, validateEvery: 2, sampleEvery: 4, checkpointEvery: 2 }
};
var autoencoderRuns = { tiny, micro, "vq-f4": vqF4, "kl-f8": klF8 };

export {
  autoencoderRuns
};
//# sourceMappingURL=chunk-7T2S5764.js.map
