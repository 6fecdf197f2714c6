// Loss scaling: gradients without the scale, steps that are left out, and training in half precision beside f32.
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { compile } from '../../engine/compile/compile.ts';
import { grad } from '../../engine/grad.ts';
import { interpret } from '../../engine/interpret.ts';
import { LossScale, unscaled, type LossScaleOptions } from '../../engine/lossScale.ts';
import { attention, conv2d, inputTensor, isFinite, linear, mean, mul, reshape, silu, square, sub, sum, table }
  from '../../engine/ops/index.ts';
import { AdamW, Ema, StepCounter, clipGradNorm } from '../../engine/optim.ts';
import { ParamStore, declareParams, fanIn, type Scope } from '../../engine/params.ts';
import { withPrecision, type Precision } from '../../engine/precision.ts';
import type { Program } from '../../engine/program.ts';
import { RandomStream } from '../../engine/random.ts';
import type { State } from '../../engine/state.ts';
import type { Tensor } from '../../engine/tensor.ts';
import { relativeError } from '../support/checkOp.ts';
import { testDevice } from '../support/gpu.ts';

const [batch, side, channels] = [4, 6, 8];

/** A convolution, an attention over its places, a linear layer. */
function net(p: Scope, x: Tensor): Tensor {
  const weight = p.at('conv').param('weight', [channels, 3, 3, 3], fanIn(27));
  const hidden = silu(conv2d(x, weight, null, { padding: 1 }));
  const places = reshape(hidden, [batch, channels, side * side]);
  const mixed = attention(places, places, places, { heads: 2 });
  return linear(reshape(mixed, [batch, channels * side * side]),
    p.at('out').param('weight', [5, channels * side * side], fanIn(channels * side * side)), null);
}

const x = inputTensor('x', [batch, 3, side, side]);
const y = inputTensor('y', [batch, 5]);
const specs = declareParams((p) => net(p, x));
const loss = (store: ParamStore): Tensor => mean(square(sub(net(store.scope(), x), y)));

function drawn(name: string, size: number, scale = 1): Float32Array {
  const stream = new RandomStream(3, name);
  return Float32Array.from({ length: size }, () => scale * stream.normal());
}
const feeds = { x: drawn('x', x.size), y: drawn('y', y.size) };

interface Training {
  readonly store: ParamStore;
  readonly program: Program;
  /** All that updates are guarded for. */
  readonly guarded: readonly State[];
  readonly counter: StepCounter;
}

async function training(precision: Precision, options: Partial<LossScaleOptions> = {}): Promise<Training> {
  const store = new ParamStore(`net ${precision}`, specs);
  store.initialise(1);
  const targets = store.groups.map(({ state }) => state);
  const [optimiser, ema, counter] = [new AdamW(targets), new Ema(targets, 0.9), new StepCounter('net', 1)];
  const scaling = precision === 'f32' ? unscaled
    : new LossScale('net', { initial: 2 ** 16, growAfter: 1000, largest: 2 ** 24, ...options });
  const lowered = withPrecision(precision, () => loss(store));
  const packed = store.packGradients(scaling.grad(lowered, [...store.tensors.values()]));
  const { gradients, norm } = clipGradNorm(packed, 1, (g) => scaling.unscale(g));
  const { updates, values } = optimiser.step(gradients, inputTensor('lr', []));
  const guarded = scaling.guard([...updates, ...ema.step(values, counter.step)], [lowered, norm]);
  const program = await compile(await testDevice(), {
    name: `net ${precision}`, outputs: { loss: lowered, gradNorm: norm, ...guarded.outputs },
    updates: [...guarded.updates, counter.update],
  });
  program.run({ ...feeds, lr: Float32Array.of(0.03) });
  return { store, program, counter, guarded: [...targets, ...optimiser.states, ...ema.averages] };
}

const contents = async (states: readonly State[]): Promise<number[][]> => {
  const device = await testDevice();
  return Promise.all(states.map(async (state) => [...await device.read(state)]));
};

test('isFinite tells infinities and what is not a number, whatever their sign', async () => {
  const values = [0, -0, 1e-45, -3.4e38, Infinity, -Infinity, NaN, 1];
  const v = inputTensor('v', [values.length]);
  const program = await compile(await testDevice(), {
    name: 'finite', outputs: { each: isFinite(v), sum: isFinite(sum(v)), odd: isFinite(mul(sum(v), 0)) },
  });
  program.run({ v: Float32Array.from(values) });
  assert.equal([...await program.readFloats('each')], [1, 1, 1, 1, 0, 0, 0, 1]);
  assert.equal([await program.readScalar('sum'), await program.readScalar('odd')], [0, 0]);
  program.destroy();
});

test('an overflow leaves all states as they are and halves the scale; the next step is taken', async () => {
  const { program, guarded, counter } = await training('f16');
  assert.equal([await program.readScalar('scale'), await program.readScalar('skipped')], [2 ** 16, 0]);
  const before = await contents(guarded);
  assert.ok(before.every((values) => values.every(Number.isFinite)));
  program.run({ x: feeds.x.map((value) => 1e5 * value) });
  assert.not.ok(Number.isFinite(await program.readScalar('loss')));
  assert.equal(await contents(guarded), before);
  assert.equal([await program.readScalar('scale'), await program.readScalar('skipped')], [2 ** 15, 1]);
  assert.equal((await contents([counter.state]))[0], [1, 2], 'the number of the step counts those left out');
  program.run({ x: feeds.x });
  assert.equal([await program.readScalar('scale'), await program.readScalar('skipped')], [2 ** 15, 1]);
  const after = await contents(guarded);
  after.forEach((values, i) => assert.ok(values.some((value, k) => value !== before[i]![k]), guarded[i]!.name));
  program.destroy();
});

test('a scale that overflows on the way back falls until it fits, and grows again up to its bound', async () => {
  const { program, guarded } = await training('f16', { initial: 2 ** 30, growAfter: 3, largest: 2 ** 19 });
  assert.ok(Number.isFinite(await program.readScalar('loss')), 'the way there is finite');
  assert.ok((await contents(guarded)).slice(1).every((values) => values.every((value) => Math.abs(value) < 1)));
  const seen: number[][] = [];
  for (let step = 0; step < 24; step++) {
    program.run();
    seen.push([await program.readScalar('scale'), await program.readScalar('skipped')]);
  }
  const skipped = seen.at(-1)![1]!;
  assert.ok(skipped > 4 && skipped < 20, `${skipped} skipped`);
  // Whenever a step was left out the scale is half the one before; three good ones double it within the bound.
  let [scale, count, good] = [2 ** 29, 1, 0];
  for (const [now, left] of seen) {
    good = left! > count ? 0 : good + 1;
    scale = left! > count ? scale / 2 : good === 3 ? Math.min(2 * scale, 2 ** 19) : scale;
    if (good === 3) good = 0;
    assert.is(now, scale);
    count = left!;
  }
  program.destroy();
});

test('gradients and their norm are without the scale', async () => {
  const store = new ParamStore('linear', declareParams((p) => p.param('w', [5, 7], fanIn(7))));
  store.initialise(1);
  const input = table(drawn('rows', 21), [3, 7]);
  const lowered = mean(square(linear(input, store.tensors.get('w')!)));
  const scaling = new LossScale('linear');
  const packed = (scale: typeof scaling | typeof unscaled): Tensor[] =>
    store.packGradients(scale.grad(lowered, [...store.tensors.values()]));
  for (const maxNorm of [0, 1e-3]) {
    const [plain, scaled] = [clipGradNorm(packed(unscaled), maxNorm),
      clipGradNorm(packed(scaling), maxNorm, (g) => scaling.unscale(g))];
    const program = await compile(await testDevice(), {
      name: 'norms', outputs: { a: plain.norm, b: scaled.norm, c: plain.gradients[0]!, d: scaled.gradients[0]! },
    });
    program.run();
    assert.is(await program.readScalar('b'), await program.readScalar('a'));
    assert.ok(relativeError(await program.readFloats('d'), await program.readFloats('c')) < 1e-6);
    program.destroy();
  }
});

test('gradients in half precision are those of f64 to three digits; without a scale small ones are lost', async () => {
  const store = new ParamStore('net gradients', specs);
  store.initialise(1);
  const values = store.groups.map(({ state }) => state.initial as Float32Array);
  const wrt = [...store.tensors.values()];
  const small = (precision: Precision): Tensor => withPrecision(precision, () => mul(loss(store), 1e-6));
  const expected = interpret(grad(small('f32'), wrt),
    { ...feeds, ...Object.fromEntries(store.groups.map(({ state }, i) => [state.name, values[i]!])) });
  const scaling = new LossScale('net gradients');
  const scaled = scaling.grad(small('f16'), wrt).map((g) => scaling.unscale(g));
  const bare = grad(small('f16'), wrt);
  const outputs = Object.fromEntries([...scaled, ...bare].map((g, i) => [`g${i}`, g]));
  const program = await compile(await testDevice(), { name: 'net gradients', outputs });
  program.run(feeds);
  const errors = await Promise.all(wrt.flatMap((_, i) => [i, i + wrt.length]).map(async (i) => {
    const unit = Math.max(...expected[i % wrt.length]!.map(Math.abs));
    const found = await program.readFloats(`g${i}`);
    return relativeError(found.map((g) => g / unit), expected[i % wrt.length]!.map((g) => g / unit));
  }));
  program.destroy();
  errors.forEach((error, i) => assert.ok(i % 2 === 0 ? error < 4e-3 : error > 2e-2, `${i}: ${error}`));
});

test('training in half precision follows training in f32', async () => {
  const [half, full] = [await training('f16'), await training('f32')];
  assert.not.ok(full.program.gives('scale'));
  const losses: [number, number][] = [];
  for (let step = 0; step < 60; step++) {
    for (const { program } of [half, full]) program.run();
    losses.push([await half.program.readScalar('loss'), await full.program.readScalar('loss')]);
  }
  losses.forEach(([a, b], step) => assert.ok(Math.abs(a - b) < 0.02 * b + 1e-3, `step ${step}: ${a} and ${b}`));
  assert.ok(losses.at(-1)![1] < 0.5 * losses[0]![1], `${losses.at(-1)!}, at first ${losses[0]!}`);
  assert.is(await half.program.readScalar('skipped'), 0);
  const [a, b] = [await contents([half.store.groups[0]!.state]), await contents([full.store.groups[0]!.state])];
  // Where a gradient is about nothing, Adam goes either way: the weights as a whole are alike, not each of them.
  const error = Math.hypot(...a[0]!.map((value, i) => value - b[0]![i]!)) / Math.hypot(...b[0]!);
  assert.ok(error > 0 && error < 0.05, `weights differ by ${error}`);
  for (const { program } of [half, full]) program.destroy();
});

test.run();
