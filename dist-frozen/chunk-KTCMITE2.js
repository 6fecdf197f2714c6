import {
  ancestors
} from "./chunk-35FDYTRM.js";
import {
  add,
  concat,
  constant,
  padOp,
  withPath,
  zerosLike
} from "./chunk-AMP7OYK6.js";
import {
  describe,
  sameShape
} from "./chunk-IBDXW56B.js";
import {
  check
} from "./chunk-Q54TM6M7.js";

// engine/grad.ts
function grad(loss, wrt, seed = constant(1)) {
  check(sameShape(loss.shape, seed.shape), () => `grad: the loss must be a scalar or have a cotangent of its shape, found loss ${describe(loss)} and cotangent ${describe(seed)}. Is a sum or mean missing?`);
  const order = ancestors([loss]);
  const targets = new Set(wrt);
  const active = /* @__PURE__ */ new Set();
  for (const node of order) {
    if (targets.has(node) || node.inputs.some((x) => active.has(x))) active.add(node);
  }
  const parts = /* @__PURE__ */ new Map([[loss, [seed]]]);
  const cotangents = /* @__PURE__ */ new Map();
  for (const node of order.reverse()) {
    const contributions = parts.get(node);
    if (!contributions) continue;
    const g = withPath(node.path, () => total(contributions));
    cotangents.set(node, g);
    if (node.inputs.some((x) => active.has(x))) withPath(node.path, () => propagate(node, g, active, parts));
  }
  return wrt.map((node) => cotangents.get(node) ?? zerosLike(node));
}
function total(contributions) {
  return sideBySide(contributions) ?? contributions.reduce((a, b) => add(a, b));
}
function sideBySide(contributions) {
  if (contributions.length < 2 || !contributions.every(({ op }) => op === padOp)) return null;
  const blocks = contributions.map(({ inputs, attrs, shape }) => ({ block: inputs[0], before: attrs.before, shape }));
  const axis = blocks[0].block.shape.findIndex((n, i) => n !== blocks[0].shape[i]);
  blocks.sort((a, b) => a.before[axis] - b.before[axis]);
  let end = 0;
  for (const { block, before, shape } of blocks) {
    if (before[axis] !== end || !block.shape.every((n, i) => i === axis || n === shape[i])) return null;
    end += block.shape[axis];
  }
  return end === blocks[0].shape[axis] ? concat(blocks.map(({ block }) => block), axis) : null;
}
function propagate(node, g, active, parts) {
  const { vjp, name } = node.op;
  if (vjp === "none") {
    throw new Error(`grad: ${name} has no derivative, but a gradient must pass through it (${describe(node)}, in ${node.path || "the top scope"}). Wrap its input in stopGradient if that is meant.`);
  }
  const contributions = vjp(g, node.inputs, node, node.attrs);
  check(contributions.length === node.inputs.length, `grad: ${name} returned ${contributions.length} cotangents`);
  node.inputs.forEach((x, i) => {
    const contribution = contributions[i];
    if (!contribution || !active.has(x)) return;
    check(sameShape(contribution.shape, x.shape), () => `grad: ${name} gave input ${i} a cotangent ${describe(contribution)} for ${describe(x)}`);
    const known = parts.get(x);
    if (known) known.push(contribution);
    else parts.set(x, [contribution]);
  });
}

export {
  grad
};
//# sourceMappingURL=chunk-KTCMITE2.js.map
