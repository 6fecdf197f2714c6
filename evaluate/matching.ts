/**
 * Which detections of one image (and one class) find which objects, at every size range and IoU threshold.
 *
 * The rule is COCO's: detections choose in order of falling score; each takes the free object it overlaps most, at
 * or above the threshold; an object that does not count ("ignored": a crowd, or one outside the size range) is taken
 * only where no counting object will do, and then the detection does not count either. A crowd is never used up.
 */
import type { CocoAnnotation, CocoDetection } from './cocoTypes.ts';
import { boxIou } from './boxIou.ts';
import type { EvaluationParams } from './evaluationParams.ts';

/** One image's objects and detections of one class, both in file order. */
export interface ImageCell {
  readonly objects: CocoAnnotation[];
  readonly detections: CocoDetection[];
}

/** Outcome for one cell. `D` is the number of detections kept, at most the last of `maxDets`. */
export interface ImageMatches {
  /** `[D]`, falling. */
  readonly scores: Float64Array;
  /** `[A, T, D]`, 1 where the detection found an object. */
  readonly found: Uint8Array;
  /** `[A, T, D]`, 1 where the detection is neither right nor wrong. */
  readonly ignored: Uint8Array;
  /** `[A]`, objects that count. */
  readonly counted: Uint32Array;
}

/** The cell's objects, prepared for one size range. Arrays are `[N]`, in file order except `order`. */
interface Candidates {
  readonly crowd: readonly boolean[];
  readonly ignored: readonly boolean[];
  /** Indices with the counting objects first. */
  readonly order: readonly number[];
}

type MatchParams = Pick<EvaluationParams, 'iouThrs' | 'maxDets' | 'areaRng' | 'useIgnoreFlags'>;

/** Matches one cell at every size range and threshold. */
export function matchImage({ objects, detections }: ImageCell, params: MatchParams): ImageMatches {
  const { iouThrs, areaRng } = params;
  // Array sort is stable: tied scores keep file order, as in pycocotools' mergesort.
  const kept = [...detections].sort((a, b) => b.score - a.score).slice(0, params.maxDets.at(-1));
  const crowd = objects.map((object) => Boolean(object.iscrowd));
  const ious = iouTable(kept, objects, crowd);
  const D = kept.length;
  const found = new Uint8Array(areaRng.length * iouThrs.length * D);
  const ignored = new Uint8Array(found.length);
  const counted = new Uint32Array(areaRng.length);
  areaRng.forEach((range, a) => {
    const outside = kept.map(({ bbox }) => isOutside(bbox[2] * bbox[3], range));
    const candidates = prepare(objects, crowd, range, params.useIgnoreFlags);
    counted[a] = candidates.ignored.filter((flag) => !flag).length;
    iouThrs.forEach((threshold, t) => {
      const taken = new Uint8Array(objects.length);
      for (let d = 0; d < D; d++) {
        const at = (a * iouThrs.length + t) * D + d;
        const best = bestObject(ious, d, threshold, candidates, taken);
        if (best >= 0) taken[best] = 1;
        found[at] = best >= 0 ? 1 : 0;
        ignored[at] = (best >= 0 ? candidates.ignored[best] : outside[d]) ? 1 : 0;
      }
    });
  });
  return { scores: Float64Array.from(kept, (detection) => detection.score), found, ignored, counted };
}

/** Index of the object that detection `d` takes, or -1. Among equal overlaps the last one wins. */
function bestObject(ious: Float64Array, d: number, threshold: number, from: Candidates, taken: Uint8Array): number {
  const N = from.order.length;
  let best = -1;
  // A threshold of 1 must still accept a perfect overlap that rounding has left just below 1.
  let bestIou = Math.min(threshold, 1 - 1e-10);
  for (const n of from.order) {
    if (taken[n] && !from.crowd[n]) continue;
    if (best >= 0 && !from.ignored[best] && from.ignored[n]) break;
    const iou = ious[d * N + n]!;
    if (iou < bestIou) continue;
    bestIou = iou;
    best = n;
  }
  return best;
}

function prepare(
  objects: readonly CocoAnnotation[], crowd: readonly boolean[], range: readonly [number, number], useIgnore: boolean,
): Candidates {
  const ignored = objects.map((object, n) =>
    crowd[n]! || (useIgnore && Boolean(object.ignore)) || isOutside(objectArea(object), range));
  const indices = objects.map((_, n) => n);
  const order = [...indices.filter((n) => !ignored[n]), ...indices.filter((n) => ignored[n])];
  return { crowd, ignored, order };
}

function objectArea({ area, bbox }: CocoAnnotation): number {
  return area ?? bbox[2] * bbox[3];
}

function isOutside(area: number, [least, most]: readonly [number, number]): boolean {
  return area < least || area > most;
}

/** `[D, N]` overlaps. */
function iouTable(
  detections: readonly CocoDetection[], objects: readonly CocoAnnotation[], crowd: readonly boolean[],
): Float64Array {
  const N = objects.length;
  const ious = new Float64Array(detections.length * N);
  detections.forEach((detection, d) => objects.forEach((object, n) => {
    ious[d * N + n] = boxIou(detection.bbox, object.bbox, crowd[n]!);
  }));
  return ious;
}
