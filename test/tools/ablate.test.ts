// An ablation: each row is what its command gives, done rows are kept, and the table says what was found.
import { mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import type { Ablation } from '../../evaluate/ablation.ts';
import { writeMicroRuns } from '../support/microRuns.ts';
import { assertRefused, assertRuns } from '../support/runTool.ts';

const test = suite('tools: ablate', { cwd: '' });

test.before(async (context) => {
  const cwd = mkdtempSync(join(tmpdir(), 'ablate-'));
  context.cwd = cwd;
  await assertRuns('data',
    ['scenes', '--kind', 'flat', '--size', '16', '--count', '4', '--val-fraction', '0.75', '--out', 'data'], { cwd });
  await writeMicroRuns(cwd);
});
test.after(({ cwd }) => rmSync(cwd, { recursive: true }));

const ablate = (rows: string, ...more: string[]): string[] => ['--generator', 'generator', '--prior', 'prior',
  '--annotations', 'data/val.json', '--images', 'data/images', '--count', '2', '--out', 'out', '--rows', rows, '--',
  '--timesteps', '9,19', '--steps', '3', '--images-at-once', '2', '--local-rounds', '0', ...more];

test('rows are what their commands give; those that are done are not run again', async ({ cwd }) => {
  await assertRuns('ablate', ablate('no-prior'), { cwd });
  const records = join(cwd, 'out', 'no-prior', 'inversions.jsonl');
  const before = statSync(records).mtimeMs;
  const printed = await assertRuns('ablate', ablate('random,no-prior,default'), { cwd });
  assert.is(statSync(records).mtimeMs, before);

  const { rows, adapter }: Ablation = JSON.parse(readFileSync(join(cwd, 'out', 'ablation.json'), 'utf8'));
  assert.equal(rows.map(({ name }) => name), ['default', 'no-prior', 'random']);
  const page = readFileSync(join(cwd, 'out', 'index.html'), 'utf8');
  for (const { name, command, images, AP, AP50, found, objects, passes, steps, mostSteps, convergenceStep } of rows) {
    assert.is(images, 2);
    assert.ok(AP >= 0 && AP50 >= AP && found <= objects && objects > 0 && passes > 0, name);
    assert.ok(convergenceStep > 0 && convergenceStep <= steps, name);
    assert.is(mostSteps, name === 'random' ? null : 3);
    assert.ok(printed.includes(`| ${name} |`) && printed.includes(command) && page.includes(command), name);
  }
  assert.ok(printed.includes(adapter));

  // Of a folder that holds more pictures than are asked for only those count.
  await assertRuns('ablate', ['--count', '1', '--json', 'one.json', ...ablate('no-prior').filter((_, i, all) =>
    all[i] !== '--count' && all[i - 1] !== '--count')], { cwd });
  const [one] = (JSON.parse(readFileSync(join(cwd, 'one.json'), 'utf8')) as Ablation).rows;
  assert.is(one!.images, 1);
  assert.is(statSync(records).mtimeMs, before);

  const [, noPrior] = rows;
  assert.not.match(noPrior!.command, /prior prior|--no-prior/);
  const args = noPrior!.command.replace('npm run invert -- ', '').replace('out/no-prior', 'again').split(' ');
  await assertRuns('invert', args, { cwd });
  const detections = (dir: string): string => readFileSync(join(cwd, dir, 'detections.json'), 'utf8');
  assert.is(detections('again'), detections('out/no-prior'));
});

test('what cannot work is refused in one line', async ({ cwd }) => {
  const refused = (args: string[], pattern: RegExp): Promise<void> => assertRefused('ablate', args, pattern, { cwd });
  await refused(ablate('default,luck'), /--rows: there is no row 'luck'; there are default, no-prior/);
  await refused(ablate('default', '--stepps', '3'), /unknown option '--stepps'/);
  await refused(ablate('no-prior', '--lr', '0.5'), /no-prior: was begun with lr 0.3, not 0.5; choose another --out/);
  await refused(['--annotations', 'data/val.json'], /--generator is missing/);
});

test.run();
