import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { cocoAnnotation, readCoco } from '../../data/cocoJson.ts';
import type { CocoJson } from '../../data/cocoJson.ts';
import { savePng } from '../../data/images.ts';
import { vocToCoco } from '../../data/voc.ts';
import { dataFolder } from './dataDir.ts';
import { rejects } from './rejects.ts';

const test = suite<{ dir: string }>('voc', { dir: '' });
test.before.each(async (context) => {
  context.dir = await mkdtemp(join(tmpdir(), 'voc-'));
  await savePng(join(context.dir, 'a.png'), new Uint8Array(3 * 20 * 10), 20, 10);
});
test.after.each(async ({ dir }) => rm(dir, { recursive: true }));

const object = (name: string, box: (number | string)[], more = ''): string =>
  `<object><name>${name}</name>${more}<bndbox><xmin>${box[0]}</xmin><ymin>${box[1]}</ymin><xmax>${box[2]}</xmax>` +
  `<ymax>${box[3]}</ymax></bndbox></object>`;

async function convert(dir: string, objects: string, options: Partial<Parameters<typeof vocToCoco>[0]> = {},
  head = '<filename>a.png</filename><size><width>20</width><height>10</height></size>',
): ReturnType<typeof vocToCoco> {
  await writeFile(join(dir, 'a.xml'), `<?xml version="1.0"?><annotation>${head}${objects}</annotation>`);
  return vocToCoco({ xmlDir: dir, imagesDir: dir, ...options });
}

test('one object, many objects, none', async ({ dir }) => {
  const { coco } = await convert(dir, object('b &amp; c', [1, 2, 11, 7]));
  assert.equal(coco, {
    categories: [{ id: 1, name: 'b & c' }],
    images: [{ id: 1, file_name: 'a.png', width: 20, height: 10 }],
    annotations: [cocoAnnotation(1, 1, 1, [1, 2, 10, 5])],
  });
  const two = await convert(dir, object('7', [0, 0, 2.5, 2]) + object('2', [0, 0, 2, 2]));
  assert.equal(two.coco.categories, [{ id: 1, name: '2' }, { id: 2, name: '7' }]);
  assert.is((await convert(dir, '')).coco.annotations.length, 0);
});

test('options: class order, one-based corners, difficult objects', async ({ dir }) => {
  const both = object('cat', [1, 1, 5, 5]) + object('ant', [1, 1, 5, 5], '<difficult>1</difficult>');
  const { coco } = await convert(dir, both, { classes: ['cat', 'dog', 'ant'], oneBased: true });
  assert.equal(coco.annotations.map((a) => [a.category_id, a.iscrowd, ...a.bbox]),
    [[1, 0, 0, 0, 5, 5], [3, 1, 0, 0, 5, 5]]);
  const { coco: kept, dropped } = await convert(dir, both, { difficult: 'drop' });
  assert.is(kept.annotations.length, 1);
  assert.match(dropped[0], /object\[1\] \(ant\): marked difficult/);
  await rejects(convert(dir, both, { classes: ['cat'] }), /a\.xml: object\[1\] \(ant\): its class is not among/);
});

test('boxes without area are left out by name, or refused', async ({ dir }) => {
  const { dropped, coco } = await convert(dir, object('x', [3, 3, 3, 5]));
  assert.is(coco.annotations.length, 0);
  assert.match(dropped[0], /a\.xml: object\[0\] \(x\): the box has no area: xmin 3/);
  await rejects(convert(dir, object('x', [5, 3, 4, 5]), { strict: true }), /no area/);
});

test('malformed files are refused by name', async ({ dir }) => {
  await rejects(convert(dir, '<object>'), /a\.xml: not readable as XML/);
  await rejects(convert(dir, object('x', [1, 'two', 3, 4])), /a\.xml: annotation\.object\.0\.bndbox\.ymin/);
  await rejects(convert(dir, '', {}, '<size/>'), /a\.xml: annotation\.filename/);
  await rejects(convert(dir, '', {}, '<filename>b.png</filename>'), /b\.png: image cannot be read/);
  await rejects(convert(dir, '', {}, '<filename>a.png</filename><size><width>10</width><height>20</height></size>'),
    /says a\.png is 10 x 20 px, but it is 20 x 10/);
  await convert(dir, '', {}, '<filename>a.png</filename><size><width>0</width><height>0</height></size>');
  await rejects(vocToCoco({ xmlDir: join(dir, 'none'), imagesDir: dir }), /none: cannot be read/);
  await rm(join(dir, 'a.xml'));
  await rejects(vocToCoco({ xmlDir: dir, imagesDir: dir }), /holds no \*\.xml files/);
});

/** Boxes by file name as sorted strings. */
function boxesByFile(files: readonly CocoJson[]): Record<string, string[]> {
  const boxes: Record<string, string[]> = {};
  for (const { images, annotations, categories } of files) {
    const names = new Map(categories.map(({ id, name }) => [id, name]));
    const fileNames = new Map(images.map(({ id, file_name: fileName }) => [id, fileName]));
    for (const { file_name: fileName } of images) boxes[fileName] = [];
    for (const { image_id: imageId, category_id: categoryId, bbox } of annotations) {
      boxes[fileNames.get(imageId)!].push(`${names.get(categoryId)} ${bbox.join()}`);
    }
  }
  for (const list of Object.values(boxes)) list.sort();
  return boxes;
}

const bccd = dataFolder('bccd');
(bccd ? test : test.skip)('blood cells: VOC and COCO versions agree', async () => {
  const { coco, dropped } = await vocToCoco({ xmlDir: join(bccd!, 'voc'), imagesDir: join(bccd!, 'images') });
  assert.is(coco.images.length, 292);
  assert.is(coco.annotations.length, 3941);
  assert.is(dropped.length, 2);
  const published = await Promise.all(['train', 'val'].map((split) => readCoco(join(bccd!, `${split}.json`))));
  assert.equal(boxesByFile([coco]), boxesByFile(published));
});

test.run();
