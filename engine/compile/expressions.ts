/** What kernels of pointwise nodes have in common: expressions in order, numbers as immediates, bindings. */
import { f32Bits } from '../op.ts';
import { pointwisePreamble } from '../ops/pointwise.ts';
import { bytesPerElement, sizeOf, type DType } from '../tensor.ts';
import type { Node, Read } from './lower.ts';

/** Words that `var<immediate>` may hold. */
export const maxWords = 16;

export const alias: Readonly<Record<DType, string>> = { f32: 'F', f16: 'F', i32: 'I', u32: 'U' };

/** Where a result is stored: memory of `into` (the node itself, a state that it replaces, a pack) from a byte on. */
export interface Store {
  readonly value: Node;
  readonly into: Node;
  readonly offset: number;
}

/** Memory that a kernel binds, and how its source sees it. */
export interface Binding {
  readonly node: Node;
  readonly written: boolean;
  /** Whether the elements are vectors of four. */
  readonly vector: boolean;
  readonly offset: number;
  readonly bytes: number;
}

const boundBytes = (node: Node): number => Math.ceil((sizeOf(node.shape) * bytesPerElement[node.dtype]) / 16) * 16;

/** What members read from outside the group, constants aside. */
export function outsideReads(members: readonly Node[]): Read[] {
  const inside = new Set(members);
  return members.flatMap(({ reads }) =>
    reads.filter(({ node }) => !inside.has(node) && node.op.name !== 'constant'));
}

/** The body of a kernel or function that evaluates pointwise nodes, `width` neighbouring elements at once. */
export abstract class Expressions {
  protected abstract readonly width: 1 | 4;
  protected readonly words: number[] = [];
  protected readonly bindings: Binding[] = [];
  protected readonly names = new Map<Node, string>();
  protected readonly body: string[] = [];

  /** `variable` holds the immediates; `firstBinding` and `firstWord` come after those of the kernel around. */
  constructor(private readonly variable: string, private readonly firstBinding: number,
    private readonly firstWord: number) {}

  /** Name of the value of an operand; emits its load where it is new. */
  protected abstract load(read: Read): string;

  /** A number that changes with sizes: an immediate while there is room, so that one pipeline serves all sizes. */
  protected word(value: number): string {
    let at = this.words.indexOf(value);
    if (at < 0) {
      if (this.firstWord + this.words.length === maxWords) return `${value}u`;
      at = this.words.push(value) - 1;
    }
    return `${this.variable}.w${at}`;
  }

  /** Name of the memory of a node that is read, or that is bound for writing already. */
  protected binding(node: Node, vector: boolean): string {
    let at = this.bindings.findIndex((b) => b.node === node && (b.written || b.vector === vector));
    if (at < 0) at = this.bindings.push({ node, written: false, vector, offset: 0, bytes: boundBytes(node) }) - 1;
    return `b${this.firstBinding + at}`;
  }

  /** Name of the memory that a value goes to. */
  protected bindStore({ value, into, offset }: Store): string {
    this.bindings.push({ node: into, written: true, vector: this.width === 4, offset, bytes: boundBytes(value) });
    return `b${this.firstBinding + this.bindings.length - 1}`;
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

  protected evaluate(members: readonly Node[]): void {
    for (const node of members) {
      if (node.op.kind !== 'pointwise') throw new Error(`${node.op.name} is not pointwise`);
      const name = `v${this.names.size}`;
      const types = node.reads.map((read) => read.node);
      const expression = node.op.expression(node.reads.map((read) => this.operand(read)), node.attrs, types, node);
      this.body.push(`let ${name} = ${expression};`);
      this.names.set(node, name);
    }
  }

  protected storageType(dtype: DType, vector: boolean): string {
    return vector ? `vec4<${dtype}>` : dtype;
  }

  /** Fields for `words` in a struct. */
  protected fields(): string {
    return this.words.map((_, i) => `w${i}: u32`).join(', ');
  }

  /** Types and bindings that the body refers to, and the functions that it calls. */
  protected declarations(): string[] {
    const vector = this.width === 4;
    return [
      `alias F = ${vector ? 'vec4<f32>' : 'f32'};`,
      `alias I = ${vector ? 'vec4<i32>' : 'i32'};`,
      `alias U = ${vector ? 'vec4<u32>' : 'u32'};`,
      ...this.bindings.map((binding, i) => `@group(0) @binding(${this.firstBinding + i}) `
        + `var<storage, ${binding.written ? 'read_write' : 'read'}> b${this.firstBinding + i}: `
        + `array<${this.storageType(binding.node.dtype, binding.vector)}>;`),
      this.body.some((line) => /erf\(|geluSlope\(|signedPow\(|geluTanhSlope\(/.test(line)) ? pointwisePreamble : '',
    ];
  }
}

/** Names of ops, shortened, for labels. */
export function labelOf(members: readonly Node[]): string {
  const names = members.map((node) => (node.op.name === 'stopGradient' ? 'copy' : node.op.name));
  return (names.length > 6 ? [...names.slice(0, 5), `${names.length - 5} more`] : names).join(' ');
}
