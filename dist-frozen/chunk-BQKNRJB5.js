import {
  autoencoderRuns
} from "./chunk-7T2S5764.js";
import {
  generatorRuns
} from "./chunk-GGAIVALH.js";
import {
  trainingFrequencies
} from "./chunk-VJXARB7B.js";
import {
  slotFrequencies
} from "./chunk-LJVP3GZA.js";
import {
  frequencyArrays
} from "./chunk-RSM2DQM3.js";
import {
  autoencoderPresets,
  downsampling
} from "./chunk-X4MMT7BF.js";
import {
  layoutVocabulary
} from "./chunk-MPJXQ5EU.js";
import {
  readAnnotations
} from "./chunk-HP4QYYGS.js";
import {
  UserError
} from "./chunk-Q54TM6M7.js";

// models/dit/config.ts
var published = {
  latentChannels: 4,
  latentSize: 32,
  classCount: 1e3,
  learnVariance: true,
  diffusion: {
    schedule: { kind: "linear", steps: 1e3, betaStart: 1e-4, betaEnd: 0.02 },
    prediction: "noise",
    loss: "l2"
  }
};
var sizes = {
  s: { width: 384, depth: 12, heads: 6 },
  b: { width: 768, depth: 12, heads: 12 },
  l: { width: 1024, depth: 24, heads: 16 },
  xl: { width: 1152, depth: 28, heads: 16 }
};
var sized = (size, patch) => ({ ...published, ...sizes[size], patch });
var micro = {
  latentChannels: 2,
  latentSize: 6,
  patch: 2,
  width: 8,
  depth: 2,
  heads: 2,
  classCount: 4,
  learnVariance: true,
  diffusion: { ...published.diffusion, schedule: { kind: "linear", steps: 20, betaStart: 0.01, betaEnd: 0.3 } }
};
var ditPresets = {
  "dit-s-2": sized("s", 2),
  "dit-s-4": sized("s", 4),
  "dit-s-8": sized("s", 8),
  "dit-b-2": sized("b", 2),
  "dit-b-4": sized("b", 4),
  "dit-b-8": sized("b", 8),
  "dit-l-2": sized("l", 2),
  "dit-l-4": sized("l", 4),
  "dit-l-8": sized("l", 8),
  "dit-xl-2": sized("xl", 2),
  "dit-xl-4": sized("xl", 4),
  "dit-xl-8": sized("xl", 8),
  "dit-xl-2-512": { ...sized("xl", 2), latentSize: 64 },
  "dit-micro": micro
};

// tools/convertPresets.ts
var firstStages = {
  "kl-f8": autoencoderRuns["kl-f8"],
  "vq-f4": autoencoderRuns["vq-f4"],
  "vq-f8": { ...autoencoderRuns["vq-f4"], model: autoencoderPresets["vq-f8"] },
  "kl-micro": autoencoderRuns.micro,
  "vq-micro": { ...autoencoderRuns.micro, model: autoencoderPresets["micro-vq"] }
};
var generators = {
  "layout2img-256": { training: generatorRuns["layout2img-256"], firstStage: autoencoderRuns["vq-f4"] },
  "layout2img-micro": { training: generatorRuns.micro, firstStage: autoencoderRuns.micro }
};
var ditLatentScale = 0.18215;
var presetNames = [...Object.keys(generators), ...Object.keys(firstStages), ...Object.keys(ditPresets)];
function ditTarget(model, autoencoder, latentScale = ditLatentScale) {
  const size = model.latentSize * downsampling(autoencoder);
  return { kind: "dit", config: { model, autoencoder, image: { size }, latentScale } };
}
function expectUnused(name, options) {
  const given = Object.keys(options).find((option) => options[option] !== void 0);
  if (given !== void 0) throw new UserError(`${given}: has no use with --preset ${name}`);
}
async function importTarget(name, options) {
  const { annotations, classes, latentScale } = options;
  if (Object.hasOwn(generators, name)) return generatorTarget(name, options);
  expectUnused(name, { "--annotations": annotations, "--classes": classes });
  if (Object.hasOwn(firstStages, name)) {
    expectUnused(name, { "--latent-scale": latentScale });
    return { kind: "autoencoder", config: firstStages[name] };
  }
  const model = ditPresets[name];
  return ditTarget(model, autoencoderPresets[name === "dit-micro" ? "micro" : "kl-f8"], latentScale);
}
async function generatorTarget(name, options) {
  const { training, firstStage } = generators[name];
  const { minArea } = training.data;
  if (options.annotations === void 0 === (options.classes === void 0)) {
    throw new UserError(`${name}: the weights do not name their classes; give --annotations FILE or --classes N, one of both`);
  }
  const data = options.annotations === void 0 ? null : await readAnnotations(options.annotations, { minArea, maxObjects: training.vocabulary.maxObjects });
  const categories = data?.categories ?? Array.from({ length: options.classes }, (_, i) => ({ id: i, name: `class ${i}` }));
  const description = { ...training.vocabulary, classCount: categories.length };
  const vocabulary = layoutVocabulary(description);
  const frequencies = data ? trainingFrequencies(vocabulary, data.images, training.seed) : slotFrequencies(vocabulary, []);
  const { size } = firstStage.data;
  const config = {
    ...training,
    vocabulary: description,
    categories,
    autoencoder: firstStage.model,
    image: { size },
    latentScale: options.latentScale ?? 1
  };
  return { kind: "generator", config, extra: frequencyArrays(vocabulary, frequencies) };
}

export {
  presetNames,
  importTarget
};
//# sourceMappingURL=chunk-BQKNRJB5.js.map
