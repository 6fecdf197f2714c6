import {
  UserError
} from "./chunk-Q54TM6M7.js";

// evaluate/report/jsonLines.ts
import { readFile } from "node:fs/promises";
async function readJsonLines(path) {
  let text;
  try {
    text = await readFile(path, "utf8");
  } catch (error) {
    const { code } = error;
    if (code === "ENOENT") return { records: [], unreadable: 0 };
    throw new UserError(`${path}: cannot be read (${code}). Is it a file, and are you allowed to read it?`);
  }
  const lines = text.split("\n");
  const records = [];
  let unreadable = 0;
  lines.forEach((line, i) => {
    if (line.trim() === "") return;
    const record = parseRecord(line);
    if (record) records.push(record);
    else if (i < lines.length - 1) unreadable++;
  });
  return { records, unreadable };
}
function parseRecord(line) {
  try {
    const value = JSON.parse(line);
    return typeof value === "object" && value !== null && !Array.isArray(value) ? value : null;
  } catch {
    return null;
  }
}

export {
  readJsonLines
};
//# sourceMappingURL=chunk-ZOERM2PQ.js.map
