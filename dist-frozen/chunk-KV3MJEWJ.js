import {
  loadImage
} from "./chunk-RDT35KUK.js";

// train/imageSet.ts
import { join } from "node:path";
var keptBytes = 1 << 30;
var ImageSet = class {
  constructor(dataset, dir, size) {
    this.dataset = dataset;
    this.dir = dir;
    this.size = size;
  }
  dataset;
  dir;
  size;
  kept = /* @__PURE__ */ new Map();
  bytes = 0;
  get length() {
    return this.dataset.images.length;
  }
  path(index) {
    return join(this.dir, this.dataset.images[index].fileName);
  }
  /** Picture [3, S, S] in [-1, 1], mirrored where `flip`, written into `target` from `offset` on. */
  async load(index, flip, target, offset = 0) {
    const { width, height } = this.dataset.images[index];
    const key = `${index}${flip ? " mirrored" : ""}`;
    let bytes = this.kept.get(key);
    if (!bytes) {
      const options = { size: this.size, flip, annotated: { width, height } };
      const planes = await loadImage(this.path(index), options);
      bytes = Uint8Array.from(planes, (value) => Math.round((value + 1) * 127.5));
      if (this.bytes + bytes.length <= keptBytes) {
        this.bytes += bytes.length;
        this.kept.set(key, bytes);
      }
    }
    for (let i = 0; i < bytes.length; i++) target[offset + i] = bytes[i] / 127.5 - 1;
  }
  /** Pictures [B, 3, S, S] in [-1, 1]. */
  async batch(items) {
    const each = 3 * this.size * this.size;
    const values = new Float32Array(items.length * each);
    await Promise.all(items.map(({ index, flip }, i) => this.load(index, flip, values, i * each)));
    return values;
  }
};

export {
  ImageSet
};
//# sourceMappingURL=chunk-KV3MJEWJ.js.map
