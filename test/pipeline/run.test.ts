import { existsSync, mkdirSync, mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { UserError } from '../../engine/errors.ts';
import { tokenTableName } from '../../pipeline/prior.ts';
import { expectRun, loadRun, logMetrics, openRun, rewindMetrics } from '../../pipeline/run.ts';
import { writeMicroRuns } from '../support/microRuns.ts';

const test = suite('pipeline/run', { dir: '' });

test.before.each((context) => { context.dir = mkdtempSync(join(tmpdir(), 'run-')); });
test.after.each(({ dir }) => rmSync(dir, { recursive: true }));

const throwsUserError = (run: () => unknown, pattern: RegExp): void =>
  assert.throws(run, (error: Error) => error instanceof UserError && pattern.test(error.message));

test('loadRun: best before latest, frozen weights apart, kinds checked', async ({ dir }) => {
  await writeMicroRuns(dir);
  const prior = loadRun<{ seed: number }>(join(dir, 'prior'), 'prior');
  assert.is(prior.header.kind, 'prior');
  assert.equal([...prior.frozen.keys()], [tokenTableName]);
  assert.ok(prior.weights.has('class_head.weight') && !prior.weights.has(tokenTableName));
  assert.match(prior.file, /latest\.msgpack$/);
  assert.equal(prior.frozen.get(tokenTableName)!.data,
    loadRun(join(dir, 'generator'), 'generator').weights.get(tokenTableName)!.data);
  throwsUserError(() => loadRun(join(dir, 'prior'), 'autoencoder'), /holds a prior, but an autoencoder is needed here/);
  throwsUserError(() => loadRun(join(dir, 'nothing'), 'prior'), /nothing: is not the folder of a trained prior/);
  const best = join(dir, 'prior', 'checkpoints', 'best.msgpack');
  writeFileSync(best, 'DIVECKPT and then nothing of use, at some length');
  throwsUserError(() => loadRun(join(dir, 'prior'), 'prior'), /best\.msgpack: its checksum does not match/);
  assert.match(loadRun(join(dir, 'prior'), 'prior', 'latest').file, /latest\.msgpack$/);
});

test('expectRun and openRun', ({ dir }) => {
  const out = join(dir, 'deep', 'run');
  throwsUserError(() => expectRun(out, true), /there is no checkpoint to resume/);
  expectRun(out, false);
  openRun(out, 'prior', { batch: 3 }, false);
  const { kind, config, command } = JSON.parse(readFileSync(join(out, 'config.json'), 'utf8'));
  assert.equal([kind, config, typeof command], ['prior', { batch: 3 }, 'string']);
  assert.equal(readdirSync(out).sort(), ['checkpoints', 'config.json', 'metrics.jsonl', 'samples']);
  writeFileSync(join(out, 'checkpoints', 'latest.msgpack'), '');
  throwsUserError(() => openRun(out, 'prior', {}, false), /holds a run already; go on with --resume/);
  writeFileSync(join(dir, 'file'), '');
  throwsUserError(() => openRun(join(dir, 'file'), 'prior', {}, false), /file: cannot be written/);
});

test('rewindMetrics drops later and half-written records, and wants no file', ({ dir }) => {
  rewindMetrics(dir, 3);
  assert.not.ok(existsSync(join(dir, 'metrics.jsonl')));
  mkdirSync(join(dir, 'x'));
  const read = (): string => readFileSync(join(dir, 'metrics.jsonl'), 'utf8');
  for (const step of [1, 2, 3, 4]) logMetrics(dir, { step, note: 'über' });
  const all = read();
  rewindMetrics(dir, 4);
  assert.is(read(), all);
  writeFileSync(join(dir, 'metrics.jsonl'), `${all}{"step": 5, "lo`);
  rewindMetrics(dir, 9);
  assert.is(read(), all);
  rewindMetrics(dir, 2);
  assert.is(read(), all.split('\n').slice(0, 2).map((line) => `${line}\n`).join(''));
  rewindMetrics(dir, 0);
  assert.is(read(), '');
});

test.run();
