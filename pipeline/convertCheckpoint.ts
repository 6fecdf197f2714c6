/** Checkpoints as `saveCheckpoint` writes them, made from arrays that are read one at a time. */
import { createHash } from 'node:crypto';
import { Packr } from 'msgpackr';
import type { NamedArray } from '../engine/checkpoint.ts';
import { UserError } from '../engine/errors.ts';
import { encodeHalf } from '../engine/half.ts';
import { sizeOf } from '../engine/tensor.ts';
import { streamAtomic } from '../engine/writeAtomic.ts';

export interface StreamedArray {
  readonly name: string;
  readonly shape: NamedArray['shape'];
  read(): Float32Array | Promise<Float32Array>;
}

/** `loadCheckpoint` reads a file whole, which Node.js does only below 2 GiB; what is left is for names and shapes. */
const mostBytes = 2 ** 31 - 2 ** 20;
/** Writes of 2 GiB and more fail. */
const chunkBytes = 1 << 26;

const packr = new Packr({ useRecords: false });

/** The fixed parts of msgpack: maps of 2 and 4, an array and bytes with 32-bit lengths. */
const mapOfTwo = Uint8Array.of(0x82);
const mapOfFour = Uint8Array.of(0x84);
const withLength = (kind: number, length: number): Uint8Array =>
  Uint8Array.of(kind, length >>> 24, (length >>> 16) & 255, (length >>> 8) & 255, length & 255);

/**
 * Writes a checkpoint with one array in memory at a time; `half` stores f16.
 *
 * @throws UserError where it would be too large to be loaded again, or values are not finite or too large for f16.
 */
export async function streamCheckpoint(file: string, header: object, arrays: readonly StreamedArray[], half: boolean,
  wrote: (arrays: number) => void = () => undefined): Promise<void> {
  const bytes = arrays.reduce((sum, { shape }) => sum + sizeOf(shape) * (half ? 2 : 4), 0);
  if (bytes > mostBytes) {
    throw new UserError(`a checkpoint of ${(bytes / 2 ** 30).toFixed(2)} GiB could not be loaded again: it must be less `
      + `than 2 GiB. ${half ? 'There is no smaller precision.' : 'Use --precision f16.'}`);
  }
  await streamAtomic(file, async (handle) => {
    const hash = createHash('sha256');
    const put = async (part: Uint8Array): Promise<void> => {
      hash.update(part);
      for (let at = 0; at < part.length; at += chunkBytes) await handle.appendFile(part.subarray(at, at + chunkBytes));
    };
    await handle.appendFile(Buffer.from('DIVECKPT'));
    await handle.appendFile(new Uint8Array(32));
    await put(mapOfTwo);
    for (const value of ['header', header, 'arrays']) await put(packr.pack(value));
    await put(withLength(0xdd, arrays.length));
    for (const [i, array] of arrays.entries()) {
      const values = bytesOfValues(array.name, await array.read(), half);
      const { name, shape } = array;
      const fields = { name, dtype: half ? 'f16' : 'f32', shape };
      await put(mapOfFour);
      for (const [key, value] of Object.entries(fields)) {
        await put(packr.pack(key));
        await put(packr.pack(value));
      }
      await put(packr.pack('bytes'));
      await put(withLength(0xc6, values.length));
      await put(values);
      wrote(i + 1);
    }
    await handle.write(hash.digest(), 0, 32, 8);
    await handle.sync();
  });
}

function bytesOfValues(name: string, values: Float32Array, half: boolean): Uint8Array {
  // 65520 and above round to infinity.
  const most = half ? 65520 : Infinity;
  const at = values.findIndex((value) => !(Math.abs(value) < most));
  if (at >= 0) {
    throw new UserError(`${name} holds ${values[at]} at ${at}; ${half && Number.isFinite(values[at]!)
      ? 'f16 ends at 65504: use --precision f32' : 'weights must be finite'}`);
  }
  const stored = half ? encodeHalf(values) : values;
  return new Uint8Array(stored.buffer, stored.byteOffset, stored.byteLength);
}
