/** Pictures as the drawing functions take them, and the two ways in which they change size. */
import sharp from 'sharp';
import type { Sharp } from 'sharp';
import { UserError } from '../engine/errors.ts';
import { loadRgb, rgbOf, type RgbImage } from '../data/images.ts';

/** A file's path, the bytes of an encoded file (PNG, JPEG, ...), or pixels [H, W, 3] in 0 .. 255. */
export type Picture = string | Uint8Array | RgbImage;

export interface SizePx {
  readonly width: number;
  readonly height: number;
}

/**
 * The pixels of a picture, as stored: an EXIF orientation is not applied, as boxes refer to the stored grid.
 * @throws UserError when a file is missing or cannot be decoded; Error when pixels do not fill their size.
 */
export async function readPicture(picture: Picture): Promise<RgbImage> {
  if (typeof picture === 'string') return loadRgb(picture);
  if (!(picture instanceof Uint8Array)) {
    const { width, height, rgb } = picture;
    if (rgb.length === 3 * width * height) return picture;
    throw new Error(`picture: ${width} x ${height} px need ${3 * width * height} bytes of RGB, found ${rgb.length}`);
  }
  try {
    return await rgbOf(sharp(picture));
  } catch (error) {
    const reason = (error as Error).message.split('\n')[0];
    throw new UserError(`picture: ${picture.length} bytes cannot be decoded (${reason}). ` +
      'Are they those of an image file?');
  }
}

/** Below this, pixels are shown as they are: models see 32 or 64 px scenes as squares too. */
const largestPixelArtPx = 128;

/** A picture's size with its longer side between two bounds, and the scale to it: a whole number for tiny ones. */
export function displaySize(
  { width, height }: SizePx, atLeastPx: number, atMostPx: number,
): { readonly size: SizePx; readonly scale: number } {
  const scale = displayScale(Math.max(width, height), atLeastPx, atMostPx);
  const scaled = (length: number): number => Math.max(1, Math.round(length * scale));
  return { size: { width: scaled(width), height: scaled(height) }, scale };
}

function displayScale(side: number, atLeastPx: number, atMostPx: number): number {
  if (side <= largestPixelArtPx) return Math.max(1, Math.ceil(atLeastPx / side));
  return side < atLeastPx ? atLeastPx / side : Math.min(1, atMostPx / side);
}

/** A picture at another size: tiny ones enlarged as crisp squares, all others resampled by Lanczos. */
export function resizePicture(picture: RgbImage, { width, height }: SizePx): Sharp {
  const tiny = Math.max(picture.width, picture.height) <= largestPixelArtPx && width >= picture.width;
  return sharp(picture.rgb, { raw: { width: picture.width, height: picture.height, channels: 3 } })
    .resize(width, height, { fit: 'fill', kernel: tiny ? 'nearest' : 'lanczos3' });
}
