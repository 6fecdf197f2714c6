import {
  importTarget,
  presetNames
} from "../chunk-BQKNRJB5.js";
import "../chunk-7T2S5764.js";
import "../chunk-GGAIVALH.js";
import "../chunk-VJXARB7B.js";
import "../chunk-4CJS6QHA.js";
import "../chunk-LJVP3GZA.js";
import {
  declareUnusedHead,
  encoderScope,
  firstStageSpecs,
  generatorSpecs,
  noiseSchedule
} from "../chunk-RSM2DQM3.js";
import {
  latentShape
} from "../chunk-X4MMT7BF.js";
import "../chunk-KTCMITE2.js";
import {
  layoutVocabulary
} from "../chunk-MPJXQ5EU.js";
import {
  timestepEmbedding,
  width
} from "../chunk-3D4ROVPF.js";
import "../chunk-35FDYTRM.js";
import {
  declareParams,
  decodeHalf,
  encodeHalf,
  normal,
  openRunFile,
  saveCheckpoint,
  zeros
} from "../chunk-F6TGNQ67.js";
import {
  add,
  attention,
  gather,
  geluTanh,
  inputTensor,
  layerNorm,
  linear,
  mul,
  reshape,
  silu,
  slice,
  table,
  transpose
} from "../chunk-AMP7OYK6.js";
import {
  Progress,
  command,
  interruptSignal,
  oneOf,
  positiveInteger,
  real,
  required,
  runCommand,
  writeJson
} from "../chunk-26JDG3OC.js";
import "../chunk-HP4QYYGS.js";
import "../chunk-L5HLJDC5.js";
import "../chunk-A26XEMZC.js";
import {
  streamAtomic,
  writeAtomic
} from "../chunk-CLXACCIO.js";
import {
  describe,
  sameShape,
  sizeOf
} from "../chunk-IBDXW56B.js";
import {
  UserError,
  check
} from "../chunk-Q54TM6M7.js";

// tools/convert.ts
import { statSync } from "node:fs";

// models/dit/ditBlock.ts
var glorot = (inputs, outputs) => ({ kind: "uniform", bound: Math.sqrt(6 / (inputs + outputs)) });
function dense(p, x, out, init = glorot(width(x), out)) {
  return linear(x, p.param("weight", [out, width(x)], init), p.param("bias", [out], zeros));
}
function modulation(p, condition, count) {
  const [B, D] = condition.shape;
  const all = dense(p.at("adaLN_modulation.1"), silu(condition), count * D, zeros);
  return Array.from({ length: count }, (_, i) => reshape(slice(all, 1, i * D, D), [B, 1, D]));
}
function modulated(x, shift, scale) {
  return add(mul(layerNorm(x, null, null, 1e-6), add(scale, 1)), shift);
}
function ditBlock(p, x, condition, heads) {
  const [shift, scale, gate, shift2, scale2, gate2] = modulation(p, condition, 6);
  x = add(x, mul(gate, selfAttention(p.at("attn"), modulated(x, shift, scale), heads)));
  return add(x, mul(gate2, feedForward(p.at("mlp"), modulated(x, shift2, scale2))));
}
function selfAttention(p, x, heads) {
  const D = width(x);
  const qkv = dense(p.at("qkv"), x, 3 * D);
  const [q, k, v] = [0, 1, 2].map((i) => slice(qkv, -1, i * D, D));
  return dense(p.at("proj"), attention(q, k, v, { heads }), D);
}
function feedForward(p, x) {
  return dense(p.at("fc2"), geluTanh(dense(p.at("fc1"), x, 4 * width(x))), width(x));
}

// models/dit/gridPositions.ts
function gridPositions(side, width2) {
  check(width2 % 4 === 0, () => `grid positions: the width must be a multiple of 4, found ${width2}`);
  const frequencies = width2 / 4;
  const values = new Float32Array(side * side * width2);
  for (let token = 0; token < side * side; token++) {
    [token % side, Math.floor(token / side)].forEach((place, axis) => {
      const start = token * width2 + 2 * axis * frequencies;
      for (let i = 0; i < frequencies; i++) {
        const angle = place * 1e4 ** (-i / frequencies);
        values[start + i] = Math.sin(angle);
        values[start + frequencies + i] = Math.cos(angle);
      }
    });
  }
  return values;
}

// models/dit/dit.ts
var sinusoids = 256;
function classTable(p, { classCount, width: width2 }) {
  return p.at("y_embedder.embedding_table").param("weight", [classCount + 1, width2], normal(0.02));
}
function classEmbedding(p, labels, config) {
  return gather(classTable(p, config), labels);
}
function dit(p, x, t, embedding, config) {
  const { latentChannels: C, latentSize: S, patch, width: width2, learnVariance } = config;
  check(S % patch === 0, () => `dit: latents of side ${S} cannot be cut into patches of side ${patch}`);
  check(x.rank === 4 && x.shape[1] === C && x.shape[2] === S && x.shape[3] === S, () => `dit: x must be [B, ${C}, ${S}, ${S}], found ${describe(x)}. Does it come from another first stage or image size?`);
  const B = x.shape[0];
  check(embedding.rank === 2 && embedding.shape[0] === B && embedding.shape[1] === width2, () => `dit: the class embedding must be [${B}, ${width2}], found ${describe(embedding)}`);
  const side = S / patch;
  const positions = table(gridPositions(side, width2), [side * side, width2]);
  let h = add(embedPatches(p.at("x_embedder.proj"), x, config), positions);
  const condition = add(embedTimestep(p.at("t_embedder.mlp"), t, config), embedding);
  for (let block = 0; block < config.depth; block++) {
    h = ditBlock(p.at(`blocks.${block}`), h, condition, config.heads);
  }
  const final = p.at("final_layer");
  const [shift, scale] = modulation(final, condition, 2);
  const channels = learnVariance ? 2 * C : C;
  h = dense(final.at("linear"), modulated(h, shift, scale), patch * patch * channels, zeros);
  return pixelsOfPatches(h, channels, side, patch);
}
function embedTimestep(p, t, { width: width2, diffusion }) {
  const h = dense(p.at(0), timestepEmbedding(t, sinusoids, diffusion.schedule.steps), width2, normal(0.02));
  return dense(p.at(2), silu(h), width2, normal(0.02));
}
function embedPatches(p, x, { patch, width: width2 }) {
  const [B, C, S] = x.shape;
  const side = S / patch;
  const inputs = C * patch * patch;
  const cut = transpose(reshape(x, [B, C, side, patch, side, patch]), [0, 2, 4, 1, 3, 5]);
  const patches = reshape(cut, [B, side * side, inputs]);
  const weight = p.param("weight", [width2, C, patch, patch], glorot(inputs, width2));
  return linear(patches, reshape(weight, [width2, inputs]), p.param("bias", [width2], zeros));
}
function pixelsOfPatches(h, channels, side, patch) {
  const B = h.shape[0];
  const patches = reshape(h, [B, side, side, patch, patch, channels]);
  return reshape(transpose(patches, [0, 5, 1, 3, 2, 4]), [B, channels, side * patch, side * patch]);
}

// pipeline/convertNames.ts
var averageName = (name) => `model_ema.${name.replace(/^model\./, "").replaceAll(".", "")}`;
var attentionParts = {
  norm: ["group_norm"],
  q: ["to_q", "query"],
  k: ["to_k", "key"],
  v: ["to_v", "value"],
  proj_out: ["to_out.0", "proj_attn"]
};
function diffusersNames(name, levels) {
  const renamed = name.replace(/\bdown\.(\d+)\./, "down_blocks.$1.").replace(/\bup\.(\d+)\./, (_, level) => `up_blocks.${levels - 1 - Number(level)}.`).replace(/\bblock\.(\d+)\./, "resnets.$1.").replace(/\battn\.(\d+)\./, "attentions.$1.").replace(/\bdownsample\./, "downsamplers.0.").replace(/\bupsample\./, "upsamplers.0.").replace(/\bmid\.block_(\d)\./, (_, block2) => `mid_block.resnets.${Number(block2) - 1}.`).replace(/\bmid\.attn_1\./, "mid_block.attentions.0.").replace(/\bnin_shortcut\./, "conv_shortcut.").replace(/\bnorm_out\./, "conv_norm_out.");
  const part = /^(.*\.attentions\.\d+)\.(norm|q|k|v|proj_out)\.(weight|bias)$/.exec(renamed);
  if (!part) return { names: [renamed], matrix: false };
  const [, block, own, field] = part;
  return {
    names: attentionParts[own].map((theirs) => `${block}.${theirs}.${field}`),
    matrix: own !== "norm" && field === "weight"
  };
}

// pipeline/convertLayout.ts
var keep = (part, { name, shape }, keys = [name]) => ({ part, name, shape, keys, publishedShape: shape, optional: false });
var firstStagePrefix = "first_stage_model.";
var lossNetworks = {
  rule: "discriminator and perceptual loss",
  matches: /^(first_stage_model\.)?loss\./
};
var averages = { rule: "averages (--ema takes them)", matches: /^model_ema\./ };
var averageState = { rule: "state of the averages", matches: /^model_ema\.(decay|num_updates)$/ };
var rawWeights = {
  rule: "weights that --ema replaces by their averages",
  matches: /^model\.diffusion_model\./
};
var otherParts = { rule: "other parts of a latent diffusion model", matches: /^(?!first_stage_model\.)/ };
var scheduleBuffers = {
  rule: "buffers that follow from betas",
  matches: /^(alphas_cumprod(_prev)?|sqrt_\w+|log_one_minus_alphas_cumprod|posterior_\w+|lvlb_weights|logvar)$/
};
function firstStageArrays(part, config, size, naming, prefix) {
  if (config.kind === "identity") return [];
  return firstStageSpecs(config, size).map((spec) => {
    if (naming === "ldm") return keep(part, spec, [`${prefix}${spec.name}`]);
    const { names, matrix } = diffusersNames(spec.name, config.channelMult.length);
    const kept = keep(part, spec, names.map((name) => `${prefix}${name}`));
    return matrix ? { ...kept, publishedShape: spec.shape.slice(0, 2) } : kept;
  });
}
function namingOf(keys) {
  const all = [...keys];
  const prefix = all.some((key) => key.startsWith(firstStagePrefix)) ? firstStagePrefix : "";
  return { naming: all.some((key) => /\b(down_blocks|up_blocks|mid_block)\./.test(key)) ? "diffusers" : "ldm", prefix };
}
function firstStageLayout(config, size, keys) {
  const { naming, prefix } = namingOf(keys);
  return {
    kept: firstStageArrays("weights", config, size, naming, prefix),
    fixed: [],
    ignored: [...prefix ? [otherParts] : [], lossNetworks, averages]
  };
}
function firstStageExport(part, config, size, naming) {
  return { kept: firstStageArrays(part, config, size, naming, ""), fixed: [], ignored: [] };
}
function generatorLayout(description, ema = false) {
  const { model, autoencoder, image, latentScale } = description;
  const { length } = layoutVocabulary(description.vocabulary);
  const own = generatorSpecs(model, latentShape(autoencoder, image.size, image.size), length).map((spec) => keep("weights", spec, [ema && spec.name.startsWith("model.") ? averageName(spec.name) : spec.name]));
  const head = declareParams((p) => declareUnusedHead(encoderScope(p), model.encoder));
  const { beta } = noiseSchedule(model.diffusion.schedule);
  return {
    kept: [
      ...own,
      ...head.map((spec) => ({ ...keep("unused", spec), optional: true })),
      ...firstStageArrays("frozen", autoencoder, image.size, "ldm", firstStagePrefix)
    ],
    fixed: [{
      key: "betas",
      shape: [beta.length],
      values: () => beta,
      exported: true,
      advice: "It was trained with another noise schedule"
    }, {
      key: "scale_factor",
      shape: [],
      values: () => [latentScale],
      exported: latentScale !== 1,
      advice: "Give it as --latent-scale"
    }],
    ignored: [...ema ? [averageState, rawWeights] : [averages], lossNetworks, scheduleBuffers]
  };
}
function ditLayout({ model, autoencoder, image }, keys) {
  const { latentChannels: C, latentSize: S, width: width2, patch } = model;
  const specs = declareParams((p) => dit(
    p,
    inputTensor("x", [1, C, S, S]),
    inputTensor("t", [1], "i32"),
    classEmbedding(p, inputTensor("labels", [1], "i32"), model),
    model
  ));
  const all = [...keys];
  const { naming, prefix } = namingOf(all);
  const hasFirstStage = all.some((key) => key.startsWith(`${prefix}decoder.`));
  const side = S / patch;
  return {
    kept: [
      ...specs.map((spec) => keep("weights", spec)),
      ...hasFirstStage ? firstStageArrays("frozen", autoencoder, image.size, naming, prefix) : []
    ],
    fixed: [{
      key: "pos_embed",
      shape: [1, side * side, width2],
      values: () => gridPositions(side, width2),
      advice: "It was trained with other positions",
      exported: true
    }],
    ignored: [lossNetworks]
  };
}
var fits = ({ shape, publishedShape }, found) => [shape, publishedShape].some((expected) => expected.join() === found.shape.join());

// engine/safetensors.ts
import { open } from "node:fs/promises";
var bytesOf = {
  F64: 8,
  F32: 4,
  F16: 2,
  BF16: 2,
  I64: 8,
  I32: 4,
  I16: 2,
  I8: 1,
  U64: 8,
  U32: 4,
  U16: 2,
  U8: 1,
  BOOL: 1,
  F8_E5M2: 1,
  F8_E4M3: 1
};
var longestHeader = 1e8;
var chunkBytes = 1 << 26;
var SafetensorsFile = class _SafetensorsFile {
  constructor(file, handle, entries, metadata) {
    this.file = file;
    this.handle = handle;
    this.entries = entries;
    this.metadata = metadata;
  }
  file;
  handle;
  entries;
  metadata;
  /** @throws UserError where the file is missing or its header breaks the format; the message says how. */
  static async open(file) {
    let handle;
    try {
      handle = await open(file, "r");
    } catch (error) {
      throw new UserError(`${file}: cannot be read (${error.code})`);
    }
    try {
      const { entries, metadata } = await readHeader(file, handle);
      return new _SafetensorsFile(file, handle, entries, metadata);
    } catch (error) {
      await handle.close();
      throw error;
    }
  }
  entry(name) {
    const entry = this.entries.get(name);
    if (!entry) throw new UserError(`${this.file}: there is no tensor '${name}'`);
    return entry;
  }
  /** Values of a tensor of F64, F32, F16 or BF16, as f32. */
  async readFloats(name) {
    const { dtype } = this.entry(name);
    const decode = floatDecoders[dtype];
    if (!decode) throw new UserError(`${this.file}: ${name} is ${dtype}; F64, F32, F16 or BF16 is needed`);
    return decode(await this.bytes(name));
  }
  /** Values of a tensor of I32 or I64; those of I64 must fit in 32 bits. */
  async readIntegers(name) {
    const { dtype } = this.entry(name);
    if (dtype === "I32") return new Int32Array(await this.bytes(name));
    if (dtype !== "I64") throw new UserError(`${this.file}: ${name} is ${dtype}; I32 or I64 is needed`);
    return Int32Array.from(new BigInt64Array(await this.bytes(name)), (value, i) => {
      if (BigInt.asIntN(32, value) !== value) {
        throw new UserError(`${this.file}: ${name}[${i}] is ${value}, more than 32 bits hold`);
      }
      return Number(value);
    });
  }
  /** In a buffer of its own, so that any element type may be laid over it. */
  async bytes(name) {
    const { begin, end } = this.entry(name);
    const bytes = new Uint8Array(end - begin);
    await readFully(this.file, this.handle, bytes, begin);
    return bytes.buffer;
  }
  close() {
    return this.handle.close();
  }
};
async function readFully(file, handle, bytes, position) {
  for (let done = 0; done < bytes.length; ) {
    const length = Math.min(chunkBytes, bytes.length - done);
    const { bytesRead } = await handle.read(bytes, done, length, position + done);
    if (bytesRead === 0) throw new UserError(`${file}: ended while it was being read`);
    done += bytesRead;
  }
}
async function readHeader(file, handle) {
  const stat = await handle.stat();
  if (!stat.isFile()) throw new UserError(`${file}: is not a file`);
  if (stat.size < 8) {
    throw new UserError(`${file}: is no safetensors file: ${stat.size} bytes, of which the header's length takes 8`);
  }
  const prefix = new Uint8Array(8);
  await readFully(file, handle, prefix, 0);
  if (prefix[0] === 80 && prefix[1] === 75) {
    throw new UserError(`${file}: is a PyTorch or zip file; save its weights as safetensors first`);
  }
  const length = new DataView(prefix.buffer).getBigUint64(0, true);
  if (length > BigInt(Math.min(longestHeader, stat.size - 8))) {
    throw new UserError(`${file}: the header's length is ${length}, but the file has ${stat.size - 8} bytes after it and ${longestHeader} are the most. Is it cut short, or no safetensors file?`);
  }
  const bytes = new Uint8Array(Number(length));
  await readFully(file, handle, bytes, 8);
  return parseHeader(file, bytes, 8 + bytes.length, stat.size);
}
function parseHeader(file, bytes, dataStart, fileSize) {
  const broken = (what) => new UserError(`${file}: the header ${what}`);
  let text;
  let json;
  try {
    text = new TextDecoder("utf-8", { fatal: true }).decode(bytes);
    json = JSON.parse(text);
  } catch (error) {
    throw broken(`is not JSON (${error.message})`);
  }
  if (!text.startsWith("{")) throw broken("must begin with '{'");
  const twice = duplicateKey(text);
  if (twice !== null) throw broken(`has the key '${twice}' twice`);
  const { __metadata__: metadata = {}, ...tensors } = json;
  if (!isRecord(metadata) || Object.values(metadata).some((value) => typeof value !== "string")) {
    throw broken("must have text values under __metadata__");
  }
  const entries = Object.entries(tensors).map(([name, value]) => entryOf(name, value, dataStart, broken));
  entries.sort((a, b) => a.begin - b.begin || a.end - b.end);
  let at = dataStart;
  for (const { name, begin, end } of entries) {
    const [from, until] = [begin - dataStart, at - dataStart];
    if (begin < at) throw broken(`lets '${name}' begin at byte ${from}, where another tensor lies until ${until}`);
    if (begin > at) throw broken(`leaves bytes ${until} to ${from}, before '${name}', to no tensor`);
    at = end;
  }
  if (at !== fileSize) {
    throw new UserError(`${file}: the header's tensors end at byte ${at}, the file at ${fileSize}. ` + (at > fileSize ? "Is it cut short?" : "Bytes at its end belong to no tensor."));
  }
  const byName = new Map(entries.map((entry) => [entry.name, entry]));
  return { entries: byName, metadata };
}
function duplicateKey(text) {
  const open2 = [];
  for (const [token, key, colon] of text.matchAll(/("(?:[^"\\]|\\.)*")(\s*:)?|[{}[\]]/g)) {
    if (token === "{") open2.push(/* @__PURE__ */ new Set());
    else if (token === "[") open2.push(null);
    else if (token === "}" || token === "]") open2.pop();
    else if (colon !== void 0) {
      const name = JSON.parse(key);
      const known = open2.at(-1);
      if (known.has(name)) return name;
      known.add(name);
    }
  }
  return null;
}
var isRecord = (value) => typeof value === "object" && value !== null && !Array.isArray(value);
var isCount = (value) => Number.isSafeInteger(value) && value >= 0;
function entryOf(name, value, dataStart, broken) {
  if (!isRecord(value)) throw broken(`must describe '${name}' by an object`);
  const { dtype, shape, data_offsets: offsets } = value;
  if (typeof dtype !== "string" || !Object.hasOwn(bytesOf, dtype)) {
    throw broken(`gives '${name}' the unknown dtype ${JSON.stringify(dtype)}`);
  }
  if (!Array.isArray(shape) || !shape.every(isCount)) {
    throw broken(`gives '${name}' the shape ${JSON.stringify(shape)}; it must be a list of sizes`);
  }
  if (!Array.isArray(offsets) || offsets.length !== 2 || !offsets.every(isCount) || offsets[0] > offsets[1]) {
    throw broken(`gives '${name}' the data_offsets ${JSON.stringify(offsets)}; they must be [begin, end]`);
  }
  const [begin, end] = offsets;
  const needed = sizeOf(shape) * bytesOf[dtype];
  if (end - begin !== needed) {
    throw broken(`gives '${name}' ${end - begin} bytes, but ${dtype} [${shape.join(", ")}] takes ${needed}`);
  }
  return { name, dtype, shape, begin: dataStart + begin, end: dataStart + end };
}
var halves = null;
var floatDecoders = {
  F32: (buffer) => new Float32Array(buffer),
  F64: (buffer) => Float32Array.from(new Float64Array(buffer)),
  BF16: (buffer) => {
    const words = new Uint32Array(buffer.byteLength / 2);
    new Uint16Array(buffer).forEach((bits, i) => {
      words[i] = bits << 16;
    });
    return new Float32Array(words.buffer);
  },
  F16: (buffer) => {
    halves ??= decodeHalf(Uint16Array.from({ length: 1 << 16 }, (_, bits2) => bits2));
    const bits = new Uint16Array(buffer);
    const values = new Float32Array(bits.length);
    for (let i = 0; i < bits.length; i++) values[i] = halves[bits[i]];
    return values;
  }
};
function encodeBrain(values) {
  const words = new Uint32Array(values.buffer, values.byteOffset, values.length);
  return Uint16Array.from(words, (word) => {
    if ((word & 2147483647) > 2139095040) return word >>> 16 | 64;
    return word + 32767 + (word >>> 16 & 1) >>> 16;
  });
}
var encoders = {
  F32: (values) => values,
  F16: (values) => encodeHalf(values),
  BF16: (values) => encodeBrain(values)
};
async function writeSafetensors(file, sources, metadata = {}) {
  const header = headerOf(sources, metadata);
  await streamAtomic(file, async (handle) => {
    const prefix = Buffer.alloc(8);
    prefix.writeBigUInt64LE(BigInt(header.length));
    await handle.appendFile(prefix);
    await handle.appendFile(header);
    for (const source of sources) {
      const { name, dtype, shape } = source;
      const found = await source.values();
      if (found.length !== sizeOf(shape)) {
        throw new Error(`writeSafetensors: ${name} is [${shape.join(", ")}], but has ${found.length} values`);
      }
      const { buffer, byteOffset, byteLength } = encoders[dtype](found);
      const bytes = new Uint8Array(buffer, byteOffset, byteLength);
      for (let at = 0; at < byteLength; at += chunkBytes) await handle.appendFile(bytes.subarray(at, at + chunkBytes));
    }
    await handle.sync();
  });
}
function headerOf(sources, metadata) {
  const entries = Object.keys(metadata).length > 0 ? [["__metadata__", metadata]] : [];
  let at = 0;
  for (const { name, dtype, shape } of sources) {
    const begin = at;
    at += sizeOf(shape) * bytesOf[dtype];
    entries.push([name, { dtype, shape, data_offsets: [begin, at] }]);
  }
  const names = new Set(entries.map(([name]) => name));
  if (names.size !== entries.length) throw new Error("writeSafetensors: two tensors have one name");
  const text = JSON.stringify(Object.fromEntries(entries));
  return Buffer.from(text + " ".repeat((8 - Buffer.byteLength(text) % 8) % 8));
}

// pipeline/convertPlan.ts
var PublishedFiles = class _PublishedFiles {
  constructor(holders, files) {
    this.holders = holders;
    this.files = files;
  }
  holders;
  files;
  /** @throws UserError where a file cannot be read or two hold the same tensor. */
  static async open(paths) {
    const files = [];
    const holders = /* @__PURE__ */ new Map();
    const result = new _PublishedFiles(holders, files);
    try {
      for (const path of paths) {
        const file = await SafetensorsFile.open(path);
        files.push(file);
        for (const key of file.entries.keys()) {
          const other = holders.get(key);
          if (other) throw new UserError(`${path}: holds '${key}', which ${other.file} holds as well`);
          holders.set(key, file);
        }
      }
    } catch (error) {
      await result.close();
      throw error;
    }
    return result;
  }
  get keys() {
    return [...this.holders.keys()];
  }
  entry(key) {
    return this.holders.get(key)?.entries.get(key);
  }
  read(key) {
    return this.holders.get(key).readFloats(key);
  }
  async close() {
    await Promise.all(this.files.map((file) => file.close()));
  }
};
async function planImport(files, layout) {
  const left = new Set(files.keys);
  const taken = [];
  const [missing, wrong, checked] = [[], [], []];
  for (const kept of layout.kept) {
    const key = kept.keys.find((name) => left.has(name));
    if (key === void 0) {
      if (!kept.optional) missing.push(kept.keys[0]);
      continue;
    }
    left.delete(key);
    const entry = files.entry(key);
    if (fits(kept, entry)) taken.push({ kept, key });
    else wrong.push(`${key} is [${entry.shape.join(", ")}], not [${kept.publishedShape.join(", ")}]`);
  }
  for (const fixed of layout.fixed) {
    if (!left.delete(fixed.key)) continue;
    const fault = await faultOf(files, fixed);
    if (fault === null) checked.push(fixed.key);
    else wrong.push(fault);
  }
  const ignored = /* @__PURE__ */ new Map();
  for (const key of left) {
    const rule = layout.ignored.find(({ matches }) => matches.test(key))?.rule;
    if (rule === void 0) continue;
    ignored.set(rule, [...ignored.get(rule) ?? [], key]);
    left.delete(key);
  }
  return { taken, checked, ignored, missing, unexpected: [...left], wrong };
}
var tolerance = 0.01;
async function faultOf(files, { key, shape, values, advice }) {
  const entry = files.entry(key);
  if (entry.shape.join() !== shape.join()) return `${key} is [${entry.shape.join(", ")}], not [${shape.join(", ")}]`;
  const [found, expected] = [await files.read(key), values()];
  let largest = 0;
  for (let i = 0; i < expected.length; i++) largest = Math.max(largest, Math.abs(expected[i]));
  const at = found.findIndex((value, i) => !(Math.abs(value - expected[i]) <= tolerance * largest));
  if (at < 0) return null;
  const place = shape.length > 0 ? `[${at}]` : "";
  return `${key}${place} is ${found[at]}, not ${Number(expected[at].toPrecision(6))}. ${advice}`;
}
function describePlan({ taken, checked, ignored, missing, unexpected, wrong }) {
  const some = (names) => names.slice(0, 5).join(", ") + (names.length > 5 ? `, and ${names.length - 5} more` : "");
  const inPart = (part) => {
    const own = taken.filter(({ kept }) => kept.part === part);
    const values = own.reduce((sum, { kept }) => sum + sizeOf(kept.shape), 0);
    return `${own.length} ${part} (${values.toLocaleString("en")} values)`;
  };
  const parts = ["weights", "frozen", "unused"].filter((part) => taken.some(({ kept }) => kept.part === part));
  return [
    `used: ${taken.length}${taken.length > 0 ? `: ${parts.map(inPart).join(", ")}` : ""}`,
    ...checked.length > 0 ? [`checked: ${checked.length}: ${some(checked)}`] : [],
    ...[...ignored].map(([rule, keys]) => `ignored: ${keys.length}: ${rule}`),
    `missing: ${missing.length}${missing.length > 0 ? `: ${some(missing)}` : ""}`,
    `unexpected: ${unexpected.length}${unexpected.length > 0 ? `: ${some(unexpected)}` : ""}`,
    `wrong: ${wrong.length}${wrong.length > 0 ? `: ${some(wrong)}` : ""}`
  ];
}
function expectComplete(plan, where, skipUnexpected) {
  const { missing, unexpected, wrong } = plan;
  const refused = skipUnexpected ? [] : unexpected;
  if (missing.length + wrong.length + refused.length === 0) return;
  const advice = missing.length + wrong.length > 0 ? "Is it of another preset?" : "Import without them by --skip-unexpected";
  throw new UserError(`${where}: ${missing.length} keys are missing, ${wrong.length} are wrong, ${unexpected.length} are unexpected; first: ${wrong[0] ?? missing[0] ?? unexpected[0]}. ${advice}`);
}

// pipeline/convertRun.ts
import { existsSync, readFileSync, readdirSync } from "node:fs";
import { rename, rm } from "node:fs/promises";
import { basename, dirname, join, resolve } from "node:path";
var unusedFile = (dir) => join(dir, "unused.safetensors");
var configFile = (dir) => join(dir, "config.json");
var checkpointFile = (dir) => join(dir, "checkpoints", "best.msgpack");
function expectEmpty(dir) {
  let found = [];
  try {
    found = existsSync(dir) ? readdirSync(dir) : [];
  } catch (error) {
    throw new UserError(`${dir}: is no folder that could be written (${error.code})`);
  }
  if (found.length > 0) throw new UserError(`${dir}: holds ${found[0]} already; choose another --out`);
}
async function importRun(dir, files, plan, options) {
  expectEmpty(dir);
  const made = join(dirname(resolve(dir)), `.${basename(resolve(dir))}.${process.pid}.tmp`);
  try {
    await writeRun(made, files, plan, options);
    await rename(made, dir);
  } catch (error) {
    await rm(made, { recursive: true, force: true });
    throw error;
  }
  return checkpointFile(dir);
}
async function writeRun(dir, files, plan, options) {
  const { kind, config, half, extra = [], wrote = () => void 0 } = options;
  const arrays = new Map(plan.taken.filter(({ kept }) => kept.part !== "unused").map(({ kept: { part, name, shape }, key }) => {
    const to = `${part}/${name}`;
    return [to, async () => ({ shape, data: finite(to, await files.read(key)) })];
  }));
  for (const [name, array] of extra) arrays.set(`frozen/${name}`, array);
  const unused = plan.taken.filter(({ kept }) => kept.part === "unused");
  await saveCheckpoint(checkpointFile(dir), { kind, config, step: 0, best: null }, arrays, { half, wrote });
  if (unused.length > 0) {
    await writeSafetensors(unusedFile(dir), unused.map(({ kept, key }) => ({ name: kept.name, dtype: half ? "F16" : "F32", shape: kept.shape, values: () => files.read(key) })));
  }
  await writeAtomic(configFile(dir), `${JSON.stringify({ kind, config }, null, 2)}
`);
}
function finite(name, values) {
  const at = values.findIndex((value) => !Number.isFinite(value));
  if (at >= 0) throw new UserError(`${name} holds ${values[at]} at ${at}; weights must be finite`);
  return values;
}
function kindOfRun(dir) {
  let kind;
  try {
    ({ kind } = JSON.parse(readFileSync(configFile(dir), "utf8")));
  } catch (error) {
    throw new UserError(`${dir}: is not the folder of a run (config.json: ${error.message})`);
  }
  if (kind !== "autoencoder" && kind !== "generator" && kind !== "dit") {
    throw new UserError(`${dir}: holds a run of kind ${JSON.stringify(kind)}; autoencoder, generator and dit can be exported`);
  }
  return kind;
}
async function exportRun(file, run, layout, dtype) {
  const unused = existsSync(unusedFile(run.dir)) ? await SafetensorsFile.open(unusedFile(run.dir)) : null;
  try {
    const absent = [];
    const sources = [];
    for (const kept of layout.kept) {
      const values = valuesOf(kept, run, unused);
      if (values) sources.push({ name: kept.keys[0], dtype, shape: kept.publishedShape, values });
      else absent.push(kept.keys[0]);
    }
    for (const { key, shape, values, exported } of layout.fixed) {
      if (exported) sources.push({ name: key, dtype: "F32", shape, values: () => Float32Array.from(values()) });
    }
    await writeSafetensors(file, sources, { format: "pt" });
    return { written: sources.map(({ name }) => name), absent };
  } finally {
    await unused?.close();
  }
}
function valuesOf({ part, name, shape }, run, unused) {
  if (part === "unused") return unused?.entries.has(name) ? () => unused.readFloats(name) : null;
  return () => {
    const array = run[part].get(name);
    if (!array) throw new UserError(`${run.file}: lacks ${part} ${name}. Was it written by another version?`);
    if (!sameShape(array.shape, shape)) {
      throw new UserError(`${run.file}: ${name} is [${array.shape.join(", ")}], not [${shape.join(", ")}]`);
    }
    return array.data;
  };
}

// tools/convert.ts
function importLayout(target, keys, ema) {
  if (ema && target.kind !== "generator") {
    throw new UserError("--ema: only a latent diffusion model holds averages beside its weights");
  }
  if (target.kind === "generator") return generatorLayout(target.config, ema);
  if (target.kind === "dit") return ditLayout(target.config, keys);
  return firstStageLayout(target.config.model, target.config.data.size, keys);
}
var accounted = ({ taken, checked, ignored, missing, unexpected, wrong }) => ({
  used: taken.map(({ key, kept }) => ({ key, part: kept.part, name: kept.name, shape: kept.shape })),
  checked,
  ignored: Object.fromEntries(ignored),
  missing,
  unexpected,
  wrong
});
async function withProgress(total, body) {
  const progress = new Progress("converting", total);
  try {
    return await body((done) => progress.update(Math.min(done, total)));
  } finally {
    progress.stop();
  }
}
async function importWeights(paths, options) {
  const [preset, out] = [required(options.preset, "--preset"), required(options.out, "--out")];
  expectEmpty(out);
  const target = await importTarget(preset, options);
  const signal = interruptSignal();
  const files = await PublishedFiles.open(paths);
  try {
    const plan = await planImport(files, importLayout(target, files.keys, options.ema));
    for (const line of describePlan(plan)) console.log(line);
    writeJson(options.json, accounted(plan));
    expectComplete(plan, paths.join(", "), options.skipUnexpected);
    const file = await withProgress(plan.taken.length, (update) => importRun(out, files, plan, {
      ...target,
      half: options.precision === "f16",
      wrote(arrays) {
        if (signal.aborted) throw new UserError("interrupted; nothing was written");
        update(arrays);
      }
    }));
    console.log(`wrote ${file}`);
  } finally {
    await files.close();
  }
}
function exportLayouts(run, kind, format) {
  if (kind === "autoencoder") {
    const { model, data } = run.header.config;
    return { own: firstStageExport("weights", model, data.size, format), firstStage: null };
  }
  const { config } = run.header;
  const { autoencoder, image } = config;
  const hasFirstStage = autoencoder.kind !== "identity" && (kind === "generator" || [...run.frozen.keys()].length > 0);
  return {
    own: kind === "generator" ? generatorLayout(config) : ditLayout(config, []),
    firstStage: hasFirstStage ? firstStageExport("frozen", autoencoder, image.size, format) : null
  };
}
async function exportWeights(options) {
  const [dir, out] = [required(options.run, "--run"), required(options.out, "--out")];
  const kind = kindOfRun(dir);
  const run = openRunFile(dir, kind);
  const { own, firstStage } = exportLayouts(run, kind, options.format);
  const dtype = options.precision.toUpperCase();
  if (options.firstStage !== void 0 && !firstStage) {
    throw new UserError(`--first-stage: the run ${dir} came with no first stage`);
  }
  const written = {};
  const write = async (file, layout) => {
    const { written: keys, absent } = await exportRun(file, run, layout, dtype);
    written[file] = keys;
    console.log(`wrote ${file}: ${keys.length} tensors, ${(statSync(file).size / 1e6).toFixed(1)} MB`);
    if (absent.length > 0) console.log(`  without ${absent.length} that the run does not have: ${absent.join(", ")}`);
  };
  await write(out, own);
  if (options.firstStage !== void 0) await write(options.firstStage, firstStage);
  run.close();
  writeJson(options.json, { run: run.file, written });
}
var importExample = "npm run convert -- import model.safetensors --preset layout2img-256 --classes 80 --out runs/ldm";
var exportExample = "npm run convert -- export --run runs/autoencoder --format diffusers --out vae.safetensors";
var root = command("convert", "Published weights to the folder of a run, and back.", importExample);
root.command("import").helpOption("-h, --help", "show this help").description("Makes a run of published weights (LDM, diffusers, DiT). Every tensor is accounted for; nothing is written where one is missing or of another shape.").argument("<files...>", "safetensors files, read as one").option(`--preset <name>`, `${presetNames.join(", ")} (required)`, oneOf(...presetNames)).option("--out <dir>", "folder of the run to be made (required)").option("--ema", "take the averages of the U-Net where the file has both", false).option("--precision <f32|f16>", "of the checkpoint", oneOf("f32", "f16"), "f32").option("--annotations <file>", "COCO instances JSON that names the classes of a layout model").option("--classes <number>", "number of classes of a layout model, unnamed", positiveInteger).option("--latent-scale <number>", "factor on latents (default: 1; DiT 0.18215)", real).option("--skip-unexpected", "import although the files hold tensors that no rule knows", false).option("--json <file>", "also write the account of all tensors to this file").addHelpText("after", `
Example:
  ${importExample}`).action(importWeights);
root.command("export").helpOption("-h, --help", "show this help").description("Writes the weights of a run (averages where kept) as safetensors, under their published names.").option("--run <dir>", "folder of an autoencoder, generator or imported DiT (required)").option("--out <file>", "file to write (required)").option("--first-stage <file>", "also write the first stage that the run came with, on its own").option("--format <ldm|diffusers>", "names of a first stage on its own", oneOf("ldm", "diffusers"), "ldm").option("--precision <f32|f16|bf16>", "of the file", oneOf("f32", "f16", "bf16"), "f32").option("--json <file>", "also write the names to this file").addHelpText("after", `
Example:
  ${exportExample}`).action(exportWeights);
for (const sub of root.commands) sub.exitOverride().configureOutput({ writeErr: () => void 0 });
var argv = process.argv.slice(2);
await runCommand(root, argv.length > 0 ? argv : ["--help"]);
//# sourceMappingURL=convert.js.map
