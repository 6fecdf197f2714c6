import { sizeOf, type TensorType, type TypedData } from './tensor.ts';

/**
 * Memory that outlives a run: parameters, moments, averages, counters. Several programs may share one.
 * It gets a buffer on a device when a program that uses it is compiled; see `Device.buffer`.
 */
export class State {
  constructor(
    readonly name: string,
    readonly type: TensorType,
    /** Contents when the buffer is made; zeros where absent. */
    public initial: TypedData | null = null,
  ) {
    if (initial && initial.length !== sizeOf(type.shape)) {
      throw new Error(`state ${name}: needs ${sizeOf(type.shape)} values, found ${initial.length}`);
    }
  }
}
