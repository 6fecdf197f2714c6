import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { dropout } from '../../../engine/ops/dropout.ts';
import { inputTensor } from '../../../engine/ops/index.ts';
import { interpret } from '../../../engine/interpret.ts';
import { checkOp } from '../../support/checkOp.ts';

for (const rate of [0.1, 0.5, 0.9]) {
  test(`rate ${rate}`, () => checkOp({
    name: `dropout ${rate}`,
    operands: [{ shape: [3, 67] }, { shape: [2], dtype: 'u32', values: [9, 4] }],
    apply: (x, key) => dropout(x, rate, key, 'layer'),
  }));
}

test('the mean stays and the rate is met', () => {
  const x = inputTensor('x', [20000]);
  const y = dropout(x, 0.25, inputTensor('key', [2], 'u32'), 'layer');
  const [values] = interpret([y], { x: new Float32Array(20000).fill(1), key: [1, 2] });
  assert.ok(Math.abs(values!.filter((v) => v === 0).length / 20000 - 0.25) < 0.01);
  assert.ok(Math.abs(values!.reduce((a, b) => a + b, 0) / 20000 - 1) < 0.02);
});

test('rate 0 is the identity, rate 1 is refused', () => {
  const x = inputTensor('x', [3]);
  const key = inputTensor('key', [2], 'u32');
  assert.is(dropout(x, 0, key, 'layer'), x);
  assert.throws(() => dropout(x, 1, key, 'layer'), /rate must be at least 0 and below 1, found 1 \(stream layer\)/);
});

test.run();
