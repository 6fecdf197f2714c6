import sharp from 'sharp';
import type { RgbImage } from '../data/images.ts';
import { resizePicture, type SizePx } from './picture.ts';
import { fitStrokeText, strokeText } from './strokeFont.ts';

/** Ground and captions that suit a light page and a dark one alike. */
const ground = '#1b1e23';
const captionColor = '#e9ecf1';
const gapPx = 12;
const captionCapHeightPx = 10;
const captionHeightPx = 26;

export interface SheetCell {
  readonly picture: RgbImage;
  /** Shown size. */
  readonly size: SizePx;
  readonly caption?: string;
}

/** PNG of pictures in rows of `columns`, centred in columns as wide as their widest, captions below. */
export async function drawSheet(cells: readonly SheetCell[], columns: number): Promise<Buffer> {
  const rowCount = Math.ceil(cells.length / columns);
  const inColumn = (column: number) => cells.filter((_, i) => i % columns === column);
  const inRow = (row: number) => cells.slice(row * columns, (row + 1) * columns);
  const widths = Array.from({ length: Math.min(columns, cells.length) }, (_, column) =>
    Math.max(...inColumn(column).map(({ size }) => size.width)));
  const heights = Array.from({ length: rowCount }, (_, row) =>
    Math.max(...inRow(row).map(({ size }) => size.height)));
  const captionHeights = heights.map((_, row) => (inRow(row).some(({ caption }) => caption) ? captionHeightPx : 0));
  const lefts = starts(widths);
  const tops = starts(heights.map((height, row) => height + captionHeights[row]!));
  const [width, height] = [lefts.pop()!, tops.pop()!];

  const captions: string[] = [];
  const layers = await Promise.all(cells.map(async ({ picture, size, caption = '' }, i) => {
    const [column, row] = [i % columns, Math.floor(i / columns)];
    const left = lefts[column]! + Math.floor((widths[column]! - size.width) / 2);
    const top = tops[row]! + Math.floor((heights[row]! - size.height) / 2);
    const text = fitStrokeText(caption, captionCapHeightPx, widths[column]!);
    const baseline = tops[row]! + heights[row]! + captionHeightPx - captionCapHeightPx;
    captions.push(strokeText(text, {
      x: lefts[column]!, y: baseline, capHeightPx: captionCapHeightPx, color: captionColor,
    }));
    return { input: await resizePicture(picture, size).png().toBuffer(), left, top };
  }));
  const text = `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}">${captions.join('')}</svg>`;
  return sharp({ create: { width, height, channels: 3, background: ground } })
    .composite([...layers, { input: Buffer.from(text) }]).png().toBuffer();
}

/** Where stretches of these lengths start with a gap before, between and behind them; then the whole length. */
function starts(lengths: readonly number[]): number[] {
  const positions = [gapPx];
  for (const length of lengths) positions.push(positions.at(-1)! + length + gapPx);
  return positions;
}
