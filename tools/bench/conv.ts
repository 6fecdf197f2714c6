import { grad } from '../../engine/grad.ts';
import { conv2d, inputTensor } from '../../engine/ops/index.ts';
import { hwioToOihw, nchwToNhwc, nhwcToNchw, normalValues, oihwToHwio, permute4 } from './inputs.ts';
import { asIs, jaxArray, jaxFunction, type Jax, type JaxArray } from './jax.ts';
import { graphCandidate } from './ours.ts';
import type { Row } from './row.ts';
import { tfFunction, type Tfjs, type TfTensor } from './tfjs.ts';

const [B, C, H, W] = [4, 64, 32, 32];
const pixels = [B, C, H, W];
const kernel = [C, C, 3, 3];
const nhwc: [number, number, number, number] = [B, H, W, C];
const hwio: [number, number, number, number] = [3, 3, C, C];

const values = { x: normalValues('x', pixels), w: normalValues('w', kernel, 1 / 24), g: normalValues('g', pixels) };

const fromNhwc = (y: Float32Array): Float32Array => permute4(y, nhwc, nhwcToNchw);
const fromHwio = (y: Float32Array): Float32Array => permute4(y, hwio, hwioToOihw);

const jaxConv = (jax: Jax, x: JaxArray, w: JaxArray): JaxArray =>
  jax.lax.convGeneralDilated(x, w, [1, 1], [[1, 1], [1, 1]]) as JaxArray;

const tfConv = (tf: Tfjs, x: TfTensor, w: TfTensor): TfTensor =>
  tf.conv2d(x as import('@tensorflow/tfjs-core').Tensor4D, w as import('@tensorflow/tfjs-core').Tensor4D, 1, 'same');

const tfPixels = (tf: Tfjs, x: Float32Array): TfTensor => tf.tensor(permute4(x, pixels, nchwToNhwc), nhwc);
const tfKernel = (tf: Tfjs): TfTensor => tf.tensor(permute4(values.w, kernel, oihwToHwio), hwio);

const flops = 2 * B * C * C * 9 * H * W;

/** 3x3 convolution, 64 to 64 channels. */
export const convForwardRow: Row = {
  name: 'conv3x3-64-fwd',
  flops,
  checkedRuns: 1,
  oursOnly: null,
  ours: (device) => graphCandidate(device, {
    name: 'conv forward',
    outputs: { y: conv2d(inputTensor('x', pixels), inputTensor('w', kernel), null, { padding: 1 }) },
  }, { x: values.x, w: values.w }),
  jax: (jax) => jaxFunction(jax, (x, w) => [jaxConv(jax, x!, w!)],
    [jaxArray(jax, values.x, pixels), jaxArray(jax, values.w, kernel)], { y: asIs }),
  tfjs: (tf) => tfFunction(tf, (x, w) => [tfConv(tf, x!, w!)], [tfPixels(tf, values.x), tfKernel(tf)], { y: fromNhwc }),
};

/** The same with the gradients of input and weight. */
export const convTrainRow: Row = {
  name: 'conv3x3-64-train',
  flops: 3 * flops,
  checkedRuns: 1,
  oursOnly: null,
  ours(device) {
    const [x, w, g] = [inputTensor('x', pixels), inputTensor('w', kernel), inputTensor('g', pixels)];
    const y = conv2d(x, w, null, { padding: 1 });
    const [dx, dw] = grad(y, [x, w], g);
    return graphCandidate(device, { name: 'conv train', outputs: { y, dx: dx!, dw: dw! } }, values);
  },
  jax: (jax) => jaxFunction(jax, (x, w, g) => {
    const [y, pull] = jax.vjp((a: JaxArray, b: JaxArray) => jaxConv(jax, a, b), [x!, w!]);
    const [dx, dw] = pull(g!) as unknown as [JaxArray, JaxArray];
    return [y as JaxArray, dx, dw];
  }, [jaxArray(jax, values.x, pixels), jaxArray(jax, values.w, kernel), jaxArray(jax, values.g, pixels)],
  { y: asIs, dx: asIs, dw: asIs }),
  tfjs: (tf) => tfFunction(tf, (x, w, g) => {
    const { value, grads } = tf.valueAndGrads((a, b) => tfConv(tf, a!, b!))([x!, w!], g!);
    return [value, ...grads];
  }, [tfPixels(tf, values.x), tfKernel(tf), tfPixels(tf, values.g)], { y: fromNhwc, dx: fromNhwc, dw: fromHwio }),
};
