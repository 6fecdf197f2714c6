// The whole way by command line, at a size of seconds: data, three trainings, detection, evaluation; and their files.
import { existsSync, mkdtempSync, readFileSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import sharp from 'sharp';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { loadCheckpoint } from '../../engine/checkpoint.ts';
import { assertRefused, assertRuns, runTool } from '../support/runTool.ts';

const test = suite('tools: the whole path', { cwd: '' });

test.before((context) => { context.cwd = mkdtempSync(join(tmpdir(), 'path-')); });
test.after(({ cwd }) => rmSync(cwd, { recursive: true }));

const json = (...path: string[]): any => JSON.parse(readFileSync(join(...path), 'utf8'));
const lines = (...path: string[]): any[] =>
  readFileSync(join(...path), 'utf8').trimEnd().split('\n').map((line) => JSON.parse(line));

async function assertPicture(...path: string[]): Promise<void> {
  const { width, height, format } = await sharp(join(...path)).metadata();
  assert.ok(format === 'png' && width > 0 && height > 0, path.join('/'));
  await sharp(join(...path)).raw().toBuffer();
}

/** Whole HTML that refers to the pictures in it by names that exist. */
function assertPage(dir: string, ...mentions: string[]): void {
  const page = readFileSync(join(dir, 'index.html'), 'utf8');
  assert.match(page, /^<!doctype html>/i);
  assert.match(page, /<\/html>\s*$/);
  for (const text of mentions) assert.ok(page.includes(text), `${dir}/index.html lacks ${text}`);
}

/** Everything that training leaves in a run's folder. */
async function assertRun(dir: string, kind: string, steps: number): Promise<void> {
  const { kind: found, config, command } = json(dir, 'config.json');
  assert.is(found, kind);
  assert.is(config.loop.steps, steps);
  assert.is(config.seed, 3);
  assert.match(command, /--preset micro/);
  const records = lines(dir, 'metrics.jsonl');
  const losses = records.filter(({ loss }) => loss !== undefined);
  assert.equal(losses.map(({ step }) => step), Array.from({ length: steps }, (_, i) => i + 1));
  assert.ok(losses.every((record) => ['loss', 'gradNorm', 'lr', 'ms'].every((key) => Number.isFinite(record[key]))));
  const validations = records.filter(({ val }) => val !== undefined);
  assert.equal(validations.map(({ step }) => step), steps === 3 ? [2, 3] : [2, 4]);
  const best = validations.reduce((a, b) => (b.val < a.val ? b : a));
  for (const which of ['latest', 'best']) {
    const { header, arrays } = loadCheckpoint<any>(join(dir, 'checkpoints', `${which}.msgpack`));
    assert.is(header.kind, kind);
    assert.equal(header.config, config);
    assert.is(header.step, which === 'latest' ? steps : best.step);
    assert.is(header.best.value, best.val);
    assert.ok([...arrays.values()].every(({ data }) => data.every(Number.isFinite)), `${dir} ${which} is finite`);
    assert.ok([...arrays.keys()].some((name) => name.startsWith('average/')));
    assert.is([...arrays.keys()].some((name) => name.startsWith('state/')), which === 'latest');
  }
  const sample = `${String(steps).padStart(6, '0')}.png`;
  assert.is(readdirSync(join(dir, 'samples')).sort().at(-1), sample);
  await assertPicture(dir, 'samples', sample);
  assertPage(dir, `samples/${sample}`, 'micro', '<svg');
  assert.equal(readdirSync(dir, { recursive: true }).filter((name) => String(name).endsWith('.tmp')), []);
}

const annotated = ['--annotations', 'data/train.json'];
const pictured = [...annotated, '--images', 'data/images'];
const micro = ['--preset', 'micro', '--seed', '3'];

test('data scenes', async ({ cwd }) => {
  await assertRuns('data', ['scenes', '--kind', 'flat', '--size', '16', '--count', '24', '--out', 'data'], { cwd });
  const [train, val] = [json(cwd, 'data', 'train.json'), json(cwd, 'data', 'val.json')];
  assert.is(train.images.length + val.images.length, 24);
  for (const { file_name: name } of [...train.images, ...val.images]) await assertPicture(cwd, 'data', 'images', name);
});

test('train:autoencoder', async ({ cwd }) => {
  const printed = await assertRuns('train-autoencoder', [
    ...pictured, ...micro, '--steps', '3', '--out', 'autoencoder', '--json', 'made/ae.json',
  ], { cwd });
  assert.match(printed, /^adapter: .+$/m);
  assert.match(printed, /^config: \{/m);
  await assertRun(join(cwd, 'autoencoder'), 'autoencoder', 3);
  assert.is(json(cwd, 'made', 'ae.json').step, 3);
});

test('train:generator', async ({ cwd }) => {
  await assertRuns('train-generator', [
    ...pictured, ...micro, '--steps', '4', '--autoencoder', 'autoencoder', '--out', 'generator', '--optim.lr', '5e-3',
  ], { cwd });
  await assertRun(join(cwd, 'generator'), 'generator', 4);
  assert.is(json(cwd, 'generator', 'config.json').config.optim.lr, 5e-3);
});

test('train:prior, stopped by Ctrl-C and gone on with', async ({ cwd }) => {
  const prior = [...annotated, ...micro, '--generator', 'generator', '--out', 'prior'];
  await assertRuns('train-prior', [...prior, '--steps', '4'], { cwd });
  await assertRun(join(cwd, 'prior'), 'prior', 4);
  await assertRefused('train-prior', [...prior, '--steps', '6'], /holds a run already/, { cwd });
  const long = [...annotated, ...micro, '--out', 'stopped', '--steps', '2000'];
  const { status, stdout, stderr } = await runTool('train-prior', long, { cwd, interruptAt: /^step 2 /m });
  assert.is(status, 130, stderr);
  const reached = Number(/^stopped at step (\d+)/m.exec(stdout)![1]);
  assert.ok(reached >= 2 && reached < 2000);
  assert.is(loadCheckpoint<any>(join(cwd, 'stopped', 'checkpoints', 'latest.msgpack')).header.step, reached);
  const goneOn = await runTool('train-prior', [...long, '--resume'], { cwd, interruptAt: /^resumed at step/m });
  assert.match(goneOn.stdout, `resumed at step ${reached}\n`);
  assert.is(goneOn.status, 130, goneOn.stderr);
});

test('train:prior in half precision, and gone on with; not what was trained in f32', async ({ cwd }) => {
  const half = [...annotated, ...micro, '--precision', 'f16'];
  const out = join(cwd, 'half');
  await assertRuns('train-prior', [...half, '--steps', '2', '--out', 'half'], { cwd });
  await assertRuns('train-prior', [...half, '--steps', '4', '--out', 'half', '--resume'], { cwd });
  await assertRun(out, 'prior', 4);
  assert.is(json(out, 'config.json').config.optim.precision, 'f16');
  const { arrays } = loadCheckpoint(join(out, 'checkpoints', 'latest.msgpack'));
  assert.equal([...arrays.get('state/prior loss scale')!.data], [2 ** 16]);
  const steps = lines(out, 'metrics.jsonl').filter(({ loss }) => loss);
  assert.equal(steps.map(({ scale, skipped }) => [scale, skipped]), Array(4).fill([65536, 0]));
  await assertRefused('train-prior',
    [...half, '--generator', 'generator', '--out', 'prior', '--resume', '--steps', '6'],
    /lacks the state 'prior loss scale'. Was it saved with other options\?/, { cwd });
});

test('invert detect, all at once and in two sittings', async ({ cwd }) => {
  const detect = ['detect', '--generator', 'generator', '--prior', 'prior', '--annotations', 'data/val.json',
    '--images', 'data/images', '--steps', '4', '--restarts', '2', '--local-rounds', '1', '--images-at-once', '2'];
  await assertRuns('invert', [...detect, '--count', '2', '--out', 'found', '--json', 'made/found.json'], { cwd });
  const found = join(cwd, 'found');
  const { images, categories } = json(cwd, 'data', 'val.json');
  const records = lines(found, 'inversions.jsonl');
  assert.equal(records.map(({ imageId }) => imageId), images.map(({ id }: any) => id));
  for (const record of records) {
    assert.is(record.tokens.length, 6);
    assert.is(record.boxes.length, record.detections.length);
    assert.is(record.loss.length, record.monitor.length);
    assert.ok(record.convergenceStep >= 1 && record.convergenceStep <= 4);
    assert.ok([record.seconds, record.seed, record.energy].every(Number.isFinite));
  }
  const detections = json(found, 'detections.json');
  assert.is(detections.length, records.reduce((total, record) => total + record.detections.length, 0));
  for (const { image_id: image, category_id: category, bbox: [x, y, w, h], score } of detections) {
    assert.ok(images.some(({ id }: any) => id === image) && categories.some(({ id }: any) => id === category));
    assert.ok(x >= 0 && y >= 0 && w > 0 && h > 0 && x + w <= 16 && y + h <= 16 && score >= 0 && score <= 1);
  }
  const overlays = readdirSync(join(found, 'overlays'));
  assert.is(overlays.length, 2);
  for (const name of overlays) await assertPicture(found, 'overlays', name);
  assertPage(found, ...overlays);
  assert.is(json(cwd, 'made', 'found.json').images, 2);

  await assertRefused('invert', [...detect, '--out', 'found'],
    /found: holds inversions already; go on with --resume/, { cwd });
  await assertRuns('invert', [...detect, '--count', '1', '--out', 'again'], { cwd });
  await assertRuns('invert', [...detect, '--count', '2', '--out', 'again', '--resume'], { cwd });
  const withoutTime = (out: string): unknown =>
    lines(cwd, out, 'inversions.jsonl').map((record) => ({ ...record, seconds: 0 }));
  assert.equal(withoutTime('again'), withoutTime('found'), 'alone, in company, and in two sittings: the same');
  assert.equal(json(cwd, 'again', 'detections.json'), detections);
});

test('evaluate', async ({ cwd }) => {
  await assertRuns('evaluate', ['--annotations', 'data/val.json', '--detections', 'found/detections.json'], { cwd });
  const { stats } = json(cwd, 'found', 'evaluation.json');
  assert.is(stats.length, 12);
  assert.ok(stats.every((value: number) => value >= -1 && value <= 1));
  assert.not.ok(existsSync(join(cwd, 'evaluation.json')));
});

test.run();
