// Which tiles are offered in which order; their results are checked in matmul.test.ts, each by its name.
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { input } from '../../../engine/op.ts';
import { variantsInRegisters, type Product } from '../../../engine/ops/matmulInRegisters.ts';

/** a [M, 64] times b [64, N]. */
const product = (M: number, N: number): Product => ({
  B: 1, M, N, K: 64, heads: null, flops: 2 * M * N * 64, bytes: 4 * (64 * (M + N) + M * N),
  a: { operand: input(0), dtype: 'f32', length: M, step: 64, along: 1, batch: 0 },
  b: { operand: input(1), dtype: 'f32', length: N, step: 1, along: N, batch: 0 },
});

test('tiles that waste least come first', () => {
  const first = (M: number, N: number): string => {
    return variantsInRegisters(product(M, N))[0]!.name;
  };
  assert.equal(first(64, 64), 'subgroup');
  assert.equal(first(1024, 48), 'subgroupSwapped');
  assert.equal(first(48, 48), 'subgroupNarrow');
  assert.equal(first(8, 64), 'subgroupShort');
  assert.equal(first(16, 32), 'subgroupNarrow', 'one tile would leave a core idle');
  assert.equal(first(8, 2_000_000), 'subgroupShort', 'more columns than a grid of narrow tiles holds');
});

test('grids that an axis cannot hold are not offered', () => {
  assert.equal(variantsInRegisters(product(8 * 65_535 + 1, 8)).map(({ name }) => name).sort(),
    ['subgroup', 'subgroupNarrow', 'subgroupSwapped']);
});

test('every tile covers the whole of y', () => {
  for (const { name, calls: [call] } of variantsInRegisters(product(37, 70))) {
    const [across, down] = name === 'subgroupSwapped' ? [37, 70] : [70, 37];
    const columns = name === 'subgroupNarrow' ? 16 : 32;
    const rows = name === 'subgroupShort' ? 8 : 16;
    assert.equal(call!.grid, [Math.ceil(across / columns), Math.ceil(down / rows), 1], name);
  }
});

test.run();
