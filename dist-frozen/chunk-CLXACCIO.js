import {
  UserError
} from "./chunk-Q54TM6M7.js";

// engine/writeAtomic.ts
import { mkdir, open, rename, rm } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
var serial = 0;
function temporaryPath(path) {
  return join(dirname(path), `.${basename(path)}.${process.pid}.${serial++}.tmp`);
}
async function streamAtomic(path, fill) {
  const temporary = temporaryPath(path);
  let file;
  try {
    await mkdir(dirname(path), { recursive: true });
    file = await open(temporary, "w");
  } catch (error) {
    const { code } = error;
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
    const code = error.code;
    if (code === void 0 || error instanceof UserError) throw error;
    throw new UserError(`${path}: cannot be written (${code}). Is the disk full, or the path a folder?`);
  }
}
async function writeAtomic(path, content) {
  await streamAtomic(path, (file) => file.writeFile(content));
}

export {
  streamAtomic,
  writeAtomic
};
//# sourceMappingURL=chunk-CLXACCIO.js.map
