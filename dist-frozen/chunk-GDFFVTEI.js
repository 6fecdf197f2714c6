import {
  streamAtomic
} from "./chunk-CLXACCIO.js";
import {
  UserError,
  check
} from "./chunk-Q54TM6M7.js";

// data/latentCache.ts
import { createHash } from "node:crypto";
import { open, stat } from "node:fs/promises";
import { join } from "node:path";
import { Packr } from "msgpackr";
var packr = new Packr({ useRecords: false });
var formatName = "latent-cache-1";
async function latentFingerprint(source) {
  const { imagesDir, fileNames, ...rest } = source;
  const hash = createHash("sha256").update(JSON.stringify([formatName, rest]));
  for (const fileName of fileNames) {
    const path = join(imagesDir, fileName);
    const { size, mtimeMs } = await stat(path).catch((error) => {
      throw new UserError(`${path}: image cannot be read (${error.code}). Is the images folder the right one?`);
    });
    hash.update(JSON.stringify([fileName, size, mtimeMs]));
  }
  return hash.digest("hex");
}
var sha256 = (bytes) => createHash("sha256").update(bytes).digest();
async function writeRecord(file, record) {
  const packed = packr.pack(record);
  const length = Buffer.alloc(4);
  length.writeUInt32LE(packed.length);
  await file.appendFile(Buffer.concat([length, packed]));
}
async function readRecord(file, bytesLeft) {
  const length = Buffer.alloc(4);
  if ((await file.read(length, 0, 4)).bytesRead < 4) return null;
  const bytes = length.readUInt32LE();
  if (bytes > bytesLeft - 4) return null;
  const packed = Buffer.alloc(bytes);
  if ((await file.read(packed, 0, bytes)).bytesRead < bytes) return null;
  try {
    return { record: packr.unpack(packed), bytes: bytes + 4 };
  } catch {
    return null;
  }
}
async function readCache(options) {
  const { path, fingerprint, shape, rows } = options;
  let file;
  try {
    file = await open(path, "r");
  } catch (error) {
    if (error.code === "ENOENT") return "there is none yet";
    throw new UserError(`${path}: latent cache cannot be read (${error.code})`);
  }
  try {
    let bytesLeft = (await file.stat()).size;
    const first = await readRecord(file, bytesLeft);
    const header = first?.record;
    if (header?.format !== formatName) return "it is not a latent cache of this version";
    const same = header.fingerprint === fingerprint && header.rows === rows && header.shape?.join() === shape.join();
    if (!same) return "it was made from another autoencoder, image list, size, crop or flips";
    bytesLeft -= first.bytes;
    const width = shape[0] * shape[1] * shape[2];
    const values = new Float32Array(rows * width);
    const bytes = new Uint8Array(values.buffer);
    let row = 0;
    while (row < rows) {
      const next = await readRecord(file, bytesLeft);
      const chunk = next?.record;
      const whole = chunk?.values && chunk.sha256 && chunk.firstRow === row && chunk.values.length > 0 && row * width * 4 + chunk.values.length <= bytes.length && sha256(chunk.values).equals(chunk.sha256);
      if (!whole) return `it is damaged from latent ${row} of ${rows} on`;
      bytes.set(chunk.values, row * width * 4);
      row += chunk.values.length / (width * 4);
      bytesLeft -= next.bytes;
    }
    return { shape, rows, values };
  } finally {
    await file.close();
  }
}
async function buildCache(options) {
  const { path, fingerprint, shape, rows, encode } = options;
  const width = shape[0] * shape[1] * shape[2];
  const values = new Float32Array(rows * width);
  await streamAtomic(path, async (file) => {
    await writeRecord(file, { format: formatName, fingerprint, shape, rows });
    let row = 0;
    for await (const latents of encode()) {
      const count = latents.length / width;
      check(Number.isInteger(count) && count > 0 && row + count <= rows, () => `latentCache: encode gave ${latents.length} values at row ${row} of ${rows}, not whole latents of ${width}`);
      values.set(latents, row * width);
      const bytes = new Uint8Array(latents.buffer, latents.byteOffset, latents.byteLength);
      await writeRecord(file, { firstRow: row, sha256: sha256(bytes), values: bytes });
      row += count;
    }
    check(row === rows, () => `latentCache: encode gave ${row} latents, expected ${rows}`);
  });
  return { shape, rows, values };
}
async function openLatentCache(options) {
  const cache = await readCache(options);
  if (typeof cache !== "string") return cache;
  if (options.onStale === "refuse" && cache !== "there is none yet") {
    throw new UserError(`${options.path}: latent cache cannot be used: ${cache}. Delete it to have it made anew.`);
  }
  options.report?.(`${options.path}: encoding ${options.rows} latents, as ${cache}`);
  return buildCache(options);
}

// train/latents.ts
var LatentSet = class {
  constructor(values, shape, flips) {
    this.values = values;
    this.shape = shape;
    this.flips = flips;
  }
  values;
  shape;
  flips;
  get each() {
    return this.shape[0] * this.shape[1] * this.shape[2];
  }
  /** Writes the latent of a picture times `scale` into `target`. */
  copy(index, flip, scale, target, offset) {
    const row = this.flips ? 2 * index + Number(flip) : index;
    for (let i = 0; i < this.each; i++) target[offset + i] = this.values[row * this.each + i] * scale;
  }
  /** 1 / standard deviation of all values: LDM's scale_by_std, over the whole set instead of the first batch. */
  unitScale() {
    let [total, squares] = [0, 0];
    for (const value of this.values) {
      total += value;
      squares += value * value;
    }
    const mean = total / this.values.length;
    return 1 / Math.sqrt(Math.max(squares / this.values.length - mean * mean, 1e-12));
  }
};
async function latentsOf(images, firstStage, autoencoder, flips, file, progress) {
  const fileNames = images.dataset.images.map(({ fileName }) => fileName);
  const fingerprint = await latentFingerprint({
    autoencoder,
    imagesDir: images.dir,
    fileNames,
    size: images.size,
    crop: "none",
    flips
  });
  const items = fileNames.flatMap((_, index) => (flips ? [false, true] : [false]).map((flip) => ({ index, flip })));
  const cache = await openLatentCache({
    path: file,
    fingerprint,
    shape: firstStage.latent,
    rows: items.length,
    async *encode() {
      for (let first = 0; first < items.length; first += firstStage.batch) {
        const part = items.slice(first, first + firstStage.batch);
        yield await firstStage.encode(await images.batch(part));
        progress(first + part.length, items.length);
      }
    }
  });
  return new LatentSet(cache.values, firstStage.latent, flips);
}

export {
  LatentSet,
  latentsOf
};
//# sourceMappingURL=chunk-GDFFVTEI.js.map
