// What is generated for subgroup matrices is valid: Dawn's null backend compiles it, though it computes nothing. It is
// in a process of its own, since two instances of Dawn do not go together.
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { create, globals } from 'webgpu';
import { withoutEpilogue } from '../../engine/compile/epilogue.ts';
import { shaderPrelude } from '../../engine/device.ts';
import type { DeviceCapabilities, FinishingCall, MatrixShape } from '../../engine/op.ts';
import { conv2dOnMatrix } from '../../engine/ops/conv2d.ts';
import { matmulOnMatrix } from '../../engine/ops/matmul.ts';
import { chromiumMatrices, matrixBlocks, matrixKernels, type MatrixKernel } from '../../engine/ops/subgroupMatrix.ts';

Object.assign(globalThis, globals);
// Held by an object that lives as long as the process: Dawn's objects die with it.
const instance = create(['backend=null', 'enable-dawn-features=allow_unsafe_apis']);
Object.assign(globalThis, { instance });
const adapter = (await instance.requestAdapter())!;
const gpu = await adapter.requestDevice({
  requiredFeatures: ['shader-f16', 'subgroups', 'chromium-experimental-subgroup-matrix'] as GPUFeatureName[],
});

/** NVIDIA, NVIDIA, Apple, Intel. */
const shapes: readonly MatrixShape[] = [
  { M: 16, N: 16, K: 16 }, { M: 16, N: 8, K: 16 }, { M: 8, N: 8, K: 8 }, { M: 8, N: 16, K: 16 },
];

const capabilities = (shape: MatrixShape): DeviceCapabilities => ({
  software: false, subgroups: true, subgroupSize: 32, largestSubgroup: 32, matrices: [shape], f16: true,
  workgroupStorage: 32768, workgroupInvocations: 1024,
});

/** Errors and warnings of a module, and what its pipeline is refused for. */
async function complaints(call: FinishingCall): Promise<string[]> {
  const { source } = withoutEpilogue(call);
  gpu.pushErrorScope('validation');
  const module = gpu.createShaderModule({ code: shaderPrelude(source) + source });
  const { messages } = await module.getCompilationInfo();
  await gpu.popErrorScope();
  const found = messages.map(({ type, lineNum, message }) => `${type} in line ${lineNum}: ${message}`);
  if (found.length > 0) return found;
  try {
    await gpu.createComputePipelineAsync({ layout: 'auto', compute: { module, entryPoint: 'main' } });
  } catch (error) {
    found.push((error as Error).message);
  }
  return found;
}

for (const shape of shapes) {
  const { M, N, K } = shape;
  test(`${M}x${N}x${K}: products in all orders of their operands`, async () => {
    const orders = [[false, false, 33], [true, false, 32], [false, true, 64], [true, true, 7]] as const;
    for (const { block, lanes } of matrixKernels(capabilities(shape))) {
      for (const [transposeA, transposeB, inner] of orders) {
        const a = { shape: transposeA ? [1, inner, 64] : [1, 64, inner], dtype: 'f16' as const };
        const b = { shape: transposeB ? [1, 64, inner] : [1, inner, 64], dtype: 'f16' as const };
        // This backend wants multiples of 128 lanes, of 256 at most, and half of the memory that large blocks take.
        const wide = Math.min(256, Math.max(128, lanes));
        const { calls: [call] } = matmulOnMatrix(a, b, { transposeA, transposeB }, capabilities(shape),
          { block, shape, lanes: wide }, chromiumMatrices);
        const found = await complaints(call as FinishingCall);
        const allowed = block === matrixBlocks[0] ? /workgroup storage|workgroup memory/i : /^$/;
        assert.ok(found.every((text) => allowed.test(text)), found.join('\n'));
      }
    }
  });
}

for (const shape of shapes) {
  test(`${Object.values(shape).join('x')}: a convolution`, async () => {
    const [{ block, lanes }] = matrixKernels(capabilities(shape)).slice(-1) as [MatrixKernel];
    const types = [{ shape: [1, 3, 8, 8], dtype: 'f16' as const }, { shape: [5, 3, 3, 3], dtype: 'f16' as const }];
    const { calls: [call] } = conv2dOnMatrix(types, { stride: 1, padding: [1, 1, 1, 1] }, { block, shape, lanes },
      chromiumMatrices);
    assert.equal(await complaints(call as FinishingCall), []);
  });
}

test('what is not valid is noticed', async () => {
  const shape = shapes[0]!;
  const [{ block, lanes }] = matrixKernels(capabilities(shape)).slice(-1) as [MatrixKernel];
  const type = { shape: [1, 32, 32], dtype: 'f16' as const };
  const { calls: [call] } = matmulOnMatrix(type, type, { transposeA: false, transposeB: false }, capabilities(shape),
    { block, shape, lanes }, (...given) => chromiumMatrices(...given).replace('row_major', 'diagonal'));
  assert.match((await complaints(call as FinishingCall)).join('\n'), /no matching call to 'subgroupMatrixLoad/);
});

test.run();
