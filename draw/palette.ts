/**
 * Colours that readers with any of the common colour vision deficiencies can tell apart, after Okabe and Ito's set.
 * Series are lines on a page and so come in two versions, one for each theme; classes are boxes on photographs and
 * carriers of dark text, so all of them are light.
 */

/** Lines on a light page: at least 3 : 1 against white [WCAG 2.2, 1.4.11]. */
export const lightSeriesColors = ['#0b4fa8', '#df6d16', '#0f9d7c', '#c2419c', '#7a5c00', '#3f96d8', '#24282f'] as const;

/** The same hues on a dark page: at least 3 : 1 against #15181d. */
export const darkSeriesColors = ['#4a8dff', '#ff7a33', '#35d69e', '#d873c4', '#f7d154', '#bfe6ff', '#868d9a'] as const;

/** Colour of series i as a CSS value: the page's theme decides, and the light one stands in without a page. */
export function seriesColor(index: number): string {
  const i = index % lightSeriesColors.length;
  return `var(--series-${i + 1},${lightSeriesColors[i]})`;
}

/** CSS declarations of the series colours of one theme. */
export function seriesVariables(colors: readonly string[]): string {
  return colors.map((color, i) => `--series-${i + 1}:${color}`).join(';');
}

const firstClassColors = ['#5cc4f5', '#f5a12b', '#4fdca8', '#fbf04a', '#ff7f66', '#ffb3d4', '#a68cff', '#c6d94a'];
const goldenAngleDegrees = 137.50776405;

/** Text on a class colour. */
export const classTextColor = '#0d1014';

/** Light colour `#rrggbb` of class i >= 0; beyond the first eight, hues step by the golden angle in OKLCH. */
export function classColor(index: number): string {
  const first = firstClassColors[index];
  if (first !== undefined) return first;
  const hue = ((20 + index * goldenAngleDegrees) % 360) * (Math.PI / 180);
  const lightness = [0.76, 0.88, 0.82][index % 3]!;
  for (let chroma = 0.15; ; chroma -= 0.01) {
    const rgb = linearRgbFromOklab(lightness, chroma * Math.cos(hue), chroma * Math.sin(hue));
    if (chroma <= 0 || rgb.every((value) => value >= 0 && value <= 1)) return `#${rgb.map(hexByte).join('')}`;
  }
}

/** [Ottosson 2020, "A perceptual color space for image processing"], the inverse transform. */
function linearRgbFromOklab(L: number, a: number, b: number): [number, number, number] {
  const l = (L + 0.3963377774 * a + 0.2158037573 * b) ** 3;
  const m = (L - 0.1055613458 * a - 0.0638541728 * b) ** 3;
  const s = (L - 0.0894841775 * a - 1.291485548 * b) ** 3;
  return [
    4.0767416621 * l - 3.3077115913 * m + 0.2309699292 * s,
    -1.2684380046 * l + 2.6097574011 * m - 0.3413193965 * s,
    -0.0041960863 * l - 0.7034186147 * m + 1.707614701 * s,
  ];
}

function hexByte(linear: number): string {
  const value = Math.min(1, Math.max(0, linear));
  const srgb = value <= 0.0031308 ? 12.92 * value : 1.055 * value ** (1 / 2.4) - 0.055;
  return Math.round(srgb * 255).toString(16).padStart(2, '0');
}
