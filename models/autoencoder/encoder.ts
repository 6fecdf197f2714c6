import { check } from '../../engine/errors.ts';
import type { Scope } from '../../engine/params.ts';
import { describe, type Tensor } from '../../engine/tensor.ts';
import { channels, conv3x3, groupNorm } from '../layers.ts';
import type { ConvolutionalConfig } from './config.ts';
import { pixelAttention } from './pixelAttention.ts';
import { residualBlock } from './residualBlock.ts';

/**
 * Image to features of the bottleneck [LDM `Encoder`].
 *
 *   image  [B, 3, H, W]            in [-1, 1]; H and W divisible by the downsampling factor
 *   out    channels of the result
 *   ->     [B, out, H / f, W / f]
 */
export function encoder(p: Scope, image: Tensor, out: number, config: ConvolutionalConfig): Tensor {
  const { channelMult, resBlocks, attentionFactors, groups } = config;
  const factor = 2 ** (channelMult.length - 1);
  check(image.rank === 4 && image.shape[1] === 3 && image.shape[2]! % factor === 0 && image.shape[3]! % factor === 0,
    () => `encoder: image must be [B, 3, H, W] with H and W divisible by ${factor}, found ${describe(image)}`);
  let h = conv3x3(p.at('conv_in'), image, config.channels);
  channelMult.forEach((mult, level) => {
    const scope = p.at(`down.${level}`);
    for (let i = 0; i < resBlocks; i++) {
      h = residualBlock(scope.at(`block.${i}`), h, config.channels * mult, groups);
      if (attentionFactors.includes(2 ** level)) h = pixelAttention(scope.at(`attn.${i}`), h, groups);
    }
    if (level < channelMult.length - 1) {
      // Zeros on the right and at the bottom only.
      h = conv3x3(scope.at('downsample.conv'), h, channels(h), { stride: 2, padding: [0, 0, 1, 1] });
    }
  });
  h = middle(p.at('mid'), h, config);
  h = groupNorm(p.at('norm_out'), h, { groups, eps: 1e-6, activation: 'silu' });
  return conv3x3(p.at('conv_out'), h, out);
}

/** The middle of encoder and decoder: x [B, C, H, W] -> the same shape. */
export function middle(p: Scope, x: Tensor, { middleAttention, groups }: ConvolutionalConfig): Tensor {
  let h = residualBlock(p.at('block_1'), x, channels(x), groups);
  if (middleAttention) h = pixelAttention(p.at('attn_1'), h, groups);
  return residualBlock(p.at('block_2'), h, channels(h), groups);
}
