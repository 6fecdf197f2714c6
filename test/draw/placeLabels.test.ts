import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { RandomStream } from '../../engine/random.ts';
import { placeLabels, type LabelToPlace } from '../../draw/placeLabels.ts';

const picture = { width: 200, height: 100 };
const label = (...xyxyPx: [number, number, number, number]): LabelToPlace => ({ xyxyPx, width: 40, height: 12 });

test('a label stands on the upper left corner of its box where there is room', () => {
  assert.equal(placeLabels([label(50, 40, 120, 80)], picture), [[50, 28]]);
});

test('a label never leaves the picture', () => {
  assert.equal(placeLabels([label(50, 3, 120, 80)], picture), [[50, 3]], 'inside the box at the upper edge');
  assert.equal(placeLabels([label(-30, 40, 20, 80)], picture), [[0, 28]]);
  assert.equal(placeLabels([label(185, 40, 250, 80)], picture), [[160, 28]]);
  assert.equal(placeLabels([label(-10, -10, 300, 200)], picture), [[0, 0]]);
  const stream = new RandomStream(7, 'labels');
  for (let round = 0; round < 200; round++) {
    const labels = Array.from({ length: 6 }, () => {
      const [x, y] = [stream.uniform() * 260 - 30, stream.uniform() * 160 - 30];
      return label(x, y, x + stream.uniform() * 90, y + stream.uniform() * 60);
    });
    for (const [x, y] of placeLabels(labels, picture)) {
      assert.ok(x >= 0 && y >= 0 && x + 40 <= 200 && y + 12 <= 100, `${x}, ${y}`);
    }
  }
});

test('a label larger than the picture starts at its edge', () => {
  const wide: LabelToPlace = { xyxyPx: [50, 40, 60, 50], width: 500, height: 300 };
  assert.equal(placeLabels([wide], picture), [[0, 0]]);
});

test('labels of boxes in one place do not cover each other', () => {
  const places = placeLabels(Array.from({ length: 4 }, () => label(50, 40, 130, 80)), picture);
  for (let i = 0; i < places.length; i++) {
    for (let j = 0; j < i; j++) {
      const [dx, dy] = [Math.abs(places[i]![0] - places[j]![0]), Math.abs(places[i]![1] - places[j]![1])];
      assert.ok(dx >= 40 || dy >= 12, `${places[i]} on ${places[j]}`);
    }
  }
});

test.run();
