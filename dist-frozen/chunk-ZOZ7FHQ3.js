import {
  displaySize,
  drawSheet,
  fitStrokeText,
  readPicture,
  resizePicture,
  strokeText,
  strokeTextWidth
} from "./chunk-LQGN7KL2.js";
import {
  classColor,
  classTextColor
} from "./chunk-BLV74BJT.js";
import {
  check
} from "./chunk-Q54TM6M7.js";

// draw/drawnBoxes.ts
function drawnBoxes(objects, categories, width, height) {
  return objects.map(({ classIndex, xyxyUnit: [x0, y0, x1, y1] }) => ({
    xyxyPx: [x0 * width, y0 * height, x1 * width, y1 * height],
    label: categories[classIndex]?.name ?? `class ${classIndex}`,
    colorIndex: classIndex
  }));
}

// draw/overlay.ts
import sharp from "sharp";

// draw/placeLabels.ts
function placeLabels(labels, picture) {
  const taken = [];
  return labels.map((label) => {
    let best = null;
    let leastCovered = Infinity;
    for (const [x, y] of candidatePlaces(label)) {
      const left = clampStart(x, label.width, picture.width);
      const top = clampStart(y, label.height, picture.height);
      const area = [left, top, left + label.width, top + label.height];
      const covered = taken.reduce((sum, other) => sum + overlap(area, other), 0);
      if (covered < leastCovered) [best, leastCovered] = [area, covered];
    }
    taken.push(best);
    return [best[0], best[1]];
  });
}
function candidatePlaces({ xyxyPx: [x0, y0, x1, y1], width, height }) {
  const places = [];
  for (const y of y0 >= height ? [y0 - height, y0, y1, y1 - height] : [y0, y1, y1 - height]) {
    for (const x of [x0, x1 - width]) places.push([x, y]);
  }
  for (const x of [x0 - width, x1]) places.push([x, y0], [x, y1 - height]);
  return places;
}
function clampStart(start, length, limit) {
  return Math.max(0, Math.min(start, limit - length));
}
function overlap(a, b) {
  const width = Math.min(a[2], b[2]) - Math.max(a[0], b[0]);
  const height = Math.min(a[3], b[3]) - Math.max(a[1], b[1]);
  return width > 0 && height > 0 ? width * height : 0;
}

// draw/overlay.ts
async function drawDetections(picture, boxes, { atLeastPx = 512, atMostPx = 1280 } = {}) {
  const pixels = await readPicture(picture);
  const { size, scale } = displaySize(pixels, atLeastPx, atMostPx);
  const overlay = Buffer.from(boxesSvg(scaleBoxes(boxes, scale), size, { fill: false }));
  return resizePicture(pixels, size).composite([{ input: overlay }]).png().toBuffer();
}
var layoutGround = "#2b3038";
async function drawLayout(boxes, size, { atLeastPx = 512, atMostPx = 1280 } = {}) {
  const display = displaySize(size, atLeastPx, atMostPx);
  const overlay = Buffer.from(boxesSvg(scaleBoxes(boxes, display.scale), display.size, { fill: true }));
  return sharp({ create: { ...display.size, channels: 3, background: layoutGround } }).composite([{ input: overlay }]).png().toBuffer();
}
async function sideBySide(panels) {
  check(panels.length > 0, "sideBySide: needs at least one panel, found none");
  const pictures = await Promise.all(panels.map(({ png }) => readPicture(png)));
  const height = Math.max(...pictures.map((picture) => picture.height));
  return drawSheet(pictures.map((picture, i) => ({
    picture,
    size: { width: Math.max(1, Math.round(picture.width * height / picture.height)), height },
    caption: panels[i].caption
  })), panels.length);
}
function scaleBoxes(boxes, scale) {
  const area = ({ xyxyPx: [x0, y0, x1, y1] }) => (x1 - x0) * (y1 - y0);
  return boxes.map((box, i) => {
    check(box.xyxyPx.every(Number.isFinite), () => `drawDetections: box ${i} (${box.label}) must have four finite corners, found [${box.xyxyPx.join(", ")}]`);
    const [x0, y0, x1, y1] = box.xyxyPx.map((value) => value * scale);
    const xyxyPx = [Math.min(x0, x1), Math.min(y0, y1), Math.max(x0, x1), Math.max(y0, y1)];
    return { ...box, xyxyPx };
  }).sort((a, b) => area(b) - area(a));
}
function boxesSvg(boxes, size, { fill }) {
  const unit = Math.max(size.width, size.height) / 512;
  const lineWidth = Math.min(4, Math.max(2, 2 * unit));
  const shapes = boxes.map((box) => boxShape(box, lineWidth, fill));
  return `<svg xmlns="http://www.w3.org/2000/svg" width="${size.width}" height="${size.height}">${shapes.join("")}${labelShapes(boxes, size, Math.min(15, Math.max(9, 9.5 * unit)))}</svg>`;
}
function boxShape(box, lineWidth, fill) {
  const { xyxyPx: [x0, y0, x1, y1], colorIndex, dashed } = box;
  const color = classColor(colorIndex);
  const rect = `x="${x0}" y="${y0}" width="${x1 - x0}" height="${y1 - y0}" rx="${lineWidth / 2}"`;
  const inside = fill ? `fill="${color}" fill-opacity=".2"` : 'fill="none"';
  const dash = dashed ? ` stroke-dasharray="${3 * lineWidth} ${2.5 * lineWidth}" stroke-linecap="round"` : "";
  return `<rect ${rect} fill="none" stroke="#000" stroke-opacity=".6" stroke-width="${lineWidth + 2}"${dash}/><rect ${rect} ${inside} stroke="${color}" stroke-width="${lineWidth}"${dash}/>`;
}
function labelShapes(boxes, size, capHeightPx) {
  const padding = Math.round(capHeightPx * 0.45);
  const labels = boxes.map((box) => {
    const text = box.score === void 0 ? box.label : `${box.label} ${box.score.toFixed(2)}`.trim();
    const fitted = fitStrokeText(text, capHeightPx, size.width - 2 * padding);
    const width = Math.ceil(strokeTextWidth(fitted, capHeightPx)) + 2 * padding;
    return { box, text: fitted, xyxyPx: box.xyxyPx, width, height: Math.round(capHeightPx * 1.2) + 2 * padding };
  }).filter(({ text }) => text !== "");
  return placeLabels(labels, size).map(([x, y], i) => {
    const { box, text, width, height } = labels[i];
    const baseline = y + padding + capHeightPx * 1.05;
    return `<rect x="${x}" y="${y}" width="${width}" height="${height}" rx="2" fill="${classColor(box.colorIndex)}" stroke="#000" stroke-opacity=".5"/>` + strokeText(text, { x: x + padding, y: baseline, capHeightPx, color: classTextColor });
  }).join("");
}

export {
  drawnBoxes,
  drawDetections,
  drawLayout,
  sideBySide
};
//# sourceMappingURL=chunk-ZOZ7FHQ3.js.map
