import {
  channels,
  conv1x1,
  conv1x1OnTokens,
  conv3x3,
  groupNorm
} from "./chunk-3D4ROVPF.js";
import {
  add,
  clamp,
  concat,
  constant,
  exp,
  gather,
  matmul,
  mean,
  mul,
  nearestRow,
  reshape,
  slice,
  softmax,
  square,
  stopGradient,
  straightThrough,
  sub,
  sum,
  transpose,
  upsample2d
} from "./chunk-AMP7OYK6.js";
import {
  describe
} from "./chunk-IBDXW56B.js";
import {
  UserError,
  check
} from "./chunk-Q54TM6M7.js";

// models/autoencoder/config.ts
var published = { channels: 128, resBlocks: 2, middleAttention: true, groups: 32 };
var klF8 = {
  kind: "kl",
  ...published,
  channelMult: [1, 2, 4, 4],
  attentionFactors: [],
  zChannels: 4,
  latentChannels: 4,
  klWeight: 1e-6
};
var vqF4 = {
  kind: "vq",
  ...published,
  channelMult: [1, 2, 4],
  attentionFactors: [],
  zChannels: 3,
  latentChannels: 3,
  codebookSize: 8192,
  commitment: 0.25
};
var vqF8 = {
  kind: "vq",
  ...published,
  channelMult: [1, 2, 2, 4],
  attentionFactors: [8],
  zChannels: 4,
  latentChannels: 4,
  codebookSize: 16384,
  commitment: 0.25
};
var tiny = {
  kind: "kl",
  channels: 8,
  channelMult: [1, 2, 4],
  resBlocks: 1,
  attentionFactors: [],
  middleAttention: false,
  groups: 4,
  zChannels: 4,
  latentChannels: 4,
  klWeight: 1e-6
};
var micro = {
  kind: "kl",
  channels: 4,
  channelMult: [1, 2],
  resBlocks: 1,
  attentionFactors: [2],
  middleAttention: true,
  groups: 2,
  zChannels: 2,
  latentChannels: 2,
  klWeight: 1
};
var { klWeight: _, ...microSizes } = micro;
var microVq = { ...microSizes, kind: "vq", codebookSize: 7, commitment: 0.25 };
var autoencoderPresets = {
  "kl-f8": klF8,
  "vq-f4": vqF4,
  "vq-f8": vqF8,
  tiny,
  micro,
  "micro-vq": microVq,
  identity: { kind: "identity", factor: 1 }
};
var downsampling = (config) => config.kind === "identity" ? config.factor : 2 ** (config.channelMult.length - 1);
function latentShape(config, height, width) {
  const factor = downsampling(config);
  if (height % factor !== 0 || width % factor !== 0) {
    throw new UserError(`pictures of ${width} x ${height} px cannot be made ${factor} times smaller; use a multiple of ${factor}`);
  }
  return [config.kind === "identity" ? 3 * factor * factor : config.latentChannels, height / factor, width / factor];
}

// models/autoencoder/pixelAttention.ts
function pixelAttention(p, x, groups, mostScores = 2 ** 24) {
  const [B, C, H, W] = x.shape;
  const L = H * W;
  const normed = groupNorm(p.at("norm"), x, { groups, eps: 1e-6 });
  const tokens = transpose(reshape(normed, [B, C, L]), [0, 2, 1]);
  const q = mul(conv1x1OnTokens(p.at("q"), tokens, C), 1 / Math.sqrt(C));
  const k = conv1x1OnTokens(p.at("k"), tokens, C);
  const v = conv1x1OnTokens(p.at("v"), tokens, C);
  const turn = Math.max(1, Math.floor(mostScores / (B * L)));
  const parts = [];
  for (let first = 0; first < L; first += turn) {
    const queries = slice(q, 1, first, Math.min(turn, L - first));
    parts.push(matmul(softmax(matmul(queries, k, { transposeB: true })), v));
  }
  const h = conv1x1OnTokens(p.at("proj_out"), concat(parts, 1), C);
  return add(x, reshape(transpose(h, [0, 2, 1]), x.shape));
}

// models/autoencoder/residualBlock.ts
function residualBlock(p, x, out, groups) {
  const norm = { groups, eps: 1e-6, activation: "silu" };
  let h = conv3x3(p.at("conv1"), groupNorm(p.at("norm1"), x, norm), out);
  h = conv3x3(p.at("conv2"), groupNorm(p.at("norm2"), h, norm), out);
  const skip = channels(x) === out ? x : conv1x1(p.at("nin_shortcut"), x, out);
  return add(skip, h);
}

// models/autoencoder/encoder.ts
function encoder(p, image, out, config) {
  const { channelMult, resBlocks, attentionFactors, groups } = config;
  const factor = 2 ** (channelMult.length - 1);
  check(
    image.rank === 4 && image.shape[1] === 3 && image.shape[2] % factor === 0 && image.shape[3] % factor === 0,
    () => `encoder: image must be [B, 3, H, W] with H and W divisible by ${factor}, found ${describe(image)}`
  );
  let h = conv3x3(p.at("conv_in"), image, config.channels);
  channelMult.forEach((mult, level) => {
    const scope = p.at(`down.${level}`);
    for (let i = 0; i < resBlocks; i++) {
      h = residualBlock(scope.at(`block.${i}`), h, config.channels * mult, groups);
      if (attentionFactors.includes(2 ** level)) h = pixelAttention(scope.at(`attn.${i}`), h, groups);
    }
    if (level < channelMult.length - 1) {
      h = conv3x3(scope.at("downsample.conv"), h, channels(h), { stride: 2, padding: [0, 0, 1, 1] });
    }
  });
  h = middle(p.at("mid"), h, config);
  h = groupNorm(p.at("norm_out"), h, { groups, eps: 1e-6, activation: "silu" });
  return conv3x3(p.at("conv_out"), h, out);
}
function middle(p, x, { middleAttention, groups }) {
  let h = residualBlock(p.at("block_1"), x, channels(x), groups);
  if (middleAttention) h = pixelAttention(p.at("attn_1"), h, groups);
  return residualBlock(p.at("block_2"), h, channels(h), groups);
}

// models/autoencoder/decoder.ts
function decoder(p, z, config) {
  const { channelMult, resBlocks, attentionFactors, groups } = config;
  let h = conv3x3(p.at("conv_in"), z, config.channels * channelMult.at(-1));
  h = middle(p.at("mid"), h, config);
  for (let level = channelMult.length - 1; level >= 0; level--) {
    const scope = p.at(`up.${level}`);
    for (let i = 0; i <= resBlocks; i++) {
      h = residualBlock(scope.at(`block.${i}`), h, config.channels * channelMult[level], groups);
      if (attentionFactors.includes(2 ** level)) h = pixelAttention(scope.at(`attn.${i}`), h, groups);
    }
    if (level > 0) h = conv3x3(scope.at("upsample.conv"), upsample2d(h, 2), channels(h));
  }
  h = groupNorm(p.at("norm_out"), h, { groups, eps: 1e-6, activation: "silu" });
  return conv3x3(p.at("conv_out"), h, 3);
}

// models/autoencoder/kl.ts
function posterior(p, image, config) {
  const { zChannels, latentChannels } = config;
  const moments = conv1x1(
    p.at("quant_conv"),
    encoder(p.at("encoder"), image, 2 * zChannels, config),
    2 * latentChannels
  );
  return {
    mean: slice(moments, 1, 0, latentChannels),
    logVariance: clamp(slice(moments, 1, latentChannels, latentChannels), -30, 20)
  };
}
function samplePosterior({ mean: mean2, logVariance }, noise) {
  return add(mean2, mul(exp(mul(logVariance, 0.5)), noise));
}
function klDivergence({ mean: mean2, logVariance }) {
  const each = sub(sub(add(square(mean2), exp(logVariance)), logVariance), 1);
  return mul(sum(each, [1, 2, 3]), 0.5);
}

// models/autoencoder/vq.ts
function quantise(p, z, { codebookSize, commitment }) {
  const [B, C, h, w] = z.shape;
  const codebook = p.at("quantize.embedding").param(
    "weight",
    [codebookSize, C],
    { kind: "uniform", bound: 1 / codebookSize }
  );
  const rows = reshape(transpose(z, [0, 2, 3, 1]), [B * h * w, C]);
  const ids = nearestRow(rows, codebook, "l2");
  const nearest = transpose(reshape(gather(codebook, ids), [B, h, w, C]), [0, 3, 1, 2]);
  const pullLatents = mean(square(sub(stopGradient(nearest), z)));
  const pullCodebook = mean(square(sub(nearest, stopGradient(z))));
  return {
    z: straightThrough(nearest, z),
    ids: reshape(ids, [B, h, w]),
    loss: add(pullLatents, mul(pullCodebook, commitment))
  };
}

// models/autoencoder/autoencoder.ts
function encode(p, image, config) {
  if (config.kind === "identity") return pixelsToChannels(image, config.factor);
  return config.kind === "kl" ? posterior(p, image, config).mean : featuresToQuantise(p, image, config);
}
function decode(p, latent, config) {
  if (config.kind === "identity") return channelsToPixels(latent, config.factor);
  return decodeFeatures(p, config.kind === "vq" ? quantise(p, latent, config).z : latent, config);
}
function reconstruct(p, image, config, drawNoise) {
  if (config.kind === "identity") return { image, regulariser: constant(0) };
  const [B, , H, W] = image.shape;
  if (config.kind === "vq") {
    const { z, loss } = quantise(p, featuresToQuantise(p, image, config), config);
    return { image: decodeFeatures(p, z, config), regulariser: loss };
  }
  const latent = posterior(p, image, config);
  const noise = drawNoise([B, ...latentShape(config, H, W)]);
  const regulariser = mul(mean(klDivergence(latent)), config.klWeight / (3 * H * W));
  return { image: decodeFeatures(p, samplePosterior(latent, noise), config), regulariser };
}
function featuresToQuantise(p, image, config) {
  return conv1x1(p.at("quant_conv"), encoder(p.at("encoder"), image, config.zChannels, config), config.latentChannels);
}
function decodeFeatures(p, z, config) {
  return decoder(p.at("decoder"), conv1x1(p.at("post_quant_conv"), z, config.zChannels), config);
}
function pixelsToChannels(x, factor) {
  if (factor === 1) return x;
  const [B, C, H, W] = x.shape;
  const blocks = reshape(x, [B, C, H / factor, factor, W / factor, factor]);
  return reshape(transpose(blocks, [0, 1, 3, 5, 2, 4]), [B, C * factor * factor, H / factor, W / factor]);
}
function channelsToPixels(z, factor) {
  if (factor === 1) return z;
  const [B, D, h, w] = z.shape;
  const blocks = reshape(z, [B, D / (factor * factor), factor, factor, h, w]);
  return reshape(transpose(blocks, [0, 1, 4, 2, 5, 3]), [B, D / (factor * factor), h * factor, w * factor]);
}

export {
  autoencoderPresets,
  downsampling,
  latentShape,
  encode,
  decode,
  reconstruct
};
//# sourceMappingURL=chunk-X4MMT7BF.js.map
