import {
  hashName,
  normalsFromWords,
  threefry2x32,
  unitFromWord
} from "./chunk-A26XEMZC.js";
import {
  Tensor,
  describe,
  sameShape,
  sizeOf
} from "./chunk-IBDXW56B.js";
import {
  check
} from "./chunk-Q54TM6M7.js";

// engine/op.ts
var input = (index) => ({ kind: "input", index });
var output = { kind: "output" };
var scratch = (index) => ({ kind: "scratch", index });
var bits = new DataView(new ArrayBuffer(4));
function f32Bits(value) {
  bits.setFloat32(0, value);
  return bits.getUint32(0);
}
function defineOp(op) {
  return op;
}
var currentPath = "";
function withPath(path, body) {
  const before = currentPath;
  currentPath = path;
  try {
    return body();
  } finally {
    currentPath = before;
  }
}
function setPath(path) {
  currentPath = path;
}
function apply(op, inputs, attrs) {
  let type;
  try {
    type = op.infer(inputs, attrs);
  } catch (error) {
    if (error instanceof Error && currentPath) error.message += ` (in ${currentPath})`;
    throw error;
  }
  return new Tensor(op, inputs, attrs, type.shape, type.dtype, currentPath);
}
function expectInputs(name, inputs, count) {
  check(inputs.length === count, `${name}: takes ${count} inputs, found ${inputs.length}`);
}
function expectDType(name, operand, type, ...dtypes) {
  check(
    dtypes.includes(type.dtype),
    () => `${name}: ${operand} must be ${dtypes.join(" or ")}, found ${describe(type)}`
  );
}
function expectRank(name, operand, type, rank) {
  check(type.shape.length === rank, () => `${name}: ${operand} must have ${rank} axes, found ${describe(type)}`);
}

// engine/ops/leaf.ts
var noReference = (name) => () => {
  throw new Error(`${name}: a leaf has no definition; the interpreter must be fed its value`);
};
var inputOp = defineOp({
  kind: "leaf",
  name: "input",
  infer: (_, { type }) => type,
  reference: noReference("input"),
  vjp: "none"
});
var stateOp = defineOp({
  kind: "leaf",
  name: "state",
  infer: (_, { state }) => state.type,
  reference: noReference("state"),
  vjp: "none"
});
var constantOp = defineOp({
  kind: "leaf",
  name: "constant",
  infer: (_, { dtype }) => ({ shape: [], dtype }),
  reference: (_inputs, _types, { value }) => Float64Array.of(value),
  vjp: "none"
});
var tableOp = defineOp({
  kind: "leaf",
  name: "table",
  infer(_, { type, data }) {
    check(data.length === sizeOf(type.shape), () => `table: ${describe(type)} needs ${sizeOf(type.shape)} values, found ${data.length}`);
    return type;
  },
  reference: (_inputs, _types, { data }) => Float64Array.from(data),
  vjp: "none"
});
var inputTensor = (name, shape, dtype = "f32") => apply(inputOp, [], { name, type: { shape, dtype } });
var stateTensor = (state) => apply(stateOp, [], { state });
var constant = (value, dtype = "f32") => apply(constantOp, [], { value, dtype });
var table = (data, shape, dtype = "f32") => apply(tableOp, [], { type: { shape, dtype }, data });

// engine/grid.ts
var maxGroupsPerAxis = 65535;
var groups = (items, perGroup) => Math.ceil(items / perGroup);
function foldGrid(count) {
  if (count <= maxGroupsPerAxis) return [count, 1, 1];
  const x = Math.ceil(Math.sqrt(count));
  check(x <= maxGroupsPerAxis, `grid: ${count} workgroups do not fit two axes of ${maxGroupsPerAxis}`);
  return [x, Math.ceil(count / x), 1];
}

// engine/layout.ts
function contiguousStrides(shape) {
  const strides = shape.map(() => 1);
  for (let i = shape.length - 2; i >= 0; i--) strides[i] = strides[i + 1] * shape[i + 1];
  return strides;
}
function contiguous(shape) {
  return { shape, strides: contiguousStrides(shape), offset: 0 };
}
function isContiguous({ shape, strides }) {
  const dense = contiguousStrides(shape);
  return shape.every((n, i) => n === 1 || strides[i] === dense[i]);
}
function collapse(shape, layouts) {
  const joined = [];
  const strides = layouts.map(() => []);
  shape.forEach((n, axis) => {
    if (n === 1) return;
    const last = joined.length - 1;
    const continues = last >= 0 && layouts.every((s, k) => strides[k][last] === s[axis] * n);
    if (continues) {
      joined[last] *= n;
      layouts.forEach((s, k) => {
        strides[k][last] = s[axis];
      });
    } else {
      joined.push(n);
      layouts.forEach((s, k) => strides[k].push(s[axis]));
    }
  });
  if (joined.length === 0) {
    joined.push(1);
    strides.forEach((s) => s.push(0));
  }
  return { shape: joined, strides };
}

// engine/shaders/pad.wgsl
var pad_default = "// pad - copies x into a larger block of zeros; concat and pack call it once an operand, without the zeros.\n//\n//   y[index] = x[index - before] inside, 0 elsewhere     (axes are joined to at most four)\n//\n// bindings   0  x  read        u32  [n0, n1, n2, n3]    (any 32-bit element type, moved as bits)\n//            1  y  read_write  u32  [m0, m1, m2, m3]\n// workgroup  LANES neighbouring elements of a row of the target block\n// grid       [ceil(row / LANES), rows folded over y and z]\n// cost       reads x once, writes the block once; memory bound\n// why        a workgroup stays in one row, so that divisions are of uniform values: per lane they cost more than memory\n\noverride LANES: u32 = 64;\noverride FILL: u32 = 1;  // 1 writes zeros around x, 0 leaves y alone there\n\nstruct Dims { n: vec4u, m: vec4u, before: vec4u, rows: u32 }\nvar<immediate> dims: Dims;\n\n@group(0) @binding(0) var<storage, read> x: array<u32>;\n@group(0) @binding(1) var<storage, read_write> y: array<u32>;\n\n@compute @workgroup_size(LANES)\nfn main(\n  @builtin(local_invocation_index) lane: u32,\n  @builtin(workgroup_id) group: vec3u,\n  @builtin(num_workgroups) groups: vec3u,\n) {\n  let row = group.z * groups.y + group.y;\n  if (row >= dims.rows) { return; }\n  let shape = select(dims.n, dims.m, FILL == 1u);\n  let i = group.x * LANES + lane;\n  if (i >= shape.w) { return; }\n  let place = vec3u(row / shape.z / shape.y, row / shape.z % shape.y, row % shape.z);\n  if (FILL == 0u) {\n    let to = place + dims.before.xyz;\n    y[((to.x * dims.m.y + to.y) * dims.m.z + to.z) * dims.m.w + i + dims.before.w] = x[row * dims.n.w + i];\n    return;\n  }\n  // Below `before` the difference wraps round to a large number, so one comparison serves both ends.\n  let source = place - dims.before.xyz;\n  let at = i - dims.before.w;\n  let inside = all(source < dims.n.xyz) && at < dims.n.w;\n  let index = ((source.x * dims.n.y + source.y) * dims.n.z + source.z) * dims.n.w + at;\n  y[row * dims.m.w + i] = select(0u, x[select(0u, index, inside)], inside);\n}\n";

// engine/shaders/reduceColumns.wgsl
var reduceColumns_default = "// reduceColumns - sum, max or min over pieces of a middle axis.\n//\n//   y[outer, piece, i] = combine x[outer, k, i]  for k in piece\n//\n// bindings   0  x  read        f32  [outer, n, inner]\n//            1  y  read_write  f32  [outer, pieces, inner]\n// workgroup  LANES neighbouring columns i; every lane walks its own piece of the axis\n// grid       [ceil(inner / LANES), pieces, outer]\n// cost       reads every value once, neighbouring lanes read neighbouring addresses; memory bound\n\noverride LANES: u32 = 64;\noverride MODE: u32 = 0;  // 0 sum, 1 max, 2 min\n\nstruct Dims { outer: u32, n: u32, inner: u32, piece: u32, pieces: u32 }\nvar<immediate> dims: Dims;\n\n@group(0) @binding(0) var<storage, read> x: array<f32>;\n@group(0) @binding(1) var<storage, read_write> y: array<f32>;\n\nfn combine(a: f32, b: f32) -> f32 {\n  if (MODE == 0u) { return a + b; }\n  if (MODE == 1u) { return max(a, b); }\n  return min(a, b);\n}\n\n@compute @workgroup_size(LANES)\nfn main(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {\n  if (id.x >= dims.inner) { return; }\n  for (var outer = id.z; outer < dims.outer; outer += groups.z) {\n    let start = id.y * dims.piece;\n    let end = min(start + dims.piece, dims.n);\n    var at = (outer * dims.n + start) * dims.inner + id.x;\n    var value = x[at];\n    for (var k = start + 1u; k < end; k++) {\n      at += dims.inner;\n      value = combine(value, x[at]);\n    }\n    y[(outer * dims.pieces + id.y) * dims.inner + id.x] = value;\n  }\n}\n";

// engine/shaders/reduceRows.wgsl
var reduceRows_default = "// reduceRows - sum, max or min over pieces of the last axis.\n//\n//   y[row, piece] = combine x[row, i]  for i in piece\n//\n// bindings   0  x  read        f32  [rows, n]\n//            1  y  read_write  f32  [rows, pieces]\n// workgroup  one piece of a row each; LANES lanes stride over it, then combine in a tree\n// grid       [pieces, rows folded over y and z, ..]\n// cost       reads rows * n values once; memory bound\n// why        a long row is cut into pieces and reduced again, since f32 has no atomics (and sums stay repeatable)\n\noverride LANES: u32 = 64;\noverride MODE: u32 = 0;  // 0 sum, 1 max, 2 min\n\nstruct Dims { rows: u32, n: u32, piece: u32, pieces: u32 }\nvar<immediate> dims: Dims;\n\n@group(0) @binding(0) var<storage, read> x: array<f32>;\n@group(0) @binding(1) var<storage, read_write> y: array<f32>;\n\nvar<workgroup> partial: array<f32, LANES>;\n\nfn combine(a: f32, b: f32) -> f32 {\n  if (MODE == 0u) { return a + b; }\n  if (MODE == 1u) { return max(a, b); }\n  return min(a, b);\n}\n\n@compute @workgroup_size(LANES)\nfn main(\n  @builtin(local_invocation_index) lane: u32,\n  @builtin(workgroup_id) group: vec3u,\n  @builtin(num_workgroups) groups: vec3u,\n) {\n  let row = group.z * groups.y + group.y;\n  if (row >= dims.rows) { return; }\n  let start = group.x * dims.piece;\n  let end = min(start + dims.piece, dims.n);\n  // The first value is a neutral start for max and min: repeating it changes nothing.\n  var value = select(x[row * dims.n + start], 0.0, MODE == 0u);\n  for (var i = start + lane; i < end; i += LANES) {\n    value = combine(value, x[row * dims.n + i]);\n  }\n  partial[lane] = value;\n  workgroupBarrier();\n  for (var half = LANES / 2u; half > 0u; half /= 2u) {\n    if (lane < half) { partial[lane] = combine(partial[lane], partial[lane + half]); }\n    workgroupBarrier();\n  }\n  if (lane == 0u) { y[row * dims.pieces + group.x] = partial[0]; }\n}\n";

// engine/shaders/reduceRowsSubgroup.wgsl
var reduceRowsSubgroup_default = "// reduceRowsSubgroup - sum, max or min over pieces of the last axis, without workgroup memory.\n//\n//   y[row, piece] = combine x[row, i]  for i in piece\n//\n// bindings   0  x  read        f32  [rows, n]\n//            1  y  read_write  f32  [rows, pieces]\n// workgroup  one subgroup of LANES lanes a piece of a row; lanes stride over it, four values in flight each\n// grid       [pieces, rows folded over y and z]\n// cost       reads rows * n values once; memory bound\n// why        software adapters pay for every barrier, and combine the lanes of a subgroup for nothing\n\noverride LANES: u32 = 8;\noverride MODE: u32 = 0;  // 0 sum, 1 max, 2 min\n\nstruct Dims { rows: u32, n: u32, piece: u32, pieces: u32 }\nvar<immediate> dims: Dims;\n\n@group(0) @binding(0) var<storage, read> x: array<f32>;\n@group(0) @binding(1) var<storage, read_write> y: array<f32>;\n\nfn combine(a: f32, b: f32) -> f32 {\n  if (MODE == 0u) { return a + b; }\n  if (MODE == 1u) { return max(a, b); }\n  return min(a, b);\n}\n\nfn across(value: f32) -> f32 {\n  if (MODE == 0u) { return subgroupAdd(value); }\n  if (MODE == 1u) { return subgroupMax(value); }\n  return subgroupMin(value);\n}\n\n@compute @workgroup_size(LANES)\nfn main(\n  @builtin(local_invocation_index) lane: u32,\n  @builtin(workgroup_id) group: vec3u,\n  @builtin(num_workgroups) groups: vec3u,\n) {\n  let row = group.z * groups.y + group.y;\n  if (row >= dims.rows) { return; }\n  let start = row * dims.n + group.x * dims.piece;\n  let end = row * dims.n + min((group.x + 1u) * dims.piece, dims.n);\n  // The first value is a neutral start for max and min: repeating it changes nothing.\n  let neutral = select(x[start], 0.0, MODE == 0u);\n  var a = neutral;\n  var b = neutral;\n  var c = neutral;\n  var d = neutral;\n  var i = start + lane;\n  for (; i + 3u * LANES < end; i += 4u * LANES) {\n    a = combine(a, x[i]);\n    b = combine(b, x[i + LANES]);\n    c = combine(c, x[i + 2u * LANES]);\n    d = combine(d, x[i + 3u * LANES]);\n  }\n  for (; i < end; i += LANES) { a = combine(a, x[i]); }\n  let value = across(combine(combine(a, b), combine(c, d)));\n  if (lane == 0u) { y[row * dims.pieces + group.x] = value; }\n}\n";

// engine/ops/pointwise.ts
var floats = ["f32", "f16"];
var numbers = ["f32", "f16", "i32", "u32"];
function erf64(x) {
  const z = Math.abs(x);
  if (z > 6) return Math.sign(x);
  if (z < 2.5) {
    let term = x;
    let sum2 = x;
    for (let n = 1; n < 80; n++) {
      term *= -(x * x) / n;
      sum2 += term / (2 * n + 1);
    }
    return 2 / Math.sqrt(Math.PI) * sum2;
  }
  let fraction = z;
  for (let n = 60; n > 0; n--) fraction = z + n / 2 / fraction;
  return Math.sign(x) * (1 - Math.exp(-z * z) / (fraction * Math.sqrt(Math.PI)));
}
var sigmoid64 = (x) => 1 / (1 + Math.exp(-x));
var cdf64 = (x) => 0.5 * (1 + erf64(x * Math.SQRT1_2));
var pdf64 = (x) => Math.exp(-0.5 * x * x) / Math.sqrt(2 * Math.PI);
var tanhInner = (x) => Math.sqrt(2 / Math.PI) * (x + 0.044715 * x ** 3);
var geluTanhSlope64 = (x) => {
  const t = Math.tanh(tanhInner(x));
  return 0.5 * (1 + t) + 0.5 * x * (1 - t * t) * Math.sqrt(2 / Math.PI) * (1 + 3 * 0.044715 * x * x);
};
var roundEven = (x) => {
  const r = Math.round(x);
  return Math.abs(x % 1) === 0.5 && r % 2 !== 0 ? r - 1 : r;
};
var mask = (condition) => `select(F(0.0), F(1.0), ${condition})`;
var tanhInnerWgsl = (x) => `(0.7978845608 * (${x} + 0.044715 * ${x} * ${x} * ${x}))`;
var tanhWgsl = (x) => `tanh(clamp(${x}, F(-10.0), F(10.0)))`;
var sigmoidWgsl = (x) => `(1.0 / (1.0 + exp(-${x})))`;
function call(name, ...operands) {
  return apply(pointwiseOps[name], operands, null);
}
var one = (x) => fill(1, x);
var where = (condition, a, b) => call("where", condition, a, b);
var masked = (condition, g) => where(condition, g, fill(0, g));
var flat = (g, inputs) => (void g, inputs.map(() => null));
var arithmetic = {
  add: { wgsl: (a, b) => `${a} + ${b}`, f64: (a, b) => a + b, dtypes: numbers, vjp: (g) => [g, g] },
  sub: { wgsl: (a, b) => `${a} - ${b}`, f64: (a, b) => a - b, dtypes: numbers, vjp: (g) => [g, call("neg", g)] },
  mul: {
    wgsl: (a, b) => `${a} * ${b}`,
    f64: (a, b) => a * b,
    dtypes: numbers,
    vjp: (g, [a, b]) => [call("mul", g, b), call("mul", g, a)]
  },
  div: {
    wgsl: (a, b) => `${a} / ${b}`,
    f64: (a, b) => a / b,
    vjp: (g, [, b], y) => [call("div", g, b), call("neg", call("div", call("mul", g, y), b))]
  },
  pow: {
    wgsl: (a, b) => `signedPow(${a}, ${b})`,
    f64: (a, b) => a ** b,
    vjp: (g, [a, b], y) => [
      call("mul", g, call("mul", b, call("pow", a, call("sub", b, one(b))))),
      call("mul", g, call("mul", y, call("log", a)))
    ]
  },
  minimum: {
    wgsl: (a, b) => `min(${a}, ${b})`,
    f64: (a, b) => Math.min(a, b),
    dtypes: numbers,
    vjp: (g, [a, b]) => [masked(call("lessEqual", a, b), g), masked(call("less", b, a), g)]
  },
  maximum: {
    wgsl: (a, b) => `max(${a}, ${b})`,
    f64: (a, b) => Math.max(a, b),
    dtypes: numbers,
    vjp: (g, [a, b]) => [masked(call("lessEqual", b, a), g), masked(call("less", a, b), g)]
  }
};
var unary = {
  neg: { wgsl: (x) => `-${x}`, f64: (x) => -x, dtypes: ["f32", "f16", "i32"], vjp: (g) => [call("neg", g)] },
  abs: {
    wgsl: (x) => `abs(${x})`,
    f64: Math.abs,
    dtypes: ["f32", "f16", "i32"],
    vjp: (g, [x]) => [call("mul", g, call("sign", x))]
  },
  sign: { wgsl: (x) => `sign(${x})`, f64: Math.sign, vjp: flat },
  floor: { wgsl: (x) => `floor(${x})`, f64: Math.floor, vjp: flat },
  round: { wgsl: (x) => `round(${x})`, f64: roundEven, vjp: flat },
  exp: { wgsl: (x) => `exp(${x})`, f64: Math.exp, vjp: (g, _, y) => [call("mul", g, y)] },
  log: { wgsl: (x) => `log(${x})`, f64: Math.log, vjp: (g, [x]) => [call("div", g, x)] },
  sqrt: {
    wgsl: (x) => `sqrt(${x})`,
    f64: Math.sqrt,
    vjp: (g, _, y) => [call("div", g, call("add", y, y))]
  },
  sin: { wgsl: (x) => `sin(${x})`, f64: Math.sin, vjp: (g, [x]) => [call("mul", g, call("cos", x))] },
  cos: { wgsl: (x) => `cos(${x})`, f64: Math.cos, vjp: (g, [x]) => [call("neg", call("mul", g, call("sin", x)))] },
  tanh: {
    wgsl: tanhWgsl,
    f64: Math.tanh,
    vjp: (g, _, y) => [call("mul", g, call("sub", one(y), call("mul", y, y)))]
  },
  sigmoid: {
    wgsl: sigmoidWgsl,
    f64: sigmoid64,
    vjp: (g, _, y) => [call("mul", g, call("mul", y, call("sub", one(y), y)))]
  },
  softplus: {
    wgsl: (x) => `(max(${x}, F(0.0)) + log(1.0 + exp(-abs(${x}))))`,
    f64: (x) => Math.max(x, 0) + Math.log1p(Math.exp(-Math.abs(x))),
    vjp: (g, [x]) => [call("mul", g, call("sigmoid", x))]
  },
  erf: {
    wgsl: (x) => `erf(${x})`,
    f64: erf64,
    vjp: (g, [x]) => [call("mul", g, call(
      "mul",
      fill(2 / Math.sqrt(Math.PI), x),
      call("exp", call("neg", call("mul", x, x)))
    ))]
  },
  relu: {
    wgsl: (x) => `max(${x}, F(0.0))`,
    f64: (x) => Math.max(x, 0),
    vjp: (g, [x]) => [masked(call("less", fill(0, x), x), g)]
  },
  silu: {
    wgsl: (x) => `(${x} * ${sigmoidWgsl(x)})`,
    f64: (x) => x * sigmoid64(x),
    vjp: (g, [x]) => [call("mul", g, call("siluSlope", x))]
  },
  siluSlope: {
    wgsl: (x) => `(${sigmoidWgsl(x)} * (1.0 + ${x} * (1.0 - ${sigmoidWgsl(x)})))`,
    f64: (x) => sigmoid64(x) * (1 + x * (1 - sigmoid64(x))),
    vjp: "none"
  },
  gelu: {
    wgsl: (x) => `(0.5 * ${x} * (1.0 + erf(${x} * 0.7071067812)))`,
    f64: (x) => x * cdf64(x),
    vjp: (g, [x]) => [call("mul", g, call("geluSlope", x))]
  },
  geluSlope: {
    wgsl: (x) => `(0.5 * (1.0 + erf(${x} * 0.7071067812)) + ${x} * 0.3989422804 * exp(-0.5 * ${x} * ${x}))`,
    f64: (x) => cdf64(x) + x * pdf64(x),
    vjp: "none"
  },
  geluTanh: {
    wgsl: (x) => `(0.5 * ${x} * (1.0 + ${tanhWgsl(tanhInnerWgsl(x))}))`,
    f64: (x) => 0.5 * x * (1 + Math.tanh(tanhInner(x))),
    vjp: (g, [x]) => [call("mul", g, call("geluTanhSlope", x))]
  },
  geluTanhSlope: { wgsl: (x) => `geluTanhSlope(${x})`, f64: geluTanhSlope64, vjp: "none" },
  // The value is that of x, the derivative stops here.
  stopGradient: { wgsl: (x) => x, f64: (x) => x, dtypes: numbers, vjp: flat }
};
var choice = {
  // Conditions are 1 or 0 in the element type f32.
  less: { wgsl: (a, b) => mask(`${a} < ${b}`), f64: (a, b) => Number(a < b), dtypes: numbers, vjp: flat },
  lessEqual: { wgsl: (a, b) => mask(`${a} <= ${b}`), f64: (a, b) => Number(a <= b), dtypes: numbers, vjp: flat },
  equal: { wgsl: (a, b) => mask(`${a} == ${b}`), f64: (a, b) => Number(a === b), dtypes: numbers, vjp: flat },
  // `condition` comes first; where it is not 0 the value is that of `a`.
  where: {
    wgsl: (condition, a, b) => `select(${b}, ${a}, ${condition} != F(0.0))`,
    f64: (condition, a, b) => condition !== 0 ? a : b,
    dtypes: numbers,
    vjp: (g, [condition]) => [null, masked(condition, g), where(condition, fill(0, g), g)]
  },
  // Value of the first operand, derivative to the second: the in-vocabulary projection of DIVE.
  straightThrough: { wgsl: (value) => value, f64: (value) => value, vjp: (g) => [null, g] }
};
var comparisons = ["less", "lessEqual", "equal"];
function inferRow(name, row, arity, inputs) {
  expectInputs(name, inputs, arity);
  const operands = name === "where" ? inputs.slice(1) : inputs;
  const first = operands[0];
  const dtypes = row.dtypes ?? floats;
  for (const x of inputs) {
    check(sameShape(x.shape, first.shape), () => `${name}: operands must have one shape, found ${inputs.map(describe).join(" and ")}. Is a broadcast missing?`);
  }
  for (const x of operands) {
    check(dtypes.includes(x.dtype), () => `${name}: operands must be ${dtypes.join(" or ")}, found ${describe(x)}`);
    check(x.dtype === first.dtype, () => `${name}: operands must have one element type, found ${inputs.map(describe).join(" and ")}. Cast one of them.`);
  }
  return { shape: first.shape, dtype: comparisons.includes(name) ? "f32" : first.dtype };
}
function fromRow(name, row, arity) {
  return {
    kind: "pointwise",
    name,
    infer: (inputs) => inferRow(name, row, arity, inputs),
    reference: (inputs) => inputs[0].map((_, i) => row.f64(...inputs.map((x) => x[i]))),
    vjp: row.vjp,
    expression: (operands) => row.wgsl(...operands)
  };
}
var rows = { ...arithmetic, ...unary, ...choice };
var arities = { where: 3, straightThrough: 2 };
var pointwiseOps = Object.fromEntries(Object.entries(rows).map(
  ([name, row]) => [name, fromRow(name, row, arities[name] ?? (name in unary ? 1 : 2))]
));
var castOp = {
  kind: "pointwise",
  name: "cast",
  infer: ([x], { dtype }) => ({ shape: x.shape, dtype }),
  reference: ([x], _, { dtype }) => dtype === "f32" || dtype === "f16" ? x.slice() : x.map(Math.trunc),
  vjp: (g, [x]) => [x.dtype === "f32" || x.dtype === "f16" ? apply(castOp, [g], { dtype: x.dtype }) : null],
  expression: ([x], { dtype }) => `${{ f32: "F", f16: "F", i32: "I", u32: "U" }[dtype]}(${x})`
};
function fill(value, like) {
  return apply(broadcastOp, [apply(constantOp, [], { value, dtype: like.dtype })], { shape: like.shape });
}
var pointwisePreamble = `
// [Abramowitz & Stegun 7.1.26], absolute error below 1.5e-7.
fn erf(x: F) -> F {
  let z = abs(x);
  let t = 1.0 / (1.0 + 0.3275911 * z);
  let p = t * (0.254829592 + t * (-0.284496736 + t * (1.421413741 + t * (-1.453152027 + t * 1.061405429))));
  return sign(x) * (1.0 - p * exp(-z * z));
}
// The pow of WGSL knows no negative base: here integer exponents keep their sign, others give not-a-number.
fn signedPow(a: F, b: F) -> F {
  let odd = abs(b - 2.0 * floor(b * 0.5));
  let magnitude = select(pow(abs(a), b), F(1.0), b == F(0.0));
  let power = select(magnitude, -magnitude, (a < F(0.0)) & (odd == F(1.0)));
  let none = bitcast<F>(bitcast<U>(a) | U(0x7fc00000u));
  return select(power, none, (a < F(0.0)) & (b != floor(b)));
}
fn geluTanhSlope(x: F) -> F {
  let t = ${tanhWgsl(tanhInnerWgsl("x"))};
  return 0.5 * (1.0 + t) + 0.5 * x * (1.0 - t * t) * 0.7978845608 * (1.0 + 0.134145 * x * x);
}
`;

// engine/ops/reduce.ts
var modes = ["sum", "max", "min"];
var combine = { sum: (a, b) => a + b, max: Math.max, min: Math.min };
var reduceOp = defineOp({
  kind: "kernel",
  name: "reduce",
  infer([x]) {
    expectRank("reduce", "x", x, 3);
    expectDType("reduce", "x", x, "f32");
    return { shape: [x.shape[0], x.shape[2]], dtype: "f32" };
  },
  reference([x], [type], { mode }) {
    const [O, N, I] = type.shape;
    const y = new Float64Array(O * I);
    for (let o = 0; o < O; o++) {
      for (let i = 0; i < I; i++) {
        let value = x[o * N * I + i];
        for (let n = 1; n < N; n++) value = combine[mode](value, x[(o * N + n) * I + i]);
        y[o * I + i] = value;
      }
    }
    return y;
  },
  vjp(g, [x], y, { mode }) {
    const [O, N, I] = x.shape;
    const spread = (value) => broadcast(reshape(value, [O, 1, I]), [O, N, I]);
    if (mode === "sum") return [spread(g)];
    const hit = call("equal", x, spread(y));
    return [call("mul", hit, spread(call("div", g, reduceMiddle(hit, "sum"))))];
  },
  variants([x], _y, { mode }, device) {
    const [O, N, I] = x.shape;
    if (I > 1) return [columns(O, N, I, mode, device.software ? 16 : 512)];
    const tree = rows2(O, N, mode, 0);
    return device.subgroups && device.subgroupSize > 0 ? inOrder(device.software, rows2(O, N, mode, device.subgroupSize), tree) : [tree];
  }
});
var bytes = (values) => 4 * values;
var inOrder = (software, subgroup2, tree) => software ? [subgroup2, tree] : [tree, subgroup2];
function rows2(O, N, mode, subgroup2) {
  const name = subgroup2 > 0 ? "rowsSubgroup" : "rows";
  const pieces = N > 16384 ? Math.min(1024, Math.ceil(N / 8192)) : 1;
  const dispatch = (n, count, x, y) => {
    const [gridY, gridZ] = foldGrid(O);
    return {
      label: subgroup2 > 0 ? "reduceRowsSubgroup" : "reduceRows",
      source: subgroup2 > 0 ? reduceRowsSubgroup_default : reduceRows_default,
      constants: { MODE: modes.indexOf(mode), LANES: subgroup2 || (n >= 1024 ? 256 : n >= 32 ? 64 : 8) },
      bindings: [x, y],
      immediates: [O, n, Math.ceil(n / count), count],
      grid: [count, gridY, gridZ],
      flops: O * n,
      bytes: bytes(O * (n + count))
    };
  };
  if (pieces === 1) return { name, scratch: [], calls: [dispatch(N, 1, input(0), output)] };
  const used = groups(N, Math.ceil(N / pieces));
  return {
    name,
    scratch: [bytes(O * used)],
    calls: [dispatch(N, used, input(0), scratch(0)), dispatch(used, 1, scratch(0), output)]
  };
}
function columns(O, N, I, mode, wanted) {
  const lanes = I >= 64 ? 64 : I >= 32 ? 32 : 8;
  const running = O * groups(I, lanes);
  const pieces = running >= wanted || N < 128 ? 1 : Math.min(Math.ceil(wanted / running), Math.ceil(N / 64));
  const dispatch = (n, count, x, y) => ({
    label: "reduceColumns",
    source: reduceColumns_default,
    constants: { MODE: modes.indexOf(mode), LANES: lanes },
    bindings: [x, y],
    immediates: [O, n, I, Math.ceil(n / count), count],
    grid: [groups(I, lanes), count, Math.min(O, maxGroupsPerAxis)],
    flops: O * n * I,
    bytes: bytes(O * I * (n + count))
  });
  if (pieces === 1) return { name: "columns", scratch: [], calls: [dispatch(N, 1, input(0), output)] };
  const used = groups(N, Math.ceil(N / pieces));
  return {
    name: "columns",
    scratch: [bytes(O * used * I)],
    calls: [dispatch(N, used, input(0), scratch(0)), dispatch(used, 1, scratch(0), output)]
  };
}
function reduceMiddle(x, mode) {
  return apply(reduceOp, [x], { mode });
}
function normaliseAxes(name, x, axes) {
  const list = axes ? axes.map((axis) => axis < 0 ? axis + x.rank : axis) : x.shape.map((_, i) => i);
  check(list.every((axis) => axis >= 0 && axis < x.rank) && new Set(list).size === list.length, () => `${name}: axes [${axes?.join(", ")}] must be different axes of a tensor of rank ${x.rank}`);
  return list.sort((a, b) => a - b);
}
function reduce(x, mode, axes, keepDims = false) {
  const list = normaliseAxes(mode, x, axes);
  const reduced = [...list];
  const kept = x.shape.map((n, i) => reduced.includes(i) ? 1 : n);
  let y = x;
  while (list.length > 0) {
    const last = list.pop();
    let first = last;
    while (list.at(-1) === first - 1) first = list.pop();
    const size = (from, to) => y.shape.slice(from, to).reduce((a, b) => a * b, 1);
    const shape = y.shape.map((n, i) => i >= first && i <= last ? 1 : n);
    if (size(first, last + 1) > 1) {
      y = reduceMiddle(reshape(y, [size(0, first), size(first, last + 1), size(last + 1, y.rank)]), mode);
    }
    y = reshape(y, shape);
  }
  return reshape(y, keepDims ? kept : x.shape.filter((_, i) => !reduced.includes(i)));
}
var sum = (x, axes, keepDims = false) => reduce(x, "sum", axes, keepDims);
function mean(x, axes, keepDims = false) {
  const total = sum(x, axes, keepDims);
  return call("mul", total, broadcast(constant(total.size / x.size), total.shape));
}

// engine/ops/view.ts
function gatherView(x, layout) {
  const { shape, strides, offset } = layout;
  const y = new Float64Array(sizeOf(shape));
  const index = shape.map(() => 0);
  for (let i = 0; i < y.length; i++) {
    let at = offset;
    for (let axis = 0; axis < shape.length; axis++) at += index[axis] * strides[axis];
    y[i] = x[at];
    for (let axis = shape.length - 1; axis >= 0; axis--) {
      if (++index[axis] < shape[axis]) break;
      index[axis] = 0;
    }
  }
  return y;
}
function reshapeStrides(input2, shape) {
  const runs = collapse(input2.shape, [input2.strides]);
  let run = runs.shape.length - 1;
  let rest = runs.shape[run];
  let stride = runs.strides[0][run];
  const strides = shape.map(() => 0);
  for (let axis = shape.length - 1; axis >= 0; axis--) {
    const n = shape[axis];
    if (n === 1) continue;
    if (rest === 1) {
      run--;
      rest = runs.shape[run];
      stride = runs.strides[0][run];
    }
    if (rest % n !== 0) return null;
    strides[axis] = stride;
    stride *= n;
    rest /= n;
  }
  return strides;
}
var reshapeOp = defineOp({
  kind: "view",
  name: "reshape",
  infer([x], { shape }) {
    check(sizeOf(shape) === sizeOf(x.shape), () => `reshape: ${describe(x)} has ${sizeOf(x.shape)} elements, [${shape.join(", ")}] needs ${sizeOf(shape)}`);
    return { shape, dtype: x.dtype };
  },
  reference: ([x]) => x.slice(),
  vjp: (g, [x]) => [reshape(g, x.shape)],
  view(input2, output2) {
    const strides = reshapeStrides(input2, output2.shape);
    return strides && { shape: output2.shape, strides, offset: input2.offset };
  }
});
var transposeOp = defineOp({
  kind: "view",
  name: "transpose",
  infer([x], { order }) {
    check(sameShape([...order].sort((a, b) => a - b), x.shape.map((_, i) => i)), () => `transpose: order [${order.join(", ")}] must name each axis of ${describe(x)} once`);
    return { shape: order.map((axis) => x.shape[axis]), dtype: x.dtype };
  },
  reference: ([x], [type], { order }) => {
    const strides = contiguousStrides(type.shape);
    return gatherView(
      x,
      { shape: order.map((a) => type.shape[a]), strides: order.map((a) => strides[a]), offset: 0 }
    );
  },
  vjp: (g, _, __, { order }) => [transpose(g, order.map((_n, i) => order.indexOf(i)))],
  view: (input2, output2, { order }) => ({ shape: output2.shape, strides: order.map((axis) => input2.strides[axis]), offset: input2.offset })
});
var broadcastOp = defineOp({
  kind: "view",
  name: "broadcast",
  infer([x], { shape }) {
    const lead = shape.length - x.shape.length;
    check(lead >= 0 && x.shape.every((n, i) => n === 1 || n === shape[lead + i]), () => `broadcast: ${describe(x)} does not broadcast to [${shape.join(", ")}]`);
    return { shape, dtype: x.dtype };
  },
  reference: ([x], [type], { shape }) => gatherView(x, { shape, strides: broadcastStrides(type.shape, contiguousStrides(type.shape), shape), offset: 0 }),
  vjp(g, [x], _, { shape }) {
    const lead = shape.length - x.shape.length;
    const axes = shape.map((_n, i) => i).filter((i) => i < lead || x.shape[i - lead] === 1 && shape[i] !== 1);
    return [reshape(sum(g, axes), x.shape)];
  },
  view: (input2, output2) => ({
    shape: output2.shape,
    strides: broadcastStrides(input2.shape, input2.strides, output2.shape),
    offset: input2.offset
  })
});
function broadcastStrides(from, strides, to) {
  const lead = to.length - from.length;
  return to.map((n, i) => i < lead || from[i - lead] === 1 && n !== 1 ? 0 : strides[i - lead]);
}
var sliceOp = defineOp({
  kind: "view",
  name: "slice",
  infer([x], { starts, shape }) {
    check(starts.length === x.shape.length && shape.length === x.shape.length && starts.every((s, i) => s >= 0 && shape[i] >= 0 && s + shape[i] <= x.shape[i]), () => `slice: block [${shape.join(", ")}] at [${starts.join(", ")}] must lie inside ${describe(x)}`);
    return { shape, dtype: x.dtype };
  },
  reference: ([x], [type], { starts, shape }) => {
    const strides = contiguousStrides(type.shape);
    return gatherView(x, { shape, strides, offset: starts.reduce((at, s, i) => at + s * strides[i], 0) });
  },
  vjp: (g, [x], _, { starts, shape }) => [pad(g, starts, starts.map((s, i) => x.shape[i] - s - shape[i]))],
  view: (input2, output2, { starts }) => ({
    shape: output2.shape,
    strides: input2.strides,
    offset: starts.reduce((at, s, i) => at + s * input2.strides[i], input2.offset)
  })
});
function reshape(x, shape) {
  const open = shape.indexOf(-1);
  const known = shape.reduce((size, n) => n === -1 ? size : size * n, 1);
  const full = open < 0 ? shape : shape.map((n) => n === -1 ? x.size / known : n);
  return sameShape(full, x.shape) ? x : apply(reshapeOp, [x], { shape: full });
}
function transpose(x, order) {
  return order.every((axis, i) => axis === i) && order.length === x.rank ? x : apply(transposeOp, [x], { order });
}
function broadcast(x, shape) {
  return sameShape(x.shape, shape) ? x : apply(broadcastOp, [x], { shape });
}
function slice(x, axis, start, length) {
  const at = axis < 0 ? axis + x.rank : axis;
  if (start === 0 && length === x.shape[at]) return x;
  return apply(sliceOp, [x], {
    starts: x.shape.map((_, i) => i === at ? start : 0),
    shape: x.shape.map((n, i) => i === at ? length : n)
  });
}

// engine/ops/pad.ts
function place(x, shape, y, full, at) {
  const from = contiguousStrides(shape);
  const to = contiguousStrides(full);
  for (let i = 0; i < x.length; i++) {
    let target = 0;
    for (let axis = 0; axis < shape.length; axis++) {
      target += (Math.floor(i / from[axis]) % shape[axis] + at[axis]) * to[axis];
    }
    y[target] = x[i];
  }
}
function joinAxes(shape, full, at) {
  const n = [];
  const m = [];
  const before = [];
  shape.forEach((size, axis) => {
    const last = n.length - 1;
    if (last >= 0 && size === full[axis]) {
      n[last] *= size;
      m[last] *= size;
      before[last] *= size;
    } else {
      n.push(size);
      m.push(full[axis]);
      before.push(at[axis]);
    }
  });
  while (n.length < 4) {
    n.unshift(1);
    m.unshift(1);
    before.unshift(0);
  }
  check(n.length === 4, () => `pad: at most four axes can be padded at once, found [${shape.join(", ")}] in [${full.join(", ")}]. Pad in two steps.`);
  return { n, m, before };
}
function placeCall(label, x, shape, full, at, fill2) {
  const { n, m, before } = joinAxes(shape, full, at);
  const block = fill2 ? m : n;
  const rows3 = block[0] * block[1] * block[2];
  const lanes = Math.min(64, Math.max(8, 2 ** Math.ceil(Math.log2(block[3]))));
  const [gridY, gridZ] = foldGrid(rows3);
  return {
    label,
    source: pad_default,
    constants: { FILL: fill2 ? 1 : 0, LANES: lanes },
    bindings: [x, output],
    immediates: [...n, ...m, ...before, rows3],
    grid: [groups(block[3], lanes), gridY, gridZ],
    flops: 0,
    bytes: 4 * (rows3 * block[3] + sizeOf(shape))
  };
}
var padOp = defineOp({
  kind: "kernel",
  name: "pad",
  infer([x], { before, after }) {
    check(before.length === x.shape.length && after.length === x.shape.length && [...before, ...after].every((n) => n >= 0), () => `pad: needs non-negative padding for each axis of ${describe(x)}, found [${before.join(", ")}] and [${after.join(", ")}]`);
    return { shape: x.shape.map((n, i) => n + before[i] + after[i]), dtype: x.dtype };
  },
  reference([x], [type], { before, after }) {
    const full = type.shape.map((n, i) => n + before[i] + after[i]);
    const y = new Float64Array(sizeOf(full));
    place(x, type.shape, y, full, before);
    return y;
  },
  vjp: (g, [x], _, { before }) => [apply(sliceOp, [g], { starts: before, shape: x.shape })],
  variants: ([x], y, { before }) => [{ name: "pad", scratch: [], calls: [placeCall("pad", input(0), x.shape, y.shape, before, true)] }]
});
var concatOp = defineOp({
  kind: "kernel",
  name: "concat",
  infer(inputs, { axis }) {
    const first = inputs[0];
    for (const x of inputs) {
      check(x.dtype === first.dtype && x.shape.length === first.shape.length && x.shape.every((n, i) => i === axis || n === first.shape[i]), () => `concat: operands must agree on every axis but ${axis}, found ${inputs.map(describe).join(" and ")}`);
    }
    const total = inputs.reduce((length, x) => length + x.shape[axis], 0);
    return { shape: first.shape.map((n, i) => i === axis ? total : n), dtype: first.dtype };
  },
  reference(inputs, types, { axis }) {
    const total = types.reduce((length, type) => length + type.shape[axis], 0);
    const full = types[0].shape.map((n, i) => i === axis ? total : n);
    const y = new Float64Array(sizeOf(full));
    let start = 0;
    inputs.forEach((x, k) => {
      place(x, types[k].shape, y, full, full.map((_, i) => i === axis ? start : 0));
      start += types[k].shape[axis];
    });
    return y;
  },
  vjp(g, inputs, _, { axis }) {
    let start = 0;
    return inputs.map((x) => {
      const part = apply(sliceOp, [g], { starts: x.shape.map((_n, i) => i === axis ? start : 0), shape: x.shape });
      start += x.shape[axis];
      return part;
    });
  },
  variants(inputs, y, { axis }) {
    let start = 0;
    const calls = inputs.map((x, k) => {
      const at = x.shape.map((_, i) => i === axis ? start : 0);
      start += x.shape[axis];
      return placeCall("concat", input(k), x.shape, y.shape, at, false);
    });
    return [{ name: "concat", scratch: [], calls }];
  }
});
function pad(x, before, after) {
  return [...before, ...after].every((n) => n === 0) ? x : apply(padOp, [x], { before, after });
}
function concat(operands, axis) {
  const at = axis < 0 ? axis + operands[0].rank : axis;
  return operands.length === 1 ? operands[0] : apply(concatOp, operands, { axis: at });
}

// engine/shaders/matmulSubgroup.wgsl
var matmulSubgroup_default = "// matmulSubgroup - batched matrix product in registers, for adapters where loads cost more than arithmetic.\n//\n//   y[batch, m, n] = sum_k a[m, k] b[k, n]\n//\n// bindings   0  a  read        vec4f  [1 or B, M, K], or [.., K, M] with TRANSPOSE_A\n//            1  b  read        vec4f  [1 or B, K, N], or [.., N, K] with TRANSPOSE_B\n//            2  y  read_write  vec4f  [B, M, N]\n// workgroup  one subgroup of 8 lanes: ROWS rows (8 or 16) x 32 columns of y, a lane holding 4 neighbouring columns\n// grid       [ceil(N / 32), ceil(M / ROWS), B]\n// cost       2 * M * N * K flops a batch; 6 or 8 loads feed 8 or 16 times 32 columns x 4 steps of k\n// why        each lane loads a part of the rows of a, and broadcasts hand it to the others: on llvmpipe a load costs\n//            as much as 30 fma, a broadcast two. Indices past the edge repeat the last row or the last columns (which\n//            are then stored twice, with the same values), so the loop needs no guards.\n\noverride TRANSPOSE_A: u32 = 0;\noverride TRANSPOSE_B: u32 = 0;\noverride ROWS: u32 = 16;\n// Whether the last stored axis is a multiple of four, so that vectors can be loaded and stored whole.\noverride WHOLE_A: u32 = 1;\noverride WHOLE_B: u32 = 1;\noverride WHOLE_Y: u32 = 1;\n\nstruct Dims {\n  M: u32, N: u32, K: u32,\n  strideA: u32, strideB: u32,  // elements from one batch to the next; 0 where all share one matrix\n  B: u32,\n}\nvar<immediate> dims: Dims;\n\n@group(0) @binding(0) var<storage, read> a: array<vec4f>;\n@group(0) @binding(1) var<storage, read> b: array<vec4f>;\n@group(0) @binding(2) var<storage, read_write> y: array<vec4f>;\n\nstruct Rows { r0: vec4f, r1: vec4f, r2: vec4f, r3: vec4f, r4: vec4f, r5: vec4f, r6: vec4f, r7: vec4f }\n\nfn elementA(i: u32, inside: bool) -> f32 { return select(0.0, a[i / 4u][i % 4u], inside); }\nfn elementB(i: u32) -> f32 { return b[i / 4u][i % 4u]; }\n\n// Four values of a: of row m0 + lane at k..k + 3; transposed, of k + lane % 4 at rows m0 + lane / 4 * 4 + 0..3.\nfn loadA(base: u32, m0: u32, k: u32, lane: u32) -> vec4f {\n  if (TRANSPOSE_A == 1u) {\n    let row = min(k + lane % 4u, dims.K - 1u);\n    let m = m0 + lane / 4u * 4u;\n    let at = base + row * dims.M;\n    let inside = k + lane % 4u < dims.K;\n    if (WHOLE_A == 1u) { return select(vec4f(), a[(at + min(m, dims.M - 4u)) / 4u], inside); }\n    let last = dims.M - 1u;\n    return vec4f(elementA(at + min(m, last), inside), elementA(at + min(m + 1u, last), inside),\n      elementA(at + min(m + 2u, last), inside), elementA(at + min(m + 3u, last), inside));\n  }\n  let at = base + min(m0 + lane, dims.M - 1u) * dims.K;\n  if (WHOLE_A == 1u) { return a[(at + k) / 4u]; }\n  let last = dims.K - 1u;\n  return vec4f(elementA(at + k, true), elementA(at + min(k + 1u, last), k + 1u <= last),\n    elementA(at + min(k + 2u, last), k + 2u <= last), elementA(at + min(k + 3u, last), k + 3u <= last));\n}\n\n// Values k..k + 3 of columns n..n + 3; past K anything finite, since a is 0 there.\nfn loadB(base: u32, n: u32, k: u32) -> mat4x4f {\n  var block: mat4x4f;\n  for (var i = 0u; i < 4u; i++) {\n    if (TRANSPOSE_B == 1u) {\n      let at = base + min(n + i, dims.N - 1u) * dims.K;\n      let last = dims.K - 1u;\n      if (WHOLE_B == 1u) { block[i] = b[(at + k) / 4u]; }\n      else {\n        block[i] = vec4f(elementB(at + k), elementB(at + min(k + 1u, last)), elementB(at + min(k + 2u, last)),\n          elementB(at + min(k + 3u, last)));\n      }\n    } else {\n      let at = base + min(k + i, dims.K - 1u) * dims.N;\n      let last = dims.N - 1u;\n      if (WHOLE_B == 1u) { block[i] = b[(at + n) / 4u]; }\n      else {\n        block[i] = vec4f(elementB(at + n), elementB(at + min(n + 1u, last)), elementB(at + min(n + 2u, last)),\n          elementB(at + min(n + 3u, last)));\n      }\n    }\n  }\n  if (TRANSPOSE_B == 1u) { return transpose(block); }\n  return block;\n}\n\nfn add(sum: vec4f, a: vec4f, b: mat4x4f) -> vec4f {\n  return fma(a.wwww, b[3], fma(a.zzzz, b[2], fma(a.yyyy, b[1], fma(a.xxxx, b[0], sum))));\n}\n\n// Four values, one from each lane of the lower or the upper half.\nfn lower(v: f32) -> vec4f {\n  return vec4f(subgroupBroadcast(v, 0u), subgroupBroadcast(v, 1u), subgroupBroadcast(v, 2u), subgroupBroadcast(v, 3u));\n}\nfn upper(v: f32) -> vec4f {\n  return vec4f(subgroupBroadcast(v, 4u), subgroupBroadcast(v, 5u), subgroupBroadcast(v, 6u), subgroupBroadcast(v, 7u));\n}\n\nfn addRows(s: Rows, v: vec4f, b: mat4x4f) -> Rows {\n  if (TRANSPOSE_A == 1u) {\n    return Rows(add(s.r0, lower(v.x), b), add(s.r1, lower(v.y), b), add(s.r2, lower(v.z), b), add(s.r3, lower(v.w), b),\n      add(s.r4, upper(v.x), b), add(s.r5, upper(v.y), b), add(s.r6, upper(v.z), b), add(s.r7, upper(v.w), b));\n  }\n  return Rows(add(s.r0, subgroupBroadcast(v, 0u), b), add(s.r1, subgroupBroadcast(v, 1u), b),\n    add(s.r2, subgroupBroadcast(v, 2u), b), add(s.r3, subgroupBroadcast(v, 3u), b),\n    add(s.r4, subgroupBroadcast(v, 4u), b), add(s.r5, subgroupBroadcast(v, 5u), b),\n    add(s.r6, subgroupBroadcast(v, 6u), b), add(s.r7, subgroupBroadcast(v, 7u), b));\n}\n\nfn store(batch: u32, m: u32, n: u32, value: vec4f) {\n  let at = (batch * dims.M + m) * dims.N + n;\n  if (WHOLE_Y == 1u) { y[at / 4u] = value; }\n  else {\n    for (var i = 0u; i < 4u; i++) { if (n + i < dims.N) { y[(at + i) / 4u][(at + i) % 4u] = value[i]; } }\n  }\n}\n\nfn moveUp(s: Rows, last: vec4f) -> Rows { return Rows(s.r1, s.r2, s.r3, s.r4, s.r5, s.r6, s.r7, last); }\n\n@compute @workgroup_size(8)\nfn main(\n  @builtin(local_invocation_index) lane: u32,\n  @builtin(workgroup_id) group: vec3u,\n  @builtin(num_workgroups) groups: vec3u,\n) {\n  let m0 = group.y * ROWS;\n  let n = min(group.x * 32u + lane * 4u, (dims.N - 1u) / 4u * 4u);\n  for (var batch = group.z; batch < dims.B; batch += groups.z) {\n    let baseA = batch * dims.strideA;\n    let baseB = batch * dims.strideB;\n    var top: Rows;\n    var bottom: Rows;\n    for (var k = 0u; k < dims.K; k += 4u) {\n      let block = loadB(baseB, n, k);\n      top = addRows(top, loadA(baseA, m0, k, lane), block);\n      if (ROWS == 16u) { bottom = addRows(bottom, loadA(baseA, m0 + 8u, k, lane), block); }\n    }\n    // A loop, not 16 stores in a row: those would double the time that the compiler takes.\n    for (var m = m0; m < min(m0 + ROWS, dims.M); m++) {\n      store(batch, m, n, top.r0);\n      top = moveUp(top, bottom.r0);\n      bottom = moveUp(bottom, bottom.r7);\n    }\n  }\n}\n";

// engine/shaders/matmulTiled.wgsl
var matmulTiled_default = "// matmulTiled - batched matrix product through tiles in workgroup memory.\n//\n//   y[batch, part, m, n] = sum_k a[m, k] b[k, n]  for k in part\n//\n// bindings   0  a  read        f32  [1 or B, M, K], or [.., K, M] with TRANSPOSE_A\n//            1  b  read        f32  [1 or B, K, N], or [.., N, K] with TRANSPOSE_B\n//            2  y  read_write  f32  [parts, B, M, N]\n// workgroup  a 64 x 64 tile of y; 256 lanes with 4 x 4 values each, K in steps of 16\n// grid       [ceil(N / 64), ceil(M / 64), parts * B]\n// cost       2 * M * N * K flops a batch; every value of a and b is read once a tile row or column\n// why        for GPUs: 8 reads of workgroup memory feed 16 fma; neighbouring lanes load neighbouring addresses\n\noverride TRANSPOSE_A: u32 = 0;\noverride TRANSPOSE_B: u32 = 0;\n\nstruct Dims {\n  M: u32, N: u32, K: u32, B: u32,\n  strideA: u32, strideB: u32,  // elements from one batch to the next; 0 where all share one matrix\n  part: u32,                   // length of a part of K\n  layers: u32,                 // parts * B\n}\nvar<immediate> dims: Dims;\n\n@group(0) @binding(0) var<storage, read> a: array<f32>;\n@group(0) @binding(1) var<storage, read> b: array<f32>;\n@group(0) @binding(2) var<storage, read_write> y: array<f32>;\n\nconst TILE = 64u;\nconst STEP = 16u;\n\n// [STEP][TILE]: k outermost, so that the lanes of a row read neighbours.\nvar<workgroup> tileA: array<f32, 1024>;\nvar<workgroup> tileB: array<f32, 1024>;\n\n// What element `i` of 1024 of a tile is, as (row or column, k): neighbours lie along the axis stored last.\nfn place(i: u32, kLast: bool) -> vec2u {\n  return select(vec2u(i % TILE, i / TILE), vec2u(i / STEP, i % STEP), kLast);\n}\n\n@compute @workgroup_size(256)\nfn main(\n  @builtin(local_invocation_index) lane: u32,\n  @builtin(workgroup_id) group: vec3u,\n  @builtin(num_workgroups) groups: vec3u,\n) {\n  let m0 = group.y * TILE;\n  let n0 = group.x * TILE;\n  let row = (lane / 16u) * 4u;\n  let column = (lane % 16u) * 4u;\n  for (var layer = group.z; layer < dims.layers; layer += groups.z) {\n    let batch = layer % dims.B;\n    let start = (layer / dims.B) * dims.part;\n    let end = min(start + dims.part, dims.K);\n    let baseA = batch * dims.strideA;\n    let baseB = batch * dims.strideB;\n    var sum: array<vec4f, 4>;\n    for (var k0 = start; k0 < end; k0 += STEP) {\n      for (var i = lane; i < TILE * STEP; i += 256u) {\n        let atA = place(i, TRANSPOSE_A == 0u);\n        let m = m0 + atA.x;\n        let kA = k0 + atA.y;\n        var value = 0.0;\n        if (m < dims.M && kA < end) {\n          value = a[baseA + select(m * dims.K + kA, kA * dims.M + m, TRANSPOSE_A == 1u)];\n        }\n        tileA[atA.y * TILE + atA.x] = value;\n        let atB = place(i, TRANSPOSE_B == 1u);\n        let n = n0 + atB.x;\n        let kB = k0 + atB.y;\n        value = 0.0;\n        if (n < dims.N && kB < end) {\n          value = b[baseB + select(kB * dims.N + n, n * dims.K + kB, TRANSPOSE_B == 1u)];\n        }\n        tileB[atB.y * TILE + atB.x] = value;\n      }\n      workgroupBarrier();\n      for (var k = 0u; k < STEP; k++) {\n        let at = k * TILE;\n        let first = at + column;\n        let right = vec4f(tileB[first], tileB[first + 1u], tileB[first + 2u], tileB[first + 3u]);\n        for (var i = 0u; i < 4u; i++) { sum[i] = fma(vec4f(tileA[at + row + i]), right, sum[i]); }\n      }\n      workgroupBarrier();\n    }\n    for (var i = 0u; i < 4u; i++) {\n      for (var j = 0u; j < 4u; j++) {\n        let m = m0 + row + i;\n        let n = n0 + column + j;\n        if (m < dims.M && n < dims.N) { y[(layer * dims.M + m) * dims.N + n] = sum[i][j]; }\n      }\n    }\n  }\n}\n";

// engine/ops/matmul.ts
function sizesOf(a, b, { transposeA, transposeB }) {
  return {
    B: Math.max(a.shape[0], b.shape[0]),
    M: a.shape[transposeA ? 2 : 1],
    N: b.shape[transposeB ? 1 : 2],
    K: a.shape[transposeA ? 1 : 2]
  };
}
var matmulOp = defineOp({
  kind: "kernel",
  name: "matmul",
  infer([a, b], attrs) {
    expectRank("matmul", "a", a, 3);
    expectRank("matmul", "b", b, 3);
    expectDType("matmul", "a", a, "f32");
    expectDType("matmul", "b", b, "f32");
    const { B, M, N, K } = sizesOf(a, b, attrs);
    const found = () => `found a ${describe(a)}${attrs.transposeA ? " (transposed)" : ""} and b ${describe(b)}${attrs.transposeB ? " (transposed)" : ""}`;
    const inner = b.shape[attrs.transposeB ? 2 : 1];
    check(inner === K, () => `matmul: a has ${K} columns but b has ${inner} rows; ${found()}`);
    check(M <= 8 * maxGroupsPerAxis && N <= 32 * maxGroupsPerAxis, () => `matmul: at most ${8 * maxGroupsPerAxis} rows and ${32 * maxGroupsPerAxis} columns; ${found()}`);
    check([a, b].every((x) => x.shape[0] === B || x.shape[0] === 1), () => `matmul: batches must be equal or 1; ${found()}`);
    return { shape: [B, M, N], dtype: "f32" };
  },
  reference([a, b], [typeA, typeB], attrs) {
    const { B, M, N, K } = sizesOf(typeA, typeB, attrs);
    const y = new Float64Array(B * M * N);
    const [stepM, stepKa] = attrs.transposeA ? [1, M] : [K, 1];
    const [stepKb, stepN] = attrs.transposeB ? [1, K] : [N, 1];
    for (let batch = 0; batch < B; batch++) {
      const baseA = typeA.shape[0] === 1 ? 0 : batch * M * K;
      const baseB = typeB.shape[0] === 1 ? 0 : batch * K * N;
      for (let m = 0; m < M; m++) {
        for (let n = 0; n < N; n++) {
          let total = 0;
          for (let k = 0; k < K; k++) {
            total += a[baseA + m * stepM + k * stepKa] * b[baseB + k * stepKb + n * stepN];
          }
          y[(batch * M + m) * N + n] = total;
        }
      }
    }
    return y;
  },
  vjp(g, [a, b], _, { transposeA, transposeB }) {
    const product = (x, y, tx, ty) => apply(matmulOp, [x, y], { transposeA: tx, transposeB: ty });
    const dA = transposeA ? product(b, g, transposeB, true) : product(g, b, false, !transposeB);
    const dB = transposeB ? product(g, a, true, transposeA) : product(a, g, !transposeA, false);
    const like = (d, x) => d.shape[0] === x.shape[0] ? d : sum(d, [0], true);
    return [like(dA, a), like(dB, b)];
  },
  variants([a, b], _, attrs, device) {
    const inGroups = tiled(a, b, attrs, device);
    if (!hasCheapBroadcast(device)) return [inGroups];
    return [inRegisters(a, b, attrs), inGroups];
  }
});
function sumParts(from, to, parts, size) {
  const lanes = size >= 64 ? 64 : 8;
  return {
    label: "reduceColumns",
    source: reduceColumns_default,
    constants: { MODE: 0, LANES: lanes },
    bindings: [from, to],
    immediates: [1, parts, size, parts, 1],
    grid: [groups(size, lanes), 1, 1],
    flops: parts * size,
    bytes: 4 * (parts + 1) * size
  };
}
function partsFor(tiles, length, device) {
  const wanted = device.software ? 4 : 256;
  return Math.max(1, Math.min(Math.floor(wanted / tiles), Math.floor(length / 256)));
}
var hasCheapBroadcast = (device) => device.software && device.subgroups && device.subgroupSize === 8;
function inRegisters(a, b, attrs) {
  const { B, M, N, K } = sizesOf(a, b, attrs);
  const rows3 = M <= 8 || B * groups(M, 16) * groups(N, 32) === 1 ? 8 : 16;
  const whole = (length) => length % 4 === 0 ? 1 : 0;
  return {
    name: "subgroup",
    scratch: [],
    calls: [{
      label: "matmulSubgroup",
      source: matmulSubgroup_default,
      constants: {
        TRANSPOSE_A: attrs.transposeA ? 1 : 0,
        TRANSPOSE_B: attrs.transposeB ? 1 : 0,
        ROWS: rows3,
        WHOLE_A: whole(a.shape[2]),
        WHOLE_B: whole(b.shape[2]),
        WHOLE_Y: whole(N)
      },
      bindings: [input(0), input(1), output],
      immediates: [M, N, K, a.shape[0] === 1 ? 0 : M * K, b.shape[0] === 1 ? 0 : K * N, B],
      grid: [groups(N, 32), groups(M, rows3), Math.min(B, maxGroupsPerAxis)],
      flops: 2 * B * M * N * K,
      bytes: 4 * (sizeOf(a.shape) + sizeOf(b.shape) + B * M * N)
    }]
  };
}
function tiled(a, b, attrs, device) {
  const { B, M, N, K } = sizesOf(a, b, attrs);
  const wanted = partsFor(groups(M, 64) * groups(N, 64) * B, K, device);
  const part = Math.ceil(K / wanted / 16) * 16;
  const parts = groups(K, part);
  const product = {
    label: "matmulTiled",
    source: matmulTiled_default,
    constants: { TRANSPOSE_A: attrs.transposeA ? 1 : 0, TRANSPOSE_B: attrs.transposeB ? 1 : 0 },
    bindings: [input(0), input(1), parts > 1 ? scratch(0) : output],
    immediates: [M, N, K, B, a.shape[0] === 1 ? 0 : M * K, b.shape[0] === 1 ? 0 : K * N, part, parts * B],
    grid: [groups(N, 64), groups(M, 64), Math.min(parts * B, maxGroupsPerAxis)],
    flops: 2 * B * M * N * K,
    bytes: 4 * (sizeOf(a.shape) + sizeOf(b.shape) + parts * B * M * N)
  };
  if (parts === 1) return { name: "tiled", scratch: [], calls: [product] };
  const size = B * M * N;
  return { name: "tiled", scratch: [4 * parts * size], calls: [product, sumParts(scratch(0), output, parts, size)] };
}
function matmul(a, b, options = {}) {
  const { transposeA = false, transposeB = false } = options;
  check(a.rank >= 2 && b.rank >= 2, () => `matmul: operands must have at least 2 axes, found a ${describe(a)} and b ${describe(b)}`);
  const lead = leadingShape(a, b);
  const batch = sizeOf(lead);
  const fold = (x) => {
    const own = sizeOf(x.shape.slice(0, -2));
    const whole = own === 1 || own === batch ? x : broadcast(x, [...lead, ...x.shape.slice(-2)]);
    return reshape(whole, [own === 1 ? 1 : batch, ...x.shape.slice(-2)]);
  };
  let [left, right] = [fold(a), fold(b)];
  if (right.shape[0] === 1 && !transposeA) left = reshape(left, [1, -1, left.shape[2]]);
  const y = apply(matmulOp, [left, right], { transposeA, transposeB });
  return reshape(y, [...lead, a.shape.at(transposeA ? -1 : -2), y.shape[2]]);
}
function leadingShape(a, b) {
  const rank = Math.max(a.rank, b.rank) - 2;
  const lead = (x, i) => x.shape[i - rank + x.rank - 2] ?? 1;
  return Array.from({ length: rank }, (_, i) => {
    const [m, n] = [lead(a, i), lead(b, i)];
    check(m === n || m === 1 || n === 1, () => `matmul: leading axes must be equal or 1, found a ${describe(a)} and b ${describe(b)}`);
    return Math.max(m, n);
  });
}
function linear(x, weight, bias = null) {
  const K = x.shape.at(-1);
  check(weight.rank === 2 && weight.shape[1] === K, () => `linear: x has ${K} columns but weight expects ${weight.shape[1]} (x ${describe(x)}, weight ${describe(weight)})`);
  check(bias === null || bias.rank === 1 && bias.shape[0] === weight.shape[0], () => `linear: bias must be [${weight.shape[0]}], found ${describe(bias)}`);
  const rows3 = matmul(reshape(x, [-1, K]), weight, { transposeB: true });
  const y = reshape(rows3, [...x.shape.slice(0, -1), weight.shape[0]]);
  return bias ? call("add", y, broadcast(bias, y.shape)) : y;
}

// engine/shaders/gather.wgsl
var gather_default = "// gather - rows of a table by their numbers.\n//\n//   y[m, d] = table[ids[m], d] where 0 <= ids[m] < k, else 0\n//\n// bindings   0  table  read        u32  [k, d]    (any 32-bit element type, moved as bits)\n//            1  ids    read        i32  [m]\n//            2  y      read_write  u32  [m, d]\n// workgroup  LANES neighbouring elements of y\n// grid       [ceil(m * d / LANES), 1, 1] folded into x and y\n// cost       reads and writes m * d values once; memory bound\n\noverride LANES: u32 = 64;\n\nstruct Dims { k: u32, d: u32, count: u32 }\nvar<immediate> dims: Dims;\n\n@group(0) @binding(0) var<storage, read> table: array<u32>;\n@group(0) @binding(1) var<storage, read> ids: array<i32>;\n@group(0) @binding(2) var<storage, read_write> y: array<u32>;\n\n@compute @workgroup_size(LANES)\nfn main(\n  @builtin(local_invocation_index) lane: u32,\n  @builtin(workgroup_id) group: vec3u,\n  @builtin(num_workgroups) groups: vec3u,\n) {\n  let i = (group.y * groups.x + group.x) * LANES + lane;\n  if (i >= dims.count) { return; }\n  let m = i / dims.d;\n  // A negative number is a large one as u32, so one comparison serves both ends.\n  let row = u32(ids[m]);\n  let inside = row < dims.k;\n  y[i] = select(0u, table[select(0u, row * dims.d + i - m * dims.d, inside)], inside);\n}\n";

// engine/shaders/scatterAdd.wgsl
var scatterAdd_default = "// scatterAdd - sums of the rows that share an id.\n//\n//   y[k, d] = sum of values[sorted[i].position, d]  for i in starts[k] .. starts[k + 1] - 1\n//\n// bindings   0  values  read        f32    [m, d]\n//            1  sorted  read        vec2i  [m]          (id, position), ascending\n//            2  starts  read        u32    [rows + 1]\n//            3  y       read_write  f32    [rows, d]\n// workgroup  one row and COLUMNS neighbouring columns; WALKERS lanes a column share the run\n// grid       [rows * ceil(d / COLUMNS), 1, 1] folded into x and y\n// cost       reads every value once, writes every row once; memory bound\n// why        f32 has no atomics; a fixed order of summation repeats bit for bit\n\noverride COLUMNS: u32 = 64;\noverride WALKERS: u32 = 1;\n\nstruct Dims { rows: u32, d: u32 }\nvar<immediate> dims: Dims;\n\n@group(0) @binding(0) var<storage, read> values: array<f32>;\n@group(0) @binding(1) var<storage, read> sorted: array<vec2i>;\n@group(0) @binding(2) var<storage, read> starts: array<u32>;\n@group(0) @binding(3) var<storage, read_write> y: array<f32>;\n\nvar<workgroup> partial: array<f32, COLUMNS * WALKERS>;\n\n@compute @workgroup_size(COLUMNS, WALKERS)\nfn main(\n  @builtin(local_invocation_id) lane: vec3u,\n  @builtin(workgroup_id) group: vec3u,\n  @builtin(num_workgroups) groups: vec3u,\n) {\n  let pieces = (dims.d + COLUMNS - 1u) / COLUMNS;\n  let place = group.y * groups.x + group.x;\n  let row = place / pieces;\n  if (row >= dims.rows) { return; }\n  let column = (place % pieces) * COLUMNS + lane.x;\n  let inside = column < dims.d;\n  let end = starts[row + 1u];\n  var total = 0.0;\n  for (var i = starts[row] + lane.y; inside && i < end; i += WALKERS) {\n    total += values[u32(sorted[i].y) * dims.d + column];\n  }\n  if (WALKERS > 1u) {\n    partial[lane.y * COLUMNS + lane.x] = total;\n    workgroupBarrier();\n    for (var walker = 1u; lane.y == 0u && walker < WALKERS; walker++) { total += partial[walker * COLUMNS + lane.x]; }\n  }\n  if (inside && lane.y == 0u) { y[row * dims.d + column] = total; }\n}\n";

// engine/shaders/scatterAddOrder.wgsl
var scatterAddOrder_default = "// scatterAddOrder - positions sorted by id, equal ids in the order in which they come.\n//\n//   sorted[rank(m)] = (ids[m], m),  rank(m) = count of m' with ids[m'] < ids[m], or equal and m' < m\n//\n// bindings   0  ids     read        i32    [m]\n//            1  sorted  read_write  vec2i  [m]\n// workgroup  LANES neighbouring positions; each lane compares its own with all\n// grid       [ceil(m / LANES), 1, 1] folded into x and y\n// cost       m^2 comparisons, the same address for all lanes; small beside what made the values\n// why        a rank by counting is stable and needs neither atomics nor passes\n\noverride LANES: u32 = 64;\n\nstruct Dims { m: u32 }\nvar<immediate> dims: Dims;\n\n@group(0) @binding(0) var<storage, read> ids: array<i32>;\n@group(0) @binding(1) var<storage, read_write> sorted: array<vec2i>;\n\n@compute @workgroup_size(LANES)\nfn main(\n  @builtin(local_invocation_index) lane: u32,\n  @builtin(workgroup_id) group: vec3u,\n  @builtin(num_workgroups) groups: vec3u,\n) {\n  let m = (group.y * groups.x + group.x) * LANES + lane;\n  if (m >= dims.m) { return; }\n  let id = ids[m];\n  var rank = 0u;\n  for (var i = 0u; i < m; i++) { rank += select(0u, 1u, ids[i] <= id); }\n  for (var i = m + 1u; i < dims.m; i++) { rank += select(0u, 1u, ids[i] < id); }\n  sorted[rank] = vec2i(id, i32(m));\n}\n";

// engine/shaders/scatterAddStarts.wgsl
var scatterAddStarts_default = "// scatterAddStarts - where the run of each row begins among sorted ids.\n//\n//   starts[k] = count of ids below k,  for k in 0 .. rows\n//\n// bindings   0  sorted  read        vec2i  [m]          (id, position), ascending\n//            1  starts  read_write  u32    [rows + 1]\n// workgroup  LANES neighbouring rows; each lane searches by halving\n// grid       [ceil((rows + 1) / LANES), 1, 1] folded into x and y\n// cost       rows * log2(m) reads\n\noverride LANES: u32 = 64;\n\nstruct Dims { m: u32, rows: u32 }\nvar<immediate> dims: Dims;\n\n@group(0) @binding(0) var<storage, read> sorted: array<vec2i>;\n@group(0) @binding(1) var<storage, read_write> starts: array<u32>;\n\n@compute @workgroup_size(LANES)\nfn main(\n  @builtin(local_invocation_index) lane: u32,\n  @builtin(workgroup_id) group: vec3u,\n  @builtin(num_workgroups) groups: vec3u,\n) {\n  let k = (group.y * groups.x + group.x) * LANES + lane;\n  if (k > dims.rows) { return; }\n  var low = 0u;\n  var high = dims.m;\n  while (low < high) {\n    let middle = (low + high) / 2u;\n    if (sorted[middle].x < i32(k)) { low = middle + 1u; } else { high = middle; }\n  }\n  starts[k] = low;\n}\n";

// engine/ops/scatterAdd.ts
var scatterAddOp = defineOp({
  kind: "kernel",
  name: "scatterAdd",
  infer(inputs, { rows: rows3 }) {
    expectInputs("scatterAdd", inputs, 2);
    const [values, ids] = inputs;
    expectRank("scatterAdd", "values", values, 2);
    expectDType("scatterAdd", "values", values, "f32");
    expectRank("scatterAdd", "ids", ids, 1);
    expectDType("scatterAdd", "ids", ids, "i32");
    check(values.shape[0] === ids.shape[0], () => `scatterAdd: needs one id a row, found values ${describe(values)} and ids ${describe(ids)}`);
    check(rows3 >= 1, () => `scatterAdd: the result must have at least one row, found ${rows3}`);
    return { shape: [rows3, values.shape[1]], dtype: "f32" };
  },
  reference([values, ids], [type], { rows: rows3 }) {
    const D = type.shape[1];
    const y = new Float64Array(rows3 * D);
    ids.forEach((id, m) => {
      if (id < 0 || id >= rows3) return;
      for (let d = 0; d < D; d++) y[id * D + d] += values[m * D + d];
    });
    return y;
  },
  vjp: (g, [, ids]) => [gather(g, ids), null],
  variants([values], _y, { rows: rows3 }, device) {
    const [M, D] = values.shape;
    const columns2 = D <= 8 ? 8 : 64;
    const before = [
      {
        label: "scatterAddOrder",
        source: scatterAddOrder_default,
        constants: { LANES: 64 },
        bindings: [input(1), scratch(0)],
        immediates: [M],
        grid: foldGrid(groups(M, 64)),
        flops: M * M,
        bytes: 12 * M
      },
      {
        label: "scatterAddStarts",
        source: scatterAddStarts_default,
        constants: { LANES: 64 },
        bindings: [scratch(0), scratch(1)],
        immediates: [M, rows3],
        grid: foldGrid(groups(rows3 + 1, 64)),
        flops: 0,
        bytes: 8 * M + 4 * rows3
      }
    ];
    const variant = (name, walkers) => ({
      name,
      scratch: [8 * M, 4 * (rows3 + 1)],
      calls: [...before, {
        label: `scatterAdd ${name}`,
        source: scatterAdd_default,
        constants: { COLUMNS: columns2, WALKERS: walkers },
        bindings: [input(0), scratch(0), scratch(1), output],
        immediates: [rows3, D],
        grid: foldGrid(rows3 * groups(D, columns2)),
        flops: M * D,
        bytes: 4 * (M * D + rows3 * D)
      }]
    });
    const both = [variant("walkers", 4), variant("single", 1)];
    return device.software ? both.reverse() : both;
  }
});
var scatterAdd = (values, ids, rows3) => apply(scatterAddOp, [values, ids], { rows: rows3 });

// engine/ops/gather.ts
var gatherOp = defineOp({
  kind: "kernel",
  name: "gather",
  infer(inputs) {
    expectInputs("gather", inputs, 2);
    const [table2, ids] = inputs;
    check(table2.shape.length >= 1, () => `gather: table must have rows along its first axis, found ${describe(table2)}`);
    expectDType("gather", "table", table2, "f32", "i32", "u32");
    expectDType("gather", "ids", ids, "i32");
    return { shape: [...ids.shape, ...table2.shape.slice(1)], dtype: table2.dtype };
  },
  reference([table2, ids], [type]) {
    const K = type.shape[0];
    const D = table2.length / K;
    const y = new Float64Array(ids.length * D);
    ids.forEach((id, m) => {
      if (id >= 0 && id < K) y.set(table2.subarray(id * D, id * D + D), m * D);
    });
    return y;
  },
  vjp(g, [table2, ids]) {
    if (table2.dtype !== "f32") return [null, null];
    const M = ids.size;
    const rows3 = scatterAdd(reshape(g, [M, g.size / M]), reshape(ids, [M]), table2.shape[0]);
    return [reshape(rows3, table2.shape), null];
  },
  variants([table2, ids], y) {
    const count = sizeOf(y.shape);
    const d = count / sizeOf(ids.shape);
    return [{
      name: "gather",
      scratch: [],
      calls: [{
        label: "gather",
        source: gather_default,
        constants: { LANES: 64 },
        bindings: [input(0), input(1), output],
        immediates: [table2.shape[0], d, count],
        grid: foldGrid(groups(count, 64)),
        flops: 0,
        bytes: 4 * (2 * count + count / d)
      }]
    }];
  }
});
var gather = (table2, ids) => apply(gatherOp, [table2, ids], null);

// engine/shaders/rowDistances.wgsl
var rowDistances_default = "// rowDistances - squared Euclidean distance of every row of x to every row of a table.\n//\n//   y[m, k] = sum_d (x[first + m, d] - table[k, d])^2\n//\n// bindings   0  x      read        f32  [first + rows .., d]\n//            1  table  read        f32  [k, d]\n//            2  y      read_write  f32  [rows, k]\n// workgroup  a 32 x 32 tile of y; 8 x 8 lanes with 4 x 4 distances each, 16 columns of both staged at a time\n// grid       [ceil(rows / 32) * ceil(k / 32), 1, 1] folded into x and y\n// cost       3 * rows * k * d flops\n// why        differences, not |x|^2 - 2 x.t + |t|^2: the short form loses the digits that tell near rows apart\n\nconst tile = 32u;\nconst depth = 4u;  // vec4 columns staged at a time\n\nstruct Dims { rows: u32, k: u32, d: u32, first: u32 }\nvar<immediate> dims: Dims;\n\n@group(0) @binding(0) var<storage, read> x: array<f32>;\n@group(0) @binding(1) var<storage, read> table: array<f32>;\n@group(0) @binding(2) var<storage, read_write> y: array<f32>;\n\n// [depth][tile], so that neighbouring lanes read neighbouring vectors.\nvar<workgroup> xTile: array<vec4f, 128>;\nvar<workgroup> tableTile: array<vec4f, 128>;\n\nfn loadX(row: u32, column: u32) -> f32 {\n  let inside = row < dims.rows && column < dims.d;\n  return select(0.0, x[select(0u, (dims.first + row) * dims.d + column, inside)], inside);\n}\n\nfn loadTable(row: u32, column: u32) -> f32 {\n  let inside = row < dims.k && column < dims.d;\n  return select(0.0, table[select(0u, row * dims.d + column, inside)], inside);\n}\n\n@compute @workgroup_size(64)\nfn main(\n  @builtin(local_invocation_index) lane: u32,\n  @builtin(workgroup_id) group: vec3u,\n  @builtin(num_workgroups) groups: vec3u,\n) {\n  let across = (dims.k + tile - 1u) / tile;\n  let place = group.y * groups.x + group.x;\n  let m0 = place / across * tile;\n  let k0 = place % across * tile;\n  if (m0 >= dims.rows) { return; }\n  let i = lane / 8u;\n  let j = lane % 8u;\n  var sums: array<vec4f, 4>;  // of row i + 8 r, one component for each of the columns j + 8 c\n  for (var d0 = 0u; d0 < dims.d; d0 += 4u * depth) {\n    for (var at = lane; at < 128u; at += 64u) {\n      let row = at / depth;\n      let column = d0 + at % depth * 4u;\n      if (column >= dims.d) { continue; }\n      let to = at % depth * tile + row;\n      let m = m0 + row;\n      let k = k0 + row;\n      xTile[to] = vec4f(loadX(m, column), loadX(m, column + 1u), loadX(m, column + 2u), loadX(m, column + 3u));\n      tableTile[to] = vec4f(loadTable(k, column), loadTable(k, column + 1u), loadTable(k, column + 2u),\n        loadTable(k, column + 3u));\n    }\n    workgroupBarrier();\n    // Codebooks have rows of three or four numbers: most of the depth would be zeros.\n    let used = min(depth, (dims.d - d0 + 3u) / 4u);\n    for (var q = 0u; q < used; q++) {\n      let t0 = tableTile[q * tile + j];\n      let t1 = tableTile[q * tile + j + 8u];\n      let t2 = tableTile[q * tile + j + 16u];\n      let t3 = tableTile[q * tile + j + 24u];\n      for (var r = 0u; r < 4u; r++) {\n        let v = xTile[q * tile + i + 8u * r];\n        sums[r] += vec4f(dot(v - t0, v - t0), dot(v - t1, v - t1), dot(v - t2, v - t2), dot(v - t3, v - t3));\n      }\n    }\n    workgroupBarrier();\n  }\n  for (var r = 0u; r < 4u; r++) {\n    let m = m0 + i + 8u * r;\n    for (var c = 0u; c < 4u; c++) {\n      let k = k0 + j + 8u * c;\n      if (m < dims.rows && k < dims.k) { y[m * dims.k + k] = sums[r][c]; }\n    }\n  }\n}\n";

// engine/ops/rowDistances.ts
function expectRows(name, inputs) {
  const [x, table2] = inputs;
  for (const [operand, type] of [["x", x], ["table", table2]]) {
    expectRank(name, operand, type, 2);
    expectDType(name, operand, type, "f32");
  }
  check(x.shape[1] === table2.shape[1], () => `${name}: rows must have one width, found x ${describe(x)} and table ${describe(table2)}`);
}
function squaredDistance(x, m, table2, k, D) {
  let distance = 0;
  for (let d = 0; d < D; d++) distance += (x[m * D + d] - table2[k * D + d]) ** 2;
  return distance;
}
function rowDistancesCall(y, first, rows3, K, D) {
  return {
    label: "rowDistances",
    source: rowDistances_default,
    constants: {},
    bindings: [input(0), input(1), y],
    immediates: [rows3, K, D, first],
    grid: foldGrid(groups(rows3, 32) * groups(K, 32)),
    flops: 3 * rows3 * K * D,
    bytes: 4 * (rows3 * D + K * D + rows3 * K)
  };
}
var rowDistancesOp = defineOp({
  kind: "kernel",
  name: "rowDistances",
  infer(inputs) {
    expectInputs("rowDistances", inputs, 2);
    expectRows("rowDistances", inputs);
    return { shape: [inputs[0].shape[0], inputs[1].shape[0]], dtype: "f32" };
  },
  reference([x, table2], types) {
    const [M, D] = types[0].shape;
    const K = types[1].shape[0];
    const y = new Float64Array(M * K);
    for (let m = 0; m < M; m++) for (let k = 0; k < K; k++) y[m * K + k] = squaredDistance(x, m, table2, k, D);
    return y;
  },
  vjp: (g, [x, table2]) => [pull(g, x, table2, false), pull(g, table2, x, true)],
  variants([x, table2]) {
    const [M, D] = x.shape;
    return [{ name: "tiles", scratch: [], calls: [rowDistancesCall(output, 0, M, table2.shape[0], D)] }];
  }
});
function pull(g, rows3, others, transposed) {
  const totals = reshape(sum(g, [transposed ? 0 : 1]), [rows3.shape[0], 1]);
  const own = call("mul", broadcast(totals, rows3.shape), rows3);
  const half = call("sub", own, matmul(g, others, { transposeA: transposed }));
  return call("add", half, half);
}
function unitRows(x) {
  const squares = sum(call("mul", x, x), [1], true);
  const length = call("sqrt", call("maximum", squares, broadcast(constant(1e-30), squares.shape)));
  return call("div", x, broadcast(length, x.shape));
}
function rowDistances(x, table2, metric) {
  if (metric === "l2") return apply(rowDistancesOp, [x, table2], null);
  const squared = apply(rowDistancesOp, [unitRows(x), unitRows(table2)], null);
  return call("mul", squared, broadcast(constant(0.5), squared.shape));
}

// engine/shaders/random.wgsl
var random_default = "// random - counter-based random numbers: Threefry-2x32, 20 rounds [Salmon et al. 2011].\n//\n//   y[i] = KIND(threefry(key (seed, stream), counter (i, step)))\n//   KIND 0  uniform in [0, 1) with 24 bits\n//        1  standard normal: the cosine of the pair that Box and Muller's transform makes of the two words\n//        2  integer low + floor(uniform * range), exactly\n//\n// bindings   0  key  read        u32  [2]    (seed, step)\n//            1  y    read_write  u32  [n]    (bits of f32, or of i32)\n// workgroup  LANES neighbouring values\n// grid       [ceil(n / LANES), 1, 1] folded into x and y\n// cost       about 100 integer operations a value; compute bound\n// why        own log and cos: WGSL lets those of the adapter be off by 2^-21 and 2^-11, and streams must agree\n\noverride LANES: u32 = 64;\noverride KIND: u32 = 0;\n\nstruct Dims { stream: u32, low: u32, range: u32, n: u32 }\nvar<immediate> dims: Dims;\n\n@group(0) @binding(0) var<storage, read> key: array<u32>;\n@group(0) @binding(1) var<storage, read_write> y: array<u32>;\n\nfn fourRounds(words: vec2u, r: vec4u) -> vec2u {\n  var x = words;\n  for (var i = 0u; i < 4u; i++) {\n    x.x += x.y;\n    x.y = ((x.y << r[i]) | (x.y >> (32u - r[i]))) ^ x.x;\n  }\n  return x;\n}\n\nfn threefry(seed: u32, stream: u32, counter: vec2u) -> vec2u {\n  let even = vec4u(13u, 15u, 26u, 6u);\n  let odd = vec4u(17u, 29u, 16u, 24u);\n  let last = seed ^ stream ^ 0x1bd11bdau;\n  var x = fourRounds(counter + vec2u(seed, stream), even) + vec2u(stream, last + 1u);\n  x = fourRounds(x, odd) + vec2u(last, seed + 2u);\n  x = fourRounds(x, even) + vec2u(seed, stream + 3u);\n  x = fourRounds(x, odd) + vec2u(stream, last + 4u);\n  return fourRounds(x, even) + vec2u(last, seed + 5u);\n}\n\n// Natural logarithm of n / 2^24, 1 <= n <= 2^24: n = m 2^e with m in [sqrt(1/2), sqrt(2)), then the series of\n// log m = 2 artanh((m - 1) / (m + 1)), whose first term left out is below 1e-9.\nfn logOfFraction(n: u32) -> f32 {\n  let bits = bitcast<u32>(f32(n));\n  let large = (bits & 0x7fffffu) > 0x3504f3u;\n  let exponent = i32(bits >> 23u) - 127 - 24 + select(0, 1, large);\n  let m = bitcast<f32>((bits & 0x7fffffu) | select(0x3f800000u, 0x3f000000u, large));\n  let s = (m - 1.0) / (m + 1.0);\n  let q = s * s;\n  let series = s + s * q * (1.0 / 3.0 + q * (0.2 + q * (1.0 / 7.0 + q * (1.0 / 9.0))));\n  return f32(exponent) * 0.69314718 + 2.0 * series;\n}\n\n// cos(2 pi n / 2^24): the nearest quarter turn in integers, then a Taylor series within an eighth of a turn.\nfn cosOfTurn(n: u32) -> f32 {\n  let quarter = (n + 0x200000u) >> 22u;\n  let a = f32(i32(n) - i32(quarter << 22u)) * 3.7450702e-7;\n  let q = a * a;\n  let cosine = 1.0 - q * (0.5 - q * (1.0 / 24.0 - q * (1.0 / 720.0 - q * (1.0 / 40320.0))));\n  let sine = a * (1.0 - q * (1.0 / 6.0 - q * (1.0 / 120.0 - q * (1.0 / 5040.0 - q * (1.0 / 362880.0)))));\n  let value = select(cosine, sine, (quarter & 1u) == 1u);\n  return select(value, -value, ((quarter + 1u) & 2u) == 2u);\n}\n\n@compute @workgroup_size(LANES)\nfn main(\n  @builtin(local_invocation_index) lane: u32,\n  @builtin(workgroup_id) group: vec3u,\n  @builtin(num_workgroups) groups: vec3u,\n) {\n  let i = (group.y * groups.x + group.x) * LANES + lane;\n  if (i >= dims.n) { return; }\n  let words = threefry(key[0], dims.stream, vec2u(i, key[1])) >> vec2u(8u);\n  if (KIND == 0u) {\n    y[i] = bitcast<u32>(f32(words.x) / 16777216.0);\n  } else if (KIND == 1u) {\n    y[i] = bitcast<u32>(sqrt(-2.0 * logOfFraction(words.x + 1u)) * cosOfTurn(words.y));\n  } else {\n    // floor(word * range / 2^24) in two halves of 12 bits, so that nothing overflows while range <= 2^20.\n    let high = (words.x >> 12u) * dims.range;\n    let low = ((words.x & 0xfffu) * dims.range) >> 12u;\n    y[i] = dims.low + ((high + low) >> 12u);\n  }\n}\n";

// engine/ops/random.ts
var kinds = ["uniform", "normal", "integer"];
var maxRange = 2 ** 20;
var randomOp = defineOp({
  kind: "kernel",
  name: "random",
  infer(inputs, { kind, shape, low, range, stream }) {
    expectInputs("random", inputs, 1);
    const [key] = inputs;
    expectDType("random", "key", key, "u32");
    check(sameShape(key.shape, [2]), () => `random: key must be u32 [2] (seed, step), found ${describe(key)}`);
    check(Number.isInteger(low) && Number.isInteger(range) && range >= 1 && range <= maxRange, () => `random: stream ${stream} needs whole bounds, 1 to ${maxRange} apart, found ${low} and ${low + range}`);
    return { shape, dtype: kind === "integer" ? "i32" : "f32" };
  },
  reference([key], _types, { kind, shape, stream, low, range }) {
    const [seed, step] = key;
    const hash = hashName(stream);
    const y = new Float64Array(sizeOf(shape));
    for (let i = 0; i < y.length; i++) {
      const [word0, word1] = threefry2x32(seed, hash, i, step);
      if (kind === "normal") y[i] = normalsFromWords(word0, word1)[0];
      else y[i] = kind === "uniform" ? unitFromWord(word0) : low + Math.floor(unitFromWord(word0) * range);
    }
    return y;
  },
  vjp: () => [null],
  variants(_inputs, y, { kind, stream, low, range }) {
    const n = sizeOf(y.shape);
    return [{
      name: "random",
      scratch: [],
      calls: [{
        label: `random ${kind}`,
        source: random_default,
        constants: { LANES: 64, KIND: kinds.indexOf(kind) },
        bindings: [input(0), output],
        immediates: [hashName(stream), low >>> 0, range, n],
        grid: foldGrid(groups(n, 64)),
        flops: 100 * n,
        bytes: 4 * n
      }]
    }];
  }
});
var randomUniform = (shape, key, stream) => apply(randomOp, [key], { kind: "uniform", shape, stream, low: 0, range: 1 });
var randomNormal = (shape, key, stream) => apply(randomOp, [key], { kind: "normal", shape, stream, low: 0, range: 1 });
var randomIntegers = (shape, low, high, key, stream) => apply(randomOp, [key], { kind: "integer", shape, stream, low, range: high - low });

// engine/ops/oneHot.ts
function oneHot(ids, K) {
  check(ids.dtype === "i32", () => `oneHot: ids must be i32, found ${describe(ids)}`);
  check(K >= 1, () => `oneHot: needs at least one class, found ${K}`);
  const shape = [...ids.shape, K];
  const numbers2 = table(Int32Array.from({ length: K }, (_, i) => i), [K], "i32");
  return call("equal", broadcast(reshape(ids, [...ids.shape, 1]), shape), broadcast(numbers2, shape));
}

// engine/shaders/softmax.wgsl
var softmax_default = "// softmax - softmax or its logarithm along rows.\n//\n//   y[i] = exp(x[i] - max x) / sum_k exp(x[k] - max x),  or its log\n//\n// bindings   0  x  read        V  [rows, n / WIDTH]\n//            1  y  read_write  V  [rows, n / WIDTH]\n// workgroup  one row at a time; the lanes stride over it (a row kernel: V, LANES, maxLanes, sumLanes come before)\n// grid       [min(rows, cap), 1, 1]\n// cost       reads x three times (the last two from cache), two exp a value; memory bound\n// why        the maximum is taken off first, so that no exp overflows and the largest is 1\n\noverride LOG: u32 = 0;  // 1 gives log-softmax\n\nstruct Dims { rows: u32, n: u32 }\nvar<immediate> dims: Dims;\n\n@group(0) @binding(0) var<storage, read> x: array<V>;\n@group(0) @binding(1) var<storage, read_write> y: array<V>;\n\n@compute @workgroup_size(LANES)\nfn main(\n  @builtin(local_invocation_index) lane: u32,\n  @builtin(workgroup_id) group: vec3u,\n  @builtin(num_workgroups) groups: vec3u,\n) {\n  for (var row = group.x; row < dims.rows; row += groups.x) {\n    let start = row * dims.n;\n    var top = -0x1.fffffep+127;\n    for (var i = lane; i < dims.n; i += LANES) { top = max(top, largest(x[start + i])); }\n    top = maxLanes(top, lane);\n    var mass = V(0.0);\n    for (var i = lane; i < dims.n; i += LANES) { mass += exp(x[start + i] - top); }\n    let whole = sumLanes(total(mass), lane);\n    if (LOG == 1u) {\n      // In this order: top may be so large that adding a logarithm to it loses the logarithm's digits.\n      let shift = log(whole);\n      for (var i = lane; i < dims.n; i += LANES) { y[start + i] = (x[start + i] - top) - shift; }\n    } else {\n      let scale = 1.0 / whole;\n      for (var i = lane; i < dims.n; i += LANES) { y[start + i] = exp(x[start + i] - top) * scale; }\n    }\n  }\n}\n";

// engine/shaders/softmaxGrad.wgsl
var softmaxGrad_default = "// softmaxGrad - cotangent of the logits from the result of softmax or log-softmax.\n//\n//   softmax      dx[i] = y[i] * (g[i] - sum_k g[k] * y[k])\n//   log-softmax  dx[i] = g[i] - exp(y[i]) * sum_k g[k]\n//\n// bindings   0  y   read        V  [rows, n / WIDTH]\n//            1  g   read        V  [rows, n / WIDTH]\n//            2  dx  read_write  V  [rows, n / WIDTH]\n// workgroup  one row at a time; the lanes stride over it (a row kernel: V, LANES, sumLanes come before)\n// grid       [min(rows, cap), 1, 1]\n// cost       reads y and g twice (the second time from cache), writes dx; memory bound\n\noverride LOG: u32 = 0;  // 1 for log-softmax\n\nstruct Dims { rows: u32, n: u32 }\nvar<immediate> dims: Dims;\n\n@group(0) @binding(0) var<storage, read> y: array<V>;\n@group(0) @binding(1) var<storage, read> g: array<V>;\n@group(0) @binding(2) var<storage, read_write> dx: array<V>;\n\n@compute @workgroup_size(LANES)\nfn main(\n  @builtin(local_invocation_index) lane: u32,\n  @builtin(workgroup_id) group: vec3u,\n  @builtin(num_workgroups) groups: vec3u,\n) {\n  for (var row = group.x; row < dims.rows; row += groups.x) {\n    let start = row * dims.n;\n    var part = V(0.0);\n    for (var i = lane; i < dims.n; i += LANES) {\n      part += select(g[start + i] * y[start + i], g[start + i], LOG == 1u);\n    }\n    let sum = sumLanes(total(part), lane);\n    for (var i = lane; i < dims.n; i += LANES) {\n      let at = start + i;\n      if (LOG == 1u) { dx[at] = g[at] - exp(y[at]) * sum; } else { dx[at] = y[at] * (g[at] - sum); }\n    }\n  }\n}\n";

// engine/shaders/itemScalar.wgsl
var itemScalar_default = "// itemScalar - kernels that are written in items V move single values where sizes are no multiples of four.\n\nalias V = f32;\nconst WIDTH = 1u;\n\nfn total(v: V) -> f32 { return v; }\nfn largest(v: V) -> f32 { return v; }\nfn dotItems(a: V, b: V) -> f32 { return a * b; }\n/** Value k of item k / WIDTH. */\nfn pick(v: V, k: u32) -> f32 { return v; }\n/** 1 where an item holds value k of its row, 0 elsewhere. */\nfn oneHot(item: u32, k: u32) -> V { return select(0.0, 1.0, item == k); }\n";

// engine/shaders/itemVec4.wgsl
var itemVec4_default = "// itemVec4 - kernels that are written in items V move four neighbouring values at once.\n\nalias V = vec4f;\nconst WIDTH = 4u;\n\nfn total(v: V) -> f32 { return (v.x + v.y) + (v.z + v.w); }\nfn largest(v: V) -> f32 { return max(max(v.x, v.y), max(v.z, v.w)); }\nfn dotItems(a: V, b: V) -> f32 { return dot(a, b); }\n/** Value k of item k / WIDTH. */\nfn pick(v: V, k: u32) -> f32 { return v[k % 4u]; }\n/** 1 where an item holds value k of its row, 0 elsewhere. */\nfn oneHot(item: u32, k: u32) -> V { return select(vec4f(0.0), vec4f(1.0), vec4u(k) == item * 4u + vec4u(0, 1, 2, 3)); }\n";

// engine/shaders/rowLanesSubgroup.wgsl
var rowLanesSubgroup_default = "// rowLanesSubgroup - a row kernel's lanes are one subgroup, which combines in registers: no memory, no barrier.\n// The part of every row kernel (see ops/rowKernel.ts) for devices whose subgroups have one fixed size.\n\noverride LANES: u32 = 8;  // the subgroup size\n\n/** Sum of the values of all lanes, for every lane. */\nfn sumLanes(value: f32, lane: u32) -> f32 { return subgroupAdd(value); }\n\n/** Largest value of all lanes, for every lane. */\nfn maxLanes(value: f32, lane: u32) -> f32 { return subgroupMax(value); }\n";

// engine/shaders/rowLanesWorkgroup.wgsl
var rowLanesWorkgroup_default = "// rowLanesWorkgroup - a row kernel's lanes are a whole workgroup, which combines by a tree in workgroup memory.\n// The part of every row kernel (see ops/rowKernel.ts) that runs everywhere.\n\noverride LANES: u32 = 64;  // a power of two\n\nvar<workgroup> laneValues: array<f32, LANES>;\n\n/** Sum of the values of all lanes, for every lane. */\nfn sumLanes(value: f32, lane: u32) -> f32 {\n  // The last call's result may still be being read.\n  workgroupBarrier();\n  laneValues[lane] = value;\n  workgroupBarrier();\n  for (var half = LANES / 2u; half > 0u; half /= 2u) {\n    if (lane < half) { laneValues[lane] += laneValues[lane + half]; }\n    workgroupBarrier();\n  }\n  return laneValues[0];\n}\n\n/** Largest value of all lanes, for every lane. */\nfn maxLanes(value: f32, lane: u32) -> f32 {\n  workgroupBarrier();\n  laneValues[lane] = value;\n  workgroupBarrier();\n  for (var half = LANES / 2u; half > 0u; half /= 2u) {\n    if (lane < half) { laneValues[lane] = max(laneValues[lane], laneValues[lane + half]); }\n    workgroupBarrier();\n  }\n  return laneValues[0];\n}\n";

// engine/ops/rowKernel.ts
function rowsOf(type) {
  const n = type.shape.at(-1);
  return { rows: sizeOf(type.shape) / n, n };
}
function itemOf(...sizes2) {
  return sizes2.every((n) => n % 4 === 0) ? { source: itemVec4_default, width: 4 } : { source: itemScalar_default, width: 1 };
}
var lanesFor = (items) => items >= 512 ? 256 : items >= 64 ? 64 : 32;
function rowVariants(kernel2, device) {
  const item = itemOf(kernel2.n);
  const items = kernel2.n / item.width;
  const cap = device.software ? 256 : maxGroupsPerAxis;
  const variant = (name, lanesSource, lanes) => ({
    name,
    scratch: [],
    calls: [{
      label: kernel2.label,
      source: `${item.source}
${lanesSource}
${kernel2.body}`,
      constants: { LANES: lanes, ...kernel2.constants },
      bindings: kernel2.bindings,
      immediates: [kernel2.rows, items, ...kernel2.words ?? []],
      grid: [Math.min(kernel2.rows, cap), 1, 1],
      flops: kernel2.flops,
      bytes: kernel2.bytes
    }]
  });
  const workgroup = variant("workgroup", rowLanesWorkgroup_default, lanesFor(items));
  if (!device.subgroups || device.subgroupSize === 0) return [workgroup];
  const subgroup2 = variant("subgroup", rowLanesSubgroup_default, device.subgroupSize);
  return device.software || items <= 2 * device.subgroupSize ? [subgroup2, workgroup] : [workgroup, subgroup2];
}

// engine/ops/softmax.ts
function inferRows(name, inputs) {
  expectInputs(name, inputs, 1);
  const x = inputs[0];
  expectDType(name, "x", x, "f32");
  check(x.shape.length > 0, () => `${name}: x must have at least one axis, found ${describe(x)}`);
  return { shape: x.shape, dtype: "f32" };
}
function inferRowsGrad(name, inputs) {
  expectInputs(name, inputs, 2);
  const [y, g] = inputs;
  check(sameShape(y.shape, g.shape), () => `${name}: y and g must have one shape, found ${describe(y)} and ` + describe(g));
  return inferRows(name, [y]);
}
function logSumExp(x, start, n) {
  let top = -Infinity;
  for (let i = start; i < start + n; i++) top = Math.max(top, x[i]);
  let mass = 0;
  for (let i = start; i < start + n; i++) mass += Math.exp(x[i] - top);
  return top + Math.log(mass);
}
function softmaxVariants(x, log2, device) {
  const { rows: rows3, n } = rowsOf(x);
  return rowVariants({
    label: "softmax",
    body: softmax_default,
    rows: rows3,
    n,
    constants: { LOG: log2 ? 1 : 0 },
    bindings: [input(0), output],
    flops: 8 * rows3 * n,
    bytes: 8 * rows3 * n
  }, device);
}
function softmaxGradVariants(y, log2, device) {
  const { rows: rows3, n } = rowsOf(y);
  return rowVariants({
    label: "softmaxGrad",
    body: softmaxGrad_default,
    rows: rows3,
    n,
    constants: { LOG: log2 ? 1 : 0 },
    bindings: [input(0), input(1), output],
    flops: 4 * rows3 * n,
    bytes: 12 * rows3 * n
  }, device);
}
var softmaxGradOp = defineOp({
  kind: "kernel",
  name: "softmaxGrad",
  infer: (inputs) => inferRowsGrad("softmaxGrad", inputs),
  reference([y, g], [type]) {
    const { rows: rows3, n } = rowsOf(type);
    const dx = new Float64Array(rows3 * n);
    for (let start = 0; start < rows3 * n; start += n) {
      let sum2 = 0;
      for (let i = start; i < start + n; i++) sum2 += g[i] * y[i];
      for (let i = start; i < start + n; i++) dx[i] = y[i] * (g[i] - sum2);
    }
    return dx;
  },
  vjp: "none",
  variants: ([y], _, __, device) => softmaxGradVariants(y, false, device)
});
var softmaxOp = defineOp({
  kind: "kernel",
  name: "softmax",
  infer: (inputs) => inferRows("softmax", inputs),
  reference([x], [type]) {
    const { rows: rows3, n } = rowsOf(type);
    const y = new Float64Array(rows3 * n);
    for (let start = 0; start < rows3 * n; start += n) {
      const shift = logSumExp(x, start, n);
      for (let i = start; i < start + n; i++) y[i] = Math.exp(x[i] - shift);
    }
    return y;
  },
  vjp: (g, _, y) => [apply(softmaxGradOp, [y, g], null)],
  variants: ([x], _, __, device) => softmaxVariants(x, false, device)
});
function alongAxis(name, x, axis, ofRows) {
  const at = axis < 0 ? axis + x.rank : axis;
  check(at >= 0 && at < x.rank, () => `${name}: axis ${axis} must be an axis of ${describe(x)}`);
  const order = x.shape.map((_, i) => i === at ? x.rank - 1 : i === x.rank - 1 ? at : i);
  return transpose(ofRows(transpose(x, order)), order);
}
var softmax = (x, axis = -1) => alongAxis("softmax", x, axis, (rows3) => apply(softmaxOp, [rows3], null));

// engine/shaders/conv2dGradWeightSubgroup.wgsl
var conv2dGradWeightSubgroup_default = "// conv2dGradWeightSubgroup - weight gradient of a convolution as an implicit matrix product in registers.\n//\n//   y[part, o, c, kh, kw] = sum over (b, oh) in part, ow of g[b, o, oh, ow] x[b, c, ih, iw]\n//   ih = oh * STRIDE + kh - top, iw = ow * STRIDE + kw - left\n//\n// bindings   0  x  read        f32  [B, C, H, W]\n//            1  g  read        f32  [B, O, OH, OW]\n//            2  y  read_write  f32  [parts, O, C, KH, KW]\n// workgroup  one subgroup of 8 lanes: ROWS channels o x 8 channels c (one a lane) x TAPS taps of one kernel row\n// grid       [ceil(C / 8) * KH * ceil(KW / TAPS), ceil(O / ROWS), parts]\n// cost       2 * B * O * OH * OW * C * KH * KW flops; 14 loads feed 16 * 8 * 3 weights x 4 pixels of a 3x3 kernel\n// why        the taps of a row share their window of x, and g goes round by broadcasts, so loads are few\n\noverride TAPS: u32 = 3;    // at most 4\noverride STRIDE: u32 = 1;  // 1 or 2\noverride ROWS: u32 = 16;   // 4, 8 or 16\n\nstruct Dims {\n  B: u32, C: u32, H: u32, W: u32,\n  O: u32, OH: u32, OW: u32,\n  KH: u32, KW: u32,\n  top: i32, left: i32,\n  part: u32,  // rows (b, oh) in a part\n}\nvar<immediate> dims: Dims;\n\n@group(0) @binding(0) var<storage, read> x: array<f32>;\n@group(0) @binding(1) var<storage, read> g: array<f32>;\n@group(0) @binding(2) var<storage, read_write> y: array<f32>;\n\n// One vec4f a channel o: a component a tap.\nstruct Rows { r0: vec4f, r1: vec4f, r2: vec4f, r3: vec4f, r4: vec4f, r5: vec4f, r6: vec4f, r7: vec4f }\n\n// Column i holds what pixel i of four meets at the taps. Nothing is read where `inside` is false.\nfn window(at: u32, column: i32, inside: bool) -> mat4x4f {\n  var pixels: array<f32, 10>;\n  for (var i = 0u; i < 3u * STRIDE + TAPS; i++) {\n    let ok = inside && u32(column + i32(i)) < dims.W;\n    pixels[i] = select(0.0, x[select(0u, at + i, ok)], ok);\n  }\n  var four: mat4x4f;\n  for (var i = 0u; i < 4u; i++) {\n    for (var t = 0u; t < TAPS; t++) { four[i][t] = pixels[i * STRIDE + t]; }\n  }\n  return four;\n}\n\n// Four neighbouring values of a row of g that has `left` of them; 0 past its end.\nfn cotangents(at: u32, left: u32) -> vec4f {\n  var v: vec4f;\n  for (var i = 0u; i < 4u; i++) { v[i] = select(0.0, g[at + min(i, left - 1u)], i < left); }\n  return v;\n}\n\nfn add(sum: vec4f, v: vec4f, four: mat4x4f) -> vec4f {\n  return fma(v.wwww, four[3], fma(v.zzzz, four[2], fma(v.yyyy, four[1], fma(v.xxxx, four[0], sum))));\n}\n\nfn addRows(s: Rows, v: vec4f, four: mat4x4f) -> Rows {\n  if (ROWS == 4u) {\n    return Rows(add(s.r0, subgroupBroadcast(v, 0u), four), add(s.r1, subgroupBroadcast(v, 1u), four),\n      add(s.r2, subgroupBroadcast(v, 2u), four), add(s.r3, subgroupBroadcast(v, 3u), four), s.r4, s.r5, s.r6, s.r7);\n  }\n  return Rows(add(s.r0, subgroupBroadcast(v, 0u), four), add(s.r1, subgroupBroadcast(v, 1u), four),\n    add(s.r2, subgroupBroadcast(v, 2u), four), add(s.r3, subgroupBroadcast(v, 3u), four),\n    add(s.r4, subgroupBroadcast(v, 4u), four), add(s.r5, subgroupBroadcast(v, 5u), four),\n    add(s.r6, subgroupBroadcast(v, 6u), four), add(s.r7, subgroupBroadcast(v, 7u), four));\n}\n\nfn moveUp(s: Rows, last: vec4f) -> Rows { return Rows(s.r1, s.r2, s.r3, s.r4, s.r5, s.r6, s.r7, last); }\n\n@compute @workgroup_size(8)\nfn main(@builtin(local_invocation_index) lane: u32, @builtin(workgroup_id) group: vec3u) {\n  let blocks = (dims.KW + TAPS - 1u) / TAPS;\n  let tap = group.x % blocks * TAPS;\n  let kh = group.x / blocks % dims.KH;\n  let c = group.x / (blocks * dims.KH) * 8u + lane;\n  let o0 = group.y * ROWS;\n  let rowA = min(o0 + lane, dims.O - 1u);\n  let rowB = min(o0 + 8u + lane, dims.O - 1u);\n  let start = group.z * dims.part;\n  let end = min(start + dims.part, dims.B * dims.OH);\n\n  var top: Rows;\n  var bottom: Rows;\n  var row = start;\n  var b = start / dims.OH;\n  var oh = start % dims.OH;\n  var ow = 0u;\n  while (row < end) {\n    let ih = i32(oh * STRIDE + kh) - dims.top;\n    let iw = i32(ow * STRIDE + tap) - dims.left;\n    let at = i32((b * dims.C + c) * dims.H * dims.W) + ih * i32(dims.W) + iw;\n    let four = window(u32(at), iw, c < dims.C && u32(ih) < dims.H);\n    let size = dims.OH * dims.OW;\n    let pixel = b * dims.O * size + oh * dims.OW + ow;\n    top = addRows(top, cotangents(pixel + rowA * size, dims.OW - ow), four);\n    if (ROWS == 16u) { bottom = addRows(bottom, cotangents(pixel + rowB * size, dims.OW - ow), four); }\n    ow += 4u;\n    let rowDone = ow >= dims.OW;\n    ow = select(ow, 0u, rowDone);\n    row += select(0u, 1u, rowDone);\n    oh += select(0u, 1u, rowDone);\n    let imageDone = oh == dims.OH;\n    oh = select(oh, 0u, imageDone);\n    b += select(0u, 1u, imageDone);\n  }\n  let count = select(0u, min(TAPS, dims.KW - tap), c < dims.C);\n  // A loop, not 16 stores in a row: those would double the time that the compiler takes.\n  for (var o = o0; o < min(o0 + ROWS, dims.O); o++) {\n    let at = (((group.z * dims.O + o) * dims.C + c) * dims.KH + kh) * dims.KW + tap;\n    for (var t = 0u; t < TAPS; t++) { if (t < count) { y[at + t] = top.r0[t]; } }\n    top = moveUp(top, bottom.r0);\n    bottom = moveUp(bottom, bottom.r7);\n  }\n}\n";

// engine/shaders/conv2dGradWeightTiled.wgsl
var conv2dGradWeightTiled_default = "// conv2dGradWeightTiled - weight gradient of a convolution as an implicit matrix product through workgroup memory.\n//\n//   y[part, o, n] = sum_k g[b, o, p] x[b, c, oh * STRIDE + kh - top, ow * STRIDE + kw - left],  k = (b, p) in part,\n//   n = (c, kh, kw)\n//\n// bindings   0  x  read        f32  [B, C, H, W]\n//            1  g  read        f32  [B, O, OH, OW]\n//            2  y  read_write  f32  [parts, O, C, KH, KW]\n// workgroup  a 64 x 64 tile of (o, n); 256 lanes with 4 x 4 values each, k in steps of 16\n// grid       [ceil(C * KH * KW / 64), ceil(O / 64), parts]\n// cost       2 * B * O * OH * OW * C * KH * KW flops\n// why        few weights make few tiles, so the pixels are cut into parts that a second pass adds in fixed order\n\noverride KH: u32 = 3;\noverride KW: u32 = 3;\noverride STRIDE: u32 = 1;\n\nstruct Dims {\n  B: u32, C: u32, H: u32, W: u32,\n  O: u32, OH: u32, OW: u32,\n  top: i32, left: i32,\n  part: u32,  // (b, p) pairs in a part\n}\nvar<immediate> dims: Dims;\n\n@group(0) @binding(0) var<storage, read> x: array<f32>;\n@group(0) @binding(1) var<storage, read> g: array<f32>;\n@group(0) @binding(2) var<storage, read_write> y: array<f32>;\n\nconst TILE = 64u;\nconst STEP = 16u;\n\nvar<workgroup> tileA: array<f32, 1024>;\nvar<workgroup> tileB: array<f32, 1024>;\n\nfn image(b: u32, p: u32, n: u32) -> f32 {\n  let c = n / (KH * KW);\n  let ih = i32(p / dims.OW * STRIDE + n / KW % KH) - dims.top;\n  let iw = i32(p % dims.OW * STRIDE + n % KW) - dims.left;\n  if (c >= dims.C || ih < 0 || iw < 0 || ih >= i32(dims.H) || iw >= i32(dims.W)) { return 0.0; }\n  return x[((b * dims.C + c) * dims.H + u32(ih)) * dims.W + u32(iw)];\n}\n\n@compute @workgroup_size(256)\nfn main(@builtin(local_invocation_index) lane: u32, @builtin(workgroup_id) group: vec3u) {\n  let m0 = group.y * TILE;\n  let n0 = group.x * TILE;\n  let row = (lane / 16u) * 4u;\n  let column = (lane % 16u) * 4u;\n  let size = dims.OH * dims.OW;\n  let start = group.z * dims.part;\n  let end = min(start + dims.part, dims.B * size);\n  var sum: array<vec4f, 4>;\n  for (var k0 = start; k0 < end; k0 += STEP) {\n    let k = k0 + lane % STEP;\n    let b = k / size;\n    let p = k % size;\n    for (var i = lane / STEP; i < TILE; i += 16u) {\n      var left = 0.0;\n      var right = 0.0;\n      if (k < end) {\n        if (m0 + i < dims.O) { left = g[(b * dims.O + m0 + i) * size + p]; }\n        right = image(b, p, n0 + i);\n      }\n      tileA[lane % STEP * TILE + i] = left;\n      tileB[lane % STEP * TILE + i] = right;\n    }\n    workgroupBarrier();\n    for (var step = 0u; step < STEP; step++) {\n      let at = step * TILE;\n      let first = at + column;\n      let right = vec4f(tileB[first], tileB[first + 1u], tileB[first + 2u], tileB[first + 3u]);\n      for (var i = 0u; i < 4u; i++) { sum[i] = fma(vec4f(tileA[at + row + i]), right, sum[i]); }\n    }\n    workgroupBarrier();\n  }\n  let N = dims.C * KH * KW;\n  for (var i = 0u; i < 4u; i++) {\n    for (var j = 0u; j < 4u; j++) {\n      let m = m0 + row + i;\n      let n = n0 + column + j;\n      if (m < dims.O && n < N) { y[(group.z * dims.O + m) * N + n] = sum[i][j]; }\n    }\n  }\n}\n";

// engine/shaders/conv2dSubgroup.wgsl
var conv2dSubgroup_default = "// conv2dSubgroup - convolution and its input gradient as an implicit matrix product in registers.\n//\n//   y[b, m, oh, ow] = sum over c, fh, fw of w[m, c, fh, fw] x[b, c, ih, iw]\n//   ih = (oh * STRIDE + fh - top) / STEP where that is a whole number inside x, else the term is 0; iw likewise\n//\n// bindings   0  x  read        f32  [B, C, H, W]\n//            1  w  read        f32  weights at m * strideM + c * strideC + tap; taps in reverse where `reverse` is 1\n//            2  y  read_write  f32  [B, M, OH, OW]\n// workgroup  one subgroup of 8 lanes: ROWS channels m (4, 8 or 16) x 32 pixels, a lane holding 4 pixels of one row\n// grid       [ceil(M / ROWS) * STEP * STEP, ceil(pixel quads / 8) folded over y and z, ..]\n// cost       2 * B * M * OH * OW * C * KH * KW / STEP^2 flops; 12 loads feed 16 * 32 pixels x 3 taps of a 3x3 kernel\n// why        neighbouring pixels share their window: 4 pixels x 3 taps take 6 loads. With STEP > 1 (the input\n//            gradient of a strided convolution) pixels of one phase meet every STEP-th tap, so a workgroup takes\n//            pixels of one phase only and skips the taps that fall between. Weights go round by broadcasts.\n\noverride TAPS: u32 = 3;    // taps of a kernel row that are unrolled, at most 4\noverride STRIDE: u32 = 1;  // 1 or 2; 1 where STEP is not 1\noverride STEP: u32 = 1;\noverride ROWS: u32 = 16;   // 4, 8 or 16\n\nstruct Dims {\n  B: u32, C: u32, H: u32, W: u32,\n  M: u32, OH: u32, OW: u32,\n  KH: u32, KW: u32,\n  top: i32, left: i32,\n  strideM: u32, strideC: u32, reverse: u32,\n}\nvar<immediate> dims: Dims;\n\n@group(0) @binding(0) var<storage, read> x: array<f32>;\n@group(0) @binding(1) var<storage, read> w: array<f32>;\n@group(0) @binding(2) var<storage, read_write> y: array<f32>;\n\nstruct Rows { r0: vec4f, r1: vec4f, r2: vec4f, r3: vec4f, r4: vec4f, r5: vec4f, r6: vec4f, r7: vec4f }\n\n// Four pixels at the taps of one kernel row; column t holds them at tap t. Nothing is read where `inside` is false.\nfn window(at: u32, column: i32, inside: bool) -> mat4x4f {\n  var pixels: array<f32, 10>;\n  for (var i = 0u; i < 3u * STRIDE + TAPS; i++) {\n    let ok = inside && u32(column + i32(i)) < dims.W;\n    pixels[i] = select(0.0, x[select(0u, at + i, ok)], ok);\n  }\n  var taps: mat4x4f;\n  for (var t = 0u; t < TAPS; t++) {\n    taps[t] = vec4f(pixels[t], pixels[t + STRIDE], pixels[t + 2u * STRIDE], pixels[t + 3u * STRIDE]);\n  }\n  return taps;\n}\n\n// Weights of the same taps for the row of this lane; 0 past the end of the kernel.\nfn weights(at: i32, direction: i32, tap: u32) -> vec4f {\n  var v: vec4f;\n  for (var t = 0u; t < TAPS; t++) {\n    let ok = tap + t * STEP < dims.KW;\n    v[t] = select(0.0, w[select(0, at + direction * i32(t * STEP), ok)], ok);\n  }\n  return v;\n}\n\nfn add(sum: vec4f, v: vec4f, taps: mat4x4f) -> vec4f {\n  var s = fma(v.xxxx, taps[0], sum);\n  if (TAPS > 1u) { s = fma(v.yyyy, taps[1], s); }\n  if (TAPS > 2u) { s = fma(v.zzzz, taps[2], s); }\n  if (TAPS > 3u) { s = fma(v.wwww, taps[3], s); }\n  return s;\n}\n\nfn addRows(s: Rows, v: vec4f, taps: mat4x4f) -> Rows {\n  if (ROWS == 4u) {\n    return Rows(add(s.r0, subgroupBroadcast(v, 0u), taps), add(s.r1, subgroupBroadcast(v, 1u), taps),\n      add(s.r2, subgroupBroadcast(v, 2u), taps), add(s.r3, subgroupBroadcast(v, 3u), taps), s.r4, s.r5, s.r6, s.r7);\n  }\n  return Rows(add(s.r0, subgroupBroadcast(v, 0u), taps), add(s.r1, subgroupBroadcast(v, 1u), taps),\n    add(s.r2, subgroupBroadcast(v, 2u), taps), add(s.r3, subgroupBroadcast(v, 3u), taps),\n    add(s.r4, subgroupBroadcast(v, 4u), taps), add(s.r5, subgroupBroadcast(v, 5u), taps),\n    add(s.r6, subgroupBroadcast(v, 6u), taps), add(s.r7, subgroupBroadcast(v, 7u), taps));\n}\n\nfn moveUp(s: Rows, last: vec4f) -> Rows { return Rows(s.r1, s.r2, s.r3, s.r4, s.r5, s.r6, s.r7, last); }\n\n@compute @workgroup_size(8)\nfn main(\n  @builtin(local_invocation_index) lane: u32,\n  @builtin(workgroup_id) group: vec3u,\n  @builtin(num_workgroups) groups: vec3u,\n) {\n  let phase = vec2u(group.x / STEP % STEP, group.x % STEP);\n  let size = (vec2u(dims.OH, dims.OW) + STEP - 1u - phase) / STEP;  // pixels of this phase, perhaps none\n  let quads = max((size.y + 3u) / 4u, 1u);\n  let quad = (group.z * groups.y + group.y) * 8u + lane;\n  let b = quad / (max(size.x, 1u) * quads);\n  let row = quad / quads % max(size.x, 1u);\n  let column = quad % quads * 4u;\n  let count = select(0u, min(4u, size.y - column), b < dims.B && size.x > 0u);\n\n  // First tap that meets this phase, and the place in x of tap 0 of those.\n  let ahead = vec2i(phase) - vec2i(dims.top, dims.left);\n  let tap0 = (vec2u(-ahead + i32(STEP) * 64)) % STEP;\n  let corner = vec2i(vec2u(row, column)) * i32(STRIDE) + (ahead + vec2i(tap0)) / i32(STEP);\n  let tapRows = (dims.KH - tap0.x + STEP - 1u) / STEP;\n  let direction = select(1, -1, dims.reverse == 1u);\n  let tapStart = select(0u, dims.KH * dims.KW - 1u, dims.reverse == 1u);\n  let m0 = group.x / (STEP * STEP) * ROWS;\n  let rowA = min(m0 + lane, dims.M - 1u) * dims.strideM + tapStart;\n  let rowB = min(m0 + 8u + lane, dims.M - 1u) * dims.strideM + tapStart;\n\n  var top: Rows;\n  var bottom: Rows;\n  var c = select(0u, dims.C, tapRows == 0u);\n  var i = 0u;\n  var tap = tap0.y;\n  while (c < dims.C) {\n    let ih = corner.x + i32(i);\n    let iw = corner.y + i32((tap - tap0.y) / STEP);\n    let inside = count > 0u && u32(ih) < dims.H;\n    let taps = window(u32(i32((b * dims.C + c) * dims.H * dims.W) + ih * i32(dims.W) + iw), iw, inside);\n    let at = i32(c * dims.strideC) + direction * i32((tap0.x + i * STEP) * dims.KW + tap);\n    top = addRows(top, weights(i32(rowA) + at, direction, tap), taps);\n    if (ROWS == 16u) { bottom = addRows(bottom, weights(i32(rowB) + at, direction, tap), taps); }\n    tap += TAPS * STEP;\n    let rowDone = tap >= dims.KW;\n    tap = select(tap, tap0.y, rowDone);\n    i += select(0u, 1u, rowDone);\n    let channelDone = i >= tapRows;\n    i = select(i, 0u, channelDone);\n    c += select(0u, 1u, channelDone);\n  }\n  // A loop, not 16 stores in a row: those would double the time that the compiler takes.\n  for (var m = m0; m < min(m0 + ROWS, dims.M); m++) {\n    let at = ((b * dims.M + m) * dims.OH + row * STEP + phase.x) * dims.OW + column * STEP + phase.y;\n    for (var pixel = 0u; pixel < 4u; pixel++) { if (pixel < count) { y[at + pixel * STEP] = top.r0[pixel]; } }\n    top = moveUp(top, bottom.r0);\n    bottom = moveUp(bottom, bottom.r7);\n  }\n}\n";

// engine/shaders/conv2dTiled.wgsl
var conv2dTiled_default = "// conv2dTiled - convolution and its input gradient as one implicit matrix product through workgroup memory.\n//\n//   y[b, m, p] = sum_k w[m, k] x[b, c, ih, iw],  k = (c, kh, kw)\n//   ih = (oh * STRIDE + kh - top) / DILATE where that is a whole number inside x, else the term is 0; iw likewise\n//\n// bindings   0  x  read        f32  [B, C, H, W]\n//            1  w  read        f32  weights at m * strideM + c * strideC + tap; taps in reverse where `reverse` is 1\n//            2  y  read_write  f32  [B, M, OH, OW]\n// workgroup  a 64 x 64 tile of (m, b and p); 256 lanes with 4 x 4 values each, k in steps of 16\n// grid       [ceil(M / 64), ceil(B * OH * OW / 64) folded over y and z, ..]\n// cost       2 * B * M * OH * OW * C * KH * KW flops\n// why        nothing is unfolded in memory; the input gradient of a strided convolution is the same sum with the\n//            roles of STRIDE and DILATE exchanged and the taps reversed\n\noverride KH: u32 = 3;\noverride KW: u32 = 3;\noverride STRIDE: u32 = 1;\noverride DILATE: u32 = 1;\n\nstruct Dims {\n  B: u32, C: u32, H: u32, W: u32,\n  M: u32, OH: u32, OW: u32,\n  top: i32, left: i32,\n  strideM: u32, strideC: u32, reverse: u32,\n}\nvar<immediate> dims: Dims;\n\n@group(0) @binding(0) var<storage, read> x: array<f32>;\n@group(0) @binding(1) var<storage, read> w: array<f32>;\n@group(0) @binding(2) var<storage, read_write> y: array<f32>;\n\nconst TILE = 64u;\nconst STEP = 16u;\n\nvar<workgroup> tileA: array<f32, 1024>;\nvar<workgroup> tileB: array<f32, 1024>;\n\nfn weight(m: u32, k: u32) -> f32 {\n  if (m >= dims.M || k >= dims.C * KH * KW) { return 0.0; }\n  let tap = k % (KH * KW);\n  return w[m * dims.strideM + k / (KH * KW) * dims.strideC + select(tap, KH * KW - 1u - tap, dims.reverse == 1u)];\n}\n\n// Corner of the window of output pixel p of image b, before division by DILATE; beyond all images where there is none.\nfn pixel(column: u32) -> vec3i {\n  let size = dims.OH * dims.OW;\n  let p = column % size;\n  return vec3i(vec3u(column / size, p / dims.OW * STRIDE, p % dims.OW * STRIDE)) - vec3i(0, dims.top, dims.left);\n}\n\nfn image(corner: vec3i, k: u32) -> f32 {\n  let c = k / (KH * KW);\n  let at = corner.yz + vec2i(vec2u(k / KW % KH, k % KW));\n  let whole = at / i32(DILATE);\n  let inside = all(at >= vec2i(0)) && all(whole * i32(DILATE) == at)\n    && whole.x < i32(dims.H) && whole.y < i32(dims.W) && c < dims.C && corner.x < i32(dims.B);\n  if (!inside) { return 0.0; }\n  return x[((u32(corner.x) * dims.C + c) * dims.H + u32(whole.x)) * dims.W + u32(whole.y)];\n}\n\n@compute @workgroup_size(256)\nfn main(\n  @builtin(local_invocation_index) lane: u32,\n  @builtin(workgroup_id) group: vec3u,\n  @builtin(num_workgroups) groups: vec3u,\n) {\n  let m0 = group.x * TILE;\n  let n0 = (group.z * groups.y + group.y) * TILE;\n  let row = (lane / 16u) * 4u;\n  let column = (lane % 16u) * 4u;\n  let corner = pixel(n0 + lane % TILE);\n  var sum: array<vec4f, 4>;\n  for (var k0 = 0u; k0 < dims.C * KH * KW; k0 += STEP) {\n    for (var i = lane; i < TILE * STEP; i += 256u) {\n      tileA[i % STEP * TILE + i / STEP] = weight(m0 + i / STEP, k0 + i % STEP);\n      tileB[i] = image(corner, k0 + i / TILE);\n    }\n    workgroupBarrier();\n    for (var k = 0u; k < STEP; k++) {\n      let at = k * TILE;\n      let first = at + column;\n      let right = vec4f(tileB[first], tileB[first + 1u], tileB[first + 2u], tileB[first + 3u]);\n      for (var i = 0u; i < 4u; i++) { sum[i] = fma(vec4f(tileA[at + row + i]), right, sum[i]); }\n    }\n    workgroupBarrier();\n  }\n  let size = dims.OH * dims.OW;\n  for (var j = 0u; j < 4u; j++) {\n    let n = n0 + column + j;\n    for (var i = 0u; i < 4u; i++) {\n      let m = m0 + row + i;\n      if (m < dims.M && n < dims.B * size) { y[(n / size * dims.M + m) * size + n % size] = sum[i][j]; }\n    }\n  }\n}\n";

// engine/ops/conv2d.ts
function geometry(x, weight, attrs) {
  const [B, C, H, W] = x;
  const [O, , KH, KW] = weight;
  const { stride, padding: [top, left, bottom, right] } = attrs;
  const OH = Math.floor((H + top + bottom - KH) / stride) + 1;
  const OW = Math.floor((W + left + right - KW) / stride) + 1;
  return { B, C, H, W, O, KH, KW, OH, OW, stride, padding: attrs.padding };
}
var forwardGeometry = ([x, w], attrs) => geometry(x.shape, w.shape, attrs);
var gradXGeometry = ([g, w], attrs) => geometry([g.shape[0], w.shape[1], ...attrs.size], w.shape, attrs);
var gradWeightGeometry = ([x, g], attrs) => geometry(x.shape, [g.shape[1], x.shape[1], ...attrs.kernel], attrs);
function expectImages(name, operands, attrs) {
  const { stride, padding } = attrs;
  for (const [operand, type] of Object.entries(operands)) {
    expectRank(name, operand, type, 4);
    expectDType(name, operand, type, "f32");
  }
  check(Number.isInteger(stride) && stride >= 1, () => `${name}: stride must be a positive integer, found ${stride}`);
  check(padding.length === 4 && padding.every((n) => Number.isInteger(n) && n >= 0), () => `${name}: padding must be four integers of at least 0 (top, left, bottom, right), found [${padding.join(", ")}]`);
}
function expectResult(name, g, { B, O, OH, OW }) {
  check([B, O, OH, OW].every((n, i) => g.shape[i] === n), () => `${name}: g must be [${[B, O, OH, OW].join(", ")}], as the convolution gives it, found ${describe(g)}`);
}
function forEachTerm(n, visit) {
  const [top, left] = n.padding;
  for (let b = 0; b < n.B; b++) for (let o = 0; o < n.O; o++) for (let oh = 0; oh < n.OH; oh++) {
    for (let ow = 0; ow < n.OW; ow++) {
      const y = ((b * n.O + o) * n.OH + oh) * n.OW + ow;
      for (let c = 0; c < n.C; c++) for (let kh = 0; kh < n.KH; kh++) {
        const h = oh * n.stride + kh - top;
        if (h < 0 || h >= n.H) continue;
        for (let kw = 0; kw < n.KW; kw++) {
          const w = ow * n.stride + kw - left;
          if (w < 0 || w >= n.W) continue;
          visit(((b * n.C + c) * n.H + h) * n.W + w, ((o * n.C + c) * n.KH + kh) * n.KW + kw, y);
        }
      }
    }
  }
}
var conv2dOp = defineOp({
  kind: "kernel",
  name: "conv2d",
  infer([x, weight], attrs) {
    expectImages("conv2d", { x, weight }, attrs);
    const { B, C, O, OH, OW } = forwardGeometry([x, weight], attrs);
    check(weight.shape[1] === C, () => `conv2d: x has ${C} channels but weight expects ${weight.shape[1]} (x ${describe(x)}, weight ${describe(weight)}). Is a skip concatenated before this layer?`);
    check(OH >= 1 && OW >= 1, () => `conv2d: the kernel must fit the padded image, found x ${describe(x)}, weight ${describe(weight)}, padding [${attrs.padding.join(", ")}]`);
    return { shape: [B, O, OH, OW], dtype: "f32" };
  },
  reference([x, weight], types, attrs) {
    const n = forwardGeometry(types, attrs);
    const y = new Float64Array(n.B * n.O * n.OH * n.OW);
    forEachTerm(n, (i, j, k) => {
      y[k] += x[i] * weight[j];
    });
    return y;
  },
  vjp: (g, [x, weight], _, attrs) => [gradX(g, weight, x, attrs), gradWeight(x, g, weight, attrs)],
  variants(inputs, _, attrs, device) {
    return imageVariants(forwardGeometry(inputs, attrs), false, device);
  }
});
var conv2dGradXOp = defineOp({
  kind: "kernel",
  name: "conv2dGradX",
  infer([g, weight], attrs) {
    expectImages("conv2dGradX", { g, weight }, attrs);
    const n = gradXGeometry([g, weight], attrs);
    expectResult("conv2dGradX", g, n);
    return { shape: [n.B, n.C, n.H, n.W], dtype: "f32" };
  },
  reference([g, weight], types, attrs) {
    const n = gradXGeometry(types, attrs);
    const dx = new Float64Array(n.B * n.C * n.H * n.W);
    forEachTerm(n, (i, j, k) => {
      dx[i] += g[k] * weight[j];
    });
    return dx;
  },
  vjp: (h, [g, weight], _, { stride, padding }) => [apply(conv2dOp, [h, weight], { stride, padding }), gradWeight(h, g, weight, { stride, padding })],
  variants(inputs, _, attrs, device) {
    return imageVariants(gradXGeometry(inputs, attrs), true, device);
  }
});
var conv2dGradWeightOp = defineOp({
  kind: "kernel",
  name: "conv2dGradWeight",
  infer([x, g], attrs) {
    expectImages("conv2dGradWeight", { x, g }, attrs);
    const n = gradWeightGeometry([x, g], attrs);
    expectResult("conv2dGradWeight", g, n);
    return { shape: [n.O, n.C, n.KH, n.KW], dtype: "f32" };
  },
  reference([x, g], types, attrs) {
    const n = gradWeightGeometry(types, attrs);
    const dw = new Float64Array(n.O * n.C * n.KH * n.KW);
    forEachTerm(n, (i, j, k) => {
      dw[j] += x[i] * g[k];
    });
    return dw;
  },
  vjp: (h, [x, g], _, { stride, padding }) => [gradX(g, h, x, { stride, padding }), apply(conv2dOp, [x, h], { stride, padding })],
  variants(inputs, _, attrs, device) {
    const n = gradWeightGeometry(inputs, attrs);
    const inGroups = gradWeightTiled(n, device);
    return hasCheapBroadcast(device) && n.stride <= 2 ? [gradWeightSubgroup(n), inGroups] : [inGroups];
  }
});
var gradX = (g, weight, x, { stride, padding }) => apply(conv2dGradXOp, [g, weight], { stride, padding, size: [x.shape[2], x.shape[3]] });
var gradWeight = (x, g, weight, { stride, padding }) => apply(conv2dGradWeightOp, [x, g], { stride, padding, kernel: [weight.shape[2], weight.shape[3]] });
var flopsOf = (n) => 2 * n.B * n.O * n.OH * n.OW * n.C * n.KH * n.KW;
var bytesOf = (n) => 4 * (n.B * n.C * n.H * n.W + n.O * n.C * n.KH * n.KW + n.B * n.O * n.OH * n.OW);
function imageVariants(n, transposed, device) {
  const inGroups = tiled2(n, transposed);
  const inRegisters2 = hasCheapBroadcast(device) && (transposed || n.stride <= 2);
  return inRegisters2 ? [subgroup(n, transposed), inGroups] : [inGroups];
}
function tiled2(n, transposed) {
  const { B, C, H, W, O, OH, OW, KH, KW, stride, padding: [top, left] } = n;
  const taps = KH * KW;
  return {
    name: "tiled",
    scratch: [],
    calls: [{
      label: "conv2dTiled",
      source: conv2dTiled_default,
      constants: { KH, KW, STRIDE: transposed ? 1 : stride, DILATE: transposed ? stride : 1 },
      bindings: [input(0), input(1), output],
      immediates: transposed ? [B, O, OH, OW, C, H, W, word(KH - 1 - top), word(KW - 1 - left), taps, C * taps, 1] : [B, C, H, W, O, OH, OW, top, left, C * taps, taps, 0],
      grid: withFold(groups(transposed ? C : O, 64), groups(transposed ? B * H * W : B * OH * OW, 64)),
      flops: flopsOf(n),
      bytes: bytesOf(n)
    }]
  };
}
function rowsFor(channels, others) {
  if (channels <= 8) return channels <= 4 ? 4 : 8;
  return channels <= 16 && others === 1 ? 8 : 16;
}
function subgroup(n, transposed) {
  const { B, C, H, W, O, OH, OW, KH, KW, stride, padding: [top, left] } = n;
  const taps = KH * KW;
  const step = transposed ? stride : 1;
  const [channels, height, width] = transposed ? [C, H, W] : [O, OH, OW];
  const quads = B * Math.ceil(height / step) * groups(Math.ceil(width / step), 4);
  const rows3 = rowsFor(channels, step * step * groups(quads, 8));
  return {
    name: "subgroup",
    scratch: [],
    calls: [{
      label: "conv2dSubgroup",
      source: conv2dSubgroup_default,
      constants: { TAPS: Math.min(4, Math.ceil(KW / step)), STRIDE: transposed ? 1 : stride, STEP: step, ROWS: rows3 },
      bindings: [input(0), input(1), output],
      immediates: transposed ? [B, O, OH, OW, C, H, W, KH, KW, word(KH - 1 - top), word(KW - 1 - left), taps, C * taps, 1] : [B, C, H, W, O, OH, OW, KH, KW, top, left, C * taps, taps, 0],
      grid: withFold(groups(channels, rows3) * step * step, groups(quads, 8)),
      flops: flopsOf(n),
      bytes: bytesOf(n)
    }]
  };
}
function withFold(x, count) {
  const [y, z] = foldGrid(count);
  return [x, y, z];
}
var word = (value) => value >>> 0;
function gradWeightTiled(n, device) {
  const { B, C, H, W, O, OH, OW, KH, KW, stride, padding: [top, left] } = n;
  const tiles = groups(O, 64) * groups(C * KH * KW, 64);
  const part = Math.ceil(B * OH * OW / partsFor(tiles, B * OH * OW, device) / 16) * 16;
  const parts = groups(B * OH * OW, part);
  return inParts(n, "tiled", parts, (to) => ({
    label: "conv2dGradWeightTiled",
    source: conv2dGradWeightTiled_default,
    constants: { KH, KW, STRIDE: stride },
    bindings: [input(0), input(1), to],
    immediates: [B, C, H, W, O, OH, OW, top, left, part],
    grid: [groups(C * KH * KW, 64), groups(O, 64), parts],
    flops: flopsOf(n),
    bytes: bytesOf(n)
  }));
}
function gradWeightSubgroup(n) {
  const { B, C, H, W, O, OH, OW, KH, KW, stride, padding: [top, left] } = n;
  const taps = Math.min(4, KW);
  const across = groups(C, 8) * KH * groups(KW, taps);
  const rows3 = rowsFor(O, across);
  const tiles = across * groups(O, rows3);
  const part = Math.ceil(B * OH / Math.min(B * OH, Math.ceil(8 / tiles)));
  const parts = groups(B * OH, part);
  return inParts(n, "subgroup", parts, (to) => ({
    label: "conv2dGradWeightSubgroup",
    source: conv2dGradWeightSubgroup_default,
    constants: { TAPS: taps, STRIDE: stride, ROWS: rows3 },
    bindings: [input(0), input(1), to],
    immediates: [B, C, H, W, O, OH, OW, KH, KW, top, left, part],
    grid: [across, groups(O, rows3), parts],
    flops: flopsOf(n),
    bytes: bytesOf(n)
  }));
}
function inParts(n, name, parts, product) {
  const size = n.O * n.C * n.KH * n.KW;
  if (parts === 1) return { name, scratch: [], calls: [product(output)] };
  return { name, scratch: [4 * parts * size], calls: [product(scratch(0)), sumParts(scratch(0), output, parts, size)] };
}
function conv2d(x, weight, bias, options = {}) {
  const { stride = 1, padding = 0 } = options;
  const sides = typeof padding === "number" ? [padding, padding, padding, padding] : padding;
  const pointwise = stride === 1 && x.rank === 4 && weight.rank === 4 && x.shape[1] === weight.shape[1] && weight.shape[2] === 1 && weight.shape[3] === 1 && sides.every((n) => n === 0);
  const y = pointwise ? conv1x1(x, weight) : apply(conv2dOp, [x, weight], { stride, padding: sides });
  if (!bias) return y;
  check(bias.rank === 1 && bias.shape[0] === weight.shape[0], () => `conv2d: bias must be [${weight.shape[0]}], found ${describe(bias)}`);
  return call("add", y, broadcast(reshape(bias, [-1, 1, 1]), y.shape));
}
function conv1x1(x, weight) {
  const [B, C, H, W] = x.shape;
  const O = weight.shape[0];
  return reshape(matmul(reshape(weight, [O, C]), reshape(x, [B, C, H * W])), [B, O, H, W]);
}

// engine/shaders/upsample2d.wgsl
var upsample2d_default = "// upsample2d - every pixel becomes a block of FACTOR x FACTOR equal pixels.\n//\n//   y[r * FACTOR + i, w * FACTOR + j] = x[r, w],  rows r = (b, c, h)\n//\n// bindings   0  x  read        f32  [R, W]\n//            1  y  read_write  f32  [R * FACTOR, W * FACTOR]\n// workgroup  8 x 8 pixels of x, whose blocks are written by one lane each\n// grid       [ceil(W / 8), ceil(R / 8) or the most there may be, 1]\n// cost       reads x once, writes y once; memory bound\n// why        a lane keeps its column and row, so that no index is divided: on software adapters that costs most\n\noverride FACTOR: u32 = 2;\n\nstruct Dims { rows: u32, W: u32 }\nvar<immediate> dims: Dims;\n\n@group(0) @binding(0) var<storage, read> x: array<f32>;\n@group(0) @binding(1) var<storage, read_write> y: array<f32>;\n\n@compute @workgroup_size(8, 8)\nfn main(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {\n  if (id.x >= dims.W) { return; }\n  for (var row = id.y; row < dims.rows; row += groups.y * 8u) {\n    let value = x[row * dims.W + id.x];\n    for (var i = 0u; i < FACTOR; i++) {\n      let at = ((row * FACTOR + i) * dims.W + id.x) * FACTOR;\n      for (var j = 0u; j < FACTOR; j++) { y[at + j] = value; }\n    }\n  }\n}\n";

// engine/shaders/upsample2dGrad.wgsl
var upsample2dGrad_default = "// upsample2dGrad - sum over the block that each pixel became.\n//\n//   y[r, w] = sum over i, j < FACTOR of g[r * FACTOR + i, w * FACTOR + j],  rows r = (b, c, h)\n//\n// bindings   0  g  read        f32  [R * FACTOR, W * FACTOR]\n//            1  y  read_write  f32  [R, W]\n// workgroup  8 x 8 values of y, one a lane\n// grid       [ceil(W / 8), ceil(R / 8) or the most there may be, 1]\n// cost       reads g once, writes y once; memory bound\n\noverride FACTOR: u32 = 2;\n\nstruct Dims { rows: u32, W: u32 }\nvar<immediate> dims: Dims;\n\n@group(0) @binding(0) var<storage, read> g: array<f32>;\n@group(0) @binding(1) var<storage, read_write> y: array<f32>;\n\n@compute @workgroup_size(8, 8)\nfn main(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {\n  if (id.x >= dims.W) { return; }\n  for (var row = id.y; row < dims.rows; row += groups.y * 8u) {\n    var sum = 0.0;\n    for (var i = 0u; i < FACTOR; i++) {\n      let at = ((row * FACTOR + i) * dims.W + id.x) * FACTOR;\n      for (var j = 0u; j < FACTOR; j++) { sum += g[at + j]; }\n    }\n    y[row * dims.W + id.x] = sum;\n  }\n}\n";

// engine/ops/upsample2d.ts
var upsample2dOp = defineOp({
  kind: "kernel",
  name: "upsample2d",
  infer([x], { factor }) {
    expectImage("upsample2d", x, factor);
    const [B, C, H, W] = x.shape;
    return { shape: [B, C, H * factor, W * factor], dtype: "f32" };
  },
  reference([x], [type], { factor }) {
    const W = type.shape[3] * factor;
    const y = new Float64Array(x.length * factor * factor);
    for (let i = 0; i < y.length; i++) {
      y[i] = x[Math.floor(Math.floor(i / W) / factor) * type.shape[3] + Math.floor(i % W / factor)];
    }
    return y;
  },
  vjp: (g, _, __, attrs) => [apply(upsample2dGradOp, [g], attrs)],
  variants: ([x], _, { factor }) => [kernel("upsample2d", upsample2d_default, x, factor)]
});
var upsample2dGradOp = defineOp({
  kind: "kernel",
  name: "upsample2dGrad",
  infer([g], { factor }) {
    expectImage("upsample2dGrad", g, factor);
    const [B, C, H, W] = g.shape;
    check(H % factor === 0 && W % factor === 0, () => `upsample2dGrad: height and width must be multiples of ${factor}, found ${describe(g)}`);
    return { shape: [B, C, H / factor, W / factor], dtype: "f32" };
  },
  reference([g], [type], { factor }) {
    const wide = type.shape[3];
    const y = new Float64Array(g.length / (factor * factor));
    for (let i = 0; i < g.length; i++) {
      y[Math.floor(Math.floor(i / wide) / factor) * (wide / factor) + Math.floor(i % wide / factor)] += g[i];
    }
    return y;
  },
  vjp: (g, _, __, attrs) => [apply(upsample2dOp, [g], attrs)],
  variants: (_, y, { factor }) => [kernel("upsample2dGrad", upsample2dGrad_default, y, factor)]
});
function expectImage(name, x, factor) {
  expectRank(name, "x", x, 4);
  expectDType(name, "x", x, "f32");
  check(Number.isInteger(factor) && factor >= 1, () => `${name}: factor must be a positive integer, found ${factor}`);
}
function kernel(label, source, small, factor) {
  const W = small.shape[3];
  const size = sizeOf(small.shape);
  return {
    name: label,
    scratch: [],
    calls: [{
      label,
      source,
      constants: { FACTOR: factor },
      bindings: [input(0), output],
      immediates: [size / W, W],
      grid: [groups(W, 8), Math.min(groups(size / W, 8), maxGroupsPerAxis), 1],
      flops: size * factor * factor,
      bytes: 4 * size * (1 + factor * factor)
    }]
  };
}
function upsample2d(x, factor = 2) {
  return factor === 1 ? x : apply(upsample2dOp, [x], { factor });
}

// engine/shaders/argmax.wgsl
var argmax_default = "// argmax - place of the largest (or smallest) value of each row, among those that a mask allows.\n//\n//   y[first + row] = argmax_i SIGN * x[row, i]  over i with mask[(first + row) mod slots, i] != 0, or -1 if none is\n//\n// bindings   0  x     read        f32  [rows, n]\n//            1  mask  read        f32  [slots, n]    (x again where MASKED is 0: nothing reads it then)\n//            2  y     read_write  i32  [first + rows ..]\n// workgroup  one row each; LANES lanes stride over it, then compare in a tree; of equal values the first wins\n// grid       [rows, 1, 1] folded into x and y\n// cost       reads every value once; memory bound\n\noverride LANES: u32 = 64;\noverride MASKED: u32 = 0;\noverride SIGN: f32 = 1.0;  // -1 looks for the smallest\n\nstruct Dims { rows: u32, n: u32, first: u32, slots: u32 }\nvar<immediate> dims: Dims;\n\n@group(0) @binding(0) var<storage, read> x: array<f32>;\n@group(0) @binding(1) var<storage, read> mask: array<f32>;\n@group(0) @binding(2) var<storage, read_write> y: array<i32>;\n\nconst nowhere = 0xffffffffu;\n\nvar<workgroup> values: array<f32, LANES>;\nvar<workgroup> places: array<u32, LANES>;\n\n@compute @workgroup_size(LANES)\nfn main(\n  @builtin(local_invocation_index) lane: u32,\n  @builtin(workgroup_id) group: vec3u,\n  @builtin(num_workgroups) groups: vec3u,\n) {\n  let row = group.y * groups.x + group.x;\n  if (row >= dims.rows) { return; }\n  let slot = (dims.first + row) % dims.slots;\n  // Within a lane places grow, so only a larger value takes over.\n  var value = 0.0;\n  var place = nowhere;\n  for (var i = lane; i < dims.n; i += LANES) {\n    let candidate = SIGN * x[row * dims.n + i];\n    var wins = place == nowhere || candidate > value;\n    if (MASKED == 1u) { wins = wins && mask[slot * dims.n + i] != 0.0; }\n    value = select(value, candidate, wins);\n    place = select(place, i, wins);\n  }\n  values[lane] = value;\n  places[lane] = place;\n  workgroupBarrier();\n  for (var half = LANES / 2u; half > 0u; half /= 2u) {\n    if (lane < half) {\n      let candidate = values[lane + half];\n      let source = places[lane + half];\n      let equal = candidate == value && source < place;\n      let wins = source != nowhere && (place == nowhere || candidate > value || equal);\n      value = select(value, candidate, wins);\n      place = select(place, source, wins);\n      values[lane] = value;\n      places[lane] = place;\n    }\n    workgroupBarrier();\n  }\n  if (lane == 0u) { y[dims.first + row] = i32(place); }\n}\n";

// engine/ops/argmax.ts
function bestPlaceCall(label, place2) {
  const { x, mask: mask2, slots = 1, rows: rows3, n, first, sign: sign2, lanes } = place2;
  return {
    label,
    source: argmax_default,
    constants: { LANES: lanes, MASKED: mask2 ? 1 : 0, SIGN: sign2 },
    bindings: [x, mask2 ?? x, output],
    immediates: [rows3, n, first, slots],
    grid: foldGrid(rows3),
    flops: rows3 * n,
    bytes: 4 * rows3 * (n + 1)
  };
}
function laneVariants(n, device, of) {
  const both = [{ name: "wide", ...of(n >= 1024 ? 256 : n >= 32 ? 64 : 8) }, { name: "narrow", ...of(8) }];
  return device.software ? both.reverse() : both;
}
var argmaxOp = defineOp({
  kind: "kernel",
  name: "argmax",
  infer(inputs) {
    expectInputs("argmax", inputs, 1);
    const [x] = inputs;
    expectDType("argmax", "x", x, "f32");
    check(x.shape.length >= 1, () => `argmax: x must have an axis to look along, found ${describe(x)}`);
    return { shape: x.shape.slice(0, -1), dtype: "i32" };
  },
  reference([x], [type]) {
    const n = type.shape.at(-1);
    return Float64Array.from({ length: x.length / n }, (_, row) => {
      let best = 0;
      for (let i = 1; i < n; i++) if (x[row * n + i] > x[row * n + best]) best = i;
      return best;
    });
  },
  vjp: "none",
  variants([x], y, _, device) {
    const place2 = { x: input(0), rows: sizeOf(y.shape), n: x.shape.at(-1), first: 0, sign: 1 };
    return laneVariants(place2.n, device, (lanes) => ({ scratch: [], calls: [bestPlaceCall("argmax", { ...place2, lanes })] }));
  }
});
var argmax = (x) => apply(argmaxOp, [x], null);

// engine/ops/nearestRow.ts
var scratchBytes = 2 ** 26;
function inferNearest(inputs) {
  expectRows("nearestRow", inputs);
  const [x, table2, mask2] = inputs;
  if (mask2) {
    expectRank("nearestRow", "mask", mask2, 2);
    expectDType("nearestRow", "mask", mask2, "f32");
    check(mask2.shape[1] === table2.shape[0] && x.shape[0] % mask2.shape[0] === 0, () => `nearestRow: mask must be [S, K] with S dividing the rows of x, found mask ${describe(mask2)}, x ${describe(x)} and table ${describe(table2)}`);
  }
  return { shape: [x.shape[0]], dtype: "i32" };
}
var nearestRowOp = defineOp({
  kind: "kernel",
  name: "nearestRow",
  infer: inferNearest,
  reference([x, table2, mask2], types) {
    const [M, D] = types[0].shape;
    const K = types[1].shape[0];
    const S = types[2]?.shape[0] ?? 1;
    const y = new Float64Array(M).fill(-1);
    for (let m = 0; m < M; m++) {
      let best = Infinity;
      for (let k = 0; k < K; k++) {
        if (mask2 && mask2[m % S * K + k] === 0) continue;
        const distance = squaredDistance(x, m, table2, k, D);
        if (distance < best) {
          best = distance;
          y[m] = k;
        }
      }
    }
    return y;
  },
  vjp: "none",
  variants([x, table2, mask2], _, __, device) {
    const [M, D] = x.shape;
    const K = table2.shape[0];
    const turn = Math.min(M, Math.max(32, Math.floor(scratchBytes / (4 * K))));
    return laneVariants(K, device, (lanes) => {
      const calls = [];
      for (let first = 0; first < M; first += turn) {
        const rows3 = Math.min(turn, M - first);
        calls.push(rowDistancesCall(scratch(0), first, rows3, K, D), bestPlaceCall("nearestRow", {
          x: scratch(0),
          mask: mask2 && input(2),
          slots: mask2?.shape[0],
          rows: rows3,
          n: K,
          first,
          sign: -1,
          lanes
        }));
      }
      return { scratch: [4 * turn * K], calls };
    });
  }
});
function nearestRow(x, table2, metric, mask2) {
  const rows3 = metric === "l2" ? [x, table2] : [unitRows(x), unitRows(table2)];
  return apply(nearestRowOp, mask2 ? [...rows3, mask2] : rows3, null);
}

// engine/ops/dropout.ts
function dropout(x, rate, key, stream) {
  check(rate >= 0 && rate < 1, () => `dropout: rate must be at least 0 and below 1, found ${rate} (stream ${stream})`);
  if (rate === 0) return x;
  const every = (value) => broadcast(constant(value), x.shape);
  const kept = call("lessEqual", every(Math.fround(rate)), randomUniform(x.shape, key, stream));
  return call("mul", x, call("mul", kept, every(1 / (1 - rate))));
}

// engine/ops/logSoftmax.ts
var logSoftmaxGradOp = defineOp({
  kind: "kernel",
  name: "logSoftmaxGrad",
  infer: (inputs) => inferRowsGrad("logSoftmaxGrad", inputs),
  reference([y, g], [type]) {
    const { rows: rows3, n } = rowsOf(type);
    const dx = new Float64Array(rows3 * n);
    for (let start = 0; start < rows3 * n; start += n) {
      let sum2 = 0;
      for (let i = start; i < start + n; i++) sum2 += g[i];
      for (let i = start; i < start + n; i++) dx[i] = g[i] - Math.exp(y[i]) * sum2;
    }
    return dx;
  },
  vjp: "none",
  variants: ([y], _, __, device) => softmaxGradVariants(y, true, device)
});
var logSoftmaxOp = defineOp({
  kind: "kernel",
  name: "logSoftmax",
  infer: (inputs) => inferRows("logSoftmax", inputs),
  reference([x], [type]) {
    const { rows: rows3, n } = rowsOf(type);
    const y = new Float64Array(rows3 * n);
    for (let start = 0; start < rows3 * n; start += n) {
      const shift = logSumExp(x, start, n);
      for (let i = start; i < start + n; i++) y[i] = x[i] - shift;
    }
    return y;
  },
  vjp: (g, _, y) => [apply(logSoftmaxGradOp, [y, g], null)],
  variants: ([x], _, __, device) => softmaxVariants(x, true, device)
});
var logSoftmax = (x, axis = -1) => alongAxis("logSoftmax", x, axis, (rows3) => apply(logSoftmaxOp, [rows3], null));

// engine/shaders/crossEntropy.wgsl
var crossEntropy_default = "// crossEntropy - minus the log-probability that softmax gives to one class, row by row.\n//\n//   loss = log sum_k exp(x[k]) - x[target],  0 where target is the ignored index\n//\n// bindings   0  x        read        V    [rows, n / WIDTH]\n//            1  targets  read        i32  [rows]\n//            2  loss     read_write  f32  [rows]\n// workgroup  one row at a time; the lanes stride over it (a row kernel: V, LANES, maxLanes, sumLanes come before)\n// grid       [min(rows, cap), 1, 1]\n// cost       reads x twice (the second time from cache), one exp a value; memory bound\n// why        a target outside the classes gives NaN: a wrong label must show, and a shader cannot throw\n\nstruct Dims { rows: u32, n: u32, classes: i32, ignored: i32, nan: f32 }\nvar<immediate> dims: Dims;\n\n@group(0) @binding(0) var<storage, read> x: array<V>;\n@group(0) @binding(1) var<storage, read> targets: array<i32>;\n@group(0) @binding(2) var<storage, read_write> loss: array<f32>;\n\n@compute @workgroup_size(LANES)\nfn main(\n  @builtin(local_invocation_index) lane: u32,\n  @builtin(workgroup_id) group: vec3u,\n  @builtin(num_workgroups) groups: vec3u,\n) {\n  for (var row = group.x; row < dims.rows; row += groups.x) {\n    let start = row * dims.n;\n    var top = -0x1.fffffep+127;\n    for (var i = lane; i < dims.n; i += LANES) { top = max(top, largest(x[start + i])); }\n    top = maxLanes(top, lane);\n    var mass = V(0.0);\n    for (var i = lane; i < dims.n; i += LANES) { mass += exp(x[start + i] - top); }\n    let whole = sumLanes(total(mass), lane);\n    if (lane == 0u) {\n      let wanted = targets[row];\n      var value = dims.nan;\n      if (wanted == dims.ignored) {\n        value = 0.0;\n      } else if (wanted >= 0 && wanted < dims.classes) {\n        let k = u32(wanted);\n        value = log(whole) + (top - pick(x[start + k / WIDTH], k));\n      }\n      loss[row] = value;\n    }\n  }\n}\n";

// engine/shaders/crossEntropyGrad.wgsl
var crossEntropyGrad_default = "// crossEntropyGrad - cotangent of the logits of crossEntropy.\n//\n//   dx[k] = g * (softmax(x)[k] - [k == target]),  0 where target is the ignored index\n//\n// bindings   0  x        read        V    [rows, n / WIDTH]\n//            1  targets  read        i32  [rows]\n//            2  loss     read        f32  [rows]\n//            3  g        read        f32  [rows]\n//            4  dx       read_write  V    [rows, n / WIDTH]\n// workgroup  one row at a time; the lanes stride over it (a row kernel: V, LANES come before)\n// grid       [min(rows, cap), 1, 1]\n// cost       reads x and writes dx once, one exp a value; memory bound\n// why        loss + x[target] is the log of the sum of exponentials, so nothing has to be summed again\n\nstruct Dims { rows: u32, n: u32, classes: i32, ignored: i32 }\nvar<immediate> dims: Dims;\n\n@group(0) @binding(0) var<storage, read> x: array<V>;\n@group(0) @binding(1) var<storage, read> targets: array<i32>;\n@group(0) @binding(2) var<storage, read> loss: array<f32>;\n@group(0) @binding(3) var<storage, read> g: array<f32>;\n@group(0) @binding(4) var<storage, read_write> dx: array<V>;\n\n@compute @workgroup_size(LANES)\nfn main(\n  @builtin(local_invocation_index) lane: u32,\n  @builtin(workgroup_id) group: vec3u,\n  @builtin(num_workgroups) groups: vec3u,\n) {\n  for (var row = group.x; row < dims.rows; row += groups.x) {\n    let start = row * dims.n;\n    let wanted = targets[row];\n    let k = u32(clamp(wanted, 0, dims.classes - 1));\n    let ignored = wanted == dims.ignored;\n    // Where the position is ignored the loss says nothing of the sum: a huge one keeps exp from overflowing.\n    let logSum = select(loss[row] + pick(x[start + k / WIDTH], k), 0x1.fffffep+127, ignored);\n    let scale = select(g[row], 0.0, ignored);\n    for (var i = lane; i < dims.n; i += LANES) {\n      dx[start + i] = scale * (exp(x[start + i] - logSum) - oneHot(i, k));\n    }\n  }\n}\n";

// engine/ops/crossEntropy.ts
var ignoreNothing = -2147483648;
var ignoredWord = ({ ignoreIndex }) => (ignoreIndex ?? ignoreNothing) >>> 0;
function expectTargets(name, x, targets) {
  expectDType(name, "logits", x, "f32");
  expectDType(name, "targets", targets, "i32");
  check(x.shape.length > 0 && sameShape(targets.shape, x.shape.slice(0, -1)), () => `${name}: targets must have the shape of logits without the class axis, found targets ${describe(targets)} for logits ${describe(x)}`);
}
function expectClass(target, classes) {
  check(target >= 0 && target < classes, () => `crossEntropy: targets must lie in 0..${classes - 1} or be the ignored index, found ${target}`);
}
var crossEntropyGradOp = defineOp({
  kind: "kernel",
  name: "crossEntropyGrad",
  infer(inputs) {
    expectInputs("crossEntropyGrad", inputs, 4);
    expectTargets("crossEntropyGrad", inputs[0], inputs[1]);
    return { shape: inputs[0].shape, dtype: "f32" };
  },
  reference([x, targets, , g], [type], { ignoreIndex }) {
    const { rows: rows3, n } = rowsOf(type);
    const dx = new Float64Array(rows3 * n);
    for (let row = 0; row < rows3; row++) {
      const target = targets[row];
      if (target === ignoreIndex) continue;
      expectClass(target, n);
      const shift = logSumExp(x, row * n, n);
      for (let k = 0; k < n; k++) {
        dx[row * n + k] = g[row] * (Math.exp(x[row * n + k] - shift) - (k === target ? 1 : 0));
      }
    }
    return dx;
  },
  vjp: "none",
  variants([x], _, attrs, device) {
    const { rows: rows3, n } = rowsOf(x);
    return rowVariants({
      label: "crossEntropyGrad",
      body: crossEntropyGrad_default,
      rows: rows3,
      n,
      words: [n, ignoredWord(attrs)],
      bindings: [input(0), input(1), input(2), input(3), output],
      flops: 6 * rows3 * n,
      bytes: 8 * rows3 * n
    }, device);
  }
});
var crossEntropyOp = defineOp({
  kind: "kernel",
  name: "crossEntropy",
  infer(inputs) {
    expectInputs("crossEntropy", inputs, 2);
    expectTargets("crossEntropy", inputs[0], inputs[1]);
    return { shape: inputs[1].shape, dtype: "f32" };
  },
  reference([x, targets], [type], { ignoreIndex }) {
    const { n } = rowsOf(type);
    return targets.map((target, row) => {
      if (target === ignoreIndex) return 0;
      expectClass(target, n);
      return logSumExp(x, row * n, n) - x[row * n + target];
    });
  },
  vjp: (g, [x, targets], y, attrs) => [apply(crossEntropyGradOp, [x, targets, y, g], attrs), null],
  variants([x], _, attrs, device) {
    const { rows: rows3, n } = rowsOf(x);
    return rowVariants({
      label: "crossEntropy",
      body: crossEntropy_default,
      rows: rows3,
      n,
      words: [n, ignoredWord(attrs), f32Bits(NaN)],
      bindings: [input(0), input(1), output],
      flops: 6 * rows3 * n,
      bytes: 4 * rows3 * n
    }, device);
  }
});
var crossEntropy = (logits, targets, ignoreIndex = null) => apply(crossEntropyOp, [logits, targets], { ignoreIndex });
var softCrossEntropy = (logits, probs) => call("neg", sum(call("mul", probs, logSoftmax(logits)), [-1]));

// engine/shaders/layerNorm.wgsl
var layerNorm_default = "// layerNorm - rows brought to mean 0 and variance 1, then scaled and shifted.\n//\n//   y[i] = (x[i] - mean) * rstd * weight[i] + bias[i]\n//\n// bindings   0  x       read        V    [rows, n / WIDTH]\n//            1  stats   read        f32  [rows, 2]     (mean, rstd)\n//            2  weight  read        V    [n / WIDTH]   (any buffer where WEIGHT is 0)\n//            3  bias    read        V    [n / WIDTH]   (any buffer where BIAS is 0)\n//            4  y       read_write  V    [rows, n / WIDTH]\n// workgroup  one row at a time; the lanes stride over it (a row kernel: V, LANES come before)\n// grid       [min(rows, cap), 1, 1]\n// cost       reads x, writes y; memory bound\n\noverride WEIGHT: u32 = 1;\noverride BIAS: u32 = 1;\n\nstruct Dims { rows: u32, n: u32 }\nvar<immediate> dims: Dims;\n\n@group(0) @binding(0) var<storage, read> x: array<V>;\n@group(0) @binding(1) var<storage, read> stats: array<f32>;\n@group(0) @binding(2) var<storage, read> weight: array<V>;\n@group(0) @binding(3) var<storage, read> bias: array<V>;\n@group(0) @binding(4) var<storage, read_write> y: array<V>;\n\n@compute @workgroup_size(LANES)\nfn main(\n  @builtin(local_invocation_index) lane: u32,\n  @builtin(workgroup_id) group: vec3u,\n  @builtin(num_workgroups) groups: vec3u,\n) {\n  for (var row = group.x; row < dims.rows; row += groups.x) {\n    let start = row * dims.n;\n    let mean = stats[2u * row];\n    let rstd = stats[2u * row + 1u];\n    for (var i = lane; i < dims.n; i += LANES) {\n      var value = (x[start + i] - mean) * rstd;\n      if (WEIGHT == 1u) { value *= weight[i]; }\n      if (BIAS == 1u) { value += bias[i]; }\n      y[start + i] = value;\n    }\n  }\n}\n";

// engine/shaders/layerNormGradAffine.wgsl
var layerNormGradAffine_default = "// layerNormGradAffine - what pieces of the rows add to the cotangents of weight and bias of layerNorm.\n//\n//   y[piece, 0, i] = sum over rows of the piece of g[row, i] * (x[row, i] - mean[row]) * rstd[row]\n//   y[piece, 1, i] = sum over rows of the piece of g[row, i]\n//\n// bindings   0  g      read        V    [rows, n / WIDTH]\n//            1  x      read        V    [rows, n / WIDTH]\n//            2  stats  read        f32  [rows, 2]      (mean, rstd)\n//            3  y      read_write  V    [pieces, 2, n / WIDTH]\n// workgroup  LANES neighbouring items of one piece; a lane walks the rows of its column (V comes before)\n// grid       [ceil(n / WIDTH / LANES), pieces, 1]\n// cost       reads g and x once; memory bound\n// why        pieces are summed by another dispatch, since f32 has no atomics (and sums stay repeatable)\n\noverride LANES: u32 = 32;\n\nstruct Dims { rows: u32, n: u32, piece: u32 }\nvar<immediate> dims: Dims;\n\n@group(0) @binding(0) var<storage, read> g: array<V>;\n@group(0) @binding(1) var<storage, read> x: array<V>;\n@group(0) @binding(2) var<storage, read> stats: array<f32>;\n@group(0) @binding(3) var<storage, read_write> y: array<V>;\n\n@compute @workgroup_size(LANES)\nfn main(@builtin(local_invocation_index) lane: u32, @builtin(workgroup_id) group: vec3u) {\n  let i = group.x * LANES + lane;\n  if (i >= dims.n) { return; }\n  var weight = V(0.0);\n  var bias = V(0.0);\n  let start = group.y * dims.piece;\n  let end = min(start + dims.piece, dims.rows);\n  for (var row = start; row < end; row++) {\n    let at = row * dims.n + i;\n    let value = g[at];\n    weight += value * ((x[at] - stats[2u * row]) * stats[2u * row + 1u]);\n    bias += value;\n  }\n  y[2u * group.y * dims.n + i] = weight;\n  y[(2u * group.y + 1u) * dims.n + i] = bias;\n}\n";

// engine/shaders/layerNormGradX.wgsl
var layerNormGradX_default = "// layerNormGradX - cotangent of x of layerNorm.\n//\n//   h = g * weight,  z = (x - mean) * rstd\n//   dx[i] = rstd * (h[i] - E[h] - z[i] * E[h * z])\n//\n// bindings   0  g       read        V    [rows, n / WIDTH]\n//            1  x       read        V    [rows, n / WIDTH]\n//            2  stats   read        f32  [rows, 2]     (mean, rstd)\n//            3  weight  read        V    [n / WIDTH]   (any buffer where WEIGHT is 0)\n//            4  dx      read_write  V    [rows, n / WIDTH]\n// workgroup  one row at a time; the lanes stride over it (a row kernel: V, LANES, sumLanes come before)\n// grid       [min(rows, cap), 1, 1]\n// cost       reads g and x twice (the second time from cache), writes dx; memory bound\n\noverride WEIGHT: u32 = 1;\n\nstruct Dims { rows: u32, n: u32, perValue: f32 }\nvar<immediate> dims: Dims;\n\n@group(0) @binding(0) var<storage, read> g: array<V>;\n@group(0) @binding(1) var<storage, read> x: array<V>;\n@group(0) @binding(2) var<storage, read> stats: array<f32>;\n@group(0) @binding(3) var<storage, read> weight: array<V>;\n@group(0) @binding(4) var<storage, read_write> dx: array<V>;\n\nfn scaled(at: u32, i: u32) -> V {\n  if (WEIGHT == 1u) { return g[at] * weight[i]; }\n  return g[at];\n}\n\n@compute @workgroup_size(LANES)\nfn main(\n  @builtin(local_invocation_index) lane: u32,\n  @builtin(workgroup_id) group: vec3u,\n  @builtin(num_workgroups) groups: vec3u,\n) {\n  for (var row = group.x; row < dims.rows; row += groups.x) {\n    let start = row * dims.n;\n    let mean = stats[2u * row];\n    let rstd = stats[2u * row + 1u];\n    var sum = V(0.0);\n    var product = V(0.0);\n    for (var i = lane; i < dims.n; i += LANES) {\n      let h = scaled(start + i, i);\n      sum += h;\n      product += h * (x[start + i] - mean);\n    }\n    let shift = sumLanes(total(sum), lane) * dims.perValue;\n    let slope = sumLanes(total(product), lane) * dims.perValue * rstd * rstd;\n    for (var i = lane; i < dims.n; i += LANES) {\n      let at = start + i;\n      dx[at] = rstd * (scaled(at, i) - shift - (x[at] - mean) * slope);\n    }\n  }\n}\n";

// engine/shaders/normStats.wgsl
var normStats_default = "// normStats - mean and 1 / standard deviation of rows.\n//\n//   mean = E[x],  rstd = 1 / sqrt(E[(x - mean)^2] + eps)\n//\n// bindings   0  x      read        V    [rows, n / WIDTH]\n//            1  stats  read_write  f32  [rows, 2]     (mean, rstd)\n// workgroup  one row at a time; the lanes stride over it (a row kernel: V, LANES, sumLanes come before)\n// grid       [min(rows, cap), 1, 1]\n// cost       reads x twice (the second time from cache); memory bound\n// why        two passes, not E[x^2] - E[x]^2: the short form loses digits when |mean| >> std\n\nstruct Dims { rows: u32, n: u32, perValue: f32, eps: f32 }\nvar<immediate> dims: Dims;\n\n@group(0) @binding(0) var<storage, read> x: array<V>;\n@group(0) @binding(1) var<storage, read_write> stats: array<f32>;\n\n@compute @workgroup_size(LANES)\nfn main(\n  @builtin(local_invocation_index) lane: u32,\n  @builtin(workgroup_id) group: vec3u,\n  @builtin(num_workgroups) groups: vec3u,\n) {\n  for (var row = group.x; row < dims.rows; row += groups.x) {\n    let start = row * dims.n;\n    var sum = V(0.0);\n    for (var i = lane; i < dims.n; i += LANES) { sum += x[start + i]; }\n    let mean = sumLanes(total(sum), lane) * dims.perValue;\n    var square = V(0.0);\n    for (var i = lane; i < dims.n; i += LANES) {\n      let d = x[start + i] - mean;\n      square += d * d;\n    }\n    let variance = sumLanes(total(square), lane) * dims.perValue;\n    if (lane == 0u) {\n      stats[2u * row] = mean;\n      stats[2u * row + 1u] = 1.0 / sqrt(variance + dims.eps);\n    }\n  }\n}\n";

// engine/ops/normStats.ts
var normStatsOp = defineOp({
  kind: "kernel",
  name: "normStats",
  infer(inputs) {
    expectInputs("normStats", inputs, 1);
    expectRank("normStats", "x", inputs[0], 2);
    expectDType("normStats", "x", inputs[0], "f32");
    return { shape: [inputs[0].shape[0], 2], dtype: "f32" };
  },
  reference([x], [type], { eps }) {
    const { rows: rows3, n } = rowsOf(type);
    const stats = new Float64Array(2 * rows3);
    for (let row = 0; row < rows3; row++) {
      let sum2 = 0;
      for (let i = row * n; i < (row + 1) * n; i++) sum2 += x[i];
      const mean2 = sum2 / n;
      let square2 = 0;
      for (let i = row * n; i < (row + 1) * n; i++) square2 += (x[i] - mean2) ** 2;
      stats[2 * row] = mean2;
      stats[2 * row + 1] = 1 / Math.sqrt(square2 / n + eps);
    }
    return stats;
  },
  vjp: "none",
  variants([x], _, { eps }, device) {
    const { rows: rows3, n } = rowsOf(x);
    return rowVariants({
      label: "normStats",
      body: normStats_default,
      rows: rows3,
      n,
      words: [f32Bits(1 / n), f32Bits(eps)],
      bindings: [input(0), output],
      flops: 4 * rows3 * n,
      bytes: 4 * rows3 * n
    }, device);
  }
});

// engine/ops/layerNorm.ts
function expectOperands(name, x, stats, vectors) {
  expectDType(name, "x", x, "f32");
  const { rows: rows3, n } = rowsOf(x);
  check(sameShape(stats.shape, [rows3, 2]), () => `${name}: statistics of ${describe(x)} must be [${rows3}, 2], found ` + describe(stats));
  for (const vector of vectors) {
    check(sameShape(vector.shape, [n]), () => `${name}: weight and bias must be [${n}] for x ${describe(x)}, found ` + describe(vector));
  }
}
var layerNormGradXOp = defineOp({
  kind: "kernel",
  name: "layerNormGradX",
  infer([g, x, stats, ...vectors]) {
    expectOperands("layerNormGradX", x, stats, vectors);
    return { shape: g.shape, dtype: "f32" };
  },
  reference([g, x, stats, weight], [type]) {
    const { rows: rows3, n } = rowsOf(type);
    const dx = new Float64Array(rows3 * n);
    for (let row = 0; row < rows3; row++) {
      const [mean2, rstd] = [stats[2 * row], stats[2 * row + 1]];
      let shift = 0;
      let slope2 = 0;
      for (let i = 0; i < n; i++) {
        const h = g[row * n + i] * (weight?.[i] ?? 1);
        shift += h / n;
        slope2 += h * (x[row * n + i] - mean2) * rstd / n;
      }
      for (let i = 0; i < n; i++) {
        const at = row * n + i;
        dx[at] = rstd * (g[at] * (weight?.[i] ?? 1) - shift - (x[at] - mean2) * rstd * slope2);
      }
    }
    return dx;
  },
  vjp: "none",
  variants([, x], _, { weight }, device) {
    const { rows: rows3, n } = rowsOf(x);
    return rowVariants({
      label: "layerNormGradX",
      body: layerNormGradX_default,
      rows: rows3,
      n,
      words: [f32Bits(1 / n)],
      constants: { WEIGHT: weight ? 1 : 0 },
      bindings: [input(0), input(1), input(2), input(weight ? 3 : 0), output],
      flops: 12 * rows3 * n,
      bytes: 12 * rows3 * n
    }, device);
  }
});
var layerNormGradAffineOp = defineOp({
  kind: "kernel",
  name: "layerNormGradAffine",
  infer([, x, stats], { pieces }) {
    expectOperands("layerNormGradAffine", x, stats, []);
    return { shape: [pieces, 2, rowsOf(x).n], dtype: "f32" };
  },
  reference([g, x, stats], [type], { pieces }) {
    const { rows: rows3, n } = rowsOf(type);
    const piece = Math.ceil(rows3 / pieces);
    const y = new Float64Array(pieces * 2 * n);
    for (let row = 0; row < rows3; row++) {
      const start = 2 * n * Math.floor(row / piece);
      for (let i = 0; i < n; i++) {
        const at = row * n + i;
        y[start + i] += g[at] * (x[at] - stats[2 * row]) * stats[2 * row + 1];
        y[start + n + i] += g[at];
      }
    }
    return y;
  },
  vjp: "none",
  variants([, x], _, { pieces }) {
    const { rows: rows3, n } = rowsOf(x);
    const item = itemOf(n);
    const items = n / item.width;
    return [{
      name: "columns",
      scratch: [],
      calls: [{
        label: "layerNormGradAffine",
        source: `${item.source}
${layerNormGradAffine_default}`,
        constants: { LANES: 32 },
        bindings: [input(0), input(1), input(2), output],
        immediates: [rows3, items, Math.ceil(rows3 / pieces)],
        grid: [groups(items, 32), pieces, 1],
        flops: 5 * rows3 * n,
        bytes: 8 * rows3 * n
      }]
    }];
  }
});
function affinePieces(rows3) {
  return groups(rows3, Math.max(32, Math.ceil(rows3 / Math.min(256, maxGroupsPerAxis))));
}
var layerNormOp = defineOp({
  kind: "kernel",
  name: "layerNorm",
  infer([x, stats, ...vectors]) {
    expectOperands("layerNorm", x, stats, vectors);
    return { shape: x.shape, dtype: "f32" };
  },
  reference([x, stats, ...vectors], [type], attrs) {
    const weight = attrs.weight ? vectors[0] : void 0;
    const bias = attrs.bias ? vectors.at(-1) : void 0;
    const { n } = rowsOf(type);
    return x.map((value, at) => {
      const row = Math.floor(at / n);
      const i = at - row * n;
      return (value - stats[2 * row]) * stats[2 * row + 1] * (weight?.[i] ?? 1) + (bias?.[i] ?? 0);
    });
  },
  vjp(g, [x, stats, ...vectors], _, attrs) {
    const weight = attrs.weight ? [vectors[0]] : [];
    const { rows: rows3, n } = rowsOf(x);
    const dx = apply(layerNormGradXOp, [g, x, stats, ...weight], { weight: attrs.weight });
    const affine = sum(apply(layerNormGradAffineOp, [g, x, stats], { pieces: affinePieces(rows3) }), [0]);
    const part = (k) => reshape(slice(affine, 0, k, 1), [n]);
    return [dx, null, ...attrs.weight ? [part(0)] : [], ...attrs.bias ? [part(1)] : []];
  },
  variants([x], _, { weight, bias }, device) {
    const { rows: rows3, n } = rowsOf(x);
    const vector = (given, index) => input(given ? index : 0);
    return rowVariants({
      label: "layerNorm",
      body: layerNorm_default,
      rows: rows3,
      n,
      constants: { WEIGHT: weight ? 1 : 0, BIAS: bias ? 1 : 0 },
      bindings: [input(0), input(1), vector(weight, 2), vector(bias, weight ? 3 : 2), output],
      flops: 4 * rows3 * n,
      bytes: 8 * rows3 * n
    }, device);
  }
});
function layerNorm(x, weight = null, bias = null, eps = 1e-5) {
  check(x.rank > 0, () => `layerNorm: x must have at least one axis, found ${describe(x)}`);
  const stats = apply(normStatsOp, [reshape(x, [-1, x.shape.at(-1)])], { eps });
  const vectors = [weight, bias].filter((vector) => vector !== null);
  return apply(layerNormOp, [x, stats, ...vectors], { weight: weight !== null, bias: bias !== null });
}

// engine/shaders/groupNorm.wgsl
var groupNorm_default = "// groupNorm - channels brought to mean 0 and variance 1 by group, scaled, shifted and, where asked, put through SiLU.\n//\n//   h = (x - mean) * rstd * weight + bias,  y = h  or  h / (1 + exp(-h))\n//\n// bindings   0  x       read        V    [B, C, n / WIDTH]   (a row is one channel of one sample)\n//            1  stats   read        f32  [B, G, 2]           (mean, rstd)\n//            2  weight  read        f32  [C]\n//            3  bias    read        f32  [C]\n//            4  y       read_write  V    [B, C, n / WIDTH]\n// workgroup  one row at a time; the lanes stride over it (a row kernel: V, LANES come before)\n// grid       [min(B * C, cap), 1, 1]\n// cost       reads x, writes y; memory bound\n\noverride SILU: u32 = 0;\n\nstruct Dims { rows: u32, n: u32, channels: u32, perGroup: u32 }\nvar<immediate> dims: Dims;\n\n@group(0) @binding(0) var<storage, read> x: array<V>;\n@group(0) @binding(1) var<storage, read> stats: array<f32>;\n@group(0) @binding(2) var<storage, read> weight: array<f32>;\n@group(0) @binding(3) var<storage, read> bias: array<f32>;\n@group(0) @binding(4) var<storage, read_write> y: array<V>;\n\n@compute @workgroup_size(LANES)\nfn main(\n  @builtin(local_invocation_index) lane: u32,\n  @builtin(workgroup_id) group: vec3u,\n  @builtin(num_workgroups) groups: vec3u,\n) {\n  for (var row = group.x; row < dims.rows; row += groups.x) {\n    let start = row * dims.n;\n    let channel = row % dims.channels;\n    let slab = row / dims.perGroup;\n    let mean = stats[2u * slab];\n    let scale = stats[2u * slab + 1u] * weight[channel];\n    let shift = bias[channel];\n    for (var i = lane; i < dims.n; i += LANES) {\n      var h = (x[start + i] - mean) * scale + shift;\n      if (SILU == 1u) { h = h / (1.0 + exp(-h)); }\n      y[start + i] = h;\n    }\n  }\n}\n";

// engine/shaders/groupNormGradSums.wgsl
var groupNormGradSums_default = "// groupNormGradSums - the two sums over each channel from which every gradient of groupNorm follows.\n//\n//   h = z * weight + bias  with  z = (x - mean) * rstd,   r = g  or  g * SiLU'(h)\n//   sums[0, b, c] = sum r,   sums[1, b, c] = sum r * z\n//\n// bindings   0  g       read        V    [B, C, n / WIDTH]   (a row is one channel of one sample)\n//            1  x       read        V    [B, C, n / WIDTH]\n//            2  stats   read        f32  [B, G, 2]           (mean, rstd)\n//            3  weight  read        f32  [C]\n//            4  bias    read        f32  [C]\n//            5  sums    read_write  f32  [2, B, C]\n// workgroup  one row at a time; the lanes stride over it (a row kernel: V, LANES, sumLanes come before)\n// grid       [min(B * C, cap), 1, 1]\n// cost       reads g and x once; memory bound\n\noverride SILU: u32 = 0;\n\nstruct Dims { rows: u32, n: u32, channels: u32, perGroup: u32 }\nvar<immediate> dims: Dims;\n\n@group(0) @binding(0) var<storage, read> g: array<V>;\n@group(0) @binding(1) var<storage, read> x: array<V>;\n@group(0) @binding(2) var<storage, read> stats: array<f32>;\n@group(0) @binding(3) var<storage, read> weight: array<f32>;\n@group(0) @binding(4) var<storage, read> bias: array<f32>;\n@group(0) @binding(5) var<storage, read_write> sums: array<f32>;\n\n@compute @workgroup_size(LANES)\nfn main(\n  @builtin(local_invocation_index) lane: u32,\n  @builtin(workgroup_id) group: vec3u,\n  @builtin(num_workgroups) groups: vec3u,\n) {\n  for (var row = group.x; row < dims.rows; row += groups.x) {\n    let start = row * dims.n;\n    let channel = row % dims.channels;\n    let slab = row / dims.perGroup;\n    let mean = stats[2u * slab];\n    let rstd = stats[2u * slab + 1u];\n    let scale = weight[channel];\n    let shift = bias[channel];\n    var sum = V(0.0);\n    var product = V(0.0);\n    for (var i = lane; i < dims.n; i += LANES) {\n      let z = (x[start + i] - mean) * rstd;\n      var r = g[start + i];\n      if (SILU == 1u) {\n        let h = z * scale + shift;\n        let s = 1.0 / (1.0 + exp(-h));\n        r *= s * (1.0 + h * (1.0 - s));\n      }\n      sum += r;\n      product += r * z;\n    }\n    let rowSum = sumLanes(total(sum), lane);\n    let rowProduct = sumLanes(total(product), lane);\n    if (lane == 0u) {\n      sums[row] = rowSum;\n      sums[dims.rows + row] = rowProduct;\n    }\n  }\n}\n";

// engine/shaders/groupNormGradX.wgsl
var groupNormGradX_default = "// groupNormGradX - cotangent of x of groupNorm.\n//\n//   h = z * weight + bias  with  z = (x - mean) * rstd,   r = g  or  g * SiLU'(h)\n//   dx = rstd * (r * weight - E[r * weight] - z * E[r * weight * z])     E over the group of channels\n//\n// bindings   0  g       read        V    [B, C, n / WIDTH]   (a row is one channel of one sample)\n//            1  x       read        V    [B, C, n / WIDTH]\n//            2  stats   read        f32  [B, G, 2]           (mean, rstd)\n//            3  weight  read        f32  [C]\n//            4  bias    read        f32  [C]\n//            5  sums    read        f32  [2, B, C]           (of r and r * z over a channel)\n//            6  dx      read_write  V    [B, C, n / WIDTH]\n// workgroup  one row at a time; the lanes stride over it (a row kernel: V, LANES, sumLanes come before)\n// grid       [min(B * C, cap), 1, 1]\n// cost       reads g and x, writes dx; memory bound\n\noverride SILU: u32 = 0;\n\nstruct Dims { rows: u32, n: u32, channels: u32, perGroup: u32, perValue: f32 }\nvar<immediate> dims: Dims;\n\n@group(0) @binding(0) var<storage, read> g: array<V>;\n@group(0) @binding(1) var<storage, read> x: array<V>;\n@group(0) @binding(2) var<storage, read> stats: array<f32>;\n@group(0) @binding(3) var<storage, read> weight: array<f32>;\n@group(0) @binding(4) var<storage, read> bias: array<f32>;\n@group(0) @binding(5) var<storage, read> sums: array<f32>;\n@group(0) @binding(6) var<storage, read_write> dx: array<V>;\n\n@compute @workgroup_size(LANES)\nfn main(\n  @builtin(local_invocation_index) lane: u32,\n  @builtin(workgroup_id) group: vec3u,\n  @builtin(num_workgroups) groups: vec3u,\n) {\n  for (var row = group.x; row < dims.rows; row += groups.x) {\n    let start = row * dims.n;\n    let channel = row % dims.channels;\n    let slab = row / dims.perGroup;\n    let mean = stats[2u * slab];\n    let rstd = stats[2u * slab + 1u];\n    let scale = weight[channel];\n    let shift = bias[channel];\n    var sum = 0.0;\n    var product = 0.0;\n    for (var k = lane; k < dims.perGroup; k += LANES) {\n      let other = slab * dims.perGroup + k;\n      let factor = weight[other % dims.channels];\n      sum += factor * sums[other];\n      product += factor * sums[dims.rows + other];\n    }\n    let meanSum = sumLanes(sum, lane) * dims.perValue;\n    let meanProduct = sumLanes(product, lane) * dims.perValue;\n    for (var i = lane; i < dims.n; i += LANES) {\n      let z = (x[start + i] - mean) * rstd;\n      var r = g[start + i] * scale;\n      if (SILU == 1u) {\n        let h = z * scale + shift;\n        let s = 1.0 / (1.0 + exp(-h));\n        r *= s * (1.0 + h * (1.0 - s));\n      }\n      dx[start + i] = rstd * (r - meanSum - z * meanProduct);\n    }\n  }\n}\n";

// engine/ops/groupNorm.ts
function sizes(x, groups2) {
  const [B, C, ...spatial] = x.shape;
  return { B, C, n: sizeOf(spatial), perGroup: C / groups2 };
}
function expectOperands2(name, x, stats, vectors, { groups: groups2 }) {
  expectDType(name, "x", x, "f32");
  const { B, C } = sizes(x, groups2);
  check(sameShape(stats.shape, [B * groups2, 2]), () => `${name}: statistics of ${groups2} groups of ${describe(x)} must be [${B * groups2}, 2], found ${describe(stats)}`);
  for (const vector of vectors) {
    check(sameShape(vector.shape, [C]), () => `${name}: weight and bias must be [${C}] for x ${describe(x)}, found ` + describe(vector));
  }
}
var sigmoid = (h) => 1 / (1 + Math.exp(-h));
var slope = {
  none: () => 1,
  silu: (h) => sigmoid(h) * (1 + h * (1 - sigmoid(h)))
};
function eachValue({ B, C, n, perGroup }, stats, visit) {
  for (let row = 0; row < B * C; row++) {
    const slab = Math.floor(row / perGroup);
    for (let i = 0; i < n; i++) visit(row * n + i, row, row % C, stats[2 * slab], stats[2 * slab + 1]);
  }
}
var groupNormGradSumsOp = defineOp({
  kind: "kernel",
  name: "groupNormGradSums",
  infer([, x, stats, ...vectors], attrs) {
    expectOperands2("groupNormGradSums", x, stats, vectors, attrs);
    return { shape: [2, x.shape[0], x.shape[1]], dtype: "f32" };
  },
  reference([g, x, stats, weight, bias], [, type], { groups: groups2, activation }) {
    const known = sizes(type, groups2);
    const sums = new Float64Array(2 * known.B * known.C);
    eachValue(known, stats, (at, row, channel, mean2, rstd) => {
      const z = (x[at] - mean2) * rstd;
      const r = g[at] * slope[activation](z * weight[channel] + bias[channel]);
      sums[row] += r;
      sums[known.B * known.C + row] += r * z;
    });
    return sums;
  },
  vjp: "none",
  variants([, x], _, { groups: groups2, activation }, device) {
    const { B, C, n, perGroup } = sizes(x, groups2);
    return rowVariants({
      label: "groupNormGradSums",
      body: groupNormGradSums_default,
      rows: B * C,
      n,
      words: [C, perGroup],
      constants: { SILU: activation === "silu" ? 1 : 0 },
      bindings: [input(0), input(1), input(2), input(3), input(4), output],
      flops: 12 * B * C * n,
      bytes: 8 * B * C * n
    }, device);
  }
});
var groupNormGradXOp = defineOp({
  kind: "kernel",
  name: "groupNormGradX",
  infer([, x, stats, weight, bias], attrs) {
    expectOperands2("groupNormGradX", x, stats, [weight, bias], attrs);
    return { shape: x.shape, dtype: "f32" };
  },
  reference([g, x, stats, weight, bias, sums], [, type], { groups: groups2, activation }) {
    const known = sizes(type, groups2);
    const { B, C, n, perGroup } = known;
    const shift = new Float64Array(B * groups2);
    const product = new Float64Array(B * groups2);
    for (let row = 0; row < B * C; row++) {
      const slab = Math.floor(row / perGroup);
      shift[slab] += weight[row % C] * sums[row] / (perGroup * n);
      product[slab] += weight[row % C] * sums[B * C + row] / (perGroup * n);
    }
    const dx = new Float64Array(x.length);
    eachValue(known, stats, (at, row, channel, mean2, rstd) => {
      const z = (x[at] - mean2) * rstd;
      const r = g[at] * slope[activation](z * weight[channel] + bias[channel]);
      const slab = Math.floor(row / perGroup);
      dx[at] = rstd * (r * weight[channel] - shift[slab] - z * product[slab]);
    });
    return dx;
  },
  vjp: "none",
  variants([, x], _, { groups: groups2, activation }, device) {
    const { B, C, n, perGroup } = sizes(x, groups2);
    return rowVariants({
      label: "groupNormGradX",
      body: groupNormGradX_default,
      rows: B * C,
      n,
      words: [C, perGroup, f32Bits(1 / (perGroup * n))],
      constants: { SILU: activation === "silu" ? 1 : 0 },
      bindings: [input(0), input(1), input(2), input(3), input(4), input(5), output],
      flops: 14 * B * C * n,
      bytes: 12 * B * C * n
    }, device);
  }
});
var groupNormOp = defineOp({
  kind: "kernel",
  name: "groupNorm",
  infer([x, stats, weight, bias], attrs) {
    expectOperands2("groupNorm", x, stats, [weight, bias], attrs);
    return { shape: x.shape, dtype: "f32" };
  },
  reference([x, stats, weight, bias], [type], { groups: groups2, activation }) {
    const y = new Float64Array(x.length);
    eachValue(sizes(type, groups2), stats, (at, _row, channel, mean2, rstd) => {
      const h = (x[at] - mean2) * rstd * weight[channel] + bias[channel];
      y[at] = activation === "silu" ? h * sigmoid(h) : h;
    });
    return y;
  },
  vjp(g, [x, stats, weight, bias], _, attrs) {
    const sums = apply(groupNormGradSumsOp, [g, x, stats, weight, bias], attrs);
    const dx = apply(groupNormGradXOp, [g, x, stats, weight, bias, sums], attrs);
    const perChannel = sum(sums, [1]);
    const part = (k) => reshape(slice(perChannel, 0, k, 1), weight.shape);
    return [dx, null, part(1), part(0)];
  },
  variants([x], _, { groups: groups2, activation }, device) {
    const { B, C, n, perGroup } = sizes(x, groups2);
    return rowVariants({
      label: "groupNorm",
      body: groupNorm_default,
      rows: B * C,
      n,
      words: [C, perGroup],
      constants: { SILU: activation === "silu" ? 1 : 0 },
      bindings: [input(0), input(1), input(2), input(3), output],
      flops: (activation === "silu" ? 7 : 3) * B * C * n,
      bytes: 8 * B * C * n
    }, device);
  }
});
function groupNorm(x, groups2, weight, bias, eps = 1e-5, activation = "none") {
  check(x.rank >= 2 && x.shape[1] % groups2 === 0, () => `groupNorm: x must be [B, C, ..] with C a multiple of ${groups2} groups, found ${describe(x)}`);
  const stats = apply(normStatsOp, [reshape(x, [x.shape[0] * groups2, -1])], { eps });
  return apply(groupNormOp, [x, stats, weight, bias], { groups: groups2, activation });
}

// engine/shaders/attention.wgsl
var attention_default = "// attention - softmax attention in one pass over the keys, for devices with real workgroup memory.\n//\n//   p[i, j] = exp(scale * q[i] . k[j] - lse[i]),   y[i] = sum_j p[i, j] * v[j]      in every (sample, head)\n//\n// bindings   0  q  read        V    [B, Lq, heads, D]\n//            1  k  read        V    [B, Lk, heads, D]\n//            2  v  read        V    [B, Lk, heads, DV]\n//            3  y  read_write  f32  [B, Lq, heads, DV * WIDTH], then at `lseAt` the lse\n//                            [B, heads, Lq rounded up to fours]\n// workgroup  LANES queries of one head, one a lane; TILE keys at a time are shared in workgroup memory\n// grid       [ceil(Lq / LANES), heads, B]\n// cost       2 * (D + DV) * WIDTH flops a pair; the keys are read ceil(Lq / LANES) times\n// why        sums are corrected only when the running maximum rises, which is rare after the first keys\n\noverride D: u32 = 8;   // items V of a head of q and k\noverride DV: u32 = 8;  // items V of a head of v\noverride CAUSAL: u32 = 0;\n\nconst LANES = 64u;\nconst TILE = 16u;\nconst most = 128u / WIDTH;\n\nstruct Dims { heads: u32, Lq: u32, Lk: u32, lseAt: u32, scale: f32 }\nvar<immediate> dims: Dims;\n\n@group(0) @binding(0) var<storage, read> q: array<V>;\n@group(0) @binding(1) var<storage, read> k: array<V>;\n@group(0) @binding(2) var<storage, read> v: array<V>;\n@group(0) @binding(3) var<storage, read_write> y: array<f32>;\n\nvar<workgroup> keys: array<V, TILE * D>;\nvar<workgroup> values: array<V, TILE * DV>;\n\n/** Place of the log-sum-exp of query i. */\nfn lseRow(i: u32, group: vec3u) -> u32 {\n  return (group.z * dims.heads + group.y) * ((dims.Lq + 3u) / 4u * 4u) + i;\n}\n\n@compute @workgroup_size(LANES)\nfn main(@builtin(local_invocation_index) lane: u32, @builtin(workgroup_id) group: vec3u) {\n  let i = group.x * LANES + lane;\n  let row = (group.z * dims.Lq + min(i, dims.Lq - 1u)) * dims.heads + group.y;\n  // Keys that this lane sees, and those that any lane of the workgroup sees.\n  var seen = dims.Lk;\n  var end = dims.Lk;\n  if (CAUSAL == 1u) {\n    seen = min(dims.Lk, i + 1u + dims.Lk - dims.Lq);\n    end = min(dims.Lk, group.x * LANES + LANES + dims.Lk - dims.Lq);\n  }\n  var query: array<V, most>;\n  var sum: array<V, most>;\n  for (var d = 0u; d < D; d++) { query[d] = q[row * D + d] * dims.scale; }\n  for (var d = 0u; d < DV; d++) { sum[d] = V(0.0); }\n  var top = -0x1.fffffep+127;\n  var mass = 0.0;\n  for (var start = 0u; start < end; start += TILE) {\n    workgroupBarrier();\n    for (var at = lane; at < TILE * D; at += LANES) {\n      let j = min(start + at / D, dims.Lk - 1u);\n      keys[at] = k[((group.z * dims.Lk + j) * dims.heads + group.y) * D + at % D];\n    }\n    for (var at = lane; at < TILE * DV; at += LANES) {\n      let j = min(start + at / DV, dims.Lk - 1u);\n      values[at] = v[((group.z * dims.Lk + j) * dims.heads + group.y) * DV + at % DV];\n    }\n    workgroupBarrier();\n    // A count that is not constant also keeps software adapters from unrolling this loop.\n    let count = min(TILE, end - start);\n    for (var j = 0u; j < count; j++) {\n      var products = V(0.0);\n      for (var d = 0u; d < D; d++) { products += query[d] * keys[j * D + d]; }\n      if (start + j >= seen) { continue; }\n      let score = total(products);\n      if (score > top) {\n        let correction = exp(top - score);\n        mass *= correction;\n        for (var d = 0u; d < DV; d++) { sum[d] *= correction; }\n        top = score;\n      }\n      let weight = exp(score - top);\n      mass += weight;\n      for (var d = 0u; d < DV; d++) { sum[d] += weight * values[j * DV + d]; }\n    }\n  }\n  if (i >= dims.Lq) { return; }\n  for (var d = 0u; d < DV; d++) {\n    let value = sum[d] / mass;\n    for (var part = 0u; part < WIDTH; part++) { y[(row * DV + d) * WIDTH + part] = pick(value, part); }\n  }\n  y[dims.lseAt + lseRow(i, group)] = top + log(mass);\n}\n";

// engine/shaders/attentionSubgroup.wgsl
var attentionSubgroup_default = "// attentionSubgroup - softmax attention for software adapters with subgroups of eight lanes.\n//\n//   p[i, j] = exp(scale * q[i] . k[j] - lse[i]),   y[i] = sum_j p[i, j] * v[j]      in every (sample, head)\n//\n// bindings   0  q  read        vec4f  [B, Lq, heads, D]\n//            1  k  read        vec4f  [B, Lk, heads, D]\n//            2  v  read        vec4f  [B, Lk, heads, DV]\n//            3  y  read_write  vec4f  [B, Lq, heads, DV], then at `lseAt` the lse [B, heads, ceil(Lq / 4)]\n// workgroup  one subgroup: a lane has two queries, and in each block of 32 keys it loads four, eight apart\n// grid       [ceil(Lq / 16), heads, B]\n// cost       8 * (D + DV) flops a pair; the keys are read ceil(Lq / 16) times\n// why        the scores of a block stay in registers (see eightLanes, which comes before) and sums wait in y, so one\n//            short pipeline serves all widths\n\nstruct Dims { heads: u32, Lq: u32, Lk: u32, D: u32, DV: u32, causal: u32, lseAt: u32, scale: f32 }\nvar<immediate> dims: Dims;\n\n@group(0) @binding(0) var<storage, read> q: array<vec4f>;\n@group(0) @binding(1) var<storage, read> k: array<vec4f>;\n@group(0) @binding(2) var<storage, read> v: array<vec4f>;\n@group(0) @binding(3) var<storage, read_write> y: array<vec4f>;\n\n/** Turns the products of a block into weights; returns the correction of what was summed before. */\nfn soften(p: ptr<function, array<Eight, 4>>, start: u32, seen: u32, top: ptr<function, f32>,\n  mass: ptr<function, f32>) -> f32 {\n  var highest = *top;\n  for (var c = 0u; c < 4u; c++) {\n    let scores = Eight((*p)[c].low * dims.scale, (*p)[c].high * dims.scale);\n    (*p)[c] = below(scores, lowest, start + 8u * c, seen);\n    highest = max(highest, highestOf((*p)[c]));\n  }\n  let correction = exp(*top - highest);\n  *top = highest;\n  *mass *= correction;\n  for (var c = 0u; c < 4u; c++) {\n    (*p)[c] = Eight(exp((*p)[c].low - highest), exp((*p)[c].high - highest));\n    *mass += sumOf((*p)[c]);\n  }\n  return correction;\n}\n\n@compute @workgroup_size(8)\nfn main(@builtin(subgroup_invocation_id) lane: u32, @builtin(workgroup_id) group: vec3u) {\n  let i = group.x * 16u + lane * 2u + vec2u(0, 1);\n  let row = (group.z * dims.Lq + min(i, vec2u(dims.Lq - 1u))) * dims.heads + group.y;\n  // With a causal mask a query sees `ahead` keys more than its own number.\n  let ahead = select(dims.Lk, 1u + dims.Lk - dims.Lq, dims.causal == 1u);\n  let seen = min(vec2u(dims.Lk), i + ahead);\n  let end = min(dims.Lk, group.x * 16u + 15u + ahead);\n  var top0 = lowest;\n  var top1 = lowest;\n  var mass0 = 0.0;\n  var mass1 = 0.0;\n  for (var start = 0u; start < end; start += 32u) {\n    let j = min(start + lane + vec4u(0, 8, 16, 24), vec4u(dims.Lk - 1u));\n    let keys = (group.z * dims.Lk + j) * dims.heads + group.y;\n    let key = array<u32, 4>(keys.x, keys.y, keys.z, keys.w);\n    var p0 = array<Eight, 4>();\n    var p1 = array<Eight, 4>();\n    for (var d = 0u; d < dims.D; d++) {\n      let query0 = q[row.x * dims.D + d];\n      let query1 = q[row.y * dims.D + d];\n      for (var c = 0u; c < 4u; c++) {\n        if (start + c * 8u < end) {\n          let b = vectorsOfLanes(k[key[c] * dims.D + d]);\n          p0[c] = addDots(query0, b, p0[c]);\n          p1[c] = addDots(query1, b, p1[c]);\n        }\n      }\n    }\n    let correction0 = soften(&p0, start, seen.x, &top0, &mass0);\n    let correction1 = soften(&p1, start, seen.y, &top1, &mass1);\n    let finish = select(vec2f(1.0), 1.0 / vec2f(mass0, mass1), start + 32u >= end);\n    for (var d = 0u; d < dims.DV; d++) {\n      var sum0 = vec4f(0.0);\n      var sum1 = vec4f(0.0);\n      if (start > 0u) {\n        sum0 = y[row.x * dims.DV + d] * correction0;\n        sum1 = y[row.y * dims.DV + d] * correction1;\n      }\n      for (var c = 0u; c < 4u; c++) {\n        if (start + c * 8u < end) {\n          let b = vectorsOfLanes(v[key[c] * dims.DV + d]);\n          sum0 = addWeighted(p0[c], b, sum0);\n          sum1 = addWeighted(p1[c], b, sum1);\n        }\n      }\n      if (i.x < dims.Lq) { y[row.x * dims.DV + d] = sum0 * finish.x; }\n      if (i.y < dims.Lq) { y[row.y * dims.DV + d] = sum1 * finish.y; }\n    }\n  }\n  // Two lanes make a vector of four queries.\n  let lse = vec2f(top0, top1) + log(vec2f(mass0, mass1));\n  let next = subgroupShuffleDown(lse, 1u);\n  if (lane % 2u == 0u && i.x < dims.Lq) {\n    y[dims.lseAt + (group.z * dims.heads + group.y) * ((dims.Lq + 3u) / 4u) + i.x / 4u] = vec4f(lse, next);\n  }\n}\n";

// engine/shaders/eightLanes.wgsl
var eightLanes_default = "// eightLanes - products of a lane's own vectors with those of all eight lanes of a subgroup, kept in registers.\n//\n// For software adapters: a load costs as much as thirty multiplications there, a broadcast to the other lanes as much\n// as one. So each lane loads one vector for all eight, and a tile of sums stays in registers.\n// Kernels set their tiles to zero in so many words: without an initialiser Tint clears a variable once, not at every\n// turn of the loop that declares it.\n\n/** One number for each of eight vectors. */\nstruct Eight { low: vec4f, high: vec4f }\n\nconst lowest = -0x1.fffffep+127;\n\n/** The vectors of all lanes. */\nfn vectorsOfLanes(own: vec4f) -> array<vec4f, 8> {\n  return array<vec4f, 8>(\n    subgroupBroadcast(own, 0), subgroupBroadcast(own, 1), subgroupBroadcast(own, 2), subgroupBroadcast(own, 3),\n    subgroupBroadcast(own, 4), subgroupBroadcast(own, 5), subgroupBroadcast(own, 6), subgroupBroadcast(own, 7));\n}\n\n/** The numbers of all lanes. */\nfn numbersOfLanes(own: f32) -> Eight {\n  return Eight(\n    vec4f(subgroupBroadcast(own, 0), subgroupBroadcast(own, 1), subgroupBroadcast(own, 2), subgroupBroadcast(own, 3)),\n    vec4f(subgroupBroadcast(own, 4), subgroupBroadcast(own, 5), subgroupBroadcast(own, 6), subgroupBroadcast(own, 7)));\n}\n\nfn addDot(a: vec4f, b: vec4f, sum: f32) -> f32 {\n  return fma(a.x, b.x, fma(a.y, b.y, fma(a.z, b.z, fma(a.w, b.w, sum))));\n}\n\n/** sum[j] + a . b[j] */\nfn addDots(a: vec4f, b: array<vec4f, 8>, sum: Eight) -> Eight {\n  return Eight(\n    vec4f(addDot(a, b[0], sum.low.x), addDot(a, b[1], sum.low.y), addDot(a, b[2], sum.low.z),\n      addDot(a, b[3], sum.low.w)),\n    vec4f(addDot(a, b[4], sum.high.x), addDot(a, b[5], sum.high.y), addDot(a, b[6], sum.high.z),\n      addDot(a, b[7], sum.high.w)));\n}\n\n/** sum + sum_j weight[j] * b[j] */\nfn addWeighted(weight: Eight, b: array<vec4f, 8>, sum: vec4f) -> vec4f {\n  let half = fma(vec4f(weight.low.x), b[0], fma(vec4f(weight.low.y), b[1],\n    fma(vec4f(weight.low.z), b[2], fma(vec4f(weight.low.w), b[3], sum))));\n  return fma(vec4f(weight.high.x), b[4], fma(vec4f(weight.high.y), b[5],\n    fma(vec4f(weight.high.z), b[6], fma(vec4f(weight.high.w), b[7], half))));\n}\n\nfn highestOf(a: Eight) -> f32 {\n  let four = max(a.low, a.high);\n  return max(max(four.x, four.y), max(four.z, four.w));\n}\n\nfn sumOf(a: Eight) -> f32 {\n  let four = a.low + a.high;\n  return (four.x + four.y) + (four.z + four.w);\n}\n\n/** `a` where start + j < end, `other` elsewhere. */\nfn below(a: Eight, other: f32, start: u32, end: u32) -> Eight {\n  let j = start + vec4u(0, 1, 2, 3);\n  return Eight(select(vec4f(other), a.low, j < vec4u(end)), select(vec4f(other), a.high, j + 4u < vec4u(end)));\n}\n";

// engine/shaders/attentionGradKeys.wgsl
var attentionGradKeys_default = "// attentionGradKeys - cotangents of keys and values of attention, for devices with real workgroup memory.\n//\n//   p[i, j] = exp(scale * q[i] . k[j] - lse[i])\n//   dk[j] = scale * sum_i p[i, j] * (g[i] . v[j] - delta[i]) * q[i],   dv[j] = sum_i p[i, j] * g[i]\n//\n// bindings   0  q      read        V    [B, Lq, heads, D]\n//            1  k      read        V    [B, Lk, heads, D]\n//            2  v      read        V    [B, Lk, heads, DV]\n//            3  g      read        V    [B, Lq, heads, DV]\n//            4  lse    read        f32  [B, heads, Lq rounded up to fours]\n//            5  delta  read        f32  [B, Lq, heads]      (y . g)\n//            6  dkv    read_write  V    dk [B, Lk, heads, D], then at `valuesAt` dv [B, Lk, heads, DV]\n// workgroup  LANES keys of one head, one a lane; TILE queries at a time are shared in workgroup memory\n// grid       [ceil(Lk / LANES), heads, B]\n// cost       4 * (D + DV) * WIDTH flops a pair; the queries are read ceil(Lk / LANES) times\n// why        keys and values together, because both need the probabilities\n\noverride D: u32 = 8;   // items V of a head of q and k\noverride DV: u32 = 8;  // items V of a head of v\noverride CAUSAL: u32 = 0;\n\nconst LANES = 64u;\nconst TILE = 16u;\nconst most = 128u / WIDTH;\n\nstruct Dims { heads: u32, Lq: u32, Lk: u32, valuesAt: u32, scale: f32 }\nvar<immediate> dims: Dims;\n\n@group(0) @binding(0) var<storage, read> q: array<V>;\n@group(0) @binding(1) var<storage, read> k: array<V>;\n@group(0) @binding(2) var<storage, read> v: array<V>;\n@group(0) @binding(3) var<storage, read> g: array<V>;\n@group(0) @binding(4) var<storage, read> lse: array<f32>;\n@group(0) @binding(5) var<storage, read> delta: array<f32>;\n@group(0) @binding(6) var<storage, read_write> dkv: array<V>;\n\nvar<workgroup> queries: array<V, TILE * D>;\nvar<workgroup> upstream: array<V, TILE * DV>;\nvar<workgroup> rows: array<vec2f, TILE>;  // (lse, delta)\n\n/** Place of the log-sum-exp of query i. */\nfn lseRow(i: u32, group: vec3u) -> u32 {\n  return (group.z * dims.heads + group.y) * ((dims.Lq + 3u) / 4u * 4u) + i;\n}\n\n@compute @workgroup_size(LANES)\nfn main(@builtin(local_invocation_index) lane: u32, @builtin(workgroup_id) group: vec3u) {\n  let j = group.x * LANES + lane;\n  let row = (group.z * dims.Lk + min(j, dims.Lk - 1u)) * dims.heads + group.y;\n  // The first query that sees this lane's key, and the first that sees any key of the workgroup.\n  var first = 0u;\n  var begin = 0u;\n  if (CAUSAL == 1u) {\n    first = u32(max(0, i32(j) - i32(dims.Lk - dims.Lq)));\n    begin = u32(max(0, i32(group.x * LANES) - i32(dims.Lk - dims.Lq))) / TILE * TILE;\n  }\n  var key: array<V, most>;\n  var value: array<V, most>;\n  var keySum: array<V, most>;\n  var valueSum: array<V, most>;\n  for (var d = 0u; d < D; d++) {\n    key[d] = k[row * D + d] * dims.scale;\n    keySum[d] = V(0.0);\n  }\n  for (var d = 0u; d < DV; d++) {\n    value[d] = v[row * DV + d];\n    valueSum[d] = V(0.0);\n  }\n  for (var start = begin; start < dims.Lq; start += TILE) {\n    workgroupBarrier();\n    for (var at = lane; at < TILE * D; at += LANES) {\n      let i = min(start + at / D, dims.Lq - 1u);\n      queries[at] = q[((group.z * dims.Lq + i) * dims.heads + group.y) * D + at % D];\n    }\n    for (var at = lane; at < TILE * DV; at += LANES) {\n      let i = min(start + at / DV, dims.Lq - 1u);\n      upstream[at] = g[((group.z * dims.Lq + i) * dims.heads + group.y) * DV + at % DV];\n    }\n    if (lane < TILE) {\n      let i = min(start + lane, dims.Lq - 1u);\n      let query = (group.z * dims.Lq + i) * dims.heads + group.y;\n      rows[lane] = vec2f(lse[lseRow(i, group)], delta[query]);\n    }\n    workgroupBarrier();\n    // A count that is not constant also keeps software adapters from unrolling this loop.\n    let count = min(TILE, dims.Lq - start);\n    for (var i = 0u; i < count; i++) {\n      var score = V(0.0);\n      var slope = V(0.0);\n      for (var d = 0u; d < D; d++) { score += key[d] * queries[i * D + d]; }\n      for (var d = 0u; d < DV; d++) { slope += value[d] * upstream[i * DV + d]; }\n      let p = select(0.0, exp(total(score) - rows[i].x), start + i >= first);\n      let weight = p * (total(slope) - rows[i].y) * dims.scale;\n      for (var d = 0u; d < D; d++) { keySum[d] += weight * queries[i * D + d]; }\n      for (var d = 0u; d < DV; d++) { valueSum[d] += p * upstream[i * DV + d]; }\n    }\n  }\n  if (j >= dims.Lk) { return; }\n  for (var d = 0u; d < D; d++) { dkv[row * D + d] = keySum[d]; }\n  for (var d = 0u; d < DV; d++) { dkv[dims.valuesAt + row * DV + d] = valueSum[d]; }\n}\n";

// engine/shaders/attentionGradKeysSubgroup.wgsl
var attentionGradKeysSubgroup_default = "// attentionGradKeysSubgroup - cotangents of keys and values of attention, for software adapters with eight lanes.\n//\n//   p[i, j] = exp(scale * q[i] . k[j] - lse[i])\n//   dk[j] = scale * sum_i p[i, j] * (g[i] . v[j] - delta[i]) * q[i],   dv[j] = sum_i p[i, j] * g[i]\n//\n// bindings   0  q      read        vec4f  [B, Lq, heads, D]\n//            1  k      read        vec4f  [B, Lk, heads, D]\n//            2  v      read        vec4f  [B, Lk, heads, DV]\n//            3  g      read        vec4f  [B, Lq, heads, DV]\n//            4  lse    read        f32    [B, heads, Lq rounded up to fours]\n//            5  delta  read        f32    [B, Lq, heads]      (y . g)\n//            6  dkv    read_write  vec4f  dk [B, Lk, heads, D], then at `valuesAt` dv [B, Lk, heads, DV]\n// workgroup  one subgroup: a lane has two keys, and in each block of 32 queries it loads four, eight apart\n// grid       [ceil(Lk / 16), heads, B]\n// cost       16 * (D + DV) flops a pair; the queries are read ceil(Lk / 16) times\n// why        the scores of a block stay in registers (see eightLanes, which comes before) and sums wait in dkv\n\nstruct Dims { heads: u32, Lq: u32, Lk: u32, D: u32, DV: u32, causal: u32, valuesAt: u32, scale: f32 }\nvar<immediate> dims: Dims;\n\n@group(0) @binding(0) var<storage, read> q: array<vec4f>;\n@group(0) @binding(1) var<storage, read> k: array<vec4f>;\n@group(0) @binding(2) var<storage, read> v: array<vec4f>;\n@group(0) @binding(3) var<storage, read> g: array<vec4f>;\n@group(0) @binding(4) var<storage, read> lse: array<f32>;\n@group(0) @binding(5) var<storage, read> delta: array<f32>;\n@group(0) @binding(6) var<storage, read_write> dkv: array<vec4f>;\n\n/** `a` where i + index >= first, 0 elsewhere: queries that see a key. */\nfn visible(a: Eight, i: u32, first: u32) -> Eight {\n  let index = i + vec4u(0, 1, 2, 3);\n  return Eight(\n    select(vec4f(0.0), a.low, index >= vec4u(first)), select(vec4f(0.0), a.high, index + 4u >= vec4u(first)));\n}\n\n/** Turns the products q . k in `p` and g . v in `s` of eight queries into the factors of g in dv and of q in dk. */\nfn factors(p: ptr<function, Eight>, s: ptr<function, Eight>, i: u32, first: u32, shift: Eight, slope: Eight) {\n  let weight = Eight(exp((*p).low * dims.scale - shift.low), exp((*p).high * dims.scale - shift.high));\n  *p = below(visible(weight, i, first), 0.0, i, dims.Lq);\n  *s = Eight((*p).low * ((*s).low - slope.low) * dims.scale, (*p).high * ((*s).high - slope.high) * dims.scale);\n}\n\n@compute @workgroup_size(8)\nfn main(@builtin(subgroup_invocation_id) lane: u32, @builtin(workgroup_id) group: vec3u) {\n  let j = group.x * 16u + lane * 2u + vec2u(0, 1);\n  let row = (group.z * dims.Lk + min(j, vec2u(dims.Lk - 1u))) * dims.heads + group.y;\n  // With a causal mask key j is seen from query j - (Lk - Lq) on.\n  let behind = select(dims.Lk, dims.Lk - dims.Lq, dims.causal == 1u);\n  let first = max(j, vec2u(behind)) - behind;\n  let begin = (max(group.x * 16u, behind) - behind) / 32u * 32u;\n  for (var start = begin; start < dims.Lq; start += 32u) {\n    let i = min(start + lane + vec4u(0, 8, 16, 24), vec4u(dims.Lq - 1u));\n    let queries = (group.z * dims.Lq + i) * dims.heads + group.y;\n    let query = array<u32, 4>(queries.x, queries.y, queries.z, queries.w);\n    var p0 = array<Eight, 4>();\n    var p1 = array<Eight, 4>();\n    for (var d = 0u; d < dims.D; d++) {\n      let key0 = k[row.x * dims.D + d];\n      let key1 = k[row.y * dims.D + d];\n      for (var c = 0u; c < 4u; c++) {\n        if (start + c * 8u < dims.Lq) {\n          let b = vectorsOfLanes(q[query[c] * dims.D + d]);\n          p0[c] = addDots(key0, b, p0[c]);\n          p1[c] = addDots(key1, b, p1[c]);\n        }\n      }\n    }\n    var s0 = array<Eight, 4>();\n    var s1 = array<Eight, 4>();\n    for (var d = 0u; d < dims.DV; d++) {\n      let value0 = v[row.x * dims.DV + d];\n      let value1 = v[row.y * dims.DV + d];\n      for (var c = 0u; c < 4u; c++) {\n        if (start + c * 8u < dims.Lq) {\n          let b = vectorsOfLanes(g[query[c] * dims.DV + d]);\n          s0[c] = addDots(value0, b, s0[c]);\n          s1[c] = addDots(value1, b, s1[c]);\n        }\n      }\n    }\n    for (var c = 0u; c < 4u; c++) {\n      let shift = numbersOfLanes(lse[(group.z * dims.heads + group.y) * ((dims.Lq + 3u) / 4u * 4u) + i[c]]);\n      let slope = numbersOfLanes(delta[query[c]]);\n      factors(&p0[c], &s0[c], start + 8u * c, first.x, shift, slope);\n      factors(&p1[c], &s1[c], start + 8u * c, first.y, shift, slope);\n    }\n    for (var d = 0u; d < dims.D; d++) {\n      let at = row * dims.D + d;\n      var sum0 = vec4f(0.0);\n      var sum1 = vec4f(0.0);\n      if (start > begin) {\n        sum0 = dkv[at.x];\n        sum1 = dkv[at.y];\n      }\n      for (var c = 0u; c < 4u; c++) {\n        if (start + c * 8u < dims.Lq) {\n          let b = vectorsOfLanes(q[query[c] * dims.D + d]);\n          sum0 = addWeighted(s0[c], b, sum0);\n          sum1 = addWeighted(s1[c], b, sum1);\n        }\n      }\n      if (j.x < dims.Lk) { dkv[at.x] = sum0; }\n      if (j.y < dims.Lk) { dkv[at.y] = sum1; }\n    }\n    for (var d = 0u; d < dims.DV; d++) {\n      let at = dims.valuesAt + row * dims.DV + d;\n      var sum0 = vec4f(0.0);\n      var sum1 = vec4f(0.0);\n      if (start > begin) {\n        sum0 = dkv[at.x];\n        sum1 = dkv[at.y];\n      }\n      for (var c = 0u; c < 4u; c++) {\n        if (start + c * 8u < dims.Lq) {\n          let b = vectorsOfLanes(g[query[c] * dims.DV + d]);\n          sum0 = addWeighted(p0[c], b, sum0);\n          sum1 = addWeighted(p1[c], b, sum1);\n        }\n      }\n      if (j.x < dims.Lk) { dkv[at.x] = sum0; }\n      if (j.y < dims.Lk) { dkv[at.y] = sum1; }\n    }\n  }\n}\n";

// engine/shaders/attentionGradQ.wgsl
var attentionGradQ_default = "// attentionGradQ - cotangent of the queries of attention, for devices with real workgroup memory.\n//\n//   p[i, j] = exp(scale * q[i] . k[j] - lse[i]),   dq[i] = scale * sum_j p[i, j] * (g[i] . v[j] - delta[i]) * k[j]\n//\n// bindings   0  q      read        V    [B, Lq, heads, D]\n//            1  k      read        V    [B, Lk, heads, D]\n//            2  v      read        V    [B, Lk, heads, DV]\n//            3  g      read        V    [B, Lq, heads, DV]\n//            4  lse    read        f32  [B, heads, Lq rounded up to fours]\n//            5  delta  read        f32  [B, Lq, heads]      (y . g)\n//            6  dq     read_write  V    [B, Lq, heads, D]\n// workgroup  LANES queries of one head, one a lane; TILE keys at a time are shared in workgroup memory\n// grid       [ceil(Lq / LANES), heads, B]\n// cost       2 * (2 * D + DV) * WIDTH flops a pair; the keys are read ceil(Lq / LANES) times\n// why        probabilities are made again from lse instead of being kept: Lq * Lk of them would not fit\n\noverride D: u32 = 8;   // items V of a head of q and k\noverride DV: u32 = 8;  // items V of a head of v\noverride CAUSAL: u32 = 0;\n\nconst LANES = 64u;\nconst TILE = 16u;\nconst most = 128u / WIDTH;\n\nstruct Dims { heads: u32, Lq: u32, Lk: u32, scale: f32 }\nvar<immediate> dims: Dims;\n\n@group(0) @binding(0) var<storage, read> q: array<V>;\n@group(0) @binding(1) var<storage, read> k: array<V>;\n@group(0) @binding(2) var<storage, read> v: array<V>;\n@group(0) @binding(3) var<storage, read> g: array<V>;\n@group(0) @binding(4) var<storage, read> lse: array<f32>;\n@group(0) @binding(5) var<storage, read> delta: array<f32>;\n@group(0) @binding(6) var<storage, read_write> dq: array<V>;\n\nvar<workgroup> keys: array<V, TILE * D>;\nvar<workgroup> values: array<V, TILE * DV>;\n\n/** Place of the log-sum-exp of query i. */\nfn lseRow(i: u32, group: vec3u) -> u32 {\n  return (group.z * dims.heads + group.y) * ((dims.Lq + 3u) / 4u * 4u) + i;\n}\n\n@compute @workgroup_size(LANES)\nfn main(@builtin(local_invocation_index) lane: u32, @builtin(workgroup_id) group: vec3u) {\n  let i = group.x * LANES + lane;\n  let row = (group.z * dims.Lq + min(i, dims.Lq - 1u)) * dims.heads + group.y;\n  // Keys that this lane sees, and those that any lane of the workgroup sees.\n  var seen = dims.Lk;\n  var end = dims.Lk;\n  if (CAUSAL == 1u) {\n    seen = min(dims.Lk, i + 1u + dims.Lk - dims.Lq);\n    end = min(dims.Lk, group.x * LANES + LANES + dims.Lk - dims.Lq);\n  }\n  var query: array<V, most>;\n  var upstream: array<V, most>;\n  var sum: array<V, most>;\n  for (var d = 0u; d < D; d++) {\n    query[d] = q[row * D + d] * dims.scale;\n    sum[d] = V(0.0);\n  }\n  for (var d = 0u; d < DV; d++) { upstream[d] = g[row * DV + d]; }\n  let rowLse = lse[lseRow(min(i, dims.Lq - 1u), group)];\n  for (var start = 0u; start < end; start += TILE) {\n    workgroupBarrier();\n    for (var at = lane; at < TILE * D; at += LANES) {\n      let j = min(start + at / D, dims.Lk - 1u);\n      keys[at] = k[((group.z * dims.Lk + j) * dims.heads + group.y) * D + at % D];\n    }\n    for (var at = lane; at < TILE * DV; at += LANES) {\n      let j = min(start + at / DV, dims.Lk - 1u);\n      values[at] = v[((group.z * dims.Lk + j) * dims.heads + group.y) * DV + at % DV];\n    }\n    workgroupBarrier();\n    // A count that is not constant also keeps software adapters from unrolling this loop.\n    let count = min(TILE, end - start);\n    for (var j = 0u; j < count; j++) {\n      var score = V(0.0);\n      var slope = V(0.0);\n      for (var d = 0u; d < D; d++) { score += query[d] * keys[j * D + d]; }\n      for (var d = 0u; d < DV; d++) { slope += upstream[d] * values[j * DV + d]; }\n      let p = select(0.0, exp(total(score) - rowLse), start + j < seen);\n      let weight = p * (total(slope) - delta[row]);\n      for (var d = 0u; d < D; d++) { sum[d] += weight * keys[j * D + d]; }\n    }\n  }\n  if (i >= dims.Lq) { return; }\n  for (var d = 0u; d < D; d++) { dq[row * D + d] = sum[d] * dims.scale; }\n}\n";

// engine/shaders/attentionGradQSubgroup.wgsl
var attentionGradQSubgroup_default = "// attentionGradQSubgroup - cotangent of the queries of attention, for software adapters with subgroups of eight lanes.\n//\n//   p[i, j] = exp(scale * q[i] . k[j] - lse[i]),   dq[i] = scale * sum_j p[i, j] * (g[i] . v[j] - delta[i]) * k[j]\n//\n// bindings   0  q      read        vec4f  [B, Lq, heads, D]\n//            1  k      read        vec4f  [B, Lk, heads, D]\n//            2  v      read        vec4f  [B, Lk, heads, DV]\n//            3  g      read        vec4f  [B, Lq, heads, DV]\n//            4  lse    read        f32    [B, heads, Lq rounded up to fours]\n//            5  delta  read        f32    [B, Lq, heads]      (y . g)\n//            6  dq     read_write  vec4f  [B, Lq, heads, D]\n// workgroup  one subgroup: a lane has two queries, and in each block of 32 keys it loads four, eight apart\n// grid       [ceil(Lq / 16), heads, B]\n// cost       8 * (2 * D + DV) flops a pair; the keys are read ceil(Lq / 16) times\n// why        the scores of a block stay in registers (see eightLanes, which comes before) and sums wait in dq\n\nstruct Dims { heads: u32, Lq: u32, Lk: u32, D: u32, DV: u32, causal: u32, scale: f32 }\nvar<immediate> dims: Dims;\n\n@group(0) @binding(0) var<storage, read> q: array<vec4f>;\n@group(0) @binding(1) var<storage, read> k: array<vec4f>;\n@group(0) @binding(2) var<storage, read> v: array<vec4f>;\n@group(0) @binding(3) var<storage, read> g: array<vec4f>;\n@group(0) @binding(4) var<storage, read> lse: array<f32>;\n@group(0) @binding(5) var<storage, read> delta: array<f32>;\n@group(0) @binding(6) var<storage, read_write> dq: array<vec4f>;\n\n/** Turns the products q . k in `p` and g . v in `s` of a block into the factors of the keys in dq, left in `s`. */\nfn factors(p: array<Eight, 4>, s: ptr<function, array<Eight, 4>>, start: u32, seen: u32, shift: f32, slope: f32) {\n  for (var c = 0u; c < 4u; c++) {\n    let low = exp(p[c].low * dims.scale - shift) * ((*s)[c].low - slope) * dims.scale;\n    let high = exp(p[c].high * dims.scale - shift) * ((*s)[c].high - slope) * dims.scale;\n    (*s)[c] = below(Eight(low, high), 0.0, start + 8u * c, seen);\n  }\n}\n\n@compute @workgroup_size(8)\nfn main(@builtin(subgroup_invocation_id) lane: u32, @builtin(workgroup_id) group: vec3u) {\n  let i = group.x * 16u + lane * 2u + vec2u(0, 1);\n  let inside = min(i, vec2u(dims.Lq - 1u));\n  let row = (group.z * dims.Lq + inside) * dims.heads + group.y;\n  let lseRow = (group.z * dims.heads + group.y) * ((dims.Lq + 3u) / 4u * 4u) + inside;\n  // With a causal mask a query sees `ahead` keys more than its own number.\n  let ahead = select(dims.Lk, 1u + dims.Lk - dims.Lq, dims.causal == 1u);\n  let seen = min(vec2u(dims.Lk), i + ahead);\n  let end = min(dims.Lk, group.x * 16u + 15u + ahead);\n  for (var start = 0u; start < end; start += 32u) {\n    let j = min(start + lane + vec4u(0, 8, 16, 24), vec4u(dims.Lk - 1u));\n    let keys = (group.z * dims.Lk + j) * dims.heads + group.y;\n    let key = array<u32, 4>(keys.x, keys.y, keys.z, keys.w);\n    var p0 = array<Eight, 4>();\n    var p1 = array<Eight, 4>();\n    for (var d = 0u; d < dims.D; d++) {\n      let query0 = q[row.x * dims.D + d];\n      let query1 = q[row.y * dims.D + d];\n      for (var c = 0u; c < 4u; c++) {\n        if (start + c * 8u < end) {\n          let b = vectorsOfLanes(k[key[c] * dims.D + d]);\n          p0[c] = addDots(query0, b, p0[c]);\n          p1[c] = addDots(query1, b, p1[c]);\n        }\n      }\n    }\n    var s0 = array<Eight, 4>();\n    var s1 = array<Eight, 4>();\n    for (var d = 0u; d < dims.DV; d++) {\n      let upstream0 = g[row.x * dims.DV + d];\n      let upstream1 = g[row.y * dims.DV + d];\n      for (var c = 0u; c < 4u; c++) {\n        if (start + c * 8u < end) {\n          let b = vectorsOfLanes(v[key[c] * dims.DV + d]);\n          s0[c] = addDots(upstream0, b, s0[c]);\n          s1[c] = addDots(upstream1, b, s1[c]);\n        }\n      }\n    }\n    factors(p0, &s0, start, seen.x, lse[lseRow.x], delta[row.x]);\n    factors(p1, &s1, start, seen.y, lse[lseRow.y], delta[row.y]);\n    for (var d = 0u; d < dims.D; d++) {\n      var sum0 = vec4f(0.0);\n      var sum1 = vec4f(0.0);\n      if (start > 0u) {\n        sum0 = dq[row.x * dims.D + d];\n        sum1 = dq[row.y * dims.D + d];\n      }\n      for (var c = 0u; c < 4u; c++) {\n        if (start + c * 8u < end) {\n          let b = vectorsOfLanes(k[key[c] * dims.D + d]);\n          sum0 = addWeighted(s0[c], b, sum0);\n          sum1 = addWeighted(s1[c], b, sum1);\n        }\n      }\n      if (i.x < dims.Lq) { dq[row.x * dims.D + d] = sum0; }\n      if (i.y < dims.Lq) { dq[row.y * dims.D + d] = sum1; }\n    }\n  }\n}\n";

// engine/shaders/rowDots.wgsl
var rowDots_default = "// rowDots - inner products of the rows of two tensors.\n//\n//   y[row] = sum_i a[row, i] * b[row, i]\n//\n// bindings   0  a  read        V    [rows, n / WIDTH]\n//            1  b  read        V    [rows, n / WIDTH]\n//            2  y  read_write  f32  [rows]\n// workgroup  LANES rows, one a lane (V comes before)\n// grid       [ceil(rows / LANES), 1, 1] folded into x and y\n// cost       reads a and b once; memory bound\n\noverride LANES: u32 = 64;\n\nstruct Dims { rows: u32, n: u32 }\nvar<immediate> dims: Dims;\n\n@group(0) @binding(0) var<storage, read> a: array<V>;\n@group(0) @binding(1) var<storage, read> b: array<V>;\n@group(0) @binding(2) var<storage, read_write> y: array<f32>;\n\n@compute @workgroup_size(LANES)\nfn main(\n  @builtin(local_invocation_index) lane: u32,\n  @builtin(workgroup_id) group: vec3u,\n  @builtin(num_workgroups) groups: vec3u,\n) {\n  let row = (group.y * groups.x + group.x) * LANES + lane;\n  if (row >= dims.rows) { return; }\n  var sum = V(0.0);\n  for (var i = row * dims.n; i < (row + 1u) * dims.n; i++) { sum += a[i] * b[i]; }\n  y[row] = total(sum);\n}\n";

// engine/ops/attentionSizes.ts
var mostWidth = 128;
function attentionSizes(q, k, v, { heads, causal }) {
  for (const [operand, type] of [["q", q], ["k", k], ["v", v]]) {
    expectRank("attention", operand, type, 3);
    expectDType("attention", operand, type, "f32");
    check(type.shape[2] % heads === 0, () => `attention: the width of ${operand} must be a multiple of ${heads} heads, found ${describe(type)}`);
    check(type.shape[2] / heads <= mostWidth, () => `attention: heads must be at most ${mostWidth} wide, found ${operand} ${describe(type)} with ${heads} heads. Use more heads, or matmul and softmax.`);
  }
  const [B, Lq, width] = q.shape;
  const [, Lk, valueWidth] = v.shape;
  check(k.shape[0] === B && v.shape[0] === B && k.shape[1] === Lk && k.shape[2] === width, () => `attention: q, k and v must be [B, Lq, heads * D], [B, Lk, heads * D] and [B, Lk, heads * Dv], found ${describe(q)}, ${describe(k)} and ${describe(v)}`);
  check(!causal || Lk >= Lq, () => `attention: with a causal mask there must be at least as many keys as queries, found ${Lk} and ${Lq}; the first queries would see nothing`);
  const seen = causal ? Lq * (Lk - Lq) + Lq * (Lq + 1) / 2 : Lq * Lk;
  return {
    B,
    Lq,
    Lk,
    heads,
    D: width / heads,
    Dv: valueWidth / heads,
    stride: 4 * Math.ceil(Lq / 4),
    pairs: B * heads * seen
  };
}
function worksInRegisters({ D, Dv }, device) {
  return device.software && device.subgroups && device.subgroupSize === 8 && D % 4 === 0 && Dv % 4 === 0;
}

// engine/ops/attentionGrad.ts
var rowDotsOp = defineOp({
  kind: "kernel",
  name: "rowDots",
  infer([a, b]) {
    check(sameShape(a.shape, b.shape), () => `rowDots: a and b must have one shape, found ${describe(a)} and ` + describe(b));
    return { shape: a.shape.slice(0, -1), dtype: "f32" };
  },
  reference([a, b], [type]) {
    const { rows: rows3, n } = rowsOf(type);
    const y = new Float64Array(rows3);
    for (let row = 0; row < rows3; row++) {
      for (let i = row * n; i < (row + 1) * n; i++) y[row] += a[i] * b[i];
    }
    return y;
  },
  vjp: "none",
  variants([a]) {
    const { rows: rows3, n } = rowsOf(a);
    const item = itemOf(n);
    return [{
      name: "rows",
      scratch: [],
      calls: [{
        label: "rowDots",
        source: `${item.source}
${rowDots_default}`,
        constants: { LANES: 64 },
        bindings: [input(0), input(1), output],
        immediates: [rows3, n / item.width],
        grid: foldGrid(groups(rows3, 64)),
        flops: 2 * rows3 * n,
        bytes: 8 * rows3 * n
      }]
    }];
  }
});
var valuesStart = ({ B, Lk, heads, D }) => 64 * Math.ceil(B * Lk * heads * D / 64);
function eachPair(inputs, sizes2, { causal, scale }, visit) {
  const [q, k, v, g, lse, delta] = inputs;
  const { B, Lq, Lk, heads, D, Dv, stride } = sizes2;
  for (let row = 0; row < B * Lq * heads; row++) {
    const h = row % heads;
    const i = Math.floor(row / heads) % Lq;
    const b = Math.floor(row / heads / Lq);
    const seen = causal ? i + 1 + Lk - Lq : Lk;
    for (let j = 0; j < seen; j++) {
      const keyRow = (b * Lk + j) * heads + h;
      let score = 0;
      let slope2 = 0;
      for (let d = 0; d < D; d++) score += q[row * D + d] * k[keyRow * D + d];
      for (let d = 0; d < Dv; d++) slope2 += g[row * Dv + d] * v[keyRow * Dv + d];
      const p = Math.exp(scale * score - lse[(b * heads + h) * stride + i]);
      visit(p, p * (slope2 - delta[row]), row, keyRow);
    }
  }
}
var bindings = [input(0), input(1), input(2), input(3), input(4), input(5), output];
var sizesOf2 = (inputs, attrs) => attentionSizes(inputs[0], inputs[1], inputs[2], attrs);
var attentionGradQOp = defineOp({
  kind: "kernel",
  name: "attentionGradQ",
  infer(inputs, attrs) {
    sizesOf2(inputs, attrs);
    return { shape: inputs[0].shape, dtype: "f32" };
  },
  reference(inputs, types, attrs) {
    const sizes2 = sizesOf2(types, attrs);
    const { D } = sizes2;
    const dq = new Float64Array(inputs[0].length);
    eachPair(inputs, sizes2, attrs, (_p, s, row, keyRow) => {
      for (let d = 0; d < D; d++) dq[row * D + d] += attrs.scale * s * inputs[1][keyRow * D + d];
    });
    return dq;
  },
  vjp: "none",
  variants: (inputs, _, attrs, device) => queryVariants(sizesOf2(inputs, attrs), attrs, device)
});
function queryVariants(sizes2, attrs, device) {
  const { causal, scale } = attrs;
  const { B, Lq, Lk, heads, D, Dv, pairs } = sizes2;
  const cost = { flops: 2 * pairs * (2 * D + Dv), bytes: 4 * B * heads * (Lq * (2 * D + Dv) + Lk * (D + Dv)) };
  const item = itemOf(D, Dv);
  const workgroup = {
    name: "workgroup",
    scratch: [],
    calls: [{
      label: "attentionGradQ",
      source: `${item.source}
${attentionGradQ_default}`,
      constants: { D: D / item.width, DV: Dv / item.width, CAUSAL: causal ? 1 : 0 },
      bindings,
      immediates: [heads, Lq, Lk, f32Bits(scale)],
      grid: [groups(Lq, 64), heads, B],
      ...cost
    }]
  };
  if (!worksInRegisters(sizes2, device)) return [workgroup];
  const subgroup2 = {
    name: "subgroup",
    scratch: [],
    calls: [{
      label: "attentionGradQSubgroup",
      source: `${eightLanes_default}
${attentionGradQSubgroup_default}`,
      constants: {},
      bindings,
      immediates: [heads, Lq, Lk, D / 4, Dv / 4, causal ? 1 : 0, f32Bits(scale)],
      grid: [groups(Lq, 16), heads, B],
      ...cost
    }]
  };
  return [subgroup2, workgroup];
}
var attentionGradKeysOp = defineOp({
  kind: "kernel",
  name: "attentionGradKeys",
  infer(inputs, attrs) {
    const sizes2 = sizesOf2(inputs, attrs);
    return { shape: [valuesStart(sizes2) + sizes2.B * sizes2.Lk * sizes2.heads * sizes2.Dv], dtype: "f32" };
  },
  reference(inputs, types, attrs) {
    const sizes2 = sizesOf2(types, attrs);
    const { D, Dv } = sizes2;
    const [q, , v, g] = inputs;
    const start = valuesStart(sizes2);
    const dkv = new Float64Array(start + v.length);
    eachPair(inputs, sizes2, attrs, (p, s, row, keyRow) => {
      for (let d = 0; d < D; d++) dkv[keyRow * D + d] += attrs.scale * s * q[row * D + d];
      for (let d = 0; d < Dv; d++) dkv[start + keyRow * Dv + d] += p * g[row * Dv + d];
    });
    return dkv;
  },
  vjp: "none",
  variants: (inputs, _, attrs, device) => keysVariants(sizesOf2(inputs, attrs), attrs, device)
});
function keysVariants(sizes2, attrs, device) {
  const { causal, scale } = attrs;
  const { B, Lq, Lk, heads, D, Dv, pairs } = sizes2;
  const cost = { flops: 4 * pairs * (D + Dv), bytes: 4 * B * heads * (Lq * (D + Dv) + 2 * Lk * (D + Dv)) };
  const item = itemOf(D, Dv);
  const workgroup = {
    name: "workgroup",
    scratch: [],
    calls: [{
      label: "attentionGradKeys",
      source: `${item.source}
${attentionGradKeys_default}`,
      constants: { D: D / item.width, DV: Dv / item.width, CAUSAL: causal ? 1 : 0 },
      bindings,
      immediates: [heads, Lq, Lk, valuesStart(sizes2) / item.width, f32Bits(scale)],
      grid: [groups(Lk, 64), heads, B],
      ...cost
    }]
  };
  if (!worksInRegisters(sizes2, device)) return [workgroup];
  const subgroup2 = {
    name: "subgroup",
    scratch: [],
    calls: [{
      label: "attentionGradKeysSubgroup",
      source: `${eightLanes_default}
${attentionGradKeysSubgroup_default}`,
      constants: {},
      bindings,
      immediates: [heads, Lq, Lk, D / 4, Dv / 4, causal ? 1 : 0, valuesStart(sizes2) / 4, f32Bits(scale)],
      grid: [groups(Lk, 16), heads, B],
      ...cost
    }]
  };
  return [subgroup2, workgroup];
}
function attentionGradients(q, k, v, y, lse, g, attrs) {
  const sizes2 = attentionSizes(q, k, v, attrs);
  const perHead = [sizes2.B, sizes2.Lq, sizes2.heads, sizes2.Dv];
  const delta = apply(rowDotsOp, [reshape(g, perHead), reshape(y, perHead)], null);
  const operands = [q, k, v, g, lse, delta];
  const packed = apply(attentionGradKeysOp, operands, attrs);
  return [
    apply(attentionGradQOp, operands, attrs),
    reshape(slice(packed, 0, 0, k.size), k.shape),
    reshape(slice(packed, 0, valuesStart(sizes2), v.size), v.shape)
  ];
}

// engine/ops/attention.ts
var lseStart = ({ B, Lq, heads, Dv }) => 64 * Math.ceil(B * Lq * heads * Dv / 64);
function forwardVariants(sizes2, attrs, device) {
  const { causal, scale } = attrs;
  const { B, Lq, Lk, heads, D, Dv, pairs } = sizes2;
  const item = itemOf(D, Dv);
  const cost = { flops: 2 * pairs * (D + Dv), bytes: 4 * B * heads * (Lq * (D + Dv) + Lk * (D + Dv)) };
  const bindings2 = [input(0), input(1), input(2), output];
  const workgroup = {
    name: "workgroup",
    scratch: [],
    calls: [{
      label: "attention",
      source: `${item.source}
${attention_default}`,
      constants: { D: D / item.width, DV: Dv / item.width, CAUSAL: causal ? 1 : 0 },
      bindings: bindings2,
      immediates: [heads, Lq, Lk, lseStart(sizes2), f32Bits(scale)],
      grid: [groups(Lq, 64), heads, B],
      ...cost
    }]
  };
  if (!worksInRegisters(sizes2, device)) return [workgroup];
  const subgroup2 = {
    name: "subgroup",
    scratch: [],
    calls: [{
      label: "attentionSubgroup",
      source: `${eightLanes_default}
${attentionSubgroup_default}`,
      constants: {},
      bindings: bindings2,
      immediates: [heads, Lq, Lk, D / 4, Dv / 4, causal ? 1 : 0, lseStart(sizes2) / 4, f32Bits(scale)],
      grid: [groups(Lq, 16), heads, B],
      ...cost
    }]
  };
  return [subgroup2, workgroup];
}
var attentionForwardOp = defineOp({
  kind: "kernel",
  name: "attentionForward",
  infer([q, k, v], attrs) {
    const sizes2 = attentionSizes(q, k, v, attrs);
    return { shape: [lseStart(sizes2) + sizes2.B * sizes2.heads * sizes2.stride], dtype: "f32" };
  },
  reference([q, k, v], [qType, kType, vType], attrs) {
    const sizes2 = attentionSizes(qType, kType, vType, attrs);
    const { B, Lq, Lk, heads, D, Dv, stride } = sizes2;
    const lseAt = lseStart(sizes2);
    const y = new Float64Array(lseAt + B * heads * stride);
    const p = new Float64Array(Lk);
    for (let row = 0; row < B * Lq * heads; row++) {
      const h = row % heads;
      const i = Math.floor(row / heads) % Lq;
      const b = Math.floor(row / heads / Lq);
      const seen = attrs.causal ? i + 1 + Lk - Lq : Lk;
      let top = -Infinity;
      for (let j = 0; j < seen; j++) {
        const key = ((b * Lk + j) * heads + h) * D;
        p[j] = 0;
        for (let d = 0; d < D; d++) p[j] += attrs.scale * q[row * D + d] * k[key + d];
        top = Math.max(top, p[j]);
      }
      let mass = 0;
      for (let j = 0; j < seen; j++) mass += Math.exp(p[j] - top);
      for (let j = 0; j < seen; j++) {
        const value = ((b * Lk + j) * heads + h) * Dv;
        const weight = Math.exp(p[j] - top) / mass;
        for (let d = 0; d < Dv; d++) y[row * Dv + d] += weight * v[value + d];
      }
      y[lseAt + (b * heads + h) * stride + i] = top + Math.log(mass);
    }
    return y;
  },
  vjp: "none",
  variants: ([q, k, v], _, attrs, device) => forwardVariants(attentionSizes(q, k, v, attrs), attrs, device)
});
function resultShape(q, v) {
  return [q.shape[0], q.shape[1], v.shape[2]];
}
var attentionOp = defineOp({
  kind: "view",
  name: "attention",
  infer: ([, q, , v]) => ({ shape: resultShape(q, v), dtype: "f32" }),
  reference: ([packed], [, q, , v]) => packed.slice(0, sizeOf(resultShape(q, v))),
  vjp(g, [packed, q, k, v], y, attrs) {
    const sizes2 = attentionSizes(q, k, v, attrs);
    const perQuery = [sizes2.B, sizes2.heads, sizes2.stride];
    const lse = reshape(slice(packed, 0, lseStart(sizes2), sizeOf(perQuery)), perQuery);
    return [null, ...attentionGradients(q, k, v, y, lse, g, attrs)];
  },
  view: (_, { shape }) => contiguous(shape)
});
function attention(q, k, v, options) {
  const { heads, causal = false, scale = 1 / Math.sqrt(q.shape.at(-1) / heads) } = options;
  const attrs = { heads, causal, scale };
  return apply(attentionOp, [apply(attentionForwardOp, [q, k, v], attrs), q, k, v], attrs);
}

// engine/ops/index.ts
function commonShape(a, b) {
  const rank = Math.max(a.length, b.length);
  return Array.from({ length: rank }, (_, i) => {
    const m = a[i - (rank - a.length)] ?? 1;
    const n = b[i - (rank - b.length)] ?? 1;
    if (m !== n && m !== 1 && n !== 1) {
      throw new Error(`broadcast: [${a.join(", ")}] and [${b.join(", ")}] differ on axis ${i} (${m} and ${n})`);
    }
    return Math.max(m, n);
  });
}
function align(operands) {
  const model = operands.find((x) => typeof x !== "number");
  const dtype = model?.dtype ?? "f32";
  const tensors = operands.map((x) => typeof x === "number" ? constant(x, dtype) : x);
  const shape = tensors.map((x) => x.shape).reduce(commonShape, []);
  return tensors.map((x) => broadcast(x, shape));
}
var unary2 = (name) => (x) => call(name, x);
var binary = (name) => (a, b) => call(name, ...align([a, b]));
var add = binary("add");
var sub = binary("sub");
var mul = binary("mul");
var div = binary("div");
var pow = binary("pow");
var minimum = binary("minimum");
var maximum = binary("maximum");
var less = binary("less");
var lessEqual = binary("lessEqual");
var equal = binary("equal");
var neg = unary2("neg");
var abs = unary2("abs");
var sign = unary2("sign");
var floor = unary2("floor");
var round = unary2("round");
var exp = unary2("exp");
var log = unary2("log");
var sqrt = unary2("sqrt");
var sin = unary2("sin");
var cos = unary2("cos");
var tanh = unary2("tanh");
var sigmoid2 = unary2("sigmoid");
var softplus = unary2("softplus");
var erf = unary2("erf");
var relu = unary2("relu");
var silu = unary2("silu");
var gelu = unary2("gelu");
var geluTanh = unary2("geluTanh");
var stopGradient = unary2("stopGradient");
var straightThrough = binary("straightThrough");
var square = (x) => mul(x, x);
var clamp = (x, low, high) => minimum(maximum(x, low), high);
function where2(condition, a, b) {
  const [x, y] = align([a, b]);
  const shape = commonShape(condition.shape, x.shape);
  return call("where", broadcast(condition, shape), broadcast(x, shape), broadcast(y, shape));
}
function cast(x, dtype) {
  return x.dtype === dtype ? x : apply(castOp, [x], { dtype });
}
var zerosLike = (x) => broadcast(constant(0, x.dtype), x.shape);

export {
  contiguousStrides,
  contiguous,
  isContiguous,
  collapse,
  input,
  output,
  f32Bits,
  defineOp,
  withPath,
  setPath,
  apply,
  inputTensor,
  stateTensor,
  constant,
  table,
  maxGroupsPerAxis,
  groups,
  foldGrid,
  place,
  placeCall,
  padOp,
  concat,
  sum,
  mean,
  reshape,
  transpose,
  broadcast,
  slice,
  pointwiseOps,
  pointwisePreamble,
  matmul,
  linear,
  conv2d,
  upsample2d,
  gather,
  argmax,
  rowDistances,
  nearestRow,
  randomUniform,
  randomNormal,
  randomIntegers,
  dropout,
  oneHot,
  softmax,
  logSoftmax,
  crossEntropy,
  softCrossEntropy,
  layerNorm,
  groupNorm,
  attention,
  add,
  sub,
  mul,
  div,
  minimum,
  maximum,
  less,
  equal,
  neg,
  abs,
  floor,
  exp,
  sqrt,
  cos,
  silu,
  gelu,
  geluTanh,
  stopGradient,
  straightThrough,
  square,
  clamp,
  where2 as where,
  cast,
  zerosLike
};
//# sourceMappingURL=chunk-AMP7OYK6.js.map
