import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { readIdx } from '../../data/idx.ts';
import { defaultDigitScene, digitScene, readDigits } from '../../data/mnistScenes.ts';
import type { Digits } from '../../data/mnistScenes.ts';
import { dataFolder } from './dataDir.ts';
import { rejects } from './rejects.ts';

const test = suite<{ dir: string }>('mnistScenes', { dir: '' });
test.before.each(async (context) => {
  context.dir = await mkdtemp(join(tmpdir(), 'idx-'));
});
test.after.each(async ({ dir }) => rm(dir, { recursive: true }));

function idx(shape: number[], values: number[]): Buffer {
  const head = Buffer.alloc(4 + 4 * shape.length);
  head.writeUInt32BE(0x0800 + shape.length);
  shape.forEach((side, i) => head.writeUInt32BE(side, 4 + 4 * i));
  return Buffer.concat([head, Buffer.from(values)]);
}

test('IDX: plain and gzipped, wrong type, wrong length', async ({ dir }) => {
  const path = join(dir, 'a');
  for (const bytes of [idx([2, 3], [1, 2, 3, 4, 5, 6]), gzipSync(idx([2, 3], [1, 2, 3, 4, 5, 6]))]) {
    await writeFile(path, bytes);
    const { shape, values } = await readIdx(path);
    assert.equal(shape, [2, 3]);
    assert.equal([...values], [1, 2, 3, 4, 5, 6]);
  }
  await writeFile(path, idx([2, 3], [1, 2]));
  await rejects(readIdx(path), /a: an IDX array of \[2, 3\] needs 18 bytes, found 14/);
  await writeFile(path, 'PNG...');
  await rejects(readIdx(path), /not an IDX file of unsigned bytes: it begins with 504e472e/);
  await writeFile(path, '');
  await rejects(readIdx(path), /begins with nothing/);
  const gzipped = gzipSync(idx([2, 3], [1, 2, 3, 4, 5, 6]));
  await writeFile(path, gzipped.subarray(0, gzipped.length - 6));
  await rejects(readIdx(path), /a: IDX file cannot be read/);
  await rejects(readIdx(join(dir, 'none')), /ENOENT/);
});

/** Two 6 x 6 px "digits": a 2 x 4 px bar of class 1 and a 4 x 4 px block of class 8. */
function tinyDigits(): Digits {
  const images = new Uint8Array(72);
  for (let y = 1; y < 5; y++) {
    for (let x = 2; x < 4; x++) images[6 * y + x] = 255;
    for (let x = 1; x < 5; x++) images[36 + 6 * y + x] = 255;
  }
  return { count: 2, side: 6, images, labels: Uint8Array.from([1, 8]) };
}

test('digits are read light on dark, whichever way they are stored', async ({ dir }) => {
  const { images, labels } = tinyDigits();
  for (const stored of [images, images.map((value) => 255 - value)]) {
    await writeFile(join(dir, 'train-images-idx3-ubyte.gz'), gzipSync(idx([2, 6, 6], [...stored])));
    await writeFile(join(dir, 'train-labels-idx1-ubyte'), idx([2], [...labels]));
    const digits = await readDigits(dir, 'train');
    assert.equal(digits.images, images);
    assert.equal([...digits.labels], [1, 8]);
  }
  await rejects(readDigits(dir, 't10k'), /holds neither t10k-images-idx3-ubyte\.gz nor/);
  await writeFile(join(dir, 'train-labels-idx1-ubyte'), idx([3], [1, 2, 3]));
  await rejects(readDigits(dir, 'train'), /images \[2, 6, 6\] and labels \[3\]/);
  await writeFile(join(dir, 'train-labels-idx1-ubyte'), idx([2], [1, 11]));
  await rejects(readDigits(dir, 'train'), /labels must be 0 \.\. 9, found 11/);
});

test('boxes are tight around the ink', () => {
  const options = { ...defaultDigitScene, maxDigits: 1 };
  for (let index = 0; index < 20; index++) {
    const { rgb, objects } = digitScene(tinyDigits(), 1, index, options);
    assert.is(objects.length, 1);
    const lit = Array.from({ length: 64 * 64 }, (_, i) => i).filter((i) => rgb[3 * i] > 127);
    const columns = lit.map((i) => i % 64);
    const rows = lit.map((i) => Math.floor(i / 64));
    const found = [Math.min(...columns), Math.min(...rows), Math.max(...columns) + 1, Math.max(...rows) + 1];
    objects[0].xyxyUnit.forEach((value, k) => assert.ok(Math.abs(value * 64 - found[k]) <= 1, `${index}`));
  }
});

test('scenes repeat, keep to their numbers and hardly overlap', () => {
  const options = { size: 48, minDigits: 2, maxDigits: 3, colors: 'free' as const };
  for (let index = 0; index < 20; index++) {
    const scene = digitScene(tinyDigits(), 5, index, options);
    assert.equal(scene, digitScene(tinyDigits(), 5, index, options));
    assert.ok(scene.objects.length >= 2 && scene.objects.length <= 3);
    assert.ok(scene.objects.every(({ classIndex }) => classIndex === 1 || classIndex === 8));
  }
});

const mnist = dataFolder('mnist');
(mnist ? test : test.skip)('the real digits', async () => {
  const { count, side, images, labels } = await readDigits(mnist!, 't10k');
  assert.is(count, 10000);
  assert.is(side, 28);
  assert.is(new Set(labels).size, 10);
  const mean = images.reduce((sum, value) => sum + value, 0) / images.length;
  assert.ok(mean > 25 && mean < 45, `ink covers about an eighth: ${mean}`);
  assert.ok((await readFile(join(mnist!, 't10k-labels-idx1-ubyte.gz'))).length > 0);
});

test.run();
