import { test } from 'uvu';
import * as assert from 'uvu/assert';
import {
  classColor, classTextColor, darkSeriesColors, lightSeriesColors, seriesColor,
} from '../../draw/palette.ts';

/** Relative luminance [WCAG 2.2]. */
function luminance(hex: string): number {
  const [r, g, b] = [1, 3, 5].map((at) => {
    const value = parseInt(hex.slice(at, at + 2), 16) / 255;
    return value <= 0.04045 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4;
  }) as [number, number, number];
  return 0.2126 * r + 0.7152 * g + 0.0722 * b;
}

function contrast(a: string, b: string): number {
  const [dark, light] = [luminance(a), luminance(b)].sort((x, y) => x - y) as [number, number];
  return (light + 0.05) / (dark + 0.05);
}

test('series stand out from the ground of their theme', () => {
  for (const color of lightSeriesColors) assert.ok(contrast(color, '#ffffff') >= 3, color);
  for (const color of darkSeriesColors) assert.ok(contrast(color, '#15181d') >= 3, color);
  assert.is(lightSeriesColors.length, darkSeriesColors.length);
  assert.is(seriesColor(0), seriesColor(lightSeriesColors.length));
});

test('80 classes have 80 colours on which dark text can be read', () => {
  const colors = Array.from({ length: 80 }, (_, i) => classColor(i));
  assert.is(new Set(colors).size, 80);
  for (const color of colors) {
    assert.match(color, /^#[0-9a-f]{6}$/);
    assert.ok(contrast(color, classTextColor) >= 7, `${color}: ${contrast(color, classTextColor)}`);
  }
});

test.run();
