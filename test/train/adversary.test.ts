// The first stage's adversary and its perceptual loss.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { writeSceneFolder } from '../../data/sceneFolder.ts';
import { renderScene } from '../../data/sceneRender.ts';
import { sceneCategories, sceneSpec } from '../../data/scenes.ts';
import { compile } from '../../engine/compile/compile.ts';
import { grad } from '../../engine/grad.ts';
import { interpret, type Feeds } from '../../engine/interpret.ts';
import { add, constant, conv2d, inputTensor, mean, mul, neg, square, sub, sum } from '../../engine/ops/index.ts';
import { writeSafetensors } from '../../engine/safetensors.ts';
import { LossScale, lossScaleDefaults, unscaled, type Scaling } from '../../engine/lossScale.ts';
import { ParamStore, countParams, declareParams, fanIn, type Scope } from '../../engine/params.ts';
import { withPrecision } from '../../engine/precision.ts';
import { RandomStream } from '../../engine/random.ts';
import { sizeOf, type Tensor } from '../../engine/tensor.ts';
import { discriminator } from '../../models/autoencoder/discriminator.ts';
import { batchNorm } from '../../models/layers.ts';
import { perceptualDistance } from '../../models/autoencoder/perceptual.ts';
import { perceptualName, readPerceptual } from '../../tools/perceptualWeights.ts';
import { Adversary, adversarialLosses } from '../../train/adversary.ts';
import { autoencoderTask } from '../../train/autoencoder.ts';
import { readDatasets } from '../../train/data.ts';
import { autoencoderRuns } from '../../train/presets/autoencoder.ts';
import { defaultOptim } from '../../train/step.ts';
import { checkGradients, uniformValues } from '../support/checkModel.ts';
import { relativeError } from '../support/checkOp.ts';
import { testDevice } from '../support/gpu.ts';

const test = suite('train/adversary', { dir: '' });
test.before((context) => { context.dir = mkdtempSync(join(tmpdir(), 'adversary-')); });
test.after(({ dir }) => rmSync(dir, { recursive: true }));

test('the published discriminator has its names, shapes and count', () => {
  const image = inputTensor('image', [1, 3, 256, 256]);
  const specs = declareParams((p) =>
    assert.equal(discriminator(p, image, { channels: 64, layers: 3 }).shape, [1, 1, 30, 30]));
  assert.equal(specs.map(({ name, shape }) => `${name} ${shape.join('x')}`), [
    'main.0.weight 64x3x4x4', 'main.0.bias 64', 'main.2.weight 128x64x4x4', 'main.3.weight 128', 'main.3.bias 128',
    'main.5.weight 256x128x4x4', 'main.6.weight 256', 'main.6.bias 256', 'main.8.weight 512x256x4x4',
    'main.9.weight 512', 'main.9.bias 512', 'main.11.weight 1x512x4x4', 'main.11.bias 1',
  ]);
  assert.is(countParams(specs), 2_765_633);
});

const config = { weight: 0.5, start: 3, channels: 4, layers: 1 };
const shape = [2, 3, 8, 8];

// Only the norm: the activations have kinks, where differences are no derivative.
test('gradients of the batch norm', () => {
  const image = inputTensor('image', shape);
  return checkGradients({
    name: 'batch norm', differentiable: [image], feeds: { image: uniformValues('image', shape) },
    loss: (p) => mean(square(sub(batchNorm(p, image), mul(image, image)))),
  });
});

test('the weight balances gradients at the last layer, and the objective is the sum of both', async () => {
  const [image, hidden, last] = [inputTensor('image', shape), inputTensor('hidden', [2, 4, 8, 8]),
    inputTensor('last', [3, 4, 3, 3])];
  const step = inputTensor('step', []);
  const store = new ParamStore('adversary', declareParams((d) => discriminator(d, image, config)));
  store.initialise(2);
  const restored = conv2d(hidden, last, null, { padding: 1 });
  const error = mean(square(sub(restored, image)));
  const scale = 192;
  const losses = adversarialLosses(store.scope(), image, restored, error, last, step, config, scale);
  const score = neg(mean(discriminator(store.scope(), restored, config)));
  const fixed = inputTensor('fixed', []);
  const feeds: Record<string, ArrayLike<number>> = {
    image: uniformValues('image', shape), hidden: uniformValues('hidden', hidden.shape), step: [3],
    last: uniformValues('last', last.shape, -0.3, 0.3),
  };
  for (const { state } of store.groups) feeds[state.name] = state.initial!;
  const [byError, byScore, weight] = interpret(
    [grad(error, [last])[0]!, grad(score, [last])[0]!, losses.weight], feeds);
  const length = (x: Float64Array): number => Math.hypot(...x);
  const expected = (config.weight * scale * length(byError!)) / (length(byScore!) + 1e-4) / scale;
  assert.ok(Math.abs(weight![0]! - expected) < 1e-6 * expected, `${weight![0]} and ${expected}`);
  const leaves = [last, hidden];
  const known = interpret(grad(add(error, mul(score, fixed)), leaves), { ...feeds, fixed: weight! } as Feeds);
  const found = interpret(grad(losses.objective, leaves), feeds);
  found.forEach((values, i) => assert.ok(relativeError(values, known[i]!) < 1e-9));
  const before = interpret([losses.weight, losses.discriminator], { ...feeds, step: [2] });
  assert.equal(before.map(([value]) => value), [0, 0], 'nothing before the start');

  const [byDiscriminator] = store.packGradients(grad(losses.discriminator, [...store.tensors.values()]));
  const program = await compile(await testDevice(), {
    name: 'adversary', outputs: {
      weight: losses.weight, hinge: losses.discriminator, byDiscriminator: byDiscriminator!,
      byLast: grad(losses.objective, [last])[0]!,
    },
  });
  const inputs = Object.fromEntries(
    ['image', 'hidden', 'last', 'step'].map((name) => [name, Float32Array.from(feeds[name]!)]));
  program.run(inputs);
  assert.ok(Math.abs(await program.readScalar('weight') - expected) < 1e-4 * expected);
  assert.ok(relativeError(await program.readFloats('byLast'), found[0]!) < 1e-4);
  const [hinge, slopes] = interpret([losses.discriminator, byDiscriminator!], feeds);
  assert.ok(relativeError(await program.readFloats('byDiscriminator'), slopes!) < 1e-4);
  assert.ok(Math.abs(await program.readScalar('hinge') - hinge![0]!) < 1e-5);
  program.destroy();
});

test('in half precision, under a loss scale, the weight and all gradients are those of f64', async () => {
  const image = inputTensor('image', shape);
  const firstStage = (p: Scope): Tensor =>
    conv2d(image, p.param('last', [3, 3, 3, 3], fanIn(27)), null, { padding: 1 });
  const store = new ParamStore('first stage', declareParams(firstStage));
  const opponent = new Adversary(image, { ...config, start: 0 }, { ...defaultOptim, clip: 0 }, 2);
  store.initialise(1);
  const feeds: Record<string, ArrayLike<number>> = { image: uniformValues('image', shape) };
  for (const { state } of [...store.groups, ...opponent.store.groups]) feeds[state.name] = state.initial!.slice();
  const last = store.tensors.get('last')!;
  const trace = (scaling: Scaling): Tensor[] => {
    const restored = firstStage(store.scope());
    const losses = adversarialLosses(opponent.store.scope(), image, restored, mean(square(sub(restored, image))), last,
      constant(0), { ...config, start: 0 }, 1, scaling);
    return [losses.weight, scaling.unscale(scaling.grad(losses.objective, [last])[0]!), ...losses.lengths,
      opponent.learn(losses.discriminator, scaling).norm];
  };
  const expected = interpret(trace(unscaled), feeds);
  const half = withPrecision('f16', () => trace(new LossScale('adversary', { ...lossScaleDefaults, initial: 256 })));
  const program = await compile(await testDevice(), {
    name: 'adversary in halves', outputs: Object.fromEntries(half.map((x, i) => [`${i}`, x])),
  });
  program.run({ image: feeds['image'] as Float32Array });
  for (const [i, values] of expected.entries()) {
    const error = relativeError(await program.readFloats(`${i}`), values);
    assert.ok(error < 0.02, `${i}: ${error}`);
  }
  program.destroy();
});

test('the discriminator learns to tell pictures from reconstructions', async ({ dir }) => {
  await writeSceneFolder({
    out: dir, count: 10, valFraction: 0, categories: sceneCategories('flat'),
    render: (index) => renderScene(sceneSpec({ kind: 'flat', seed: 1 }, index), 16),
  });
  const images = join(dir, 'images');
  const data = await readDatasets({ annotations: join(dir, 'train.json'), images }, { maxObjects: 2 }, 1);
  const { micro } = autoencoderRuns;
  // The first stage stays as it is, so that the discriminator's task does.
  const optim = { ...micro.optim, lr: 2e-3, warmup: 0, decay: 'constant' as const, ema: 0, weightDecay: 0 };
  const task = await autoencoderTask(await testDevice(), {
    ...micro, adversary: { weight: 0.5, start: 1, channels: 8, layers: 2 }, optim,
  }, data, { images, validateImages: images });
  const hinge: number[] = [];
  for (let step = 0; step < 60; step++) {
    task.program.run(await task.batch(step));
    if (step < 2 || step > 54) hinge.push(await task.program.readScalar('discriminatorLoss'));
  }
  assert.is(hinge[0], 0, 'it has not started');
  const late = hinge.slice(2).reduce((a, b) => a + b) / (hinge.length - 2);
  assert.ok(late < 0.8 * hinge[1]!, `hinge loss from ${hinge[1]} to ${late}`);
  assert.ok(await task.program.readScalar('adversaryWeight') > 0);
  assert.ok(Number.isFinite(await task.program.readScalar('loss')));
});

const [a, b] = [inputTensor('a', [1, 3, 16, 16]), inputTensor('b', [1, 3, 16, 16])];
const perceptualSpecs = declareParams((p) => perceptualDistance(p, a, b));

test('LPIPS: published names, and its distance in f64 and on the device', async () => {
  assert.is(countParams(perceptualSpecs), 14_714_688 + 1472);
  assert.equal(perceptualSpecs.filter(({ name }) => name.endsWith('weight')).map(({ name }) => name).slice(0, 4),
    ['net.slice1.0.weight', 'net.slice1.2.weight', 'net.slice2.5.weight', 'net.slice2.7.weight']);
  const store = new ParamStore('lpips', perceptualSpecs);
  store.initialise(1);
  const feeds: Record<string, ArrayLike<number>> = { a: uniformValues('a', a.shape), b: uniformValues('b', b.shape) };
  for (const { state } of store.groups) feeds[state.name] = state.initial!;
  const distance = perceptualDistance(store.scope(), a, b);
  const [expected] = interpret([distance], feeds);
  const program = await compile(await testDevice(), {
    name: 'lpips', outputs: { distance, slope: grad(sum(distance), [b])[0]! },
  });
  program.run({ a: feeds['a'] as Float32Array, b: feeds['b'] as Float32Array });
  const found = await program.readScalar('distance');
  assert.ok(Math.abs(found - expected![0]!) < 1e-4 * Math.abs(expected![0]!), `${found} and ${expected![0]}`);
  const slope = await program.readFloats('slope');
  assert.ok(slope.every(Number.isFinite) && slope.some((value) => value !== 0));
  program.run({ b: feeds['a'] as Float32Array });
  assert.is(await program.readScalar('distance'), 0);
  program.destroy();
});

test('LPIPS weights are found under the names of LDM and of torchvision; what is missing is named', async ({ dir }) => {
  assert.is(perceptualName('loss.perceptual_loss.net.slice3.12.bias'), 'net.slice3.12.bias');
  assert.is(perceptualName('lin4.model.1.weight'), 'lin4.model.1.weight');
  assert.is(perceptualName('features.28.weight'), 'net.slice5.28.weight');
  assert.is(perceptualName('classifier.0.weight'), null);
  const file = join(dir, 'vgg.safetensors');
  const stream = new RandomStream(1, 'vgg');
  const tensors = [
    ['features.0.weight', [64, 3, 3, 3]], ['features.0.bias', [64]], ['classifier.0.weight', [2]],
  ] as const;
  await writeSafetensors(file, tensors.map(([name, of]) => ({
    name, shape: of, dtype: 'F32' as const,
    values: () => Float32Array.from({ length: sizeOf(of) }, () => stream.normal()),
  })));
  const weights = await readPerceptual([file]);
  assert.equal([...weights.keys()], ['net.slice1.0.weight', 'net.slice1.0.bias']);
  assert.throws(() => new ParamStore('perceptual', perceptualSpecs).load(weights, '--perceptual'),
    /--perceptual: 29 parameters of perceptual are missing, 0 are unexpected; first: net\.slice1\.2\.weight/);
});

test.run();
