/**
 * Keys and values of tokens already read, so that the next token costs one token's work instead of all its
 * predecessors'. Causal attention never looks ahead, so what a token left here does not change when others follow.
 */
import { add, cast, equal, less, matmul, mul, reshape, softmax, stateTensor, table, where }
  from '../../engine/ops/index.ts';
import { State } from '../../engine/state.ts';
import type { Tensor } from '../../engine/tensor.ts';
import type { Attend, AttentionLayersConfig } from '../attentionLayers.ts';

/** Of B sequences of up to L tokens; one state [B, heads, L, headWidth] a layer for each. */
export interface KeyValueCache {
  readonly keys: readonly State[];
  readonly values: readonly State[];
}

/** An empty one. What lies beyond the token being read is never looked at, so one cache serves batch after batch. */
export function keyValueCache({ layers, heads, headWidth }: AttentionLayersConfig, B: number, L: number):
  KeyValueCache {
  const states = (name: string): State[] => Array.from({ length: layers }, (_, layer) =>
    new State(`${name} of layer ${layer}`, { shape: [B, heads, L, headWidth], dtype: 'f32' }));
  return { keys: states('keys'), values: states('values') };
}

export const cacheStates = ({ keys, values }: KeyValueCache): State[] => [...keys, ...values];

/** Weight of tokens that are not yet read: far below any score, and finite. */
const unread = -1e30;

/**
 * Attention of one token [B, 1, heads * headWidth] to itself and all before it, for `attentionLayers`.
 *
 *   position  i32 [1]   place of the token, 0 .. L - 1; those before must have been read
 *   updates             what the cache holds afterwards, filled in by the layers
 */
export function cachedAttention(cache: KeyValueCache, position: Tensor, { heads, headWidth }: AttentionLayersConfig):
  { attend: Attend; updates: [State, Tensor][] } {
  const [B, , L] = cache.keys[0]!.type.shape as [number, number, number, number];
  const places = table(Float32Array.from({ length: L }, (_, i) => i), [L]);
  const at = cast(position, 'f32');
  const own = reshape(equal(places, at), [1, 1, L, 1]);
  const hidden = reshape(mul(less(at, places), unread), [1, 1, L]);
  const updates: [State, Tensor][] = [];
  const attend: Attend = (q, k, v, layer) => {
    const kept = (state: State, x: Tensor): Tensor => {
      const token = reshape(x, [B, heads, 1, headWidth]);
      const all = where(own, token, stateTensor(state));
      updates.push([state, all]);
      return reshape(all, [B * heads, L, headWidth]);
    };
    const keys = kept(cache.keys[layer]!, k);
    const values = kept(cache.values[layer]!, v);
    const scores = matmul(reshape(q, [B * heads, 1, headWidth]), keys, { transposeB: true });
    const weights = softmax(add(mul(scores, headWidth ** -0.5), hidden));
    return reshape(matmul(weights, values), [B, 1, heads * headWidth]);
  };
  return { attend, updates };
}
