/**
 * Pictures of a thousand classes: a shape, its colour and the ground behind it, ten of each. For classification among
 * many classes that no one class tells much of the others.
 */
import { join } from 'node:path';
import { RandomStream } from '../engine/random.ts';
import { Canvas, type Point, type Rgb } from './canvas.ts';
import { savePng, type RgbImage } from './images.ts';

/** Draws a shape about as large as a disc of radius r around (x, y). */
type Draw = (canvas: Canvas, x: number, y: number, r: number, color: Rgb) => void;

const polygon = (...points: Point[]): Draw => (canvas, x, y, r, color) =>
  canvas.polygon(points.map(([u, v]): Point => [x + u * r, y + v * r]), { color });

const shapes: Readonly<Record<string, Draw>> = {
  disc: (canvas, x, y, r, color) => canvas.ellipse(x, y, r, r, { color }),
  square: polygon([-0.9, -0.9], [0.9, -0.9], [0.9, 0.9], [-0.9, 0.9]),
  triangle: polygon([0, -1], [1, 0.9], [-1, 0.9]),
  wedge: polygon([-1, -0.9], [1, -0.9], [0, 1]),
  diamond: polygon([0, -1.1], [1.1, 0], [0, 1.1], [-1.1, 0]),
  plus: polygon([-0.35, -1.1], [0.35, -1.1], [0.35, -0.35], [1.1, -0.35], [1.1, 0.35], [0.35, 0.35], [0.35, 1.1],
    [-0.35, 1.1], [-0.35, 0.35], [-1.1, 0.35], [-1.1, -0.35], [-0.35, -0.35]),
  bar: polygon([-1.2, -0.45], [1.2, -0.45], [1.2, 0.45], [-1.2, 0.45]),
  pillar: polygon([-0.45, -1.2], [0.45, -1.2], [0.45, 1.2], [-0.45, 1.2]),
  corner: polygon([-1, -1], [-0.2, -1], [-0.2, 0.2], [1, 0.2], [1, 1], [-1, 1]),
  twins: (canvas, x, y, r, color) => {
    for (const side of [-1, 1]) canvas.ellipse(x + side * 0.65 * r, y, 0.5 * r, 0.9 * r, { color });
  },
};

const colors: Readonly<Record<string, Rgb>> = {
  red: [222, 52, 44], orange: [244, 148, 36], yellow: [246, 232, 74], green: [56, 168, 64], teal: [60, 206, 206],
  blue: [44, 76, 222], purple: [134, 50, 172], pink: [250, 150, 200], white: [250, 250, 250], black: [14, 14, 18],
};

/** Where a ground of two greys is light, by the place in the picture in periods; u to the right, v down. */
const grounds: Readonly<Record<string, (u: number, v: number) => boolean>> = {
  dark: () => false,
  light: () => true,
  stripes: (u) => u % 1 < 0.5,
  layers: (_, v) => v % 1 < 0.5,
  slant: (u, v) => (u + v) % 1 < 0.5,
  checks: (u, v) => (u % 1 < 0.5) !== (v % 1 < 0.5),
  left: (u) => u < 2,
  right: (u) => u >= 2,
  sky: (_, v) => v < 2,
  floor: (_, v) => v >= 2,
};

const names = { shapes: Object.keys(shapes), colors: Object.keys(colors), grounds: Object.keys(grounds) };

/** Names of the thousand classes, as in `disc-red-stripes`, in class order. */
export const attributeClasses: readonly string[] = names.shapes.flatMap((shape) =>
  names.colors.flatMap((color) => names.grounds.map((ground) => `${shape}-${color}-${ground}`)));

/** Cells of the ground along a side: four periods of eight. */
const cells = 32;

/** Picture number `index` of a class, `size` x `size` pixels: place, size, light and colours vary. */
export function attributePicture(seed: number, classIndex: number, index: number, size: number): RgbImage {
  const random = new RandomStream(seed, `attributes/${classIndex}/${index}`);
  const [shape, color, ground] = attributeClasses[classIndex]!.split('-') as [string, string, string];
  const canvas = new Canvas(size, { lightSide: 1, tint: [255, 255, 255], haze: [128, 128, 128] });
  canvas.beginBackdrop(0);
  const dark = 64 + random.uniform(-14, 14);
  const light = 150 + random.uniform(-14, 14);
  const isLight = grounds[ground]!;
  // Halves of the picture stay where they are; patterns begin anywhere.
  const isStill = ['left', 'right', 'sky', 'floor'].includes(ground);
  const [shiftX, shiftY] = isStill ? [0, 0] : [random.uniform(0, 1), random.uniform(0, 1)];
  for (let row = 0; row < cells; row++) {
    for (let column = 0; column < cells; column++) {
      const across = (4 * (column + 0.5)) / cells + shiftX;
      const down = (4 * (row + 0.5)) / cells + shiftY;
      const grey = isLight(across, down) ? light : dark;
      canvas.rect(column / cells, row / cells, (column + 1) / cells, (row + 1) / cells, { color: [grey, grey, grey] });
    }
  }
  const jitter = (value: number): number => Math.max(0, Math.min(255, value + random.uniform(-16, 16)));
  const [red, green, blue] = colors[color]!;
  const [x, y, r] = [random.uniform(0.42, 0.58), random.uniform(0.42, 0.58), random.uniform(0.26, 0.34)];
  shapes[shape]!(canvas, x, y, r, [jitter(red), jitter(green), jitter(blue)]);
  return canvas.picture();
}

/** Pictures that are encoded and written at a time. */
const mostPending = 8;

/** Writes `perClass` pictures of every class, a folder for each. */
export async function writeAttributeFolders(dir: string, { seed, perClass, size }: {
  readonly seed: number; readonly perClass: number; readonly size: number;
}, onImage: (done: number) => void, signal: AbortSignal): Promise<void> {
  let next = 0;
  let done = 0;
  const worker = async (): Promise<void> => {
    while (next < perClass * attributeClasses.length && !signal.aborted) {
      const [classIndex, index] = [Math.floor(next / perClass), next++ % perClass];
      const { rgb } = attributePicture(seed, classIndex, index, size);
      await savePng(join(dir, attributeClasses[classIndex]!, `${String(index).padStart(4, '0')}.png`), rgb, size, size);
      onImage(++done);
    }
  };
  await Promise.all(Array.from({ length: mostPending }, worker));
}
