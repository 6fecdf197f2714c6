/**
 * COCO detection evaluation of bounding boxes: the twelve figures by which detectors are compared [Lin et al. 2014],
 * equal to those of pycocotools 2.0.
 *
 *   check -> group by class and image -> match (matching.ts) -> precision tables (precisionTables.ts) -> figures
 *
 * Two differences, both where pycocotools errs in silence: an annotation whose id is 0 can be found (pycocotools
 * takes its match for none), and a category or an image unknown to the ground truth is an error.
 */
import type { CocoAnnotation, CocoCategory, CocoDetection, CocoGroundTruth } from './cocoTypes.ts';
import { checkDetections, checkGroundTruth } from './checkCoco.ts';
import { completeParams, type EvaluationParams } from './evaluationParams.ts';
import { matchImage, type ImageCell } from './matching.ts';
import { emptyTables, fillClass } from './precisionTables.ts';
import { cocoStats, summariseClasses, type ClassFigures, type Measurement } from './cocoStats.ts';

export interface Evaluation extends Measurement {
  /** `[12]` in pycocotools' order (`statNames`), each in 0..1, or -1 where there is nothing to measure. */
  readonly stats: readonly number[];
  /** `[K]`. */
  readonly perClass: readonly ClassFigures[];
}

/** Measures `detections` against `gt`; UserError names the place where the two do not fit together. */
export function evaluateDetections(
  gt: CocoGroundTruth, detections: readonly CocoDetection[], overrides: Partial<EvaluationParams> = {},
): Evaluation {
  checkGroundTruth(gt);
  checkDetections(detections, gt);
  const params = completeParams(gt, overrides);
  const categories = scoredCategories(gt, params);
  const tables = emptyTables(params, categories.length);
  const cells = groupByClassAndImage(gt.annotations, detections, params);
  cells.forEach((ofClass, k) => {
    const images = [...ofClass.keys()].sort((a, b) => a - b).map((id) => matchImage(ofClass.get(id)!, params));
    fillClass(tables, k, images, params);
  });
  const measurement = { params, categories, tables };
  const counts = cells.map((ofClass) => countCells([...ofClass.values()]));
  return { ...measurement, stats: cocoStats(measurement), perClass: summariseClasses(measurement, counts) };
}

function scoredCategories(gt: CocoGroundTruth, { catIds, useCats }: EvaluationParams): CocoCategory[] {
  if (!useCats) return [{ id: -1, name: 'all classes' }];
  const byId = new Map(gt.categories.map((category) => [category.id, category]));
  return catIds.map((id) => byId.get(id)!);
}

/** `[K]` maps from image id to that image's objects and detections of the class; images with neither are absent. */
function groupByClassAndImage(
  annotations: readonly CocoAnnotation[], detections: readonly CocoDetection[], params: EvaluationParams,
): Map<number, ImageCell>[] {
  const { catIds, useCats } = params;
  const images = new Set(params.imgIds);
  const rowOf = new Map(catIds.map((id, k) => [id, useCats ? k : 0]));
  const cells = Array.from({ length: useCats ? catIds.length : 1 }, () => new Map<number, ImageCell>());
  const cellOf = ({ image_id, category_id }: CocoAnnotation | CocoDetection): ImageCell | undefined => {
    const ofClass = cells[rowOf.get(category_id) ?? -1];
    if (!ofClass || !images.has(image_id)) return undefined;
    const cell = ofClass.get(image_id) ?? { objects: [], detections: [] };
    ofClass.set(image_id, cell);
    return cell;
  };
  // Ties are settled by order, which without classes is by category first.
  const inOrder = <Item extends CocoAnnotation | CocoDetection>(items: readonly Item[]) =>
    useCats ? items : [...items].sort((a, b) => a.category_id - b.category_id);
  for (const annotation of inOrder(annotations)) cellOf(annotation)?.objects.push(annotation);
  for (const detection of inOrder(detections)) cellOf(detection)?.detections.push(detection);
  return cells;
}

function countCells(cells: readonly ImageCell[]): { objects: number; detections: number } {
  return {
    objects: cells.reduce((sum, cell) => sum + cell.objects.filter((object) => !object.iscrowd).length, 0),
    detections: cells.reduce((sum, cell) => sum + cell.detections.length, 0),
  };
}
