/**
 * Recomputation of cheap values: what is read early, then again much later (an activation: by the next layer, then by
 * the backward pass), need not be kept if what it is made of is kept anyway. It is computed a second time, right
 * before it is read again, by the same op from the same values: the results have the same bits.
 */
import { bytesPerElement, sizeOf } from '../tensor.ts';
import type { Node, Read } from './lower.ts';

/** Positions that must lie between two reads: what is needed again soon is not made again. */
const longest = 16;
/** Values below this share of the largest are kept: they hardly count. */
const smallest = 1 / 256;

/** A value that is computed again; `at` lies between the positions of two nodes. */
interface Copy {
  readonly of: Node;
  readonly at: number;
}

interface Reader {
  readonly by: Node | Copy;
  readonly at: number;
}

const bytesOf = (node: Node): number => sizeOf(node.shape) * bytesPerElement[node.dtype];

class Recomputation {
  private readonly readers = new Map<Node, Reader[]>();
  private readonly copies: Copy[] = [];
  /** Where each reader finds a value, if not where it was first computed. */
  private readonly sources = new Map<Node | Copy, Map<Node, Copy>>();

  constructor(private readonly nodes: readonly Node[]) {
    for (const node of nodes) this.addReader(node, { by: node, at: node.position });
  }

  private addReader({ reads }: Node, reader: Reader): void {
    for (const { node: source } of reads) {
      const list = this.readers.get(source);
      if (list) list.push(reader);
      else this.readers.set(source, [reader]);
    }
  }

  /** Readers after the longest time in which nothing reads a value, the first of them first; none if it is short. */
  private lateReaders(node: Node): Reader[] {
    const readers = [...this.readers.get(node) ?? []].sort((a, b) => a.at - b.at);
    let [split, gap, last] = [readers.length, longest, readers[0]?.at ?? 0];
    readers.forEach(({ at }, i) => {
      if (at - last > gap) [split, gap] = [i, at - last];
      last = at;
    });
    return readers.slice(split);
  }

  /** Whether a value is in memory at a position without being kept for this. */
  private isThere(node: Node, at: number): boolean {
    return node.op.kind === 'leaf' || (this.readers.get(node) ?? []).some((reader) => reader.at > at);
  }

  run(kept: ReadonlySet<Node>, isCheap: (node: Node) => boolean): Map<Node, Node> {
    const counts = ({ op }: Node): boolean => op.kind !== 'leaf' && op.name !== 'pack';
    const largest = this.nodes.reduce((bytes, node) => (counts(node) ? Math.max(bytes, bytesOf(node)) : bytes), 0);
    // From the last to the first: what a value is made of may then be computed again for it.
    for (const node of [...this.nodes].reverse()) {
      if (!counts(node) || kept.has(node) || bytesOf(node) < smallest * largest || !isCheap(node)) continue;
      const late = this.lateReaders(node);
      if (late.length === 0) continue;
      const copy = { of: node, at: late[0]!.at - 0.5 };
      if (!node.reads.every(({ node: source }) => this.isThere(source, copy.at))) continue;
      this.copies.push(copy);
      this.addReader(node, { by: copy, at: copy.at });
      for (const { by } of late) {
        const known = this.sources.get(by);
        if (known) known.set(node, copy);
        else this.sources.set(by, new Map([[node, copy]]));
      }
    }
    return this.rebuild();
  }

  /** The nodes with the copies among them, in order; by the nodes that they stand for. */
  private rebuild(): Map<Node, Node> {
    const built = new Map<Node | Copy, Node>();
    const order: (Node | Copy)[] = [...this.nodes, ...this.copies];
    const place = (item: Node | Copy): number => ('of' in item ? item.at : item.position);
    order.sort((a, b) => place(a) - place(b) || originOf(a).position - originOf(b).position);
    for (const [position, item] of order.entries()) {
      const sources = this.sources.get(item);
      const reads = originOf(item).reads.map(({ node, layout }): Read =>
        ({ node: built.get(sources?.get(node) ?? node)!, layout }));
      built.set(item, { ...originOf(item), reads, position });
    }
    return built as Map<Node, Node>;
  }
}

const originOf = (item: Node | Copy): Node => ('of' in item ? item.of : item);

/**
 * Nodes with cheap values computed twice instead of kept.
 *
 *   nodes    in order of execution, with positions that grow by one
 *   kept     values that something outside reads
 *   isCheap  whether a value is worth computing twice
 *   ->       nodes in order of execution, and the one that stands for each of the given
 */
export function recompute(nodes: readonly Node[], kept: ReadonlySet<Node>, isCheap: (node: Node) => boolean):
  { nodes: Node[]; standsFor: ReadonlyMap<Node, Node> } {
  const standsFor = new Recomputation(nodes).run(kept, isCheap);
  return { nodes: [...standsFor.values()], standsFor };
}
