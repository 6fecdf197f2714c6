/** What a program does and where its values are kept: dispatches over memory that is not made yet. */
import type { Choices } from '../choose.ts';
import { contiguousStrides, isContiguous } from '../layout.ts';
import { setPath, type DeviceCapabilities, type FinishingCall, type KernelCall, type Operand, type Variant }
  from '../op.ts';
import { stateTensor } from '../ops/leaf.ts';
import type { PackAttrs } from '../ops/pack.ts';
import { pointwiseOps } from '../ops/pointwise.ts';
import type { State } from '../state.ts';
import { bytesPerElement, describe, sameShape, sizeOf, type Tensor } from '../tensor.ts';
import { withEpilogue, withoutEpilogue } from './epilogue.ts';
import type { Binding, Store } from './expressions.ts';
import { groupSteps, type Step } from './group.ts';
import { bindingAlignment, lower, type Lowered, type Node } from './lower.ts';
import type { Arena } from './plan.ts';
import { pointwiseKernel, type PointwiseKernel } from './pointwiseKernel.ts';
import { recompute } from './recompute.ts';

export interface ProgramSpec {
  /** Label in errors and profiles. */
  readonly name: string;
  /** Tensors that can be read after a run, by name. */
  readonly outputs: Readonly<Record<string, Tensor>>;
  /** New contents of states, written at the end of a run. */
  readonly updates?: readonly (readonly [State, Tensor])[];
  /**
   * Name of the variant to use where an op offers it; otherwise the op's first, whatever was measured. Groups of
   * pointwise nodes are run for software adapters under `subgroup`, for others under `workgroup`.
   */
  readonly variant?: string;
  /** Whether pointwise work may be done where a kernel stores its output; default true. */
  readonly epilogues?: boolean;
  /** Whether cheap values that are read again much later are computed again instead of kept; default false. */
  readonly recompute?: boolean;
}

/** What a program is planned for: a device, or what is known of one. */
export interface Target {
  readonly name: string;
  readonly capabilities: DeviceCapabilities;
  readonly limits: {
    readonly maxStorageBuffersPerShaderStage: number;
    readonly maxStorageBufferBindingSize: number;
    readonly maxBufferSize: number;
  };
  /** Bytes that programs may take in all. */
  readonly memory: number;
  /** What was measured of variants; null where the first is taken. */
  readonly choices: Pick<Choices, 'of'> | null;
}

/** A dispatch whose buffers are not made yet. */
export interface Dispatch {
  readonly call: Omit<KernelCall, 'bindings'>;
  readonly memory: readonly Memory[];
  readonly path: string;
}

/** A range of the memory of a node, or of scratch. */
export interface Memory {
  readonly key: Node | ScratchKey;
  readonly offset: number;
  readonly bytes: number;
}

/** Memory of another node, from a byte on. */
export interface Home {
  readonly node: Node;
  readonly offset: number;
}

export interface ScratchKey {
  readonly scratch: number;
}

export const nodeBytes = (node: Node): number => sizeOf(node.shape) * bytesPerElement[node.dtype];

const bound = ({ node, offset, bytes }: Pick<Binding, 'node' | 'offset' | 'bytes'>): Memory =>
  ({ key: node, offset, bytes });

const writesOutput = ({ bindings }: KernelCall): boolean => bindings.some(({ kind }) => kind === 'output');

/** The dispatch of a variant that writes the output, where pointwise work can follow it. */
const finishing = ({ calls }: Variant): FinishingCall | null =>
  calls.find((call): call is FinishingCall => 'finish' in call && writesOutput(call)) ?? null;

/** One value that needs memory of its own, from the step that writes it to the last that reads it. */
export interface OwnValue {
  /** The node, or the number of a scratch buffer. */
  readonly key: Node | number;
  readonly bytes: number;
  readonly first: number;
  readonly last: number;
  /** Whether it may lie in the memory of a pack: then no dispatch binds it twice, which it may not where it writes. */
  readonly movable: boolean;
}

/** Operations for each element of a value that is cheap to compute again. */
const cheapFlops = 16;

export class Emission {
  readonly lowered: Lowered;
  readonly dispatches: Dispatch[] = [];
  private readonly steps: readonly Step[];
  private readonly variants = new Map<Node, Variant>();
  /** The same by op, attributes and types: a model repeats itself. */
  private readonly known = new Map<string, Variant>();
  private readonly roots: ReadonlySet<Node>;
  /** Nodes that can be read after a run. */
  private readonly outputs: ReadonlySet<Node>;
  /** Where the value of a node is kept, if not in its own memory: the leaf of a state that it replaces, or a pack. */
  readonly home = new Map<Node, Home>();
  /** Flat vectors, and which of their parts are written there directly; gaps between parts stay zero, as made. */
  readonly packs = new Map<Node, ReadonlySet<number>>();
  private readonly lastRead = new Map<Node, number>();
  private readonly updates: readonly (readonly [State, Tensor])[];
  private readonly late: { value: Node; into: Node }[] = [];
  private readonly scratchBytes: { bytes: number; step: number }[] = [];

  constructor(private readonly target: Target, private readonly spec: ProgramSpec) {
    this.updates = spec.updates ?? [];
    for (const [state, value] of this.updates) {
      if (!sameShape(state.type.shape, value.shape) || state.type.dtype !== value.dtype) {
        throw new Error(`${spec.name}: state ${state.name} is ${describe(state.type)}, its update ${describe(value)}`);
      }
    }
    const roots = [
      ...Object.values(spec.outputs), ...this.updates.map(([, value]) => value),
      ...this.updates.map(([state]) => stateTensor(state)),
    ];
    this.lowered = this.withCopies(lower(roots));
    setPath('');
    const outputs = roots.length - 2 * this.updates.length;
    this.roots = new Set(this.lowered.roots);
    this.outputs = new Set(this.lowered.roots.slice(0, outputs));
    this.steps = groupSteps({
      nodes: this.lowered.nodes,
      roots: this.roots,
      updated: new Set(this.lowered.roots.slice(outputs + this.updates.length)),
      finishOf: (kernel) => (spec.epilogues === false ? null : finishing(this.variant(kernel))?.finish ?? null),
      bindingsOf: (kernel) => finishing(this.variant(kernel))!.bindings.length,
      maxBindings: target.limits.maxStorageBuffersPerShaderStage,
    });
    this.steps.forEach((step, at) => {
      for (const node of step.nodes) for (const { node: source } of node.reads) this.lastRead.set(source, at);
    });
    this.emit();
  }

  /** The nodes, with cheap ones computed twice where that is wanted. */
  private withCopies(lowered: Lowered): Lowered {
    if (!this.spec.recompute) return lowered;
    const { nodes, standsFor } = recompute(lowered.nodes, new Set(lowered.roots), (node) => this.isCheap(node));
    return { nodes, roots: lowered.roots.map((root) => standsFor.get(root)!) };
  }

  /** Whether a value costs little more than to be written: norms and activations, not products. */
  private isCheap(node: Node): boolean {
    if (node.op.kind === 'pointwise') return true;
    const { scratch, calls } = this.variant(node);
    return scratch.length === 0
      && calls.reduce((total, { flops }) => total + flops, 0) <= cheapFlops * sizeOf(node.shape);
  }

  /** The way in which a kernel op is computed. */
  private variant(node: Node): Variant {
    let chosen = this.variants.get(node);
    if (!chosen) {
      const { op } = node;
      if (op.kind !== 'kernel') throw new Error(`${op.name} is not a kernel`);
      const types = node.reads.map(({ layout, node: source }) => ({ shape: layout.shape, dtype: source.dtype }));
      const key = `${node.signature} ${types.map(describe).join()}`;
      chosen = this.known.get(key);
      if (!chosen) {
        const { signature, attrs } = node;
        const variants = op.variants(types, node, attrs, this.target.capabilities);
        const name = this.spec.variant ?? (variants.length < 2 ? null
          : this.target.choices?.of({ op, attrs, signature, inputs: types, variants }) ?? null);
        chosen = variants.find((variant) => variant.name === name) ?? variants[0]!;
        this.known.set(key, chosen);
      }
      this.variants.set(node, chosen);
    }
    return chosen;
  }

  /** Lets updates go straight into the memory of their states where nothing reads the old value later. */
  private placeUpdates(): void {
    const stepOf = new Map<Node, number>();
    this.steps.forEach((step, at) => step.nodes.forEach((node) => stepOf.set(node, at)));
    const count = this.updates.length;
    const values = this.lowered.roots.slice(-2 * count, -count);
    const sources = new Set(values);
    values.forEach((value, i) => {
      const into = this.lowered.roots.at(i - count)!;
      if (value === into) return;
      const at = stepOf.get(value);
      const free = at !== undefined && !this.outputs.has(value) && !this.home.has(value) && !this.outputs.has(into)
        && (this.lastRead.get(into) ?? -1) <= at && this.readsInPlace(this.steps[at]!, value, into)
        && !sources.has(into);
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
    for (const node of this.lowered.nodes) {
      if (node.op.name !== 'pack' || this.home.has(node)) continue;
      const { offsets } = node.attrs as PackAttrs;
      const direct = new Set([...node.reads.keys()].filter((i) => {
        const { node: part, layout } = node.reads[i]!;
        return part.op.kind !== 'leaf' && users.get(part) === 1 && !this.roots.has(part) && !this.home.has(part)
          && layout.offset === 0 && sizeOf(layout.shape) === sizeOf(part.shape)
          && (offsets[i]! * bytesPerElement[node.dtype]) % bindingAlignment === 0;
      }));
      this.packs.set(node, direct);
      for (const i of direct) {
        this.home.set(node.reads[i]!.node, { node, offset: offsets[i]! * bytesPerElement[node.dtype] });
      }
    }
  }

  private emit(): void {
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
    for (const node of this.outputs) this.lastRead.set(node, end);
  }

  /** Values of a step that something else reads, in order. */
  private stores(step: Step, at: number): Store[] {
    return step.nodes.filter((node) => this.roots.has(node) || (this.lastRead.get(node) ?? -1) > at)
      .map((value) => ({ value, ...this.place(value) }));
  }

  private emitPointwise(step: Step, at: number): void {
    const stores = this.stores(step, at);
    if (stores.length > 0) this.push(this.pointwise(step.nodes, stores), step.nodes.at(-1)!.path);
  }

  private pointwise(members: readonly Node[], stores: readonly Store[]): PointwiseKernel {
    const { variant } = this.spec;
    const software = variant === 'subgroup' || (variant !== 'workgroup' && this.target.capabilities.software);
    return pointwiseKernel(members, stores, software);
  }

  private push(kernel: PointwiseKernel, path: string): void {
    this.dispatches.push({ call: { ...kernel, constants: {} }, memory: kernel.bindings.map(bound), path });
  }

  /** Memory that a node's value goes to: a node, and the first byte in it. */
  private place(value: Node): { into: Node; offset: number } {
    const home = this.home.get(value);
    return home ? { into: home.node, offset: home.offset } : { into: value, offset: 0 };
  }

  private copy(value: Node, into: Node): void {
    const copy: Node = {
      ...into, op: pointwiseOps.stopGradient, attrs: null, signature: '', position: -1, path: '',
      reads: [{ node: value, layout: { shape: value.shape, strides: contiguousStrides(value.shape), offset: 0 } }],
    };
    this.push(this.pointwise([copy], [{ value: copy, into, offset: 0 }]), '');
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

  /** The memory of packs, each part taken from the step on that writes it; what lies between parts stays as made. */
  arenas(): Arena[] {
    const stepOf = new Map(this.steps.flatMap((step, at) => step.nodes.map((node) => [node, at] as const)));
    return [...this.packs].map(([pack, direct]) => {
      const size = bytesPerElement[pack.dtype];
      const { offsets } = pack.attrs as PackAttrs;
      const parts = pack.reads.flatMap(({ node, layout }, i) => {
        const start = offsets[i]! * size;
        const end = start + sizeOf(layout.shape) * size;
        const next = offsets[i + 1] === undefined ? nodeBytes(pack) : offsets[i + 1]! * size;
        return [{ start, end, first: stepOf.get(direct.has(i) ? node : pack)! }, { start: end, end: next, first: 0 }];
      });
      const before = { start: 0, end: offsets[0]! * size, first: 0 };
      return { bytes: nodeBytes(pack), parts: [before, ...parts].filter(({ start, end }) => start < end) };
    });
  }

  /** Values that dispatches touch and that no state, pack or leaf holds. */
  ownValues(): OwnValue[] {
    const touched = new Set<Node | number>();
    const twice = new Set<Node | number>();
    for (const { memory } of this.dispatches) {
      const bound = memory.map(({ key }) => ('scratch' in key ? key.scratch : key));
      bound.forEach((key, i) => {
        if (bound.indexOf(key) < i) twice.add(key);
        touched.add(key);
      });
    }
    const nodes = this.steps.flatMap((step, at) => step.nodes
      .filter((node) => touched.has(node) && !this.home.has(node) && !this.packs.has(node))
      .map((node) => ({ key: node, bytes: nodeBytes(node), first: at, last: this.lastRead.get(node) ?? at })));
    const scratch = this.scratchBytes.flatMap(({ bytes, step }, i) =>
      (touched.has(i) ? [{ key: i, bytes, first: step, last: step }] : []));
    return [...nodes, ...scratch].map((value) => ({ ...value, movable: !twice.has(value.key) }));
  }
}
