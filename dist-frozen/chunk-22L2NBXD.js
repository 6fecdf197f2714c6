import {
  apply,
  defineOp,
  input,
  inputTensor,
  place,
  placeCall,
  reshape,
  setPath,
  slice,
  stateTensor
} from "./chunk-QDA7GGQG.js";
import {
  RandomStream
} from "./chunk-A26XEMZC.js";
import {
  streamAtomic
} from "./chunk-CLXACCIO.js";
import {
  sameShape,
  sizeOf
} from "./chunk-V7NLP5BI.js";
import {
  UserError,
  check
} from "./chunk-Q54TM6M7.js";

// pipeline/run.ts
import { appendFileSync, existsSync as existsSync2, mkdirSync, readFileSync as readFileSync2, truncateSync, writeFileSync } from "node:fs";
import { join } from "node:path";

// engine/checkpoint.ts
import { createHash } from "node:crypto";
import { existsSync, readFileSync } from "node:fs";
import { Packr, Unpackr } from "msgpackr";

// engine/half.ts
var float = new Float32Array(1);
var word = new Uint32Array(float.buffer);
function encodeOne(value) {
  float[0] = value;
  const bits = word[0];
  const sign = bits >>> 16 & 32768;
  const magnitude = bits & 2147483647;
  if (magnitude > 2139095040) return sign | 32256;
  if (magnitude >= 1199566848) return sign | 31744;
  if (magnitude < 947912704) {
    const units = Math.abs(value) * 2 ** 24;
    const whole = Math.floor(units);
    const rest = units - whole;
    return sign | whole + (rest > 0.5 || rest === 0.5 && whole % 2 === 1 ? 1 : 0);
  }
  const rounded = magnitude + 4095 + (magnitude >>> 13 & 1);
  return sign | rounded - 939524096 >>> 13;
}
function decodeOne(bits) {
  const sign = bits & 32768 ? -1 : 1;
  const exponent = bits >>> 10 & 31;
  const fraction = bits & 1023;
  if (exponent === 31) return fraction ? NaN : sign * Infinity;
  return exponent === 0 ? sign * fraction * 2 ** -24 : sign * (1 + fraction / 1024) * 2 ** (exponent - 15);
}
function encodeHalf(values) {
  const bits = new Uint16Array(values.length);
  for (let i = 0; i < bits.length; i++) bits[i] = encodeOne(values[i]);
  return bits;
}
function decodeHalf(bits) {
  const values = new Float32Array(bits.length);
  for (let i = 0; i < values.length; i++) values[i] = decodeOne(bits[i]);
  return values;
}

// engine/checkpoint.ts
var magic = Buffer.from("DIVECKPT");
var packr = new Packr({ useRecords: false });
var unpackr = new Unpackr({ useRecords: false });
function dtypeOf(data) {
  if (data instanceof Float32Array) return "f32";
  if (data instanceof Int32Array) return "i32";
  return data instanceof Uint32Array ? "u32" : "f16";
}
async function saveCheckpoint(file, header, arrays, options = {}) {
  const stored = [...arrays].map(([name, { shape, data }]) => {
    const half = options.half && data instanceof Float32Array;
    const values = half ? encodeHalf(data) : data;
    return {
      name,
      dtype: half ? "f16" : dtypeOf(data),
      shape: [...shape],
      bytes: new Uint8Array(values.buffer, values.byteOffset, values.byteLength)
    };
  });
  const payload = packr.pack({ header, arrays: stored });
  const checksum = createHash("sha256").update(payload).digest();
  await streamAtomic(file, async (handle) => {
    for (const part of [magic, checksum, payload]) await handle.appendFile(part);
    await handle.sync();
  });
}
function loadCheckpoint(file) {
  if (!existsSync(file)) throw new UserError(`${file}: there is no such checkpoint`);
  const bytes = readFileSync(file);
  if (bytes.length < 40 || !bytes.subarray(0, 8).equals(magic)) {
    throw new UserError(`${file}: is not a checkpoint of this program (its first bytes are not ${magic.toString()})`);
  }
  const payload = bytes.subarray(40);
  if (!createHash("sha256").update(payload).digest().equals(bytes.subarray(8, 40))) {
    throw new UserError(`${file}: its checksum does not match; it is cut short or damaged`);
  }
  const { header, arrays } = unpackr.unpack(payload);
  return {
    header,
    arrays: new Map(arrays.map(({ name, dtype, shape, bytes: raw }) => [name, { shape, data: decode(raw, dtype) }]))
  };
}
function decode(raw, dtype) {
  const copy = new Uint8Array(raw).buffer;
  if (dtype === "f32") return new Float32Array(copy);
  if (dtype === "i32") return new Int32Array(copy);
  if (dtype === "u32") return new Uint32Array(copy);
  return decodeHalf(new Uint16Array(copy));
}

// engine/ops/pack.ts
var packOp = defineOp({
  kind: "kernel",
  name: "pack",
  infer(inputs, { offsets, length }) {
    inputs.forEach((x, i) => {
      const end = offsets[i + 1] ?? length;
      check(offsets[i] + sizeOf(x.shape) <= end, () => `pack: operand ${i} has ${sizeOf(x.shape)} elements, its place holds ${end - offsets[i]}`);
    });
    return { shape: [length], dtype: inputs[0].dtype };
  },
  reference(inputs, _types, { offsets, length }) {
    const y = new Float64Array(length);
    inputs.forEach((x, i) => place(x, [x.length], y, [length], [offsets[i]]));
    return y;
  },
  vjp: (g, inputs, _, { offsets }) => inputs.map((x, i) => reshape(slice(g, 0, offsets[i], x.size), x.shape)),
  variants: (inputs, y, { offsets }) => [{
    name: "pack",
    scratch: [],
    // The memory of a pack is made of zeros and never shared (see compile), so gaps need no writing.
    calls: inputs.map((x, i) => placeCall("pack", input(i), [sizeOf(x.shape)], y.shape, [offsets[i]], false))
  }]
});
var pack = (operands, offsets, length) => apply(packOp, operands, { offsets, length });

// engine/state.ts
var State = class {
  constructor(name, type, initial = null) {
    this.name = name;
    this.type = type;
    this.initial = initial;
    if (initial && initial.length !== sizeOf(type.shape)) {
      throw new Error(`state ${name}: needs ${sizeOf(type.shape)} values, found ${initial.length}`);
    }
  }
  name;
  type;
  initial;
};

// engine/params.ts
var zeros = { kind: "constant", value: 0 };
var ones = { kind: "constant", value: 1 };
var normal = (std) => ({ kind: "normal", std });
var fanIn = (inputs) => ({ kind: "uniform", bound: 1 / Math.sqrt(inputs) });
var Scope = class _Scope {
  constructor(source, path = "") {
    this.source = source;
    this.path = path;
  }
  source;
  path;
  /** The scope `name` below this one; dots may join several levels. */
  at(name) {
    return new _Scope(this.source, this.path ? `${this.path}.${name}` : `${name}`);
  }
  /** The parameter `name` of this scope. Nodes made after it are labelled with the scope. */
  param(name, shape, init) {
    setPath(this.path);
    return this.source.get({ name: this.path ? `${this.path}.${name}` : name, shape, init });
  }
};
function declareParams(body) {
  const specs = /* @__PURE__ */ new Map();
  body(new Scope({
    get(spec) {
      const known = specs.get(spec.name);
      if (known) {
        check(sameShape(known.spec.shape, spec.shape), () => `parameter ${spec.name} is used as [${known.spec.shape.join(", ")}] and as [${spec.shape.join(", ")}]`);
        return known.tensor;
      }
      const tensor = inputTensor(spec.name, spec.shape);
      specs.set(spec.name, { spec, tensor });
      return tensor;
    }
  }));
  setPath("");
  return [...specs.values()].map(({ spec }) => spec);
}
var countParams = (specs) => specs.reduce((total, { shape }) => total + sizeOf(shape), 0);
var alignment = 64;
var groupBytes = 1 << 26;
function layOut(name, specs) {
  const groups = [];
  let members = [];
  let offsets = [];
  let length = 0;
  const close = () => {
    if (members.length === 0) return;
    const state = new State(`${name} ${groups.length}`, { shape: [length], dtype: "f32" });
    groups.push({ state, specs: members, offsets, length });
    [members, offsets, length] = [[], [], 0];
  };
  for (const spec of specs) {
    const size = Math.ceil(sizeOf(spec.shape) / alignment) * alignment;
    if (4 * (length + size) > groupBytes) close();
    members.push(spec);
    offsets.push(length);
    length += size;
  }
  close();
  return groups;
}
function drawInitial(spec, seed) {
  const { init } = spec;
  const values = new Float32Array(sizeOf(spec.shape));
  if (init.kind === "constant") return values.fill(init.value);
  const stream = new RandomStream(seed, spec.name);
  if (init.kind === "drawn") return init.draw(stream, spec.shape);
  return values.map(() => init.kind === "normal" ? init.std * stream.normal() : stream.uniform(-init.bound, init.bound));
}
var ParamStore = class {
  /** `states` replaces the memory of the groups, to use averages as parameters. */
  constructor(name, specs, states) {
    this.name = name;
    this.specs = specs;
    this.groups = layOut(name, specs).map((group, i) => states?.[i] ? { ...group, state: states[i] } : group);
    for (const group of this.groups) {
      const flat = stateTensor(group.state);
      group.specs.forEach((spec, i) => {
        const part = slice(flat, 0, group.offsets[i], sizeOf(spec.shape));
        this.tensors.set(spec.name, reshape(part, spec.shape));
      });
    }
  }
  name;
  specs;
  groups;
  /** Tensors by name, in declaration order. */
  tensors = /* @__PURE__ */ new Map();
  /** Number of parameters, without padding. */
  get size() {
    return countParams(this.specs);
  }
  /** A scope whose parameters are this store's. */
  scope(path = "") {
    return new Scope({
      get: ({ name, shape }) => {
        const tensor = this.tensors.get(name);
        check(
          tensor !== void 0,
          () => `parameter ${name} is not in ${this.name}. Was it declared by another config?`
        );
        check(sameShape(tensor.shape, shape), () => `parameter ${name} is [${tensor.shape.join(", ")}] in ${this.name}, but [${shape.join(", ")}] is asked for. Was it declared by another config?`);
        return tensor;
      }
    }, path);
  }
  /** Draws initial values; each parameter has a stream of its own, so the order of declaration does not matter. */
  initialise(seed) {
    this.fill((spec) => drawInitial(spec, seed));
  }
  /**
   * Takes values by name. Throws a UserError that counts what is missing, unexpected or of another shape; `where`
   * names the file they come from.
   */
  load(values, where) {
    const missing = this.specs.filter(({ name }) => !values.has(name)).map(({ name }) => name);
    const unexpected = [...values.keys()].filter((name) => !this.tensors.has(name));
    if (missing.length + unexpected.length > 0) {
      throw new UserError(`${where}: ${missing.length} parameters of ${this.name} are missing, ${unexpected.length} are unexpected; first: ${missing[0] ?? unexpected[0]}. Was it saved from another preset?`);
    }
    for (const { name, shape } of this.specs) {
      const found = values.get(name);
      if (!sameShape(found.shape, shape)) {
        throw new UserError(`${where}: ${name} is [${found.shape.join(", ")}], but ${this.name} needs [${shape.join(", ")}]. Was it saved from another preset?`);
      }
    }
    this.fill(({ name }) => values.get(name).data);
  }
  fill(valuesOf) {
    for (const group of this.groups) {
      const flat = new Float32Array(group.length);
      group.specs.forEach((spec, i) => flat.set(valuesOf(spec), group.offsets[i]));
      group.state.initial = flat;
    }
  }
  /** Uploads what `initialise` or `load` set after the memory was first made. */
  upload(device) {
    for (const { state } of this.groups) {
      const { initial } = state;
      device.buffer(state);
      if (initial && state.initial === initial) device.write(state, initial);
      state.initial = null;
    }
  }
  /** Values by name, from the device; `from` maps a group to another state of its layout (moments, averages). */
  async read(device, from = ({ state }) => state) {
    const values = /* @__PURE__ */ new Map();
    for (const [index, group] of this.groups.entries()) {
      const flat = await device.read(from(group, index));
      group.specs.forEach(({ name, shape }, i) => values.set(name, { shape, data: flat.slice(group.offsets[i], group.offsets[i] + sizeOf(shape)) }));
    }
    return values;
  }
  /** Gradients by parameter (in declaration order) as one flat vector per group. */
  packGradients(gradients) {
    let next = 0;
    return this.groups.map((group) => {
      const part = gradients.slice(next, next + group.specs.length);
      next += group.specs.length;
      return pack(part, group.offsets, group.length);
    });
  }
};

// pipeline/run.ts
var named = (kind) => kind === "autoencoder" ? `an ${kind}` : `a ${kind}`;
var checkpointFile = (dir, which) => join(dir, "checkpoints", `${which}.msgpack`);
var metricsFile = (dir) => join(dir, "metrics.jsonl");
function expectRun(dir, resume) {
  const exists = existsSync2(checkpointFile(dir, "latest"));
  if (exists && !resume) {
    throw new UserError(`${dir}: holds a run already; go on with --resume or choose another --out`);
  }
  if (resume && !exists) throw new UserError(`${dir}: there is no checkpoint to resume; leave out --resume`);
}
function openRun(dir, kind, config, resume) {
  expectRun(dir, resume);
  try {
    mkdirSync(join(dir, "checkpoints"), { recursive: true });
    mkdirSync(join(dir, "samples"), { recursive: true });
    writeFileSync(join(dir, "config.json"), `${JSON.stringify({ kind, config, command: commandLine() }, null, 2)}
`);
  } catch (error) {
    throw new UserError(`${dir}: cannot be written (${error.message})`);
  }
  if (!resume) writeFileSync(metricsFile(dir), "");
}
function commandLine() {
  const script = process.env["npm_lifecycle_event"];
  const args = process.argv.slice(2).map((arg) => /^[\w./:=,-]+$/.test(arg) ? arg : `'${arg}'`).join(" ");
  return script ? `npm run ${script} -- ${args}` : args;
}
function logMetrics(dir, record) {
  appendFileSync(metricsFile(dir), `${JSON.stringify(record)}
`);
}
function rewindMetrics(dir, step) {
  if (!existsSync2(metricsFile(dir))) return;
  const text = readFileSync2(metricsFile(dir), "utf8");
  let kept = 0;
  for (const line of text.split("\n").slice(0, -1)) {
    let record;
    try {
      record = JSON.parse(line);
    } catch {
      break;
    }
    if ((record.step ?? 0) > step) break;
    kept += Buffer.byteLength(line) + 1;
  }
  truncateSync(metricsFile(dir), kept);
}
function withPrefix(arrays, prefix) {
  return new Map([...arrays].filter(([name]) => name.startsWith(`${prefix}/`)).map(([name, array]) => [name.slice(prefix.length + 1), array]));
}
async function saveRun(dir, which, device, header, training) {
  const arrays = /* @__PURE__ */ new Map();
  const { store, averages, states } = training;
  const add = (prefix, values) => {
    for (const [name, array] of values) arrays.set(`${prefix}/${name}`, array);
  };
  add("frozen", training.frozen);
  const averaged = averages.length > 0;
  if (which === "latest" || !averaged) add("weights", await store.read(device));
  if (averaged) add("average", await store.read(device, (_, i) => averages[i]));
  if (which === "latest") {
    for (const state of states) {
      arrays.set(`state/${state.name}`, { shape: state.type.shape, data: await device.read(state) });
    }
  }
  await saveCheckpoint(checkpointFile(dir, which), header, arrays);
}
function resumeRun(dir, kind, device, training) {
  const file = checkpointFile(dir, "latest");
  const { header, arrays } = loadCheckpoint(file);
  if (header.kind !== kind) throw new UserError(`${file}: holds ${named(header.kind)}, not ${named(kind)}`);
  const { store, averages, states } = training;
  store.load(withPrefix(arrays, "weights"), file);
  store.upload(device);
  if (averages.length > 0) {
    const copy = new ParamStore(`${store.name} average`, store.specs);
    copy.load(withPrefix(arrays, "average"), file);
    copy.groups.forEach((group, i) => device.write(averages[i], group.state.initial));
  }
  for (const state of states) {
    const array = arrays.get(`state/${state.name}`);
    if (!array) throw new UserError(`${file}: lacks the state '${state.name}'. Was it saved with other options?`);
    device.write(state, array.data);
  }
  return header;
}
function loadRun(dir, kind, which) {
  const best = checkpointFile(dir, "best");
  const file = which ? checkpointFile(dir, which) : existsSync2(best) ? best : checkpointFile(dir, "latest");
  if (!existsSync2(file)) throw new UserError(`${dir}: is not the folder of a trained ${kind} (there is no ${file})`);
  const { header, arrays } = loadCheckpoint(file);
  if (header.kind !== kind) {
    throw new UserError(`${dir}: holds ${named(header.kind)}, but ${named(kind)} is needed here`);
  }
  const averages = withPrefix(arrays, "average");
  const weights = averages.size > 0 ? averages : withPrefix(arrays, "weights");
  return { dir, file, header, weights, frozen: withPrefix(arrays, "frozen") };
}
async function compactRun(dir, kind, out) {
  const { header, weights, frozen } = loadRun(dir, kind);
  const arrays = /* @__PURE__ */ new Map();
  for (const [name, array] of weights) arrays.set(`weights/${name}`, array);
  for (const [name, array] of frozen) arrays.set(`frozen/${name}`, array);
  const file = checkpointFile(out, "best");
  await saveCheckpoint(file, header, arrays, { half: true });
  writeFileSync(join(out, "config.json"), `${JSON.stringify({ kind, config: header.config }, null, 2)}
`);
  return file;
}

export {
  State,
  zeros,
  ones,
  normal,
  fanIn,
  declareParams,
  ParamStore,
  encodeHalf,
  decodeHalf,
  expectRun,
  openRun,
  logMetrics,
  rewindMetrics,
  saveRun,
  resumeRun,
  loadRun,
  compactRun
};
//# sourceMappingURL=chunk-22L2NBXD.js.map
