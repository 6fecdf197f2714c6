import {
  UserError
} from "./chunk-Q54TM6M7.js";

// data/readJson.ts
import { readFile } from "node:fs/promises";
async function readJson(path) {
  let text;
  try {
    text = await readFile(path, "utf8");
  } catch (error) {
    throw new UserError(`${path}: cannot be read (${error.code}). Does the file exist?`);
  }
  try {
    return JSON.parse(text.startsWith("\uFEFF") ? text.slice(1) : text);
  } catch (error) {
    throw new UserError(`${path}: not valid JSON: ${error.message.split("\n")[0]}`);
  }
}

export {
  readJson
};
//# sourceMappingURL=chunk-L5HLJDC5.js.map
