// Benchmarks and profiles: what is compared, what is counted, and the files that the two commands write.
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import type { Program } from '../../engine/program.ts';
import type { RecordedRun } from '../../engine/runRecorder.ts';
import { headsFirst, hwioToOihw, nchwToNhwc, nhwcToNchw, oihwToHwio, permute4 } from '../../tools/bench/inputs.ts';
import { checkAgreement, relativeDifference, timeCandidates } from '../../tools/bench/measure.ts';
import { autoencoderRuns } from '../../train/presets/autoencoder.ts';
import { classGeneratorRuns } from '../../train/presets/classGenerator.ts';
import { diffusionPriorRuns } from '../../train/presets/diffusionPrior.ts';
import { generatorRuns } from '../../train/presets/generator.ts';
import { priorRuns } from '../../train/presets/prior.ts';
import { presetSteps } from '../../tools/bench/presets.ts';
import { againstPeers, besides } from '../../tools/bench/ratio.ts';
import type { Candidate } from '../../tools/bench/row.ts';
import { benchRows, besideEachOther } from '../../tools/bench/rows.ts';
import { benchScaling, scalingTable } from '../../tools/bench/scaling.ts';
import { summarise } from '../../tools/profile/summary.ts';
import { traceEvents } from '../../tools/profile/trace.ts';
import { testDevice } from '../support/gpu.ts';
import { writeMicroRuns } from '../support/microRuns.ts';
import { assertRefused, assertRuns } from '../support/runTool.ts';

const test = suite('tools: bench and profile', { cwd: '' });

test.before(async (context) => {
  context.cwd = mkdtempSync(join(tmpdir(), 'bench-'));
  await writeMicroRuns(join(context.cwd, 'runs'));
});
test.after(({ cwd }) => rmSync(cwd, { recursive: true }));

/** A candidate whose runs take `ms`, and what it says that it computed. */
function fakeCandidate(ms: number, y: number[]): Candidate & { runs: number } {
  const candidate = {
    impl: 'ours' as const, runs: 0, until: 0,
    run() {
      candidate.runs++;
      candidate.until = Math.max(candidate.until, performance.now()) + ms;
    },
    idle: () => new Promise<void>((done) => setTimeout(done, Math.max(0, candidate.until - performance.now()))),
    read: async () => ({ y: Float32Array.from(y) }),
    dispose: () => undefined,
  };
  return candidate;
}

test('rows have the names that scripts rely on', () => {
  assert.equal(benchRows.map(({ name }) => name), [
    'matmul-512', 'matmul-1024', 'conv3x3-64-fwd', 'conv3x3-64-train', 'attention-fwd', 'attention-train',
    'groupnorm-silu-train', 'adamw-1m', 'unet-tiny-train', 'unet-inferena-train', 'invert-tiny-step',
    'invert-tiny-autoregressive-step', 'invert-tiny-diffusion-step', 'invert-tiny-1-picture',
    'invert-tiny-16-pictures', 'train-tiny-64-samples',
  ]);
});

test('axes change places and come back', () => {
  const shape = [2, 3, 4, 5];
  const x = Float32Array.from({ length: 120 }, (_, i) => i);
  const y = permute4(x, shape, nchwToNhwc);
  assert.is(y[1], 20, 'the second channel of the first pixel');
  assert.equal(permute4(y, [2, 4, 5, 3], nhwcToNchw), x);
  assert.equal(permute4(permute4(x, shape, oihwToHwio), [4, 5, 3, 2], hwioToOihw), x);
  assert.equal(permute4(permute4(x, shape, headsFirst), [2, 4, 3, 5], headsFirst), x);
});

test('results that differ stop the benchmark', async () => {
  assert.is(relativeDifference(Float32Array.of(2, -4), Float32Array.of(2, -3)), 0.25);
  assert.is(relativeDifference(Float32Array.of(1), Float32Array.of(NaN)), Infinity);
  assert.is(relativeDifference(Float32Array.of(1), Float32Array.of(1, 1)), Infinity);
  const [a, b, c] = [fakeCandidate(0, [1, 2]), fakeCandidate(0, [1, 2.001]), fakeCandidate(0, [1, 2.1])];
  await checkAgreement('row', [a, b], 3);
  assert.is(a.runs, 3);
  let message = '';
  await checkAgreement('row', [a, c], 1).catch((error: Error) => { message = error.message; });
  assert.match(message, /row: y of ours .*differ by 0\.050/);
});

test('what a prior costs is told round by round, beside a step without one', () => {
  assert.is(besides([11, 24, 12], [10, 20, 10]), 1.2, 'a round twice as slow slows down both');
  const sets = besideEachOther(benchRows).map((rows) => rows.map(({ name }) => name));
  assert.equal(sets.filter((names) => names.length > 1),
    [['invert-tiny-step', 'invert-tiny-autoregressive-step', 'invert-tiny-diffusion-step']]);
  assert.equal(besideEachOther(benchRows.filter(({ beside }) => beside)).map((rows) => rows.length), [1, 1]);
});

test('the ratio is against the faster peer', () => {
  assert.is(againstPeers([2, 9, 5]), 2.5);
  assert.is(againstPeers([2]), null);
});

for (const name of ['unet-tiny-train', 'unet-inferena-train', 'invert-tiny-step']) {
  test(`a step of ${name} is one pass and one submit, and creates nothing`, async () => {
    const device = await testDevice();
    const candidate = await benchRows.find((row) => row.name === name)!.ours(device);
    candidate.run();
    await candidate.idle();
    const created = { ...device.created };
    const { gpu } = device;
    const { queue } = gpu;
    const counts = { passes: 0, submits: 0, buffers: 0, bindGroups: 0 };
    const [encode, submit] = [gpu.createCommandEncoder, queue.submit];
    const [buffer, bindGroup] = [gpu.createBuffer, gpu.createBindGroup];
    gpu.createBuffer = (descriptor) => {
      counts.buffers++;
      return buffer.call(gpu, descriptor);
    };
    gpu.createBindGroup = (descriptor) => {
      counts.bindGroups++;
      return bindGroup.call(gpu, descriptor);
    };
    gpu.createCommandEncoder = (descriptor) => {
      const encoder = encode.call(gpu, descriptor);
      const begin = encoder.beginComputePass;
      encoder.beginComputePass = (pass) => {
        counts.passes++;
        return begin.call(encoder, pass);
      };
      return encoder;
    };
    queue.submit = (buffers) => {
      counts.submits++;
      return submit.call(queue, buffers);
    };
    try {
      candidate.run();
    } finally {
      Object.assign(gpu, { createCommandEncoder: encode, createBuffer: buffer, createBindGroup: bindGroup });
      queue.submit = submit;
    }
    await candidate.idle();
    assert.equal(counts, { passes: 1, submits: 1, buffers: 0, bindGroups: 0 });
    assert.equal({ ...device.created }, created);
    candidate.dispose();
  });
}

test('a timing is the time of one run, however many are queued', async () => {
  const [fast, slow] = [fakeCandidate(4, []), fakeCandidate(40, [])];
  const [fastMs, slowMs] = await timeCandidates([fast, slow], 3);
  assert.ok(fast.runs > 20, `${fast.runs} runs of the fast one`);
  // A busy machine wakes late, never early.
  assert.ok(fastMs! >= 3.9 && fastMs! < 12, `fast ${fastMs}`);
  assert.ok(slowMs! >= 39 && slowMs! < 80, `slow ${slowMs}`);
});

const call = (label: string, flops: number, bytes: number): object =>
  ({ label, path: 'p', grid: [1, 1, 1], flops, bytes });
const calls = [call('a', 4e6, 1e6), call('b', 0, 2e6), call('a', 4e6, 1e6)];
const program = { name: 'step', calls } as unknown as Program;

/** Runs 10 ms apart whose kernels take 1, 2 and 1 ms with 0.5 ms between; the first is slow, the last is not timed. */
const recorded: RecordedRun[] = [0, 1, 2, 3].map((i) => {
  const startMs = 100 + 10 * i;
  const slow = i === 0 ? 5 : 1;
  const at = (from: number, to: number): [number, number] => [startMs + 1 + slow * from, startMs + 1 + slow * to];
  const dispatches = i === 3 ? null : [at(0, 1), at(1.5, 3.5), at(4, 5)];
  return { program, startMs, encodedMs: startMs + 0.2, submittedMs: startMs + 0.3, dispatches };
});

test('a summary has medians of settled runs', () => {
  const [row, ...others] = summarise(recorded, { fmaPeakGflops: 8, memoryPeakGbPerSecond: 4 });
  assert.is(others.length, 0);
  const near = (found: number, expected: number): void =>
    assert.ok(Math.abs(found - expected) < 1e-9, `${found}, not ${expected}`);
  assert.is(row!.runs, 4);
  assert.is(row!.sampled, 2);
  near(row!.kernelMs, 4);
  near(row!.gapMs, 1);
  near(row!.encodeMs, 0.2);
  near(row!.periodMs!, 10);
  near(row!.totalSeconds, 0.016);
  const [a, b] = row!.kernels;
  assert.equal([a!.label, a!.calls, b!.label, b!.calls].sort(), ['a', 'b', 1, 2].sort());
  const kernel = row!.kernels.find(({ label }) => label === 'a')!;
  near(kernel.ms, 2);
  near(kernel.share, 0.5);
  near(kernel.gflops, 4);
  near(kernel.percentOfFmaPeak, 50);
  near(kernel.percentOfMemoryPeak, 25);
});

test('a trace has a span for every dispatch that was timed', () => {
  const { traceEvents: events } = traceEvents(recorded);
  assert.is(events.filter(({ ph }) => ph === 'M').length, 2);
  const kernels = events.filter(({ args }) => args?.['path'] === 'p');
  assert.is(kernels.length, 9);
  assert.equal([kernels[3]!.name, kernels[3]!.ts, kernels[3]!.dur], ['a', 11000, 1000]);
});

test('bench writes its figures', async ({ cwd }) => {
  const args = ['--rows', '^(matmul-512|adamw)', '--repeats', '1', '--json', 'bench.json'];
  const printed = await assertRuns('bench', args, { cwd });
  assert.match(printed, /matmul-512 +ours +[\d.]+ ms +[\d.]+ GFLOP\/s/);
  const { adapter, driver, fmaPeakGflops, rows } = JSON.parse(readFileSync(join(cwd, 'bench.json'), 'utf8'));
  assert.ok(adapter.length > 0 && driver.length > 0 && fmaPeakGflops > 0);
  assert.equal(rows.map(({ name, impl }: any) => [name, impl]), [['matmul-512', 'ours'], ['adamw-1m', 'ours']]);
  assert.ok(rows.every(({ ms, gflops, ratio }: any) => ms > 0 && gflops > 0 && ratio === null));
});

test('a step grows with its batch, and the table has all steps', async () => {
  const device = await testDevice();
  const results = await benchScaling(device, 1, [1, 2], [16]);
  assert.equal(results.map(({ batch, channels }) => [batch, channels]), [[1, 16], [2, 16]]);
  assert.ok(results.every(({ ms, gflops }) => ms > 0 && gflops > 0));
  const [small, twice] = results.map(({ ms, gflops }) => ms * gflops);
  assert.ok(twice! > 1.5 * small!, 'work as kernels count it');
  const lines = scalingTable(results).split('\n');
  assert.is(lines.length, 3);
  assert.match(lines[0]!, /^batch +16 channels$/);
  assert.match(lines[2]!, /^2( +[\d.]+ ms, [\d.]+ GFLOP\/s)$/);
});

test('bench refuses what it cannot do', async ({ cwd }) => {
  await assertRefused('bench', ['--rows', 'nothing'], /--rows .*nothing.*matches none of matmul-512/, { cwd });
  await assertRefused('bench', ['--rows', '('], /regular expression/, { cwd });
  await assertRefused('bench', ['--repeats', '0'], /at least 1/, { cwd });
});

test('every preset has its step', () => {
  const names = new Set(presetSteps().map(({ name }) => name));
  const kinds = {
    autoencoder: autoencoderRuns, generator: generatorRuns, 'class generator': classGeneratorRuns, prior: priorRuns,
    'diffusion prior': diffusionPriorRuns,
  };
  for (const [kind, runs] of Object.entries(kinds)) {
    for (const preset of Object.keys(runs)) {
      assert.is(names.has(`${kind} ${preset} train`), !preset.includes('micro'), `${kind} ${preset}`);
    }
  }
  assert.ok(names.has('generator layout2img-256 forward') && names.has('generator layout2img-256 invert'));
});

test('bench --presets plans, runs and writes memory and times', async ({ cwd }) => {
  const args = ['--presets', '^prior flat|^generator flat invert', '--repeats', '1', '--json', 'presets.json'];
  const printed = await assertRuns('bench', args, { cwd });
  assert.match(printed, /MiB for intermediates[^]*prior flat train, 0\.11 M parameters, batch 64: \d+ MiB/);
  const { presets } = JSON.parse(readFileSync(join(cwd, 'presets.json'), 'utf8'));
  assert.equal(presets.map(({ name }: any) => name), ['generator flat invert', 'prior flat train']);
  assert.ok(presets.every(({ ms, stateMiB, firstSeconds, refused }: any) =>
    ms > 0 && stateMiB > 0 && firstSeconds > 0 && refused === null));
  await assertRefused('bench', ['--presets', 'nothing'],
    /--presets .*nothing.*matches none of autoencoder tiny/, { cwd });
});

test('profile shows a command and leaves its results alone', async ({ cwd }) => {
  const args = ['sample', 'layouts', '--prior', 'runs/prior', '--count', '2', '--out', 'layouts.json'];
  const printed = await assertRuns('profile', [...args, '--profile-out', 'profile'], { cwd });
  assert.match(printed, /2 layouts with/);
  assert.match(printed, /ms in kernels/);
  assert.ok(existsSync(join(cwd, 'layouts.json')));
  const page = readFileSync(join(cwd, 'profile', 'profile.html'), 'utf8');
  const texts = ['npm run sample -- layouts', 'GFLOP/s', '% of fma peak', 'CPU encode ms', 'gaps between', '<svg'];
  for (const text of texts) {
    assert.ok(page.includes(text), `profile.html lacks ${text}`);
  }
  const { traceEvents: events } = JSON.parse(readFileSync(join(cwd, 'profile', 'trace.json'), 'utf8'));
  assert.ok(events.some(({ name, dur }: any) => /^matmul/.test(name) && dur > 0));
  assert.ok(events.every(({ ph, ts }: any) => ph === 'M' || ts >= 0), 'nothing happens before the first run');
});

test('profile refuses what it does not know', async ({ cwd }) => {
  await assertRefused('profile', ['doctor'], /no command 'doctor' to profile; there are train:/, { cwd });
  await assertRefused('profile', [], /missing required argument/, { cwd });
  await assertRefused('profile', ['sample', 'layouts', '--bad'], /unknown option '--bad'/, { cwd });
});

test.run();
