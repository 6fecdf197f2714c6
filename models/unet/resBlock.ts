import { add, silu } from '../../engine/ops/index.ts';
import { zeros, type Scope } from '../../engine/params.ts';
import type { Tensor } from '../../engine/tensor.ts';
import { addPerChannel, channels, conv1x1, conv3x3, groupNorm, linear } from '../layers.ts';

/**
 * Residual block with additive time embedding [LDM `ResBlock`, no scale-shift].
 *
 *   x    [B, Cin, H, W]
 *   emb  [B, E]              time embedding
 *   ->   [B, out, H, W]
 */
export function resBlock(p: Scope, x: Tensor, emb: Tensor, out: number, groups: number): Tensor {
  const norm = { groups, eps: 1e-5, activation: 'silu' } as const;
  let h = conv3x3(p.at('in_layers.2'), groupNorm(p.at('in_layers.0'), x, norm), out);
  h = addPerChannel(h, linear(p.at('emb_layers.1'), silu(emb), out));
  h = groupNorm(p.at('out_layers.0'), h, norm);
  h = conv3x3(p.at('out_layers.3'), h, out, { init: zeros }); // the block starts as identity
  const skip = channels(x) === out ? x : conv1x1(p.at('skip_connection'), x, out);
  return add(skip, h);
}
