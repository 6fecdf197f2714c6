// Large tiles on both sides of their edges, and which tile comes first.
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { apply, type DeviceCapabilities } from '../../../engine/op.ts';
import { conv2dGradWeightOp } from '../../../engine/ops/conv2d.ts';
import { conv2d, matmul } from '../../../engine/ops/index.ts';
import { workgroupTiles } from '../../../engine/ops/workgroupTile.ts';
import type { Precision } from '../../../engine/precision.ts';
import { checkOp } from '../../support/checkOp.ts';

/** As a GPU without subgroups. */
const capabilities = { software: false, subgroups: false, subgroupSize: 0 };

function product(variant: string, [B, M, K, N]: readonly [number, number, number, number], transposeA: boolean,
  transposeB: boolean, precision: Precision = 'f32'): void {
  const name = `${M} x ${K} x ${N}, ${transposeA ? 'a transposed, ' : ''}${transposeB ? 'b transposed, ' : ''}`
    + `${precision}, ${variant}`;
  test(name, () => checkOp({
    name, variant, precision, capabilities, derivative: false,
    operands: [{ shape: transposeA ? [B, K, M] : [B, M, K] }, { shape: transposeB ? [B, N, K] : [B, K, N] }],
    apply: (a, b) => matmul(a, b, { transposeA, transposeB }),
  }));
}

for (const variant of ['tiled128x64', 'tiled128']) {
  product(variant, [2, 3, 5, 7], false, false);
  product(variant, [1, 128, 32, 128], false, false);
  product(variant, [1, 129, 17, 130], false, true);
  product(variant, [2, 127, 33, 129], true, false);
  product(variant, [1, 130, 17, 66], true, true, 'f16');
  product(variant, [1, 5, 1030, 9], false, false);

  test(`convolution with its gradients, ${variant}`, () => checkOp({
    name: `conv ${variant}`, variant, capabilities, operands: [{ shape: [2, 3, 5, 7] }, { shape: [4, 3, 3, 3] }],
    apply: (x, w) => conv2d(x, w, null, { padding: 1 }),
  }));
  test(`convolution past a tile, stride 2, ${variant}`, () => checkOp({
    name: `conv large ${variant}`, variant, capabilities, derivative: false,
    operands: [{ shape: [1, 2, 23, 25] }, { shape: [130, 2, 3, 3] }],
    apply: (x, w) => conv2d(x, w, null, { stride: 2, padding: 1 }),
  }));
  test(`weight gradient past a tile, ${variant}`, () => checkOp({
    name: `conv weight ${variant}`, variant, capabilities, derivative: false,
    operands: [{ shape: [2, 15, 4, 5] }, { shape: [2, 130, 4, 5] }],
    apply: (x, g) => apply(conv2dGradWeightOp, [x, g], { stride: 1, padding: [1, 1, 1, 1], kernel: [3, 3] }),
  }));
}

const gpu: DeviceCapabilities = {
  software: false, subgroups: true, subgroupSize: 32, largestSubgroup: 32, matrices: [], f16: true,
  workgroupStorage: 49152, workgroupInvocations: 1024,
};

test('large tiles come first where enough of them are filled', () => {
  const first = (M: number, N: number, layers: number, device = gpu): string =>
    workgroupTiles(M, N, layers, device)[0]!.name;
  assert.equal(first(2048, 2048, 1), 'tiled128');
  assert.equal(first(1024, 1024, 1), 'tiled128x64');
  assert.equal(first(1024, 512, 1), 'tiled', 'too few large ones');
  assert.equal(first(64, 4096, 64), 'tiled', 'half of them would be empty');
  assert.equal(first(4096, 48, 64), 'tiled128x64');
  assert.equal(workgroupTiles(2048, 2048, 1, gpu).map(({ name }) => name), ['tiled128', 'tiled', 'tiled128x64']);
  assert.equal(workgroupTiles(2048, 2048, 1, { ...gpu, software: true }).map(({ name }) => name), ['tiled']);
});

test.run();
