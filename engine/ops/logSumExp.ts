/**
 * Logarithm of the sum of exponentials along rows.
 *
 *   y = log sum_k exp(x[k])
 */
import { check } from '../errors.ts';
import { apply, defineOp, expectDType, expectInputs, input, output, type KernelOp } from '../op.ts';
import massSource from '../shaders/rowMass.wgsl';
import source from '../shaders/logSumExp.wgsl';
import { describe, type Tensor } from '../tensor.ts';
import { call } from './pointwise.ts';
import { rowsOf, rowVariants } from './rowKernel.ts';
import { broadcast, reshape } from './view.ts';

/** The same of x[start .. start + n - 1], in f64. */
export function logSumExp64(x: Float64Array, start: number, n: number): number {
  let top = -Infinity;
  for (let i = start; i < start + n; i++) top = Math.max(top, x[i]!);
  let mass = 0;
  for (let i = start; i < start + n; i++) mass += Math.exp(x[i]! - top);
  return top + Math.log(mass);
}

/** One value for each row, for all values of the rows: [..] -> [.., K]. */
export const spreadRows = (x: Tensor, like: Tensor): Tensor => broadcast(reshape(x, [...x.shape, 1]), like.shape);

export const logSumExpOp = defineOp<null, KernelOp<null>>({
  kind: 'kernel',
  name: 'logSumExp',
  infer(inputs) {
    expectInputs('logSumExp', inputs, 1);
    const x = inputs[0]!;
    expectDType('logSumExp', 'x', x, 'f32');
    check(x.shape.length > 0, () => `logSumExp: x must have at least one axis, found ${describe(x)}`);
    return { shape: x.shape.slice(0, -1), dtype: 'f32' };
  },
  reference([x], [type]) {
    const { rows, n } = rowsOf(type!);
    return Float64Array.from({ length: rows }, (_, row) => logSumExp64(x!, row * n, n));
  },
  vjp: (g, [x], y) =>
    [call('mul', spreadRows(g, x!), call('exp', call('sub', x!, spreadRows(y, x!))))],
  variants([x], _, __, device) {
    const { rows, n } = rowsOf(x!);
    return rowVariants({
      label: 'logSumExp', body: massSource + source, rows, n, bindings: [input(0), output],
      flops: 6 * rows * n, bytes: 4 * rows * n,
    }, device);
  },
});

/** x [.., K] -> [..]. */
export const logSumExp = (x: Tensor): Tensor => apply(logSumExpOp, [x], null);
