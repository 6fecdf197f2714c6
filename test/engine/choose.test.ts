// Measured choice of kernels: what is timed, what is kept, and what a program takes of it.
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { cacheFolder, readChoices } from '../../engine/choiceFile.ts';
import { MeasuredChoices, type ChoiceOptions, type Measure } from '../../engine/choose.ts';
import { compile } from '../../engine/compile/compile.ts';
import type { Device } from '../../engine/device.ts';
import { inputTensor, matmul, silu } from '../../engine/ops/index.ts';
import type { Program } from '../../engine/program.ts';
import { RandomStream } from '../../engine/random.ts';
import { testDevice } from '../support/gpu.ts';

const test = suite('measured choice of kernels', { file: '' });

test.before.each((context) => { context.file = join(mkdtempSync(join(tmpdir(), 'kernels-')), 'kernels.json'); });
test.after.each(async ({ file }) => {
  (await testDevice()).choices = null;
  rmSync(join(file, '..'), { recursive: true });
});

/** Times of an imagined adapter, by the name of the variant. */
const imagined = (ms: Record<string, number>): Measure => async (_, __, candidates) =>
  candidates.map(({ name }) => ms[name] ?? 100);

function chooseWith(device: Device, file: string, options: Partial<ChoiceOptions> = {}): MeasuredChoices {
  const choices = new MeasuredChoices({ file, adapter: 'x', print: () => {}, busy: () => null, ...options });
  device.choices = choices;
  return choices;
}

const product = (device: Device, rows = 24): Promise<Program> => compile(device, {
  name: 'product', outputs: { y: silu(matmul(inputTensor('a', [rows, 300]), inputTensor('b', [300, 20]))) },
});

async function result(program: Program): Promise<Float32Array> {
  const random = new RandomStream(1, 'choose');
  const draw = (n: number): Float32Array => Float32Array.from({ length: n }, () => random.normal());
  program.run({ a: draw(24 * 300), b: draw(300 * 20) });
  const y = await program.readFloats('y');
  program.destroy();
  return y;
}

test('what is timed once is kept and never timed again, and gives the same bits', async ({ file }) => {
  const device = await testDevice();
  const choices = chooseWith(device, file);
  const first = await result(await product(device));
  assert.is(choices.timed, 1, 'one kind of work has variants');
  await product(device).then((program) => program.destroy());
  assert.is(choices.timed, 1);

  const [kept] = readChoices(file)!.values();
  const times = Object.values(kept!.ms);
  assert.ok(times.length > 1 && times.length <= 12 && times.every((ms) => ms > 0));
  assert.ok(kept!.variant in kept!.ms);

  const warm = chooseWith(device, file);
  const { buffers, pipelines } = device.created;
  const again = await product(device);
  assert.is(warm.timed, 0);
  assert.is(device.created.pipelines, pipelines);
  assert.is(device.created.buffers, buffers + 3, 'two inputs and the result, nothing to time with');
  assert.equal(await result(again), first);
});

test('the fastest is taken, unless the first is nearly as fast', async ({ file }) => {
  const device = await testDevice();
  device.choices = null;
  const byRule = (await product(device)).calls.map(({ label }) => label);
  chooseWith(device, file, { measure: imagined({ tiled: 1 }) });
  const measured = (await product(device)).calls.map(({ label }) => label);
  assert.ok(measured[0]!.startsWith('matmulTiled'), measured.join());
  const warm = chooseWith(device, file);
  assert.equal((await product(device)).calls.map(({ label }) => label), measured);
  assert.is(warm.timed, 0);

  rmSync(file);
  chooseWith(device, file, { measure: imagined({ tiled: 95 }) });
  assert.equal((await product(device)).calls.map(({ label }) => label), byRule);
});

test('time that is up leaves the rest to rules, for good; the heaviest work comes first', async ({ file }) => {
  const device = await testDevice();
  const asked: number[] = [];
  const measure: Measure = async (_, { inputs }, candidates) => {
    asked.push(inputs[0]!.shape[1]!);
    await new Promise((done) => setTimeout(done, 5));
    return candidates.map(() => 1);
  };
  const choices = chooseWith(device, file, { measure, budget: 1 });
  const [a, b] = [inputTensor('a', [40, 300]), inputTensor('b', [300, 20])];
  const small = matmul(inputTensor('c', [7, 20]), b, { transposeB: true });
  const spec = { name: 'two', outputs: { small, y: matmul(a, b) } };
  (await compile(device, spec)).destroy();
  assert.equal(asked, [40]);
  assert.is(choices.timed, 1);
  assert.is(readChoices(file)!.size, 2);
  const warm = chooseWith(device, file, { measure });
  (await compile(device, spec)).destroy();
  assert.is(warm.timed, 0);
});

test('a file that is torn is named in one line and written anew; choices of other kernels count for nothing',
  async ({ file }) => {
    const device = await testDevice();
    const measure = imagined({ tiled: 1 });
    for (const content of ['{"format": 1, "choi', '[]', 'null', '{"format": 2, "choices": {}}',
      '{"format": 1, "choices": {"k": {"variant": 3}}}']) {
      writeFileSync(file, content);
      const lines: string[] = [];
      const choices = chooseWith(device, file, { measure, print: (line) => lines.push(line) });
      assert.is(lines.length, 1, content);
      assert.match(lines[0]!, /kernels\.json: not a file of measured kernels/);
      (await product(device)).destroy();
      assert.is(choices.timed, 1);
      assert.is(readChoices(file)!.size, 1);
    }
    // The key ends in a digest of the kernels' sources.
    writeFileSync(file, readFileSync(file, 'utf8').replace(/ [0-9a-f]{16}":/, ' 0123456789abcdef":'));
    assert.is(readChoices(file)!.size, 1);
    const choices = chooseWith(device, file, { measure });
    (await product(device)).destroy();
    assert.is(choices.timed, 1);
    assert.is(readChoices(file)!.size, 2, 'what others have found stays');
  });

test('where nothing can be written, work goes on', async ({ file }) => {
  const device = await testDevice();
  writeFileSync(file, '');
  const lines: string[] = [];
  const measure = imagined({ tiled: 1 });
  chooseWith(device, join(file, 'kernels.json'), { measure, print: (line) => lines.push(line) });
  const program = await product(device);
  assert.ok(program.calls[0]!.label.startsWith('matmulTiled'));
  program.destroy();
  assert.match(lines.at(-1)!, /not kept, so the next run times them again: .*cannot be written/);
});

test('a busy machine times nothing and keeps nothing', async ({ file }) => {
  const device = await testDevice();
  const lines: string[] = [];
  const choices = chooseWith(device, file, { busy: () => 'load average 9', print: (line) => lines.push(line) });
  (await product(device)).destroy();
  (await product(device, 25)).destroy();
  assert.is(choices.timed, 0);
  assert.not.ok(existsSync(file));
  assert.equal(lines, ['kernels are chosen by rules, not by time: the machine is busy (load average 9)']);
});

test('a variant that is asked for by name is not measured', async ({ file }) => {
  const device = await testDevice();
  const choices = chooseWith(device, file);
  const y = matmul(inputTensor('a', [24, 300]), inputTensor('b', [300, 20]));
  (await compile(device, { name: 'asked', outputs: { y }, variant: 'tiled' })).destroy();
  assert.is(choices.timed, 0);
});

test('the folder of the cache is where the user or the system wants it', () => {
  assert.is(cacheFolder({ DIVE_CACHE: '/a', XDG_CACHE_HOME: '/b' }), '/a');
  assert.is(cacheFolder({ XDG_CACHE_HOME: '/b' }), join('/b', 'dive-webgpu'));
  assert.match(cacheFolder({}), /dive-webgpu/);
});

test.run();
