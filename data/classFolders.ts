/** Pictures sorted into a folder per class, and IDX files as such folders. */
import { readdirSync, type Dirent } from 'node:fs';
import { join } from 'node:path';
import { UserError } from '../engine/errors.ts';
import type { AnnotatedDataset, Category, DropReason } from './annotations.ts';
import { isPictureName, pictureEndings, savePng } from './images.ts';
import type { Digits } from './mnistScenes.ts';

const entriesOf = (dir: string): Dirent[] => {
  try {
    return readdirSync(dir, { withFileTypes: true });
  } catch (error) {
    throw new UserError(`${dir}: cannot be read (${(error as NodeJS.ErrnoException).code}). It should hold a folder of `
      + 'pictures for each class');
  }
};

const byName = (a: string, b: string): number => (a < b ? -1 : Number(a > b));

const nothingDropped: Record<DropReason, number> = {
  'box without area': 0, 'box outside the image': 0, 'box at or under minArea': 0, 'crowd box': 0,
  'image under minObjects': 0, 'image over maxObjects': 0,
};

/**
 * A folder per class as a dataset whose every picture is one object that fills it: sub-folders in the order of their
 * names are the classes. The sizes of the pictures are not looked at; they are given as 0 x 0.
 *
 *   categories  classes of another set, to whose order this one's folders belong
 *
 * @throws UserError where there are no classes, or a folder without pictures or of no known class.
 */
export function readClassFolders(dir: string, categories?: readonly Category[]): AnnotatedDataset {
  const names = entriesOf(dir).filter((entry) => entry.isDirectory()).map(({ name }) => name).sort(byName);
  if (names.length === 0) {
    throw new UserError(`${dir}: holds no folders; it should hold one of pictures for each class`);
  }
  const known = categories ?? names.map((name, i) => ({ id: i, name }));
  const images = names.flatMap((folder) => {
    const classIndex = known.findIndex(({ name }) => name === folder);
    if (classIndex < 0) {
      throw new UserError(`${dir}: holds the folder '${folder}', which is no class of the training set`);
    }
    const files = entriesOf(join(dir, folder)).map(({ name }) => name)
      .filter(isPictureName).sort(byName);
    if (files.length === 0) {
      throw new UserError(`${join(dir, folder)}: holds no pictures (${pictureEndings.join(' ')})`);
    }
    return files.map((name) => ({ fileName: join(folder, name), classIndex }));
  });
  return {
    categories: known, dropped: nothingDropped, clipped: 0,
    images: images.map(({ fileName, classIndex }, id) => ({
      id, fileName, width: 0, height: 0,
      objects: [{ classIndex, xyxyUnit: [0, 0, 1, 1], crowd: false, annotationId: id }],
    })),
  };
}

/** Writes digits (or any IDX pictures with labels) as a folder of PNGs for each label; the first `most` of them. */
export async function writeClassFolders(dir: string, { count, side, images, labels }: Digits, most: number,
  onImage: (done: number) => void): Promise<void> {
  const area = side * side;
  for (let i = 0; i < Math.min(count, most); i++) {
    const rgb = new Uint8Array(3 * area);
    for (let k = 0; k < area; k++) rgb.fill(images[i * area + k]!, 3 * k, 3 * k + 3);
    await savePng(join(dir, String(labels[i]), `${String(i).padStart(6, '0')}.png`), rgb, side, side);
    onImage(i + 1);
  }
}
