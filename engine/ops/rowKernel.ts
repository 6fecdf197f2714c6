/**
 * Kernels that work row by row: a group of lanes strides over one row after the other and combines what it found.
 *
 * The body of such a kernel is written once, in items V (four values where sizes allow, else one) and in terms of
 * `LANES`, `sumLanes` and `maxLanes`; here it gets its item and its way of combining put in front. Subgroups suit
 * software adapters, where a load from workgroup memory costs as much as thirty multiplications and a barrier more.
 */
import { maxGroupsPerAxis } from '../grid.ts';
import type { DeviceCapabilities, Operand, Variant } from '../op.ts';
import itemScalar from '../shaders/itemScalar.wgsl';
import itemVec4 from '../shaders/itemVec4.wgsl';
import lanesSubgroup from '../shaders/rowLanesSubgroup.wgsl';
import lanesWorkgroup from '../shaders/rowLanesWorkgroup.wgsl';
import { sizeOf, type TensorType } from '../tensor.ts';

export interface RowKernel {
  /** Stem of the shader that holds the body. */
  readonly label: string;
  readonly body: string;
  readonly rows: number;
  /** Values of a row; its lengths in items is the second word of `dims`, after the number of rows. */
  readonly n: number;
  /** Words of `dims` after these two. */
  readonly words?: readonly number[];
  readonly constants?: Readonly<Record<string, number>>;
  readonly bindings: readonly Operand[];
  readonly flops: number;
  readonly bytes: number;
}

/** Rows of a tensor, and the values of each: the length of its last axis. */
export function rowsOf(type: TensorType): { rows: number; n: number } {
  const n = type.shape.at(-1)!;
  return { rows: sizeOf(type.shape) / n, n };
}

/** The text that defines items V: four values where every size given is a multiple of four, else one. */
export function itemOf(...sizes: readonly number[]): { source: string; width: 1 | 4 } {
  return sizes.every((n) => n % 4 === 0) ? { source: itemVec4, width: 4 } : { source: itemScalar, width: 1 };
}

/** Lanes of a workgroup for rows of so many items. */
const lanesFor = (items: number): number => (items >= 512 ? 256 : items >= 64 ? 64 : 32);

/** The variants `subgroup` (where subgroups have one size) and `workgroup` of a row kernel. */
export function rowVariants(kernel: RowKernel, device: DeviceCapabilities): Variant[] {
  const item = itemOf(kernel.n);
  const items = kernel.n / item.width;
  // Rows beyond the cap are taken in turns, which saves the start of a workgroup.
  const cap = device.software ? 256 : maxGroupsPerAxis;
  const variant = (name: string, lanesSource: string, lanes: number): Variant => ({
    name,
    scratch: [],
    calls: [{
      label: kernel.label,
      source: `${item.source}\n${lanesSource}\n${kernel.body}`,
      constants: { LANES: lanes, ...kernel.constants },
      bindings: kernel.bindings,
      immediates: [kernel.rows, items, ...(kernel.words ?? [])],
      grid: [Math.min(kernel.rows, cap), 1, 1],
      flops: kernel.flops,
      bytes: kernel.bytes,
    }],
  });
  const workgroup = variant('workgroup', lanesWorkgroup, lanesFor(items));
  if (!device.subgroups || device.subgroupSize === 0) return [workgroup];
  const subgroup = variant('subgroup', lanesSubgroup, device.subgroupSize);
  return device.software || items <= 2 * device.subgroupSize ? [subgroup, workgroup] : [workgroup, subgroup];
}
