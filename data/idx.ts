/** IDX files, the format of MNIST: arrays of bytes, plain or gzipped [LeCun, Cortes and Burges, MNIST page]. */
import { readFile } from 'node:fs/promises';
import { promisify } from 'node:util';
import { gunzip } from 'node:zlib';
import { UserError } from '../engine/errors.ts';

/** An array of unsigned bytes, row-major. */
export interface IdxArray {
  readonly shape: readonly number[];
  readonly values: Uint8Array;
}

const unsignedByte = 0x08;

/** Reads an IDX file of unsigned bytes; UserError naming the path when it is missing, damaged or of another type. */
export async function readIdx(path: string): Promise<IdxArray> {
  let bytes: Buffer;
  try {
    bytes = await readFile(path);
    if (bytes[0] === 0x1f && bytes[1] === 0x8b) bytes = await promisify(gunzip)(bytes);
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    throw new UserError(`${path}: IDX file cannot be read (${code ?? message}). Is it missing or cut off?`);
  }
  const axes = bytes[3];
  if (bytes.length < 4 || bytes[0] !== 0 || bytes[1] !== 0 || bytes[2] !== unsignedByte || axes < 1) {
    throw new UserError(`${path}: not an IDX file of unsigned bytes: it begins with ` +
      `${bytes.subarray(0, 4).toString('hex') || 'nothing'}, expected 0000080n`);
  }
  const start = 4 + 4 * axes;
  const shape = Array.from({ length: axes }, (_, i) => (bytes.length >= start ? bytes.readUInt32BE(4 + 4 * i) : 0));
  const count = shape.reduce((product, side) => product * side, 1);
  if (bytes.length !== start + count) {
    throw new UserError(
      `${path}: an IDX array of [${shape.join(', ')}] needs ${start + count} bytes, found ${bytes.length}`);
  }
  return { shape, values: new Uint8Array(bytes.buffer, bytes.byteOffset + start, count) };
}
