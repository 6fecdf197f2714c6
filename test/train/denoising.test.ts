// Training of diffusion models: gradients over several batches, dropped conditions, classes with both backbones.
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import type { AnnotatedDataset } from '../../data/annotations.ts';
import type { NamedFloats } from '../../engine/params.ts';
import { RandomStream } from '../../engine/random.ts';
import { sceneDataset } from '../../data/scenes.ts';
import { ClassSampler } from '../../pipeline/classGenerator.ts';
import { classGeneratorTask, type ClassGeneratorRun } from '../../train/classGenerator.ts';
import { forClassesAndLatents } from '../../models/classModel.ts';
import type { SplitDataset } from '../../train/data.ts';
import type { LatentSets } from '../../train/denoising.ts';
import { generatorTask, objectWeights, type GeneratorTraining } from '../../train/generator.ts';
import { LatentSet } from '../../train/latents.ts';
import type { Task } from '../../train/loop.ts';
import { autoencoderRuns } from '../../train/presets/autoencoder.ts';
import { classGeneratorRuns } from '../../train/presets/classGenerator.ts';
import { generatorRuns } from '../../train/presets/generator.ts';
import { testDevice } from '../support/gpu.ts';
import { relativeError } from '../support/checkOp.ts';
import { microVocabulary } from '../support/microRuns.ts';

const test = suite('train/denoising');

const { dataset } = sceneDataset({ kind: 'flat', seed: 3, maxObjects: 2, count: 12, size: 16 });
const data: SplitDataset = { training: dataset, validation: dataset, summary: '' };

function latentSets(shape: [number, number, number]): LatentSets {
  const random = new RandomStream(1, 'latents');
  const values = Float32Array.from({ length: 24 * shape[0] * shape[1] * shape[2] }, () => random.normal());
  const set = new LatentSet(values, shape, true);
  return { training: set, validation: set };
}

const described = { autoencoder: autoencoderRuns.micro.model, image: { size: 16 }, latentScale: 1 };
const noSheet = async (): Promise<void> => undefined;

const layoutTask = async (training: Partial<GeneratorTraining>): Promise<Task> => generatorTask(await testDevice(), {
  ...generatorRuns.micro, uncertainty: { share: 0.5, low: 0.1, high: 1 }, ...training, ...described,
  vocabulary: microVocabulary, categories: dataset.categories,
}, data, latentSets([2, 8, 8]), new Map(), noSheet);

/** Optimiser steps, each with all its parts; the loss and norm of each, and the parameters at the end. */
async function run(task: Task, steps: number): Promise<{ figures: number[]; weights: Map<string, NamedFloats> }> {
  const figures: number[] = [];
  for (let step = 0; step < steps; step++) {
    for (let part = 0; part < task.parts!; part++) {
      task.programAt!(step, part).run(await task.batch(step, part));
    }
    figures.push(await task.program.readScalar('loss'), await task.program.readScalar('gradNorm'));
  }
  const weights = new Map<string, NamedFloats>();
  for (const [name, read] of task.store.sources(await testDevice())) weights.set(name, await read());
  return { figures, weights };
}

test('gradients of several batches are those of one large batch', async () => {
  const settings = { conditionDropout: 0.3, minSnr: 5, data: { flip: true, minArea: 0 } };
  const whole = await run(await layoutTask({ ...settings, batch: 6, accumulate: 1 }), 3);
  const parts = await run(await layoutTask({ ...settings, batch: 2, accumulate: 3 }), 3);
  whole.figures.forEach((value, i) =>
    assert.ok(Math.abs(parts.figures[i]! - value) < 1e-4 * value, `figure ${i}: ${value} and ${parts.figures[i]}`));
  for (const [name, { data: values }] of whole.weights) {
    const found = parts.weights.get(name)!.data;
    // Adam divides by the gradient's own size: where that is nothing but rounding, steps may differ.
    const differing = values.filter((value, i) => Math.abs(value - found[i]!) > 1e-4).length;
    assert.ok(differing <= 0.02 * values.length, `${name}: ${differing} of ${values.length} differ`);
  }
});

test('a dropped condition is the empty layout, whatever the layout was', async () => {
  const lossWith = async (conditionDropout: number, seed: number): Promise<number> => {
    const task = await layoutTask({ conditionDropout, optim: { ...generatorRuns.micro.optim, lr: 0 } });
    const { z } = await task.batch(0);
    // Parameters that start at zero hide the condition: every one is moved.
    for (const { state } of task.store.groups) {
      const random = new RandomStream(1, state.name);
      (await testDevice()).write(state,
        Float32Array.from({ length: state.type.shape[0]! }, () => 0.3 * random.normal()));
    }
    const random = new RandomStream(seed, 'ids');
    task.program.run({ z: z!, ids: Int32Array.from({ length: 4 * 6 }, () => random.integer(3)) });
    return task.program.readScalar('loss');
  };
  const all = 1 - 1e-9;
  assert.is(await lossWith(all, 1), await lossWith(all, 2));
  assert.is.not(await lossWith(0, 1), await lossWith(0, 2));
});

/** A generator with a layout map of which only the rows of the token table that classes may have are trained. */
const fixedPlaces = (trainedRows: number, weightDecay: number): Partial<GeneratorTraining> => {
  const { model, optim } = generatorRuns.micro;
  return {
    model: {
      ...model, unet: { ...model.unet, layoutMap: true }, encoder: { ...model.encoder, init: 'grid', trainedRows },
    },
    optim: { ...optim, weightDecay },
  };
};

test('rows that are not trained stay where they begin, and so does the reading of places', async () => {
  const { classCount } = microVocabulary;
  const trained = fixedPlaces(classCount, 0);
  const weightsAfter = async (steps: number): Promise<Map<string, NamedFloats>> =>
    (await run(await layoutTask(trained), steps)).weights;
  const [begun, ended] = [await weightsAfter(0), await weightsAfter(3)];
  const rows = 'cond_stage_model.transformer.token_emb.weight';
  const [before, after] = [begun.get(rows)!, ended.get(rows)!];
  const first = classCount * before.shape[1]!;
  assert.equal(after.data.slice(first), before.data.slice(first));
  before.data.subarray(0, first).forEach((value, i) => assert.is.not(after.data[i], value));
  const reading = 'model.diffusion_model.layout_map.corners.weight';
  assert.equal(ended.get(reading)!.data, begun.get(reading)!.data);
  const patterns = 'model.diffusion_model.layout_map.patterns.weight';
  assert.not.equal(ended.get(patterns)!.data, begun.get(patterns)!.data);
});

test('places that a box touches weigh more, one on average', () => {
  const item = { objects: [
    { classIndex: 0, xyxyUnit: [0, 0.3, 0.26, 0.5] }, { classIndex: 1, xyxyUnit: [0.2, 0.25, 0.4, 0.5] }] as const };
  // Two of sixteen places at 5 and fourteen at 1 are 1.5 on average.
  const rows = (...marked: number[]): number[] =>
    Array.from({ length: 16 }, (_, i) => (i >> 2 === 1 && marked.includes(i % 4) ? 5 : 1) / 1.5);
  const close = (found: Float32Array, expected: number[]): void =>
    found.forEach((value, i) => assert.ok(Math.abs(value - expected[i]!) < 1e-6, `${i}: ${value}, not ${expected[i]}`));
  close(objectWeights(item, false, [4, 4], { objectWeight: 4, objectAreaPower: 0 }), rows(0, 1));
  close(objectWeights(item, true, [4, 4], { objectWeight: 4, objectAreaPower: 0 }), rows(2, 3));
});

test('places of smaller objects weigh more, also where larger ones cover them', () => {
  const small = { classIndex: 1, xyxyUnit: [0.25, 0.25, 0.5, 0.5] } as const;
  const large = { classIndex: 0, xyxyUnit: [0, 0, 0.5, 0.5] } as const;
  for (const objects of [[small, large], [large, small]]) {
    const found = objectWeights({ objects }, false, [4, 4], { objectWeight: 3, objectAreaPower: 0.5 });
    // 1 + 3 * 2 and 1 + 3 * 4: areas of a quarter and a sixteenth.
    const expected = Array.from({ length: 16 }, (_, i) => (i === 5 ? 13 : i % 4 < 2 && i < 8 ? 7 : 1));
    const mean = (13 + 3 * 7 + 12) / 16;
    expected.forEach((value, i) => assert.ok(Math.abs(found[i]! - value / mean) < 1e-6, `${i}: ${found[i]}`));
  }
});

test('the weighted loss counts errors by their place', async () => {
  const task = await layoutTask({ objectWeight: 3, optim: { ...generatorRuns.micro.optim, lr: 0 } });
  const { z, ids, weights } = await task.batch(0);
  assert.is(weights!.length, 4 * 64);
  const lossWith = async (factor: (i: number) => number): Promise<number> => {
    task.program.run({ z: z!, ids: ids!, weights: (weights as Float32Array).map((_, i) => factor(i)) });
    return task.program.readScalar('loss');
  };
  // The learning rate is 0, but time goes on: all losses are of draws of their own unless all of the error is masked.
  assert.is(await lossWith(() => 0), 0);
  assert.ok(await lossWith((i) => Number(i % 64 < 32)) > 0);
});

/** Pictures of three classes; the latents of a class have a mean of their own. */
const classes: AnnotatedDataset = {
  ...dataset, categories: ['a', 'b', 'c'].map((name, id) => ({ id, name })),
  images: dataset.images.map((image, i) =>
    ({ ...image, objects: [{ classIndex: i % 3, xyxyUnit: [0, 0, 1, 1], crowd: false, annotationId: i }] })),
};

for (const [name, shape, image] of [['micro', [2, 8, 8], 16], ['dit-micro', [2, 6, 6], 12]] as const) {
  test(`classes: ${name} learns, is checked and draws each class for itself`, async () => {
    const device = await testDevice();
    const training = classGeneratorRuns[name];
    const classRun: ClassGeneratorRun = {
      ...training, ...described, image: { size: image }, conditioning: 'class', categories: classes.categories,
      model: forClassesAndLatents(training.model, 3, [...shape]), loop: { ...training.loop, steps: 60 },
      optim: { ...training.optim, lr: 1e-2 },
    };
    const each = shape[0] * shape[1] * shape[2];
    const values = Float32Array.from({ length: 24 * each }, (_, i) => (Math.floor(i / (2 * each)) % 3) - 1);
    const set = new LatentSet(values, [...shape], true);
    const task = await classGeneratorTask(device, classRun, { training: classes, validation: classes, summary: '' },
      { training: set, validation: set }, new Map(), noSheet);
    assert.equal((await task.batch(0))['ids']!.length, 4);
    const before = (await task.validate())['val']!;
    await run(task, 60);
    const after = (await task.validate())['val']!;
    assert.ok(after < 0.95 * before, `validation ${before} to ${after}`);
    const sampler = await ClassSampler.open(device, task.store, classRun, 2);
    const draw = (labels: number[], guidance: number): Promise<Float32Array> =>
      sampler.sample(Int32Array.from(labels), { sampler: 'ddim', steps: 4, guidance, seed: 1 });
    const [ab, aa] = [await draw([0, 1], 1), await draw([0, 0], 1)];
    assert.equal(ab.slice(0, each), aa.slice(0, each));
    assert.ok(relativeError(ab.slice(each), Float64Array.from(aa.slice(each))) > 1e-4, 'the class matters');
    // Guidance on the class that stands for none changes nothing.
    assert.ok(relativeError(await draw([3, 3], 2), Float64Array.from(await draw([3, 3], 1))) < 1e-5);
    sampler.destroy();
  });
}

test('settings that make no sense are refused', async () => {
  for (const [training, message] of [
    [{ conditionDropout: 1 }, /--condition-dropout: must be at least 0 and under 1, found 1/],
    [{ objectWeight: -1 }, /--objectWeight: must be at least 0, found -1/],
    [{ objectAreaPower: -1 }, /--objectAreaPower: must be at least 0, found -1/],
    [fixedPlaces(1, 0), /trainedRows: must be at least the \d classes, whose rows come first, found 1/],
    [fixedPlaces(3, 0.1), /--optim.weightDecay: must be 0 where the other rows .* are fixed .*, found 0.1/],
    [{ minSnr: -1 }, /--min-snr: must be at least 0, found -1/],
    [{ accumulate: 1.5 }, /--accumulate: must be a whole number from 1, found 1.5/],
    [{ timesteps: [5, 30] }, /--timesteps: must be a range of whole numbers within 0 to 20, found 5 to 30/],
  ] as const) {
    await layoutTask(training).then(() => assert.unreachable(), (error: Error) => assert.match(error.message, message));
  }
});

test.run();
