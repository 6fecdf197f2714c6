/** Boxes with labels on pictures. */
import type { Rgb } from './canvas.ts';
import type { RgbImage } from './images.ts';
import { drawText, textWidth } from './pixelFont.ts';

/** A box to draw. */
export interface DrawnBox {
  readonly xyxyUnit: readonly [number, number, number, number];
  readonly color: Rgb;
  /** Written at the top left corner. Default: none. */
  readonly label?: string;
}

/** A colour for a class: hues a golden angle apart, so that any few classes in a row differ well. */
export function classColor(classIndex: number): Rgb {
  const hue = (classIndex * 0.618034 + 0.02) % 1 * 6;
  const lightness = [1, 0.82, 0.92][classIndex % 3];
  const channel = (shift: number): number => {
    const distance = Math.abs((hue + shift) % 6 - 3); // 3 at the channel's own hue
    return Math.round(255 * lightness * (0.16 + 0.84 * Math.min(1, Math.max(0, distance - 1))));
  };
  return [channel(0), channel(4), channel(2)];
}

const black: Rgb = [0, 0, 0];
const white: Rgb = [255, 255, 255];

function fill(image: RgbImage, x0: number, y0: number, x1: number, y1: number, color: Rgb): void {
  for (let y = Math.max(0, y0); y < Math.min(image.height, y1); y++) {
    for (let x = Math.max(0, x0); x < Math.min(image.width, x1); x++) image.rgb.set(color, 3 * (y * image.width + x));
  }
}

/** A copy of the picture with boxes drawn on it, lines `thickness` pixels wide just inside each box. */
export function drawBoxes(image: RgbImage, boxes: readonly DrawnBox[], thickness = 1): RgbImage {
  const drawn = { ...image, rgb: image.rgb.slice() };
  const { width, height } = image;
  const corners = boxes.map(({ xyxyUnit: [x0, y0, x1, y1] }) =>
    [Math.round(x0 * width), Math.round(y0 * height), Math.round(x1 * width), Math.round(y1 * height)] as const);
  boxes.forEach(({ color }, i) => {
    const [x0, y0, x1, y1] = corners[i];
    fill(drawn, x0, y0, x1, y0 + thickness, color);
    fill(drawn, x0, y1 - thickness, x1, y1, color);
    fill(drawn, x0, y0, x0 + thickness, y1, color);
    fill(drawn, x1 - thickness, y0, x1, y1, color);
  });
  boxes.forEach(({ label, color }, i) => { // over all lines
    if (!label) return;
    const labelWidth = textWidth(label) + 2;
    const left = Math.max(0, Math.min(corners[i][0], width - labelWidth));
    const top = corners[i][1] >= 9 ? corners[i][1] - 9 : corners[i][1];
    fill(drawn, left, top, left + labelWidth, top + 9, color);
    const bright = 0.3 * color[0] + 0.59 * color[1] + 0.11 * color[2] > 110;
    drawText(drawn, label, left + 1, top + 1, bright ? black : white);
  });
  return drawn;
}
