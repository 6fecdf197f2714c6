/** Sky, hills, water, grass and road of the street scenes. */
import { RandomStream } from '../engine/random.ts';
import type { Atmosphere, Canvas, Point, Rgb } from './canvas.ts';
import type { Band, StreetScene, Weather } from './sceneLayout.ts';

interface Palette {
  readonly skyTop: Rgb;
  readonly skyLow: Rgb;
  /** Colour of the light on everything that does not glow. */
  readonly tint: Rgb;
  readonly haze: Rgb;
  readonly waterFar: Rgb;
  readonly waterNear: Rgb;
}

const palettes: Record<Weather, Palette> = {
  day: {
    skyTop: [70, 146, 226], skyLow: [190, 224, 246], tint: [255, 255, 255], haze: [196, 218, 236],
    waterFar: [128, 186, 214], waterNear: [48, 112, 172] },
  golden: {
    skyTop: [112, 152, 212], skyLow: [255, 214, 158], tint: [255, 234, 200], haze: [248, 214, 176],
    waterFar: [240, 206, 168], waterNear: [84, 118, 160] },
  overcast: {
    skyTop: [146, 158, 174], skyLow: [208, 214, 220], tint: [222, 228, 236], haze: [202, 208, 214],
    waterFar: [176, 188, 198], waterNear: [98, 120, 138] },
  dusk: {
    skyTop: [44, 48, 104], skyLow: [244, 150, 112], tint: [150, 148, 190], haze: [164, 116, 140],
    waterFar: [226, 150, 132], waterNear: [52, 58, 108] },
};

/** Light and air of a scene's weather. */
export function atmosphereOf({ weather, lightSide }: StreetScene): Atmosphere {
  const { tint, haze } = palettes[weather];
  return { lightSide, tint, haze };
}

/** A band across the picture. */
function stripe(top: number, bottom: number): Point[] {
  return [[0, top], [1, top], [1, bottom], [0, bottom]];
}

/** A ridge from edge to edge, `steps` slopes of random height, filled down to the horizon. */
function ridge(canvas: Canvas, random: RandomStream, horizon: number, height: number, steps: number, color: Rgb): void {
  const points: Point[] = [];
  for (let i = 0; i <= steps; i++) points.push([i / steps, horizon - height * random.uniform(0.15, 1)]);
  canvas.polygon([...points, [1, horizon + 0.005], [0, horizon + 0.005]], { color, grain: 0.04, grainSize: [3, 2] });
}

const mixed = (a: Rgb, b: Rgb, share: number): Rgb =>
  [a[0] + (b[0] - a[0]) * share, a[1] + (b[1] - a[1]) * share, a[2] + (b[2] - a[2]) * share];

function paintWater(canvas: Canvas, random: RandomStream, { top, bottom }: Band, palette: Palette): void {
  // The colours are reflections of the sky, which the tint is already in.
  canvas.polygon(stripe(top, bottom), {
    color: palette.waterFar, bottom: palette.waterNear, glowing: true, grain: 0.08, grainSize: [5, 0.6] });
  for (let i = 0; i < 9; i++) {
    const share = random.uniform(0.1, 0.95);
    const y = top + (bottom - top) * share;
    const x = random.uniform(0, 1);
    canvas.ellipse(x, y, 0.03 + 0.06 * share, 0.0035 + 0.003 * share, {
      color: palette.skyLow, alpha: 0.5, glowing: true });
  }
  canvas.polygon(stripe(bottom - 0.004, bottom + 0.014), { // shore
    color: [214, 196, 150], bottom: [176, 176, 112], grain: 0.1 });
}

function paintRoad(canvas: Canvas, { top, bottom }: Band): void {
  const pavement: Rgb = [186, 182, 174];
  const kerb: Rgb = [142, 140, 138];
  canvas.polygon(stripe(top - 0.028, top), { color: pavement, grain: 0.06 });
  canvas.polygon(stripe(bottom, bottom + 0.05), { color: pavement, bottom: [198, 194, 186], grain: 0.06 });
  canvas.polygon(stripe(top - 0.006, top), { color: kerb });
  canvas.polygon(stripe(bottom, bottom + 0.009), { color: kerb });
  canvas.polygon(stripe(top, bottom), {
    color: [98, 100, 108], bottom: [116, 118, 124], grain: 0.07, grainSize: [1.5, 0.8] });
  const middle = top + 0.47 * (bottom - top);
  const dash: Rgb = [236, 232, 214];
  for (let x = 0.02; x < 1; x += 0.16) canvas.rect(x, middle - 0.006, x + 0.08, middle + 0.006, { color: dash });
}

const flowerColors: Rgb[] = [[250, 246, 240], [250, 214, 80], [230, 110, 130]];

/** Paints everything behind the objects. */
export function paintBackdrop(canvas: Canvas, scene: StreetScene): void {
  const { weather, horizon, water, road, texture, autumn } = scene;
  const palette = palettes[weather];
  const random = new RandomStream(texture, 'scenes/backdrop');
  canvas.beginBackdrop(texture);
  canvas.polygon(stripe(0, horizon), {
    color: palette.skyTop, bottom: palette.skyLow, glowing: true, grain: 0.035, grainSize: [14, 5] });

  const hill: Rgb = autumn ? [150, 132, 80] : [92, 130, 96];
  const farHill = mixed(hill, palette.haze, 0.68);
  const nearHill = mixed(hill, palette.haze, 0.4);
  if (random.chance(0.75)) ridge(canvas, random, horizon, random.uniform(0.05, 0.13), 5, farHill);
  if (random.chance(0.75)) ridge(canvas, random, horizon, random.uniform(0.02, 0.06), 9, nearHill);

  const far: Rgb = autumn ? [178, 172, 104] : [150, 184, 108];
  const near: Rgb = autumn ? [142, 140, 64] : [84, 148, 62];
  canvas.polygon(stripe(horizon, 1), { color: far, bottom: near, grain: 0.13, grainSize: [2.2, 1] });
  if (water) paintWater(canvas, random, water, palette);
  if (road) paintRoad(canvas, road);
  for (let i = 0; i < 26; i++) { // tufts and flowers, larger when near
    const y = random.uniform((water?.bottom ?? horizon) + 0.06, 1);
    const x = random.uniform();
    const flower = random.chance(0.3);
    const color = flower ? random.pick(flowerColors) : mixed(near, [40, 70, 30], 0.45);
    const onRoad = road && y > road.top - 0.035 && y < road.bottom + 0.06;
    const size = 0.003 + 0.009 * (y - horizon);
    if (!onRoad) canvas.ellipse(x, y, flower ? size : 1.8 * size, size, { color });
  }
}
