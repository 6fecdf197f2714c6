// Interrupts of a detection, and going on with it.
import { appendFileSync, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { writeMicroRuns } from '../support/microRuns.ts';
import { assertRefused, assertRuns, runTool } from '../support/runTool.ts';

const test = suite('tools: detect', { cwd: '' });

test.before(async (context) => {
  const cwd = mkdtempSync(join(tmpdir(), 'detect-'));
  context.cwd = cwd;
  await assertRuns('data',
    ['scenes', '--kind', 'flat', '--size', '16', '--count', '5', '--val-fraction', '0', '--out', 'data'], { cwd });
  await writeMicroRuns(cwd);
});
test.after(({ cwd }) => rmSync(cwd, { recursive: true }));

const detect = (steps: number, out: string, ...more: string[]): string[] => ['detect', '--generator', 'generator',
  '--prior', 'prior', '--images', 'data/images', '--timesteps', '9,19', '--steps', `${steps}`, '--images-at-once', '2',
  '--monitor-every', '2', '--local-rounds', '1', '--out', out, ...more];

/** What a folder holds apart from what time alone decides. */
function contents(...path: string[]): { records: object[]; detections: unknown; job: unknown } {
  const text = (name: string): string => readFileSync(join(...path, name), 'utf8');
  return {
    records: text('inversions.jsonl').trimEnd().split('\n').map((line) => ({ ...JSON.parse(line), seconds: 0 })),
    detections: JSON.parse(text('detections.json')), job: JSON.parse(text('detect.json')),
  };
}

test('an interrupted detection goes on where it stopped, and ends as one that was not', async ({ cwd }) => {
  await assertRuns('invert', detect(4, 'whole'), { cwd });
  await assertRuns('invert', detect(4, 'parts', '--count', '3'), { cwd });
  // A record that was being written when the power went.
  appendFileSync(join(cwd, 'parts', 'inversions.jsonl'), '{"imageId":4,"fileName"');
  await assertRuns('invert', detect(4, 'parts', '--resume'), { cwd });
  const whole = contents(cwd, 'whole');
  assert.is(whole.records.length, 5);
  assert.equal(contents(cwd, 'parts'), whole);
  assert.ok(existsSync(join(cwd, 'parts', 'index.html')));
});

test('Ctrl-C ends it with status 130, and what is done is kept', async ({ cwd }) => {
  const { status, stderr } = await runTool('invert', detect(5000, 'stopped'), { cwd, interruptAt: /^config: /m });
  assert.is(status, 130, stderr);
  assert.equal(JSON.parse(readFileSync(join(cwd, 'stopped', 'detections.json'), 'utf8')), []);
  const whole = contents(cwd, 'whole');
  // As if it had been stopped behind the second picture.
  await assertRuns('invert', detect(4, 'kept', '--count', '2'), { cwd });
  const before = readFileSync(join(cwd, 'kept', 'inversions.jsonl'), 'utf8');
  await runTool('invert', detect(4, 'kept', '--resume'), { cwd, interruptAt: /^config: /m });
  assert.ok(readFileSync(join(cwd, 'kept', 'inversions.jsonl'), 'utf8').startsWith(before));
  assert.equal(contents(cwd, 'kept').records, whole.records.slice(0, contents(cwd, 'kept').records.length));
});

test('a detection goes on as it was begun, or not at all', async ({ cwd }) => {
  const refused = (args: string[], pattern: RegExp): Promise<void> => assertRefused('invert', args, pattern, { cwd });
  await refused(detect(4, 'whole'), /whole: holds inversions already; go on with --resume/);
  await refused(detect(4, 'whole', '--resume', '--lr', '0.5'),
    /whole: was begun with lr 0.3, not 0.5; choose another --out/);
  await refused(detect(4, 'whole', '--resume', '--no-prior'), /whole: was begun with prior "prior", not null/);
});

test('options that cannot work are refused', async ({ cwd }) => {
  const refused = (args: string[], pattern: RegExp): Promise<void> => assertRefused('invert', args, pattern, { cwd });
  await refused(detect(4, 'x', '--init', 'prior', '--no-prior'), /--init prior: starts are drawn from a prior/);
  await refused(detect(4, 'x', '--screen-pairs', '3'), /screenPairs must divide monitorPairs, 8; found 3/);
  await refused(detect(4, 'x', '--method', 'luck'), /--method/);
  await refused(detect(4, 'x', '--timesteps', '3'),
    /--timesteps <low,high>.*must be two whole numbers, low,high; found '3'/);
  writeFileSync(join(cwd, 'file'), '');
  await refused(detect(4, 'file/x'), /--out file\/x: cannot be written/);
});

test.run();
