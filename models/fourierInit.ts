/**
 * Initial values that know where they are: neighbouring places start with similar vectors, sqrt(2) cos(2 pi (x, y) w +
 * phase) with w drawn once [random Fourier features, Rahimi & Recht 2007]. Ours: on a CPU's budget a generator does not
 * get round to learning the geometry of a grid of tokens from nothing.
 */
import type { Init } from '../engine/params.ts';
import type { RandomStream } from '../engine/random.ts';

/** Standard deviation of frequencies, in periods over the unit square. */
const bandwidth = 0.4;

interface Features {
  readonly at: (x: number, y: number, d: number) => number;
}

function features(random: RandomStream, width: number): Features {
  const draw = (scale: () => number): Float64Array => Float64Array.from({ length: width }, scale);
  const [wx, wy] = [draw(() => bandwidth * random.normal()), draw(() => bandwidth * random.normal())];
  const phase = draw(() => random.uniform(0, 2 * Math.PI));
  return { at: (x, y, d) => Math.SQRT2 * Math.cos(2 * Math.PI * (x * wx[d]! + y * wy[d]!) + phase[d]!) };
}

/** Standard deviation of a coordinate uniform in [0, 1]: divided by it, coordinates have the spread of features. */
export const coordinateSpread = 1 / Math.sqrt(12);

/**
 * Rows [K, D] of a token table: the first side^2 stand for the cells of a grid, the others are standard normals. With
 * `coordinates` the first two scalars of a cell are its place itself, centred and of unit variance.
 */
export function fourierRows(side: number, coordinates = false): Init {
  return {
    kind: 'drawn',
    draw(random, shape) {
      const [K, D] = shape as [number, number];
      const { at } = features(random, D);
      const last = Math.max(1, side - 1);
      return Float32Array.from({ length: K * D }, (_, i) => {
        const row = Math.floor(i / D);
        if (row >= side * side) return random.normal();
        const place = [(row % side) / last, Math.floor(row / side) / last] as const;
        return coordinates && i % D < 2 ? (place[i % D]! - 0.5) / coordinateSpread : at(...place, i % D);
      });
    },
  };
}

/** A map [C, H, W] over the pixels of a picture. */
export const fourierMap: Init = {
  kind: 'drawn',
  draw(random, shape) {
    const [C, H, W] = shape as [number, number, number];
    const { at } = features(random, C);
    return Float32Array.from({ length: C * H * W }, (_, i) =>
      at(((i % W) + 0.5) / W, ((Math.floor(i / W) % H) + 0.5) / H, Math.floor(i / (H * W))));
  },
};
