/**
 * Cross-entropy of logits against class numbers.
 *
 *   loss = log sum_k exp(x[k]) - x[target]
 */
import { check } from '../errors.ts';
import { apply, defineOp, expectDType, expectInputs, f32Bits, input, output, type KernelOp } from '../op.ts';
import massSource from '../shaders/rowMass.wgsl';
import source from '../shaders/crossEntropy.wgsl';
import gradSource from '../shaders/crossEntropyGrad.wgsl';
import { describe, sameShape, type Tensor, type TensorType } from '../tensor.ts';
import { logSumExp64 } from './logSumExp.ts';
import { rowsOf, rowVariants } from './rowKernel.ts';

export interface CrossEntropyAttrs {
  /** Target that marks a position without loss; null where every position counts. */
  readonly ignoreIndex: number | null;
}

// No class has this number, so nothing is ignored.
const ignoreNothing = -0x80000000;
const ignoredWord = ({ ignoreIndex }: CrossEntropyAttrs): number => (ignoreIndex ?? ignoreNothing) >>> 0;

function expectTargets(name: string, x: TensorType, targets: TensorType): void {
  expectDType(name, 'logits', x, 'f32');
  expectDType(name, 'targets', targets, 'i32');
  check(x.shape.length > 0 && sameShape(targets.shape, x.shape.slice(0, -1)), () =>
    `${name}: targets must have the shape of logits without the class axis, found targets ${describe(targets)} for `
    + `logits ${describe(x)}`);
}

function expectClass(target: number, classes: number): void {
  check(target >= 0 && target < classes, () => `crossEntropy: targets must lie in 0..${classes - 1} or be the ignored `
    + `index, found ${target}`);
}

/** logits [.., K], targets [..], loss [..], g [..] -> cotangent of logits [.., K]. */
export const crossEntropyGradOp = defineOp<CrossEntropyAttrs, KernelOp<CrossEntropyAttrs>>({
  kind: 'kernel',
  name: 'crossEntropyGrad',
  infer(inputs) {
    expectInputs('crossEntropyGrad', inputs, 4);
    expectTargets('crossEntropyGrad', inputs[0]!, inputs[1]!);
    return { shape: inputs[0]!.shape, dtype: 'f32' };
  },
  reference([x, targets, , g], [type], { ignoreIndex }) {
    const { rows, n } = rowsOf(type!);
    const dx = new Float64Array(rows * n);
    for (let row = 0; row < rows; row++) {
      const target = targets![row]!;
      if (target === ignoreIndex) continue;
      expectClass(target, n);
      const shift = logSumExp64(x!, row * n, n);
      for (let k = 0; k < n; k++) {
        dx[row * n + k] = g![row]! * (Math.exp(x![row * n + k]! - shift) - (k === target ? 1 : 0));
      }
    }
    return dx;
  },
  vjp: 'none',
  variants([x], _, attrs, device) {
    const { rows, n } = rowsOf(x!);
    return rowVariants({
      label: 'crossEntropyGrad', body: gradSource, rows, n, words: [n, ignoredWord(attrs)],
      bindings: [input(0), input(1), input(2), input(3), output], flops: 6 * rows * n, bytes: 8 * rows * n,
    }, device);
  },
});

/** logits [.., K], targets i32 [..] -> [..]. */
export const crossEntropyOp = defineOp<CrossEntropyAttrs, KernelOp<CrossEntropyAttrs>>({
  kind: 'kernel',
  name: 'crossEntropy',
  infer(inputs) {
    expectInputs('crossEntropy', inputs, 2);
    expectTargets('crossEntropy', inputs[0]!, inputs[1]!);
    return { shape: inputs[1]!.shape, dtype: 'f32' };
  },
  reference([x, targets], [type], { ignoreIndex }) {
    const { n } = rowsOf(type!);
    return targets!.map((target, row) => {
      if (target === ignoreIndex) return 0;
      expectClass(target, n);
      return logSumExp64(x!, row * n, n) - x![row * n + target]!;
    });
  },
  vjp: (g, [x, targets], y, attrs) => [apply(crossEntropyGradOp, [x!, targets!, y, g], attrs), null],
  variants([x], _, attrs, device) {
    const { rows, n } = rowsOf(x!);
    return rowVariants({
      label: 'crossEntropy', body: massSource + source, rows, n, words: [n, ignoredWord(attrs), f32Bits(NaN)],
      bindings: [input(0), input(1), output], flops: 6 * rows * n, bytes: 4 * rows * n,
    }, device);
  },
});

/**
 * Loss of every position, in nats.
 *
 *   logits   f32 [.., K]
 *   targets  i32 [..], classes 0 .. K - 1; positions with `ignoreIndex` get loss 0 and no gradient. Any other number
 *            gives NaN on the device.
 *   ->       f32 [..]
 */
export const crossEntropy = (logits: Tensor, targets: Tensor, ignoreIndex: number | null = null): Tensor =>
  apply(crossEntropyOp, [logits, targets], { ignoreIndex });
