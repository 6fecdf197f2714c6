/** What `detect` writes: COCO results in original pixels, and a record of every inversion. */
import type { AnnotatedImage, Category } from '../data/annotations.ts';
import type { Inversion } from './invert.ts';

export interface Detection {
  readonly image_id: number;
  readonly category_id: number;
  /** x, y, width, height in pixels of the original picture. */
  readonly bbox: readonly [number, number, number, number];
  readonly score: number;
}

const rounded = (value: number): number => Math.round(value * 100) / 100;

/** Objects of an inversion as COCO results. */
export function toDetections({ objects }: Inversion, image: Pick<AnnotatedImage, 'id' | 'width' | 'height'>,
  categories: readonly Category[]): Detection[] {
  const { id, width, height } = image;
  return objects.map(({ classIndex, xyxyUnit: [x0, y0, x1, y1], score }) => ({
    image_id: id,
    category_id: categories[classIndex]!.id,
    bbox: [rounded(x0 * width), rounded(y0 * height), rounded((x1 - x0) * width), rounded((y1 - y0) * height)],
    score: Math.round(score * 1e5) / 1e5,
  }));
}

/** One line of inversions.jsonl. */
export interface InversionRecord {
  readonly imageId: number;
  readonly fileName: string;
  readonly seed: number;
  readonly tokens: readonly number[];
  /** x0, y0, x1, y1 in [0, 1] of each object. */
  readonly boxes: readonly (readonly number[])[];
  readonly energy: number;
  readonly loss: Inversion['loss'];
  readonly monitor: Inversion['monitor'];
  readonly convergenceStep: number;
  readonly steps: number;
  /** Network passes, forward and backward counted one each. */
  readonly passes: number;
  readonly seconds: number;
  readonly detections: readonly {
    readonly label: string; readonly score: number; readonly xywhPx: readonly number[];
  }[];
}

export function toRecord(inversion: Inversion, image: AnnotatedImage, detections: readonly Detection[],
  categories: readonly Category[], seed: number, seconds: number): InversionRecord {
  const names = new Map(categories.map(({ id, name }) => [id, name]));
  const { tokens, objects, energy, loss, monitor, convergenceStep, steps, passes } = inversion;
  return {
    imageId: image.id, fileName: image.fileName, seed, tokens: [...tokens],
    boxes: objects.map(({ xyxyUnit }) => [...xyxyUnit]),
    energy, loss, monitor, convergenceStep, steps, passes, seconds: rounded(seconds),
    detections: detections.map(({ category_id, score, bbox }) =>
      ({ label: names.get(category_id)!, score, xywhPx: bbox })),
  };
}
