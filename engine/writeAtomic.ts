/** Files that are whole or absent: written under a temporary name in the same folder, then renamed. */
import { mkdir, open, rename, rm, type FileHandle } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { UserError } from './errors.ts';

let serial = 0;

/** A name beside the file that no other writer uses: hidden, with process id and serial number. */
function temporaryPath(path: string): string {
  return join(dirname(path), `.${basename(path)}.${process.pid}.${serial++}.tmp`);
}

/**
 * Lets `fill` write a file piece by piece and gives it its name when all is written; folders are made as needed.
 * When `fill` throws, nothing is left behind and what the path held before stays.
 * @throws UserError naming the path when it cannot be written.
 */
export async function streamAtomic(path: string, fill: (file: FileHandle) => Promise<void>): Promise<void> {
  const temporary = temporaryPath(path);
  let file: FileHandle;
  try {
    await mkdir(dirname(path), { recursive: true });
    file = await open(temporary, 'w');
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    throw new UserError(`${path}: cannot be written (${code}). Is its folder writable?`);
  }
  try {
    try {
      await fill(file);
    } finally {
      await file.close();
    }
    await rename(temporary, path);
  } catch (error) {
    await rm(temporary, { force: true });
    const code = (error as NodeJS.ErrnoException).code;
    if (code === undefined || error instanceof UserError) throw error;
    throw new UserError(`${path}: cannot be written (${code}). Is the disk full, or the path a folder?`);
  }
}

/** Writes bytes or UTF-8 text under a path, whole or not at all; see `streamAtomic`. */
export async function writeAtomic(path: string, content: string | Uint8Array): Promise<void> {
  await streamAtomic(path, (file) => file.writeFile(content));
}
