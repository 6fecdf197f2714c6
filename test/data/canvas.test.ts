import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { Canvas } from '../../data/canvas.ts';
import type { Rgb } from '../../data/canvas.ts';

const white: Rgb = [255, 255, 255];
const red: Rgb = [200, 0, 0];
const plain = { lightSide: 1, tint: white, haze: white } as const;

function blank(size = 16): Canvas {
  const canvas = new Canvas(size, plain);
  canvas.beginBackdrop(0);
  canvas.rect(0, 0, 1, 1, { color: [0, 0, 0] });
  return canvas;
}

const pixel = (canvas: Canvas, x: number, y: number): number[] =>
  [...canvas.picture().rgb.subarray(3 * (y * canvas.size + x), 3 * (y * canvas.size + x) + 3)];

test('coverage is averaged over the points of a pixel', () => {
  const canvas = blank();
  canvas.rect(0.25, 0.25, 0.5 + 1 / 32, 0.5, { color: red });
  assert.equal(pixel(canvas, 3, 4), [0, 0, 0]);
  assert.equal(pixel(canvas, 4, 4), [200, 0, 0]);
  assert.equal(pixel(canvas, 8, 4), [100, 0, 0]);
  assert.equal(pixel(canvas, 9, 4), [0, 0, 0]);
  assert.equal(pixel(canvas, 4, 8), [0, 0, 0]);
});

test('boxes are those of what is drawn, and end at the edge of the picture', () => {
  const canvas = blank();
  const shapes: [() => void, number[]][] = [
    [() => canvas.rect(0.25, 0.5, 0.5, 0.75, { color: red }), [0.25, 0.5, 0.5, 0.75]],
    [() => canvas.rect(-1, 0.5, 0.5, 0.75, { color: red }), [0, 0.5, 0.5, 0.75]],
    [() => canvas.ellipse(0.5, 0.5, 0.25, 0.125, { color: red }), [0.25, 0.375, 0.75, 0.625]],
    [() => canvas.polygon([[0.5, 0], [1, 1], [0, 1]], { color: red }), [0, 0, 1, 1]],
    [() => canvas.rect(2, 2, 3, 3, { color: red }), [0, 0, 0, 0]],
  ];
  for (const [draw] of shapes) {
    canvas.beginObject({ x: 0, y: 0, unit: 1 }, 0, 0);
    draw();
  }
  canvas.objects().forEach(({ xyxyUnit }, i) => {
    xyxyUnit.forEach((value, k) => assert.ok(Math.abs(value - shapes[i][1][k]) <= 1 / 64, `${i}: ${xyxyUnit}`));
  });
  assert.is(canvas.objects()[4].drawn, 0);
});

test('frames scale, move and mirror', () => {
  const canvas = blank();
  canvas.beginObject({ x: 0.25, y: 0.5, unit: 0.5 }, 0, 0);
  canvas.rect(0, 0, 0.5, 1, { color: red });
  canvas.beginObject({ x: 0.75, y: 0, unit: 0.5, mirrored: true }, 0, 0);
  canvas.rect(0, 0, 0.5, 0.5, { color: red });
  assert.equal(canvas.objects().map(({ xyxyUnit }) => xyxyUnit), [[0.25, 0.5, 0.5, 1], [0.5, 0, 0.75, 0.25]]);
});

test('what is in front hides, what is not owned does not', () => {
  const canvas = blank();
  canvas.beginObject({ x: 0, y: 0, unit: 1 }, 0, 0);
  canvas.rect(0, 0, 0.5, 0.5, { color: red });
  canvas.rect(0, 0, 0.5, 0.5, { color: red }); // painted twice, counted once
  canvas.beginObject({ x: 0, y: 0, unit: 1 }, 0, 0);
  canvas.rect(0, 0, 1, 1, { color: white, alpha: 0.5, owned: false });
  canvas.rect(0.25, 0, 0.75, 0.5, { color: white });
  const [behind, before] = canvas.objects();
  assert.is(behind.drawn, 32 * 32);
  assert.is(behind.visible, 16 * 32);
  assert.is(before.visible, before.drawn);
  assert.equal(before.xyxyUnit, [0.25, 0, 0.75, 0.5]);
});

test('tint and haze act on all but what glows', () => {
  const canvas = new Canvas(16, { lightSide: -1, tint: [255, 128, 255], haze: [100, 100, 100] });
  canvas.beginObject({ x: 0, y: 0, unit: 1 }, 0.5, 0);
  canvas.rect(0, 0, 0.5, 1, { color: [200, 200, 200] });
  canvas.rect(0.5, 0, 1, 1, { color: [200, 200, 200], glowing: true });
  assert.equal(pixel(canvas, 2, 2), [150, 100, 150]);
  assert.equal(pixel(canvas, 12, 2), [200, 200, 200]);
});

test('the light side is the lighter one', () => {
  const canvas = blank();
  canvas.rect(0, 0, 1, 1, { color: [100, 100, 100], side: 0.5 });
  assert.ok(pixel(canvas, 15, 8)[0] > 140);
  assert.ok(pixel(canvas, 0, 8)[0] < 60);
});

test.run();
