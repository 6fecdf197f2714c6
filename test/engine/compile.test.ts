import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { compile } from '../../engine/compile/compile.ts';
import { planProgram } from '../../engine/compile/programPlan.ts';
import { grad } from '../../engine/grad.ts';
import { interpret } from '../../engine/interpret.ts';
import {
  add, broadcast, conv2d, exp, inputTensor, linear, maximum, mean, mul, pad, reshape, sigmoid, silu, slice, square, sub,
  sum, tanh, transpose,
} from '../../engine/ops/index.ts';
import { RandomStream } from '../../engine/random.ts';
import type { Tensor } from '../../engine/tensor.ts';
import { relativeError } from '../support/checkOp.ts';
import { testDevice } from '../support/gpu.ts';

test('chains of pointwise nodes become one kernel, equal expressions are computed once, dead code never', async () => {
  const device = await testDevice();
  const x = inputTensor('x', [3, 40]);
  const y = tanh(add(mul(x, 2), silu(x)));
  const z = mul(y, tanh(add(mul(x, 2), silu(x))));
  exp(square(z));
  const program = await compile(device, { name: 'chain', outputs: { z } });
  assert.is(program.calls.length, 1);
  assert.is(program.calls[0]!.label.match(/tanh/g)!.length, 1);
  program.destroy();
});

test('a frozen network costs no weight gradient', async () => {
  const device = await testDevice();
  const x = inputTensor('x', [2, 4, 9, 9]);
  const y = conv2d(x, inputTensor('w', [8, 4, 3, 3]), inputTensor('b', [8]), { stride: 1, padding: 1 });
  const loss = mean(square(linear(silu(y), inputTensor('v', [5, 9]))));
  const program = await compile(device, { name: 'frozen', outputs: { g: grad(loss, [x])[0]! } });
  assert.not.ok(program.calls.some(({ label }) => /GradWeight/.test(label)));
  program.destroy();
});

test('views and broadcasts survive fusion, whatever order they come in', async () => {
  const device = await testDevice();
  for (let seed = 0; seed < 6; seed++) {
    const random = new RandomStream(seed, 'graph');
    const a = inputTensor('a', [6, 10]);
    const b = inputTensor('b', [10]);
    const pool: Tensor[] = [a, broadcast(b, [6, 10])];
    const pick = (): Tensor => pool[random.integer(pool.length)]!;
    for (let step = 0; step < 14; step++) {
      const grown: (() => Tensor)[] = [
        () => add(pick(), pick()), () => mul(sigmoid(pick()), pick()), () => maximum(pick(), tanh(pick())),
        () => transpose(reshape(transpose(pick(), [1, 0]), [10, 6]), [1, 0]),
        () => reshape(reshape(pick(), [4, 15]), [6, 10]),
        () => pad(slice(pick(), 1, 2, 5), [0, 1], [0, 4]),
        () => sub(pick(), sum(pick(), [1], true)),
      ];
      pool.push(grown[random.integer(grown.length)]!());
    }
    const roots = { last: pool.at(-1)!, other: add(pool[7]!, b), gradient: grad(mean(square(pool.at(-1)!)), [a])[0]! };
    const feeds = {
      a: Array.from({ length: 60 }, () => random.uniform(-1, 1)),
      b: Array.from({ length: 10 }, () => random.uniform(-1, 1)),
    };
    const expected = interpret(Object.values(roots), feeds);
    const program = await compile(device, { name: `graph ${seed}`, outputs: roots });
    program.run({ a: Float32Array.from(feeds.a), b: Float32Array.from(feeds.b) });
    for (const [i, name] of Object.keys(roots).entries()) {
      const error = relativeError(await program.readFloats(name), expected[i]!);
      assert.ok(error < 1e-5, `graph ${seed}, ${name}: relative error ${error}`);
    }
    program.destroy();
  }
});

test('what an adapter cannot bind is refused by name and size', async () => {
  const device = await testDevice();
  const rows = Math.ceil(device.limits.maxStorageBufferBindingSize / 4096) + 1;
  let message = '';
  try {
    await compile(device, { name: 'large', outputs: { y: silu(inputTensor('x', [rows, 1024])) } });
  } catch (error) {
    message = (error as Error).message;
  }
  assert.match(message, /large: input f32 \[\d+, 1024\] takes \d+ bytes, but this adapter binds at most \d+/);
});

test('a program that needs more than there may be is refused before anything is made', async () => {
  const device = await testDevice();
  const { buffers } = device.created;
  const { name, capabilities, limits } = device;
  const target = { name, capabilities, limits, memory: 2 ** 20, choices: null };
  const y = sum(tanh(inputTensor('x', [300, 1000])), [0]);
  assert.throws(() => planProgram(target, { name: 'wide', outputs: { y } }),
    /wide: needs 2\.\d MiB .*programs may take 1\.0 MiB .*largest value is tanh f32 \[300, 1000\]/);
  assert.is(planProgram(device, { name: 'wide', outputs: { y } }).summary.leafBytes, 1_200_000);
  assert.is(device.created.buffers, buffers);
});

test('inputs and outputs are checked by name and length', async () => {
  const device = await testDevice();
  const program = await compile(device, { name: 'ports', outputs: { y: add(inputTensor('x', [3]), 1) } });
  assert.throws(() => program.run({ z: new Float32Array(3) }), /ports: no input is called z; there are x/);
  assert.throws(() => program.run({ x: new Float32Array(4) }), /ports: input x takes 3 values \(\[3\]\), found 4/);
  program.destroy();
});

test.run();
