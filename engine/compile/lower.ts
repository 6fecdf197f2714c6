/**
 * From the graph to a list of nodes: dead code never gets here, common subexpressions become one node, and views become
 * strides at their readers.
 */
import { ancestors } from '../graph.ts';
import { contiguous, isContiguous } from '../layout.ts';
import type { Layout, OpDef } from '../op.ts';
import { constantOp, type ConstantAttrs } from '../ops/leaf.ts';
import { pointwiseOps } from '../ops/pointwise.ts';
import { sizeOf, type DType, type Tensor, type TensorType } from '../tensor.ts';

/** A node that may own memory: everything but views. */
export interface Node extends TensorType {
  readonly shape: readonly number[];
  readonly dtype: DType;
  readonly op: OpDef;
  readonly attrs: unknown;
  /** Name and attributes of the op as text: the same for nodes that differ by what they read alone. */
  readonly signature: string;
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
    const signature = signatureOf(tensor);
    const key = expressionKey(tensor, signature, inputs);
    const twin = key === null ? undefined : this.known.get(key);
    if (twin) {
      this.representative.set(tensor, twin);
      return;
    }
    if (key !== null) this.known.set(key, tensor);
    const reads = inputs.map((x) => this.reads.get(x)!);
    this.reads.set(tensor, tensor.op.kind === 'view' ? this.view(tensor, reads[0]!)
      : this.own(tensor, signature, reads));
  }

  private view(tensor: Tensor, read: Read): Read {
    const { op } = tensor;
    if (op.kind !== 'view') throw new Error(`${op.name} is not a view`);
    const layout = op.view(read.layout, tensor, tensor.attrs);
    if (layout) return { node: read.node, layout };
    const dense = this.dense(read, tensor);
    return { node: dense.node, layout: op.view(dense.layout, tensor, tensor.attrs)! };
  }

  private own(tensor: Tensor, signature: string, reads: readonly Read[]): Read {
    const { op, attrs, shape, dtype, path } = tensor;
    const value = knownValue(tensor, reads);
    if (value !== null) return this.constant(value, tensor);
    const usable = op.kind === 'kernel' ? reads.map((read) => this.bindable(read, path)) : reads;
    return this.append({ op, attrs, signature, shape, dtype, path, reads: usable });
  }

  /** One number in every place of a shape. */
  private constant(value: number, { shape, dtype, path }: Tensor): Read {
    const attrs: ConstantAttrs = { value, dtype };
    const { node } = this.append({
      op: constantOp, attrs, signature: constantOp.name, shape: [], dtype, path, reads: [],
    });
    return { node, layout: { shape, strides: shape.map(() => 0), offset: 0 } };
  }

  private append(parts: Omit<Node, 'position'>): Read {
    const node: Node = { ...parts, position: this.nodes.length };
    this.nodes.push(node);
    return { node, layout: contiguous(node.shape) };
  }

  /** A read that one binding range can serve; anything else is copied first. */
  private bindable(read: Read, path: string): Read {
    const bytes = read.layout.offset * (read.node.dtype === 'f16' ? 2 : 4);
    return read.node.op.name !== 'constant' && isContiguous(read.layout) && bytes % bindingAlignment === 0
      ? read : this.copy(read, path);
  }

  /** A read that covers the whole of a node in its own order. */
  private dense(read: Read, { path }: Tensor): Read {
    const whole = read.layout.offset === 0 && isContiguous(read.layout)
      && sizeOf(read.layout.shape) === sizeOf(read.node.shape);
    return whole && read.node.op.name !== 'constant' ? read : this.copy(read, path);
  }

  private copy(read: Read, path: string): Read {
    if (!this.nodeIds.has(read.node)) this.nodeIds.set(read.node, this.nodeIds.size);
    const { shape, strides, offset } = read.layout;
    const key = `${this.nodeIds.get(read.node)}|${shape}|${strides}|${offset}`;
    let copy = this.copies.get(key);
    if (!copy) {
      const { dtype } = read.node;
      copy = this.append({ op: copyOp, attrs: null, signature: copyOp.name, shape, dtype, path, reads: [read] });
      this.copies.set(key, copy);
    }
    return copy;
  }
}

/** The number that pointwise work on constants alone comes to; null where it is other work. Whole numbers may wrap. */
function knownValue({ op, attrs, dtype, inputs }: Tensor, reads: readonly Read[]): number | null {
  if (op.kind !== 'pointwise' || dtype !== 'f32') return null;
  if (!reads.every(({ node }) => node.op.name === 'constant' && node.dtype === 'f32')) return null;
  const values = reads.map(({ node }) => Float64Array.of((node.attrs as ConstantAttrs).value));
  return op.reference(values, inputs.map((x) => ({ shape: [1], dtype: x.dtype })), attrs)[0]!;
}

/** Equal keys mean equal values; null where the op is a leaf with an identity of its own. */
function expressionKey(tensor: Tensor, signature: string, inputs: readonly Tensor[]): string | null {
  if (tensor.op.kind === 'leaf' && tensor.op.name !== 'constant') {
    const { state } = (tensor.attrs ?? {}) as { state?: object };
    return state ? `state ${identity(state)}` : null;
  }
  let key = signature;
  for (const { id } of inputs) key += ` ${id}`;
  return key;
}

const signatureOf = ({ op, attrs }: Tensor): string =>
  (attrs === null || (op.kind === 'leaf' && op.name !== 'constant') ? op.name : `${op.name} ${exactText(attrs)}`);

/** Attributes as text; unlike JSON it tells infinities, NaN and negative zero apart, which constants may be. */
function exactText(value: unknown): string {
  if (typeof value === 'number') return Object.is(value, -0) ? '-0' : `${value}`;
  if (typeof value !== 'object' || value === null) return JSON.stringify(value) ?? 'undefined';
  if (Array.isArray(value)) return `[${value.map(exactText).join()}]`;
  let text = '';
  for (const [name, field] of Object.entries(value)) text += `${name}:${exactText(field)},`;
  return `{${text}}`;
}

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
