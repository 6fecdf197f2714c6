import { grad } from '../../engine/grad.ts';
import { attention, inputTensor } from '../../engine/ops/index.ts';
import { headsFirst, normalValues, permute4 } from './inputs.ts';
import { jaxArray, jaxFunction, type Jax, type JaxArray } from './jax.ts';
import { graphCandidate } from './ours.ts';
import { jaxAttention, tfAttention } from './peerLayers.ts';
import type { Row } from './row.ts';
import { tfFunction, type Tfjs, type TfTensor } from './tfjs.ts';

const [B, heads, L, D] = [8, 4, 256, 32];
const packed = [B, L, heads * D];
/** The same memory with the heads as an axis. */
const split = [B, L, heads, D];
/** What the peers multiply fastest; the change of order is not timed. */
const ahead: [number, number, number, number] = [B, heads, L, D];

const values = {
  q: normalValues('q', packed), k: normalValues('k', packed), v: normalValues('v', packed),
  g: normalValues('attention g', packed),
};

const jaxValues = (jax: Jax, names: readonly (keyof typeof values)[]): JaxArray[] =>
  names.map((name) => jaxArray(jax, permute4(values[name], split, headsFirst), ahead));
const tfValues = (tf: Tfjs, names: readonly (keyof typeof values)[]): TfTensor[] =>
  names.map((name) => tf.tensor(permute4(values[name], split, headsFirst), ahead));
const fromAhead = (y: Float32Array): Float32Array => permute4(y, ahead, headsFirst);

/** Two matrix products of L x L x D for each head. */
const flops = 4 * B * heads * L * L * D;

/** Softmax attention of 4 heads. */
export const attentionForwardRow: Row = {
  name: 'attention-fwd',
  flops,
  checkedRuns: 1,
  oursOnly: null,
  ours: (device) => graphCandidate(device, {
    name: 'attention forward',
    outputs: { y: attention(inputTensor('q', packed), inputTensor('k', packed), inputTensor('v', packed), { heads }) },
  }, { q: values.q, k: values.k, v: values.v }),
  jax: (jax) => jaxFunction(jax, (q, k, v) => [jaxAttention(jax, q!, k!, v!)], jaxValues(jax, ['q', 'k', 'v']),
    { y: fromAhead }),
  tfjs: (tf) => tfFunction(tf, (q, k, v) => [tfAttention(tf, q!, k!, v!)], tfValues(tf, ['q', 'k', 'v']),
    { y: fromAhead }),
};

/** The same with all three gradients: four more products by definition, without what a kernel computes twice. */
export const attentionTrainRow: Row = {
  name: 'attention-train',
  flops: 3 * flops,
  checkedRuns: 1,
  oursOnly: null,
  ours(device) {
    const [q, k, v, g] = ['q', 'k', 'v', 'g'].map((name) => inputTensor(name, packed));
    const y = attention(q!, k!, v!, { heads });
    const [dq, dk, dv] = grad(y, [q!, k!, v!], g!);
    return graphCandidate(device, { name: 'attention train', outputs: { y, dq: dq!, dk: dk!, dv: dv! } }, values);
  },
  jax: (jax) => jaxFunction(jax, (q, k, v, g) => {
    const [y, pull] = jax.vjp((a: JaxArray, b: JaxArray, c: JaxArray) => jaxAttention(jax, a, b, c), [q!, k!, v!]);
    return [y as JaxArray, ...pull(g!) as unknown as JaxArray[]];
  }, jaxValues(jax, ['q', 'k', 'v', 'g']), { y: fromAhead, dq: fromAhead, dk: fromAhead, dv: fromAhead }),
  tfjs: (tf) => tfFunction(tf, (q, k, v, g) => {
    const { value, grads } = tf.valueAndGrads((a, b, c) => tfAttention(tf, a!, b!, c!))([q!, k!, v!], g!);
    return [value, ...grads];
  }, tfValues(tf, ['q', 'k', 'v', 'g']), { y: fromAhead, dq: fromAhead, dk: fromAhead, dv: fromAhead }),
};
