/** The file that keeps which kernels were found fastest on an adapter, and where it lies. */
import { createHash } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { writeAtomic } from './writeAtomic.ts';

/** What was found for one kind of work. */
export interface Choice {
  /** Name of the variant to take. */
  readonly variant: string;
  /** Milliseconds of a run of each that was timed; empty where time was up before this kind's turn. */
  readonly ms: Readonly<Record<string, number>>;
}

interface Content {
  readonly format: 1;
  /** For the reader; the name of the file is what tells adapters apart. */
  readonly adapter: string;
  readonly choices: Readonly<Record<string, Choice>>;
}

/** The user's folder for what can be made again: `DIVE_CACHE`, else where the system keeps such things. */
export function cacheFolder(env: Readonly<Record<string, string | undefined>> = process.env): string {
  if (env['DIVE_CACHE']) return env['DIVE_CACHE'];
  if (env['XDG_CACHE_HOME']) return join(env['XDG_CACHE_HOME'], 'dive-webgpu');
  if (process.platform === 'darwin') return join(homedir(), 'Library', 'Caches', 'dive-webgpu');
  if (process.platform === 'win32' && env['LOCALAPPDATA']) return join(env['LOCALAPPDATA'], 'dive-webgpu', 'cache');
  return join(homedir(), '.cache', 'dive-webgpu');
}

export const digest = (text: string): string => createHash('sha256').update(text).digest('hex').slice(0, 16);

/** The file of an adapter; `adapter` says its driver and version too. */
export const choiceFile = (adapter: string): string => join(cacheFolder(), `kernels-${digest(adapter)}.json`);

function isChoice(value: unknown): value is Choice {
  if (typeof value !== 'object' || value === null) return false;
  const { variant, ms } = value as Record<string, unknown>;
  return typeof variant === 'string' && typeof ms === 'object' && ms !== null
    && Object.values(ms).every((time) => typeof time === 'number');
}

/** What a file holds; null where it is torn or not of this kind, an empty map where there is none. */
export function readChoices(file: string): Map<string, Choice> | null {
  if (!existsSync(file)) return new Map();
  let content: unknown;
  try {
    content = JSON.parse(readFileSync(file, 'utf8'));
  } catch {
    return null;
  }
  const { format, choices } = (content ?? {}) as Partial<Content>;
  if (format !== 1 || typeof choices !== 'object' || choices === null) return null;
  const entries = Object.entries(choices);
  return entries.every(([, choice]) => isChoice(choice)) ? new Map(entries) : null;
}

/** Adds choices to a file; those that another process has added meanwhile stay. */
export async function addChoices(file: string, adapter: string, found: ReadonlyMap<string, Choice>): Promise<void> {
  const choices = Object.fromEntries([...readChoices(file) ?? [], ...found].sort(([a], [b]) => (a < b ? -1 : 1)));
  const content: Content = { format: 1, adapter, choices };
  await writeAtomic(file, `${JSON.stringify(content, null, 1)}\n`);
}
