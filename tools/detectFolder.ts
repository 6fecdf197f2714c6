/** The folder of a detection: what it was asked, records of what is done, and the files made of them in the end. */
import { appendFileSync, existsSync, mkdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { UserError } from '../engine/errors.ts';
import { writeAtomic } from '../engine/writeAtomic.ts';
import type { InversionRecord } from '../invert/detections.ts';
import { writeDetections, writeJob, type DetectJob } from './mergeDetections.ts';

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

/** Names the first setting that differs, with both values; null where none does. Pictures at once change no result. */
function difference(a: DetectJob, b: DetectJob): string | null {
  const settings = ({ made: { config: { imagesAtOnce, ...config }, ...runs } }: DetectJob): Record<string, unknown> =>
    ({ ...runs, ...config });
  const [left, right] = [settings(a), settings(b)];
  const key = [...new Set([...Object.keys(left), ...Object.keys(right)])]
    .find((name) => JSON.stringify(left[name]) !== JSON.stringify(right[name]));
  return key === undefined ? null : `${key} ${JSON.stringify(left[key])}, not ${JSON.stringify(right[key])}`;
}

export class DetectFolder {
  private noted = false;

  private constructor(readonly dir: string, readonly records: InversionRecord[]) {}

  /** Looks into a folder, which need not exist; a half-written last line is left out. */
  static look(dir: string): DetectFolder {
    const file = join(dir, 'inversions.jsonl');
    if (!existsSync(file)) return new DetectFolder(dir, []);
    return new DetectFolder(dir, readFileSync(file, 'utf8').split('\n').flatMap((line) => {
      try {
        return line ? [JSON.parse(line) as InversionRecord] : [];
      } catch {
        return [];
      }
    }));
  }

  /** Makes the folder and drops what an interrupt left half-written; refuses to go on with another job's records. */
  async begin(job: DetectJob): Promise<void> {
    const earlier = this.records.length > 0 ? this.job() : null;
    const changed = earlier && difference(earlier, job);
    if (changed !== null) throw new UserError(`${this.dir}: was begun with ${changed}; choose another --out`);
    try {
      mkdirSync(join(this.dir, 'overlays'), { recursive: true });
    } catch (error) {
      throw new UserError(`--out ${this.dir}: cannot be written (${(error as Error).message})`);
    }
    await this.writeRecords();
  }

  /** Adds a record. The folder says what it is for before its first, so that nothing is left where there is none. */
  async append(job: DetectJob, record: InversionRecord): Promise<void> {
    if (!this.noted) await writeJob(this.dir, job);
    this.noted = true;
    this.records.push(record);
    appendFileSync(join(this.dir, 'inversions.jsonl'), `${JSON.stringify(record)}\n`);
  }

  /** Puts the records into the order of the pictures and writes what is made of them. */
  async finish(job: DetectJob): Promise<DetectSummary> {
    const { dir, records } = this;
    const places = new Map(job.images.map((id, place) => [id, place]));
    const place = ({ imageId }: InversionRecord): number => places.get(imageId) ?? job.images.length;
    records.sort((a, b) => place(a) - place(b) || a.imageId - b.imageId);
    await this.writeRecords();
    await writeJob(dir, job);
    await writeDetections(dir, records, job.categories);
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

  private job(): DetectJob | null {
    const file = join(this.dir, 'detect.json');
    return existsSync(file) ? JSON.parse(readFileSync(file, 'utf8')) as DetectJob : null;
  }

  private writeRecords(): Promise<void> {
    return writeAtomic(join(this.dir, 'inversions.jsonl'),
      this.records.map((record) => `${JSON.stringify(record)}\n`).join(''));
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
