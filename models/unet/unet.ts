/** The denoising U-Net of latent diffusion, with cross-attention to the layout [LDM `UNetModel`]. */
import { check } from '../../engine/errors.ts';
import { add, concat, upsample2d } from '../../engine/ops/index.ts';
import { zeros, type Scope } from '../../engine/params.ts';
import { describe, type Tensor } from '../../engine/tensor.ts';
import { fourierMap } from '../fourierInit.ts';
import { channels, conv3x3, groupNorm, timeEmbedding } from '../layers.ts';
import type { UNetConfig } from './config.ts';
import { resBlock } from './resBlock.ts';
import { spatialTransformer } from './spatialTransformer.ts';

/**
 *   x        [B, C, H, W]   noised latent; H and W divisible by 2 ^ (levels - 1)
 *   t        i32 [B]        timestep, in 0 .. steps - 1
 *   context  [B, L, D]      encoded layout; null only where the config has no attention
 *   map      [B, M, H, W]   painted layout, M modelChannels; null where the config has none
 *   ->       [B, C, H, W]   prediction: of the noise, where the diffusion config does not say otherwise
 */
export function unet(p: Scope, x: Tensor, t: Tensor, context: Tensor | null, config: UNetConfig,
  steps: number, map: Tensor | null = null): Tensor {
  const { modelChannels, channelMult, resBlocks, attentionFactors, groups } = config;
  const lastLevel = channelMult.length - 1;
  check(x.rank === 4 && x.shape[1] === config.latentChannels && x.shape[2]! % 2 ** lastLevel === 0
    && x.shape[3]! % 2 ** lastLevel === 0, () => `unet: x must be [B, ${config.latentChannels}, H, W] with H and W `
    + `divisible by ${2 ** lastLevel}, found ${describe(x)}. Does it come from another first stage?`);
  const emb = timeEmbedding(p.at('time_embed'), t, { size: modelChannels, out: 4 * modelChannels, steps });
  const attended = (level: number): boolean => attentionFactors.includes(2 ** level);
  const transformer = (scope: Scope, h: Tensor): Tensor => {
    check(context !== null, 'unet: a config with attention needs a context, found null');
    return spatialTransformer(scope, h, context, config);
  };
  const block = (scope: Scope, h: Tensor, level: number): Tensor => {
    h = resBlock(scope.at(0), h, emb, modelChannels * channelMult[level]!, groups);
    return attended(level) ? transformer(scope.at(1), h) : h;
  };

  let h = conv3x3(p.at('input_blocks.0.0'), x, modelChannels);
  if (config.positionMap) {
    h = add(h, p.at('position_map').param('weight', [modelChannels, ...h.shape.slice(2)], fourierMap));
  }
  check((map !== null) === (config.layoutMap ?? false), () => `unet: layoutMap is ${config.layoutMap ?? false}, but `
    + `a map is ${map ? 'given' : 'missing'}`);
  if (map) h = add(h, map);
  const skips = [h];
  for (let level = 0; level <= lastLevel; level++) {
    for (let i = 0; i < resBlocks; i++) {
      h = block(p.at(`input_blocks.${skips.length}`), h, level);
      skips.push(h);
    }
    if (level < lastLevel) {
      h = conv3x3(p.at(`input_blocks.${skips.length}.0.op`), h, channels(h), { stride: 2 });
      skips.push(h);
    }
  }

  h = resBlock(p.at('middle_block.0'), h, emb, channels(h), groups);
  if (config.middleAttention) h = transformer(p.at('middle_block.1'), h);
  h = resBlock(p.at('middle_block.2'), h, emb, channels(h), groups);

  let output = 0;
  for (let level = lastLevel; level >= 0; level--) {
    for (let i = 0; i <= resBlocks; i++) {
      const scope = p.at(`output_blocks.${output++}`);
      h = block(scope, concat([h, skips.pop()!], 1), level);
      if (level > 0 && i === resBlocks) {
        h = conv3x3(scope.at(attended(level) ? '2.conv' : '1.conv'), upsample2d(h, 2), channels(h));
      }
    }
  }
  h = groupNorm(p.at('out.0'), h, { groups, eps: 1e-5, activation: 'silu' });
  return conv3x3(p.at('out.2'), h, config.latentChannels, { init: zeros });
}
