/**
 * Mean and reciprocal standard deviation of rows, which layerNorm and groupNorm share.
 *
 *   mean = E[x],  rstd = 1 / sqrt(E[(x - mean)^2] + eps)
 */
import { defineOp, expectDType, expectInputs, expectRank, f32Bits, input, output, type KernelOp } from '../op.ts';
import source from '../shaders/normStats.wgsl';
import { rowsOf, rowVariants } from './rowKernel.ts';

/** x [rows, n] -> [rows, 2]; the gradients of the norms contain what flows through here. */
export const normStatsOp = defineOp<{ eps: number }, KernelOp<{ eps: number }>>({
  kind: 'kernel',
  name: 'normStats',
  infer(inputs) {
    expectInputs('normStats', inputs, 1);
    expectRank('normStats', 'x', inputs[0]!, 2);
    expectDType('normStats', 'x', inputs[0]!, 'f32');
    return { shape: [inputs[0]!.shape[0]!, 2], dtype: 'f32' };
  },
  reference([x], [type], { eps }) {
    const { rows, n } = rowsOf(type!);
    const stats = new Float64Array(2 * rows);
    for (let row = 0; row < rows; row++) {
      let sum = 0;
      for (let i = row * n; i < (row + 1) * n; i++) sum += x![i]!;
      const mean = sum / n;
      let square = 0;
      for (let i = row * n; i < (row + 1) * n; i++) square += (x![i]! - mean) ** 2;
      stats[2 * row] = mean;
      stats[2 * row + 1] = 1 / Math.sqrt(square / n + eps);
    }
    return stats;
  },
  vjp: 'none',
  variants([x], _, { eps }, device) {
    const { rows, n } = rowsOf(x!);
    return rowVariants({
      label: 'normStats', body: source, rows, n, words: [f32Bits(1 / n), f32Bits(eps)],
      bindings: [input(0), output], flops: 4 * rows * n, bytes: 4 * rows * n,
    }, device);
  },
});
