/** The folder of a detection: what it was asked, records of what is done, and the files made of them in the end. */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import type { AnnotatedImage } from '../data/annotations.ts';
import { UserError } from '../engine/errors.ts';
import type { InversionRecord } from '../invert/detections.ts';
import { writeDetections, type DetectJob } from './mergeDetections.ts';
import { ResultFolder, difference } from './resultFolder.ts';

/** Figures of a detection: means over its pictures. */
export interface DetectSummary {
  readonly images: number;
  readonly skipped: number;
  readonly detections: number;
  readonly secondsPerImage: number;
  /** Step of the monitor's minimum, and step that the search ended at. */
  readonly convergenceStep: number;
  readonly steps: number;
  readonly passesPerImage: number;
}

export class DetectFolder extends ResultFolder<DetectJob, InversionRecord> {
  /** Looks into a folder, which need not exist. */
  constructor(dir: string) {
    super(dir, { job: 'detect', records: 'inversions' });
  }

  /** Refuses records that another picture has left under an id: without annotations ids only count the pictures. */
  expectPictures(images: readonly Pick<AnnotatedImage, 'id' | 'fileName'>[]): void {
    const names = new Map(images.map(({ id, fileName }) => [id, fileName]));
    const other = this.records.find(({ imageId, fileName }) => (names.get(imageId) ?? fileName) !== fileName);
    if (other === undefined) return;
    const { imageId, fileName } = other;
    throw new UserError(`${this.dir}: picture ${imageId} was ${fileName}, not ${names.get(imageId)!}; `
      + 'choose another --out');
  }

  /** Puts the records into the order of the pictures and writes what is made of them. */
  async finish(job: DetectJob): Promise<DetectSummary> {
    const places = new Map(job.images.map((id, place) => [id, place]));
    const place = ({ imageId }: InversionRecord): number => places.get(imageId) ?? job.images.length;
    await this.rewrite([...this.records].sort((a, b) => place(a) - place(b) || a.imageId - b.imageId));
    await this.note(job);
    await writeDetections(this.dir, this.records, job.categories);
    return this.summary(job);
  }

  /** Whether everything that a job asks for is there. */
  has(job: DetectJob): boolean {
    const done = new Set(this.records.map(({ imageId }) => imageId));
    const earlier = this.job();
    return earlier !== null && difference(earlier, job) === null && existsSync(join(this.dir, 'detections.json'))
      && job.images.every((id) => done.has(id));
  }

  /** Figures of what a job asks for; the folder may hold more. */
  summary({ images, skipped }: Pick<DetectJob, 'images' | 'skipped'>): DetectSummary {
    const wanted = new Set(images);
    const records = this.records.filter(({ imageId }) => wanted.has(imageId));
    const mean = (of: (record: InversionRecord) => number): number =>
      records.reduce((sum, record) => sum + of(record), 0) / Math.max(1, records.length);
    return {
      images: records.length, skipped: skipped.length,
      detections: records.reduce((sum, { detections }) => sum + detections.length, 0),
      secondsPerImage: mean(({ seconds }) => seconds), convergenceStep: mean(({ convergenceStep }) => convergenceStep),
      steps: mean(({ steps }) => steps), passesPerImage: mean(({ passes }) => passes),
    };
  }
}

/** Prints the figures of a detection. */
export function printSummary(dir: string, total: number, most: number, summary: DetectSummary): void {
  const { images, detections, secondsPerImage, passesPerImage, convergenceStep, steps } = summary;
  console.log(`${images} of ${total} pictures: ${detections} objects, `
    + `${secondsPerImage.toFixed(2)} s and ${Math.round(passesPerImage)} network passes a picture, `
    + `converged at step ${convergenceStep.toFixed(1)} and stopped at ${steps.toFixed(1)} of ${most}`);
  console.log(`see ${join(dir, 'index.html')}`);
}
