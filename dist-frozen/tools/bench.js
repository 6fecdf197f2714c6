import {
  LatentSet
} from "../chunk-GDFFVTEI.js";
import {
  measureRoofline,
  median
} from "../chunk-X4N3U6FL.js";
import {
  generatorRuns
} from "../chunk-GGAIVALH.js";
import {
  generatorTask,
  trainingFrequencies
} from "../chunk-VJXARB7B.js";
import {
  AdamW
} from "../chunk-4CJS6QHA.js";
import {
  Search,
  drawPairs,
  inversionConfig
} from "../chunk-JWDHQEF3.js";
import "../chunk-ZOERM2PQ.js";
import "../chunk-MBXCDZNF.js";
import "../chunk-LOYFLMAJ.js";
import "../chunk-T6JM6XVE.js";
import "../chunk-LJVP3GZA.js";
import {
  FirstStage,
  firstStageSpecs,
  generatorSpecs
} from "../chunk-RSM2DQM3.js";
import {
  autoencoderPresets,
  latentShape
} from "../chunk-X4MMT7BF.js";
import {
  grad
} from "../chunk-KTCMITE2.js";
import {
  layoutVocabulary
} from "../chunk-MPJXQ5EU.js";
import "../chunk-3D4ROVPF.js";
import {
  compile
} from "../chunk-35FDYTRM.js";
import {
  ParamStore,
  State,
  declareParams,
  fanIn,
  ones,
  zeros
} from "../chunk-F6TGNQ67.js";
import {
  add,
  attention,
  concat,
  constant,
  conv2d,
  groupNorm,
  inputTensor,
  matmul,
  mean,
  square,
  sub,
  upsample2d
} from "../chunk-AMP7OYK6.js";
import {
  sceneDataset
} from "../chunk-6GKYMKBI.js";
import "../chunk-ZOZ7FHQ3.js";
import "../chunk-LQGN7KL2.js";
import "../chunk-RDT35KUK.js";
import "../chunk-BLV74BJT.js";
import {
  command,
  oneOf,
  openDevice,
  positiveInteger,
  runCommand,
  withDevice,
  writeJson
} from "../chunk-26JDG3OC.js";
import "../chunk-HP4QYYGS.js";
import "../chunk-L5HLJDC5.js";
import {
  RandomStream
} from "../chunk-A26XEMZC.js";
import "../chunk-CLXACCIO.js";
import {
  sizeOf
} from "../chunk-IBDXW56B.js";
import {
  UserError
} from "../chunk-Q54TM6M7.js";

// tools/bench.ts
import { availableParallelism, loadavg } from "node:os";
import { InvalidArgumentError } from "commander";

// tools/bench/measure.ts
import { setTimeout as sleep } from "node:timers/promises";
function relativeDifference(expected, found) {
  if (expected.length !== found.length) return Infinity;
  let [largest, difference] = [0, 0];
  for (let i = 0; i < expected.length; i++) {
    const d = Math.abs(expected[i] - found[i]);
    if (!Number.isFinite(d)) return Infinity;
    largest = Math.max(largest, Math.abs(expected[i]));
    difference = Math.max(difference, d);
  }
  return largest === 0 ? difference : difference / largest;
}
var tolerance = 1e-3;
async function checkAgreement(row, candidates, runs) {
  let expected = {};
  for (const [i, candidate] of candidates.entries()) {
    for (let run = 0; run < runs; run++) candidate.run();
    await candidate.idle();
    const found = await candidate.read();
    if (i === 0) expected = found;
    for (const [name, values6] of Object.entries(expected)) {
      const difference = found[name] ? relativeDifference(values6, found[name]) : Infinity;
      if (!(difference <= tolerance)) {
        throw new Error(`bench: ${row}: ${name} of ${candidate.impl} and of ${candidates[0].impl} differ by ${difference.toPrecision(2)} of the largest value, above ${tolerance}: they do different work`);
      }
    }
  }
}
var Stopwatch = class {
  constructor(candidate) {
    this.candidate = candidate;
  }
  candidate;
  /** Milliseconds that a timing is expected to take, with all its runs; 0 where that is unknown. */
  expected = 0;
  runs = 1;
  /**
   * Milliseconds of a run, over several that are queued and waited for once. While a GPU promise is pending, Dawn's
   * bindings poll, which on a software adapter takes a core from the work; so this sleeps for most of the expected
   * time. A timing that was over before it woke counts for nothing and is taken again.
   */
  async time() {
    for (let share = 0.8; ; share = share < 0.1 ? 0 : share / 2) {
      const start = performance.now();
      for (let run = 0; run < this.runs; run++) this.candidate.run();
      const left = share * this.expected - (performance.now() - start);
      if (left > 2) await sleep(left);
      const woken = performance.now();
      await this.candidate.idle();
      const end = performance.now();
      if (left > 2 && end - woken < 0.5) continue;
      if (this.expected > 0) this.expected = Math.min(this.expected, end - start);
      return (end - start) / this.runs;
    }
  }
  /** Takes as many runs into a timing as last about `target` milliseconds; the candidate must have run before. */
  async prepare(target) {
    const polled = await this.time();
    this.runs = Math.max(1, Math.min(20, Math.round(target / polled)));
    this.expected = 0.6 * polled * this.runs;
    if (polled < target) this.expected = await this.time() * this.runs;
  }
};
var targetMs = 150;
async function timeCandidates(candidates, repeats) {
  const watches = candidates.map((candidate) => new Stopwatch(candidate));
  for (const watch of watches) await watch.prepare(targetMs);
  const times = watches.map(() => []);
  for (let repeat = 0; repeat < repeats; repeat++) {
    for (let i = 0; i < watches.length; i++) {
      const turn = (i + repeat) % watches.length;
      times[turn].push(await watches[turn].time());
    }
  }
  return times.map(median);
}

// tools/bench/jax.ts
async function loadJax() {
  const jax2 = await import("@jax-js/jax");
  const found = await jax2.init("webgpu");
  if (!found.includes("webgpu")) throw new Error("jax-js: found no WebGPU adapter");
  jax2.defaultDevice("webgpu");
  return jax2;
}
function jaxArray(jax2, values6, shape) {
  return jax2.numpy.array(values6, { shape: [...shape] });
}
function submit(array) {
  array.ref.gpuBufferSync();
}
async function idle(jax2) {
  await jax2.getWebGPUDevice().queue.onSubmittedWorkDone();
}
var asIs = (values6) => values6;
async function readAll(arrays, outputs) {
  const values6 = {};
  for (const [i, [name, convert]] of Object.entries(outputs).entries()) {
    values6[name] = convert(await arrays[i].ref.data());
  }
  return values6;
}
function jaxFunction(jax2, f, inputs, outputs) {
  const compiled = jax2.jit(f);
  let last = [];
  return {
    impl: "jax-js",
    run() {
      const next = compiled(...inputs.map((x) => x.ref));
      next.forEach(submit);
      last.forEach((x) => x.dispose());
      last = next;
    },
    idle: () => idle(jax2),
    read: () => readAll(last, outputs),
    dispose() {
      for (const x of [...last, ...inputs]) x.dispose();
    }
  };
}
function jaxStep(jax2, f, start, fixed, read, outputs) {
  const compiled = jax2.jit(f);
  let state = [...start];
  let extra = [];
  return {
    impl: "jax-js",
    run() {
      const next = compiled(...state, ...fixed.map((x) => x.ref));
      next.forEach(submit);
      extra.forEach((x) => x.dispose());
      state = next.slice(0, state.length);
      extra = next.slice(state.length);
    },
    idle: () => idle(jax2),
    read: () => readAll(read(state, extra), outputs),
    dispose() {
      for (const x of [...state, ...extra, ...fixed]) x.dispose();
    }
  };
}

// tools/bench/tfjs.ts
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
async function loadTfjs() {
  const { build } = await import("esbuild");
  const dir = mkdtempSync(join(tmpdir(), "bench-tfjs-"));
  try {
    const outfile = join(dir, "tfjs.cjs");
    await build({
      stdin: {
        contents: `import '@tensorflow/tfjs-core/dist/register_all_gradients';
          import '@tensorflow/tfjs-backend-webgpu';
          export * from '@tensorflow/tfjs-core';`,
        resolveDir: fileURLToPath(new URL(".", import.meta.url))
      },
      outfile,
      bundle: true,
      format: "cjs",
      platform: "node",
      mainFields: ["module", "main"],
      logLevel: "silent"
    });
    const bundle = await import(pathToFileURL(outfile).href);
    const tf = bundle.default;
    if (!await tf.setBackend("webgpu")) throw new Error("tfjs: its WebGPU backend did not start");
    await tf.ready();
    return tf;
  } finally {
    rmSync(dir, { recursive: true, force: true });
  }
}
async function idle2(tf) {
  const backend = tf.backend();
  backend.endComputePassEncoder();
  if (backend.commandEncoder) backend.submitQueue();
  await backend.device.queue.onSubmittedWorkDone();
}
async function readAll2(tensors, outputs) {
  const values6 = {};
  for (const [i, [name, convert]] of Object.entries(outputs).entries()) {
    values6[name] = convert(await tensors[i].data());
  }
  return values6;
}
function tfFunction(tf, f, inputs, outputs) {
  let last = [];
  return {
    impl: "tfjs",
    run() {
      const next = tf.tidy(() => f(...inputs));
      tf.dispose(last);
      last = next;
    },
    idle: () => idle2(tf),
    read: () => readAll2(last, outputs),
    dispose: () => tf.dispose([...last, ...inputs])
  };
}
function tfStep(tf, f, start, fixed, read, outputs) {
  let state = [...start];
  let extra = [];
  return {
    impl: "tfjs",
    run() {
      const next = tf.tidy(() => f(...state));
      tf.dispose([...state, ...extra]);
      extra = next.slice(state.length);
      state = next.slice(0, state.length);
    },
    idle: () => idle2(tf),
    read: () => readAll2(read(state, extra), outputs),
    dispose: () => tf.dispose([...state, ...extra, ...fixed])
  };
}

// tools/bench/peers.ts
var peerNames = ["jax-js", "tfjs"];
var missing = ["ERR_MODULE_NOT_FOUND", "MODULE_NOT_FOUND"];
async function loadPeers(device, names) {
  const { navigator = { userAgent: "node" } } = globalThis;
  Object.defineProperty(navigator, "gpu", { value: device.instance, configurable: true });
  Object.defineProperty(globalThis, "navigator", { value: navigator, configurable: true });
  try {
    return {
      jax: names.includes("jax-js") ? await loadJax() : null,
      tf: names.includes("tfjs") ? await loadTfjs() : null
    };
  } catch (error) {
    const { code, message } = error;
    if (missing.includes(code ?? "") || /Could not resolve/.test(message)) {
      const lacking = /['"]((?:@[\w-]+\/)?[\w-]+)/.exec(message)?.[1] ?? "one";
      throw new UserError(`--peers: needs the development dependencies @jax-js/jax, @tensorflow/tfjs-core, @tensorflow/tfjs-backend-webgpu and esbuild, but ${lacking} is not installed; run npm install`);
    }
    throw error;
  }
}

// tools/bench/inputs.ts
function normalValues(name, shape, scale = 1) {
  const random = new RandomStream(0, `bench ${name}`);
  return Float32Array.from({ length: sizeOf(shape) }, () => scale * random.normal());
}
function permute4(x, shape, order) {
  const strides = [shape[1] * shape[2] * shape[3], shape[2] * shape[3], shape[3], 1];
  const [n0, n1, n2, n3] = order.map((axis) => shape[axis]);
  const [s0, s1, s2, s3] = order.map((axis) => strides[axis]);
  const y = new Float32Array(x.length);
  let at = 0;
  for (let a = 0; a < n0; a++) {
    for (let b = 0; b < n1; b++) {
      for (let c = 0; c < n2; c++) {
        for (let d = 0; d < n3; d++) y[at++] = x[a * s0 + b * s1 + c * s2 + d * s3];
      }
    }
  }
  return y;
}
var nchwToNhwc = [0, 2, 3, 1];
var nhwcToNchw = [0, 3, 1, 2];
var oihwToHwio = [2, 3, 1, 0];
var hwioToOihw = [3, 2, 0, 1];
var headsFirst = [0, 2, 1, 3];

// tools/bench/ours.ts
var programFlops = (program) => program.calls.reduce((total, { flops: flops3 }) => total + flops3, 0);
function programCandidate(device, program, inputs, read, dispose = () => program.destroy()) {
  let fresh = inputs;
  return {
    impl: "ours",
    flops: programFlops(program),
    run() {
      program.run(fresh);
      fresh = {};
    },
    idle: () => device.idle(),
    read,
    dispose
  };
}
async function graphCandidate(device, spec, inputs) {
  const program = await compile(device, spec);
  return programCandidate(device, program, inputs, async () => {
    const values6 = {};
    for (const name of Object.keys(spec.outputs)) values6[name] = await program.readFloats(name);
    return values6;
  });
}

// tools/bench/peerLayers.ts
var eps = 1e-5;
function jaxGroupNormSilu(jax2, x, weight, bias, groups2) {
  const { numpy: np, nn } = jax2;
  const [B4, C3, H3, W3] = x.shape;
  const rows = x.ref.reshape([B4, groups2, C3 / groups2 * H3 * W3]);
  const centred = rows.ref.sub(np.mean(rows, 2, { keepdims: true }));
  const rstd = np.reciprocal(np.sqrt(np.mean(np.square(centred.ref), 2, { keepdims: true }).add(eps)));
  const normed = centred.mul(rstd).reshape([B4, C3, H3, W3]);
  return nn.silu(normed.mul(weight.ref.reshape([C3, 1, 1])).add(bias.ref.reshape([C3, 1, 1])));
}
function tfGroupNormSilu(tf, x, weight, bias, groups2) {
  const [B4, H3, W3, C3] = x.shape;
  const rows = tf.reshape(x, [B4, H3 * W3, groups2, C3 / groups2]);
  const { mean: mean2, variance } = tf.moments(rows, [1, 3], true);
  const normed = tf.reshape(tf.mul(tf.sub(rows, mean2), tf.rsqrt(tf.add(variance, eps))), x.shape);
  const h = tf.add(tf.mul(normed, weight), bias);
  return tf.mul(h, tf.sigmoid(h));
}
var adamW = { lr: 1e-3, beta1: 0.9, beta2: 0.999, eps: 1e-8, weightDecay: 0.01 };
function jaxCorrections(c1, c2) {
  return [c1.mul(adamW.beta1).add(1 - adamW.beta1), c2.mul(adamW.beta2).add(1 - adamW.beta2)];
}
function jaxAdamW(jax2, p, m, v, g, c1, c2) {
  const { numpy: np } = jax2;
  const first = m.mul(adamW.beta1).add(g.ref.mul(1 - adamW.beta1));
  const second = v.mul(adamW.beta2).add(np.square(g).mul(1 - adamW.beta2));
  const direction = first.ref.div(c1.ref).div(np.sqrt(second.ref.div(c2.ref)).add(adamW.eps));
  const value = p.ref.sub(direction.add(p.mul(adamW.weightDecay)).mul(adamW.lr));
  return [value, first, second];
}
function tfCorrections(tf, c1, c2) {
  return [tf.add(tf.mul(c1, adamW.beta1), 1 - adamW.beta1), tf.add(tf.mul(c2, adamW.beta2), 1 - adamW.beta2)];
}
function tfAdamW(tf, p, m, v, g, c1, c2) {
  const first = tf.add(tf.mul(m, adamW.beta1), tf.mul(g, 1 - adamW.beta1));
  const second = tf.add(tf.mul(v, adamW.beta2), tf.mul(tf.square(g), 1 - adamW.beta2));
  const direction = tf.div(tf.div(first, c1), tf.add(tf.sqrt(tf.div(second, c2)), adamW.eps));
  return [tf.sub(p, tf.mul(tf.add(direction, tf.mul(p, adamW.weightDecay)), adamW.lr)), first, second];
}

// tools/bench/adamW.ts
var size = 1 << 20;
var values = { p: normalValues("adamw p", [size]), g: normalValues("adamw g", [size]) };
var adamWRow = {
  name: "adamw-1m",
  flops: null,
  checkedRuns: 2,
  async ours(device) {
    const target = new State("bench parameters", { shape: [size], dtype: "f32" }, values.p.slice());
    const optimiser = new AdamW([target], adamW);
    const { updates } = optimiser.step([inputTensor("g", [size])], constant(adamW.lr));
    const program = await compile(device, { name: "adamw", outputs: {}, updates });
    const read = async () => ({ p: await device.read(target) });
    return programCandidate(device, program, { g: values.g }, read, () => {
      program.destroy();
      device.release([target, ...optimiser.states]);
    });
  },
  jax(jax2) {
    const zeros2 = (shape) => jaxArray(jax2, new Float32Array(shape[0] ?? 1), shape);
    return jaxStep(
      jax2,
      (p, m, v, c1, c2, g) => {
        const [d1, d2] = jaxCorrections(c1, c2);
        return [...jaxAdamW(jax2, p, m, v, g, d1, d2), d1, d2];
      },
      [jaxArray(jax2, values.p, [size]), zeros2([size]), zeros2([size]), zeros2([]), zeros2([])],
      [jaxArray(jax2, values.g, [size])],
      ([p]) => [p],
      { p: asIs }
    );
  },
  tfjs(tf) {
    const g = tf.tensor(values.g, [size]);
    return tfStep(
      tf,
      (p, m, v, c1, c2) => {
        const [d1, d2] = tfCorrections(tf, c1, c2);
        return [...tfAdamW(tf, p, m, v, g, d1, d2), d1, d2];
      },
      [tf.tensor(values.p, [size]), tf.zeros([size]), tf.zeros([size]), tf.scalar(0), tf.scalar(0)],
      [g],
      ([p]) => [p],
      { p: asIs }
    );
  }
};

// tools/bench/attention.ts
var [B, heads, L, D] = [8, 4, 256, 32];
var packed = [B, L, heads * D];
var split = [B, L, heads, D];
var ahead = [B, heads, L, D];
var values2 = {
  q: normalValues("q", packed),
  k: normalValues("k", packed),
  v: normalValues("v", packed),
  g: normalValues("attention g", packed)
};
var jaxValues = (jax2, names) => names.map((name) => jaxArray(jax2, permute4(values2[name], split, headsFirst), ahead));
var tfValues = (tf, names) => names.map((name) => tf.tensor(permute4(values2[name], split, headsFirst), ahead));
var fromAhead = (y) => permute4(y, ahead, headsFirst);
var jaxAttention = ({ numpy: np, nn }, q, k, v) => np.matmul(nn.softmax(np.matmul(q, np.matrixTranspose(k)).mul(1 / Math.sqrt(D)), -1), v);
var tfAttention = (tf, q, k, v) => tf.matMul(tf.softmax(tf.mul(tf.matMul(q, k, false, true), 1 / Math.sqrt(D))), v);
var flops = 4 * B * heads * L * L * D;
var attentionForwardRow = {
  name: "attention-fwd",
  flops,
  checkedRuns: 1,
  ours: (device) => graphCandidate(device, {
    name: "attention forward",
    outputs: { y: attention(inputTensor("q", packed), inputTensor("k", packed), inputTensor("v", packed), { heads }) }
  }, { q: values2.q, k: values2.k, v: values2.v }),
  jax: (jax2) => jaxFunction(
    jax2,
    (q, k, v) => [jaxAttention(jax2, q, k, v)],
    jaxValues(jax2, ["q", "k", "v"]),
    { y: fromAhead }
  ),
  tfjs: (tf) => tfFunction(
    tf,
    (q, k, v) => [tfAttention(tf, q, k, v)],
    tfValues(tf, ["q", "k", "v"]),
    { y: fromAhead }
  )
};
var attentionTrainRow = {
  name: "attention-train",
  flops: 3 * flops,
  checkedRuns: 1,
  ours(device) {
    const [q, k, v, g] = ["q", "k", "v", "g"].map((name) => inputTensor(name, packed));
    const y = attention(q, k, v, { heads });
    const [dq, dk, dv] = grad(y, [q, k, v], g);
    return graphCandidate(device, { name: "attention train", outputs: { y, dq, dk, dv } }, values2);
  },
  jax: (jax2) => jaxFunction(jax2, (q, k, v, g) => {
    const [y, pull] = jax2.vjp((a, b, c) => jaxAttention(jax2, a, b, c), [q, k, v]);
    return [y, ...pull(g)];
  }, jaxValues(jax2, ["q", "k", "v", "g"]), { y: fromAhead, dq: fromAhead, dk: fromAhead, dv: fromAhead }),
  tfjs: (tf) => tfFunction(tf, (q, k, v, g) => {
    const { value, grads } = tf.valueAndGrads((a, b, c) => tfAttention(tf, a, b, c))([q, k, v], g);
    return [value, ...grads];
  }, tfValues(tf, ["q", "k", "v", "g"]), { y: fromAhead, dq: fromAhead, dk: fromAhead, dv: fromAhead })
};

// tools/bench/conv.ts
var [B2, C, H, W] = [4, 64, 32, 32];
var pixels = [B2, C, H, W];
var kernel = [C, C, 3, 3];
var nhwc = [B2, H, W, C];
var hwio = [3, 3, C, C];
var values3 = { x: normalValues("x", pixels), w: normalValues("w", kernel, 1 / 24), g: normalValues("g", pixels) };
var fromNhwc = (y) => permute4(y, nhwc, nhwcToNchw);
var fromHwio = (y) => permute4(y, hwio, hwioToOihw);
var jaxConv = (jax2, x, w) => jax2.lax.convGeneralDilated(x, w, [1, 1], [[1, 1], [1, 1]]);
var tfConv = (tf, x, w) => tf.conv2d(x, w, 1, "same");
var tfPixels = (tf, x) => tf.tensor(permute4(x, pixels, nchwToNhwc), nhwc);
var tfKernel = (tf) => tf.tensor(permute4(values3.w, kernel, oihwToHwio), hwio);
var flops2 = 2 * B2 * C * C * 9 * H * W;
var convForwardRow = {
  name: "conv3x3-64-fwd",
  flops: flops2,
  checkedRuns: 1,
  ours: (device) => graphCandidate(device, {
    name: "conv forward",
    outputs: { y: conv2d(inputTensor("x", pixels), inputTensor("w", kernel), null, { padding: 1 }) }
  }, { x: values3.x, w: values3.w }),
  jax: (jax2) => jaxFunction(
    jax2,
    (x, w) => [jaxConv(jax2, x, w)],
    [jaxArray(jax2, values3.x, pixels), jaxArray(jax2, values3.w, kernel)],
    { y: asIs }
  ),
  tfjs: (tf) => tfFunction(tf, (x, w) => [tfConv(tf, x, w)], [tfPixels(tf, values3.x), tfKernel(tf)], { y: fromNhwc })
};
var convTrainRow = {
  name: "conv3x3-64-train",
  flops: 3 * flops2,
  checkedRuns: 1,
  ours(device) {
    const [x, w, g] = [inputTensor("x", pixels), inputTensor("w", kernel), inputTensor("g", pixels)];
    const y = conv2d(x, w, null, { padding: 1 });
    const [dx, dw] = grad(y, [x, w], g);
    return graphCandidate(device, { name: "conv train", outputs: { y, dx, dw } }, values3);
  },
  jax: (jax2) => jaxFunction(
    jax2,
    (x, w, g) => {
      const [y, pull] = jax2.vjp((a, b) => jaxConv(jax2, a, b), [x, w]);
      const [dx, dw] = pull(g);
      return [y, dx, dw];
    },
    [jaxArray(jax2, values3.x, pixels), jaxArray(jax2, values3.w, kernel), jaxArray(jax2, values3.g, pixels)],
    { y: asIs, dx: asIs, dw: asIs }
  ),
  tfjs: (tf) => tfFunction(tf, (x, w, g) => {
    const { value, grads } = tf.valueAndGrads((a, b) => tfConv(tf, a, b))([x, w], g);
    return [value, ...grads];
  }, [tfPixels(tf, values3.x), tfKernel(tf), tfPixels(tf, values3.g)], { y: fromNhwc, dx: fromNhwc, dw: fromHwio })
};

// tools/bench/groupNorm.ts
var [B3, C2, H2, W2] = [4, 128, 32, 32];
var groups = 32;
var pixels2 = [B3, C2, H2, W2];
var nhwc2 = [B3, H2, W2, C2];
var values4 = {
  x: normalValues("norm x", pixels2),
  weight: normalValues("norm weight", [C2]),
  bias: normalValues("norm bias", [C2]),
  g: normalValues("norm g", pixels2)
};
var fromNhwc2 = (y) => permute4(y, nhwc2, nhwcToNchw);
var groupNormRow = {
  name: "groupnorm-silu-train",
  flops: null,
  checkedRuns: 1,
  ours(device) {
    const [x, g] = [inputTensor("x", pixels2), inputTensor("g", pixels2)];
    const [weight, bias] = [inputTensor("weight", [C2]), inputTensor("bias", [C2])];
    const y = groupNorm(x, groups, weight, bias, 1e-5, "silu");
    const [dx, dweight, dbias] = grad(y, [x, weight, bias], g);
    const outputs = { y, dx, dweight, dbias };
    return graphCandidate(device, { name: "group norm train", outputs }, values4);
  },
  jax: (jax2) => jaxFunction(jax2, (x, weight, bias, g) => {
    const f = (a, b, c) => jaxGroupNormSilu(jax2, a, b, c, groups);
    const [y, pull] = jax2.vjp(f, [x, weight, bias]);
    return [y, ...pull(g)];
  }, [
    jaxArray(jax2, values4.x, pixels2),
    jaxArray(jax2, values4.weight, [C2]),
    jaxArray(jax2, values4.bias, [C2]),
    jaxArray(jax2, values4.g, pixels2)
  ], { y: asIs, dx: asIs, dweight: asIs, dbias: asIs }),
  tfjs: (tf) => tfFunction(tf, (x, weight, bias, g) => {
    const f = (a, b, c) => tfGroupNormSilu(tf, a, b, c, groups);
    const { value, grads } = tf.valueAndGrads(f)([x, weight, bias], g);
    return [value, ...grads];
  }, [
    tf.tensor(permute4(values4.x, pixels2, nchwToNhwc), nhwc2),
    tf.tensor(values4.weight, [C2]),
    tf.tensor(values4.bias, [C2]),
    tf.tensor(permute4(values4.g, pixels2, nchwToNhwc), nhwc2)
  ], { y: fromNhwc2, dx: fromNhwc2, dweight: asIs, dbias: asIs })
};

// tools/bench/inferenaUnet.ts
var latentShape2 = [2, 4, 32, 32];
var normGroups = 16;
var widths = [64, 128, 256];
function resBlock(layers, name, x, out) {
  let h = layers.conv(`${name}.conv1`, layers.normSilu(`${name}.norm1`, x), out, 3, 1);
  h = layers.conv(`${name}.conv2`, layers.normSilu(`${name}.norm2`, h), out, 3, 1);
  return layers.add(h, layers.channels(x) === out ? x : layers.conv(`${name}.res_conv`, x, out, 1, 1));
}
function inferenaUnet(layers, x) {
  const last = widths.length - 1;
  let h = layers.conv("conv_in", x, widths[0], 3, 1);
  const skips = [];
  for (let level = 0; level <= last; level++) {
    h = resBlock(layers, `encoder.${level}`, h, widths[level]);
    skips.push(h);
    if (level < last) h = layers.conv(`down.${level}`, h, widths[level], 3, 2);
  }
  h = resBlock(layers, "middle", h, widths[last]);
  for (let level = last; level >= 0; level--) {
    if (level < last) h = layers.upsample(h);
    h = resBlock(layers, `decoder.${level}`, layers.concat(h, skips[level]), widths[level]);
  }
  return layers.conv("conv_out", layers.normSilu("norm_out", h), latentShape2[1], 3, 1);
}

// tools/bench/initialWeights.ts
function initialWeights(specs2) {
  const store = new ParamStore("initial", specs2);
  store.initialise(0);
  const weights = /* @__PURE__ */ new Map();
  for (const { state, specs: members, offsets } of store.groups) {
    const flat = state.initial;
    members.forEach(({ name, shape }, i) => {
      weights.set(name, { shape, data: flat.slice(offsets[i], offsets[i] + sizeOf(shape)) });
    });
  }
  return weights;
}

// tools/bench/inferenaTrain.ts
var values5 = { x: normalValues("unet x", latentShape2), target: normalValues("unet target", latentShape2) };
var ownLayers = (p) => ({
  channels: (x) => x.shape[1],
  conv(name, x, out, kernel2, stride) {
    const C3 = x.shape[1];
    const weight = p.at(name).param("weight", [out, C3, kernel2, kernel2], fanIn(C3 * kernel2 * kernel2));
    return conv2d(x, weight, null, { stride, padding: (kernel2 - 1) / 2 });
  },
  normSilu(name, x) {
    const weight = p.at(name).param("weight", [x.shape[1]], ones);
    const bias = p.at(name).param("bias", [x.shape[1]], zeros);
    return groupNorm(x, normGroups, weight, bias, 1e-5, "silu");
  },
  upsample: (x) => upsample2d(x, 2),
  concat: (a, b) => concat([a, b], 1),
  add
});
var specs = declareParams((p) => inferenaUnet(ownLayers(p), inputTensor("x", latentShape2)));
function initialValues() {
  const weights = initialWeights(specs);
  return specs.map(({ name }) => weights.get(name).data);
}
async function ours(device) {
  const store = new ParamStore("unet", specs);
  store.initialise(0);
  const predicted = inferenaUnet(ownLayers(store.scope()), inputTensor("x", latentShape2));
  const loss = mean(square(sub(predicted, inputTensor("target", latentShape2))));
  const targets = store.groups.map(({ state }) => state);
  const optimiser = new AdamW(targets, adamW);
  const { updates } = optimiser.step(store.packGradients(grad(loss, [...store.tensors.values()])), constant(adamW.lr));
  const program = await compile(device, { name: "unet step", outputs: { loss }, updates });
  return programCandidate(device, program, values5, async () => ({ loss: await program.readFloats("loss") }), () => {
    program.destroy();
    device.release([...targets, ...optimiser.states]);
  });
}
function jaxLayers(jax2, params) {
  const { numpy: np, lax } = jax2;
  return {
    channels: (x) => x.shape[1],
    conv(name, x, _, kernel2, stride) {
      const pad = (kernel2 - 1) / 2;
      const weight = params.get(`${name}.weight`).ref;
      return lax.convGeneralDilated(x.ref, weight, [stride, stride], [[pad, pad], [pad, pad]]);
    },
    normSilu: (name, x) => jaxGroupNormSilu(jax2, x, params.get(`${name}.weight`), params.get(`${name}.bias`), normGroups),
    upsample: (x) => np.repeat(np.repeat(x.ref, 2, 2), 2, 3),
    concat: (a, b) => np.concatenate([a.ref, b.ref], 1),
    add: (a, b) => a.ref.add(b.ref)
  };
}
function jax(jaxjs) {
  const { numpy: np } = jaxjs;
  const count = specs.length;
  const start = initialValues().map((data, i) => jaxArray(jaxjs, data, specs[i].shape));
  const moments = () => specs.map(({ shape }) => jaxArray(jaxjs, new Float32Array(sizeOf(shape)), shape));
  const zero = () => jaxArray(jaxjs, new Float32Array(1), []);
  return jaxStep(
    jaxjs,
    (...state) => {
      const [c1, c2, x, target] = state.slice(3 * count);
      const params = state.slice(0, count);
      const [loss, grads] = jaxjs.valueAndGrad((p) => {
        const layers = jaxLayers(jaxjs, new Map(specs.map(({ name }, i) => [name, p[i]])));
        return np.mean(np.square(inferenaUnet(layers, x).sub(target.ref)));
      })(params.map((p) => p.ref));
      const [d1, d2] = jaxCorrections(c1, c2);
      const next = params.map((p, i) => jaxAdamW(jaxjs, p, state[count + i], state[2 * count + i], grads[i], d1, d2));
      return [...next.map(([p]) => p), ...next.map(([, m]) => m), ...next.map(([, , v]) => v), d1, d2, loss];
    },
    [...start, ...moments(), ...moments(), zero(), zero()],
    [jaxArray(jaxjs, values5.x, latentShape2), jaxArray(jaxjs, values5.target, latentShape2)],
    (_, [loss]) => [loss],
    { loss: asIs }
  );
}
function tfLayers(tf, params) {
  return {
    channels: (x) => x.shape[3],
    conv: (name, x, _, kernel2, stride) => tf.conv2d(x, params.get(`${name}.weight`), stride, (kernel2 - 1) / 2),
    normSilu: (name, x) => tfGroupNormSilu(tf, x, params.get(`${name}.weight`), params.get(`${name}.bias`), normGroups),
    upsample: (x) => tf.image.resizeNearestNeighbor(x, [2 * x.shape[1], 2 * x.shape[2]]),
    concat: (a, b) => tf.concat([a, b], 3),
    add: (a, b) => tf.add(a, b)
  };
}
function tfjs(tf) {
  const count = specs.length;
  const nhwc3 = (data) => {
    const [B4, C3, H3, W3] = latentShape2;
    return tf.tensor(permute4(data, latentShape2, nchwToNhwc), [B4, H3, W3, C3]);
  };
  const start = initialValues().map((data, i) => {
    const { shape } = specs[i];
    if (shape.length === 1) return tf.tensor(data, [...shape]);
    return tf.tensor(permute4(data, shape, oihwToHwio), oihwToHwio.map((axis) => shape[axis]));
  });
  const moments = () => start.map(({ shape }) => tf.zeros(shape));
  const [x, target] = [nhwc3(values5.x), nhwc3(values5.target)];
  return tfStep(
    tf,
    (...state) => {
      const params = state.slice(0, count);
      const { value: loss, grads } = tf.valueAndGrads((...p) => {
        const layers = tfLayers(tf, new Map(specs.map(({ name }, i) => [name, p[i]])));
        return tf.mean(tf.square(tf.sub(inferenaUnet(layers, x), target)));
      })(params);
      const [d1, d2] = tfCorrections(tf, state[3 * count], state[3 * count + 1]);
      const next = params.map((p, i) => tfAdamW(tf, p, state[count + i], state[2 * count + i], grads[i], d1, d2));
      return [...next.map(([p]) => p), ...next.map(([, m]) => m), ...next.map(([, , v]) => v), d1, d2, loss];
    },
    [...start, ...moments(), ...moments(), tf.scalar(0), tf.scalar(0)],
    [x, target],
    (_, [loss]) => [loss],
    { loss: asIs }
  );
}
var inferenaTrainRow = { name: "unet-inferena-train", flops: null, checkedRuns: 3, ours, jax, tfjs };

// tools/bench/matmul.ts
function matmulRow(size3) {
  const shape = [size3, size3];
  const [a, b] = [normalValues("a", shape), normalValues("b", shape)];
  return {
    name: `matmul-${size3}`,
    flops: 2 * size3 ** 3,
    checkedRuns: 1,
    ours: (device) => graphCandidate(device, {
      name: "matmul",
      outputs: { y: matmul(inputTensor("a", shape), inputTensor("b", shape)) }
    }, { a, b }),
    jax: (jax2) => jaxFunction(
      jax2,
      (x, y) => [jax2.numpy.matmul(x, y)],
      [jaxArray(jax2, a, shape), jaxArray(jax2, b, shape)],
      { y: asIs }
    ),
    tfjs: (tf) => tfFunction(
      tf,
      (x, y) => [tf.matMul(x, y)],
      [tf.tensor(a, shape), tf.tensor(b, shape)],
      { y: asIs }
    )
  };
}

// tools/bench/tinySteps.ts
var size2 = 64;
var autoencoder = autoencoderPresets.tiny;
var latent = latentShape(autoencoder, size2, size2);
function drawnScenes() {
  const training = generatorRuns.tiny;
  const { maxObjects } = training.vocabulary;
  const { dataset } = sceneDataset({ kind: "street", seed: 0, maxObjects, count: 32, size: 32 });
  const { categories } = dataset;
  const description = {
    model: training.model,
    categories,
    autoencoder,
    vocabulary: { ...training.vocabulary, classCount: categories.length },
    image: { size: size2, crop: "none" },
    latentScale: 1,
    timesteps: training.timesteps
  };
  return { dataset, description };
}
async function train(device) {
  const { dataset, description } = drawnScenes();
  const count = dataset.images.length;
  const latents = new LatentSet(normalValues("latents", [2 * count, ...latent]), latent, true);
  const task = await generatorTask(
    device,
    { ...generatorRuns.tiny, ...description },
    { training: dataset, validation: dataset, summary: "" },
    { training: latents, validation: latents },
    /* @__PURE__ */ new Map(),
    async () => void 0
  );
  const { program, store, averages, states } = task;
  const read = async () => ({ loss: await program.readFloats("loss") });
  return programCandidate(device, program, await task.batch(0), read, () => {
    program.destroy();
    device.release([...store.groups.map(({ state }) => state), ...averages, ...states]);
  });
}
async function openDrawn(device) {
  const { dataset, description } = drawnScenes();
  const vocabulary = layoutVocabulary(description.vocabulary);
  const specs2 = generatorSpecs(description.model, latent, vocabulary.length);
  const weights = initialWeights(specs2);
  const store = new ParamStore("generator", specs2);
  store.load(weights, "bench");
  const frozen = initialWeights(firstStageSpecs(autoencoder, size2));
  const firstStage = await FirstStage.open(device, autoencoder, frozen, "bench", size2);
  const header = { kind: "generator", config: description, step: 0, best: null };
  return {
    run: { dir: "bench", file: "bench", header, weights, frozen },
    description,
    vocabulary,
    store,
    firstStage,
    frequencies: trainingFrequencies(vocabulary, dataset.images, 0)
  };
}
async function invert(device) {
  const generator = await openDrawn(device);
  const config = inversionConfig({ preset: "search", seed: 0 }, generator);
  const search = await Search.open(device, generator, null, config);
  const names = Array.from({ length: config.imagesAtOnce }, (_, i) => `${i}`);
  search.start(names);
  const z = normalValues("pictures", [config.imagesAtOnce, ...latent]);
  const pairs = names.map((name) => drawPairs(new RandomStream(0, name), config.batchTimesteps, config.timesteps));
  return {
    impl: "ours",
    flops: programFlops(search.program),
    run: () => search.step(z, pairs, 0),
    idle: () => device.idle(),
    read: async () => ({ energy: await search.energies() }),
    dispose() {
      search.destroy();
      generator.firstStage.destroy();
      device.release(generator.store.groups.map(({ state }) => state));
    }
  };
}
var tinyTrainRow = { name: "unet-tiny-train", flops: null, checkedRuns: 1, ours: train };
var tinyInvertRow = { name: "invert-tiny-step", flops: null, checkedRuns: 1, ours: invert };

// tools/bench/rows.ts
var benchRows = [
  matmulRow(512),
  matmulRow(1024),
  convForwardRow,
  convTrainRow,
  attentionForwardRow,
  attentionTrainRow,
  groupNormRow,
  adamWRow,
  tinyTrainRow,
  inferenaTrainRow,
  tinyInvertRow
];

// tools/bench.ts
var rowNames = benchRows.map(({ name }) => name).join(", ");
function pattern(text) {
  try {
    return new RegExp(text);
  } catch (error) {
    throw new InvalidArgumentError(`must be a regular expression, found '${text}' (${error.message}).`);
  }
}
async function runRow(device, peers, row, repeats) {
  const own = await row.ours(device);
  const candidates = [own];
  try {
    if (peers?.jax && row.jax) candidates.push(row.jax(peers.jax));
    if (peers?.tf && row.tfjs) candidates.push(row.tfjs(peers.tf));
    await checkAgreement(row.name, candidates, row.checkedRuns);
    const times = await timeCandidates(candidates, repeats);
    const flops3 = row.flops ?? own.flops;
    return candidates.map(({ impl }, i) => ({ name: row.name, impl, ms: times[i], gflops: flops3 / times[i] / 1e6 }));
  } finally {
    for (const candidate of candidates) candidate.dispose();
  }
}
function printResult({ name, impl, ms, gflops }, peak, own) {
  const times = impl === "ours" ? "" : `  ${(ms / own).toFixed(2)} x ours`;
  console.log(`${name.padEnd(22)}${impl.padEnd(8)}${ms.toFixed(2).padStart(10)} ms${gflops.toFixed(2).padStart(10)} GFLOP/s${(100 * gflops / peak).toFixed(1).padStart(7)} %${times}`);
}
async function bench(options) {
  const rows = benchRows.filter(({ name }) => options.rows?.test(name) ?? true);
  if (rows.length === 0) throw new UserError(`--rows ${options.rows}: matches none of ${rowNames}`);
  const device = await openDevice({ ...options, timestamps: true });
  const peers = options.peers ? await loadPeers(device, options.peers === true ? peerNames : [options.peers]) : null;
  const loadAverage = loadavg()[0];
  const { fmaPeakGflops } = await measureRoofline(device);
  console.log(`fma peak: ${fmaPeakGflops.toFixed(1)} GFLOP/s; times are medians of ${options.repeats}, percent are of that peak`);
  if (loadAverage > availableParallelism() / 2) {
    console.log(`the machine is busy (load average ${loadAverage.toFixed(1)} on ${availableParallelism()} cores): compare these times only with each other`);
  }
  const results = [];
  for (const row of rows) {
    const found = await runRow(device, peers, row, options.repeats);
    for (const result of found) printResult(result, fmaPeakGflops, found[0].ms);
    if (peers && found.length === 1) console.log(`${row.name.padEnd(22)}ours only: the peers have no such model`);
    results.push(...found);
  }
  const driver = device.adapter.info.description;
  writeJson(options.json, { adapter: device.name, driver, fmaPeakGflops, loadAverage, rows: results });
  device.close();
}
var root = withDevice(command(
  "bench",
  "Times kernels and whole training and inversion steps.",
  "npm run bench -- --peers --json bench.json"
)).option(
  "--peers [name]",
  "also time the same work in jax-js and tfjs (development dependencies), or in one of them, on the same adapter",
  oneOf(...peerNames)
).option("--rows <regex>", `only rows whose name matches; there are ${rowNames}`, pattern).option("--repeats <number>", "timings per row and implementation; the median counts", positiveInteger, 5).option("--json <file>", "also write the figures to this file").action(bench);
await runCommand(root, process.argv.slice(2));
//# sourceMappingURL=bench.js.map
