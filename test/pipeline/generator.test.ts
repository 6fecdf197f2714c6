// First stage and sampler as things to use: batches of any size, and the same draws for the same seed.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { UserError } from '../../engine/errors.ts';
import { interpret } from '../../engine/interpret.ts';
import { inputTensor } from '../../engine/ops/index.ts';
import { ParamStore } from '../../engine/params.ts';
import { RandomStream } from '../../engine/random.ts';
import { encode } from '../../models/autoencoder/autoencoder.ts';
import { emptyLayout, encodeLayout } from '../../models/layoutTokens.ts';
import { drawPriorLayouts } from '../../pipeline/drawPriorLayouts.ts';
import { FirstStage, firstStageSpecs } from '../../pipeline/firstStage.ts';
import { LayoutSampler, openGenerator, type Generator } from '../../pipeline/generator.ts';
import { openAutoregressivePrior, tokenTableName, type AutoregressivePrior } from '../../pipeline/prior.ts';
import { loadRun } from '../../pipeline/run.ts';
import { autoencoderRuns } from '../../train/presets/autoencoder.ts';
import { testDevice } from '../support/gpu.ts';
import { microSize, microVocabulary, writeMicroRuns } from '../support/microRuns.ts';

interface Context {
  dir: string;
  generator: Generator;
  prior: AutoregressivePrior;
}

const test = suite<Context>('pipeline/generator');

test.before(async (context) => {
  context.dir = mkdtempSync(join(tmpdir(), 'pipeline-'));
  await writeMicroRuns(context.dir);
  context.generator = await openGenerator(await testDevice(), join(context.dir, 'generator'));
  context.prior = openAutoregressivePrior(join(context.dir, 'prior'));
});
test.after(({ dir }) => rmSync(dir, { recursive: true }));

const each = 3 * microSize ** 2;
const pictures = (count: number): Float32Array => {
  const random = new RandomStream(1, 'pictures');
  return Float32Array.from({ length: count * each }, () => random.uniform(-1, 1));
};

test('first stage: any number of pictures, each as if alone', async ({ generator, dir }) => {
  const { firstStage } = generator;
  const many = await firstStage.encode(pictures(11));
  assert.is(many.length, 11 * firstStage.latentSize);
  const last = await firstStage.encode(pictures(11).subarray(10 * each));
  assert.equal(last, many.slice(10 * firstStage.latentSize));
  const decoded = await firstStage.decode(many);
  assert.equal(await firstStage.decode(last), decoded.slice(10 * each));

  const { model } = autoencoderRuns.micro;
  const run = loadRun(join(dir, 'autoencoder'), 'autoencoder');
  const store = new ParamStore('own', firstStageSpecs(model, microSize));
  store.load(run.weights, run.file);
  const weights = Object.fromEntries(store.groups.map(({ state }) => [state.name, state.initial!]));
  const feeds = { image: pictures(1), ...weights };
  const image = inputTensor('image', [1, 3, microSize, microSize]);
  const [expected] = interpret([encode(store.scope(), image, model)], feeds);
  expected!.forEach((value, i) =>
    assert.ok(Math.abs(value - many[i]!) < 1e-4, `latent ${i}: ${many[i]}, in f64 ${value}`));
});

test('weights of another first stage are refused', async () => {
  try {
    await FirstStage.open(await testDevice(), autoencoderRuns.micro.model, new Map(), 'somewhere', microSize);
    assert.unreachable();
  } catch (error) {
    assert.instance(error, UserError);
    assert.match((error as Error).message, /somewhere: \d+ parameters of autoencoder are missing/);
  }
});

test('sampler: one seed, one picture; guidance 1 is none; each layout for itself', async ({ generator }) => {
  const { store, description } = generator;
  const sampler = await LayoutSampler.open(await testDevice(), store, description, 2);
  const one = encodeLayout(microVocabulary, [{ classIndex: 1, xyxyUnit: [0, 0, 0.7, 0.7] }]);
  const none = emptyLayout(microVocabulary);
  const draw = (tokens: Int32Array[], guidance: number, seed = 4): Promise<Float32Array> =>
    sampler.sample(Int32Array.from(tokens.flatMap((t) => [...t])), { sampler: 'ddim', steps: 5, guidance, seed });
  const z = await draw([one, none], 1);
  assert.is(z.length, 2 * generator.firstStage.latentSize);
  assert.equal(await draw([one, none], 1), z);
  assert.not.equal(await draw([one, none], 1, 5), z);
  const half = generator.firstStage.latentSize;
  const other = await draw([none, none], 1);
  assert.equal(other.slice(half), z.slice(half), 'the neighbour does not matter');
  assert.not.equal(other.slice(0, half), z.slice(0, half), 'the layout does');
  const guided = await draw([one, none], 3);
  // Where the layout is empty, both predictions agree and guidance changes nothing.
  guided.slice(half).forEach((value, i) => assert.ok(Math.abs(value - z[half + i]!) < 1e-5));
  assert.not.equal(guided.slice(0, half), z.slice(0, half));
  sampler.destroy();
});

test('prior: layouts by seed, every one legal in every slot', async ({ prior }) => {
  const table = prior.run.frozen.get(tokenTableName)!;
  const draw = async (seed: number): Promise<string> => {
    const layouts = await drawPriorLayouts(await testDevice(), prior.store, prior.description, table,
      { count: 4, seed, temperature: 1 });
    assert.is(layouts.length, 4);
    assert.ok(layouts.every(({ tokens }) => tokens.length === 6 && tokens.every((t) => t >= 0 && t < 17)));
    assert.ok(layouts.every(({ objects }) => objects.every(({ classIndex, xyxyUnit: [x0, y0, x1, y1] }) =>
      classIndex < 3 && x0 < x1 && y0 < y1)));
    return JSON.stringify(layouts);
  };
  const first = await draw(1);
  assert.is(await draw(1), first);
  assert.is.not(await draw(2), first);
});

test.run();
