/** What must hold of ground truth and detections before they can be compared; else UserError with place and value. */
import { UserError } from '../engine/errors.ts';
import type { CocoDetection, CocoGroundTruth, XywhPx } from './cocoTypes.ts';

/** Throws unless ids are unique, every annotation names a known image and category, and boxes are xywh. */
export function checkGroundTruth(gt: CocoGroundTruth, where = 'ground truth'): void {
  const images = uniqueIds(gt.images, `${where}: images`);
  const categories = uniqueIds(gt.categories, `${where}: categories`);
  uniqueIds(gt.annotations, `${where}: annotations`);
  gt.annotations.forEach((annotation, i) => {
    const place = `${where}: annotations[${i}]`;
    checkMember(annotation.image_id, images, `${place}: image_id`, 'images of the same file');
    checkMember(annotation.category_id, categories, `${place}: category_id`, 'categories of the same file');
    checkBox(annotation.bbox, place);
    if (annotation.area !== undefined && !(annotation.area >= 0)) {
      throw new UserError(`${place}: area must be 0 or more square pixels, got ${annotation.area}.`);
    }
  });
}

/** Throws unless every detection names an image and category of `gt`, and box and score can be used. */
export function checkDetections(
  detections: readonly CocoDetection[], gt: CocoGroundTruth, where = 'detections',
): void {
  const images = new Set(gt.images.map((image) => image.id));
  const categories = new Set(gt.categories.map((category) => category.id));
  detections.forEach((detection, i) => {
    const place = `${where}[${i}]`;
    checkMember(detection.image_id, images, `${place}: image_id`, 'images of the annotations');
    checkMember(detection.category_id, categories, `${place}: category_id`, 'categories of the annotations');
    checkBox(detection.bbox, place);
    if (!Number.isFinite(detection.score)) {
      throw new UserError(`${place}: score must be a finite number, got ${detection.score}.`);
    }
  });
}

function checkMember(id: number, known: ReadonlySet<number>, place: string, among: string): void {
  if (known.has(id)) return;
  throw new UserError(`${place} ${id} is not among the ${known.size} ${among}. Do the two belong together?`);
}

function checkBox(bboxXywhPx: XywhPx, place: string): void {
  const [, , width, height] = bboxXywhPx;
  if (bboxXywhPx.length === 4 && bboxXywhPx.every(Number.isFinite) && width >= 0 && height >= 0) return;
  throw new UserError(
    `${place}: bbox must be [left, top, width, height] in pixels with width and height 0 or more, ` +
    `got [${bboxXywhPx.join(', ')}]. Is it [left, top, right, bottom]?`);
}

function uniqueIds(items: readonly { readonly id: number }[], place: string): ReadonlySet<number> {
  const firstOf = new Map<number, number>();
  items.forEach(({ id }, i) => {
    const first = firstOf.get(id);
    if (first !== undefined) {
      throw new UserError(`${place}[${i}]: id ${id} is already that of entry ${first}; ids must differ.`);
    }
    firstOf.set(id, i);
  });
  return new Set(firstOf.keys());
}
