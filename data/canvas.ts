/**
 * A small painter's-algorithm rasteriser: plain loops, the same picture everywhere.
 *
 * Shapes are filled at several points a pixel, which are averaged at the end. The canvas knows which object each point
 * belongs to, so tight boxes and hidden fractions are measured, not estimated. Only + - * / and square roots touch a
 * colour, so pictures do not depend on the platform's mathematics library.
 */
import { check } from '../engine/errors.ts';
import type { RgbImage } from './images.ts';

/** Red, green, blue in 0 .. 255. */
export type Rgb = readonly [number, number, number];

export type Point = readonly [x: number, y: number];

/** How a shape is coloured. Changes of brightness are fractions: 0.2 is a fifth lighter or darker. */
export interface Paint {
  readonly color: Rgb;
  /** Colour at the bottom edge of the shape; `color` is then that of its top edge. */
  readonly bottom?: Rgb;
  /** Lighter towards the light, darker away from it, across the shape. */
  readonly side?: number;
  /** Shaded as a ball lit from above and from the light's side. */
  readonly round?: number;
  /** Amplitude of a mottled texture, and the size of its patches in 64ths of the picture. Default size: 1. */
  readonly grain?: number;
  readonly grainSize?: readonly [x: number, y: number];
  /** Opacity in 0 .. 1. Default: 1. */
  readonly alpha?: number;
  /** Fades to nothing from the centre to the edge, as shadows and glows do. */
  readonly soft?: boolean;
  /** False for what is not part of the object: shadow, glow, reflection. Default: true. */
  readonly owned?: boolean;
  /** Gives light itself: neither tint nor haze changes it. */
  readonly glowing?: boolean;
}

/** What the air and the light do to everything painted. */
export interface Atmosphere {
  /** -1: light from the left, 1: from the right. */
  readonly lightSide: -1 | 1;
  /** Colour of the light; [255, 255, 255] changes nothing. */
  readonly tint: Rgb;
  /** Colour that distance fades to. */
  readonly haze: Rgb;
}

/** Where local coordinates lie in the picture: x to the right (to the left when mirrored), y down, both in `unit`s. */
export interface Frame {
  /** Of the local origin, as fractions of the picture. The origin is the right end of a mirrored frame. */
  readonly x: number;
  readonly y: number;
  /** A local unit of length as a fraction of the picture. */
  readonly unit: number;
  readonly mirrored?: boolean;
}

/** An object as it came out: `drawn` and `visible` in sample points, xyxyUnit of all it covers within the picture. */
export interface PaintedObject {
  readonly drawn: number;
  readonly visible: number;
  readonly xyxyUnit: readonly [number, number, number, number];
}

const wholePicture: Frame = { x: 0, y: 0, unit: 1 };

/** A uniform word of two lattice coordinates and a seed: a few rounds of multiply and shift. */
function latticeHash(x: number, y: number, seed: number): number {
  let hash = Math.imul(x, 0x27d4eb2d) ^ Math.imul(y, 0x165667b1) ^ seed;
  hash = Math.imul(hash ^ (hash >>> 15), 0x2c1b3c6d);
  hash = Math.imul(hash ^ (hash >>> 12), 0x297a2d39);
  return (hash ^ (hash >>> 15)) >>> 0;
}

/**
 * Smooth noise in [-1, 1] along one row: lattice values blended between their four neighbours. Made for x that mostly
 * stays in the same cell from call to call.
 */
function noiseAlongRow(y: number, seed: number): (x: number) => number {
  const row = Math.floor(y);
  const t = y - row;
  const edge = (column: number): number =>
    (latticeHash(column, row, seed) * (1 - t) + latticeHash(column, row + 1, seed) * t) / 2147483648 - 1;
  let cell = NaN;
  let left = 0;
  let right = 0;
  return (x) => {
    const column = Math.floor(x);
    if (column !== cell) {
      left = column === cell + 1 ? right : edge(column);
      right = edge(column + 1);
      cell = column;
    }
    return left + (right - left) * (x - column);
  };
}

export class Canvas {
  readonly size: number;
  private readonly supersample: number;
  /** Points along a side. */
  private readonly side: number;
  private readonly rgb: Float32Array; // [side, side, 3]
  private readonly owners: Uint8Array; // [side, side], object number + 1
  private readonly counted: Uint8Array; // [side, side], the last object whose `drawn` counts this point
  private readonly extents: { x0: number; y0: number; x1: number; y1: number; drawn: number }[] = [];
  private readonly atmosphere: Atmosphere;
  private frame = wholePicture;
  private hazeAmount = 0;
  private owner = 0;
  private textureSeed = 0;

  /** A picture of `size` x `size` pixels: 16, 9 or 4 points a pixel, fewer where there are many pixels. */
  constructor(size: number, atmosphere: Atmosphere) {
    this.size = size;
    this.supersample = size <= 64 ? 4 : size <= 160 ? 3 : 2;
    this.side = size * this.supersample;
    this.atmosphere = atmosphere;
    this.rgb = new Float32Array(3 * this.side * this.side);
    this.owners = new Uint8Array(this.side * this.side);
    this.counted = new Uint8Array(this.side * this.side);
  }

  /** What follows is backdrop, in fractions of the picture. */
  beginBackdrop(textureSeed: number): void {
    this.frame = wholePicture;
    this.owner = 0;
    this.hazeAmount = 0;
    this.textureSeed = textureSeed;
  }

  /** What follows is the next object, in the coordinates of its frame, faded by `haze` in 0 .. 1. */
  beginObject(frame: Frame, haze: number, textureSeed: number): void {
    check(this.extents.length < 255, 'Canvas: at most 255 objects fit a picture');
    this.extents.push({ x0: Infinity, y0: Infinity, x1: -Infinity, y1: -Infinity, drawn: 0 });
    this.owner = this.extents.length;
    this.frame = frame;
    this.hazeAmount = haze;
    this.textureSeed = textureSeed;
  }

  /** A point of the frame in sample coordinates. */
  private place([x, y]: Point): Point {
    const { x: left, y: top, unit, mirrored } = this.frame;
    return [(left + (mirrored ? -x : x) * unit) * this.side, (top + y * unit) * this.side];
  }

  /** Fills a polygon, even-odd. */
  polygon(points: readonly Point[], paint: Paint): void {
    const placed = points.map((point) => this.place(point));
    const xs = placed.map(([x]) => x);
    const ys = placed.map(([, y]) => y);
    const shade = this.shader(Math.min(...xs), Math.min(...ys), Math.max(...xs), Math.max(...ys), paint);
    const crossings: number[] = [];
    for (let row = shade.firstRow; row < shade.endRow; row++) {
      const y = row + 0.5;
      crossings.length = 0;
      for (let i = 0, j = placed.length - 1; i < placed.length; j = i++) {
        const [xi, yi] = placed[i];
        const [xj, yj] = placed[j];
        if (yi <= y !== yj <= y) crossings.push(xi + (y - yi) / (yj - yi) * (xj - xi));
      }
      crossings.sort((a, b) => a - b);
      for (let i = 0; i + 1 < crossings.length; i += 2) shade.span(row, crossings[i], crossings[i + 1]);
    }
  }

  /** Fills an axis-parallel rectangle. */
  rect(x0: number, y0: number, x1: number, y1: number, paint: Paint): void {
    this.polygon([[x0, y0], [x1, y0], [x1, y1], [x0, y1]], paint);
  }

  /** Fills an ellipse with half axes rx and ry. */
  ellipse(x: number, y: number, rx: number, ry: number, paint: Paint): void {
    const [cx, cy] = this.place([x, y]);
    const halfWidth = rx * this.frame.unit * this.side;
    const halfHeight = ry * this.frame.unit * this.side;
    const shade = this.shader(cx - halfWidth, cy - halfHeight, cx + halfWidth, cy + halfHeight, paint);
    for (let row = shade.firstRow; row < shade.endRow; row++) {
      const ny = (row + 0.5 - cy) / halfHeight;
      const reach = halfWidth * Math.sqrt(Math.max(0, 1 - ny * ny));
      shade.span(row, cx - reach, cx + reach);
    }
  }

  /** Draws a straight line with round ends. */
  line(x0: number, y0: number, x1: number, y1: number, thickness: number, paint: Paint): void {
    const length = Math.sqrt((x1 - x0) * (x1 - x0) + (y1 - y0) * (y1 - y0)) || 1;
    const dx = (x1 - x0) / length * thickness / 2;
    const dy = (y1 - y0) / length * thickness / 2;
    this.polygon([[x0 - dy, y0 + dx], [x1 - dy, y1 + dx], [x1 + dy, y1 - dx], [x0 + dy, y0 - dx]], paint);
    this.ellipse(x0, y0, thickness / 2, thickness / 2, paint);
    this.ellipse(x1, y1, thickness / 2, thickness / 2, paint);
  }

  /** A function that colours spans of one shape, given the shape's bounds in sample coordinates. */
  private shader(x0: number, y0: number, x1: number, y1: number, paint: Paint): Shade {
    const { side: points, rgb, owners, owner, counted } = this;
    const { color, bottom = color, side = 0, round = 0, grain = 0, grainSize = [1, 1], alpha = 1 } = paint;
    const { lightSide, tint, haze } = this.atmosphere;
    const clear = paint.glowing ? 1 : 1 - this.hazeAmount;
    const gain = [0, 1, 2].map((c) => (paint.glowing ? 1 : tint[c] / 255 * clear));
    const added = [0, 1, 2].map((c) => haze[c] * (1 - clear));
    const perPatchX = 64 / points / grainSize[0];
    const perPatchY = 64 / points / grainSize[1];
    const extent = owner > 0 && (paint.owned ?? true) ? this.extents[owner - 1] : null;
    const seed = this.textureSeed;

    const span = (row: number, from: number, to: number): void => {
      const first = Math.max(0, Math.ceil(from - 0.5));
      const end = Math.min(points, Math.ceil(to - 0.5));
      if (first >= end) return;
      const v = (row + 0.5 - y0) / (y1 - y0); // 0 at the top of the shape, 1 at its bottom
      const ny = 2 * v - 1;
      const red = color[0] + (bottom[0] - color[0]) * v;
      const green = color[1] + (bottom[1] - color[1]) * v;
      const blue = color[2] + (bottom[2] - color[2]) * v;
      const noise = noiseAlongRow((row - y0) * perPatchY, seed);
      for (let column = first; column < end; column++) {
        const nx = 2 * (column + 0.5 - x0) / (x1 - x0) - 1;
        let brightness = 1 + side * nx * lightSide;
        if (round > 0) {
          const depth = Math.sqrt(Math.max(0, 1 - nx * nx - ny * ny));
          brightness += round * (0.45 * nx * lightSide - 0.6 * ny + 0.66 * depth - 0.45);
        }
        if (grain > 0) brightness += grain * noise((column - x0) * perPatchX);
        const cover = paint.soft ? alpha * Math.max(0, 1 - nx * nx - ny * ny) : alpha;
        const i = row * points + column;
        const keep = 1 - cover;
        rgb[3 * i] = rgb[3 * i] * keep + (red * brightness * gain[0] + added[0]) * cover;
        rgb[3 * i + 1] = rgb[3 * i + 1] * keep + (green * brightness * gain[1] + added[1]) * cover;
        rgb[3 * i + 2] = rgb[3 * i + 2] * keep + (blue * brightness * gain[2] + added[2]) * cover;
        if (extent) {
          owners[i] = owner;
          if (counted[i] !== owner) extent.drawn++;
          counted[i] = owner;
        }
      }
      if (extent) {
        extent.x0 = Math.min(extent.x0, first);
        extent.x1 = Math.max(extent.x1, end);
        extent.y0 = Math.min(extent.y0, row);
        extent.y1 = Math.max(extent.y1, row + 1);
      }
    };
    const firstRow = Math.max(0, Math.ceil(y0 - 0.5));
    return { firstRow, endRow: Math.min(points, Math.ceil(y1 - 0.5)), span };
  }

  /** The objects in the order they were begun; those wholly outside the picture have nothing drawn and an empty box. */
  objects(): PaintedObject[] {
    const visible = new Array<number>(this.extents.length + 1).fill(0);
    for (const owner of this.owners) visible[owner]++;
    return this.extents.map(({ x0, y0, x1, y1, drawn }, i) => ({
      drawn,
      visible: visible[i + 1],
      xyxyUnit: drawn > 0 ? [x0 / this.side, y0 / this.side, x1 / this.side, y1 / this.side] : [0, 0, 0, 0],
    }));
  }

  /** The picture, each pixel the mean of its points. */
  picture(): RgbImage {
    const { size, supersample, side, rgb } = this;
    const sums = new Float32Array(3 * size * size);
    for (let row = 0; row < side; row++) {
      let from = 3 * row * side;
      const firstPixel = 3 * Math.floor(row / supersample) * size;
      for (let to = firstPixel; to < firstPixel + 3 * size; to += 3) {
        for (let point = 0; point < supersample; point++, from += 3) {
          sums[to] += Math.min(255, rgb[from]);
          sums[to + 1] += Math.min(255, rgb[from + 1]);
          sums[to + 2] += Math.min(255, rgb[from + 2]);
        }
      }
    }
    const mean = new Uint8ClampedArray(sums.length);
    const points = supersample * supersample;
    for (let i = 0; i < sums.length; i++) mean[i] = sums[i] / points;
    return { width: size, height: size, rgb: new Uint8Array(mean.buffer) };
  }
}

interface Shade {
  readonly firstRow: number;
  readonly endRow: number;
  /** Colours the points of a row with centres in from <= x < to. */
  span(row: number, from: number, to: number): void;
}
