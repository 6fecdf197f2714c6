/**
 * Latents of a whole dataset in one file, so that training a generator does not run the frozen encoder again.
 *
 * The file is a row of msgpack records, each after its length in bytes (u32, little-endian): a header, then chunks of
 * latents with their SHA-256. It carries a fingerprint of everything the latents follow from; a file with another one
 * is stale. Values are little-endian f32 [C, h, w], flipped copies right after their originals.
 */
import { createHash } from 'node:crypto';
import { open, stat } from 'node:fs/promises';
import type { FileHandle } from 'node:fs/promises';
import { join } from 'node:path';
import { Packr } from 'msgpackr';
import { check, UserError } from '../engine/errors.ts';
import { streamAtomic } from '../engine/writeAtomic.ts';

const packr = new Packr({ useRecords: false });
const formatName = 'latent-cache-1';

/** What latents follow from. */
export interface LatentSource {
  /** Hash of the autoencoder's weights and config. */
  readonly autoencoder: string;
  readonly imagesDir: string;
  readonly fileNames: readonly string[];
  /** Side of the encoded pictures in pixels. */
  readonly size: number;
  readonly crop: 'none' | 'center';
  /** Whether every picture is also encoded mirrored. */
  readonly flips: boolean;
}

/** A hash of a source, with the byte size and time of change of every image. */
export async function latentFingerprint(source: LatentSource): Promise<string> {
  const { imagesDir, fileNames, ...rest } = source;
  const hash = createHash('sha256').update(JSON.stringify([formatName, rest]));
  for (const fileName of fileNames) {
    const path = join(imagesDir, fileName);
    const { size, mtimeMs } = await stat(path).catch((error: NodeJS.ErrnoException) => {
      throw new UserError(`${path}: image cannot be read (${error.code}). Is the images folder the right one?`);
    });
    hash.update(JSON.stringify([fileName, size, mtimeMs]));
  }
  return hash.digest('hex');
}

/** All latents in memory: `values` is [rows, C, h, w]. */
export interface LatentCache {
  readonly shape: readonly [C: number, h: number, w: number];
  readonly rows: number;
  readonly values: Float32Array;
}

/** Where a cache lies and how it is made. */
export interface LatentCacheOptions {
  readonly path: string;
  readonly fingerprint: string;
  readonly shape: LatentCache['shape'];
  /** Latents in all: images, times two with flips. */
  readonly rows: number;
  /** Yields the latents in row order, any whole number of [C, h, w] at a time. Runs when there is no usable file. */
  readonly encode: () => AsyncIterable<Float32Array>;
  /** A file that is stale or damaged: make it anew, or throw a UserError. Default: rebuild. */
  readonly onStale?: 'rebuild' | 'refuse';
  /** Told in one line why a file is made or made anew. */
  readonly report?: (line: string) => void;
}

interface Header {
  readonly format: string;
  readonly fingerprint: string;
  readonly shape: readonly number[];
  readonly rows: number;
}

interface Chunk {
  readonly firstRow: number;
  readonly sha256: Uint8Array;
  readonly values: Uint8Array;
}

const sha256 = (bytes: Uint8Array): Buffer => createHash('sha256').update(bytes).digest();

async function writeRecord(file: FileHandle, record: Header | Chunk): Promise<void> {
  const packed = packr.pack(record);
  const length = Buffer.alloc(4);
  length.writeUInt32LE(packed.length);
  await file.appendFile(Buffer.concat([length, packed]));
}

/** The next record, or null where the file ends before it is complete or holds something else. */
async function readRecord(file: FileHandle, bytesLeft: number): Promise<{ record: unknown; bytes: number } | null> {
  const length = Buffer.alloc(4);
  if ((await file.read(length, 0, 4)).bytesRead < 4) return null;
  const bytes = length.readUInt32LE();
  if (bytes > bytesLeft - 4) return null;
  const packed = Buffer.alloc(bytes);
  if ((await file.read(packed, 0, bytes)).bytesRead < bytes) return null;
  try {
    return { record: packr.unpack(packed), bytes: bytes + 4 };
  } catch {
    return null;
  }
}

/** Reads a cache, or says why it cannot be used. */
async function readCache(options: LatentCacheOptions): Promise<LatentCache | string> {
  const { path, fingerprint, shape, rows } = options;
  let file: FileHandle;
  try {
    file = await open(path, 'r');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return 'there is none yet';
    throw new UserError(`${path}: latent cache cannot be read (${(error as NodeJS.ErrnoException).code})`);
  }
  try {
    let bytesLeft = (await file.stat()).size;
    const first = await readRecord(file, bytesLeft);
    const header = first?.record as Partial<Header> | undefined;
    if (header?.format !== formatName) return 'it is not a latent cache of this version';
    const same = header.fingerprint === fingerprint && header.rows === rows && header.shape?.join() === shape.join();
    if (!same) return 'it was made from another autoencoder, image list, size, crop or flips';
    bytesLeft -= first!.bytes;
    const width = shape[0] * shape[1] * shape[2];
    const values = new Float32Array(rows * width);
    const bytes = new Uint8Array(values.buffer);
    let row = 0;
    while (row < rows) {
      const next = await readRecord(file, bytesLeft);
      const chunk = next?.record as Partial<Chunk> | undefined;
      const whole = chunk?.values && chunk.sha256 && chunk.firstRow === row && chunk.values.length > 0 &&
        row * width * 4 + chunk.values.length <= bytes.length && sha256(chunk.values).equals(chunk.sha256);
      if (!whole) return `it is damaged from latent ${row} of ${rows} on`;
      bytes.set(chunk.values!, row * width * 4);
      row += chunk.values!.length / (width * 4);
      bytesLeft -= next!.bytes;
    }
    return { shape, rows, values };
  } finally {
    await file.close();
  }
}

/** Encodes everything into a new file and returns the same values. */
async function buildCache(options: LatentCacheOptions): Promise<LatentCache> {
  const { path, fingerprint, shape, rows, encode } = options;
  const width = shape[0] * shape[1] * shape[2];
  const values = new Float32Array(rows * width);
  await streamAtomic(path, async (file) => {
    await writeRecord(file, { format: formatName, fingerprint, shape, rows });
    let row = 0;
    for await (const latents of encode()) {
      const count = latents.length / width;
      check(Number.isInteger(count) && count > 0 && row + count <= rows, () =>
        `latentCache: encode gave ${latents.length} values at row ${row} of ${rows}, not whole latents of ${width}`);
      values.set(latents, row * width);
      const bytes = new Uint8Array(latents.buffer, latents.byteOffset, latents.byteLength);
      await writeRecord(file, { firstRow: row, sha256: sha256(bytes), values: bytes });
      row += count;
    }
    check(row === rows, () => `latentCache: encode gave ${row} latents, expected ${rows}`);
  });
  return { shape, rows, values };
}

/**
 * The latents of a dataset: read from the file where it is whole and its fingerprint agrees, otherwise encoded and
 * written, whole or not at all.
 * @throws UserError when the file is stale or damaged and `onStale` is `refuse`.
 */
export async function openLatentCache(options: LatentCacheOptions): Promise<LatentCache> {
  const cache = await readCache(options);
  if (typeof cache !== 'string') return cache;
  if (options.onStale === 'refuse' && cache !== 'there is none yet') {
    throw new UserError(`${options.path}: latent cache cannot be used: ${cache}. Delete it to have it made anew.`);
  }
  options.report?.(`${options.path}: encoding ${options.rows} latents, as ${cache}`);
  return buildCache(options);
}

/** One latent [C, h, w], a view into the cache. With flips, image i lies at rows 2 i and, mirrored, 2 i + 1. */
export function latentRow({ shape, rows, values }: LatentCache, row: number): Float32Array {
  check(row >= 0 && row < rows, () => `latentRow: row must be in 0 .. ${rows - 1}, found ${row}`);
  const width = shape[0] * shape[1] * shape[2];
  return values.subarray(row * width, (row + 1) * width);
}
