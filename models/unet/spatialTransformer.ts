/** Attention between pixels, and from pixels to the layout [LDM `SpatialTransformer`]. */
import { check } from '../../engine/errors.ts';
import { add, attention, gelu, mul, reshape, slice, transpose } from '../../engine/ops/index.ts';
import { zeros, type Scope } from '../../engine/params.ts';
import type { Tensor } from '../../engine/tensor.ts';
import { channels, conv1x1OnTokens, groupNorm, layerNorm, linear, width } from '../layers.ts';
import type { UNetConfig } from './config.ts';

/**
 *   x        [B, C, H, W]
 *   context  [B, L, D]      encoded layout
 *   ->       [B, C, H, W]
 */
export function spatialTransformer(p: Scope, x: Tensor, context: Tensor, config: UNetConfig): Tensor {
  const [B, C, H, W] = x.shape as [number, number, number, number];
  const heads = C / config.headChannels;
  check(Number.isInteger(heads), () =>
    `spatial transformer: ${C} channels must be a multiple of headChannels, found ${config.headChannels}`);
  const normed = groupNorm(p.at('norm'), x, { groups: config.groups, eps: 1e-6 });
  const tokens = transpose(reshape(normed, [B, C, H * W]), [0, 2, 1]);      // [B, H W, C]
  let h = conv1x1OnTokens(p.at('proj_in'), tokens, C);
  for (let block = 0; block < config.transformerDepth; block++) {
    h = transformerBlock(p.at(`transformer_blocks.${block}`), h, context, heads);
  }
  h = conv1x1OnTokens(p.at('proj_out'), h, channels(x), zeros);             // starts as identity
  return add(x, reshape(transpose(h, [0, 2, 1]), x.shape));                 // [B, C, H, W]
}

/** x [B, L, C] + self-attention, cross-attention, feed-forward, each behind a layer norm. */
function transformerBlock(p: Scope, x: Tensor, context: Tensor, heads: number): Tensor {
  const normed = layerNorm(p.at('norm1'), x);
  x = add(x, multiHead(p.at('attn1'), normed, normed, heads));
  x = add(x, multiHead(p.at('attn2'), layerNorm(p.at('norm2'), x), context, heads));
  return add(x, gatedFeedForward(p.at('ff.net'), layerNorm(p.at('norm3'), x)));
}

/** Queries from x [B, L, C], keys and values from context [B, M, D] -> [B, L, C]. */
function multiHead(p: Scope, x: Tensor, context: Tensor, heads: number): Tensor {
  const C = width(x);
  const q = linear(p.at('to_q'), x, C, { bias: false });
  const k = linear(p.at('to_k'), context, C, { bias: false });
  const v = linear(p.at('to_v'), context, C, { bias: false });
  return linear(p.at('to_out.0'), attention(q, k, v, { heads }), C);
}

/** GEGLU [Shazeer 2020]: value * gelu(gate), four times as wide inside. */
function gatedFeedForward(p: Scope, x: Tensor): Tensor {
  const inner = 4 * width(x);
  const both = linear(p.at('0.proj'), x, 2 * inner);
  return linear(p.at(2), mul(slice(both, -1, 0, inner), gelu(slice(both, -1, inner, inner))), width(x));
}
