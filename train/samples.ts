import { rgbFromPlanes } from '../data/images.ts';
import { contactSheet, type ContactSheetItem } from '../draw/contactSheet.ts';
import { writeAtomic } from '../engine/writeAtomic.ts';

/** Pictures [B, 3, S, S] as items of a sheet. */
export function sheetItems(pictures: Float32Array, size: number): ContactSheetItem[] {
  const each = 3 * size * size;
  return Array.from({ length: pictures.length / each }, (_, i) =>
    ({ picture: rgbFromPlanes(pictures.subarray(i * each, (i + 1) * each), size, size) }));
}

/** Writes rows of pictures, one row below the other. */
export async function saveSheet(
  file: string, rows: readonly (readonly ContactSheetItem[])[], sidePx = 128,
): Promise<void> {
  await writeAtomic(file, await contactSheet(rows.flat(), rows[0]!.length, { sidePx }));
}
