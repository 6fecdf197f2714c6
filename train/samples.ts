import { rgbOfBatch } from '../data/images.ts';
import { contactSheet, type ContactSheetItem } from '../draw/contactSheet.ts';
import { writeAtomic } from '../engine/writeAtomic.ts';

/** Pictures [B, 3, S, S] as items of a sheet. */
export function sheetItems(pictures: Float32Array, size: number): ContactSheetItem[] {
  return Array.from({ length: pictures.length / (3 * size * size) },
    (_, i) => ({ picture: rgbOfBatch(pictures, i, size) }));
}

/** Writes rows of pictures, one row below the other. */
export async function saveSheet(
  file: string, rows: readonly (readonly ContactSheetItem[])[], sidePx = 128,
): Promise<void> {
  await writeAtomic(file, await contactSheet(rows.flat(), rows[0]!.length, { sidePx }));
}
