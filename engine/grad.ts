import { check } from './errors.ts';
import { ancestors } from './graph.ts';
import { add, concat, constant, zerosLike } from './ops/index.ts';
import { padOp, type PadAttrs } from './ops/pad.ts';
import { withPath } from './op.ts';
import { describe, sameShape, type Tensor } from './tensor.ts';

/**
 * Gradients of a scalar with respect to some nodes, as nodes of the same graph.
 *
 * A reverse walk that visits only nodes lying between `wrt` and `loss`, so what is frozen costs no gradient.
 *
 *   loss  []            f32 (or any shape, when its cotangent `seed` is given)
 *   wrt   tensors that loss may depend on; one that it does not depend on gets zeros
 *   ->    one gradient per `wrt`, of its shape
 */
export function grad(loss: Tensor, wrt: readonly Tensor[], seed: Tensor = constant(1)): Tensor[] {
  check(sameShape(loss.shape, seed.shape), () =>
    `grad: the loss must be a scalar or have a cotangent of its shape, found loss ${describe(loss)} and `
    + `cotangent ${describe(seed)}. Is a sum or mean missing?`);
  const order = ancestors([loss]);
  const targets = new Set(wrt);
  const active = new Set<Tensor>();
  for (const node of order) {
    if (targets.has(node) || node.inputs.some((x) => active.has(x))) active.add(node);
  }
  const parts = new Map<Tensor, Tensor[]>([[loss, [seed]]]);
  const cotangents = new Map<Tensor, Tensor>();
  for (const node of order.reverse()) {
    const contributions = parts.get(node);
    if (!contributions) continue;
    const g = withPath(node.path, () => total(contributions));
    cotangents.set(node, g);
    if (node.inputs.some((x) => active.has(x))) withPath(node.path, () => propagate(node, g, active, parts));
  }
  return wrt.map((node) => cotangents.get(node) ?? zerosLike(node));
}

/** The sum of contributions; those of slices that cover an axis without overlap are put side by side instead. */
function total(contributions: readonly Tensor[]): Tensor {
  return sideBySide(contributions) ?? contributions.reduce((a, b) => add(a, b));
}

function sideBySide(contributions: readonly Tensor[]): Tensor | null {
  if (contributions.length < 2 || !contributions.every(({ op }) => op === padOp)) return null;
  const blocks = contributions.map(({ inputs, attrs, shape }) =>
    ({ block: inputs[0]!, before: (attrs as PadAttrs).before, shape }));
  const axis = blocks[0]!.block.shape.findIndex((n, i) => n !== blocks[0]!.shape[i]);
  blocks.sort((a, b) => a.before[axis]! - b.before[axis]!);
  let end = 0;
  for (const { block, before, shape } of blocks) {
    if (before[axis] !== end || !block.shape.every((n, i) => i === axis || n === shape[i])) return null;
    end += block.shape[axis]!;
  }
  return end === blocks[0]!.shape[axis] ? concat(blocks.map(({ block }) => block), axis) : null;
}

function propagate(node: Tensor, g: Tensor, active: Set<Tensor>, parts: Map<Tensor, Tensor[]>): void {
  const { vjp, name } = node.op;
  if (vjp === 'none') {
    throw new Error(`grad: ${name} has no derivative, but a gradient must pass through it `
      + `(${describe(node)}, in ${node.path || 'the top scope'}). Wrap its input in stopGradient if that is meant.`);
  }
  const contributions = vjp(g, node.inputs, node, node.attrs, node.inputs.map((x) => active.has(x)));
  check(contributions.length === node.inputs.length, `grad: ${name} returned ${contributions.length} cotangents`);
  node.inputs.forEach((x, i) => {
    const contribution = contributions[i];
    if (!contribution || !active.has(x)) return;
    check(sameShape(contribution.shape, x.shape), () =>
      `grad: ${name} gave input ${i} a cotangent ${describe(contribution)} for ${describe(x)}`);
    const known = parts.get(x);
    if (known) known.push(contribution);
    else parts.set(x, [contribution]);
  });
}
