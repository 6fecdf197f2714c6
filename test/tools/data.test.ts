// The data commands as a user runs them: processes, their exit status, lines and files.
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { assertRefused as refused, assertRuns as runs } from '../support/runTool.ts';

const test = suite('tools/data', { folder: '' });

test.before((context) => {
  context.folder = mkdtempSync(join(tmpdir(), 'data-test-'));
  writeFileSync(join(context.folder, 'file'), '');
});
test.after(({ folder }) => rmSync(folder, { recursive: true }));

const assertRuns = (cwd: string, ...args: string[]): Promise<string> => runs('data', args, { cwd });
const assertRefused = (cwd: string, args: string[], pattern: RegExp): Promise<void> =>
  refused('data', args, pattern, { cwd });

test('scenes, then inspect with a sheet and figures', async ({ folder }) => {
  const made = ['--count', '12', '--size', '24', '--seed', '5', '--val-fraction', '0.25'];
  const report = await assertRuns(folder, 'scenes', '--out', 'street', ...made);
  assert.match(report, 'street: 9 pictures in train.json, 3 in val.json');
  assert.equal(readdirSync(join(folder, 'street')).sort(), ['images', 'train.json', 'val.json']);
  await assertRuns(folder, 'scenes', '--out', 'again', ...made);
  for (const file of ['train.json', 'val.json', 'images/000011.png']) {
    assert.is(Buffer.compare(readFileSync(join(folder, 'street', file)), readFileSync(join(folder, 'again', file))), 0);
  }
  const printed = await assertRuns(folder, 'inspect', '--annotations', 'street/train.json', '--images', 'street/images',
    '--sheet', 'sheet.png', '--json', 'figures.json', '--min-objects', '2');
  assert.match(printed, /^images +9, 24 x 24 px$/m);
  assert.ok(existsSync(join(folder, 'sheet.png')));
  assert.is(JSON.parse(readFileSync(join(folder, 'figures.json'), 'utf8')).images, 9);
});

test('flat scenes without validation', async ({ folder }) => {
  await assertRuns(folder, 'scenes', '--kind', 'flat', '--out', 'flat', '--count', '4', '--size', '16',
    '--val-fraction', '0', '--max-objects', '1', '--colors', 'free', '--cells', '4');
  assert.equal(readdirSync(join(folder, 'flat')).sort(), ['images', 'train.json']);
  const { annotations } = JSON.parse(readFileSync(join(folder, 'flat', 'train.json'), 'utf8'));
  assert.is(annotations.length, 4);
  assert.ok(annotations.every(({ bbox }: { bbox: number[] }) => bbox.every((value) => value % 4 === 0)));
});

test('split', async ({ folder }) => {
  const images = [5, 3, 9, 1].map((id) => ({ id, file_name: `${id}.png`, width: 10, height: 10, licence: id }));
  const annotations = images.map(({ id }) => ({ id, image_id: id, category_id: 1, bbox: [0, 0, 5, 5], area: 25 }));
  const categories = [{ id: 1, name: 'x' }];
  writeFileSync(join(folder, 'whole.json'), JSON.stringify({ images, annotations, categories, info: 'kept' }));
  writeFileSync(join(folder, 'turned.json'), JSON.stringify({ images: images.toReversed(), annotations, categories }));
  const held = async (file: string): Promise<number[]> => {
    const printed = await assertRuns(folder, 'split', '--annotations', file, '--share', '0.25', '--out', 'halves');
    assert.match(printed, 'val.json: 1 images, 1 boxes');
    const [train, val] = ['train', 'val'].map((name) =>
      JSON.parse(readFileSync(join(folder, 'halves', `${name}.json`), 'utf8')));
    assert.is(train.images.length + val.images.length, 4);
    assert.equal([...train.annotations, ...val.annotations].map(({ id }: { id: number }) => id).sort(), [1, 3, 5, 9]);
    assert.ok([train, val].every((side) => side.images.every(({ id }: { id: number }) =>
      side.annotations.some((of: { image_id: number; area: number }) => of.image_id === id && of.area === 25))));
    assert.is(val.images[0].licence, val.images[0].id);
    return val.images.map(({ id }: { id: number }) => id);
  };
  assert.equal(await held('whole.json'), await held('turned.json'), 'the order in the file does not matter');
  await assertRefused(folder, ['split', '--annotations', 'whole.json', '--share', '0.01', '--out', 'x'],
    /whole\.json: a share of 0\.01 holds out 0 of 4 images/);
});

test('select, then augment', async ({ folder }) => {
  const selected = await assertRuns(folder, 'select', '--annotations', 'street/train.json', '--classes', 'house, tree',
    '--out', 'some.json');
  assert.match(selected, /^some\.json: 9 images, \d+ boxes of house, tree$/m);
  const printed = await assertRuns(folder, 'augment', '--annotations', 'some.json', '--images', 'street/images',
    '--copies', '2', '--max-side', '16', '--no-mirror', '--out', 'many');
  assert.match(printed, /^many: 27 pictures, \d+ boxes in train\.json$/m);
  const { images, categories } = JSON.parse(readFileSync(join(folder, 'many', 'train.json'), 'utf8'));
  assert.equal(categories.map(({ name }: { name: string }) => name).sort(), ['house', 'tree']);
  assert.ok(images.every(({ width, height }: { width: number; height: number }) => Math.max(width, height) <= 16));
  assert.is(readdirSync(join(folder, 'many', 'images')).length, 27);
});

test('voc', async ({ folder }) => {
  mkdirSync(join(folder, 'xml'));
  writeFileSync(join(folder, 'xml', 'a.xml'), '<annotation><filename>000000.png</filename><object><name>x</name>' +
    '<bndbox><xmin>1</xmin><ymin>2</ymin><xmax>5</xmax><ymax>9</ymax></bndbox></object></annotation>');
  const printed = await assertRuns(folder, 'voc', '--xml', 'xml', '--images', 'street/images',
    '--out', 'made/voc.json');
  assert.match(printed, 'made/voc.json: 1 images, 1 boxes of x');
  assert.equal(JSON.parse(readFileSync(join(folder, 'made', 'voc.json'), 'utf8')).annotations[0].bbox, [1, 2, 4, 7]);
});

test('bad input ends with status 2 and one line', async ({ folder }) => {
  await assertRefused(folder, ['scenes'], /--out is missing/);
  await assertRefused(folder, ['scenes', '--out', 'x', '--count', 'many'], /--count.*whole number, found 'many'/);
  await assertRefused(folder, ['scenes', '--out', 'x', '--kind', 'town'], /street, flat; found 'town'/);
  await assertRefused(folder, ['scenes', '--out', 'x', '--cells', '4'], /options of --kind flat/);
  await assertRefused(folder, ['scenes', '--out', 'x', '--val-fraction', '1'], /under 1, found 1/);
  await assertRefused(folder, ['scenes', '--out', 'file', '--count', '1'], /file.*cannot be written/);
  await assertRefused(folder, ['mnist-scenes', '--idx', 'none', '--out', 'x'], /none: holds neither/);
  await assertRefused(folder, ['inspect', '--annotations', 'none.json'], /none\.json: cannot be read/);
  await assertRefused(folder, ['inspect', '--annotations', 'street/val.json', '--images', 'xml'],
    /image cannot be read/);
  await assertRefused(folder, ['voc', '--xml', 'xml', '--images', 'xml', '--out', 'x.json'],
    /000000\.png: image cannot/);
  await assertRefused(folder, ['select', '--annotations', 'street/val.json', '--classes', 'cow', '--out', 'x'],
    /street\/val\.json: there is no class "cow"; there are/);
  await assertRefused(folder, ['augment', '--annotations', 'street/val.json', '--images', 'xml', '--out', 'x2'],
    /image cannot be read/);
  await assertRefused(folder, ['paint'], /unknown command 'paint'/);
  assert.not.ok(existsSync(join(folder, 'x')));
});

test('help names every option with its default and an example', async ({ folder }) => {
  assert.match(await assertRuns(folder), /scenes .*voc .*mnist-scenes .*select .*split .*augment .*inspect/s);
  assert.match(await assertRuns(folder, 'scenes', '--help'), /--count <number>.*default: 1000.*Example:/s);
});

test.run();
