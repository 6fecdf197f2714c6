/**
 * From the graph to a list of nodes: dead code never gets here, common subexpressions become one node, and views become
 * strides at their readers.
 */
import { ancestors } from '../graph.ts';
import { contiguous, isContiguous } from '../layout.ts';
import type { Layout, OpDef } from '../op.ts';
import { pointwiseOps } from '../ops/pointwise.ts';
import { sizeOf, type DType, type Tensor, type TensorType } from '../tensor.ts';

/** A node that may own memory: everything but views. */
export interface Node extends TensorType {
  readonly shape: readonly number[];
  readonly dtype: DType;
  readonly op: OpDef;
  readonly attrs: unknown;
  readonly reads: readonly Read[];
  readonly path: string;
  /** Place in the order of execution; grows from inputs to users. */
  readonly position: number;
}

/** How a node sees one of its inputs. */
export interface Read {
  readonly node: Node;
  readonly layout: Layout;
}

export interface Lowered {
  readonly nodes: readonly Node[];
  /** The node that holds each root. */
  readonly roots: readonly Node[];
}

/** Kernels bind ranges of buffers, which must begin at multiples of this many bytes. */
export const bindingAlignment = 256;

const copyOp = pointwiseOps.stopGradient;

class Lowering {
  private readonly nodes: Node[] = [];
  private readonly reads = new Map<Tensor, Read>();
  private readonly known = new Map<string, Tensor>();
  private readonly representative = new Map<Tensor, Tensor>();
  private readonly copies = new Map<string, Read>();
  private readonly nodeIds = new Map<Node, number>();

  constructor(private readonly roots: readonly Tensor[]) {}

  run(): Lowered {
    for (const tensor of ancestors(this.roots)) this.lower(tensor);
    const roots = this.roots.map((tensor) => this.dense(this.reads.get(this.canonical(tensor))!, tensor).node);
    return { nodes: this.nodes, roots };
  }

  private canonical(tensor: Tensor): Tensor {
    return this.representative.get(tensor) ?? tensor;
  }

  private lower(tensor: Tensor): void {
    const inputs = tensor.inputs.map((x) => this.canonical(x));
    const key = expressionKey(tensor, inputs);
    const twin = key === null ? undefined : this.known.get(key);
    if (twin) {
      this.representative.set(tensor, twin);
      return;
    }
    if (key !== null) this.known.set(key, tensor);
    const reads = inputs.map((x) => this.reads.get(x)!);
    this.reads.set(tensor, tensor.op.kind === 'view' ? this.view(tensor, reads[0]!) : this.own(tensor, reads));
  }

  private view(tensor: Tensor, read: Read): Read {
    const { op } = tensor;
    if (op.kind !== 'view') throw new Error(`${op.name} is not a view`);
    const layout = op.view(read.layout, tensor, tensor.attrs);
    if (layout) return { node: read.node, layout };
    const dense = this.dense(read, tensor);
    return { node: dense.node, layout: op.view(dense.layout, tensor, tensor.attrs)! };
  }

  private own(tensor: Tensor, reads: readonly Read[]): Read {
    const usable = tensor.op.kind === 'kernel' ? reads.map((read) => this.bindable(read, tensor)) : reads;
    return this.append(tensor.op, tensor.attrs, usable, tensor, tensor.path);
  }

  private append(op: OpDef, attrs: unknown, reads: readonly Read[], type: TensorType, path: string): Read {
    const node: Node = { shape: type.shape, dtype: type.dtype, op, attrs, reads, path, position: this.nodes.length };
    this.nodes.push(node);
    return { node, layout: contiguous(type.shape) };
  }

  /** A read that one binding range can serve; anything else is copied first. */
  private bindable(read: Read, user: Tensor): Read {
    const bytes = read.layout.offset * (read.node.dtype === 'f16' ? 2 : 4);
    return read.node.op.name !== 'constant' && isContiguous(read.layout) && bytes % bindingAlignment === 0
      ? read : this.copy(read, user);
  }

  /** A read that covers the whole of a node in its own order. */
  private dense(read: Read, user: Tensor): Read {
    const whole = read.layout.offset === 0 && isContiguous(read.layout)
      && sizeOf(read.layout.shape) === sizeOf(read.node.shape);
    return whole && read.node.op.name !== 'constant' ? read : this.copy(read, user);
  }

  private copy(read: Read, user: Tensor): Read {
    if (!this.nodeIds.has(read.node)) this.nodeIds.set(read.node, this.nodeIds.size);
    const { shape, strides, offset } = read.layout;
    const key = `${this.nodeIds.get(read.node)}|${shape}|${strides}|${offset}`;
    let copy = this.copies.get(key);
    if (!copy) {
      copy = this.append(copyOp, null, [read], { shape, dtype: read.node.dtype }, user.path);
      this.copies.set(key, copy);
    }
    return copy;
  }
}

/** Equal keys mean equal values; null where the op is a leaf with an identity of its own. */
function expressionKey(tensor: Tensor, inputs: readonly Tensor[]): string | null {
  if (tensor.op.kind === 'leaf' && tensor.op.name !== 'constant') {
    const { state } = (tensor.attrs ?? {}) as { state?: object };
    return state ? `state ${identity(state)}` : null;
  }
  return `${tensor.op.name} ${JSON.stringify(tensor.attrs, exactNumber)} ${inputs.map((x) => x.id).join(' ')}`;
}

/** JSON knows no infinities, no NaN and no negative zero; constants differ by them. */
const exactNumber = (_: string, value: unknown): unknown =>
  (typeof value === 'number' && (!Number.isFinite(value) || Object.is(value, -0))
    ? `number ${Object.is(value, -0) ? '-0' : value}` : value);

const identities = new WeakMap<object, number>();
let nextIdentity = 0;

function identity(object: object): number {
  if (!identities.has(object)) identities.set(object, nextIdentity++);
  return identities.get(object)!;
}

/** Lowers everything that `roots` depend on. */
export function lower(roots: readonly Tensor[]): Lowered {
  return new Lowering(roots).run();
}
