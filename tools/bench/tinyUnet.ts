/**
 * The `tiny` generator, layout encoder and U-Net, from embeddings of its tokens, over the layers that it needs: what
 * the peers compute. Ours is the model itself, under the same names. Tokens and pixels that attention sees are rows,
 * [B * L, width].
 */
import { generatorPresets } from '../../models/unet/config.ts';

export interface TinyLayers<T> {
  channels(x: T): number;
  /** Convolution with bias, zeros around so that sides stay; weight [out, C, kernel, kernel] under `name`. */
  conv(name: string, x: T, kernel: 1 | 3, stride: 1 | 2): T;
  groupNorm(name: string, x: T, groups: number, eps: number): T;
  /** `name` is added to each picture, [C, H, W], or to each sequence, [L, D]. */
  addToEach(name: string, x: T): T;
  /** x [B, C, H, W] + rows [B, C], over all pixels. */
  addPerChannel(x: T, rows: T): T;
  linear(name: string, rows: T, bias: boolean): T;
  layerNorm(name: string, rows: T): T;
  /** Softmax attention of rows; every sequence attends to its own. */
  attention(q: T, k: T, v: T, heads: number): T;
  silu(x: T): T;
  gelu(rows: T): T;
  add(a: T, b: T): T;
  mul(a: T, b: T): T;
  /** The two halves of rows. */
  halves(rows: T): [T, T];
  /** Pixels of x as rows, and rows as pixels like those of x. */
  toRows(x: T): T;
  toPixels(rows: T, like: T): T;
  /** Sequences [B, L, D] as rows. */
  tokens(embeddings: T): T;
  upsample(x: T): T;
  concat(a: T, b: T): T;
}

export const { unet: tinyConfig, encoder: tinyEncoder, diffusion: tinyDiffusion } = generatorPresets.tiny;

function encodeLayout<T>(layers: TinyLayers<T>, embeddings: T): T {
  const name = 'cond_stage_model.transformer';
  let x = layers.tokens(layers.addToEach(`${name}.pos_emb.emb.weight`, embeddings));
  for (let layer = 0; layer < 2 * tinyEncoder.layers; layer += 2) {
    const at = `${name}.attn_layers.layers`;
    const normed = layers.layerNorm(`${at}.${layer}.0`, x);
    const project = (to: string): T => layers.linear(`${at}.${layer}.1.${to}`, normed, false);
    const seen = layers.attention(project('to_q'), project('to_k'), project('to_v'), tinyEncoder.heads);
    x = layers.add(x, layers.linear(`${at}.${layer}.1.to_out`, seen, true));
    const hidden = layers.linear(`${at}.${layer + 1}.1.net.0.0`, layers.layerNorm(`${at}.${layer + 1}.0`, x), true);
    x = layers.add(x, layers.linear(`${at}.${layer + 1}.1.net.2`, layers.gelu(hidden), true));
  }
  return layers.layerNorm(`${name}.norm`, x);
}

function resBlock<T>(layers: TinyLayers<T>, name: string, x: T, emb: T, out: number): T {
  const normSilu = (norm: string, y: T): T =>
    layers.silu(layers.groupNorm(`${name}.${norm}`, y, tinyConfig.groups, 1e-5));
  let h = layers.conv(`${name}.in_layers.2`, normSilu('in_layers.0', x), 3, 1);
  h = layers.addPerChannel(h, layers.linear(`${name}.emb_layers.1`, layers.silu(emb), true));
  h = layers.conv(`${name}.out_layers.3`, normSilu('out_layers.0', h), 3, 1);
  return layers.add(layers.channels(x) === out ? x : layers.conv(`${name}.skip_connection`, x, 1, 1), h);
}

function transformer<T>(layers: TinyLayers<T>, name: string, x: T, context: T): T {
  const heads = layers.channels(x) / tinyConfig.headChannels;
  const { linear } = layers;
  let h = linear(`${name}.proj_in`, layers.toRows(layers.groupNorm(`${name}.norm`, x, tinyConfig.groups, 1e-6)), true);
  const at = `${name}.transformer_blocks.0`;
  const attend = (attn: string, from: T, to: T): T => linear(`${at}.${attn}.to_out.0`, layers.attention(
    linear(`${at}.${attn}.to_q`, from, false), linear(`${at}.${attn}.to_k`, to, false),
    linear(`${at}.${attn}.to_v`, to, false), heads), true);
  const normed = layers.layerNorm(`${at}.norm1`, h);
  h = layers.add(h, attend('attn1', normed, normed));
  h = layers.add(h, attend('attn2', layers.layerNorm(`${at}.norm2`, h), context));
  const [value, gate] = layers.halves(linear(`${at}.ff.net.0.proj`, layers.layerNorm(`${at}.norm3`, h), true));
  h = layers.add(h, linear(`${at}.ff.net.2`, layers.mul(value, layers.gelu(gate)), true));
  return layers.add(x, layers.toPixels(linear(`${name}.proj_out`, h, true), x));
}

/** x and the result latents; sinusoids [B, modelChannels] of the timesteps; embeddings [B, L, D] without positions. */
export function tinyUnet<T>(layers: TinyLayers<T>, x: T, sinusoids: T, embeddings: T): T {
  const { modelChannels, channelMult, resBlocks, attentionFactors, middleAttention, groups } = tinyConfig;
  const name = 'model.diffusion_model';
  const context = encodeLayout(layers, embeddings);
  const emb = layers.linear(`${name}.time_embed.2`,
    layers.silu(layers.linear(`${name}.time_embed.0`, sinusoids, true)), true);
  const attended = (level: number): boolean => attentionFactors.includes(2 ** level);
  const block = (at: string, h: T, level: number): T => {
    h = resBlock(layers, `${at}.0`, h, emb, modelChannels * channelMult[level]!);
    return attended(level) ? transformer(layers, `${at}.1`, h, context) : h;
  };
  let h = layers.addToEach(`${name}.position_map.weight`, layers.conv(`${name}.input_blocks.0.0`, x, 3, 1));
  const skips = [h];
  const last = channelMult.length - 1;
  for (let level = 0; level <= last; level++) {
    for (let i = 0; i < resBlocks; i++) {
      h = block(`${name}.input_blocks.${skips.length}`, h, level);
      skips.push(h);
    }
    if (level < last) {
      h = layers.conv(`${name}.input_blocks.${skips.length}.0.op`, h, 3, 2);
      skips.push(h);
    }
  }
  h = resBlock(layers, `${name}.middle_block.0`, h, emb, layers.channels(h));
  if (middleAttention) h = transformer(layers, `${name}.middle_block.1`, h, context);
  h = resBlock(layers, `${name}.middle_block.2`, h, emb, layers.channels(h));
  let output = 0;
  for (let level = last; level >= 0; level--) {
    for (let i = 0; i <= resBlocks; i++) {
      const at = `${name}.output_blocks.${output++}`;
      h = block(at, layers.concat(h, skips.pop()!), level);
      if (level > 0 && i === resBlocks) {
        h = layers.conv(attended(level) ? `${at}.2.conv` : `${at}.1.conv`, layers.upsample(h), 3, 1);
      }
    }
  }
  return layers.conv(`${name}.out.2`, layers.silu(layers.groupNorm(`${name}.out.0`, h, groups, 1e-5)), 3, 1);
}
