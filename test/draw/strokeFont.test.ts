import { XMLValidator } from 'fast-xml-parser';
import sharp from 'sharp';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { fitStrokeText, strokeText, strokeTextWidth } from '../../draw/strokeFont.ts';

const ascii = Array.from({ length: 95 }, (_, i) => String.fromCharCode(32 + i));
const style = { x: 20, y: 40, capHeightPx: 20, color: '#000' };

/** Bounding box of the ink of a text drawn at (20, 40) with capitals of 20 px, and how much ink there is. */
async function ink(text: string): Promise<{ left: number; right: number; top: number; bottom: number; sum: number }> {
  const [width, height] = [600, 64];
  const root = `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}">`;
  const svg = `${root}${strokeText(text, style)}</svg>`;
  const alpha = await sharp(Buffer.from(svg)).ensureAlpha().extractChannel('alpha').raw().toBuffer();
  const box = { left: width, right: -1, top: height, bottom: -1, sum: 0 };
  alpha.forEach((value, i) => {
    if (value < 8) return;
    const [x, y] = [i % width, Math.floor(i / width)];
    Object.assign(box, {
      left: Math.min(box.left, x), right: Math.max(box.right, x), top: Math.min(box.top, y),
      bottom: Math.max(box.bottom, y), sum: box.sum + value,
    });
  });
  return box;
}

test('every ASCII character but the space has its own ink, no fonts involved', async () => {
  const paths = new Set<string>();
  for (const character of ascii.slice(1)) {
    const svg = strokeText(character, style);
    assert.is(XMLValidator.validate(svg), true);
    assert.not.match(svg, /<text/);
    paths.add(/d="([^"]+)"/.exec(svg)![1]!);
    assert.ok((await ink(character)).sum > 0, character);
  }
  assert.is(paths.size, 94);
  assert.is((await ink(' ')).sum, 0);
});

test('ink stays within the measured width, between ascender and descender', async () => {
  for (const text of [...ascii.slice(1), 'WAX jogging', '@{}()', 'Il1|']) {
    const { left, right, top, bottom } = await ink(text);
    assert.ok(left >= 18 && right <= 21 + strokeTextWidth(text, 20), `${text}: ${left} .. ${right}`);
    assert.ok(top >= 15 && bottom <= 48, `${text}: ${top} .. ${bottom}`);
  }
  const { top, bottom } = await ink('HEX');
  assert.ok(Math.abs(top - 19) <= 1 && Math.abs(bottom - 41) <= 1, 'capitals stand on the baseline');
});

test('digits are equally wide; width grows with size', () => {
  assert.is(new Set([...'0123456789'].map((digit) => strokeTextWidth(digit, 10))).size, 1);
  assert.ok(Math.abs(strokeTextWidth('scale', 20) - 2 * strokeTextWidth('scale', 10)) < 1e-9);
  assert.is(strokeTextWidth('', 10), 0);
});

test('accents are dropped, other characters become boxes', () => {
  assert.is(strokeText('café\tÅ', style), strokeText('cafe A', style));
  assert.is(strokeText('人', style), strokeText('😀', style));
  assert.is.not(strokeText('人', style), strokeText(' ', style));
});

test('text is cut to a width with an ellipsis', () => {
  assert.is(fitStrokeText('person', 10, 1000), 'person');
  const cut = fitStrokeText('traffic light', 10, 60);
  assert.match(cut, /^traff?i?c?…$/);
  assert.ok(strokeTextWidth(cut, 10) <= 60);
  assert.is(fitStrokeText('person', 10, 3), '');
});

test.run();
