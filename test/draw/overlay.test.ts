// Overlays are judged by their pixels.
import sharp from 'sharp';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import type { RgbImage } from '../../data/images.ts';
import { contactSheet } from '../../draw/contactSheet.ts';
import { drawDetections, drawLayout, sideBySide, type DrawnBox } from '../../draw/overlay.ts';
import { classColor } from '../../draw/palette.ts';
import { readPicture } from '../../draw/picture.ts';
import { rejects } from '../data/rejects.ts';

/** A picture of one colour. */
function plain(width: number, height: number, color: readonly [number, number, number] = [90, 90, 90]): RgbImage {
  return { width, height, rgb: Uint8Array.from({ length: 3 * width * height }, (_, i) => color[i % 3]!) };
}

function pixel({ width, rgb }: RgbImage, x: number, y: number): string {
  const at = 3 * (y * width + x);
  return `#${[...rgb.subarray(at, at + 3)].map((value) => value.toString(16).padStart(2, '0')).join('')}`;
}

function countColor({ rgb }: RgbImage, color: string): number {
  const [r, g, b] = [1, 3, 5].map((at) => parseInt(color.slice(at, at + 2), 16));
  let count = 0;
  for (let i = 0; i < rgb.length; i += 3) count += Number(rgb[i] === r && rgb[i + 1] === g && rgb[i + 2] === b);
  return count;
}

const box = (changes: Partial<DrawnBox> = {}): DrawnBox =>
  ({ xyxyPx: [16, 24, 48, 56], label: 'cat', score: 0.5, colorIndex: 0, ...changes });

test('a tiny picture is enlarged as squares, its boxes with it', async () => {
  const scene = plain(64, 64);
  scene.rgb.set([255, 0, 0], 3 * (40 * 64 + 32));
  const drawn = await readPicture(await drawDetections(scene, [box()]));
  assert.equal([drawn.width, drawn.height], [512, 512]);
  assert.is(pixel(drawn, 32 * 8, 40 * 8), '#ff0000');
  assert.is(pixel(drawn, 32 * 8 + 7, 40 * 8 + 7), '#ff0000');
  assert.is(pixel(drawn, 32 * 8 + 8, 40 * 8), '#5a5a5a');
  for (const [x, y] of [[16, 40], [48, 40], [32, 56]] as const) assert.is(pixel(drawn, x * 8, y * 8), classColor(0));
  assert.is(pixel(drawn, 32 * 8, 30 * 8), '#5a5a5a', 'the inside of a box is left alone');
});

test('sizes between the bounds stay, larger ones shrink', async () => {
  const size = async (width: number, height: number) => {
    const drawn = await readPicture(await drawDetections(plain(width, height), []));
    return [drawn.width, drawn.height];
  };
  assert.equal(await size(640, 480), [640, 480]);
  assert.equal(await size(2560, 100), [1280, 50]);
  assert.equal(await size(200, 100), [512, 256]);
  assert.equal(await size(1, 1), [512, 512]);
});

test('labels have their class colour, lie in the picture, and are written without fonts', async () => {
  const edge = box({ xyxyPx: [600, -20, 700, 15], colorIndex: 1 });
  const drawn = await readPicture(await drawDetections(plain(640, 480), [edge]));
  const colored = countColor(drawn, classColor(1));
  const unnamed = { xyxyPx: edge.xyxyPx, label: '', colorIndex: 1 };
  const without = await readPicture(await drawDetections(plain(640, 480), [unnamed]));
  const label = colored - countColor(without, classColor(1));
  assert.ok(label > 500, `${label} pixels of label ground`);
  const ink = countColor(drawn, '#0d1014');
  assert.ok(ink > 20, `${ink} pixels of text`);
});

test('a name longer than the picture is cut, not drawn over the edge', async () => {
  const long = box({ label: 'name '.repeat(99) });
  const drawn = await readPicture(await drawDetections(plain(300, 300, [255, 255, 255]), [long]));
  assert.ok(countColor(drawn, classColor(0)) > 3000, 'a label across the picture');
  for (let y = 0; y < drawn.height; y++) {
    for (let x = drawn.width - 3; x < drawn.width; x++) {
      assert.ok(drawn.rgb[3 * (y * drawn.width + x)]! > 0x40, `dark ink at the right edge, row ${y}`);
    }
  }
});

test('corners in either order, outside the picture or on one point can be drawn', async () => {
  const corners = [[48, 56, 16, 24], [-1e6, -1e6, 1e6, 1e6], [5, 5, 5, 5]] as const;
  const boxes = corners.map((xyxyPx) => box({ xyxyPx }));
  const drawn = await readPicture(await drawDetections(plain(64, 64), boxes));
  assert.is(pixel(drawn, 16 * 8, 40 * 8), classColor(0));
});

test('a corner that is not finite is refused, naming the box', async () => {
  const wrong = await drawDetections(plain(64, 64), [box(), box({ label: 'dog', xyxyPx: [0, NaN, 1, 1] })])
    .then(() => '', (error: Error) => error.message);
  assert.match(wrong, 'box 1 (dog) must have four finite corners, found [0, NaN, 1, 1]');
});

test('dashed boxes have gaps, layouts are filled', async () => {
  const solid = countColor(await readPicture(await drawDetections(plain(64, 64), [box({ label: '' })])), classColor(0));
  const dashed = countColor(
    await readPicture(await drawDetections(plain(64, 64), [box({ label: '', dashed: true })])), classColor(0));
  assert.ok(dashed > 0 && dashed < 0.9 * solid, `${dashed} of ${solid}`);
  const layout = await readPicture(await drawLayout([box()], { width: 64, height: 32 }));
  assert.equal([layout.width, layout.height], [512, 256]);
  assert.is.not(pixel(layout, 32 * 8, 28 * 8), pixel(layout, 4, 4));
});

test('pictures come from pixels, encoded bytes and files; what is not one is refused', async () => {
  const png = await sharp(plain(8, 6).rgb, { raw: { width: 8, height: 6, channels: 3 } }).png().toBuffer();
  assert.equal(await readPicture(png).then(({ width, height }) => [width, height]), [8, 6]);
  await rejects(readPicture('/nowhere/a.png'), /a\.png: image cannot be read/);
  await rejects(readPicture(Buffer.from('not a picture')), /13 bytes cannot be decoded/);
  const short = await readPicture({ width: 4, height: 4, rgb: new Uint8Array(5) }).then(() => '', String);
  assert.match(short, '4 x 4 px need 48 bytes of RGB, found 5');
});

test('panels stand side by side at one height with their captions', async () => {
  const png = (width: number, height: number) => drawDetections(plain(width, height), []);
  const panels = [{ png: await png(600, 600), caption: 'image' }, { png: await png(600, 300), caption: 'truth' }];
  const panel = await readPicture(await sideBySide(panels));
  assert.equal([panel.width, panel.height], [3 * 12 + 600 + 1200, 2 * 12 + 600 + 26]);
  assert.is(pixel(panel, 300, 300), '#5a5a5a');
  assert.is(pixel(panel, 1200, 300), '#5a5a5a');
  assert.ok(countColor(panel, '#e9ecf1') > 30, 'captions');
});

test('a contact sheet is a grid, with room for captions in rows that have some', async () => {
  const items = Array.from({ length: 5 }, (_, i) => ({ picture: plain(64, 32), caption: i === 4 ? 'last' : '' }));
  const sheet = await readPicture(await contactSheet(items, 3, { sidePx: 128 }));
  assert.equal([sheet.width, sheet.height], [4 * 12 + 3 * 128, 3 * 12 + 2 * 64 + 26]);
  assert.is(pixel(sheet, 12, 12), '#5a5a5a');
  assert.is(pixel(sheet, 11, 12), '#1b1e23');
  assert.is(pixel(sheet, sheet.width - 20, 12 + 64 + 20), '#1b1e23', 'the sixth cell is empty');
  const message = await contactSheet([], 3).then(() => '', String);
  assert.match(message, 'needs at least one picture');
});

test.run();
