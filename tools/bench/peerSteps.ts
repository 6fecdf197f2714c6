/** An optimiser step of AdamW on the parameters of a model in the terms of the peers. */
import { asIs, jaxArray, jaxStep, type Jax, type JaxArray } from './jax.ts';
import { jaxAdamW, jaxCorrections, tfAdamW, tfCorrections } from './peerLayers.ts';
import type { Candidate } from './row.ts';
import { tfStep, type Tfjs, type TfTensor } from './tfjs.ts';
import { sizeOf } from '../../engine/tensor.ts';

/** `loss` of parameters by name and the fixed inputs; what is read is its value before the step. */
export function jaxTrainStep(jax: Jax, params: ReadonlyMap<string, JaxArray>, fixed: readonly JaxArray[],
  loss: (params: ReadonlyMap<string, JaxArray>, ...fixed: JaxArray[]) => JaxArray): Candidate {
  const names = [...params.keys()];
  const count = names.length;
  const zeros = (shape: readonly number[]): JaxArray => jaxArray(jax, new Float32Array(sizeOf(shape)), shape);
  const moments = (): JaxArray[] => [...params.values()].map(({ shape }) => zeros(shape));
  return jaxStep(jax, (...state) => {
    const [c1, c2, ...inputs] = state.slice(3 * count) as [JaxArray, JaxArray, ...JaxArray[]];
    const before = state.slice(0, count);
    const [value, grads] = jax.valueAndGrad((p: JaxArray[]) =>
      loss(new Map(names.map((name, i) => [name, p[i]!])), ...inputs))(before.map((p) => p.ref)) as unknown as
      [JaxArray, JaxArray[]];
    const [d1, d2] = jaxCorrections(c1, c2);
    const next = before.map((p, i) => jaxAdamW(jax, p, state[count + i]!, state[2 * count + i]!, grads[i]!, d1, d2));
    return [...next.map(([p]) => p), ...next.map(([, m]) => m), ...next.map(([, , v]) => v), d1, d2, value];
  }, [...params.values(), ...moments(), ...moments(), zeros([]), zeros([])], fixed, (_, [value]) => [value!],
  { loss: asIs });
}

/** The same for tfjs; `fixed` is what the loss uses besides, to be freed at the end. */
export function tfTrainStep(tf: Tfjs, params: ReadonlyMap<string, TfTensor>, fixed: readonly TfTensor[],
  loss: (params: ReadonlyMap<string, TfTensor>) => TfTensor): Candidate {
  const names = [...params.keys()];
  const count = names.length;
  const moments = (): TfTensor[] => [...params.values()].map(({ shape }) => tf.zeros(shape));
  return tfStep(tf, (...state) => {
    const before = state.slice(0, count);
    const { value, grads } = tf.valueAndGrads((...p: TfTensor[]) =>
      loss(new Map(names.map((name, i) => [name, p[i]!]))))(before);
    const [d1, d2] = tfCorrections(tf, state[3 * count]!, state[3 * count + 1]!);
    const next = before.map((p, i) => tfAdamW(tf, p, state[count + i]!, state[2 * count + i]!, grads[i]!, d1, d2));
    return [...next.map(([p]) => p), ...next.map(([, m]) => m), ...next.map(([, , v]) => v), d1, d2, value];
  }, [...params.values(), ...moments(), ...moments(), tf.scalar(0), tf.scalar(0)], fixed, (_, [value]) => [value!],
  { loss: asIs });
}
