import {
  collapse,
  contiguous,
  contiguousStrides,
  f32Bits,
  foldGrid,
  groups,
  isContiguous,
  maxGroupsPerAxis,
  pointwiseOps,
  pointwisePreamble,
  setPath,
  stateTensor
} from "./chunk-AMP7OYK6.js";
import {
  Device,
  bytesPerElement,
  describe,
  sameShape,
  sizeOf
} from "./chunk-IBDXW56B.js";

// engine/program.ts
var Program = class {
  constructor(device, name, calls, inputs, outputs, owned, summary) {
    this.device = device;
    this.name = name;
    this.calls = calls;
    this.inputs = inputs;
    this.outputs = outputs;
    this.owned = owned;
    this.summary = summary;
  }
  device;
  name;
  calls;
  inputs;
  outputs;
  owned;
  summary;
  /** Whether an input of this name is left after dead code is gone. */
  takes(name) {
    return this.inputs.has(name);
  }
  /** Uploads the given inputs (the others keep their last values) and submits the work; does not wait. */
  run(inputs = {}) {
    this.device.check();
    for (const [name, data] of Object.entries(inputs)) this.write(name, data);
    if (this.device.observer) {
      this.device.observer.submit(this);
      return;
    }
    const encoder = this.device.gpu.createCommandEncoder();
    const pass = encoder.beginComputePass();
    this.encode(pass);
    pass.end();
    this.device.gpu.queue.submit([encoder.finish()]);
  }
  /** Puts dispatches (default: all) into a pass of the caller's. */
  encode(pass, calls = this.calls) {
    let last = null;
    for (const call of calls) {
      if (call.pipeline !== last) pass.setPipeline(call.pipeline);
      last = call.pipeline;
      pass.setBindGroup(0, call.bindGroup);
      if (call.immediates) pass.setImmediates(0, call.immediates);
      pass.dispatchWorkgroups(call.grid[0], call.grid[1], call.grid[2]);
    }
  }
  write(name, data) {
    const port = this.inputs.get(name);
    if (!port) {
      throw new Error(`${this.name}: no input is called ${name}; there are ${[...this.inputs.keys()].join(", ") || "none"}`);
    }
    if (data.length !== sizeOf(port.type.shape)) {
      throw new Error(`${this.name}: input ${name} takes ${sizeOf(port.type.shape)} values ([${port.type.shape.join(", ")}]), found ${data.length}`);
    }
    this.device.gpu.queue.writeBuffer(port.buffer, 0, data);
  }
  /** Value of an output after the runs submitted so far. */
  async read(name) {
    const port = this.outputs.get(name);
    if (!port) {
      throw new Error(`${this.name}: no output is called ${name}; there are ${[...this.outputs.keys()].join(", ") || "none"}`);
    }
    return this.device.readBuffer(port.buffer, sizeOf(port.type.shape), port.type.dtype);
  }
  /** An f32 output. */
  async readFloats(name) {
    const data = await this.read(name);
    if (!(data instanceof Float32Array)) throw new Error(`${this.name}: output ${name} is not f32`);
    return data;
  }
  /** A scalar output as a number. */
  async readScalar(name) {
    return (await this.read(name))[0];
  }
  /** Frees the memory of the program; states stay. */
  destroy() {
    for (const buffer of this.owned) buffer.destroy();
  }
};

// engine/graph.ts
function ancestors(roots) {
  const seen = /* @__PURE__ */ new Set();
  const stack = [...roots];
  while (stack.length > 0) {
    const node = stack.pop();
    if (seen.has(node)) continue;
    seen.add(node);
    stack.push(...node.inputs);
  }
  return [...seen].sort((a, b) => a.id - b.id);
}

// engine/compile/lower.ts
var bindingAlignment = 256;
var copyOp = pointwiseOps.stopGradient;
var Lowering = class {
  constructor(roots) {
    this.roots = roots;
  }
  roots;
  nodes = [];
  reads = /* @__PURE__ */ new Map();
  known = /* @__PURE__ */ new Map();
  representative = /* @__PURE__ */ new Map();
  copies = /* @__PURE__ */ new Map();
  nodeIds = /* @__PURE__ */ new Map();
  run() {
    for (const tensor of ancestors(this.roots)) this.lower(tensor);
    const roots = this.roots.map((tensor) => this.dense(this.reads.get(this.canonical(tensor)), tensor).node);
    return { nodes: this.nodes, roots };
  }
  canonical(tensor) {
    return this.representative.get(tensor) ?? tensor;
  }
  lower(tensor) {
    const inputs = tensor.inputs.map((x) => this.canonical(x));
    const key = expressionKey(tensor, inputs);
    const twin = key === null ? void 0 : this.known.get(key);
    if (twin) {
      this.representative.set(tensor, twin);
      return;
    }
    if (key !== null) this.known.set(key, tensor);
    const reads = inputs.map((x) => this.reads.get(x));
    this.reads.set(tensor, tensor.op.kind === "view" ? this.view(tensor, reads[0]) : this.own(tensor, reads));
  }
  view(tensor, read) {
    const { op } = tensor;
    if (op.kind !== "view") throw new Error(`${op.name} is not a view`);
    const layout = op.view(read.layout, tensor, tensor.attrs);
    if (layout) return { node: read.node, layout };
    const dense = this.dense(read, tensor);
    return { node: dense.node, layout: op.view(dense.layout, tensor, tensor.attrs) };
  }
  own(tensor, reads) {
    const usable = tensor.op.kind === "kernel" ? reads.map((read) => this.bindable(read, tensor)) : reads;
    return this.append(tensor.op, tensor.attrs, usable, tensor, tensor.path);
  }
  append(op, attrs, reads, type, path) {
    const node = { shape: type.shape, dtype: type.dtype, op, attrs, reads, path, position: this.nodes.length };
    this.nodes.push(node);
    return { node, layout: contiguous(type.shape) };
  }
  /** A read that one binding range can serve; anything else is copied first. */
  bindable(read, user) {
    const bytes = read.layout.offset * (read.node.dtype === "f16" ? 2 : 4);
    return read.node.op.name !== "constant" && isContiguous(read.layout) && bytes % bindingAlignment === 0 ? read : this.copy(read, user);
  }
  /** A read that covers the whole of a node in its own order. */
  dense(read, user) {
    const whole = read.layout.offset === 0 && isContiguous(read.layout) && sizeOf(read.layout.shape) === sizeOf(read.node.shape);
    return whole && read.node.op.name !== "constant" ? read : this.copy(read, user);
  }
  copy(read, user) {
    if (!this.nodeIds.has(read.node)) this.nodeIds.set(read.node, this.nodeIds.size);
    const { shape, strides, offset } = read.layout;
    const key = `${this.nodeIds.get(read.node)}|${shape}|${strides}|${offset}`;
    let copy = this.copies.get(key);
    if (!copy) {
      copy = this.append(copyOp, null, [read], { shape, dtype: read.node.dtype }, user.path);
      this.copies.set(key, copy);
    }
    return copy;
  }
};
function expressionKey(tensor, inputs) {
  if (tensor.op.kind === "leaf" && tensor.op.name !== "constant") {
    const { state } = tensor.attrs ?? {};
    return state ? `state ${identity(state)}` : null;
  }
  return `${tensor.op.name} ${JSON.stringify(tensor.attrs, exactNumber)} ${inputs.map((x) => x.id).join(" ")}`;
}
var exactNumber = (_, value) => typeof value === "number" && (!Number.isFinite(value) || Object.is(value, -0)) ? `number ${Object.is(value, -0) ? "-0" : value}` : value;
var identities = /* @__PURE__ */ new WeakMap();
var nextIdentity = 0;
function identity(object) {
  if (!identities.has(object)) identities.set(object, nextIdentity++);
  return identities.get(object);
}
function groupSteps(nodes, roots, maxBindings) {
  const users = /* @__PURE__ */ new Map();
  for (const node of nodes) {
    for (const { node: source } of node.reads) {
      const list = users.get(source);
      if (list) list.push(node);
      else users.set(source, [node]);
    }
  }
  const groupOf = /* @__PURE__ */ new Map();
  const steps = /* @__PURE__ */ new Set();
  const rootSet = new Set(roots);
  for (const node of nodes) {
    if (node.op.kind === "leaf") continue;
    const joined = node.op.kind === "pointwise" ? joinableGroups(node, groupOf, users, rootSet, maxBindings) : [];
    const [group, ...others] = joined;
    if (group) {
      for (const other of others) {
        group.nodes.push(...other.nodes.splice(0));
        steps.delete(other);
      }
      group.nodes.sort((a, b) => a.position - b.position);
      group.nodes.push(node);
      for (const member of group.nodes) groupOf.set(member, group);
    } else {
      const step = { nodes: [node] };
      steps.add(step);
      if (node.op.kind === "pointwise") groupOf.set(node, step);
    }
  }
  return [...steps].sort((a, b) => a.nodes.at(-1).position - b.nodes.at(-1).position);
}
function joinableGroups(node, groupOf, users, roots, maxBindings) {
  const whole = ({ node: source, layout }) => sameShape(source.shape, node.shape) && layout.offset === 0 && isContiguous(layout);
  const candidates = /* @__PURE__ */ new Set();
  for (const read of node.reads) {
    const group = groupOf.get(read.node);
    if (group && whole(read)) candidates.add(group);
  }
  const latestFirst = [...candidates].sort((a, b) => b.nodes.at(-1).position - a.nodes.at(-1).position);
  const joined = [];
  for (const group of latestFirst) {
    const members = /* @__PURE__ */ new Set([...joined.flatMap(({ nodes }) => nodes), ...group.nodes, node]);
    const runsLater = group.nodes.every((member) => (users.get(member) ?? []).every((user) => members.has(user) || user.position > node.position));
    const readsWhole = node.reads.every((read) => !members.has(read.node) || whole(read));
    if (runsLater && readsWhole && bindings(members, users, roots) <= maxBindings) joined.push(group);
  }
  return joined;
}
function bindings(members, users, roots) {
  const read = /* @__PURE__ */ new Set();
  let written = 0;
  for (const member of members) {
    for (const { node } of member.reads) if (!members.has(node) && node.op.name !== "constant") read.add(node);
    if (roots.has(member) || (users.get(member) ?? []).some((user) => !members.has(user))) written++;
  }
  return read.size + written + 1;
}
function lower(roots, maxBindings) {
  const lowered = new Lowering(roots).run();
  return { ...lowered, steps: groupSteps(lowered.nodes, lowered.roots, maxBindings) };
}

// engine/compile/plan.ts
function planMemory(values) {
  const order = values.map((_, i) => i).sort((a, b) => values[b].bytes - values[a].bytes || a - b);
  const sizes = [];
  const tenants = [];
  const slots = values.map(() => -1);
  for (const i of order) {
    const value = values[i];
    let best = -1;
    for (let slot = 0; slot < sizes.length; slot++) {
      const free = tenants[slot].every((other) => other.last < value.first || value.last < other.first);
      if (free && (best < 0 || sizes[slot] < sizes[best])) best = slot;
    }
    if (best < 0) {
      best = sizes.length;
      sizes.push(value.bytes);
      tenants.push([]);
    }
    tenants[best].push(value);
    slots[i] = best;
  }
  return { slots, sizes, unshared: values.reduce((total, value) => total + value.bytes, 0) };
}

// engine/compile/pointwiseKernel.ts
var maxWords = 16;
var alias = { f32: "F", f16: "F", i32: "I", u32: "U" };
var Emitter = class {
  constructor(members, stores) {
    this.members = members;
    this.stores = stores;
    const inside = new Set(members);
    for (const node of members) {
      for (const read of node.reads) {
        if (!inside.has(read.node) && read.node.op.name !== "constant") this.operands.push(read);
      }
    }
    const full = members[0].shape;
    const joined = collapse(full, [contiguousStrides(full), ...this.operands.map((read) => read.layout.strides)]);
    this.shape = joined.shape;
    this.strides = new Map(this.operands.map((read, i) => [read, joined.strides[i + 1]]));
    this.width = this.vectorWidth();
  }
  members;
  stores;
  words = [];
  bindings = [];
  names = /* @__PURE__ */ new Map();
  loads = /* @__PURE__ */ new Map();
  body = [];
  operands = [];
  shape;
  strides;
  width;
  /** 4 where every operand either steps by one along the last axis, from aligned places, or stays. */
  vectorWidth() {
    const inner = this.shape.at(-1);
    const flat = this.shape.length === 1;
    if (!flat && inner % 4 !== 0) return 1;
    const fits = (read) => {
      const strides = this.strides.get(read);
      if (strides.at(-1) === 0) return true;
      return strides.at(-1) === 1 && read.layout.offset % 4 === 0 && strides.slice(0, -1).every((s) => s % 4 === 0) && (!flat || inner % 4 === 0 || read.layout.offset === 0);
    };
    const whole = inner % 4 === 0 || this.stores.every(({ value, into }) => sizeOf(into.shape) === sizeOf(value.shape));
    return whole && this.operands.every(fits) && inner >= 4 ? 4 : 1;
  }
  /** A number that changes with sizes: an immediate while there is room, so that one pipeline serves all sizes. */
  word(value) {
    const at2 = this.words.indexOf(value);
    if (at2 >= 0) return `words.w${at2}`;
    if (this.words.length === maxWords) return `${value}u`;
    this.words.push(value);
    return `words.w${this.words.length - 1}`;
  }
  binding(node, vector) {
    let at2 = this.bindings.findIndex((b) => b.node === node && (b.written || b.vector === vector));
    if (at2 < 0) {
      const bytes = Math.ceil(sizeOf(node.shape) * bytesPerElement[node.dtype] / 16) * 16;
      this.bindings.push({ node, written: false, vector, offset: 0, bytes });
      at2 = this.bindings.length - 1;
    }
    return `b${at2}`;
  }
  bindStore({ value, into, offset }) {
    const bytes = Math.ceil(sizeOf(value.shape) * bytesPerElement[value.dtype] / 16) * 16;
    this.bindings.push({ node: into, written: true, vector: this.width === 4, offset, bytes });
  }
  load(read) {
    const strides = this.strides.get(read);
    const key = `${this.operands.findIndex((other) => other.node === read.node)}|${strides}|${read.layout.offset}`;
    const known = this.loads.get(key);
    if (known) return known;
    const vector = this.width === 4 && strides.at(-1) === 1;
    const scale = vector ? 4 : 1;
    const terms = strides.map((s, axis) => {
      if (s === 0) return "";
      const step = axis === strides.length - 1 ? s : s / scale;
      return step === 1 ? `i${axis}` : `i${axis} * ${this.word(step)}`;
    }).filter((term) => term !== "");
    if (read.layout.offset > 0) terms.push(this.word(read.layout.offset / scale));
    const index = terms.join(" + ") || "0u";
    const name = `x${this.loads.size}`;
    const type = alias[read.node.dtype];
    this.body.push(`let ${name} = ${type}(${this.binding(read.node, vector)}[${index}]);`);
    this.loads.set(key, name);
    return name;
  }
  operand(read) {
    const { op, attrs, dtype } = read.node;
    if (op.name !== "constant") return this.names.get(read.node) ?? this.load(read);
    const { value } = attrs;
    const name = alias[dtype];
    if (dtype === "u32") return `${name}(${this.word(value >>> 0)})`;
    if (dtype === "i32") return `${name}(bitcast<i32>(${this.word(value >>> 0)}))`;
    return `${name}(bitcast<f32>(${this.word(f32Bits(value))}))`;
  }
  emit() {
    const rank = this.shape.length;
    const inner = this.width === 4 ? Math.ceil(this.shape.at(-1) / 4) : this.shape.at(-1);
    for (const store of this.stores) this.bindStore(store);
    for (const node of this.members) {
      if (node.op.kind !== "pointwise") throw new Error(`${node.op.name} is not pointwise`);
      const name = `v${this.names.size}`;
      const types = node.reads.map((read) => read.node);
      const expression = node.op.expression(node.reads.map((read) => this.operand(read)), node.attrs, types, node);
      this.body.push(`let ${name} = ${expression};`);
      this.names.set(node, name);
    }
    const dense = contiguousStrides(this.shape.map((n, i) => i === rank - 1 ? inner : n));
    const index = dense.map((s, axis) => s === 1 ? `i${axis}` : `i${axis} * ${this.word(s)}`).join(" + ");
    for (const [i, { value, into }] of this.stores.entries()) {
      const stored = this.storageType(into.dtype, true);
      this.body.push(`b${i}[${index}] = ${stored}(${this.names.get(value)});`);
    }
    return this.assemble(inner);
  }
  storageType(dtype, vector) {
    return vector && this.width === 4 ? `vec4<${dtype}>` : dtype;
  }
  assemble(inner) {
    const x = Math.min(64, Math.max(8, 2 ** Math.ceil(Math.log2(inner))));
    const flat = this.shape.length === 1;
    const loop = flat ? this.flatLoop(inner) : this.nestedLoop(inner, x);
    const declared = this.bindings.map(({ node, written, vector: vector2 }, i) => `@group(0) @binding(${i}) var<storage, ${written ? "read_write" : "read"}> b${i}: array<${this.storageType(node.dtype, vector2 || written)}>;`);
    const vector = this.width === 4;
    const source = [
      `alias F = ${vector ? "vec4<f32>" : "f32"};`,
      `alias I = ${vector ? "vec4<i32>" : "i32"};`,
      `alias U = ${vector ? "vec4<u32>" : "u32"};`,
      `struct Words { ${this.words.map((_, i) => `w${i}: u32`).join(", ")} }`,
      "var<immediate> words: Words;",
      ...declared,
      this.body.some((line) => /erf\(|signedPow\(|geluTanhSlope\(/.test(line)) ? pointwisePreamble : "",
      loop.head,
      ...this.body.map((line) => `  ${line}`),
      loop.tail
    ].join("\n");
    const size = sizeOf(this.members[0].shape);
    return {
      label: labelOf(this.members),
      source,
      bindings: this.bindings,
      immediates: this.words,
      grid: loop.grid,
      flops: size * this.members.length,
      bytes: this.bindings.reduce((total, { node }) => total + Math.min(size, sizeOf(node.shape)) * bytesPerElement[node.dtype], 0)
    };
  }
  flatLoop(inner) {
    return {
      head: `@compute @workgroup_size(64)
fn main(@builtin(local_invocation_index) lane: u32, @builtin(workgroup_id) group: vec3u,
  @builtin(num_workgroups) groups: vec3u) {
  let i0 = (group.y * groups.x + group.x) * 64u + lane;
  if (i0 >= ${this.word(inner)}) { return; }`,
      tail: "}",
      grid: foldGrid(groups(inner, 64))
    };
  }
  nestedLoop(inner, x) {
    const rank = this.shape.length;
    const middle = this.shape[rank - 2];
    const outers = this.shape.slice(0, -2);
    const outer = sizeOf(outers);
    const y = 64 / x;
    const decode = [];
    let rest = "outer";
    for (let axis = rank - 3; axis >= 0; axis--) {
      const n = axis === 0 ? "" : this.word(this.shape[axis]);
      decode.push(axis === 0 ? `let i0 = ${rest};` : `let i${axis} = (${rest}) % ${n};`);
      rest = `(${rest}) / ${n}`;
    }
    const head = `@compute @workgroup_size(${x}, ${y})
fn main(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let i${rank - 1} = id.x;
  if (i${rank - 1} >= ${this.word(inner)}) { return; }
  for (var outer = id.z; outer < ${this.word(outer)}; outer += groups.z) {
  ${decode.join("\n  ")}
  for (var i${rank - 2} = id.y; i${rank - 2} < ${this.word(middle)}; i${rank - 2} += groups.y * ${y}u) {`;
    const grid = [
      groups(inner, x),
      Math.min(maxGroupsPerAxis, groups(middle, y)),
      Math.min(maxGroupsPerAxis, outer)
    ];
    return { head, tail: "  }\n  }\n}", grid };
  }
};
function labelOf(members) {
  const names = members.map((node) => node.op.name === "stopGradient" ? "copy" : node.op.name);
  const shown = names.length > 6 ? [...names.slice(0, 5), `${names.length - 5} more`] : names;
  return `pointwise ${shown.join(" ")}`;
}
function pointwiseKernel(members, stores) {
  return new Emitter(members, stores).emit();
}

// engine/compile/compile.ts
var nodeBytes = (node) => sizeOf(node.shape) * bytesPerElement[node.dtype];
var Compilation = class {
  constructor(device, spec) {
    this.device = device;
    this.spec = spec;
    this.updates = spec.updates ?? [];
    this.outputNames = Object.keys(spec.outputs);
    for (const [state, value] of this.updates) {
      if (!sameShape(state.type.shape, value.shape) || state.type.dtype !== value.dtype) {
        throw new Error(`${spec.name}: state ${state.name} is ${describe(state.type)}, its update ${describe(value)}`);
      }
    }
    const roots = [
      ...Object.values(spec.outputs),
      ...this.updates.map(([, value]) => value),
      ...this.updates.map(([state]) => stateTensor(state))
    ];
    this.lowered = lower(roots, device.limits.maxStorageBuffersPerShaderStage);
    setPath("");
    this.lowered.steps.forEach((step, at2) => this.noteReads(step, at2));
  }
  device;
  spec;
  lowered;
  dispatches = [];
  /** Where the value of a node is kept, if not in its own memory: the leaf of a state that it replaces, or a pack. */
  home = /* @__PURE__ */ new Map();
  /** Flat vectors, and which of their parts are written there directly; gaps between parts stay zero, as made. */
  packs = /* @__PURE__ */ new Map();
  lastRead = /* @__PURE__ */ new Map();
  outputNames;
  updates;
  late = [];
  scratchBytes = [];
  noteReads(step, at2) {
    for (const node of step.nodes) for (const { node: source } of node.reads) this.lastRead.set(source, at2);
  }
  isOutput(node) {
    return this.lowered.roots.slice(0, this.outputNames.length).includes(node);
  }
  /** Lets updates go straight into the memory of their states where nothing reads the old value later. */
  placeUpdates() {
    const stepOf = /* @__PURE__ */ new Map();
    this.lowered.steps.forEach((step, at2) => step.nodes.forEach((node) => stepOf.set(node, at2)));
    const outputs = this.outputNames.length;
    this.updates.forEach((_, i) => {
      const value = this.lowered.roots[outputs + i];
      const into = this.lowered.roots[outputs + this.updates.length + i];
      if (value === into) return;
      const at2 = stepOf.get(value);
      const free = at2 !== void 0 && !this.isOutput(value) && !this.home.has(value) && !this.isOutput(into) && (this.lastRead.get(into) ?? -1) <= at2 && this.readsInPlace(this.lowered.steps[at2], value, into) && !this.updates.some((__, k) => k !== i && this.lowered.roots[outputs + k] === into);
      if (free) this.home.set(value, { node: into, offset: 0 });
      else this.late.push({ value, into });
    });
  }
  /** Whether a step may overwrite `into` while it reads it: only a kernel that reads each element where it writes. */
  readsInPlace(step, value, into) {
    const reads = step.nodes.flatMap((node) => node.reads).filter((read) => read.node === into);
    if (reads.length === 0) return true;
    return value.op.kind === "pointwise" && reads.every(({ layout }) => layout.offset === 0 && isContiguous(layout) && sameShape(layout.shape, value.shape));
  }
  /** Lets the parts of a flat vector be written where they belong, instead of being copied there. */
  placeParts() {
    const users = /* @__PURE__ */ new Map();
    for (const node of this.lowered.nodes) {
      for (const { node: source } of node.reads) users.set(source, (users.get(source) ?? 0) + 1);
    }
    const roots = new Set(this.lowered.roots);
    for (const node of this.lowered.nodes) {
      if (node.op.name !== "pack" || this.home.has(node)) continue;
      const { offsets } = node.attrs;
      const direct = new Set([...node.reads.keys()].filter((i) => {
        const { node: part, layout } = node.reads[i];
        return part.op.kind !== "leaf" && users.get(part) === 1 && !roots.has(part) && !this.home.has(part) && layout.offset === 0 && sizeOf(layout.shape) === sizeOf(part.shape) && offsets[i] * bytesPerElement[node.dtype] % bindingAlignment === 0;
      }));
      this.packs.set(node, direct);
      for (const i of direct) {
        this.home.set(node.reads[i].node, { node, offset: offsets[i] * bytesPerElement[node.dtype] });
      }
    }
  }
  emit() {
    this.placeUpdates();
    this.placeParts();
    this.lowered.steps.forEach((step, at2) => {
      if (step.nodes[0].op.kind === "pointwise") this.emitPointwise(step, at2);
      else this.emitKernel(step.nodes[0], at2);
    });
    const end = this.lowered.steps.length;
    for (const { value, into } of this.late) {
      this.lastRead.set(value, end);
      this.copy(value, into);
    }
    for (const node of this.lowered.roots.slice(0, this.outputNames.length)) this.lastRead.set(node, end);
  }
  emitPointwise(step, at2) {
    const inside = new Set(step.nodes);
    const roots = new Set(this.lowered.roots);
    const readLater = /* @__PURE__ */ new Set();
    for (const other of this.lowered.steps.slice(at2 + 1)) {
      for (const node of other.nodes) {
        for (const read of node.reads) if (inside.has(read.node)) readLater.add(read.node);
      }
    }
    const stores = step.nodes.filter((node) => roots.has(node) || readLater.has(node)).map((value) => ({ value, ...this.place(value) }));
    if (stores.length > 0) this.push(pointwiseKernel(step.nodes, stores), step.nodes.at(-1).path);
  }
  push(kernel, path) {
    const memory = kernel.bindings.map(({ node, offset, bytes }) => ({ key: node, offset, bytes }));
    this.dispatches.push({ call: { ...kernel, constants: {} }, memory, path });
  }
  /** Memory that a node's value goes to: a node, and the first byte in it. */
  place(value) {
    const home = this.home.get(value);
    return home ? { into: home.node, offset: home.offset } : { into: value, offset: 0 };
  }
  copy(value, into) {
    const copy = {
      ...into,
      op: pointwiseOps.stopGradient,
      attrs: null,
      position: -1,
      path: "",
      reads: [{ node: value, layout: { shape: value.shape, strides: contiguousStrides(value.shape), offset: 0 } }]
    };
    this.push(pointwiseKernel([copy], [{ value: copy, into, offset: 0 }]), "");
  }
  emitKernel(node, at2) {
    const { op } = node;
    if (op.kind !== "kernel") throw new Error(`${op.name} is not a kernel`);
    const types = node.reads.map(({ layout, node: source }) => ({ shape: layout.shape, dtype: source.dtype }));
    const variants = op.variants(types, node, node.attrs, this.device.capabilities);
    const chosen = variants.find(({ name }) => name === this.spec.variant) ?? variants[0];
    const direct = this.packs.get(node);
    const variant = direct ? { ...chosen, calls: chosen.calls.filter((_, i) => !direct.has(i)) } : chosen;
    const firstScratch = this.scratchBytes.length;
    for (const bytes of variant.scratch) this.scratchBytes.push({ bytes, step: at2 });
    for (const call of variant.calls) {
      const memory = call.bindings.map((operand) => {
        if (operand.kind === "output") {
          const { into, offset } = this.place(node);
          return { key: into, offset, bytes: nodeBytes(node) };
        }
        if (operand.kind === "scratch") {
          const scratch = firstScratch + operand.index;
          return { key: { scratch }, offset: 0, bytes: this.scratchBytes[scratch].bytes };
        }
        const { node: source, layout } = node.reads[operand.index];
        const size = bytesPerElement[source.dtype];
        return { key: source, offset: layout.offset * size, bytes: sizeOf(layout.shape) * size };
      });
      this.dispatches.push({ call, memory, path: node.path });
    }
  }
  async build() {
    this.emit();
    this.checkLimits();
    const leaves = this.lowered.nodes.filter((node) => node.op.kind === "leaf" && node.op.name !== "constant");
    const values = /* @__PURE__ */ new Map();
    this.lowered.steps.forEach((step, at2) => {
      for (const node of step.nodes) {
        if (!this.home.has(node) && !this.packs.has(node)) {
          const last = this.lastRead.get(node) ?? at2;
          values.set(node, { bytes: Device.paddedBytes(nodeBytes(node)), first: at2, last });
        }
      }
    });
    this.scratchBytes.forEach(({ bytes, step }, i) => values.set(i, { bytes: Device.paddedBytes(bytes), first: step, last: step }));
    const touched = new Set(this.dispatches.flatMap(({ memory }) => memory.map(({ key }) => "scratch" in key ? key.scratch : key)));
    const planned = [...values.keys()].filter((key) => touched.has(key));
    const plan = planMemory(planned.map((key) => values.get(key)));
    const slots = plan.sizes.map((bytes, i) => this.device.createBuffer(bytes, `${this.spec.name} slot ${i}`));
    const buffers = new Map(planned.map((key, i) => [key, slots[plan.slots[i]]]));
    const inputs = /* @__PURE__ */ new Map();
    for (const leaf of leaves) buffers.set(leaf, this.leafBuffer(leaf, inputs, slots));
    for (const pack of this.packs.keys()) {
      const buffer = this.device.createBuffer(nodeBytes(pack), `${this.spec.name} pack`);
      this.device.clear(buffer);
      slots.push(buffer);
      buffers.set(pack, buffer);
    }
    for (const [value, { node }] of this.home) buffers.set(value, buffers.get(node));
    const packed = [...this.packs.keys()].reduce((total, pack) => total + nodeBytes(pack), 0);
    const summary = {
      kernels: new Set(this.dispatches.map(({ call }) => call.source)).size,
      dispatches: this.dispatches.length,
      plannedBytes: plan.sizes.reduce((a, b) => a + b, 0) + packed,
      unsharedBytes: plan.unshared + packed,
      stateBytes: leaves.filter((leaf) => leaf.op.name === "state").reduce((a, leaf) => a + nodeBytes(leaf), 0),
      leafBytes: leaves.filter((leaf) => leaf.op.name !== "state").reduce((a, leaf) => a + nodeBytes(leaf), 0)
    };
    const outputs = new Map(this.outputNames.map((name, i) => {
      const node = this.lowered.roots[i];
      return [name, { buffer: buffers.get(node), type: this.spec.outputs[name] }];
    }));
    const calls = await Promise.all(this.dispatches.map((dispatch) => this.bind(dispatch, buffers)));
    return new Program(this.device, this.spec.name, calls, inputs, outputs, slots, summary);
  }
  leafBuffer(leaf, inputs, owned) {
    if (leaf.op.name === "state") return this.device.buffer(leaf.attrs.state);
    const buffer = this.device.createBuffer(nodeBytes(leaf), `${this.spec.name} ${leaf.op.name}`);
    owned.push(buffer);
    if (leaf.op.name === "table") {
      this.device.gpu.queue.writeBuffer(buffer, 0, leaf.attrs.data);
    } else {
      const { name, type } = leaf.attrs;
      if (inputs.has(name)) throw new Error(`${this.spec.name}: two inputs are called ${name}`);
      inputs.set(name, { buffer, type });
    }
    return buffer;
  }
  checkLimits() {
    const limit = this.device.limits.maxStorageBufferBindingSize;
    for (const node of this.lowered.nodes) {
      if (node.op.name !== "constant" && nodeBytes(node) > limit) {
        throw new Error(`${this.spec.name}: ${node.op.name} ${describe(node)} takes ${nodeBytes(node)} bytes, but this adapter binds at most ${limit} (${this.device.name}). Use a smaller batch or image${at(node.path)}.`);
      }
    }
  }
  async bind({ call, memory, path }, buffers) {
    const { pipeline, layout } = await this.device.pipeline(call.label, call.source, call.constants);
    const resources = memory.map(({ key, offset, bytes }) => {
      const buffer = buffers.get("scratch" in key ? key.scratch : key);
      return { buffer, offset, size: Math.min(Device.paddedBytes(bytes), buffer.size - offset) };
    });
    const immediates = new Uint32Array(16);
    immediates.set(call.immediates);
    return {
      label: call.label,
      path,
      pipeline,
      bindGroup: this.device.bindGroup(layout, resources, call.label),
      immediates: call.immediates.length > 0 ? immediates : null,
      grid: call.grid,
      flops: call.flops,
      bytes: call.bytes
    };
  }
};
var at = (path) => path ? `, in ${path}` : "";
function compile(device, spec) {
  return new Compilation(device, spec).build();
}

export {
  ancestors,
  compile
};
//# sourceMappingURL=chunk-35FDYTRM.js.map
