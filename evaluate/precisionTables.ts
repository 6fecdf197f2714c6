/**
 * Precision and recall of every class, size range, detection limit and IoU threshold, from the images' matches.
 *
 * Axes: T IoU thresholds, R recall thresholds, K classes, A size ranges, M detection limits.
 */
import type { EvaluationParams } from './evaluationParams.ts';
import type { ImageMatches } from './matching.ts';

/** Entries are -1 where a class has no object that counts. */
export interface PrecisionTables {
  readonly shape: Readonly<Record<'T' | 'R' | 'K' | 'A' | 'M', number>>;
  /** `[T, R, K, A, M]`, the best precision at that recall or above; 0 at recalls never reached. */
  readonly precision: Float64Array;
  /** `[T, R, K, A, M]`, the score of the detection with which that recall is reached; 0 where it never is. */
  readonly scores: Float64Array;
  /** `[T, K, A, M]`, the recall of all detections together. */
  readonly recall: Float64Array;
}

/** Tables filled with -1 for `K` classes. */
export function emptyTables(params: EvaluationParams, K: number): PrecisionTables {
  const { iouThrs: { length: T }, recThrs: { length: R }, areaRng: { length: A }, maxDets: { length: M } } = params;
  return {
    shape: { T, R, K, A, M },
    precision: new Float64Array(T * R * K * A * M).fill(-1),
    scores: new Float64Array(T * R * K * A * M).fill(-1),
    recall: new Float64Array(T * K * A * M).fill(-1),
  };
}

/** Place of an entry in `precision` and `scores`. */
export function precisionIndex(
  { shape: { R, K, A, M } }: PrecisionTables, t: number, r: number, k: number, a: number, m: number,
): number {
  return (((t * R + r) * K + k) * A + a) * M + m;
}

/** Place of an entry in `recall`. */
export function recallIndex(
  { shape: { K, A, M } }: PrecisionTables, t: number, k: number, a: number, m: number,
): number {
  return ((t * K + k) * A + a) * M + m;
}

/** Detections of one class over all images, in order of falling score. Arrays are `[D]`. */
interface Ranking {
  readonly images: readonly ImageMatches[];
  readonly imageOf: Uint32Array;
  /** Rank of the detection within its image. */
  readonly rankOf: Uint32Array;
  readonly scores: Float64Array;
}

/** Fills class `k` of the tables. `images` come in ascending image id: that order settles tied scores. */
export function fillClass(
  tables: PrecisionTables, k: number, images: readonly ImageMatches[], params: EvaluationParams,
): void {
  const { T, A } = tables.shape;
  params.maxDets.forEach((maxDets, m) => {
    const ranking = rank(images, maxDets);
    for (let a = 0; a < A; a++) {
      const objects = images.reduce((sum, image) => sum + image.counted[a]!, 0);
      if (objects === 0) continue;
      for (let t = 0; t < T; t++) {
        const { recall, precision, scores } = curve(ranking, a * T + t, objects);
        tables.recall[recallIndex(tables, t, k, a, m)] = recall.at(-1) ?? 0;
        let d = 0;
        params.recThrs.forEach((threshold, r) => {
          while (d < recall.length && recall[d]! < threshold) d++;
          const at = precisionIndex(tables, t, r, k, a, m);
          tables.precision[at] = precision[d] ?? 0;
          tables.scores[at] = scores[d] ?? 0;
        });
      }
    }
  });
}

function rank(images: readonly ImageMatches[], maxDets: number): Ranking {
  const keptOf = (image: ImageMatches) => Math.min(image.scores.length, maxDets);
  const total = images.reduce((sum, image) => sum + keptOf(image), 0);
  const unsorted = { imageOf: new Uint32Array(total), rankOf: new Uint32Array(total), scores: new Float64Array(total) };
  let d = 0;
  images.forEach((image, i) => {
    for (let rankInImage = 0; rankInImage < keptOf(image); rankInImage++, d++) {
      unsorted.imageOf[d] = i;
      unsorted.rankOf[d] = rankInImage;
      unsorted.scores[d] = image.scores[rankInImage]!;
    }
  });
  const order = Uint32Array.from({ length: total }, (_, i) => i);
  order.sort((i, j) => unsorted.scores[j]! - unsorted.scores[i]! || i - j);
  return {
    images,
    imageOf: order.map((i) => unsorted.imageOf[i]!),
    rankOf: order.map((i) => unsorted.rankOf[i]!),
    scores: Float64Array.from(order, (i) => unsorted.scores[i]!),
  };
}

/**
 * Recall, interpolated precision and score after each detection, all `[D]`, for the size range and threshold whose
 * rows of `found` and `ignored` are number `row`. Ignored detections repeat the point before them.
 */
function curve({ images, imageOf, rankOf, scores }: Ranking, row: number, objects: number) {
  const recall = new Float64Array(scores.length);
  const precision = new Float64Array(scores.length);
  let right = 0;
  let wrong = 0;
  for (let d = 0; d < scores.length; d++) {
    const image = images[imageOf[d]!]!;
    const at = row * image.scores.length + rankOf[d]!;
    if (!image.ignored[at]) {
      if (image.found[at]) right++;
      else wrong++;
    }
    recall[d] = right / objects;
    precision[d] = right === 0 ? 0 : right / (right + wrong);
  }
  for (let d = scores.length - 1; d > 0; d--) {
    precision[d - 1] = Math.max(precision[d - 1]!, precision[d]!);
  }
  return { recall, precision, scores };
}
