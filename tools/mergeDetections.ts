/** Shards of a detection: which pictures a shard looks at, what it says of itself, and how shards become one result. */
import { copyFileSync, existsSync, mkdirSync, readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import type { Category } from '../data/annotations.ts';
import { UserError } from '../engine/errors.ts';
import { writeAtomic } from '../engine/writeAtomic.ts';
import { writeDetectionsPage } from '../evaluate/report/detectionsPage.ts';
import type { InversionConfig } from '../invert/config.ts';
import type { Detection, InversionRecord } from '../invert/detections.ts';
import { writeJson } from './cli.ts';
import { writeJob } from './resultFolder.ts';

/** Part `index` (from 1) of `count`: every `count`-th picture. */
export interface Shard {
  readonly index: number;
  readonly count: number;
}

/** Parser of `I/N`. */
export function parseShard(text: string): Shard {
  const match = /^(\d+)\/(\d+)$/.exec(text);
  const [index, count] = [Number(match?.[1]), Number(match?.[2])];
  if (!match || index < 1 || index > count) {
    throw new UserError(`--shard: must be I/N with I from 1 to N, found '${text}'`);
  }
  return { index, count };
}

export const inShard = ({ index, count }: Shard) => (_: unknown, i: number): boolean => i % count === index - 1;

/** detect.json: what a folder of detections was made from. */
export interface DetectJob {
  /** Everything that decides what is found; equal in all shards of one detection. */
  readonly made: {
    readonly generator: string; readonly prior: string | null; readonly config: InversionConfig;
  };
  readonly shard: Shard;
  /** Ids of its pictures in turn. */
  readonly images: readonly number[];
  /** Those of them that could not be read, and why. */
  readonly skipped: readonly { readonly imageId: number; readonly reason: string }[];
  readonly categories: readonly Pick<Category, 'id' | 'name'>[];
}

/** detections.json and the page of the records in a folder; returns the detections. */
export async function writeDetections(out: string, records: readonly InversionRecord[],
  categories: DetectJob['categories']): Promise<Detection[]> {
  const ids = new Map(categories.map(({ id, name }) => [name, id]));
  const detections = records.flatMap(({ imageId, detections: found }) => found.map(({ label, score, xywhPx }) =>
    ({ image_id: imageId, category_id: ids.get(label)!, bbox: xywhPx as unknown as Detection['bbox'], score })));
  await writeAtomic(join(out, 'detections.json'), JSON.stringify(detections));
  await writeDetectionsPage(out);
  return detections;
}

interface Part {
  readonly dir: string;
  readonly job: DetectJob;
  readonly records: ReadonlyMap<number, string>;
}

function openPart(dir: string): Part {
  const [job, lines] = [join(dir, 'detect.json'), join(dir, 'inversions.jsonl')];
  if (!existsSync(job) || !existsSync(lines)) {
    throw new UserError(`${dir}: is not the folder of a finished detection `
      + '(it needs detect.json and inversions.jsonl)');
  }
  const records = readFileSync(lines, 'utf8').split('\n').filter(Boolean)
    .map((line) => [(JSON.parse(line) as InversionRecord).imageId, line] as const);
  return { dir, job: JSON.parse(readFileSync(job, 'utf8')) as DetectJob, records: new Map(records) };
}

/** Throws a UserError unless these are all parts of one detection, each once and finished. */
function checkParts(parts: readonly Part[]): void {
  const [first] = parts as [Part, ...Part[]];
  const { count } = first.job.shard;
  for (const { dir, job, records } of parts) {
    if (job.shard.count !== count || JSON.stringify(job.made) !== JSON.stringify(first.job.made)) {
      throw new UserError(`${dir}: belongs to another detection than ${first.dir}: its options, runs, or number of `
        + 'shards differ (see detect.json in both)');
    }
    const left = job.images.filter((id) => !records.has(id) && !job.skipped.some(({ imageId }) => imageId === id));
    if (left.length > 0) {
      throw new UserError(`${dir}: lacks ${left.length} of its ${job.images.length} pictures; `
        + 'go on with detect --resume');
    }
  }
  for (let index = 1; index <= count; index++) {
    const found = parts.filter(({ job }) => job.shard.index === index);
    if (found.length === 0) throw new UserError(`shard ${index}/${count} is missing; merge needs all of them`);
    if (found.length > 1) {
      throw new UserError(`shard ${index}/${count} is there twice: ${found.map(({ dir }) => dir).join(', ')}`);
    }
  }
}

/** Puts shards together into what one run would have written, pictures in the same order. */
export async function mergeDetections(dirs: readonly string[], out: string, json?: string): Promise<void> {
  const parts = dirs.map(openPart).sort((a, b) => a.job.shard.index - b.job.shard.index);
  if (existsSync(join(out, 'inversions.jsonl'))) {
    throw new UserError(`--out ${out}: holds inversions already; choose another folder`);
  }
  checkParts(parts);
  const longest = Math.max(...parts.map(({ job }) => job.images.length));
  const turns = Array.from({ length: longest }, (_, k) => parts.flatMap((part) =>
    part.job.images.slice(k, k + 1).map((id) => ({ part, id })))).flat();
  const lines = turns.flatMap(({ part, id }) => part.records.get(id) ?? []);
  mkdirSync(join(out, 'overlays'), { recursive: true });
  for (const { dir } of parts) {
    const overlays = join(dir, 'overlays');
    for (const name of existsSync(overlays) ? readdirSync(overlays) : []) {
      copyFileSync(join(overlays, name), join(out, 'overlays', name));
    }
  }
  const { made, categories } = parts[0]!.job;
  const skipped = turns.flatMap(({ part, id }) => part.job.skipped.filter(({ imageId }) => imageId === id));
  await writeAtomic(join(out, 'inversions.jsonl'), lines.map((line) => `${line}\n`).join(''));
  const records = lines.map((line) => JSON.parse(line) as InversionRecord);
  const job: DetectJob = {
    made, shard: { index: 1, count: 1 }, images: turns.map(({ id }) => id), skipped, categories,
  };
  await writeJob(join(out, 'detect.json'), job);
  const detections = await writeDetections(out, records, categories);
  for (const { reason } of skipped) console.error(`skipped: ${reason}`);
  console.log(`${records.length} pictures of ${parts.length} shards: ${detections.length} objects`);
  console.log(`see ${join(out, 'index.html')}`);
  writeJson(json, { images: records.length, skipped: skipped.length, detections: detections.length });
  if (skipped.length > 0) process.exitCode = 1;
}
