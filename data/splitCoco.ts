/** Holding images of a COCO file out, so that what is measured on them was never trained on. */
import { UserError } from '../engine/errors.ts';
import { RandomStream } from '../engine/random.ts';
import { parseCoco, type CocoJson } from './cocoJson.ts';

/** The same file in two; every other field is in both. */
export interface SplitCoco {
  readonly train: CocoJson;
  readonly val: CocoJson;
}

/**
 * Holds out a share of the images, with all their boxes. Which ones follows from their ids and the seed alone, not from
 * their places in the file. Fields that are not read elsewhere, as licences and masks, are kept.
 *
 *   value  parsed JSON; `file` is only named in messages
 *   share  of the images that go to `val`, rounded to whole ones
 * @throws UserError where one side would be empty, an id is there twice, or a box belongs to no image.
 */
export function splitCoco(value: unknown, file: string, share: number, seed: number): SplitCoco {
  const { images } = parseCoco(value, file);
  const all = value as CocoJson;
  const ids = images.map(({ id }) => id).sort((a, b) => a - b);
  const twice = ids.find((id, i) => ids[i + 1] === id);
  if (twice !== undefined) throw new UserError(`${file}: two images have the id ${twice}`);
  const count = Math.round(share * ids.length);
  if (count < 1 || count >= ids.length) {
    throw new UserError(`${file}: a share of ${share} holds out ${count} of ${ids.length} images; `
      + 'both sides need at least one');
  }
  const order = new RandomStream(seed, 'split of images').permutation(ids.length);
  const held = new Set(order.slice(0, count).map((i) => ids[i]!));
  const known = new Set(ids);
  const lost = all.annotations.find(({ image_id: image }) => !known.has(image));
  if (lost) throw new UserError(`${file}: annotation ${lost.id}: image_id ${lost.image_id} is not among the images`);
  const side = (isHeld: boolean): CocoJson => ({
    ...all,
    images: all.images.filter(({ id }) => held.has(id) === isHeld),
    annotations: all.annotations.filter(({ image_id: image }) => held.has(image) === isHeld),
  });
  return { train: side(false), val: side(true) };
}
