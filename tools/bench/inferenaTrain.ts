/** One optimiser step of the `inferena` U-Net: forward, mean squared error, gradients and AdamW. */
import { compile, type ProgramSpec } from '../../engine/compile/compile.ts';
import type { Device } from '../../engine/device.ts';
import { grad } from '../../engine/grad.ts';
import { add, concat, constant, conv2d, groupNorm, inputTensor, mean, square, sub, upsample2d }
  from '../../engine/ops/index.ts';
import { AdamW } from '../../engine/optim.ts';
import { ParamStore, declareParams, fanIn, ones, zeros, type ParamSpec, type Scope } from '../../engine/params.ts';
import type { State } from '../../engine/state.ts';
import type { Tensor } from '../../engine/tensor.ts';
import { firstChannels, inferenaUnet, latentShape, normGroups, type UNetLayers } from './inferenaUnet.ts';
import { initialWeights } from './initialWeights.ts';
import { nchwToNhwc, normalValues, oihwToHwio, permute4 } from './inputs.ts';
import { jaxArray, type Jax, type JaxArray } from './jax.ts';
import { lossCandidate } from './ours.ts';
import { adamW, jaxGroupNormSilu, tfGroupNormSilu } from './peerLayers.ts';
import { jaxTrainStep, tfTrainStep } from './peerSteps.ts';
import type { OwnCandidate, Row } from './row.ts';
import type { Tfjs, TfTensor } from './tfjs.ts';

const values = { x: normalValues('unet x', latentShape), target: normalValues('unet target', latentShape) };

const ownLayers = (p: Scope): UNetLayers<Tensor> => ({
  channels: (x) => x.shape[1]!,
  conv(name, x, out, kernel, stride) {
    const C = x.shape[1]!;
    const weight = p.at(name).param('weight', [out, C, kernel, kernel], fanIn(C * kernel * kernel));
    return conv2d(x, weight, null, { stride, padding: (kernel - 1) / 2 });
  },
  normSilu(name, x) {
    const weight = p.at(name).param('weight', [x.shape[1]!], ones);
    const bias = p.at(name).param('bias', [x.shape[1]!], zeros);
    return groupNorm(x, normGroups, weight, bias, 1e-5, 'silu');
  },
  upsample: (x) => upsample2d(x, 2),
  concat: (a, b) => concat([a, b], 1),
  add,
});

/** Sizes of the benchmark, or of others like it. */
interface Sizes {
  /** Of the latents. */
  readonly shape: readonly [number, number, number, number];
  readonly channels: number;
}

const paramsOf = ({ shape, channels }: Sizes): ParamSpec[] =>
  declareParams((p) => inferenaUnet(ownLayers(p), inputTensor('x', shape), channels));

const sizes: Sizes = { shape: latentShape, channels: firstChannels };
const specs = paramsOf(sizes);

/** The step as a program, and the states that it needs. */
export function inferenaStep({ shape, channels } = sizes): { spec: ProgramSpec; states: readonly State[] } {
  const store = new ParamStore('unet', paramsOf({ shape, channels }));
  store.initialise(0);
  const predicted = inferenaUnet(ownLayers(store.scope()), inputTensor('x', shape), channels);
  const loss = mean(square(sub(predicted, inputTensor('target', shape))));
  const targets = store.groups.map(({ state }) => state);
  const optimiser = new AdamW(targets, adamW);
  const { updates } = optimiser.step(store.packGradients(grad(loss, [...store.tensors.values()])), constant(adamW.lr));
  return { spec: { name: 'unet step', outputs: { loss }, updates }, states: [...targets, ...optimiser.states] };
}

async function ours(device: Device): Promise<OwnCandidate> {
  const { spec, states } = inferenaStep();
  const program = await compile(device, spec);
  return lossCandidate(device, program, values, states);
}

function jaxLayers(jax: Jax, params: ReadonlyMap<string, JaxArray>): UNetLayers<JaxArray> {
  const { numpy: np, lax } = jax;
  return {
    channels: (x) => x.shape[1]!,
    conv(name, x, _, kernel, stride) {
      const pad = (kernel - 1) / 2;
      const weight = params.get(`${name}.weight`)!.ref;
      return lax.convGeneralDilated(x.ref, weight, [stride, stride], [[pad, pad], [pad, pad]]) as JaxArray;
    },
    normSilu: (name, x) =>
      jaxGroupNormSilu(jax, x, params.get(`${name}.weight`)!, params.get(`${name}.bias`)!, normGroups),
    upsample: (x) => np.repeat(np.repeat(x.ref, 2, 2), 2, 3) as JaxArray,
    concat: (a, b) => np.concatenate([a.ref, b.ref], 1) as JaxArray,
    add: (a, b) => a.ref.add(b.ref) as JaxArray,
  };
}

function jax(jaxjs: Jax): ReturnType<NonNullable<Row['jax']>> {
  const { numpy: np } = jaxjs;
  const params = new Map([...initialWeights(specs)].map(([name, { data, shape }]) =>
    [name, jaxArray(jaxjs, data, shape)]));
  return jaxTrainStep(jaxjs, params,
    [jaxArray(jaxjs, values.x, latentShape), jaxArray(jaxjs, values.target, latentShape)],
    (p, x, target) => np.mean(np.square(inferenaUnet(jaxLayers(jaxjs, p), x!).sub(target!.ref))) as JaxArray);
}

type Tensor4D = import('@tensorflow/tfjs-core').Tensor4D;

function tfLayers(tf: Tfjs, params: ReadonlyMap<string, TfTensor>): UNetLayers<TfTensor> {
  return {
    channels: (x) => x.shape[3]!,
    conv: (name, x, _, kernel, stride) =>
      tf.conv2d(x as Tensor4D, params.get(`${name}.weight`) as Tensor4D, stride, (kernel - 1) / 2),
    normSilu: (name, x) =>
      tfGroupNormSilu(tf, x, params.get(`${name}.weight`)!, params.get(`${name}.bias`)!, normGroups),
    upsample: (x) => tf.image.resizeNearestNeighbor(x as Tensor4D, [2 * x.shape[1]!, 2 * x.shape[2]!]),
    concat: (a, b) => tf.concat([a, b], 3),
    add: (a, b) => tf.add(a, b),
  };
}

function tfjs(tf: Tfjs): ReturnType<NonNullable<Row['tfjs']>> {
  const nhwc = (data: Float32Array): TfTensor => {
    const [B, C, H, W] = latentShape;
    return tf.tensor(permute4(data, latentShape, nchwToNhwc), [B, H, W, C]);
  };
  const params = new Map([...initialWeights(specs)].map(([name, { data, shape }]) => [name, shape.length === 1
    ? tf.tensor(data, [...shape])
    : tf.tensor(permute4(data, shape, oihwToHwio), oihwToHwio.map((axis) => shape[axis]!))]));
  const [x, target] = [nhwc(values.x), nhwc(values.target)];
  return tfTrainStep(tf, params, [x, target],
    (p) => tf.mean(tf.square(tf.sub(inferenaUnet(tfLayers(tf, p), x), target))));
}

/** The third loss depends on the gradients of two steps, so it is what is compared. */
export const inferenaTrainRow: Row = {
  name: 'unet-inferena-train', flops: null, checkedRuns: 3, oursOnly: null, ours, jax, tfjs,
};
