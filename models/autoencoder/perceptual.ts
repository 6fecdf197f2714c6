/**
 * Distance of pictures as a network sees them [LPIPS, Zhang et al. 2018, with VGG16, Simonyan & Zisserman 2015]. Its
 * weights are published; names are those of LDM's checkpoints under `loss.perceptual_loss`.
 */
import { add, conv2d, div, maximum, mean, mul, relu, reshape, slice, sqrt, square, sub, sum, table }
  from '../../engine/ops/index.ts';
import { fanIn, zeros, type Scope } from '../../engine/params.ts';
import type { Tensor } from '../../engine/tensor.ts';
import { channels } from '../layers.ts';

/** Numbers of the convolutions of each slice, as VGG16 counts its layers, and their channels. */
const slices = [
  { layers: [0, 2], out: 64 }, { layers: [5, 7], out: 128 }, { layers: [10, 12, 14], out: 256 },
  { layers: [17, 19, 21], out: 512 }, { layers: [24, 26, 28], out: 512 },
] as const;

/** The slice of a layer of VGG16, by the layer's number. */
export const sliceOfLayer = (layer: number): number =>
  slices.findIndex(({ layers }) => layers.some((n) => n === layer));

/** x [B, C, H, W] -> [B, C, H / 2, W / 2]; an odd last row or column is left out. */
function maxPool(x: Tensor): Tensor {
  const [B, C, H, W] = x.shape as [number, number, number, number];
  const [h, w] = [Math.floor(H / 2), Math.floor(W / 2)];
  const even = slice(slice(x, 2, 0, 2 * h), 3, 0, 2 * w);
  const blocks = reshape(even, [B, C, h, 2, w, 2]);
  const rows = maximum(slice(blocks, 3, 0, 1), slice(blocks, 3, 1, 1));
  return reshape(maximum(slice(rows, 5, 0, 1), slice(rows, 5, 1, 1)), [B, C, h, w]);
}

/** image [B, 3, H, W] in [-1, 1] -> features after the last activation of each slice. */
function features(p: Scope, image: Tensor): Tensor[] {
  const perChannel = (...values: number[]): Tensor => table(Float32Array.from(values), [1, 3, 1, 1]);
  let h = div(sub(image, perChannel(-0.03, -0.088, -0.188)), perChannel(0.458, 0.448, 0.45));
  return slices.map(({ layers, out }, i) => {
    if (i > 0) h = maxPool(h);
    for (const layer of layers) {
      const scope = p.at(`net.slice${i + 1}.${layer}`);
      const weight = scope.param('weight', [out, channels(h), 3, 3], fanIn(9 * channels(h)));
      h = relu(conv2d(h, weight, scope.param('bias', [out], zeros), { padding: 1 }));
    }
    return h;
  });
}

/** Features of unit length at every pixel; the small number keeps the slope at no features finite. */
function unit(x: Tensor): Tensor {
  return div(x, add(sqrt(add(sum(square(x), [1], true), 1e-20)), 1e-10));
}

/** a, b [B, 3, H, W] -> distances [B]. */
export function perceptualDistance(p: Scope, a: Tensor, b: Tensor): Tensor {
  const [ofA, ofB] = [features(p, a), features(p, b)];
  return ofA.map((x, i) => {
    const C = channels(x);
    const weight = p.at(`lin${i}.model.1`).param('weight', [1, C, 1, 1], fanIn(C));
    const difference = square(sub(unit(x), unit(ofB[i]!)));
    return mean(sum(mul(difference, weight), [1]), [1, 2]);
  }).reduce((total, distance) => add(total, distance));
}
