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
    await assertRuns('sample', [...draw, '--generator', run, '--classes', '2,0', '--count', '3', '--out', `${run}-drawn`],
      { cwd });
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

test.run();
