import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { annotatedDataset, noFilters, readAnnotations } from '../../data/annotations.ts';
import { cocoAnnotation } from '../../data/cocoJson.ts';
import { contactSheet } from '../../data/contactSheet.ts';
import { classColor, drawBoxes } from '../../data/drawBoxes.ts';
import { savePng } from '../../data/images.ts';
import { datasetFigures, datasetSheet, figureLines, spreadOf } from '../../data/inspect.ts';
import { drawText, textWidth } from '../../data/pixelFont.ts';
import { dataFolder } from './dataDir.ts';
import { rejects } from './rejects.ts';

const test = suite<{ dir: string }>('inspect', { dir: '' });
test.before(async (context) => {
  context.dir = await mkdtemp(join(tmpdir(), 'inspect-'));
});
test.after(async ({ dir }) => rm(dir, { recursive: true }));

const dataset = annotatedDataset({
  categories: [{ id: 1, name: 'cat' }, { id: 2, name: 'mouse' }],
  images: [1, 2, 3].map((id) => ({ id, file_name: `${id}.png`, width: 200, height: 100 })),
  annotations: [
    cocoAnnotation(1, 1, 1, [0, 0, 100, 100]), cocoAnnotation(2, 1, 1, [0, 0, 40, 40]),
    cocoAnnotation(3, 2, 1, [10, 10, 20, 20], 1), cocoAnnotation(4, 2, 1, [500, 10, 20, 20]),
  ],
}, 'f', noFilters);

const blank = (width: number, height: number) => ({ width, height, rgb: new Uint8Array(3 * width * height) });

test('spreads', () => {
  assert.equal(spreadOf([5, 1, 4, 2, 3]), { min: 1, lower: 2, median: 3, upper: 4, max: 5 });
  assert.is(spreadOf([]), null);
});

test('figures count classes, sizes, objects an image and what was dropped', () => {
  const figures = datasetFigures(dataset);
  assert.is(figures.images, 3);
  assert.is(figures.objects, 3);
  assert.is(figures.crowd, 1);
  assert.equal(figures.objectsPerImage, [1, 1, 1]);
  assert.equal(figures.boxSizes, { small: 1, medium: 1, large: 1 });
  assert.is(figures.classes[0].images, 2);
  const area = Object.values(figures.classes[0].area!).map((value) => Number(value.toFixed(9)));
  assert.equal(area, [0.02, 0.08, 0.08, 0.5, 0.5]);
  assert.is(figures.classes[1].area, null);
  const text = figureLines(figures).join('\n');
  for (const part of ['3, 200 x 100 px', '3, 1 of them crowds', '0: 1  1: 1  2: 1', '1 x box outside the image']) {
    assert.ok(text.includes(part), part);
  }
});

test('text is drawn within the picture, every class name character has a glyph of its own', () => {
  const image = blank(20, 9);
  drawText(image, 'I', 1, 1, [255, 255, 255]);
  const rows = Array.from({ length: 7 }, (_, y) => Array.from({ length: 5 }, (_, x) =>
    (image.rgb[3 * ((y + 1) * 20 + x + 1)] ? '#' : '.')).join(''));
  assert.equal(rows, ['.###.', '..#..', '..#..', '..#..', '..#..', '..#..', '.###.']);
  assert.is(textWidth('abc'), 17);
  drawText(image, 'clipped at the edge', -3, 5, [9, 9, 9]);
  const seen = new Set<string>();
  const characters = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789.,:-_/%()+=?!#\'';
  for (const character of [...characters, '\u00e9']) {
    const glyph = blank(5, 7);
    drawText(glyph, character, 0, 0, [1, 1, 1]);
    seen.add(glyph.rgb.join(''));
  }
  assert.is(seen.size, characters.length + 1);
});

test('boxes are drawn just inside their edges', () => {
  const original = blank(16, 16);
  const drawn = drawBoxes(original, [{ xyxyUnit: [0.25, 0.25, 0.75, 1], color: [255, 0, 0] }]);
  const red = (x: number, y: number): number => drawn.rgb[3 * (y * 16 + x)];
  assert.equal([red(3, 4), red(4, 4), red(11, 15), red(12, 15), red(5, 5), red(8, 4)], [0, 255, 255, 0, 0, 255]);
  assert.ok(original.rgb.every((value) => value === 0), 'on a copy');
});

test('class colours differ', () => {
  const colors = Array.from({ length: 24 }, (_, i) => classColor(i));
  assert.is(new Set(colors.map(String)).size, 24);
  assert.ok(colors.flat().every((value) => value >= 0 && value <= 255));
});

test('contact sheets keep proportions and order', async () => {
  const bright = { width: 20, height: 10, rgb: new Uint8Array(600).fill(255) };
  const sheet = await contactSheet([{ image: bright }, { image: blank(5, 5) }, { image: bright }], 2, 40);
  assert.is(sheet.width, 92);
  assert.is(sheet.height, 92);
  const value = (x: number, y: number): number => sheet.rgb[3 * (y * 92 + x)];
  assert.equal([value(4, 4), value(4, 14), value(43, 33), value(43, 34), value(68, 24), value(24, 68)],
    [32, 255, 255, 32, 0, 255]);
});

test('a sheet of a dataset; missing images are named', async ({ dir }) => {
  for (const id of [1, 2, 3]) await savePng(join(dir, `${id}.png`), blank(200, 100).rgb, 200, 100);
  const sheet = await datasetSheet(dataset, dir, 2, 2, 50);
  assert.is(sheet.width, 112);
  await rejects(datasetSheet(dataset, join(dir, 'none'), 2, 2, 50), /1\.png: image cannot be read/);
});

const layouts = dataFolder('coco_layouts');
(layouts ? test : test.skip)('real COCO layouts', async () => {
  const figures = datasetFigures(await readAnnotations(join(layouts!, 'layouts.json'), noFilters));
  assert.is(figures.images, 4000);
  assert.is(figures.objects, 29840);
  assert.is(figures.classes.length, 80);
});

test.run();
