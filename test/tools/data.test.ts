// The data commands as a user runs them: processes, their exit status, lines and files.
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { build } from 'esbuild';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';

const test = suite('tools/data', { folder: '' });

// Inside the repository, so that the bundle finds node_modules.
test.before(async (context) => {
  mkdirSync('.cache', { recursive: true });
  const folder = resolve(mkdtempSync(join('.cache', 'data-test-')));
  context.folder = folder;
  await build({
    entryPoints: ['tools/data.ts'], outfile: join(folder, 'data.js'), bundle: true, format: 'esm', platform: 'node',
    packages: 'external', loader: { '.wgsl': 'text' }, logLevel: 'silent',
  });
});
test.after(({ folder }) => rmSync(folder, { recursive: true }));

const data = (folder: string, ...args: string[]) =>
  spawnSync(process.execPath, ['data.js', ...args], { cwd: folder, encoding: 'utf8' });

function assertRuns(folder: string, ...args: string[]): string {
  const { status, stdout, stderr } = data(folder, ...args);
  assert.is(status, 0, stderr);
  return stdout;
}

function assertRefused(folder: string, args: string[], pattern: RegExp): void {
  const { status, stderr } = data(folder, ...args);
  assert.is(status, 2, stderr);
  assert.match(stderr, pattern);
  assert.is(stderr.trimEnd().split('\n').length, 1, `one line, got: ${stderr}`);
}

test('scenes, then inspect with a sheet and figures', ({ folder }) => {
  const made = ['--count', '12', '--size', '24', '--seed', '5', '--val-fraction', '0.25'];
  const report = assertRuns(folder, 'scenes', '--out', 'street', ...made);
  assert.match(report, 'street: 9 pictures in train.json, 3 in val.json');
  assert.equal(readdirSync(join(folder, 'street')).sort(), ['images', 'train.json', 'val.json']);
  assertRuns(folder, 'scenes', '--out', 'again', ...made);
  for (const file of ['train.json', 'val.json', 'images/000011.png']) {
    assert.is(Buffer.compare(readFileSync(join(folder, 'street', file)), readFileSync(join(folder, 'again', file))), 0);
  }
  const printed = assertRuns(folder, 'inspect', '--annotations', 'street/train.json', '--images', 'street/images',
    '--sheet', 'sheet.png', '--json', 'figures.json', '--min-objects', '2');
  assert.match(printed, /^images +9, 24 x 24 px$/m);
  assert.ok(existsSync(join(folder, 'sheet.png')));
  assert.is(JSON.parse(readFileSync(join(folder, 'figures.json'), 'utf8')).images, 9);
});

test('flat scenes without validation', ({ folder }) => {
  assertRuns(folder, 'scenes', '--kind', 'flat', '--out', 'flat', '--count', '4', '--size', '16', '--val-fraction', '0',
    '--max-objects', '1', '--colors', 'free', '--cells', '4');
  assert.equal(readdirSync(join(folder, 'flat')).sort(), ['images', 'train.json']);
  const { annotations } = JSON.parse(readFileSync(join(folder, 'flat', 'train.json'), 'utf8'));
  assert.is(annotations.length, 4);
  assert.ok(annotations.every(({ bbox }: { bbox: number[] }) => bbox.every((value) => value % 4 === 0)));
});

test('voc', ({ folder }) => {
  mkdirSync(join(folder, 'xml'));
  writeFileSync(join(folder, 'xml', 'a.xml'), '<annotation><filename>000000.png</filename><object><name>x</name>' +
    '<bndbox><xmin>1</xmin><ymin>2</ymin><xmax>5</xmax><ymax>9</ymax></bndbox></object></annotation>');
  const printed = assertRuns(folder, 'voc', '--xml', 'xml', '--images', 'street/images', '--out', 'made/voc.json');
  assert.match(printed, 'made/voc.json: 1 images, 1 boxes of x');
  assert.equal(JSON.parse(readFileSync(join(folder, 'made', 'voc.json'), 'utf8')).annotations[0].bbox, [1, 2, 4, 7]);
});

test('bad input ends with status 2 and one line', ({ folder }) => {
  assertRefused(folder, ['scenes'], /--out is missing/);
  assertRefused(folder, ['scenes', '--out', 'x', '--count', 'many'], /--count.*whole number, found 'many'/);
  assertRefused(folder, ['scenes', '--out', 'x', '--kind', 'town'], /street, flat; found 'town'/);
  assertRefused(folder, ['scenes', '--out', 'x', '--cells', '4'], /options of --kind flat/);
  assertRefused(folder, ['scenes', '--out', 'x', '--val-fraction', '1'], /under 1, found 1/);
  assertRefused(folder, ['scenes', '--out', 'data.js', '--count', '1'], /data\.js.*cannot be written/);
  assertRefused(folder, ['mnist-scenes', '--idx', 'none', '--out', 'x'], /none: holds neither/);
  assertRefused(folder, ['inspect', '--annotations', 'none.json'], /none\.json: cannot be read/);
  assertRefused(folder, ['inspect', '--annotations', 'street/val.json', '--images', 'xml'], /image cannot be read/);
  assertRefused(folder, ['voc', '--xml', 'xml', '--images', 'xml', '--out', 'x.json'], /000000\.png: image cannot/);
  assertRefused(folder, ['paint'], /unknown command 'paint'/);
  assert.not.ok(existsSync(join(folder, 'x')));
});

test('help names every option with its default and an example', ({ folder }) => {
  assert.match(assertRuns(folder), /scenes .*voc .*mnist-scenes .*inspect/s);
  assert.match(assertRuns(folder, 'scenes', '--help'), /--count <number>.*default: 1000.*Example:/s);
});

test.run();
