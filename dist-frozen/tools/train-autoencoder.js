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
  contactSheet
} from "../chunk-5WSLUO6M.js";
import "../chunk-X4N3U6FL.js";
import {
  autoencoderRuns
} from "../chunk-7T2S5764.js";
import {
  StepCounter,
  batchIndices,
  compileStep,
  itemStream
} from "../chunk-4CJS6QHA.js";
import "../chunk-ZOERM2PQ.js";
import "../chunk-T6JM6XVE.js";
import {
  decode,
  encode,
  latentShape,
  reconstruct
} from "../chunk-X4MMT7BF.js";
import "../chunk-KTCMITE2.js";
import "../chunk-3D4ROVPF.js";
import {
  compile
} from "../chunk-35FDYTRM.js";
import {
  ParamStore,
  declareParams
} from "../chunk-F6TGNQ67.js";
import {
  abs,
  add,
  inputTensor,
  mean,
  mul,
  randomNormal,
  square,
  sub,
  zerosLike
} from "../chunk-AMP7OYK6.js";
import "../chunk-LQGN7KL2.js";
import {
  rgbOfBatch
} from "../chunk-RDT35KUK.js";
import "../chunk-BLV74BJT.js";
import {
  command,
  openDevice,
  runCommand,
  splitOverrides
} from "../chunk-26JDG3OC.js";
import "../chunk-HP4QYYGS.js";
import "../chunk-L5HLJDC5.js";
import "../chunk-A26XEMZC.js";
import {
  writeAtomic
} from "../chunk-CLXACCIO.js";
import "../chunk-IBDXW56B.js";
import "../chunk-Q54TM6M7.js";

// train/samples.ts
function sheetItems(pictures, size) {
  return Array.from({ length: pictures.length / (3 * size * size) }, (_, i) => ({ picture: rgbOfBatch(pictures, i, size) }));
}
async function saveSheet(file, rows, sidePx = 128) {
  await writeAtomic(file, await contactSheet(rows.flat(), rows[0].length, { sidePx }));
}

// train/autoencoder.ts
var validationBatch = 8;
function lossOf(p, image, run, noise) {
  const { image: restored, regulariser } = reconstruct(p, image, run.model, noise);
  const error = sub(restored, image);
  return add(add(mul(mean(abs(error)), run.loss.l1), mul(mean(square(error)), run.loss.l2)), regulariser);
}
async function autoencoderTask(device, run, data, dirs) {
  const { size, flip } = run.data;
  latentShape(run.model, size, size);
  const training = new ImageSet(data.training, dirs.images, size);
  const validation = new ImageSet(data.validation, dirs.validateImages, size);
  const image = inputTensor("image", [run.batch, 3, size, size]);
  const specs = declareParams((p) => lossOf(p, image, run, (shape) => zerosLike(inputTensor("", shape))));
  const store = new ParamStore("autoencoder", specs);
  store.initialise(run.seed);
  const counter = new StepCounter("autoencoder", run.seed);
  const loss = lossOf(store.scope(), image, run, (shape) => randomNormal(shape, counter.key, "posterior"));
  const step = await compileStep(device, "autoencoder step", store, loss, counter, run.optim, run.loop.steps);
  const used = step.averages.length > 0 ? new ParamStore("autoencoder average", specs, step.averages) : store;
  const fixed = inputTensor("image", [validationBatch, 3, size, size]);
  const restored = decode(used.scope(), encode(used.scope(), fixed, run.model), run.model);
  const check = await compile(device, {
    name: "autoencoder validation",
    outputs: {
      restored,
      absolute: mean(abs(sub(restored, fixed)), [1, 2, 3]),
      squared: mean(square(sub(restored, fixed)), [1, 2, 3])
    }
  });
  const pictures = (first) => validation.batch(
    Array.from({ length: validationBatch }, (_, i) => ({ index: (first + i) % validation.length, flip: false }))
  );
  return {
    kind: "autoencoder",
    config: run,
    program: step.program,
    store,
    averages: step.averages,
    states: step.states,
    frozen: /* @__PURE__ */ new Map(),
    async batch(at) {
      const items = batchIndices(training.length, run.batch, at, run.seed).map((index, i) => ({ index, flip: flip && itemStream(run.seed, at, i).chance(0.5) }));
      return { image: await training.batch(items) };
    },
    async validate() {
      let [absolute, decibels, count] = [0, 0, 0];
      for (let first = 0; first < validation.length; first += validationBatch) {
        check.run({ image: await pictures(first) });
        const [ofAbsolute, ofSquared] = [await check.readFloats("absolute"), await check.readFloats("squared")];
        for (let i = 0; i < validationBatch && first + i < validation.length; i++, count++) {
          absolute += ofAbsolute[i];
          decibels += 10 * Math.log10(4 / Math.max(ofSquared[i], 1e-12));
        }
      }
      return { val: absolute / count, valPsnr: decibels / count };
    },
    async sample(file) {
      const originals = await pictures(0);
      check.run({ image: originals });
      await saveSheet(file, [sheetItems(originals, size), sheetItems(await check.readFloats("restored"), size)]);
    }
  };
}

// tools/train-autoencoder.ts
var { argv, overrides } = splitOverrides(process.argv.slice(2));
var root = withTraining(
  command(
    "train:autoencoder",
    "Trains the first stage: pictures to latents and back.",
    "npm run train:autoencoder -- --annotations data/train.json --images data/images --out runs/autoencoder"
  ).option("--images <dir>", "folder of the pictures (required)").option("--validate-images <dir>", "folder of the validation pictures (default: that of --images)"),
  Object.keys(autoencoderRuns),
  "tiny"
).action(async (options) => {
  const paths = dataPaths(options, true);
  const run = chooseConfig(autoencoderRuns, options, overrides);
  const data = await readDatasets(paths, { minObjects: 0, maxObjects: Infinity }, run.seed);
  console.log(data.summary);
  expectPictures(data, paths);
  const device = await openDevice({ ...options, timestamps: options.profile ?? false });
  console.log(`config: ${JSON.stringify(run)}`);
  const task = await buildTask(overrides, () => autoencoderTask(device, run, data, {
    images: paths.images,
    validateImages: paths.validateImages ?? paths.images
  }));
  await runTraining(device, task, run.loop, options);
});
await runCommand(root, argv);
//# sourceMappingURL=train-autoencoder.js.map
