import {
  displaySize,
  drawSheet,
  readPicture
} from "./chunk-LQGN7KL2.js";
import {
  check
} from "./chunk-Q54TM6M7.js";

// draw/contactSheet.ts
async function contactSheet(items, columns, { sidePx = 192 } = {}) {
  check(items.length > 0, "contactSheet: needs at least one picture, found none");
  check(Number.isInteger(columns) && columns > 0, () => `contactSheet: columns must be a whole number from 1, found ${columns}`);
  const cells = await Promise.all(items.map(async ({ picture, caption = "" }) => {
    const pixels = await readPicture(picture);
    return { picture: pixels, size: displaySize(pixels, sidePx, sidePx).size, caption };
  }));
  return drawSheet(cells, columns);
}

export {
  contactSheet
};
//# sourceMappingURL=chunk-5WSLUO6M.js.map
