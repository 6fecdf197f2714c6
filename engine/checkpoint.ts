/**
 * Checkpoints: one msgpack file with a header, named arrays and a checksum; written whole or not at all, one array in
 * memory at a time, of any size.
 *
 * Layout: the 8 bytes `DIVECKPT`, 32 bytes SHA-256 of what follows, then msgpack `{ header, arrays }` where an array is
 * `{ name, dtype, shape, bytes }` with little-endian elements, each of less than 4 GiB.
 */
import { createHash } from 'node:crypto';
import { closeSync, existsSync, fstatSync, openSync, readSync } from 'node:fs';
import { Packr, Unpackr } from 'msgpackr';
import { UserError } from './errors.ts';
import { decodeHalf, encodeHalf } from './half.ts';
import type { DType, TypedData } from './tensor.ts';
import { streamAtomic } from './writeAtomic.ts';

export interface NamedArray {
  readonly shape: readonly number[];
  readonly data: TypedData;
}

/** An array to be written: as it is, or read when its turn comes. */
export type ArraySource = NamedArray | (() => NamedArray | Promise<NamedArray>);

export interface Checkpoint<Header> {
  readonly header: Header;
  /** Arrays by name; f16 ones are widened to f32 on reading. */
  readonly arrays: Map<string, NamedArray>;
}

const magic = Buffer.from('DIVECKPT');
const headStart = 40;
/** Bytes of a single read or write; calls of 2 GiB and more fail. */
const chunkBytes = 1 << 26;
const packr = new Packr({ useRecords: false });
const unpackr = new Unpackr({ useRecords: false });

function dtypeOf(data: TypedData): DType {
  if (data instanceof Float32Array) return 'f32';
  if (data instanceof Int32Array) return 'i32';
  return data instanceof Uint32Array ? 'u32' : 'f16';
}

const mapOf = (fields: number): Uint8Array => Uint8Array.of(0x80 | fields);
/** Beginning of a list (0xdd) or of bytes (0xc6) with a length of 32 bits. */
const withLength = (kind: number, length: number): Uint8Array =>
  Uint8Array.of(kind, length >>> 24, (length >>> 16) & 255, (length >>> 8) & 255, length & 255);

export interface SaveOptions {
  /** Store f32 arrays as f16, for weights that are only read again. Default: false. */
  readonly half?: boolean;
  /** Called with the number of arrays written. */
  readonly wrote?: (arrays: number) => void;
}

/** Writes a checkpoint. Throws a UserError where a value is too large for f16. */
export async function saveCheckpoint<Header>(file: string, header: Header, arrays: ReadonlyMap<string, ArraySource>,
  { half = false, wrote = () => undefined }: SaveOptions = {}): Promise<void> {
  await streamAtomic(file, async (handle) => {
    const hash = createHash('sha256');
    const put = async (...parts: Uint8Array[]): Promise<void> => {
      for (const part of parts) {
        hash.update(part);
        for (let at = 0; at < part.length; at += chunkBytes) {
          await handle.appendFile(part.subarray(at, at + chunkBytes));
        }
      }
    };
    await handle.appendFile(magic);
    await handle.appendFile(new Uint8Array(32)); // the checksum, once it is known
    await put(mapOf(2), packr.pack('header'), packr.pack(header), packr.pack('arrays'), withLength(0xdd, arrays.size));
    let count = 0;
    for (const [name, source] of arrays) {
      const { shape, data } = typeof source === 'function' ? await source() : source;
      const values = half && data instanceof Float32Array ? toHalf(name, data) : data;
      const bytes = new Uint8Array(values.buffer, values.byteOffset, values.byteLength);
      const fields = { name, dtype: dtypeOf(values), shape: [...shape] };
      const head = Object.entries(fields).flatMap(([key, value]) => [packr.pack(key), packr.pack(value)]);
      await put(mapOf(4), Buffer.concat(head), packr.pack('bytes'), withLength(0xc6, bytes.length), bytes);
      wrote(++count);
    }
    await handle.write(hash.digest(), 0, 32, magic.length);
    await handle.sync(); // a power cut must not cost the checkpoint that this one replaces
  });
}

function toHalf(name: string, values: Float32Array): Uint16Array {
  // 65520 and above round to infinity.
  const at = values.findIndex((value) => Number.isFinite(value) && Math.abs(value) >= 65520);
  if (at >= 0) throw new UserError(`${name} holds ${values[at]} at ${at}; f16 ends at 65504: use --precision f32`);
  return encodeHalf(values);
}

/** Where an array lies in a file. */
interface Place {
  readonly shape: readonly number[];
  readonly dtype: DType;
  readonly start: number;
  readonly bytes: number;
}

/** A checkpoint open for reading: its header is in memory, its arrays are read when asked for. */
export class CheckpointFile<Header> {
  private constructor(readonly file: string, private readonly descriptor: number, readonly header: Header,
    private readonly places: ReadonlyMap<string, Place>) {}

  /** @throws UserError where the file is missing, of another kind, or damaged. */
  static open<Header>(file: string): CheckpointFile<Header> {
    if (!existsSync(file)) throw new UserError(`${file}: there is no such checkpoint`);
    const descriptor = openSync(file, 'r');
    try {
      const cursor = new Cursor(file, descriptor);
      expectWhole(file, cursor);
      const { header, places } = readIndex<Header>(cursor);
      return new CheckpointFile(file, descriptor, header, places);
    } catch (error) {
      closeSync(descriptor);
      throw error;
    }
  }

  /** Names of the arrays, in the order of the file. */
  get names(): string[] {
    return [...this.places.keys()];
  }

  /** An array, or null where there is none of this name. */
  read(name: string): NamedArray | null {
    const place = this.places.get(name);
    if (!place) return null;
    const bytes = new Cursor(this.file, this.descriptor, place.start).take(place.bytes);
    return { shape: place.shape, data: decode(bytes.buffer as ArrayBuffer, place.dtype) };
  }

  close(): void {
    closeSync(this.descriptor);
  }
}

/** Reads a checkpoint, or of its arrays those that are wanted; throws a UserError as `CheckpointFile.open`. */
export function loadCheckpoint<Header>(file: string, wanted: (name: string) => boolean = () => true):
  Checkpoint<Header> {
  const checkpoint = CheckpointFile.open<Header>(file);
  try {
    const names = checkpoint.names.filter(wanted);
    return { header: checkpoint.header, arrays: new Map(names.map((name) => [name, checkpoint.read(name)!])) };
  } finally {
    checkpoint.close();
  }
}

/** Reads a file from place to place. */
class Cursor {
  readonly size: number;

  constructor(readonly file: string, private readonly descriptor: number, public at = 0) {
    this.size = fstatSync(descriptor).size;
  }

  /** The next bytes, in a buffer of their own. */
  take(count: number): Uint8Array {
    const bytes = new Uint8Array(count);
    for (let done = 0; done < count;) {
      const read = readSync(this.descriptor, bytes, done, Math.min(chunkBytes, count - done), this.at + done);
      if (read === 0) throw new UserError(`${this.file}: ended while it was being read`);
      done += read;
    }
    this.at += count;
    return bytes;
  }

  /** The next `count` msgpack values, of at most `most` bytes in all. */
  values(count: number, most: number): unknown[] {
    const values: unknown[] = [];
    const start = this.at;
    const window = this.take(Math.min(most, this.size - start));
    unpackr.unpackMultiple(window, (value: unknown, _start?: number, end?: number) => {
      values.push(value);
      this.at = start + end!;
      return values.length < count;
    });
    return values;
  }

  /** Length of the msgpack map, list or bytes that begin here, by the codes of lengths of 8, 16 and 32 bits. */
  length(short: number, codes: readonly [number | null, number, number]): number {
    const [code] = this.take(1);
    if ((code! & 0xf0) === short) return code! & 0x0f;
    const width = [1, 2, 4][codes.indexOf(code!)];
    if (width === undefined) throw new UserError(`${this.file}: is a checkpoint of another version`);
    return this.take(width).reduce((length, byte) => length * 256 + byte, 0);
  }

  map(): number {
    return this.length(0x80, [null, 0xde, 0xdf]);
  }

  list(): number {
    return this.length(0x90, [null, 0xdc, 0xdd]);
  }

  bytes(): number {
    return this.length(-1, [0xc4, 0xc5, 0xc6]);
  }
}

function expectWhole(file: string, cursor: Cursor): void {
  if (cursor.size < headStart || !magic.equals(cursor.take(magic.length))) {
    throw new UserError(`${file}: is not a checkpoint of this program (its first bytes are not ${magic.toString()})`);
  }
  const checksum = cursor.take(32);
  const hash = createHash('sha256');
  while (cursor.at < cursor.size) hash.update(cursor.take(Math.min(chunkBytes, cursor.size - cursor.at)));
  if (!hash.digest().equals(checksum)) {
    throw new UserError(`${file}: its checksum does not match; it is cut short or damaged`);
  }
  cursor.at = headStart;
}

/** Most bytes of a header, and of what stands before the values of an array. */
const mostHeaderBytes = 1 << 24;
const mostArrayHeadBytes = 1 << 12;

function readIndex<Header>(cursor: Cursor): { header: Header; places: Map<string, Place> } {
  cursor.map();
  const [, header] = cursor.values(3, mostHeaderBytes);
  const places = new Map<string, Place>();
  for (let left = cursor.list(); left > 0; left--) {
    cursor.map();
    const [, name, , dtype, , shape] = cursor.values(7, mostArrayHeadBytes) as
      [string, string, string, DType, string, number[], string];
    const bytes = cursor.bytes();
    places.set(name, { shape, dtype, start: cursor.at, bytes });
    cursor.at += bytes;
  }
  return { header: header as Header, places };
}

function decode(values: ArrayBuffer, dtype: DType): TypedData {
  if (dtype === 'f32') return new Float32Array(values);
  if (dtype === 'i32') return new Int32Array(values);
  if (dtype === 'u32') return new Uint32Array(values);
  return decodeHalf(new Uint16Array(values));
}
