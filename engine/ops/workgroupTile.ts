/** Tiles of matrix products through workgroup memory (`workgroupTile.wgsl`), for GPUs. */
import { groups } from '../grid.ts';
import type { DeviceCapabilities } from '../op.ts';
import source from '../shaders/workgroupTile.wgsl';

/** `height` x `width` values, of which a lane holds 4 x 4, 8 x 4 or 8 x 8. */
export interface WorkgroupTile {
  /** Name of the variant. */
  readonly name: string;
  readonly height: number;
  readonly width: number;
  /** What comes before the shader of a product. */
  readonly source: string;
}

const tile = (name: string, rows: 4 | 8, quads: 1 | 2): WorkgroupTile => ({
  name, height: 16 * rows, width: 64 * quads,
  source: `const ROWS = ${rows}u;\nconst QUADS = ${quads}u;\n${source}\n`,
});

/** Smallest first. */
const tiles = [tile('tiled', 4, 1), tile('tiled128x64', 8, 1), tile('tiled128', 8, 2)] as const;

/** Workgroups that fill a large GPU: with fewer, a smaller tile beats the better use of a larger one. */
const fullDevice = 128;

/** Tiles for `layers` products of M x N values, the best guess first; the smallest alone where no GPU is. */
export function workgroupTiles(M: number, N: number, layers: number, device: DeviceCapabilities):
  readonly WorkgroupTile[] {
  if (device.software) return [tiles[0]];
  const fits = ({ height, width }: WorkgroupTile): boolean =>
    M > height / 2 && N > width / 2 && groups(M, height) * groups(N, width) * layers >= fullDevice;
  const best = tiles.findLast(fits) ?? tiles[0];
  return [best, ...tiles.filter((other) => other !== best)];
}
