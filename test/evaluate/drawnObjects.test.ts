import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { RandomStream } from '../../engine/random.ts';
import { changedBox, cropFeatures, iouOfXyxy, nearestClass, otsuThreshold } from '../../evaluate/drawnObjects.ts';

const size = 16;
const random = new RandomStream(3, 'pictures');
const background = Float32Array.from({ length: 3 * size * size }, () => random.uniform(-0.3, 0.3));

/** The background with a rectangle of one colour; x1 and y1 are outside it. */
function withRectangle(x0: number, y0: number, x1: number, y1: number, color: readonly number[]): Float32Array {
  const picture = background.slice();
  for (let c = 0; c < 3; c++) for (let y = y0; y < y1; y++) for (let x = x0; x < x1; x++) {
    picture[(c * size + y) * size + x] = color[c]!;
  }
  return picture;
}

test('changedBox finds what was added, and leaves specks out', () => {
  const picture = withRectangle(3, 5, 9, 12, [1, -1, 1]);
  assert.equal(changedBox(picture, background, size), [3 / 16, 5 / 16, 9 / 16, 12 / 16]);
  picture[(0 * size + 15) * size + 15] = 1;
  assert.equal(changedBox(picture, background, size), [3 / 16, 5 / 16, 9 / 16, 12 / 16]);
});

test('changedBox leaves a glow around the object out', () => {
  const picture = background.slice();
  for (let y = 0; y < size; y++) for (let x = 0; x < size; x++) {
    const distance = Math.max(Math.abs(x - 7.5), Math.abs(y - 7.5));
    picture[y * size + x]! += distance < 2 ? 1 : distance < 5 ? 0.35 : 0;
  }
  assert.equal(changedBox(picture, background, size), [6 / 16, 6 / 16, 10 / 16, 10 / 16]);
});

test('changedBox finds nothing where nothing or next to nothing changes', () => {
  assert.is(changedBox(background, background, size), null);
  assert.is(changedBox(background.map((value) => value + 0.1), background, size), null);
});

test('changedBox refuses pictures of another size', () => {
  assert.throws(() => changedBox(background, background, 8), /must be \[3, 8, 8\], found 768 and 768/);
});

test('iouOfXyxy', () => {
  assert.is(iouOfXyxy([0, 0, 1, 1], [0, 0, 1, 1]), 1);
  assert.is(iouOfXyxy([0, 0, 0.5, 0.5], [0.5, 0.5, 1, 1]), 0);
  assert.ok(Math.abs(iouOfXyxy([0, 0, 1, 1], [0.5, 0, 1.5, 1]) - 1 / 3) < 1e-12);
});

test('otsuThreshold lies between two heaps', () => {
  const threshold = otsuThreshold(Float32Array.from({ length: 100 }, (_, i) => (i < 80 ? 0.1 : 0.9)));
  assert.ok(threshold > 0.1 && threshold <= 0.9, String(threshold));
});

test('nearestClass tells crops apart by what is in them', () => {
  const red = withRectangle(2, 2, 8, 8, [1, -1, -1]);
  const blue = withRectangle(2, 2, 8, 8, [-1, -1, 1]);
  const box = [2 / 16, 2 / 16, 8 / 16, 8 / 16] as const;
  const other = [9 / 16, 9 / 16, 15 / 16, 15 / 16] as const;
  const gallery = [
    { classIndex: 0, features: cropFeatures(red, size, box) },
    { classIndex: 1, features: cropFeatures(blue, size, box) },
    { classIndex: 2, features: cropFeatures(background, size, other) },
  ];
  assert.is(nearestClass(cropFeatures(withRectangle(2, 2, 8, 8, [0.8, -0.7, -1]), size, box), gallery, 1), 0);
  assert.is(nearestClass(cropFeatures(withRectangle(2, 2, 8, 8, [-0.8, -0.7, 1]), size, box), gallery, 1), 1);
  assert.is(nearestClass(cropFeatures(red, size, other), gallery, 1), 2);
});

test.run();
