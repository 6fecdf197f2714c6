import type { SizePx } from './picture.ts';

/** Corners in pixels: x0, y0, x1, y1. */
export type XyxyPx = readonly [number, number, number, number];

export interface LabelToPlace extends SizePx {
  /** The box that the label names. */
  readonly xyxyPx: XyxyPx;
}

/**
 * Left top corners of labels, in order: each above its box where there is room, else inside or below it, moved into
 * the picture; of these places the one that covers least of the labels placed before it.
 * A label larger than the picture starts at its edge.
 */
export function placeLabels(labels: readonly LabelToPlace[], picture: SizePx): [x: number, y: number][] {
  const taken: XyxyPx[] = [];
  return labels.map((label) => {
    let best: XyxyPx | null = null;
    let leastCovered = Infinity;
    for (const [x, y] of candidatePlaces(label)) {
      const left = clampStart(x, label.width, picture.width);
      const top = clampStart(y, label.height, picture.height);
      const area: XyxyPx = [left, top, left + label.width, top + label.height];
      const covered = taken.reduce((sum, other) => sum + overlap(area, other), 0);
      if (covered < leastCovered) [best, leastCovered] = [area, covered];
    }
    taken.push(best!);
    return [best![0], best![1]];
  });
}

/** Places in order of preference. */
function candidatePlaces({ xyxyPx: [x0, y0, x1, y1], width, height }: LabelToPlace): [x: number, y: number][] {
  const places: [number, number][] = [];
  // A place above a box at the picture's upper edge would be moved into the box, which the second row says anyway.
  for (const y of y0 >= height ? [y0 - height, y0, y1, y1 - height] : [y0, y1, y1 - height]) {
    for (const x of [x0, x1 - width]) places.push([x, y]);
  }
  for (const x of [x0 - width, x1]) places.push([x, y0], [x, y1 - height]);
  return places;
}

function clampStart(start: number, length: number, limit: number): number {
  return Math.max(0, Math.min(start, limit - length));
}

/** Square pixels that two areas share. */
function overlap(a: XyxyPx, b: XyxyPx): number {
  const width = Math.min(a[2], b[2]) - Math.max(a[0], b[0]);
  const height = Math.min(a[3], b[3]) - Math.max(a[1], b[1]);
  return width > 0 && height > 0 ? width * height : 0;
}
