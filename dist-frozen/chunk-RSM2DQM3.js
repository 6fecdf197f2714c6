import {
  decode,
  encode,
  latentShape
} from "./chunk-X4MMT7BF.js";
import {
  attentionLayers,
  emptyLayout,
  layoutVocabulary
} from "./chunk-MPJXQ5EU.js";
import {
  addPerChannel,
  channels,
  conv1x1,
  conv1x1OnTokens,
  conv3x3,
  groupNorm,
  layerNorm,
  linear,
  timeEmbedding,
  width
} from "./chunk-3D4ROVPF.js";
import {
  compile
} from "./chunk-35FDYTRM.js";
import {
  ParamStore,
  declareParams,
  fanIn,
  loadRun,
  normal,
  zeros
} from "./chunk-F6TGNQ67.js";
import {
  abs,
  add,
  attention,
  concat,
  gather,
  gelu,
  inputTensor,
  mean,
  mul,
  reshape,
  silu,
  slice,
  square,
  sub,
  table,
  transpose,
  upsample2d
} from "./chunk-AMP7OYK6.js";
import {
  RandomStream
} from "./chunk-A26XEMZC.js";
import {
  describe
} from "./chunk-IBDXW56B.js";
import {
  UserError,
  check
} from "./chunk-Q54TM6M7.js";

// pipeline/firstStage.ts
function firstStageSpecs(config, size) {
  return declareParams((p) => decode(p, encode(p, inputTensor("image", [1, 3, size, size]), config), config));
}
var FirstStage = class _FirstStage {
  constructor(encoder, decoder, latent, size, batch) {
    this.encoder = encoder;
    this.decoder = decoder;
    this.latent = latent;
    this.size = size;
    this.batch = batch;
  }
  encoder;
  decoder;
  latent;
  size;
  batch;
  /** `where` names the file of the weights, for messages. */
  static async open(device, config, weights, where, size, batch = 8) {
    const store = new ParamStore("autoencoder", firstStageSpecs(config, size));
    store.load(weights, where);
    const latent = latentShape(config, size, size);
    const image = inputTensor("image", [batch, 3, size, size]);
    const z = inputTensor("z", [batch, ...latent]);
    const [encoder, decoder] = await Promise.all([
      compile(device, { name: "encode", outputs: { z: encode(store.scope(), image, config) } }),
      compile(device, { name: "decode", outputs: { image: decode(store.scope(), z, config) } })
    ]);
    return new _FirstStage(encoder, decoder, latent, size, batch);
  }
  /** Any number of pictures, flattened -> their latents, flattened. */
  encode(pictures) {
    return this.inBatches(this.encoder, "image", "z", pictures, 3 * this.size * this.size, this.latentSize);
  }
  /** Any number of latents, flattened -> their pictures, flattened. */
  decode(latents) {
    return this.inBatches(this.decoder, "z", "image", latents, this.latentSize, 3 * this.size * this.size);
  }
  get latentSize() {
    return this.latent[0] * this.latent[1] * this.latent[2];
  }
  async inBatches(program, input, output, values, from, to) {
    const count = values.length / from;
    const results = new Float32Array(count * to);
    const padded = new Float32Array(this.batch * from);
    for (let first = 0; first < count; first += this.batch) {
      padded.fill(0).set(values.subarray(first * from, Math.min(count, first + this.batch) * from));
      program.run({ [input]: padded });
      const part = await program.readFloats(output);
      results.set(part.subarray(0, Math.min(this.batch, count - first) * to), first * to);
    }
    return results;
  }
  destroy() {
    this.encoder.destroy();
    this.decoder.destroy();
  }
};

// models/samplers.ts
function samplerSteps({ steps: all, alphaBar }, steps, [low, high] = [0, all]) {
  const T = high - low;
  if (!Number.isInteger(steps) || steps < 1 || steps > T) {
    throw new UserError(`sampler: steps must be a whole number from 1 to ${T}, found ${steps}`);
  }
  const shift = Math.floor((steps - 1) * T / steps) + 1 < T ? 1 : 0;
  const times = Array.from({ length: steps }, (_, i) => low + Math.floor(i * T / steps) + shift);
  return times.map((t, i) => ({
    t,
    a: alphaBar[t],
    aPrev: i > 0 ? alphaBar[times[i - 1]] : shift === 1 && low === 0 ? alphaBar[0] : 1
  })).reverse();
}
function estimate(x, e, a) {
  const signal = Math.sqrt(a);
  const level = Math.sqrt(1 - a);
  return x.map((value, i) => (value - level * e[i]) / signal);
}
var ddpm = async (denoise, x, { schedule, steps, range, random, onStep }) => {
  const plan = samplerSteps(schedule, steps, range);
  for (const [done, { t, a, aPrev: lower }] of plan.entries()) {
    const last = done === plan.length - 1;
    const aPrev = last ? 1 : lower;
    const x0 = estimate(x, await denoise(x, t), a);
    const alpha = a / aPrev;
    const weight0 = Math.sqrt(aPrev) * (1 - alpha) / (1 - a);
    const weightX = Math.sqrt(alpha) * (1 - aPrev) / (1 - a);
    const sigma = Math.sqrt((1 - aPrev) / (1 - a) * (1 - alpha));
    x = x.map((value, i) => weight0 * x0[i] + weightX * value + (last ? 0 : sigma * random.normal()));
    onStep?.(done + 1);
  }
  return x;
};
function ddimStep(x, e, { a, aPrev }) {
  const x0 = estimate(x, e, a);
  return x0.map((value, i) => Math.sqrt(aPrev) * value + Math.sqrt(1 - aPrev) * e[i]);
}
var ddim = async (denoise, x, { schedule, steps, range, random, eta = 0, onStep }) => {
  const plan = samplerSteps(schedule, steps, range);
  for (const [done, step] of plan.entries()) {
    const { t, a, aPrev } = step;
    const e = await denoise(x, t);
    const sigma = eta * Math.sqrt((1 - aPrev) / (1 - a) * (1 - a / aPrev));
    if (sigma === 0) {
      x = ddimStep(x, e, step);
    } else {
      const towards = Math.sqrt(Math.max(0, 1 - aPrev - sigma * sigma));
      x = estimate(x, e, a).map((x0, i) => Math.sqrt(aPrev) * x0 + towards * e[i] + sigma * random.normal());
    }
    onStep?.(done + 1);
  }
  return x;
};
var adamsBashforth = [
  [1],
  [3 / 2, -1 / 2],
  [23 / 12, -16 / 12, 5 / 12],
  [55 / 24, -59 / 24, 37 / 24, -9 / 24]
];
var plms = async (denoise, x, { schedule, steps, range, onStep }) => {
  const plan = samplerSteps(schedule, steps, range);
  const past = [];
  for (const [done, step] of plan.entries()) {
    const e = await denoise(x, step.t);
    let combined;
    if (done === 0) {
      const ahead = await denoise(ddimStep(x, e, step), plan[Math.min(1, plan.length - 1)].t);
      combined = e.map((value, i) => (value + ahead[i]) / 2);
    } else {
      const recent = [e, ...past];
      const weights = adamsBashforth[recent.length - 1];
      combined = e.map((_, i) => weights.reduce((total, weight, k) => total + weight * recent[k][i], 0));
    }
    x = ddimStep(x, combined, step);
    past.unshift(e);
    past.length = Math.min(past.length, 3);
    onStep?.(done + 1);
  }
  return x;
};
var halfLogSnr = (a) => 0.5 * Math.log(a / (1 - a));
var dpmpp2m = async (denoise, x, { schedule, steps, range, onStep }) => {
  const plan = samplerSteps(schedule, steps, range);
  let before = null;
  for (const [done, { t, a, aPrev }] of plan.entries()) {
    const x0 = estimate(x, await denoise(x, t), a);
    const h = halfLogSnr(aPrev) - halfLogSnr(a);
    let d = x0;
    if (before && Number.isFinite(h)) {
      const past = before.x0;
      const half = h / (2 * before.h);
      d = x0.map((value, i) => (1 + half) * value - half * past[i]);
    }
    const keep = Math.sqrt((1 - aPrev) / (1 - a));
    const move = -Math.sqrt(aPrev) * Math.expm1(-h);
    x = x.map((value, i) => keep * value + move * d[i]);
    before = { x0, h };
    onStep?.(done + 1);
  }
  return x;
};
var samplers = { ddpm, ddim, plms, dpmpp: dpmpp2m };
function guided(conditional, unconditional, scale) {
  if (scale === 1) return conditional;
  return async (x, t) => {
    const without = await unconditional(x, t);
    const condition = await conditional(x, t);
    return without.map((e, i) => e + scale * (condition[i] - e));
  };
}
function noiseDenoiser(predict, prediction, { alphaBar }) {
  if (prediction === "noise") return predict;
  return async (x, t) => {
    const signal = Math.sqrt(alphaBar[t]);
    const level = Math.sqrt(1 - alphaBar[t]);
    const predicted = await predict(x, t);
    return predicted.map((value, i) => prediction === "z" ? (x[i] - signal * value) / level : signal * value + level * x[i]);
  };
}

// models/diffusion.ts
var cosineOffset = 8e-3;
var largestBeta = 0.999;
function betaAt(config, i) {
  if (config.kind === "cosine") {
    const level = (step) => Math.cos((step / config.steps + cosineOffset) / (1 + cosineOffset) * (Math.PI / 2)) ** 2;
    return Math.min(1 - level(i + 1) / level(i), largestBeta);
  }
  const { kind, steps, betaStart, betaEnd } = config;
  const progress = steps > 1 ? i / (steps - 1) : 0;
  if (kind === "linear") return betaStart + (betaEnd - betaStart) * progress;
  return (Math.sqrt(betaStart) + (Math.sqrt(betaEnd) - Math.sqrt(betaStart)) * progress) ** 2;
}
function noiseSchedule(config) {
  const { steps } = config;
  if (!Number.isInteger(steps) || steps < 1) {
    throw new UserError(`diffusion schedule: steps must be a whole number from 1, found ${steps}`);
  }
  const beta = Float64Array.from({ length: steps }, (_, i) => betaAt(config, i));
  beta.forEach((value, i) => {
    if (!(value > 0 && value < 1)) {
      throw new UserError(`diffusion schedule: beta must lie between 0 and 1, found ${value} at step ${i}`);
    }
  });
  let product = 1;
  return { steps, beta, alphaBar: beta.map((value) => product *= 1 - value) };
}
function coefficients({ steps, alphaBar }, t, z) {
  const values = new Float32Array(2 * steps);
  alphaBar.forEach((value, i) => values.set([Math.sqrt(value), Math.sqrt(1 - value)], 2 * i));
  const both = gather(table(values, [steps, 2]), t);
  const shape = z.shape.map((n, axis) => axis === 0 ? n : 1);
  return [reshape(slice(both, 1, 0, 1), shape), reshape(slice(both, 1, 1, 1), shape)];
}
function addNoise(schedule, z, noise, t) {
  const [signal, level] = coefficients(schedule, t, z);
  return add(mul(signal, z), mul(level, noise));
}
function predictionTarget(schedule, prediction, z, noise, t) {
  if (prediction === "noise") return noise;
  if (prediction === "z") return z;
  const [signal, level] = coefficients(schedule, t, z);
  return sub(mul(signal, noise), mul(level, z));
}
function denoisingLoss(loss, predicted, target) {
  const error = sub(predicted, target);
  return mean(loss === "l1" ? abs(error) : square(error), error.shape.map((_, axis) => axis).slice(1));
}

// models/fourierInit.ts
var bandwidth = 0.4;
function features(random, width2) {
  const draw = (scale) => Float64Array.from({ length: width2 }, scale);
  const [wx, wy] = [draw(() => bandwidth * random.normal()), draw(() => bandwidth * random.normal())];
  const phase = draw(() => random.uniform(0, 2 * Math.PI));
  return { at: (x, y, d) => Math.SQRT2 * Math.cos(2 * Math.PI * (x * wx[d] + y * wy[d]) + phase[d]) };
}
function fourierRows(side) {
  return {
    kind: "drawn",
    draw(random, shape) {
      const [K, D] = shape;
      const { at } = features(random, D);
      const last = Math.max(1, side - 1);
      return Float32Array.from({ length: K * D }, (_, i) => {
        const row = Math.floor(i / D);
        return row < side * side ? at(row % side / last, Math.floor(row / side) / last, i % D) : random.normal();
      });
    }
  };
}
var fourierMap = {
  kind: "drawn",
  draw(random, shape) {
    const [C, H, W] = shape;
    const { at } = features(random, C);
    return Float32Array.from({ length: C * H * W }, (_, i) => at((i % W + 0.5) / W, (Math.floor(i / W) % H + 0.5) / H, Math.floor(i / (H * W))));
  }
};

// models/unet/layoutEncoder.ts
function tokenTable(p, { vocabularySize, width: width2, init }) {
  const rows = init === "fourier" ? fourierRows(Math.floor(Math.sqrt(vocabularySize - 1))) : normal(0.02);
  return p.at("transformer.token_emb").param("weight", [vocabularySize, width2], rows);
}
function embedTokens(p, ids, config) {
  return gather(tokenTable(p, config), ids);
}
function encodeLayout(p, embeddings, config) {
  check(embeddings.rank === 3 && embeddings.shape[1] <= config.maxLength && embeddings.shape[2] === config.width, () => `layout encoder: embeddings must be [B, L, ${config.width}] with L up to ${config.maxLength}, found ${describe(embeddings)}. Was it made for fewer objects?`);
  const transformer = p.at("transformer");
  const positions = transformer.at("pos_emb.emb").param(
    "weight",
    [config.maxLength, config.width],
    normal(config.init === "fourier" ? 1 : 0.02)
  );
  const x = add(embeddings, slice(positions, 0, 0, embeddings.shape[1]));
  return layerNorm(transformer.at("norm"), attentionLayers(transformer.at("attn_layers"), x, config, false));
}
function declareUnusedHead(p, { vocabularySize, width: width2 }) {
  const head = p.at("transformer.to_logits");
  head.param("weight", [vocabularySize, width2], fanIn(width2));
  head.param("bias", [vocabularySize], fanIn(width2));
}

// models/unet/resBlock.ts
function resBlock(p, x, emb, out, groups) {
  const norm = { groups, eps: 1e-5, activation: "silu" };
  let h = conv3x3(p.at("in_layers.2"), groupNorm(p.at("in_layers.0"), x, norm), out);
  h = addPerChannel(h, linear(p.at("emb_layers.1"), silu(emb), out));
  h = groupNorm(p.at("out_layers.0"), h, norm);
  h = conv3x3(p.at("out_layers.3"), h, out, { init: zeros });
  const skip = channels(x) === out ? x : conv1x1(p.at("skip_connection"), x, out);
  return add(skip, h);
}

// models/unet/spatialTransformer.ts
function spatialTransformer(p, x, context, config) {
  const [B, C, H, W] = x.shape;
  const heads = C / config.headChannels;
  check(Number.isInteger(heads), () => `spatial transformer: ${C} channels must be a multiple of headChannels, found ${config.headChannels}`);
  const normed = groupNorm(p.at("norm"), x, { groups: config.groups, eps: 1e-6 });
  const tokens = transpose(reshape(normed, [B, C, H * W]), [0, 2, 1]);
  let h = conv1x1OnTokens(p.at("proj_in"), tokens, C);
  for (let block = 0; block < config.transformerDepth; block++) {
    h = transformerBlock(p.at(`transformer_blocks.${block}`), h, context, heads);
  }
  h = conv1x1OnTokens(p.at("proj_out"), h, channels(x), zeros);
  return add(x, reshape(transpose(h, [0, 2, 1]), x.shape));
}
function transformerBlock(p, x, context, heads) {
  const normed = layerNorm(p.at("norm1"), x);
  x = add(x, multiHead(p.at("attn1"), normed, normed, heads));
  x = add(x, multiHead(p.at("attn2"), layerNorm(p.at("norm2"), x), context, heads));
  return add(x, gatedFeedForward(p.at("ff.net"), layerNorm(p.at("norm3"), x)));
}
function multiHead(p, x, context, heads) {
  const C = width(x);
  const q = linear(p.at("to_q"), x, C, { bias: false });
  const k = linear(p.at("to_k"), context, C, { bias: false });
  const v = linear(p.at("to_v"), context, C, { bias: false });
  return linear(p.at("to_out.0"), attention(q, k, v, { heads }), C);
}
function gatedFeedForward(p, x) {
  const inner = 4 * width(x);
  const both = linear(p.at("0.proj"), x, 2 * inner);
  return linear(p.at(2), mul(slice(both, -1, 0, inner), gelu(slice(both, -1, inner, inner))), width(x));
}

// models/unet/unet.ts
function unet(p, x, t, context, config, steps) {
  const { modelChannels, channelMult, resBlocks, attentionFactors, groups } = config;
  const lastLevel = channelMult.length - 1;
  check(x.rank === 4 && x.shape[1] === config.latentChannels && x.shape[2] % 2 ** lastLevel === 0 && x.shape[3] % 2 ** lastLevel === 0, () => `unet: x must be [B, ${config.latentChannels}, H, W] with H and W divisible by ${2 ** lastLevel}, found ${describe(x)}. Does it come from another first stage?`);
  const emb = timeEmbedding(p.at("time_embed"), t, { size: modelChannels, out: 4 * modelChannels, steps });
  const attended = (level) => attentionFactors.includes(2 ** level);
  const transformer = (scope, h2) => {
    check(context !== null, "unet: a config with attention needs a context, found null");
    return spatialTransformer(scope, h2, context, config);
  };
  const block = (scope, h2, level) => {
    h2 = resBlock(scope.at(0), h2, emb, modelChannels * channelMult[level], groups);
    return attended(level) ? transformer(scope.at(1), h2) : h2;
  };
  let h = conv3x3(p.at("input_blocks.0.0"), x, modelChannels);
  if (config.positionMap) {
    h = add(h, p.at("position_map").param("weight", [modelChannels, ...h.shape.slice(2)], fourierMap));
  }
  const skips = [h];
  for (let level = 0; level <= lastLevel; level++) {
    for (let i = 0; i < resBlocks; i++) {
      h = block(p.at(`input_blocks.${skips.length}`), h, level);
      skips.push(h);
    }
    if (level < lastLevel) {
      h = conv3x3(p.at(`input_blocks.${skips.length}.0.op`), h, channels(h), { stride: 2 });
      skips.push(h);
    }
  }
  h = resBlock(p.at("middle_block.0"), h, emb, channels(h), groups);
  if (config.middleAttention) h = transformer(p.at("middle_block.1"), h);
  h = resBlock(p.at("middle_block.2"), h, emb, channels(h), groups);
  let output = 0;
  for (let level = lastLevel; level >= 0; level--) {
    for (let i = 0; i <= resBlocks; i++) {
      const scope = p.at(`output_blocks.${output++}`);
      h = block(scope, concat([h, skips.pop()], 1), level);
      if (level > 0 && i === resBlocks) {
        h = conv3x3(scope.at(attended(level) ? "2.conv" : "1.conv"), upsample2d(h, 2), channels(h));
      }
    }
  }
  h = groupNorm(p.at("out.0"), h, { groups, eps: 1e-5, activation: "silu" });
  return conv3x3(p.at("out.2"), h, config.latentChannels, { init: zeros });
}

// models/unet/generator.ts
var unetScope = (p) => p.at("model.diffusion_model");
var encoderScope = (p) => p.at("cond_stage_model");
function generatorFromEmbeddings(p, x, t, embeddings, config) {
  const context = encodeLayout(encoderScope(p), embeddings, config.encoder);
  return unet(unetScope(p), x, t, context, config.unet, config.diffusion.schedule.steps);
}
function generator(p, x, t, ids, config) {
  return generatorFromEmbeddings(p, x, t, embedTokens(encoderScope(p), ids, config.encoder), config);
}

// pipeline/generator.ts
function generatorSpecs(model, latent, length) {
  return declareParams((p) => generatorFromEmbeddings(
    p,
    inputTensor("z", [1, ...latent]),
    inputTensor("t", [1], "i32"),
    embedTokens(encoderScope(p), inputTensor("ids", [1, length], "i32"), model.encoder),
    model
  ));
}
function generatorLoss(p, z, t, noise, embeddings, model) {
  const schedule = noiseSchedule(model.diffusion.schedule);
  const predicted = generatorFromEmbeddings(p, addNoise(schedule, z, noise, t), t, embeddings, model);
  return denoisingLoss(
    model.diffusion.loss,
    predicted,
    predictionTarget(schedule, model.diffusion.prediction, z, noise, t)
  );
}
function frequencyArrays(vocabulary, { classes, corners }) {
  const { maxObjects: N, classCount, gridSide } = vocabulary;
  return [
    ["slot_log_frequency.classes", { shape: [N, classCount + 1], data: classes }],
    ["slot_log_frequency.corners", { shape: [N, 2, gridSide * gridSide + 1], data: corners }]
  ];
}
var LayoutSampler = class _LayoutSampler {
  constructor(program, description, vocabulary, latentSize, batch) {
    this.program = program;
    this.description = description;
    this.vocabulary = vocabulary;
    this.latentSize = latentSize;
    this.batch = batch;
  }
  program;
  description;
  vocabulary;
  latentSize;
  batch;
  static async open(device, store, description, batch) {
    const { model, image } = description;
    const latent = latentShape(description.autoencoder, image.size, image.size);
    const vocabulary = layoutVocabulary(description.vocabulary);
    const z = inputTensor("z", [batch, ...latent]);
    const ids = inputTensor("ids", [batch, vocabulary.length], "i32");
    const prediction = generator(store.scope(), z, inputTensor("t", [batch], "i32"), ids, model);
    const program = await compile(device, { name: "denoise", outputs: { prediction } });
    return new _LayoutSampler(program, description, vocabulary, latent[0] * latent[1] * latent[2], batch);
  }
  /** Latents [B, C, h, w] (unscaled, to be decoded) for layouts of `batch` times L tokens. */
  async sample(tokens, options) {
    const { model, latentScale, timesteps } = this.description;
    const schedule = noiseSchedule(model.diffusion.schedule);
    const denoiser = (ids) => noiseDenoiser(async (x, t) => {
      this.program.run({ z: x, ids, t: new Int32Array(this.batch).fill(t) });
      return this.program.readFloats("prediction");
    }, model.diffusion.prediction, schedule);
    const none = new Int32Array(tokens.length);
    for (let i = 0; i < this.batch; i++) none.set(emptyLayout(this.vocabulary), i * this.vocabulary.length);
    const random = new RandomStream(options.seed, "sample");
    const start = Float32Array.from({ length: this.batch * this.latentSize }, () => random.normal());
    const z = await samplers[options.sampler](guided(denoiser(tokens), denoiser(none), options.guidance), start, {
      schedule,
      steps: options.steps,
      range: timesteps,
      random,
      ...options.eta !== void 0 && { eta: options.eta },
      ...options.onStep && { onStep: options.onStep }
    });
    return z.map((value) => value / latentScale);
  }
  destroy() {
    this.program.destroy();
  }
};
async function openGenerator(device, dir) {
  const run = loadRun(dir, "generator");
  const description = run.header.config;
  const vocabulary = layoutVocabulary(description.vocabulary);
  const { size } = description.image;
  const specs = generatorSpecs(description.model, latentShape(description.autoencoder, size, size), vocabulary.length);
  const store = new ParamStore("generator", specs);
  store.load(run.weights, run.file);
  const weights = new Map(run.frozen);
  const frequency = (slots) => {
    const array = weights.get(`slot_log_frequency.${slots}`);
    if (!array) {
      throw new UserError(`${run.file}: lacks slot_log_frequency.${slots}. Was it written by an older version?`);
    }
    weights.delete(`slot_log_frequency.${slots}`);
    return array.data;
  };
  const frequencies = { classes: frequency("classes"), corners: frequency("corners") };
  const firstStage = await FirstStage.open(device, description.autoencoder, weights, run.file, size);
  return { run, description, vocabulary, store, firstStage, frequencies };
}

export {
  noiseSchedule,
  addNoise,
  predictionTarget,
  denoisingLoss,
  tokenTable,
  embedTokens,
  encodeLayout,
  declareUnusedHead,
  unet,
  unetScope,
  encoderScope,
  firstStageSpecs,
  FirstStage,
  samplers,
  generatorSpecs,
  generatorLoss,
  frequencyArrays,
  LayoutSampler,
  openGenerator
};
//# sourceMappingURL=chunk-RSM2DQM3.js.map
