/**
 * The layout as a map over the pixels: every object paints its box, softly, with a pattern of its own. Ours: attention
 * has to find out where a token's corners lie before it is of use to a pixel, which takes a small generator longer
 * than a CPU has; a map says it from the first step on. It is a function of token embeddings like all else, so that
 * inversion walks through it; where embeddings are mixtures of rows, corners are the means of what they mix.
 */
import { add, broadcast, clamp, concat, div, linear as linearOp, matmul, maximum, mul, reshape, sigmoid, slice,
  stopGradient, sub, table, transpose } from '../../engine/ops/index.ts';
import type { Init, Scope } from '../../engine/params.ts';
import type { Tensor } from '../../engine/tensor.ts';
import { coordinateSpread } from '../fourierInit.ts';
import { linear } from '../layers.ts';

/** Softness of the edges in pixels of the map: one says where, one lets a box feel what lies some pixels off. */
const softness = [0.4, 2];
/** Powers of the place within a box, along each side: patterns are polynomials of degree two by two. */
const powers = 3;

/** Reads the first two scalars of a row, where the `grid` initial rows keep their coordinates, as a centred place. */
const firstScalars: Init = {
  kind: 'drawn',
  draw: (_, shape) => Float32Array.from({ length: 2 * shape[1]! }, (__, i) =>
    (i === 0 || i === shape[1]! + 1 ? coordinateSpread : 0)),
};

/**
 *   embeddings    [B, L, D]   of layout tokens, L = 3 N or more
 *   shape         [C, H, W]   of a map
 *   trainCorners  whether it is trained how places are read from rows; else they stay the first two scalars
 *   ->            [B, C, H, W]
 */
export function layoutMap(p: Scope, embeddings: Tensor, [C, H, W]: readonly [number, number, number],
  trainCorners = true): Tensor {
  const [B, L, D] = embeddings.shape as [number, number, number];
  const N = Math.floor(L / 3);
  const triples = reshape(slice(embeddings, 1, 0, 3 * N), [B * N, 3, D]);
  const reading = p.at('corners').param('weight', [2, D], firstScalars);
  const places = linearOp(slice(triples, 1, 1, 2), trainCorners ? reading : stopGradient(reading), null);
  const corners = add(places, 0.5);
  const x = alongSide(corners, 0, W);                                       // [B N, S, 3, W]
  const y = alongSide(corners, 1, H);
  const S = softness.length;
  const patterns = mul(reshape(y, [B * N * S, powers, 1, H, 1]), reshape(x, [B * N * S, 1, powers, 1, W]));
  const painted = S * powers * powers;
  const weights = linear(p.at('patterns'), reshape(triples, [B * N, 3 * D]), painted * C);
  const map = matmul(transpose(reshape(weights, [B, N * painted, C]), [0, 2, 1]),
    reshape(patterns, [B, N * painted, H * W]));                            // [B, C, H W]
  return reshape(map, [B, C, H, W]);
}

/**
 * How far the pixels along a side are within the boxes, times powers of their place in them, -1 and 1 at the edges.
 *
 *   corners  [Q, 2, 2]   top left and bottom right; x and y as fractions of the picture
 *   ->       [Q, S, 3, size]
 */
function alongSide(corners: Tensor, axis: 0 | 1, size: number): Tensor {
  const Q = corners.shape[0]!;
  const S = softness.length;
  const end = (corner: number): Tensor => reshape(slice(slice(corners, 1, corner, 1), 2, axis, 1), [Q, 1, 1, 1]);
  const [low, high] = [end(0), end(1)];
  const at = table(Float32Array.from({ length: size }, (_, i) => (i + 0.5) / size), [1, 1, 1, size]);
  const sharpness = table(Float32Array.from(softness, (pixels) => size / pixels), [1, S, 1, 1]);
  const within = mul(sigmoid(mul(sub(at, low), sharpness)), sigmoid(mul(sub(high, at), sharpness)));
  const half = maximum(mul(sub(high, low), 0.5), 0.5 / size);
  const place = clamp(div(sub(at, mul(add(low, high), 0.5)), half), -1.5, 1.5); // [Q, 1, 1, size]
  const shape = [Q, S, 1, size];
  const basis = [within, mul(within, place), mul(within, mul(place, place))].map((b) => broadcast(b, shape));
  return concat(basis, 2);
}
