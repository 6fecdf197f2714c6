import { existsSync, mkdtempSync, readFileSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { streamAtomic, writeAtomic } from '../../engine/writeAtomic.ts';
import { rejects } from '../data/rejects.ts';

const test = suite('writeAtomic', { dir: '' });
test.before.each((context) => {
  context.dir = mkdtempSync(join(tmpdir(), 'writeAtomic-'));
});
test.after.each(({ dir }) => rmSync(dir, { recursive: true }));

test('text and bytes are written whole, folders made, nothing else left', async ({ dir }) => {
  await writeAtomic(join(dir, 'a', 'b', 'text'), 'schön');
  await writeAtomic(join(dir, 'a', 'b', 'bytes'), Uint8Array.of(0, 255));
  assert.is(readFileSync(join(dir, 'a', 'b', 'text'), 'utf8'), 'schön');
  assert.equal([...readFileSync(join(dir, 'a', 'b', 'bytes'))], [0, 255]);
  assert.equal(readdirSync(join(dir, 'a', 'b')), ['bytes', 'text']);
});

test('a file has its name only when all is written', async ({ dir }) => {
  const path = join(dir, 'file');
  await streamAtomic(path, async (file) => {
    await file.appendFile('one ');
    assert.not.ok(existsSync(path));
    await file.appendFile('two');
  });
  assert.is(readFileSync(path, 'utf8'), 'one two');
});

test('where writing fails, the old file stays and the reason passes on', async ({ dir }) => {
  const path = join(dir, 'file');
  await writeAtomic(path, 'old');
  const message = await streamAtomic(path, async (file) => {
    await file.appendFile('half');
    throw new Error('stopped');
  }).then(() => '', String);
  assert.match(message, 'stopped');
  assert.is(readFileSync(path, 'utf8'), 'old');
  assert.equal(readdirSync(dir), ['file']);
});

test('writers of one path do not disturb each other', async ({ dir }) => {
  const path = join(dir, 'file');
  const texts = Array.from({ length: 8 }, (_, i) => String(i).repeat(1 << 16));
  await Promise.all(texts.map((text) => writeAtomic(path, text)));
  assert.ok(texts.includes(readFileSync(path, 'utf8')));
  assert.equal(readdirSync(dir), ['file']);
});

test('a path that cannot be written is named', async ({ dir }) => {
  await writeAtomic(join(dir, 'file'), '');
  await rejects(writeAtomic(join(dir, 'file', 'below'), ''), /below: cannot be written \(E/);
  await rejects(writeAtomic(dir, ''), /cannot be written \(E/);
  assert.equal(readdirSync(dir), ['file']);
});

test.run();
