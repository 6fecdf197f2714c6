/** A run is a folder: config.json, metrics.jsonl, checkpoints/, samples/, index.html. */
import { appendFileSync, existsSync, mkdirSync, readFileSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { CheckpointFile, saveCheckpoint, type ArraySource, type NamedArray } from '../engine/checkpoint.ts';
import type { Device } from '../engine/device.ts';
import { UserError } from '../engine/errors.ts';
import { ParamStore, type NamedFloats, type NamedValues } from '../engine/params.ts';
import type { State } from '../engine/state.ts';

/** Parameter values by name. */
export type Weights = Map<string, NamedFloats>;

export type RunKind = 'autoencoder' | 'generator' | 'prior' | 'dit';

/** What config.json and every checkpoint hold. */
export interface RunHeader<Config> {
  readonly kind: RunKind;
  readonly config: Config;
  /** Optimiser steps done. */
  readonly step: number;
  /** Lowest validation loss so far, and its step. */
  readonly best: { readonly value: number; readonly step: number } | null;
}

export type Which = 'best' | 'latest';

const named = (kind: RunKind): string => (kind === 'autoencoder' ? `an ${kind}` : `a ${kind}`);
const checkpointFile = (dir: string, which: Which): string => join(dir, 'checkpoints', `${which}.msgpack`);
const metricsFile = (dir: string): string => join(dir, 'metrics.jsonl');

/** Throws a UserError where a folder holds a run that is not to be resumed, or none that could be. */
export function expectRun(dir: string, resume: boolean): void {
  const exists = existsSync(checkpointFile(dir, 'latest'));
  if (exists && !resume) {
    throw new UserError(`${dir}: holds a run already; go on with --resume or choose another --out`);
  }
  if (resume && !exists) throw new UserError(`${dir}: there is no checkpoint to resume; leave out --resume`);
}

/** Makes the folder of a run and writes its config; when resuming, only once `resumeRun` has taken the checkpoint. */
export function openRun(dir: string, kind: RunKind, config: object, resume: boolean): void {
  expectRun(dir, resume);
  try {
    mkdirSync(join(dir, 'checkpoints'), { recursive: true });
    mkdirSync(join(dir, 'samples'), { recursive: true });
    writeFileSync(join(dir, 'config.json'), `${JSON.stringify({ kind, config, command: commandLine() }, null, 2)}\n`);
  } catch (error) {
    throw new UserError(`${dir}: cannot be written (${(error as Error).message})`);
  }
  if (!resume) writeFileSync(metricsFile(dir), '');
}

/** The command as a user would type it again. */
function commandLine(): string {
  const script = process.env['npm_lifecycle_event'];
  const args = process.argv.slice(2).map((arg) => (/^[\w./:=,-]+$/.test(arg) ? arg : `'${arg}'`)).join(' ');
  return script ? `npm run ${script} -- ${args}` : args;
}

/** Adds a record to metrics.jsonl. */
export function logMetrics(dir: string, record: Readonly<Record<string, number | string>>): void {
  appendFileSync(metricsFile(dir), `${JSON.stringify(record)}\n`);
}

/** Drops records of steps after `step`: an interrupted run may have logged more than it saved. */
export function rewindMetrics(dir: string, step: number): void {
  if (!existsSync(metricsFile(dir))) return;
  const text = readFileSync(metricsFile(dir), 'utf8');
  let kept = 0;
  for (const line of text.split('\n').slice(0, -1)) {
    let record: { step?: number };
    try {
      record = JSON.parse(line) as { step?: number };
    } catch {
      break;
    }
    if ((record.step ?? 0) > step) break;
    kept += Buffer.byteLength(line) + 1;
  }
  truncateSync(metricsFile(dir), kept);
}

/** Arrays of a checkpoint whose names begin with `prefix/`, without it; each is read when it is asked for. */
function partOf(checkpoint: CheckpointFile<unknown>, prefix: string): NamedValues {
  const begin = `${prefix}/`;
  return {
    keys: () => checkpoint.names.filter((name) => name.startsWith(begin)).map((name) => name.slice(begin.length)),
    get: (name) => checkpoint.read(begin + name) as NamedFloats | null ?? undefined,
  };
}

export interface TrainingState {
  readonly store: ParamStore;
  /** Averages of the store's groups, where they are kept. */
  readonly averages: readonly State[];
  /** Everything else that the next step depends on. */
  readonly states: readonly State[];
  /** Weights of other runs that this one was trained on, copied so that the run can be used alone. */
  readonly frozen: ReadonlyMap<string, NamedArray>;
}

/**
 * Saves all that training needs to go on exactly, as `latest`; or only the weights to use, as `best`. A part of the
 * state is in memory at a time.
 */
export async function saveRun<Config>(dir: string, which: Which, device: Device, header: RunHeader<Config>,
  training: TrainingState): Promise<void> {
  const arrays = new Map<string, ArraySource>();
  const { store, averages, states } = training;
  const add = (prefix: string, values: ReadonlyMap<string, ArraySource>): void => {
    for (const [name, array] of values) arrays.set(`${prefix}/${name}`, array);
  };
  add('frozen', training.frozen);
  const averaged = averages.length > 0;
  if (which === 'latest' || !averaged) add('weights', store.sources(device));
  if (averaged) add('average', store.sources(device, (_, i) => averages[i]!));
  if (which === 'latest') {
    for (const state of states) {
      arrays.set(`state/${state.name}`, async () => ({ shape: state.type.shape, data: await device.read(state) }));
    }
  }
  await saveCheckpoint(checkpointFile(dir, which), header, arrays);
}

/** Puts `latest` back on the device. */
export function resumeRun<Config>(dir: string, kind: RunKind, device: Device,
  training: TrainingState): RunHeader<Config> {
  const file = checkpointFile(dir, 'latest');
  const checkpoint = CheckpointFile.open<RunHeader<Config>>(file);
  try {
    const { header } = checkpoint;
    if (header.kind !== kind) throw new UserError(`${file}: holds ${named(header.kind)}, not ${named(kind)}`);
    const { store, averages, states } = training;
    store.load(partOf(checkpoint, 'weights'), file);
    store.upload(device);
    if (averages.length > 0) {
      const copy = new ParamStore(`${store.name} average`, store.specs, averages);
      copy.load(partOf(checkpoint, 'average'), file);
      copy.upload(device);
    }
    for (const state of states) {
      const array = checkpoint.read(`state/${state.name}`);
      if (!array) throw new UserError(`${file}: lacks the state '${state.name}'. Was it saved with other options?`);
      device.write(state, array.data);
    }
    return header;
  } finally {
    checkpoint.close();
  }
}

/** A run to use: its config, its weights (averages where kept), and the frozen weights that it came with. */
export interface LoadedRun<Config, Values extends NamedValues = Weights> {
  readonly dir: string;
  readonly file: string;
  readonly header: RunHeader<Config>;
  readonly weights: Values;
  readonly frozen: Values;
}

/**
 * A finished or running run whose weights are read as they are asked for: `best` where there is one, unless the other
 * is named. To be closed.
 */
export function openRunFile<Config>(dir: string, kind: RunKind, which?: Which):
  LoadedRun<Config, NamedValues> & { close(): void } {
  const best = checkpointFile(dir, 'best');
  const file = which ? checkpointFile(dir, which) : existsSync(best) ? best : checkpointFile(dir, 'latest');
  if (!existsSync(file)) throw new UserError(`${dir}: is not the folder of a trained ${kind} (there is no ${file})`);
  const checkpoint = CheckpointFile.open<RunHeader<Config>>(file);
  const { header } = checkpoint;
  if (header.kind !== kind) {
    checkpoint.close();
    throw new UserError(`${dir}: holds ${named(header.kind)}, but ${named(kind)} is needed here`);
  }
  const averaged = checkpoint.names.some((name) => name.startsWith('average/'));
  return {
    dir, file, header, weights: partOf(checkpoint, averaged ? 'average' : 'weights'),
    frozen: partOf(checkpoint, 'frozen'), close: () => checkpoint.close(),
  };
}

/** The same, read into memory. */
export function loadRun<Config>(dir: string, kind: RunKind, which?: Which): LoadedRun<Config> {
  const { close, ...run } = openRunFile<Config>(dir, kind, which);
  const read = (values: NamedValues): Weights => new Map([...values.keys()].map((name) => [name, values.get(name)!]));
  try {
    return { ...run, weights: read(run.weights), frozen: read(run.frozen) };
  } finally {
    close();
  }
}

/** Writes the weights of a run in half precision into another folder, as its `best`; returns the file. */
export async function compactRun(dir: string, kind: RunKind, out: string): Promise<string> {
  const { header, close, ...parts } = openRunFile<object>(dir, kind);
  const arrays = new Map((['weights', 'frozen'] as const).flatMap((part) => [...parts[part].keys()].map((name) =>
    [`${part}/${name}`, () => parts[part].get(name)!] as const)));
  const file = checkpointFile(out, 'best');
  try {
    await saveCheckpoint(file, header, arrays, { half: true });
  } finally {
    close();
  }
  writeFileSync(join(out, 'config.json'), `${JSON.stringify({ kind, config: header.config }, null, 2)}\n`);
  return file;
}
