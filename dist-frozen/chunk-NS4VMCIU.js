import {
  readAnnotations
} from "./chunk-HP4QYYGS.js";
import {
  RandomStream
} from "./chunk-A26XEMZC.js";
import {
  UserError
} from "./chunk-Q54TM6M7.js";

// train/data.ts
import { existsSync } from "node:fs";
import { join } from "node:path";
var heldOutShare = 0.1;
var heldOutMost = 256;
async function readDatasets(paths, options, seed) {
  const all = await readAnnotations(paths.annotations, options);
  if (all.images.length < 2) {
    throw new UserError(`${paths.annotations}: ${all.images.length} images are left after the filters (${dropped(all)}); training needs at least 2`);
  }
  let training = all;
  let validation;
  if (paths.validateAnnotations !== void 0) {
    validation = await readAnnotations(paths.validateAnnotations, { ...options, categories: all.categories });
  } else {
    const count = Math.max(1, Math.min(heldOutMost, Math.round(all.images.length * heldOutShare)));
    const held = new Set(new RandomStream(seed, "held out").permutation(all.images.length).slice(0, count));
    training = { ...all, images: all.images.filter((_, i) => !held.has(i)) };
    validation = { ...all, images: all.images.filter((_, i) => held.has(i)) };
  }
  const objects = training.images.reduce((total, image) => total + image.objects.length, 0);
  const summary = `${training.images.length} images with ${objects} objects of ${all.categories.length} classes; ${validation.images.length} images for validation${paths.validateAnnotations === void 0 ? " (held out)" : ""}; dropped: ${dropped(all)}`;
  return { training, validation, summary };
}
function expectPictures({ training, validation }, paths) {
  for (const [{ images }, dir] of [
    [training, paths.images],
    [validation, paths.validateImages ?? paths.images]
  ]) {
    const missing = images.map(({ fileName }) => join(dir, fileName)).filter((path) => !existsSync(path));
    if (missing.length > 0) {
      throw new UserError(`${missing[0]}: there is no such picture (${missing.length} of ${images.length} are missing). Is the images folder the right one?`);
    }
  }
}
function dropped({ dropped: counts }) {
  const parts = Object.entries(counts).filter(([, count]) => count > 0).map(([reason, count]) => `${count} ${reason}`);
  return parts.join(", ") || "nothing";
}

export {
  readDatasets,
  expectPictures
};
//# sourceMappingURL=chunk-NS4VMCIU.js.map
