import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import sharp from 'sharp';
import type { FormatEnum, Sharp } from 'sharp';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import {
  centerCropXyxyUnit, imageSize, isPictureName, loadImage, loadRgb, pictureEndings, planesFromRgb, rgbFromPlanes,
  savePng,
} from '../../data/images.ts';
import { rejects } from './rejects.ts';

const test = suite<{ dir: string }>('images', { dir: '' });
test.before(async (context) => {
  context.dir = await mkdtemp(join(tmpdir(), 'images-'));
});
test.after(async ({ dir }) => rm(dir, { recursive: true }));

/** 4 x 2 px: columns of black, red, green, blue. */
const columns = Uint8Array.from([
  0, 0, 0, 255, 0, 0, 0, 255, 0, 0, 0, 255, 0, 0, 0, 255, 0, 0, 0, 255, 0, 0, 0, 255]);

test('PNG round trip is exact, planes are [3, H, W] in [-1, 1]', async ({ dir }) => {
  const path = join(dir, 'new', 'columns.png');
  await savePng(path, columns, 4, 2);
  const image = await loadRgb(path);
  assert.equal([...image.rgb], [...columns]);
  assert.equal(await imageSize(path), { width: 4, height: 2 });
  const planes = planesFromRgb(image);
  assert.equal([...planes.subarray(0, 8)], [-1, 1, -1, -1, -1, 1, -1, -1]);
  await savePng(path, planes, 4, 2);
  assert.equal([...(await loadRgb(path)).rgb], [...columns]);
  assert.equal(await readdir(join(dir, 'new')), ['columns.png']);
});

test('every byte survives the way to planes and back; values beyond the range saturate', () => {
  const rgb = Uint8Array.from({ length: 768 }, (_, i) => i % 256);
  const image = { width: 16, height: 16, rgb };
  assert.equal(rgbFromPlanes(planesFromRgb(image), 16, 16).rgb, rgb);
  assert.equal([...rgbFromPlanes(Float32Array.from([-3, 1.5, 0]), 1, 1).rgb], [0, 255, 128]);
  assert.throws(() => planesFromRgb({ width: 2, height: 2, rgb }), /need 12 bytes, found 768/);
});

test('crop and flip', async ({ dir }) => {
  const path = join(dir, 'columns.png');
  await savePng(path, columns, 4, 2);
  const red = (planes: Float32Array): number[] => [...planes.subarray(0, 2)];
  assert.equal(red(await loadImage(path, { size: 2, crop: 'center' })), [1, -1]);
  assert.equal(red(await loadImage(path, { size: 2, crop: 'center', flip: true })), [-1, 1]);
  assert.equal(centerCropXyxyUnit(4, 2), [0.25, 0, 0.75, 1]);
  assert.equal(centerCropXyxyUnit(5, 10), [0, 0.2, 1, 0.7]);
  const squashed = await loadImage(path, { size: 2 });
  assert.is(squashed.length, 12);
  assert.ok(squashed[0] > -0.6 && squashed[0] < 0.2, 'black and red are averaged');
});

test('grey, 16 bit, palette, CMYK, transparent and JPEG files become 3 channels of 8 bits', async ({ dir }) => {
  const size = { width: 8, height: 8 };
  const grey = sharp({ create: { ...size, channels: 3, background: '#808080' } });
  const files: [string, Sharp, number][] = [
    ['grey.png', grey.clone().toColourspace('b-w').png(), 128],
    ['deep.png', grey.clone().toColourspace('rgb16').png(), 128],
    ['palette.png', grey.clone().png({ palette: true }), 128],
    ['cmyk.jpg', grey.clone().toColourspace('cmyk').jpeg(), 128],
    ['clear.png', sharp({ create: { ...size, channels: 4, background: { r: 0, g: 0, b: 0, alpha: 0 } } }).png(), 255],
    ['a.jpg', grey.clone().jpeg(), 128],
    ['a.webp', grey.clone().webp({ lossless: true }), 128],
  ];
  for (const [name, image, value] of files) {
    const path = join(dir, name);
    await writeFile(path, await image.toBuffer());
    const { rgb } = await loadRgb(path);
    assert.is(rgb.length, 192, name);
    assert.ok(rgb.every((byte) => Math.abs(byte - value) <= 16), `${name}: ${rgb.subarray(0, 3).join()}`);
  }
});

test('what is taken for a picture by its name can be read', async ({ dir }) => {
  const grey = sharp({ create: { width: 8, height: 8, channels: 3, background: '#808080' } });
  for (const ending of pictureEndings) {
    const path = join(dir, `of${ending}`);
    await writeFile(path, await grey.clone().toFormat(ending.slice(1) as keyof FormatEnum).toBuffer());
    const { rgb } = await loadRgb(path);
    assert.is(rgb.length, 192, ending);
    assert.ok(rgb.every((byte) => Math.abs(byte - 128) <= 16), `${ending}: ${rgb.subarray(0, 3).join()}`);
  }
  assert.equal(['a.PNG', 'b.Jpeg', 'c.tar.gif', 'd.bmp', 'e.txt', 'png', '.png', 'f.pngs'].filter(isPictureName),
    ['a.PNG', 'b.Jpeg', 'c.tar.gif']);
});

test('missing, damaged and mismatched files are refused by path', async ({ dir }) => {
  await rejects(loadImage(join(dir, 'none.png'), { size: 8 }), /none\.png: image cannot be read/);
  const path = join(dir, 'cut.png');
  const noise = Uint8Array.from({ length: 3 * 64 * 64 }, (_, i) => (i * 2654435761) >>> 24);
  await savePng(path, noise, 64, 64);
  await loadImage(path, { size: 8, annotated: { width: 64, height: 64 } });
  await rejects(loadImage(path, { size: 8, annotated: { width: 64, height: 32 } }),
    /cut\.png: the file is 64 x 64 px, its annotation says 64 x 32/);
  const whole = await readFile(path);
  await writeFile(path, whole.subarray(0, whole.length / 2));
  await rejects(loadImage(path, { size: 8 }), /cut\.png: cannot be decoded/);
  await writeFile(path, 'not an image');
  await rejects(loadRgb(path), /cut\.png: cannot be decoded/);
  await rejects(imageSize(path), /cut\.png/);
  await rejects(savePng(join(path, 'below.png'), noise, 64, 64), /below\.png: cannot be written/);
});

test.run();
