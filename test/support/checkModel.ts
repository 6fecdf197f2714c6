/**
 * Checks a whole model at a small size, as training and inversion use it: the compiled program's gradient along
 * directions, against central differences of the f64 evaluation of the loss, for every parameter and input along its
 * own gradient and along random directions of everything; the gradient in half precision against that in f64; and that
 * the loss falls under AdamW.
 */
import * as assert from 'uvu/assert';
import { compile } from '../../engine/compile/compile.ts';
import { grad } from '../../engine/grad.ts';
import { ancestors } from '../../engine/graph.ts';
import { interpret } from '../../engine/interpret.ts';
import { LossScale, lossScaleDefaults } from '../../engine/lossScale.ts';
import { constant } from '../../engine/ops/index.ts';
import { AdamW } from '../../engine/optim.ts';
import type { DeviceCapabilities, KernelOp } from '../../engine/op.ts';
import { ParamStore, declareParams, type Scope } from '../../engine/params.ts';
import { withPrecision } from '../../engine/precision.ts';
import { RandomStream } from '../../engine/random.ts';
import { sizeOf, type Tensor, type TypedData } from '../../engine/tensor.ts';
import { testDevice } from './gpu.ts';

export interface ModelCase {
  readonly name: string;
  /** Builds the loss [] from the parameters. */
  readonly loss: (p: Scope) => Tensor;
  /** Values of all inputs by name. */
  readonly feeds: Readonly<Record<string, TypedData>>;
  /** Inputs that a gradient is asked for as well. */
  readonly differentiable?: readonly Tensor[];
}

/** Values in [low, high) from the stream of a name. */
export function uniformValues(name: string, shape: readonly number[], low = -1, high = 1): Float32Array {
  const stream = new RandomStream(11, name);
  return Float32Array.from({ length: sizeOf(shape) }, () => stream.uniform(low, high));
}

/** Parameters away from their initial values, since zeros hide gradients. */
function perturbed(store: ParamStore): Float32Array[] {
  store.initialise(1);
  return store.groups.map(({ state }) => {
    const stream = new RandomStream(2, state.name);
    return (state.initial as Float32Array).map((value) => value + 0.15 * stream.normal());
  });
}

/** One flat vector of the model: a group of parameters, or an input; with the parts that are checked one by one. */
interface Variable {
  readonly name: string;
  readonly parts: readonly { readonly name: string; readonly start: number; readonly length: number }[];
}

function variablesOf(store: ParamStore, inputs: readonly Tensor[]): Variable[] {
  const groups = store.groups.map(({ state, specs, offsets }) => ({
    name: state.name,
    parts: specs.map((spec, i) => ({ name: spec.name, start: offsets[i]!, length: sizeOf(spec.shape) })),
  }));
  return [...groups, ...inputs.map((input) => {
    const { name } = input.attrs as { name: string };
    return { name, parts: [{ name, start: 0, length: input.size }] };
  })];
}

/** Compiled gradients against differences of the f64 loss. The loss must be smooth. */
export async function checkGradients(spec: ModelCase): Promise<void> {
  const store = new ParamStore(spec.name, declareParams(spec.loss));
  const values = perturbed(store);
  const loss = spec.loss(store.scope());
  const inputs = spec.differentiable ?? [];
  const gradients = grad(loss, [...store.tensors.values(), ...inputs]);
  const packed = store.packGradients(gradients.slice(0, store.tensors.size));
  const flat = [...packed, ...gradients.slice(store.tensors.size)];
  const device = await testDevice();
  store.groups.forEach(({ state }, i) => { state.initial = values[i]!; });
  store.upload(device);
  const program = await compile(device, {
    name: spec.name, outputs: { loss, ...Object.fromEntries(flat.map((g, i) => [`g${i}`, g])) },
  });
  program.run(spec.feeds);
  const found = await Promise.all(flat.map((_, i) => program.readFloats(`g${i}`)));
  const lossFound = await program.readScalar('loss');
  program.destroy();
  const feeds: Record<string, ArrayLike<number>> = { ...spec.feeds };
  store.groups.forEach(({ state }, i) => { feeds[state.name] = values[i]!; });
  const expected = interpret([loss], feeds)[0]![0]!;
  assert.ok(Math.abs(lossFound - expected) <= 1e-4 * Math.abs(expected),
    `${spec.name}: loss ${lossFound}, in f64 ${expected}`);
  checkDirections(spec.name, loss, variablesOf(store, inputs), found, feeds);
}

/**
 * Gradients in half precision, under a loss scale, against those in f64 without any rounding: the loss within 1 %, and
 * each parameter's and input's gradient within 3 % of its own length, or of a fiftieth of all.
 */
export async function checkHalfGradients(spec: ModelCase): Promise<void> {
  const name = `${spec.name} in halves`;
  const store = new ParamStore(name, declareParams(spec.loss));
  const values = perturbed(store);
  const device = await testDevice();
  store.groups.forEach(({ state }, i) => { state.initial = values[i]!; });
  store.upload(device);
  const wrt = [...store.tensors.values(), ...spec.differentiable ?? []];
  const scaling = new LossScale(name, { ...lossScaleDefaults, initial: 2 ** 10 });
  const loss = withPrecision('f16', () => spec.loss(store.scope()));
  const gradients = scaling.grad(loss, wrt).map((g) => scaling.unscale(g));
  const program = await compile(device, {
    name, outputs: { loss, ...Object.fromEntries(gradients.map((g, i) => [`g${i}`, g])) },
  });
  program.run(spec.feeds);
  const lossFound = await program.readScalar('loss');
  const found = await Promise.all(gradients.map((_, i) => program.readFloats(`g${i}`)));
  program.destroy();
  const exact = spec.loss(store.scope());
  const feeds: Record<string, ArrayLike<number>> = { ...spec.feeds };
  store.groups.forEach(({ state }, i) => { feeds[state.name] = values[i]!; });
  const [expected, ...slopes] = interpret([exact, ...grad(exact, wrt)], feeds);
  assert.ok(Math.abs(lossFound - expected![0]!) <= 1e-2 * Math.abs(expected![0]!),
    `${name}: loss ${lossFound}, in f64 ${expected![0]}`);
  const inputNames = (spec.differentiable ?? []).map(({ attrs }) => (attrs as { name: string }).name);
  const names = [...store.tensors.keys(), ...inputNames];
  const all = Math.hypot(...slopes.map(lengthOf));
  const errors = found.map((g, i) => lengthOf(g.map((value, k) => value - slopes[i]![k]!)));
  errors.forEach((error, i) => assert.ok(error <= 0.03 * Math.max(lengthOf(slopes[i]!), all / 50),
    `${name}, ${names[i]}: off by ${error} of ${lengthOf(slopes[i]!)}, all ${all}`));
  assert.ok(errors.some((error) => error > 1e-5 * all), `${name}: nothing was rounded`);
}

const lengthOf = (x: Float32Array | Float64Array): number => {
  let total = 0;
  for (const value of x) total += value * value;
  return Math.sqrt(total);
};

/** A move of some variables: from element `start` on, by `by`. */
interface Move {
  readonly variable: number;
  readonly start: number;
  readonly by: Float64Array;
}

function checkDirections(name: string, loss: Tensor, variables: readonly Variable[], gradients: readonly Float32Array[],
  feeds: Readonly<Record<string, ArrayLike<number>>>): void {
  const step = 1e-4;
  const lossAt = (moves: readonly Move[], h: number): number => {
    const moved = { ...feeds };
    for (const { variable, start, by } of moves) {
      const values = Float64Array.from(feeds[variables[variable]!.name]!);
      for (let i = 0; i < by.length; i++) values[start + i]! += h * by[i]!;
      moved[variables[variable]!.name] = values;
    }
    return interpret([loss], moved)[0]![0]!;
  };
  const compare = (what: string, moves: readonly Move[], scale: number): void => {
    let compiled = 0;
    for (const { variable, start, by } of moves) {
      for (let i = 0; i < by.length; i++) compiled += by[i]! * gradients[variable]![start + i]!;
    }
    const numeric = (lossAt(moves, step) - lossAt(moves, -step)) / (2 * step);
    assert.ok(Math.abs(compiled - numeric) <= 1e-3 * scale,
      `${name}, derivative along ${what}: compiled ${compiled}, differences ${numeric}`);
  };
  const norm = Math.hypot(...gradients.map(lengthOf));
  assert.ok(norm > 0, `${name}: the gradient is zero`);
  const stream = new RandomStream(4, name);
  for (let trial = 0; trial < 3; trial++) {
    compare('a random direction',
      gradients.map((g, variable) => ({ variable, start: 0, by: Float64Array.from(g, () => stream.normal()) })), norm);
  }
  variables.forEach((_, variable) => variables[variable]!.parts.forEach(({ name: part, start, length }) => {
    const own = Float64Array.from(gradients[variable]!.subarray(start, start + length));
    const size = lengthOf(own);
    // Where the gradient vanishes (a bias that softmax cancels) any direction has to show no slope.
    const by = size > 1e-5 * norm ? own.map((x) => x / size) : own.fill(1 / Math.sqrt(length));
    compare(part, [{ variable, start, by }], Math.max(size, 1e-2 * norm));
  }));
}

/** 20 steps of AdamW on one batch must lower the loss. */
export async function checkTraining(spec: ModelCase): Promise<void> {
  const store = new ParamStore(`${spec.name} trained`, declareParams(spec.loss));
  store.initialise(1);
  const device = await testDevice();
  const loss = spec.loss(store.scope());
  const gradients = store.packGradients(grad(loss, [...store.tensors.values()]));
  const { updates } = new AdamW(store.groups.map(({ state }) => state)).step(gradients, constant(0.01));
  const program = await compile(device, { name: `${spec.name} training`, outputs: { loss }, updates });
  program.run(spec.feeds);
  const before = await program.readScalar('loss');
  for (let step = 0; step < 20; step++) program.run();
  const after = await program.readScalar('loss');
  program.destroy();
  assert.ok(after < 0.9 * before, `${spec.name}: 20 steps took the loss from ${before} to ${after}`);
}

const noDevice: DeviceCapabilities = {
  software: false, subgroups: false, subgroupSize: 0, largestSubgroup: 0, matrices: [], f16: false,
  workgroupStorage: 16384, workgroupInvocations: 256,
};

/** Floating-point operations of the kernels (not the pointwise ones) that the roots need. */
export function countFlops(roots: readonly Tensor[]): number {
  return ancestors(roots).filter(({ op }) => op.kind === 'kernel').reduce((total, node) => {
    const [variant] = (node.op as KernelOp<unknown>).variants(node.inputs, node, node.attrs, noDevice);
    return total + variant!.calls.reduce((sum, call) => sum + call.flops, 0);
  }, 0);
}
