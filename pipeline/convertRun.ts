/** Published weights to the folder of a run, and back. */
import { existsSync, readFileSync, readdirSync } from 'node:fs';
import { rename, rm } from 'node:fs/promises';
import { basename, dirname, join, resolve } from 'node:path';
import { saveCheckpoint, type ArraySource, type NamedArray } from '../engine/checkpoint.ts';
import { UserError } from '../engine/errors.ts';
import { SafetensorsFile, writeSafetensors, type SafetensorsSource, type WrittenDType } from '../engine/safetensors.ts';
import type { NamedFloats, NamedValues } from '../engine/params.ts';
import { sameShape } from '../engine/tensor.ts';
import { writeAtomic } from '../engine/writeAtomic.ts';
import type { KeptArray, PublishedLayout } from './convertLayout.ts';
import type { ImportPlan, PublishedFiles } from './convertPlan.ts';
import type { LoadedRun } from './run.ts';

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
  const { kind, config, half, extra = [], wrote = () => undefined } = options;
  const arrays = new Map<string, ArraySource>(plan.taken.filter(({ kept }) => kept.part !== 'unused')
    .map(({ kept: { part, name, shape }, key }) => {
      const to = `${part}/${name}`;
      return [to, async () => ({ shape, data: finite(to, await files.read(key)) })];
    }));
  for (const [name, array] of extra) arrays.set(`frozen/${name}`, array);
  const unused = plan.taken.filter(({ kept }) => kept.part === 'unused');
  await saveCheckpoint(checkpointFile(dir), { kind, config, step: 0, best: null }, arrays, { half, wrote });
  if (unused.length > 0) {
    await writeSafetensors(unusedFile(dir), unused.map(({ kept, key }) =>
      ({ name: kept.name, dtype: half ? 'F16' : 'F32', shape: kept.shape, values: () => files.read(key) })));
  }
  await writeAtomic(configFile(dir), `${JSON.stringify({ kind, config }, null, 2)}\n`);
}

function finite(name: string, values: Float32Array): Float32Array {
  const at = values.findIndex((value) => !Number.isFinite(value));
  if (at >= 0) throw new UserError(`${name} holds ${values[at]} at ${at}; weights must be finite`);
  return values;
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

/** Writes the arrays of a run under their published names, one in memory at a time. */
export async function exportRun(file: string, run: LoadedRun<unknown, NamedValues>, layout: PublishedLayout,
  dtype: WrittenDType): Promise<ExportResult> {
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
function valuesOf({ part, name, shape }: KeptArray, run: LoadedRun<unknown, NamedValues>,
  unused: SafetensorsFile | null): SafetensorsSource['values'] | null {
  if (part === 'unused') return unused?.entries.has(name) ? () => unused.readFloats(name) : null;
  return () => {
    const array: NamedFloats | undefined = run[part].get(name);
    if (!array) throw new UserError(`${run.file}: lacks ${part} ${name}. Was it written by another version?`);
    if (!sameShape(array.shape, shape)) {
      throw new UserError(`${run.file}: ${name} is [${array.shape.join(', ')}], not [${shape.join(', ')}]`);
    }
    return array.data;
  };
}
