import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { apply, type DeviceCapabilities } from '../../../engine/op.ts';
import { inputTensor, linear, matmul } from '../../../engine/ops/index.ts';
import { matmulOp } from '../../../engine/ops/matmul.ts';
import type { Precision } from '../../../engine/precision.ts';
import { checkOp } from '../../support/checkOp.ts';

const variants = ['subgroup', 'subgroupNarrow', 'subgroupShort', 'subgroupSwapped', 'tiled'];
const sides = [false, true].flatMap((transposeA) => [false, true].map((transposeB) => ({ transposeA, transposeB })));

function check(name: string, [B, M, K, N]: readonly [number, number, number, number], derivative = true,
  precision: Precision = 'f32'): void {
  for (const variant of variants) {
    for (const { transposeA, transposeB } of sides) {
      const title = `${name}, ${variant}${transposeA ? ', a transposed' : ''}${transposeB ? ', b transposed' : ''}`;
      test(title, () => checkOp({
        name: title, variant, derivative, precision,
        operands: [{ shape: transposeA ? [B, K, M] : [B, M, K] }, { shape: transposeB ? [B, N, K] : [B, K, N] }],
        apply: (a, b) => matmul(a, b, { transposeA, transposeB }),
      }));
    }
  }
}

check('single number', [1, 1, 1, 1]);
check('primes', [2, 7, 5, 3]);
check('multiples of four', [3, 8, 12, 32]);
check('just past a tile', [1, 65, 17, 66], false);
check('exact tiles', [2, 64, 32, 64], false);
check('one column past a tile, odd inner length', [2, 33, 7, 17], false);
check('nine rows in one tile', [1, 9, 8, 4], false);
check('nine rows in two tiles', [1, 9, 8, 36], false);
check('long rows, cut into parts on a GPU', [1, 3, 601, 5], false);
check('long aligned rows', [2, 17, 520, 36], false);
check('halves, single number', [1, 1, 1, 1], true, 'f16');
check('halves, primes', [2, 7, 5, 3], true, 'f16');
check('halves, multiples of four', [3, 8, 12, 32], true, 'f16');
check('halves, just past a tile', [1, 65, 17, 66], false, 'f16');
check('halves, long aligned rows', [2, 17, 520, 36], false, 'f16');

const wrapper = (name: string, shapes: number[][], apply: Parameters<typeof checkOp>[0]['apply']): void => {
  test(name, () => checkOp({ name, operands: shapes.map((shape) => ({ shape })), apply }));
};

wrapper('plain matrices', [[3, 4], [4, 5]], (a, b) => matmul(a, b));
wrapper('shared right side', [[2, 3, 4, 5], [5, 6]], (a, b) => matmul(a, b));
wrapper('shared right side, transposed left', [[2, 4, 3], [4, 5]], (a, b) => matmul(a, b, { transposeA: true }));
wrapper('shared left side', [[3, 4], [5, 4, 2]], (a, b) => matmul(a, b));
wrapper('two leading axes', [[2, 3, 4, 5], [2, 3, 6, 5]], (a, b) => matmul(a, b, { transposeB: true }));
wrapper('leading axes of both sides repeat', [[2, 1, 4, 5], [3, 5, 2]], (a, b) => matmul(a, b));
wrapper('linear', [[2, 3, 5], [7, 5], [7]], (x, w, b) => linear(x, w, b));
wrapper('linear without bias', [[4, 8], [12, 8]], (x, w) => linear(x, w));
wrapper('linear on a vector', [[5], [3, 5], [3]], (x, w, b) => linear(x, w, b));

const llvmpipe: DeviceCapabilities = {
  software: true, subgroups: true, subgroupSize: 8, largestSubgroup: 8, matrices: [], f16: true,
  workgroupStorage: 32768, workgroupInvocations: 1024,
};

test('the device decides which variant comes first', () => {
  const attrs = { transposeA: false, transposeB: false };
  const a = inputTensor('a', [1, 64, 4096]);
  const b = inputTensor('b', [1, 4096, 64]);
  const on = (device: DeviceCapabilities): string[] =>
    matmulOp.variants([a, b], apply(matmulOp, [a, b], attrs), attrs, device).map(({ name, calls }) =>
      `${name} ${calls.map(({ label, grid }) => `${label} ${grid}`).join(', ')}`);
  assert.equal(on(llvmpipe), [
    'subgroup matmulSubgroup 2,4,1', 'subgroupSwapped matmulSubgroup 2,4,1', 'subgroupNarrow matmulSubgroup 4,4,1',
    'subgroupShort matmulSubgroup 2,8,1', 'tiled matmulTiled 1,1,4, reduceColumns 64,1,1',
  ]);
  assert.equal(on({ ...llvmpipe, subgroupSize: 4 }), ['tiled matmulTiled 1,1,4, reduceColumns 64,1,1']);
  assert.equal(on({ ...llvmpipe, software: false, subgroupSize: 32 }),
    ['tiled', 'tiled128x64', 'tiled128'].map((name) => `${name} matmulTiled 1,1,16, reduceColumns 64,1,1`));
});

test('what does not fit is refused', () => {
  const x = (...shape: number[]): ReturnType<typeof inputTensor> => inputTensor('x', shape);
  assert.throws(() => matmul(x(2, 3), x(4, 5)), /matmul: a has 3 columns but b has 4 rows; found a f32 \[1, 2, 3\]/);
  const half = inputTensor('h', [1, 3, 2], 'f16');
  assert.throws(() => apply(matmulOp, [x(1, 2, 3), half], { transposeA: false, transposeB: false }),
    /matmul: operands must have one element type, found a f32 .* and b f16 .*Cast/);
  assert.throws(() => matmul(x(2, 2, 3), x(3, 3, 5)), /matmul: leading axes must be equal or 1/);
  assert.throws(() => matmul(x(3), x(3, 5)), /matmul: operands must have at least 2 axes/);
  assert.throws(() => matmul(x(600000, 1), x(1, 1)), /matmul: at most 524280 rows and 2097120 columns/);
  assert.throws(() => linear(x(2, 3), x(5, 4)), /linear: x has 3 columns but weight expects 4/);
  assert.throws(() => linear(x(2, 3), x(5, 3), x(4)), /linear: bias must be \[5\], found f32 \[4\]/);
});

test.run();
