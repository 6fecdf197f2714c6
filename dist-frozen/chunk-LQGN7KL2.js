import {
  loadRgb,
  rgbOf
} from "./chunk-RDT35KUK.js";
import {
  escapeXml
} from "./chunk-BLV74BJT.js";
import {
  UserError
} from "./chunk-Q54TM6M7.js";

// draw/picture.ts
import sharp from "sharp";
async function readPicture(picture) {
  if (typeof picture === "string") return loadRgb(picture);
  if (!(picture instanceof Uint8Array)) {
    const { width, height, rgb } = picture;
    if (rgb.length === 3 * width * height) return picture;
    throw new Error(`picture: ${width} x ${height} px need ${3 * width * height} bytes of RGB, found ${rgb.length}`);
  }
  try {
    return await rgbOf(sharp(picture));
  } catch (error) {
    const reason = error.message.split("\n")[0];
    throw new UserError(`picture: ${picture.length} bytes cannot be decoded (${reason}). Are they those of an image file?`);
  }
}
var largestPixelArtPx = 128;
function displaySize({ width, height }, atLeastPx, atMostPx) {
  const scale = displayScale(Math.max(width, height), atLeastPx, atMostPx);
  const scaled = (length) => Math.max(1, Math.round(length * scale));
  return { size: { width: scaled(width), height: scaled(height) }, scale };
}
function displayScale(side, atLeastPx, atMostPx) {
  if (side <= largestPixelArtPx) return Math.max(1, Math.ceil(atLeastPx / side));
  return side < atLeastPx ? atLeastPx / side : Math.min(1, atMostPx / side);
}
function resizePicture(picture, { width, height }) {
  const tiny = Math.max(picture.width, picture.height) <= largestPixelArtPx && width >= picture.width;
  return sharp(picture.rgb, { raw: { width: picture.width, height: picture.height, channels: 3 } }).resize(width, height, { fit: "fill", kernel: tiny ? "nearest" : "lanczos3" });
}

// draw/strokeFont.ts
var capHeight = 14;
var gap = 3.9;
var strokeWidth = 2;
var glyphs = {
  " ": [2.6, ""],
  "!": [0, "M0 0V9.2M0 13.5V14"],
  '"': [3, "M0 0V4M3 0V4"],
  "#": [10, "M3.4 0L2 14M8.4 0L7 14M.6 4.6H10M0 9.4H9.4"],
  "$": [9, "M8.5 2.4C7.7.9 6.3 0 4.5 0C2.1 0 .5 1.4.5 3.4C.5 5.4 2 6.2 4.6 6.8S9 8.3 9 10.4S7.2 14 4.6 14C2.5 14 .8 13 0 11.3M4.5-2V16"],
  "%": [13.2, "M11 0L2.4 14M2.8 0C1.1 0 0 1.3 0 3.3S1.1 6.6 2.8 6.6S5.6 5.3 5.6 3.3S4.5 0 2.8 0ZM10.4 7.4C8.7 7.4 7.6 8.7 7.6 10.7S8.7 14 10.4 14S13.2 12.7 13.2 10.7S12.1 7.4 10.4 7.4Z"],
  "&": [11, "M11 14L3 4.8C2.3 4 2 3.4 2 2.6C2 1 3.1 0 4.6 0S7.2 1 7.2 2.5C7.2 6 0 6 0 10.3C0 12.6 1.7 14 4.2 14C7.6 14 9.8 11.5 10 7.5"],
  "'": [0, "M0 0V4"],
  "(": [3.5, "M3.5-1C1.2 1.4 0 4 0 7.3S1.2 13.2 3.5 15.6"],
  ")": [3.5, "M0-1C2.3 1.4 3.5 4 3.5 7.3S2.3 13.2 0 15.6"],
  "*": [6, "M3 0V6.4M.2 1.6L5.8 4.8M5.8 1.6L.2 4.8"],
  "+": [9, "M4.5 3.5V12.5M0 8H9"],
  ",": [1.2, "M1.2 13.4V14L.2 16.6"],
  "-": [5, "M0 8.6H5"],
  ".": [0, "M0 13.5V14"],
  "/": [7, "M7-1L0 15.5"],
  "0": [9, "M4.5 0C1.5 0 0 3 0 7S1.5 14 4.5 14S9 11 9 7S7.5 0 4.5 0Z"],
  "1": [9, "M1.6 3L5.4 0V14"],
  "2": [9, "M.5 3.6C.5 1.5 2.2 0 4.5 0S8.7 1.5 8.7 3.8C8.7 7 4 9.5.3 14H9"],
  "3": [9, "M.6 2.4C1.3.9 2.7 0 4.5 0C6.9 0 8.4 1.4 8.4 3.4S6.9 6.8 4.6 6.8H3.4M4.6 6.8C7.2 6.8 8.9 8.3 8.9 10.3S7.2 14 4.5 14C2.5 14 1 13.1.2 11.4"],
  "4": [9, "M6.8 14V0L0 10H9.2"],
  "5": [9, "M8 0H1.6L.9 6.4C1.8 5.5 3 5 4.4 5C7.1 5 9 6.8 9 9.4S7.1 14 4.3 14C2.4 14 .9 13.2.1 11.7"],
  "6": [9, "M7.9 1.6C7.1.6 6 0 4.8 0C1.8 0 0 3 0 7.8C0 11.8 1.8 14 4.6 14S9 12.1 9 9.4S7.2 5 4.7 5C2.4 5 .6 6.4.1 8.6"],
  "7": [9, "M0 0H9L3.4 14"],
  "8": [9, "M4.5 6.6C2.3 6.6.8 5.3.8 3.3S2.3 0 4.5 0S8.2 1.3 8.2 3.3S6.7 6.6 4.5 6.6C1.9 6.6 0 8.1 0 10.3S1.9 14 4.5 14S9 12.5 9 10.3S7.1 6.6 4.5 6.6Z"],
  "9": [9, "M1.1 12.4C1.9 13.4 3 14 4.2 14C7.2 14 9 11 9 6.2C9 2.2 7.2 0 4.4 0S0 1.9 0 4.6S1.8 9 4.3 9C6.6 9 8.4 7.6 8.9 5.4"],
  ":": [0, "M0 5V5.5M0 13.5V14"],
  ";": [1.2, "M1.2 5V5.5M1.2 13.4V14L.2 16.6"],
  "<": [8, "M8 3.5L0 8L8 12.5"],
  "=": [9, "M0 5.8H9M0 10.2H9"],
  ">": [8, "M0 3.5L8 8L0 12.5"],
  "?": [7.5, "M0 3C.5 1.2 1.9 0 3.8 0C6 0 7.5 1.4 7.5 3.4C7.5 6.2 3.8 6.4 3.8 9.6M3.8 13.5V14"],
  "@": [14.4, "M12.2 14.5C10.9 15.5 9.3 16 7.4 16C2.9 16 0 12.9 0 8.3C0 3.4 3.1 0 7.6 0C11.7 0 14.4 2.7 14.4 6.7C14.4 9.6 13.2 11.4 11.5 11.4C10.3 11.4 9.8 10.6 9.8 9.3V4.8M9.8 8C9.8 5.9 8.6 4.7 7 4.7C5.1 4.7 3.9 6.2 3.9 8.3S5 11.5 6.7 11.5S9.8 10.2 9.8 8"],
  "A": [11, "M0 14L5.5 0L11 14M2 9.2H9"],
  "B": [9, "M5 6.8H0V0H4.8C7.1 0 8.3 1.3 8.3 3.4S7.1 6.8 5 6.8C7.6 6.8 9 8.2 9 10.4S7.6 14 5 14H0V6.8"],
  "C": [10.5, "M10.5 3C9.5 1.1 7.8 0 5.8 0C2.4 0 0 2.8 0 7S2.4 14 5.8 14C7.8 14 9.5 12.9 10.5 11"],
  "D": [10.5, "M0 0V14H4C8 14 10.5 11.4 10.5 7S8 0 4 0Z"],
  "E": [8, "M8 0H0V14H8M0 6.8H7"],
  "F": [8, "M8 0H0V14M0 6.8H7"],
  "G": [10.8, "M10.4 3C9.4 1.1 7.8 0 5.8 0C2.4 0 0 2.8 0 7S2.4 14 5.8 14C8.7 14 10.8 12 10.8 9V7.6H6.2"],
  "H": [10, "M0 0V14M10 0V14M0 6.8H10"],
  "I": [0, "M0 0V14"],
  "J": [6.5, "M6.5 0V9.6C6.5 12.6 5.3 14 3.2 14C1.6 14 .5 13.1 0 11.5"],
  "K": [9.5, "M0 0V14M9 0L0 9M3.4 5.8L9.5 14"],
  "L": [8, "M0 0V14H8"],
  "M": [12, "M0 14V0L6 9.5L12 0V14"],
  "N": [10, "M0 14V0L10 14V0"],
  "O": [12, "M6 0C2.5 0 0 2.8 0 7S2.5 14 6 14S12 11.2 12 7S9.5 0 6 0Z"],
  "P": [9, "M0 14V0H5C7.6 0 9 1.6 9 4S7.6 8 5 8H0"],
  "Q": [12, "M6 0C2.5 0 0 2.8 0 7S2.5 14 6 14S12 11.2 12 7S9.5 0 6 0ZM7.5 10.5L11.8 15.2"],
  "R": [9.5, "M0 14V0H5C7.6 0 9 1.5 9 3.8S7.6 7.6 5 7.6H0M5 7.6L9.5 14"],
  "S": [9, "M8.5 2.4C7.7.9 6.3 0 4.5 0C2.1 0 .5 1.4.5 3.4C.5 5.4 2 6.2 4.6 6.8S9 8.3 9 10.4S7.2 14 4.6 14C2.5 14 .8 13 0 11.3"],
  "T": [10, "M0 0H10M5 0V14"],
  "U": [10, "M0 0V9C0 12.2 1.9 14 5 14S10 12.2 10 9V0"],
  "V": [11, "M0 0L5.5 14L11 0"],
  "W": [15, "M0 0L3.8 14L7.5 1.5L11.2 14L15 0"],
  "X": [10, "M0 0L10 14M10 0L0 14"],
  "Y": [10, "M0 0L5 7.2L10 0M5 7.2V14"],
  "Z": [9.5, "M.3 0H9.5L0 14H9.5"],
  "[": [3.2, "M3.2-1H0V15.5H3.2"],
  "\\": [7, "M0-1L7 15.5"],
  "]": [3.2, "M0-1H3.2V15.5H0"],
  "^": [7, "M0 5L3.5 0L7 5"],
  "_": [9, "M0 16H9"],
  "`": [2.5, "M0 0L2.5 2.6"],
  "a": [7.8, "M.8 5.8C1.5 4.6 2.7 4 4.1 4C6.5 4 7.8 5.3 7.8 7.6V14M7.8 8.3C3 8.3 0 8.9 0 11.3C0 13 1.3 14 3.2 14C5.9 14 7.8 12.3 7.8 10"],
  "b": [8.6, "M0 0V14M0 9C0 6 1.8 4 4.4 4S8.6 6 8.6 9S7 14 4.4 14S0 12 0 9"],
  "c": [7.6, "M7.6 6C6.8 4.7 5.7 4 4.3 4C1.7 4 0 6 0 9S1.7 14 4.3 14C5.7 14 6.8 13.3 7.6 12"],
  "d": [8.6, "M8.6 0V14M8.6 9C8.6 6 6.8 4 4.2 4S0 6 0 9S1.6 14 4.2 14S8.6 12 8.6 9"],
  "e": [8.4, "M.1 8.7H8.4C8.4 5.9 6.8 4 4.3 4C1.7 4 0 6 0 9S1.7 14 4.4 14C6 14 7.3 13.3 8 12.1"],
  "f": [5, "M5.2.3C4.7.1 4.3 0 3.9 0C2.5 0 1.7.9 1.7 2.7V14M0 4.3H4.8"],
  "g": [8.6, "M8.6 4V14C8.6 16.7 7 18.2 4.3 18.2C2.7 18.2 1.4 17.7.5 16.8M8.6 9C8.6 6 6.8 4 4.2 4S0 6 0 9S1.6 14 4.2 14S8.6 12 8.6 9"],
  "h": [7.8, "M0 0V14M0 8.5C0 5.7 1.7 4 4.1 4C6.5 4 7.8 5.5 7.8 8.1V14"],
  "i": [0, "M0 4V14M0 0V.5"],
  "j": [2.5, "M2.5 4V15.4C2.5 17.3 1.6 18.2.2 18.2M2.5 0V.5"],
  "k": [7.6, "M0 0V14M7.2 4L0 10.4M2.9 7.9L7.6 14"],
  "l": [2, "M0 0V12C0 13.4.7 14 2 14"],
  "m": [13, "M0 4V14M0 8C0 5.5 1.4 4 3.4 4S6.5 5.4 6.5 7.8V14M6.5 8C6.5 5.5 7.9 4 9.9 4S13 5.4 13 7.8V14"],
  "n": [7.8, "M0 4V14M0 8.5C0 5.7 1.7 4 4.1 4C6.5 4 7.8 5.5 7.8 8.1V14"],
  "o": [8.8, "M4.4 4C1.8 4 0 6 0 9S1.8 14 4.4 14S8.8 12 8.8 9S7 4 4.4 4Z"],
  "p": [8.6, "M0 4V18.2M0 9C0 6 1.8 4 4.4 4S8.6 6 8.6 9S7 14 4.4 14S0 12 0 9"],
  "q": [8.6, "M8.6 4V18.2M8.6 9C8.6 6 6.8 4 4.2 4S0 6 0 9S1.6 14 4.2 14S8.6 12 8.6 9"],
  "r": [4.6, "M0 4V14M0 8.6C0 5.7 1.6 4 3.8 4C4.3 4 4.6 4.1 4.9 4.2"],
  "s": [7.2, "M6.8 5.7C6.2 4.6 5 4 3.6 4C1.7 4 .4 4.9.4 6.4C.4 7.9 1.7 8.4 3.6 8.8S7.2 9.9 7.2 11.4S5.7 14 3.7 14C2 14 .6 13.3 0 12.1"],
  "t": [5, "M1.9 1V11.2C1.9 13.1 2.7 14 4 14C4.5 14 4.9 13.9 5.2 13.8M0 4.3H5"],
  "u": [7.8, "M7.8 4V14M7.8 9.5C7.8 12.3 6.1 14 3.7 14C1.3 14 0 12.5 0 9.9V4"],
  "v": [8.4, "M0 4L4.2 14L8.4 4"],
  "w": [12, "M0 4L3.1 14L6 5L8.9 14L12 4"],
  "x": [8, "M0 4L8 14M8 4L0 14"],
  "y": [8.4, "M0 4L4.3 14M8.4 4L3.4 16.2C2.9 17.5 2.2 18.2.9 18.2H.3"],
  "z": [7.6, "M.2 4H7.6L0 14H7.6"],
  "{": [5, "M5-1H4.4C3-1 2.4-.2 2.4 1.2V5C2.4 6.4 1.6 7.2 0 7.2C1.6 7.2 2.4 8 2.4 9.4V13.3C2.4 14.7 3 15.5 4.4 15.5H5"],
  "|": [0, "M0-1V15.5"],
  "}": [5, "M0-1H.6C2-1 2.6-.2 2.6 1.2V5C2.6 6.4 3.4 7.2 5 7.2C3.4 7.2 2.6 8 2.6 9.4V13.3C2.6 14.7 2 15.5.6 15.5H0"],
  "~": [9, "M0 9.4C.6 7.8 1.6 7 2.8 7C4.8 7 5 9.2 7 9.2C8 9.2 8.7 8.4 9 7"],
  "\u2026": [9, "M0 13.5V14M4.5 13.5V14M9 13.5V14"]
};
var missing = [8, "M0 0H8V14H0Z"];
function strokeText(text, { x, y, capHeightPx, color }) {
  const scale = capHeightPx / capHeight;
  let pen = strokeWidth / 2;
  const strokes = glyphsOf(text).map(([width, path]) => {
    const stroke = path && `<path d="${path}" transform="translate(${short(pen)} 0)"/>`;
    pen += width + gap;
    return stroke;
  });
  return `<g transform="translate(${short(x)} ${short(y - capHeightPx)}) scale(${short(scale)})" fill="none" stroke="${escapeXml(color)}" stroke-width="${strokeWidth}" stroke-linecap="round" stroke-linejoin="round">${strokes.join("")}</g>`;
}
function strokeTextWidth(text, capHeightPx) {
  const row = glyphsOf(text);
  if (row.length === 0) return 0;
  const units = row.reduce((sum, [width]) => sum + width + gap, strokeWidth - gap);
  return units * capHeightPx / capHeight;
}
function fitStrokeText(text, capHeightPx, widthPx) {
  if (strokeTextWidth(text, capHeightPx) <= widthPx) return text;
  const letters = [...text];
  while (letters.length > 0 && strokeTextWidth(`${letters.join("")}\u2026`, capHeightPx) > widthPx) letters.pop();
  return letters.length > 0 ? `${letters.join("").trimEnd()}\u2026` : "";
}
function glyphsOf(text) {
  const plain = text.normalize("NFD").replace(new RegExp("\\p{Mark}", "gu"), "").replace(/\s/gu, " ");
  return [...plain].map((character) => Object.hasOwn(glyphs, character) ? glyphs[character] : missing);
}
function short(value) {
  return String(Math.round(value * 1e3) / 1e3);
}

// draw/drawSheet.ts
import sharp2 from "sharp";
var ground = "#1b1e23";
var captionColor = "#e9ecf1";
var gapPx = 12;
var captionCapHeightPx = 10;
var captionHeightPx = 26;
async function drawSheet(cells, columns) {
  const rowCount = Math.ceil(cells.length / columns);
  const inColumn = (column) => cells.filter((_, i) => i % columns === column);
  const inRow = (row) => cells.slice(row * columns, (row + 1) * columns);
  const widths = Array.from({ length: Math.min(columns, cells.length) }, (_, column) => Math.max(...inColumn(column).map(({ size }) => size.width)));
  const heights = Array.from({ length: rowCount }, (_, row) => Math.max(...inRow(row).map(({ size }) => size.height)));
  const captionHeights = heights.map((_, row) => inRow(row).some(({ caption }) => caption) ? captionHeightPx : 0);
  const lefts = starts(widths);
  const tops = starts(heights.map((height2, row) => height2 + captionHeights[row]));
  const [width, height] = [lefts.pop(), tops.pop()];
  const captions = [];
  const layers = await Promise.all(cells.map(async ({ picture, size, caption = "" }, i) => {
    const [column, row] = [i % columns, Math.floor(i / columns)];
    const left = lefts[column] + Math.floor((widths[column] - size.width) / 2);
    const top = tops[row] + Math.floor((heights[row] - size.height) / 2);
    const text2 = fitStrokeText(caption, captionCapHeightPx, widths[column]);
    const baseline = tops[row] + heights[row] + captionHeightPx - captionCapHeightPx;
    captions.push(strokeText(text2, {
      x: lefts[column],
      y: baseline,
      capHeightPx: captionCapHeightPx,
      color: captionColor
    }));
    return { input: await resizePicture(picture, size).png().toBuffer(), left, top };
  }));
  const text = `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}">${captions.join("")}</svg>`;
  return sharp2({ create: { width, height, channels: 3, background: ground } }).composite([...layers, { input: Buffer.from(text) }]).png().toBuffer();
}
function starts(lengths) {
  const positions = [gapPx];
  for (const length of lengths) positions.push(positions.at(-1) + length + gapPx);
  return positions;
}

export {
  readPicture,
  displaySize,
  resizePicture,
  strokeText,
  strokeTextWidth,
  fitStrokeText,
  drawSheet
};
//# sourceMappingURL=chunk-LQGN7KL2.js.map
