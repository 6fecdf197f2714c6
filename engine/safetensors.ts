/**
 * The safetensors format: named tensors in one file, read and written one at a time.
 *
 * Layout: the length of the header, 8 bytes; the header, JSON `{ name: { dtype, shape, data_offsets: [begin, end] } }`
 * with text under `__metadata__`; then the values, little-endian, without gaps. Offsets count from the header's end.
 */
import { open, type FileHandle } from 'node:fs/promises';
import { UserError } from './errors.ts';
import { decodeHalf, encodeHalf } from './half.ts';
import { sizeOf } from './tensor.ts';
import { streamAtomic } from './writeAtomic.ts';

/** Bytes of an element of every type of the format; the values of some of them only can be read. */
const bytesOf = {
  F64: 8, F32: 4, F16: 2, BF16: 2, I64: 8, I32: 4,
  I16: 2, I8: 1, U64: 8, U32: 4, U16: 2, U8: 1, BOOL: 1, F8_E5M2: 1, F8_E4M3: 1,
} as const;

export type SafetensorsDType = keyof typeof bytesOf;

export interface SafetensorsEntry {
  readonly name: string;
  readonly dtype: SafetensorsDType;
  readonly shape: readonly number[];
  /** First byte in the file, and the one after the last. */
  readonly begin: number;
  readonly end: number;
}

/** Longest header that is read, as in the format's own library. */
const longestHeader = 100_000_000;
/** Bytes of a single read or write; calls of 2 GiB and more fail. */
const chunkBytes = 1 << 26;

/** A file open for reading: its header is in memory, its tensors are fetched when asked for. */
export class SafetensorsFile {
  private constructor(readonly file: string, private readonly handle: FileHandle,
    /** Tensors by name, in the order of their values. */
    readonly entries: ReadonlyMap<string, SafetensorsEntry>,
    readonly metadata: Readonly<Record<string, string>>) {}

  /** @throws UserError where the file is missing or its header breaks the format; the message says how. */
  static async open(file: string): Promise<SafetensorsFile> {
    let handle: FileHandle;
    try {
      handle = await open(file, 'r');
    } catch (error) {
      throw new UserError(`${file}: cannot be read (${(error as NodeJS.ErrnoException).code})`);
    }
    try {
      const { entries, metadata } = await readHeader(file, handle);
      return new SafetensorsFile(file, handle, entries, metadata);
    } catch (error) {
      await handle.close();
      throw error;
    }
  }

  entry(name: string): SafetensorsEntry {
    const entry = this.entries.get(name);
    if (!entry) throw new UserError(`${this.file}: there is no tensor '${name}'`);
    return entry;
  }

  /** Values of a tensor of F64, F32, F16 or BF16, as f32. */
  async readFloats(name: string): Promise<Float32Array> {
    const { dtype } = this.entry(name);
    const decode = floatDecoders[dtype];
    if (!decode) throw new UserError(`${this.file}: ${name} is ${dtype}; F64, F32, F16 or BF16 is needed`);
    return decode(await this.bytes(name));
  }

  /** Values of a tensor of I32 or I64; those of I64 must fit in 32 bits. */
  async readIntegers(name: string): Promise<Int32Array> {
    const { dtype } = this.entry(name);
    if (dtype === 'I32') return new Int32Array(await this.bytes(name));
    if (dtype !== 'I64') throw new UserError(`${this.file}: ${name} is ${dtype}; I32 or I64 is needed`);
    return Int32Array.from(new BigInt64Array(await this.bytes(name)), (value, i) => {
      if (BigInt.asIntN(32, value) !== value) {
        throw new UserError(`${this.file}: ${name}[${i}] is ${value}, more than 32 bits hold`);
      }
      return Number(value);
    });
  }

  /** In a buffer of its own, so that any element type may be laid over it. */
  private async bytes(name: string): Promise<ArrayBuffer> {
    const { begin, end } = this.entry(name);
    const bytes = new Uint8Array(end - begin);
    await readFully(this.file, this.handle, bytes, begin);
    return bytes.buffer;
  }

  close(): Promise<void> {
    return this.handle.close();
  }
}

async function readFully(file: string, handle: FileHandle, bytes: Uint8Array, position: number): Promise<void> {
  for (let done = 0; done < bytes.length;) {
    const length = Math.min(chunkBytes, bytes.length - done);
    const { bytesRead } = await handle.read(bytes, done, length, position + done);
    if (bytesRead === 0) throw new UserError(`${file}: ended while it was being read`);
    done += bytesRead;
  }
}

interface Header {
  readonly entries: Map<string, SafetensorsEntry>;
  readonly metadata: Record<string, string>;
}

async function readHeader(file: string, handle: FileHandle): Promise<Header> {
  const stat = await handle.stat();
  if (!stat.isFile()) throw new UserError(`${file}: is not a file`);
  if (stat.size < 8) {
    throw new UserError(`${file}: is no safetensors file: ${stat.size} bytes, of which the header's length takes 8`);
  }
  const prefix = new Uint8Array(8);
  await readFully(file, handle, prefix, 0);
  // A zip archive, as PyTorch writes them.
  if (prefix[0] === 0x50 && prefix[1] === 0x4b) {
    throw new UserError(`${file}: is a PyTorch or zip file; save its weights as safetensors first`);
  }
  const length = new DataView(prefix.buffer).getBigUint64(0, true);
  if (length > BigInt(Math.min(longestHeader, stat.size - 8))) {
    throw new UserError(`${file}: the header's length is ${length}, but the file has ${stat.size - 8} bytes after it `
      + `and ${longestHeader} are the most. Is it cut short, or no safetensors file?`);
  }
  const bytes = new Uint8Array(Number(length));
  await readFully(file, handle, bytes, 8);
  return parseHeader(file, bytes, 8 + bytes.length, stat.size);
}

function parseHeader(file: string, bytes: Uint8Array, dataStart: number, fileSize: number): Header {
  const broken = (what: string): UserError => new UserError(`${file}: the header ${what}`);
  let text: string;
  let json: unknown;
  try {
    text = new TextDecoder('utf-8', { fatal: true }).decode(bytes);
    json = JSON.parse(text);
  } catch (error) {
    throw broken(`is not JSON (${(error as Error).message})`);
  }
  if (!text.startsWith('{')) throw broken("must begin with '{'");
  const twice = duplicateKey(text);
  if (twice !== null) throw broken(`has the key '${twice}' twice`);
  const { __metadata__: metadata = {}, ...tensors } = json as Record<string, unknown>;
  if (!isRecord(metadata) || Object.values(metadata).some((value) => typeof value !== 'string')) {
    throw broken('must have text values under __metadata__');
  }
  const entries = Object.entries(tensors).map(([name, value]) => entryOf(name, value, dataStart, broken));
  entries.sort((a, b) => a.begin - b.begin || a.end - b.end);
  let at = dataStart;
  for (const { name, begin, end } of entries) {
    const [from, until] = [begin - dataStart, at - dataStart];
    if (begin < at) throw broken(`lets '${name}' begin at byte ${from}, where another tensor lies until ${until}`);
    if (begin > at) throw broken(`leaves bytes ${until} to ${from}, before '${name}', to no tensor`);
    at = end;
  }
  if (at !== fileSize) {
    throw new UserError(`${file}: the header's tensors end at byte ${at}, the file at ${fileSize}. `
      + (at > fileSize ? 'Is it cut short?' : 'Bytes at its end belong to no tensor.'));
  }
  const byName = new Map(entries.map((entry) => [entry.name, entry]));
  return { entries: byName, metadata: metadata as Record<string, string> };
}

/** The first key that an object of a valid JSON text has twice, which `JSON.parse` would not tell. */
function duplicateKey(text: string): string | null {
  const open: (Set<string> | null)[] = [];
  for (const [token, key, colon] of text.matchAll(/("(?:[^"\\]|\\.)*")(\s*:)?|[{}[\]]/g)) {
    if (token === '{') open.push(new Set());
    else if (token === '[') open.push(null);
    else if (token === '}' || token === ']') open.pop();
    else if (colon !== undefined) {
      const name = JSON.parse(key!) as string;
      const known = open.at(-1)!;
      if (known.has(name)) return name;
      known.add(name);
    }
  }
  return null;
}

const isRecord = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

const isCount = (value: unknown): value is number => Number.isSafeInteger(value) && (value as number) >= 0;

function entryOf(name: string, value: unknown, dataStart: number, broken: (what: string) => UserError):
  SafetensorsEntry {
  if (!isRecord(value)) throw broken(`must describe '${name}' by an object`);
  const { dtype, shape, data_offsets: offsets } = value;
  if (typeof dtype !== 'string' || !Object.hasOwn(bytesOf, dtype)) {
    throw broken(`gives '${name}' the unknown dtype ${JSON.stringify(dtype)}`);
  }
  if (!Array.isArray(shape) || !shape.every(isCount)) {
    throw broken(`gives '${name}' the shape ${JSON.stringify(shape)}; it must be a list of sizes`);
  }
  if (!Array.isArray(offsets) || offsets.length !== 2 || !offsets.every(isCount) || offsets[0]! > offsets[1]!) {
    throw broken(`gives '${name}' the data_offsets ${JSON.stringify(offsets)}; they must be [begin, end]`);
  }
  const [begin, end] = offsets as [number, number];
  const needed = sizeOf(shape) * bytesOf[dtype as SafetensorsDType];
  if (end - begin !== needed) {
    throw broken(`gives '${name}' ${end - begin} bytes, but ${dtype} [${shape.join(', ')}] takes ${needed}`);
  }
  return { name, dtype: dtype as SafetensorsDType, shape, begin: dataStart + begin, end: dataStart + end };
}

let halves: Float32Array | null = null;

const floatDecoders: Partial<Record<SafetensorsDType, (buffer: ArrayBuffer) => Float32Array>> = {
  F32: (buffer) => new Float32Array(buffer),
  F64: (buffer) => Float32Array.from(new Float64Array(buffer)),
  BF16: (buffer) => {
    const words = new Uint32Array(buffer.byteLength / 2);
    new Uint16Array(buffer).forEach((bits, i) => { words[i] = bits << 16; });
    return new Float32Array(words.buffer);
  },
  F16: (buffer) => {
    halves ??= decodeHalf(Uint16Array.from({ length: 1 << 16 }, (_, bits) => bits));
    const bits = new Uint16Array(buffer);
    const values = new Float32Array(bits.length);
    for (let i = 0; i < bits.length; i++) values[i] = halves[bits[i]!]!;
    return values;
  },
};

/** f32 to its upper 16 bits, rounded to nearest even. */
function encodeBrain(values: Float32Array): Uint16Array {
  const words = new Uint32Array(values.buffer, values.byteOffset, values.length);
  return Uint16Array.from(words, (word) => {
    // What is no number stays none: rounding could carry it to an infinity.
    if ((word & 0x7fffffff) > 0x7f800000) return (word >>> 16) | 0x40;
    return (word + 0x7fff + ((word >>> 16) & 1)) >>> 16;
  });
}

/** Types that are written, from f32 or i32 values. */
const encoders = {
  F32: (values: Float32Array): ArrayBufferView => values,
  F16: (values: Float32Array): ArrayBufferView => encodeHalf(values),
  BF16: (values: Float32Array): ArrayBufferView => encodeBrain(values),
} as const;

export type WrittenDType = keyof typeof encoders;

/** A tensor to be written; its values are asked for when their turn comes. */
export interface SafetensorsSource {
  readonly name: string;
  readonly dtype: WrittenDType;
  readonly shape: readonly number[];
  values(): Float32Array | Promise<Float32Array>;
}

/** Writes tensors in the order given, holding one at a time; the file is whole or absent. */
export async function writeSafetensors(file: string, sources: readonly SafetensorsSource[],
  metadata: Readonly<Record<string, string>> = {}): Promise<void> {
  const header = headerOf(sources, metadata);
  await streamAtomic(file, async (handle) => {
    const prefix = Buffer.alloc(8);
    prefix.writeBigUInt64LE(BigInt(header.length));
    await handle.appendFile(prefix);
    await handle.appendFile(header);
    for (const source of sources) {
      const { name, dtype, shape } = source;
      const found = await source.values();
      if (found.length !== sizeOf(shape)) {
        throw new Error(`writeSafetensors: ${name} is [${shape.join(', ')}], but has ${found.length} values`);
      }
      const { buffer, byteOffset, byteLength } = encoders[dtype](found);
      const bytes = new Uint8Array(buffer as ArrayBuffer, byteOffset, byteLength);
      for (let at = 0; at < byteLength; at += chunkBytes) await handle.appendFile(bytes.subarray(at, at + chunkBytes));
    }
    await handle.sync();
  });
}

function headerOf(sources: readonly SafetensorsSource[], metadata: Readonly<Record<string, string>>): Buffer {
  const entries: [string, unknown][] = Object.keys(metadata).length > 0 ? [['__metadata__', metadata]] : [];
  let at = 0;
  for (const { name, dtype, shape } of sources) {
    const begin = at;
    at += sizeOf(shape) * bytesOf[dtype];
    entries.push([name, { dtype, shape, data_offsets: [begin, at] }]);
  }
  const names = new Set(entries.map(([name]) => name));
  if (names.size !== entries.length) throw new Error('writeSafetensors: two tensors have one name');
  const text = JSON.stringify(Object.fromEntries(entries));
  // Padded with blanks, so that values begin at a multiple of 8 bytes.
  return Buffer.from(text + ' '.repeat((8 - (Buffer.byteLength(text) % 8)) % 8));
}
