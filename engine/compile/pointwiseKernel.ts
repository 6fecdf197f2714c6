/**
 * One WGSL kernel for a group of pointwise nodes.
 *
 * Axes that every operand walks evenly are joined; what is left is mapped on the dispatch as (inner, middle, outer),
 * so that broadcasts over channels need no division. Four neighbouring elements go in one vector where strides allow.
 */
import { foldGrid, groups, maxGroupsPerAxis, softwareGrid } from '../grid.ts';
import { collapse, contiguousStrides } from '../layout.ts';
import { alias, Expressions, labelOf, outsideReads, type Store } from './expressions.ts';
import { bytesPerElement, sizeOf } from '../tensor.ts';
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

class Emitter extends Expressions {
  private readonly loads = new Map<string, string>();
  /** Loads of what stays the same along the last axis, for loops that walk it. */
  private readonly before: string[] = [];
  private readonly operands: readonly Read[];
  private readonly shape: number[];
  private readonly strides: Map<Read, number[]>;
  protected readonly width: 1 | 4;

  constructor(private readonly members: readonly Node[], private readonly stores: readonly Store[],
    private readonly software: boolean) {
    super('words', 0, 0);
    this.operands = outsideReads(members);
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

  protected load(read: Read): string {
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
    const lines = this.software && strides.at(-1) === 0 ? this.before : this.body;
    lines.push(`let ${name} = ${type}(${this.binding(read.node, vector)}[${index}]);`);
    this.loads.set(key, name);
    return name;
  }

  emit(): PointwiseKernel {
    const rank = this.shape.length;
    const inner = this.width === 4 ? Math.ceil(this.shape.at(-1)! / 4) : this.shape.at(-1)!;
    // States that are replaced are bound for writing before anything reads them.
    const targets = this.stores.map((store) => this.bindStore(store));
    this.evaluate(this.members);
    const dense = contiguousStrides(this.shape.map((n, i) => (i === rank - 1 ? inner : n)));
    const index = dense.map((s, axis) => (s === 1 ? `i${axis}` : `i${axis} * ${this.word(s)}`)).join(' + ');
    this.stores.forEach(({ value, into }, i) => {
      const stored = this.storageType(into.dtype, this.width === 4);
      this.body.push(`${targets[i]}[${index}] = ${stored}(${this.names.get(value)!});`);
    });
    return this.assemble(inner);
  }

  private assemble(inner: number): PointwiseKernel {
    const x = Math.min(64, Math.max(8, 2 ** Math.ceil(Math.log2(inner))));
    const flat = this.shape.length === 1;
    const loop = this.software ? this.softwareLoop(inner) : flat ? this.flatLoop(inner) : this.nestedLoop(inner, x);
    const source = [
      `struct Words { ${this.fields()} }`,
      'var<immediate> words: Words;',
      ...this.declarations(),
      loop.head,
      ...this.body.map((line) => `  ${line}`),
      loop.tail,
    ].join('\n');
    const size = sizeOf(this.members[0]!.shape);
    return {
      label: `pointwise ${labelOf(this.members)}`,
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

  /** Lines that find the index along each axis but the last two from `outer`, which counts them all. */
  private decode(): string[] {
    const lines: string[] = [];
    let rest = 'outer';
    for (let axis = this.shape.length - 3; axis >= 0; axis--) {
      const n = axis === 0 ? '' : this.word(this.shape[axis]!);
      lines.push(axis === 0 ? `let i0 = ${rest};` : `let i${axis} = (${rest}) % ${n};`);
      rest = `(${rest}) / ${n}`;
    }
    return lines;
  }

  private nestedLoop(inner: number, x: number): { head: string; tail: string; grid: [number, number, number] } {
    const rank = this.shape.length;
    const middle = this.shape[rank - 2]!;
    const outer = sizeOf(this.shape.slice(0, -2));
    const y = 64 / x;
    const decode = this.decode();
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

  /** One subgroup a workgroup, which takes a share of each axis (see `softwareGrid`). */
  private softwareLoop(inner: number): { head: string; tail: string; grid: [number, number, number] } {
    const rank = this.shape.length;
    const middle = rank > 1 ? this.shape[rank - 2]! : 1;
    const outer = rank > 2 ? sizeOf(this.shape.slice(0, -2)) : 1;
    const grid = softwareGrid(inner, middle, outer);
    // What a workgroup takes of an axis: `share` in a row, as many as the others.
    const loop = (variable: string, n: number, axis: string, lanes: string, step: number): string[] => {
      const size = this.word(n);
      const share = step === 1 ? `(${size} + groups.${axis} - 1u) / groups.${axis}`
        : `(${size} + groups.${axis} * ${step}u - 1u) / (groups.${axis} * ${step}u) * ${step}u`;
      return [
        `let share${axis} = ${share};`,
        `for (var ${variable} = group.${axis} * share${axis}${lanes}; `
          + `${variable} < min((group.${axis} + 1u) * share${axis}, ${size}); ${variable} += ${step}u) {`,
      ];
    };
    const head = [
      '@compute @workgroup_size(8)',
      'fn main(@builtin(local_invocation_index) lane: u32, @builtin(workgroup_id) group: vec3u,',
      '  @builtin(num_workgroups) groups: vec3u) {',
      ...(rank > 2 ? [...loop('outer', outer, 'z', '', 1), ...this.decode()] : []),
      ...(rank > 1 ? loop(`i${rank - 2}`, middle, 'y', '', 1) : []),
      ...this.before,
      ...loop(`i${rank - 1}`, inner, 'x', ' + lane', 8),
    ];
    return { head: head.join('\n  '), tail: `${'}'.repeat(Math.min(rank, 3))}\n}`, grid };
  }
}

/** The kernel of a group; `stores` are the results that something outside the group needs. */
export function pointwiseKernel(members: readonly Node[], stores: readonly Store[],
  software: boolean): PointwiseKernel {
  return new Emitter(members, stores, software).emit();
}
