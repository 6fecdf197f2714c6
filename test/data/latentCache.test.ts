import { mkdtemp, readdir, readFile, rm, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { latentFingerprint, latentRow, openLatentCache } from '../../data/latentCache.ts';
import type { LatentCacheOptions } from '../../data/latentCache.ts';
import { rejects } from './rejects.ts';

const test = suite<{ dir: string }>('latentCache', { dir: '' });
test.before.each(async (context) => {
  context.dir = await mkdtemp(join(tmpdir(), 'latents-'));
});
test.after.each(async ({ dir }) => rm(dir, { recursive: true }));

/** Five latents [2, 3, 3] given as 2 + 3, and how often they were encoded. */
function options(dir: string, fingerprint = 'f'): LatentCacheOptions & { encoded: number; reports: string[] } {
  const made = {
    encoded: 0, reports: [] as string[],
    path: join(dir, 'cache', 'latents.msgpack'), fingerprint, shape: [2, 3, 3] as const, rows: 5,
    report: (line: string) => { made.reports.push(line); },
    async *encode() {
      made.encoded++;
      const all = Float32Array.from({ length: 90 }, (_, i) => Math.sqrt(i));
      yield all.subarray(0, 36);
      yield all.subarray(36);
    },
  };
  return made;
}

test('encodes once, then reads the same values', async ({ dir }) => {
  const first = options(dir);
  const built = await openLatentCache(first);
  const second = options(dir);
  const read = await openLatentCache(second);
  assert.is(first.encoded, 1);
  assert.is(second.encoded, 0);
  assert.equal(read.values, built.values);
  assert.equal([...latentRow(read, 2)], [...built.values.subarray(36, 54)]);
  assert.throws(() => latentRow(read, 5), /0 .. 4/);
  assert.equal(await readdir(join(dir, 'cache')), ['latents.msgpack']);
  assert.match(first.reports[0], /there is none yet/);
});

test('a stale cache is made anew, or refused', async ({ dir }) => {
  await openLatentCache(options(dir));
  await rejects(openLatentCache({ ...options(dir, 'g'), onStale: 'refuse' }), /another autoencoder.*Delete it/);
  const changed = options(dir, 'g');
  await openLatentCache(changed);
  assert.is(changed.encoded, 1);
  assert.match(changed.reports[0], /another autoencoder/);
});

test('damage is found: cut off, a changed byte, another kind of file', async ({ dir }) => {
  const { path } = options(dir);
  await openLatentCache(options(dir));
  const whole = await readFile(path);
  const flipped = Buffer.from(whole);
  flipped[whole.length - 9] ^= 1;
  for (const bytes of [whole.subarray(0, whole.length - 9), flipped, Buffer.from('hello'), Buffer.alloc(0)]) {
    await writeFile(path, bytes);
    await rejects(openLatentCache({ ...options(dir), onStale: 'refuse' }), /cannot be used: it is/);
  }
  const again = options(dir);
  await openLatentCache(again);
  assert.equal(await readFile(path), whole);
});

test('an encoder that fails or gives too little leaves nothing behind', async ({ dir }) => {
  const broken = { ...options(dir), async *encode() {
    yield new Float32Array(18);
  } };
  await openLatentCache(broken).then(() => assert.unreachable(), (error) => assert.match(error.message, /gave 1/));
  assert.equal(await readdir(join(dir, 'cache')), []);
});

test('the fingerprint follows weights, list, files, size, crop and flips', async ({ dir }) => {
  const source = {
    autoencoder: 'abc', imagesDir: dir, fileNames: ['a', 'b'], size: 64, crop: 'none' as const, flips: false,
  };
  await writeFile(join(dir, 'a'), '1');
  await writeFile(join(dir, 'b'), '2');
  const base = await latentFingerprint(source);
  assert.is(await latentFingerprint({ ...source }), base);
  const others = [
    { autoencoder: 'abd' }, { fileNames: ['b', 'a'] }, { fileNames: ['a'] }, { size: 32 }, { crop: 'center' as const },
    { flips: true },
  ];
  for (const other of others) assert.is.not(await latentFingerprint({ ...source, ...other }), base);
  await utimes(join(dir, 'a'), 1000, 1000);
  assert.is.not(await latentFingerprint(source), base);
  await rejects(latentFingerprint({ ...source, fileNames: ['none'] }), /none: image cannot be read/);
});

test.run();
