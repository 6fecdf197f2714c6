/**
 * Datasets of images with boxes, from COCO instances files.
 *
 * Classes are numbered by their category ids sorted as strings ("1", "10", "11", ..., "2"), as in the published layout
 * models, so that foreign checkpoints fit. Boxes are kept as xyxy fractions of the image.
 */
import { UserError } from '../engine/errors.ts';
import { readCoco } from './cocoJson.ts';
import type { CocoAnnotation, CocoJson } from './cocoJson.ts';

/** A class: its COCO id and name; its index in `AnnotatedDataset.categories` is the class index. */
export interface Category {
  readonly id: number;
  readonly name: string;
}

/** A box with its class. */
export interface AnnotatedObject {
  readonly classIndex: number;
  /** x0, y0, x1, y1 in [0, 1] with x1 > x0 and y1 > y0. */
  readonly xyxyUnit: readonly [number, number, number, number];
  /** COCO's iscrowd: the box covers a group. */
  readonly crowd: boolean;
  readonly annotationId: number;
}

/** An image, `width` x `height` pixels, with its objects in file order. */
export interface AnnotatedImage {
  readonly id: number;
  readonly fileName: string;
  readonly width: number;
  readonly height: number;
  readonly objects: readonly AnnotatedObject[];
}

/** Why a box or a whole image was left out. */
export type DropReason =
  | 'box without area' | 'box outside the image' | 'box at or under minArea' | 'crowd box'
  | 'image under minObjects' | 'image over maxObjects';

/** A dataset after its filters. */
export interface AnnotatedDataset {
  /** In class index order. */
  readonly categories: readonly Category[];
  /** In file order. */
  readonly images: readonly AnnotatedImage[];
  /** How many boxes and images the filters left out. */
  readonly dropped: Readonly<Record<DropReason, number>>;
  /** Boxes that reached more than half a pixel over the image's edge and were clipped to it. */
  readonly clipped: number;
}

/** What to keep of a file. */
export interface AnnotationFilters {
  /** Boxes must cover more than this fraction of the image. */
  readonly minArea: number;
  /** Images keep this many to that many objects, both included, counted after the box filters. */
  readonly minObjects: number;
  readonly maxObjects: number;
  /** `keep`: crowd boxes are ordinary objects (as published for COCO); `drop`: they are left out. */
  readonly crowd: 'keep' | 'drop';
  /** Refuse boxes without area and boxes over the image's edge instead of dropping or clipping them. */
  readonly strict: boolean;
}

/** Permissive, for small data. */
export const defaultFilters: AnnotationFilters = {
  minArea: 1e-5, minObjects: 1, maxObjects: 30, crowd: 'keep', strict: false,
};

/** The published filters for COCO. */
export const publishedCocoFilters: AnnotationFilters = { ...defaultFilters, minObjects: 2 };

/** Keeps everything: for the ground truth of an evaluation. */
export const noFilters: AnnotationFilters = {
  ...defaultFilters, minArea: 0, minObjects: 0, maxObjects: Infinity,
};

/** Choices beside the filters. */
export interface AnnotationOptions extends Partial<AnnotationFilters> {
  /** The categories of another file, say the training set's: class indices follow them, others are refused. */
  readonly categories?: readonly Category[];
}

/** Indexes records by id; UserError naming both places when two share one. */
function indexById<T extends { id: number }>(records: readonly T[], name: string, file: string): Map<number, number> {
  const places = new Map<number, number>();
  records.forEach(({ id }, i) => {
    const first = places.get(id);
    if (first !== undefined) throw new UserError(`${file}: ${name}[${first}] and ${name}[${i}] have the same id ${id}`);
    places.set(id, i);
  });
  return places;
}

/** Categories in the order of their ids as strings. */
export function sortCategories(categories: readonly Category[]): Category[] {
  const order = (a: string, b: string): number => (a < b ? -1 : Number(a > b));
  return categories.map(({ id, name }) => ({ id, name })).sort((a, b) => order(String(a.id), String(b.id)));
}

/** The class order: the file's own, or the given one after checking that the file's categories are in it by name. */
function classOrder(coco: CocoJson, file: string, given: readonly Category[] | undefined): Category[] {
  if (!given) return sortCategories(coco.categories);
  for (const { id, name } of coco.categories) {
    const expected = given.find((category) => category.id === id)?.name;
    if (expected !== name) {
      throw new UserError(`${file}: category ${id} is "${name}", but the model's category ${id} is ` +
        `${expected === undefined ? 'missing' : `"${expected}"`}. Use annotations with the training set's categories.`);
    }
  }
  return given.map(({ id, name }) => ({ id, name }));
}

type Image = CocoJson['images'][number];

/** The clipped box, or why it is left out. `overhang` is how far it reached over the image's edge, in pixels. */
function boxInImage(
  bbox: CocoAnnotation['bbox'], { width, height }: Image,
): { xyxyUnit: AnnotatedObject['xyxyUnit']; overhang: number } | DropReason {
  const [x, y, w, h] = bbox;
  if (!(w > 0 && h > 0)) return 'box without area';
  if (x >= width || y >= height || x + w <= 0 || y + h <= 0) return 'box outside the image';
  const overhang = Math.max(0, -x, -y, x + w - width, y + h - height);
  const xyxyUnit = [
    Math.max(0, x / width), Math.max(0, y / height), Math.min(1, (x + w) / width), Math.min(1, (y + h) / height),
  ] as const;
  return { xyxyUnit, overhang };
}

/** The boxes of every image, in image order, and what was left out of them. */
interface GroupedBoxes {
  readonly objects: AnnotatedObject[][];
  readonly dropped: Record<DropReason, number>;
  clipped: number;
}

function groupBoxes(
  coco: CocoJson, file: string, classIndices: ReadonlyMap<number, number>, filters: AnnotationFilters,
): GroupedBoxes {
  const imagePlaces = indexById(coco.images, 'images', file);
  const dropped: Record<DropReason, number> = {
    'box without area': 0, 'box outside the image': 0, 'box at or under minArea': 0, 'crowd box': 0,
    'image under minObjects': 0, 'image over maxObjects': 0,
  };
  const boxes: GroupedBoxes = { objects: coco.images.map(() => []), dropped, clipped: 0 };
  coco.annotations.forEach((annotation, i) => {
    const { id, image_id: imageId, category_id: categoryId, bbox } = annotation;
    const refuse = (what: string): never => {
      throw new UserError(`${file}: annotations[${i}] (id ${id}): ${what}`);
    };
    const place = imagePlaces.get(imageId) ?? refuse(`image_id ${imageId} is not among the images`);
    const classIndex = classIndices.get(categoryId) ?? refuse(`category_id ${categoryId} is not among the categories`);
    const image = coco.images[place];
    const refuseBox = (what: string): never => refuse(`${what}: x, y, width, height ${bbox.join(', ')} in image ` +
      `${imageId} of ${image.width} x ${image.height} px`);

    const box = boxInImage(bbox, image);
    if (typeof box === 'string') {
      if (filters.strict) refuseBox(box);
      dropped[box]++;
      return;
    }
    if (box.overhang > 0.5) {
      if (filters.strict) refuseBox('box over the edge of the image');
      boxes.clipped++;
    }
    const [x0, y0, x1, y1] = box.xyxyUnit;
    const crowd = Boolean(annotation.iscrowd);
    if ((x1 - x0) * (y1 - y0) <= filters.minArea) dropped['box at or under minArea']++;
    else if (crowd && filters.crowd === 'drop') dropped['crowd box']++;
    else boxes.objects[place].push({ classIndex, xyxyUnit: box.xyxyUnit, crowd, annotationId: id });
  });
  return boxes;
}

/**
 * Turns a parsed COCO file into a dataset; `file` is only named in messages.
 * @throws UserError on duplicate ids, annotations of unknown images or categories, no categories, or no images left.
 */
export function annotatedDataset(coco: CocoJson, file: string, options: AnnotationOptions = {}): AnnotatedDataset {
  const filters = { ...defaultFilters, ...options };
  indexById(coco.categories, 'categories', file);
  indexById(coco.annotations, 'annotations', file);
  if (coco.categories.length === 0) throw new UserError(`${file}: categories is empty. A dataset needs classes.`);
  if (coco.images.length === 0) throw new UserError(`${file}: images is empty. A dataset needs images.`);
  const categories = classOrder(coco, file, options.categories);
  const classIndices = new Map(categories.map(({ id }, classIndex) => [id, classIndex]));
  const { objects, dropped, clipped } = groupBoxes(coco, file, classIndices, filters);

  const images: AnnotatedImage[] = [];
  coco.images.forEach(({ id, file_name: fileName, width, height }, place) => {
    const count = objects[place].length;
    if (count < filters.minObjects) dropped['image under minObjects']++;
    else if (count > filters.maxObjects) dropped['image over maxObjects']++;
    else images.push({ id, fileName, width, height, objects: objects[place] });
  });
  if (images.length === 0) {
    const reasons = Object.entries(dropped).filter(([, count]) => count > 0);
    throw new UserError(`${file}: the filters leave none of ${coco.images.length} images ` +
      `(${reasons.map(([reason, count]) => `${count} x ${reason}`).join(', ')}; minObjects ${filters.minObjects}, ` +
      `maxObjects ${filters.maxObjects}, minArea ${filters.minArea}). Relax them or check the annotations.`);
  }
  return { categories, images, dropped, clipped };
}

/** Reads a COCO instances file; see `annotatedDataset`. */
export async function readAnnotations(path: string, options: AnnotationOptions = {}): Promise<AnnotatedDataset> {
  return annotatedDataset(await readCoco(path), path, options);
}
