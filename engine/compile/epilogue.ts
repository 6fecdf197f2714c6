/**
 * Pointwise nodes computed where a kernel stores its output: the function `finish` or `finish4` that the kernel calls.
 * What they read besides is found by the place in the output, given as a row and a column, so that a bias or a time
 * embedding needs little or no division.
 */
import { immediatesOf, withFields } from '../immediates.ts';
import { collapse, contiguousStrides, isContiguous } from '../layout.ts';
import type { Finish, FinishingCall, Layout } from '../op.ts';
import { bytesPerElement, sizeOf } from '../tensor.ts';
import { alias, Expressions, labelOf, outsideReads, type Binding, type Store } from './expressions.ts';
import type { Node, Read } from './lower.ts';

/** A dispatch with its `finish` defined, and what that binds behind the kernel's own operands. */
export interface FinishedCall extends FinishingCall {
  readonly bound: readonly Binding[];
}

/** Axes that are walked by one number, the last fastest. */
interface Axes {
  readonly shape: readonly number[];
  readonly strides: readonly number[];
}

/** Axes of a layout that rows walk, and those that lie within a row; null where one axis crosses the border. */
function splitRows({ shape, strides }: Axes, rowLength: number): { rows: Axes; columns: Axes } | null {
  let length = 1;
  let axis = shape.length;
  while (axis > 0 && length * shape[axis - 1]! <= rowLength) length *= shape[--axis]!;
  const rest = rowLength / length;
  const rows = { shape: shape.slice(0, axis), strides: strides.slice(0, axis) };
  const columns = { shape: shape.slice(axis), strides: strides.slice(axis) };
  if (rest === 1) return { rows, columns };
  const n = rows.shape.at(-1);
  if (n === undefined || !Number.isInteger(rest) || n % rest !== 0) return null;
  // The axis counts rows and columns: it becomes two.
  const stride = rows.strides.at(-1)!;
  return {
    rows: { shape: [...rows.shape.slice(0, -1), n / rest], strides: [...rows.strides.slice(0, -1), stride * rest] },
    columns: { shape: [rest, ...columns.shape], strides: [stride, ...columns.strides] },
  };
}

const join = ({ shape, strides }: Axes): Axes => {
  const joined = collapse(shape, [contiguousStrides(shape), strides]);
  return { shape: joined.shape, strides: joined.strides[1]! };
};

/** How an operand is found: whether four neighbours of a row lie side by side, and its axes by row and by column. */
interface Way {
  readonly vector: boolean;
  readonly rows: Axes;
  readonly columns: Axes;
  /** The whole of it in the order of the output. */
  readonly inOrder: boolean;
}

function wayTo(layout: Layout, { width, rowLength }: Finish): Way | null {
  const none: Axes = { shape: [1], strides: [0] };
  if (isContiguous(layout)) {
    const inOrder = { vector: width === 4, rows: none, columns: none, inOrder: true };
    return width === 1 || layout.offset % 4 === 0 ? inOrder : null;
  }
  const split = splitRows(layout, rowLength);
  if (!split) return null;
  const [rows, columns] = [join(split.rows), join(split.columns)];
  const way = { rows, columns, inOrder: false };
  if (width === 1) return { ...way, vector: false };
  if (columns.shape.at(-1)! % 4 !== 0) return null;
  if (columns.strides.at(-1) === 0) return { ...way, vector: false };
  const aligned = columns.strides.at(-1) === 1 && layout.offset % 4 === 0
    && [...rows.strides, ...columns.strides.slice(0, -1)].every((stride) => stride % 4 === 0);
  return aligned ? { ...way, vector: true } : null;
}

/** Whether an operand of pointwise work can be read where a kernel stores. */
export const canFollow = (layout: Layout, finish: Finish): boolean => wayTo(layout, finish) !== null;

class Epilogue extends Expressions {
  protected readonly width: 1 | 4;
  private readonly loads = new Map<string, string>();

  constructor(private readonly call: FinishingCall, variable: string, kernel: Node,
    private readonly members: readonly Node[], private readonly stores: readonly Store[]) {
    super(variable, call.bindings.length, call.immediates.length);
    this.width = call.finish.width;
    this.names.set(kernel, 'value');
  }

  protected load(read: Read): string {
    const { node, layout } = read;
    const way = wayTo(layout, this.call.finish)!;
    const memory = this.binding(node, way.vector);
    const index = this.index(way, layout.offset);
    const key = `${memory}[${index}]`;
    const known = this.loads.get(key);
    if (known) return known;
    const name = `x${this.loads.size}`;
    this.body.push(`let ${name} = ${alias[node.dtype]}(${key});`);
    this.loads.set(key, name);
    return name;
  }

  private index({ vector, rows, columns, inOrder }: Way, offset: number): string {
    const scale = vector ? 4 : 1;
    const place = (position: string): string => (vector ? `(${position}) / 4u` : position);
    const column = (): string => `(at - row * ${this.word(this.call.finish.rowLength)})`;
    const terms = inOrder ? [place('at')]
      : [...this.follow(() => 'row', rows, scale), ...this.follow(column, columns, scale)];
    if (offset > 0) terms.push(this.word(offset / scale));
    return terms.join(' + ') || '0u';
  }

  /** Contribution of some axes to an index, from the number that walks them. */
  private follow(position: () => string, { shape, strides }: Axes, scale: number): string[] {
    // Axes before the first that matters are not told apart: nothing further is divided, and no word is spent.
    const first = strides.findIndex((stride) => stride !== 0);
    if (first < 0) return [];
    const terms: string[] = [];
    let rest = position();
    for (let axis = shape.length - 1; axis >= first; axis--) {
      const stride = strides[axis]!;
      const coordinate = axis === 0 ? rest : `(${rest} % ${this.word(shape[axis]!)})`;
      if (stride === 1 && scale === 4) terms.push(`${coordinate} / 4u`);
      else if (stride === scale) terms.push(coordinate);
      else if (stride !== 0) terms.push(`${coordinate} * ${this.word(stride / scale)}`);
      if (axis > first) rest = `(${rest} / ${this.word(shape[axis]!)})`;
    }
    return terms;
  }

  /** The last store is the kernel's own; others take bindings of their own. */
  finish(): { source: string; words: readonly number[]; fields: string; bound: readonly Binding[] } {
    const vector = this.width === 4;
    const others = this.stores.slice(0, -1).map((store) => ({ ...store, target: this.bindStore(store) }));
    this.evaluate(this.members);
    for (const { value, into, target } of others) {
      this.body.push(`${target}[${vector ? 'at / 4u' : 'at'}] = `
        + `${this.storageType(into.dtype, vector)}(${this.names.get(value)!});`);
    }
    const source = [
      ...this.declarations(),
      `fn ${vector ? 'finish4' : 'finish'}(at: u32, row: u32, value: F) -> F {`,
      ...this.body.map((line) => `  ${line}`),
      `  return ${this.names.get(this.stores.at(-1)!.value)!};`,
      '}',
      untouched[vector ? 1 : 4],
    ].join('\n');
    return { source, words: this.words, fields: this.fields(), bound: this.bindings };
  }
}

const untouched = {
  1: 'fn finish(at: u32, row: u32, value: f32) -> f32 { return value; }',
  4: 'fn finish4(at: u32, row: u32, value: vec4f) -> vec4f { return value; }',
};

const unfollowed = new Map<string, string>();

/** A kernel whose output nothing follows. */
export function withoutEpilogue(call: FinishingCall): FinishedCall {
  let source = unfollowed.get(call.source);
  if (source === undefined) {
    source = [call.source, untouched[1], untouched[4]].join('\n');
    unfollowed.set(call.source, source);
  }
  return { ...call, source, bound: [] };
}

/** A kernel with the members of its group in its `finish`; `stores` end with what takes the place of the output. */
export function withEpilogue(call: FinishingCall, kernel: Node, members: readonly Node[], stores: readonly Store[]):
  FinishedCall {
  const variable = immediatesOf(call.label, call.source);
  const epilogue = new Epilogue(call, variable, kernel, members, stores).finish();
  const size = sizeOf(kernel.shape);
  const read = outsideReads(members).reduce((total, { node }) => total + (node === kernel ? 0 :
    Math.min(size, sizeOf(node.shape)) * bytesPerElement[node.dtype]), 0);
  return {
    ...call,
    label: `${call.label} + ${labelOf(members)}`,
    source: [withFields(call.label, call.source, epilogue.fields), epilogue.source].join('\n'),
    immediates: [...call.immediates, ...epilogue.words],
    flops: call.flops + size * members.length,
    bytes: call.bytes + read + (stores.length - 1) * size * 4,
    bound: epilogue.bound,
  };
}
