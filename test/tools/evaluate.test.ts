// The evaluate command as a user runs it: a process, its exit status, its lines and its files.
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { assertRefused as refused, runTool, type ToolResult } from '../support/runTool.ts';

const test = suite('tools/evaluate', { folder: '' });

test.before((context) => {
  const folder = mkdtempSync(join(tmpdir(), 'evaluate-test-'));
  context.folder = folder;
  const gt = {
    images: [{ id: 1 }, { id: 2 }],
    categories: [{ id: 1, name: 'cell' }, { id: 2, name: 'die' }],
    annotations: [{ id: 1, image_id: 1, category_id: 1, bbox: [10, 10, 100, 100], area: 10000, iscrowd: 0 }],
  };
  const detection = { image_id: 1, category_id: 1, bbox: [30, 10, 100, 100], score: 0.5 };
  writeFileSync(join(folder, 'gt.json'), JSON.stringify(gt));
  writeFileSync(join(folder, 'dt.json'), JSON.stringify([detection]));
  writeFileSync(join(folder, 'stray.json'), JSON.stringify([detection, { ...detection, image_id: 7 }]));
});
test.after(({ folder }) => rmSync(folder, { recursive: true }));

const evaluate = (cwd: string, ...args: string[]): Promise<ToolResult> => runTool('evaluate', args, { cwd });
const assertRefused = (cwd: string, args: string[], pattern: RegExp): Promise<void> =>
  refused('evaluate', args, pattern, { cwd });

test('prints the figures and writes evaluation.json beside the detections', async ({ folder }) => {
  const { status, stdout, stderr } = await evaluate(folder, '--annotations', 'gt.json', '--detections', 'dt.json');
  assert.is(status, 0, stderr);
  assert.match(stdout, '2 images (1 without detections), 1 objects, 1 detections');
  assert.match(stdout, ' Average Precision  (AP) @[ IoU=0.50:0.95 | area=   all | maxDets=100 ] = 0.400');
  assert.match(stdout, /^cell +0\.400 +1\.000 +0\.400 +1 +1$/m);
  assert.match(stdout, /^die +- +- +- +0 +0$/m);
  const { stats } = JSON.parse(readFileSync(join(folder, 'evaluation.json'), 'utf8'));
  assert.equal(stats.map((figure: number) => figure.toFixed(3)).slice(0, 3), ['0.400', '1.000', '0.000']);
});

test('--out, --json and settings', async ({ folder }) => {
  const { status, stdout, stderr } = await evaluate(
    folder, 'detections', '--annotations', 'gt.json', '--detections', 'dt.json',
    '--out', 'made', '--json', 'figures.json', '--max-dets', '1,2,3',
    '--iou-thresholds', '0.5,0.75', '--use-ignore-flags');
  assert.is(status, 0, stderr);
  assert.match(stdout, 'AP at maxDets=3 is 0.500');
  const written = ['made/evaluation.json', 'figures.json'].map((name) => readFileSync(join(folder, name), 'utf8'));
  assert.is(written[0], written[1]);
  const { params } = JSON.parse(written[0]!);
  assert.equal([params.maxDets, params.iouThrs, params.useIgnoreFlags], [[1, 2, 3], [0.5, 0.75], true]);
});

test('--help lists the options with their defaults and an example', async ({ folder }) => {
  const { status, stdout } = await evaluate(folder, '--help');
  assert.is(status, 0);
  const unwrapped = stdout.replace(/\s+/g, ' ');
  for (const text of ['--annotations <file>', '0.5 to 0.95 in steps of 0.05', '1,10,100', 'Example:']) {
    assert.ok(unwrapped.includes(text), text);
  }
});

test('bad input ends with status 2, one line, and no file', async ({ folder }) => {
  const good = ['--annotations', 'gt.json', '--detections', 'dt.json'];
  await assertRefused(folder, [], /--annotations FILE is missing/);
  await assertRefused(folder, ['--annotation', 'gt.json'],
    /unknown option '--annotation'.*Did you mean --annotations\?/);
  await assertRefused(folder, ['bogus', ...good], /too many arguments/);
  await assertRefused(folder, [...good, '--max-dets', '1,x,3'], /--max-dets: .* found 'x' in '1,x,3'/);
  await assertRefused(folder, [...good, '--max-dets', '100'], /maxDets must be three ascending/);
  await assertRefused(folder, ['--annotations', 'absent.json', '--detections', 'dt.json'],
    /absent\.json: cannot be read/);
  await assertRefused(folder, [...good, '--out', 'gt.json'], /gt\.json\/evaluation\.json: cannot be written/);
  const stray = ['--annotations', 'gt.json', '--detections', 'stray.json', '--out', 'unmade'];
  await assertRefused(folder, stray, /stray\.json\[1\]: image_id 7 is not among the 2 images/);
  assert.not.ok(existsSync(join(folder, 'unmade')));
});

test.run();
