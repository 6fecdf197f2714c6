import {
  writeAtomic
} from "./chunk-CLXACCIO.js";
import {
  UserError,
  check
} from "./chunk-Q54TM6M7.js";

// data/images.ts
import { access } from "node:fs/promises";
import sharp from "sharp";
sharp.cache(false);
async function decode(path, run) {
  try {
    return await run(sharp(path));
  } catch (error) {
    if (error instanceof UserError) throw error;
    const readable = await access(path).then(() => true, () => false);
    throw new UserError(readable ? `${path}: cannot be decoded as an image (${error.message.split("\n")[0]}). Is the file damaged?` : `${path}: image cannot be read. Does the file exist, and is the images folder the right one?`);
  }
}
async function imageSize(path) {
  return decode(path, async (image) => {
    const { width, height } = await image.metadata();
    return { width, height };
  });
}
async function rgbOf(image) {
  const { data, info } = await image.flatten({ background: "white" }).toColourspace("srgb").removeAlpha().raw({ depth: "uchar" }).toBuffer({ resolveWithObject: true });
  check(info.channels === 3, () => `images: decoding must give 3 channels, found ${info.channels}`);
  return { width: info.width, height: info.height, rgb: new Uint8Array(data.buffer, data.byteOffset, data.length) };
}
async function loadRgb(path) {
  return decode(path, rgbOf);
}
function centerSquarePx(width, height) {
  const side = Math.min(width, height);
  return [Math.floor((width - side) / 2), Math.floor((height - side) / 2), side];
}
async function loadImage(path, options) {
  const { size, crop = "none", flip = false, annotated } = options;
  const image = await decode(path, async (source) => {
    let pipeline = source;
    if (crop === "center" || annotated) {
      const { width, height } = await source.metadata();
      if (annotated && (annotated.width !== width || annotated.height !== height)) {
        throw new UserError(`${path}: the file is ${width} x ${height} px, its annotation says ${annotated.width} x ${annotated.height}. Was it resized, or rotated by its EXIF orientation, after the boxes were drawn?`);
      }
      if (crop === "center") {
        const [left, top, side] = centerSquarePx(width, height);
        pipeline = pipeline.extract({ left, top, width: side, height: side });
      }
    }
    pipeline = pipeline.resize(size, size, { fit: "fill", kernel: "linear", fastShrinkOnLoad: false });
    return rgbOf(flip ? pipeline.flop() : pipeline);
  });
  return planesFromRgb(image);
}
function planesFromRgb({ width, height, rgb }) {
  const area = width * height;
  check(rgb.length === 3 * area, () => `planesFromRgb: ${width} x ${height} px need ${3 * area} bytes, found ${rgb.length}`);
  const planes = new Float32Array(3 * area);
  for (let i = 0; i < area; i++) {
    planes[i] = rgb[3 * i] / 127.5 - 1;
    planes[area + i] = rgb[3 * i + 1] / 127.5 - 1;
    planes[2 * area + i] = rgb[3 * i + 2] / 127.5 - 1;
  }
  return planes;
}
function rgbFromPlanes(planes, width, height) {
  const area = width * height;
  check(planes.length === 3 * area, () => `rgbFromPlanes: [3, ${height}, ${width}] needs ${3 * area} values, found ${planes.length}`);
  const rgb = new Uint8ClampedArray(3 * area);
  for (let i = 0; i < area; i++) {
    for (let c = 0; c < 3; c++) rgb[3 * i + c] = (planes[c * area + i] + 1) * 127.5;
  }
  return { width, height, rgb: new Uint8Array(rgb.buffer) };
}
function rgbOfBatch(planes, index, size) {
  const each = 3 * size * size;
  return rgbFromPlanes(planes.subarray(index * each, (index + 1) * each), size, size);
}
async function encodePng({ width, height, rgb }) {
  check(rgb.length === 3 * width * height, () => `encodePng: ${width} x ${height} px need ${3 * width * height} bytes, found ${rgb.length}`);
  return sharp(rgb, { raw: { width, height, channels: 3 } }).png().toBuffer();
}
async function savePng(path, pixels, width, height) {
  const image = pixels instanceof Float32Array ? rgbFromPlanes(pixels, width, height) : { width, height, rgb: pixels };
  await writeAtomic(path, await encodePng(image));
}

export {
  imageSize,
  rgbOf,
  loadRgb,
  loadImage,
  rgbFromPlanes,
  rgbOfBatch,
  encodePng,
  savePng
};
//# sourceMappingURL=chunk-RDT35KUK.js.map
