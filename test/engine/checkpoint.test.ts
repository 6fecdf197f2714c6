import { mkdtempSync, readFileSync, readdirSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { loadCheckpoint, saveCheckpoint, type NamedArray } from '../../engine/checkpoint.ts';
import { decodeHalf, encodeHalf } from '../../engine/half.ts';
import { RandomStream } from '../../engine/random.ts';

const dir = mkdtempSync(join(tmpdir(), 'checkpoint-'));
const arrays = new Map<string, NamedArray>([
  ['w', { shape: [2, 2], data: Float32Array.of(1.5, -2, 1e-30, Infinity) }],
  ['ids', { shape: [2], data: Int32Array.of(-1, 7) }],
  ['key', { shape: [1], data: Uint32Array.of(0xffffffff) }],
]);

test('what is written comes back bit for bit, under its name, and no temporary file stays', async () => {
  const file = join(dir, 'a', 'x.msgpack');
  await saveCheckpoint(file, { step: 3 }, arrays);
  const found = loadCheckpoint<{ step: number }>(file);
  assert.is(found.header.step, 3);
  assert.equal([...found.arrays], [...arrays]);
  assert.equal(readdirSync(join(dir, 'a')), ['x.msgpack']);
});

test('half precision rounds to nearest even and keeps special values', () => {
  const stream = new RandomStream(1, 'half');
  for (let bits = 0; bits < 0x7c00; bits++) {
    const value = decodeHalf(Uint16Array.of(bits))[0]!;
    assert.is(encodeHalf(Float32Array.of(value))[0], bits);
  }
  for (let i = 0; i < 2000; i++) {
    const value = Math.fround(stream.normal() * 2 ** stream.integer(20) * 2 ** -10);
    const near = decodeHalf(encodeHalf(Float32Array.of(value)))[0]!;
    assert.ok(Math.abs(near - value) <= Math.max(Math.abs(value) * 2 ** -11, 2 ** -25), `${value} became ${near}`);
  }
  assert.equal([...decodeHalf(encodeHalf(Float32Array.of(1e6, -1e6, -0, 65519, 65520)))],
    [Infinity, -Infinity, -0, 65504, Infinity]);
  assert.ok(Number.isNaN(decodeHalf(encodeHalf(Float32Array.of(NaN)))[0]));
});

test('damaged, cut and foreign files are named and refused', async () => {
  const file = join(dir, 'y.msgpack');
  await saveCheckpoint(file, {}, arrays, { half: true });
  const bytes = readFileSync(file);
  bytes[bytes.length - 3]! ^= 1;
  writeFileSync(file, bytes);
  assert.throws(() => loadCheckpoint(file), /y\.msgpack: its checksum does not match/);
  writeFileSync(file, bytes.subarray(0, 60));
  assert.throws(() => loadCheckpoint(file), /its checksum does not match/);
  writeFileSync(file, 'no');
  assert.throws(() => loadCheckpoint(file), /is not a checkpoint of this program/);
  assert.throws(() => loadCheckpoint(join(dir, 'z')), /there is no such checkpoint/);
});

test.run();
