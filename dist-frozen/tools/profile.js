import {
  measureRoofline,
  median
} from "../chunk-X4N3U6FL.js";
import {
  barPlot,
  collapsed,
  fixed,
  htmlPage,
  htmlTable,
  keyValues,
  paragraph,
  plotGrid
} from "../chunk-T6JM6XVE.js";
import "../chunk-35FDYTRM.js";
import "../chunk-AMP7OYK6.js";
import "../chunk-BLV74BJT.js";
import {
  command,
  observeCommand,
  runCommand
} from "../chunk-26JDG3OC.js";
import "../chunk-A26XEMZC.js";
import {
  writeAtomic
} from "../chunk-CLXACCIO.js";
import "../chunk-IBDXW56B.js";
import {
  UserError
} from "../chunk-Q54TM6M7.js";

// tools/profile.ts
import { existsSync, statSync } from "node:fs";
import { extname, join } from "node:path";

// engine/runRecorder.ts
var perSet = 2048;
var RunRecorder = class {
  constructor(device, sampled = 8) {
    this.device = device;
    this.sampled = sampled;
  }
  device;
  sampled;
  runs = [];
  counts = /* @__PURE__ */ new Map();
  submit(program) {
    const count = this.counts.get(program) ?? 0;
    this.counts.set(program, count + 1);
    const startMs = performance.now();
    const encoder = this.device.gpu.createCommandEncoder();
    const stamps = count < this.sampled ? this.encodeTimed(encoder, program) : null;
    if (!stamps) {
      const pass = encoder.beginComputePass();
      program.encode(pass);
      pass.end();
    }
    const commands2 = encoder.finish();
    const encodedMs = performance.now();
    this.device.gpu.queue.submit([commands2]);
    this.runs.push({ program, startMs, encodedMs, submittedMs: performance.now(), stamps });
  }
  encodeTimed(encoder, program) {
    const parts = [];
    for (let first = 0; first < program.calls.length; first += perSet) {
      const calls = program.calls.slice(first, first + perSet);
      const querySet = this.device.gpu.createQuerySet({ type: "timestamp", count: 2 * calls.length });
      calls.forEach((call, i) => {
        const pass = encoder.beginComputePass({
          timestampWrites: { querySet, beginningOfPassWriteIndex: 2 * i, endOfPassWriteIndex: 2 * i + 1 }
        });
        program.encode(pass, [call]);
        pass.end();
      });
      const buffer = this.device.createBuffer(16 * calls.length, "timestamps", GPUBufferUsage.QUERY_RESOLVE);
      encoder.resolveQuerySet(querySet, 0, 2 * calls.length, buffer, 0);
      parts.push({ buffer, count: calls.length });
    }
    return parts;
  }
  /** All runs in order, with the GPU's times brought to the CPU's clock. Lets the device go. */
  async finish() {
    const times = [];
    for (const { stamps } of this.runs) times.push(stamps && await this.readStamps(stamps));
    const shift = this.runs.reduce((most, { encodedMs }, i) => {
      const first = times[i]?.[0];
      return first ? Math.max(most, encodedMs - first[0]) : most;
    }, -Infinity);
    this.device.observer = null;
    return this.runs.map(({ stamps: _, ...run }, i) => ({
      ...run,
      dispatches: times[i]?.map(([start, end]) => [start + shift, end + shift]) ?? null
    }));
  }
  async readStamps(stamps) {
    const times = [];
    for (const { buffer, count } of stamps) {
      const words = await this.device.readBuffer(buffer, 4 * count, "u32");
      const ms = (k) => (words[2 * k] + words[2 * k + 1] * 2 ** 32) / 1e6;
      for (let i = 0; i < count; i++) times.push([ms(2 * i), Math.max(ms(2 * i), ms(2 * i + 1))]);
      buffer.destroy();
    }
    return times;
  }
};

// tools/profile/profilePage.ts
var mostBars = 12;
var percent = (share) => ({ html: `${(100 * share).toFixed(1)} %`, numeric: true });
function kernelTable(kernels) {
  const headers = ["kernel", "calls", "ms", "share", "GFLOP/s", "% of fma peak", "GB/s", "% of memory peak"];
  return htmlTable(headers, kernels.map((kernel) => [
    kernel.label,
    kernel.calls,
    fixed(kernel.ms, 3),
    percent(kernel.share),
    fixed(kernel.gflops, 2),
    fixed(kernel.percentOfFmaPeak, 1),
    fixed(kernel.gbPerSecond, 2),
    fixed(kernel.percentOfMemoryPeak, 1)
  ]));
}
function programSection(program) {
  const { name, kernelMs, periodMs, kernels } = program;
  const facts = keyValues([
    ["runs", program.runs],
    ["runs timed by kernel", program.sampled],
    ["dispatches", program.dispatches],
    ["kernel ms a run", fixed(kernelMs, 2)],
    ["gaps between kernels, ms", fixed(program.gapMs, 2)],
    ["CPU encode ms", fixed(program.encodeMs, 3)],
    ["CPU submit ms", fixed(program.submitMs, 3)],
    ["run to run, ms", fixed(periodMs, 2)],
    ["of that the GPU idles, ms", fixed(periodMs === null ? null : Math.max(0, periodMs - kernelMs), 2)],
    ["kernels in all runs, s", fixed(program.totalSeconds, 2)]
  ]);
  if (kernels.length === 0) return { title: name, body: [facts] };
  const bars = kernels.slice(0, mostBars).map(({ label, ms }) => ({ label, value: ms }));
  const plot = plotGrid([barPlot({ title: "Slowest kernels", valueLabel: "ms a run", bars })]);
  const table = kernelTable(kernels);
  const folded = kernels.length > mostBars ? collapsed(`all ${kernels.length} kernels`, [table]) : table;
  return { title: name, body: [facts, plot, folded] };
}
function profilePage(facts, programs) {
  const { command: command2, adapter, roofline, wallSeconds } = facts;
  const headers = ["program", "runs", "kernel ms a run", "gaps ms", "encode ms", "all runs, s", "of wall time"];
  const overview = htmlTable(headers, programs.map((program) => [
    program.name,
    program.runs,
    fixed(program.kernelMs, 2),
    fixed(program.gapMs, 2),
    fixed(program.encodeMs, 3),
    fixed(program.totalSeconds, 2),
    percent(program.totalSeconds / wallSeconds)
  ]));
  return htmlPage({
    title: "Profile",
    subtitle: command2,
    sections: [{
      title: "",
      body: [
        keyValues([
          ["adapter", adapter],
          ["fma peak, GFLOP/s", fixed(roofline.fmaPeakGflops, 1)],
          ["memory peak, GB/s", fixed(roofline.memoryPeakGbPerSecond, 1)],
          ["wall time, s", fixed(wallSeconds, 1)]
        ]),
        overview,
        paragraph(
          "Peaks are measured on this device before the command starts. GPU timestamps give the kernel times, medians over the timed runs; timed runs have a pass for each dispatch. FLOPs and bytes are what the definition of a kernel needs, not what it executes. Seconds of all runs take each for a median one.",
          "note"
        )
      ]
    }, ...programs.map(programSection)]
  });
}

// tools/profile/summary.ts
function settled(runs) {
  return runs.slice(Math.min(2, Math.floor(runs.length / 2)));
}
var medianOrZero = (values) => values.length > 0 ? median(values) : 0;
var kernelTime = ({ dispatches }) => dispatches.reduce((total, [start, end]) => total + end - start, 0);
var span = ({ dispatches }) => dispatches.at(-1)[1] - dispatches[0][0];
function kernelRows(runs, roofline) {
  const { calls } = runs[0].program;
  const totals = /* @__PURE__ */ new Map();
  calls.forEach(({ label, flops, bytes }, i) => {
    const ms = median(runs.map(({ dispatches }) => dispatches[i][1] - dispatches[i][0]));
    const known = totals.get(label) ?? { calls: 0, ms: 0, flops: 0, bytes: 0 };
    totals.set(label, {
      calls: known.calls + 1,
      ms: known.ms + ms,
      flops: known.flops + flops,
      bytes: known.bytes + bytes
    });
  });
  const all = [...totals.values()].reduce((total, { ms }) => total + ms, 0);
  return [...totals].map(([label, { calls: count, ms, flops, bytes }]) => {
    const gflops = flops / Math.max(ms, 1e-6) / 1e6;
    const gbPerSecond = bytes / Math.max(ms, 1e-6) / 1e6;
    return {
      label,
      calls: count,
      ms,
      share: ms / Math.max(all, 1e-6),
      gflops,
      gbPerSecond,
      percentOfFmaPeak: 100 * gflops / roofline.fmaPeakGflops,
      percentOfMemoryPeak: 100 * gbPerSecond / roofline.memoryPeakGbPerSecond
    };
  }).sort((a, b) => b.ms - a.ms);
}
function summarise(runs, roofline) {
  const programs = [...new Set(runs.map(({ program }) => program))];
  return programs.map((program) => {
    const own = runs.filter((run) => run.program === program);
    const timed = settled(own.filter(({ dispatches }) => dispatches !== null && dispatches.length > 0));
    const kernels = timed.length > 0 ? kernelRows(timed, roofline) : [];
    const kernelMs = kernels.reduce((total, { ms }) => total + ms, 0);
    const plain = own.filter(({ dispatches }) => dispatches === null);
    const encoded = plain.length > 0 ? plain : settled(own);
    const periods = runs.slice(1).flatMap((next, i) => runs[i].program === program && next.program === program ? [next.startMs - runs[i].startMs] : []);
    return {
      name: program.name,
      runs: own.length,
      sampled: timed.length,
      dispatches: program.calls.length,
      encodeMs: median(encoded.map(({ startMs, encodedMs }) => encodedMs - startMs)),
      submitMs: median(encoded.map(({ encodedMs, submittedMs }) => submittedMs - encodedMs)),
      kernelMs,
      gapMs: medianOrZero(timed.map((run) => Math.max(0, span(run) - kernelTime(run)))),
      periodMs: periods.length > 0 ? median(settled(periods)) : null,
      totalSeconds: kernelMs * own.length / 1e3,
      kernels
    };
  }).sort((a, b) => b.totalSeconds - a.totalSeconds);
}

// tools/profile/trace.ts
var [cpu, gpu] = [1, 2];
var microseconds = (ms) => Math.round(ms * 1e6) / 1e3;
var span2 = (pid, name, startMs, endMs, args) => ({
  name,
  ph: "X",
  pid,
  tid: 1,
  ts: microseconds(startMs),
  dur: microseconds(endMs - startMs),
  ...args && { args }
});
function traceEvents(runs) {
  const names2 = [[cpu, 0, "CPU"], [gpu, 0, "GPU"]].map(([pid, tid, name]) => ({ name: "process_name", ph: "M", pid, tid, args: { name } }));
  const start = runs[0]?.startMs ?? 0;
  const events = runs.flatMap(({ program, startMs, encodedMs, submittedMs, dispatches }, run) => [
    span2(cpu, `encode ${program.name}`, startMs - start, encodedMs - start, { run }),
    span2(cpu, `submit ${program.name}`, encodedMs - start, submittedMs - start, { run }),
    ...dispatches && dispatches.length > 0 ? [
      span2(gpu, program.name, dispatches[0][0] - start, dispatches.at(-1)[1] - start, { run }),
      ...dispatches.map(([from, to], i) => {
        const { label, path, grid, flops, bytes } = program.calls[i];
        return span2(gpu, label, from - start, to - start, { run, path, grid: grid.join(" x "), flops, bytes });
      })
    ] : []
  ]);
  return { traceEvents: [...names2, ...events], displayTimeUnit: "ms" };
}

// tools/profile.ts
var commands = {
  "train:autoencoder": () => import("./train-autoencoder.js"),
  "train:generator": () => import("./train-generator.js"),
  "train:prior": () => import("./train-prior.js"),
  invert: () => import("./invert.js"),
  sample: () => import("./sample.js"),
  evaluate: () => import("./evaluate.js"),
  controls: () => import("./controls.js"),
  demo: () => import("./demo.js")
};
function takeOption(argv, option) {
  const at = argv.findIndex((arg) => arg === option || arg.startsWith(`${option}=`));
  if (at < 0) return { value: void 0, rest: [...argv] };
  const joined = argv[at].startsWith(`${option}=`);
  const value = joined ? argv[at].slice(option.length + 1) : argv[at + 1];
  if (!value) throw new UserError(`${option}: needs a folder`);
  return { value, rest: argv.filter((_, i) => i !== at && (joined || i !== at + 1)) };
}
function outputFolder(given, argv) {
  const { value } = takeOption(argv, "--out");
  const isFolder = value !== void 0 && (existsSync(value) ? statSync(value).isDirectory() : extname(value) === "");
  return given ?? (isFolder ? value : join("runs", "profile"));
}
function printProgram(program) {
  const { name, runs, dispatches, kernelMs, gapMs, encodeMs, periodMs, kernels } = program;
  const period = periodMs === null ? "" : `; ${periodMs.toFixed(2)} ms from run to run`;
  console.log(`
${name}: ${runs} runs of ${dispatches} dispatches; ${kernelMs.toFixed(2)} ms in kernels, ${gapMs.toFixed(2)} ms between them, ${encodeMs.toFixed(3)} ms to encode${period}`);
  for (const kernel of kernels.slice(0, 20)) {
    const { label, calls, ms, share, gflops, percentOfFmaPeak, gbPerSecond, percentOfMemoryPeak } = kernel;
    console.log(`${ms.toFixed(3).padStart(10)} ms ${(100 * share).toFixed(1).padStart(5)} % ${String(calls).padStart(4)} x ${gflops.toFixed(2).padStart(8)} GFLOP/s (${percentOfFmaPeak.toFixed(0).padStart(3)} %) ${gbPerSecond.toFixed(2).padStart(7)} GB/s (${percentOfMemoryPeak.toFixed(0).padStart(3)} %)  ${label}`);
  }
}
var Profile = class {
  constructor(line, out) {
    this.line = line;
    this.out = out;
  }
  line;
  out;
  recording = null;
  async opened(device) {
    if (!device.gpu.features.has("timestamp-query")) {
      throw new UserError(`profile: ${device.name} has no timestamp queries, so kernels cannot be timed on it`);
    }
    const roofline = await measureRoofline(device);
    const recorder = new RunRecorder(device);
    device.observer = recorder;
    this.recording = { device, recorder, roofline, startMs: performance.now() };
  }
  async finished() {
    if (!this.recording) throw new UserError(`profile: '${this.line}' used no GPU, so there is nothing to show`);
    const { device, recorder, roofline, startMs } = this.recording;
    const wallSeconds = (performance.now() - startMs) / 1e3;
    const runs = await recorder.finish();
    device.close();
    const programs = summarise(runs, roofline);
    programs.slice(0, 3).forEach(printProgram);
    const facts = { command: this.line, adapter: device.name, roofline, wallSeconds };
    await writeAtomic(join(this.out, "trace.json"), JSON.stringify(traceEvents(runs)));
    await writeAtomic(join(this.out, "profile.html"), profilePage(facts, programs));
    console.log(`
see ${join(this.out, "profile.html")}; ${join(this.out, "trace.json")} opens in Perfetto or chrome://tracing`);
  }
};
var names = Object.keys(commands).join(", ");
var root = command(
  "profile",
  "Runs a command as it is and shows where its time goes: programs, kernels, gaps, and the CPU.",
  "npm run profile -- train:prior --annotations data/train.json --generator runs/generator --out runs/p --steps 20"
).argument("<command>", names).argument("[options...]", "what that command takes").option(
  "--profile-out <dir>",
  "folder for profile.html and trace.json (default: the command's --out, or runs/profile)"
).passThroughOptions().allowUnknownOption().action(async (name, given, options) => {
  const start = Object.hasOwn(commands, name) ? commands[name] : void 0;
  if (!start) throw new UserError(`there is no command '${name}' to profile; there are ${names}`);
  const { value, rest } = takeOption(given, "--profile-out");
  const out = outputFolder(options.profileOut ?? value, rest);
  observeCommand(new Profile(`npm run ${name} -- ${rest.join(" ")}`, out));
  process.argv = [...process.argv.slice(0, 2), ...rest];
  process.env["npm_lifecycle_event"] = name;
  await start();
});
await runCommand(root, process.argv.slice(2));
//# sourceMappingURL=profile.js.map
