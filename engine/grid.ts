import { check } from './errors.ts';

/** Workgroups that an axis of a dispatch may have. */
export const maxGroupsPerAxis = 65535;

/** Workgroups of `perGroup` items that cover `items`. */
export const groups = (items: number, perGroup: number): number => Math.ceil(items / perGroup);

/**
 * A one-dimensional dispatch of any length, folded into x and y; the shader finds its place by
 * `(group.y * groups.x + group.x)` and guards the tail.
 */
export function foldGrid(count: number): [number, number, number] {
  if (count <= maxGroupsPerAxis) return [count, 1, 1];
  const x = Math.ceil(Math.sqrt(count));
  check(x <= maxGroupsPerAxis, `grid: ${count} workgroups do not fit two axes of ${maxGroupsPerAxis}`);
  return [x, Math.ceil(count / x), 1];
}
