import {
  StepCounter,
  batchIndices,
  compileStep,
  itemStream
} from "./chunk-4CJS6QHA.js";
import {
  slotFrequencies,
  slotFrequencyTensors,
  slotTables,
  uncertainEmbeddings
} from "./chunk-LJVP3GZA.js";
import {
  embedTokens,
  encoderScope,
  frequencyArrays,
  generatorLoss,
  generatorSpecs,
  tokenTable
} from "./chunk-RSM2DQM3.js";
import {
  encodeLayout,
  layoutVocabulary
} from "./chunk-MPJXQ5EU.js";
import {
  compile
} from "./chunk-35FDYTRM.js";
import {
  ParamStore
} from "./chunk-F6TGNQ67.js";
import {
  add,
  inputTensor,
  mean,
  mul,
  randomIntegers,
  randomNormal,
  table
} from "./chunk-AMP7OYK6.js";
import {
  RandomStream
} from "./chunk-A26XEMZC.js";
import {
  UserError
} from "./chunk-Q54TM6M7.js";

// train/generator.ts
var validationDraws = 4;
var validationBatch = 16;
function layoutTokens(vocabulary, item, flip, random) {
  const objects = random.permutation(item.objects.length).map((i) => {
    const { classIndex, xyxyUnit: [x0, y0, x1, y1] } = item.objects[i];
    return { classIndex, xyxyUnit: flip ? [1 - x1, y0, 1 - x0, y1] : [x0, y0, x1, y1] };
  });
  return encodeLayout(vocabulary, objects);
}
function trainingFrequencies(vocabulary, images, seed) {
  const orders = Math.max(1, Math.ceil(4e3 / images.length));
  function* sequences() {
    for (let order = 0; order < orders; order++) {
      for (const [i, image] of images.entries()) {
        yield layoutTokens(vocabulary, image, false, new RandomStream(seed, `frequencies ${order} ${i}`));
      }
    }
  }
  return slotFrequencies(vocabulary, sequences());
}
async function generatorTask(device, run, data, latents, frozen, sampleSheet) {
  const { model, batch } = run;
  const vocabulary = layoutVocabulary(run.vocabulary);
  const latent = latents.training.shape;
  const frequencies = trainingFrequencies(vocabulary, data.training.images, run.seed);
  const specs = generatorSpecs(model, latent, vocabulary.length);
  const store = new ParamStore("generator", specs);
  store.initialise(run.seed);
  const counter = new StepCounter("generator", run.seed);
  const z = inputTensor("z", [batch, ...latent]);
  const ids = inputTensor("ids", [batch, vocabulary.length], "i32");
  const p = store.scope();
  const encoder = encoderScope(p);
  const rows = embedTokens(encoder, ids, model.encoder);
  const embeddings = uncertainEmbeddings(
    rows,
    slotTables(tokenTable(encoder, model.encoder), vocabulary),
    slotFrequencyTensors(vocabulary, frequencies),
    run.uncertainty,
    counter.key
  );
  const [low, high] = run.timesteps;
  const { steps } = model.diffusion.schedule;
  if (![low, high].every(Number.isInteger) || low < 0 || low >= high || high > steps) {
    throw new UserError(`--timesteps: must be a range of whole numbers within 0 to ${steps}, found ${low} to ${high}`);
  }
  const t = randomIntegers([batch], low, high, counter.key, "timestep");
  const loss = mean(generatorLoss(p, z, t, randomNormal(z.shape, counter.key, "noise"), embeddings, model));
  const step = await compileStep(device, "generator step", store, loss, counter, run.optim, run.loop.steps);
  const used = step.averages.length > 0 ? new ParamStore("generator average", specs, step.averages) : store;
  const check = await validationProgram(device, used, run, vocabulary, latent);
  const each = latent[0] * latent[1] * latent[2];
  return {
    kind: "generator",
    config: run,
    program: step.program,
    store,
    averages: step.averages,
    states: step.states,
    frozen: new Map([...frozen, ...frequencyArrays(vocabulary, frequencies)]),
    async batch(at) {
      const values = new Float32Array(batch * each);
      const tokens = new Int32Array(batch * vocabulary.length);
      batchIndices(data.training.images.length, batch, at, run.seed).forEach((index, i) => {
        const random = itemStream(run.seed, at, i);
        const flip = run.data.flip && random.chance(0.5);
        latents.training.copy(index, flip, run.latentScale, values, i * each);
        tokens.set(layoutTokens(vocabulary, data.training.images[index], flip, random), i * vocabulary.length);
      });
      return { z: values, ids: tokens };
    },
    async validate() {
      let [total, count] = [0, 0];
      const images = data.validation.images;
      for (let first = 0; first < Math.min(images.length, 8 * validationBatch); first += validationBatch) {
        const values = new Float32Array(validationBatch * each);
        const tokens = new Int32Array(validationBatch * vocabulary.length);
        for (let i = 0; i < validationBatch; i++) {
          const index = (first + i) % images.length;
          latents.validation.copy(index, false, run.latentScale, values, i * each);
          tokens.set(
            layoutTokens(vocabulary, images[index], false, new RandomStream(run.seed, `validation ${index}`)),
            i * vocabulary.length
          );
        }
        check.run({ z: values, ids: tokens });
        (await check.readFloats("loss")).forEach((value, i) => {
          if (first + i >= images.length) return;
          total += value;
          count++;
        });
      }
      return { val: total / count };
    },
    sample: (file) => sampleSheet(used, file)
  };
}
function fixedNoise(seed, draw, z) {
  const random = new RandomStream(seed, `validation noise ${draw}`);
  return table(Float32Array.from({ length: z.size }, () => random.normal()), z.shape);
}
function validationProgram(device, store, run, vocabulary, latent) {
  const [low, high] = run.timesteps;
  const z = inputTensor("z", [validationBatch, ...latent]);
  const ids = inputTensor("ids", [validationBatch, vocabulary.length], "i32");
  const embeddings = embedTokens(encoderScope(store.scope()), ids, run.model.encoder);
  const losses = Array.from({ length: validationDraws }, (_, k) => {
    const t = Int32Array.from({ length: validationBatch }, (__, i) => Math.floor(low + (k + i * 0.618 % 1) / validationDraws * (high - low)));
    return generatorLoss(
      store.scope(),
      z,
      table(t, [validationBatch], "i32"),
      fixedNoise(run.seed, k, z),
      embeddings,
      run.model
    );
  });
  const loss = mul(losses.reduce((a, b) => add(a, b)), 1 / validationDraws);
  return compile(device, { name: "generator validation", outputs: { loss } });
}

export {
  trainingFrequencies,
  generatorTask
};
//# sourceMappingURL=chunk-VJXARB7B.js.map
