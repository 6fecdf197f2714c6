import {
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
  drawLayouts
} from "../chunk-GDGLBMRI.js";
import "../chunk-5WSLUO6M.js";
import {
  drawPriorLayouts
} from "../chunk-XYYZIPSC.js";
import "../chunk-X4N3U6FL.js";
import {
  trainingFrequencies
} from "../chunk-VJXARB7B.js";
import {
  StepCounter,
  batchIndices,
  compileSteps,
  defaultOptim,
  itemStream
} from "../chunk-4CJS6QHA.js";
import "../chunk-ZOERM2PQ.js";
import {
  orderedLayout,
  priorSpecs,
  priorTokenNats,
  slotTargets,
  tableStatistics,
  tokenTableName
} from "../chunk-LOYFLMAJ.js";
import "../chunk-T6JM6XVE.js";
import {
  slotFrequencyTensors,
  slotTables,
  uncertainEmbeddings
} from "../chunk-LJVP3GZA.js";
import "../chunk-RSM2DQM3.js";
import "../chunk-X4MMT7BF.js";
import "../chunk-KTCMITE2.js";
import {
  layoutVocabulary
} from "../chunk-MPJXQ5EU.js";
import "../chunk-3D4ROVPF.js";
import {
  compile
} from "../chunk-35FDYTRM.js";
import {
  ParamStore,
  loadRun
} from "../chunk-F6TGNQ67.js";
import {
  add,
  gather,
  inputTensor,
  mean,
  sum,
  table
} from "../chunk-AMP7OYK6.js";
import "../chunk-ZOZ7FHQ3.js";
import "../chunk-LQGN7KL2.js";
import "../chunk-RDT35KUK.js";
import "../chunk-BLV74BJT.js";
import {
  command,
  oneOf,
  openDevice,
  runCommand,
  splitOverrides
} from "../chunk-26JDG3OC.js";
import "../chunk-HP4QYYGS.js";
import "../chunk-L5HLJDC5.js";
import {
  RandomStream
} from "../chunk-A26XEMZC.js";
import "../chunk-CLXACCIO.js";
import "../chunk-IBDXW56B.js";
import {
  UserError
} from "../chunk-Q54TM6M7.js";

// models/prior/ownTable.ts
var sinusoidShare = 0.75;
function ownTokenTable({ vocabularySize: K, classCount, gridSide: S, none }, width, random) {
  const frequencies = Math.max(1, Math.floor(width * sinusoidShare / 4));
  const periods = Array.from({ length: frequencies }, (_, i) => 0.5 * (S / 1.5) ** (frequencies === 1 ? 0 : i / (frequencies - 1)));
  const rows = new Float32Array(K * width);
  for (let row = 0; row < K; row++) {
    const own = rows.subarray(row * width, (row + 1) * width);
    if (row < S * S) {
      const [x, y] = [row % S / (S - 1), Math.floor(row / S) / (S - 1)];
      periods.forEach((w, i) => {
        const angles = [2 * Math.PI * w * x, 2 * Math.PI * w * y];
        own.set(angles.flatMap((a) => [Math.SQRT2 * Math.cos(a), Math.SQRT2 * Math.sin(a)]), 4 * i);
      });
    }
    if (row < classCount || row === none) {
      for (let d = 4 * frequencies; d < width; d++) own[d] = random.normal();
    }
  }
  return rows;
}

// models/prior/config.ts
var autoregressivePriorPresets = {
  /** For the published vocabulary: 30 objects of 80 classes, 90 x 90 grid, 512 wide. 29.7 M parameters, ours. */
  default: {
    kind: "autoregressive",
    maxObjects: 30,
    classCount: 80,
    gridSide: 90,
    embeddingWidth: 512,
    width: 512,
    layers: 8,
    heads: 8,
    headWidth: 64,
    corners: "cell",
    adapters: "shared",
    positions: "token",
    dropout: 0
  },
  /** For the `tiny` generator: 556,684 parameters, 1.9 GFLOP a training step of 16. */
  tiny: {
    kind: "autoregressive",
    maxObjects: 12,
    classCount: 10,
    gridSide: 32,
    embeddingWidth: 64,
    width: 96,
    layers: 4,
    heads: 4,
    headWidth: 24,
    corners: "cell",
    adapters: "shared",
    positions: "token",
    dropout: 0
  },
  /** For some thousand layouts with the published grid and classes, without a generator. 0.5 M parameters. */
  coco: {
    kind: "autoregressive",
    maxObjects: 30,
    classCount: 80,
    gridSide: 90,
    embeddingWidth: 128,
    width: 96,
    layers: 3,
    heads: 4,
    headWidth: 24,
    corners: "factored",
    adapters: "slot",
    positions: "object",
    dropout: 0.05
  },
  /** For tests. */
  micro: {
    kind: "autoregressive",
    maxObjects: 2,
    classCount: 3,
    gridSide: 4,
    embeddingWidth: 8,
    width: 12,
    layers: 2,
    heads: 2,
    headWidth: 4,
    corners: "cell",
    adapters: "shared",
    positions: "token",
    dropout: 0
  }
};

// train/presets/prior.ts
var tiny = {
  model: autoregressivePriorPresets.tiny,
  data: { flip: true, minArea: 1e-5, order: "random" },
  uncertainty: { share: 0.5, low: 0.08, high: 1 },
  batch: 32,
  optim: { ...defaultOptim, lr: 1e-3, beta2: 0.99, ema: 0.99 },
  loop: { steps: 3e3, logEvery: 10, validateEvery: 100, sampleEvery: 500, checkpointEvery: 200 },
  seed: 0
};
var flat = {
  ...tiny,
  model: {
    ...autoregressivePriorPresets.tiny,
    maxObjects: 2,
    classCount: 3,
    gridSide: 9,
    width: 64,
    layers: 2,
    heads: 4,
    headWidth: 16
  },
  data: { flip: false, minArea: 1e-5, order: "random" },
  optim: { ...tiny.optim, lr: 3e-3 },
  batch: 64,
  loop: { steps: 1200, logEvery: 20, validateEvery: 100, sampleEvery: 1200, checkpointEvery: 400 }
};
var standard = {
  ...tiny,
  model: autoregressivePriorPresets.default,
  uncertainty: { ...tiny.uncertainty, share: 0 },
  optim: { ...defaultOptim, lr: 1e-4, warmup: 1e3, ema: 0.9999 },
  loop: { steps: 2e5, logEvery: 50, validateEvery: 1e3, sampleEvery: 5e3, checkpointEvery: 1e3 }
};
var coco = {
  ...tiny,
  model: autoregressivePriorPresets.coco,
  uncertainty: { ...tiny.uncertainty, share: 0 },
  batch: 16,
  lengths: [6, 12],
  optim: { ...tiny.optim, lr: 25e-4, beta2: 0.98, weightDecay: 0.05, warmup: 50, ema: 0.99 },
  loop: { steps: 3e3, logEvery: 20, validateEvery: 500, sampleEvery: 3e3, checkpointEvery: 500 }
};
var micro = {
  ...tiny,
  model: autoregressivePriorPresets.micro,
  batch: 8,
  optim: { ...tiny.optim, warmup: 2 },
  loop: { steps: 4, logEvery: 1, validateEvery: 2, sampleEvery: 4, checkpointEvery: 2 }
};
var priorRuns = { tiny, flat, coco, micro, default: standard };

// train/prior.ts
var validationBatch = 64;
function targetInputs(slots, batch) {
  return {
    classes: inputTensor("classes", [batch, slots], "i32"),
    corners: inputTensor("corners", [batch, slots, 2], "i32")
  };
}
var ofLayouts = ({ classes, corners }) => add(sum(classes, [1]), sum(corners, [1, 2]));
function lengthGroups(run, layouts) {
  const { lengths = [], batch, model: { maxObjects: N } } = run;
  if (!lengths.every((slots, i) => Number.isInteger(slots) && slots > (lengths[i - 1] ?? 1))) {
    throw new UserError(`--lengths: must be whole numbers from 2, ascending; found ${lengths.join(",")}`);
  }
  const bounds = [...lengths.filter((slots) => slots < N), N];
  return bounds.map((slots, k) => ({
    slots,
    batch: Math.round(batch * N / slots),
    layouts: layouts.filter(({ objects: { length } }) => (slots === N || length < slots) && (k === 0 || length >= bounds[k - 1]))
  })).filter((group) => group.layouts.length > 0);
}
function drawBatch(groups, seed, step) {
  if (groups.length === 1) {
    const { layouts: layouts2, batch: batch2 } = groups[0];
    return { group: 0, images: batchIndices(layouts2.length, batch2, step, seed).map((index) => layouts2[index]) };
  }
  const random = new RandomStream(seed, `batches/lengths/${step}`);
  const group = random.pick(groups.map((_, i) => i), groups.map(({ layouts: layouts2, batch: batch2 }) => layouts2.length / batch2));
  const { layouts, batch } = groups[group];
  return { group, images: Array.from({ length: batch }, () => random.pick(layouts)) };
}
function sequenceInputs(vocabulary, slots, tokens) {
  const part = { ...vocabulary, maxObjects: slots, length: 3 * slots, encodeCrop: false };
  const ids = Int32Array.from(tokens.flatMap((sequence) => [...sequence.subarray(0, 3 * slots)]));
  return { ids, ...slotTargets(part, ids) };
}
async function validationNats(check, run, vocabulary, images) {
  const order = run.data.order ?? "random";
  let [total, count] = [0, 0];
  for (let first = 0; first < Math.min(images.length, 1024); first += validationBatch) {
    check.run(sequenceInputs(vocabulary, vocabulary.maxObjects, Array.from({ length: validationBatch }, (_, i) => {
      const index = (first + i) % images.length;
      const random = new RandomStream(run.seed, `validation ${index}`);
      return orderedLayout(vocabulary, images[index].objects, order, false, random);
    })));
    (await check.readFloats("nats")).forEach((value, i) => {
      if (first + i >= images.length) return;
      total += value;
      count++;
    });
  }
  return total / count;
}
async function priorTask(device, run, data, tokenTable, sampleSheet) {
  const vocabulary = layoutVocabulary(run.vocabulary);
  const specs = priorSpecs(run.model);
  const store = new ParamStore("prior", specs);
  store.initialise(run.seed);
  const counter = new StepCounter("prior", run.seed);
  const groups = lengthGroups(run, data.training.images);
  if (groups.length > 1 && run.uncertainty.share > 0) {
    throw new UserError(`--lengths: groups of lengths go with --uncertainty.share 0, found ${run.uncertainty.share}`);
  }
  const rows = table(tokenTable.data, tokenTable.shape);
  const uncertain = (embeddings) => run.uncertainty.share === 0 ? embeddings : uncertainEmbeddings(
    embeddings,
    slotTables(rows, vocabulary),
    slotFrequencyTensors(vocabulary, trainingFrequencies(vocabulary, data.training.images, run.seed)),
    run.uncertainty,
    counter.key
  );
  const nats = (p, batch, slots, shown, key) => ofLayouts(priorTokenNats(
    p,
    shown(gather(rows, inputTensor("ids", [batch, 3 * slots], "i32"))),
    targetInputs(slots, batch),
    run,
    key
  ));
  const step = await compileSteps(
    device,
    "prior step",
    store,
    groups.map(({ batch, slots }) => mean(nats(store.scope(), batch, slots, uncertain, counter.key))),
    counter,
    run.optim,
    run.loop.steps
  );
  const used = step.averages.length > 0 ? new ParamStore("prior average", specs, step.averages) : store;
  const check = await compile(device, {
    name: "prior validation",
    outputs: { nats: nats(used.scope(), validationBatch, vocabulary.maxObjects, (embeddings) => embeddings) }
  });
  const order = run.data.order ?? "random";
  return {
    kind: "prior",
    config: run,
    program: step.programs.at(-1),
    store,
    averages: step.averages,
    states: step.states,
    frozen: /* @__PURE__ */ new Map([[tokenTableName, tokenTable]]),
    programAt: (at) => step.programs[drawBatch(groups, run.seed, at).group],
    async batch(at) {
      const { group, images } = drawBatch(groups, run.seed, at);
      return sequenceInputs(vocabulary, groups[group].slots, images.map(({ objects }, i) => {
        const random = itemStream(run.seed, at, i);
        return orderedLayout(vocabulary, objects, order, run.data.flip && random.chance(0.5), random);
      }));
    },
    validate: async () => ({ val: await validationNats(check, run, vocabulary, data.validation.images) }),
    sample: (file) => sampleSheet(used, file)
  };
}

// tools/train-prior.ts
function tokenSpace(options, training) {
  if (options.generator !== void 0) {
    const run = loadRun(options.generator, "generator");
    const { vocabulary, categories } = run.header.config;
    return { vocabulary, table: () => run.weights.get(tokenTableName), categories };
  }
  const { gridSide, maxObjects, embeddingWidth } = training.model;
  const vocabularySize = gridSide * gridSide + 1;
  return {
    vocabulary: { vocabularySize, maxObjects, encodeCrop: false },
    table: (vocabulary) => ({
      shape: [vocabularySize, embeddingWidth],
      data: ownTokenTable(vocabulary, embeddingWidth, new RandomStream(training.seed, "token table"))
    })
  };
}
var { argv, overrides } = splitOverrides(process.argv.slice(2));
var root = withTraining(
  command(
    "train:prior",
    "Trains the layout prior p(layout) on annotations; needs no pictures.",
    "npm run train:prior -- --annotations data/train.json --generator runs/generator --out runs/prior"
  ).option(
    "--generator <run>",
    "generator whose token table the prior reads (default: a table of its own, made for the grid)"
  ).option("--kind <kind>", "kind of prior: autoregressive", oneOf("autoregressive"), "autoregressive"),
  Object.keys(priorRuns),
  "tiny"
).action(async (options) => {
  const paths = dataPaths(options, false);
  const training = chooseConfig(priorRuns, options, overrides);
  const space = tokenSpace(options, training);
  const data = await readDatasets(paths, {
    minArea: training.data.minArea,
    maxObjects: space.vocabulary.maxObjects,
    ...space.categories && { categories: space.categories }
  }, training.seed);
  console.log(data.summary);
  const { categories } = data.training;
  const vocabulary = layoutVocabulary({ ...space.vocabulary, classCount: categories.length });
  if (space.categories && space.categories.length !== categories.length) {
    throw new UserError(`${paths.annotations} has ${categories.length} classes, the generator ${space.categories.length}`);
  }
  const table2 = space.table(vocabulary);
  const run = {
    ...training,
    categories,
    statistics: tableStatistics(table2.data),
    vocabulary: {
      vocabularySize: vocabulary.vocabularySize,
      maxObjects: vocabulary.maxObjects,
      encodeCrop: vocabulary.encodeCrop,
      classCount: categories.length
    },
    model: {
      ...training.model,
      maxObjects: vocabulary.maxObjects,
      classCount: categories.length,
      gridSide: vocabulary.gridSide,
      embeddingWidth: table2.shape[1]
    }
  };
  const device = await openDevice({ ...options, timestamps: options.profile ?? false });
  console.log(`config: ${JSON.stringify(run)}`);
  const task = await buildTask(overrides, () => priorTask(device, run, data, table2, async (store, file) => {
    const layouts = await drawPriorLayouts(device, store, run, table2, { count: 24, seed: run.seed, temperature: 1 });
    await drawLayouts(file, layouts.map(({ objects }) => objects), categories);
  }));
  await runTraining(device, task, run.loop, options);
});
await runCommand(root, argv);
//# sourceMappingURL=train-prior.js.map
