/** ONNX ops that are layers of networks, in engine ops. */
import { apply } from '../../engine/op.ts';
import { add, broadcast, concat, div, equal, max, mean, mul, neg, pad, reshape, slice, sqrt, square, sub, sum, table,
  tanh, transpose, where } from '../../engine/ops/index.ts';
import { attention } from '../../engine/ops/attention.ts';
import { conv2d, conv2dGradXOp } from '../../engine/ops/conv2d.ts';
import { crossEntropy } from '../../engine/ops/crossEntropy.ts';
import { gather } from '../../engine/ops/gather.ts';
import { groupNorm } from '../../engine/ops/groupNorm.ts';
import { layerNorm } from '../../engine/ops/layerNorm.ts';
import { logSoftmax } from '../../engine/ops/logSoftmax.ts';
import { matmul } from '../../engine/ops/matmul.ts';
import { pick } from '../../engine/ops/oneHot.ts';
import { softmax } from '../../engine/ops/softmax.ts';
import { sizeOf, type Tensor } from '../../engine/tensor.ts';
import { Unsupported, type Call, type Rule } from './onnxCall.ts';
import { integers, moveAxis, ones, positive, range, take } from './onnxOps.ts';

/** Vectors become matrices, as in NumPy, and the axis that was added goes again. */
const matmulRule: Rule = (c) => {
  const [a, b] = [c.x(0), c.x(1)];
  const y = matmul(a.rank === 1 ? reshape(a, [1, -1]) : a, b.rank === 1 ? reshape(b, [-1, 1]) : b);
  const shape = y.shape.filter((_, i) => !(a.rank === 1 && i === y.rank - 2) && !(b.rank === 1 && i === y.rank - 1));
  return reshape(y, shape);
};

const gemm: Rule = (c) => {
  c.ignore('broadcast');
  const product = matmul(c.x(0), c.x(1), {
    transposeA: c.number('transA', 0) === 1, transposeB: c.number('transB', 0) === 1,
  });
  const y = mul(product, c.number('alpha', 1));
  const beta = c.number('beta', 1);
  return c.has(2) ? add(y, mul(c.x(2), beta)) : y;
};

/** The windows of an operation that slides over the axes after the second. */
interface Windows {
  readonly kernel: readonly number[];
  readonly strides: readonly number[];
  readonly dilations: readonly number[];
  readonly before: readonly number[];
  readonly after: readonly number[];
  /** Windows along each axis. */
  readonly out: readonly number[];
}

function windowsOf(c: Call, x: Tensor, kernelShape: readonly number[]): Windows {
  const sizes = x.shape.slice(2);
  const kernel = c.list('kernel_shape') ?? kernelShape;
  const strides = c.list('strides') ?? sizes.map(() => 1);
  const dilations = c.list('dilations') ?? sizes.map(() => 1);
  const auto = c.text('auto_pad', 'NOTSET');
  const pads = c.list('pads') ?? sizes.flatMap(() => [0, 0]);
  const ceil = c.number('ceil_mode', 0) === 1;
  const reach = kernel.map((k, i) => (k - 1) * dilations[i]! + 1);
  const same = auto.startsWith('SAME');
  const total = sizes.map((n, i) => Math.max((Math.ceil(n / strides[i]!) - 1) * strides[i]! + reach[i]! - n, 0));
  const less = total.map((n) => Math.floor(n / 2));
  const before = sizes.map((_, i) => (!same ? pads[i]! : auto === 'SAME_UPPER' ? less[i]! : total[i]! - less[i]!));
  const after = sizes.map((_, i) => (same ? total[i]! - before[i]! : pads[i + sizes.length]!));
  const out = sizes.map((n, i) => {
    const steps = (n + before[i]! + after[i]! - reach[i]!) / strides[i]!;
    const count = (ceil ? Math.ceil(steps) : Math.floor(steps)) + 1;
    // A window that begins in the padding after the end is no window.
    return ceil && (count - 1) * strides[i]! >= n + before[i]! ? count - 1 : count;
  });
  return { kernel, strides, dilations, before, after, out };
}

/** Places in the padded axis i that each window covers: [out, kernel]. */
const placesOf = (w: Windows, i: number): number[] => range(w.out[i]! * w.kernel[i]!).map((at) =>
  Math.floor(at / w.kernel[i]!) * w.strides[i]! + (at % w.kernel[i]!) * w.dilations[i]!);

const allEqual = (values: readonly number[]): boolean => values.every((value) => value === values[0]);

/** Puts step - 1 zeros between the entries of an axis. */
function spread(x: Tensor, axis: number, step: number): Tensor {
  if (step === 1) return x;
  const split = [...x.shape.slice(0, axis + 1), 1, ...x.shape.slice(axis + 1)];
  const padded = pad(reshape(x, split), split.map(() => 0), split.map((_, i) => (i === axis + 1 ? step - 1 : 0)));
  const n = x.shape[axis]!;
  return slice(reshape(padded, x.shape.map((size, i) => (i === axis ? n * step : size))), axis, 0, (n - 1) * step + 1);
}

/** One group of a convolution over one or two axes; over three, each depth of the kernel becomes a channel. */
function convolve(x: Tensor, weight: Tensor, w: Windows): Tensor {
  const rank = w.kernel.length;
  const [strides, before, after] = [w.strides.slice(-2), w.before.slice(-2), w.after.slice(-2)];
  if (!allEqual(strides)) throw new Unsupported('unequal strides');
  const spaced = w.dilations.reduce((y, step, i) => spread(y, i + 2, rank === 3 && i === 0 ? 1 : step), weight);
  if (rank === 3) {
    const [O, C, KD, ...kernel] = spaced.shape as [number, number, number, number, number];
    const padded = pad(x, [0, 0, w.before[0]!, 0, 0], [0, 0, w.after[0]!, 0, 0]);
    const stacks = take(padded, 2, integers(placesOf(w, 0), [w.out[0]!, KD]));
    const flat = reshape(transpose(stacks, [0, 2, 1, 3, 4, 5]), [-1, C * KD, ...x.shape.slice(3)]);
    const y = conv2d(flat, reshape(spaced, [O, C * KD, ...kernel]), null, {
      stride: strides[0]!, padding: [before[0]!, before[1]!, after[0]!, after[1]!],
    });
    return transpose(reshape(y, [x.shape[0]!, w.out[0]!, ...y.shape.slice(1)]), [0, 2, 1, 3, 4]);
  }
  const image = (t: Tensor): Tensor => (rank === 1 ? reshape(t, [t.shape[0]!, t.shape[1]!, 1, t.shape[2]!]) : t);
  const sides = rank === 1 ? [0, before[0]!, 0, after[0]!] as const : [...before, ...after] as unknown as readonly
    [number, number, number, number];
  const y = conv2d(image(x), image(spaced), null, { stride: strides[0]!, padding: sides });
  return rank === 1 ? reshape(y, [y.shape[0]!, y.shape[1]!, y.shape[3]!]) : y;
}

/** Splits channels in groups, applies `each` and joins the results. */
function grouped(x: Tensor, weight: Tensor, groups: number, each: (x: Tensor, weight: Tensor) => Tensor): Tensor {
  const [C, O] = [x.shape[1]! / groups, weight.shape[0]! / groups];
  return concat(range(groups).map((i) => each(slice(x, 1, i * C, C), slice(weight, 0, i * O, O))), 1);
}

const withBias = (c: Call, y: Tensor): Tensor =>
  (c.has(2) ? add(y, reshape(c.x(2), [-1, ...y.shape.slice(2).map(() => 1)])) : y);

const conv: Rule = (c) => {
  const [x, weight] = [c.x(0), c.x(1)];
  const w = windowsOf(c, x, weight.shape.slice(2));
  return withBias(c, grouped(x, weight, c.number('group', 1), (part, kernel) => convolve(part, kernel, w)));
};

/** The gradient of a convolution by its input, cut out of what it gives without padding. */
const convTranspose: Rule = (c) => {
  const [x, weight] = [c.x(0), c.x(1)];
  const rank = x.rank - 2;
  if (rank > 2) throw new Unsupported('over 3 axes');
  c.ignore('kernel_shape');
  const strides = c.list('strides') ?? range(rank).map(() => 1);
  const dilations = c.list('dilations') ?? range(rank).map(() => 1);
  const extra = c.list('output_padding') ?? range(rank).map(() => 0);
  const wanted = c.list('output_shape');
  const pads = c.list('pads') ?? range(2 * rank).map(() => 0);
  const auto = c.text('auto_pad', 'NOTSET');
  const full = range(rank).map((i) =>
    strides[i]! * (x.shape[i + 2]! - 1) + (weight.shape[i + 2]! - 1) * dilations[i]! + 1);
  const size = full.map((n, i) => wanted?.[i]
    ?? (auto === 'NOTSET' ? n + extra[i]! - pads[i]! - pads[i + rank]! : x.shape[i + 2]! * strides[i]!));
  const start = full.map((n, i) => {
    const cut = Math.max(n + extra[i]! - size[i]!, 0);
    if (!wanted && auto === 'NOTSET') return pads[i]!;
    return auto === 'SAME_UPPER' ? Math.floor(cut / 2) : cut - Math.floor(cut / 2);
  });
  const image = (t: Tensor): Tensor => (rank === 1 ? reshape(t, [t.shape[0]!, t.shape[1]!, 1, t.shape[2]!]) : t);
  const each = (part: Tensor, kernel: Tensor): Tensor => {
    const uniform = allEqual(strides);
    const input = uniform ? part : strides.reduce((y, step, i) => spread(y, i + 2, step), part);
    const spaced = dilations.reduce((y, step, i) => spread(y, i + 2, step), kernel);
    return apply(conv2dGradXOp, [image(input), image(spaced)], {
      stride: uniform ? strides[0]! : 1, padding: [0, 0, 0, 0], size: rank === 1 ? [1, full[0]!] : [full[0]!, full[1]!],
    });
  };
  const whole = grouped(x, weight, c.number('group', 1), each);
  const y = reshape(whole, [...whole.shape.slice(0, 2), ...full]);
  return withBias(c, size.reduce((t, n, i) => {
    const length = Math.min(n, full[i]! - start[i]!);
    const after = t.shape.map((_, axis) => (axis === i + 2 ? n - length : 0));
    return pad(slice(t, i + 2, start[i]!, length), t.shape.map(() => 0), after);
  }, y));
};

/** Every window of x: [B, C, out0, kernel0, out1, kernel1, ..]; `fill` stands beyond the edges. */
function unfold(x: Tensor, w: Windows, fill: number): Tensor {
  const far = w.out.map((_, i) => Math.max(0, ...placesOf(w, i)) + 1 - x.shape[i + 2]! - w.before[i]!);
  const after = [0, 0, ...far.map((n) => Math.max(n, 0))];
  const before = [0, 0, ...w.before];
  const padded = pad(x, before, after);
  const filled = fill === 0 ? padded : where(pad(ones(x.shape), before, after), padded, fill);
  return w.out.reduceRight((y, n, i) => take(y, i + 2, integers(placesOf(w, i), [n, w.kernel[i]!])), filled);
}

const kernelAxes = (w: Windows): number[] => w.kernel.map((_, i) => 3 + 2 * i);

const maxPool: Rule = (c) => {
  c.ignore('storage_order');
  const w = windowsOf(c, c.x(0), []);
  return max(unfold(c.x(0), w, -3.4e38), kernelAxes(w));
};

const averagePool: Rule = (c) => {
  const x = c.x(0);
  const w = windowsOf(c, x, []);
  const padded = c.number('count_include_pad', 0) === 1;
  // How many places of each window count, axis by axis.
  const counts = w.out.map((n, i) => range(n).map((o) => range(w.kernel[i]!).filter((k) => {
    const at = o * w.strides[i]! + k * w.dilations[i]! - w.before[i]!;
    return padded ? at < x.shape[i + 2]! + w.after[i]! : at >= 0 && at < x.shape[i + 2]!;
  }).length));
  const sums = sum(unfold(x, w, 0), kernelAxes(w));
  return counts.reduce((y, list, i) =>
    div(y, table(Float32Array.from(list), [list.length, ...w.out.slice(i + 1).map(() => 1)])), sums);
};

/** Softmax over one axis; below operator set 13 over all axes from it on. */
const softmaxRule = (op: (x: Tensor, axis?: number) => Tensor): Rule => (c) => {
  const x = c.x(0);
  const axis = positive(c.number('axis', c.opset < 13 ? 1 : -1), x.rank);
  if (c.opset >= 13) return op(x, axis);
  return reshape(op(reshape(x, [sizeOf(x.shape.slice(0, axis)), -1])), x.shape);
};

/** The loss of each position [N, d..], weighted, ignored and reduced as the attributes say. */
function reduced(c: Call, losses: Tensor, targets: Tensor): Tensor {
  const ignored = c.number('ignore_index', NaN);
  const reduction = c.text('reduction', 'mean');
  const weights = c.has(2) ? gather(c.x(2), targets) : ones(targets.shape);
  const counted = Number.isNaN(ignored) ? weights : mul(weights, sub(1, equal(targets, ignored)));
  const weighted = mul(losses, counted);
  if (reduction === 'none') return weighted;
  return reduction === 'sum' ? sum(weighted) : div(sum(weighted), sum(counted));
}

const classesLast = (x: Tensor): Tensor => moveAxis(x, 1, x.rank - 1);

const losses: Record<string, Rule> = {
  SoftmaxCrossEntropyLoss: (c) => {
    const ignored = c.number('ignore_index', NaN);
    const each = crossEntropy(classesLast(c.x(0)), c.x(1), Number.isNaN(ignored) ? null : ignored);
    return [reduced(c, each, c.x(1)), logSoftmax(c.x(0), 1)];
  },
  NegativeLogLikelihoodLoss: (c) => reduced(c, neg(pick(classesLast(c.x(0)), c.x(1))), c.x(1)),
};

/** Mean and 1 / standard deviation over `axes`, which stay with length 1. */
function statistics(x: Tensor, axes: number[], eps: number): [Tensor, Tensor, Tensor] {
  const mu = mean(x, axes, true);
  const variance = mean(square(sub(x, mu)), axes, true);
  return [mu, div(1, sqrt(add(variance, eps))), variance];
}

const layerNormalization: Rule = (c) => {
  const x = c.x(0);
  const axis = positive(c.number('axis', -1), x.rank);
  const eps = c.number('epsilon', 1e-5);
  const flat = (t: Tensor): Tensor => reshape(t, [-1]);
  const rows = reshape(x, [...x.shape.slice(0, axis), -1]);
  const y = layerNorm(rows, flat(c.x(1)), c.has(2) ? flat(c.x(2)) : null, eps);
  return [reshape(y, x.shape), ...statistics(x, range(x.rank).slice(axis), eps)].slice(0, 3);
};

const rmsNormalization: Rule = (c) => {
  const x = c.x(0);
  const axes = range(x.rank).slice(positive(c.number('axis', -1), x.rank));
  const squares = mean(square(x), axes, true);
  return mul(div(x, sqrt(add(squares, c.number('epsilon', 1e-5)))), c.x(1));
};

const batchNormalization: Rule = (c) => {
  const x = c.x(0);
  const perChannel = (i: number): Tensor => reshape(c.x(i), [-1, ...x.shape.slice(2).map(() => 1)]);
  const eps = c.number('epsilon', 1e-5);
  const momentum = c.number('momentum', 0.9);
  const training = c.number('training_mode', 0) === 1;
  c.ignore('is_test');
  const affine = (mu: Tensor, rstd: Tensor): Tensor =>
    add(mul(mul(sub(x, mu), rstd), perChannel(1)), perChannel(2));
  if (!training) return affine(perChannel(3), div(1, sqrt(add(perChannel(4), eps))));
  const [mu, rstd, variance] = statistics(x, range(x.rank).filter((axis) => axis !== 1), eps);
  const running = (old: Tensor, now: Tensor): Tensor =>
    add(mul(old, momentum), mul(reshape(now, old.shape), 1 - momentum));
  return [affine(mu, rstd), running(c.x(3), mu), running(c.x(4), variance)];
};

const norms: Record<string, Rule> = {
  LayerNormalization: layerNormalization, RMSNormalization: rmsNormalization, BatchNormalization: batchNormalization,
  GroupNormalization: (c) =>
    groupNorm(c.x(0), c.number('num_groups', 1), c.x(1), c.x(2), c.number('epsilon', 1e-5)),
  InstanceNormalization: (c) => groupNorm(c.x(0), c.x(0).shape[1]!, c.x(1), c.x(2), c.number('epsilon', 1e-5)),
};

/** [B, L, heads * D] as [B, heads, L, D], or as it is where heads have an axis already. */
const headsApart = (x: Tensor, heads: number): Tensor =>
  (x.rank === 4 ? x : transpose(reshape(x, [x.shape[0]!, x.shape[1]!, heads, -1]), [0, 2, 1, 3]));

/** [B, heads, L, D] as [B, L, heads * D]. */
const headsTogether = (x: Tensor): Tensor =>
  reshape(transpose(x, [0, 2, 1, 3]), [x.shape[0]!, x.shape[2]!, x.shape[1]! * x.shape[3]!]);

/** The fused op; with a mask or a cap on the scores, which it does not know, matrix products and a softmax. */
const attentionRule: Rule = (c) => {
  if (c.count > 4) throw new Unsupported('past keys');
  const q = headsApart(c.x(0), c.number('q_num_heads', 0));
  const [heads, D] = [q.shape[1]!, q.shape[3]!];
  const causal = c.number('is_causal', 0) === 1;
  const [k, v] = [1, 2].map((i) => {
    const x = headsApart(c.x(i), c.number('kv_num_heads', 0));
    const [B, own, L, width] = x.shape as [number, number, number, number];
    const shared = broadcast(reshape(x, [B, own, 1, L, width]), [B, own, heads / own, L, width]);
    // Query i sees the keys 0 .. i, counted from the first: later keys than queries are never seen.
    return slice(reshape(shared, [B, heads, L, width]), 2, 0, causal ? q.shape[2]! : L);
  }) as [Tensor, Tensor];
  const scale = c.number('scale', 1 / Math.sqrt(D));
  const cap = c.number('softcap', 0);
  const apart = c.x(0).rank === 4;
  if (!c.has(3) && cap === 0) {
    const y = attention(headsTogether(q), headsTogether(k), headsTogether(v), { heads, causal, scale });
    return apart ? headsApart(y, heads) : y;
  }
  if (causal) throw new Unsupported('causal with a mask');
  const scores = mul(matmul(q, k, { transposeB: true }), scale);
  const masked = c.has(3) ? add(scores, c.x(3)) : scores;
  const y = matmul(softmax(cap === 0 ? masked : mul(tanh(div(masked, cap)), cap)), v);
  return apart ? y : headsTogether(y);
};

export const layerRules: Readonly<Record<string, Rule>> = {
  MatMul: matmulRule, Gemm: gemm, Attention: attentionRule, Conv: conv, ConvTranspose: convTranspose,
  MaxPool: maxPool, AveragePool: averagePool,
  Softmax: softmaxRule(softmax), LogSoftmax: softmaxRule(logSoftmax), ...losses, ...norms,
};
