import { join } from 'node:path';
import type { AnnotatedDataset, AnnotatedImage } from '../data/annotations.ts';
import { loadRgb } from '../data/images.ts';
import { drawnBoxes } from './drawnBoxes.ts';
import { drawSheet, type SheetCell } from './drawSheet.ts';
import { drawDetections } from './overlay.ts';
import { readPicture } from './picture.ts';

/**
 * PNG of up to `count` images of a dataset, evenly spaced over it, with their boxes and class names; `columns` a row,
 * the longer side of each `sidePx` long (tiny ones in whole steps, so at least that).
 * @throws UserError naming the file when an image is missing or cannot be decoded.
 */
export async function datasetSheet(
  dataset: AnnotatedDataset, imagesDir: string, count: number, columns: number, sidePx: number,
): Promise<Buffer> {
  const cells: SheetCell[] = [];
  for (const { fileName, objects } of sampleImages(dataset, count)) { // one by one: photographs are large
    const image = await loadRgb(join(imagesDir, fileName));
    const boxes = drawnBoxes(objects, dataset.categories, image.width, image.height);
    const picture = await readPicture(await drawDetections(image, boxes, { atLeastPx: sidePx, atMostPx: sidePx }));
    cells.push({ picture, size: picture });
  }
  return drawSheet(cells, columns);
}

/** `count` images of the dataset, evenly spaced from its first to its last. */
function sampleImages({ images }: AnnotatedDataset, count: number): AnnotatedImage[] {
  const taken = Math.min(count, images.length);
  return Array.from({ length: taken }, (_, i) => images[Math.floor(i * images.length / taken)]!);
}
