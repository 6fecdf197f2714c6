import { join } from 'node:path';
import type { AnnotatedDataset } from '../data/annotations.ts';
import { loadImage } from '../data/images.ts';

/** Decoded pictures are kept up to this many bytes in all; beyond that they are decoded again when needed. */
const keptBytes = 1 << 30;

/** The pictures of a dataset as squares, decoded when first asked for. */
export class ImageSet {
  private readonly kept = new Map<string, Uint8Array>();
  private bytes = 0;

  constructor(
    readonly dataset: AnnotatedDataset,
    readonly dir: string,
    /** S, pixels. */
    readonly size: number,
  ) {}

  get length(): number {
    return this.dataset.images.length;
  }

  path(index: number): string {
    return join(this.dir, this.dataset.images[index]!.fileName);
  }

  /** Picture [3, S, S] in [-1, 1], mirrored where `flip`, written into `target` from `offset` on. */
  async load(index: number, flip: boolean, target: Float32Array, offset = 0): Promise<void> {
    const { width, height } = this.dataset.images[index]!;
    const key = `${index}${flip ? ' mirrored' : ''}`;
    let bytes = this.kept.get(key);
    if (!bytes) {
      // Folders of classes say nothing of sizes.
      const options = { size: this.size, flip, ...(width > 0 && { annotated: { width, height } }) };
      const planes = await loadImage(this.path(index), options);
      bytes = Uint8Array.from(planes, (value) => Math.round((value + 1) * 127.5));
      if (this.bytes + bytes.length <= keptBytes) {
        this.bytes += bytes.length;
        this.kept.set(key, bytes);
      }
    }
    for (let i = 0; i < bytes.length; i++) target[offset + i] = bytes[i]! / 127.5 - 1;
  }

  /** Pictures [B, 3, S, S] in [-1, 1]. */
  async batch(items: readonly { readonly index: number; readonly flip: boolean }[]): Promise<Float32Array> {
    const each = 3 * this.size * this.size;
    const values = new Float32Array(items.length * each);
    await Promise.all(items.map(({ index, flip }, i) => this.load(index, flip, values, i * each)));
    return values;
  }
}
