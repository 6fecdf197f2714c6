/** The Gaussian posterior of a variational first stage [Kingma & Welling 2014; LDM `AutoencoderKL`]. */
import { add, clamp, exp, mul, slice, square, sub, sum } from '../../engine/ops/index.ts';
import type { Scope } from '../../engine/params.ts';
import type { Tensor } from '../../engine/tensor.ts';
import { conv1x1 } from '../layers.ts';
import type { KlConfig } from './config.ts';
import { encoder } from './encoder.ts';

/** Mean and log-variance [B, C, h, w] of independent normals. */
export interface Posterior {
  readonly mean: Tensor;
  /** In [-30, 20]. */
  readonly logVariance: Tensor;
}

/** image [B, 3, H, W] in [-1, 1] -> posterior of its latent. */
export function posterior(p: Scope, image: Tensor, config: KlConfig): Posterior {
  const { zChannels, latentChannels } = config;
  const moments = conv1x1(p.at('quant_conv'), encoder(p.at('encoder'), image, 2 * zChannels, config),
    2 * latentChannels);
  return {
    mean: slice(moments, 1, 0, latentChannels),
    logVariance: clamp(slice(moments, 1, latentChannels, latentChannels), -30, 20),
  };
}

/** A latent [B, C, h, w] of the posterior, from standard normals of that shape. */
export function samplePosterior({ mean, logVariance }: Posterior, noise: Tensor): Tensor {
  return add(mean, mul(exp(mul(logVariance, 0.5)), noise));
}

/** Divergence of the posterior from a standard normal, in nats per image: [B]. */
export function klDivergence({ mean, logVariance }: Posterior): Tensor {
  const each = sub(sub(add(square(mean), exp(logVariance)), logVariance), 1);
  return mul(sum(each, [1, 2, 3]), 0.5);
}
