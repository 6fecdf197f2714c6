import { inputTensor, matmul } from '../../engine/ops/index.ts';
import { normalValues } from './inputs.ts';
import { asIs, jaxArray, jaxFunction } from './jax.ts';
import { graphCandidate } from './ours.ts';
import type { Row } from './row.ts';
import { tfFunction } from './tfjs.ts';

/** y = a b of square matrices. */
export function matmulRow(size: number): Row {
  const shape: [number, number] = [size, size];
  const [a, b] = [normalValues('a', shape), normalValues('b', shape)];
  return {
    name: `matmul-${size}`,
    flops: 2 * size ** 3,
    checkedRuns: 1,
    oursOnly: null,
    ours: (device) => graphCandidate(device, {
      name: 'matmul', outputs: { y: matmul(inputTensor('a', shape), inputTensor('b', shape)) },
    }, { a, b }),
    jax: (jax) => jaxFunction(jax, (x, y) => [jax.numpy.matmul(x!, y!)],
      [jaxArray(jax, a, shape), jaxArray(jax, b, shape)], { y: asIs }),
    tfjs: (tf) => tfFunction(tf, (x, y) => [tf.matMul(x!, y!)],
      [tf.tensor(a, shape), tf.tensor(b, shape)], { y: asIs }),
  };
}
