import type { Category } from '../data/annotations.ts';
import type { LayoutObject } from '../models/layoutTokens.ts';
import type { DrawnBox } from './overlay.ts';

/** Objects as boxes to draw on a picture of `width` x `height` pixels, each in its class's colour under its name. */
export function drawnBoxes(
  objects: readonly LayoutObject[], categories: readonly Category[], width: number, height: number,
): DrawnBox[] {
  return objects.map(({ classIndex, xyxyUnit: [x0, y0, x1, y1] }) => ({
    xyxyPx: [x0 * width, y0 * height, x1 * width, y1 * height],
    label: categories[classIndex]?.name ?? `class ${classIndex}`,
    colorIndex: classIndex,
  }));
}
