import { upsample2d } from '../../engine/ops/index.ts';
import type { Scope } from '../../engine/params.ts';
import type { Tensor } from '../../engine/tensor.ts';
import { channels, conv3x3, groupNorm } from '../layers.ts';
import type { ConvolutionalConfig } from './config.ts';
import { middle } from './encoder.ts';
import { pixelAttention } from './pixelAttention.ts';
import { residualBlock } from './residualBlock.ts';

/**
 * Features of the bottleneck to an image [LDM `Decoder`].
 *
 *   z   [B, Z, h, w]
 *   ->  [B, 3, f h, f w]   about [-1, 1], not clipped
 */
export function decoder(p: Scope, z: Tensor, config: ConvolutionalConfig): Tensor {
  const { channelMult, resBlocks, attentionFactors, groups } = config;
  let h = conv3x3(p.at('conv_in'), z, config.channels * channelMult.at(-1)!);
  h = middle(p.at('mid'), h, config);
  for (let level = channelMult.length - 1; level >= 0; level--) {
    const scope = p.at(`up.${level}`);
    for (let i = 0; i <= resBlocks; i++) {
      h = residualBlock(scope.at(`block.${i}`), h, config.channels * channelMult[level]!, groups);
      if (attentionFactors.includes(2 ** level)) h = pixelAttention(scope.at(`attn.${i}`), h, groups);
    }
    if (level > 0) h = conv3x3(scope.at('upsample.conv'), upsample2d(h, 2), channels(h));
  }
  h = groupNorm(p.at('norm_out'), h, { groups, eps: 1e-6, activation: 'silu' });
  return conv3x3(p.at('conv_out'), h, 3);
}
