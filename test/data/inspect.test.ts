import { join } from 'node:path';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { annotatedDataset, noFilters, readAnnotations } from '../../data/annotations.ts';
import { cocoAnnotation } from '../../data/cocoJson.ts';
import { datasetFigures, figureLines, spreadOf } from '../../data/inspect.ts';
import { dataFolder } from './dataDir.ts';

const dataset = annotatedDataset({
  categories: [{ id: 1, name: 'cat' }, { id: 2, name: 'mouse' }],
  images: [1, 2, 3].map((id) => ({ id, file_name: `${id}.png`, width: 200, height: 100 })),
  annotations: [
    cocoAnnotation(1, 1, 1, [0, 0, 100, 100]), cocoAnnotation(2, 1, 1, [0, 0, 40, 40]),
    cocoAnnotation(3, 2, 1, [10, 10, 20, 20], 1), cocoAnnotation(4, 2, 1, [500, 10, 20, 20]),
  ],
}, 'f', noFilters);

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

const layouts = dataFolder('coco_layouts');
(layouts ? test : test.skip)('real COCO layouts', async () => {
  const figures = datasetFigures(await readAnnotations(join(layouts!, 'layouts.json'), noFilters));
  assert.is(figures.images, 4000);
  assert.is(figures.objects, 29840);
  assert.is(figures.classes.length, 80);
});

test.run();
