// Whether the generator that comes along draws what it is asked, measured as a user would.
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { assertRefused, runTool } from '../support/runTool.ts';

const test = suite('tools/drawn', { folder: '' });
const generator = join(process.cwd(), 'weights/flat64/generator');
const cwd = process.cwd();

test.before(async (context) => {
  context.folder = mkdtempSync(join(tmpdir(), 'drawn-test-'));
  await runTool('data', ['scenes', '--kind', 'flat', '--size', '64', '--count', '60', '--seed', '5', '--out',
    join(context.folder, 'scenes')], { cwd });
});
test.after(({ folder }) => rmSync(folder, { recursive: true }));

const dataset = (folder: string): string[] =>
  ['--annotations', join(folder, 'scenes/train.json'), '--images', join(folder, 'scenes/images')];

test('most objects are drawn where they were asked for, and of the right class', async ({ folder }) => {
  const out = join(folder, 'drawn');
  const { status, stdout, stderr } = await runTool('evaluate', ['drawn', '--generator', generator, ...dataset(folder),
    '--count', '8', '--steps', '12', '--out', out], { cwd });
  assert.is(status, 0, stderr);
  assert.match(stdout, /objects in 8 pictures: drawn at IoU 0.5 of the asked box/);
  const figures = JSON.parse(readFileSync(join(out, 'drawn.json'), 'utf8'));
  assert.ok(figures.placed >= 0.75, JSON.stringify(figures));
  assert.ok(figures.rightClass >= 0.75, JSON.stringify(figures));
  assert.ok(figures.chance <= 0.4 && figures.rightClassElsewhere <= 0.6, JSON.stringify(figures));
  assert.ok(existsSync(join(out, 'contact-sheet.png')));
});

test('refuses a --count that leaves nothing to compare with', ({ folder }) =>
  assertRefused('evaluate', ['drawn', '--generator', generator, ...dataset(folder), '--count', '1000'],
    /no pictures are left to compare with; lower --count/, { cwd }));

test.run();
