import { grad } from '../../engine/grad.ts';
import { groupNorm, inputTensor } from '../../engine/ops/index.ts';
import { nchwToNhwc, nhwcToNchw, normalValues, permute4 } from './inputs.ts';
import { asIs, jaxArray, jaxFunction, type JaxArray } from './jax.ts';
import { graphCandidate } from './ours.ts';
import { jaxGroupNormSilu, tfGroupNormSilu } from './peerLayers.ts';
import type { Row } from './row.ts';
import { tfFunction, type TfTensor } from './tfjs.ts';

const [B, C, H, W] = [4, 128, 32, 32];
const groups = 32;
const pixels = [B, C, H, W];
const nhwc: [number, number, number, number] = [B, H, W, C];
const values = {
  x: normalValues('norm x', pixels), weight: normalValues('norm weight', [C]), bias: normalValues('norm bias', [C]),
  g: normalValues('norm g', pixels),
};
const fromNhwc = (y: Float32Array): Float32Array => permute4(y, nhwc, nhwcToNchw);

/** Group norm and SiLU over half a million values in 32 groups, with the gradients of input, weight and bias. */
export const groupNormRow: Row = {
  name: 'groupnorm-silu-train',
  flops: null,
  checkedRuns: 1,
  oursOnly: null,
  ours(device) {
    const [x, g] = [inputTensor('x', pixels), inputTensor('g', pixels)];
    const [weight, bias] = [inputTensor('weight', [C]), inputTensor('bias', [C])];
    const y = groupNorm(x, groups, weight, bias, 1e-5, 'silu');
    const [dx, dweight, dbias] = grad(y, [x, weight, bias], g);
    const outputs = { y, dx: dx!, dweight: dweight!, dbias: dbias! };
    return graphCandidate(device, { name: 'group norm train', outputs }, values);
  },
  jax: (jax) => jaxFunction(jax, (x, weight, bias, g) => {
    const f = (a: JaxArray, b: JaxArray, c: JaxArray): JaxArray => jaxGroupNormSilu(jax, a, b, c, groups);
    const [y, pull] = jax.vjp(f, [x!, weight!, bias!]);
    return [y as JaxArray, ...pull(g!) as unknown as JaxArray[]];
  }, [
    jaxArray(jax, values.x, pixels), jaxArray(jax, values.weight, [C]), jaxArray(jax, values.bias, [C]),
    jaxArray(jax, values.g, pixels),
  ], { y: asIs, dx: asIs, dweight: asIs, dbias: asIs }),
  tfjs: (tf) => tfFunction(tf, (x, weight, bias, g) => {
    const f = (a: TfTensor, b: TfTensor, c: TfTensor): TfTensor => tfGroupNormSilu(tf, a, b, c, groups);
    const { value, grads } = tf.valueAndGrads(f)([x!, weight!, bias!], g!);
    return [value, ...grads];
  }, [
    tf.tensor(permute4(values.x, pixels, nchwToNhwc), nhwc), tf.tensor(values.weight, [C]), tf.tensor(values.bias, [C]),
    tf.tensor(permute4(values.g, pixels, nchwToNhwc), nhwc),
  ], { y: fromNhwc, dx: fromNhwc, dweight: asIs, dbias: asIs }),
};
