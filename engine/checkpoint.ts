/**
 * Checkpoints: one msgpack file with a header, named arrays and a checksum; written whole or not at all.
 *
 * Layout: the 8 bytes `DIVECKPT`, 32 bytes SHA-256 of what follows, then msgpack `{ header, arrays }` where an array is
 * `{ name, dtype, shape, bytes }` with little-endian elements.
 */
import { createHash } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import { Packr, Unpackr } from 'msgpackr';
import { UserError } from './errors.ts';
import { decodeHalf, encodeHalf } from './half.ts';
import type { DType, TypedData } from './tensor.ts';
import { streamAtomic } from './writeAtomic.ts';

export interface NamedArray {
  readonly shape: readonly number[];
  readonly data: TypedData;
}

export interface Checkpoint<Header> {
  readonly header: Header;
  /** Arrays by name; f16 ones are widened to f32 on reading. */
  readonly arrays: Map<string, NamedArray>;
}

interface StoredArray {
  name: string;
  dtype: DType;
  shape: number[];
  bytes: Uint8Array;
}

const magic = Buffer.from('DIVECKPT');
const packr = new Packr({ useRecords: false });
const unpackr = new Unpackr({ useRecords: false });

function dtypeOf(data: TypedData): DType {
  if (data instanceof Float32Array) return 'f32';
  if (data instanceof Int32Array) return 'i32';
  return data instanceof Uint32Array ? 'u32' : 'f16';
}

/**
 * Writes a checkpoint; `half` stores f32 arrays as f16 (for weights that are only read again). The arrays are taken as
 * they are at the call.
 */
export async function saveCheckpoint<Header>(file: string, header: Header, arrays: ReadonlyMap<string, NamedArray>,
  options: { half?: boolean } = {}): Promise<void> {
  const stored: StoredArray[] = [...arrays].map(([name, { shape, data }]) => {
    const half = options.half && data instanceof Float32Array;
    const values = half ? encodeHalf(data) : data;
    return {
      name, dtype: half ? 'f16' : dtypeOf(data), shape: [...shape],
      bytes: new Uint8Array(values.buffer, values.byteOffset, values.byteLength),
    };
  });
  const payload = packr.pack({ header, arrays: stored });
  const checksum = createHash('sha256').update(payload).digest();
  await streamAtomic(file, async (handle) => {
    for (const part of [magic, checksum, payload]) await handle.appendFile(part);
    await handle.sync(); // a power cut must not cost the checkpoint that this one replaces
  });
}

/** Reads a checkpoint; throws a UserError where it is missing, of another kind, or damaged. */
export function loadCheckpoint<Header>(file: string): Checkpoint<Header> {
  if (!existsSync(file)) throw new UserError(`${file}: there is no such checkpoint`);
  const bytes = readFileSync(file);
  if (bytes.length < 40 || !bytes.subarray(0, 8).equals(magic)) {
    throw new UserError(`${file}: is not a checkpoint of this program (its first bytes are not ${magic.toString()})`);
  }
  const payload = bytes.subarray(40);
  if (!createHash('sha256').update(payload).digest().equals(bytes.subarray(8, 40))) {
    throw new UserError(`${file}: its checksum does not match; it is cut short or damaged`);
  }
  const { header, arrays } = unpackr.unpack(payload) as { header: Header; arrays: StoredArray[] };
  return {
    header,
    arrays: new Map(arrays.map(({ name, dtype, shape, bytes: raw }) => [name, { shape, data: decode(raw, dtype) }])),
  };
}

function decode(raw: Uint8Array, dtype: DType): TypedData {
  const copy = new Uint8Array(raw).buffer;
  if (dtype === 'f32') return new Float32Array(copy);
  if (dtype === 'i32') return new Int32Array(copy);
  if (dtype === 'u32') return new Uint32Array(copy);
  return decodeHalf(new Uint16Array(copy));
}
