/** Boxes with labels drawn on a picture or on plain ground. Text is made of strokes, so no fonts are needed. */
import sharp from 'sharp';
import { check } from '../engine/errors.ts';
import { drawSheet } from './drawSheet.ts';
import { classColor, classTextColor } from './palette.ts';
import { displaySize, readPicture, resizePicture, type Picture, type SizePx } from './picture.ts';
import { placeLabels, type XyxyPx } from './placeLabels.ts';
import { fitStrokeText, strokeText, strokeTextWidth } from './strokeFont.ts';

export interface DrawnBox {
  /** In pixels of the picture before any enlargement. Parts outside it are cut off. */
  readonly xyxyPx: XyxyPx;
  readonly label: string;
  /** Written behind the label with two decimals. */
  readonly score?: number;
  /** The class: boxes of one index have one colour. */
  readonly colorIndex: number;
  /** For boxes of another kind, such as the truth. Default: false. */
  readonly dashed?: boolean;
}

export interface OverlayOptions {
  /** Smaller pictures are enlarged until their longer side has this many pixels. Default: 512. */
  readonly atLeastPx?: number;
  /** Larger pictures are shrunk until their longer side has this many pixels. Default: 1280. */
  readonly atMostPx?: number;
}

/** PNG of a picture with boxes drawn on it. */
export async function drawDetections(
  picture: Picture, boxes: readonly DrawnBox[], { atLeastPx = 512, atMostPx = 1280 }: OverlayOptions = {},
): Promise<Buffer> {
  const pixels = await readPicture(picture);
  const { size, scale } = displaySize(pixels, atLeastPx, atMostPx);
  const overlay = Buffer.from(boxesSvg(scaleBoxes(boxes, scale), size, { fill: false }));
  return resizePicture(pixels, size).composite([{ input: overlay }]).png().toBuffer();
}

/** The ground of a drawn layout: dark, so that the light class colours stand out in both themes of a page. */
const layoutGround = '#2b3038';

/** PNG of boxes alone, filled faintly, on plain ground; boxes and `size` are in pixels of the picture they describe. */
export async function drawLayout(
  boxes: readonly DrawnBox[], size: SizePx, { atLeastPx = 512, atMostPx = 1280 }: OverlayOptions = {},
): Promise<Buffer> {
  const display = displaySize(size, atLeastPx, atMostPx);
  const overlay = Buffer.from(boxesSvg(scaleBoxes(boxes, display.scale), display.size, { fill: true }));
  return sharp({ create: { ...display.size, channels: 3, background: layoutGround } })
    .composite([{ input: overlay }]).png().toBuffer();
}

/** PNG of pictures in a row at one height, that of the tallest, each over its caption. */
export async function sideBySide(
  panels: readonly { readonly png: Uint8Array; readonly caption: string }[],
): Promise<Buffer> {
  check(panels.length > 0, 'sideBySide: needs at least one panel, found none');
  const pictures = await Promise.all(panels.map(({ png }) => readPicture(png)));
  const height = Math.max(...pictures.map((picture) => picture.height));
  return drawSheet(pictures.map((picture, i) => ({
    picture,
    size: { width: Math.max(1, Math.round((picture.width * height) / picture.height)), height },
    caption: panels[i]!.caption,
  })), panels.length);
}

/** Corners in order and in displayed pixels; large boxes first, so that small ones stay visible. */
function scaleBoxes(boxes: readonly DrawnBox[], scale: number): DrawnBox[] {
  const area = ({ xyxyPx: [x0, y0, x1, y1] }: DrawnBox) => (x1 - x0) * (y1 - y0);
  return boxes.map((box, i) => {
    check(box.xyxyPx.every(Number.isFinite), () =>
      `drawDetections: box ${i} (${box.label}) must have four finite corners, found [${box.xyxyPx.join(', ')}]`);
    const [x0, y0, x1, y1] = box.xyxyPx.map((value) => value * scale) as [number, number, number, number];
    const xyxyPx: XyxyPx = [Math.min(x0, x1), Math.min(y0, y1), Math.max(x0, x1), Math.max(y0, y1)];
    return { ...box, xyxyPx };
  }).sort((a, b) => area(b) - area(a));
}

/** Transparent SVG of the displayed size; labels lie over all boxes. */
function boxesSvg(boxes: readonly DrawnBox[], size: SizePx, { fill }: { fill: boolean }): string {
  const unit = Math.max(size.width, size.height) / 512;
  const lineWidth = Math.min(4, Math.max(2, 2 * unit));
  const shapes = boxes.map((box) => boxShape(box, lineWidth, fill));
  return `<svg xmlns="http://www.w3.org/2000/svg" width="${size.width}" height="${size.height}">` +
    `${shapes.join('')}${labelShapes(boxes, size, Math.min(15, Math.max(9, 9.5 * unit)))}</svg>`;
}

function boxShape(box: DrawnBox, lineWidth: number, fill: boolean): string {
  const { xyxyPx: [x0, y0, x1, y1], colorIndex, dashed } = box;
  const color = classColor(colorIndex);
  const rect = `x="${x0}" y="${y0}" width="${x1 - x0}" height="${y1 - y0}" rx="${lineWidth / 2}"`;
  const inside = fill ? `fill="${color}" fill-opacity=".2"` : 'fill="none"';
  const dash = dashed ? ` stroke-dasharray="${3 * lineWidth} ${2.5 * lineWidth}" stroke-linecap="round"` : '';
  // The dark edge keeps light colours visible on light pictures.
  return `<rect ${rect} fill="none" stroke="#000" stroke-opacity=".6" stroke-width="${lineWidth + 2}"${dash}/>` +
    `<rect ${rect} ${inside} stroke="${color}" stroke-width="${lineWidth}"${dash}/>`;
}

function labelShapes(boxes: readonly DrawnBox[], size: SizePx, capHeightPx: number): string {
  const padding = Math.round(capHeightPx * 0.45);
  const labels = boxes.map((box) => {
    const text = box.score === undefined ? box.label : `${box.label} ${box.score.toFixed(2)}`.trim();
    const fitted = fitStrokeText(text, capHeightPx, size.width - 2 * padding);
    const width = Math.ceil(strokeTextWidth(fitted, capHeightPx)) + 2 * padding;
    return { box, text: fitted, xyxyPx: box.xyxyPx, width, height: Math.round(capHeightPx * 1.2) + 2 * padding };
  }).filter(({ text }) => text !== '');
  return placeLabels(labels, size).map(([x, y], i) => {
    const { box, text, width, height } = labels[i]!;
    const baseline = y + padding + capHeightPx * 1.05;
    return `<rect x="${x}" y="${y}" width="${width}" height="${height}" rx="2" fill="${classColor(box.colorIndex)}" ` +
      'stroke="#000" stroke-opacity=".5"/>' +
      strokeText(text, { x: x + padding, y: baseline, capHeightPx, color: classTextColor });
  }).join('');
}
