import { createHash } from 'node:crypto';
import { mkdtempSync, readFileSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Packr } from 'msgpackr';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { CheckpointFile, loadCheckpoint, saveCheckpoint, type ArraySource, type NamedArray }
  from '../../engine/checkpoint.ts';
import { decodeHalf, encodeHalf } from '../../engine/half.ts';
import { RandomStream } from '../../engine/random.ts';

async function rejects(work: Promise<unknown>, message: RegExp): Promise<void> {
  await work.then(() => assert.unreachable(), (error: Error) => assert.match(error.message, message));
}

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

/** More arrays than a short list counts, one longer than short byte strings, and empty ones. */
const many = new Map(Array.from({ length: 700 }, (_, i): [string, NamedArray] => {
  const length = i === 3 ? 70_000 : i % 5;
  const data = Float32Array.from({ length }, (__, k) => Math.sin(i + k));
  return [`weights/${'x'.repeat(i % 40)}${i}`, { shape: [length, 1], data }];
}));
const header = { kind: 'generator', config: { list: [1, 2.5, 'word'], none: null, deep: { yes: true } }, step: 0 };

test('arrays are asked for one after the other, read one by one, and chosen by name', async () => {
  const file = join(dir, 'many');
  const counts: number[] = [];
  let asked = 0;
  const sources = [...many].map(([name, array], i): [string, ArraySource] => [name, async () => {
    assert.is(asked++, i);
    assert.is(counts.length, i, 'the one before is written');
    return array;
  }]);
  await saveCheckpoint(file, header, new Map(sources), { wrote: (count) => counts.push(count) });
  assert.is(counts.at(-1), 700);
  const opened = CheckpointFile.open<typeof header>(file);
  assert.equal(opened.header, header);
  assert.equal(opened.names, [...many.keys()]);
  for (const name of [...many.keys()].reverse()) assert.equal(opened.read(name), many.get(name));
  assert.is(opened.read('nothing'), null);
  opened.close();
  const some = loadCheckpoint(file, (name) => name.endsWith('7'));
  assert.equal([...some.arrays.keys()], [...many.keys()].filter((name) => name.endsWith('7')));
});

test('files packed in one piece, as older versions wrote them, are read', () => {
  const file = join(dir, 'old');
  const stored = [...many].map(([name, { shape, data }]) =>
    ({ name, dtype: 'f32', shape, bytes: new Uint8Array(data.buffer) }));
  for (const count of [700, 15, 1, 0]) {
    const payload = new Packr({ useRecords: false }).pack({ header, arrays: stored.slice(0, count) });
    const digest = createHash('sha256').update(payload).digest();
    writeFileSync(file, Buffer.concat([Buffer.from('DIVECKPT'), digest, payload]));
    const found = loadCheckpoint(file);
    assert.equal(found.header, header);
    assert.equal([...found.arrays], [...many].slice(0, count));
  }
});

test('a failing source leaves nothing', async () => {
  const failing = (): Promise<NamedArray> => Promise.reject(new Error('no more'));
  const sub = join(dir, 'failed');
  const sources = new Map<string, ArraySource>([...arrays, ['failing', failing]]);
  await rejects(saveCheckpoint(join(sub, 'x'), header, sources), /^no more$/);
  assert.equal(readdirSync(sub), []);
});

// Two minutes of disk: LARGE_TESTS=1 asks for it.
const large = process.env['LARGE_TESTS'] ? test : test.skip;
large('more than 4 GiB go through, an array at a time', async () => {
  const file = join(dir, 'large');
  const data = Float32Array.from({ length: 1 << 26 }, (_, i) => i % 1013);
  const names = Array.from({ length: 17 }, (_, i) => `${i}`); // 17 times 256 MiB
  const sources = new Map(names.map((name, i): [string, ArraySource] => [name, () => {
    data[0] = i;
    return { shape: [data.length], data };
  }]));
  const before = process.memoryUsage().arrayBuffers;
  await saveCheckpoint(file, header, sources);
  assert.ok(statSync(file).size > 2 ** 32);
  const { arrays: [...last] } = loadCheckpoint(file, (name) => name === '16');
  rmSync(file);
  const [name, array] = last[0]!;
  data[0] = 16;
  assert.is(name, '16');
  assert.ok(Buffer.from(array.data.buffer).equals(Buffer.from(data.buffer)));
  assert.ok(process.memoryUsage().arrayBuffers - before < 2 ** 30);
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
  const tooLarge = new Map([['big', { shape: [2], data: Float32Array.of(1, -1e5) }]]);
  await rejects(saveCheckpoint(file, {}, tooLarge, { half: true }), /big holds -100000 at 1; f16 ends at 65504/);
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

test.after(() => rmSync(dir, { recursive: true }));
test.run();
