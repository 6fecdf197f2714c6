// One seed gives one run, bit for bit: in two goes as in one, and after a crash.
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { readAnnotations } from '../../data/annotations.ts';
import { writeSceneFolder } from '../../data/sceneFolder.ts';
import { renderScene } from '../../data/sceneRender.ts';
import { sceneCategories, sceneSpec } from '../../data/scenes.ts';
import { loadCheckpoint } from '../../engine/checkpoint.ts';
import type { Device } from '../../engine/device.ts';
import { RandomStream } from '../../engine/random.ts';
import { tableStatistics } from '../../models/prior/standardise.ts';
import { autoencoderTask } from '../../train/autoencoder.ts';
import { readDatasets, type SplitDataset } from '../../train/data.ts';
import { diffusionPriorTask } from '../../train/diffusionPrior.ts';
import { generatorTask } from '../../train/generator.ts';
import { LatentSet } from '../../train/latents.ts';
import { train, type LoopConfig, type Task } from '../../train/loop.ts';
import { autoencoderRuns } from '../../train/presets/autoencoder.ts';
import { generatorRuns } from '../../train/presets/generator.ts';
import { diffusionPriorRuns } from '../../train/presets/diffusionPrior.ts';
import { priorRuns } from '../../train/presets/prior.ts';
import { priorTask } from '../../train/prior.ts';
import { testDevice } from '../support/gpu.ts';
import { microVocabulary } from '../support/microRuns.ts';

interface Context {
  dir: string;
  data: SplitDataset;
  device: Device;
}

const test = suite<Context>('train/resume');

/** Step 3 lies between two checkpoints, and before the last validation. */
const loop: LoopConfig = { steps: 5, logEvery: 1, validateEvery: 2, sampleEvery: 100, checkpointEvery: 2 };
const stopAt = 3;

test.before(async (context) => {
  context.dir = mkdtempSync(join(tmpdir(), 'resume-'));
  await writeSceneFolder({
    out: context.dir, count: 10, valFraction: 0, categories: sceneCategories('flat'),
    render: (index) => renderScene(sceneSpec({ kind: 'flat', seed: 1 }, index), 16),
  });
  const annotations = join(context.dir, 'train.json');
  context.data = await readDatasets({ annotations, images: join(context.dir, 'images') }, { maxObjects: 2 }, 1);
  context.device = await testDevice();
  assert.is((await readAnnotations(annotations)).images.length, 10);
});
test.after(({ dir }) => rmSync(dir, { recursive: true }));

const noSheet = async (): Promise<void> => undefined;

function latentSet(name: string, count: number): LatentSet {
  const random = new RandomStream(1, name);
  return new LatentSet(Float32Array.from({ length: 2 * count * 128 }, () => random.normal()), [2, 8, 8], true);
}

/** New tasks of every kind, as three processes would make them. */
const tasks: Record<string, (context: Context, seed: number) => Promise<Task>> = {
  autoencoder: ({ device, data, dir }, seed) => {
    const images = join(dir, 'images');
    const adversary = { weight: 0.5, start: 2, channels: 4, layers: 1 };
    const run = { ...autoencoderRuns.micro, adversary, batch: 2, loop, seed };
    return autoencoderTask(device, run, data, { images, validateImages: images });
  },
  generator: ({ device, data }, seed) => generatorTask(device, {
    ...generatorRuns.micro, batch: 1, accumulate: 2, conditionDropout: 0.3, minSnr: 5, loop, seed,
    vocabulary: microVocabulary, categories: data.training.categories, autoencoder: autoencoderRuns.micro.model,
    image: { size: 16 }, latentScale: 1,
  }, data, { training: latentSet('training', 9), validation: latentSet('validation', 1) }, new Map(), noSheet),
  prior: ({ device, data }, seed) => {
    const random = new RandomStream(1, 'table');
    const table = Float32Array.from({ length: 17 * 8 }, () => random.normal());
    return priorTask(device, {
      ...priorRuns.micro, loop, seed, vocabulary: microVocabulary, categories: data.training.categories,
      statistics: tableStatistics(table),
    }, data, { shape: [17, 8], data: table }, noSheet);
  },
  'generator in half precision': ({ device, data }, seed) => generatorTask(device, {
    ...generatorRuns.micro, optim: { ...generatorRuns.micro.optim, precision: 'f16' }, batch: 1, accumulate: 2, loop,
    seed, vocabulary: microVocabulary, categories: data.training.categories, image: { size: 16 }, latentScale: 1,
    autoencoder: autoencoderRuns.micro.model,
  }, data, { training: latentSet('training', 9), validation: latentSet('validation', 1) }, new Map(), noSheet),
  'diffusion prior': ({ device, data }, seed) => {
    const random = new RandomStream(1, 'table');
    const table = Float32Array.from({ length: 17 * 8 }, () => random.normal());
    return diffusionPriorTask(device, {
      ...diffusionPriorRuns.micro, loop, seed, vocabulary: microVocabulary, categories: data.training.categories,
      statistics: tableStatistics(table),
    }, data, { shape: [17, 8], data: table }, noSheet);
  },
};

interface Go {
  readonly resume?: boolean;
  readonly seed?: number;
  /** Called after each step. */
  readonly after?: (step: number, controller: AbortController) => void;
}

async function go(context: Context, kind: string, out: string, { resume = false, seed = 7, after }: Go = {}):
  Promise<number> {
  const controller = new AbortController();
  const { step } = await train(context.device, await tasks[kind]!(context, seed), loop, {
    out: join(context.dir, out), resume, signal: controller.signal,
    progress: (done) => after?.(done, controller), print: () => undefined, saved: async () => undefined,
  });
  return step;
}

const stop = (step: number, controller: AbortController): void => {
  if (step === stopAt) controller.abort();
};

const metrics = (dir: string, out: string): unknown[] =>
  readFileSync(join(dir, out, 'metrics.jsonl'), 'utf8').trimEnd().split('\n')
    .map((line) => ({ ...JSON.parse(line) as object, ms: 0 }));

/** Equal bits: parameters, averages, moments, corrections, counter; header; figures but the time. */
function assertSame(dir: string, a: string, b: string): void {
  for (const which of ['latest', 'best']) {
    const load = (out: string) => loadCheckpoint<object>(join(dir, out, 'checkpoints', `${which}.msgpack`));
    const [one, two] = [load(a), load(b)];
    assert.equal(two.header, one.header);
    assert.equal([...two.arrays.keys()], [...one.arrays.keys()]);
    for (const [name, { data }] of one.arrays) {
      const bytes = (array: typeof data): Buffer => Buffer.from(array.buffer, array.byteOffset, array.byteLength);
      const same = bytes(data).equals(bytes(two.arrays.get(name)!.data));
      assert.ok(same, `${a} and ${b}: ${which} ${name} differs`);
    }
  }
  assert.equal(metrics(dir, b), metrics(dir, a));
}

for (const kind of Object.keys(tasks)) {
  test(`${kind}: stopped and gone on with is the same as in one go`, async (context) => {
    const { dir } = context;
    assert.is(await go(context, kind, `${kind}-whole`), loop.steps);
    assert.is(await go(context, kind, `${kind}-halves`, { after: stop }), stopAt);
    const { arrays } = loadCheckpoint(join(dir, `${kind}-halves`, 'checkpoints', 'latest.msgpack'));
    for (const part of ['weights/', 'average/', 'state/']) {
      assert.ok([...arrays.keys()].some((name) => name.startsWith(part)), part);
    }
    assert.is(await go(context, kind, `${kind}-halves`, { resume: true }), loop.steps);
    assertSame(dir, `${kind}-whole`, `${kind}-halves`);
  });
}

test('after a crash: what was logged beyond the checkpoint is logged once', async (context) => {
  const crash = (step: number): void => {
    if (step === stopAt) throw new Error('crash');
  };
  let message = '';
  await go(context, 'prior', 'crashed', { after: crash }).catch((error: Error) => { message = error.message; });
  assert.is(message, 'crash');
  assert.is(metrics(context.dir, 'crashed').length, 4, 'three steps and a validation');
  assert.is(await go(context, 'prior', 'crashed', { resume: true }), loop.steps);
  assertSame(context.dir, 'prior-whole', 'crashed');
});

test('one seed, one run; another seed, another', async (context) => {
  await go(context, 'prior', 'again');
  assertSame(context.dir, 'prior-whole', 'again');
  await go(context, 'prior', 'other', { seed: 8 });
  assert.is.not(JSON.stringify(metrics(context.dir, 'other')), JSON.stringify(metrics(context.dir, 'again')));
});

test.run();
