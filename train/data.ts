/** What every training reads: annotations, pictures, and a validation set that never changes. */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { readAnnotations, type AnnotatedDataset, type AnnotationOptions } from '../data/annotations.ts';
import { UserError } from '../engine/errors.ts';
import { RandomStream } from '../engine/random.ts';

export interface DataPaths {
  readonly annotations: string;
  readonly images: string;
  /** Annotations of the validation set; without them a part of the training set is held out. */
  readonly validateAnnotations?: string;
  /** Folder of the validation pictures, where it is another one. */
  readonly validateImages?: string;
}

export interface SplitDataset {
  readonly training: AnnotatedDataset;
  readonly validation: AnnotatedDataset;
  /** One line on what was read and what the filters dropped. */
  readonly summary: string;
}

/** Share of the images held out where no validation set is given, and at most how many. */
const heldOutShare = 0.1;
const heldOutMost = 256;

/** Reads both sets; the class order is that of the training annotations. */
export async function readDatasets(paths: DataPaths, options: AnnotationOptions, seed: number): Promise<SplitDataset> {
  const all = await readAnnotations(paths.annotations, options);
  const validation = paths.validateAnnotations === undefined ? null
    : await readAnnotations(paths.validateAnnotations, { ...options, categories: all.categories });
  return splitDataset(all, validation, seed, paths.annotations);
}

/** A set with its validation set, or with a part of it held out as one; `where` names it in messages. */
export function splitDataset(all: AnnotatedDataset, given: AnnotatedDataset | null, seed: number,
  where: string): SplitDataset {
  if (all.images.length < 2) {
    throw new UserError(`${where}: ${all.images.length} images are left after the filters `
      + `(${dropped(all)}); training needs at least 2`);
  }
  let training = all;
  let validation = given;
  if (!validation) {
    const count = Math.max(1, Math.min(heldOutMost, Math.round(all.images.length * heldOutShare)));
    const held = new Set(new RandomStream(seed, 'held out').permutation(all.images.length).slice(0, count));
    training = { ...all, images: all.images.filter((_, i) => !held.has(i)) };
    validation = { ...all, images: all.images.filter((_, i) => held.has(i)) };
  }
  const objects = training.images.reduce((total, image) => total + image.objects.length, 0);
  const summary = `${training.images.length} images with ${objects} objects of ${all.categories.length} classes; `
    + `${validation.images.length} images for validation`
    + `${given ? '' : ' (held out)'}; dropped: ${dropped(all)}`;
  return { training, validation, summary };
}

/** Throws a UserError where pictures are missing: better now than in the middle of the first epoch. */
export function expectPictures({ training, validation }: SplitDataset, paths: DataPaths): void {
  for (const [{ images }, dir] of [
    [training, paths.images], [validation, paths.validateImages ?? paths.images],
  ] as const) {
    const missing = images.map(({ fileName }) => join(dir, fileName)).filter((path) => !existsSync(path));
    if (missing.length > 0) {
      throw new UserError(`${missing[0]}: there is no such picture (${missing.length} of ${images.length} are `
        + 'missing). Is the images folder the right one?');
    }
  }
}

function dropped({ dropped: counts }: AnnotatedDataset): string {
  const parts = Object.entries(counts).filter(([, count]) => count > 0).map(([reason, count]) => `${count} ${reason}`);
  return parts.join(', ') || 'nothing';
}
