/**
 * A 5 x 7 pixel font for labels on pictures, so that drawing them needs no font on the machine.
 *
 * A glyph is seven rows from the top, each a base 32 digit whose five bits are the row's pixels, the highest bit on the
 * left: `e` = 14 = 01110.
 */
import type { Rgb } from './canvas.ts';
import type { RgbImage } from './images.ts';

const glyphs: Record<string, string> = {
  A: 'ehhvhhh', B: 'uhhuhhu', C: 'ehggghe', D: 'uhhhhhu', E: 'vgguggv', F: 'vgguggg', G: 'ehgnhhf', H: 'hhhvhhh',
  I: 'e44444e', J: '72222ic', K: 'hikokih', L: 'ggggggv', M: 'hrllhhh', N: 'hppljjh', O: 'ehhhhhe', P: 'uhhuggg',
  Q: 'ehhhlid', R: 'uhhukih', S: 'fgge11u', T: 'v444444', U: 'hhhhhhe', V: 'hhhhha4', W: 'hhhllla', X: 'hha4ahh',
  Y: 'hha4444', Z: 'v1248gv',
  a: '00e1fhf', b: 'ggmphhu', c: '00egghe', d: '11djhhf', e: '00ehvge', f: '698s888', g: '00fhf1e', h: 'ggmphhh',
  i: '40c444e', j: '20622ic', k: 'ggikoki', l: 'c44444e', m: '00qllhh', n: '00mphhh', o: '00ehhhe', p: '00uhugg',
  q: '00djf11', r: '00mpggg', s: '00fge1u', t: '88s8896', u: '00hhhjd', v: '00hhha4', w: '00hhlla', x: '00ha4ah',
  y: '00hhf1e', z: '00v248v',
  0: 'ehjlphe', 1: '4c4444e', 2: 'eh1248v', 3: 'v2421he', 4: '26aiv22', 5: 'vgu11he', 6: '68guhhe', 7: 'v124888',
  8: 'ehhehhe', 9: 'ehhf12c',
  ' ': '0000000', '.': '00000cc', ',': '0000c48', ':': '0cc0cc0', '-': '000e000', '_': '000000v', '/': '01248g0',
  '%': 'op248j3', '(': '2488842', ')': '8422248', '+': '044v440', '=': '00v0v00', '?': 'eh12404', '!': '4444404',
  '#': 'aavavaa', "'": 'c480000', '<': '248g842', '>': '8421248', '*': '04lel40', '|': '4444444',
};
const unknown = 'vhhhhhv';

/** Width in pixels of a text; glyphs are 6 pixels apart and 7 high. */
export function textWidth(text: string, scale = 1): number {
  return Math.max(0, 6 * [...text].length - 1) * scale;
}

/** Writes a text into a picture, its top left corner at (left, top), pixels enlarged by `scale`; clipped to it. */
export function drawText(image: RgbImage, text: string, left: number, top: number, color: Rgb, scale = 1): void {
  [...text].forEach((character, i) => {
    const glyph = glyphs[character] ?? unknown;
    for (let y = 0; y < 7 * scale; y++) {
      const bits = parseInt(glyph[Math.floor(y / scale)], 32);
      for (let x = 0; x < 5 * scale; x++) {
        if ((bits >> (4 - Math.floor(x / scale)) & 1) === 0) continue;
        const column = left + 6 * scale * i + x;
        const row = top + y;
        if (column < 0 || row < 0 || column >= image.width || row >= image.height) continue;
        image.rgb.set(color, 3 * (row * image.width + column));
      }
    }
  });
}
