/**
 * Flat scenes for quick experiments: one or two plain shapes on a plain ground, corners of their boxes on a coarse
 * grid. Tiny pictures, thousands of different layouts, and nothing to see but the layout.
 */
import { RandomStream } from '../engine/random.ts';
import { Canvas } from './canvas.ts';
import type { Rgb } from './canvas.ts';
import type { RenderedScene } from './sceneRender.ts';

/** The classes in class index order. */
export const flatShapeNames = ['circle', 'square', 'triangle'] as const;

/** Choices of `flatScene`. */
export interface FlatSceneOptions {
  /** Cells along a side; corners lie at multiples of 1 / cells. Default: 8. */
  readonly cells?: number;
  /** Most shapes in a picture. Default: 2. */
  readonly maxShapes?: number;
  /** `class`: every class has its colour and the ground is always the same; `free`: all drawn at random. */
  readonly colors?: 'class' | 'free';
}

/** Everything a flat scene is drawn from. */
export interface FlatScene {
  readonly kind: 'flat';
  readonly ground: Rgb;
  /** Painted in this order. */
  readonly shapes: readonly {
    readonly classIndex: number;
    readonly xyxyUnit: readonly [number, number, number, number];
    readonly color: Rgb;
  }[];
}

const classColors: Rgb[] = [[236, 84, 72], [70, 146, 236], [248, 204, 70]];
const ground: Rgb = [44, 48, 58];

/** A vivid colour, or a muted one for the ground. */
function freeColor(random: RandomStream, vivid: boolean): Rgb {
  if (!vivid) return [random.uniform(20, 90), random.uniform(20, 90), random.uniform(20, 90)];
  const [low, middle, high] = [random.uniform(30, 110), random.uniform(60, 220), random.uniform(200, 255)];
  return random.pick<Rgb>([
    [low, middle, high], [low, high, middle], [middle, low, high], [middle, high, low], [high, low, middle],
    [high, middle, low]]);
}

/** The flat scene of a seed and an index. Shapes never touch, and measure 3 cells to 5/8 of the side. */
export function flatScene(seed: number, index: number, options: FlatSceneOptions = {}): FlatScene {
  const { cells = 8, maxShapes = 2, colors = 'class' } = options;
  const random = new RandomStream(seed, `scenes/flat/${index}`);
  const most = Math.max(3, Math.floor((cells * 5) / 8));
  const wanted = 1 + random.integer(maxShapes);
  const shapes: FlatScene['shapes'][number][] = [];
  for (let attempt = 0; attempt < 20 && shapes.length < wanted; attempt++) {
    const classIndex = random.integer(flatShapeNames.length);
    const width = 3 + random.integer(most - 2);
    const height = 3 + random.integer(most - 2);
    const column = random.integer(cells - width + 1);
    const row = random.integer(cells - height + 1);
    const xyxyUnit = [column / cells, row / cells, (column + width) / cells, (row + height) / cells] as const;
    // A cell between them: two touching squares of a colour could be any other two.
    const apart = shapes.every(({ xyxyUnit: [x0, y0, x1, y1] }) =>
      xyxyUnit[2] < x0 || x1 < xyxyUnit[0] || xyxyUnit[3] < y0 || y1 < xyxyUnit[1]);
    const color = colors === 'class' ? classColors[classIndex] : freeColor(random, true);
    if (apart) shapes.push({ classIndex, xyxyUnit, color });
  }
  return { kind: 'flat', ground: colors === 'class' ? ground : freeColor(random, false), shapes };
}

/** Draws a flat scene, `size` x `size` pixels. Its boxes are exact, not measured. */
export function paintFlatScene(scene: FlatScene, size: number): RenderedScene {
  const canvas = new Canvas(size, { lightSide: 1, tint: [255, 255, 255], haze: scene.ground });
  canvas.beginBackdrop(0);
  canvas.rect(0, 0, 1, 1, { color: scene.ground });
  for (const { classIndex, xyxyUnit: [x0, y0, x1, y1], color } of scene.shapes) {
    if (flatShapeNames[classIndex] === 'circle') {
      canvas.ellipse((x0 + x1) / 2, (y0 + y1) / 2, (x1 - x0) / 2, (y1 - y0) / 2, { color });
    } else if (flatShapeNames[classIndex] === 'square') canvas.rect(x0, y0, x1, y1, { color });
    else canvas.polygon([[(x0 + x1) / 2, y0], [x1, y1], [x0, y1]], { color });
  }
  const objects = scene.shapes.map(({ classIndex, xyxyUnit }) => ({ classIndex, xyxyUnit, visible: 1 }));
  return { ...canvas.picture(), objects };
}
