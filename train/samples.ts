import { contactSheet, type SheetItem } from '../data/contactSheet.ts';
import { rgbFromPlanes, savePng } from '../data/images.ts';

/** Pictures [B, 3, S, S] as items of a sheet, with the boxes to draw on each. */
export function sheetItems(pictures: Float32Array, size: number, boxes?: readonly SheetItem['boxes'][]): SheetItem[] {
  const each = 3 * size * size;
  return Array.from({ length: pictures.length / each }, (_, i) => ({
    image: rgbFromPlanes(pictures.subarray(i * each, (i + 1) * each), size, size),
    ...(boxes?.[i] && { boxes: boxes[i] }),
  }));
}

/** Writes rows of pictures, one row below the other. */
export async function saveSheet(file: string, rows: readonly (readonly SheetItem[])[], side = 128): Promise<void> {
  const sheet = await contactSheet(rows.flat(), rows[0]!.length, side);
  await savePng(file, sheet.rgb, sheet.width, sheet.height);
}
