// The diffusion prior as a user trains it, draws from it and weighs layouts with it; and what cannot be.
import { existsSync, mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { flatCategories, microVocabulary, writeMicroRuns } from '../support/microRuns.ts';
import { assertRefused, assertRuns } from '../support/runTool.ts';

const test = suite('tools: diffusion prior', { cwd: '' });

const annotation = (id: number, image: number, side: number): object => ({
  id, image_id: image, category_id: flatCategories[id % 3]!.id, bbox: [2, 2, side, side], area: side * side, iscrowd: 0,
});

test.before(async (context) => {
  const { cwd } = context;
  context.cwd = mkdtempSync(join(tmpdir(), 'diffusion-prior-'));
  assert.is(cwd, '');
  await assertRuns('data', ['scenes', '--kind', 'flat', '--size', '16', '--count', '12', '--val-fraction', '0',
    '--out', 'data'], context);
  await writeMicroRuns(join(context.cwd, 'runs'));
  await writeMicroRuns(join(context.cwd, 'others'), 2);
  // The first picture has more objects than there are slots, the second none.
  const file = join(context.cwd, 'data', 'train.json');
  const coco = JSON.parse(readFileSync(file, 'utf8')) as {
    annotations: { image_id: number }[]; images: { id: number }[];
  };
  const [first, second] = coco.images.map(({ id }) => id) as [number, number];
  const crowd = Array.from({ length: microVocabulary.maxObjects + 1 }, (_, i) => annotation(1000 + i, first, 6 + i));
  const annotations = [...coco.annotations.filter((of) => of.image_id !== first && of.image_id !== second), ...crowd];
  writeFileSync(join(context.cwd, 'crowded.json'), JSON.stringify({ ...coco, annotations }));
  writeFileSync(join(context.cwd, 'strange.json'),
    JSON.stringify({ ...coco, categories: [...flatCategories, { id: 77, name: 'unicorn' }] }));
});
test.after(({ cwd }) => rmSync(cwd, { recursive: true }));

const train = ['--kind', 'diffusion', '--preset', 'micro', '--generator', 'runs/generator'];
const detect = ['detect', '--generator', 'runs/generator', '--images', 'data/images', '--steps', '2', '--count', '2',
  '--restarts', '1', '--images-at-once', '2', '--local-rounds', '0', '--no-regenerate'];

test('trained, drawn from, and its term in the inversion', async ({ cwd }) => {
  const printed = await assertRuns('train-prior', [...train, '--annotations', 'crowded.json', '--out', 'prior'],
    { cwd });
  assert.match(printed, 'dropped: 1 image under minObjects, 1 image over maxObjects');
  const config = readFileSync(join(cwd, 'prior', 'config.json'), 'utf8');
  assert.match(config, '"kind": "diffusion"');
  assert.match(readFileSync(join(cwd, 'prior', 'index.html'), 'utf8'), /diffusion[\s\S]*<\/html>\s*$/);
  assert.is(readdirSync(join(cwd, 'prior', 'samples')).length, 1);

  const drawn = await assertRuns('sample', ['layouts', '--prior', 'prior', '--count', '9', '--sampler', 'dpmpp',
    '--steps', '5', '--compare', 'crowded.json', '--out', 'drawn.json', '--json', 'figures.json'], { cwd });
  assert.match(drawn, /left out: \d+ triples with none among their tokens, \d+ boxes without area/);
  assert.match(drawn, /total variation from crowded\.json: objectCounts [01]\.\d+, classes [01]\.\d+/);
  const figures = JSON.parse(readFileSync(join(cwd, 'figures.json'), 'utf8')) as Record<string, number>;
  assert.is(figures['layouts'], 9);
  assert.ok(figures['objects']! + figures['partial']! + figures['area']! <= 18);
  assert.ok(existsSync(join(cwd, 'drawn.png')));

  // Boxes of pictures to be inverted are drawn only, so crowded and empty ones are no matter.
  await assertRuns('invert', [...detect, '--annotations', 'crowded.json', '--prior', 'prior', '--out', 'found'],
    { cwd });
  assert.is(readFileSync(join(cwd, 'found', 'inversions.jsonl'), 'utf8').trimEnd().split('\n').length, 2);
});

test('what cannot be is refused', async ({ cwd }) => {
  const refused = (tool: string, args: string[], pattern: RegExp): Promise<void> =>
    assertRefused(tool, args, pattern, { cwd });
  const known = ['--annotations', 'crowded.json', '--out', 'made'];
  await refused('train-prior', [...train, '--annotations', 'strange.json', '--out', 'made'],
    /strange\.json: category 77 is "unicorn"/);
  await refused('train-prior', ['--kind', 'diffusion', '--preset', 'micro', ...known],
    /--generator: is missing; a diffusion prior lives/);
  await refused('train-prior', ['--kind', 'gan', ...known], /--kind.*autoregressive, diffusion; found 'gan'/);
  await refused('train-prior', [...train, ...known, '--preset', 'coco'],
    /--preset: there is no 'coco'; there are tiny, flat, micro, default/);
  await refused('train-prior', [...train, ...known, '--model.prediction', 'colour'],
    /must be noise, z, v; found 'colour'/);
  await refused('train-prior', ['--preset', 'micro', '--generator', 'runs/generator', '--annotations', 'crowded.json',
    '--out', 'runs/diffusion-prior', '--resume'], /holds a prior of --kind diffusion, found --kind autoregressive/);
  await refused('invert', [...detect, '--prior', 'others/diffusion-prior', '--out', 'made'],
    /was trained on another token table/);
  await refused('invert', [...detect, '--prior', 'runs/diffusion-prior', '--out', 'made', '--prior-weight', '-1'],
    /--prior-weight: must be 0 or more, found -1/);
  await refused('evaluate', ['likelihood', '--prior', 'runs/diffusion-prior', '--annotations', 'data/train.json'],
    /holds a diffusion prior, but likelihoods need an autoregressive one/);
  const sample = ['layouts', '--out', 'x.json', '--prior'];
  await refused('sample', [...sample, 'runs/diffusion-prior', '--top-p', '0.5'],
    /--top-p: goes with priors of --kind autoregressive, runs\/diffusion-prior holds one of --kind diffusion/);
  await refused('sample', [...sample, 'runs/prior', '--steps', '5'], /--steps: goes with priors of --kind diffusion/);
  await refused('sample', [...sample, 'runs/diffusion-prior', '--steps', '21'], /steps must be .* 1 to 20, found 21/);
  for (const name of ['detections.json', 'checkpoints']) assert.not.ok(existsSync(join(cwd, 'made', name)), name);
  assert.not.ok(existsSync(join(cwd, 'x.json')));
});

test.run();
