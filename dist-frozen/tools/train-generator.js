import {
  ImageSet
} from "../chunk-KV3MJEWJ.js";
import {
  expectPictures,
  readDatasets
} from "../chunk-NS4VMCIU.js";
import {
  buildTask,
  chooseConfig,
  dataPaths,
  runTraining,
  withTraining
} from "../chunk-VNRMSPM6.js";
import {
  drawLayoutSheet
} from "../chunk-GDGLBMRI.js";
import "../chunk-5WSLUO6M.js";
import {
  latentsOf
} from "../chunk-GDFFVTEI.js";
import "../chunk-X4N3U6FL.js";
import {
  generatorRuns
} from "../chunk-GGAIVALH.js";
import {
  generatorTask
} from "../chunk-VJXARB7B.js";
import "../chunk-4CJS6QHA.js";
import "../chunk-ZOERM2PQ.js";
import "../chunk-T6JM6XVE.js";
import "../chunk-LJVP3GZA.js";
import {
  FirstStage,
  LayoutSampler
} from "../chunk-RSM2DQM3.js";
import {
  latentShape
} from "../chunk-X4MMT7BF.js";
import "../chunk-KTCMITE2.js";
import {
  encodeLayout,
  layoutVocabulary
} from "../chunk-MPJXQ5EU.js";
import "../chunk-3D4ROVPF.js";
import "../chunk-35FDYTRM.js";
import {
  loadRun
} from "../chunk-F6TGNQ67.js";
import "../chunk-AMP7OYK6.js";
import "../chunk-ZOZ7FHQ3.js";
import "../chunk-LQGN7KL2.js";
import "../chunk-RDT35KUK.js";
import "../chunk-BLV74BJT.js";
import {
  Progress,
  command,
  openDevice,
  positiveInteger,
  required,
  runCommand,
  splitOverrides
} from "../chunk-26JDG3OC.js";
import "../chunk-HP4QYYGS.js";
import "../chunk-L5HLJDC5.js";
import "../chunk-A26XEMZC.js";
import "../chunk-CLXACCIO.js";
import "../chunk-IBDXW56B.js";
import {
  UserError
} from "../chunk-Q54TM6M7.js";

// tools/train-generator.ts
import { createHash } from "node:crypto";
import { join } from "node:path";
var sheetLayouts = 8;
function firstStageOf(options) {
  const name = required(options.autoencoder, "--autoencoder");
  const pixels = /^pixels(?::(\d+))?$/.exec(name);
  if (pixels) {
    const size = required(options.size, "--size (needed with --autoencoder pixels)");
    return {
      config: { kind: "identity", factor: Number(pixels[1] ?? 1) },
      weights: /* @__PURE__ */ new Map(),
      where: name,
      image: { size }
    };
  }
  const run = loadRun(name, "autoencoder");
  const { model, data } = run.header.config;
  return { config: model, weights: run.weights, where: run.file, image: { size: options.size ?? data.size } };
}
var { argv, overrides } = splitOverrides(process.argv.slice(2));
var root = withTraining(
  command(
    "train:generator",
    "Trains the layout-conditional generator on latents of a trained first stage.",
    "npm run train:generator -- --annotations data/train.json --images data/images --autoencoder runs/autoencoder --out runs/generator"
  ).option("--images <dir>", "folder of the pictures (required)").option("--validate-images <dir>", "folder of the validation pictures (default: that of --images)").option("--autoencoder <run>", "folder of a trained autoencoder, or pixels:F for pixels in F x F blocks (required)").option("--size <px>", "side of the pictures (default: that of the autoencoder)", positiveInteger),
  Object.keys(generatorRuns),
  "tiny"
).action(async (options) => {
  const paths = dataPaths(options, true);
  const source = firstStageOf(options);
  const out = required(options.out, "--out");
  const training = chooseConfig(generatorRuns, options, overrides);
  const { minArea } = training.data;
  const data = await readDatasets(paths, { minArea, maxObjects: training.vocabulary.maxObjects }, training.seed);
  console.log(data.summary);
  expectPictures(data, paths);
  const classCount = data.training.categories.length;
  const vocabulary = layoutVocabulary({ ...training.vocabulary, classCount });
  const encoder = {
    ...training.model.encoder,
    vocabularySize: vocabulary.vocabularySize,
    maxLength: vocabulary.length
  };
  const device = await openDevice({ ...options, timestamps: options.profile ?? false });
  const latent = latentShape(source.config, source.image.size, source.image.size);
  if (latent[0] !== training.model.unet.latentChannels) {
    throw new UserError(`the autoencoder's latents have ${latent[0]} channels, the U-Net takes ${training.model.unet.latentChannels}; set --model.unet.latentChannels ${latent[0]}`);
  }
  const firstStage = await FirstStage.open(device, source.config, source.weights, source.where, source.image.size);
  const latents = await encodeAll(paths, source, firstStage, data, training.data.flip, out);
  const run = {
    ...training,
    model: { ...training.model, encoder },
    vocabulary: { ...training.vocabulary, classCount },
    categories: data.training.categories,
    autoencoder: source.config,
    image: source.image,
    latentScale: latents.training.unitScale()
  };
  console.log(`config: ${JSON.stringify(run)}`);
  const sheet = sheetWriter(device, run, firstStage, data);
  const task = await buildTask(overrides, () => generatorTask(device, run, data, latents, source.weights, sheet));
  await runTraining(device, task, run.loop, options);
});
async function encodeAll(paths, source, firstStage, data, flips, out) {
  const hash = createHash("sha256").update(JSON.stringify(source.config));
  for (const [name, { data: values }] of source.weights) {
    hash.update(name).update(new Uint8Array(values.buffer, values.byteOffset, values.byteLength));
  }
  const fingerprint = hash.digest("hex");
  const encode = async (name, dir, mirrored) => {
    const images = new ImageSet(data[name], dir, source.image.size);
    const progress = new Progress(`encoding ${name} pictures`, images.length * (mirrored ? 2 : 1));
    try {
      return await latentsOf(
        images,
        firstStage,
        fingerprint,
        mirrored,
        join(out, `latents-${name}.msgpack`),
        (done) => progress.update(done)
      );
    } finally {
      progress.stop();
    }
  };
  return {
    training: await encode("training", paths.images, flips),
    validation: await encode("validation", paths.validateImages ?? paths.images, false)
  };
}
function sheetWriter(device, run, firstStage, data) {
  let sampler = null;
  return async (store, file) => {
    sampler ??= await LayoutSampler.open(device, store, run, sheetLayouts);
    const vocabulary = layoutVocabulary(run.vocabulary);
    const items = Array.from(
      { length: sheetLayouts },
      (_, i) => data.validation.images[i % data.validation.images.length]
    );
    const tokens = new Int32Array(sheetLayouts * vocabulary.length);
    items.forEach(({ objects }, i) => tokens.set(encodeLayout(vocabulary, objects), i * vocabulary.length));
    const z = await sampler.sample(tokens, {
      sampler: "ddim",
      steps: Math.min(25, run.model.diffusion.schedule.steps),
      guidance: 1,
      seed: run.seed
    });
    await drawLayoutSheet(
      file,
      await firstStage.decode(z),
      run.image.size,
      items.map(({ objects }) => objects),
      run.categories
    );
  };
}
await runCommand(root, argv);
//# sourceMappingURL=train-generator.js.map
