// What goes wrong in training and inversion by what the user gives: status 2, one line, and nothing half-written.
import { cpSync, existsSync, mkdirSync, mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { writeMicroRuns } from '../support/microRuns.ts';
import { assertRefused, assertRuns, runTool } from '../support/runTool.ts';

type Json = Record<string, Record<string, unknown>[]>;

const test = suite('tools: bad input', { cwd: '' });

test.before(async (context) => {
  const cwd = mkdtempSync(join(tmpdir(), 'bad-input-'));
  context.cwd = cwd;
  const scenes = ['scenes', '--kind', 'flat', '--size', '16', '--count', '6', '--val-fraction', '0', '--out', 'data'];
  await assertRuns('data', scenes, { cwd });
  await writeMicroRuns(join(cwd, 'runs'));
  await writeMicroRuns(join(cwd, 'others'), 2);
});
test.after(({ cwd }) => rmSync(cwd, { recursive: true }));

const autoencoder = ['--images', 'data/images', '--preset', 'micro', '--out', 'made'];
const generator = [...autoencoder, '--autoencoder', 'runs/autoencoder'];
const good = ['--annotations', 'data/train.json'];

/** A changed copy of the annotations. */
function annotations(cwd: string, name: string, change: (json: Json) => void): string[] {
  const json = JSON.parse(readFileSync(join(cwd, 'data', 'train.json'), 'utf8')) as Json;
  change(json);
  writeFileSync(join(cwd, name), JSON.stringify(json));
  return ['--annotations', name];
}

/** Nothing but what was there before: no folder of a run, no temporary file. */
function assertNothingMade(cwd: string): void {
  assert.not.ok(existsSync(join(cwd, 'made', 'checkpoints', 'latest.msgpack')));
  const left = existsSync(join(cwd, 'made')) ? readdirSync(join(cwd, 'made'), { recursive: true }) : [];
  assert.equal(left.filter((name) => /\.(tmp|msgpack|json)$/.test(String(name))), []);
}

test('options', async ({ cwd }) => {
  const refused = (args: string[], pattern: RegExp): Promise<void> =>
    assertRefused('train-autoencoder', [...good, ...autoencoder, ...args], pattern, { cwd });
  await refused(['--stepz', '3'], /unknown option '--stepz'.*--help/);
  await refused(['--steps', 'many'], /--steps.*whole number, found 'many'/);
  await refused(['--batch', '0'], /--batch.*at least 1, found 0/);
  await refused(['--preset', 'huge'], /--preset: there is no 'huge'; there are tiny, micro/);
  await refused(['--preset', 'constructor'], /--preset: there is no 'constructor'/);
  await refused(['--optim.banana', '1'], /--optim\.banana: there is no option 'banana'; there are lr, beta1/);
  await refused(['--optim.lr', 'fast'], /--optim\.lr: must be a number, found 'fast'/);
  await refused(['--optim.lr'], /--optim\.lr: must be a number, found ''/);
  await refused(['--optim', '1'], /unknown option '--optim'/);
  await refused(['--data.flip', 'yes'], /--data\.flip: must be true or false/);
  await refused(['--optim.decay', 'steep'], /--optim\.decay: must be constant, linear, cosine; found 'steep'/);
  await refused(['--precision', 'f8'], /--precision.*must be f32, f16; found 'f8'/);
  await refused(['--optim.precision', 'f8'], /--optim\.precision: must be f32, f16; found 'f8'/);
  await refused(['--model.kind', 'vq'], /--model\.kind: must be kl; found 'vq'/);
  await refused(['--loop.logEvery', '0'], /--loop\.logEvery: must be a whole number from 1, found 0/);
  await refused(['--model.groups', '3'],
    /no model can be built with --model\.groups 3: groupNorm: .*multiple of 3 groups/);
  await refused(['--adapter', 'abacus'], /no WebGPU adapter has "abacus" in its name; there are "/);
  await refused(['--mode', 'slow'], /--mode.*safe, fast; found 'slow'/);
  await assertRefused('train-autoencoder', [...good, '--images', 'data/images', '--preset', 'micro'],
    /--out is missing/, { cwd });
  await assertRefused('doctor', ['--optim.lr', '1'], /unknown option '--optim\.lr'/, { cwd });
  assert.match(await assertRuns('invert', [], { cwd }), /detect/);
  await assertRefused('invert', ['look'], /unknown command 'look'/, { cwd });
  assertNothingMade(cwd);
});

test('annotations', async ({ cwd }) => {
  const refused = (args: string[], pattern: RegExp): Promise<void> =>
    assertRefused('train-autoencoder', [...args, ...autoencoder], pattern, { cwd });
  writeFileSync(join(cwd, 'broken.json'), '{"images": [');
  await refused([], /--annotations is missing/);
  await refused(['--annotations', 'none.json'], /none\.json: cannot be read \(ENOENT\)/);
  await refused(['--annotations', 'data'], /data: cannot be read/);
  await refused(['--annotations', 'broken.json'], /broken\.json: not valid JSON/);
  const empty = annotations(cwd, 'empty.json', (json) => { json['images'] = []; json['annotations'] = []; });
  await refused(empty, /images is empty/);
  await refused(annotations(cwd, 'one.json', (json) => {
    json['images']!.length = 1;
    json['annotations'] = json['annotations']!.filter((box) => box['image_id'] === json['images']![0]!['id']);
  }), /1 images are left.*at least 2/);
  await refused(annotations(cwd, 'class.json', (json) => { json['annotations']![0]!['category_id'] = 99; }),
    /annotations\[0\] \(id \d+\): category_id 99 is not among the categories/);
  const text = annotations(cwd, 'text.json', (json) => { json['annotations']![0]!['bbox'] = 'left'; });
  await refused(text, /annotations\[0\].*bbox/);
  const other = annotations(cwd, 'other.json', (json) => { json['categories']![0]!['name'] = 'bicycle'; });
  await refused([...good, '--validate-annotations', other[1]!], /category \d+ is "bicycle", but the model's/);
  const wild = annotations(cwd, 'wild.json', (json) => {
    json['annotations']![0]!['bbox'] = [40, 40, 5, 5];
    json['annotations']![1]!['bbox'] = [1, 1, 0, 5];
  });
  await assertRefused('data', ['inspect', ...wild, '--strict'],
    /box outside the image: x, y, width, height 40/, { cwd });
  const counted = await assertRuns('data', ['inspect', ...wild, '--min-objects', '0'], { cwd });
  assert.match(counted, /1 .*box without area/);
  assert.match(counted, /1 .*box outside the image/);
  assertNothingMade(cwd);
});

test('pictures', async ({ cwd }) => {
  await assertRefused('train-autoencoder', [...good, ...autoencoder, '--images', 'nowhere'],
    /--images nowhere: there is no such folder/, { cwd });
  cpSync(join(cwd, 'data', 'images'), join(cwd, 'torn'), { recursive: true });
  const [first, second] = readdirSync(join(cwd, 'torn')) as [string, string];
  rmSync(join(cwd, 'torn', second));
  const missing = new RegExp(`torn/${second}: there is no such picture \\(1 of`);
  await assertRefused('train-autoencoder', [...good, ...autoencoder, '--images', 'torn'], missing, { cwd });
  await assertRefused('train-generator', [...good, ...generator, '--images', 'torn'], missing, { cwd });
  cpSync(join(cwd, 'data', 'images', second), join(cwd, 'torn', second));
  for (const name of readdirSync(join(cwd, 'torn'))) {
    const whole = readFileSync(join(cwd, 'torn', name));
    writeFileSync(join(cwd, 'torn', name), whole.subarray(0, whole.length - 20));
  }
  await assertRefused('train-generator', [...good, ...generator, '--images', 'torn'],
    /torn\/.*: cannot be decoded as an image/, { cwd });
  const detect = ['detect', '--generator', 'runs/generator', '--out', 'made', '--steps', '1', '--restarts', '1',
    '--images-at-once', '1'];
  await assertRefused('invert', [...detect, '--images', 'nowhere'],
    /--images nowhere: there is no such file or folder/, { cwd });
  mkdirSync(join(cwd, 'bare'));
  await assertRefused('invert', [...detect, '--images', 'bare'], /--images bare: holds no pictures/, { cwd });
  await assertRefused('invert', [...detect, ...good, '--images', 'bare'],
    /bare\/.*: there is no such picture \(6 of 6/, { cwd });
  const { status, stderr } = await runTool('invert', [...detect, '--images', join('torn', first)], { cwd });
  assert.is(status, 2, stderr);
  assert.match(stderr, /skipped: torn\/.*cannot be decoded[^\n]*\ninvert: no picture could be read/);
  assertNothingMade(cwd);
});

test('runs of another kind, preset or token table', async ({ cwd }) => {
  await assertRefused('train-autoencoder', [...good, ...autoencoder, '--data.size', '15'],
    /15 x 15 px cannot/, { cwd });
  const refused = (tool: string, args: string[], pattern: RegExp): Promise<void> =>
    assertRefused(tool, args, pattern, { cwd });
  const from = (run: string): string[] => [...good, ...autoencoder, '--autoencoder', run];
  await refused('train-generator', [...good, ...autoencoder], /--autoencoder is missing/);
  await refused('train-generator', from('nowhere'), /nowhere: is not the folder of a trained autoencoder/);
  await refused('train-generator', from('runs/generator'),
    /runs\/generator: holds a generator, but an autoencoder is needed/);
  await refused('train-generator', from('pixels:2'), /--size.*is missing/);
  await refused('train-generator', [...from('pixels:2'), '--size', '16'],
    /latents have 12 channels, the network takes 2/);
  await refused('train-generator', [...from('pixels:3'), '--size', '16'],
    /pictures of 16 x 16 px cannot be made 3 times smaller/);
  await refused('train-generator', [...generator, ...good, '--size', '15'],
    /pictures of 15 x 15 px cannot be made 2 times smaller/);
  await refused('train-generator', [...generator, ...good, '--timesteps.1', '50'],
    /--timesteps: must be .* within 0 to 20, found 0 to 50/);
  rmSync(join(cwd, 'made'), { recursive: true }); // Latents, whole ones: they were made before the model was tried.
  await refused('train-generator', [...generator, ...good, '--vocabulary.maxObjects', '1.5'],
    /maxObjects must be a whole number from 1, found 1.5/);
  await refused('train-prior', [...good, '--preset', 'micro', '--out', 'made', '--generator', 'runs/prior'],
    /holds a prior, but a generator/);
  const cut = join(cwd, 'cut', 'checkpoints');
  mkdirSync(cut, { recursive: true });
  const whole = readFileSync(join(cwd, 'runs', 'autoencoder', 'checkpoints', 'latest.msgpack'));
  writeFileSync(join(cut, 'latest.msgpack'), whole.subarray(0, whole.length >> 1));
  await refused('train-generator', from('cut'), /cut\/checkpoints\/latest\.msgpack: its checksum does not match/);
  const looked = ['detect', '--images', 'data/images', '--out', 'made', '--count', '1'];
  const detect = [...looked, '--generator', 'runs/generator'];
  await refused('invert', [...looked, '--generator', 'runs/autoencoder'], /holds an autoencoder, but a generator/);
  await refused('invert', [...detect, '--prior', 'others/prior'], /was trained on another token table/);
  await refused('invert', [...detect, '--timesteps', '5,99'],
    /--timesteps: must be a range within 0 to 20, found 5 to 99/);
  await refused('invert', [...detect, '--lr', '-1'], /lr must be positive, found -1/);
  await refused('invert', [...detect, '--out', 'data/train.json'], /data\/train\.json: cannot be written/);
  await refused('invert', [...detect, '--timesteps', 'all'], /--timesteps.*must be two whole numbers/);
  assertNothingMade(cwd);
});

test('--resume and folders that hold a run', async ({ cwd }) => {
  const into = (out: string, ...more: string[]): string[] =>
    [...good, '--preset', 'micro', '--out', out, ...more];
  const pictures = ['--images', 'data/images'];
  await assertRefused('train-autoencoder', into('runs/autoencoder', ...pictures),
    /runs\/autoencoder: holds a run already.*--resume/, { cwd });
  await assertRefused('train-autoencoder', into('made', '--resume', ...pictures),
    /made: there is no checkpoint to resume/, { cwd });
  writeFileSync(join(cwd, 'runs', 'generator', 'config.json'), '{}');
  await assertRefused('train-autoencoder', into('runs/generator', '--resume', ...pictures),
    /holds a generator, not an autoencoder/, { cwd });
  await assertRefused('train-prior', [...into('runs/prior', '--resume'), '--model.layers', '1'],
    /saved from another preset/, { cwd });
  const kept = readFileSync(join(cwd, 'runs', 'generator', 'config.json'), 'utf8');
  assert.is(kept, '{}', 'the config of a run is left alone');
  assert.not.ok(existsSync(join(cwd, 'runs', 'prior', 'config.json')));
  await assertRefused('train-prior', into('data/train.json'), /data\/train\.json: cannot be written/, { cwd });
  assertNothingMade(cwd);
});

test.run();
