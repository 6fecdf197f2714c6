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
} from "./chunk-AMP7OYK6.js";
import {
  RandomStream
} from "./chunk-A26XEMZC.js";
import {
  streamAtomic
} from "./chunk-CLXACCIO.js";
import {
  sameShape,
  sizeOf
} from "./chunk-IBDXW56B.js";
import {
  UserError,
  check
} from "./chunk-Q54TM6M7.js";

// pipeline/run.ts
import { appendFileSync, existsSync as existsSync2, mkdirSync, readFileSync, truncateSync, writeFileSync } from "node:fs";
import { join } from "node:path";

// engine/checkpoint.ts
import { createHash } from "node:crypto";
import { closeSync, existsSync, fstatSync, openSync, readSync } from "node:fs";
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
var headStart = 40;
var chunkBytes = 1 << 26;
var packr = new Packr({ useRecords: false });
var unpackr = new Unpackr({ useRecords: false });
function dtypeOf(data) {
  if (data instanceof Float32Array) return "f32";
  if (data instanceof Int32Array) return "i32";
  return data instanceof Uint32Array ? "u32" : "f16";
}
var mapOf = (fields) => Uint8Array.of(128 | fields);
var withLength = (kind, length) => Uint8Array.of(kind, length >>> 24, length >>> 16 & 255, length >>> 8 & 255, length & 255);
async function saveCheckpoint(file, header, arrays, { half = false, wrote = () => void 0 } = {}) {
  await streamAtomic(file, async (handle) => {
    const hash = createHash("sha256");
    const put = async (...parts) => {
      for (const part of parts) {
        hash.update(part);
        for (let at = 0; at < part.length; at += chunkBytes) await handle.appendFile(part.subarray(at, at + chunkBytes));
      }
    };
    await handle.appendFile(magic);
    await handle.appendFile(new Uint8Array(32));
    await put(mapOf(2), packr.pack("header"), packr.pack(header), packr.pack("arrays"), withLength(221, arrays.size));
    let count = 0;
    for (const [name, source] of arrays) {
      const { shape, data } = typeof source === "function" ? await source() : source;
      const values = half && data instanceof Float32Array ? toHalf(name, data) : data;
      const bytes = new Uint8Array(values.buffer, values.byteOffset, values.byteLength);
      const fields = { name, dtype: dtypeOf(values), shape: [...shape] };
      const head = Object.entries(fields).flatMap(([key, value]) => [packr.pack(key), packr.pack(value)]);
      await put(mapOf(4), Buffer.concat(head), packr.pack("bytes"), withLength(198, bytes.length), bytes);
      wrote(++count);
    }
    await handle.write(hash.digest(), 0, 32, magic.length);
    await handle.sync();
  });
}
function toHalf(name, values) {
  const at = values.findIndex((value) => Number.isFinite(value) && Math.abs(value) >= 65520);
  if (at >= 0) throw new UserError(`${name} holds ${values[at]} at ${at}; f16 ends at 65504: use --precision f32`);
  return encodeHalf(values);
}
var CheckpointFile = class _CheckpointFile {
  constructor(file, descriptor, header, places) {
    this.file = file;
    this.descriptor = descriptor;
    this.header = header;
    this.places = places;
  }
  file;
  descriptor;
  header;
  places;
  /** @throws UserError where the file is missing, of another kind, or damaged. */
  static open(file) {
    if (!existsSync(file)) throw new UserError(`${file}: there is no such checkpoint`);
    const descriptor = openSync(file, "r");
    try {
      const cursor = new Cursor(file, descriptor);
      expectWhole(file, cursor);
      const { header, places } = readIndex(cursor);
      return new _CheckpointFile(file, descriptor, header, places);
    } catch (error) {
      closeSync(descriptor);
      throw error;
    }
  }
  /** Names of the arrays, in the order of the file. */
  get names() {
    return [...this.places.keys()];
  }
  /** An array, or null where there is none of this name. */
  read(name) {
    const place2 = this.places.get(name);
    if (!place2) return null;
    const bytes = new Cursor(this.file, this.descriptor, place2.start).take(place2.bytes);
    return { shape: place2.shape, data: decode(bytes.buffer, place2.dtype) };
  }
  close() {
    closeSync(this.descriptor);
  }
};
var Cursor = class {
  constructor(file, descriptor, at = 0) {
    this.file = file;
    this.descriptor = descriptor;
    this.at = at;
    this.size = fstatSync(descriptor).size;
  }
  file;
  descriptor;
  at;
  size;
  /** The next bytes, in a buffer of their own. */
  take(count) {
    const bytes = new Uint8Array(count);
    for (let done = 0; done < count; ) {
      const read = readSync(this.descriptor, bytes, done, Math.min(chunkBytes, count - done), this.at + done);
      if (read === 0) throw new UserError(`${this.file}: ended while it was being read`);
      done += read;
    }
    this.at += count;
    return bytes;
  }
  /** The next `count` msgpack values, of at most `most` bytes in all. */
  values(count, most) {
    const values = [];
    const start = this.at;
    const window = this.take(Math.min(most, this.size - start));
    unpackr.unpackMultiple(window, (value, _start, end) => {
      values.push(value);
      this.at = start + end;
      return values.length < count;
    });
    return values;
  }
  /** Length of the msgpack map, list or bytes that begin here, by the codes of lengths of 8, 16 and 32 bits. */
  length(short, codes) {
    const [code] = this.take(1);
    if ((code & 240) === short) return code & 15;
    const width = [1, 2, 4][codes.indexOf(code)];
    if (width === void 0) throw new UserError(`${this.file}: is a checkpoint of another version`);
    return this.take(width).reduce((length, byte) => length * 256 + byte, 0);
  }
  map() {
    return this.length(128, [null, 222, 223]);
  }
  list() {
    return this.length(144, [null, 220, 221]);
  }
  bytes() {
    return this.length(-1, [196, 197, 198]);
  }
};
function expectWhole(file, cursor) {
  if (cursor.size < headStart || !magic.equals(cursor.take(magic.length))) {
    throw new UserError(`${file}: is not a checkpoint of this program (its first bytes are not ${magic.toString()})`);
  }
  const checksum = cursor.take(32);
  const hash = createHash("sha256");
  while (cursor.at < cursor.size) hash.update(cursor.take(Math.min(chunkBytes, cursor.size - cursor.at)));
  if (!hash.digest().equals(checksum)) {
    throw new UserError(`${file}: its checksum does not match; it is cut short or damaged`);
  }
  cursor.at = headStart;
}
var mostHeaderBytes = 1 << 24;
var mostArrayHeadBytes = 1 << 12;
function readIndex(cursor) {
  cursor.map();
  const [, header] = cursor.values(3, mostHeaderBytes);
  const places = /* @__PURE__ */ new Map();
  for (let left = cursor.list(); left > 0; left--) {
    cursor.map();
    const [, name, , dtype, , shape] = cursor.values(7, mostArrayHeadBytes);
    const bytes = cursor.bytes();
    places.set(name, { shape, dtype, start: cursor.at, bytes });
    cursor.at += bytes;
  }
  return { header, places };
}
function decode(values, dtype) {
  if (dtype === "f32") return new Float32Array(values);
  if (dtype === "i32") return new Int32Array(values);
  if (dtype === "u32") return new Uint32Array(values);
  return decodeHalf(new Uint16Array(values));
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
    const names = new Set(values.keys());
    const missing = this.specs.filter(({ name }) => !names.has(name)).map(({ name }) => name);
    const unexpected = [...names].filter((name) => !this.tensors.has(name));
    if (missing.length + unexpected.length > 0) {
      throw new UserError(`${where}: ${missing.length} parameters of ${this.name} are missing, ${unexpected.length} are unexpected; first: ${missing[0] ?? unexpected[0]}. Was it saved from another preset?`);
    }
    this.fill(({ name, shape }) => {
      const found = values.get(name);
      if (!sameShape(found.shape, shape)) {
        throw new UserError(`${where}: ${name} is [${found.shape.join(", ")}], but ${this.name} needs [${shape.join(", ")}]. Was it saved from another preset?`);
      }
      return found.data;
    });
  }
  fill(valuesOf) {
    const filled = this.groups.map((group) => {
      const flat = new Float32Array(group.length);
      group.specs.forEach((spec, i) => flat.set(valuesOf(spec), group.offsets[i]));
      return flat;
    });
    this.groups.forEach(({ state }, i) => {
      state.initial = filled[i];
    });
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
  /**
   * How to read each parameter from the device, a group of them at a time; `from` maps a group to another state of its
   * layout (moments, averages). To be read in order.
   */
  sources(device, from = ({ state }) => state) {
    let last = null;
    return new Map(this.groups.flatMap((group, index) => group.specs.map(({ name, shape }, i) => [name, async () => {
      if (last?.group !== group) last = { group, flat: device.read(from(group, index)) };
      const start = group.offsets[i];
      return { shape, data: (await last.flat).slice(start, start + sizeOf(shape)) };
    }])));
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
  const text = readFileSync(metricsFile(dir), "utf8");
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
function partOf(checkpoint, prefix) {
  const begin = `${prefix}/`;
  return {
    keys: () => checkpoint.names.filter((name) => name.startsWith(begin)).map((name) => name.slice(begin.length)),
    get: (name) => checkpoint.read(begin + name) ?? void 0
  };
}
async function saveRun(dir, which, device, header, training) {
  const arrays = /* @__PURE__ */ new Map();
  const { store, averages, states } = training;
  const add = (prefix, values) => {
    for (const [name, array] of values) arrays.set(`${prefix}/${name}`, array);
  };
  add("frozen", training.frozen);
  const averaged = averages.length > 0;
  if (which === "latest" || !averaged) add("weights", store.sources(device));
  if (averaged) add("average", store.sources(device, (_, i) => averages[i]));
  if (which === "latest") {
    for (const state of states) {
      arrays.set(`state/${state.name}`, async () => ({ shape: state.type.shape, data: await device.read(state) }));
    }
  }
  await saveCheckpoint(checkpointFile(dir, which), header, arrays);
}
function resumeRun(dir, kind, device, training) {
  const file = checkpointFile(dir, "latest");
  const checkpoint = CheckpointFile.open(file);
  try {
    const { header } = checkpoint;
    if (header.kind !== kind) throw new UserError(`${file}: holds ${named(header.kind)}, not ${named(kind)}`);
    const { store, averages, states } = training;
    store.load(partOf(checkpoint, "weights"), file);
    store.upload(device);
    if (averages.length > 0) {
      const copy = new ParamStore(`${store.name} average`, store.specs, averages);
      copy.load(partOf(checkpoint, "average"), file);
      copy.upload(device);
    }
    for (const state of states) {
      const array = checkpoint.read(`state/${state.name}`);
      if (!array) throw new UserError(`${file}: lacks the state '${state.name}'. Was it saved with other options?`);
      device.write(state, array.data);
    }
    return header;
  } finally {
    checkpoint.close();
  }
}
function openRunFile(dir, kind, which) {
  const best = checkpointFile(dir, "best");
  const file = which ? checkpointFile(dir, which) : existsSync2(best) ? best : checkpointFile(dir, "latest");
  if (!existsSync2(file)) throw new UserError(`${dir}: is not the folder of a trained ${kind} (there is no ${file})`);
  const checkpoint = CheckpointFile.open(file);
  const { header } = checkpoint;
  if (header.kind !== kind) {
    checkpoint.close();
    throw new UserError(`${dir}: holds ${named(header.kind)}, but ${named(kind)} is needed here`);
  }
  const averaged = checkpoint.names.some((name) => name.startsWith("average/"));
  return {
    dir,
    file,
    header,
    weights: partOf(checkpoint, averaged ? "average" : "weights"),
    frozen: partOf(checkpoint, "frozen"),
    close: () => checkpoint.close()
  };
}
function loadRun(dir, kind, which) {
  const { close, ...run } = openRunFile(dir, kind, which);
  const read = (values) => new Map([...values.keys()].map((name) => [name, values.get(name)]));
  try {
    return { ...run, weights: read(run.weights), frozen: read(run.frozen) };
  } finally {
    close();
  }
}
async function compactRun(dir, kind, out) {
  const { header, close, ...parts } = openRunFile(dir, kind);
  const arrays = new Map(["weights", "frozen"].flatMap((part) => [...parts[part].keys()].map((name) => [`${part}/${name}`, () => parts[part].get(name)])));
  const file = checkpointFile(out, "best");
  try {
    await saveCheckpoint(file, header, arrays, { half: true });
  } finally {
    close();
  }
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
  saveCheckpoint,
  expectRun,
  openRun,
  logMetrics,
  rewindMetrics,
  saveRun,
  resumeRun,
  openRunFile,
  loadRun,
  compactRun
};
//# sourceMappingURL=chunk-F6TGNQ67.js.map
