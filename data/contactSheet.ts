/** Many pictures with their boxes in one. */
import { drawBoxes } from './drawBoxes.ts';
import type { DrawnBox } from './drawBoxes.ts';
import { resizeRgb } from './images.ts';
import type { RgbImage } from './images.ts';

/** A picture and the boxes to draw on it at the size it is shown. */
export interface SheetItem {
  readonly image: RgbImage;
  readonly boxes?: readonly DrawnBox[];
}

/** Every pixel as a square of `factor` x `factor` pixels. */
function enlarge(image: RgbImage, factor: number): RgbImage {
  const [width, height] = [image.width * factor, image.height * factor];
  const rgb = new Uint8Array(3 * width * height);
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      const from = 3 * (Math.floor(y / factor) * image.width + Math.floor(x / factor));
      for (let c = 0; c < 3; c++) rgb[3 * (y * width + x) + c] = image.rgb[from + c];
    }
  }
  return { width, height, rgb };
}

/** The picture at the largest size that fits a square; small ones keep hard pixels and a whole factor. */
async function fit(image: RgbImage, side: number): Promise<RgbImage> {
  const scale = side / Math.max(image.width, image.height);
  if (scale >= 2) return enlarge(image, Math.floor(scale));
  const scaled = (length: number): number => Math.max(1, Math.round(length * scale));
  return resizeRgb(image, scaled(image.width), scaled(image.height));
}

function paste(target: RgbImage, source: RgbImage, left: number, top: number): void {
  for (let y = 0; y < source.height; y++) {
    const row = source.rgb.subarray(3 * y * source.width, 3 * (y + 1) * source.width);
    target.rgb.set(row, 3 * ((top + y) * target.width + left));
  }
}

/** Pictures with their boxes, `columns` a row, each centred in a square of `side` pixels, 4 pixels apart. */
export async function contactSheet(items: readonly SheetItem[], columns: number, side: number): Promise<RgbImage> {
  const gap = 4;
  const width = Math.max(1, Math.min(columns, items.length)) * (side + gap) + gap;
  const height = Math.ceil(items.length / columns) * (side + gap) + gap;
  const sheet = { width, height, rgb: new Uint8Array(3 * width * height).fill(32) };
  for (const [i, { image, boxes = [] }] of items.entries()) {
    const drawn = drawBoxes(await fit(image, side), boxes);
    const left = gap + i % columns * (side + gap) + Math.floor((side - drawn.width) / 2);
    const top = gap + Math.floor(i / columns) * (side + gap) + Math.floor((side - drawn.height) / 2);
    paste(sheet, drawn, left, top);
  }
  return sheet;
}
