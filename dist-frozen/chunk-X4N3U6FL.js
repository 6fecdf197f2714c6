import {
  compile
} from "./chunk-35FDYTRM.js";
import {
  add,
  apply,
  f32Bits,
  inputTensor,
  output
} from "./chunk-AMP7OYK6.js";

// engine/shaders/peakFma.wgsl
var peakFma_default = "// peakFma - as many multiply-adds as the device can do, for the roofline.\n//\n//   y[i] = the end of CHAINS independent chains of fma\n//\n// bindings   0  y  read_write  f32  [workgroups * 64]\n// workgroup  64 lanes, each with 12 chains in registers, so that latency is hidden\n// grid       [workgroups, 1, 1]\n// cost       24 * rounds flops a lane; compute bound\n\nstruct Dims { rounds: u32, scale: f32 }\nvar<immediate> dims: Dims;\n\n@group(0) @binding(0) var<storage, read_write> y: array<f32>;\n\n@compute @workgroup_size(64)\nfn main(@builtin(global_invocation_id) id: vec3u) {\n  let a = dims.scale;\n  let start = f32(id.x) * 1e-6;\n  var c0 = vec4f(start, start + 0.1, start + 0.2, start + 0.3);\n  var c1 = c0 + 0.4;\n  var c2 = c0 + 0.8;\n  for (var i = 0u; i < dims.rounds; i++) {\n    c0 = fma(c0, vec4f(a), vec4f(0.5));\n    c1 = fma(c1, vec4f(a), vec4f(0.25));\n    c2 = fma(c2, vec4f(a), vec4f(0.125));\n  }\n  let sum = c0 + c1 + c2;\n  y[id.x] = sum.x + sum.y + sum.z + sum.w;\n}\n";

// engine/profile.ts
function median(values) {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 === 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
}
async function dispatchTimes(device, program) {
  const { gpu } = device;
  const count = program.calls.length;
  const times = [];
  const perSet = 2048;
  const querySet = gpu.createQuerySet({ type: "timestamp", count: 2 * Math.min(count, perSet) });
  const resolved = device.createBuffer(16 * Math.min(count, perSet), "timestamps", GPUBufferUsage.QUERY_RESOLVE);
  for (let first = 0; first < count; first += perSet) {
    const part = program.calls.slice(first, first + perSet);
    const encoder = gpu.createCommandEncoder();
    part.forEach((call, i) => {
      const pass = encoder.beginComputePass({
        timestampWrites: { querySet, beginningOfPassWriteIndex: 2 * i, endOfPassWriteIndex: 2 * i + 1 }
      });
      program.encode(pass, [call]);
      pass.end();
    });
    encoder.resolveQuerySet(querySet, 0, 2 * part.length, resolved, 0);
    gpu.queue.submit([encoder.finish()]);
    const words = await device.readBuffer(resolved, 4 * part.length, "u32");
    const stamp = (k) => words[2 * k] + words[2 * k + 1] * 2 ** 32;
    part.forEach((_, i) => times.push(Math.max(0, stamp(2 * i + 1) - stamp(2 * i)) / 1e6));
  }
  querySet.destroy();
  resolved.destroy();
  return times;
}
async function profileProgram(device, program, runs = 3) {
  if (!device.gpu.features.has("timestamp-query")) {
    throw new Error(`profile: ${device.name} has no timestamp queries, so kernels cannot be timed on it`);
  }
  await dispatchTimes(device, program);
  const rounds = [];
  for (let run = 0; run < runs; run++) rounds.push(await dispatchTimes(device, program));
  const totals = /* @__PURE__ */ new Map();
  program.calls.forEach((call, i) => {
    const total = totals.get(call.label) ?? { calls: 0, ms: 0, flops: 0, bytes: 0 };
    totals.set(call.label, {
      calls: total.calls + 1,
      ms: total.ms + median(rounds.map((times) => times[i])),
      flops: total.flops + call.flops,
      bytes: total.bytes + call.bytes
    });
  });
  return [...totals].map(([label, { calls, ms, flops, bytes }]) => ({
    label,
    calls,
    ms,
    gflops: flops / Math.max(ms, 1e-6) / 1e6,
    gbPerSecond: bytes / Math.max(ms, 1e-6) / 1e6
  })).sort((a, b) => b.ms - a.ms);
}
var fmaOp = {
  kind: "kernel",
  name: "peakFma",
  infer: (_, { groups }) => ({ shape: [64 * groups], dtype: "f32" }),
  reference: () => {
    throw new Error("peakFma: measures time, has no value");
  },
  vjp: "none",
  variants: (_inputs, _y, { groups, rounds }) => [{
    name: "fma",
    scratch: [],
    calls: [{
      label: "peakFma",
      source: peakFma_default,
      constants: {},
      bindings: [output],
      immediates: [rounds, f32Bits(0.999)],
      grid: [groups, 1, 1],
      flops: 64 * groups * rounds * 24,
      bytes: 256 * groups
    }]
  }]
};
async function measureRoofline(device) {
  const { software } = device.capabilities;
  const fma = await compile(device, {
    name: "fma",
    outputs: { y: apply(fmaOp, [], software ? { groups: 64, rounds: 2e3 } : { groups: 8192, rounds: 4e3 }) }
  });
  const length = software ? 1 << 22 : 1 << 24;
  const stream = await compile(device, {
    name: "stream",
    outputs: { y: add(inputTensor("x", [length]), 1) }
  });
  const best = async (program) => (await profileProgram(device, program, 5))[0];
  const [{ gflops }, { gbPerSecond }] = [await best(fma), await best(stream)];
  fma.destroy();
  stream.destroy();
  return { fmaPeakGflops: gflops, memoryPeakGbPerSecond: gbPerSecond };
}

export {
  median,
  profileProgram,
  measureRoofline
};
//# sourceMappingURL=chunk-X4N3U6FL.js.map
