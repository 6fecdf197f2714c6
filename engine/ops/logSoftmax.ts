/**
 * Log-softmax along rows.
 *
 *   y[i] = x[i] - log sum_k exp(x[k])
 */
import { apply, defineOp, type KernelOp } from '../op.ts';
import type { Tensor } from '../tensor.ts';
import { logSumExp64 } from './logSumExp.ts';
import { rowsOf } from './rowKernel.ts';
import { alongAxis, inferRows, inferRowsGrad, softmaxGradVariants, softmaxVariants } from './softmax.ts';

/** y, g [.., n] -> cotangent of x [.., n]:  g - exp(y) * sum_k g[k]. */
export const logSoftmaxGradOp = defineOp<null, KernelOp<null>>({
  kind: 'kernel',
  name: 'logSoftmaxGrad',
  infer: (inputs) => inferRowsGrad('logSoftmaxGrad', inputs),
  reference([y, g], [type]) {
    const { rows, n } = rowsOf(type!);
    const dx = new Float64Array(rows * n);
    for (let start = 0; start < rows * n; start += n) {
      let sum = 0;
      for (let i = start; i < start + n; i++) sum += g![i]!;
      for (let i = start; i < start + n; i++) dx[i] = g![i]! - Math.exp(y![i]!) * sum;
    }
    return dx;
  },
  vjp: 'none',
  variants: ([y], _, __, device) => softmaxGradVariants(y!, true, device),
});

/** x [.., n] -> [.., n]. */
export const logSoftmaxOp = defineOp<null, KernelOp<null>>({
  kind: 'kernel',
  name: 'logSoftmax',
  infer: (inputs) => inferRows('logSoftmax', inputs),
  reference([x], [type]) {
    const { rows, n } = rowsOf(type!);
    const y = new Float64Array(rows * n);
    for (let start = 0; start < rows * n; start += n) {
      const shift = logSumExp64(x!, start, n);
      for (let i = start; i < start + n; i++) y[i] = x![i]! - shift;
    }
    return y;
  },
  vjp: (g, _, y) => [apply(logSoftmaxGradOp, [y, g], null)],
  variants: ([x], _, __, device) => softmaxVariants(x!, true, device),
});

/** Log-softmax along `axis` (default the last). */
export const logSoftmax = (x: Tensor, axis = -1): Tensor =>
  alongAxis('logSoftmax', x, axis, (rows) => apply(logSoftmaxOp, [rows], null));
