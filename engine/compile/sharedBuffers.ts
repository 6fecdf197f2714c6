/**
 * One buffer may not be bound for reading alone and for writing in the same dispatch, whatever the ranges. Where a
 * dispatch writes a buffer that it also reads, in another range, what it reads is bound for writing too.
 */
import type { Dispatch, Memory } from './emit.ts';

const declaration = /@binding\((\d+)\)\s*var<storage,\s*(read_write|read)>/g;

/** A buffer as the plan knows it. */
export interface PlannedBuffer {
  readonly id: unknown;
  /** Whether several values lie in it at a time. */
  readonly shared: boolean;
  /** Whether it belongs to this program alone. */
  readonly own: boolean;
}

/** Bindings of a kernel by its source: those that it writes, and those that its dispatches need writable. */
class Bindings {
  readonly written: ReadonlySet<number>;
  readonly needed = new Set<number>();
  private readonly sources = new Map<string, string>();

  constructor(private readonly source: string) {
    this.written = new Set([...source.matchAll(declaration)].filter((found) => found[2] === 'read_write')
      .map((found) => Number(found[1])));
  }

  /** Bindings that read a buffer which another one writes. */
  shared(buffers: readonly PlannedBuffer[]): number[] {
    const changed = new Set([...this.written].map((binding) => buffers[binding]!.id));
    return [...buffers.keys()].filter((i) => !this.written.has(i) && changed.has(buffers[i]!.id));
  }

  /**
   * What a dispatch binds for writing besides what it must: as much as others of its kernel need, so that few pipelines
   * serve all. Not what other programs read too, which would then wait for one another; nor what is bound twice.
   */
  widened(buffers: readonly PlannedBuffer[], shared: readonly number[]): ReadonlySet<number> {
    const more = [...this.needed].filter((i) => buffers[i]!.own
      && buffers.every(({ id }, k) => k === i || id !== buffers[i]!.id));
    return new Set([...shared, ...more].sort((a, b) => a - b));
  }

  /** The source with some of its bindings declared for writing. */
  sourceWith(writable: ReadonlySet<number>): string {
    const key = `${[...writable]}`;
    let source = this.sources.get(key);
    if (source === undefined) {
      source = this.source.replace(declaration, (text, binding: string) =>
        (writable.has(Number(binding)) ? text.replace(/read>$/, 'read_write>') : text));
      this.sources.set(key, source);
    }
    return source;
  }
}

/** Dispatches that may be bound as they are; `bufferOf` tells the buffer of some memory. */
export function writableTogether(dispatches: readonly Dispatch[], bufferOf: (key: Memory['key']) => PlannedBuffer):
  Dispatch[] {
  const known = new Map<string, Bindings>();
  const found = dispatches.map((dispatch) => {
    const { source } = dispatch.call;
    let bindings = known.get(source);
    if (!bindings) known.set(source, bindings = new Bindings(source));
    const buffers = dispatch.memory.map(({ key }) => bufferOf(key));
    const shared = buffers.some((buffer) => buffer.shared) ? bindings.shared(buffers) : [];
    for (const binding of shared) bindings.needed.add(binding);
    return { dispatch, bindings, buffers, shared };
  });
  return found.map(({ dispatch, bindings, buffers, shared }) => {
    if (bindings.needed.size === 0) return dispatch;
    const writable = bindings.widened(buffers, shared);
    if (writable.size === 0) return dispatch;
    return { ...dispatch, call: { ...dispatch.call, source: bindings.sourceWith(writable) } };
  });
}
