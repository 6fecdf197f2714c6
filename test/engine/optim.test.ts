import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { compile } from '../../engine/compile/compile.ts';
import { grad } from '../../engine/grad.ts';
import { add, inputTensor, matmul, mean, mul, silu, square, stateTensor, sub, sum } from '../../engine/ops/index.ts';
import { AdamW, Ema, StepCounter, adamWDefaults, clipGradNorm, learningRate } from '../../engine/optim.ts';
import { ParamStore, declareParams, fanIn, zeros, type Scope, type NamedFloats } from '../../engine/params.ts';
import { RandomStream } from '../../engine/random.ts';
import { State } from '../../engine/state.ts';
import type { Tensor } from '../../engine/tensor.ts';
import { testDevice } from '../support/gpu.ts';

// AdamW in f64, as the paper writes it, with the learning rate of each step.
function adamW64(p: number[], gradient: (p: number[]) => number[], rates: number[]): number[] {
  const { beta1, beta2, eps, weightDecay } = adamWDefaults;
  const m = p.map(() => 0);
  const v = p.map(() => 0);
  let at = [...p];
  rates.forEach((lr, t) => {
    const g = gradient(at);
    at = at.map((x, i) => {
      m[i] = beta1 * m[i]! + (1 - beta1) * g[i]!;
      v[i] = beta2 * v[i]! + (1 - beta2) * g[i]! ** 2;
      const mHat = m[i]! / (1 - beta1 ** (t + 1));
      const vHat = v[i]! / (1 - beta2 ** (t + 1));
      return x - lr * weightDecay * x - (lr * mHat) / (Math.sqrt(vHat) + eps);
    });
  });
  return at;
}

test('AdamW follows the f64 trajectory while the learning rate changes, in one dispatch', async () => {
  const device = await testDevice();
  const start = [0.3, -1.2, 2.5, 0.01, -0.7];
  const state = new State('p', { shape: [5], dtype: 'f32' }, Float32Array.from(start));
  const target = inputTensor('target', [5]);
  const lr = inputTensor('lr', []);
  const optimiser = new AdamW([state]);
  const p = stateTensor(state);
  const loss = sum(square(sub(p, target)));
  const { updates } = optimiser.step(grad(loss, [p]), lr);
  const program = await compile(device, { name: 'adamw', outputs: { loss }, updates });
  const rates = Array.from({ length: 20 }, (_, i) => 0.1 / (1 + i));
  const goal = [1, 2, 3, 4, 5];
  for (const rate of rates) program.run({ target: Float32Array.from(goal), lr: Float32Array.of(rate) });
  const expected = adamW64(start, (x) => x.map((value, i) => 2 * (value - goal[i]!)), rates);
  const found = await device.read(state);
  expected.forEach((value, i) => assert.ok(Math.abs(found[i]! - value) < 1e-5, `${found[i]} against ${value}`));
  const moments = program.calls.filter(({ label }) => /\d+ more/.test(label));
  assert.is(moments.length, 1, 'parameters and both moments are updated by one kernel');
  program.destroy();
});

test('a run creates no buffer, bind group or pipeline', async () => {
  const device = await testDevice();
  const state = new State('q', { shape: [300], dtype: 'f32' });
  const x = inputTensor('x', [300]);
  const program = await compile(device, {
    name: 'steps', outputs: { y: sum(x) }, updates: [[state, add(stateTensor(state), x)]],
  });
  const before = { ...device.created };
  for (let i = 0; i < 5; i++) program.run({ x: new Float32Array(300).fill(i) });
  assert.equal(device.created, before);
  assert.is((await device.read(state))[7], 0 + 1 + 2 + 3 + 4);
  program.destroy();
});

test('updates see the old values of all states, also where they swap', async () => {
  const device = await testDevice();
  const a = new State('a', { shape: [4], dtype: 'f32' }, Float32Array.of(1, 2, 3, 4));
  const b = new State('b', { shape: [4], dtype: 'f32' }, Float32Array.of(5, 6, 7, 8));
  const program = await compile(device, {
    name: 'swap', outputs: { before: mul(stateTensor(a), 10) },
    updates: [[a, stateTensor(b)], [b, add(stateTensor(a), 1)]],
  });
  program.run();
  assert.equal([...await device.read(a)], [5, 6, 7, 8]);
  assert.equal([...await device.read(b)], [2, 3, 4, 5]);
  assert.equal([...await program.read('before')], [10, 20, 30, 40]);
  program.destroy();
});

test('clipping scales all gradients by their joint norm', async () => {
  const device = await testDevice();
  const { gradients, norm } = clipGradNorm([inputTensor('a', [2]), inputTensor('b', [1])], 1);
  const program = await compile(device, { name: 'clip', outputs: { a: gradients[0]!, b: gradients[1]!, norm } });
  program.run({ a: Float32Array.of(3, 0), b: Float32Array.of(4) });
  assert.ok(Math.abs((await program.readScalar('norm')) - 5) < 1e-6);
  assert.ok(Math.abs((await program.read('a'))[0]! - 0.6) < 1e-6);
  program.run({ a: Float32Array.of(0.3, 0), b: Float32Array.of(0.4) });
  assert.ok(Math.abs((await program.read('b'))[0]! - 0.4) < 1e-6, 'small gradients stay');
  program.destroy();
});

test('averages and schedules follow the counter', async () => {
  const device = await testDevice();
  const counter = new StepCounter('t', 3);
  const state = new State('w', { shape: [1], dtype: 'f32' });
  const ema = new Ema([state], 0.5);
  const lr = learningRate({ lr: 2, warmup: 4, decay: 'cosine', steps: 12, floor: 0.1 }, counter.step);
  const value = add(stateTensor(state), 1);
  const program = await compile(device, {
    name: 'ema', outputs: { lr }, updates: [[state, value], ...ema.step([value], counter.step), counter.update],
  });
  let average = 0;
  for (let n = 0; n < 12; n++) {
    program.run();
    const decay = Math.min(0.5, (1 + n) / (10 + n));
    average += (1 - decay) * (n + 1 - average);
    const progress = Math.min(Math.max(n - 4, 0) / 8, 1);
    const expected = 2 * Math.min((n + 1) / 4, 1) * (0.1 + 0.9 * 0.5 * (1 + Math.cos(Math.PI * progress)));
    assert.ok(Math.abs((await program.readScalar('lr')) - expected) < 1e-5);
    assert.ok(Math.abs((await device.read(ema.averages[0]!))[0]! - average) < 1e-5);
  }
  program.destroy();
});

const net = (p: Scope, x: Tensor): Tensor => {
  const hidden = silu(matmul(x, p.at('first').param('weight', [3, 8], fanIn(3))));
  const y = matmul(hidden, p.at('second').param('weight', [8, 1], fanIn(8)));
  return add(y, p.param('bias', [1], zeros));
};

test('a small net learns, with parameters by name in one flat group', async () => {
  const device = await testDevice();
  const x = inputTensor('x', [32, 3]);
  const specs = declareParams((p) => net(p, x));
  assert.equal(specs.map(({ name }) => name), ['first.weight', 'second.weight', 'bias']);
  const store = new ParamStore('net', specs);
  store.initialise(1);
  const loss = mean(square(sub(net(store.scope(), x), inputTensor('y', [32, 1]))));
  const targets = store.groups.map(({ state }) => state);
  const optimiser = new AdamW(targets);
  const gradients = store.packGradients(grad(loss, [...store.tensors.values()]));
  const { updates } = optimiser.step(gradients, inputTensor('lr', []));
  const program = await compile(device, { name: 'net', outputs: { loss }, updates });
  const stream = new RandomStream(5, 'data');
  const xs = Float32Array.from({ length: 96 }, () => stream.normal());
  const ys = Float32Array.from({ length: 32 }, (_, i) => Math.sin(xs[3 * i]!) - xs[3 * i + 1]!);
  const losses: number[] = [];
  for (let step = 0; step < 60; step++) {
    program.run({ x: xs, y: ys, lr: Float32Array.of(0.03) });
    if (step % 59 === 0) losses.push(await program.readScalar('loss'));
  }
  assert.ok(losses[1]! < 0.1 * losses[0]!, `loss ${losses[0]} to ${losses[1]}`);
  const values = new Map<string, NamedFloats>();
  for (const [name, read] of store.sources(device)) values.set(name, await read());
  assert.equal(values.get('second.weight')!.shape, [8, 1]);
  const copy = new ParamStore('copy', specs);
  assert.throws(() => copy.load(new Map([...values].slice(1)), 'file.msgpack'),
    /file.msgpack: 1 parameters of copy are missing, 0 are unexpected; first: first.weight/);
  program.destroy();
});

test.run();
