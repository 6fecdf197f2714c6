import {
  contactSheet
} from "./chunk-5WSLUO6M.js";
import {
  drawDetections,
  drawLayout,
  drawnBoxes
} from "./chunk-ZOZ7FHQ3.js";
import {
  rgbOfBatch
} from "./chunk-RDT35KUK.js";
import {
  writeAtomic
} from "./chunk-CLXACCIO.js";

// tools/layoutSheet.ts
async function drawLayoutSheet(file, pictures, size, layouts, categories) {
  const items = await Promise.all(layouts.map(async (objects, i) => {
    const picture = rgbOfBatch(pictures, i, size);
    const drawn = await drawDetections(picture, drawnBoxes(objects, categories, size, size), { atLeastPx: 256 });
    return [{ picture }, { picture: drawn }];
  }));
  await writeAtomic(file, await contactSheet(items.flat(), 8));
}
async function drawLayouts(file, layouts, categories) {
  const size = { width: 256, height: 256 };
  const items = await Promise.all(layouts.map(async (objects) => ({ picture: await drawLayout(drawnBoxes(objects, categories, 256, 256), size) })));
  await writeAtomic(file, await contactSheet(items, 6));
}

export {
  drawLayoutSheet,
  drawLayouts
};
//# sourceMappingURL=chunk-GDGLBMRI.js.map
