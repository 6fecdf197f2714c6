/**
 * Cross-entropy against weights over all classes.
 *
 *   loss = sum_k p[k] (lse - x[k]),   lse = log sum_k exp(x[k])
 *
 * lse is an operand, so that the gradients by x and by p are pointwise work and no table of log-probabilities is kept.
 */
import { check } from '../errors.ts';
import { apply, defineOp, expectDType, expectInputs, input, output, type KernelOp } from '../op.ts';
import source from '../shaders/softCrossEntropy.wgsl';
import { describe, sameShape, type Tensor } from '../tensor.ts';
import { logSumExp, spreadRows } from './logSumExp.ts';
import { call } from './pointwise.ts';
import { sum } from './reduce.ts';
import { rowsOf, rowVariants } from './rowKernel.ts';

/** x [.., K], p [.., K], lse [..] -> [..]. */
export const softCrossEntropyOp = defineOp<null, KernelOp<null>>({
  kind: 'kernel',
  name: 'softCrossEntropy',
  infer(inputs) {
    expectInputs('softCrossEntropy', inputs, 3);
    const [x, p] = inputs;
    for (const [operand, type] of [['logits', x!], ['probs', p!]] as const) {
      expectDType('softCrossEntropy', operand, type, 'f32');
    }
    check(sameShape(x!.shape, p!.shape), () => 'softCrossEntropy: logits and probs must have one shape, found '
      + `${describe(x!)} and ${describe(p!)}`);
    return { shape: x!.shape.slice(0, -1), dtype: 'f32' };
  },
  reference([x, p, lse], [type]) {
    const { rows, n } = rowsOf(type!);
    const loss = new Float64Array(rows);
    for (let i = 0; i < rows * n; i++) {
      const row = Math.floor(i / n);
      loss[row]! += p![i]! * (lse![row]! - x![i]!);
    }
    return loss;
  },
  vjp(g, [x, p, lse]) {
    const each = spreadRows(g, x!);
    return [
      call('neg', call('mul', each, p!)),
      call('mul', each, call('sub', spreadRows(lse!, x!), x!)),
      call('mul', g, sum(p!, [-1])),
    ];
  },
  variants([x], _, __, device) {
    const { rows, n } = rowsOf(x!);
    return rowVariants({
      label: 'softCrossEntropy', body: source, rows, n, bindings: [input(0), input(1), input(2), output],
      flops: 3 * rows * n, bytes: 8 * rows * n,
    }, device);
  },
});

/** Cross-entropy against probabilities: logits, probs [.., K] -> [..]. */
export const softCrossEntropy = (logits: Tensor, probs: Tensor): Tensor =>
  apply(softCrossEntropyOp, [logits, probs, logSumExp(logits)], null);
