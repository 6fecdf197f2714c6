import {
  drawPriorLayouts
} from "./chunk-XYYZIPSC.js";
import {
  embedForPrior,
  openPrior,
  orderedLayout,
  priorTokenNats,
  slotTargets,
  tokenTableName
} from "./chunk-LOYFLMAJ.js";
import {
  barPlot,
  collapsed,
  fixed,
  htmlPage,
  htmlTable,
  keyValues,
  linePlot,
  paragraph,
  plotGrid
} from "./chunk-T6JM6XVE.js";
import {
  tripleFault
} from "./chunk-MPJXQ5EU.js";
import {
  compile
} from "./chunk-35FDYTRM.js";
import {
  inputTensor
} from "./chunk-AMP7OYK6.js";
import {
  Progress,
  integer,
  openDevice,
  positiveInteger,
  required,
  withDevice,
  writeJson
} from "./chunk-26JDG3OC.js";
import {
  readAnnotations
} from "./chunk-HP4QYYGS.js";
import {
  RandomStream
} from "./chunk-A26XEMZC.js";
import {
  writeAtomic
} from "./chunk-CLXACCIO.js";
import {
  UserError,
  check
} from "./chunk-Q54TM6M7.js";

// tools/likelihood.ts
import { join } from "node:path";

// evaluate/layoutCalibration.ts
var sizeBins = 20;
function layoutStatistics(layouts, classCount, maxObjects) {
  const objectCounts = new Array(maxObjects + 1).fill(0);
  const classes = new Array(classCount).fill(0);
  const together = new Array(classCount ** 2).fill(0);
  const sizes = new Array(sizeBins).fill(0);
  for (const objects2 of layouts) {
    objectCounts[objects2.length]++;
    const own = /* @__PURE__ */ new Map();
    for (const { classIndex, xyxyUnit: [x0, y0, x1, y1] } of objects2) {
      classes[classIndex]++;
      own.set(classIndex, (own.get(classIndex) ?? 0) + 1);
      sizes[Math.min(sizeBins - 1, Math.floor(Math.sqrt((x1 - x0) * (y1 - y0)) * sizeBins))]++;
    }
    for (const [a, count] of own) {
      if (count > 1) together[a * classCount + a]++;
      for (const b of own.keys()) if (a < b) together[a * classCount + b]++;
    }
  }
  const objects = classes.reduce((sum, count) => sum + count, 0);
  const shares = (counts, all) => counts.map((count) => all > 0 ? count / all : 0);
  return {
    layouts: layouts.length,
    objectCounts: shares(objectCounts, layouts.length),
    classes: shares(classes, objects),
    together: shares(together, layouts.length),
    sizes: shares(sizes, objects)
  };
}
function compareStatistics(a, b) {
  const apart = (x, y) => x.reduce((sum, value, i) => sum + Math.abs(value - y[i]), 0) / 2;
  return {
    objectCounts: apart(a.objectCounts, b.objectCounts),
    classes: apart(a.classes, b.classes),
    sizes: apart(a.sizes, b.sizes),
    together: correlation(a.together, b.together)
  };
}
function correlation(x, y) {
  const mean = (values) => values.reduce((sum, value) => sum + value, 0) / values.length;
  const [mx, my] = [mean(x), mean(y)];
  const product = (a, ma, b, mb) => a.reduce((sum, value, i) => sum + (value - ma) * (b[i] - mb), 0);
  return product(x, mx, y, my) / Math.sqrt(product(x, mx, x, mx) * product(y, my, y, my));
}

// evaluate/layoutModel.ts
var partOf = (position) => position % 3;
function layoutChoices(vocabulary, tokens) {
  const { maxObjects: N, classCount } = vocabulary;
  let n = 0;
  while (n < N && tripleFault(vocabulary, tokens, n) !== "absent") {
    const fault = tripleFault(vocabulary, tokens, n);
    check(fault === null, () => `layoutChoices: object ${n} is no legal one (${fault}); measured layouts must be`);
    n++;
  }
  const choices = new Int32Array(3 * n + (n < N ? 1 : 0)).fill(classCount);
  choices.set(tokens.subarray(0, 3 * n));
  return choices;
}
var objectCount = (choices) => Math.floor(choices.length / 3);
function layoutNats(model, choices) {
  const nats = [0, 0, 0];
  for (let position = 0; position < choices.length; position++) {
    nats[partOf(position)] -= Math.log(model.probability(choices, position));
  }
  return nats;
}
var cellPlace = (cell, S) => [cell % S, Math.floor(cell / S)];

// evaluate/layoutBaselines.ts
var smoothing = 0.5;
var strengths = [0.5, 1, 2, 4, 8, 16, 32, 64, 128];
var chosenBy = 10;
function splitForChoice(layouts) {
  if (layouts.length < 2 * chosenBy) return [[...layouts], [...layouts]];
  const block = Math.ceil(layouts.length / chosenBy);
  return [layouts.slice(block), layouts.slice(0, block)];
}
function bestStrength(nats) {
  const values = strengths.map(nats);
  return strengths[values.indexOf(Math.min(...values))];
}
function uniformModel({ classCount, gridSide: S }) {
  return {
    name: "uniform",
    about: "all classes and the end alike, all legal boxes alike",
    probability(choices, position) {
      const part = partOf(position);
      if (part === 0) return 1 / (classCount + 1);
      const [x, y] = cellPlace(choices[position], S);
      if (part === 1) return x < S - 1 && y < S - 1 ? 1 / (S - 1) ** 2 : 0;
      const [x0, y0] = cellPlace(choices[position - 1], S);
      return x > x0 && y > y0 ? 1 / ((S - 1 - x0) * (S - 1 - y0)) : 0;
    }
  };
}
var PairHistogram = class _PairHistogram {
  constructor(size, pairs, strength = 1) {
    this.size = size;
    this.strength = strength;
    this.joint = new Float64Array(size * size);
    this.singles = [new Float64Array(size).fill(smoothing), new Float64Array(size).fill(smoothing)];
    for (const { a, b, weight } of pairs) {
      this.joint[a * size + b] += weight;
      this.singles[0][a] += weight;
      this.singles[1][b] += weight;
    }
    this.sums = prefixSums(this.joint, size);
    this.kinds = prefixSums(this.joint.map((count) => Number(count > 0)), size);
    const along = (values) => {
      const sums = new Float64Array(size + 1);
      values.forEach((value, i) => {
        sums[i + 1] = sums[i] + value;
      });
      return sums;
    };
    this.singleSums = [along(this.singles[0]), along(this.singles[1])];
  }
  size;
  strength;
  joint;
  singles;
  /** Sums of counts, and numbers of different pairs, over a < i and b < j: [size + 1, size + 1]. */
  sums;
  kinds;
  singleSums;
  /** p(a, b | a < limitA, b < limitB) */
  probability(a, b, limitA, limitB) {
    if (a < 0 || b < 0 || a >= limitA || b >= limitB) return 0;
    const at = limitA * (this.size + 1) + limitB;
    const single = (axis, value, limit) => this.singles[axis][value] / this.singleSums[axis][limit];
    const apart = single(0, a, limitA) * single(1, b, limitB);
    const share = this.strength * Math.max(1, this.kinds[at]);
    return (this.joint[a * this.size + b] + share * apart) / (this.sums[at] + share);
  }
  /** Of all pairs, with the strength by which those of `counted` predict those of `choosing` best. */
  static chosen(size, all, counted, choosing) {
    const trial = new _PairHistogram(size, counted);
    return new _PairHistogram(size, all, bestStrength((strength) => {
      trial.strength = strength;
      return choosing.reduce((nats, { a, b, limitA, limitB, weight }) => nats - weight * Math.log(trial.probability(a, b, limitA, limitB)), 0);
    }));
  }
};
function prefixSums(values, size) {
  const sums = new Float64Array((size + 1) ** 2);
  for (let a = 0; a < size; a++) {
    for (let b = 0; b < size; b++) {
      const at = (i, j) => sums[i * (size + 1) + j];
      sums[(a + 1) * (size + 1) + b + 1] = values[a * size + b] + at(a, b + 1) + at(a + 1, b) - at(a, b);
    }
  }
  return sums;
}
function unigramModel({ classCount, gridSide: S, maxObjects: N }, layouts) {
  const classes = new Float64Array(classCount).fill(smoothing);
  const lengths = new Float64Array(N + 1).fill(smoothing);
  for (const { choices, weight } of layouts) {
    const n = objectCount(choices);
    lengths[n] += weight;
    for (let i = 0; i < n; i++) classes[choices[3 * i]] += weight;
  }
  const classTotal = classes.reduce((sum, count) => sum + count, 0);
  const atLeast = (n) => lengths.reduce((sum, count, i) => i >= n ? sum + count : sum, 0);
  const ends = Array.from(lengths, (count, n) => count / atLeast(n));
  const [counted, choosing] = splitForChoice(layouts);
  const histogram = (pairs) => PairHistogram.chosen(S - 1, pairs(layouts), pairs(counted), pairs(choosing));
  const begins = histogram((of) => boxPairs(of, S).map(({ begin }) => begin));
  const extents = histogram((of) => boxPairs(of, S).map(({ extent }) => extent));
  return {
    name: "unigram",
    about: "histograms of the number of objects, classes, positions and sizes",
    probability(choices, position) {
      const part = partOf(position);
      const choice = choices[position];
      if (part === 0) {
        const end = ends[position / 3];
        return choice === classCount ? end : (1 - end) * (classes[choice] / classTotal);
      }
      const [x, y] = cellPlace(choice, S);
      if (part === 1) return begins.probability(y, x, S - 1, S - 1);
      const [x0, y0] = cellPlace(choices[position - 1], S);
      return extents.probability(y - y0 - 1, x - x0 - 1, S - 1 - y0, S - 1 - x0);
    }
  };
}
function boxPairs(layouts, S) {
  return layouts.flatMap(({ choices, weight }) => Array.from({ length: objectCount(choices) }, (_, i) => {
    const [x0, y0] = cellPlace(choices[3 * i + 1], S);
    const [x1, y1] = cellPlace(choices[3 * i + 2], S);
    return {
      begin: { a: y0, b: x0, limitA: S - 1, limitB: S - 1, weight },
      extent: { a: y1 - y0 - 1, b: x1 - x0 - 1, limitA: S - 1 - y0, limitB: S - 1 - x0, weight }
    };
  }));
}
var ContextCounts = class {
  constructor(length, layouts) {
    this.length = length;
    for (const { choices, weight } of layouts) {
      for (let position = 0; position < choices.length; position++) {
        const key = this.key(choices, position);
        let seen = this.table.get(key);
        if (!seen) this.table.set(key, seen = { total: 0, counts: /* @__PURE__ */ new Map() });
        seen.total += weight;
        seen.counts.set(choices[position], (seen.counts.get(choices[position]) ?? 0) + weight);
      }
    }
  }
  length;
  table = /* @__PURE__ */ new Map();
  /** Tokens of different parts share numbers; before the first one there is nothing. */
  key(choices, position) {
    return `${partOf(position)}:${choices.subarray(Math.max(0, position - this.length), position).join(" ")}`;
  }
  /** The interpolation with the probability `shorter` that fewer tokens give. */
  probability(choices, position, shorter, strength) {
    const seen = this.table.get(this.key(choices, position));
    if (!seen) return shorter;
    const share = strength * seen.counts.size;
    return ((seen.counts.get(choices[position]) ?? 0) + share * shorter) / (seen.total + share);
  }
};
function lengthen(length, layouts, shorter) {
  const [counted, choosing] = splitForChoice(layouts);
  const trial = new ContextCounts(length, counted);
  const strengthOf = [0, 1, 2].map((part) => {
    const cases = choosing.flatMap(({ choices, weight }) => range(part, choices.length, 3).map((position) => ({ choices, weight, position, given: shorter.trial.probability(choices, position) })));
    return bestStrength((strength) => cases.reduce((nats, { choices, weight, position, given }) => nats - weight * Math.log(trial.probability(choices, position, given, strength)), 0));
  });
  const extended = (counts2, fewer) => ({
    name: `${length + 1}-gram`,
    about: `the last ${length} tokens, backing off to fewer and to the unigram`,
    probability: (choices, position) => counts2.probability(choices, position, fewer.probability(choices, position), strengthOf[partOf(position)])
  });
  const counts = new ContextCounts(length, layouts);
  return { fitted: extended(counts, shorter.fitted), trial: extended(trial, shorter.trial) };
}
function range(start, end, step) {
  return Array.from({ length: Math.max(0, Math.ceil((end - start) / step)) }, (_, i) => start + i * step);
}
function ngramModels(vocabulary, order, layouts, unigram) {
  let model = { fitted: unigram, trial: unigramModel(vocabulary, splitForChoice(layouts)[0]) };
  return range(1, order, 1).map((length) => {
    model = lengthen(length, layouts, model);
    return model.fitted;
  });
}
function layoutBaselines(vocabulary, layouts) {
  const unigram = unigramModel(vocabulary, layouts);
  return [uniformModel(vocabulary), unigram, ...ngramModels(vocabulary, 4, layouts, unigram)];
}

// evaluate/likelihood.ts
var folds = 5;
var fittedOrders = 4;
var batch = 32;
var total = ([a, b, c]) => a + b + c;
async function measureLikelihood(device, prior, layouts, training, options) {
  const { vocabulary, description: { data } } = prior;
  const order = data.order ?? "random";
  const orders = order === "canonical" ? 1 : options.orders;
  const sequences = layouts.flatMap(({ id, objects }) => Array.from({ length: orders }, (_, k) => orderedLayout(vocabulary, objects, order, false, new RandomStream(options.seed, `order ${k} of layout ${id}`))));
  const choices = sequences.map((tokens2) => layoutChoices(vocabulary, tokens2));
  const ofPrior = await priorLayoutNats(device, prior, sequences, options);
  const models = [{ name: "prior", about: "the trained transformer", nats: ofPrior }];
  const fit = (of) => layoutBaselines(vocabulary, fittingLayouts(vocabulary, of, order, data.flip, options.seed));
  const foldCount = training ? 1 : Math.min(folds, layouts.length);
  check(training !== null || layouts.length > 1, "measureLikelihood: baselines need layouts beside the one measured");
  for (let fold = 0; fold < foldCount; fold++) {
    const baselines = fit(training ?? layouts.filter((_, i) => i % foldCount !== fold));
    baselines.forEach(({ name, about }, i) => {
      models[i + 1] ??= { name, about, nats: [] };
    });
    choices.forEach((sequence, i) => {
      if (Math.floor(i / orders) % foldCount !== fold) return;
      baselines.forEach((model, m) => {
        models[m + 1].nats[i] = layoutNats(model, sequence);
      });
    });
  }
  const counts = layouts.map(({ objects }) => objects.length);
  const tokens = layouts.reduce((sum, _, i) => sum + choices[i * orders].length, 0);
  return {
    ...compareModels(models.map((model) => ({ ...model, nats: meansOf(model.nats, orders) })), counts, tokens),
    order,
    orders,
    fitted: training ? `to ${training.length} other layouts` : `to the other ${foldCount - 1} of ${foldCount} parts of the same layouts`
  };
}
function fittingLayouts(vocabulary, layouts, order, flip, seed) {
  const orders = order === "canonical" ? 1 : fittedOrders;
  const weight = 1 / (orders * (flip ? 2 : 1));
  return layouts.flatMap(({ id, objects }) => (flip ? [false, true] : [false]).flatMap((mirrored) => Array.from({ length: orders }, (_, k) => {
    const random = new RandomStream(seed, `fitted order ${k} of layout ${id}`);
    const tokens = orderedLayout(vocabulary, objects, order, mirrored, random);
    return { choices: layoutChoices(vocabulary, tokens), weight };
  })));
}
function meansOf(nats, orders) {
  return Array.from({ length: nats.length / orders }, (_, i) => {
    const own = nats.slice(i * orders, (i + 1) * orders);
    return [0, 1, 2].map((part) => own.reduce((sum, value) => sum + value[part], 0) / orders);
  });
}
function compareModels(models, counts, tokens) {
  const objects = counts.reduce((sum, n) => sum + n, 0);
  const figures = models.map(({ name, about, nats: nats2 }) => {
    const [classes, topLeft, bottomRight] = [0, 1, 2].map((part) => nats2.reduce((sum, of) => sum + of[part], 0) / objects);
    const perObject = classes + topLeft + bottomRight;
    return {
      name,
      about,
      perLayout: perObject * objects / counts.length,
      perObject,
      perToken: perObject * objects / tokens,
      parts: { classes, topLeft, bottomRight },
      standardError: ratioError(nats2.map(total), counts)
    };
  });
  const [prior, ...baselines] = figures;
  const best = baselines.reduce((a, b) => b.perObject < a.perObject ? b : a);
  const nats = models[figures.indexOf(best)].nats;
  return {
    layouts: counts.length,
    objects,
    tokens,
    models: figures,
    bestBaseline: best.name,
    ratio: prior.perObject / best.perObject,
    gain: {
      nats: best.perObject - prior.perObject,
      standardError: ratioError(nats.map((value, i) => total(value) - total(models[0].nats[i])), counts)
    }
  };
}
function ratioError(values, counts) {
  const objects = counts.reduce((sum, n) => sum + n, 0);
  const ratio = values.reduce((sum, value) => sum + value, 0) / objects;
  const squares = values.reduce((sum, value, i) => sum + (value - ratio * counts[i]) ** 2, 0);
  return Math.sqrt(squares) / objects;
}
async function priorLayoutNats(device, prior, sequences, { onScored } = {}) {
  const program = await tokenNatsProgram(device, prior);
  const { length: L, maxObjects: N } = prior.vocabulary;
  const all = [];
  for (let first = 0; first < sequences.length; first += batch) {
    const part = sequences.slice(first, first + batch);
    const tokens = new Int32Array(batch * L);
    const ids = new Int32Array(batch * 3 * N);
    for (let i = 0; i < batch; i++) {
      const sequence = part[Math.min(i, part.length - 1)];
      tokens.set(sequence, i * L);
      ids.set(sequence.subarray(0, 3 * N), i * 3 * N);
    }
    program.run({ ids, ...slotTargets(prior.vocabulary, tokens) });
    const [classes, corners] = [await program.readFloats("classes"), await program.readFloats("corners")];
    part.forEach((_, i) => {
      const nats = [0, 0, 0];
      for (let n = i * N; n < (i + 1) * N; n++) {
        nats[0] += classes[n];
        nats[1] += corners[2 * n];
        nats[2] += corners[2 * n + 1];
      }
      all.push(nats);
    });
    onScored?.(all.length, sequences.length);
  }
  program.destroy();
  return all;
}
async function tokenNatsProgram(device, prior) {
  const { maxObjects: N } = prior.vocabulary;
  const targets = {
    classes: inputTensor("classes", [batch, N], "i32"),
    corners: inputTensor("corners", [batch, N, 2], "i32")
  };
  const embeddings = embedForPrior(prior, inputTensor("ids", [batch, 3 * N], "i32"));
  const { classes, corners } = priorTokenNats(prior.store.scope(), embeddings, targets, prior.description);
  return compile(device, { name: "layout likelihood", outputs: { classes, corners } });
}

// evaluate/report/likelihoodPage.ts
var pairsShown = 40;
var pairsListed = 60;
function likelihoodPage({ title, likelihood, sets, classes }) {
  return htmlPage({
    title,
    subtitle: "Likelihood of a layout prior",
    sections: [
      { title: "", body: [facts(likelihood)] },
      { title: "Likelihood", body: likelihoodBlocks(likelihood) },
      ...sets.length > 1 ? calibrationSections(sets, classes) : []
    ]
  });
}
function facts({ layouts, objects, order, orders, ratio, bestBaseline }) {
  return keyValues([
    ["layouts", layouts],
    ["objects", objects],
    ["order of objects", order === "random" ? `random, mean over ${orders} of each layout` : order],
    [`nats per object, prior / ${bestBaseline}`, fixed(ratio, 3)]
  ]);
}
function likelihoodBlocks({ models, fitted, gain, bestBaseline }) {
  const rows = models.map(({ name, about, perLayout, perObject, perToken, standardError, parts }) => [
    name,
    fixed(perLayout, 2),
    fixed(perObject, 3),
    fixed(standardError, 3),
    fixed(perToken, 3),
    fixed(parts.classes, 3),
    fixed(parts.topLeft, 3),
    fixed(parts.bottomRight, 3),
    about
  ]);
  const bars = models.map(({ name, perObject }) => ({ label: name, value: Number(perObject.toFixed(3)) }));
  return [
    htmlTable(["model", "nats per layout", "per object", "\xB1", "per token", "class", "top left", "bottom right", "what it knows"], rows),
    paragraph(`Per object the prior saves ${gain.nats.toFixed(3)} \xB1 ${gain.standardError.toFixed(3)} nats over the ${bestBaseline} (standard error over layouts). Baselines were fitted ${fitted}.`),
    plotGrid([barPlot({ title: "Nats per object", valueLabel: "nats", bars })])
  ];
}
function calibrationSections(sets, classes) {
  const rows = sets.filter(({ calibration }) => calibration !== null).map(({ name, statistics, calibration }) => [
    name,
    statistics.layouts,
    fixed(calibration.objectCounts, 3),
    fixed(calibration.classes, 3),
    fixed(calibration.sizes, 3),
    fixed(Number.isFinite(calibration.together) ? calibration.together : null, 3)
  ]);
  const curves = (points) => sets.map(({ name, statistics }) => ({ name, points: points(statistics) }));
  const first = sets[0].statistics;
  const ranked = (shares, most) => shares.map((_, i) => i).sort((a, b) => shares[b] - shares[a]).filter((i) => shares[i] > 0).slice(0, most);
  const byRank = (order, of) => curves((statistics) => order.map((i, rank) => [rank + 1, of(statistics)[i]]));
  const [byClass, byPair] = [ranked(first.classes, pairsShown), ranked(first.together, pairsShown)];
  const plots = [
    linePlot({
      title: "Number of objects",
      xLabel: "objects of a layout",
      yLabel: "share of layouts",
      markers: true,
      series: curves(({ objectCounts }) => objectCounts.map((share, n) => [n, share])),
      include: { y: [0] }
    }),
    linePlot({
      title: "Size of objects",
      xLabel: "square root of the area",
      yLabel: "share of objects",
      markers: true,
      series: curves(({ sizes }) => sizes.map((share, bin) => [(bin + 0.5) / sizeBins, share])),
      include: { y: [0] }
    }),
    linePlot({
      title: "Classes",
      xLabel: `class, by rank in ${sets[0].name}`,
      yLabel: "share of objects",
      logY: true,
      markers: true,
      series: byRank(byClass, (statistics) => statistics.classes)
    }),
    linePlot({
      title: "Classes together",
      xLabel: `pair of classes, by rank in ${sets[0].name}`,
      yLabel: "share of layouts",
      markers: true,
      logY: true,
      series: byRank(byPair, (statistics) => statistics.together)
    })
  ];
  const listed = ranked(first.together, pairsListed).map((pair) => {
    const [a, b] = [Math.floor(pair / classes.length), pair % classes.length];
    return [
      a === b ? `${classes[a]}, twice` : `${classes[a]}, ${classes[b]}`,
      ...sets.map(({ statistics }) => fixed(statistics.together[pair], 4))
    ];
  });
  return [{
    title: "Calibration",
    body: [
      htmlTable([`against ${sets[0].name}`, "layouts", "number of objects", "classes", "sizes", "classes together"], rows),
      paragraph("Total variation distance, 0 where alike; for classes together the correlation over all pairs, 1 where alike. Other layouts of data show what chance alone would leave.", "note"),
      plotGrid(plots),
      collapsed(
        `Shares of layouts with the ${listed.length} most frequent pairs of classes`,
        [htmlTable(["pair", ...sets.map(({ name }) => name)], listed)]
      )
    ]
  }];
}

// tools/likelihood.ts
function addLikelihood(root) {
  withDevice(root.command("likelihood").helpOption("-h, --help", "show this help").description("Measures a layout prior in nats beside uniform, unigram and n-gram baselines; writes likelihood.json and a page.").option("--prior <run>", "folder of a trained prior (required)").option("--annotations <file>", "layouts to measure on, best unseen ones, COCO instances JSON (required)").option("--baselines-from <file>", "layouts that baselines are fitted to, best those that the prior was trained on (default: the other four fifths of --annotations)").option("--orders <number>", "random orders of objects that each figure is a mean over", positiveInteger, 4).option("--samples <number>", "layouts drawn to compare counts of objects and classes; 0 for none", integer, 256).option("--out <dir>", "folder of likelihood.json and index.html (default: likelihood in the folder of the prior)").option("--json <file>", "also write the figures to this file").addHelpText("after", [
    "",
    "Example:",
    "  npm run evaluate -- likelihood --prior runs/prior --annotations data/val.json --baselines-from data/train.json"
  ].join("\n"))).action(measurePrior);
}
async function measurePrior(options) {
  const [dir, file] = [required(options.prior, "--prior"), required(options.annotations, "--annotations")];
  if (options.samples < 0) throw new UserError(`--samples: must be 0 or more, found ${options.samples}`);
  const prior = openPrior(dir);
  const read = (path) => readAnnotations(path, {
    minArea: prior.description.data.minArea,
    maxObjects: prior.vocabulary.maxObjects,
    categories: prior.description.categories
  });
  const measured = await read(file);
  const training = options.baselinesFrom === void 0 ? null : await read(options.baselinesFrom);
  if (!training && measured.images.length < 2) {
    throw new UserError(`${file}: baselines need layouts beside the one that is measured; give some with --baselines-from`);
  }
  const dropped = Object.entries(measured.dropped).filter(([, count]) => count > 0).map(([why, count]) => `${count} ${why}`);
  console.log(`${measured.images.length} layouts; dropped: ${dropped.join(", ") || "nothing"}`);
  const device = await openDevice(options);
  const progress = new Progress("scoring", measured.images.length * options.orders);
  const likelihood = await measureLikelihood(device, prior, measured.images, training?.images ?? null, {
    orders: options.orders,
    seed: options.seed,
    onScored: (done) => progress.update(done)
  });
  progress.stop();
  console.log(formatLikelihood(likelihood));
  const sets = options.samples > 0 ? await compareSamples(device, prior, measured, training, options) : [];
  const calibration = sets.flatMap(({ name, calibration: of }) => of ? [{ name, ...of }] : []);
  for (const { name, objectCounts, classes, together } of calibration) {
    console.log(`${name} against measured: distance of object counts ${objectCounts.toFixed(3)}, of classes ${classes.toFixed(3)}; correlation of classes together ${together.toFixed(3)}`);
  }
  const record = { ...likelihood, calibration };
  const out = options.out ?? join(dir, "likelihood");
  await writeAtomic(join(out, "likelihood.json"), `${JSON.stringify(record, null, 2)}
`);
  await writeAtomic(join(out, "index.html"), likelihoodPage({
    title: dir,
    likelihood,
    sets,
    classes: prior.description.categories.map(({ name }) => name)
  }));
  writeJson(options.json, record);
  console.log(`see ${join(out, "index.html")}`);
  device.close();
}
async function compareSamples(device, prior, measured, training, options) {
  const { classCount, maxObjects } = prior.vocabulary;
  const progress = new Progress("drawing layouts, token", options.samples * 3 * maxObjects);
  const drawn = await drawPriorLayouts(device, prior.store, prior.description, prior.run.frozen.get(tokenTableName), {
    count: options.samples,
    seed: options.seed,
    onToken: (done) => progress.update(done)
  });
  progress.stop();
  const of = (layouts) => layoutStatistics(layouts.map(({ objects }) => objects), classCount, maxObjects);
  const first = of(measured.images);
  const named = (name, layouts) => {
    const statistics = of(layouts);
    return { name, statistics, calibration: compareStatistics(first, statistics) };
  };
  return [
    { name: "measured", statistics: first, calibration: null },
    named("drawn", drawn),
    ...training ? [named("fitted", training.images)] : []
  ];
}
function formatLikelihood(likelihood) {
  const { models, layouts, objects, tokens, order, orders, fitted, ratio, bestBaseline, gain } = likelihood;
  const header = ["nats", "per layout", "per object", "+-", "per token", "class", "top left", "bottom right"];
  const rows = models.map(({ name, perLayout, perObject, perToken, standardError, parts }) => [
    name,
    perLayout.toFixed(2),
    ...[perObject, standardError, perToken, parts.classes, parts.topLeft, parts.bottomRight].map((value) => value.toFixed(3))
  ]);
  const widths = header.map((_, column) => Math.max(...[header, ...rows].map((row) => row[column].length)));
  const lines = [header, ...rows].map((row) => row.map((cell, column) => column === 0 ? cell.padEnd(widths[0]) : cell.padStart(widths[column])).join("  "));
  const shown = order === "random" ? `mean over ${orders} random orders of each` : "in canonical order";
  return [
    `${layouts} layouts, ${objects} objects, ${tokens} tokens; ${shown}; baselines fitted ${fitted}`,
    "",
    ...lines,
    "",
    `per object the prior takes ${ratio.toFixed(3)} of the nats of the ${bestBaseline}, ${gain.nats.toFixed(3)} +- ${gain.standardError.toFixed(3)} less`
  ].join("\n");
}

export {
  addLikelihood
};
//# sourceMappingURL=chunk-IY3GMX6Z.js.map
