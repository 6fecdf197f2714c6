import {
  defaultOptim
} from "./chunk-4CJS6QHA.js";

// models/unet/config.ts
var layout2img256 = {
  unet: {
    latentChannels: 3,
    positionMap: false,
    modelChannels: 128,
    channelMult: [1, 2, 3, 4],
    resBlocks: 2,
    attentionFactors: [2, 4, 8],
    middleAttention: true,
    headChannels: 32,
    transformerDepth: 3,
    groups: 32
  },
  encoder: { vocabularySize: 8192, maxLength: 92, init: "published", width: 512, layers: 16, heads: 8, headWidth: 64 },
  diffusion: {
    schedule: { kind: "scaledLinear", steps: 1e3, betaStart: 15e-4, betaEnd: 0.0205 },
    prediction: "noise",
    loss: "l1"
  }
};
var tiny = {
  unet: {
    latentChannels: 4,
    positionMap: true,
    modelChannels: 24,
    channelMult: [1, 2],
    resBlocks: 1,
    attentionFactors: [2],
    middleAttention: true,
    headChannels: 24,
    transformerDepth: 1,
    groups: 8
  },
  encoder: { vocabularySize: 1025, maxLength: 36, init: "fourier", width: 64, layers: 3, heads: 4, headWidth: 16 },
  diffusion: { ...layout2img256.diffusion, prediction: "v", loss: "l2" }
};
var flat = {
  unet: {
    latentChannels: 12,
    positionMap: true,
    modelChannels: 32,
    channelMult: [1, 1],
    resBlocks: 1,
    attentionFactors: [1, 2],
    middleAttention: true,
    headChannels: 16,
    transformerDepth: 1,
    groups: 8
  },
  encoder: { vocabularySize: 82, maxLength: 6, init: "fourier", width: 64, layers: 2, heads: 4, headWidth: 16 },
  diffusion: tiny.diffusion
};
var micro = {
  unet: {
    latentChannels: 2,
    positionMap: true,
    modelChannels: 4,
    channelMult: [1, 2],
    resBlocks: 1,
    attentionFactors: [2],
    middleAttention: true,
    headChannels: 4,
    transformerDepth: 1,
    groups: 2
  },
  encoder: { vocabularySize: 17, maxLength: 6, init: "published", width: 8, layers: 1, heads: 2, headWidth: 4 },
  diffusion: {
    schedule: { kind: "scaledLinear", steps: 20, betaStart: 0.01, betaEnd: 0.5 },
    prediction: "noise",
    loss: "l2"
  }
};
var generatorPresets = { "layout2img-256": layout2img256, tiny, flat, micro };

// train/presets/generator.ts
var tiny2 = {
  model: generatorPresets.tiny,
  vocabulary: { vocabularySize: 1025, maxObjects: 12, encodeCrop: false },
  data: { flip: true, minArea: 1e-5 },
  timesteps: [0, 1e3],
  uncertainty: { share: 0.5, low: 0.08, high: 1 },
  batch: 16,
  optim: { ...defaultOptim, lr: 1e-3, beta2: 0.99, ema: 0.999 },
  loop: { steps: 1e4, logEvery: 10, validateEvery: 250, sampleEvery: 1e3, checkpointEvery: 250 },
  seed: 0
};
var layout2img2562 = {
  model: generatorPresets["layout2img-256"],
  vocabulary: { vocabularySize: 8192, maxObjects: 30, encodeCrop: true },
  data: { flip: true, minArea: 1e-5 },
  timesteps: [0, 1e3],
  uncertainty: { share: 0, low: 0.08, high: 1 },
  batch: 24,
  optim: { ...defaultOptim, lr: 48e-6, warmup: 0, decay: "constant", ema: 0.9999 },
  loop: { steps: 44e5, logEvery: 50, validateEvery: 5e3, sampleEvery: 1e4, checkpointEvery: 5e3 },
  seed: 23
};
var flat2 = {
  model: generatorPresets.flat,
  vocabulary: { vocabularySize: 82, maxObjects: 2, encodeCrop: false },
  data: { flip: false, minArea: 1e-5 },
  timesteps: [400, 950],
  uncertainty: { share: 0.5, low: 0.08, high: 1 },
  batch: 8,
  optim: { ...defaultOptim, lr: 2e-3, beta2: 0.99, ema: 0.995 },
  loop: { steps: 7e3, logEvery: 20, validateEvery: 250, sampleEvery: 3500, checkpointEvery: 500 },
  seed: 0
};
var micro2 = {
  ...flat2,
  model: generatorPresets.micro,
  vocabulary: { vocabularySize: 17, maxObjects: 2, encodeCrop: false },
  data: { flip: true, minArea: 1e-5 },
  timesteps: [0, 20],
  batch: 4,
  optim: { ...flat2.optim, warmup: 2 },
  loop: { steps: 4, logEvery: 1, validateEvery: 2, sampleEvery: 4, checkpointEvery: 2 }
};
var generatorRuns = { tiny: tiny2, flat: flat2, micro: micro2, "layout2img-256": layout2img2562 };

export {
  generatorRuns
};
//# sourceMappingURL=chunk-GGAIVALH.js.map
