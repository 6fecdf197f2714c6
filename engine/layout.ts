import type { Layout } from './op.ts';

/** Strides of a row-major tensor. */
export function contiguousStrides(shape: readonly number[]): number[] {
  const strides = shape.map(() => 1);
  for (let i = shape.length - 2; i >= 0; i--) strides[i] = strides[i + 1]! * shape[i + 1]!;
  return strides;
}

export function contiguous(shape: readonly number[]): Layout {
  return { shape, strides: contiguousStrides(shape), offset: 0 };
}

/** Whether elements follow one another without gaps (axes of length 1 may have any stride). */
export function isContiguous({ shape, strides }: Layout): boolean {
  const dense = contiguousStrides(shape);
  return shape.every((n, i) => n === 1 || strides[i] === dense[i]);
}

/**
 * Joins neighbouring axes that every layout walks in one stride, and drops axes of length 1.
 * `layouts` share one shape; the result has at least one axis.
 */
export function collapse(shape: readonly number[], layouts: readonly (readonly number[])[]): {
  shape: number[]; strides: number[][];
} {
  const joined: number[] = [];
  const strides: number[][] = layouts.map(() => []);
  shape.forEach((n, axis) => {
    if (n === 1) return;
    const last = joined.length - 1;
    const continues = last >= 0 && layouts.every((s, k) => strides[k]![last] === s[axis]! * n);
    if (continues) {
      joined[last]! *= n;
      layouts.forEach((s, k) => { strides[k]![last] = s[axis]!; });
    } else {
      joined.push(n);
      layouts.forEach((s, k) => strides[k]!.push(s[axis]!));
    }
  });
  if (joined.length === 0) {
    joined.push(1);
    strides.forEach((s) => s.push(0));
  }
  return { shape: joined, strides };
}
