// Likelihood and drawing of layouts as a user runs them, on a prior with random weights.
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { flatCategories, microVocabulary, writeMicroRuns } from '../support/microRuns.ts';
import { assertRefused, assertRuns } from '../support/runTool.ts';

const test = suite('tools: likelihood and layouts of a prior', { cwd: '' });

const annotation = (id: number, image: number, side: number) => ({
  id, image_id: image, category_id: flatCategories[id % 3]!.id, bbox: [2, 2, side, side], area: side * side,
  iscrowd: 0,
});

test.before(async (context) => {
  context.cwd = mkdtempSync(join(tmpdir(), 'likelihood-'));
  await writeMicroRuns(context.cwd);
  const images = Array.from({ length: 12 },
    (_, i) => ({ id: i + 1, file_name: `${i + 1}.png`, width: 16, height: 16 }));
  const annotations = images.flatMap(({ id }) =>
    [annotation(2 * id, id, 6 + (id % 3)), ...(id % 2 ? [annotation(2 * id + 1, id, 13)] : [])]);
  const coco = { images, categories: flatCategories, annotations };
  writeFileSync(join(context.cwd, 'layouts.json'), JSON.stringify(coco));
  const partial = { ...coco, images: images.slice(1, 2), annotations: [annotation(1, 2, 10)] };
  writeFileSync(join(context.cwd, 'partial.json'), JSON.stringify(partial));
  // One layout with more objects than the prior has slots, one with none.
  const crowd = Array.from({ length: microVocabulary.maxObjects + 1 }, (_, i) => annotation(100 + i, 1, 6 + i));
  const crowded = { ...coco, annotations: [...annotations.filter((of) => of.image_id > 2), ...crowd] };
  writeFileSync(join(context.cwd, 'crowded.json'), JSON.stringify(crowded));
  const strange = { ...coco, categories: [...flatCategories, { id: 77, name: 'unicorn' }] };
  writeFileSync(join(context.cwd, 'strange.json'), JSON.stringify(strange));
});
test.after(({ cwd }) => rmSync(cwd, { recursive: true }));

const json = (...path: string[]): any => JSON.parse(readFileSync(join(...path), 'utf8'));

test('evaluate likelihood: figures, their file and the page', async ({ cwd }) => {
  const printed = await assertRuns('evaluate', ['likelihood', '--prior', 'prior', '--annotations', 'layouts.json',
    '--orders', '2', '--samples', '8', '--json', 'figures.json'], { cwd });
  assert.match(printed, /^adapter: .+$/m);
  assert.match(printed, '12 layouts, 18 objects');
  assert.match(printed, /^prior +\d/m);
  assert.match(printed, /^4-gram +\d/m);
  assert.match(printed, /^class bigram +\d/m);
  const figures = json(cwd, 'figures.json');
  assert.equal(figures, json(cwd, 'prior', 'likelihood', 'likelihood.json'));
  assert.is(figures.models.length, 7);
  assert.is(figures.calibration[0].name, 'drawn');
  assert.match(printed, /drawn against measured, total variation distance: number of objects [01]\.\d+, classes/);
  assert.ok(existsSync(join(cwd, 'prior', 'likelihood', 'layouts.png')));
  assert.match(readFileSync(join(cwd, 'prior', 'likelihood', 'index.html'), 'utf8'), /Calibration[\s\S]*<\/html>\s*$/);
});

test('evaluate likelihood --baselines-from, without samples', async ({ cwd }) => {
  const printed = await assertRuns('evaluate', ['likelihood', '--prior', 'prior', '--annotations', 'layouts.json',
    '--baselines-from', 'layouts.json', '--samples', '0', '--out', 'made'], { cwd });
  assert.match(printed, 'fitted to 12 other layouts');
  assert.ok(existsSync(join(cwd, 'made', 'index.html')));
});

test('sample layouts: legal ones that complete given ones', async ({ cwd }) => {
  await assertRuns('sample', ['layouts', '--prior', 'prior', '--count', '5', '--complete', 'partial.json', '--legal',
    '--top-p', '0.9', '--out', 'drawn.json'], { cwd });
  const { images, annotations } = json(cwd, 'drawn.json');
  assert.is(images.length, 5);
  for (const { id } of images) {
    const own = annotations.filter((of: any) => of.image_id === id);
    assert.ok(own.length === 1 || own.length === 2);
    assert.is(own[0].category_id, flatCategories[1]!.id);
  }
  assert.ok(existsSync(join(cwd, 'drawn.png')));
});

test('layouts with too many objects or none are left out of figures, and said to be', async ({ cwd }) => {
  const printed = await assertRuns('evaluate', ['likelihood', '--prior', 'prior', '--annotations', 'crowded.json',
    '--samples', '0', '--out', 'made'], { cwd });
  assert.match(printed, '10 layouts; dropped: 1 image under minObjects, 1 image over maxObjects');
  const trained = await assertRuns('train-prior', ['--preset', 'micro', '--annotations', 'crowded.json',
    '--out', 'trained', '--steps', '1'], { cwd });
  assert.match(trained, 'dropped: 1 image under minObjects, 1 image over maxObjects');
});

test('sample layouts: an empty layout is completed from nothing', async ({ cwd }) => {
  const empty = {
    images: [{ id: 1, file_name: '1.png', width: 16, height: 16 }], annotations: [], categories: flatCategories,
  };
  writeFileSync(join(cwd, 'empty.json'), JSON.stringify(empty));
  await assertRuns('sample', ['layouts', '--prior', 'prior', '--count', '2', '--complete', 'empty.json',
    '--out', 'filled.json'], { cwd });
  assert.is(json(cwd, 'filled.json').images.length, 2);
});

test('what cannot be is refused', async ({ cwd }) => {
  await assertRefused('evaluate', ['likelihood', '--annotations', 'layouts.json'], /--prior is missing/, { cwd });
  await assertRefused('evaluate', ['likelihood', '--prior', 'generator', '--annotations', 'layouts.json'],
    /generator/, { cwd });
  await assertRefused('evaluate', ['likelihood', '--prior', 'prior', '--annotations', 'partial.json'],
    /--baselines-from/, { cwd });
  await assertRefused('sample', ['layouts', '--prior', 'prior', '--complete', 'crowded.json', '--out', 'x.json'],
    /crowded\.json: layout 1 has 3 objects, the prior takes at most 2/, { cwd });
  for (const args of [['evaluate', 'likelihood', '--annotations', 'strange.json'],
    ['sample', 'layouts', '--complete', 'strange.json', '--out', 'x.json']]) {
    await assertRefused(args[0]!, [...args.slice(1), '--prior', 'prior'],
      /strange\.json: category 77 is "unicorn"/, { cwd });
  }
  await assertRefused('sample', ['layouts', '--prior', 'prior', '--top-p', '0', '--out', 'x.json'], /--top-p/, { cwd });
});

test.run();
