import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { attributeClasses, attributePicture, writeAttributeFolders } from '../../data/attributePictures.ts';
import { readClassFolders, writeClassFolders } from '../../data/classFolders.ts';
import { loadRgb } from '../../data/images.ts';

const test = suite('data/classFolders', { dir: '' });
test.before((context) => { context.dir = mkdtempSync(join(tmpdir(), 'classes-')); });
test.after(({ dir }) => rmSync(dir, { recursive: true }));

const digits = {
  count: 5, side: 2, labels: Uint8Array.of(7, 0, 7, 3, 0), images: Uint8Array.from({ length: 20 }, (_, i) => 10 * i),
};

test('pictures come back with their classes, in the order of the names', async ({ dir }) => {
  const done: number[] = [];
  await writeClassFolders(dir, digits, 4, (count) => done.push(count));
  assert.equal(done, [1, 2, 3, 4]);
  writeFileSync(join(dir, 'notes.txt'), 'no folder');
  writeFileSync(join(dir, '7', 'notes.txt'), 'no picture');
  const { categories, images } = readClassFolders(dir);
  assert.equal(categories, [{ id: 0, name: '0' }, { id: 1, name: '3' }, { id: 2, name: '7' }]);
  assert.equal(images.map(({ fileName, objects }) => [fileName, objects.map(({ classIndex }) => classIndex)]), [
    [join('0', '000001.png'), [0]], [join('3', '000003.png'), [1]],
    [join('7', '000000.png'), [2]], [join('7', '000002.png'), [2]],
  ]);
  const { rgb } = await loadRgb(join(dir, images[1]!.fileName));
  assert.equal([...rgb].filter((_, i) => i % 3 === 1), [120, 130, 140, 150]);
  assert.equal(readClassFolders(dir, [...categories].reverse()).images[0]!.objects[0]!.classIndex, 2);
});

test('folders that are no classes are named', ({ dir }) => {
  assert.throws(() => readClassFolders(join(dir, 'none')), /none: cannot be read \(ENOENT\)/);
  assert.throws(() => readClassFolders(join(dir, '7')), /7: holds no folders/);
  assert.throws(() => readClassFolders(dir, [{ id: 0, name: '0' }]), /holds the folder '3', which is no class/);
  mkdirSync(join(dir, 'empty'));
  assert.throws(() => readClassFolders(dir), /empty: holds no pictures \(\.jpg .*\.avif\)/);
});

test('a thousand classes of attributes: every picture a function of seed, class and index, no two alike', () => {
  assert.is(new Set(attributeClasses).size, 1000);
  assert.equal(attributePicture(1, 7, 3, 16), attributePicture(1, 7, 3, 16));
  assert.not.equal(attributePicture(1, 7, 3, 16).rgb, attributePicture(1, 7, 4, 16).rgb);
  assert.not.equal(attributePicture(1, 7, 3, 16).rgb, attributePicture(2, 7, 3, 16).rgb);
  // Shapes by themselves, then colours, then grounds: the mean picture of each differs from that of every other.
  for (const step of [100, 10, 1]) {
    const means = Array.from({ length: 10 }, (_, k) => {
      const mean = new Float64Array(3 * 16 * 16);
      for (let index = 0; index < 12; index++) {
        attributePicture(1, k * step, index, 16).rgb.forEach((value, i) => { mean[i]! += value / 12; });
      }
      return mean;
    });
    means.forEach((a, i) => means.slice(0, i).forEach((b, j) => {
      const apart = Math.sqrt(a.reduce((sum, value, k) => sum + (value - b[k]!) ** 2, 0) / a.length);
      assert.ok(apart > 4, `${attributeClasses[i * step]} and ${attributeClasses[j * step]}: ${apart}`);
    }));
  }
});

test('their folders are read as classes', async ({ dir }) => {
  const stop = new AbortController();
  await writeAttributeFolders(join(dir, 'attributes'), { seed: 1, perClass: 1, size: 8 }, (done) => {
    if (done === 12) stop.abort();
  }, stop.signal);
  const { categories } = readClassFolders(join(dir, 'attributes'));
  assert.ok(categories.every(({ name }) => attributeClasses.slice(0, 24).includes(name)));
  assert.ok(categories.length >= 12 && categories.length < 24, `${categories.length} folders until it was stopped`);
});

test.run();
