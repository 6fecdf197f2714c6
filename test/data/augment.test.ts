import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { boxInCopy, changedPixels, defaultAugment, drawChange, writeAugmented, type AugmentConfig, type Change }
  from '../../data/augment.ts';
import { cocoAnnotation, type CocoAnnotation, type CocoJson } from '../../data/cocoJson.ts';
import { loadRgb, savePng, type RgbImage } from '../../data/images.ts';
import { RandomStream } from '../../engine/random.ts';
import { rejects } from './rejects.ts';

const test = suite<{ dir: string }>('augment', { dir: '' });
test.before.each(async (context) => { context.dir = await mkdtemp(join(tmpdir(), 'augment-')); });
test.after.each(async ({ dir }) => rm(dir, { recursive: true }));

type XywhPx = CocoAnnotation['bbox'];

/** Grey, with a box of another grey. */
function pictureWith([x, y, w, h]: XywhPx, width: number, height: number): RgbImage {
  const rgb = new Uint8Array(3 * width * height).fill(100);
  for (let row = y; row < y + h; row++) rgb.fill(200, 3 * (row * width + x), 3 * (row * width + x + w));
  return { width, height, rgb };
}

/** The box around all bright pixels, or null. */
function brightBox({ width, height, rgb }: RgbImage): XywhPx | null {
  const at = Array.from({ length: width * height }, (_, i) => i).filter((i) => rgb[3 * i]! > 150);
  if (at.length === 0) return null;
  const [xs, ys] = [at.map((i) => i % width), at.map((i) => Math.floor(i / width))];
  const [x, y] = [Math.min(...xs), Math.min(...ys)];
  return [x, y, Math.max(...xs) - x + 1, Math.max(...ys) - y + 1];
}

test('boxes go where their pixels go, in all eight positions, cut by a window or not', () => {
  const bbox: XywhPx = [3, 1, 5, 2];
  const picture = pictureWith(bbox, 12, 7);
  const windows = [{ left: 0, top: 0, width: 7, height: 7 }, { left: 2, top: 1, width: 5, height: 4 },
    { left: 5, top: 0, width: 2, height: 7 }];
  let [cut, gone] = [0, 0];
  for (const window of windows) {
    for (let bits = 0; bits < 8; bits++) {
      const change: Change = {
        turn: (bits & 1) > 0, flipX: (bits & 2) > 0, flipY: (bits & 4) > 0, gains: [1, 1, 1], window };
      const copy = changedPixels(picture, change);
      assert.equal([copy.width, copy.height], [window.width, window.height]);
      const { shown, whole } = boxInCopy(bbox, picture, change);
      const seen = brightBox(copy);
      if (seen) assert.equal(shown, seen, JSON.stringify(change));
      else assert.is(shown[2] * shown[3], 0, JSON.stringify(change));
      assert.is(whole[2] * whole[3], 10);
      gone += Number(!seen);
      cut += Number(seen !== null && shown[2] * shown[3] < 10);
    }
  }
  assert.ok(cut > 3 && gone > 1, `${cut} cut, ${gone} gone`);
});

test('colours are multiplied and saturate', () => {
  const picture = { width: 1, height: 1, rgb: Uint8Array.of(100, 250, 11) };
  const window = { left: 0, top: 0, width: 1, height: 1 };
  const { rgb } = changedPixels(picture, { turn: false, flipX: false, flipY: false, gains: [1.1, 1.1, 0.5], window });
  assert.equal([...rgb], [110, 255, 6]);
});

test('changes: objects are kept or gone, every kind of change comes up, and none that is turned off', () => {
  const picture = { width: 64, height: 48 };
  const boxes: XywhPx[] = [[4, 4, 8, 8], [50, 30, 10, 16]];
  const drawn = (config: Partial<AugmentConfig>): Change[] => Array.from({ length: 200 }, (_, i) =>
    drawChange(new RandomStream(1, String(i)), picture, boxes, { ...defaultAugment, crop: 0.5, ...config }));
  const all = drawn({});
  let gone = 0;
  for (const change of all) {
    const { turn, window } = change;
    assert.ok(window.left + window.width <= (turn ? 48 : 64) && window.top + window.height <= (turn ? 64 : 48));
    assert.ok(window.width >= 32 && window.height >= 24);
    for (const bbox of boxes) {
      const [, , w, h] = boxInCopy(bbox, picture, change).shown;
      const share = (w * h) / (bbox[2] * bbox[3]);
      assert.ok(share >= 0.6 || share < 0.05, `${share} of a box is shown`);
      gone += Number(share < 0.05);
    }
  }
  assert.ok(gone > 20, `${gone} gone`);
  const share = (which: (change: Change) => boolean): number => all.filter(which).length / all.length;
  assert.ok(Math.abs(share(({ flipX }) => flipX) - 0.5) < 0.12);
  assert.ok(Math.abs(share(({ flipY }) => flipY) - 0.5) < 0.12);
  assert.ok(Math.abs(share(({ turn }) => turn) - 0.4) < 0.12);
  assert.ok(all.every(({ gains }) => gains.every((gain) => gain > 0.93 ** 2 && gain < 1.07 ** 2)));
  assert.ok(new Set(all.map(({ gains }) => gains.join())).size > 190);

  const plain = drawn({ mirror: false, turn: 0, crop: 0, tint: 0 });
  assert.ok(plain.every(({ turn, flipX, flipY, gains, window }) => !turn && !flipX && !flipY
    && gains.every((gain) => gain === 1) && window.width === 64 && window.height === 48));
});

test('an object that every window would cut leaves the picture whole', () => {
  const change = drawChange(new RandomStream(1, 'x'), { width: 100, height: 100 }, [[0, 0, 100, 100]],
    { ...defaultAugment, crop: 0.9, turn: 0, copies: 1 });
  assert.ok(change.window.width * change.window.height >= 0.6 * 100 * 100);
});

/** Two pictures with a box each, and a third box that is a crowd. */
async function dataset(dir: string): Promise<CocoJson> {
  await savePng(join(dir, 'a.png'), pictureWith([4, 4, 8, 6], 40, 30).rgb, 40, 30);
  await savePng(join(dir, 'b.png'), pictureWith([20, 10, 12, 12], 40, 30).rgb, 40, 30);
  const image = (id: number, name: string): CocoJson['images'][number] =>
    ({ id, file_name: name, width: 40, height: 30 });
  return {
    categories: [{ id: 2, name: 'x' }], images: [image(7, 'a.png'), image(9, 'b.png')],
    annotations: [cocoAnnotation(1, 7, 2, [4, 4, 8, 6]), cocoAnnotation(2, 9, 2, [20, 10, 12, 12], 1)],
  };
}

const config: AugmentConfig = { ...defaultAugment, copies: 3, tint: 0.02, seed: 4 };

test('written: the picture and its copies, with boxes where the pixels say, sizes as they are', async ({ dir }) => {
  const coco = await dataset(dir);
  const written = await writeAugmented({ coco, file: 'f', images: dir, out: join(dir, 'out') }, config);
  assert.equal(written, JSON.parse(await readFile(join(dir, 'out', 'train.json'), 'utf8')));
  assert.equal(written.images.map(({ file_name: name }) => name),
    [...[0, 1, 2, 3].map((n) => `7-${n}.png`), ...[0, 1, 2, 3].map((n) => `9-${n}.png`)]);
  assert.is(written.annotations.filter(({ iscrowd }) => iscrowd === 1).length > 0, true);
  for (const { id, file_name: name, width, height } of written.images) {
    const copy = await loadRgb(join(dir, 'out', 'images', name));
    assert.equal([copy.width, copy.height], [width, height]);
    const own = written.annotations.filter(({ image_id: image }) => image === id);
    const seen = brightBox(copy);
    assert.equal(own.map(({ bbox }) => bbox), seen ? [seen] : [], name);
  }
  assert.equal(written.images[0], { id: 1, file_name: '7-0.png', width: 40, height: 30 });
});

test('a copy follows from the id of its picture, its number and the seed', async ({ dir }) => {
  const coco = await dataset(dir);
  const make = async (name: string, of: CocoJson, seed: number): Promise<(file: string) => Promise<Buffer>> => {
    await writeAugmented({ coco: of, file: 'f', images: dir, out: join(dir, name) }, { ...config, seed });
    return (file) => readFile(join(dir, name, 'images', file));
  };
  const first = await make('first', coco, 4);
  const turned = await make('turned', { ...coco, images: coco.images.toReversed() }, 4);
  const other = await make('other', coco, 5);
  assert.ok((await first('9-2.png')).equals(await turned('9-2.png')));
  assert.not((await first('9-2.png')).equals(await other('9-2.png')));
  assert.not((await first('9-2.png')).equals(await first('9-1.png')));
});

test('a longest side: boxes shrink with their pictures, nothing is enlarged', async ({ dir }) => {
  const coco = await dataset(dir);
  const write = (maxSide: number): Promise<CocoJson> =>
    writeAugmented({ coco, file: 'f', images: dir, out: join(dir, `${maxSide}`) }, { ...config, copies: 1, maxSide });
  const small = await write(20);
  assert.equal(small.images[0], { id: 1, file_name: '7-0.png', width: 20, height: 15 });
  assert.equal(small.annotations[0]!.bbox, [2, 2, 4, 3]);
  assert.ok(small.images.every(({ width, height }) => Math.max(width, height) === 20));
  assert.equal((await write(500)).images[0], { id: 1, file_name: '7-0.png', width: 40, height: 30 });
});

test('refusals: another size, no such picture, a folder that cannot be', async ({ dir }) => {
  const coco = await dataset(dir);
  const at = (changed: CocoJson, out = join(dir, 'out')): Promise<CocoJson> =>
    writeAugmented({ coco: changed, file: 'f.json', images: dir, out }, config);
  const [first] = coco.images;
  await rejects(at({ ...coco, images: [{ ...first!, width: 41 }], annotations: [] }),
    /a\.png: the file is 40 x 30 px, its annotation says 41 x 30\. Was it resized, or rotated/);
  await rejects(at({ ...coco, images: [{ ...first!, file_name: 'none.png' }], annotations: [] }), /cannot be read/);
  await rejects(at({ categories: 1 } as never), /f\.json: categories/);
  await writeFile(join(dir, 'file'), '');
  await rejects(at(coco, join(dir, 'file')), /file: cannot be written/);
});

test.run();
