import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { RandomStream } from '../../engine/random.ts';
import {
  cropObjects, decodeCrop, decodeLayout, decodePoint, dropInvalid, emptyLayout, encodeLayout, encodePoint, flipLayout,
  flipXyxyUnit, layoutVocabulary, publishedVocabulary, shuffleLayout, slotKind, slotRows, sortLayout,
  tokensToDetections, tripleFault,
} from '../../models/layoutTokens.ts';
import type { LayoutObject } from '../../models/layoutTokens.ts';

const published = layoutVocabulary(publishedVocabulary);
const tiny = layoutVocabulary({ vocabularySize: 257, classCount: 3, maxObjects: 4, encodeCrop: false });

function randomObjects(count: number, seed: number): LayoutObject[] {
  const random = new RandomStream(seed, 'layoutTokens.test');
  return Array.from({ length: count }, () => {
    const [x0, y0] = [random.uniform(0, 0.7), random.uniform(0, 0.7)];
    return { classIndex: random.integer(3), xyxyUnit: [x0, y0, x0 + random.uniform(0.1, 0.3), y0 + 0.2] };
  });
}

test('the published vocabulary has a 90 x 90 grid and 92 tokens', () => {
  assert.is(published.gridSide, 90);
  assert.is(published.none, 8191);
  assert.is(published.length, 92);
  assert.is(layoutVocabulary({ ...publishedVocabulary, encodeCrop: false }).length, 90);
  assert.is(tiny.gridSide, 16);
  assert.is(tiny.length, 12);
});

test('a vocabulary without room for none, or for its classes, is refused', () => {
  const base = { classCount: 3, maxObjects: 4, encodeCrop: false };
  assert.throws(() => layoutVocabulary({ ...base, vocabularySize: 256 }), /no row for "none".*Use 257/);
  assert.throws(() => layoutVocabulary({ ...base, vocabularySize: 3 }), /Use 5/);
  assert.throws(() => layoutVocabulary({ ...base, vocabularySize: 5, classCount: 5 }), /need 6 rows/);
  assert.throws(() => layoutVocabulary({ ...base, vocabularySize: 17, maxObjects: 0 }), /maxObjects/);
  assert.throws(() => layoutVocabulary({ ...base, vocabularySize: 17.5 }), /vocabularySize/);
  assert.is(layoutVocabulary({ ...base, vocabularySize: 5, classCount: 4 }).none, 4);
});

test('points: published test vectors, halves rounded to even', () => {
  const vectors: [number, number, number][] = [
    [0, 0, 0], [1, 1, 8099], [0.5, 0.5, 4004], [1, 0, 89], [0, 1, 8010],
  ];
  for (const [x, y, token] of vectors) assert.is(encodePoint(published, x, y), token);
  assert.is(encodePoint(published, 43.5 / 89, 0), 44); // to even means up here
  assert.throws(() => encodePoint(published, 1.2, 0), /in pixels/);
  assert.throws(() => decodePoint(published, 8100), /grid cell/);
  for (const cell of [0, 17, 89, 90, 8099]) {
    assert.is(encodePoint(published, ...decodePoint(published, cell)), cell);
  }
});

test('encoding: triples, padding, crop', () => {
  const tokens = encodeLayout(published, [{ classIndex: 7, xyxyUnit: [0, 0, 1, 1] }]);
  assert.equal([...tokens.subarray(0, 6)], [7, 0, 8099, 8191, 8191, 8191]);
  assert.equal([...tokens.subarray(90)], [0, 8099]);
  assert.equal(decodeCrop(published, tokens), [0, 0, 1, 1]);
  assert.equal([...encodeLayout(published, [], { cropXyxyUnit: [0, 0, 0.5, 1] }).subarray(90)], [0, 89 * 90 + 44]);
  assert.ok(emptyLayout(tiny).every((token) => token === tiny.none));
});

test('encoding refuses what cannot be represented', () => {
  const box: LayoutObject = { classIndex: 0, xyxyUnit: [0.1, 0.1, 0.5, 0.5] };
  assert.throws(() => encodeLayout(tiny, Array(5).fill(box)), /5 objects do not fit 4 slots/);
  assert.throws(() => encodeLayout(tiny, [{ ...box, classIndex: 3 }]), /0 .. 2, found 3/);
  assert.throws(() => encodeLayout(tiny, [{ ...box, xyxyUnit: [0.5, 0, 0.1, 1] }]), /x1 < x0/);
  assert.throws(() => encodeLayout(tiny, [box], { cropXyxyUnit: [0, 0, 1, 1] }), /no crop slots/);
});

test('round trip: boxes come back within half a grid step', () => {
  for (let seed = 0; seed < 20; seed++) {
    const objects = randomObjects(4, seed);
    const decoded = decodeLayout(tiny, encodeLayout(tiny, objects)).objects;
    assert.is(decoded.length, 4);
    decoded.forEach((object, i) => {
      assert.is(object.slot, i);
      assert.is(object.classIndex, objects[i].classIndex);
      object.xyxyUnit.forEach((value, k) => {
        assert.ok(Math.abs(value - objects[i].xyxyUnit[k]) <= 0.5 / 15 + 1e-12);
      });
    });
  }
});

test('thin boxes are widened to one cell, inside the image, or kept as published', () => {
  const thin: [LayoutObject['xyxyUnit'], number[]][] = [
    [[0.5, 0.2, 0.51, 0.8], [7, 8]], [[1, 0.2, 1, 0.8], [14, 15]], [[0, 0.2, 0, 0.8], [0, 1]],
    [[0.452, 0.2, 0.46, 0.8], [6, 7]],
  ];
  for (const [xyxyUnit, columns] of thin) {
    const tokens = encodeLayout(tiny, [{ classIndex: 0, xyxyUnit }]);
    assert.equal([tokens[1] % 16, tokens[2] % 16], columns);
    assert.is(tripleFault(tiny, tokens, 0), null);
  }
  const kept = encodeLayout(tiny, [{ classIndex: 0, xyxyUnit: [0.5, 0.2, 0.51, 0.8] }], { widenThin: false });
  assert.is(tripleFault(tiny, kept, 0), 'area');
});

test('every kind of illegal triple is told apart, counted and dropped', () => {
  const { none } = published;
  const tokens = emptyLayout(published);
  const triples = [
    [1, 0, 8099], [none, 0, 8099], [1, none, 8099], [80, 0, 8099], [1, 8100, 8099], [1, 91, 8190], [1, 91, 91],
    [1, 95, 181], [2, 0, 91],
  ];
  triples.forEach((triple, slot) => tokens.set(triple, 3 * slot));
  const { objects, faults } = decodeLayout(published, tokens);
  assert.equal(objects.map((object) => object.slot), [0, 8]);
  assert.equal(faults, { absent: 21, partial: 2, class: 1, corner: 2, area: 2 });
  const legal = dropInvalid(published, tokens);
  assert.equal([...legal.subarray(0, 9)], [1, 0, 8099, 2, 0, 91, none, none, none]);
  assert.equal([...legal.subarray(90)], [0, 8099]);
  assert.equal(decodeLayout(published, legal).objects.length, 2);
  assert.throws(() => decodeLayout(published, tokens.subarray(2)), /has 92 tokens, found 90/);
});

test('slots: kinds and the rows they may hold', () => {
  const kinds = Array.from({ length: 92 }, (_, position) => slotKind(published, position));
  assert.equal(kinds.slice(0, 4), ['class', 'corner', 'corner', 'class']);
  assert.equal(kinds.slice(89), ['corner', 'crop', 'crop']);
  assert.throws(() => slotKind(published, 92), /0 .. 91/);
  assert.equal([...slotRows(tiny, 0)], [0, 1, 2, 256]);
  assert.is(slotRows(published, 1).length, 8101);
  assert.is(slotRows(published, 1).at(-1), 8191);
  assert.is(slotRows(published, 1).at(-2), 8099);
  assert.is(slotRows(published, 91).length, 8100);
});

test('shuffling permutes the objects and repeats with its seed', () => {
  const tokens = encodeLayout(tiny, randomObjects(3, 1));
  const shuffled = shuffleLayout(tiny, tokens, new RandomStream(4, 'shuffle'));
  assert.equal(shuffled, shuffleLayout(tiny, tokens, new RandomStream(4, 'shuffle')));
  assert.equal([...shuffled.subarray(9)], [256, 256, 256]);
  assert.equal(sortLayout(tiny, shuffled), sortLayout(tiny, tokens));
  const orders = new Set(Array.from({ length: 40 }, (_, seed) =>
    shuffleLayout(tiny, tokens, new RandomStream(seed, 'shuffle')).join()));
  assert.is(orders.size, 6);
});

test('flipping mirrors boxes and crop, and twice is the identity', () => {
  const tokens = encodeLayout(published, randomObjects(7, 2), { cropXyxyUnit: [0, 0, 0.4, 1] });
  const flipped = flipLayout(published, tokens);
  assert.equal(flipLayout(published, flipped), tokens);
  const before = decodeLayout(published, tokens).objects;
  decodeLayout(published, flipped).objects.forEach((object, i) => {
    flipXyxyUnit(before[i].xyxyUnit).forEach((value, k) => {
      assert.ok(Math.abs(value - object.xyxyUnit[k]) < 1e-12);
    });
  });
  assert.ok(Math.abs(decodeCrop(published, flipped)[0] - (1 - decodeCrop(published, tokens)[2])) < 1e-12);
});

test('detections are COCO boxes in pixels', () => {
  const tokens = encodeLayout(tiny, [{ classIndex: 2, xyxyUnit: [0.2, 0.4, 0.6, 1] }]);
  const { classIndex, xywhPx, slot } = tokensToDetections(tiny, tokens, { width: 300, height: 150 })[0];
  assert.is(classIndex, 2);
  assert.is(slot, 0);
  [60, 60, 120, 90].forEach((value, i) => assert.ok(Math.abs(value - xywhPx[i]) < 1e-9));
});

test('cropping drops what is outside and clips both corners', () => {
  const objects: LayoutObject[] = [
    { classIndex: 0, xyxyUnit: [0, 0, 0.25, 0.5] },
    { classIndex: 1, xyxyUnit: [0.2, 0.2, 0.5, 0.5] },
    { classIndex: 2, xyxyUnit: [0.5, 0.5, 0.7, 0.7] },
  ];
  const crop = [0.25, 0, 0.75, 1] as const;
  const cropped = cropObjects(tiny, objects, crop);
  assert.equal(cropped.map((object) => object.classIndex), [1, 2]);
  assert.equal(cropped[0].xyxyUnit, [0, 0.2, 0.5, 0.5]);
  assert.equal(cropObjects(published, objects, crop)[0].xyxyUnit, [0.2, 0.2, 0.5, 0.5]);
  assert.throws(() => cropObjects(tiny, objects, [0.5, 0, 0.5, 1]), /no area/);
});

test.run();
