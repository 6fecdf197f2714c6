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

/** Steps of eight lanes that a workgroup takes on a software adapter, and workgroups below which it takes fewer. */
const steps = 64;
const fewGroups = 4;

/**
 * Workgroups along each axis of three for a software adapter, where one is a subgroup of 8 lanes that takes many
 * neighbouring items: starting it costs as much as ten steps, and a larger one would switch between its subgroups.
 * As much of the last axis as makes enough steps, then of the one before; each workgroup takes an equal share.
 */
export function softwareGrid(inner: number, middle = 1, outer = 1): [number, number, number] {
  const each = Math.max(1, Math.min(steps, Math.floor((groups(inner, 8) * middle * outer) / fewGroups)));
  const x = groups(groups(inner, 8), each);
  const rows = Math.min(middle, Math.max(1, Math.floor((each * x) / groups(inner, 8))));
  const layers = rows < middle ? 1 : Math.max(1, Math.floor((each * x) / (groups(inner, 8) * middle)));
  const least = (count: number): number => Math.min(maxGroupsPerAxis, count);
  return [least(x), least(groups(middle, rows)), least(groups(outer, layers))];
}

/**
 * Lanes and workgroups for `count` items in a row, one after the other: 64 lanes with one item each, or as above. The
 * shader takes the share of its workgroup, `count` over all workgroups rounded up to lanes.
 */
export function shareGrid(count: number, software: boolean): { lanes: number; grid: [number, number, number] } {
  return software ? { lanes: 8, grid: softwareGrid(count) } : { lanes: 64, grid: foldGrid(groups(count, 64)) };
}
