/**
 * Few photographs made into many: copies that are turned, mirrored, cut out and tinted, with their boxes.
 *
 * A copy is a window of the picture after it was turned and mirrored. A window that would cut an object somewhere in
 * the middle is drawn again: half an object is neither there nor absent, and a box around it would teach nothing.
 */
import { mkdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import sharp from 'sharp';
import { UserError } from '../engine/errors.ts';
import { RandomStream } from '../engine/random.ts';
import { cocoAnnotation, parseCoco, writeCoco, type CocoAnnotation, type CocoJson } from './cocoJson.ts';
import { expectAnnotatedSize, loadRgb, rgbOf, savePng, type RgbImage, type Size } from './images.ts';

/** How copies may differ from their picture. */
export interface AugmentConfig {
  /** Copies of every picture, beside the picture itself. */
  readonly copies: number;
  /** Sides of a window are down to 1 - crop of the picture's; 0 keeps the picture whole. */
  readonly crop: number;
  /** Whether copies are mirrored left and right, and top and bottom, half of them each. */
  readonly mirror: boolean;
  /** Share of the copies that are turned by a quarter. */
  readonly turn: number;
  /** Colours are multiplied by up to 1 + tint, or as much less: once all alike, once each for itself. */
  readonly tint: number;
  /** Longest side of what is written, in pixels; 0 for the size that a window has. Pictures are never enlarged. */
  readonly maxSide: number;
  readonly seed: number;
}

export const defaultAugment: AugmentConfig = {
  copies: 10, crop: 0.3, mirror: true, turn: 0.4, tint: 0.07, maxSide: 0, seed: 0,
};

type XywhPx = CocoAnnotation['bbox'];

/** What is done to a picture: x and y change places (`turn`), then it is mirrored, cut, and its colours multiplied. */
export interface Change {
  readonly turn: boolean;
  readonly flipX: boolean;
  readonly flipY: boolean;
  readonly window: Size & { readonly left: number; readonly top: number };
  readonly gains: readonly [number, number, number];
}

const noChange = ({ width, height }: Size): Change =>
  ({ turn: false, flipX: false, flipY: false, gains: [1, 1, 1], window: { left: 0, top: 0, width, height } });

/** Objects are shown by at least the first share of their area, or by less than the second. */
const [shownFrom, goneBelow] = [0.6, 0.05];
/** Windows that are drawn before the whole picture is taken. */
const mostWindows = 50;

const turned = ({ width, height }: Size, turn: boolean): Size =>
  (turn ? { width: height, height: width } : { width, height });

/** Where a box of the picture lies in the copy, as it is and cut to the window. */
export function boxInCopy([x, y, w, h]: XywhPx, picture: Size, change: Change): { whole: XywhPx; shown: XywhPx } {
  const { turn, flipX, flipY, window: { left, top, width, height } } = change;
  const size = turned(picture, turn);
  const [bx, by, bw, bh] = turn ? [y, x, h, w] : [x, y, w, h];
  const x0 = (flipX ? size.width - bx - bw : bx) - left;
  const y0 = (flipY ? size.height - by - bh : by) - top;
  const [cx0, cy0] = [Math.max(0, x0), Math.max(0, y0)];
  const [cx1, cy1] = [Math.min(width, x0 + bw), Math.min(height, y0 + bh)];
  return { whole: [x0, y0, bw, bh], shown: [cx0, cy0, Math.max(0, cx1 - cx0), Math.max(0, cy1 - cy0)] };
}

const area = ([, , w, h]: XywhPx): number => w * h;

/** The share of a box that a copy shows. */
function shownShare(bbox: XywhPx, picture: Size, change: Change): number {
  const { shown, whole } = boxInCopy(bbox, picture, change);
  return area(whole) > 0 ? area(shown) / area(whole) : 0;
}

/** Draws what is to become of a picture with these boxes. */
export function drawChange(random: RandomStream, picture: Size, boxes: readonly XywhPx[],
  { crop, mirror, turn: turnShare, tint }: AugmentConfig): Change {
  const turn = random.chance(turnShare);
  const [flipX, flipY] = [random.chance(0.5) && mirror, random.chance(0.5) && mirror];
  const gain = (): number => random.uniform(1 - tint, 1 + tint);
  const all = gain();
  const gains = [all * gain(), all * gain(), all * gain()] as const;
  const size = turned(picture, turn);
  const whole: Change = { turn, flipX, flipY, gains, window: { left: 0, top: 0, ...size } };
  for (let tries = 0; tries < mostWindows; tries++) {
    // The picture's own sides also where it is turned: what a model squeezes into a square then keeps its shape.
    const side = (own: number, most: number): number =>
      Math.min(most, Math.max(1, Math.round(own * random.uniform(1 - crop, 1))));
    const [width, height] = [side(picture.width, size.width), side(picture.height, size.height)];
    const change: Change = { ...whole, window: {
      left: random.integer(size.width - width + 1), top: random.integer(size.height - height + 1), width, height } };
    const shares = boxes.map((bbox) => shownShare(bbox, picture, change));
    if (shares.every((share) => share >= shownFrom || share < goneBelow)) return change;
  }
  return whole;
}

/** The pixels of a copy. */
export function changedPixels({ width, height, rgb }: RgbImage, change: Change): RgbImage {
  const { turn, flipX, flipY, gains, window } = change;
  const size = turned({ width, height }, turn);
  const result = new Uint8ClampedArray(3 * window.width * window.height); // rounds and saturates on assignment
  for (let row = 0, to = 0; row < window.height; row++) {
    const y = flipY ? size.height - 1 - window.top - row : window.top + row;
    for (let column = 0; column < window.width; column++) {
      const x = flipX ? size.width - 1 - window.left - column : window.left + column;
      const from = 3 * (turn ? x * width + y : y * width + x);
      for (let c = 0; c < 3; c++) result[to++] = rgb[from + c]! * gains[c]!;
    }
  }
  return { width: window.width, height: window.height, rgb: new Uint8Array(result.buffer) };
}

async function shrunk(image: RgbImage, maxSide: number): Promise<RgbImage> {
  if (maxSide === 0 || Math.max(image.width, image.height) <= maxSide) return image;
  const { width, height, rgb } = image;
  return rgbOf(sharp(rgb, { raw: { width, height, channels: 3 } })
    .resize(maxSide, maxSide, { fit: 'inside', kernel: 'linear' }));
}

/** The annotations of a copy of `written` size; what it no longer shows is left out. */
function copiedBoxes(annotations: readonly CocoAnnotation[], picture: Size, change: Change,
  written: Size): { category: number; bbox: XywhPx; crowd: 0 | 1 }[] {
  const [sx, sy] = [written.width / change.window.width, written.height / change.window.height];
  return annotations.filter(({ bbox }) => shownShare(bbox, picture, change) >= goneBelow).map((annotation) => {
    const [x, y, w, h] = boxInCopy(annotation.bbox, picture, change).shown;
    const crowd = annotation.iscrowd ? 1 : 0;
    return { category: annotation.category_id, bbox: [x * sx, y * sy, w * sx, h * sy], crowd };
  });
}

/** What to read and where to write. */
export interface AugmentFiles {
  /** Parsed COCO JSON; `file` is only named in messages. */
  readonly coco: unknown;
  readonly file: string;
  readonly images: string;
  readonly out: string;
  /** Told how many pictures are done. */
  readonly onPicture?: (done: number) => void;
  /** Ends the work early, after which no annotations are written. */
  readonly signal?: AbortSignal;
}

/**
 * Writes train.json and images/*.png: every picture as it is, and its copies. The annotations come last, so a folder
 * that has them is complete. A copy follows from the seed, the id of its picture and its number alone.
 */
export async function writeAugmented({ coco: value, file, images: dir, out, onPicture, signal }: AugmentFiles,
  config: AugmentConfig): Promise<CocoJson> {
  const coco = parseCoco(value, file);
  const result: CocoJson = { categories: coco.categories, images: [], annotations: [] };
  const annotationsFile = join(out, 'train.json');
  try {
    await mkdir(join(out, 'images'), { recursive: true });
    await rm(annotationsFile, { force: true });
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    throw new UserError(`${out}: cannot be written (${code}). Is it a folder of yours?`);
  }
  for (const [at, { id, file_name: name, ...annotated }] of coco.images.entries()) {
    signal?.throwIfAborted();
    const path = join(dir, name);
    const picture = await loadRgb(path);
    expectAnnotatedSize(path, picture, annotated);
    const own = coco.annotations.filter(({ image_id: image }) => image === id);
    for (let copy = 0; copy <= config.copies; copy++) {
      const random = new RandomStream(config.seed, `augment ${id} ${copy}`);
      const change = copy === 0 ? noChange(picture) : drawChange(random, picture, own.map(({ bbox }) => bbox), config);
      const written = await shrunk(changedPixels(picture, change), config.maxSide);
      const imageId = result.images.length + 1;
      const fileName = `${id}-${copy}.png`;
      await savePng(join(out, 'images', fileName), written.rgb, written.width, written.height);
      result.images.push({ id: imageId, file_name: fileName, width: written.width, height: written.height });
      for (const { category, bbox, crowd } of copiedBoxes(own, picture, change, written)) {
        result.annotations.push(cocoAnnotation(result.annotations.length + 1, imageId, category, bbox, crowd));
      }
    }
    onPicture?.(at + 1);
  }
  await writeCoco(annotationsFile, result);
  return result;
}
