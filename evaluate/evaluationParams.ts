/**
 * What a COCO evaluation measures. Fields carry pycocotools' names, so that settings can be read across.
 */
import { UserError } from '../engine/errors.ts';
import type { CocoGroundTruth } from './cocoTypes.ts';

export interface EvaluationParams {
  /** Images that count, ascending. Default: all of the ground truth. */
  readonly imgIds: readonly number[];
  /** Categories that count, ascending. Default: all of the ground truth. */
  readonly catIds: readonly number[];
  /** IoU thresholds `[T]`. Default: 0.5 to 0.95 in ten steps. */
  readonly iouThrs: readonly number[];
  /** Recalls `[R]` in 0..1 at which precision is read, ascending. Default: 0 to 1 in steps of 0.01. */
  readonly recThrs: readonly number[];
  /** Most detections of one class in one image, three numbers, ascending. Default: 1, 10, 100. */
  readonly maxDets: readonly number[];
  /** Object size ranges `[A]` in square pixels, both ends included. Default: all, below 32², 32² to 96², above. */
  readonly areaRng: readonly (readonly [number, number])[];
  /** Names of the size ranges `[A]`; the twelve figures look for `all`, `small`, `medium` and `large`. */
  readonly areaRngLbl: readonly string[];
  /** False scores all categories as one. Default: true. */
  readonly useCats: boolean;
  /** True leaves out annotations marked `ignore` as if they were crowds of one. pycocotools cannot. Default: false. */
  readonly useIgnoreFlags: boolean;
}

/** `count` evenly spaced numbers from `first` to `last`, rounded as numpy.linspace rounds them. */
function linspace(first: number, last: number, count: number): number[] {
  const step = (last - first) / (count - 1);
  return Array.from({ length: count }, (_, i) => (i === count - 1 ? last : i * step + first));
}

const huge = 1e10;

/** COCO's own settings. Thresholds equal numpy's to the last bit: an IoU of exactly 0.9 passes 0.8999999999999999. */
export const cocoParams = {
  iouThrs: linspace(0.5, 0.95, 10),
  recThrs: linspace(0, 1, 101),
  maxDets: [1, 10, 100],
  areaRng: [[0, huge], [0, 32 ** 2], [32 ** 2, 96 ** 2], [96 ** 2, huge]],
  areaRngLbl: ['all', 'small', 'medium', 'large'],
  useCats: true,
  useIgnoreFlags: false,
} as const satisfies Partial<EvaluationParams>;

/** COCO's settings with `overrides` over them; throws UserError on settings that would measure nothing. */
export function completeParams(gt: CocoGroundTruth, overrides: Partial<EvaluationParams>): EvaluationParams {
  const everyImage = gt.images.map((image) => image.id);
  const everyCategory = gt.categories.map((category) => category.id);
  const params: EvaluationParams = { imgIds: everyImage, catIds: everyCategory, ...cocoParams, ...overrides };
  checkKnown('imgIds', params.imgIds, everyImage);
  checkKnown('catIds', params.catIds, everyCategory);
  checkThresholds(params);
  checkMaxDets(params.maxDets);
  checkAreas(params);
  return { ...params, imgIds: sortedUnique(params.imgIds), catIds: sortedUnique(params.catIds) };
}

function checkKnown(field: string, ids: readonly number[], known: readonly number[]): void {
  const knownSet = new Set(known);
  const stranger = ids.find((id) => !knownSet.has(id));
  if (stranger !== undefined) {
    throw new UserError(`evaluation params: ${field} has ${stranger}, which the ground truth lacks; leave it out.`);
  }
}

function checkThresholds({ iouThrs, recThrs }: EvaluationParams): void {
  if (iouThrs.length === 0 || !iouThrs.every((threshold) => threshold >= 0 && threshold <= 1)) {
    throw new UserError(`evaluation params: iouThrs must be numbers in 0..1, got [${iouThrs.join(', ')}].`);
  }
  const ascending = recThrs.every((threshold, i) => i === 0 || threshold > recThrs[i - 1]!);
  if (recThrs.length === 0 || !ascending || !recThrs.every((threshold) => threshold >= 0 && threshold <= 1)) {
    throw new UserError(`evaluation params: recThrs must ascend within 0..1, got [${recThrs.join(', ')}].`);
  }
}

function checkMaxDets(maxDets: readonly number[]): void {
  const ascending = maxDets.every((count, i) => Number.isInteger(count) && count > (i === 0 ? 0 : maxDets[i - 1]!));
  if (maxDets.length !== 3 || !ascending) {
    throw new UserError(
      `evaluation params: maxDets must be three ascending positive integers such as 1,10,100, ` +
      `one for each of the three recall figures; got [${maxDets.join(', ')}].`);
  }
}

function checkAreas({ areaRng, areaRngLbl }: EvaluationParams): void {
  if (areaRng.length === 0 || areaRng.length !== areaRngLbl.length) {
    throw new UserError(
      `evaluation params: areaRng has ${areaRng.length} ranges but areaRngLbl ${areaRngLbl.length} names; give both.`);
  }
  const wrong = areaRng.findIndex(([least, most]) => !(least <= most));
  if (wrong >= 0) {
    throw new UserError(`evaluation params: areaRng[${wrong}] must be [least, most], got [${areaRng[wrong]}].`);
  }
}

function sortedUnique(ids: readonly number[]): number[] {
  return [...new Set(ids)].sort((a, b) => a - b);
}
