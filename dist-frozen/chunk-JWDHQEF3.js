import {
  readJsonLines
} from "./chunk-ZOERM2PQ.js";
import {
  statNames
} from "./chunk-MBXCDZNF.js";
import {
  expectedNegativeLogLikelihood,
  openPrior,
  priorScores,
  slotTargets,
  tableStatistics,
  tokenTableName
} from "./chunk-LOYFLMAJ.js";
import {
  barPlot,
  collapsed,
  fixed,
  histogramPlot,
  htmlGrid,
  htmlImage,
  htmlPage,
  htmlTable,
  keyValues,
  linePlot,
  pageLinks,
  paragraph,
  plotGrid,
  subheading
} from "./chunk-T6JM6XVE.js";
import {
  choiceDistances,
  embedChoices,
  slotFrequencyTensors,
  slotTables,
  tableScale
} from "./chunk-LJVP3GZA.js";
import {
  LayoutSampler,
  addNoise,
  denoisingLoss,
  embedTokens,
  encodeLayout,
  encoderScope,
  noiseSchedule,
  openGenerator,
  predictionTarget,
  tokenTable,
  unet,
  unetScope
} from "./chunk-RSM2DQM3.js";
import {
  grad
} from "./chunk-KTCMITE2.js";
import {
  decodeLayout,
  tripleFault
} from "./chunk-MPJXQ5EU.js";
import {
  compile
} from "./chunk-35FDYTRM.js";
import {
  State
} from "./chunk-F6TGNQ67.js";
import {
  add,
  argmax,
  broadcast,
  cast,
  concat,
  div,
  equal,
  gather,
  inputTensor,
  mean,
  mul,
  nearestRow,
  neg,
  oneHot,
  reshape,
  slice,
  softmax,
  sqrt,
  square,
  stateTensor,
  straightThrough,
  sub,
  sum,
  table
} from "./chunk-AMP7OYK6.js";
import {
  drawDetections,
  drawnBoxes,
  sideBySide
} from "./chunk-ZOZ7FHQ3.js";
import {
  imageSize,
  loadImage,
  rgbFromPlanes
} from "./chunk-RDT35KUK.js";
import {
  Progress,
  interruptSignal,
  writeJson
} from "./chunk-26JDG3OC.js";
import {
  noFilters,
  readAnnotations
} from "./chunk-HP4QYYGS.js";
import {
  readJson
} from "./chunk-L5HLJDC5.js";
import {
  RandomStream
} from "./chunk-A26XEMZC.js";
import {
  writeAtomic
} from "./chunk-CLXACCIO.js";
import {
  sizeOf
} from "./chunk-IBDXW56B.js";
import {
  UserError
} from "./chunk-Q54TM6M7.js";

// tools/detect.ts
import { appendFileSync, existsSync, mkdirSync, readFileSync, statSync } from "node:fs";
import { readdir as readdir2 } from "node:fs/promises";
import { basename as basename2, extname, join as join3 } from "node:path";

// evaluate/report/detectionFiles.ts
import { readdir } from "node:fs/promises";
import { join } from "node:path";
import * as v from "valibot";
var curve = v.array(v.pipe(
  v.tuple([v.number(), v.nullable(v.number())]),
  // JSON has no NaN: what was not finite has been written as null.
  v.transform(([step, value]) => [step, value ?? NaN])
));
var inversionSchema = v.object({
  imageId: v.union([v.number(), v.string()]),
  fileName: v.string(),
  seed: v.optional(v.number()),
  loss: v.optional(curve, []),
  monitor: v.optional(curve, []),
  convergenceStep: v.nullish(v.number()),
  seconds: v.nullish(v.number()),
  detections: v.array(v.object({
    label: v.string(),
    score: v.nullish(v.number()),
    xywhPx: v.tuple([v.number(), v.number(), v.number(), v.number()])
  }))
});
var figure = v.number();
var evaluationSchema = v.object({
  stats: v.array(figure),
  perClass: v.optional(v.array(v.object({
    name: v.string(),
    AP: figure,
    AP50: v.optional(figure),
    AR: v.optional(figure),
    objects: v.optional(v.number()),
    detections: v.optional(v.number()),
    curve50: v.nullish(v.object({ recall: v.array(v.number()), precision: v.array(v.number()) }))
  })), []),
  curves: v.optional(v.array(v.object({ name: v.string(), points: v.array(v.tuple([v.number(), v.number()])) })), [])
});
function overlayName(imageId, fileName) {
  const stem = fileName.split(/[\\/]/).at(-1).replace(/\.[^.]*$/, "");
  return `${imageId}-${stem}`.replace(/[^\w.-]+/g, "_") + ".png";
}
async function readDetectionFiles(outDir) {
  const names = await readdir(outDir).catch((error) => {
    throw new UserError(`${outDir}: cannot be read (${error.code}). Is it the output folder of a detect run?`);
  });
  const file = join(outDir, "inversions.jsonl");
  const { records, unreadable } = await readJsonLines(file);
  const detectionsFile = join(outDir, "detections.json");
  const evaluationFile = join(outDir, "evaluation.json");
  return {
    inversions: records.map((record, i) => parse(inversionSchema, record, `${file}: record ${i + 1}`)),
    unreadable,
    detectionCount: names.includes("detections.json") ? parse(v.array(v.unknown()), await readJson(detectionsFile), detectionsFile).length : null,
    evaluation: names.includes("evaluation.json") ? parse(evaluationSchema, await readJson(evaluationFile), evaluationFile) : null,
    overlays: new Set(names.includes("overlays") ? await readdir(join(outDir, "overlays")) : [])
  };
}
function parse(schema, json, where) {
  const result = v.safeParse(schema, json, { abortEarly: true });
  if (result.success) return result.output;
  const [issue] = result.issues;
  const place = v.getDotPath(issue) ?? "top level";
  throw new UserError(`${where}: ${place}: expected ${issue.expected ?? "another value"}, found ${issue.received}. Was it written by another version?`);
}

// evaluate/report/detectionsPage.ts
import { basename, join as join2, resolve } from "node:path";

// evaluate/report/evaluationSections.ts
var statMeanings = [
  "average precision, mean over IoU 0.50 to 0.95",
  "average precision at IoU 0.50",
  "average precision at IoU 0.75",
  "AP of small objects, below 32\xB2 px",
  "AP of medium objects",
  "AP of large objects, above 96\xB2 px",
  "average recall, at most 1 detection an image",
  "average recall, at most 10",
  "average recall, at most 100",
  "AR of small objects",
  "AR of medium objects",
  "AR of large objects"
];
var curvesPerPlot = 6;
var barsAtMost = 30;
function evaluationSections(evaluation) {
  const rows = statNames.map((name, i) => [name, statMeanings[i], fixed(measured(evaluation.stats[i]), 3)]);
  return [
    { title: "COCO figures", body: [htmlTable(["figure", "what", "value"], rows)] },
    { title: "Classes", body: classBlocks(evaluation) },
    { title: "Precision and recall", body: curveBlocks(evaluation) }
  ];
}
function measured(figure2) {
  return figure2 === void 0 || figure2 < 0 ? null : figure2;
}
function classBlocks({ perClass }) {
  if (perClass.length === 0) return [];
  const table2 = htmlTable(["class", "AP", "AP50", "AR", "objects", "detections"], perClass.map((figures) => [
    figures.name,
    ...[figures.AP, figures.AP50, figures.AR].map((figure2) => fixed(measured(figure2), 3)),
    figures.objects ?? null,
    figures.detections ?? null
  ]));
  if (perClass.length > barsAtMost) return [collapsed(`${perClass.length} classes`, [table2])];
  const bars = perClass.map(({ name, AP }) => ({ label: name, value: Number((measured(AP) ?? NaN).toFixed(3)) }));
  return [plotGrid([barPlot({ title: "AP by class", valueLabel: "AP", bars, include: [0.5] })]), table2];
}
function curveBlocks({ curves, perClass }) {
  const ofClasses = perClass.flatMap(({ name, curve50 }) => curve50 ? [{ name, points: curve50.recall.map((recall, i) => [recall, curve50.precision[i] ?? NaN]) }] : []);
  const all = curves.length > 0 ? curves : ofClasses;
  if (all.length === 0) return [];
  const plots = [];
  for (let first = 0; first < all.length; first += curvesPerPlot) {
    const series = all.slice(first, first + curvesPerPlot);
    const what = curves.length > 0 ? "Precision against recall" : "Precision against recall, IoU 0.50";
    plots.push(linePlot({
      title: series.length === 1 ? `${what}: ${series[0].name}` : what,
      xLabel: "recall",
      yLabel: "precision",
      series,
      include: { x: [0, 1], y: [0, 1] }
    }));
  }
  return [plotGrid(plots)];
}

// evaluate/report/detectionsPage.ts
var imagesPerPage = 100;
var histogramFrom = 8;
async function writeDetectionsPage(outDir) {
  const files = await readDetectionFiles(outDir);
  const title = basename(resolve(outDir));
  const chunks = inChunks(files.inversions, imagesPerPage);
  const hrefs = chunks.map((_, page) => page === 0 ? "index.html" : `images-${page + 1}.html`);
  const links = chunks.map((chunk, page) => {
    const first = page * imagesPerPage + 1;
    return { href: hrefs[page], label: `${first} to ${first + chunk.length - 1}` };
  });
  for (const [page, chunk] of [...chunks.entries()].reverse()) {
    const navigation = chunks.length > 1 ? [pageLinks(links, page)] : [];
    const images = chunk.flatMap((inversion) => imageBlocks(inversion, files.overlays));
    await writeAtomic(join2(outDir, hrefs[page]), htmlPage({
      title,
      subtitle: "Detection by inversion",
      sections: [
        ...page === 0 ? overview(files) : [],
        { title: "Images", body: [...navigation, ...images, ...navigation] }
      ]
    }));
  }
  return join2(outDir, hrefs[0]);
}
function inChunks(items, size) {
  const count = Math.max(1, Math.ceil(items.length / size));
  return Array.from({ length: count }, (_, i) => items.slice(i * size, (i + 1) * size));
}
function overview(files) {
  const { inversions, evaluation, unreadable } = files;
  const body = [summary(files)];
  if (unreadable > 0) {
    body.push(paragraph(`${unreadable} lines of inversions.jsonl could not be read and are left out.`, "note"));
  }
  const steps = present(inversions, "convergenceStep");
  const seconds = present(inversions, "seconds");
  const search2 = [
    histogramPlot({ title: "Convergence step", xLabel: "step", yLabel: "images", values: steps }),
    histogramPlot({ title: "Time", xLabel: "seconds an image", yLabel: "images", values: seconds })
  ];
  return [
    { title: "", body },
    ...evaluation ? evaluationSections(evaluation) : [],
    { title: "Search", body: inversions.length >= histogramFrom ? [plotGrid(search2)] : [] }
  ];
}
function summary({ inversions, detectionCount, evaluation }) {
  const found = detectionCount ?? inversions.reduce((sum2, { detections }) => sum2 + detections.length, 0);
  const entries = [
    ["images", inversions.length],
    ["detections", found],
    ["convergence step, mean", mean2(present(inversions, "convergenceStep"))],
    ["seconds an image, mean", mean2(present(inversions, "seconds"))]
  ];
  if (evaluation) {
    const names = ["AP", "AP50"];
    names.forEach((name, i) => entries.push([name, fixed(measured(evaluation.stats[i]), 3)]));
  }
  return keyValues(entries);
}
function present(inversions, field) {
  return inversions.flatMap(({ [field]: value }) => value === null || value === void 0 ? [] : [value]);
}
function mean2(values) {
  return values.length === 0 ? null : values.reduce((sum2, value) => sum2 + value, 0) / values.length;
}
function imageBlocks(inversion, overlays) {
  const { imageId, fileName, seed, detections } = inversion;
  const facts = [
    `${detections.length} ${detections.length === 1 ? "detection" : "detections"}`,
    ...inversion.convergenceStep == null ? [] : [`converged at step ${inversion.convergenceStep}`],
    ...inversion.seconds == null ? [] : [`${inversion.seconds.toFixed(1)} s`],
    ...seed === void 0 ? [] : [`seed ${seed}`]
  ];
  const blocks = [subheading(fileName), paragraph(facts.join(", "), "note")];
  const stem = fileName.split(/[\\/]/).at(-1).replace(/\.[^.]*$/, "");
  const overlay = [overlayName(imageId, fileName), `${stem}.png`, `${imageId}.png`].find((name) => overlays.has(name));
  if (overlay) blocks.push(htmlImage({ src: `overlays/${overlay}`, caption: "" }));
  const cells = detections.length > 0 ? [detectionTable(detections)] : [];
  if (inversion.loss.length + inversion.monitor.length > 0) {
    cells.unshift({ html: `<figure>${inversionPlot(inversion)}</figure>` });
  }
  blocks.push(htmlGrid(cells, 25));
  return blocks;
}
function inversionPlot({ loss, monitor, convergenceStep }) {
  return linePlot({
    title: "Objective of the inversion",
    xLabel: "step",
    yLabel: "",
    series: [{ name: "loss", points: loss, smooth: 0.03 }, { name: "monitor", points: monitor }],
    verticals: convergenceStep == null ? [] : [{ x: convergenceStep, label: "converged" }]
  });
}
function detectionTable(detections) {
  const ordered = detections.toSorted((a, b) => (b.score ?? 0) - (a.score ?? 0));
  const table2 = htmlTable(["class", "score", "x", "y", "width", "height"], ordered.map(({ label, score, xywhPx }) => [label, fixed(score ?? null, 3), ...xywhPx.map((value) => fixed(value, 1))]));
  const block = detections.length > 10 ? collapsed(`${detections.length} detections`, [table2]) : table2;
  return { html: `<div>${block.html}</div>` };
}

// invert/bank.ts
var bankSize = 256;
function noiseBank(generator, seed) {
  const random = new RandomStream(seed, "noise bank");
  return Float32Array.from({ length: bankSize * generator.firstStage.latentSize }, () => random.normal());
}
function drawPairs(random, count, [low, high]) {
  const timesteps = Int32Array.from(
    { length: count },
    (_, k) => Math.floor(low + (k + random.uniform()) / count * (high - low))
  );
  return { timesteps, noises: Int32Array.from({ length: count }, () => random.integer(bankSize)) };
}
function fixedPairs(count, [low, high]) {
  return {
    timesteps: Int32Array.from({ length: count }, (_, k) => Math.floor(low + (k + 0.5) / count * (high - low))),
    noises: Int32Array.from({ length: count }, (_, k) => k % bankSize)
  };
}
var trainedSteps = (generator) => noiseSchedule(generator.description.model.diffusion.schedule).steps;

// invert/config.ts
var search = {
  projection: "logits",
  metric: "l2",
  init: "gaussian",
  initScale: 0.3,
  steps: 60,
  batchTimesteps: 2,
  timesteps: [450, 950],
  lr: 0.3,
  lrFloor: 0.1,
  beta1: 0.9,
  beta2: 0.99,
  weightDecay: 0,
  temperature: [1, 0.3],
  priorWeight: 0.01,
  restarts: 2,
  stratifyCounts: true,
  monitorEvery: 10,
  monitorPairs: 8,
  patience: 0,
  localRounds: 2,
  imagesAtOnce: 8,
  seed: 0
};
var dive = {
  ...search,
  projection: "slot",
  initScale: 1,
  steps: 2e3,
  batchTimesteps: 8,
  lr: 0.01,
  lrFloor: 1,
  beta2: 0.999,
  weightDecay: 0.01,
  timesteps: [0, 1e3],
  restarts: 1,
  stratifyCounts: false,
  monitorEvery: 50,
  monitorPairs: 50,
  patience: 8,
  localRounds: 0
};
var inversionPresets = { search, dive };
function checkInversion(config, trained) {
  const [low, high] = config.timesteps;
  if (!(low >= 0 && low < high && high <= trained)) {
    throw new UserError(`--timesteps: must be a range within 0 to ${trained}, found ${low} to ${high}`);
  }
  for (const key of ["steps", "batchTimesteps", "restarts", "monitorEvery", "monitorPairs", "imagesAtOnce"]) {
    if (!Number.isInteger(config[key]) || config[key] < 1) {
      throw new UserError(`${key} must be a whole number from 1, found ${config[key]}`);
    }
  }
  for (const key of ["patience", "localRounds"]) {
    if (!Number.isInteger(config[key]) || config[key] < 0) {
      throw new UserError(`${key} must be a whole number from 0, found ${config[key]}`);
    }
  }
  if (!(config.lr > 0)) throw new UserError(`lr must be positive, found ${config.lr}`);
  if (!(config.priorWeight >= 0)) throw new UserError(`priorWeight must be 0 or more, found ${config.priorWeight}`);
  const [first, last] = config.temperature;
  if (!(first > 0 && last > 0)) throw new UserError(`temperature must be positive, found ${first} to ${last}`);
}

// invert/detections.ts
var rounded = (value) => Math.round(value * 100) / 100;
function toDetections({ objects }, image, categories) {
  const { id, width, height } = image;
  return objects.map(({ classIndex, xyxyUnit: [x0, y0, x1, y1], score }) => ({
    image_id: id,
    category_id: categories[classIndex].id,
    bbox: [rounded(x0 * width), rounded(y0 * height), rounded((x1 - x0) * width), rounded((y1 - y0) * height)],
    score: Math.round(score * 1e5) / 1e5
  }));
}
function toRecord(inversion, image, detections, categories, seed, seconds) {
  const names = new Map(categories.map(({ id, name }) => [id, name]));
  const { tokens, objects, energy, loss, monitor, convergenceStep, steps } = inversion;
  return {
    imageId: image.id,
    fileName: image.fileName,
    seed,
    tokens: [...tokens],
    boxes: objects.map(({ xyxyUnit }) => [...xyxyUnit]),
    energy,
    loss,
    monitor,
    convergenceStep,
    steps,
    seconds: rounded(seconds),
    detections: detections.map(({ category_id, score, bbox }) => ({ label: names.get(category_id), score, xywhPx: bbox }))
  };
}

// invert/objective.ts
function imageEnergy(generator, z, rowImage, embeddings, draws, bank) {
  const { model } = generator.description;
  const { latent } = generator.firstStage;
  const [Q, L, D] = embeddings.shape;
  const T = draws.timesteps.shape[1];
  const E = z.shape[1];
  const p = generator.store.scope();
  const spread = (x, tail) => reshape(broadcast(reshape(x, [Q, 1, ...tail]), [Q, T, ...tail]), [Q * T, ...tail]);
  const context = spread(encodeLayout(encoderScope(p), embeddings, model.encoder), [L, D]);
  const t = reshape(gather(draws.timesteps, rowImage), [Q * T]);
  const noise = reshape(gather(bank, reshape(gather(draws.noises, rowImage), [Q * T])), [Q * T, ...latent]);
  const pictures = reshape(spread(gather(z, rowImage), [E]), [Q * T, ...latent]);
  const schedule = noiseSchedule(model.diffusion.schedule);
  const predicted = unet(
    unetScope(p),
    addNoise(schedule, pictures, noise, t),
    t,
    context,
    model.unet,
    model.diffusion.schedule.steps
  );
  const target = predictionTarget(schedule, model.diffusion.prediction, pictures, noise, t);
  return mean(reshape(denoisingLoss("l2", predicted, target), [Q, T]), [1]);
}
function priorEnergy(prior, embeddings, weights) {
  return expectedNegativeLogLikelihood(
    priorScores(prior.store.scope(), embeddings, prior.description),
    weights.classes,
    weights.corners
  );
}
function totalEnergy(image, nats, priorWeight) {
  return nats && priorWeight > 0 ? add(image, mul(nats, priorWeight)) : image;
}

// invert/judge.ts
var Judge = class _Judge {
  constructor(program, generator, config, hasPrior, rows) {
    this.program = program;
    this.generator = generator;
    this.config = config;
    this.hasPrior = hasPrior;
    this.rows = rows;
  }
  program;
  generator;
  config;
  hasPrior;
  rows;
  /** Network passes so far: one per layout and pair. */
  passes = 0;
  static async open(device, generator, prior, config) {
    const { vocabulary, firstStage } = generator;
    const { imagesAtOnce: I, monitorPairs: T } = config;
    const rows = Math.max(I * config.restarts, 16);
    const z = inputTensor("z", [I, firstStage.latentSize]);
    const ids = inputTensor("ids", [rows, vocabulary.length], "i32");
    const rowImage = inputTensor("rowImage", [rows], "i32");
    const pairs = fixedPairs(T, config.timesteps);
    const forAll = (values) => broadcast(table(values, [T], "i32"), [I, T]);
    const embeddings = embedTokens(encoderScope(generator.store.scope()), ids, generator.description.model.encoder);
    const bank = table(noiseBank(generator, config.seed), [bankSize, firstStage.latentSize]);
    const image = imageEnergy(
      generator,
      z,
      rowImage,
      embeddings,
      { timesteps: forAll(pairs.timesteps), noises: forAll(pairs.noises) },
      bank
    );
    const usesPrior = prior !== null && config.priorWeight > 0;
    const outputs = { image };
    if (usesPrior) {
      const { maxObjects: N, classCount, gridSide } = vocabulary;
      const weights = {
        classes: oneHot(inputTensor("classes", [rows, N], "i32"), classCount + 1),
        corners: oneHot(inputTensor("corners", [rows, N, 2], "i32"), gridSide * gridSide + 1)
      };
      outputs["nats"] = priorEnergy(prior, slice(gather(prior.table, ids), 1, 0, 3 * N), weights);
    }
    const program = await compile(device, { name: "judge", outputs });
    return new _Judge(program, generator, config, usesPrior, rows);
  }
  /** Energies of candidates for the pictures whose scaled latents are z [I, C h w]. */
  async energies(z, candidates) {
    const { vocabulary } = this.generator;
    const energies = new Float64Array(candidates.length);
    for (let first = 0; first < candidates.length; first += this.rows) {
      const part = candidates.slice(first, first + this.rows);
      const ids = new Int32Array(this.rows * vocabulary.length);
      const rowImage = new Int32Array(this.rows);
      for (let row = 0; row < this.rows; row++) {
        const { tokens, image: image2 } = part[Math.min(row, part.length - 1)];
        ids.set(tokens, row * vocabulary.length);
        rowImage[row] = image2;
      }
      this.program.run({ z, ids, rowImage, ...this.hasPrior ? slotTargets(vocabulary, ids) : {} });
      const image = await this.program.readFloats("image");
      const nats = this.hasPrior ? await this.program.readFloats("nats") : null;
      part.forEach((_, i) => {
        energies[first + i] = image[i] + (nats ? this.config.priorWeight * nats[i] : 0);
      });
      this.passes += part.length * this.config.monitorPairs;
    }
    return energies;
  }
  destroy() {
    this.program.destroy();
  }
};

// invert/moves.ts
var shifts = [
  [1, 0, 0, 0],
  [-1, 0, 0, 0],
  [0, 1, 0, 0],
  [0, -1, 0, 0],
  [0, 0, 1, 0],
  [0, 0, -1, 0],
  [0, 0, 0, 1],
  [0, 0, 0, -1],
  [1, 0, 1, 0],
  [-1, 0, -1, 0],
  [0, 1, 0, 1],
  [0, -1, 0, -1]
];
function compactLayout(vocabulary, tokens) {
  const { maxObjects: N, none } = vocabulary;
  const result = tokens.slice();
  result.fill(none, 0, 3 * N);
  let next = 0;
  for (let n = 0; n < N; n++) {
    if (tripleFault(vocabulary, tokens, n) === null) result.set(tokens.subarray(3 * n, 3 * n + 3), 3 * next++);
  }
  return result;
}
function withoutObject(vocabulary, tokens, n) {
  const rest = tokens.slice();
  rest.fill(vocabulary.none, 3 * n, 3 * n + 3);
  return compactLayout(vocabulary, rest);
}
function neighbours(vocabulary, tokens) {
  const { maxObjects: N, classCount, gridSide: S } = vocabulary;
  const found = [];
  for (let n = 0; n < N; n++) {
    if (tripleFault(vocabulary, tokens, n) !== null) continue;
    const [kind, topLeft, bottomRight] = tokens.subarray(3 * n, 3 * n + 3);
    const put = (triple) => {
      const next = tokens.slice();
      next.set(triple, 3 * n);
      found.push(next);
    };
    const box = [topLeft % S, Math.floor(topLeft / S), bottomRight % S, Math.floor(bottomRight / S)];
    for (const shift of shifts) {
      const [x0, y0, x1, y1] = box.map((at, i) => at + shift[i]);
      if (Math.min(x0, y0) >= 0 && Math.max(x1, y1) < S && x1 > x0 && y1 > y0) put([kind, y0 * S + x0, y1 * S + x1]);
    }
    for (let other = 0; other < classCount; other++) if (other !== kind) put([other, topLeft, bottomRight]);
    found.push(withoutObject(vocabulary, tokens, n));
  }
  return found;
}

// invert/projection.ts
var barred = -1e4;
function variableShapes(projection, rows, width, vocabulary) {
  const { maxObjects: N, classCount, gridSide } = vocabulary;
  if (projection === "logits") return [[rows, N, classCount + 1], [rows, N, 2, gridSide * gridSide + 1]];
  return [[rows, 3 * N, width]];
}
function project(projection, variable, temperature, bias, tables, table2, metric, vocabulary) {
  const Q = temperature.shape[0];
  const column = (x, rank) => reshape(x, [Q, ...Array(rank - 1).fill(1)]);
  if (variable.kind === "scores") {
    const scores2 = {
      classes: add(div(variable.classes, column(temperature, 3)), bias.classes),
      corners: add(div(variable.corners, column(temperature, 4)), bias.corners)
    };
    const weights2 = { classes: softmax(scores2.classes), corners: softmax(scores2.corners) };
    return { embeddings: embedChoices(weights2, tables), weights: weights2, hard: hardest(scores2) };
  }
  const { v: v2 } = variable;
  const [, , D] = v2.shape;
  const distances = choiceDistances(v2, tables);
  const sigma = mul(temperature, mul(tableScale(tables), Math.sqrt(2 * D)));
  const precision = div(0.5, square(sigma));
  const scores = {
    classes: sub(bias.classes, mul(distances.classes, column(precision, 3))),
    corners: sub(bias.corners, mul(distances.corners, column(precision, 4)))
  };
  const soft = { classes: softmax(scores.classes), corners: softmax(scores.corners) };
  if (projection === "soft") return { embeddings: embedChoices(soft, tables), weights: soft, hard: hardest(scores) };
  const nearest = nearestChoices(v2, tables, metric);
  if (projection === "none") return { embeddings: v2, weights: soft, hard: nearest };
  const weights = {
    classes: straightThrough(oneHot(nearest.classes, tables.classes.shape[0]), soft.classes),
    corners: straightThrough(oneHot(nearest.corners, tables.corners.shape[0]), soft.corners)
  };
  if (projection === "slot") {
    const hardEmbeddings = embedChoices(hardWeights(nearest, tables), tables);
    return { embeddings: straightThrough(hardEmbeddings, v2), weights, hard: nearest };
  }
  const ids = nearestRow(reshape(v2, [Q * 3 * vocabulary.maxObjects, D]), table2, metric);
  return {
    embeddings: straightThrough(reshape(gather(table2, ids), v2.shape), v2),
    weights,
    hard: readTokens(ids, Q, vocabulary)
  };
}
var hardest = ({ classes, corners }) => ({
  classes: argmax(classes),
  corners: argmax(corners)
});
var hardWeights = ({ classes, corners }, tables) => ({
  classes: oneHot(classes, tables.classes.shape[0]),
  corners: oneHot(corners, tables.corners.shape[0])
});
function nearestChoices(v2, tables, metric) {
  const [Q, L, D] = v2.shape;
  const slots = reshape(v2, [Q, L / 3, 3, D]);
  const classes = nearestRow(reshape(slice(slots, 2, 0, 1), [Q * L / 3, D]), tables.classes, metric);
  const corners = nearestRow(reshape(slice(slots, 2, 1, 2), [2 * Q * L / 3, D]), tables.corners, metric);
  return { classes: reshape(classes, [Q, L / 3]), corners: reshape(corners, [Q, L / 3, 2]) };
}
function readTokens(ids, Q, { maxObjects: N, classCount, gridSide, none }) {
  const slots = reshape(ids, [Q, N, 3]);
  const read = (part, count) => {
    const isNone = cast(equal(part, none), "i32");
    const outside = cast(equal(cast(div(cast(part, "f32"), count), "i32"), 0), "i32");
    const legal = mul(outside, sub(1, isNone));
    return add(mul(legal, part), mul(add(neg(legal), 1), count));
  };
  return {
    classes: read(reshape(slice(slots, 2, 0, 1), [Q, N]), classCount),
    corners: read(slice(slots, 2, 1, 2), gridSide * gridSide)
  };
}

// invert/search.ts
function adamWRows(values, gradients, moments, config, rate, correction) {
  const { beta1, beta2, weightDecay } = config;
  return values.flatMap((state, i) => {
    const rows = state.type.shape.map((n, axis) => axis === 0 ? n : 1);
    const column = (x2) => reshape(x2, rows);
    const g = gradients[i];
    const x = stateTensor(state);
    const m = add(mul(stateTensor(moments.first[i]), beta1), mul(g, 1 - beta1));
    const v2 = add(mul(stateTensor(moments.second[i]), beta2), mul(square(g), 1 - beta2));
    const c1 = column(gather(correction, table(Int32Array.of(0), [1], "i32")));
    const c2 = column(gather(correction, table(Int32Array.of(1), [1], "i32")));
    const direction = div(div(m, c1), add(sqrt(div(v2, c2)), 1e-8));
    const next = sub(x, mul(column(rate), add(direction, mul(x, weightDecay))));
    return [[moments.first[i], m], [moments.second[i], v2], [state, next]];
  });
}
var Search = class _Search {
  constructor(device, program, reading, values, moments, generator, config) {
    this.device = device;
    this.program = program;
    this.reading = reading;
    this.values = values;
    this.moments = moments;
    this.generator = generator;
    this.config = config;
  }
  device;
  program;
  reading;
  values;
  moments;
  generator;
  config;
  /** Network passes so far: forward and backward count one each. */
  passes = 0;
  static async open(device, generator, prior, config) {
    const { vocabulary, firstStage } = generator;
    const { imagesAtOnce: I, restarts: R, batchTimesteps: T, projection } = config;
    const Q = I * R;
    const { encoder } = generator.description.model;
    const vocabularyTable = tokenTable(encoderScope(generator.store.scope()), encoder);
    const tables = slotTables(vocabularyTable, vocabulary);
    const values = variableShapes(projection, Q, encoder.width, vocabulary).map((shape, i) => new State(`inversion ${i}`, { shape, dtype: "f32" }));
    const leaves = values.map(stateTensor);
    const variable = projection === "logits" ? { kind: "scores", classes: leaves[0], corners: leaves[1] } : { kind: "embeddings", v: leaves[0] };
    const bias = rowBias(generator, config, Q);
    const temperature = inputTensor("temperature", [Q]);
    const projected = project(
      projection,
      variable,
      temperature,
      bias,
      tables,
      vocabularyTable,
      config.metric,
      vocabulary
    );
    const rowImage = table(Int32Array.from({ length: Q }, (_, q) => Math.floor(q / R)), [Q], "i32");
    const draws = { timesteps: inputTensor("timesteps", [I, T], "i32"), noises: inputTensor("noises", [I, T], "i32") };
    const bank = table(noiseBank(generator, config.seed), [bankSize, firstStage.latentSize]);
    const layouts = withCrop(projected.embeddings, vocabularyTable, vocabulary);
    const image = imageEnergy(generator, inputTensor("z", [I, firstStage.latentSize]), rowImage, layouts, draws, bank);
    const nats = prior && config.priorWeight > 0 ? priorEnergy(prior, projected.embeddings, projected.weights) : null;
    const energy = totalEnergy(image, nats, config.priorWeight);
    const moments = {
      first: values.map(({ name, type }) => new State(`${name} first moment`, type)),
      second: values.map(({ name, type }) => new State(`${name} second moment`, type))
    };
    const updates = adamWRows(
      values,
      grad(sum(energy), leaves),
      moments,
      config,
      inputTensor("rate", [Q]),
      inputTensor("correction", [2, Q])
    );
    const program = await compile(device, { name: "inversion step", outputs: { energy }, updates });
    const reading = await compile(device, {
      name: "inversion reading",
      outputs: { classes: projected.hard.classes, corners: projected.hard.corners }
    });
    return new _Search(device, program, reading, values, [...moments.first, ...moments.second], generator, config);
  }
  /** Random starts for pictures; the stream of each picture depends on nothing but the seed and its name. */
  start(names) {
    const { restarts: R, imagesAtOnce: I, init, initScale, seed, projection } = this.config;
    const scale = projection === "logits" ? initScale : initScale * tableStatistics(this.generator.run.weights.get(tokenTableName).data).std;
    for (const state of this.values) {
      const each = sizeOf(state.type.shape) / (I * R);
      const start = new Float32Array(I * R * each);
      for (let q = 0; q < I * R; q++) {
        const name = names[Math.floor(q / R)];
        if (name === void 0) continue;
        const random = new RandomStream(seed, `${state.name} ${name} ${q % R}`);
        if (init === "gaussian") for (let k = 0; k < each; k++) start[q * each + k] = scale * random.normal();
      }
      if (init === "none") this.startAtNone(start, each);
      this.device.write(state, start);
    }
    for (const state of this.moments) this.device.write(state, new Float32Array(sizeOf(state.type.shape)));
  }
  startAtNone(start, each) {
    const { none, classCount, gridSide } = this.generator.vocabulary;
    if (this.config.projection === "logits") {
      const choices = each % (classCount + 1) === 0 && each / (classCount + 1) === this.generator.vocabulary.maxObjects ? classCount + 1 : gridSide * gridSide + 1;
      for (let at = choices - 1; at < start.length; at += choices) start[at] = 2;
      return;
    }
    const rows = this.generator.run.weights.get(tokenTableName);
    const D = rows.shape[1];
    for (let at = 0; at < start.length; at += D) start.set(rows.data.subarray(none * D, (none + 1) * D), at);
  }
  /** One step for pictures with scaled latents z [I, C h w], at step `step` of the schedule. */
  step(z, pairs, step) {
    const { config } = this;
    const { imagesAtOnce: I, restarts: R, batchTimesteps: T } = config;
    const Q = I * R;
    const progress = step / Math.max(1, config.steps - 1);
    const [first, last] = config.temperature;
    const fill = (value) => new Float32Array(Q).fill(value);
    const timesteps = new Int32Array(I * T);
    const noises = new Int32Array(I * T);
    pairs.forEach((pair, i) => {
      timesteps.set(pair.timesteps, i * T);
      noises.set(pair.noises, i * T);
    });
    const correction = new Float32Array(2 * Q);
    correction.fill(1 - config.beta1 ** (step + 1), 0, Q).fill(1 - config.beta2 ** (step + 1), Q);
    this.program.run({
      z,
      timesteps,
      noises,
      correction,
      ...this.temperatures(this.program, first * (last / first) ** progress),
      rate: fill(config.lr * (1 - (1 - config.lrFloor) * progress))
    });
    this.passes += 2 * Q * T;
  }
  /** The temperature of every row, for programs that have a use for it: nearest rows have none. */
  temperatures(program, value) {
    const { imagesAtOnce: I, restarts: R } = this.config;
    return program.takes("temperature") ? { temperature: new Float32Array(I * R).fill(value) } : {};
  }
  /** Energies [Q] of the last step, on its own random pairs. */
  energies() {
    return this.program.readFloats("energy");
  }
  /** Hardest reading of every row: tokens [L] each. */
  async tokens() {
    const { vocabulary } = this.generator;
    const { imagesAtOnce: I, restarts: R } = this.config;
    this.reading.run(this.temperatures(this.reading, this.config.temperature[1]));
    const classes = await this.reading.read("classes");
    const corners = await this.reading.read("corners");
    return Array.from({ length: I * R }, (_, q) => tokensOfChoices(vocabulary, classes, corners, q));
  }
  destroy() {
    this.program.destroy();
    this.reading.destroy();
    this.device.release([...this.values, ...this.moments]);
  }
};
function withCrop(embeddings, vocabularyTable, { encodeCrop, gridSide }) {
  if (!encodeCrop) return embeddings;
  const [Q, , D] = embeddings.shape;
  const rows = gather(vocabularyTable, table(Int32Array.of(0, gridSide * gridSide - 1), [1, 2], "i32"));
  return concat([embeddings, broadcast(rows, [Q, 2, D])], 1);
}
function tokensOfChoices({ maxObjects: N, classCount, gridSide, none, length }, classes, corners, q) {
  const tokens = new Int32Array(length).fill(none);
  for (let n = 0; n < N; n++) {
    const kind = classes[q * N + n];
    tokens[3 * n] = kind >= classCount ? none : kind;
    for (let corner = 0; corner < 2; corner++) {
      const cell = corners[(q * N + n) * 2 + corner];
      tokens[3 * n + 1 + corner] = cell >= gridSide * gridSide ? none : cell;
    }
  }
  if (length > 3 * N) tokens.set([0, gridSide * gridSide - 1], 3 * N);
  return tokens;
}
function rowBias(generator, config, Q) {
  const { vocabulary, frequencies } = generator;
  const { maxObjects: N, classCount, gridSide } = vocabulary;
  if (!config.stratifyCounts) {
    const { classes, corners } = slotFrequencyTensors(vocabulary, frequencies);
    return { classes: reshape(classes, [1, ...classes.shape]), corners: reshape(corners, [1, ...corners.shape]) };
  }
  const restrict = (values, choices, slots) => {
    const all = new Float32Array(Q * values.length);
    for (let q = 0; q < Q; q++) {
      const count = 1 + q % config.restarts % N;
      for (let i = 0; i < values.length; i++) {
        const object2 = Math.floor(i / (choices * slots));
        const isNone = i % choices === choices - 1;
        all[q * values.length + i] = isNone === object2 >= count ? values[i] : barred;
      }
    }
    return all;
  };
  return {
    classes: table(restrict(frequencies.classes, classCount + 1, 1), [Q, N, classCount + 1]),
    corners: table(restrict(frequencies.corners, gridSide * gridSide + 1, 2), [Q, N, 2, gridSide * gridSide + 1])
  };
}

// invert/invert.ts
var scoreScale = 0.02;
var Inverter = class _Inverter {
  constructor(generator, config, search2, judge) {
    this.generator = generator;
    this.config = config;
    this.search = search2;
    this.judge = judge;
  }
  generator;
  config;
  search;
  judge;
  static async open(device, generator, prior, config) {
    checkInversion(config, trainedSteps(generator));
    return new _Inverter(
      generator,
      config,
      await Search.open(device, generator, prior, config),
      await Judge.open(device, generator, prior, config)
    );
  }
  /** Network passes so far, forward and backward counted one each. */
  get passes() {
    return this.search.passes + this.judge.passes;
  }
  /** Scaled latents of pictures, filled up to a whole batch with the last one. */
  async encode(subjects) {
    const { firstStage, description } = this.generator;
    const { imagesAtOnce } = this.config;
    const pictures = new Float32Array(subjects.length * subjects[0].picture.length);
    subjects.forEach(({ picture }, i) => pictures.set(picture, i * picture.length));
    const latents = await firstStage.encode(pictures);
    const z = new Float32Array(imagesAtOnce * firstStage.latentSize);
    for (let i = 0; i < imagesAtOnce; i++) {
      const from = Math.min(i, subjects.length - 1) * firstStage.latentSize;
      z.set(
        latents.subarray(from, from + firstStage.latentSize).map((value) => value * description.latentScale),
        i * firstStage.latentSize
      );
    }
    return z;
  }
  /** Inverts up to `imagesAtOnce` pictures together. `onStep` is called after every optimiser step. */
  async invert(subjects, onStep = () => void 0) {
    const { config, search: search2 } = this;
    const z = await this.encode(subjects);
    search2.start(subjects.map(({ name }) => name));
    const streams = subjects.map(({ name }) => new RandomStream(config.seed, `pairs ${name}`));
    const tracks = subjects.map(() => new Track(config));
    for (let step = 0; step < config.steps && tracks.some((track) => !track.done); step++) {
      search2.step(z, streams.map((random) => drawPairs(random, config.batchTimesteps, config.timesteps)), step);
      if ((step + 1) % config.monitorEvery === 0 || step === config.steps - 1) {
        await this.watch(z, tracks, step + 1);
      }
      onStep(step + 1);
    }
    const found = await this.refine(z, tracks.map(({ best }) => best));
    const scores = await this.score(z, found);
    return subjects.map(({ name }, i) => {
      const { loss, monitor, convergenceStep, steps } = tracks[i];
      return {
        name,
        tokens: found[i].tokens,
        energy: found[i].energy,
        objects: scores[i],
        loss,
        monitor,
        convergenceStep,
        steps
      };
    });
  }
  /** Energies of hard layouts for some pictures, by the monitor's fixed pairs. */
  async energiesOf(subjects, candidates) {
    return this.judge.energies(await this.encode(subjects), candidates);
  }
  async watch(z, tracks, step) {
    const { restarts } = this.config;
    const running = await this.search.energies();
    const tokens = (await this.search.tokens()).map((sequence) => compactLayout(this.generator.vocabulary, sequence));
    const watched = tracks.flatMap((track, image) => track.done ? [] : Array.from({ length: restarts }, (_, r) => ({ image, tokens: tokens[image * restarts + r] })));
    const energies = await this.judge.energies(z, watched);
    tracks.forEach((track, image) => {
      if (track.done) return;
      const own = watched.map((candidate, k) => ({ ...candidate, energy: energies[k] })).filter((c) => c.image === image);
      const mean3 = own.reduce((total, _, r) => total + running[image * restarts + r], 0) / own.length;
      track.note(step, mean3, own);
    });
  }
  /** Descends over moves on the grid until none helps, at most `localRounds` rounds. */
  async refine(z, start) {
    const best = start.map((found) => ({ ...found }));
    let open = new Set(best.keys());
    for (let round = 0; round < this.config.localRounds && open.size > 0; round++) {
      const candidates = [...open].flatMap((image) => neighbours(this.generator.vocabulary, best[image].tokens).map((tokens) => ({ image, tokens })));
      const energies = await this.judge.energies(z, candidates);
      const improved = /* @__PURE__ */ new Set();
      candidates.forEach(({ image, tokens }, k) => {
        if (energies[k] < best[image].energy) {
          best[image] = { tokens, energy: energies[k] };
          improved.add(image);
        }
      });
      open = improved;
    }
    return best;
  }
  /** Objects with the rise of the energy that leaving each out brings. */
  async score(z, found) {
    const { vocabulary } = this.generator;
    const candidates = found.flatMap(({ tokens }, image) => decodeLayout(vocabulary, tokens).objects.map(({ slot, classIndex, xyxyUnit }) => ({ image, classIndex, xyxyUnit, tokens: withoutObject(vocabulary, tokens, slot) })));
    const energies = await this.judge.energies(z, candidates);
    return found.map(({ energy }, image) => candidates.flatMap((candidate, k) => {
      if (candidate.image !== image) return [];
      const rise = Math.max(0, energies[k] - energy);
      const { classIndex, xyxyUnit } = candidate;
      return [{ classIndex, xyxyUnit, score: rise / (rise + scoreScale) }];
    }).sort((a, b) => b.score - a.score));
  }
  destroy() {
    this.search.destroy();
    this.judge.destroy();
  }
};
var Track = class {
  constructor(config) {
    this.config = config;
  }
  config;
  loss = [];
  monitor = [];
  best = null;
  convergenceStep = 0;
  steps = 0;
  done = false;
  since = 0;
  note(step, running, candidates) {
    this.steps = step;
    this.loss.push([step, running]);
    const lowest = candidates.reduce((a, b) => b.energy < a.energy ? b : a);
    this.monitor.push([step, lowest.energy]);
    if (!this.best || lowest.energy < this.best.energy) {
      this.best = { tokens: lowest.tokens, energy: lowest.energy };
      this.convergenceStep = step;
      this.since = 0;
    } else {
      this.since++;
    }
    this.done = this.config.patience > 0 && this.since >= this.config.patience;
  }
};

// tools/detect.ts
var pictureEndings = [".jpg", ".jpeg", ".png", ".webp", ".tif", ".tiff"];
async function targetsOf(options, generator) {
  const { annotations, images, count } = options;
  let targets;
  if (annotations !== void 0) {
    const { categories } = generator.description;
    const dataset = await readAnnotations(annotations, { ...noFilters, categories });
    targets = dataset.images.map((image) => ({ image, path: join3(images[0], image.fileName) }));
  } else {
    const paths = (await Promise.all(images.map(async (path) => {
      if (!existsSync(path)) throw new UserError(`--images ${path}: there is no such file or folder`);
      if (!statSync(path).isDirectory()) return [path];
      const names = (await readdir2(path)).filter((name) => pictureEndings.includes(extname(name).toLowerCase())).sort();
      return names.map((name) => join3(path, name));
    }))).flat();
    targets = await Promise.all(paths.map(async (path, i) => {
      const size = await imageSize(path).catch(() => ({ width: 0, height: 0 }));
      return { image: { id: i + 1, fileName: basename2(path), ...size, objects: [] }, path };
    }));
  }
  if (targets.length === 0) {
    throw new UserError(`--images ${images.join(" ")}: holds no pictures (${pictureEndings.join(" ")})`);
  }
  const missing = targets.filter(({ path }) => !existsSync(path));
  if (missing.length > 0) {
    throw new UserError(`${missing[0].path}: there is no such picture (${missing.length} of ${targets.length} are missing)`);
  }
  return targets.slice(0, count);
}
var mostStratified = 4;
function inversionConfig(options, generator) {
  const preset = inversionPresets[options.preset];
  const scaled = preset.timesteps.map((t) => Math.round(t * trainedSteps(generator) / 1e3));
  const trained = generator.description.timesteps;
  let timesteps = [Math.max(trained[0], scaled[0]), Math.min(trained[1], scaled[1])];
  if (options.timesteps !== void 0) {
    const parts = options.timesteps.split(",").map(Number);
    if (parts.length !== 2 || parts.some((n) => !Number.isInteger(n))) {
      throw new UserError(`--timesteps: must be two whole numbers, low,high; found '${options.timesteps}'`);
    }
    timesteps = parts;
  }
  const { maxObjects } = generator.vocabulary;
  const stratify = preset.stratifyCounts && maxObjects <= mostStratified;
  const restarts = options.restarts ?? (stratify ? Math.max(preset.restarts, maxObjects) : preset.restarts);
  const given = Object.fromEntries([
    "steps",
    "batchTimesteps",
    "lr",
    "priorWeight",
    "projection",
    "metric",
    "init",
    "imagesAtOnce",
    "patience",
    "localRounds"
  ].filter((key) => options[key] !== void 0).map((key) => [key, options[key]]));
  const config = { ...preset, ...given, timesteps, restarts, seed: options.seed };
  const unmonitored = options.monitor === false ? { monitorEvery: config.steps, patience: 0 } : {};
  return { ...config, ...unmonitored, stratifyCounts: stratify && restarts >= maxObjects };
}
function priorOf(options, generator) {
  if (!options.prior) return null;
  const prior = openPrior(options.prior);
  const own = generator.run.weights.get(tokenTableName).data;
  const read = prior.run.frozen.get(tokenTableName).data;
  if (own.length !== read.length || own.some((value, i) => value !== read[i])) {
    throw new UserError(`--prior ${options.prior}: was trained on another token table than that of ${options.generator}; train it with --generator set to this run`);
  }
  return prior;
}
function readRecords(file) {
  if (!existsSync(file)) return [];
  return readFileSync(file, "utf8").split("\n").flatMap((line) => {
    try {
      return line ? [JSON.parse(line)] : [];
    } catch {
      return [];
    }
  });
}
async function detect(options, open) {
  const file = join3(options.out, "inversions.jsonl");
  const earlier = readRecords(file);
  if (earlier.length > 0 && !options.resume) {
    throw new UserError(`${options.out}: holds inversions already; go on with --resume or choose another --out`);
  }
  const device = await open();
  const generator = await openGenerator(device, options.generator);
  const prior = priorOf(options, generator);
  const targets = await targetsOf(options, generator);
  const config = inversionConfig(options, generator);
  console.log(`config: ${JSON.stringify(config)}`);
  try {
    mkdirSync(join3(options.out, "overlays"), { recursive: true });
  } catch (error) {
    throw new UserError(`--out ${options.out}: cannot be written (${error.message})`);
  }
  await writeAtomic(file, earlier.map((record) => `${JSON.stringify(record)}
`).join(""));
  const finished = new Set(earlier.map(({ imageId }) => imageId));
  const work = new Work(
    device,
    generator,
    config,
    options,
    await Inverter.open(device, generator, prior, config),
    earlier,
    file
  );
  await work.run(targets.filter(({ image }) => !finished.has(image.id)));
  await work.finish(targets.length);
  device.close();
}
var Work = class {
  constructor(device, generator, config, options, inverter, records, file) {
    this.device = device;
    this.generator = generator;
    this.config = config;
    this.options = options;
    this.inverter = inverter;
    this.records = records;
    this.file = file;
  }
  device;
  generator;
  config;
  options;
  inverter;
  records;
  file;
  skipped = [];
  sampler = null;
  seconds = 0;
  signal = interruptSignal();
  async run(targets) {
    const { imagesAtOnce, steps } = this.config;
    const progress = new Progress("inverting", targets.length);
    for (let first = 0; first < targets.length && !this.signal.aborted; first += imagesAtOnce) {
      const batch = targets.slice(first, first + imagesAtOnce);
      const loaded = await this.load(batch);
      if (loaded.length > 0) {
        const started = performance.now();
        const found = await this.inverter.invert(loaded.map(({ subject }) => subject), (step) => progress.update(first + batch.length * step / (steps + 1), `step ${step}`));
        const seconds = (performance.now() - started) / 1e3 / loaded.length;
        this.seconds += seconds * loaded.length;
        await this.write(loaded, found, seconds);
      }
      progress.update(first + batch.length);
    }
    progress.stop();
  }
  /** Pictures that can be read; the others are reported and left out. */
  async load(batch) {
    const { image: { size } } = this.generator.description;
    const loaded = await Promise.all(batch.map(async (target) => {
      try {
        return { ...target, subject: { name: target.image.fileName, picture: await loadImage(target.path, { size }) } };
      } catch (error) {
        if (!(error instanceof UserError)) throw error;
        this.skipped.push(error.message);
        console.error(`skipped: ${error.message}`);
        return null;
      }
    }));
    return loaded.filter((item) => item !== null);
  }
  async write(loaded, found, seconds) {
    const { categories, image: { size } } = this.generator.description;
    const drawn = this.options.regenerate === false ? null : await this.regenerate(found);
    for (const [i, { image, subject }] of loaded.entries()) {
      const detections = toDetections(found[i], image, categories);
      const record = toRecord(found[i], image, detections, categories, this.config.seed, seconds);
      this.records.push(record);
      appendFileSync(this.file, `${JSON.stringify(record)}
`);
      const boxes = drawnBoxes(found[i].objects, categories, size, size).map((box, k) => ({ ...box, score: found[i].objects[k].score }));
      const panel = async (planes, drawnOn, caption) => ({ png: await drawDetections(rgbFromPlanes(planes, size, size), drawnOn), caption });
      const panels = [await panel(subject.picture, boxes, "found")];
      if (image.objects.length > 0) {
        const truth = drawnBoxes(image.objects, categories, size, size).map((box) => ({ ...box, dashed: true }));
        panels.push(await panel(subject.picture, truth, "annotated"));
      }
      const each = 3 * size * size;
      if (drawn) panels.push(await panel(drawn.slice(i * each, (i + 1) * each), [], "regenerated"));
      const overlay = join3(this.options.out, "overlays", overlayName(image.id, image.fileName));
      await writeAtomic(overlay, await sideBySide(panels));
    }
  }
  /** Pictures that the generator draws from the layouts found. */
  async regenerate(found) {
    const { vocabulary, store, description, firstStage } = this.generator;
    this.sampler ??= await LayoutSampler.open(this.device, store, description, this.config.imagesAtOnce);
    const tokens = new Int32Array(this.config.imagesAtOnce * vocabulary.length);
    for (let i = 0; i < this.config.imagesAtOnce; i++) {
      tokens.set(found[Math.min(i, found.length - 1)].tokens, i * vocabulary.length);
    }
    const z = await this.sampler.sample(tokens, {
      sampler: "ddim",
      steps: Math.min(20, trainedSteps(this.generator)),
      guidance: 1,
      seed: this.config.seed
    });
    return firstStage.decode(z);
  }
  /** Writes detections.json, the page and the summary; the exit status tells of pictures that were skipped. */
  async finish(total) {
    const { out, json } = this.options;
    const names = new Map(this.generator.description.categories.map(({ id, name }) => [name, id]));
    const detections = this.records.flatMap(({ imageId, detections: found }) => found.map(({ label, score, xywhPx }) => ({ image_id: imageId, category_id: names.get(label), bbox: xywhPx, score })));
    if (this.records.length === 0 && this.skipped.length > 0) {
      throw new UserError(`no picture could be read; the first: ${this.skipped[0]}`);
    }
    await writeAtomic(join3(out, "detections.json"), JSON.stringify(detections));
    await writeDetectionsPage(out);
    const mean3 = (of) => this.records.reduce((sum2, r) => sum2 + of(r), 0) / Math.max(1, this.records.length);
    const summary2 = {
      images: this.records.length,
      skipped: this.skipped.length,
      detections: detections.length,
      secondsPerImage: mean3(({ seconds }) => seconds),
      convergenceStep: mean3(({ convergenceStep }) => convergenceStep),
      steps: mean3(({ steps }) => steps),
      passesPerImage: this.inverter.passes / Math.max(1, this.records.length)
    };
    console.log(`${summary2.images} of ${total} pictures: ${summary2.detections} objects, ${summary2.secondsPerImage.toFixed(2)} s and ${Math.round(summary2.passesPerImage)} network passes a picture, converged at step ${summary2.convergenceStep.toFixed(1)} of ${this.config.steps}`);
    console.log(`see ${join3(out, "index.html")}`);
    writeJson(json, summary2);
    if (this.signal.aborted && summary2.images < total) process.exitCode = 130;
    else if (this.skipped.length > 0) process.exitCode = 1;
  }
};

export {
  drawPairs,
  trainedSteps,
  Search,
  writeDetectionsPage,
  checkInversion,
  Judge,
  inversionConfig,
  priorOf,
  detect
};
//# sourceMappingURL=chunk-JWDHQEF3.js.map
