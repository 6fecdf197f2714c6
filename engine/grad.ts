import { check } from './errors.ts';
import { ancestors } from './graph.ts';
import { add, constant, zerosLike } from './ops/index.ts';
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
  const cotangents = new Map<Tensor, Tensor>([[loss, seed]]);
  for (const node of order.reverse()) {
    const g = cotangents.get(node);
    if (!g || !active.has(node) || !node.inputs.some((x) => active.has(x))) continue;
    withPath(node.path, () => accumulate(node, g, active, cotangents));
  }
  return wrt.map((node) => cotangents.get(node) ?? zerosLike(node));
}

function accumulate(node: Tensor, g: Tensor, active: Set<Tensor>, cotangents: Map<Tensor, Tensor>): void {
  const { vjp, name } = node.op;
  if (vjp === 'none') {
    throw new Error(`grad: ${name} has no derivative, but a gradient must pass through it `
      + `(${describe(node)}, in ${node.path || 'the top scope'}). Wrap its input in stopGradient if that is meant.`);
  }
  const contributions = vjp(g, node.inputs, node, node.attrs);
  check(contributions.length === node.inputs.length, `grad: ${name} returned ${contributions.length} cotangents`);
  node.inputs.forEach((x, i) => {
    const contribution = contributions[i];
    if (!contribution || !active.has(x)) return;
    check(sameShape(contribution.shape, x.shape), () =>
      `grad: ${name} gave input ${i} a cotangent ${describe(contribution)} for ${describe(x)}`);
    const sum = cotangents.get(x);
    cotangents.set(x, sum ? add(sum, contribution) : contribution);
  });
}
