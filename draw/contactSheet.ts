import { check } from '../engine/errors.ts';
import { drawSheet } from './drawSheet.ts';
import { displaySize, readPicture, type Picture } from './picture.ts';

export interface ContactSheetItem {
  readonly picture: Picture;
  readonly caption?: string;
}

export interface ContactSheetOptions {
  /** Longer side of every shown picture: smaller ones are enlarged, larger ones shrunk. Default: 192. */
  readonly sidePx?: number;
}

/** PNG of many pictures in a grid, row by row, each with its caption. */
export async function contactSheet(
  items: readonly ContactSheetItem[], columns: number, { sidePx = 192 }: ContactSheetOptions = {},
): Promise<Buffer> {
  check(items.length > 0, 'contactSheet: needs at least one picture, found none');
  check(Number.isInteger(columns) && columns > 0, () =>
    `contactSheet: columns must be a whole number from 1, found ${columns}`);
  const cells = await Promise.all(items.map(async ({ picture, caption = '' }) => {
    const pixels = await readPicture(picture);
    return { picture: pixels, size: displaySize(pixels, sidePx, sidePx).size, caption };
  }));
  return drawSheet(cells, columns);
}
