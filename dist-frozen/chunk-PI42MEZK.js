import {
  sceneFileName,
  scenesToCoco
} from "./chunk-6GKYMKBI.js";
import {
  savePng
} from "./chunk-RDT35KUK.js";
import {
  writeCoco
} from "./chunk-HP4QYYGS.js";
import {
  UserError
} from "./chunk-Q54TM6M7.js";

// data/sceneFolder.ts
import { mkdir, rm } from "node:fs/promises";
import { join } from "node:path";
var mostPending = 8;
async function writeSceneFolder(options) {
  const { out, count, valFraction, categories, render, onImage, signal } = options;
  const val = Math.round(count * valFraction);
  const files = { train: join(out, "train.json"), val: join(out, "val.json") };
  try {
    await mkdir(join(out, "images"), { recursive: true });
    await Promise.all([rm(files.train, { force: true }), rm(files.val, { force: true })]);
  } catch (error) {
    const { code } = error;
    throw new UserError(`${out}: cannot be written (${code}). Is it a folder of yours?`);
  }
  const scenes = [];
  const pending = /* @__PURE__ */ new Set();
  let done = 0;
  for (let index = 0; index < count; index++) {
    signal?.throwIfAborted();
    const { rgb, ...scene } = render(index, index < count - val ? "train" : "val");
    scenes.push([index, scene]);
    const write = savePng(join(out, "images", sceneFileName(index)), rgb, scene.width, scene.height).then(() => {
      pending.delete(write);
      onImage?.(++done);
    });
    pending.add(write);
    if (pending.size >= mostPending) await Promise.race(pending);
  }
  await Promise.all(pending);
  if (val < count) await writeCoco(files.train, scenesToCoco(categories, scenes.slice(0, count - val)));
  if (val > 0) await writeCoco(files.val, scenesToCoco(categories, scenes.slice(count - val)));
  return { train: count - val, val };
}

export {
  writeSceneFolder
};
//# sourceMappingURL=chunk-PI42MEZK.js.map
