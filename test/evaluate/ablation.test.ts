import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { ablationMarkdown, objectsFound, type AblationFigures } from '../../evaluate/ablation.ts';
import { evaluateDetections } from '../../evaluate/coco.ts';
import { ablationPage } from '../../evaluate/report/ablationPage.ts';

test('objects are found at IoU 0.5 with the right class', () => {
  const box = (image_id: number, category_id: number, bbox: [number, number, number, number]) =>
    ({ image_id, category_id, bbox });
  const annotations = [box(1, 1, [0, 0, 10, 10]), box(1, 2, [20, 0, 10, 10]), box(2, 1, [0, 0, 10, 10])]
    .map((one, i) => ({ ...one, id: i + 1, area: 100 }));
  const images = [1, 2].map((id) => ({ id, width: 40, height: 40 }));
  const categories = [1, 2, 3].map((id) => ({ id, name: `${id}` }));
  const detections = [
    box(1, 1, [0, 0, 10, 6]), box(1, 1, [20, 0, 10, 10]), box(2, 1, [0, 0, 10, 4]), box(2, 3, [0, 0, 10, 10]),
  ].map((one) => ({ ...one, score: 0.5 }));
  const evaluation = evaluateDetections({ images, annotations, categories }, detections);
  assert.equal(objectsFound(evaluation), { found: 1, objects: 3 });
});

const row: AblationFigures = {
  name: 'default', about: 'a <search>', command: 'npm run invert -- detect --out a', images: 4, AP: 0.51239, AP50: 0.9,
  found: 3, objects: 4, convergenceStep: 12.34, steps: 20, mostSteps: 60, passes: 585.4, seconds: 1.26,
};
const ablation = { adapter: 'some adapter', generator: 'g', prior: null, annotations: 'val.json', rows: [row] };

test('the table, the adapter and the command of each row', () => {
  const lines = ablationMarkdown(ablation).split('\n');
  assert.is(lines[2], '| default | a <search> | 0.512 | 0.900 | 3 of 4 | 12.3 | 20.0 of 60 | 585 | 1.3 |');
  assert.match(ablationMarkdown({ ...ablation, rows: [{ ...row, mostSteps: null }] }), /\| 12\.3 \| 20\.0 \| 585 \|/);
  assert.is(lines[0]!.split('|').length, lines[2]!.split('|').length);
  assert.is(lines[1]!.split('|').length, lines[2]!.split('|').length);
  assert.ok(lines.includes('Adapter: some adapter'));
  assert.ok(lines.includes('npm run invert -- detect --out a   # default'));
  const page = ablationPage(ablation);
  for (const part of ['a &lt;search&gt;', '3 of 4', 'some adapter', '>20.0 of 60<']) {
    assert.ok(page.includes(part), part);
  }
  assert.ok(ablationPage({ ...ablation, rows: [] }).includes('</html>'));
});

test.run();
