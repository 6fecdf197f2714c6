import { existsSync, mkdtempSync, readFileSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { loadCheckpoint, saveCheckpoint } from '../../engine/checkpoint.ts';
import { streamCheckpoint, type StreamedArray } from '../../pipeline/convertCheckpoint.ts';

const test = suite('convertCheckpoint', { dir: '' });
test.before((context) => { context.dir = mkdtempSync(join(tmpdir(), 'stream-')); });
test.after(({ dir }) => rmSync(dir, { recursive: true }));

// More arrays than a short msgpack list counts, one longer than short byte strings, and an empty one.
const lengths = Array.from({ length: 70_000 / 100 }, (_, i) => (i === 3 ? 70_000 : i % 5));
const values = lengths.map((length, i) => Float32Array.from({ length }, (_, k) => Math.sin(i + k)));
const arrays: StreamedArray[] = values.map((data, i) =>
  ({ name: `weights/${'x'.repeat(i % 40)}${i}`, shape: [data.length, 1], read: () => data }));
const config = { list: [1, 2.5, 'word'], none: null, deep: { yes: true } };
const header = { kind: 'generator', config, step: 0, best: null };
const whole = new Map(arrays.map(({ name, shape }, i) => [name, { shape, data: values[i]! }]));

const messageOf = (work: Promise<unknown>): Promise<string> =>
  work.then(() => 'written', (error: Error) => error.message);

for (const half of [false, true]) {
  test(`a streamed checkpoint reads like one written at once, in ${half ? 'f16' : 'f32'}`, async ({ dir }) => {
    const [streamed, saved] = [join(dir, 'streamed'), join(dir, 'saved')];
    const counts: number[] = [];
    await streamCheckpoint(streamed, header, arrays, half, (count) => counts.push(count));
    await saveCheckpoint(saved, header, whole, { half });
    const [found, expected] = [streamed, saved].map((file) => loadCheckpoint<object>(file));
    assert.equal(found!.header, expected!.header);
    assert.equal([...found!.arrays.keys()], [...expected!.arrays.keys()]);
    for (const [name, { shape, data }] of expected!.arrays) {
      const array = found!.arrays.get(name)!;
      assert.equal(array.shape, shape);
      assert.ok(Buffer.from(array.data.buffer).equals(Buffer.from(data.buffer)), name);
    }
    assert.equal(counts, arrays.map((_, i) => i + 1));
    assert.ok(Math.abs(readFileSync(streamed).length - readFileSync(saved).length) < 16 * arrays.length);
  });
}

test('arrays are asked for one after the other, and a failure leaves nothing', async ({ dir }) => {
  const sub = join(dir, 'failed');
  const failing = { ...arrays[2]!, read: () => Promise.reject(new Error('no more')) };
  assert.is(await messageOf(streamCheckpoint(join(sub, 'x'), header, [arrays[1]!, failing], false)), 'no more');
  assert.equal(readdirSync(sub), []);
});

test('what could not be loaded again is refused before anything is written', async ({ dir }) => {
  const read = (): never => { throw new Error('not to be read'); };
  const huge: StreamedArray = { name: 'weights/huge', shape: [675_000_000], read };
  const message = (arrays: StreamedArray[], half: boolean): Promise<string> =>
    messageOf(streamCheckpoint(join(dir, 'huge'), header, arrays, half));
  assert.match(await message([huge], false),
    /a checkpoint of 2\.51 GiB could not be loaded again: it must be less than 2 GiB\. Use --precision f16/);
  assert.is(await message([huge], true), 'not to be read');
  assert.match(await message([huge, { ...huge, shape: [500_000_000] }], true), /There is no smaller precision/);
  assert.not.ok(existsSync(join(dir, 'huge')));
});

test.run();
