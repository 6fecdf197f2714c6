/** Pre-norm transformer layers: the trunk of the layout encoder and of both priors. */
import { add, attention, gelu } from '../engine/ops/index.ts';
import type { Scope } from '../engine/params.ts';
import type { Tensor } from '../engine/tensor.ts';
import { layerNorm, linear, width } from './layers.ts';

export interface AttentionLayersConfig {
  readonly layers: number;
  readonly heads: number;
  /** Width of one head; heads * headWidth need not be the width of the sequence. */
  readonly headWidth: number;
}

/** What a layer's queries, keys and values [B, L, heads * headWidth] come to, [B, L, heads * headWidth]. */
export type Attend = (q: Tensor, k: Tensor, v: Tensor, layer: number) => Tensor;

/**
 * Layers of self-attention and feed-forward, each x + f(LN(x)); no norm at the end.
 * Parameters are named as in x-transformers, where `layers` counts attention and feed-forward alike.
 *
 *   x       [B, L, D]
 *   causal  whether position i sees 0 .. i only
 *   drop    applied to what every f gives, with a name that is another for each: for dropout
 *   attend  attention of a layer, where x is not all there is to see: for reading token by token
 *   ->      [B, L, D]
 */
export function attentionLayers(p: Scope, x: Tensor, config: AttentionLayersConfig, causal: boolean,
  drop: (x: Tensor, name: string) => Tensor = (y) => y,
  attend: Attend = (q, k, v) => attention(q, k, v, { heads: config.heads, causal })): Tensor {
  for (let layer = 0; layer < config.layers; layer++) {
    const attentionScope = p.at(`layers.${2 * layer}`);
    const feedForwardScope = p.at(`layers.${2 * layer + 1}`);
    const seen = selfAttention(attentionScope.at(1), layerNorm(attentionScope.at(0), x), config,
      (q, k, v) => attend(q, k, v, layer));
    x = add(x, drop(seen, `attention ${layer}`));
    const made = feedForward(feedForwardScope.at('1.net'), layerNorm(feedForwardScope.at(0), x));
    x = add(x, drop(made, `feed-forward ${layer}`));
  }
  return x;
}

function selfAttention(p: Scope, x: Tensor, { heads, headWidth }: AttentionLayersConfig,
  attend: (q: Tensor, k: Tensor, v: Tensor) => Tensor): Tensor {
  const inner = heads * headWidth;
  const q = linear(p.at('to_q'), x, inner, { bias: false });
  const k = linear(p.at('to_k'), x, inner, { bias: false });
  const v = linear(p.at('to_v'), x, inner, { bias: false });
  return linear(p.at('to_out'), attend(q, k, v), width(x));
}

function feedForward(p: Scope, x: Tensor): Tensor {
  return linear(p.at(2), gelu(linear(p.at('0.0'), x, 4 * width(x))), width(x));
}
