import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { add, broadcast, concat, inputTensor, max, mean, min, mul, pad, reshape, slice, stack, sum, transpose }
  from '../../../engine/ops/index.ts';
import { checkOp } from '../../support/checkOp.ts';

const check = (name: string, shapes: number[][], apply: Parameters<typeof checkOp>[0]['apply']): void => {
  test(name, () => checkOp({ name, operands: shapes.map((shape) => ({ shape })), apply }));
};

check('transpose 2 axes', [[5, 7]], (x) => transpose(x, [1, 0]));
check('transpose heads', [[2, 5, 3, 4]], (x) => transpose(x, [0, 2, 1, 3]));
check('reshape after transpose', [[4, 6, 5]], (x) => reshape(transpose(x, [1, 0, 2]), [6, -1]));
check('reshape across axes', [[4, 6, 5]], (x) => reshape(x, [2, 60]));
check('slice of a transpose', [[4, 6]], (x) => slice(transpose(x, [1, 0]), 0, 1, 3));
check('slices meet again', [[4, 9]], (x) => mul(slice(x, 1, 0, 4), slice(x, -1, 5, 4)));
check('broadcast of a slice', [[4, 9]], (x) => broadcast(slice(x, 0, 2, 1), [3, 4, 9]));
check('pad', [[2, 3, 5]], (x) => pad(x, [1, 0, 2], [0, 4, 0]));
check('pad by fours', [[2, 3, 8]], (x) => pad(x, [1, 0, 4], [0, 2, 8]));
check('pad long rows', [[3, 2601]], (x) => pad(x, [0, 3], [1, 700]));
check('concat by fours', [[3, 8, 4], [3, 4, 4]], (x, y) => concat([x, y], 1));
check('concat long rows', [[2, 2600], [2, 1404]], (x, y) => concat([x, y], 1));
check('concat inner', [[2, 3, 5], [2, 3, 4]], (x, y) => concat([x, y], 2));
check('concat channels', [[2, 3, 5, 5], [2, 1, 5, 5]], (x, y) => concat([x, y, x], 1));
check('stack', [[3, 2], [3, 2]], (x, y) => stack([x, y]));
check('sum of everything', [[3, 5, 7]], (x) => sum(x));
check('sum over the outer and inner axes', [[3, 5, 7, 2]], (x) => sum(x, [0, 2, 3]));
check('sum keeping axes', [[3, 5, 7]], (x) => sum(x, [1], true));
check('mean of rows', [[6, 65]], (x) => mean(x, [-1]));
check('long columns', [[1, 700, 3]], (x) => sum(x, [1]));
check('max and min', [[3, 5, 7]], (x) => add(max(x, [1]), min(x, [1])));

test('a long sum is cut into pieces', () => checkOp({
  name: 'long sum', operands: [{ shape: [40001] }], derivative: false, tolerance: 1e-4, apply: (x) => sum(mul(x, x)),
}));

test('rows by subgroup and by tree', async () => {
  for (const variant of ['rows', 'rowsSubgroup']) {
    for (const n of [1, 7, 33, 1025]) {
      await checkOp({
        name: `${variant} ${n}`, variant, operands: [{ shape: [5, n] }], tolerance: 1e-4,
        apply: (x) => add(add(sum(x, [1]), max(x, [1])), min(x, [1])),
      });
    }
  }
});

test('views that do not fit are refused', () => {
  const x = inputTensor('x', [2, 3]);
  assert.throws(() => reshape(x, [4]), /reshape: f32 \[2, 3\] has 6 elements, \[4\] needs 4/);
  assert.throws(() => transpose(x, [0, 0]), /transpose: order \[0, 0\] must name each axis/);
  assert.throws(() => slice(x, 1, 2, 2), /slice: block \[2, 2\] at \[0, 2\] must lie inside f32 \[2, 3\]/);
  assert.throws(() => concat([x, inputTensor('y', [2, 3, 1])], 0), /concat: operands must agree on every axis but 0/);
  assert.throws(() => sum(x, [2]), /sum: axes \[2\] must be different axes/);
});

test.run();
