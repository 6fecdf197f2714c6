// What is offered is tried; what gives a wrong number, or does not compile, stays off.
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { compile } from '../../engine/compile/compile.ts';
import type { Device } from '../../engine/device.ts';
import { matmul, inputTensor } from '../../engine/ops/index.ts';
import type { MatrixDialect } from '../../engine/ops/subgroupMatrix.ts';
import { withPrecision } from '../../engine/precision.ts';
import { describeVerdict, offeredMatrices, proveMatrices, usableMatrices, type OfferedMatrices }
  from '../../engine/proveMatrices.ts';
import { emulatedMatrices } from '../support/emulatedMatrices.ts';
import { testDevice } from '../support/gpu.ts';

const offer = (M: number, N: number, K: number, componentType = 'f16', resultComponentType = 'f32'): OfferedMatrices =>
  ({ M, N, K, componentType, resultComponentType });

test('of what is listed, halves with f32 sums in sizes that fill a block are usable, the largest first', () => {
  assert.equal(usableMatrices([
    offer(16, 8, 8), offer(16, 16, 16), offer(16, 16, 16, 'f16', 'f16'), offer(8, 8, 8, 'f32'), offer(8, 16, 16),
    offer(12, 8, 8), offer(16, 16, 64), offer(32, 8, 32, 'i8', 'i32'),
  ]), [{ M: 16, N: 16, K: 16 }, { M: 8, N: 16, K: 16 }, { M: 16, N: 8, K: 8 }]);
});

/** What `proveMatrices` says of 16 x 16 x 16 in a dialect, and what kernels may use then. */
async function verdictOf(dialect: MatrixDialect): Promise<{ line: string; trusted: number; device: Device }> {
  const device = await testDevice();
  // Room for the smaller block alone: emulation is slow.
  device.capabilities = { ...device.capabilities, workgroupStorage: 16384 };
  const verdicts = await proveMatrices(device, [offer(16, 16, 16)], dialect);
  assert.is(verdicts.length, 1);
  const trusted = device.capabilities.matrices.length;
  device.capabilities = { ...device.capabilities, matrices: [] };
  return { line: describeVerdict(verdicts[0]!), trusted, device };
}

const right = emulatedMatrices((await testDevice()).capabilities.subgroupSize);
const changed = (from: string, to: string): MatrixDialect => (shape, order) => {
  const text = right(shape, order);
  assert.ok(text.includes(from) || order.kFirstA);
  return text.replaceAll(from, to);
};

test('right products are proved', async () => {
  const { line, trusted } = await verdictOf(right);
  assert.is(line, '16x16x16 proved');
  assert.is(trusted, 1);
});

const faults: Record<string, MatrixDialect> = {
  'sums in halves': changed('fma(f32(a), f32(b), total[i])', 'quantizeToF16(fma(f32(a), f32(b), total[i]))'),
  'sums that are not kept': changed('var total = sum;', 'var total: Sum;'),
  'a transposed left operand': changed('m * PITCH_A + k', 'k * PITCH_A + m'),
  'one wrong element': changed('return total;', 'total[0] += select(0.0, 1.0, lane == 5u);\n  return total;'),
};
for (const [name, dialect] of Object.entries(faults)) {
  test(`${name} are found out`, async () => {
    const { line, trusted } = await verdictOf(dialect);
    assert.match(line, /^16x16x16 off: subgroupMatrix\w* gives \S+ instead of \d+ at \d+ of \d+x\d+x\d+$/);
    assert.is(trusted, 0);
  });
}

test('what does not compile is off, and the device goes on', async () => {
  const { line, trusted, device } = await verdictOf(changed('fma(', 'nothing('));
  assert.match(line, /^16x16x16 off: does not compile \(.*nothing/);
  assert.is(trusted, 0);
  const y = withPrecision('f16', () => matmul(inputTensor('x', [2, 3]), inputTensor('w', [3, 2])));
  const program = await compile(device, { name: 'after', outputs: { y } });
  program.run({ x: Float32Array.of(1, 2, 3, 4, 5, 6), w: Float32Array.of(1, 0, 0, 1, 1, 1) });
  assert.equal([...await program.readFloats('y')], [4, 5, 10, 11]);
  program.destroy();
  await device.idle();
});

test('an adapter without matrices has nothing to prove', async () => {
  const device = await testDevice();
  if (offeredMatrices(device).length === 0) assert.equal(await proveMatrices(device), []);
});

test.run();
