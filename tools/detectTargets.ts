/** Which pictures a detection is for. */
import { existsSync, statSync } from 'node:fs';
import { readdir } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { noFilters, readAnnotations, type AnnotatedImage, type Category } from '../data/annotations.ts';
import { imageSize, isPictureName, pictureEndings } from '../data/images.ts';
import { UserError } from '../engine/errors.ts';

/** A picture to look at, with its place on the disk. */
export interface Target {
  readonly image: AnnotatedImage;
  readonly path: string;
}

export interface TargetOptions {
  readonly images: readonly string[];
  readonly annotations?: string;
  readonly count?: number;
}

/** The pictures that the options name. Without annotations ids are numbered from 1 in order of names. */
export async function targetsOf({ images, annotations, count }: TargetOptions,
  categories: readonly Category[]): Promise<Target[]> {
  const targets = annotations === undefined ? await picturesAt(images) : await listed(annotations, images, categories);
  if (targets.length === 0) {
    throw new UserError(`--images ${images.join(' ')}: holds no pictures (${pictureEndings.join(' ')})`);
  }
  const missing = targets.filter(({ path }) => !existsSync(path));
  if (missing.length > 0) {
    throw new UserError(`${missing[0]!.path}: there is no such picture `
      + `(${missing.length} of ${targets.length} are missing)`);
  }
  return targets.slice(0, count);
}

async function listed(annotations: string, images: readonly string[],
  categories: readonly Category[]): Promise<Target[]> {
  const dataset = await readAnnotations(annotations, { ...noFilters, categories });
  return dataset.images.map((image) => ({ image, path: join(images[0]!, image.fileName) }));
}

async function picturesAt(images: readonly string[]): Promise<Target[]> {
  const paths = (await Promise.all(images.map(async (path) => {
    if (!existsSync(path)) throw new UserError(`--images ${path}: there is no such file or folder`);
    if (!statSync(path).isDirectory()) return [path];
    const names = (await readdir(path)).filter(isPictureName).sort();
    return names.map((name) => join(path, name));
  }))).flat();
  return Promise.all(paths.map(async (path, i) => {
    // One that cannot be read is reported when its turn comes.
    const size = await imageSize(path).catch(() => ({ width: 0, height: 0 }));
    return { image: { id: i + 1, fileName: basename(path), ...size, objects: [] }, path };
  }));
}
