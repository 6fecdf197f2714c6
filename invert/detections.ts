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

/** The part of a picture that the network saw, as fractions of it; the whole of it unless it was cropped. */
export type SeenXyxyUnit = readonly [number, number, number, number];

const rounded = (value: number): number => Math.round(value * 100) / 100;

/** Objects of an inversion as COCO results. */
export function toDetections({ objects }: Inversion, image: Pick<AnnotatedImage, 'id' | 'width' | 'height'>, categories: readonly Category[],
  seen: SeenXyxyUnit = [0, 0, 1, 1]): Detection[] {
  const [left, top, right, bottom] = seen;
  const x = (unit: number): number => (left + unit * (right - left)) * image.width;
  const y = (unit: number): number => (top + unit * (bottom - top)) * image.height;
  return objects.map(({ classIndex, xyxyUnit: [x0, y0, x1, y1], score }) => ({
    image_id: image.id,
    category_id: categories[classIndex]!.id,
    bbox: [rounded(x(x0)), rounded(y(y0)), rounded(x(x1) - x(x0)), rounded(y(y1) - y(y0))],
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
  readonly seconds: number;
  readonly detections: readonly { readonly label: string; readonly score: number; readonly xywhPx: readonly number[] }[];
}

export function toRecord(inversion: Inversion, image: AnnotatedImage, detections: readonly Detection[], categories: readonly Category[],
  seed: number, seconds: number): InversionRecord {
  const names = new Map(categories.map(({ id, name }) => [id, name]));
  const { tokens, objects, energy, loss, monitor, convergenceStep, steps } = inversion;
  return {
    imageId: image.id, fileName: image.fileName, seed, tokens: [...tokens], boxes: objects.map(({ xyxyUnit }) => [...xyxyUnit]),
    energy, loss, monitor, convergenceStep, steps, seconds: rounded(seconds),
    detections: detections.map(({ category_id, score, bbox }) => ({ label: names.get(category_id)!, score, xywhPx: bbox })),
  };
}
