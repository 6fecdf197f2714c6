/**
 * The things of the street scenes: how each is drawn and what room it takes.
 *
 * Local coordinates: y from 0 at the top to 1 at the ground, x from 0 to the object's aspect (width over height), so a
 * unit is the object's height. Things look to the right; frames mirror them. Colours and details vary by the stream.
 */
import type { RandomStream } from '../engine/random.ts';
import type { Canvas, Paint, Point, Rgb } from './canvas.ts';

/** What a drawing may look at beside its own stream. */
export interface Surroundings {
  /** Lamps and windows are lit. */
  readonly dark: boolean;
  /** Leaves have turned. */
  readonly autumn: boolean;
  /** The sun stands low: large and red. */
  readonly lowSun: boolean;
}

/** A kind of thing. */
export interface SceneObject {
  readonly name: string;
  /** Width over height of one variant. */
  aspect(random: RandomStream): number;
  /** Draws one variant into the canvas's current frame. */
  draw(canvas: Canvas, aspect: number, random: RandomStream, around: Surroundings): void;
}

const black: Rgb = [26, 28, 34];
const glass: Rgb = [150, 190, 215];
const lamplight: Rgb = [255, 224, 140];

const scaled = (color: Rgb, factor: number): Rgb => [color[0] * factor, color[1] * factor, color[2] * factor];

/** A soft dark patch where a thing meets the ground; no part of the thing. */
function shadow(canvas: Canvas, aspect: number, width: number, height = 0.07): void {
  canvas.ellipse(aspect / 2, 0.985, width / 2, height, { color: [20, 26, 34], alpha: 0.5, soft: true, owned: false });
}

const wallColors: Rgb[] = [
  [238, 222, 190], [196, 108, 84], [170, 196, 214], [226, 178, 96], [240, 240, 234], [222, 160, 150], [168, 190, 150]];
const doorColors: Rgb[] = [[104, 66, 44], [60, 88, 72], [126, 44, 48]];
const roofColors: Rgb[] = [[164, 66, 48], [92, 98, 112], [120, 76, 56], [72, 92, 108]];

function drawHouse(canvas: Canvas, aspect: number, random: RandomStream, { dark }: Surroundings): void {
  const wall = random.pick(wallColors);
  const roof = random.pick(roofColors);
  const eaves = random.uniform(0.36, 0.44);
  const left = 0.07 * aspect;
  const right = 0.93 * aspect;
  shadow(canvas, aspect, aspect * 1.15, 0.05);
  if (random.chance(0.6)) {
    const chimney = random.uniform(0.6, 0.7) * aspect;
    canvas.rect(chimney, 0.03, chimney + 0.11, 0.34, { color: scaled(roof, 0.8), side: 0.15 });
  }
  canvas.rect(left, eaves - 0.02, right, 1, { color: wall, bottom: scaled(wall, 0.86), side: 0.12, grain: 0.05 });
  const ridge = random.chance(0.5) ? 0.5 : 0.24; // gable towards us, or a hipped roof
  canvas.polygon([[0, eaves], [ridge * aspect, 0.06], [(1 - ridge) * aspect, 0.06], [aspect, eaves]],
    { color: roof, bottom: scaled(roof, 0.78), side: 0.16, grain: 0.14, grainSize: [1.4, 0.7] });
  canvas.rect(left, eaves, right, eaves + 0.035, { color: scaled(wall, 0.6) });

  const doorLeft = (random.chance(0.5) ? 0.2 : 0.62) * aspect;
  canvas.rect(doorLeft, 0.68, doorLeft + 0.18 * aspect, 1, { color: random.pick(doorColors) });
  const lit = dark && random.chance(0.8);
  const window = (x: number, y: number): void => {
    canvas.rect(x - 0.02, y - 0.02, x + 0.16 * aspect + 0.02, y + 0.17, { color: [244, 244, 238] });
    const pane: Paint = lit ? { color: lamplight, glowing: true } : { color: [74, 104, 132] };
    canvas.rect(x, y, x + 0.16 * aspect, y + 0.15, pane);
  };
  for (const x of [0.2, 0.42, 0.64]) window(x * aspect, eaves + 0.07);
  window((doorLeft < aspect / 2 ? 0.62 : 0.2) * aspect, 0.71);
}

const leafColors: Rgb[] = [[66, 128, 52], [88, 146, 58], [48, 106, 62], [110, 150, 60]];
const autumnColors: Rgb[] = [[206, 132, 42], [190, 84, 40], [214, 172, 60], [126, 140, 52]];

/** Conifers are slender, others broad. */
function treeAspect(random: RandomStream): number {
  return random.chance(0.35) ? random.uniform(0.42, 0.52) : random.uniform(0.65, 0.85);
}

function drawTree(canvas: Canvas, aspect: number, random: RandomStream, { autumn }: Surroundings): void {
  const middle = aspect / 2;
  const bark: Paint = { color: [104, 76, 52], side: 0.3, grain: 0.12 };
  shadow(canvas, aspect, aspect * 0.95, 0.04);
  if (aspect < 0.58) {
    canvas.rect(middle - 0.035, 0.8, middle + 0.035, 1, bark);
    const color = random.pick<Rgb>([[34, 86, 62], [44, 100, 58], [52, 96, 84]]);
    for (const [top, bottom, half] of [[0.46, 0.88, 0.5], [0.23, 0.64, 0.4], [0, 0.4, 0.28]]) {
      canvas.polygon([[middle, top], [middle + half * aspect, bottom], [middle - half * aspect, bottom]],
        { color: scaled(color, 1.15), bottom: scaled(color, 0.78), side: 0.22, grain: 0.2 });
    }
    return;
  }
  canvas.polygon([[middle - 0.035, 0.5], [middle + 0.035, 0.5], [middle + 0.06, 1], [middle - 0.06, 1]], bark);
  const color = random.pick(autumn && random.chance(0.7) ? autumnColors : leafColors);
  const leaves: Paint = { color, round: 0.42, grain: 0.22, grainSize: [0.9, 0.9] };
  const shade: Paint = { ...leaves, color: scaled(color, 0.82) };
  canvas.ellipse(0.27 * aspect, 0.47, 0.27 * aspect, 0.19, shade);
  canvas.ellipse(0.73 * aspect, 0.46, 0.27 * aspect, 0.2, shade);
  canvas.ellipse(middle, 0.53, 0.3 * aspect, 0.17, shade);
  canvas.ellipse(middle + random.uniform(-0.06, 0.06), 0.27, 0.36 * aspect, 0.27, leaves);
}

function drawLamp(canvas: Canvas, aspect: number, _random: RandomStream, { dark }: Surroundings): void {
  const pole: Paint = { color: [62, 68, 78], side: 0.35 };
  const x = 0.25 * aspect;
  shadow(canvas, 2 * x, 0.22, 0.02);
  canvas.rect(x - 0.016, 0.05, x + 0.016, 1, pole);
  canvas.polygon([[x - 0.05, 1], [x - 0.03, 0.9], [x + 0.03, 0.9], [x + 0.05, 1]], pole);
  canvas.line(x, 0.04, 0.72 * aspect, 0.016, 0.03, pole);
  const glow: Paint = { color: lamplight, alpha: 0.55, soft: true, owned: false, glowing: true };
  if (dark) canvas.ellipse(0.76 * aspect, 0.09, 0.34, 0.34, glow);
  canvas.polygon([[0.55 * aspect, 0.02], [0.97 * aspect, 0.02], [aspect, 0.07], [0.52 * aspect, 0.07]], pole);
  canvas.ellipse(0.76 * aspect, 0.075, 0.21 * aspect, 0.032, dark
    ? { color: [255, 246, 214], glowing: true } : { color: [236, 232, 214] });
}

function wheel(canvas: Canvas, x: number, y: number, radius: number): void {
  canvas.ellipse(x, y, radius, radius, { color: black });
  canvas.ellipse(x, y, radius * 0.52, radius * 0.52, { color: [178, 182, 190], side: 0.15 });
}

const carColors: Rgb[] = [
  [204, 42, 44], [42, 96, 190], [236, 190, 44], [232, 234, 236], [58, 62, 74], [52, 148, 112], [226, 112, 40]];

function drawCar(canvas: Canvas, aspect: number, random: RandomStream, { dark }: Surroundings): void {
  const color = random.pick(carColors);
  const body: Paint = { color: scaled(color, 1.12), bottom: scaled(color, 0.72), grain: 0.02 };
  const at = (points: readonly Point[]): Point[] => points.map(([x, y]) => [x * aspect, y]);
  shadow(canvas, aspect, aspect * 1.08, 0.12);
  const backSlope = random.uniform(0.03, 0.14); // from estate to saloon
  canvas.polygon(at([[0.08 + backSlope, 0.44], [0.15 + backSlope, 0.02], [0.6, 0.02], [0.76, 0.44]]), body);
  const window: Paint = { color: glass, bottom: scaled(glass, 0.7) };
  canvas.polygon(at([[0.14 + backSlope, 0.43], [0.19 + backSlope, 0.1], [0.38, 0.1], [0.38, 0.43]]), window);
  canvas.polygon(at([[0.42, 0.43], [0.42, 0.1], [0.57, 0.1], [0.69, 0.43]]), window);
  canvas.polygon(at([
    [0, 0.5], [0.03, 0.42], [0.74, 0.4], [0.95, 0.5], [1, 0.62], [1, 0.8], [0.98, 0.84], [0.02, 0.84], [0, 0.78],
  ]), body);
  canvas.rect(0.02 * aspect, 0.77, 0.98 * aspect, 0.84, { color: scaled(color, 0.5) });
  canvas.rect(0.395 * aspect, 0.46, 0.405 * aspect, 0.76, { color: scaled(color, 0.6) });
  canvas.ellipse(0.96 * aspect, 0.57, 0.035 * aspect, 0.06, { color: [255, 244, 196], glowing: dark });
  canvas.rect(0, 0.5, 0.03 * aspect, 0.62, { color: [220, 40, 36], glowing: dark });
  wheel(canvas, 0.21 * aspect, 0.82, 0.18);
  wheel(canvas, 0.78 * aspect, 0.82, 0.18);
}

const busColors: Rgb[] = [[204, 46, 46], [240, 180, 40], [40, 130, 150], [90, 150, 70]];

function drawBus(canvas: Canvas, aspect: number, random: RandomStream, { dark }: Surroundings): void {
  const color = random.pick(busColors);
  shadow(canvas, aspect, aspect * 1.04, 0.07);
  const body: Paint = { color: scaled(color, 1.08), bottom: scaled(color, 0.78), grain: 0.02 };
  canvas.polygon([[0, 0.1], [0.05, 0.02], [aspect - 0.1, 0.02], [aspect, 0.14], [aspect, 0.9], [0, 0.9]], body);
  canvas.rect(0.02, 0.03, aspect - 0.12, 0.08, { color: [240, 240, 236] });
  const pane: Paint = dark ? { color: lamplight, glowing: true } : { color: glass, bottom: scaled(glass, 0.68) };
  const panes = 5;
  const step = (aspect - 0.5) / panes;
  for (let i = 0; i < panes; i++) canvas.rect(0.08 + i * step, 0.18, 0.02 + (i + 1) * step, 0.48, pane);
  canvas.polygon([[aspect - 0.12, 0.16], [aspect - 0.03, 0.16], [aspect - 0.01, 0.5], [aspect - 0.12, 0.5]], pane);
  canvas.rect(aspect - 0.42, 0.18, aspect - 0.2, 0.86, { color: scaled(glass, 0.75) });
  canvas.rect(aspect - 0.315, 0.18, aspect - 0.3, 0.86, { color: scaled(color, 0.6) });
  canvas.rect(0, 0.58, aspect - 0.45, 0.66, { color: [244, 240, 226] });
  canvas.rect(0, 0.82, aspect, 0.9, { color: scaled(color, 0.45) });
  canvas.ellipse(aspect - 0.03, 0.74, 0.035, 0.05, { color: [255, 244, 196], glowing: dark });
  wheel(canvas, 0.2 * aspect, 0.88, 0.12);
  wheel(canvas, 0.76 * aspect, 0.88, 0.12);
}

const skinColors: Rgb[] = [[244, 206, 172], [222, 170, 128], [172, 118, 82], [112, 74, 52]];
const hairColors: Rgb[] = [[44, 32, 28], [112, 70, 38], [214, 176, 96], [150, 146, 142]];
const shirtColors: Rgb[] = [
  [216, 52, 60], [52, 104, 206], [246, 200, 60], [60, 160, 96], [238, 238, 240], [150, 74, 170], [240, 130, 60]];
const trouserColors: Rgb[] = [[44, 56, 92], [66, 66, 72], [124, 98, 70], [92, 108, 128]];

function drawPerson(canvas: Canvas, aspect: number, random: RandomStream): void {
  const skin = random.pick(skinColors);
  const hair: Paint = { color: random.pick(hairColors) };
  const shirt = random.pick(shirtColors);
  const trousers: Paint = { color: random.pick(trouserColors), side: 0.12 };
  const middle = aspect / 2;
  const stride = random.uniform(0.03, 0.1);
  const dressed = random.chance(0.35);
  shadow(canvas, aspect, aspect * 1.25, 0.04);
  const leg: Paint = dressed ? { color: skin } : trousers;
  canvas.line(middle - 0.03, 0.58, middle - stride, 0.95, 0.075, { ...leg, color: scaled(leg.color, 0.85) });
  canvas.line(middle + 0.03, 0.58, middle + stride, 0.95, 0.075, leg);
  canvas.ellipse(middle - stride + 0.02, 0.972, 0.055, 0.027, { color: black });
  canvas.ellipse(middle + stride + 0.02, 0.972, 0.055, 0.027, { color: black });
  const arm: Paint = { color: scaled(shirt, 0.82), side: 0.1 };
  const reach = random.uniform(0.02, 0.05);
  canvas.line(middle - 0.09, 0.25, middle - 0.11 - reach, 0.5, 0.058, arm);
  canvas.line(middle + 0.09, 0.25, middle + 0.11 + reach, 0.5, 0.058, arm);
  canvas.ellipse(middle - 0.115 - reach, 0.525, 0.028, 0.028, { color: skin });
  canvas.ellipse(middle + 0.115 + reach, 0.525, 0.028, 0.028, { color: skin });
  const cloth: Paint = { color: scaled(shirt, 1.08), bottom: scaled(shirt, 0.86), side: 0.14 };
  const hem = dressed ? 0.74 : 0.6;
  const flare = dressed ? 0.15 : 0.09;
  canvas.polygon([[middle - 0.1, 0.2], [middle + 0.1, 0.2], [middle + flare, hem], [middle - flare, hem]], cloth);
  canvas.rect(middle - 0.03, 0.15, middle + 0.03, 0.21, { color: scaled(skin, 0.9) });
  if (dressed) canvas.ellipse(middle, 0.11, 0.085, 0.11, hair); // long hair
  canvas.ellipse(middle, 0.082, 0.078, 0.082, hair);
  canvas.ellipse(middle + 0.008, 0.105, 0.064, 0.068, { color: skin, side: 0.1 });
}

function drawDog(canvas: Canvas, aspect: number, random: RandomStream): void {
  const color = random.pick<Rgb>([[150, 98, 54], [62, 50, 46], [222, 206, 178], [198, 142, 76]]);
  const coat: Paint = { color: scaled(color, 1.1), bottom: scaled(color, 0.8), grain: 0.06 };
  const dark: Paint = { color: scaled(color, 0.68) };
  const at = (x: number): number => x * aspect;
  shadow(canvas, aspect, aspect, 0.1);
  canvas.line(at(0.15), 0.42, at(0.045), 0.12, 0.085, coat);
  for (const x of [0.2, 0.58]) canvas.line(at(x + 0.05), 0.6, at(x + 0.06), 0.94, 0.105, dark);
  for (const x of [0.16, 0.63]) canvas.line(at(x), 0.6, at(x), 0.945, 0.11, coat);
  canvas.ellipse(at(0.39), 0.52, at(0.28), 0.19, coat);
  canvas.polygon([[at(0.52), 0.5], [at(0.62), 0.14], [at(0.8), 0.26], [at(0.69), 0.62]], coat);
  canvas.ellipse(at(0.76), 0.22, at(0.125), 0.18, coat);
  canvas.ellipse(at(0.89), 0.28, at(0.11), 0.09, coat);
  canvas.ellipse(at(0.975), 0.25, at(0.025), 0.04, { color: black });
  canvas.ellipse(at(0.69), 0.2, at(0.05), 0.17, dark);
  canvas.ellipse(at(0.82), 0.16, 0.03, 0.035, { color: black });
}

function drawBoat(canvas: Canvas, aspect: number, random: RandomStream): void {
  const hull = random.pick<Rgb>([[206, 60, 52], [44, 84, 150], [240, 240, 236], [126, 80, 50], [38, 116, 110]]);
  const sail = random.pick<Rgb>([[250, 248, 240], [250, 248, 240], [240, 186, 70], [226, 96, 74]]);
  const at = (x: number): number => x * aspect;
  canvas.ellipse(at(0.5), 1.02, at(0.52), 0.11, { color: scaled(hull, 0.5), alpha: 0.55, soft: true, owned: false });
  canvas.rect(at(0.5) - 0.014, 0, at(0.5) + 0.014, 0.8, { color: [112, 82, 60] });
  const mainsail: Paint = { color: sail, bottom: scaled(sail, 0.86), side: 0.1 };
  canvas.polygon([[at(0.54), 0.06], [at(0.54), 0.7], [at(0.95), 0.7]], mainsail);
  canvas.polygon([[at(0.46), 0.14], [at(0.46), 0.7], [at(0.14), 0.7]], { color: scaled(sail, 0.88), side: 0.1 });
  const planks: Paint = { color: hull, bottom: scaled(hull, 0.7), side: 0.08 };
  canvas.polygon([[0, 0.76], [aspect, 0.74], [at(0.86), 1], [at(0.15), 1]], planks);
  canvas.polygon([[0, 0.76], [aspect, 0.74], [at(0.975), 0.8], [at(0.025), 0.82]], { color: [250, 246, 232] });
}

function drawSun(canvas: Canvas, aspect: number, _random: RandomStream, { lowSun }: Surroundings): void {
  const color: Rgb = lowSun ? [255, 150, 72] : [255, 226, 96];
  canvas.ellipse(aspect / 2, 0.5, 1.5, 1.5, { color, alpha: 0.45, soft: true, owned: false, glowing: true });
  canvas.ellipse(aspect / 2, 0.5, 0.5, 0.5, { color: scaled(color, 0.97), glowing: true });
  canvas.ellipse(aspect / 2, 0.5, 0.36, 0.36, { color: lowSun ? [255, 190, 110] : [255, 244, 170], glowing: true });
}

function drawCloud(canvas: Canvas, aspect: number, random: RandomStream): void {
  const white: Paint = { color: [255, 255, 255], bottom: [206, 214, 228], round: 0.12, grain: 0.02 };
  const left = random.uniform(0.26, 0.34);
  const right = random.uniform(0.66, 0.74);
  canvas.ellipse(0.17 * aspect, 0.74, 0.17 * aspect, 0.25, white);
  canvas.ellipse(0.84 * aspect, 0.75, 0.16 * aspect, 0.24, white);
  canvas.ellipse(right * aspect, 0.52, 0.18 * aspect, 0.34, white);
  canvas.ellipse(left * aspect, 0.5, 0.19 * aspect, 0.36, white);
  canvas.ellipse(0.5 * aspect, 0.42, 0.22 * aspect, 0.42, white);
  canvas.ellipse(0.5 * aspect, 0.8, 0.36 * aspect, 0.2, { ...white, color: [232, 237, 246] });
}

/** The classes in class index order; their COCO ids are these indices plus one. */
export const sceneObjects: readonly SceneObject[] = [
  { name: 'boat', aspect: (random) => random.uniform(0.95, 1.2), draw: drawBoat },
  { name: 'bus', aspect: (random) => random.uniform(2, 2.3), draw: drawBus },
  { name: 'car', aspect: (random) => random.uniform(2, 2.3), draw: drawCar },
  { name: 'cloud', aspect: (random) => random.uniform(1.9, 2.6), draw: drawCloud },
  { name: 'dog', aspect: (random) => random.uniform(1.25, 1.45), draw: drawDog },
  { name: 'house', aspect: (random) => random.uniform(0.95, 1.35), draw: drawHouse },
  { name: 'lamp', aspect: () => 0.24, draw: drawLamp },
  { name: 'person', aspect: () => 0.38, draw: drawPerson },
  { name: 'sun', aspect: () => 1, draw: drawSun },
  { name: 'tree', aspect: treeAspect, draw: drawTree },
];
