import type { OpDef } from './op.ts';

/** Element types. Storage and accumulation are f32 unless a precision policy says f16. */
export type DType = 'f32' | 'f16' | 'i32' | 'u32';

export const bytesPerElement: Readonly<Record<DType, number>> = { f32: 4, f16: 2, i32: 4, u32: 4 };

/** Bytes of a buffer, rounded up so that vectors may read past the last element. */
export const paddedBytes = (bytes: number): number => Math.ceil(Math.max(bytes, 4) / 16) * 16;

/** What is known of a tensor before anything runs. `shape` is `[]` for a scalar. */
export interface TensorType {
  readonly shape: readonly number[];
  readonly dtype: DType;
}

/** Number of elements of a shape; 1 for a scalar. */
export function sizeOf(shape: readonly number[]): number {
  let size = 1;
  for (const n of shape) size *= n;
  return size;
}

export function sameShape(a: readonly number[], b: readonly number[]): boolean {
  return a.length === b.length && a.every((n, i) => n === b[i]);
}

/** `f32 [2, 3]`: a type as error messages print it. */
export function describe(type: TensorType): string {
  return `${type.dtype} [${type.shape.join(', ')}]`;
}

/** Values of a tensor on the CPU; f16 as its bits. */
export type TypedData = Float32Array | Int32Array | Uint32Array | Uint16Array;

let nextId = 0;

/**
 * A symbolic tensor: a node of the graph. It has no memory; `compile` decides whether it ever gets any.
 * Ids grow in order of creation, so inputs always have smaller ids than the node that uses them.
 */
export class Tensor implements TensorType {
  readonly id = nextId++;

  constructor(
    readonly op: OpDef,
    readonly inputs: readonly Tensor[],
    readonly attrs: unknown,
    readonly shape: readonly number[],
    readonly dtype: DType,
    /** Parameter scope in which the node was made, for messages and profiles. */
    readonly path: string,
  ) {}

  get rank(): number {
    return this.shape.length;
  }

  get size(): number {
    return sizeOf(this.shape);
  }
}
