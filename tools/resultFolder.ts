/** A folder that results are added to one by one: what it was begun with, and a line for each result. */
import { appendFileSync, existsSync, mkdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { UserError } from '../engine/errors.ts';
import { writeAtomic } from '../engine/writeAtomic.ts';

/** What a folder was begun with. */
export interface FolderJob {
  /** Everything that decides what is found, apart from the pictures. */
  readonly made: { readonly config: { readonly imagesAtOnce: number } };
}

/** Names of its files, less their endings. */
export interface FolderNames {
  /** Of the JSON file of the job. */
  readonly job: string;
  /** Of the file with a line of JSON for each result. */
  readonly records: string;
}

/** Names the first setting that differs, with both values; null where none does. Pictures at once change no result. */
export function difference(a: FolderJob, b: FolderJob): string | null {
  const settings = ({ made: { config: { imagesAtOnce, ...config }, ...runs } }: FolderJob): Record<string, unknown> =>
    ({ ...runs, ...config });
  const [left, right] = [settings(a), settings(b)];
  const key = [...new Set([...Object.keys(left), ...Object.keys(right)])]
    .find((name) => JSON.stringify(left[name]) !== JSON.stringify(right[name]));
  return key === undefined ? null : `${key} ${JSON.stringify(left[key])}, not ${JSON.stringify(right[key])}`;
}

export const writeJob = (file: string, job: FolderJob): Promise<void> =>
  writeAtomic(file, `${JSON.stringify(job, null, 1)}\n`);

/** Lines of JSON; a half-written last one is left out. */
function readRecords<Result>(file: string): Result[] {
  if (!existsSync(file)) return [];
  return readFileSync(file, 'utf8').split('\n').flatMap((line) => {
    try {
      return line ? [JSON.parse(line) as Result] : [];
    } catch {
      return [];
    }
  });
}

export class ResultFolder<Job extends FolderJob, Result> {
  private held: Result[];
  private readonly jobFile: string;
  private readonly recordsFile: string;
  private noted = false;

  /** Looks into a folder, which need not exist. */
  constructor(readonly dir: string, private readonly names: FolderNames) {
    this.jobFile = join(dir, `${names.job}.json`);
    this.recordsFile = join(dir, `${names.records}.jsonl`);
    this.held = readRecords(this.recordsFile);
  }

  /** In the order of the file. */
  get records(): readonly Result[] {
    return this.held;
  }

  /** Refuses a folder that holds results, unless they are to be gone on with. */
  expectEmpty(resume = false): void {
    if (this.records.length === 0 || resume) return;
    const { dir, names } = this;
    throw new UserError(`${dir}: holds ${names.records} already; go on with --resume or choose another --out`);
  }

  /** Makes the folder and drops what an interrupt left half-written; refuses to go on with another job's records. */
  async begin(job: Job): Promise<void> {
    if (this.records.length > 0) this.expectSame(job);
    try {
      mkdirSync(this.dir, { recursive: true });
    } catch (error) {
      throw new UserError(`--out ${this.dir}: cannot be written (${(error as Error).message})`);
    }
    await this.rewrite(this.records);
  }

  private expectSame(job: Job): void {
    const { dir, names } = this;
    const earlier = this.job();
    if (earlier === null) {
      throw new UserError(`${dir}: holds ${names.records} but no ${names.job}.json, so that nothing says with which `
        + 'settings they were made; choose another --out');
    }
    const changed = difference(earlier, job);
    if (changed !== null) throw new UserError(`${dir}: was begun with ${changed}; choose another --out`);
  }

  /** Adds records. The folder says what it is for before its first, so that nothing is left where there is none. */
  async append(job: Job, ...records: readonly Result[]): Promise<void> {
    if (!this.noted) await this.note(job);
    this.held.push(...records);
    appendFileSync(this.recordsFile, records.map((record) => `${JSON.stringify(record)}\n`).join(''));
  }

  /** Puts other records in the place of those that it holds. */
  async rewrite(records: readonly Result[]): Promise<void> {
    this.held = [...records];
    await writeAtomic(this.recordsFile, records.map((record) => `${JSON.stringify(record)}\n`).join(''));
  }

  /** Writes what the folder is for. */
  async note(job: Job): Promise<void> {
    await writeJob(this.jobFile, job);
    this.noted = true;
  }

  job(): Job | null {
    return existsSync(this.jobFile) ? JSON.parse(readFileSync(this.jobFile, 'utf8')) as Job : null;
  }
}
