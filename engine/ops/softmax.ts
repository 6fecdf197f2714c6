/**
 * Softmax along rows.
 *
 *   y[i] = exp(x[i] - max x) / sum_k exp(x[k] - max x)
 */
import { check } from '../errors.ts';
import { apply, defineOp, expectDType, expectInputs, input, output } from '../op.ts';
import type { DeviceCapabilities, KernelOp, Variant } from '../op.ts';
import massSource from '../shaders/rowMass.wgsl';
import source from '../shaders/softmax.wgsl';
import gradSource from '../shaders/softmaxGrad.wgsl';
import { describe, sameShape, type Tensor, type TensorType } from '../tensor.ts';
import { logSumExp64 } from './logSumExp.ts';
import { rowsOf, rowVariants } from './rowKernel.ts';
import { transpose } from './view.ts';

/** The type of a function of the rows of one f32 tensor. */
export function inferRows(name: string, inputs: readonly TensorType[]): TensorType {
  expectInputs(name, inputs, 1);
  const x = inputs[0]!;
  expectDType(name, 'x', x, 'f32');
  check(x.shape.length > 0, () => `${name}: x must have at least one axis, found ${describe(x)}`);
  return { shape: x.shape, dtype: 'f32' };
}

/** The type of the gradient of such a function, from (result, cotangent). */
export function inferRowsGrad(name: string, inputs: readonly TensorType[]): TensorType {
  expectInputs(name, inputs, 2);
  const [y, g] = inputs as [TensorType, TensorType];
  check(sameShape(y.shape, g.shape), () => `${name}: y and g must have one shape, found ${describe(y)} and `
    + describe(g));
  return inferRows(name, [y]);
}

/** Kernels of softmax, or with `log` of log-softmax. */
export function softmaxVariants(x: TensorType, log: boolean, device: DeviceCapabilities): Variant[] {
  const { rows, n } = rowsOf(x);
  return rowVariants({
    label: 'softmax', body: massSource + source, rows, n, constants: { LOG: log ? 1 : 0 }, bindings: [input(0), output],
    flops: 8 * rows * n, bytes: 8 * rows * n,
  }, device);
}

/** Kernels of the gradient of softmax, or with `log` of log-softmax, from (result, cotangent). */
export function softmaxGradVariants(y: TensorType, log: boolean, device: DeviceCapabilities): Variant[] {
  const { rows, n } = rowsOf(y);
  return rowVariants({
    label: 'softmaxGrad', body: gradSource, rows, n, constants: { LOG: log ? 1 : 0 },
    bindings: [input(0), input(1), output], flops: 4 * rows * n, bytes: 12 * rows * n,
  }, device);
}

/** y, g [.., n] -> cotangent of x [.., n]:  y * (g - sum_k g[k] * y[k]). */
export const softmaxGradOp = defineOp<null, KernelOp<null>>({
  kind: 'kernel',
  name: 'softmaxGrad',
  infer: (inputs) => inferRowsGrad('softmaxGrad', inputs),
  reference([y, g], [type]) {
    const { rows, n } = rowsOf(type!);
    const dx = new Float64Array(rows * n);
    for (let start = 0; start < rows * n; start += n) {
      let sum = 0;
      for (let i = start; i < start + n; i++) sum += g![i]! * y![i]!;
      for (let i = start; i < start + n; i++) dx[i] = y![i]! * (g![i]! - sum);
    }
    return dx;
  },
  vjp: 'none',
  variants: ([y], _, __, device) => softmaxGradVariants(y!, false, device),
});

/** x [.., n] -> [.., n]. */
export const softmaxOp = defineOp<null, KernelOp<null>>({
  kind: 'kernel',
  name: 'softmax',
  infer: (inputs) => inferRows('softmax', inputs),
  reference([x], [type]) {
    const { rows, n } = rowsOf(type!);
    const y = new Float64Array(rows * n);
    for (let start = 0; start < rows * n; start += n) {
      const shift = logSumExp64(x!, start, n);
      for (let i = start; i < start + n; i++) y[i] = Math.exp(x![i]! - shift);
    }
    return y;
  },
  vjp: (g, _, y) => [apply(softmaxGradOp, [y, g], null)],
  variants: ([x], _, __, device) => softmaxVariants(x!, false, device),
});

/** Applies a function of rows to any axis. */
export function alongAxis(name: string, x: Tensor, axis: number, ofRows: (rows: Tensor) => Tensor): Tensor {
  const at = axis < 0 ? axis + x.rank : axis;
  check(at >= 0 && at < x.rank, () => `${name}: axis ${axis} must be an axis of ${describe(x)}`);
  const order = x.shape.map((_, i) => (i === at ? x.rank - 1 : i === x.rank - 1 ? at : i));
  return transpose(ofRows(transpose(x, order)), order);
}

/** Softmax along `axis` (default the last). */
export const softmax = (x: Tensor, axis = -1): Tensor =>
  alongAxis('softmax', x, axis, (rows) => apply(softmaxOp, [rows], null));
