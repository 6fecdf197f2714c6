/**
 * Image files <-> pixels, through sharp (libvips).
 *
 *   planes  Float32Array [3, H, W] in [-1, 1], x / 127.5 - 1: what models take and give
 *   rgb     Uint8Array [H, W, 3] in 0 .. 255: what is drawn on and written
 *
 * Files of any format, bit depth and colour space become 8 bit sRGB; transparency is laid over white. The pixels are
 * taken as stored: an EXIF orientation is not applied, as COCO boxes refer to the stored grid.
 */
import { access } from 'node:fs/promises';
import { extname } from 'node:path';
import sharp from 'sharp';
import type { Sharp } from 'sharp';
import { check, UserError } from '../engine/errors.ts';
import { writeAtomic } from '../engine/writeAtomic.ts';

sharp.cache(false); // a file replaced under its old name must be read anew

/** How files of pictures end: those of the formats that sharp's own libvips decodes, apart from SVG. */
export const pictureEndings = ['.jpg', '.jpeg', '.png', '.webp', '.gif', '.tif', '.tiff', '.avif'];

/** Whether a file of a folder is a picture, by its name. */
export const isPictureName = (name: string): boolean => pictureEndings.includes(extname(name).toLowerCase());

/** Sides in pixels. */
export interface Size {
  readonly width: number;
  readonly height: number;
}

/** A picture: rgb is [height, width, 3]. */
export interface RgbImage extends Size {
  readonly rgb: Uint8Array;
}

/** How `loadImage` makes a square of a picture. */
export interface LoadImageOptions {
  /** S, side of the result in pixels. */
  readonly size: number;
  /** `none` squashes the whole picture into the square, `center` cuts the largest centred square. Default: none. */
  readonly crop?: 'none' | 'center';
  /** Mirror left and right. Default: false. */
  readonly flip?: boolean;
  /** The size that the annotations claim; another is refused by `expectAnnotatedSize`. */
  readonly annotated?: Size;
}

/** Runs a sharp pipeline on a file; what fails becomes a UserError naming the path. */
async function decode<T>(path: string, run: (image: Sharp) => Promise<T>): Promise<T> {
  try {
    return await run(sharp(path));
  } catch (error) {
    if (error instanceof UserError) throw error;
    const readable = await access(path).then(() => true, () => false);
    throw new UserError(readable
      ? `${path}: cannot be decoded as an image (${(error as Error).message.split('\n')[0]}). Is the file damaged?`
      : `${path}: image cannot be read. Does the file exist, and is the images folder the right one?`);
  }
}

/** Width and height in pixels, from the file's header. */
export async function imageSize(path: string): Promise<Size> {
  return decode(path, async (image) => {
    const { width, height } = await image.metadata();
    return { width, height };
  });
}

/** Throws a UserError naming the path where a picture is not of its annotated size, since boxes would not fit. */
export function expectAnnotatedSize(path: string, { width, height }: Size, annotated: Size): void {
  if (annotated.width === width && annotated.height === height) return;
  throw new UserError(`${path}: the file is ${width} x ${height} px, its annotation says ${annotated.width} x `
    + `${annotated.height}. Was it resized, or rotated by its EXIF orientation, after the boxes were drawn?`);
}

/** Runs a sharp pipeline: its pixels in 8 bit sRGB, transparency laid over white. */
export async function rgbOf(image: Sharp): Promise<RgbImage> {
  const { data, info } = await image.flatten({ background: 'white' }).toColourspace('srgb').removeAlpha()
    .raw({ depth: 'uchar' }).toBuffer({ resolveWithObject: true });
  check(info.channels === 3, () => `images: decoding must give 3 channels, found ${info.channels}`);
  // Not the Buffer itself: its slice() would share memory where a Uint8Array's copies.
  return { width: info.width, height: info.height, rgb: new Uint8Array(data.buffer, data.byteOffset, data.length) };
}

/** A picture at its own size. */
export async function loadRgb(path: string): Promise<RgbImage> {
  return decode(path, rgbOf);
}

/** The largest centred square of a picture, as xyxy fractions of it: what `crop: 'center'` shows. */
export function centerCropXyxyUnit(width: number, height: number): [number, number, number, number] {
  const [left, top, side] = centerSquarePx(width, height);
  return [left / width, top / height, (left + side) / width, (top + side) / height];
}

function centerSquarePx(width: number, height: number): [left: number, top: number, side: number] {
  const side = Math.min(width, height);
  return [Math.floor((width - side) / 2), Math.floor((height - side) / 2), side];
}

/**
 * Decodes and resizes a picture -> planes [3, S, S] in [-1, 1].
 * @throws UserError naming the path when the file is missing, damaged or not of the annotated size.
 */
export async function loadImage(path: string, options: LoadImageOptions): Promise<Float32Array> {
  const { size, crop = 'none', flip = false, annotated } = options;
  const image = await decode(path, async (source) => {
    let pipeline = source;
    if (crop === 'center' || annotated) {
      const { width, height } = await source.metadata();
      if (annotated) expectAnnotatedSize(path, { width, height }, annotated);
      if (crop === 'center') {
        const [left, top, side] = centerSquarePx(width, height);
        pipeline = pipeline.extract({ left, top, width: side, height: side });
      }
    }
    // JPEG's shrink-on-load is fast, but its box filter depends on the scale: sizes would not look alike.
    pipeline = pipeline.resize(size, size, { fit: 'fill', kernel: 'linear', fastShrinkOnLoad: false });
    return rgbOf(flip ? pipeline.flop() : pipeline);
  });
  return planesFromRgb(image);
}

/** rgb -> planes [3, H, W]. */
export function planesFromRgb({ width, height, rgb }: RgbImage): Float32Array {
  const area = width * height;
  check(rgb.length === 3 * area, () =>
    `planesFromRgb: ${width} x ${height} px need ${3 * area} bytes, found ${rgb.length}`);
  const planes = new Float32Array(3 * area);
  for (let i = 0; i < area; i++) {
    planes[i] = rgb[3 * i] / 127.5 - 1;
    planes[area + i] = rgb[3 * i + 1] / 127.5 - 1;
    planes[2 * area + i] = rgb[3 * i + 2] / 127.5 - 1;
  }
  return planes;
}

/** planes [3, H, W] -> rgb; values beyond [-1, 1], as generated pictures have, saturate. */
export function rgbFromPlanes(planes: Float32Array, width: number, height: number): RgbImage {
  const area = width * height;
  check(planes.length === 3 * area, () =>
    `rgbFromPlanes: [3, ${height}, ${width}] needs ${3 * area} values, found ${planes.length}`);
  const rgb = new Uint8ClampedArray(3 * area); // rounds and saturates on assignment
  for (let i = 0; i < area; i++) {
    for (let c = 0; c < 3; c++) rgb[3 * i + c] = (planes[c * area + i] + 1) * 127.5;
  }
  return { width, height, rgb: new Uint8Array(rgb.buffer) };
}

/** Picture `index` of planes [B, 3, S, S] in [-1, 1]. */
export function rgbOfBatch(planes: Float32Array, index: number, size: number): RgbImage {
  const each = 3 * size * size;
  return rgbFromPlanes(planes.subarray(index * each, (index + 1) * each), size, size);
}

/** PNG bytes of a picture. */
export async function encodePng({ width, height, rgb }: RgbImage): Promise<Uint8Array> {
  check(rgb.length === 3 * width * height, () =>
    `encodePng: ${width} x ${height} px need ${3 * width * height} bytes, found ${rgb.length}`);
  return sharp(rgb, { raw: { width, height, channels: 3 } }).png().toBuffer();
}

/**
 * Writes a PNG, whole or not at all. Pixels are planes [3, H, W] in [-1, 1] (Float32Array) or rgb [H, W, 3].
 * @throws UserError naming the path when it cannot be written.
 */
export async function savePng(
  path: string, pixels: Float32Array | Uint8Array, width: number, height: number,
): Promise<void> {
  const image = pixels instanceof Float32Array ? rgbFromPlanes(pixels, width, height) : { width, height, rgb: pixels };
  await writeAtomic(path, await encodePng(image));
}
