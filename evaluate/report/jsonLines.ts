import { readFile } from 'node:fs/promises';
import { UserError } from '../../engine/errors.ts';

export type JsonRecord = Readonly<Record<string, unknown>>;

export interface JsonLines {
  readonly records: readonly JsonRecord[];
  /** Lines that are not JSON objects, the half-written last one excepted: a crash leaves one before a resume. */
  readonly unreadable: number;
}

/**
 * Reads a file of one JSON object a line that may be written to meanwhile: a last line without its newline is left out
 * unless it is complete. A missing file has no records.
 */
export async function readJsonLines(path: string): Promise<JsonLines> {
  let text: string;
  try {
    text = await readFile(path, 'utf8');
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT') return { records: [], unreadable: 0 };
    throw new UserError(`${path}: cannot be read (${code}). Is it a file, and are you allowed to read it?`);
  }
  const lines = text.split('\n');
  const records: JsonRecord[] = [];
  let unreadable = 0;
  lines.forEach((line, i) => {
    if (line.trim() === '') return;
    const record = parseRecord(line);
    if (record) records.push(record);
    else if (i < lines.length - 1) unreadable++;
  });
  return { records, unreadable };
}

function parseRecord(line: string): JsonRecord | null {
  try {
    const value: unknown = JSON.parse(line);
    return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as JsonRecord) : null;
  } catch {
    return null; // counted by the caller
  }
}
