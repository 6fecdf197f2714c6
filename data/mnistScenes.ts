/** Scenes composed of handwritten digits: ten classes with real variation and exact boxes. */
import { access } from 'node:fs/promises';
import { join } from 'node:path';
import { UserError } from '../engine/errors.ts';
import { RandomStream } from '../engine/random.ts';
import type { Category } from './annotations.ts';
import { readIdx } from './idx.ts';
import type { RenderedObject, RenderedScene } from './sceneRender.ts';

/** Digits: `images` [count, side, side] ink in 0 .. 255, `labels` [count] in 0 .. 9. */
export interface Digits {
  readonly count: number;
  readonly side: number;
  readonly images: Uint8Array;
  readonly labels: Uint8Array;
}

/** The classes; ids begin at 11, so that their order as strings is that of the digits. */
export const digitCategories: readonly Category[] =
  Array.from({ length: 10 }, (_, digit) => ({ id: 11 + digit, name: String(digit) }));

async function idxPath(dir: string, stem: string): Promise<string> {
  for (const name of [`${stem}.gz`, stem]) {
    const path = join(dir, name);
    if (await access(path).then(() => true, () => false)) return path;
  }
  throw new UserError(`${dir}: holds neither ${stem}.gz nor ${stem}. It should be a folder of MNIST's IDX files.`);
}

/** Digits come light on dark, or in some copies dark on light: 255 minus their values where the rims are bright. */
function lightOnDark(values: Uint8Array, side: number): Uint8Array {
  let rim = 0;
  const area = side * side;
  for (let first = 0; first < values.length; first += area) rim += values[first] + values[first + area - 1];
  const isDark = rim / (2 * values.length / area) < 128;
  return isDark ? values : values.map((value) => 255 - value);
}

/** Reads one split of an MNIST folder, files plain or gzipped under their usual names. */
export async function readDigits(dir: string, split: 'train' | 't10k'): Promise<Digits> {
  const imagesPath = await idxPath(dir, `${split}-images-idx3-ubyte`);
  const labelsPath = await idxPath(dir, `${split}-labels-idx1-ubyte`);
  const images = await readIdx(imagesPath);
  const labels = await readIdx(labelsPath);
  const [count, side, width] = images.shape;
  if (images.shape.length !== 3 || side !== width || count === 0 || labels.shape.join() !== String(count)) {
    throw new UserError(`${imagesPath}: expected square digits and as many labels, found images ` +
      `[${images.shape.join(', ')}] and labels [${labels.shape.join(', ')}] in ${labelsPath}`);
  }
  const stray = labels.values.find((label) => label > 9);
  if (stray !== undefined) throw new UserError(`${labelsPath}: labels must be 0 .. 9, found ${stray}`);
  return { count, side, images: lightOnDark(images.values, side), labels: labels.values };
}

/** How scenes are composed. */
export interface DigitSceneOptions {
  /** Side of the picture in pixels. */
  readonly size: number;
  readonly minDigits: number;
  readonly maxDigits: number;
  /** `grey`: white on black, as the digits come; `free`: coloured ink on dark coloured ground. */
  readonly colors: 'grey' | 'free';
}

export const defaultDigitScene: DigitSceneOptions = { size: 64, minDigits: 1, maxDigits: 4, colors: 'grey' };

/** Bounds in pixels of a digit's ink above a faint threshold, so that boxes are tight; null for a blank one. */
function inkBounds({ side, images }: Digits, digit: number): [x0: number, y0: number, x1: number, y1: number] | null {
  let [x0, y0, x1, y1] = [side, side, 0, 0];
  for (let y = 0; y < side; y++) {
    for (let x = 0; x < side; x++) {
      if (images[(digit * side + y) * side + x] < 64) continue;
      [x0, x1] = [Math.min(x0, x), Math.max(x1, x + 1)];
      [y0, y1] = [Math.min(y0, y), Math.max(y1, y + 1)];
    }
  }
  return x1 > x0 ? [x0, y0, x1, y1] : null;
}

/** Ink in 0 .. 1 of a digit at a point in its pixels, bilinear between pixel centres, 0 outside. */
function inkAt({ side, images }: Digits, digit: number, x: number, y: number): number {
  const column = Math.floor(x - 0.5);
  const row = Math.floor(y - 0.5);
  const [s, t] = [x - 0.5 - column, y - 0.5 - row];
  const at = (c: number, r: number): number =>
    (c >= 0 && c < side && r >= 0 && r < side ? images[(digit * side + r) * side + c] / 255 : 0);
  return (at(column, row) * (1 - s) + at(column + 1, row) * s) * (1 - t) +
    (at(column, row + 1) * (1 - s) + at(column + 1, row + 1) * s) * t;
}

interface PlacedDigit {
  readonly digit: number;
  readonly bounds: readonly [number, number, number, number];
  readonly xyxyUnit: readonly [number, number, number, number];
  readonly color: readonly [number, number, number];
}

/** Draws a digit so that its ink bounds fill its box; four points a pixel. */
function paintDigit(digits: Digits, rgb: Uint8Array, size: number, placed: PlacedDigit): void {
  const { digit, bounds, xyxyUnit, color } = placed;
  const [bx0, by0, bx1, by1] = bounds;
  const [x0, y0, x1, y1] = xyxyUnit.map((value) => value * size);
  for (let row = Math.max(0, Math.floor(y0) - 1); row < Math.min(size, y1 + 1); row++) {
    for (let column = Math.max(0, Math.floor(x0) - 1); column < Math.min(size, x1 + 1); column++) {
      let ink = 0;
      for (const [dx, dy] of [[0.25, 0.25], [0.75, 0.25], [0.25, 0.75], [0.75, 0.75]]) {
        const x = bx0 + (column + dx - x0) / (x1 - x0) * (bx1 - bx0);
        const y = by0 + (row + dy - y0) / (y1 - y0) * (by1 - by0);
        ink += inkAt(digits, digit, x, y) / 4;
      }
      const i = 3 * (row * size + column);
      for (let c = 0; c < 3; c++) rgb[i + c] = Math.round(rgb[i + c] + (color[c] - rgb[i + c]) * ink);
    }
  }
}

/** The scene of a seed and an index. Boxes may overlap by a tenth of the smaller one. */
export function digitScene(digits: Digits, seed: number, index: number, options: DigitSceneOptions): RenderedScene {
  const { size, minDigits, maxDigits, colors } = options;
  const random = new RandomStream(seed, `scenes/digits/${index}`);
  const wanted = minDigits + random.integer(maxDigits - minDigits + 1);
  const placed: PlacedDigit[] = [];
  for (let attempt = 0; attempt < 60 && placed.length < wanted; attempt++) {
    const digit = random.integer(digits.count);
    const bounds = inkBounds(digits, digit);
    if (!bounds) continue;
    const height = random.uniform(0.26, wanted > 4 ? 0.34 : 0.46);
    const width = Math.min(0.9, height * (bounds[2] - bounds[0]) / (bounds[3] - bounds[1]));
    const [x0, y0] = [random.uniform(0.01, 0.99 - width), random.uniform(0.01, 0.99 - height)];
    const clear = placed.every(({ xyxyUnit: [a0, b0, a1, b1] }) => {
      const common = Math.max(0, Math.min(x0 + width, a1) - Math.max(x0, a0)) *
        Math.max(0, Math.min(y0 + height, b1) - Math.max(y0, b0));
      return common <= 0.1 * Math.min(width * height, (a1 - a0) * (b1 - b0));
    });
    const color = colors === 'grey' ? [255, 255, 255] as const
      : [random.uniform(110, 255), random.uniform(110, 255), random.uniform(110, 255)] as const;
    if (clear) placed.push({ digit, bounds, xyxyUnit: [x0, y0, x0 + width, y0 + height], color });
  }
  const rgb = new Uint8Array(3 * size * size);
  const ground = [0, 1, 2].map(() => (colors === 'grey' ? 0 : random.integer(70)));
  for (let i = 0; i < rgb.length; i++) rgb[i] = ground[i % 3];
  for (const item of placed) paintDigit(digits, rgb, size, item);
  const objects: RenderedObject[] = placed.map(({ digit, xyxyUnit }) =>
    ({ classIndex: digits.labels[digit], xyxyUnit, visible: 1 }));
  return { width: size, height: size, rgb, objects };
}
