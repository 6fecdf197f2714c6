/** The vector quantiser [van den Oord et al. 2017; LDM and taming-transformers `VectorQuantizer2`]. */
import { add, gather, mean, mul, nearestRow, reshape, square, stopGradient, straightThrough, sub, transpose }
  from '../../engine/ops/index.ts';
import type { Scope } from '../../engine/params.ts';
import type { Tensor } from '../../engine/tensor.ts';
import type { VqConfig } from './config.ts';

export interface Quantised {
  /** Nearest codebook rows [B, C, h, w]; the gradient passes to z unchanged. */
  readonly z: Tensor;
  /** Their numbers, i32 [B, h, w]. */
  readonly ids: Tensor;
  /** [], mean squared distance in both directions. */
  readonly loss: Tensor;
}

/**
 * z [B, C, h, w] to the nearest rows, by squared distance, of the codebook [K, C].
 *
 * The loss has LDM's "legacy" order, in which `commitment` weighs the codebook's term and not, as in the paper, that
 * of the latents; published weights were trained so.
 */
export function quantise(p: Scope, z: Tensor, { codebookSize, commitment }: VqConfig): Quantised {
  const [B, C, h, w] = z.shape as [number, number, number, number];
  const codebook = p.at('quantize.embedding').param('weight', [codebookSize, C],
    { kind: 'uniform', bound: 1 / codebookSize });
  const rows = reshape(transpose(z, [0, 2, 3, 1]), [B * h * w, C]);
  const ids = nearestRow(rows, codebook, 'l2');
  const nearest = transpose(reshape(gather(codebook, ids), [B, h, w, C]), [0, 3, 1, 2]);
  const pullLatents = mean(square(sub(stopGradient(nearest), z)));
  const pullCodebook = mean(square(sub(nearest, stopGradient(z))));
  return {
    z: straightThrough(nearest, z),
    ids: reshape(ids, [B, h, w]),
    loss: add(pullLatents, mul(pullCodebook, commitment)),
  };
}
