/** From a graph to a program that replays: lower, choose kernels, plan memory, make pipelines and bind groups. */
import { Device } from '../device.ts';
import { contiguousStrides, isContiguous } from '../layout.ts';
import { setPath, type FinishingCall, type KernelCall, type Operand, type Variant } from '../op.ts';
import type { InputAttrs, TableAttrs } from '../ops/leaf.ts';
import { stateTensor } from '../ops/leaf.ts';
import type { PackAttrs } from '../ops/pack.ts';
import { pointwiseOps } from '../ops/pointwise.ts';
import { Program, type BoundCall } from '../program.ts';
import type { State } from '../state.ts';
import { bytesPerElement, describe, sameShape, sizeOf, type Tensor } from '../tensor.ts';
import { withEpilogue, withoutEpilogue } from './epilogue.ts';
import type { Binding, Store } from './expressions.ts';
import { groupSteps, type Step } from './group.ts';
import { bindingAlignment, lower, type Lowered, type Node } from './lower.ts';
import { planMemory, type Value } from './plan.ts';
import { pointwiseKernel } from './pointwiseKernel.ts';

export interface ProgramSpec {
  /** Label in errors and profiles. */
  readonly name: string;
  /** Tensors that can be read after a run, by name. */
  readonly outputs: Readonly<Record<string, Tensor>>;
  /** New contents of states, written at the end of a run. */
  readonly updates?: readonly (readonly [State, Tensor])[];
  /** Name of the variant to use where an op offers it; otherwise the op's first. */
  readonly variant?: string;
  /** Whether pointwise work may be done where a kernel stores its output; default true. */
  readonly epilogues?: boolean;
}

/** What a program will take, known before anything is allocated. */
export interface ProgramSummary {
  readonly kernels: number;
  readonly dispatches: number;
  /** Bytes of intermediates with and without sharing of buffers, of states, and of inputs and constants. */
  readonly plannedBytes: number;
  readonly unsharedBytes: number;
  readonly stateBytes: number;
  readonly leafBytes: number;
}

/** A dispatch whose buffers are not made yet. */
interface Dispatch {
  readonly call: Omit<KernelCall, 'bindings'>;
  readonly memory: readonly Memory[];
  readonly path: string;
}

/** A range of the memory of a node, or of scratch. */
interface Memory {
  readonly key: Node | ScratchKey;
  readonly offset: number;
  readonly bytes: number;
}

/** Memory of another node, from a byte on. */
interface Home {
  readonly node: Node;
  readonly offset: number;
}

interface ScratchKey {
  readonly scratch: number;
}

const nodeBytes = (node: Node): number => sizeOf(node.shape) * bytesPerElement[node.dtype];

const bound = ({ node, offset, bytes }: Pick<Binding, 'node' | 'offset' | 'bytes'>): Memory =>
  ({ key: node, offset, bytes });

const writesOutput = ({ bindings }: KernelCall): boolean => bindings.some(({ kind }) => kind === 'output');

/** The dispatch of a variant that writes the output, where pointwise work can follow it. */
const finishing = ({ calls }: Variant): FinishingCall | null =>
  calls.find((call): call is FinishingCall => 'finish' in call && writesOutput(call)) ?? null;

class Compilation {
  readonly lowered: Lowered;
  private readonly steps: readonly Step[];
  private readonly variants = new Map<Node, Variant>();
  private readonly dispatches: Dispatch[] = [];
  /** Where the value of a node is kept, if not in its own memory: the leaf of a state that it replaces, or a pack. */
  private readonly home = new Map<Node, Home>();
  /** Flat vectors, and which of their parts are written there directly; gaps between parts stay zero, as made. */
  private readonly packs = new Map<Node, ReadonlySet<number>>();
  private readonly lastRead = new Map<Node, number>();
  private readonly outputNames: string[];
  private readonly updates: readonly (readonly [State, Tensor])[];
  private readonly late: { value: Node; into: Node }[] = [];
  private readonly scratchBytes: { bytes: number; step: number }[] = [];

  constructor(private readonly device: Device, private readonly spec: ProgramSpec) {
    this.updates = spec.updates ?? [];
    this.outputNames = Object.keys(spec.outputs);
    for (const [state, value] of this.updates) {
      if (!sameShape(state.type.shape, value.shape) || state.type.dtype !== value.dtype) {
        throw new Error(`${spec.name}: state ${state.name} is ${describe(state.type)}, its update ${describe(value)}`);
      }
    }
    const roots = [
      ...Object.values(spec.outputs), ...this.updates.map(([, value]) => value),
      ...this.updates.map(([state]) => stateTensor(state)),
    ];
    this.lowered = lower(roots);
    setPath('');
    this.steps = groupSteps({
      nodes: this.lowered.nodes,
      roots: new Set(this.lowered.roots),
      updated: new Set(this.lowered.roots.slice(this.outputNames.length + this.updates.length)),
      finishOf: (kernel) => (spec.epilogues === false ? null : finishing(this.variant(kernel))?.finish ?? null),
      bindingsOf: (kernel) => finishing(this.variant(kernel))!.bindings.length,
      maxBindings: device.limits.maxStorageBuffersPerShaderStage,
    });
    this.steps.forEach((step, at) => this.noteReads(step, at));
  }

  private noteReads(step: Step, at: number): void {
    for (const node of step.nodes) for (const { node: source } of node.reads) this.lastRead.set(source, at);
  }

  /** The way in which a kernel op is computed. */
  private variant(node: Node): Variant {
    let chosen = this.variants.get(node);
    if (!chosen) {
      const { op } = node;
      if (op.kind !== 'kernel') throw new Error(`${op.name} is not a kernel`);
      const types = node.reads.map(({ layout, node: source }) => ({ shape: layout.shape, dtype: source.dtype }));
      const variants = op.variants(types, node, node.attrs, this.device.capabilities);
      chosen = variants.find(({ name }) => name === this.spec.variant) ?? variants[0]!;
      this.variants.set(node, chosen);
    }
    return chosen;
  }

  private isOutput(node: Node): boolean {
    return this.lowered.roots.slice(0, this.outputNames.length).includes(node);
  }

  /** Lets updates go straight into the memory of their states where nothing reads the old value later. */
  placeUpdates(): void {
    const stepOf = new Map<Node, number>();
    this.steps.forEach((step, at) => step.nodes.forEach((node) => stepOf.set(node, at)));
    const outputs = this.outputNames.length;
    this.updates.forEach((_, i) => {
      const value = this.lowered.roots[outputs + i]!;
      const into = this.lowered.roots[outputs + this.updates.length + i]!;
      if (value === into) return;
      const at = stepOf.get(value);
      const free = at !== undefined && !this.isOutput(value) && !this.home.has(value) && !this.isOutput(into)
        && (this.lastRead.get(into) ?? -1) <= at && this.readsInPlace(this.steps[at]!, value, into)
        && !this.updates.some((__, k) => k !== i && this.lowered.roots[outputs + k] === into);
      if (free) this.home.set(value, { node: into, offset: 0 });
      else this.late.push({ value, into });
    });
  }

  /** Whether a step may overwrite `into` while it reads it: only a kernel that reads each element where it writes. */
  private readsInPlace(step: Step, value: Node, into: Node): boolean {
    const reads = step.nodes.flatMap((node) => node.reads).filter((read) => read.node === into);
    if (reads.length === 0) return true;
    return !step.kernel && reads.every(({ layout }) =>
      layout.offset === 0 && isContiguous(layout) && sameShape(layout.shape, value.shape));
  }

  /** Lets the parts of a flat vector be written where they belong, instead of being copied there. */
  private placeParts(): void {
    const users = new Map<Node, number>();
    for (const node of this.lowered.nodes) {
      for (const { node: source } of node.reads) users.set(source, (users.get(source) ?? 0) + 1);
    }
    const roots = new Set(this.lowered.roots);
    for (const node of this.lowered.nodes) {
      if (node.op.name !== 'pack' || this.home.has(node)) continue;
      const { offsets } = node.attrs as PackAttrs;
      const direct = new Set([...node.reads.keys()].filter((i) => {
        const { node: part, layout } = node.reads[i]!;
        return part.op.kind !== 'leaf' && users.get(part) === 1 && !roots.has(part) && !this.home.has(part)
          && layout.offset === 0 && sizeOf(layout.shape) === sizeOf(part.shape)
          && (offsets[i]! * bytesPerElement[node.dtype]) % bindingAlignment === 0;
      }));
      this.packs.set(node, direct);
      for (const i of direct) {
        this.home.set(node.reads[i]!.node, { node, offset: offsets[i]! * bytesPerElement[node.dtype] });
      }
    }
  }

  emit(): void {
    this.placeUpdates();
    this.placeParts();
    this.steps.forEach((step, at) => {
      if (step.kernel) this.emitKernel(step.kernel, step, at);
      else this.emitPointwise(step, at);
    });
    const end = this.steps.length;
    for (const { value, into } of this.late) {
      this.lastRead.set(value, end);
      this.copy(value, into);
    }
    for (const node of this.lowered.roots.slice(0, this.outputNames.length)) this.lastRead.set(node, end);
  }

  /** Values of a step that something else reads, in order. */
  private stores(step: Step, at: number): Store[] {
    const inside = new Set(step.nodes);
    const roots = new Set(this.lowered.roots);
    const readLater = new Set<Node>();
    for (const other of this.steps.slice(at + 1)) {
      for (const node of other.nodes) {
        for (const read of node.reads) if (inside.has(read.node)) readLater.add(read.node);
      }
    }
    return step.nodes.filter((node) => roots.has(node) || readLater.has(node))
      .map((value) => ({ value, ...this.place(value) }));
  }

  private emitPointwise(step: Step, at: number): void {
    const stores = this.stores(step, at);
    if (stores.length > 0) this.push(pointwiseKernel(step.nodes, stores), step.nodes.at(-1)!.path);
  }

  private push(kernel: ReturnType<typeof pointwiseKernel>, path: string): void {
    this.dispatches.push({ call: { ...kernel, constants: {} }, memory: kernel.bindings.map(bound), path });
  }

  /** Memory that a node's value goes to: a node, and the first byte in it. */
  private place(value: Node): { into: Node; offset: number } {
    const home = this.home.get(value);
    return home ? { into: home.node, offset: home.offset } : { into: value, offset: 0 };
  }

  private copy(value: Node, into: Node): void {
    const copy: Node = {
      ...into, op: pointwiseOps.stopGradient, attrs: null, position: -1, path: '',
      reads: [{ node: value, layout: { shape: value.shape, strides: contiguousStrides(value.shape), offset: 0 } }],
    };
    this.push(pointwiseKernel([copy], [{ value: copy, into, offset: 0 }]), '');
  }

  private emitKernel(node: Node, step: Step, at: number): void {
    const variant = this.variant(node);
    const stores = this.stores(step, at);
    if (stores.length === 0) return;
    const direct = this.packs.get(node);
    const calls = direct ? variant.calls.filter((_, i) => !direct.has(i)) : variant.calls;
    const firstScratch = this.scratchBytes.length;
    for (const bytes of variant.scratch) this.scratchBytes.push({ bytes, step: at });
    for (const call of calls) {
      const memory = call.bindings.map((operand: Operand) => this.operand(operand, node, stores.at(-1)!, firstScratch));
      if ('finish' in call) {
        const members = step.nodes.filter((member) => member !== node);
        const followed = members.length > 0 && writesOutput(call);
        const finished = followed ? withEpilogue(call, node, members, stores) : withoutEpilogue(call);
        memory.push(...finished.bound.map(bound));
        this.dispatches.push({ call: finished, memory, path: node.path });
      } else {
        this.dispatches.push({ call, memory, path: node.path });
      }
    }
  }

  /** Memory that an operand of a kernel is; its output is where `store` goes. */
  private operand(operand: Operand, node: Node, store: Store, firstScratch: number): Memory {
    if (operand.kind === 'output') return { key: store.into, offset: store.offset, bytes: nodeBytes(node) };
    if (operand.kind === 'scratch') {
      const scratch = firstScratch + operand.index;
      return { key: { scratch }, offset: 0, bytes: this.scratchBytes[scratch]!.bytes };
    }
    const { node: source, layout } = node.reads[operand.index]!;
    const size = bytesPerElement[source.dtype];
    return { key: source, offset: layout.offset * size, bytes: sizeOf(layout.shape) * size };
  }

  async build(): Promise<Program> {
    this.emit();
    this.checkLimits();
    const leaves = this.lowered.nodes.filter((node) => node.op.kind === 'leaf' && node.op.name !== 'constant');
    const values = new Map<Node | number, Value>();
    this.steps.forEach((step, at) => {
      for (const node of step.nodes) {
        if (!this.home.has(node) && !this.packs.has(node)) {
          const last = this.lastRead.get(node) ?? at;
          values.set(node, { bytes: Device.paddedBytes(nodeBytes(node)), first: at, last });
        }
      }
    });
    this.scratchBytes.forEach(({ bytes, step }, i) =>
      values.set(i, { bytes: Device.paddedBytes(bytes), first: step, last: step }));
    const touched = new Set(this.dispatches.flatMap(({ memory }) =>
      memory.map(({ key }) => ('scratch' in key ? key.scratch : key))));
    const planned = [...values.keys()].filter((key) => touched.has(key));
    const plan = planMemory(planned.map((key) => values.get(key)!));
    const slots = plan.sizes.map((bytes, i) => this.device.createBuffer(bytes, `${this.spec.name} slot ${i}`));
    const buffers = new Map<Node | number, GPUBuffer>(planned.map((key, i) => [key, slots[plan.slots[i]!]!]));
    const inputs = new Map<string, { buffer: GPUBuffer; type: InputAttrs['type'] }>();
    for (const leaf of leaves) buffers.set(leaf, this.leafBuffer(leaf, inputs, slots));
    for (const pack of this.packs.keys()) {
      const buffer = this.device.createBuffer(nodeBytes(pack), `${this.spec.name} pack`);
      this.device.clear(buffer);
      slots.push(buffer);
      buffers.set(pack, buffer);
    }
    for (const [value, { node }] of this.home) buffers.set(value, buffers.get(node)!);
    const packed = [...this.packs.keys()].reduce((total, pack) => total + nodeBytes(pack), 0);
    const summary: ProgramSummary = {
      kernels: new Set(this.dispatches.map(({ call }) => call.source)).size,
      dispatches: this.dispatches.length,
      plannedBytes: plan.sizes.reduce((a, b) => a + b, 0) + packed,
      unsharedBytes: plan.unshared + packed,
      stateBytes: leaves.filter((leaf) => leaf.op.name === 'state').reduce((a, leaf) => a + nodeBytes(leaf), 0),
      leafBytes: leaves.filter((leaf) => leaf.op.name !== 'state').reduce((a, leaf) => a + nodeBytes(leaf), 0),
    };
    const outputs = new Map(this.outputNames.map((name, i) => {
      const node = this.lowered.roots[i]!;
      return [name, { buffer: buffers.get(node)!, type: this.spec.outputs[name]! }] as const;
    }));
    const calls = await Promise.all(this.dispatches.map((dispatch) => this.bind(dispatch, buffers)));
    return new Program(this.device, this.spec.name, calls, inputs, outputs, slots, summary);
  }

  private leafBuffer(leaf: Node, inputs: Map<string, { buffer: GPUBuffer; type: InputAttrs['type'] }>,
    owned: GPUBuffer[]): GPUBuffer {
    if (leaf.op.name === 'state') return this.device.buffer((leaf.attrs as { state: State }).state);
    const buffer = this.device.createBuffer(nodeBytes(leaf), `${this.spec.name} ${leaf.op.name}`);
    owned.push(buffer);
    if (leaf.op.name === 'table') {
      this.device.gpu.queue.writeBuffer(buffer, 0, (leaf.attrs as TableAttrs).data);
    } else {
      const { name, type } = leaf.attrs as InputAttrs;
      if (inputs.has(name)) throw new Error(`${this.spec.name}: two inputs are called ${name}`);
      inputs.set(name, { buffer, type });
    }
    return buffer;
  }

  private checkLimits(): void {
    const limit = this.device.limits.maxStorageBufferBindingSize;
    for (const node of this.lowered.nodes) {
      if (node.op.name !== 'constant' && nodeBytes(node) > limit) {
        throw new Error(`${this.spec.name}: ${node.op.name} ${describe(node)} takes ${nodeBytes(node)} bytes, but this `
          + `adapter binds at most ${limit} (${this.device.name}). Use a smaller batch or image${at(node.path)}.`);
      }
    }
  }

  private async bind({ call, memory, path }: Dispatch, buffers: Map<Node | number, GPUBuffer>): Promise<BoundCall> {
    const { pipeline, layout } = await this.device.pipeline(call.label, call.source, call.constants);
    const resources = memory.map(({ key, offset, bytes }) => {
      const buffer = buffers.get('scratch' in key ? key.scratch : key)!;
      return { buffer, offset, size: Math.min(Device.paddedBytes(bytes), buffer.size - offset) };
    });
    const immediates = new Uint32Array(16);
    immediates.set(call.immediates);
    return {
      label: call.label, path, pipeline, bindGroup: this.device.bindGroup(layout, resources, call.label),
      immediates: call.immediates.length > 0 ? immediates : null,
      grid: call.grid, flops: call.flops, bytes: call.bytes,
    };
  }
}

const at = (path: string): string => (path ? `, in ${path}` : '');

/** Compiles a graph for a device. All memory of the program is made here, none while it runs. */
export function compile(device: Device, spec: ProgramSpec): Promise<Program> {
  return new Compilation(device, spec).build();
}
