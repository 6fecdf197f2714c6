import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { annotatedDataset, noFilters } from '../../data/annotations.ts';
import { cocoAnnotation } from '../../data/cocoJson.ts';
import { savePng } from '../../data/images.ts';
import { datasetSheet } from '../../draw/datasetSheet.ts';
import { classColor } from '../../draw/palette.ts';
import { readPicture } from '../../draw/picture.ts';
import { rejects } from '../data/rejects.ts';

const test = suite<{ dir: string }>('datasetSheet', { dir: '' });
test.before(async (context) => {
  context.dir = await mkdtemp(join(tmpdir(), 'datasetSheet-'));
  for (const id of [1, 2, 3, 4]) {
    await savePng(join(context.dir, `${id}.png`), new Uint8Array(3 * 200 * 100).fill(60 * id), 200, 100);
  }
});
test.after(async ({ dir }) => rm(dir, { recursive: true }));

const dataset = annotatedDataset({
  categories: [{ id: 1, name: 'cat' }, { id: 2, name: 'mouse' }],
  images: [1, 2, 3, 4].map((id) => ({ id, file_name: `${id}.png`, width: 200, height: 100 })),
  annotations: [cocoAnnotation(1, 1, 2, [50, 40, 100, 50])],
}, 'f', noFilters);

test('images are evenly spaced over the dataset, their boxes drawn where they are', async ({ dir }) => {
  const sheet = await readPicture(await datasetSheet(dataset, dir, 2, 2, 400));
  assert.equal([sheet.width, sheet.height], [3 * 12 + 2 * 400, 2 * 12 + 200]);
  const pixel = (x: number, y: number): string =>
    `#${Buffer.from(sheet.rgb.subarray(3 * (y * sheet.width + x), 3 * (y * sheet.width + x) + 3)).toString('hex')}`;
  assert.equal([pixel(16, 16), pixel(12 + 400 + 12 + 4, 16)], ['#3c3c3c', '#b4b4b4'], 'images 1 and 3');
  assert.equal([pixel(112, 162), pixel(212, 192)], [classColor(1), classColor(1)], 'left and lower edge');
  assert.is(pixel(12 + 200, 12 + 140), '#3c3c3c', 'nothing inside');
});

test('a sheet holds no more than there is; missing images are named', async ({ dir }) => {
  const sheet = await readPicture(await datasetSheet(dataset, dir, 9, 3, 256));
  assert.equal([sheet.width, sheet.height], [4 * 12 + 3 * 256, 3 * 12 + 2 * 128]);
  await rejects(datasetSheet(dataset, join(dir, 'none'), 2, 2, 50), /1\.png: image cannot be read/);
});

test.run();
