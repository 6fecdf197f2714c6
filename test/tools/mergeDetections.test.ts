// A detection in shards, put together, against the same in one run.
import { mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { writeMicroRuns } from '../support/microRuns.ts';
import { assertRefused, runTool } from '../support/runTool.ts';

const test = suite('tools: shards of a detection', { cwd: '' });

const detect = (...more: string[]): string[] => ['detect', '--generator', 'generator', '--prior', 'prior', '--images',
  'scenes/images', '--timesteps', '9,19', '--steps', '2', '--images-at-once', '2', '--local-rounds', '0',
  '--no-regenerate', ...more];
const shards = ['1/3', '2/3', '3/3'];
const folder = (shard: string): string => `shard-${shard[0]}`;

test.before(async (context) => {
  context.cwd = mkdtempSync(join(tmpdir(), 'shards-'));
  const { cwd } = context;
  await writeMicroRuns(cwd);
  await runTool('data',
    ['scenes', '--kind', 'flat', '--size', '16', '--count', '4', '--val-fraction', '0', '--out', 'scenes'], { cwd });
  writeFileSync(join(cwd, 'scenes/images/000002-broken.png'), 'no picture');
  writeFileSync(join(cwd, 'scenes/images/empty.png'), '');
});
test.after(({ cwd }) => rmSync(cwd, { recursive: true }));

const text = (...path: string[]): string => readFileSync(join(...path), 'utf8');
/** Records without what time alone decides. */
const records = (dir: string): object[] => text(dir, 'inversions.jsonl').trimEnd().split('\n')
  .map((line) => ({ ...JSON.parse(line), seconds: 0 }));

test('shards of any number give what one run gives; broken pictures are named, the others done', async ({ cwd }) => {
  const whole = await runTool('invert', detect('--out', 'whole'), { cwd });
  assert.is(whole.status, 1, whole.stderr);
  assert.match(whole.stderr, /skipped: .*000002-broken\.png: cannot be decoded/);
  assert.match(whole.stderr, /skipped: .*empty\.png: cannot be decoded/);
  for (const shard of shards) await runTool('invert', detect('--shard', shard, '--out', folder(shard)), { cwd });
  // In any order of the folders.
  const merged = await runTool('invert', ['merge', 'shard-3', 'shard-1', 'shard-2', '--out', 'merged'], { cwd });
  assert.is(merged.status, 1, merged.stderr);
  assert.match(merged.stderr, /skipped: .*000002-broken\.png/);
  assert.is(text(cwd, 'merged', 'detections.json'), text(cwd, 'whole', 'detections.json'));
  assert.equal(records(join(cwd, 'merged')), records(join(cwd, 'whole')));
  assert.is(records(join(cwd, 'whole')).length, 4);
  assert.equal(readdirSync(join(cwd, 'merged', 'overlays')), readdirSync(join(cwd, 'whole', 'overlays')));
  assert.equal(JSON.parse(text(cwd, 'merged', 'detect.json')), JSON.parse(text(cwd, 'whole', 'detect.json')));
  assert.match(text(cwd, 'merged', 'index.html'), /<\/html>\s*$/);
});

test('what is no whole detection is refused', async ({ cwd }) => {
  const refused = (args: string[], pattern: RegExp): Promise<void> => assertRefused('invert', args, pattern, { cwd });
  await refused(['merge', 'shard-1', 'shard-3', '--out', 'x'], /shard 2\/3 is missing; merge needs all of them/);
  await refused(['merge', ...shards.map(folder), 'shard-1', '--out', 'x'],
    /shard 1\/3 is there twice: shard-1, shard-1/);
  await refused(['merge', ...shards.map(folder), '--out', 'merged'], /merged: holds inversions already/);
  await refused(['merge', 'scenes', '--out', 'x'], /scenes: is not the folder of a finished detection/);
  await refused(['merge', 'shard-1', 'whole', '--out', 'x'], /belongs to another detection than/);
  await refused(detect('--shard', '4/3', '--out', 'x'), /--shard: must be I\/N with I from 1 to N, found '4\/3'/);
  writeFileSync(join(cwd, 'shard-2', 'inversions.jsonl'), '');
  await refused(['merge', ...shards.map(folder), '--out', 'x'],
    /shard-2: lacks \d of its 2 pictures; go on with detect --resume/);
});

test.run();
