/**
 * One optimiser step of the `tiny` generator on 16 pictures: forward, mean squared error, gradients and AdamW. Noised
 * latents, timesteps and embeddings of the layouts are given: the lookup of tokens and the draws are left out.
 */
import { compile } from '../../engine/compile/compile.ts';
import type { Device } from '../../engine/device.ts';
import { grad } from '../../engine/grad.ts';
import { constant, inputTensor, mean, square, sub } from '../../engine/ops/index.ts';
import { AdamW } from '../../engine/optim.ts';
import { ParamStore, declareParams, type Scope } from '../../engine/params.ts';
import type { Tensor } from '../../engine/tensor.ts';
import { generatorPresets } from '../../models/unet/config.ts';
import { generatorFromEmbeddings } from '../../models/unet/generator.ts';
import { initialWeights } from './initialWeights.ts';
import { headsFirst, nchwToNhwc, normalValues, oihwToHwio, permute4 } from './inputs.ts';
import { lossCandidate } from './ours.ts';
import { adamW, tfAttention, tfGroupNorm, tfLayerNorm, tfSilu } from './peerLayers.ts';
import { tfTrainStep } from './peerSteps.ts';
import type { OwnCandidate, Row } from './row.ts';
import type { Tfjs, TfTensor } from './tfjs.ts';
import { tinyConfig, tinyDiffusion, tinyEncoder, tinyUnet, type TinyLayers } from './tinyUnet.ts';

const B = 16;
const latent = [B, 4, 16, 16] as const;
const sequences = [B, tinyEncoder.maxLength, tinyEncoder.width] as const;

const values = {
  x: normalValues('tiny x', latent), target: normalValues('tiny target', latent),
  embeddings: normalValues('tiny embeddings', sequences),
};
const timesteps = Int32Array.from({ length: B }, (_, i) => Math.floor(((i + 0.5) / B) * tinyDiffusion.schedule.steps));

function predicted(p: Scope): Tensor {
  return generatorFromEmbeddings(p, inputTensor('x', latent), inputTensor('t', [B], 'i32'),
    inputTensor('embeddings', sequences), generatorPresets.tiny);
}

const specs = declareParams(predicted);

/** Values to start from. Layers that begin as zero would hide what others compute, so all are shaken. */
function startingWeights(): ReturnType<typeof initialWeights> {
  const weights = initialWeights(specs);
  for (const [name, { data, shape }] of weights) {
    const shaken = normalValues(`tiny ${name}`, shape, 0.02);
    data.forEach((value, i) => { data[i] = value + shaken[i]!; });
  }
  return weights;
}

/** Cosines and sines of the timesteps, [B, modelChannels]. */
function sinusoids(): Float32Array {
  const half = tinyConfig.modelChannels / 2;
  return Float32Array.from({ length: B * 2 * half }, (_, at) => {
    const i = at % (2 * half);
    const angle = timesteps[Math.floor(at / (2 * half))]! * Math.exp((-Math.log(10000) * (i % half)) / half);
    return i < half ? Math.cos(angle) : Math.sin(angle);
  });
}

async function ours(device: Device): Promise<OwnCandidate> {
  const store = new ParamStore('tiny', specs);
  store.load(startingWeights(), 'bench');
  const loss = mean(square(sub(predicted(store.scope()), inputTensor('target', latent))));
  const targets = store.groups.map(({ state }) => state);
  const optimiser = new AdamW(targets, adamW);
  const { updates } = optimiser.step(store.packGradients(grad(loss, [...store.tensors.values()])), constant(adamW.lr));
  const program = await compile(device, { name: 'tiny step', outputs: { loss }, updates });
  return lossCandidate(device, program, { ...values, t: timesteps }, [...targets, ...optimiser.states]);
}

type Tensor4D = import('@tensorflow/tfjs-core').Tensor4D;

function tfLayers(tf: Tfjs, params: ReadonlyMap<string, TfTensor>): TinyLayers<TfTensor> {
  const param = (name: string): TfTensor => params.get(name)!;
  const perHead = (rows: TfTensor, heads: number): TfTensor =>
    tf.transpose(tf.reshape(rows, [B, rows.shape[0]! / B, heads, rows.shape[1]! / heads]), [...headsFirst]);
  const matMul = (rows: TfTensor, weight: TfTensor): TfTensor =>
    tf.matMul(rows as import('@tensorflow/tfjs-core').Tensor2D, weight as import('@tensorflow/tfjs-core').Tensor2D,
      false, true);
  return {
    channels: (x) => x.shape[3]!,
    conv: (name, x, kernel, stride) => tf.add(tf.conv2d(x as Tensor4D, param(`${name}.weight`) as Tensor4D, stride,
      (kernel - 1) / 2), param(`${name}.bias`)),
    groupNorm: (name, x, groups, eps) =>
      tfGroupNorm(tf, x, param(`${name}.weight`), param(`${name}.bias`), groups, eps),
    addToEach: (name, x) => tf.add(x, param(name)),
    addPerChannel: (x, rows) => tf.add(x, tf.reshape(rows, [B, 1, 1, rows.shape[1]!])),
    linear(name, rows, bias) {
      const y = matMul(rows, param(`${name}.weight`));
      return bias ? tf.add(y, param(`${name}.bias`)) : y;
    },
    layerNorm: (name, rows) => tfLayerNorm(tf, rows, param(`${name}.weight`), param(`${name}.bias`)),
    attention: (q, k, v, heads) => tf.reshape(tf.transpose(
      tfAttention(tf, perHead(q, heads), perHead(k, heads), perHead(v, heads)), [...headsFirst]), q.shape),
    silu: (x) => tfSilu(tf, x),
    gelu: (rows) => tf.mul(tf.mul(rows, 0.5), tf.add(tf.erf(tf.mul(rows, Math.SQRT1_2)), 1)),
    add: (a, b) => tf.add(a, b),
    mul: (a, b) => tf.mul(a, b),
    halves: (rows) => tf.split(rows, 2, 1) as [TfTensor, TfTensor],
    toRows: (x) => tf.reshape(x, [-1, x.shape[3]!]),
    toPixels: (rows, like) => tf.reshape(rows, like.shape),
    tokens: (embeddings) => tf.reshape(embeddings, [-1, embeddings.shape[2]!]),
    upsample: (x) => tf.image.resizeNearestNeighbor(x as Tensor4D, [2 * x.shape[1]!, 2 * x.shape[2]!]),
    concat: (a, b) => tf.concat([a, b], 3),
  };
}

/** A parameter as tfjs takes it: convolutions [KH, KW, C, O], those next to attention as matrices, maps last. */
function tfParam(tf: Tfjs, name: string, data: Float32Array, shape: readonly number[]): TfTensor {
  if (/proj_(in|out)\.weight$/.test(name)) return tf.tensor(data, [shape[0]!, shape[1]!]);
  if (shape.length === 4) return tf.tensor(permute4(data, shape, oihwToHwio), oihwToHwio.map((axis) => shape[axis]!));
  if (shape.length === 3) {
    const [C, H, W] = shape as [number, number, number];
    return tf.tensor(permute4(data, [1, C, H, W], nchwToNhwc), [H, W, C]);
  }
  return tf.tensor(data, [...shape]);
}

function tfjs(tf: Tfjs): ReturnType<NonNullable<Row['tfjs']>> {
  const nhwc = (data: Float32Array): TfTensor => tf.tensor(permute4(data, latent, nchwToNhwc), [B, 16, 16, 4]);
  const params = new Map([...startingWeights()].map(([name, { data, shape }]) =>
    [name, tfParam(tf, name, data, shape)]));
  const [x, target] = [nhwc(values.x), nhwc(values.target)];
  const waves = tf.tensor(sinusoids(), [B, tinyConfig.modelChannels]);
  const embeddings = tf.tensor(values.embeddings, [...sequences]);
  return tfTrainStep(tf, params, [x, target, waves, embeddings], (p) =>
    tf.mean(tf.square(tf.sub(tinyUnet(tfLayers(tf, p), x, waves, embeddings), target))));
}

/**
 * The third loss depends on the gradients of two steps, so it is what is compared. jax-js is left out: written in its
 * terms, the step had not run once after three minutes.
 */
export const tinyTrainRow: Row = {
  name: 'unet-tiny-train', flops: null, checkedRuns: 3, oursOnly: null, ours, tfjs,
};
