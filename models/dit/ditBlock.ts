/** A transformer block that the condition modulates and gates [DiT, adaLN-zero]. */
import { add, attention, geluTanh, layerNorm, linear as linearOp, mul, reshape, silu, slice }
  from '../../engine/ops/index.ts';
import { zeros, type Init, type Scope } from '../../engine/params.ts';
import type { Tensor } from '../../engine/tensor.ts';
import { width } from '../layers.ts';

/** Initial weights of published linear layers: uniform, of variance 2 / (inputs + outputs) [Glorot & Bengio 2010]. */
export const glorot = (inputs: number, outputs: number): Init =>
  ({ kind: 'uniform', bound: Math.sqrt(6 / (inputs + outputs)) });

/** x [.., D] -> [.., out]; biases start at zero. */
export function dense(p: Scope, x: Tensor, out: number, init: Init = glorot(width(x), out)): Tensor {
  return linearOp(x, p.param('weight', [out, width(x)], init), p.param('bias', [out], zeros));
}

interface Modulation {
  readonly 2: [Tensor, Tensor];
  readonly 6: [Tensor, Tensor, Tensor, Tensor, Tensor, Tensor];
}

/** What the condition makes of a sequence: vectors [B, 1, D], `count` of them. */
export function modulation<Count extends 2 | 6>(p: Scope, condition: Tensor, count: Count): Modulation[Count] {
  const [B, D] = condition.shape as [number, number];
  const all = dense(p.at('adaLN_modulation.1'), silu(condition), count * D, zeros);
  return Array.from({ length: count }, (_, i) => reshape(slice(all, 1, i * D, D), [B, 1, D])) as Modulation[Count];
}

/** LN(x) (1 + scale) + shift: x [B, L, D], the others [B, 1, D]. */
export function modulated(x: Tensor, shift: Tensor, scale: Tensor): Tensor {
  return add(mul(layerNorm(x, null, null, 1e-6), add(scale, 1)), shift);
}

/**
 *   x          [B, L, D]
 *   condition  [B, D]      timestep and class
 *   ->         [B, L, D]   x itself at the start of training
 */
export function ditBlock(p: Scope, x: Tensor, condition: Tensor, heads: number): Tensor {
  const [shift, scale, gate, shift2, scale2, gate2] = modulation(p, condition, 6);
  x = add(x, mul(gate, selfAttention(p.at('attn'), modulated(x, shift, scale), heads)));
  return add(x, mul(gate2, feedForward(p.at('mlp'), modulated(x, shift2, scale2))));
}

function selfAttention(p: Scope, x: Tensor, heads: number): Tensor {
  const D = width(x);
  const qkv = dense(p.at('qkv'), x, 3 * D);
  const [q, k, v] = [0, 1, 2].map((i) => slice(qkv, -1, i * D, D)) as [Tensor, Tensor, Tensor];
  return dense(p.at('proj'), attention(q, k, v, { heads }), D);
}

function feedForward(p: Scope, x: Tensor): Tensor {
  return dense(p.at('fc2'), geluTanh(dense(p.at('fc1'), x, 4 * width(x))), width(x));
}
