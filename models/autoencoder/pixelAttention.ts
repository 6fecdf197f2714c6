import { add, concat, matmul, mul, reshape, slice, softmax, transpose } from '../../engine/ops/index.ts';
import type { Scope } from '../../engine/params.ts';
import type { Tensor } from '../../engine/tensor.ts';
import { conv1x1OnTokens, groupNorm } from '../layers.ts';

/**
 * Attention of one head, as wide as the features, between all pixels [LDM `AttnBlock`]: x [B, C, H, W] -> the same.
 * By products and softmax, in turns over the queries: the attention op keeps a head in registers and has no room for
 * the 512 channels of published first stages.
 *
 *   mostScores  held at a time; those of all 4,096 pixels of two images would pass what adapters bind
 */
export function pixelAttention(p: Scope, x: Tensor, groups: number, mostScores = 2 ** 24): Tensor {
  const [B, C, H, W] = x.shape as [number, number, number, number];
  const L = H * W;
  const normed = groupNorm(p.at('norm'), x, { groups, eps: 1e-6 });
  const tokens = transpose(reshape(normed, [B, C, L]), [0, 2, 1]);          // [B, L, C]
  const q = mul(conv1x1OnTokens(p.at('q'), tokens, C), 1 / Math.sqrt(C));
  const k = conv1x1OnTokens(p.at('k'), tokens, C);
  const v = conv1x1OnTokens(p.at('v'), tokens, C);
  const turn = Math.max(1, Math.floor(mostScores / (B * L)));
  const parts: Tensor[] = [];
  for (let first = 0; first < L; first += turn) {
    const queries = slice(q, 1, first, Math.min(turn, L - first));
    parts.push(matmul(softmax(matmul(queries, k, { transposeB: true })), v));
  }
  const h = conv1x1OnTokens(p.at('proj_out'), concat(parts, 1), C);
  return add(x, reshape(transpose(h, [0, 2, 1]), x.shape));                 // [B, C, H, W]
}
