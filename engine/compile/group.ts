/** Pointwise nodes gather in groups that are one dispatch each: a kernel of their own, or the end of another. */
import { isContiguous } from '../layout.ts';
import type { Finish } from '../op.ts';
import { sameShape, sizeOf } from '../tensor.ts';
import { canFollow } from './epilogue.ts';
import type { Node, Read } from './lower.ts';

/** A kernel op, pointwise nodes of one iteration shape, or both: then nodes are computed where the kernel stores. */
export interface Step {
  readonly kernel: Node | null;
  /** All nodes, the kernel among them, in order. */
  readonly nodes: Node[];
}

export interface Grouping {
  readonly nodes: readonly Node[];
  /** What has to be in memory at the end. */
  readonly roots: ReadonlySet<Node>;
  /** States that get new values: who reads one and may write it in place must not end up in another kernel. */
  readonly updated: ReadonlySet<Node>;
  /** How the chosen variant of a kernel op hands over its output, or null where nothing can follow it. */
  readonly finishOf: (kernel: Node) => Finish | null;
  /** Bindings of the dispatch that writes the output. */
  readonly bindingsOf: (kernel: Node) => number;
  readonly maxBindings: number;
}

/** What follows a kernel may read this many tensors besides: more would cost the kernel its registers. */
const maxOperands = 4;

/** The whole of a node, in its own order. */
const inOrder = ({ node, layout }: Read): boolean =>
  layout.offset === 0 && isContiguous(layout) && sizeOf(layout.shape) === sizeOf(node.shape);

class Groups {
  private readonly users = new Map<Node, Node[]>();
  private readonly groupOf = new Map<Node, Step>();
  private readonly steps = new Set<Step>();

  constructor(private readonly given: Grouping) {
    for (const node of given.nodes) {
      for (const { node: source } of node.reads) {
        const list = this.users.get(source);
        if (list) list.push(node);
        else this.users.set(source, [node]);
      }
    }
  }

  /**
   * A node joins the groups of its inputs when all walk the same elements and everything outside that reads a group so
   * far runs later than the node, so that the group may run at the place of its last node.
   */
  run(): Step[] {
    for (const node of this.given.nodes) {
      if (node.op.kind === 'leaf') continue;
      const [group, ...others] = node.op.kind === 'pointwise' ? this.joinable(node) : [];
      let step: Step = { kernel: node.op.kind === 'kernel' ? node : null, nodes: [node] };
      if (group) {
        const joined = [group, ...others];
        const nodes = joined.flatMap((other) => other.nodes).sort((a, b) => a.position - b.position);
        step = { kernel: joined.find(({ kernel }) => kernel)?.kernel ?? null, nodes: [...nodes, node] };
        for (const other of joined) this.steps.delete(other);
      }
      this.steps.add(step);
      for (const member of step.nodes) this.groupOf.set(member, step);
    }
    return [...this.steps].sort((a, b) => a.nodes.at(-1)!.position - b.nodes.at(-1)!.position);
  }

  /** Groups of the node's inputs that it may join, together, the latest first. */
  private joinable(node: Node): Step[] {
    const candidates = new Set<Step>();
    for (const read of node.reads) {
      const group = this.groupOf.get(read.node);
      if (group && inOrder(read)) candidates.add(group);
    }
    const latestFirst = [...candidates].sort((a, b) => b.nodes.at(-1)!.position - a.nodes.at(-1)!.position);
    const joined: Step[] = [];
    for (const group of latestFirst) {
      const together = [...joined, group];
      const kernels = together.flatMap(({ kernel }) => kernel ?? []);
      const members = new Set([...together.flatMap(({ nodes }) => nodes), node]);
      const fits = kernels.length === 0 ? this.fitsAlone(node, members)
        : kernels.length === 1 && this.fitsKernel(kernels[0]!, members);
      if (fits && this.runsLast(node, group, members)) joined.push(group);
    }
    return joined;
  }

  private runsLast(node: Node, group: Step, members: ReadonlySet<Node>): boolean {
    return group.nodes.every((member) =>
      (this.users.get(member) ?? []).every((user) => members.has(user) || user.position > node.position));
  }

  /** Whether a node may be in one kernel with others of its shape; other views of a member need its memory first. */
  private fitsAlone(node: Node, members: ReadonlySet<Node>): boolean {
    return node.reads.every((read) =>
      !members.has(read.node) || (sameShape(read.node.shape, node.shape) && inOrder(read)))
      && this.bindings(members) + 1 <= this.given.maxBindings;
  }

  /** Whether all members but the kernel may be computed where it stores. */
  private fitsKernel(kernel: Node, members: ReadonlySet<Node>): boolean {
    const finish = this.given.finishOf(kernel);
    if (!finish || kernel.reads.some(({ node }) => members.has(node))) return false;
    const operands = new Set<Node>();
    for (const member of members) {
      if (member === kernel) continue;
      if (member.dtype !== kernel.dtype || sizeOf(member.shape) !== sizeOf(kernel.shape)) return false;
      for (const read of member.reads) {
        if (members.has(read.node) ? !inOrder(read) : !this.readable(read, finish)) return false;
        if (!members.has(read.node) && read.node.op.name !== 'constant') operands.add(read.node);
      }
    }
    const written = [...members].filter((member) => this.isNeeded(member, members)).length;
    return operands.size <= maxOperands
      && this.given.bindingsOf(kernel) + operands.size + written <= this.given.maxBindings;
  }

  private readable({ node, layout }: Read, finish: Finish): boolean {
    return node.op.name === 'constant' || (!this.given.updated.has(node) && canFollow(layout, finish));
  }

  /** Whether a member is read outside its group. */
  private isNeeded(member: Node, members: ReadonlySet<Node>): boolean {
    return this.given.roots.has(member) || (this.users.get(member) ?? []).some((user) => !members.has(user));
  }

  /** Storage buffers that a group would bind: what it reads from outside and what others read from it. */
  private bindings(members: ReadonlySet<Node>): number {
    const read = new Set<Node>();
    let written = 0;
    for (const member of members) {
      for (const { node } of member.reads) if (!members.has(node) && node.op.name !== 'constant') read.add(node);
      if (this.isNeeded(member, members)) written++;
    }
    return read.size + written;
  }
}

/** The steps of a program, in order of execution. */
export function groupSteps(given: Grouping): Step[] {
  return new Groups(given).run();
}
