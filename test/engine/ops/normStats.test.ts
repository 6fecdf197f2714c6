import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { apply } from '../../../engine/op.ts';
import { add, inputTensor } from '../../../engine/ops/index.ts';
import { normStatsOp } from '../../../engine/ops/normStats.ts';
import { checkOp } from '../../support/checkOp.ts';

for (const variant of ['subgroup', 'workgroup']) {
  for (const shape of [[1, 1], [3, 7], [2, 8], [5, 65], [2, 2047], [3, 2048], [2, 16388], [300, 4]]) {
    const name = `normStats [${shape.join(', ')}], ${variant}`;
    test(name, () => checkOp({
      name, operands: [{ shape }], variant, derivative: false, apply: (x) => apply(normStatsOp, [x], { eps: 1e-3 }),
    }));
  }
  // At mean 1000 the values themselves are rounded to 6e-5; the one-pass formula would lose the variance altogether.
  test(`a mean far above the deviation, ${variant}`, () => checkOp({
    name: 'normStats far', operands: [{ shape: [2, 500] }], variant, derivative: false,
    apply: (x) => apply(normStatsOp, [add(x, 1000)], { eps: 1e-5 }),
  }));
}

test('wrong operands are refused', () => {
  assert.throws(() => apply(normStatsOp, [inputTensor('x', [2, 3, 4])], { eps: 0 }),
    /normStats: x must have 2 axes, found f32 \[2, 3, 4\]/);
});

test.run();
