import { existsSync } from 'node:fs';
import { join } from 'node:path';

const dataDir = process.env['DATA_DIR'] ?? '../shared/data';

/** A folder of the development data, or null where it is absent: tests that need it then count as skipped. */
export function dataFolder(name: string): string | null {
  const path = join(dataDir, name);
  return existsSync(path) ? path : null;
}
