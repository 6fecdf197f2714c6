/** Published weights to the folder of a run, and back. */
import { existsSync, readFileSync, readdirSync } from 'node:fs';
import { rename, rm } from 'node:fs/promises';
import { basename, dirname, join, resolve } from 'node:path';
import type { NamedArray } from '../engine/checkpoint.ts';
import { UserError } from '../engine/errors.ts';
import { SafetensorsFile, writeSafetensors, type SafetensorsSource, type WrittenDType } from '../engine/safetensors.ts';
import { sameShape } from '../engine/tensor.ts';
import { writeAtomic } from '../engine/writeAtomic.ts';
import { streamCheckpoint, type StreamedArray } from './convertCheckpoint.ts';
import type { KeptArray, PublishedLayout } from './convertLayout.ts';
import type { ImportPlan, PublishedFiles, TakenArray } from './convertPlan.ts';
import type { LoadedRun, Weights } from './run.ts';

/** Kinds of runs that published weights become. */
export type ConvertedKind = 'autoencoder' | 'generator' | 'dit';

export interface ImportOptions {
  readonly kind: ConvertedKind;
  /** The run's config. */
  readonly config: object;
  /** Store f16. */
  readonly half: boolean;
  /** Arrays that no file holds but that using the run needs, for `frozen`. */
  readonly extra?: Iterable<readonly [string, NamedArray]>;
  /** Called with the number of arrays that are in the checkpoint. */
  readonly wrote?: (arrays: number) => void;
}

const unusedFile = (dir: string): string => join(dir, 'unused.safetensors');
const configFile = (dir: string): string => join(dir, 'config.json');
const checkpointFile = (dir: string): string => join(dir, 'checkpoints', 'best.msgpack');

/** Throws a UserError where there is something already. */
export function expectEmpty(dir: string): void {
  let found: string[] = [];
  try {
    found = existsSync(dir) ? readdirSync(dir) : [];
  } catch (error) {
    throw new UserError(`${dir}: is no folder that could be written (${(error as NodeJS.ErrnoException).code})`);
  }
  if (found.length > 0) throw new UserError(`${dir}: holds ${found[0]} already; choose another --out`);
}

/**
 * Writes the folder of a run that holds what the plan takes, as its `best`; what nothing uses lies in a file of its
 * own. The folder is made under another name and gets its own when all is there. Returns the path of the checkpoint.
 */
export async function importRun(dir: string, files: PublishedFiles, plan: ImportPlan, options: ImportOptions):
  Promise<string> {
  expectEmpty(dir);
  const made = join(dirname(resolve(dir)), `.${basename(resolve(dir))}.${process.pid}.tmp`);
  try {
    await writeRun(made, files, plan, options);
    await rename(made, dir);
  } catch (error) {
    await rm(made, { recursive: true, force: true });
    throw error;
  }
  return checkpointFile(dir);
}

async function writeRun(dir: string, files: PublishedFiles, plan: ImportPlan, options: ImportOptions): Promise<void> {
  const { kind, config, half, extra = [], wrote } = options;
  const read = ({ kept, key }: TakenArray): StreamedArray =>
    ({ name: `${kept.part}/${kept.name}`, shape: kept.shape, read: () => files.read(key) });
  const added = [...extra].map(([name, { shape, data }]): StreamedArray =>
    ({ name: `frozen/${name}`, shape, read: () => data as Float32Array }));
  const used = [...plan.taken.filter(({ kept }) => kept.part !== 'unused').map(read), ...added];
  const unused = plan.taken.filter(({ kept }) => kept.part === 'unused');
  await streamCheckpoint(checkpointFile(dir), { kind, config, step: 0, best: null }, used, half, wrote);
  if (unused.length > 0) {
    await writeSafetensors(unusedFile(dir), unused.map(({ kept, key }) =>
      ({ name: kept.name, dtype: half ? 'F16' : 'F32', shape: kept.shape, values: () => files.read(key) })));
  }
  await writeAtomic(configFile(dir), `${JSON.stringify({ kind, config }, null, 2)}\n`);
}

/** What kind of run a folder holds, by its config. */
export function kindOfRun(dir: string): ConvertedKind {
  let kind: unknown;
  try {
    ({ kind } = JSON.parse(readFileSync(configFile(dir), 'utf8')) as { kind?: unknown });
  } catch (error) {
    throw new UserError(`${dir}: is not the folder of a run (config.json: ${(error as Error).message})`);
  }
  if (kind !== 'autoencoder' && kind !== 'generator' && kind !== 'dit') {
    throw new UserError(`${dir}: holds a run of kind ${JSON.stringify(kind)}; autoencoder, generator and dit can be `
      + 'exported');
  }
  return kind;
}

export interface ExportResult {
  readonly written: readonly string[];
  /** Optional tensors that the run does not have. */
  readonly absent: readonly string[];
}

/** Writes the arrays of a run under their published names; arrays are taken from the run's weights one by one. */
export async function exportRun(file: string, run: LoadedRun<unknown>, layout: PublishedLayout, dtype: WrittenDType):
  Promise<ExportResult> {
  const unused = existsSync(unusedFile(run.dir)) ? await SafetensorsFile.open(unusedFile(run.dir)) : null;
  try {
    const absent: string[] = [];
    const sources: SafetensorsSource[] = [];
    for (const kept of layout.kept) {
      const values = valuesOf(kept, run, unused);
      if (values) sources.push({ name: kept.keys[0]!, dtype, shape: kept.publishedShape, values });
      else absent.push(kept.keys[0]!);
    }
    for (const { key, shape, values, exported } of layout.fixed) {
      if (exported) sources.push({ name: key, dtype: 'F32', shape, values: () => Float32Array.from(values()) });
    }
    // What readers of such files ask for: that values lie as in PyTorch.
    await writeSafetensors(file, sources, { format: 'pt' });
    return { written: sources.map(({ name }) => name), absent };
  } finally {
    await unused?.close();
  }
}

/** How to get at an array of a run; null where it is optional and not there. */
function valuesOf(kept: KeptArray, run: LoadedRun<unknown>, unused: SafetensorsFile | null):
  SafetensorsSource['values'] | null {
  const { part, name, shape } = kept;
  const parts: Record<'weights' | 'frozen', Weights> = { weights: run.weights, frozen: run.frozen };
  if (part === 'unused') return unused?.entries.has(name) ? () => unused.readFloats(name) : null;
  const array = parts[part].get(name);
  if (!array) throw new UserError(`${run.file}: lacks ${part} ${name}. Was it written by another version?`);
  if (!sameShape(array.shape, shape)) {
    throw new UserError(`${run.file}: ${name} is [${array.shape.join(', ')}], not [${shape.join(', ')}]`);
  }
  return () => array.data;
}
