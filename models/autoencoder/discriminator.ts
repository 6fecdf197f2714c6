/** The discriminator of first stages: true or made, patch by patch [PatchGAN, Isola et al. 2017; LDM]. */
import { conv2d, leakyRelu } from '../../engine/ops/index.ts';
import { fanIn, normal, type Scope } from '../../engine/params.ts';
import type { Tensor } from '../../engine/tensor.ts';
import { batchNorm, channels } from '../layers.ts';

export interface DiscriminatorConfig {
  /** Channels of the first layer; doubled by each of the next ones, up to eight times. Published: 64. */
  readonly channels: number;
  /** Layers that halve the resolution. Published: 3, or 2. */
  readonly layers: number;
}

/** x [B, Cin, H, W] -> [B, out, ..], with kernels of 4 x 4. */
function conv4x4(p: Scope, x: Tensor, out: number, stride: 1 | 2, bias: boolean): Tensor {
  const weight = p.param('weight', [out, channels(x), 4, 4], normal(0.02));
  return conv2d(x, weight, bias ? p.param('bias', [out], fanIn(16 * channels(x))) : null, { stride, padding: 1 });
}

/** image [B, 3, H, W] -> scores of patches [B, 1, h, w], above 0 for true ones. Norms are over the batch. */
export function discriminator(p: Scope, image: Tensor, config: DiscriminatorConfig): Tensor {
  const { layers } = config;
  const main = p.at('main');
  let h = leakyRelu(conv4x4(main.at(0), image, config.channels, 2, true), 0.2);
  for (let layer = 1; layer <= layers; layer++) {
    const at = 3 * layer - 1; // convolution, norm and activation are counted as in published checkpoints
    const out = config.channels * Math.min(2 ** layer, 8);
    h = conv4x4(main.at(at), h, out, layer < layers ? 2 : 1, false);
    h = leakyRelu(batchNorm(main.at(at + 1), h), 0.2);
  }
  return conv4x4(main.at(3 * layers + 2), h, 1, 1, true);
}
