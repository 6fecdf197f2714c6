import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { compile } from '../../engine/compile/compile.ts';
import { interpret } from '../../engine/interpret.ts';
import { inputTensor, table } from '../../engine/ops/index.ts';
import { timestepEmbedding } from '../../models/layers.ts';
import { addNoise, denoisingLoss, drawNoise, drawTimesteps, minSnrWeights, noiseErrorWeights, noiseSchedule,
  predictionTarget, type ScheduleConfig }
  from '../../models/diffusion.ts';
import { relativeError } from '../support/checkOp.ts';
import { testDevice } from '../support/gpu.ts';

const layout2img: ScheduleConfig = { kind: 'scaledLinear', steps: 1000, betaStart: 0.0015, betaEnd: 0.0205 };

/** alphaBar at t = 0, 100, 250, 500, 750, 999. */
const published: [string, ScheduleConfig, number[]][] = [
  ['layout2img', layout2img, [0.9985, 0.82177308, 0.50213161, 0.10767675, 0.00695167, 9.691e-5]],
  ['LDM class and text', { ...layout2img, betaEnd: 0.0195 },
    [0.9985, 0.82311704, 0.50842433, 0.114922, 0.00833414, 1.423e-4]],
  ['Stable Diffusion', { ...layout2img, betaStart: 0.00085, betaEnd: 0.012 },
    [0.99915, 0.89422348, 0.67379263, 0.27633268, 0.05616985, 4.6601e-3]],
  ['DiT', { kind: 'linear', steps: 1000, betaStart: 1e-4, betaEnd: 0.02 },
    [0.9999, 0.89514159, 0.52142303, 0.07779666, 0.00330016, 4.036e-5]],
];

for (const [name, config, values] of published) {
  test(`schedule: ${name}`, () => {
    const { alphaBar, beta } = noiseSchedule(config);
    [0, 100, 250, 500, 750, 999].forEach((t, i) =>
      assert.ok(Math.abs(alphaBar[t]! - values[i]!) < 1e-6, `t ${t}: ${alphaBar[t]} and ${values[i]}`));
    assert.ok(beta.every((value, i) => i === 0 || value > beta[i - 1]!));
  });
}

test('schedule: cosine follows the squared cosine up to its cap', () => {
  const { alphaBar, beta } = noiseSchedule({ kind: 'cosine', steps: 1000 });
  const level = (t: number): number => Math.cos(((t / 1000 + 0.008) / 1.008) * (Math.PI / 2)) ** 2;
  for (const t of [0, 99, 500, 900]) assert.ok(Math.abs(alphaBar[t]! - level(t + 1) / level(0)) < 1e-9, `${t}`);
  assert.is(beta[999], 0.999);
});

test('schedules that make no sense are refused', () => {
  assert.throws(() => noiseSchedule({ ...layout2img, steps: 0 } as ScheduleConfig), /steps must be .* found 0/);
  assert.throws(() => noiseSchedule({ kind: 'linear', steps: 3, betaStart: 0.5, betaEnd: 1.5 }),
    /beta must lie between 0 and 1, found 1 at step 1/);
});

const schedule = noiseSchedule(layout2img);

test('noise is added by the square roots of alphaBar, sample by sample', () => {
  const [z, noise] = [inputTensor('z', [3, 2, 1, 2]), inputTensor('noise', [3, 2, 1, 2])];
  const t = inputTensor('t', [3], 'i32');
  const v = predictionTarget(schedule, 'v', z, noise, t);
  const feeds = { z: new Array(12).fill(2), noise: new Array(12).fill(-1), t: [0, 500, 999] };
  const [found, ofV] = interpret([addNoise(schedule, z, noise, t), v], feeds);
  feeds.t.forEach((step, b) => {
    const a = schedule.alphaBar[step]!;
    for (let i = 0; i < 4; i++) {
      assert.ok(Math.abs(found![4 * b + i]! - (2 * Math.sqrt(a) - Math.sqrt(1 - a))) < 1e-6);
      assert.ok(Math.abs(ofV![4 * b + i]! - (-Math.sqrt(a) - 2 * Math.sqrt(1 - a))) < 1e-6);
    }
  });
  assert.is(predictionTarget(schedule, 'noise', z, noise, t), noise);
  assert.is(predictionTarget(schedule, 'z', z, noise, t), z);
});

test('the loss is a mean over each sample', () => {
  const predicted = table(Float32Array.of(1, 2, 3, 4), [2, 1, 2]);
  const target = table(Float32Array.of(0, 4, 3, 0), [2, 1, 2]);
  const [l1, l2, huber] = interpret((['l1', 'l2', 'huber'] as const)
    .map((loss) => denoisingLoss(loss, predicted, target)), {});
  assert.equal([...l1!], [1.5, 2]);
  assert.equal([...l2!], [2.5, 8]);
  assert.equal([...huber!], [(0.5 + 1.5) / 2, (0 + 3.5) / 2]);
});

test('min-SNR weights: of an error of z the ratio of signal to noise, but no more than the bound', () => {
  const t = inputTensor('t', [4], 'i32');
  const steps = [0, 300, 600, 999];
  for (const prediction of ['noise', 'z', 'v'] as const) {
    const [weights] = interpret([minSnrWeights(schedule, prediction, 5, t)], { t: steps });
    steps.forEach((step, i) => {
      const a = schedule.alphaBar[step]!;
      const snr = a / (1 - a);
      // The error of z that an error of one in the prediction makes.
      const ofZ = { noise: (1 - a) / a, z: 1, v: 1 - a }[prediction];
      const expected = Math.min(snr, 5) * ofZ;
      assert.ok(Math.abs(weights![i]! - expected) < 1e-6 * Math.max(1, expected), `${prediction} at ${step}`);
    });
  }
});

test('an error of a prediction is one of the noise that it says there is', () => {
  const [z, noise, off] = [0.7, -1.3, 0.02];
  for (const prediction of ['noise', 'z', 'v'] as const) {
    const weights = noiseErrorWeights(schedule, prediction);
    for (const step of [0, 300, 600, 999]) {
      const [signal, level] = [Math.sqrt(schedule.alphaBar[step]!), Math.sqrt(1 - schedule.alphaBar[step]!)];
      const x = signal * z + level * noise;
      const said = {
        noise: noise + off, z: (x - signal * (z + off)) / level,
        v: level * x + signal * (signal * noise - level * z + off),
      }[prediction];
      const expected = ((said - noise) / off) ** 2;
      assert.ok(Math.abs(weights[step]! - expected) < 1e-6 * Math.max(1, expected), `${prediction} at ${step}`);
    }
  }
});

test('draws depend on the key alone, and are the same on the device', async () => {
  const key = inputTensor('key', [2], 'u32');
  const z = inputTensor('z', [500, 8]);
  const outputs = {
    t: drawTimesteps(schedule, 500, key, 'image timesteps'),
    noise: drawNoise(z, key, 'image noise'),
  };
  const program = await compile(await testDevice(), { name: 'draws', outputs });
  const seen: number[][] = [];
  for (const step of [0, 1, 0]) {
    const key = Uint32Array.of(7, step);
    program.run({ key });
    const [t, noise] = interpret([outputs.t, outputs.noise], { key });
    const found = [...await program.read('t')];
    assert.equal(found, [...t!]);
    assert.ok(relativeError(await program.readFloats('noise'), noise!) < 1e-5);
    assert.ok(found.every((value) => value >= 0 && value < 1000));
    const average = found.reduce((a, b) => a + b, 0) / 500;
    assert.ok(Math.abs(average - 499.5) < 55, `mean timestep ${average}`);
    const square = noise!.reduce((a, b) => a + b * b, 0) / noise!.length;
    assert.ok(Math.abs(square - 1) < 0.08, `variance ${square}`);
    seen.push(found);
  }
  assert.equal(seen[0], seen[2]);
  assert.not.equal(seen[0], seen[1]);
  program.destroy();
});

test('the timestep embedding has cosines, then sines', () => {
  const [y] = interpret([timestepEmbedding(inputTensor('t', [2], 'i32'), 8, 1000)], { t: [0, 777] });
  assert.equal([...y!.slice(0, 8)], [1, 1, 1, 1, 0, 0, 0, 0]);
  for (let i = 0; i < 4; i++) {
    const angle = 777 * 10000 ** (-i / 4);
    assert.ok(Math.abs(y![8 + i]! - Math.cos(angle)) < 1e-6);
    assert.ok(Math.abs(y![12 + i]! - Math.sin(angle)) < 1e-6);
  }
});

test.run();
