import { add } from '../../engine/ops/index.ts';
import type { Scope } from '../../engine/params.ts';
import type { Tensor } from '../../engine/tensor.ts';
import { channels, conv1x1, conv3x3, groupNorm } from '../layers.ts';

/** Residual block of the first stage [LDM `ResnetBlock`, without time]: x [B, Cin, H, W] -> [B, out, H, W]. */
export function residualBlock(p: Scope, x: Tensor, out: number, groups: number): Tensor {
  const norm = { groups, eps: 1e-6, activation: 'silu' } as const;
  let h = conv3x3(p.at('conv1'), groupNorm(p.at('norm1'), x, norm), out);
  h = conv3x3(p.at('conv2'), groupNorm(p.at('norm2'), h, norm), out);
  const skip = channels(x) === out ? x : conv1x1(p.at('nin_shortcut'), x, out);
  return add(skip, h);
}
