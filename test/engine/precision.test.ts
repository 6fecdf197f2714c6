// The policy: which operands are rounded, how often, and what a device without half precision says.
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { compile } from '../../engine/compile/compile.ts';
import { planProgram } from '../../engine/compile/programPlan.ts';
import { grad } from '../../engine/grad.ts';
import { cast, conv2d, inputTensor, linear, mean, square } from '../../engine/ops/index.ts';
import { decodeHalf } from '../../engine/half.ts';
import { expectPrecision, operandType, withPrecision } from '../../engine/precision.ts';
import type { Tensor } from '../../engine/tensor.ts';
import { testDevice } from '../support/gpu.ts';

test('a policy holds where a graph is traced and nowhere else', () => {
  withPrecision('f16', () => {
    assert.is(operandType('matmul'), 'f16');
    withPrecision('f32', () => assert.is(operandType('conv2d'), 'f32'));
    assert.is(operandType('attention'), 'f16');
  });
  assert.throws(() => withPrecision('f16', () => { throw new Error('stop'); }), /stop/);
  assert.is(operandType('matmul'), 'f32');
});

/** Two products with one weight. */
function twice(): { loss: Tensor; weight: Tensor } {
  const weight = inputTensor('w', [8, 8]);
  return { loss: mean(square(linear(linear(inputTensor('x', [4, 8]), weight), weight))), weight };
}

test('products give f32, gradients are f32, and a weight is rounded once', async () => {
  const { loss, weight } = withPrecision('f16', twice);
  const [g] = grad(loss, [weight]);
  assert.is(loss.dtype, 'f32');
  assert.is(g!.dtype, 'f32');
  const device = await testDevice();
  const { dispatches } = planProgram(device, { name: 'twice', outputs: { g: g! } });
  const casts = dispatches.filter(({ call }) => /pointwise.*cast/.test(call.label)).length;
  assert.is(casts, 5, 'x, the weight, what lies between, and two cotangents');
});

test('what is stored as halves is rounded to nearest, and overflows to infinity', async () => {
  const x = inputTensor('x', [5]);
  const program = await compile(await testDevice(), { name: 'round', outputs: { y: cast(x, 'f16') } });
  program.run({ x: Float32Array.of(1 / 3, 1 + 2 ** -11, 70000, -1.2e-7, 2049) });
  const y = decodeHalf(await program.read('y') as Uint16Array);
  assert.equal([...y], [0.333251953125, 1, Infinity, -(2 ** -23), 2048]);
  program.destroy();
});

test('a device without half precision is named', async () => {
  const device = await testDevice();
  const target = {
    name: 'a device', limits: device.limits, memory: Infinity, choices: null,
    capabilities: { ...device.capabilities, f16: false },
  };
  const y = withPrecision('f16', () => conv2d(inputTensor('x', [1, 1, 3, 3]), inputTensor('w', [1, 1, 1, 3]), null));
  assert.throws(() => planProgram(target, { name: 'conv', outputs: { y } }),
    /conv: takes half precision, but a device lacks shader-f16; use --precision f32/);
  assert.throws(() => expectPrecision('f16', target),
    /^--precision f16: a device lacks shader-f16; use --precision f32, or another --adapter$/);
  expectPrecision('f32', target);
  expectPrecision('f16', device);
});

test.run();
