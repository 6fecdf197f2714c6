import {
  annotatedDataset,
  cocoAnnotation,
  noFilters
} from "./chunk-HP4QYYGS.js";
import {
  RandomStream
} from "./chunk-A26XEMZC.js";
import {
  UserError,
  check
} from "./chunk-Q54TM6M7.js";

// data/canvas.ts
var wholePicture = { x: 0, y: 0, unit: 1 };
function latticeHash(x, y, seed) {
  let hash = Math.imul(x, 668265261) ^ Math.imul(y, 374761393) ^ seed;
  hash = Math.imul(hash ^ hash >>> 15, 739982445);
  hash = Math.imul(hash ^ hash >>> 12, 695872825);
  return (hash ^ hash >>> 15) >>> 0;
}
function noiseAlongRow(y, seed) {
  const row = Math.floor(y);
  const t = y - row;
  const edge = (column) => (latticeHash(column, row, seed) * (1 - t) + latticeHash(column, row + 1, seed) * t) / 2147483648 - 1;
  let cell = NaN;
  let left = 0;
  let right = 0;
  return (x) => {
    const column = Math.floor(x);
    if (column !== cell) {
      left = column === cell + 1 ? right : edge(column);
      right = edge(column + 1);
      cell = column;
    }
    return left + (right - left) * (x - column);
  };
}
var Canvas = class {
  size;
  supersample;
  /** Points along a side. */
  side;
  rgb;
  // [side, side, 3]
  owners;
  // [side, side], object number + 1
  counted;
  // [side, side], the last object whose `drawn` counts this point
  extents = [];
  atmosphere;
  frame = wholePicture;
  hazeAmount = 0;
  owner = 0;
  textureSeed = 0;
  /** A picture of `size` x `size` pixels: 16, 9 or 4 points a pixel, fewer where there are many pixels. */
  constructor(size, atmosphere) {
    this.size = size;
    this.supersample = size <= 64 ? 4 : size <= 160 ? 3 : 2;
    this.side = size * this.supersample;
    this.atmosphere = atmosphere;
    this.rgb = new Float32Array(3 * this.side * this.side);
    this.owners = new Uint8Array(this.side * this.side);
    this.counted = new Uint8Array(this.side * this.side);
  }
  /** What follows is backdrop, in fractions of the picture. */
  beginBackdrop(textureSeed) {
    this.frame = wholePicture;
    this.owner = 0;
    this.hazeAmount = 0;
    this.textureSeed = textureSeed;
  }
  /** What follows is the next object, in the coordinates of its frame, faded by `haze` in 0 .. 1. */
  beginObject(frame, haze, textureSeed) {
    check(this.extents.length < 255, "Canvas: at most 255 objects fit a picture");
    this.extents.push({ x0: Infinity, y0: Infinity, x1: -Infinity, y1: -Infinity, drawn: 0 });
    this.owner = this.extents.length;
    this.frame = frame;
    this.hazeAmount = haze;
    this.textureSeed = textureSeed;
  }
  /** A point of the frame in sample coordinates. */
  place([x, y]) {
    const { x: left, y: top, unit, mirrored } = this.frame;
    return [(left + (mirrored ? -x : x) * unit) * this.side, (top + y * unit) * this.side];
  }
  /** Fills a polygon, even-odd. */
  polygon(points, paint) {
    const placed = points.map((point) => this.place(point));
    const xs = placed.map(([x]) => x);
    const ys = placed.map(([, y]) => y);
    const shade = this.shader(Math.min(...xs), Math.min(...ys), Math.max(...xs), Math.max(...ys), paint);
    const crossings = [];
    for (let row = shade.firstRow; row < shade.endRow; row++) {
      const y = row + 0.5;
      crossings.length = 0;
      for (let i = 0, j = placed.length - 1; i < placed.length; j = i++) {
        const [xi, yi] = placed[i];
        const [xj, yj] = placed[j];
        if (yi <= y !== yj <= y) crossings.push(xi + (y - yi) / (yj - yi) * (xj - xi));
      }
      crossings.sort((a, b) => a - b);
      for (let i = 0; i + 1 < crossings.length; i += 2) shade.span(row, crossings[i], crossings[i + 1]);
    }
  }
  /** Fills an axis-parallel rectangle. */
  rect(x0, y0, x1, y1, paint) {
    this.polygon([[x0, y0], [x1, y0], [x1, y1], [x0, y1]], paint);
  }
  /** Fills an ellipse with half axes rx and ry. */
  ellipse(x, y, rx, ry, paint) {
    const [cx, cy] = this.place([x, y]);
    const halfWidth = rx * this.frame.unit * this.side;
    const halfHeight = ry * this.frame.unit * this.side;
    const shade = this.shader(cx - halfWidth, cy - halfHeight, cx + halfWidth, cy + halfHeight, paint);
    for (let row = shade.firstRow; row < shade.endRow; row++) {
      const ny = (row + 0.5 - cy) / halfHeight;
      const reach = halfWidth * Math.sqrt(Math.max(0, 1 - ny * ny));
      shade.span(row, cx - reach, cx + reach);
    }
  }
  /** Draws a straight line with round ends. */
  line(x0, y0, x1, y1, thickness, paint) {
    const length = Math.sqrt((x1 - x0) * (x1 - x0) + (y1 - y0) * (y1 - y0)) || 1;
    const dx = (x1 - x0) / length * thickness / 2;
    const dy = (y1 - y0) / length * thickness / 2;
    this.polygon([[x0 - dy, y0 + dx], [x1 - dy, y1 + dx], [x1 + dy, y1 - dx], [x0 + dy, y0 - dx]], paint);
    this.ellipse(x0, y0, thickness / 2, thickness / 2, paint);
    this.ellipse(x1, y1, thickness / 2, thickness / 2, paint);
  }
  /** A function that colours spans of one shape, given the shape's bounds in sample coordinates. */
  shader(x0, y0, x1, y1, paint) {
    const { side: points, rgb, owners, owner, counted } = this;
    const { color, bottom = color, side = 0, round = 0, grain = 0, grainSize = [1, 1], alpha = 1 } = paint;
    const { lightSide, tint, haze } = this.atmosphere;
    const clear = paint.glowing ? 1 : 1 - this.hazeAmount;
    const gain = [0, 1, 2].map((c) => paint.glowing ? 1 : tint[c] / 255 * clear);
    const added = [0, 1, 2].map((c) => haze[c] * (1 - clear));
    const perPatchX = 64 / points / grainSize[0];
    const perPatchY = 64 / points / grainSize[1];
    const extent = owner > 0 && (paint.owned ?? true) ? this.extents[owner - 1] : null;
    const seed = this.textureSeed;
    const span = (row, from, to) => {
      const first = Math.max(0, Math.ceil(from - 0.5));
      const end = Math.min(points, Math.ceil(to - 0.5));
      if (first >= end) return;
      const v = (row + 0.5 - y0) / (y1 - y0);
      const ny = 2 * v - 1;
      const red = color[0] + (bottom[0] - color[0]) * v;
      const green = color[1] + (bottom[1] - color[1]) * v;
      const blue = color[2] + (bottom[2] - color[2]) * v;
      const noise = noiseAlongRow((row - y0) * perPatchY, seed);
      for (let column = first; column < end; column++) {
        const nx = 2 * (column + 0.5 - x0) / (x1 - x0) - 1;
        let brightness = 1 + side * nx * lightSide;
        if (round > 0) {
          const depth = Math.sqrt(Math.max(0, 1 - nx * nx - ny * ny));
          brightness += round * (0.45 * nx * lightSide - 0.6 * ny + 0.66 * depth - 0.45);
        }
        if (grain > 0) brightness += grain * noise((column - x0) * perPatchX);
        const cover = paint.soft ? alpha * Math.max(0, 1 - nx * nx - ny * ny) : alpha;
        const i = row * points + column;
        const keep = 1 - cover;
        rgb[3 * i] = rgb[3 * i] * keep + (red * brightness * gain[0] + added[0]) * cover;
        rgb[3 * i + 1] = rgb[3 * i + 1] * keep + (green * brightness * gain[1] + added[1]) * cover;
        rgb[3 * i + 2] = rgb[3 * i + 2] * keep + (blue * brightness * gain[2] + added[2]) * cover;
        if (extent) {
          owners[i] = owner;
          if (counted[i] !== owner) extent.drawn++;
          counted[i] = owner;
        }
      }
      if (extent) {
        extent.x0 = Math.min(extent.x0, first);
        extent.x1 = Math.max(extent.x1, end);
        extent.y0 = Math.min(extent.y0, row);
        extent.y1 = Math.max(extent.y1, row + 1);
      }
    };
    const firstRow = Math.max(0, Math.ceil(y0 - 0.5));
    return { firstRow, endRow: Math.min(points, Math.ceil(y1 - 0.5)), span };
  }
  /** The objects in the order they were begun; those wholly outside the picture have nothing drawn and an empty box. */
  objects() {
    const visible = new Array(this.extents.length + 1).fill(0);
    for (const owner of this.owners) visible[owner]++;
    return this.extents.map(({ x0, y0, x1, y1, drawn }, i) => ({
      drawn,
      visible: visible[i + 1],
      xyxyUnit: drawn > 0 ? [x0 / this.side, y0 / this.side, x1 / this.side, y1 / this.side] : [0, 0, 0, 0]
    }));
  }
  /** The picture, each pixel the mean of its points. */
  picture() {
    const { size, supersample, side, rgb } = this;
    const sums = new Float32Array(3 * size * size);
    for (let row = 0; row < side; row++) {
      let from = 3 * row * side;
      const firstPixel = 3 * Math.floor(row / supersample) * size;
      for (let to = firstPixel; to < firstPixel + 3 * size; to += 3) {
        for (let point = 0; point < supersample; point++, from += 3) {
          sums[to] += Math.min(255, rgb[from]);
          sums[to + 1] += Math.min(255, rgb[from + 1]);
          sums[to + 2] += Math.min(255, rgb[from + 2]);
        }
      }
    }
    const mean = new Uint8ClampedArray(sums.length);
    const points = supersample * supersample;
    for (let i = 0; i < sums.length; i++) mean[i] = sums[i] / points;
    return { width: size, height: size, rgb: new Uint8Array(mean.buffer) };
  }
};

// data/flatScenes.ts
var flatShapeNames = ["circle", "square", "triangle"];
var classColors = [[236, 84, 72], [70, 146, 236], [248, 204, 70]];
var ground = [44, 48, 58];
function freeColor(random, vivid) {
  if (!vivid) return [random.uniform(20, 90), random.uniform(20, 90), random.uniform(20, 90)];
  const [low, middle, high] = [random.uniform(30, 110), random.uniform(60, 220), random.uniform(200, 255)];
  return random.pick([
    [low, middle, high],
    [low, high, middle],
    [middle, low, high],
    [middle, high, low],
    [high, low, middle],
    [high, middle, low]
  ]);
}
function flatScene(seed, index, options = {}) {
  const { cells = 8, maxShapes = 2, colors = "class" } = options;
  const random = new RandomStream(seed, `scenes/flat/${index}`);
  const most = Math.max(3, Math.floor(cells * 5 / 8));
  const wanted = 1 + random.integer(maxShapes);
  const shapes = [];
  for (let attempt = 0; attempt < 20 && shapes.length < wanted; attempt++) {
    const classIndex = random.integer(flatShapeNames.length);
    const width = 3 + random.integer(most - 2);
    const height = 3 + random.integer(most - 2);
    const column = random.integer(cells - width + 1);
    const row = random.integer(cells - height + 1);
    const xyxyUnit = [column / cells, row / cells, (column + width) / cells, (row + height) / cells];
    const apart = shapes.every(({ xyxyUnit: [x0, y0, x1, y1] }) => xyxyUnit[2] < x0 || x1 < xyxyUnit[0] || xyxyUnit[3] < y0 || y1 < xyxyUnit[1]);
    const color = colors === "class" ? classColors[classIndex] : freeColor(random, true);
    if (apart) shapes.push({ classIndex, xyxyUnit, color });
  }
  return { kind: "flat", ground: colors === "class" ? ground : freeColor(random, false), shapes };
}
function paintFlatScene(scene, size) {
  const canvas = new Canvas(size, { lightSide: 1, tint: [255, 255, 255], haze: scene.ground });
  canvas.beginBackdrop(0);
  canvas.rect(0, 0, 1, 1, { color: scene.ground });
  for (const { classIndex, xyxyUnit: [x0, y0, x1, y1], color } of scene.shapes) {
    if (flatShapeNames[classIndex] === "circle") {
      canvas.ellipse((x0 + x1) / 2, (y0 + y1) / 2, (x1 - x0) / 2, (y1 - y0) / 2, { color });
    } else if (flatShapeNames[classIndex] === "square") canvas.rect(x0, y0, x1, y1, { color });
    else canvas.polygon([[(x0 + x1) / 2, y0], [x1, y1], [x0, y1]], { color });
  }
  const objects = scene.shapes.map(({ classIndex, xyxyUnit }) => ({ classIndex, xyxyUnit, visible: 1 }));
  return { ...canvas.picture(), objects };
}

// data/sceneObjects.ts
var black = [26, 28, 34];
var glass = [150, 190, 215];
var lamplight = [255, 224, 140];
var scaled = (color, factor) => [color[0] * factor, color[1] * factor, color[2] * factor];
function shadow(canvas, aspect, width, height = 0.07) {
  canvas.ellipse(aspect / 2, 0.985, width / 2, height, { color: [20, 26, 34], alpha: 0.5, soft: true, owned: false });
}
var wallColors = [
  [238, 222, 190],
  [196, 108, 84],
  [170, 196, 214],
  [226, 178, 96],
  [240, 240, 234],
  [222, 160, 150],
  [168, 190, 150]
];
var doorColors = [[104, 66, 44], [60, 88, 72], [126, 44, 48]];
var roofColors = [[164, 66, 48], [92, 98, 112], [120, 76, 56], [72, 92, 108]];
function drawHouse(canvas, aspect, random, { dark }) {
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
  const ridge2 = random.chance(0.5) ? 0.5 : 0.24;
  canvas.polygon(
    [[0, eaves], [ridge2 * aspect, 0.06], [(1 - ridge2) * aspect, 0.06], [aspect, eaves]],
    { color: roof, bottom: scaled(roof, 0.78), side: 0.16, grain: 0.14, grainSize: [1.4, 0.7] }
  );
  canvas.rect(left, eaves, right, eaves + 0.035, { color: scaled(wall, 0.6) });
  const doorLeft = (random.chance(0.5) ? 0.2 : 0.62) * aspect;
  canvas.rect(doorLeft, 0.68, doorLeft + 0.18 * aspect, 1, { color: random.pick(doorColors) });
  const lit = dark && random.chance(0.8);
  const window = (x, y) => {
    canvas.rect(x - 0.02, y - 0.02, x + 0.16 * aspect + 0.02, y + 0.17, { color: [244, 244, 238] });
    const pane = lit ? { color: lamplight, glowing: true } : { color: [74, 104, 132] };
    canvas.rect(x, y, x + 0.16 * aspect, y + 0.15, pane);
  };
  for (const x of [0.2, 0.42, 0.64]) window(x * aspect, eaves + 0.07);
  window((doorLeft < aspect / 2 ? 0.62 : 0.2) * aspect, 0.71);
}
var leafColors = [[66, 128, 52], [88, 146, 58], [48, 106, 62], [110, 150, 60]];
var autumnColors = [[206, 132, 42], [190, 84, 40], [214, 172, 60], [126, 140, 52]];
function treeAspect(random) {
  return random.chance(0.35) ? random.uniform(0.42, 0.52) : random.uniform(0.65, 0.85);
}
function drawTree(canvas, aspect, random, { autumn }) {
  const middle = aspect / 2;
  const bark = { color: [104, 76, 52], side: 0.3, grain: 0.12 };
  shadow(canvas, aspect, aspect * 0.95, 0.04);
  if (aspect < 0.58) {
    canvas.rect(middle - 0.035, 0.8, middle + 0.035, 1, bark);
    const color2 = random.pick([[34, 86, 62], [44, 100, 58], [52, 96, 84]]);
    for (const [top, bottom, half] of [[0.46, 0.88, 0.5], [0.23, 0.64, 0.4], [0, 0.4, 0.28]]) {
      canvas.polygon(
        [[middle, top], [middle + half * aspect, bottom], [middle - half * aspect, bottom]],
        { color: scaled(color2, 1.15), bottom: scaled(color2, 0.78), side: 0.22, grain: 0.2 }
      );
    }
    return;
  }
  canvas.polygon([[middle - 0.035, 0.5], [middle + 0.035, 0.5], [middle + 0.06, 1], [middle - 0.06, 1]], bark);
  const color = random.pick(autumn && random.chance(0.7) ? autumnColors : leafColors);
  const leaves = { color, round: 0.42, grain: 0.22, grainSize: [0.9, 0.9] };
  const shade = { ...leaves, color: scaled(color, 0.82) };
  canvas.ellipse(0.27 * aspect, 0.47, 0.27 * aspect, 0.19, shade);
  canvas.ellipse(0.73 * aspect, 0.46, 0.27 * aspect, 0.2, shade);
  canvas.ellipse(middle, 0.53, 0.3 * aspect, 0.17, shade);
  canvas.ellipse(middle + random.uniform(-0.06, 0.06), 0.27, 0.36 * aspect, 0.27, leaves);
}
function drawLamp(canvas, aspect, _random, { dark }) {
  const pole = { color: [62, 68, 78], side: 0.35 };
  const x = 0.25 * aspect;
  shadow(canvas, 2 * x, 0.22, 0.02);
  canvas.rect(x - 0.016, 0.05, x + 0.016, 1, pole);
  canvas.polygon([[x - 0.05, 1], [x - 0.03, 0.9], [x + 0.03, 0.9], [x + 0.05, 1]], pole);
  canvas.line(x, 0.04, 0.72 * aspect, 0.016, 0.03, pole);
  const glow = { color: lamplight, alpha: 0.55, soft: true, owned: false, glowing: true };
  if (dark) canvas.ellipse(0.76 * aspect, 0.09, 0.34, 0.34, glow);
  canvas.polygon([[0.55 * aspect, 0.02], [0.97 * aspect, 0.02], [aspect, 0.07], [0.52 * aspect, 0.07]], pole);
  canvas.ellipse(0.76 * aspect, 0.075, 0.21 * aspect, 0.032, dark ? { color: [255, 246, 214], glowing: true } : { color: [236, 232, 214] });
}
function wheel(canvas, x, y, radius) {
  canvas.ellipse(x, y, radius, radius, { color: black });
  canvas.ellipse(x, y, radius * 0.52, radius * 0.52, { color: [178, 182, 190], side: 0.15 });
}
var carColors = [
  [204, 42, 44],
  [42, 96, 190],
  [236, 190, 44],
  [232, 234, 236],
  [58, 62, 74],
  [52, 148, 112],
  [226, 112, 40]
];
function drawCar(canvas, aspect, random, { dark }) {
  const color = random.pick(carColors);
  const body = { color: scaled(color, 1.12), bottom: scaled(color, 0.72), grain: 0.02 };
  const at = (points) => points.map(([x, y]) => [x * aspect, y]);
  shadow(canvas, aspect, aspect * 1.08, 0.12);
  const backSlope = random.uniform(0.03, 0.14);
  canvas.polygon(at([[0.08 + backSlope, 0.44], [0.15 + backSlope, 0.02], [0.6, 0.02], [0.76, 0.44]]), body);
  const window = { color: glass, bottom: scaled(glass, 0.7) };
  canvas.polygon(at([[0.14 + backSlope, 0.43], [0.19 + backSlope, 0.1], [0.38, 0.1], [0.38, 0.43]]), window);
  canvas.polygon(at([[0.42, 0.43], [0.42, 0.1], [0.57, 0.1], [0.69, 0.43]]), window);
  canvas.polygon(at([
    [0, 0.5],
    [0.03, 0.42],
    [0.74, 0.4],
    [0.95, 0.5],
    [1, 0.62],
    [1, 0.8],
    [0.98, 0.84],
    [0.02, 0.84],
    [0, 0.78]
  ]), body);
  canvas.rect(0.02 * aspect, 0.77, 0.98 * aspect, 0.84, { color: scaled(color, 0.5) });
  canvas.rect(0.395 * aspect, 0.46, 0.405 * aspect, 0.76, { color: scaled(color, 0.6) });
  canvas.ellipse(0.96 * aspect, 0.57, 0.035 * aspect, 0.06, { color: [255, 244, 196], glowing: dark });
  canvas.rect(0, 0.5, 0.03 * aspect, 0.62, { color: [220, 40, 36], glowing: dark });
  wheel(canvas, 0.21 * aspect, 0.82, 0.18);
  wheel(canvas, 0.78 * aspect, 0.82, 0.18);
}
var busColors = [[204, 46, 46], [240, 180, 40], [40, 130, 150], [90, 150, 70]];
function drawBus(canvas, aspect, random, { dark }) {
  const color = random.pick(busColors);
  shadow(canvas, aspect, aspect * 1.04, 0.07);
  const body = { color: scaled(color, 1.08), bottom: scaled(color, 0.78), grain: 0.02 };
  canvas.polygon([[0, 0.1], [0.05, 0.02], [aspect - 0.1, 0.02], [aspect, 0.14], [aspect, 0.9], [0, 0.9]], body);
  canvas.rect(0.02, 0.03, aspect - 0.12, 0.08, { color: [240, 240, 236] });
  const pane = dark ? { color: lamplight, glowing: true } : { color: glass, bottom: scaled(glass, 0.68) };
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
var skinColors = [[244, 206, 172], [222, 170, 128], [172, 118, 82], [112, 74, 52]];
var hairColors = [[44, 32, 28], [112, 70, 38], [214, 176, 96], [150, 146, 142]];
var shirtColors = [
  [216, 52, 60],
  [52, 104, 206],
  [246, 200, 60],
  [60, 160, 96],
  [238, 238, 240],
  [150, 74, 170],
  [240, 130, 60]
];
var trouserColors = [[44, 56, 92], [66, 66, 72], [124, 98, 70], [92, 108, 128]];
function drawPerson(canvas, aspect, random) {
  const skin = random.pick(skinColors);
  const hair = { color: random.pick(hairColors) };
  const shirt = random.pick(shirtColors);
  const trousers = { color: random.pick(trouserColors), side: 0.12 };
  const middle = aspect / 2;
  const stride = random.uniform(0.03, 0.1);
  const dressed = random.chance(0.35);
  shadow(canvas, aspect, aspect * 1.25, 0.04);
  const leg = dressed ? { color: skin } : trousers;
  canvas.line(middle - 0.03, 0.58, middle - stride, 0.95, 0.075, { ...leg, color: scaled(leg.color, 0.85) });
  canvas.line(middle + 0.03, 0.58, middle + stride, 0.95, 0.075, leg);
  canvas.ellipse(middle - stride + 0.02, 0.972, 0.055, 0.027, { color: black });
  canvas.ellipse(middle + stride + 0.02, 0.972, 0.055, 0.027, { color: black });
  const arm = { color: scaled(shirt, 0.82), side: 0.1 };
  const reach = random.uniform(0.02, 0.05);
  canvas.line(middle - 0.09, 0.25, middle - 0.11 - reach, 0.5, 0.058, arm);
  canvas.line(middle + 0.09, 0.25, middle + 0.11 + reach, 0.5, 0.058, arm);
  canvas.ellipse(middle - 0.115 - reach, 0.525, 0.028, 0.028, { color: skin });
  canvas.ellipse(middle + 0.115 + reach, 0.525, 0.028, 0.028, { color: skin });
  const cloth = { color: scaled(shirt, 1.08), bottom: scaled(shirt, 0.86), side: 0.14 };
  const hem = dressed ? 0.74 : 0.6;
  const flare = dressed ? 0.15 : 0.09;
  canvas.polygon([[middle - 0.1, 0.2], [middle + 0.1, 0.2], [middle + flare, hem], [middle - flare, hem]], cloth);
  canvas.rect(middle - 0.03, 0.15, middle + 0.03, 0.21, { color: scaled(skin, 0.9) });
  if (dressed) canvas.ellipse(middle, 0.11, 0.085, 0.11, hair);
  canvas.ellipse(middle, 0.082, 0.078, 0.082, hair);
  canvas.ellipse(middle + 8e-3, 0.105, 0.064, 0.068, { color: skin, side: 0.1 });
}
function drawDog(canvas, aspect, random) {
  const color = random.pick([[150, 98, 54], [62, 50, 46], [222, 206, 178], [198, 142, 76]]);
  const coat = { color: scaled(color, 1.1), bottom: scaled(color, 0.8), grain: 0.06 };
  const dark = { color: scaled(color, 0.68) };
  const at = (x) => x * aspect;
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
function drawBoat(canvas, aspect, random) {
  const hull = random.pick([[206, 60, 52], [44, 84, 150], [240, 240, 236], [126, 80, 50], [38, 116, 110]]);
  const sail = random.pick([[250, 248, 240], [250, 248, 240], [240, 186, 70], [226, 96, 74]]);
  const at = (x) => x * aspect;
  canvas.ellipse(at(0.5), 1.02, at(0.52), 0.11, { color: scaled(hull, 0.5), alpha: 0.55, soft: true, owned: false });
  canvas.rect(at(0.5) - 0.014, 0, at(0.5) + 0.014, 0.8, { color: [112, 82, 60] });
  const mainsail = { color: sail, bottom: scaled(sail, 0.86), side: 0.1 };
  canvas.polygon([[at(0.54), 0.06], [at(0.54), 0.7], [at(0.95), 0.7]], mainsail);
  canvas.polygon([[at(0.46), 0.14], [at(0.46), 0.7], [at(0.14), 0.7]], { color: scaled(sail, 0.88), side: 0.1 });
  const planks = { color: hull, bottom: scaled(hull, 0.7), side: 0.08 };
  canvas.polygon([[0, 0.76], [aspect, 0.74], [at(0.86), 1], [at(0.15), 1]], planks);
  canvas.polygon([[0, 0.76], [aspect, 0.74], [at(0.975), 0.8], [at(0.025), 0.82]], { color: [250, 246, 232] });
}
function drawSun(canvas, aspect, _random, { lowSun }) {
  const color = lowSun ? [255, 150, 72] : [255, 226, 96];
  canvas.ellipse(aspect / 2, 0.5, 1.5, 1.5, { color, alpha: 0.45, soft: true, owned: false, glowing: true });
  canvas.ellipse(aspect / 2, 0.5, 0.5, 0.5, { color: scaled(color, 0.97), glowing: true });
  canvas.ellipse(aspect / 2, 0.5, 0.36, 0.36, { color: lowSun ? [255, 190, 110] : [255, 244, 170], glowing: true });
}
function drawCloud(canvas, aspect, random) {
  const white = { color: [255, 255, 255], bottom: [206, 214, 228], round: 0.12, grain: 0.02 };
  const left = random.uniform(0.26, 0.34);
  const right = random.uniform(0.66, 0.74);
  canvas.ellipse(0.17 * aspect, 0.74, 0.17 * aspect, 0.25, white);
  canvas.ellipse(0.84 * aspect, 0.75, 0.16 * aspect, 0.24, white);
  canvas.ellipse(right * aspect, 0.52, 0.18 * aspect, 0.34, white);
  canvas.ellipse(left * aspect, 0.5, 0.19 * aspect, 0.36, white);
  canvas.ellipse(0.5 * aspect, 0.42, 0.22 * aspect, 0.42, white);
  canvas.ellipse(0.5 * aspect, 0.8, 0.36 * aspect, 0.2, { ...white, color: [232, 237, 246] });
}
var sceneObjects = [
  { name: "boat", aspect: (random) => random.uniform(0.95, 1.2), draw: drawBoat },
  { name: "bus", aspect: (random) => random.uniform(2, 2.3), draw: drawBus },
  { name: "car", aspect: (random) => random.uniform(2, 2.3), draw: drawCar },
  { name: "cloud", aspect: (random) => random.uniform(1.9, 2.6), draw: drawCloud },
  { name: "dog", aspect: (random) => random.uniform(1.25, 1.45), draw: drawDog },
  { name: "house", aspect: (random) => random.uniform(0.95, 1.35), draw: drawHouse },
  { name: "lamp", aspect: () => 0.24, draw: drawLamp },
  { name: "person", aspect: () => 0.38, draw: drawPerson },
  { name: "sun", aspect: () => 1, draw: drawSun },
  { name: "tree", aspect: treeAspect, draw: drawTree }
];

// data/sceneLayout.ts
var classIndexOf = new Map(sceneObjects.map(({ name }, i) => [name, i]));
function personHeight(horizon, base) {
  return 0.11 + 0.34 * (base - horizon);
}
var extentOf = ({ left, base, height, aspect }) => ({ x0: left, y0: base - height, x1: left + height * aspect, y1: base });
var areaOf = ({ x0, y0, x1, y1 }) => Math.max(0, x1 - x0) * Math.max(0, y1 - y0);
var commonArea = (a, b) => areaOf({
  x0: Math.max(a.x0, b.x0),
  y0: Math.max(a.y0, b.y0),
  x1: Math.min(a.x1, b.x1),
  y1: Math.min(a.y1, b.y1)
});
var Arrangement = class {
  objects = [];
  random;
  horizon;
  constructor(random, horizon) {
    this.random = random;
    this.horizon = horizon;
  }
  /**
   * Places a thing with its middle at x and its foot at `base`, `size` persons tall (or of a given height), unless it
   * would leave the picture by half, or hide or be hidden by half of its frame. Returns it, or null.
   */
  place(name, x, base, size, options = {}) {
    const classIndex = classIndexOf.get(name);
    const aspect = sceneObjects[classIndex].aspect(this.random);
    const height = options.height ?? size * personHeight(this.horizon, base) * this.random.uniform(0.92, 1.08);
    const mirrored = options.mirrored ?? this.random.chance(0.5);
    const variant = this.random.word();
    const placed = { classIndex, left: x - height * aspect / 2, base, height, aspect, mirrored, variant };
    if (!this.isClear(placed)) return null;
    this.objects.push(placed);
    return placed;
  }
  isClear(placed) {
    const extent = extentOf(placed);
    if (commonArea(extent, { x0: 0, y0: 0, x1: 1, y1: 1 }) < 0.55 * areaOf(extent)) return false;
    return this.objects.every((other) => {
      const theirs = extentOf(other);
      const allowed = other.classIndex === placed.classIndex ? 0.25 : 0.5;
      return commonArea(extent, theirs) <= allowed * Math.min(areaOf(extent), areaOf(theirs));
    });
  }
};
function placeSky(scene, random, { weather, horizon }) {
  if (weather !== "overcast" && random.chance(0.7)) {
    const low = weather === "dusk" || weather === "golden";
    const height = low ? random.uniform(0.15, 0.2) : random.uniform(0.12, 0.16);
    const base = low ? horizon - random.uniform(0.02, 0.08) : random.uniform(0.02, 0.1) + height;
    scene.place("sun", random.uniform(0.12, 0.88), base, 0, { height });
  }
  const clouds = weather === "overcast" ? 2 + random.integer(2) : random.integer(3);
  for (let i = 0; i < clouds; i++) {
    const base = random.uniform(0.12, horizon - 0.12);
    scene.place("cloud", random.uniform(0.1, 0.9), base, 0, { height: 0.085 + 0.16 * (horizon - base) });
  }
}
function placeTraffic(scene, random, { road, horizon }) {
  if (!road) return;
  const depth = road.bottom - road.top;
  const lanes = [
    { base: road.top + 0.42 * depth, mirrored: true },
    { base: road.top + 0.9 * depth, mirrored: false }
  ];
  for (const { base, mirrored } of lanes) {
    const vehicles = random.pick([0, 1, 2], [0.4, 0.45, 0.15]);
    for (let i = 0; i < vehicles; i++) {
      if (random.chance(0.25)) scene.place("bus", random.uniform(0.05, 0.95), base, 1.2, { mirrored });
      else scene.place("car", random.uniform(0.05, 0.95), base, 0.74, { mirrored });
    }
  }
  if (random.chance(0.5)) {
    const kerb = road.top - 0.012;
    const distance = 1.9 * personHeight(horizon, kerb);
    for (let x = random.uniform(0.08, distance), i = 0; x < 0.95 && i < 3; x += distance, i++) {
      scene.place("lamp", x, kerb, 2.1, { mirrored: false });
    }
  }
}
function placeBuildings(scene, random, { water, road, backLine }) {
  const houses = random.pick([0, 1, 2, 3], road ? [0.1, 0.3, 0.4, 0.2] : [0.25, 0.45, 0.3, 0]);
  const doors = [];
  let x = random.uniform(0.1, 0.35);
  for (let i = 0; i < houses && x < 0.95; i++) {
    const house = scene.place("house", x, backLine + random.uniform(0, 0.015), 2.15);
    if (house) doors.push(house.left + house.height * house.aspect / 2);
    x += random.uniform(0.32, 0.46);
  }
  const trees = random.integer(road ? 3 : 4) + (water || houses > 1 ? 0 : 1);
  const last = road ? road.top - 0.03 : 0.84;
  for (let i = 0; i < trees; i++) {
    const base = random.chance(0.6) ? backLine + random.uniform(0, 0.03) : random.uniform(backLine, last);
    scene.place("tree", random.uniform(0.05, 0.95), base, random.uniform(1.7, 2.3));
  }
  return doors;
}
function placePeople(scene, random, { road, backLine }, doors) {
  const groups = random.pick([0, 1, 2], [0.2, 0.5, 0.3]);
  for (let group = 0; group < groups; group++) {
    const atHouse = doors.length > 0 && random.chance(0.45);
    let x = atHouse ? random.pick(doors) + random.uniform(-0.12, 0.12) : random.uniform(0.08, 0.92);
    const base = atHouse ? backLine + random.uniform(0.04, 0.07) : road ? random.uniform(Math.min(road.bottom + 0.06, 0.95), 0.97) : random.uniform(backLine + 0.05, 0.97);
    const size = random.pick([1, 2, 3], [0.55, 0.35, 0.1]);
    let people = 0;
    for (; people < size; people++) {
      const person = scene.place("person", x, base, 1);
      if (!person) break;
      x += person.height * random.uniform(0.42, 0.6);
    }
    if (people > 0 && random.chance(0.5)) scene.place("dog", x, base + 5e-3, random.uniform(0.44, 0.52));
  }
}
function placeBoats(scene, random, { water }) {
  if (!water) return;
  const boats = random.pick([0, 1, 2, 3], [0.1, 0.4, 0.35, 0.15]);
  for (let i = 0; i < boats; i++) {
    scene.place("boat", random.uniform(0.08, 0.92), random.uniform(water.top + 0.05, water.bottom - 0.015), 1.35);
  }
}
function streetScene(seed, index, maxObjects = 12) {
  const random = new RandomStream(seed, `scenes/street/${index}`);
  const weather = random.pick(["day", "golden", "overcast", "dusk"], [0.46, 0.2, 0.18, 0.16]);
  const horizon = random.uniform(0.36, 0.46);
  const hasWater = random.chance(0.42);
  const hasRoad = random.chance(hasWater ? 0.45 : 0.75);
  const water = hasWater ? { top: horizon, bottom: horizon + random.uniform(0.15, hasRoad ? 0.17 : 0.24) } : null;
  const roadTop = hasWater ? random.uniform(0.7, 0.73) : random.uniform(0.6, 0.68);
  const road = hasRoad ? { top: roadTop, bottom: roadTop + random.uniform(0.19, 0.22) } : null;
  const backLine = water ? water.bottom + 0.035 : horizon + random.uniform(0.05, 0.1);
  const ground2 = { weather, horizon, water, road, backLine };
  const scene = new Arrangement(random, horizon);
  placeSky(scene, random, ground2);
  placeBoats(scene, random, ground2);
  placeTraffic(scene, random, ground2);
  const doors = placeBuildings(scene, random, ground2);
  placePeople(scene, random, ground2, doors);
  if (scene.objects.length === 0) scene.place("tree", random.uniform(0.3, 0.7), backLine + 0.02, 2);
  const kept = random.permutation(scene.objects.length).slice(0, maxObjects).map((i) => scene.objects[i]);
  const inSky = ({ classIndex }) => Number(classIndex !== classIndexOf.get("sun") && classIndex !== classIndexOf.get("cloud"));
  const isCloud = ({ classIndex }) => Number(classIndex === classIndexOf.get("cloud"));
  const objects = kept.sort((a, b) => inSky(a) - inSky(b) || isCloud(a) - isCloud(b) || a.base - b.base);
  const autumn = weather === "golden" || random.chance(0.15);
  const lightSide = random.chance(0.5) ? 1 : -1;
  return { kind: "street", weather, autumn, lightSide, horizon, water, road, texture: random.word(), objects };
}

// data/sceneBackdrop.ts
var palettes = {
  day: {
    skyTop: [70, 146, 226],
    skyLow: [190, 224, 246],
    tint: [255, 255, 255],
    haze: [196, 218, 236],
    waterFar: [128, 186, 214],
    waterNear: [48, 112, 172]
  },
  golden: {
    skyTop: [112, 152, 212],
    skyLow: [255, 214, 158],
    tint: [255, 234, 200],
    haze: [248, 214, 176],
    waterFar: [240, 206, 168],
    waterNear: [84, 118, 160]
  },
  overcast: {
    skyTop: [146, 158, 174],
    skyLow: [208, 214, 220],
    tint: [222, 228, 236],
    haze: [202, 208, 214],
    waterFar: [176, 188, 198],
    waterNear: [98, 120, 138]
  },
  dusk: {
    skyTop: [44, 48, 104],
    skyLow: [244, 150, 112],
    tint: [150, 148, 190],
    haze: [164, 116, 140],
    waterFar: [226, 150, 132],
    waterNear: [52, 58, 108]
  }
};
function atmosphereOf({ weather, lightSide }) {
  const { tint, haze } = palettes[weather];
  return { lightSide, tint, haze };
}
function stripe(top, bottom) {
  return [[0, top], [1, top], [1, bottom], [0, bottom]];
}
function ridge(canvas, random, horizon, height, steps, color) {
  const points = [];
  for (let i = 0; i <= steps; i++) points.push([i / steps, horizon - height * random.uniform(0.15, 1)]);
  canvas.polygon([...points, [1, horizon + 5e-3], [0, horizon + 5e-3]], { color, grain: 0.04, grainSize: [3, 2] });
}
var mixed = (a, b, share) => [a[0] + (b[0] - a[0]) * share, a[1] + (b[1] - a[1]) * share, a[2] + (b[2] - a[2]) * share];
function paintWater(canvas, random, { top, bottom }, palette) {
  canvas.polygon(stripe(top, bottom), {
    color: palette.waterFar,
    bottom: palette.waterNear,
    glowing: true,
    grain: 0.08,
    grainSize: [5, 0.6]
  });
  for (let i = 0; i < 9; i++) {
    const share = random.uniform(0.1, 0.95);
    const y = top + (bottom - top) * share;
    const x = random.uniform(0, 1);
    canvas.ellipse(x, y, 0.03 + 0.06 * share, 35e-4 + 3e-3 * share, {
      color: palette.skyLow,
      alpha: 0.5,
      glowing: true
    });
  }
  canvas.polygon(stripe(bottom - 4e-3, bottom + 0.014), {
    // shore
    color: [214, 196, 150],
    bottom: [176, 176, 112],
    grain: 0.1
  });
}
function paintRoad(canvas, { top, bottom }) {
  const pavement = [186, 182, 174];
  const kerb = [142, 140, 138];
  canvas.polygon(stripe(top - 0.028, top), { color: pavement, grain: 0.06 });
  canvas.polygon(stripe(bottom, bottom + 0.05), { color: pavement, bottom: [198, 194, 186], grain: 0.06 });
  canvas.polygon(stripe(top - 6e-3, top), { color: kerb });
  canvas.polygon(stripe(bottom, bottom + 9e-3), { color: kerb });
  canvas.polygon(stripe(top, bottom), {
    color: [98, 100, 108],
    bottom: [116, 118, 124],
    grain: 0.07,
    grainSize: [1.5, 0.8]
  });
  const middle = top + 0.47 * (bottom - top);
  const dash = [236, 232, 214];
  for (let x = 0.02; x < 1; x += 0.16) canvas.rect(x, middle - 6e-3, x + 0.08, middle + 6e-3, { color: dash });
}
var flowerColors = [[250, 246, 240], [250, 214, 80], [230, 110, 130]];
function paintBackdrop(canvas, scene) {
  const { weather, horizon, water, road, texture, autumn } = scene;
  const palette = palettes[weather];
  const random = new RandomStream(texture, "scenes/backdrop");
  canvas.beginBackdrop(texture);
  canvas.polygon(stripe(0, horizon), {
    color: palette.skyTop,
    bottom: palette.skyLow,
    glowing: true,
    grain: 0.035,
    grainSize: [14, 5]
  });
  const hill = autumn ? [150, 132, 80] : [92, 130, 96];
  const farHill = mixed(hill, palette.haze, 0.68);
  const nearHill = mixed(hill, palette.haze, 0.4);
  if (random.chance(0.75)) ridge(canvas, random, horizon, random.uniform(0.05, 0.13), 5, farHill);
  if (random.chance(0.75)) ridge(canvas, random, horizon, random.uniform(0.02, 0.06), 9, nearHill);
  const far = autumn ? [178, 172, 104] : [150, 184, 108];
  const near = autumn ? [142, 140, 64] : [84, 148, 62];
  canvas.polygon(stripe(horizon, 1), { color: far, bottom: near, grain: 0.13, grainSize: [2.2, 1] });
  if (water) paintWater(canvas, random, water, palette);
  if (road) paintRoad(canvas, road);
  for (let i = 0; i < 26; i++) {
    const y = random.uniform((water?.bottom ?? horizon) + 0.06, 1);
    const x = random.uniform();
    const flower = random.chance(0.3);
    const color = flower ? random.pick(flowerColors) : mixed(near, [40, 70, 30], 0.45);
    const onRoad = road && y > road.top - 0.035 && y < road.bottom + 0.06;
    const size = 3e-3 + 9e-3 * (y - horizon);
    if (!onRoad) canvas.ellipse(x, y, flower ? size : 1.8 * size, size, { color });
  }
}

// data/sceneRender.ts
var mostHidden = 0.7;
function paintStreet(scene, objects, size) {
  const { horizon, weather, autumn } = scene;
  const around = { dark: weather === "dusk", autumn, lowSun: weather === "dusk" || weather === "golden" };
  const canvas = new Canvas(size, atmosphereOf(scene));
  paintBackdrop(canvas, scene);
  for (const { classIndex, left, base, height, aspect, mirrored, variant } of objects) {
    const random = new RandomStream(variant, "scenes/variant");
    const haze = base > horizon ? 0.22 * Math.max(0, 1 - (base - horizon) / 0.4) : 0.05;
    const x = mirrored ? left + height * aspect : left;
    canvas.beginObject({ x, y: base - height, unit: height, mirrored }, haze, variant);
    sceneObjects[classIndex].draw(canvas, aspect, random, around);
  }
  return canvas;
}
var visibleShare = ({ drawn, visible }) => drawn > 0 ? visible / drawn : 0;
function renderScene(spec, size) {
  if (spec.kind === "flat") return paintFlatScene(spec, size);
  let placed = spec.objects;
  for (; ; ) {
    const canvas = paintStreet(spec, placed, size);
    const painted = canvas.objects();
    const shown = placed.filter((_, i) => visibleShare(painted[i]) >= 1 - mostHidden);
    if (shown.length === placed.length) {
      const objects = painted.map((object, i) => ({
        classIndex: placed[i].classIndex,
        xyxyUnit: object.xyxyUnit,
        visible: visibleShare(object)
      }));
      return { ...canvas.picture(), objects };
    }
    placed = shown;
  }
}

// data/scenes.ts
function sceneCategories(kind) {
  const names = kind === "street" ? sceneObjects.map(({ name }) => name) : [...flatShapeNames];
  return names.map((name, classIndex) => ({ id: 11 + classIndex, name }));
}
function sceneSpec({ kind, seed, maxObjects, ...flat }, index) {
  if (kind === "street") return streetScene(seed, index, maxObjects);
  return flatScene(seed, index, maxObjects === void 0 ? flat : { ...flat, maxShapes: maxObjects });
}
function layoutKey(objects) {
  return objects.map(({ classIndex, xyxyUnit }) => `${classIndex} ${xyxyUnit.map((at) => Math.round(at * 1e3)).join(" ")}`).sort().join(", ");
}
var mostKnown = 1e4;
function rendererUnlike(options, size, known) {
  let next = 0;
  return () => {
    for (let tries = 0; tries < mostKnown; tries++) {
      const scene = renderScene(sceneSpec(options, next++), size);
      if (!known.has(layoutKey(scene.objects))) return scene;
    }
    throw new UserError(`scenes: ${mostKnown} in a row have known layouts. Are there so few of this kind?`);
  };
}
function sceneFileName(index) {
  return `${String(index).padStart(6, "0")}.png`;
}
function scenesToCoco(categories, scenes) {
  const coco = { categories: [...categories], images: [], annotations: [] };
  const px = (length) => Math.round(length * 1e3) / 1e3;
  for (const [index, { width, height, objects }] of scenes) {
    const id = index + 1;
    coco.images.push({ id, file_name: sceneFileName(index), width, height });
    for (const { classIndex, xyxyUnit: [x0, y0, x1, y1] } of objects) {
      const bbox = [px(x0 * width), px(y0 * height), px((x1 - x0) * width), px((y1 - y0) * height)];
      coco.annotations.push(
        cocoAnnotation(coco.annotations.length + 1, id, categories[classIndex].id, [...bbox])
      );
    }
  }
  return coco;
}
function sceneDataset(options) {
  const { count, size, first = 0, ...scenes } = options;
  const pictures = [];
  const rendered = Array.from({ length: count }, (_, i) => {
    const { rgb, ...scene } = renderScene(sceneSpec(scenes, first + i), size);
    pictures.push(rgb);
    return [first + i, scene];
  });
  const coco = scenesToCoco(sceneCategories(scenes.kind), rendered);
  return { dataset: annotatedDataset(coco, "scenes", noFilters), pictures };
}

export {
  flatScene,
  sceneCategories,
  layoutKey,
  rendererUnlike,
  sceneFileName,
  scenesToCoco,
  sceneDataset
};
//# sourceMappingURL=chunk-6GKYMKBI.js.map
