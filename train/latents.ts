/** Latents of a dataset, computed once by the frozen first stage and kept in a file beside the run that uses them. */
import { latentFingerprint, openLatentCache } from '../data/latentCache.ts';
import type { FirstStage } from '../pipeline/firstStage.ts';
import type { ImageSet } from './imageSet.ts';

/** Unscaled latents of every picture, and of every mirrored picture where asked for. */
export class LatentSet {
  constructor(
    private readonly values: Float32Array, readonly shape: readonly [number, number, number],
    private readonly flips: boolean,
  ) {}

  private get each(): number {
    return this.shape[0] * this.shape[1] * this.shape[2];
  }

  /** Writes the latent of a picture times `scale` into `target`. */
  copy(index: number, flip: boolean, scale: number, target: Float32Array, offset: number): void {
    const row = this.flips ? 2 * index + Number(flip) : index;
    for (let i = 0; i < this.each; i++) target[offset + i] = this.values[row * this.each + i]! * scale;
  }

  /** 1 / standard deviation of all values: LDM's scale_by_std, over the whole set instead of the first batch. */
  unitScale(): number {
    let [total, squares] = [0, 0];
    for (const value of this.values) {
      total += value;
      squares += value * value;
    }
    const mean = total / this.values.length;
    return 1 / Math.sqrt(Math.max(squares / this.values.length - mean * mean, 1e-12));
  }
}

/** Latents of a set of pictures, from `file` where it is still good. */
export async function latentsOf(images: ImageSet, firstStage: FirstStage, autoencoder: string, flips: boolean,
  file: string, progress: (done: number, total: number) => void): Promise<LatentSet> {
  const fileNames = images.dataset.images.map(({ fileName }) => fileName);
  const fingerprint = await latentFingerprint({
    autoencoder, imagesDir: images.dir, fileNames, size: images.size, crop: 'none', flips,
  });
  const items = fileNames.flatMap((_, index) => (flips ? [false, true] : [false]).map((flip) => ({ index, flip })));
  const cache = await openLatentCache({
    path: file, fingerprint, shape: firstStage.latent, rows: items.length,
    async* encode() {
      for (let first = 0; first < items.length; first += firstStage.batch) {
        const part = items.slice(first, first + firstStage.batch);
        yield await firstStage.encode(await images.batch(part));
        progress(first + part.length, items.length);
      }
    },
  });
  return new LatentSet(cache.values, firstStage.latent, flips);
}
