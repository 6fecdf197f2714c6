/** What a program will take and whether the device can hold it, known before any memory is made. */
import { UserError } from '../errors.ts';
import { describe, paddedBytes } from '../tensor.ts';
import { Emission, nodeBytes, type Dispatch, type Home, type Memory, type ProgramSpec, type Target } from './emit.ts';
import { bindingAlignment, type Node } from './lower.ts';
import { planMemory, type Place } from './plan.ts';
import { writableTogether, type PlannedBuffer } from './sharedBuffers.ts';

export interface ProgramSummary {
  readonly kernels: number;
  readonly dispatches: number;
  /** Bytes of intermediates with and without sharing of buffers, of states, and of inputs and tables. */
  readonly plannedBytes: number;
  readonly unsharedBytes: number;
  readonly stateBytes: number;
  readonly leafBytes: number;
  /** How long the passes took, from the graph to the plan. */
  readonly planMs: number;
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
  /** Where each other value lies, or scratch by its number: in a buffer of these sizes or in a pack. */
  readonly places: ReadonlyMap<Node | number, Place>;
  readonly sizes: readonly number[];
  readonly outputs: ReadonlyMap<string, Node>;
  readonly summary: ProgramSummary;
}

const sum = (values: readonly number[]): number => values.reduce((a, b) => a + b, 0);
const mib = (bytes: number): string => `${(bytes / 2 ** 20).toFixed(1)} MiB`;

/** Plans a program. Throws what the device cannot hold, with the tensor that is too large. */
export function planProgram(target: Target, spec: ProgramSpec): ProgramPlan {
  const started = performance.now();
  const emission = new Emission(target, spec);
  const { lowered, home } = emission;
  checkTypes(target, spec.name, lowered.nodes);
  checkBindings(target, spec.name, lowered.nodes);
  const leaves = lowered.nodes.filter((node) => node.op.kind === 'leaf' && node.op.name !== 'constant');
  const values = emission.ownValues();
  const padded = values.map((value) => ({ ...value, bytes: paddedBytes(value.bytes) }));
  const { places: placed, sizes, unshared } = planMemory(padded, emission.arenas(), bindingAlignment);
  const places = new Map(values.map(({ key }, i) => [key, placed[i]!]));
  const packs = [...emission.packs.keys()];
  const dispatches = writableTogether(emission.dispatches, bufferOf({ places, packs, home, sizes }));
  const packed = sum(packs.map(nodeBytes));
  const summary: ProgramSummary = {
    kernels: new Set(dispatches.map(({ call }) => call.source)).size,
    dispatches: dispatches.length,
    plannedBytes: sum(sizes) + packed,
    unsharedBytes: unshared + packed,
    stateBytes: sum(leaves.filter((leaf) => leaf.op.name === 'state').map(nodeBytes)),
    leafBytes: sum(leaves.filter((leaf) => leaf.op.name !== 'state').map(nodeBytes)),
    planMs: performance.now() - started,
  };
  const own = values.flatMap(({ key }) => (typeof key === 'number' ? [] : key));
  checkTotal(target, spec.name, summary, [...packs, ...own]);
  return {
    spec, dispatches, leaves, packs, home, places, sizes, summary,
    outputs: new Map(Object.keys(spec.outputs).map((name, i) => [name, lowered.roots[i]!])),
  };
}

/** The buffer of some memory: a slot, or what is made for a pack or leaf. */
function bufferOf({ places, packs, home, sizes }: Pick<ProgramPlan, 'places' | 'packs' | 'home' | 'sizes'>):
  (key: Memory['key']) => PlannedBuffer {
  const slots = sizes.map((_, slot) => ({ id: slot, shared: false, own: true }));
  const known = new Map<Node, PlannedBuffer>(packs.map((pack) => [pack, { id: pack, shared: true, own: true }]));
  const leaf = (node: Node): PlannedBuffer => {
    let buffer = known.get(node);
    if (!buffer) known.set(node, buffer = { id: node, shared: false, own: false });
    return buffer;
  };
  return (key) => {
    const value = 'scratch' in key ? key.scratch : key;
    const place = places.get(value);
    if (place) return 'slot' in place ? slots[place.slot]! : known.get(packs[place.arena]!)!;
    return leaf(home.get(value as Node)?.node ?? value as Node);
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

/** Memory of intermediates as planned, beside what they would take if each had its own. */
export const describeSharing = (plannedBytes: number, unsharedBytes: number): string =>
  `${mib(plannedBytes)} for intermediates, ${((100 * plannedBytes) / unsharedBytes).toFixed(0)} % of the `
  + `${mib(unsharedBytes)} that they are in all`;

/** One line on what a program takes. */
export function describePlan(name: string, summary: ProgramSummary): string {
  const { kernels, dispatches, plannedBytes, unsharedBytes, stateBytes, planMs } = summary;
  return `${name}: ${dispatches} dispatches of ${kernels} kernels; ${describeSharing(plannedBytes, unsharedBytes)}; `
    + `${mib(stateBytes)} of states; planned in ${planMs.toFixed(0)} ms`;
}
