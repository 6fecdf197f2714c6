import {
  profileProgram
} from "./chunk-X4N3U6FL.js";
import {
  BatchPrefetcher,
  describePlan
} from "./chunk-4CJS6QHA.js";
import {
  readJsonLines
} from "./chunk-ZOERM2PQ.js";
import {
  collapsed,
  htmlPage,
  imageGrid,
  keyValues,
  linePlot,
  paragraph,
  plotGrid,
  preformatted
} from "./chunk-T6JM6XVE.js";
import {
  expectRun,
  logMetrics,
  openRun,
  resumeRun,
  rewindMetrics,
  saveRun
} from "./chunk-F6TGNQ67.js";
import {
  imageSize
} from "./chunk-RDT35KUK.js";
import {
  Progress,
  interruptSignal,
  positiveInteger,
  required,
  withDevice,
  writeJson
} from "./chunk-26JDG3OC.js";
import {
  readJson
} from "./chunk-L5HLJDC5.js";
import {
  writeAtomic
} from "./chunk-CLXACCIO.js";
import {
  UserError
} from "./chunk-Q54TM6M7.js";

// tools/trainCommand.ts
import { existsSync } from "node:fs";
import { join as join3 } from "node:path";

// evaluate/report/runPage.ts
import { readdir } from "node:fs/promises";
import { basename, join, resolve } from "node:path";

// evaluate/report/metricSeries.ts
function metricGroups(records) {
  const fields = /* @__PURE__ */ new Map();
  let lastStep = -Infinity;
  for (const { step, ...values } of records) {
    if (typeof step !== "number" || !Number.isFinite(step)) continue;
    if (step < lastStep) dropFrom(fields, step);
    lastStep = step;
    for (const [name, value] of Object.entries(values)) {
      if (typeof value !== "number" && value !== null) continue;
      const points = fields.get(name) ?? [];
      fields.set(name, points);
      if (points.at(-1)?.[0] === step) points.pop();
      points.push([step, value ?? NaN]);
    }
  }
  const groups = /* @__PURE__ */ new Map();
  for (const [name, points] of fields) {
    if (!points.some(([, y]) => Number.isFinite(y))) continue;
    const { base, validation } = splitName(name);
    const series = groups.get(base) ?? [];
    groups.set(base, series);
    series.push({ name, validation, points });
  }
  return [...groups].map(([name, series]) => ({
    name,
    series: series.sort((a, b) => Number(a.validation) - Number(b.validation))
  }));
}
function dropFrom(fields, step) {
  for (const points of fields.values()) {
    while (points.length > 0 && points.at(-1)[0] >= step) points.pop();
  }
}
function splitName(name) {
  const match = /^val(?:idation)?(?![a-z])[_./-]?(.*)$/.exec(name);
  if (!match) return { base: name, validation: false };
  const rest = match[1];
  return { base: rest === "" ? "loss" : rest[0].toLowerCase() + rest.slice(1), validation: true };
}

// evaluate/report/runPage.ts
var smoothing = 0.015;
var newestSamples = 12;
var pixelArtPx = 160;
async function writeRunPage(runDir) {
  const names = await readdir(runDir).catch((error) => {
    throw new UserError(`${runDir}: cannot be read (${error.code}). Is it the folder of a training run?`);
  });
  const { records, unreadable } = await readJsonLines(join(runDir, "metrics.jsonl"));
  const config = names.includes("config.json") ? runConfig(await readJson(join(runDir, "config.json"))) : null;
  const groups = metricGroups(records);
  const samples = names.includes("samples") ? await findSamples(join(runDir, "samples")) : [];
  const path = join(runDir, "index.html");
  await writeAtomic(path, htmlPage({
    title: basename(resolve(runDir)),
    subtitle: "Training run",
    sections: [
      { title: "", body: [summary(groups, config), ...commandBlock(config)] },
      { title: "Curves", body: curves(groups, unreadable) },
      { title: "Samples", body: sampleGrids(samples) },
      { title: "Configuration", body: config ? [collapsed("config.json", [preformatted(config.text)])] : [] }
    ]
  }));
  return path;
}
function runConfig(json) {
  const { command, adapter } = json ?? {};
  return {
    text: JSON.stringify(json, null, 2),
    command: Array.isArray(command) ? command.map((part) => quoteArgument(String(part))).join(" ") : plain(command),
    adapter: plain(adapter)
  };
}
function plain(value) {
  if (value === void 0 || value === null) return "";
  if (typeof value !== "object") return String(value);
  return Object.values(value).filter((part) => typeof part === "string" && part !== "").join(", ");
}
function quoteArgument(argument) {
  return /^[\w@%+=:,./-]+$/.test(argument) ? argument : `'${argument.replaceAll("'", "'\\''")}'`;
}
function summary(groups, config) {
  const all = groups.flatMap(({ series }) => series);
  const steps = all.map(({ points }) => points.at(-1)?.[0] ?? -Infinity);
  const entries = [["steps", steps.length > 0 ? Math.max(...steps) : null]];
  for (const { series } of groups.filter(({ name }) => name === "loss")) {
    for (const each of series) entries.push(...lossFigures(each));
  }
  const ms = all.find(({ name }) => name === "ms");
  if (ms) entries.push(["ms per step, median", median(ms.points.map(([, y]) => y))]);
  if (config?.adapter) entries.push(["adapter", config.adapter]);
  return keyValues(entries);
}
function lossFigures({ name, validation, points }) {
  const finite = points.filter(([, y]) => Number.isFinite(y));
  if (!validation) {
    const recent = finite.slice(-100).map(([, y]) => y);
    return [[`${name}, mean of the last ${recent.length}`, recent.reduce((sum, y) => sum + y, 0) / recent.length]];
  }
  const [bestStep, best] = finite.reduce((a, b) => b[1] < a[1] ? b : a);
  return [[`${name}, last`, finite.at(-1)[1]], [`${name}, best (step ${bestStep})`, best]];
}
function median(values) {
  const sorted = values.filter(Number.isFinite).sort((a, b) => a - b);
  return sorted[Math.floor(sorted.length / 2)] ?? NaN;
}
function commandBlock(config) {
  return config?.command ? [preformatted(config.command)] : [];
}
function curves(groups, unreadable) {
  const body = groups.length > 0 ? [plotGrid(groups.map(metricPlot))] : [paragraph("Nothing has been recorded yet.")];
  if (unreadable > 0) {
    body.push(paragraph(`${unreadable} lines of metrics.jsonl could not be read and are left out.`, "note"));
  }
  return body;
}
var metricTitles = { lr: "learning rate", ms: "ms per step" };
function metricPlot({ name, series }) {
  const values = series.flatMap(({ points }) => points.map(([, y]) => y)).filter(Number.isFinite);
  const noisy = name !== "lr";
  return linePlot({
    title: metricTitles[name] ?? (series.length === 1 ? series[0].name : name),
    xLabel: "step",
    yLabel: "",
    series: series.map(({ name: seriesName, validation, points }) => ({
      name: seriesName,
      points,
      dashed: validation && series.length > 1,
      ...noisy && !validation ? { smooth: smoothing } : {}
    })),
    logY: noisy && spansDecades(values)
  });
}
function spansDecades(values) {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted.length > 1 && sorted[0] > 0 && sorted.at(-1) / sorted[Math.floor(sorted.length / 2)] > 20;
}
async function findSamples(folder) {
  const names = await readdir(folder);
  const stepOf = (name) => Number(/(\d+)\D*$/.exec(name)?.[1] ?? -1);
  const pictures = names.filter((name) => name.endsWith(".png") && !name.startsWith(".")).sort((a, b) => stepOf(b) - stepOf(a) || (a < b ? -1 : 1));
  return Promise.all(pictures.map(async (name) => {
    const { width } = await imageSize(join(folder, name));
    return { src: `samples/${name}`, caption: name.slice(0, -".png".length), pixels: width <= pixelArtPx };
  }));
}
function sampleGrids(samples) {
  if (samples.length === 0) return [];
  const older = samples.slice(newestSamples);
  const grid = imageGrid(samples.slice(0, newestSamples), { cellRem: 20 });
  return older.length > 0 ? [grid, collapsed(`${older.length} older`, [imageGrid(older)])] : [grid];
}

// train/config.ts
var words = {
  decay: ["constant", "linear", "cosine"],
  init: ["published", "fourier"],
  prediction: ["noise", "z", "v"],
  loss: ["l1", "l2"],
  corners: ["cell", "factored"],
  adapters: ["shared", "slot"],
  positions: ["token", "object"],
  order: ["random", "canonical"]
};
function parseWord(path, old, text) {
  const known = words[path.split(".").at(-1)] ?? [old];
  if (!known.includes(text)) throw new UserError(`--${path}: must be ${known.join(", ")}; found '${text}'`);
  return text;
}
function parseLike(path, old, text) {
  if (typeof old === "number") {
    const value = Number(text);
    if (text.trim() === "" || !Number.isFinite(value)) {
      throw new UserError(`--${path}: must be a number, found '${text}'`);
    }
    return value;
  }
  if (typeof old === "boolean") {
    if (text !== "true" && text !== "false") throw new UserError(`--${path}: must be true or false, found '${text}'`);
    return text === "true";
  }
  if (typeof old === "string") return parseWord(path, old, text);
  if (Array.isArray(old)) return text === "" ? [] : text.split(",").map((part) => parseLike(path, old[0] ?? 0, part));
  throw new UserError(`--${path}: names a group of options, not one; it holds ${Object.keys(old).join(", ")}`);
}
function overrideConfig(config, overrides) {
  const result = structuredClone(config);
  for (const [path, text] of Object.entries(overrides)) {
    let at = result;
    const keys = path.split(".");
    keys.forEach((key, depth) => {
      if (at === null || typeof at !== "object" || !Object.hasOwn(at, key)) {
        const known = at !== null && typeof at === "object" ? Object.keys(at).join(", ") : "nothing";
        throw new UserError(`--${path}: there is no option '${key}'; there are ${known}`);
      }
      const group = at;
      if (depth === keys.length - 1) group[key] = parseLike(path, group[key], text);
      else at = group[key];
    });
  }
  return result;
}

// train/loop.ts
import { join as join2 } from "node:path";
async function train(device, task, loop, options) {
  const { out, resume, signal } = options;
  let header = { kind: task.kind, config: task.config, step: 0, best: null };
  if (resume) header = { ...resumeRun(out, task.kind, device, task), config: task.config };
  openRun(out, task.kind, task.config, resume);
  if (resume) {
    rewindMetrics(out, header.step);
    options.print(`resumed at step ${header.step}`);
  }
  let step = header.step;
  let best = header.best;
  const figures = {};
  const save = async () => {
    await saveRun(out, "latest", device, { ...header, step, best }, task);
    await options.saved(out);
  };
  const batches = new BatchPrefetcher({ load: (at) => task.batch(at), start: step, end: loop.steps, ahead: 4 });
  let logged = { step, time: performance.now() };
  try {
    while (step < loop.steps && !signal.aborted) {
      const program = task.programAt?.(step) ?? task.program;
      program.run(await batches.next());
      await device.idle();
      step++;
      const last = step === loop.steps;
      if (step % loop.logEvery === 0 || last || step === 1) {
        const now = await readFigures(program, step);
        const ms = (performance.now() - logged.time) / (step - logged.step);
        logged = { step, time: performance.now() };
        Object.assign(figures, now, { ms });
        logMetrics(out, { step, ...now, ms: Math.round(ms * 10) / 10 });
      }
      if (step % loop.validateEvery === 0 || last) {
        const values = await task.validate();
        Object.assign(figures, values);
        const value = values["val"];
        if (value !== void 0) {
          logMetrics(out, { step, ...values });
          options.print(`step ${step}  loss ${figures["loss"]?.toPrecision(4)}  val ${value.toPrecision(4)}`);
          if (!best || value < best.value) {
            best = { value, step };
            await saveRun(out, "best", device, { ...header, step, best }, task);
          }
        }
        logged.time = performance.now();
        logged.step = step;
      }
      if (step % loop.sampleEvery === 0 || last) {
        await task.sample(join2(out, "samples", `${String(step).padStart(6, "0")}.png`));
        logged = { step, time: performance.now() };
      }
      if (step % loop.checkpointEvery === 0 && !last) await save();
      options.progress(step, `loss ${figures["loss"]?.toPrecision(4) ?? ""}`);
    }
  } finally {
    await batches.stop();
  }
  await save();
  return { step, figures, interrupted: step < loop.steps };
}
async function readFigures(program, step) {
  const [loss, gradNorm, lr] = await Promise.all(["loss", "gradNorm", "lr"].map((name) => program.readScalar(name)));
  if (!Number.isFinite(loss) || !Number.isFinite(gradNorm)) {
    throw new Error(`step ${step}: the loss is ${loss}, the norm of the gradients ${gradNorm}; training has diverged. Lower --optim.lr, or go on from the last checkpoint with --resume.`);
  }
  return { loss, gradNorm, lr };
}

// tools/trainCommand.ts
function withTraining(target, presets, preset) {
  return withDevice(target.option("--annotations <file>", "training set, COCO instances JSON (required)").option("--out <dir>", "folder of the run (required)").option("--preset <name>", `sizes and settings: ${presets.join(", ")}`, preset).option("--validate-annotations <file>", "validation set (default: a tenth of the training set is held out)").option("--steps <number>", "optimiser steps (default: the preset's)", positiveInteger).option("--batch <number>", "samples a step (default: the preset's)", positiveInteger).option("--resume", "go on with the run in --out").option("--profile", "print the time of every kernel of a step at the end").option("--json <file>", "also write the last figures to this file").addHelpText("after", "\nAny field of the preset is overridden by a dotted option: --optim.lr 1e-4"), null);
}
function chooseConfig(presets, options, overrides) {
  const preset = Object.hasOwn(presets, options.preset) ? presets[options.preset] : void 0;
  if (!preset) {
    throw new UserError(`--preset: there is no '${options.preset}'; there are ${Object.keys(presets).join(", ")}`);
  }
  const config = overrideConfig(preset, overrides);
  for (const [name, value] of Object.entries(config.loop)) {
    if (!Number.isInteger(value) || value < 1) {
      throw new UserError(`--loop.${name}: must be a whole number from 1, found ${value}`);
    }
  }
  return {
    ...config,
    seed: options.seed ?? config.seed,
    batch: options.batch ?? config.batch,
    loop: { ...config.loop, steps: options.steps ?? config.loop.steps }
  };
}
function dataPaths(options, needsImages) {
  const paths = {
    annotations: required(options.annotations, "--annotations"),
    images: needsImages ? required(options.images, "--images") : options.images ?? "."
  };
  expectRun(required(options.out, "--out"), options.resume ?? false);
  if (needsImages && !existsSync(paths.images)) {
    throw new UserError(`--images ${paths.images}: there is no such folder`);
  }
  return {
    ...paths,
    ...options.validateAnnotations !== void 0 && { validateAnnotations: options.validateAnnotations },
    ...options.validateImages !== void 0 && { validateImages: options.validateImages }
  };
}
async function buildTask(overrides, make) {
  try {
    return await make();
  } catch (error) {
    const given = Object.entries(overrides).map(([path, value]) => `--${path} ${value}`).join(" ");
    if (error instanceof UserError || !given) throw error;
    throw new UserError(`no model can be built with ${given}: ${error.message}`);
  }
}
async function runTraining(device, task, loop, options) {
  const out = required(options.out, "--out");
  console.log(describePlan(task.program));
  const progress = new Progress("step", loop.steps);
  const result = await train(device, task, loop, {
    out,
    resume: options.resume ?? false,
    signal: interruptSignal(),
    progress: (done, note) => progress.update(done, note),
    print: (line) => console.log(line),
    saved: async (out2) => {
      await writeRunPage(out2);
    }
  });
  progress.stop();
  if (options.profile) await printProfile(device, task);
  const figures = Object.entries(result.figures).map(([name, value]) => `${name} ${value.toPrecision(4)}`).join("  ");
  console.log(`${result.interrupted ? "stopped" : "done"} at step ${result.step}: ${figures}`);
  console.log(`see ${join3(out, "index.html")}${result.interrupted ? "; go on with --resume" : ""}`);
  writeJson(options.json, { step: result.step, ...result.figures });
  device.close();
  if (result.interrupted) process.exitCode = 130;
}
async function printProfile(device, task) {
  const kernels = await profileProgram(device, task.program);
  const total = kernels.reduce((ms, kernel) => ms + kernel.ms, 0);
  console.log(`
kernels of one step, ${total.toFixed(1)} ms in all:`);
  for (const { label, calls, ms, gflops, gbPerSecond } of kernels.slice(0, 25)) {
    console.log(`${ms.toFixed(2).padStart(9)} ms ${(100 * ms / total).toFixed(1).padStart(5)} % ${String(calls).padStart(4)} x  ${gflops.toFixed(2).padStart(7)} GFLOP/s ${gbPerSecond.toFixed(2).padStart(7)} GB/s  ${label}`);
  }
}

export {
  withTraining,
  chooseConfig,
  dataPaths,
  buildTask,
  runTraining
};
//# sourceMappingURL=chunk-VNRMSPM6.js.map
