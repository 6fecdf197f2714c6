/**
 * Checks an op as the engine uses it: in the middle of a graph.
 *
 *   kernel      the compiled program against the f64 definition, twice with the same bits
 *   derivative  by `grad`, in f64, against central differences of the f64 definition, with an upstream gradient
 *               that is not one; then the compiled gradient against the f64 one
 */
import * as assert from 'uvu/assert';
import { compile } from '../../engine/compile/compile.ts';
import type { Device } from '../../engine/device.ts';
import { grad } from '../../engine/grad.ts';
import { interpret } from '../../engine/interpret.ts';
import type { DeviceCapabilities } from '../../engine/op.ts';
import { withPrecision, type Precision } from '../../engine/precision.ts';
import { add, inputTensor, mul, sum, table } from '../../engine/ops/index.ts';
import { RandomStream } from '../../engine/random.ts';
import { sizeOf, type DType, type Tensor, type TypedData } from '../../engine/tensor.ts';
import { testDevice } from './gpu.ts';

export interface OperandSpec {
  readonly shape: readonly number[];
  readonly dtype?: DType;
  /** Range of the values; default [-2, 2). Integers are drawn below `high`. */
  readonly low?: number;
  readonly high?: number;
  /** Whether a derivative is asked for; default yes for floats. */
  readonly differentiable?: boolean;
  /** The very values, instead of random ones. */
  readonly values?: readonly number[];
}

export interface OpCase {
  readonly name: string;
  readonly operands: readonly OperandSpec[];
  readonly apply: (...operands: Tensor[]) => Tensor;
  /** Largest error allowed, relative to the largest value of the result; default 2e-5. */
  readonly tolerance?: number;
  /** False where only the kernel is to be checked. */
  readonly derivative?: boolean;
  /**
   * Trace the op with half-precision operands. Both sides round where the graph says so; a value that lies between two
   * halves may go either way, so the default tolerance is 5e-4. Rounding has no derivative to check by differences.
   */
  readonly precision?: Precision;
  /** Kernel variant to use where an op offers it. */
  readonly variant?: string;
  /** What the device is taken for, beside what it is: kernels for GPUs are right on software adapters too. */
  readonly capabilities?: Partial<DeviceCapabilities>;
}

function values(spec: OperandSpec, stream: RandomStream): Float64Array {
  const { low = -2, high = 2, dtype = 'f32' } = spec;
  if (spec.values) return Float64Array.from(spec.values);
  return Float64Array.from({ length: sizeOf(spec.shape) }, () => {
    const value = stream.uniform(low, high);
    return dtype === 'f32' || dtype === 'f16' ? Math.fround(value) : Math.floor(value);
  });
}

function upload(data: Float64Array, dtype: DType = 'f32'): TypedData {
  if (dtype === 'i32') return Int32Array.from(data);
  if (dtype === 'u32') return Uint32Array.from(data);
  return Float32Array.from(data);
}

/** Largest difference, relative to the largest expected magnitude (at least 1e-3). */
export function relativeError(actual: ArrayLike<number>, expected: ArrayLike<number>): number {
  assert.is(actual.length, expected.length);
  let scale = 1e-3;
  let error = 0;
  for (let i = 0; i < expected.length; i++) {
    scale = Math.max(scale, Math.abs(expected[i]!));
    const difference = Math.abs(actual[i]! - expected[i]!);
    if (!(difference <= error)) error = difference;
  }
  return error / scale;
}

function close(actual: ArrayLike<number>, expected: ArrayLike<number>, tolerance: number, what: string): void {
  const error = relativeError(actual, expected);
  assert.ok(error <= tolerance, `${what}: relative error ${error} is above ${tolerance}`);
}

async function deviceFor({ capabilities }: OpCase): Promise<Device> {
  const device = await testDevice();
  return capabilities
    ? Object.create(device, { capabilities: { value: { ...device.capabilities, ...capabilities } } }) as Device
    : device;
}

/** Runs all checks on one case. */
export async function checkOp(spec: OpCase): Promise<void> {
  const stream = new RandomStream(7, spec.name);
  const inputs = spec.operands.map((operand, i) => inputTensor(`x${i}`, operand.shape, operand.dtype ?? 'f32'));
  const feeds = Object.fromEntries(spec.operands.map((operand, i) => [`x${i}`, values(operand, stream)]));
  const wrt = inputs.filter((x, i) => x.dtype === 'f32' && spec.operands[i]!.differentiable !== false);
  // The op sits between pointwise nodes, so its inputs are results and its cotangent is not one.
  const inner = inputs.map((x) => (wrt.includes(x) ? add(mul(x, 1.25), 0.125) : x));
  const precision = spec.precision ?? 'f32';
  const y = withPrecision(precision, () => spec.apply(...inner));
  const differentiable = spec.derivative !== false && y.dtype === 'f32' && wrt.length > 0;
  const weights = table(Float32Array.from({ length: y.size }, () => stream.uniform(-1, 1)), y.shape);
  const outputs: Record<string, Tensor> = { y };
  let gradients: Tensor[] = [];
  let loss: Tensor | null = null;
  if (differentiable) {
    loss = sum(mul(weights, mul(y, add(y, 0.5))));
    gradients = grad(loss, wrt);
    gradients.forEach((g, i) => { outputs[`g${i}`] = g; });
  }
  const names = Object.keys(outputs);
  const expected = interpret(Object.values(outputs), feeds);
  if (loss && precision === 'f32') checkDifferences(spec, loss, wrt, expected.slice(1), feeds, stream);
  const program = await compile(await deviceFor(spec), {
    name: spec.name, outputs, ...(spec.variant && { variant: spec.variant }),
  });
  const uploads = Object.fromEntries(spec.operands.map((operand, i) =>
    [`x${i}`, upload(feeds[`x${i}`]!, operand.dtype)]));
  const rounds: TypedData[][] = [];
  for (let round = 0; round < 2; round++) {
    program.run(uploads);
    rounds.push(await Promise.all(names.map((name) => program.read(name))));
  }
  program.destroy();
  names.forEach((name, i) => {
    const tolerance = (spec.tolerance ?? (precision === 'f16' ? 5e-4 : 2e-5)) * (name === 'y' ? 1 : 4);
    close(rounds[0]![i]!, expected[i]!, tolerance, `${spec.name}, ${name}`);
    assert.equal(rounds[1]![i]!, rounds[0]![i]!, `${spec.name}, ${name}: two runs differ`);
  });
}

/** Directional derivatives of the loss against central differences, all in f64. */
function checkDifferences(spec: OpCase, loss: Tensor, wrt: readonly Tensor[], gradients: readonly Float64Array[],
  feeds: Record<string, Float64Array>, stream: RandomStream): void {
  const step = 1e-5;
  wrt.forEach((x, i) => {
    const name = (x.attrs as { name: string }).name;
    for (let trial = 0; trial < 3; trial++) {
      const direction = gradients[i]!.map(() => stream.normal());
      const at = (h: number): number =>
        interpret([loss], { ...feeds, [name]: feeds[name]!.map((value, k) => value + h * direction[k]!) })[0]![0]!;
      const numeric = (at(step) - at(-step)) / (2 * step);
      const analytic = gradients[i]!.reduce((total, g, k) => total + g * direction[k]!, 0);
      const scale = Math.sqrt(gradients[i]!.reduce((total, g) => total + g * g, 0)) + 1e-6;
      assert.ok(Math.abs(numeric - analytic) <= 1e-5 * scale + 1e-8,
        `${spec.name}, derivative by ${name}: ${analytic} against differences ${numeric}`);
    }
  });
}
