/**
 * One WGSL kernel for a group of pointwise nodes.
 *
 * Axes that every operand walks evenly are joined; what is left is mapped on the dispatch as (inner, middle, outer),
 * so that broadcasts over channels need no division. Four neighbouring elements go in one vector where strides allow.
 */
import { foldGrid, groups, maxGroupsPerAxis } from '../grid.ts';
import { collapse, contiguousStrides } from '../layout.ts';
import { f32Bits } from '../op.ts';
import { pointwisePreamble } from '../ops/pointwise.ts';
import { bytesPerElement, sizeOf, type DType } from '../tensor.ts';
import type { Node, Read } from './lower.ts';

/** A group as a kernel: bindings in order, each with the node whose memory it is. */
export interface PointwiseKernel {
  readonly label: string;
  readonly source: string;
  readonly bindings: readonly { node: Node; offset: number; bytes: number }[];
  readonly immediates: readonly number[];
  readonly grid: readonly [number, number, number];
  readonly flops: number;
  readonly bytes: number;
}

const maxWords = 16;
const alias: Record<DType, string> = { f32: 'F', f16: 'F', i32: 'I', u32: 'U' };

/** Where a result is stored: memory of `into` (the node itself, a state that it replaces, a pack) from a byte on. */
export interface Store {
  readonly value: Node;
  readonly into: Node;
  readonly offset: number;
}

class Emitter {
  private readonly words: number[] = [];
  private readonly bindings: { node: Node; written: boolean; vector: boolean; offset: number; bytes: number }[] = [];
  private readonly names = new Map<Node, string>();
  private readonly loads = new Map<string, string>();
  private readonly body: string[] = [];
  private readonly operands: Read[] = [];
  private readonly shape: number[];
  private readonly strides: Map<Read, number[]>;
  private readonly width: 1 | 4;

  constructor(private readonly members: readonly Node[], private readonly stores: readonly Store[]) {
    const inside = new Set(members);
    for (const node of members) {
      for (const read of node.reads) {
        if (!inside.has(read.node) && read.node.op.name !== 'constant') this.operands.push(read);
      }
    }
    const full = members[0]!.shape;
    const joined = collapse(full, [contiguousStrides(full), ...this.operands.map((read) => read.layout.strides)]);
    this.shape = joined.shape;
    this.strides = new Map(this.operands.map((read, i) => [read, joined.strides[i + 1]!]));
    this.width = this.vectorWidth();
  }

  /** 4 where every operand either steps by one along the last axis, from aligned places, or stays. */
  private vectorWidth(): 1 | 4 {
    const inner = this.shape.at(-1)!;
    const flat = this.shape.length === 1;
    if (!flat && inner % 4 !== 0) return 1;
    const fits = (read: Read): boolean => {
      const strides = this.strides.get(read)!;
      if (strides.at(-1) === 0) return true;
      return strides.at(-1) === 1 && read.layout.offset % 4 === 0 && strides.slice(0, -1).every((s) => s % 4 === 0)
        // The tail of a flat vector reads past the end, which only the padding of a whole buffer allows.
        && (!flat || inner % 4 === 0 || read.layout.offset === 0);
    };
    // What lies behind a part of a pack must not be touched.
    const whole = inner % 4 === 0 || this.stores.every(({ value, into }) => sizeOf(into.shape) === sizeOf(value.shape));
    return whole && this.operands.every(fits) && inner >= 4 ? 4 : 1;
  }

  /** A number that changes with sizes: an immediate while there is room, so that one pipeline serves all sizes. */
  private word(value: number): string {
    const at = this.words.indexOf(value);
    if (at >= 0) return `words.w${at}`;
    if (this.words.length === maxWords) return `${value}u`;
    this.words.push(value);
    return `words.w${this.words.length - 1}`;
  }

  private binding(node: Node, vector: boolean): string {
    let at = this.bindings.findIndex((b) => b.node === node && (b.written || b.vector === vector));
    if (at < 0) {
      const bytes = Math.ceil((sizeOf(node.shape) * bytesPerElement[node.dtype]) / 16) * 16;
      this.bindings.push({ node, written: false, vector, offset: 0, bytes });
      at = this.bindings.length - 1;
    }
    return `b${at}`;
  }

  private bindStore({ value, into, offset }: Store): void {
    const bytes = Math.ceil((sizeOf(value.shape) * bytesPerElement[value.dtype]) / 16) * 16;
    this.bindings.push({ node: into, written: true, vector: this.width === 4, offset, bytes });
  }

  private load(read: Read): string {
    const strides = this.strides.get(read)!;
    const key = `${this.operands.findIndex((other) => other.node === read.node)}|${strides}|${read.layout.offset}`;
    const known = this.loads.get(key);
    if (known) return known;
    const vector = this.width === 4 && strides.at(-1) === 1;
    const scale = vector ? 4 : 1;
    const terms = strides.map((s, axis) => {
      if (s === 0) return '';
      const step = axis === strides.length - 1 ? s : s / scale;
      return step === 1 ? `i${axis}` : `i${axis} * ${this.word(step)}`;
    }).filter((term) => term !== '');
    if (read.layout.offset > 0) terms.push(this.word(read.layout.offset / scale));
    const index = terms.join(' + ') || '0u';
    const name = `x${this.loads.size}`;
    const type = alias[read.node.dtype];
    this.body.push(`let ${name} = ${type}(${this.binding(read.node, vector)}[${index}]);`);
    this.loads.set(key, name);
    return name;
  }

  private operand(read: Read): string {
    const { op, attrs, dtype } = read.node;
    if (op.name !== 'constant') return this.names.get(read.node) ?? this.load(read);
    const { value } = attrs as { value: number };
    const name = alias[dtype];
    if (dtype === 'u32') return `${name}(${this.word(value >>> 0)})`;
    if (dtype === 'i32') return `${name}(bitcast<i32>(${this.word(value >>> 0)}))`;
    return `${name}(bitcast<f32>(${this.word(f32Bits(value))}))`;
  }

  emit(): PointwiseKernel {
    const rank = this.shape.length;
    const inner = this.width === 4 ? Math.ceil(this.shape.at(-1)! / 4) : this.shape.at(-1)!;
    // States that are replaced are bound for writing before anything reads them.
    for (const store of this.stores) this.bindStore(store);
    for (const node of this.members) {
      if (node.op.kind !== 'pointwise') throw new Error(`${node.op.name} is not pointwise`);
      const name = `v${this.names.size}`;
      const types = node.reads.map((read) => read.node);
      const expression = node.op.expression(node.reads.map((read) => this.operand(read)), node.attrs, types, node);
      this.body.push(`let ${name} = ${expression};`);
      this.names.set(node, name);
    }
    const dense = contiguousStrides(this.shape.map((n, i) => (i === rank - 1 ? inner : n)));
    const index = dense.map((s, axis) => (s === 1 ? `i${axis}` : `i${axis} * ${this.word(s)}`)).join(' + ');
    for (const [i, { value, into }] of this.stores.entries()) {
      const stored = this.storageType(into.dtype, true);
      this.body.push(`b${i}[${index}] = ${stored}(${this.names.get(value)!});`);
    }
    return this.assemble(inner);
  }

  private storageType(dtype: DType, vector: boolean): string {
    return vector && this.width === 4 ? `vec4<${dtype}>` : dtype;
  }

  private assemble(inner: number): PointwiseKernel {
    const x = Math.min(64, Math.max(8, 2 ** Math.ceil(Math.log2(inner))));
    const flat = this.shape.length === 1;
    const loop = flat ? this.flatLoop(inner) : this.nestedLoop(inner, x);
    const declared = this.bindings.map(({ node, written, vector }, i) =>
      `@group(0) @binding(${i}) var<storage, ${written ? 'read_write' : 'read'}> b${i}: `
      + `array<${this.storageType(node.dtype, vector || written)}>;`);
    const vector = this.width === 4;
    const source = [
      `alias F = ${vector ? 'vec4<f32>' : 'f32'};`,
      `alias I = ${vector ? 'vec4<i32>' : 'i32'};`,
      `alias U = ${vector ? 'vec4<u32>' : 'u32'};`,
      `struct Words { ${this.words.map((_, i) => `w${i}: u32`).join(', ')} }`,
      'var<immediate> words: Words;',
      ...declared,
      this.body.some((line) => /erf\(|signedPow\(|geluTanhSlope\(/.test(line)) ? pointwisePreamble : '',
      loop.head,
      ...this.body.map((line) => `  ${line}`),
      loop.tail,
    ].join('\n');
    const size = sizeOf(this.members[0]!.shape);
    return {
      label: labelOf(this.members),
      source,
      bindings: this.bindings,
      immediates: this.words,
      grid: loop.grid,
      flops: size * this.members.length,
      bytes: this.bindings.reduce((total, { node }) =>
        total + Math.min(size, sizeOf(node.shape)) * bytesPerElement[node.dtype], 0),
    };
  }

  private flatLoop(inner: number): { head: string; tail: string; grid: [number, number, number] } {
    return {
      head: `@compute @workgroup_size(64)
fn main(@builtin(local_invocation_index) lane: u32, @builtin(workgroup_id) group: vec3u,
  @builtin(num_workgroups) groups: vec3u) {
  let i0 = (group.y * groups.x + group.x) * 64u + lane;
  if (i0 >= ${this.word(inner)}) { return; }`,
      tail: '}',
      grid: foldGrid(groups(inner, 64)),
    };
  }

  private nestedLoop(inner: number, x: number): { head: string; tail: string; grid: [number, number, number] } {
    const rank = this.shape.length;
    const middle = this.shape[rank - 2]!;
    const outers = this.shape.slice(0, -2);
    const outer = sizeOf(outers);
    const y = 64 / x;
    const decode: string[] = [];
    let rest = 'outer';
    for (let axis = rank - 3; axis >= 0; axis--) {
      const n = axis === 0 ? '' : this.word(this.shape[axis]!);
      decode.push(axis === 0 ? `let i0 = ${rest};` : `let i${axis} = (${rest}) % ${n};`);
      rest = `(${rest}) / ${n}`;
    }
    const head = `@compute @workgroup_size(${x}, ${y})
fn main(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let i${rank - 1} = id.x;
  if (i${rank - 1} >= ${this.word(inner)}) { return; }
  for (var outer = id.z; outer < ${this.word(outer)}; outer += groups.z) {
  ${decode.join('\n  ')}
  for (var i${rank - 2} = id.y; i${rank - 2} < ${this.word(middle)}; i${rank - 2} += groups.y * ${y}u) {`;
    const grid: [number, number, number] = [
      groups(inner, x), Math.min(maxGroupsPerAxis, groups(middle, y)), Math.min(maxGroupsPerAxis, outer),
    ];
    return { head, tail: '  }\n  }\n}', grid };
  }
}

function labelOf(members: readonly Node[]): string {
  const names = members.map((node) => (node.op.name === 'stopGradient' ? 'copy' : node.op.name));
  const shown = names.length > 6 ? [...names.slice(0, 5), `${names.length - 5} more`] : names;
  return `pointwise ${shown.join(' ')}`;
}

/** The kernel of a group; `stores` are the results that something outside the group needs. */
export function pointwiseKernel(members: readonly Node[], stores: readonly Store[]): PointwiseKernel {
  return new Emitter(members, stores).emit();
}

