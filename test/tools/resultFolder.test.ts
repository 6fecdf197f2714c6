// Folders that results are added to: what may be gone on with.
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { UserError } from '../../engine/errors.ts';
import { classifyPresets } from '../../invert/classify.ts';
import { ResultFolder, difference, type FolderJob } from '../../tools/resultFolder.ts';

const test = suite('tools: result folder', { dir: '' });

test.before.each((context) => { context.dir = mkdtempSync(join(tmpdir(), 'results-')); });
test.after.each(({ dir }) => rmSync(dir, { recursive: true }));

const job = (config: object = {}, generator = 'runs/a'): FolderJob & { made: { generator: string } } =>
  ({ made: { generator, config: { ...classifyPresets.search, ...config } } });

test('a setting that differs is named, whichever it is', () => {
  assert.is(difference(job(), job()), null);
  assert.is(difference(job(), job({}, 'runs/b')), 'generator "runs/a", not "runs/b"');
  for (const [key, value] of Object.entries(classifyPresets.search)) {
    const found = difference(job(), job({ [key]: 'other' }));
    assert.is(found, key === 'imagesAtOnce' ? null : `${key} ${JSON.stringify(value)}, not "other"`);
  }
  assert.is(difference(job(), job({ added: 1 })), 'added undefined, not 1');
});

const folderAt = (dir: string): ResultFolder<FolderJob, number> =>
  new ResultFolder(dir, { job: 'job', records: 'numbers' });

const messageOf = async (act: () => Promise<void>): Promise<string> => {
  try {
    await act();
  } catch (error) {
    assert.instance(error, UserError);
    return (error as Error).message;
  }
  return 'nothing was refused';
};

test('results are gone on with under the settings they were begun with', async ({ dir }) => {
  const first = folderAt(dir);
  await first.begin(job());
  await first.append(job(), 1, 2);
  writeFileSync(join(dir, 'numbers.jsonl'), '1\n2\n{"thr');
  const second = folderAt(dir);
  assert.equal(second.records, [1, 2]);
  assert.throws(() => second.expectEmpty(), /holds numbers already; go on with --resume/);
  second.expectEmpty(true);
  assert.is(await messageOf(() => second.begin(job({ seed: 7 }))),
    `${dir}: was begun with seed 0, not 7; choose another --out`);
  await second.begin(job({ imagesAtOnce: 1 }));
  await second.append(job({ imagesAtOnce: 1 }), 3);
  assert.is(readFileSync(join(dir, 'numbers.jsonl'), 'utf8'), '1\n2\n3\n');
  assert.is(second.job()!.made.config.imagesAtOnce, 1);
});

test('results that nothing is known of are refused; a folder without any is free', async ({ dir }) => {
  writeFileSync(join(dir, 'numbers.jsonl'), '1\n');
  assert.is(await messageOf(() => folderAt(dir).begin(job())), `${dir}: holds numbers but no job.json, so that nothing `
    + 'says with which settings they were made; choose another --out');
  assert.is(readFileSync(join(dir, 'numbers.jsonl'), 'utf8'), '1\n');
  writeFileSync(join(dir, 'numbers.jsonl'), '');
  const empty = folderAt(dir);
  empty.expectEmpty();
  await empty.begin(job());
  assert.is(empty.job(), null);
});

test.run();
