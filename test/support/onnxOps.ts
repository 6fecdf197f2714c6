/** ONNX ops that move, combine and reduce elements, in engine ops. */
import { abs, add, broadcast, cast, clamp, concat, constant, cos, div, erf, exp, floor, gelu, geluTanh, leakyRelu, less,
  log, max, maximum, mean, min, minimum, mul, neg, pad, pow, relu, reshape, round, sigmoid, silu, sign, sin, slice,
  softplus, sqrt, square, sub, sum, table, tanh, transpose, where } from '../../engine/ops/index.ts';
import { argmax } from '../../engine/ops/argmax.ts';
import { gather } from '../../engine/ops/gather.ts';
import { oneHot } from '../../engine/ops/oneHot.ts';
import { scatterAdd } from '../../engine/ops/scatterAdd.ts';
import { sizeOf, type Tensor } from '../../engine/tensor.ts';
import { Unsupported, type Call, type Rule } from './onnxCall.ts';

export const positive = (axis: number, rank: number): number => (axis < 0 ? axis + rank : axis);
export const range = (n: number): number[] => Array.from({ length: n }, (_, i) => i);
export const ones = (shape: readonly number[]): Tensor => broadcast(constant(1), shape);

/** x with axis `from` moved to place `to`. */
export function moveAxis(x: Tensor, from: number, to: number): Tensor {
  const order = range(x.rank).filter((axis) => axis !== from);
  order.splice(to, 0, from);
  return transpose(x, order);
}

/** The entries of an axis that `ids` name; the axes of `ids` take its place. */
export function take(x: Tensor, axis: number, ids: Tensor): Tensor {
  const rows = gather(moveAxis(x, axis, 0), ids);
  const kept = range(x.rank - 1).map((i) => i + ids.rank);
  return transpose(rows, [...kept.slice(0, axis), ...range(ids.rank), ...kept.slice(axis)]);
}

export const integers = (values: readonly number[], shape: readonly number[] = [values.length]): Tensor =>
  table(Int32Array.from(values), shape, 'i32');

const unary = (op: (x: Tensor) => Tensor): Rule => (c) => op(c.x(0));
const floats = (x: Tensor): Tensor => cast(x, 'f32');

/** The second operand where operator sets below 7 say at which axis of the first one it begins. */
function legacyOperand(c: Call): Tensor {
  const b = c.x(1);
  const axis = c.number('axis', -1);
  c.ignore('broadcast');
  if (axis < 0) return b;
  return reshape(b, [...b.shape, ...range(c.x(0).rank - axis - b.rank).map(() => 1)]);
}

const binary = (op: (a: Tensor, b: Tensor) => Tensor): Rule => (c) => op(c.x(0), legacyOperand(c));
const variadic = (op: (a: Tensor, b: Tensor) => Tensor): Rule => (c) => c.xs().reduce((a, b) => op(a, b));

/** Powers of integers are rounded, since the pow of f32 may fall just below. */
const power: Rule = (c) => {
  const a = c.x(0);
  const y = pow(floats(a), floats(c.x(1)));
  return a.dtype === 'i32' ? cast(round(y), 'i32') : y;
};

const quotient: Rule = (c) => {
  const [a, b] = [c.x(0), legacyOperand(c)];
  return a.dtype === 'i32' ? cast(div(floats(a), floats(b)), 'i32') : div(a, b);
};

const elu = (x: Tensor, alpha: number): Tensor => where(less(x, 0), mul(sub(exp(minimum(x, 0)), 1), alpha), x);

const clip: Rule = (c) => {
  const low = c.has(1) ? c.x(1) : c.number('min', -3.4e38);
  const high = c.has(2) ? c.x(2) : c.number('max', 3.4e38);
  return clamp(c.x(0), low, high);
};

const prelu: Rule = (c) => {
  const x = c.x(0);
  const slope = c.x(1);
  // Below operator set 7 a vector of slopes belongs to the channels.
  const spread = c.opset < 7 && slope.rank === 1 ? reshape(slope, [-1, ...x.shape.slice(2).map(() => 1)]) : slope;
  return where(less(x, 0), mul(x, spread), x);
};

const pointwise: Record<string, Rule> = {
  Abs: unary(abs), Neg: unary(neg), Exp: unary(exp), Log: unary(log), Sqrt: unary(sqrt), Sigmoid: unary(sigmoid),
  Tanh: unary(tanh), Relu: unary(relu), Softplus: unary(softplus), Erf: unary(erf), Sin: unary(sin), Cos: unary(cos),
  Floor: unary(floor), Round: unary(round), Sign: unary(sign),
  Add: binary(add), Sub: binary(sub), Mul: binary(mul), Div: quotient, Pow: power,
  Max: variadic(maximum), Min: variadic(minimum), Sum: variadic(add),
  Where: (c) => where(c.x(0), c.x(1), c.x(2)),
  Clip: clip,
  LeakyRelu: (c) => leakyRelu(c.x(0), c.number('alpha', 0.01)),
  PRelu: prelu,
  Elu: (c) => elu(c.x(0), c.number('alpha', 1)),
  Selu: (c) => mul(elu(c.x(0), c.number('alpha', 1.6732632423543772)), c.number('gamma', 1.0507009873554805)),
  Gelu: (c) => (c.text('approximate', 'none') === 'tanh' ? geluTanh : gelu)(c.x(0)),
  Swish: (c) => {
    const alpha = c.number('alpha', 1);
    return alpha === 1 ? silu(c.x(0)) : mul(c.x(0), sigmoid(mul(c.x(0), alpha)));
  },
};

const reshapeTo: Rule = (c) => {
  const x = c.x(0);
  const shape = c.listOrOperand('shape', 1)!;
  const allowZero = c.number('allowzero', 0) === 1;
  return reshape(x, shape.map((n, i) => (n === 0 && !allowZero ? x.shape[i]! : n)));
};

const unsqueeze: Rule = (c) => {
  const x = c.x(0);
  const axes = c.listOrOperand('axes', 1)!;
  const rank = x.rank + axes.length;
  const added = axes.map((axis) => positive(axis, rank));
  const rest = [...x.shape];
  return reshape(x, range(rank).map((axis) => (added.includes(axis) ? 1 : rest.shift()!)));
};

const squeeze: Rule = (c) => {
  const x = c.x(0);
  const axes = c.listOrOperand('axes', 1)?.map((axis) => positive(axis, x.rank));
  return reshape(x, x.shape.filter((n, axis) => (axes ? !axes.includes(axis) : n !== 1)));
};

const sliceRule: Rule = (c) => {
  let y = c.x(0);
  const starts = c.listOrOperand('starts', 1)!;
  const ends = c.listOrOperand('ends', 2)!;
  const axes = c.listOrOperand('axes', 3) ?? range(starts.length);
  const steps = c.literal(4) ?? starts.map(() => 1);
  axes.forEach((which, i) => {
    const axis = positive(which, y.rank);
    const n = y.shape[axis]!;
    const step = steps[i]!;
    const bound = (at: number): number =>
      Math.min(Math.max(at < 0 ? at + n : at, step < 0 ? -1 : 0), step < 0 ? n - 1 : n);
    const ids: number[] = [];
    for (let at = bound(starts[i]!); step > 0 ? at < bound(ends[i]!) : at > bound(ends[i]!); at += step) ids.push(at);
    if (ids.length === 0) throw new Unsupported('empty tensor');
    y = step === 1 ? slice(y, axis, ids[0]!, ids.length) : take(y, axis, integers(ids));
  });
  return y;
};

const split: Rule = (c) => {
  const x = c.x(0);
  const axis = positive(c.number('axis', 0), x.rank);
  const parts = c.number('num_outputs', c.outputs);
  const even = Math.ceil(x.shape[axis]! / parts);
  const lengths = c.listOrOperand('split', 1) ?? range(parts).map((i) => Math.min(even, x.shape[axis]! - i * even));
  let start = 0;
  return lengths.map((length) => slice(x, axis, (start += length) - length, length));
};

/** Index into 0 .. n - 1 of a place outside: the nearest end, or mirrored at it. */
function outside(at: number, n: number, mode: string): number {
  if (mode === 'edge') return Math.min(Math.max(at, 0), n - 1);
  if (mode === 'wrap') return ((at % n) + n) % n;
  const period = 2 * (n - 1);
  const folded = ((at % period) + period) % period;
  return folded < n ? folded : period - folded;
}

const padRule: Rule = (c) => {
  const x = c.x(0);
  const mode = c.text('mode', 'constant');
  const value = c.literal(2)?.[0] ?? c.number('value', 0);
  const pads = c.listOrOperand('pads', 1)!;
  const axes = (c.literal(3) ?? range(x.rank)).map((axis) => positive(axis, x.rank));
  const before = x.shape.map((_, axis) => pads[axes.indexOf(axis)] ?? 0);
  const after = x.shape.map((_, axis) => (axes.includes(axis) ? pads[axes.indexOf(axis) + axes.length]! : 0));
  if (pads.some((n) => n < 0)) throw new Unsupported('negative padding');
  if (mode === 'constant') {
    return value === 0 ? pad(x, before, after) : where(pad(ones(x.shape), before, after), pad(x, before, after), value);
  }
  return x.shape.reduce((y, n, axis) => {
    if (before[axis] === 0 && after[axis] === 0) return y;
    const ids = range(before[axis]! + n + after[axis]!).map((i) => outside(i - before[axis]!, n, mode));
    return take(y, axis, integers(ids));
  }, x);
};

const tile: Rule = (c) => {
  const x = c.x(0);
  const repeats = c.literal(1)!;
  const apart = reshape(x, x.shape.flatMap((n) => [1, n]));
  const repeated = broadcast(apart, x.shape.flatMap((n, i) => [repeats[i]!, n]));
  return reshape(repeated, x.shape.map((n, i) => n * repeats[i]!));
};

const expand: Rule = (c) => {
  const x = c.x(0);
  const shape = c.literal(1)!;
  const rank = Math.max(x.rank, shape.length);
  const at = (list: readonly number[], i: number): number => list[i - (rank - list.length)] ?? 1;
  return broadcast(x, range(rank).map((i) => Math.max(at(x.shape, i), at(shape, i))));
};

const shapes: Record<string, Rule> = {
  Reshape: reshapeTo, Unsqueeze: unsqueeze, Squeeze: squeeze, Slice: sliceRule, Split: split, Pad: padRule, Tile: tile,
  Expand: expand,
  Transpose: (c) => transpose(c.x(0), c.list('perm') ?? range(c.x(0).rank).reverse()),
  Flatten: (c) => {
    const { shape, rank } = c.x(0);
    return reshape(c.x(0), [sizeOf(shape.slice(0, positive(c.number('axis', 1), rank))), -1]);
  },
  Concat: (c) => concat(c.xs(), c.number('axis', 1)),
};

const reduction = (op: (x: Tensor, axes?: number[], keep?: boolean) => Tensor): Rule => (c) => {
  const axes = c.listOrOperand('axes', 1);
  const keep = c.number('keepdims', 1) === 1;
  if (c.number('noop_with_empty_axes', 0) === 1 && !axes?.length) return c.x(0);
  return op(c.x(0), axes?.length ? axes : undefined, keep);
};

const argmaxRule: Rule = (c) => {
  const x = c.x(0);
  const axis = positive(c.number('axis', 0), x.rank);
  const n = x.shape[axis]!;
  const last = c.number('select_last_index', 0) === 1;
  const rows = moveAxis(x, axis, x.rank - 1);
  const y = last ? sub(n - 1, argmax(take(rows, x.rank - 1, integers(range(n).reverse())))) : argmax(rows);
  return c.number('keepdims', 1) === 1 ? reshape(y, x.shape.map((size, i) => (i === axis ? 1 : size))) : y;
};

/** Sums up to each place: a product with a triangle of ones, reduced. */
const cumulativeSum: Rule = (c) => {
  const x = floats(c.x(0));
  const axis = positive(c.literal(1)![0]!, x.rank);
  const n = x.shape[axis]!;
  const shift = c.number('exclusive', 0);
  const reverse = c.number('reverse', 0) === 1;
  const counts = (to: number, from: number): boolean => (reverse ? from - shift >= to : from + shift <= to);
  const triangle = table(Float32Array.from(range(n * n), (i) => Number(counts(Math.floor(i / n), i % n))), [n, n]);
  const rows = moveAxis(x, axis, x.rank - 1);
  const sums = sum(mul(reshape(rows, [...rows.shape.slice(0, -1), 1, n]), triangle), [-1]);
  return cast(moveAxis(sums, x.rank - 1, axis), c.x(0).dtype);
};

const reductions: Record<string, Rule> = {
  ReduceSum: reduction(sum), ReduceMean: reduction(mean), ReduceMax: reduction(max), ReduceMin: reduction(min),
  ArgMax: argmaxRule, CumSum: cumulativeSum,
  GlobalAveragePool: (c) => mean(c.x(0), range(c.x(0).rank).slice(2), true),
};

/** Negative indices count from the end. */
const fromEnd = (ids: Tensor, n: number): Tensor => where(less(ids, 0), add(ids, n), ids);

const oneHotRule: Rule = (c) => {
  const depth = c.literal(1)![0]!;
  const ids = fromEnd(cast(c.x(0), 'i32'), depth);
  const [off, on] = c.literal(2)!;
  const y = where(oneHot(ids, depth), on!, off!);
  return cast(moveAxis(y, y.rank - 1, positive(c.number('axis', -1), y.rank)), c.x(2).dtype);
};

/** Rows [K, D] with updates [M, D] put, or added, at literal places. */
function scatterRows(c: Call, data: Tensor, updates: Tensor, places: readonly number[]): Tensor {
  const reduction = c.text('reduction', 'none');
  if (reduction !== 'add' && reduction !== 'none') throw new Unsupported(`reduction ${reduction}`);
  const K = data.shape[0]!;
  const sums = scatterAdd(updates, integers(places), K);
  if (reduction === 'add') return add(data, sums);
  const hit = table(Float32Array.from(range(K), (k) => Number(places.includes(k))), [K, 1]);
  return where(hit, sums, data);
}

const scatterElements: Rule = (c) => {
  const data = c.x(0);
  const { shape } = c.x(1);
  const axis = positive(c.number('axis', 0), data.rank);
  const places = c.literal(1)!.map((id, i) => {
    let rest = i;
    let place = 0;
    let stride = 1;
    for (let a = data.rank - 1; a >= 0; a--) {
      const index = a === axis ? positive(id, data.shape[a]!) : rest % shape[a]!;
      place += index * stride;
      stride *= data.shape[a]!;
      rest = Math.floor(rest / shape[a]!);
    }
    return place;
  });
  return reshape(scatterRows(c, reshape(data, [-1, 1]), reshape(c.x(2), [-1, 1]), places), data.shape);
};

const scatterND: Rule = (c) => {
  const data = c.x(0);
  const depth = c.x(1).shape.at(-1)!;
  const ids = c.literal(1)!;
  const M = ids.length / depth;
  const places = range(M).map((m) => ids.slice(m * depth, m * depth + depth)
    .reduce((place, id, axis) => place * data.shape[axis]! + positive(id, data.shape[axis]!), 0));
  const K = sizeOf(data.shape.slice(0, depth));
  return reshape(scatterRows(c, reshape(data, [K, -1]), reshape(c.x(2), [M, -1]), places), data.shape);
};

const indices: Record<string, Rule> = {
  Gather: (c) => {
    const axis = positive(c.number('axis', 0), c.x(0).rank);
    return take(c.x(0), axis, fromEnd(c.x(1), c.x(0).shape[axis]!));
  },
  OneHot: oneHotRule, ScatterElements: scatterElements, ScatterND: scatterND,
};

/** New parameter, then new state, from the rate, a parameter, its gradient and its state. */
type Step = (rate: number, x: Tensor, g: Tensor, state: Tensor[]) => Tensor[];

/** Learning rate R / (1 + T decay) and gradients with L2 regularisation, as the training ops of ONNX begin. */
function optimizer(c: Call, slots: number, step: Step): Tensor[] {
  const tensors = (c.count - 2) / (slots + 2);
  const rate = c.literal(0)![0]! / (1 + c.literal(1)![0]! * c.number('decay_factor', 0));
  const norm = c.number('norm_coefficient', 0);
  const results = range(tensors).map((i) => {
    const x = c.x(2 + i);
    const state = range(slots).map((slot) => c.x(2 + (2 + slot) * tensors + i));
    return step(rate, x, add(c.x(2 + tensors + i), mul(x, norm)), state);
  });
  return range(slots + 1).flatMap((output) => results.map((result) => result[output]!));
}

const optimizers: Record<string, Rule> = {
  Adagrad: (c) => optimizer(c, 1, (rate, x, g, [h]) => {
    const next = add(h!, square(g));
    return [sub(x, div(mul(g, rate), add(sqrt(next), c.number('epsilon', 0)))), next];
  }),
  Momentum: (c) => optimizer(c, 1, (rate, x, g, [v]) => {
    if (c.text('mode', 'standard') !== 'standard') throw new Unsupported('mode nesterov');
    const beta = c.literal(1)![0]! > 0 ? c.number('beta', 1) : (c.ignore('beta'), 1);
    const next = add(mul(v!, c.number('alpha', 0)), mul(g, beta));
    return [sub(x, mul(next, rate)), next];
  }),
  Adam: (c) => optimizer(c, 2, (rate, x, g, [v, h]) => {
    const [alpha, beta, T] = [c.number('alpha', 0.9), c.number('beta', 0.999), c.literal(1)![0]!];
    const first = add(mul(v!, alpha), mul(g, 1 - alpha));
    const second = add(mul(h!, beta), mul(square(g), 1 - beta));
    const corrected = T > 0 ? (rate * Math.sqrt(1 - beta ** T)) / (1 - alpha ** T) : rate;
    return [sub(x, div(mul(first, corrected), add(sqrt(second), c.number('epsilon', 0)))), first, second];
  }),
};

export const opRules: Readonly<Record<string, Rule>> = {
  ...pointwise, ...shapes, ...reductions, ...indices, ...optimizers,
};
