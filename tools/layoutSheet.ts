import type { Category } from '../data/annotations.ts';
import { rgbOfBatch } from '../data/images.ts';
import { contactSheet } from '../draw/contactSheet.ts';
import { drawnBoxes } from '../draw/drawnBoxes.ts';
import { drawDetections, drawLayout } from '../draw/overlay.ts';
import { writeAtomic } from '../engine/writeAtomic.ts';
import type { LayoutObject } from '../models/layoutTokens.ts';

/** Pictures [B, 3, S, S], each followed by the same with its layout drawn on it. */
export async function drawLayoutSheet(file: string, pictures: Float32Array, size: number,
  layouts: readonly (readonly LayoutObject[])[], categories: readonly Category[]): Promise<void> {
  const items = await Promise.all(layouts.map(async (objects, i) => {
    const picture = rgbOfBatch(pictures, i, size);
    const drawn = await drawDetections(picture, drawnBoxes(objects, categories, size, size), { atLeastPx: 256 });
    return [{ picture }, { picture: drawn }];
  }));
  await writeAtomic(file, await contactSheet(items.flat(), 8));
}

/** Pictures [B, 3, S, S] with the names of their classes below. */
export async function drawClassSheet(file: string, pictures: Float32Array, size: number,
  names: readonly string[]): Promise<void> {
  const items = names.map((caption, i) => ({ picture: rgbOfBatch(pictures, i, size), caption }));
  await writeAtomic(file, await contactSheet(items, 8, { sidePx: 128 }));
}

/** A layout to draw without a picture. */
export interface ShownLayout {
  readonly objects: readonly LayoutObject[];
  readonly caption?: string;
}

/** Layouts without pictures, six in a row. */
export async function drawLayouts(file: string, layouts: readonly ShownLayout[],
  categories: readonly Category[]): Promise<void> {
  const size = { width: 256, height: 256 };
  const items = await Promise.all(layouts.map(async ({ objects, caption = '' }) =>
    ({ picture: await drawLayout(drawnBoxes(objects, categories, 256, 256), size), caption })));
  await writeAtomic(file, await contactSheet(items, 6));
}
