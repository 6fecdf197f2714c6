// Class-conditional generation by command line: IDX files to folders, training with both backbones, drawing.
import { mkdirSync, mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import sharp from 'sharp';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { assertRefused, assertRuns } from '../support/runTool.ts';

const test = suite('tools: classes', { cwd: '' });

test.before((context) => { context.cwd = mkdtempSync(join(tmpdir(), 'classes-')); });
test.after(({ cwd }) => rmSync(cwd, { recursive: true }));

function writeIdx(file: string, shape: readonly number[], valueOf: (i: number) => number): void {
  const head = Buffer.alloc(4 + 4 * shape.length);
  head.set([0, 0, 8, shape.length]);
  shape.forEach((n, axis) => head.writeUInt32BE(n, 4 + 4 * axis));
  const values = Uint8Array.from({ length: shape.reduce((a, b) => a * b) }, (_, i) => valueOf(i));
  writeFileSync(file, Buffer.concat([head, values]));
}

test('data idx: a folder of pictures for each label', async ({ cwd }) => {
  mkdirSync(join(cwd, 'idx'));
  writeIdx(join(cwd, 'idx/train-images-idx3-ubyte'), [12, 8, 8], (i) => (i % 8 === 0 ? 0 : (7 * i) % 251));
  writeIdx(join(cwd, 'idx/train-labels-idx1-ubyte'), [12], (i) => i % 3);
  await assertRuns('data', ['idx', '--idx', 'idx', '--out', 'digits'], { cwd });
  assert.equal(readdirSync(join(cwd, 'digits')).sort(), ['0', '1', '2']);
  assert.is(readdirSync(join(cwd, 'digits/1')).length, 4);
});

const training = ['--conditioning', 'class', '--images', 'digits', '--autoencoder', 'pixels:2', '--size', '8'];

test('train:generator --conditioning class', async ({ cwd }) => {
  await assertRefused('train-generator', [...training, '--preset', 'micro', '--out', 'unet'],
    /latents have 12 channels, the network takes 2; set --model\.unet\.latentChannels 12/, { cwd });
  await assertRefused('train-generator', [...training, '--preset', 'layout2img-256', '--out', 'unet'],
    /there is no 'layout2img-256'; there are tiny, flat, dit-tiny/, { cwd });
  await assertRefused('train-generator', [...training, '--annotations', 'x.json', '--out', 'unet'],
    /takes its classes from the folders in --images/, { cwd });
  await assertRuns('train-generator', [...training, '--preset', 'micro', '--out', 'unet', '--model.unet.latentChannels',
    '12', '--condition-dropout', '0.2', '--min-snr', '5', '--accumulate', '2'], { cwd });
  const { kind, config } = JSON.parse(readFileSync(join(cwd, 'unet/config.json'), 'utf8'));
  assert.is(kind, 'generator');
  assert.is(config.conditioning, 'class');
  assert.equal(config.categories.map(({ name }: { name: string }) => name), ['0', '1', '2']);
  assert.equal([config.conditionDropout, config.minSnr, config.accumulate], [0.2, 5, 2]);
  await assertRuns('train-generator', [...training, '--preset', 'dit-micro', '--out', 'dit', '--model.latentChannels',
    '12', '--steps', '2'], { cwd });
});

test('sample images --classes', async ({ cwd }) => {
  const draw = ['images', '--steps', '3', '--guidance', '2', '--sampler', 'dpmpp'];
  for (const run of ['unet', 'dit']) {
    await assertRuns('sample',
      [...draw, '--generator', run, '--classes', '2,0', '--count', '3', '--out', `${run}-drawn`], { cwd });
    assert.equal(readdirSync(join(cwd, `${run}-drawn`)).sort(),
      ['000000-2.png', '000001-0.png', '000002-2.png', 'contact-sheet.png']);
    const { width } = await sharp(join(cwd, `${run}-drawn/000001-0.png`)).metadata();
    assert.is(width, 8);
  }
  await assertRuns('sample', [...draw, '--generator', 'unet', '--classes', '2,0', '--count', '3', '--precision', 'f16',
    '--out', 'halves'], { cwd });
  const [full, half] = await Promise.all(['unet-drawn', 'halves'].map((dir) =>
    sharp(join(cwd, dir, '000001-0.png')).raw().toBuffer())) as [Buffer, Buffer];
  const difference = full.reduce((total, value, i) => total + Math.abs(value - half[i]!), 0) / full.length;
  assert.ok(difference < 4, `pictures in half precision differ by ${difference} levels`);
  await assertRefused('sample', [...draw, '--generator', 'unet', '--classes', '2,dog', '--out', 'x'],
    /there is no class 'dog'; there are 3, numbered from 0: 0, 1, 2/, { cwd });
  await assertRefused('sample', [...draw, '--generator', 'unet', '--out', 'x'],
    /give --layouts FILE or --classes LIST, one of both/, { cwd });
  await assertRefused('sample', [...draw, '--generator', 'unet', '--layouts', 'digits/none.json', '--out', 'x'],
    /unet: draws classes, but a generator of layouts is needed here/, { cwd });
});

test('invert classify: methods side by side, both backbones', async ({ cwd }) => {
  const methods = ['invert', 'enumerate', 'adaptive'];
  const run = (backbone: string): string[] => ['classify', '--generator', backbone, '--images', 'digits', '--count',
    '3', '--method', methods.join(','), '--pairs', '4', '--batch-pairs', '2', '--loops', '2', '--out',
    `${backbone}-found`];
  for (const backbone of ['unet', 'dit']) {
    const printed = await assertRuns('invert', run(backbone), { cwd });
    for (const method of methods) assert.match(printed, new RegExp(`${method} +accuracy [01]\\.\\d+ \\(\\d of 3\\)`));
    const file = join(cwd, `${backbone}-found/predictions.json`);
    const { methods: found, predictions } = JSON.parse(readFileSync(file, 'utf8'));
    assert.equal(found.map(({ method }: { method: string }) => method), methods);
    assert.is(found[1].passes, 3 * 4);
    assert.is(predictions.length, 9);
    // Three classes are all looked at, so that the search cannot miss what enumeration finds.
    const label = (k: number): string => predictions[k].label;
    for (let i = 0; i < 3; i++) assert.is(label(i), label(3 + i));
  }
  await assertRefused('invert', [...run('unet').slice(0, -1), 'other', '--neighbours', '2', '--rounds', '0'],
    /--neighbours and --rounds: both must be 0 or neither, found 2 and 0/, { cwd });
});

const found = (cwd: string, out: string, name: string): string =>
  readFileSync(join(cwd, out, name), 'utf8').replace(/"seconds": ?[\d.]+/g, '');

const resumed = (out: string, method: string, ...more: string[]): string[] => ['classify', '--generator', 'unet',
  '--images', 'digits', '--count', '3', '--pairs', '4', '--batch-pairs', '2', '--loops', '2', '--out', out,
  '--method', method, ...more];

test('invert classify --resume: ends as one that was not interrupted, with more methods too', async ({ cwd }) => {
  await assertRuns('invert', resumed('whole', 'invert,enumerate'), { cwd });
  await assertRuns('invert', resumed('parts', 'enumerate'), { cwd });
  assert.equal(JSON.parse(found(cwd, 'parts', 'classify.json')), JSON.parse(found(cwd, 'whole', 'classify.json')));
  const lines = join(cwd, 'parts/predictions.jsonl');
  const kept = readFileSync(lines, 'utf8').split('\n')[0]!;
  // The second was being written when the power went.
  writeFileSync(lines, `${kept.replace(/"seconds":[\d.]+/, '"seconds":1234')}\n{"file":"digits`);
  await assertRuns('invert', resumed('parts', 'invert,enumerate', '--resume'), { cwd });
  assert.is(found(cwd, 'parts', 'predictions.jsonl'), found(cwd, 'whole', 'predictions.jsonl'));
  assert.match(readFileSync(lines, 'utf8'), /"seconds":1234/);
  const predictions = (out: string): object[] =>
    JSON.parse(readFileSync(join(cwd, out, 'predictions.json'), 'utf8')).predictions
      .map((one: object) => ({ ...one, seconds: 0 }));
  assert.equal(predictions('parts'), predictions('whole'));
});

test('invert classify --resume: goes on as it was begun, or not at all', async ({ cwd }) => {
  const refused = (args: string[], pattern: RegExp): Promise<void> => assertRefused('invert', args, pattern, { cwd });
  const before = found(cwd, 'whole', 'predictions.jsonl');
  await refused(resumed('whole', 'invert'), /whole: holds predictions already; go on with --resume/);
  await refused(resumed('whole', 'invert', '--resume', '--lr', '0.25'),
    /whole: was begun with lr 0.5, not 0.25; choose another --out/);
  await refused(resumed('whole', 'invert', '--resume', '--generator', 'dit'),
    /whole: was begun with generator "unet", not "dit"; choose another --out/);
  rmSync(join(cwd, 'whole/classify.json'));
  await refused(resumed('whole', 'invert', '--resume'),
    /whole: holds predictions but no classify\.json, so that nothing says .* choose another --out/);
  assert.is(found(cwd, 'whole', 'predictions.jsonl'), before);
});

test('invert classify --resume: classes are known from how pictures are named now', async ({ cwd }) => {
  const one = (...images: string[]): string[] => ['classify', '--generator', 'unet', '--images', ...images, '--pairs',
    '4', '--method', 'enumerate', '--out', 'named'];
  const printed = await assertRuns('invert', one('digits/1/000001.png'), { cwd });
  assert.match(printed, /classes not known/);
  assert.match(await assertRuns('invert', [...one('digits'), '--resume'], { cwd }), /\(\d+ of 12\)/);
});

test.run();
