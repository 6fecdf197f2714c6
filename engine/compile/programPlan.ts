/** What a program will take and whether the device can hold it, known before any memory is made. */
import { UserError } from '../errors.ts';
import { describe, paddedBytes } from '../tensor.ts';
import { Emission, nodeBytes, type Dispatch, type Home, type ProgramSpec, type Target } from './emit.ts';
import type { Node } from './lower.ts';
import { planMemory } from './plan.ts';

export interface ProgramSummary {
  readonly kernels: number;
  readonly dispatches: number;
  /** Bytes of intermediates with and without sharing of buffers, of states, and of inputs and tables. */
  readonly plannedBytes: number;
  readonly unsharedBytes: number;
  readonly stateBytes: number;
  readonly leafBytes: number;
}

/** A program whose memory, pipelines and bind groups are not made yet; `compile` makes them. */
export interface ProgramPlan {
  readonly spec: ProgramSpec;
  readonly dispatches: readonly Dispatch[];
  /** States, inputs and tables. */
  readonly leaves: readonly Node[];
  /** Flat vectors with memory of their own. */
  readonly packs: readonly Node[];
  /** Values that are kept in the memory of another node. */
  readonly home: ReadonlyMap<Node, Home>;
  /** Buffer of each other value, or of scratch by its number; and the bytes of each buffer. */
  readonly slots: ReadonlyMap<Node | number, number>;
  readonly sizes: readonly number[];
  readonly outputs: ReadonlyMap<string, Node>;
  readonly summary: ProgramSummary;
}

const sum = (values: readonly number[]): number => values.reduce((a, b) => a + b, 0);
const mib = (bytes: number): string => `${(bytes / 2 ** 20).toFixed(1)} MiB`;

/** Plans a program. Throws what the device cannot hold, with the tensor that is too large. */
export function planProgram(target: Target, spec: ProgramSpec): ProgramPlan {
  const emission = new Emission(target, spec);
  const { lowered, dispatches, home } = emission;
  checkTypes(target, spec.name, lowered.nodes);
  checkBindings(target, spec.name, lowered.nodes);
  const leaves = lowered.nodes.filter((node) => node.op.kind === 'leaf' && node.op.name !== 'constant');
  const values = emission.ownValues();
  const { slots, sizes, unshared } = planMemory(values.map((value) => ({ ...value, bytes: paddedBytes(value.bytes) })));
  const packs = [...emission.packs.keys()];
  const packed = sum(packs.map(nodeBytes));
  const summary: ProgramSummary = {
    kernels: new Set(dispatches.map(({ call }) => call.source)).size,
    dispatches: dispatches.length,
    plannedBytes: sum(sizes) + packed,
    unsharedBytes: unshared + packed,
    stateBytes: sum(leaves.filter((leaf) => leaf.op.name === 'state').map(nodeBytes)),
    leafBytes: sum(leaves.filter((leaf) => leaf.op.name !== 'state').map(nodeBytes)),
  };
  checkTotal(target, spec.name, summary, [...packs, ...values.flatMap(({ key }) => (typeof key === 'number' ? [] : key))]);
  return {
    spec, dispatches, leaves, packs, home, sizes, summary,
    slots: new Map(values.map(({ key }, i) => [key, slots[i]!])),
    outputs: new Map(Object.keys(spec.outputs).map((name, i) => [name, lowered.roots[i]!])),
  };
}

function checkTypes({ capabilities, name: device }: Target, name: string, nodes: readonly Node[]): void {
  if (!capabilities.f16 && nodes.some(({ dtype }) => dtype === 'f16')) {
    throw new UserError(`${name}: takes half precision, but ${device} lacks shader-f16; use --precision f32, or `
      + 'another --adapter');
  }
}

const at = ({ path }: Node): string => (path ? `, in ${path}` : '');

function checkBindings({ limits, name: device }: Target, name: string, nodes: readonly Node[]): void {
  const limit = Math.min(limits.maxStorageBufferBindingSize, limits.maxBufferSize);
  for (const node of nodes) {
    if (node.op.name !== 'constant' && nodeBytes(node) > limit) {
      throw new UserError(`${name}: ${node.op.name} ${describe(node)} takes ${nodeBytes(node)} bytes, but this `
        + `adapter binds at most ${limit} (${device}). Use a smaller batch or image${at(node)}.`);
    }
  }
}

function checkTotal({ memory, name: device }: Target, name: string, summary: ProgramSummary,
  values: readonly Node[]): void {
  const { plannedBytes, stateBytes, leafBytes } = summary;
  const total = plannedBytes + stateBytes + leafBytes;
  if (total <= memory) return;
  const [first, ...others] = values;
  const largest = first && others.reduce((a, b) => (nodeBytes(b) > nodeBytes(a) ? b : a), first);
  const named = largest
    ? `; the largest value is ${largest.op.name} ${describe(largest)}, ${mib(nodeBytes(largest))}${at(largest)}` : '';
  throw new UserError(`${name}: needs ${mib(total)} (${mib(plannedBytes)} for intermediates, ${mib(stateBytes)} for `
    + `states, ${mib(leafBytes)} for inputs and tables), but programs may take ${mib(memory)} on ${device}${named}. `
    + 'Use a smaller batch or image.');
}

/** One line on what a program takes. */
export function describePlan(name: string, summary: ProgramSummary): string {
  const { kernels, dispatches, plannedBytes, unsharedBytes, stateBytes } = summary;
  return `${name}: ${dispatches} dispatches of ${kernels} kernels; ${mib(plannedBytes)} for intermediates `
    + `(${mib(unsharedBytes)} unshared), ${mib(stateBytes)} of states`;
}
