/** Small layers that every model is made of: an op and its parameters, under their published names. */
import { add, conv2d, gather, groupNorm as groupNormOp, layerNorm as layerNormOp, linear as linearOp, reshape, silu,
  table, transpose } from '../engine/ops/index.ts';
import { fanIn, ones, zeros, type Init, type Scope } from '../engine/params.ts';
import type { Tensor } from '../engine/tensor.ts';

/** C of x [B, C, H, W]. */
export const channels = (x: Tensor): number => x.shape[1]!;

/** D of x [..., D]. */
export const width = (x: Tensor): number => x.shape.at(-1)!;

export interface LinearOptions {
  /** Default true. */
  readonly bias?: boolean;
  /** Of weight and bias; default PyTorch's, uniform within 1 / sqrt(inputs). */
  readonly init?: Init;
}

/** x [..., D] -> [..., out]. */
export function linear(p: Scope, x: Tensor, out: number, { bias = true, init }: LinearOptions = {}): Tensor {
  const inputs = width(x);
  const weight = p.param('weight', [out, inputs], init ?? fanIn(inputs));
  return linearOp(x, weight, bias ? p.param('bias', [out], init ?? fanIn(inputs)) : null);
}

export interface ConvOptions {
  /** Default 1. */
  readonly stride?: number;
  /** Zeros around x: top, left, bottom, right; default one on each side. */
  readonly padding?: readonly [number, number, number, number];
  /** Of weight and bias; default PyTorch's, uniform within 1 / sqrt(9 Cin). */
  readonly init?: Init;
}

/** x [B, Cin, H, W] -> [B, out, H, W], or smaller by `stride`. */
export function conv3x3(p: Scope, x: Tensor, out: number, options: ConvOptions = {}): Tensor {
  const { stride = 1, padding = [1, 1, 1, 1], init = fanIn(9 * channels(x)) } = options;
  const weight = p.param('weight', [out, channels(x), 3, 3], init);
  return conv2d(x, weight, p.param('bias', [out], init), { stride, padding });
}

/** x [B, Cin, H, W] -> [B, out, H, W]. */
export function conv1x1(p: Scope, x: Tensor, out: number): Tensor {
  const init = fanIn(channels(x));
  const weight = p.param('weight', [out, channels(x), 1, 1], init);
  return conv2d(x, weight, p.param('bias', [out], init), { stride: 1, padding: [0, 0, 0, 0] });
}

/**
 * A 1x1 convolution on tokens [B, L, Cin] -> [B, L, out]: for those that stand next to attention, where the pixels
 * already lie in rows. Its weight keeps the published convolution's shape [out, Cin, 1, 1].
 */
export function conv1x1OnTokens(p: Scope, x: Tensor, out: number, init: Init = fanIn(width(x))): Tensor {
  const weight = reshape(p.param('weight', [out, width(x), 1, 1], init), [out, width(x)]);
  return linearOp(x, weight, p.param('bias', [out], init));
}

export interface GroupNormOptions {
  readonly groups: number;
  readonly eps: number;
  readonly activation?: 'none' | 'silu';
}

/** x [B, C, H, W], normalised over groups of channels, then affine, then the activation (default none). */
export function groupNorm(p: Scope, x: Tensor, { groups, eps, activation = 'none' }: GroupNormOptions): Tensor {
  const weight = p.param('weight', [channels(x)], ones);
  return groupNormOp(x, groups, weight, p.param('bias', [channels(x)], zeros), eps, activation);
}

/** x [B, C, H, W], each channel normalised over batch and pixels, then affine [Ioffe & Szegedy 2015]. */
export function batchNorm(p: Scope, x: Tensor, eps = 1e-5): Tensor {
  const [B, C, H, W] = x.shape as [number, number, number, number];
  const weight = p.param('weight', [C], {
    kind: 'drawn', draw: (random) => Float32Array.from({ length: C }, () => 1 + 0.02 * random.normal()),
  });
  // As groups of one channel of a single picture that holds the whole batch.
  const rows = reshape(transpose(x, [1, 0, 2, 3]), [1, C, B * H, W]);
  const normed = groupNormOp(rows, C, weight, p.param('bias', [C], zeros), eps, 'none');
  return transpose(reshape(normed, [C, B, H, W]), [1, 0, 2, 3]);
}

/** x [..., D], each row normalised, then affine. */
export function layerNorm(p: Scope, x: Tensor, eps = 1e-5): Tensor {
  const weight = p.param('weight', [width(x)], ones);
  return layerNormOp(x, weight, p.param('bias', [width(x)], zeros), eps);
}

/** x [B, C, H, W] + perChannel [B, C], over all pixels. */
export function addPerChannel(x: Tensor, perChannel: Tensor): Tensor {
  return add(x, reshape(perChannel, [...perChannel.shape, 1, 1]));
}

/**
 * Sinusoids of the timestep [DDPM; cosines first, as LDM], from a table that is exact for every integer: shaders need
 * not be accurate for cosines of large arguments.
 *
 *   t     i32 [B], in 0 .. steps - 1
 *   size  even; frequencies exp(-ln(10000) i / (size / 2))
 *   ->    [B, size]
 */
export function timestepEmbedding(t: Tensor, size: number, steps: number): Tensor {
  const half = size / 2;
  const values = new Float32Array(steps * size);
  for (let step = 0; step < steps; step++) {
    for (let i = 0; i < half; i++) {
      const angle = step * Math.exp((-Math.log(10000) * i) / half);
      values[step * size + i] = Math.cos(angle);
      values[step * size + half + i] = Math.sin(angle);
    }
  }
  return gather(table(values, [steps, size]), t);
}

export interface TimeEmbeddingOptions {
  /** Of the sinusoids; the hidden layer is four times as wide. */
  readonly size: number;
  readonly out: number;
  /** Number of timesteps. */
  readonly steps: number;
}

/** Timesteps t i32 [B] -> [B, out]: sinusoids and two linear layers. */
export function timeEmbedding(p: Scope, t: Tensor, { size, out, steps }: TimeEmbeddingOptions): Tensor {
  const h = linear(p.at(0), timestepEmbedding(t, size, steps), 4 * size);
  return linear(p.at(2), silu(h), out);
}
