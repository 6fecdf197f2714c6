/** Layers that jax-js and tfjs lack, in their own terms. */
import type { Jax, JaxArray } from './jax.ts';
import type { Tfjs, TfTensor } from './tfjs.ts';

/** x [B, C, H, W] -> its group norm. Reads x, weight and bias without using them up. */
export function jaxGroupNorm(jax: Jax, x: JaxArray, weight: JaxArray, bias: JaxArray, groups: number,
  eps: number): JaxArray {
  const { numpy: np } = jax;
  const [B, C, H, W] = x.shape as [number, number, number, number];
  const rows = x.ref.reshape([B, groups, (C / groups) * H * W]);
  const centred = rows.ref.sub(np.mean(rows, 2, { keepdims: true }));
  const rstd = np.reciprocal(np.sqrt(np.mean(np.square(centred.ref), 2, { keepdims: true }).add(eps)));
  const normed = centred.mul(rstd).reshape([B, C, H, W]);
  return normed.mul(weight.ref.reshape([C, 1, 1])).add(bias.ref.reshape([C, 1, 1])) as JaxArray;
}

export const jaxGroupNormSilu = (jax: Jax, x: JaxArray, weight: JaxArray, bias: JaxArray, groups: number): JaxArray =>
  jax.nn.silu(jaxGroupNorm(jax, x, weight, bias, groups, 1e-5)) as JaxArray;

/** x [B, H, W, C] -> its group norm. */
export function tfGroupNorm(tf: Tfjs, x: TfTensor, weight: TfTensor, bias: TfTensor, groups: number,
  eps: number): TfTensor {
  const [B, H, W, C] = x.shape as [number, number, number, number];
  const rows = tf.reshape(x, [B, H * W, groups, C / groups]);
  const { mean, variance } = tf.moments(rows, [1, 3], true);
  const normed = tf.reshape(tf.mul(tf.sub(rows, mean), tf.rsqrt(tf.add(variance, eps))), x.shape);
  return tf.add(tf.mul(normed, weight), bias);
}

export const tfSilu = (tf: Tfjs, x: TfTensor): TfTensor => tf.mul(x, tf.sigmoid(x));

export const tfGroupNormSilu = (tf: Tfjs, x: TfTensor, weight: TfTensor, bias: TfTensor, groups: number): TfTensor =>
  tfSilu(tf, tfGroupNorm(tf, x, weight, bias, groups, 1e-5));

export function tfLayerNorm(tf: Tfjs, x: TfTensor, weight: TfTensor, bias: TfTensor): TfTensor {
  const { mean, variance } = tf.moments(x, 1, true);
  return tf.add(tf.mul(tf.mul(tf.sub(x, mean), tf.rsqrt(tf.add(variance, 1e-5))), weight), bias);
}

/** q, k, v [B, heads, L, D] -> softmax attention. Its own dotProductAttention is by einsum, which needs Node 22. */
export function jaxAttention({ numpy: np, nn }: Jax, q: JaxArray, k: JaxArray, v: JaxArray): JaxArray {
  const scale = 1 / Math.sqrt(q.shape.at(-1)!);
  return np.matmul(nn.softmax(np.matmul(q, np.matrixTranspose(k)).mul(scale), -1), v) as JaxArray;
}

/** tfjs has no op of its own for it. */
export const tfAttention = (tf: Tfjs, q: TfTensor, k: TfTensor, v: TfTensor): TfTensor =>
  tf.matMul(tf.softmax(tf.mul(tf.matMul(q, k, false, true), 1 / Math.sqrt(q.shape.at(-1)!))), v);

/** What AdamW needs besides arrays: PyTorch's defaults. */
export const adamW = { lr: 1e-3, beta1: 0.9, beta2: 0.999, eps: 1e-8, weightDecay: 0.01 } as const;

/** Next corrections 1 - beta^t. */
export function jaxCorrections(c1: JaxArray, c2: JaxArray): [JaxArray, JaxArray] {
  return [c1.mul(adamW.beta1).add(1 - adamW.beta1) as JaxArray, c2.mul(adamW.beta2).add(1 - adamW.beta2) as JaxArray];
}

/** Next value and moments; reads the corrections without using them up. */
export function jaxAdamW(jax: Jax, p: JaxArray, m: JaxArray, v: JaxArray, g: JaxArray, c1: JaxArray, c2: JaxArray):
  [JaxArray, JaxArray, JaxArray] {
  const { numpy: np } = jax;
  const first = m.mul(adamW.beta1).add(g.ref.mul(1 - adamW.beta1));
  const second = v.mul(adamW.beta2).add(np.square(g).mul(1 - adamW.beta2));
  const direction = first.ref.div(c1.ref).div(np.sqrt(second.ref.div(c2.ref)).add(adamW.eps));
  const value = p.ref.sub(direction.add(p.mul(adamW.weightDecay)).mul(adamW.lr));
  return [value, first, second] as [JaxArray, JaxArray, JaxArray];
}

export function tfCorrections(tf: Tfjs, c1: TfTensor, c2: TfTensor): [TfTensor, TfTensor] {
  return [tf.add(tf.mul(c1, adamW.beta1), 1 - adamW.beta1), tf.add(tf.mul(c2, adamW.beta2), 1 - adamW.beta2)];
}

export function tfAdamW(tf: Tfjs, p: TfTensor, m: TfTensor, v: TfTensor, g: TfTensor, c1: TfTensor, c2: TfTensor):
  [TfTensor, TfTensor, TfTensor] {
  const first = tf.add(tf.mul(m, adamW.beta1), tf.mul(g, 1 - adamW.beta1));
  const second = tf.add(tf.mul(v, adamW.beta2), tf.mul(tf.square(g), 1 - adamW.beta2));
  const direction = tf.div(tf.div(first, c1), tf.add(tf.sqrt(tf.div(second, c2)), adamW.eps));
  return [tf.sub(p, tf.mul(tf.add(direction, tf.mul(p, adamW.weightDecay)), adamW.lr)), first, second];
}
