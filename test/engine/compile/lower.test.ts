import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { compile } from '../../../engine/compile/compile.ts';
import { add, broadcast, cast, constant, div, exp, inputTensor, mul, neg, reshape, sub, sum }
  from '../../../engine/ops/index.ts';
import { checkOp } from '../../support/checkOp.ts';
import { testDevice } from '../../support/gpu.ts';

test('work on constants alone costs no dispatch', async () => {
  const x = inputTensor('x', [3, 5]);
  // As the cotangent of a sum is one number in every place.
  const row = mul(exp(neg(broadcast(constant(2), [3]))), 3);
  const y = mul(x, broadcast(reshape(row, [3, 1]), [3, 5]));
  const program = await compile(await testDevice(), { name: 'constants', outputs: { y } });
  assert.is(program.calls.length, 1);
  const values = Float32Array.from({ length: 15 }, (_, i) => i);
  program.run({ x: values });
  const found = await program.readFloats('y');
  found.forEach((value, i) => assert.ok(Math.abs(value - i * 3 * Math.exp(-2)) < 1e-5, `${value} at ${i}`));
  program.destroy();
});

test('a constant is an output and an operand of a kernel like any other value', () => checkOp({
  name: 'constant', operands: [{ shape: [2, 3] }], derivative: false,
  apply: (x) => add(sum(x, [1]), sum(broadcast(div(constant(1), sub(constant(5), 2)), [2, 3]), [1])),
}));

test('whole numbers wrap as they do on the device, so they are left alone', async () => {
  const large = broadcast(constant(0x80000000, 'u32'), [2]);
  const y = cast(mul(large, cast(inputTensor('x', [2]), 'u32')), 'f32');
  const program = await compile(await testDevice(), { name: 'wrap', outputs: { y, z: mul(large, large) } });
  program.run({ x: Float32Array.of(2, 3) });
  assert.equal([...await program.readFloats('y')], [0, 0x80000000]);
  assert.equal([...await program.read('z')], [0, 0]);
  program.destroy();
});

test.run();
