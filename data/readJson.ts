import { readFile } from 'node:fs/promises';
import { UserError } from '../engine/errors.ts';

/** Reads any JSON file, with or without a byte order mark; UserError naming the file when that fails. */
export async function readJson(path: string): Promise<unknown> {
  let text: string;
  try {
    text = await readFile(path, 'utf8');
  } catch (error) {
    throw new UserError(`${path}: cannot be read (${(error as NodeJS.ErrnoException).code}). Does the file exist?`);
  }
  try {
    return JSON.parse(text.startsWith('\uFEFF') ? text.slice(1) : text);
  } catch (error) {
    throw new UserError(`${path}: not valid JSON: ${(error as Error).message.split('\n')[0]}`);
  }
}
