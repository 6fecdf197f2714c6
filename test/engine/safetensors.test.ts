import { mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { decodeHalf, encodeHalf } from '../../engine/half.ts';
import { SafetensorsFile, writeSafetensors, type SafetensorsSource } from '../../engine/safetensors.ts';

const test = suite('safetensors', { dir: '' });
test.before((context) => { context.dir = mkdtempSync(join(tmpdir(), 'safetensors-')); });
test.after(({ dir }) => rmSync(dir, { recursive: true }));

/** A file byte by byte, independent of the writer: the header as it is given, then the values. */
function bytesOf(header: string, data: Uint8Array, length = Buffer.byteLength(header)): Buffer {
  const prefix = Buffer.alloc(8);
  prefix.writeBigUInt64LE(BigInt(length));
  return Buffer.concat([prefix, Buffer.from(header), data]);
}

function source(name: string, shape: number[], values: number[], dtype: SafetensorsSource['dtype'] = 'F32'):
  SafetensorsSource {
  return { name, dtype, shape, values: () => Float32Array.from(values) };
}

const messageOf = (work: Promise<unknown>): Promise<string> =>
  work.then(() => 'no error', (error: Error) => `${error.name}: ${error.message}`);

test('every type is read as its values', async ({ dir }) => {
  const parts = {
    F64: Float64Array.of(1.5, -1e-3), F32: Float32Array.of(-2, 3), F16: encodeHalf(Float32Array.of(0.5, 65504)),
    BF16: Uint16Array.of(0x3f80, 0xc040), I64: BigInt64Array.of(-5n, 7n), I32: Int32Array.of(2147483647, -1),
      U8: Uint8Array.of(1, 0),
  };
  const header: Record<string, unknown> = { __metadata__: { format: 'pt' } };
  let at = 0;
  for (const [dtype, { byteLength }] of Object.entries(parts)) {
    header[`a.${dtype}`] = { dtype, shape: [2, 1], data_offsets: [at, at += byteLength] };
  }
  const data = Buffer.concat(Object.values(parts).map(({ buffer }) => Buffer.from(buffer as ArrayBuffer)));
  const path = join(dir, 'types');
  // Blanks after the header, as writers pad it; the odd length leaves every value unaligned.
  writeFileSync(path, bytesOf(`${JSON.stringify(header)}   `, data));
  const file = await SafetensorsFile.open(path);
  assert.equal(file.metadata, { format: 'pt' });
  assert.equal(file.entry('a.F16').shape, [2, 1]);
  assert.equal([...await file.readFloats('a.F64')], [1.5, Math.fround(-1e-3)]);
  assert.equal([...await file.readFloats('a.F32')], [-2, 3]);
  assert.equal([...await file.readFloats('a.F16')], [0.5, 65504]);
  assert.equal([...await file.readFloats('a.BF16')], [1, -3]);
  assert.equal([...await file.readIntegers('a.I64')], [-5, 7]);
  assert.equal([...await file.readIntegers('a.I32')], [2147483647, -1]);
  assert.match(await messageOf(file.readFloats('a.U8')), /a\.U8 is U8; F64, F32, F16 or BF16 is needed/);
  assert.match(await messageOf(file.readIntegers('a.F32')), /a\.F32 is F32; I32 or I64 is needed/);
  await file.close();
});

test('what is written comes back, in order, and scalars and empty tensors too', async ({ dir }) => {
  const path = join(dir, 'deep', 'written');
  const order: string[] = [];
  const sources = [
    source('z', [2, 2], [1, 2, 3, 1e-30]), source('7', [], [5]), source('empty', [0, 3], []),
    source('"é', [1], [-0.25], 'F16'), source('b', [3], [1, -3, 1 / 3], 'BF16'),
  ].map((one) => ({ ...one, values: () => (order.push(one.name), one.values()) }));
  await writeSafetensors(path, sources, { format: 'pt' });
  assert.equal(order, ['z', '7', 'empty', '"é', 'b']);
  assert.is(readFileSync(path).readUInt32LE(0) % 8, 0);
  const file = await SafetensorsFile.open(path);
  assert.equal([...file.entries.keys()].sort(), order.sort());
  assert.equal([...await file.readFloats('z')], [1, 2, 3, Math.fround(1e-30)]);
  assert.equal([...await file.readFloats('7')], [5]);
  assert.equal([...await file.readFloats('empty')], []);
  assert.equal([...await file.readFloats('"é')], [-0.25]);
  assert.equal([...await file.readFloats('b')], [1, -3, 0.333984375]);
  await file.close();
});

test('bfloat16 rounds to nearest even and keeps special values', async ({ dir }) => {
  const path = join(dir, 'brain');
  await writeSafetensors(path, [source('x', [6], [1 + 2 ** -8, 1 + 3 * 2 ** -8, 3.4e38, -Infinity, NaN, -0], 'BF16')]);
  const file = await SafetensorsFile.open(path);
  assert.equal([...await file.readFloats('x')], [1, 1 + 2 ** -6, Infinity, -Infinity, NaN, -0]);
  await file.close();
});

test('all halves are read as half.ts reads them', async ({ dir }) => {
  const path = join(dir, 'halves');
  const bits = Uint16Array.from({ length: 65536 }, (_, i) => i);
  writeFileSync(path, bytesOf(JSON.stringify({ h: { dtype: 'F16', shape: [65536], data_offsets: [0, 131072] } }),
    new Uint8Array(bits.buffer)));
  const file = await SafetensorsFile.open(path);
  assert.equal([...await file.readFloats('h')], [...decodeHalf(bits)]);
  await file.close();
});

test('a value beyond 32 bits is named', async ({ dir }) => {
  const path = join(dir, 'long');
  writeFileSync(path, bytesOf(JSON.stringify({ n: { dtype: 'I64', shape: [2], data_offsets: [0, 16] } }),
    new Uint8Array(BigInt64Array.of(1n, 1n << 40n).buffer)));
  const file = await SafetensorsFile.open(path);
  assert.match(await messageOf(file.readIntegers('n')), /n\[1\] is 1099511627776, more than 32 bits/);
  await file.close();
});

const tensor = (begin: number, end: number, dtype = 'F32', shape = '[1]'): string =>
  `{"dtype":"${dtype}","shape":${shape},"data_offsets":[${begin},${end}]}`;

const malformed: Record<string, [Uint8Array, RegExp]> = {
  empty: [new Uint8Array(0), /is no safetensors file: 0 bytes/],
  'a length past the end': [bytesOf('{}', new Uint8Array(0), 3),
    /header's length is 3, but the file has 2 bytes after it/],
  'a length past every limit': [Buffer.alloc(64, 0xff), /header's length is 18446744073709551615/],
  'a PyTorch file': [Buffer.from('PK\x03\x04\0\0\x08\x08archive'),
    /is a PyTorch or zip file; save its weights as safetensors/],
  'no JSON': [bytesOf('{"a":', new Uint8Array(0)), /header is not JSON/],
  'no UTF-8': [bytesOf('', Uint8Array.of(0x7b, 0xff, 0x7d), 3), /header is not JSON/],
  'a list': [bytesOf('[]', new Uint8Array(0)), /must begin with '\{'/],
  'a key twice': [bytesOf(`{"a":${tensor(0, 4)},"\\u0061":${tensor(4, 8)}}`, new Uint8Array(8)),
    /has the key 'a' twice/],
  'an inner key twice': [bytesOf(`{"a":{"dtype":"F32","dtype":"F32","shape":[1],"data_offsets":[0,4]}}`,
    new Uint8Array(4)), /has the key 'dtype' twice/],
  'a tensor that is a number': [bytesOf('{"a":1}', new Uint8Array(0)), /must describe 'a' by an object/],
  'an unknown type': [bytesOf(`{"a":${tensor(0, 4, 'F128')}}`, new Uint8Array(4)),
    /gives 'a' the unknown dtype "F128"/],
  'a type of another object': [bytesOf(`{"a":${tensor(0, 4, 'toString')}}`, new Uint8Array(4)),
    /unknown dtype "toString"/],
  'a negative size': [bytesOf(`{"a":${tensor(0, 4, 'F32', '[-1]')}}`, new Uint8Array(4)), /gives 'a' the shape \[-1\]/],
  'a broken size': [bytesOf(`{"a":${tensor(0, 4, 'F32', '[1.5]')}}`, new Uint8Array(4)),
    /gives 'a' the shape \[1\.5\]/],
  'offsets backwards': [bytesOf(`{"a":${tensor(4, 0)}}`, new Uint8Array(4)),
    /data_offsets \[4,0\]; they must be \[begin, end\]/],
  'too few bytes for the shape': [bytesOf(`{"a":${tensor(0, 4, 'F32', '[3]')}}`, new Uint8Array(4)),
    /gives 'a' 4 bytes, but F32 \[3\] takes 12/],
  overlap: [bytesOf(`{"a":${tensor(0, 8, 'F32', '[2]')},"b":${tensor(4, 8)}}`, new Uint8Array(8)),
    /lets 'b' begin at byte 4, where another tensor lies until 8/],
  'a gap': [bytesOf(`{"a":${tensor(0, 4)},"b":${tensor(8, 12)}}`, new Uint8Array(12)),
    /leaves bytes 4 to 8, before 'b', to no tensor/],
  'a cut file': [bytesOf(`{"a":${tensor(0, 4)}}`, new Uint8Array(3)),
    /tensors end at byte \d+, the file at \d+\. Is it cut short/],
  'bytes at the end': [bytesOf(`{"a":${tensor(0, 4)}}`, new Uint8Array(5)), /Bytes at its end belong to no tensor/],
  'metadata that is no text': [bytesOf('{"__metadata__":{"a":1}}', new Uint8Array(0)),
    /text values under __metadata__/],
};

for (const [name, [bytes, pattern]] of Object.entries(malformed)) {
  test(`refused: ${name}`, async ({ dir }) => {
    const path = join(dir, 'malformed');
    writeFileSync(path, bytes);
    const message = await messageOf(SafetensorsFile.open(path));
    assert.match(message, pattern);
    assert.match(message, /^UserError: .*malformed: /);
  });
}

test('a missing file and a folder are named', async ({ dir }) => {
  for (const [path, pattern] of [[join(dir, 'none'), /none: cannot be read \(ENOENT\)/],
    [dir, /is not a file|EISDIR/]] as const) {
    assert.match(await messageOf(SafetensorsFile.open(path)), pattern);
  }
});

test('a writer that fails leaves nothing', async ({ dir }) => {
  const sub = join(dir, 'failed');
  const write = (...sources: SafetensorsSource[]): Promise<string> =>
    messageOf(writeSafetensors(join(sub, 'x'), sources));
  assert.match(await write(source('a', [2], [1, 2]), source('b', [3], [1])), /b is \[3\], but has 1 values/);
  assert.equal(readdirSync(sub), []);
  assert.match(await write(source('a', [1], [1]), source('a', [1], [1])), /two tensors have one name/);
});

test.run();
