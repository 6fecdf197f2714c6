/** The ops as functions with positional arguments; pointwise ones broadcast like NumPy and take plain numbers. */
import type { DType, Tensor } from '../tensor.ts';
import { constant } from './leaf.ts';
import { call, castTo, type PointwiseName } from './pointwise.ts';
import { broadcast } from './view.ts';

export { constant, inputTensor, stateTensor, table } from './leaf.ts';
export { broadcast, reshape, slice, transpose } from './view.ts';
export { linear, matmul } from './matmul.ts';
export { conv2d } from './conv2d.ts';
export { upsample2d } from './upsample2d.ts';
export { concat, pad, stack } from './pad.ts';
export { max, mean, min, sum } from './reduce.ts';
export { gather } from './gather.ts';
export { scatterAdd } from './scatterAdd.ts';
export { nearestRow } from './nearestRow.ts';
export { rowDistances, type Metric } from './rowDistances.ts';
export { randomIntegers, randomNormal, randomUniform } from './random.ts';
export { dropout } from './dropout.ts';
export { oneHot, pick } from './oneHot.ts';
export { argmax } from './argmax.ts';
export { softmax } from './softmax.ts';
export { logSoftmax } from './logSoftmax.ts';
export { logSumExp } from './logSumExp.ts';
export { crossEntropy } from './crossEntropy.ts';
export { softCrossEntropy } from './softCrossEntropy.ts';
export { layerNorm } from './layerNorm.ts';
export { groupNorm } from './groupNorm.ts';
export { attention } from './attention.ts';

/** An operand of a pointwise op: a number becomes a constant of the other operand's element type. */
export type Value = Tensor | number;

function commonShape(a: readonly number[], b: readonly number[]): number[] {
  const rank = Math.max(a.length, b.length);
  return Array.from({ length: rank }, (_, i) => {
    const m = a[i - (rank - a.length)] ?? 1;
    const n = b[i - (rank - b.length)] ?? 1;
    if (m !== n && m !== 1 && n !== 1) {
      throw new Error(`broadcast: [${a.join(', ')}] and [${b.join(', ')}] differ on axis ${i} (${m} and ${n})`);
    }
    return Math.max(m, n);
  });
}

/** Operands as tensors of one shape. */
function align(operands: readonly Value[]): Tensor[] {
  const model = operands.find((x) => typeof x !== 'number');
  const dtype = model?.dtype ?? 'f32';
  const tensors = operands.map((x) => (typeof x === 'number' ? constant(x, dtype) : x));
  const shape = tensors.map((x) => x.shape).reduce<readonly number[]>(commonShape, []);
  return tensors.map((x) => broadcast(x, shape));
}

const unary = (name: PointwiseName) => (x: Tensor): Tensor => call(name, x);
const binary = (name: PointwiseName) => (a: Value, b: Value): Tensor => call(name, ...align([a, b]));

export const add = binary('add');
export const sub = binary('sub');
export const mul = binary('mul');
export const div = binary('div');
export const pow = binary('pow');
export const minimum = binary('minimum');
export const maximum = binary('maximum');
export const less = binary('less');
export const lessEqual = binary('lessEqual');
export const equal = binary('equal');
export const neg = unary('neg');
export const abs = unary('abs');
export const sign = unary('sign');
export const floor = unary('floor');
export const round = unary('round');
export const exp = unary('exp');
export const log = unary('log');
export const sqrt = unary('sqrt');
export const sin = unary('sin');
export const cos = unary('cos');
export const tanh = unary('tanh');
export const sigmoid = unary('sigmoid');
export const softplus = unary('softplus');
export const erf = unary('erf');
export const relu = unary('relu');
export const silu = unary('silu');
export const gelu = unary('gelu');
export const geluTanh = unary('geluTanh');
/** 1 where x is neither infinite nor not a number, else 0. */
export const isFinite = unary('isFinite');
/** The value of x; no gradient passes. */
export const stopGradient = unary('stopGradient');
/** The value of `value`; the gradient goes to `through` unchanged. */
export const straightThrough = binary('straightThrough');

export const square = (x: Tensor): Tensor => mul(x, x);
export const clamp = (x: Tensor, low: Value, high: Value): Tensor => minimum(maximum(x, low), high);
export const leakyRelu = (x: Tensor, slope: number): Tensor => maximum(x, mul(x, slope));

/** `a` where `condition` (f32) is not 0, else `b`. */
export function where(condition: Tensor, a: Value, b: Value): Tensor {
  const [x, y] = align([a, b]);
  const shape = commonShape(condition.shape, x!.shape);
  return call('where', broadcast(condition, shape), broadcast(x!, shape), broadcast(y!, shape));
}

export const cast = (x: Tensor, dtype: DType): Tensor => castTo(x, dtype);

export const zerosLike = (x: Tensor): Tensor => broadcast(constant(0, x.dtype), x.shape);
