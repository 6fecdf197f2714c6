// Classification by inversion and by enumeration, on a generator of four colours trained here in seconds.
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { UserError } from '../../engine/errors.ts';
import { inputTensor, mean, randomIntegers, randomNormal } from '../../engine/ops/index.ts';
import { StepCounter } from '../../engine/optim.ts';
import { ParamStore } from '../../engine/params.ts';
import { RandomStream } from '../../engine/random.ts';
import { classError } from '../../invert/classJudge.ts';
import { ClassSearch } from '../../invert/classSearch.ts';
import { spreadPairs } from '../../invert/classPairs.ts';
import { Classifier, checkClassify, classifyPresets, type Classification, type ClassifyConfig }
  from '../../invert/classify.ts';
import { ditPresets } from '../../models/dit/config.ts';
import { classEmbedding, classTableName, forClassesAndLatents, type ClassModel } from '../../models/classModel.ts';
import { generatorPresets } from '../../models/unet/config.ts';
import { classGeneratorSpecs, type ClassGenerator } from '../../pipeline/classGenerator.ts';
import { compileStep, defaultOptim } from '../../train/step.ts';
import { testDevice } from '../support/gpu.ts';

interface Context {
  generator: ClassGenerator;
  classifier: Classifier;
  all: Classification[];
}

const test = suite<Context>('invert/classify');

const classes = 4;
const latent = [2, 4, 4] as const;
const size = 32;
/** Each class has a colour of its own: two channels, each light or dark. */
const prototypes = [[1, 1], [1, -1], [-1, 1], [-1, -1]].map((color) =>
  Float32Array.from({ length: size }, (_, i) => color[Math.floor(i / 16)]!));

/** A picture of a class: its colour with some noise. Latents stand for pictures here. */
function picture(label: number, name: string): Float32Array {
  const random = new RandomStream(2, name);
  return prototypes[label]!.map((value) => value + 0.2 * random.normal());
}

const config: ClassifyConfig = {
  ...classifyPresets.dive, pairs: 8, timesteps: [4, 20], loops: 12, batchPairs: 4, imagesAtOnce: 3,
  stages: [{ pairs: 2, keep: 2 }, { pairs: 8, keep: 1 }], lr: 0.1,
};
const { micro } = generatorPresets;
const model: ClassModel = forClassesAndLatents(
  {
    backbone: 'unet', unet: { ...micro.unet, modelChannels: 8, headChannels: 8, attentionFactors: [1, 2] },
    encoder: { ...micro.encoder, width: 16 }, diffusion: { ...micro.diffusion, prediction: 'v' },
  }, classes, latent);
const subjects = [0, 1, 2, 3, 1].map((label, i) => ({ label, picture: picture(label, `subject ${i}`) }));
const pictures = subjects.map((one) => one.picture);

async function trained(): Promise<ClassGenerator> {
  const device = await testDevice();
  const store = new ParamStore('classes', classGeneratorSpecs(model, latent));
  store.initialise(7);
  const counter = new StepCounter('classes', 7);
  const [batch, steps] = [16, 240];
  const [z, labels] = [inputTensor('z', [batch, ...latent]), inputTensor('labels', [batch], 'i32')];
  const p = store.scope();
  const loss = mean(classError(p, z, randomIntegers([batch], 0, 20, counter.key, 't'),
    randomNormal(z.shape, counter.key, 'noise'), classEmbedding(p, labels, model), model,
    { error: 'prediction', timesteps: [0, 20] }));
  const weights = store.specs.map(({ name, shape }) => [name, { shape, data: new Float32Array(0) }] as const);
  const tableRows = Float32Array.from({ length: 5 * 16 }, (_, i) => Math.sin(i) * 0.02);
  const optim = { ...defaultOptim, lr: 2e-2, ema: 0, warmup: 5 };
  const { program } = await compileStep(device, 'classes', store, () => ({ loss }), counter, optim, steps);
  for (let step = 0; step < steps; step++) {
    const drawn = Int32Array.from({ length: batch }, (_, i) => (step + i) % classes);
    const values = new Float32Array(batch * size);
    drawn.forEach((label, i) => values.set(picture(label, `training ${step} ${i}`), i * size));
    program.run({ z: values, labels: drawn });
  }
  await device.idle();
  return {
    store, run: { weights: new Map([...weights, [classTableName(model), { shape: [5, 16], data: tableRows }]]) },
    description: { conditioning: 'class', model, latentScale: 1, timesteps: [0, 20] },
    firstStage: { latent, latentSize: size, encode: (values: Float32Array) => Promise.resolve(values) },
  } as unknown as ClassGenerator;
}

test.before(async (context) => {
  context.generator = await trained();
  context.classifier = await Classifier.open(await testDevice(), context.generator, 'invert', config);
  context.all = await everyOne(context.classifier, 'enumerate');
});

async function everyOne(classifier: Classifier,
  method: 'invert' | 'enumerate' | 'adaptive'): Promise<Classification[]> {
  return [...await classifier.classify(pictures.slice(0, 3), method),
    ...await classifier.classify(pictures.slice(3), method)];
}

test('enumeration finds the classes, and counts a pass for every class and pair', async ({ classifier, all }) => {
  assert.equal(all.map(({ label }) => label), subjects.map(({ label }) => label));
  for (const { ranking } of all) {
    assert.is(ranking.length, classes);
    ranking.forEach(({ energy }, i) => assert.ok(i === 0 || energy >= ranking[i - 1]!.energy));
  }
  const before = classifier.passes;
  await classifier.classify(pictures.slice(0, 1), 'enumerate');
  assert.is(classifier.passes - before, classes * config.pairs);
});

test('a picture is classified the same in any company', async ({ classifier, all }) => {
  assert.equal(await classifier.classify(pictures.slice(2, 3), 'enumerate'), [all[2]]);
});

test('the adaptive method agrees where the classes are clear, and asks less', async ({ classifier, all }) => {
  const before = classifier.passes;
  const found = await everyOne(classifier, 'adaptive');
  assert.equal(found.map(({ label }) => label), all.map(({ label }) => label));
  // Two pairs of every class, then the others of the two best.
  const left = config.pairs - 2 + spreadPairs(8, 2).filter((k) => !spreadPairs(8, 8).includes(k)).length;
  assert.is(classifier.passes - before, pictures.length * (classes * 2 + 2 * left));
  for (const [i, { ranking }] of found.entries()) {
    assert.is(ranking.length, 2);
    assert.is(ranking[0]!.energy, all[i]!.ranking[0]!.energy);
  }
});

for (const projection of ['slot', 'logits', 'none'] as const) {
  test(`inversion by ${projection} finds classes; its monitor is the energy of enumeration`,
    async ({ generator, all }) => {
      const own = { ...config, projection, candidates: projection === 'slot' ? 1 : 2 };
      const classifier = await Classifier.open(await testDevice(), generator, 'invert', own);
      const found = await everyOne(classifier, 'invert');
      // Straight-through steps from a start far from all rows need not come by the right one.
      if (projection !== 'slot') assert.equal(found.map(({ label }) => label), subjects.map(({ label }) => label));
      for (const [i, { label, ranking, monitor, convergenceLoop }] of found.entries()) {
        for (const one of ranking) {
          assert.is(one.energy, all[i]!.ranking.find((other) => other.label === one.label)!.energy);
        }
        assert.is(label, ranking[0]!.label);
        assert.is(monitor.length, config.loops);
        assert.is(monitor.at(-1), ranking[0]!.energy);
        assert.is(monitor[convergenceLoop! - 1], ranking[0]!.energy);
        assert.ok(ranking.length >= own.candidates);
      }
      assert.equal(await everyOne(classifier, 'invert'), found, 'the second run finds the same');
      classifier.destroy();
    });
}

test('steps lower the energy of every picture, whatever the others are', async ({ generator }) => {
  const device = await testDevice();
  const own = { ...config, projection: 'none', batchPairs: 8, lr: 0.01 } as const;
  const random = new RandomStream(4, 'noises');
  const noises = Float32Array.from({ length: 8 * size }, () => random.normal());
  const search = await ClassSearch.open(device, generator, noises, own);
  const pairs = {
    timesteps: Int32Array.of(5, 7, 9, 11, 13, 15, 17, 19), noises: Int32Array.from({ length: 8 }, (_, k) => k),
  };
  const runs = async (chosen: readonly Float32Array[]): Promise<[Float32Array, Float32Array]> => {
    const z = Float32Array.from(chosen.flatMap((one) => [...one]));
    search.begin();
    search.step(z, pairs, 0, 20);
    const first = await search.energies();
    for (let step = 1; step < 20; step++) search.step(z, pairs, step, 20);
    return [first, await search.energies()];
  };
  const [first, last] = await runs([pictures[0]!, pictures[1]!, pictures[3]!]);
  last.forEach((energy, i) => assert.ok(energy < 0.97 * first[i]!, `picture ${i}: ${first[i]} to ${energy}`));
  const [, other] = await runs([pictures[2]!, pictures[1]!, pictures[2]!]);
  assert.is(other[1], last[1]);
  search.destroy();
});

test('configs that cannot work are refused', () => {
  const refuse = (changes: Partial<ClassifyConfig>, pattern: RegExp): void => assert.throws(
    () => checkClassify({ ...config, ...changes }, classes, 20),
    (error: Error) => error instanceof UserError && pattern.test(error.message));
  refuse({ batchPairs: 3 }, /--batch-pairs: must divide the 8 pairs, found 3/);
  refuse({ pairs: 40, batchPairs: 4 }, /--pairs: there are only 16 timesteps, found 40/);
  refuse({ timesteps: [0, 21] }, /range within 0 to 20, found 0 to 21/);
  refuse({ stages: [{ pairs: 8, keep: 2 }] }, /the last one must keep 1 class/);
  refuse({ stages: [{ pairs: 8, keep: 2 }, { pairs: 4, keep: 1 }] }, /found stage 2 of 4 pairs that keeps 1/);
  refuse({ glance: 9 }, /--glance: must be at most the 8 pairs, found 9/);
  refuse({ neighbours: 3 }, /both must be 0 or neither, found 3 and 0/);
  refuse({ loops: 0 }, /loops must be a whole number from 1, found 0/);
  assert.throws(() => checkClassify(config, 1, 20), /two classes at least/);
});

test('a diffusion transformer is searched and judged likewise', async () => {
  const device = await testDevice();
  const dit = forClassesAndLatents({ backbone: 'dit', ...ditPresets['dit-micro'] }, classes, [2, 4, 4]);
  const store = new ParamStore('dit', classGeneratorSpecs(dit, latent));
  store.initialise(3);
  // The published start is blind to its condition.
  const random = new RandomStream(3, 'moved');
  for (const { state } of store.groups) {
    state.initial = (state.initial as Float32Array).map((value) => value + 0.1 * random.normal());
  }
  const generator = {
    store, run: { weights: new Map([[classTableName(dit), { shape: [5, 1], data: Float32Array.of(0, 1, 2, 3, 4) }]]) },
    description: { conditioning: 'class', model: dit, latentScale: 1, timesteps: [0, 20] },
    firstStage: { latent, latentSize: size, encode: (values: Float32Array) => Promise.resolve(values) },
  } as unknown as ClassGenerator;
  const classifier = await Classifier.open(device, generator, 'invert', { ...config, candidates: classes });
  const [[all], [found]] = [await classifier.classify(pictures.slice(0, 1), 'enumerate'),
    await classifier.classify(pictures.slice(0, 1), 'invert')];
  assert.equal(found!.ranking, all!.ranking);
  classifier.destroy();
});

test.run();
