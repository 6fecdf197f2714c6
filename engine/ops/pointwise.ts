/**
 * The pointwise table: one row an op. A row is the WGSL expression, the same function in f64 and the derivative;
 * `compile` fuses chains of rows into one kernel, so a row never has a shader file of its own.
 *
 * Operands have equal shapes and element types here; broadcasting is a view that the wrappers in `index.ts` insert.
 * In expressions `F`, `I`, `U` are the scalar or 4-vector types of f32, i32, u32 (f16 is computed as f32, so a value
 * that is read again in the kernel that makes it keeps more digits than its type).
 */
import { check } from '../errors.ts';
import { decodeHalf, encodeHalf } from '../half.ts';
import { apply, expectInputs, type PointwiseOp } from '../op.ts';
import { operandType, type ProductOp } from '../precision.ts';
import { constantOp } from './leaf.ts';
import { broadcastOp } from './view.ts';
import { describe, sameShape, type DType, type Tensor, type TensorType } from '../tensor.ts';

interface Row {
  readonly wgsl: (...operands: string[]) => string;
  readonly f64: (...operands: number[]) => number;
  readonly vjp: 'none' | ((g: Tensor, inputs: readonly Tensor[], y: Tensor) => (Tensor | null)[]);
  /** Element types taken; default floats only. */
  readonly dtypes?: readonly DType[];
}

const floats: readonly DType[] = ['f32', 'f16'];
const numbers: readonly DType[] = ['f32', 'f16', 'i32', 'u32'];

// erf in f64, for the definitions: power series near 0, continued fraction of erfc beyond.
function erf64(x: number): number {
  const z = Math.abs(x);
  if (z > 6) return Math.sign(x);
  if (z < 2.5) {
    let term = x;
    let sum = x;
    for (let n = 1; n < 80; n++) {
      term *= -(x * x) / n;
      sum += term / (2 * n + 1);
    }
    return (2 / Math.sqrt(Math.PI)) * sum;
  }
  let fraction = z;
  for (let n = 60; n > 0; n--) fraction = z + n / 2 / fraction;
  return Math.sign(x) * (1 - Math.exp(-z * z) / (fraction * Math.sqrt(Math.PI)));
}

const sigmoid64 = (x: number): number => 1 / (1 + Math.exp(-x));
const cdf64 = (x: number): number => 0.5 * (1 + erf64(x * Math.SQRT1_2));
const pdf64 = (x: number): number => Math.exp(-0.5 * x * x) / Math.sqrt(2 * Math.PI);
const tanhInner = (x: number): number => Math.sqrt(2 / Math.PI) * (x + 0.044715 * x ** 3);
const geluTanhSlope64 = (x: number): number => {
  const t = Math.tanh(tanhInner(x));
  return 0.5 * (1 + t) + 0.5 * x * (1 - t * t) * Math.sqrt(2 / Math.PI) * (1 + 3 * 0.044715 * x * x);
};

// Halves to even, as WGSL, IEEE 754 and Python round.
const roundEven = (x: number): number => {
  const r = Math.round(x);
  return Math.abs(x % 1) === 0.5 && r % 2 !== 0 ? r - 1 : r;
};

const mask = (condition: string): string => `select(F(0.0), F(1.0), ${condition})`;
const tanhInnerWgsl = (x: string): string => `(0.7978845608 * (${x} + 0.044715 * ${x} * ${x} * ${x}))`;
// Beyond 10 tanh is 1 in f32, and some drivers overflow inside.
const tanhWgsl = (x: string): string => `tanh(clamp(${x}, F(-10.0), F(10.0)))`;
const sigmoidWgsl = (x: string): string => `(1.0 / (1.0 + exp(-${x})))`;

type ArithmeticName =
  | 'add' | 'sub' | 'mul' | 'div' | 'pow' | 'minimum' | 'maximum';
type UnaryName =
  | 'neg' | 'abs' | 'sign' | 'floor' | 'round' | 'exp' | 'log' | 'sqrt' | 'sin' | 'cos' | 'tanh' | 'sigmoid'
  | 'softplus' | 'erf' | 'relu' | 'silu' | 'siluSlope' | 'gelu' | 'geluSlope' | 'geluTanh' | 'geluTanhSlope'
  | 'stopGradient' | 'isFinite';
type ChoiceName =
  | 'less' | 'lessEqual' | 'equal' | 'where' | 'straightThrough';
export type PointwiseName = ArithmeticName | UnaryName | ChoiceName;

/** Applies a row to operands of one shape and element type. */
export function call(name: PointwiseName, ...operands: Tensor[]): Tensor {
  return apply(pointwiseOps[name], operands, null);
}

const one = (x: Tensor): Tensor => fill(1, x);
const where = (condition: Tensor, a: Tensor, b: Tensor): Tensor => call('where', condition, a, b);
const masked = (condition: Tensor, g: Tensor): Tensor => where(condition, g, fill(0, g));
const flat = (g: Tensor, inputs: readonly Tensor[]): null[] => (void g, inputs.map(() => null));

const arithmetic: Record<ArithmeticName, Row> = {
  add: { wgsl: (a, b) => `${a} + ${b}`, f64: (a, b) => a + b, dtypes: numbers, vjp: (g) => [g, g] },
  sub: { wgsl: (a, b) => `${a} - ${b}`, f64: (a, b) => a - b, dtypes: numbers, vjp: (g) => [g, call('neg', g)] },
  mul: {
    wgsl: (a, b) => `${a} * ${b}`, f64: (a, b) => a * b, dtypes: numbers,
    vjp: (g, [a, b]) => [call('mul', g, b!), call('mul', g, a!)],
  },
  div: {
    wgsl: (a, b) => `${a} / ${b}`, f64: (a, b) => a / b,
    vjp: (g, [, b], y) => [call('div', g, b!), call('neg', call('div', call('mul', g, y), b!))],
  },
  pow: {
    wgsl: (a, b) => `signedPow(${a}, ${b})`, f64: (a, b) => a ** b,
    vjp: (g, [a, b], y) => [
      call('mul', g, call('mul', b!, call('pow', a!, call('sub', b!, one(b!))))),
      call('mul', g, call('mul', y, call('log', a!))),
    ],
  },
  minimum: {
    wgsl: (a, b) => `min(${a}, ${b})`, f64: (a, b) => Math.min(a, b), dtypes: numbers,
    vjp: (g, [a, b]) => [masked(call('lessEqual', a!, b!), g), masked(call('less', b!, a!), g)],
  },
  maximum: {
    wgsl: (a, b) => `max(${a}, ${b})`, f64: (a, b) => Math.max(a, b), dtypes: numbers,
    vjp: (g, [a, b]) => [masked(call('lessEqual', b!, a!), g), masked(call('less', a!, b!), g)],
  },
};

const unary: Record<UnaryName, Row> = {
  neg: { wgsl: (x) => `-${x}`, f64: (x) => -x, dtypes: ['f32', 'f16', 'i32'], vjp: (g) => [call('neg', g)] },
  abs: {
    wgsl: (x) => `abs(${x})`, f64: Math.abs, dtypes: ['f32', 'f16', 'i32'],
    vjp: (g, [x]) => [call('mul', g, call('sign', x!))],
  },
  sign: { wgsl: (x) => `sign(${x})`, f64: Math.sign, vjp: flat },
  floor: { wgsl: (x) => `floor(${x})`, f64: Math.floor, vjp: flat },
  round: { wgsl: (x) => `round(${x})`, f64: roundEven, vjp: flat },
  exp: { wgsl: (x) => `exp(${x})`, f64: Math.exp, vjp: (g, _, y) => [call('mul', g, y)] },
  log: { wgsl: (x) => `log(${x})`, f64: Math.log, vjp: (g, [x]) => [call('div', g, x!)] },
  sqrt: {
    wgsl: (x) => `sqrt(${x})`, f64: Math.sqrt,
    vjp: (g, _, y) => [call('div', g, call('add', y, y))],
  },
  sin: { wgsl: (x) => `sin(${x})`, f64: Math.sin, vjp: (g, [x]) => [call('mul', g, call('cos', x!))] },
  cos: { wgsl: (x) => `cos(${x})`, f64: Math.cos, vjp: (g, [x]) => [call('neg', call('mul', g, call('sin', x!)))] },
  tanh: {
    wgsl: tanhWgsl, f64: Math.tanh,
    vjp: (g, _, y) => [call('mul', g, call('sub', one(y), call('mul', y, y)))],
  },
  sigmoid: {
    wgsl: sigmoidWgsl, f64: sigmoid64,
    vjp: (g, _, y) => [call('mul', g, call('mul', y, call('sub', one(y), y)))],
  },
  softplus: {
    wgsl: (x) => `(max(${x}, F(0.0)) + log(1.0 + exp(-abs(${x}))))`,
    f64: (x) => Math.max(x, 0) + Math.log1p(Math.exp(-Math.abs(x))),
    vjp: (g, [x]) => [call('mul', g, call('sigmoid', x!))],
  },
  erf: {
    wgsl: (x) => `erf(${x})`, f64: erf64,
    vjp: (g, [x]) => [call('mul', g, call('mul', fill(2 / Math.sqrt(Math.PI), x!),
      call('exp', call('neg', call('mul', x!, x!)))))],
  },
  relu: {
    wgsl: (x) => `max(${x}, F(0.0))`, f64: (x) => Math.max(x, 0),
    vjp: (g, [x]) => [masked(call('less', fill(0, x!), x!), g)],
  },
  silu: {
    wgsl: (x) => `(${x} * ${sigmoidWgsl(x)})`, f64: (x) => x * sigmoid64(x),
    vjp: (g, [x]) => [call('mul', g, call('siluSlope', x!))],
  },
  siluSlope: {
    wgsl: (x) => `(${sigmoidWgsl(x)} * (1.0 + ${x} * (1.0 - ${sigmoidWgsl(x)})))`,
    f64: (x) => sigmoid64(x) * (1 + x * (1 - sigmoid64(x))), vjp: 'none',
  },
  gelu: {
    wgsl: (x) => `(0.5 * ${x} * (1.0 + erf(${x} * 0.7071067812)))`, f64: (x) => x * cdf64(x),
    vjp: (g, [x]) => [call('mul', g, call('geluSlope', x!))],
  },
  geluSlope: {
    wgsl: (x) => `geluSlope(${x})`,
    f64: (x) => cdf64(x) + x * pdf64(x), vjp: 'none',
  },
  geluTanh: {
    wgsl: (x) => `(0.5 * ${x} * (1.0 + ${tanhWgsl(tanhInnerWgsl(x))}))`,
    f64: (x) => 0.5 * x * (1 + Math.tanh(tanhInner(x))),
    vjp: (g, [x]) => [call('mul', g, call('geluTanhSlope', x!))],
  },
  geluTanhSlope: { wgsl: (x) => `geluTanhSlope(${x})`, f64: geluTanhSlope64, vjp: 'none' },
  // The value is that of x, the derivative stops here.
  stopGradient: { wgsl: (x) => x, f64: (x) => x, dtypes: numbers, vjp: flat },
  // By the bits of the exponent: compilers of shaders may take it that floats are finite.
  isFinite: {
    wgsl: (x) => mask(`(bitcast<U>(${x}) & U(0x7f800000u)) != U(0x7f800000u)`),
    f64: (x) => Number(Number.isFinite(Math.fround(x))), vjp: flat,
  },
};

const choice: Record<ChoiceName, Row> = {
  // Conditions are 1 or 0 in the element type f32.
  less: { wgsl: (a, b) => mask(`${a} < ${b}`), f64: (a, b) => Number(a < b), dtypes: numbers, vjp: flat },
  lessEqual: { wgsl: (a, b) => mask(`${a} <= ${b}`), f64: (a, b) => Number(a <= b), dtypes: numbers, vjp: flat },
  equal: { wgsl: (a, b) => mask(`${a} == ${b}`), f64: (a, b) => Number(a === b), dtypes: numbers, vjp: flat },
  // `condition` comes first; where it is not 0 the value is that of `a`.
  where: {
    wgsl: (condition, a, b) => `select(${b}, ${a}, ${condition} != F(0.0))`,
    f64: (condition, a, b) => (condition !== 0 ? a : b), dtypes: numbers,
    vjp: (g, [condition]) => [null, masked(condition!, g), where(condition!, fill(0, g), g)],
  },
  // Value of the first operand, derivative to the second: the in-vocabulary projection of DIVE.
  straightThrough: { wgsl: (value) => value, f64: (value) => value, vjp: (g) => [null, g] },
};

/** Rows that give a condition. */
const conditions: readonly string[] = ['less', 'lessEqual', 'equal', 'isFinite'];

function inferRow(name: string, row: Row, arity: number, inputs: readonly TensorType[]): TensorType {
  expectInputs(name, inputs, arity);
  const operands = name === 'where' ? inputs.slice(1) : inputs;
  const first = operands[0]!;
  const dtypes = row.dtypes ?? floats;
  for (const x of inputs) {
    check(sameShape(x.shape, first.shape), () =>
      `${name}: operands must have one shape, found ${inputs.map(describe).join(' and ')}. Is a broadcast missing?`);
  }
  for (const x of operands) {
    check(dtypes.includes(x.dtype), () => `${name}: operands must be ${dtypes.join(' or ')}, found ${describe(x)}`);
    check(x.dtype === first.dtype, () =>
      `${name}: operands must have one element type, found ${inputs.map(describe).join(' and ')}. Cast one of them.`);
  }
  return { shape: first.shape, dtype: conditions.includes(name) ? 'f32' : first.dtype };
}

function fromRow(name: string, row: Row, arity: number): PointwiseOp<null> {
  return {
    kind: 'pointwise',
    name,
    infer: (inputs) => inferRow(name, row, arity, inputs),
    reference: (inputs) => inputs[0]!.map((_, i) => row.f64(...inputs.map((x) => x[i]!))),
    vjp: row.vjp,
    expression: (operands) => row.wgsl(...operands),
  };
}

const rows: Record<PointwiseName, Row> = { ...arithmetic, ...unary, ...choice };
const arities: Partial<Record<PointwiseName, number>> = { where: 3, straightThrough: 2 };

/** Every row as an op, by name. */
export const pointwiseOps = Object.fromEntries(Object.entries(rows).map(([name, row]) =>
  [name, fromRow(name, row, arities[name as PointwiseName] ?? (name in unary ? 1 : 2))],
)) as Record<PointwiseName, PointwiseOp<null>>;

const toHalf = (x: Float64Array): Float64Array => Float64Array.from(decodeHalf(encodeHalf(Float32Array.from(x))));

/** Value in another element type: floats to integers towards zero, conditions 1 and 0. */
export const castOp: PointwiseOp<{ dtype: DType }> = {
  kind: 'pointwise',
  name: 'cast',
  infer: ([x], { dtype }) => ({ shape: x!.shape, dtype }),
  reference: ([x], _, { dtype }) => {
    if (dtype === 'f16') return toHalf(x!);
    return dtype === 'f32' ? x!.slice() : x!.map(Math.trunc);
  },
  vjp: (g, [x]) => [floats.includes(x!.dtype) ? castTo(g, x!.dtype) : null],
  // Halves are rounded where they are stored; compilers drop a rounding between two f32 values anyway.
  expression: ([x], { dtype }) => `${{ f32: 'F', f16: 'F', i32: 'I', u32: 'U' }[dtype]}(${x})`,
};

/** `x` in an element type; itself where it has that already. */
export const castTo = (x: Tensor, dtype: DType): Tensor => (x.dtype === dtype ? x : apply(castOp, [x], { dtype }));

/** Operands of a product in the element type that the policy names. */
export const asOperands = (op: ProductOp, ...operands: readonly Tensor[]): Tensor[] =>
  operands.map((x) => castTo(x, operandType(op)));

/** A constant of the shape and element type of another tensor. */
function fill(value: number, like: Tensor): Tensor {
  return apply(broadcastOp, [apply(constantOp, [], { value, dtype: like.dtype })], { shape: like.shape });
}

/** Functions that expressions call, in the vector type of the kernel. */
export const pointwisePreamble = `
// What 1 - erf(z) is of exp(-z z), for z >= 0 [Abramowitz & Stegun 7.1.26], absolute error below 1.5e-7.
fn tail(z: F) -> F {
  let t = 1.0 / (1.0 + 0.3275911 * z);
  return t * (0.254829592 + t * (-0.284496736 + t * (1.421413741 + t * (-1.453152027 + t * 1.061405429))));
}
fn erf(x: F) -> F {
  let z = abs(x);
  return sign(x) * (1.0 - tail(z) * exp(-z * z));
}
// The normal distribution and x times its density, which share an exponential.
fn geluSlope(x: F) -> F {
  let z = abs(x) * 0.7071067812;
  let density = exp(-z * z);
  return 0.5 + 0.5 * sign(x) * (1.0 - tail(z) * density) + x * 0.3989422804 * density;
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
  let t = ${tanhWgsl(tanhInnerWgsl('x'))};
  return 0.5 * (1.0 + t) + 0.5 * x * (1.0 - t * t) * 0.7978845608 * (1.0 + 0.134145 * x * x);
}
`;
