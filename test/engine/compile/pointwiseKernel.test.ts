// Every element of a group of pointwise nodes is computed once, whatever the shape and the way it is walked.
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { compile } from '../../../engine/compile/compile.ts';
import { add, broadcast, inputTensor, mul, reshape, transpose } from '../../../engine/ops/index.ts';
import { State } from '../../../engine/state.ts';
import { stateTensor } from '../../../engine/ops/leaf.ts';
import type { Tensor } from '../../../engine/tensor.ts';
import { checkOp } from '../../support/checkOp.ts';
import { testDevice } from '../../support/gpu.ts';

/** x plus a vector along one axis: walked along as many axes as cannot be joined. */
const alongAxis = (x: Tensor, v: Tensor, axis: number): Tensor =>
  add(x, broadcast(reshape(v, x.shape.map((n, i) => (i === axis ? n : 1))), x.shape));

const cases: { name: string; shape: number[]; axis: number }[] = [
  { name: 'one element', shape: [1], axis: 0 },
  { name: 'a short vector', shape: [7], axis: 0 },
  { name: 'a vector of one step too many', shape: [2052], axis: 0 },
  { name: 'a long odd vector', shape: [9001], axis: 0 },
  { name: 'rows in fours', shape: [37, 64], axis: 1 },
  { name: 'odd rows', shape: [300, 33], axis: 1 },
  { name: 'few long rows', shape: [3, 5000], axis: 1 },
  { name: 'columns', shape: [65, 130], axis: 0 },
  { name: 'channels of pictures', shape: [3, 5, 256], axis: 1 },
  { name: 'many small channels', shape: [67, 9, 4], axis: 1 },
  { name: 'many samples of two short rows', shape: [500, 2, 8], axis: 1 },
  { name: 'short outer axis', shape: [2, 3, 5, 7], axis: 2 },
];

for (const variant of ['subgroup', 'workgroup']) {
  for (const { name, shape, axis } of cases) {
    test(`${name}, ${variant}`, () => checkOp({
      name, variant, derivative: false, operands: [{ shape }, { shape: [shape[axis]!] }],
      apply: (x, v) => alongAxis(x, v, axis),
    }));
  }
  test(`all axes of four in another order, ${variant}`, () => checkOp({
    name: 'order', variant, derivative: false, operands: [{ shape: [3, 5, 2, 9] }],
    apply: (x) => mul(transpose(x, [2, 1, 3, 0]), 3),
  }));
  test(`updates in place happen once, ${variant}`, async () => {
    const device = await testDevice();
    const size = 4099;
    const state = new State('counted', { shape: [size], dtype: 'f32' },
      Float32Array.from({ length: size }, (_, i) => i));
    const program = await compile(device, {
      name: 'count', variant, outputs: {}, updates: [[state, add(stateTensor(state), inputTensor('by', [size]))]],
    });
    program.run({ by: new Float32Array(size).fill(1) });
    program.run();
    assert.equal(await device.read(state), Float32Array.from({ length: size }, (_, i) => i + 2));
    program.destroy();
    device.release([state]);
  });
}

test.run();
