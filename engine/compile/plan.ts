/**
 * Memory by liveness: every value lives from the step that writes it to the last step that reads it, and values whose
 * lives do not meet share a buffer. Largest first, each into the smallest buffer that is free for its whole life
 * [Pisarchyk & Lee 2020, greedy by size]. Slots are separate GPUBuffers, since Dawn tracks hazards per buffer.
 */
export interface Value {
  readonly bytes: number;
  readonly first: number;
  readonly last: number;
}

export interface MemoryPlan {
  /** Slot of each value. */
  readonly slots: readonly number[];
  /** Bytes of each slot. */
  readonly sizes: readonly number[];
  /** What all values would take without sharing. */
  readonly unshared: number;
}

export function planMemory(values: readonly Value[]): MemoryPlan {
  const order = values.map((_, i) => i).sort((a, b) => values[b]!.bytes - values[a]!.bytes || a - b);
  const sizes: number[] = [];
  const tenants: Value[][] = [];
  const slots = values.map(() => -1);
  for (const i of order) {
    const value = values[i]!;
    // Buffers are made largest first, so the last that is free is the smallest.
    let best = sizes.length - 1;
    while (best >= 0 && tenants[best]!.some((other) => other.last >= value.first && value.last >= other.first)) best--;
    if (best < 0) {
      best = sizes.length;
      sizes.push(value.bytes);
      tenants.push([]);
    }
    tenants[best]!.push(value);
    slots[i] = best;
  }
  return { slots, sizes, unshared: values.reduce((total, value) => total + value.bytes, 0) };
}
