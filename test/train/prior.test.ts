import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import type { AnnotatedDataset } from '../../data/annotations.ts';
import { UserError } from '../../engine/errors.ts';
import { RandomStream } from '../../engine/random.ts';
import { layoutVocabulary } from '../../models/layoutTokens.ts';
import { ownTokenTable } from '../../models/prior/ownTable.ts';
import { tableStatistics } from '../../models/prior/standardise.ts';
import { loadRun } from '../../pipeline/run.ts';
import { train, type Task } from '../../train/loop.ts';
import { bentLayout, priorTask, type PriorRun } from '../../train/prior.ts';
import { priorRuns } from '../../train/presets/prior.ts';
import { testDevice } from '../support/gpu.ts';

const N = 5;
const categories = [{ id: 1, name: 'cat' }, { id: 2, name: 'dog' }];
const vocabulary = layoutVocabulary({ vocabularySize: 17, classCount: 2, maxObjects: N, encodeCrop: false });

/** Layouts of 1 .. 5 objects; those of one or two are cats, others dogs. */
const images = Array.from({ length: 40 }, (_, id) => ({
  id, fileName: '', width: 10, height: 10,
  objects: Array.from({ length: 1 + (id % N) }, (_, i) =>
    ({ classIndex: Number(id % N > 1), xyxyUnit: [0, 0, 0.5, 0.5 + i / 10] as const, crowd: false, annotationId: i })),
}));
const dataset: AnnotatedDataset = { categories, images, dropped: {} as AnnotatedDataset['dropped'], clipped: 0 };

const factoredModel = { ...priorRuns.micro.model, maxObjects: N, classCount: 2, corners: 'factored', adapters: 'slot',
  positions: 'object' } as const;

async function task(changes: Partial<PriorRun>): Promise<Task> {
  const rows = ownTokenTable(vocabulary, 8, new RandomStream(1, 'table'));
  const run: PriorRun = {
    ...priorRuns.micro, batch: 4, uncertainty: { ...priorRuns.micro.uncertainty, share: 0 }, categories,
    optim: { ...priorRuns.micro.optim, lr: 0.02, decay: 'constant' },
    model: factoredModel,
    vocabulary: { vocabularySize: 17, classCount: 2, maxObjects: N, encodeCrop: false },
    statistics: tableStatistics(rows), ...changes,
  };
  const data = { training: dataset, validation: dataset, summary: '' };
  return priorTask(await testDevice(), run, data, { shape: [17, 8], data: rows }, async () => undefined);
}

test('layouts of like lengths are batched together, all of them seen, by steps that train one model', async () => {
  const { programAt, program, batch, validate } = await task({ lengths: [3] });
  const before = (await validate())['val']!;
  const slots = new Set<number>();
  const lengths = new Set<number>();
  for (let step = 0; step < 60; step++) {
    const inputs = await batch(step);
    assert.equal(await batch(step), inputs, 'a step has its batch');
    const classes = inputs['classes'] as Int32Array;
    const own = inputs['ids']!.length === 7 * 9 ? 3 : N;
    assert.is(inputs['ids']!.length, own === 3 ? 63 : 60, 'as many tokens as go into whole layouts');
    for (let i = 0; i < classes.length; i += own) {
      const n = classes.subarray(i, i + own).filter((kind) => kind < 2).length;
      lengths.add(n);
      assert.ok(own === 3 ? n < 3 : n >= 3, `${n} objects in ${own} slots`);
    }
    slots.add(own);
    const used = programAt!(step);
    assert.is(used === program, own === N);
    used.run(inputs);
  }
  assert.equal([...slots].sort(), [3, N]);
  assert.equal([...lengths].sort(), [1, 2, 3, 4, 5]);
  const after = (await validate())['val']!;
  assert.ok(after < 0.7 * before, `${before} -> ${after}`);
});

test('what cannot be is refused', async () => {
  const refused = async (changes: Partial<PriorRun>, pattern: RegExp): Promise<void> => {
    try {
      await task(changes);
      assert.unreachable();
    } catch (error) {
      assert.instance(error, UserError);
      assert.match((error as Error).message, pattern);
    }
  };
  await refused({ lengths: [4, 3] }, /--lengths/);
  await refused({ lengths: [1] }, /--lengths/);
  await refused({ lengths: [3], uncertainty: priorRuns.micro.uncertainty }, /--lengths/);
  const { data } = priorRuns.micro;
  for (const bend of [-0.1, 0.5, NaN]) await refused({ data: { ...data, bend } }, /--data\.bend: must be 0 or more/);
  const support = 'canonical';
  const canonical = { ...factoredModel, support } as const;
  await refused({ model: canonical }, /--model\.support: canonical goes .* found factored and random/);
  const cells = { ...priorRuns.micro.model, support } as const;
  await refused({ model: cells, data: { ...data, order: 'canonical' } }, /found cell and/);
});

test('a prior of canonical order trains on bent layouts', async () => {
  const { programAt, program, batch, validate } = await task({
    model: { ...factoredModel, support: 'canonical' },
    data: { ...priorRuns.micro.data, order: 'canonical', bend: 0.4, flip: true },
  });
  const before = (await validate())['val']!;
  for (let step = 0; step < 30; step++) (programAt?.(step) ?? program).run(await batch(step));
  const after = (await validate())['val']!;
  assert.ok(after < 0.8 * before, `${before} -> ${after}`);
});

test('bent layouts keep borders, order and legality, and differ', () => {
  const random = new RandomStream(3, 'bent');
  const objects = [[0, 0.1, 0.5, 1], [0.2, 0.3, 0.25, 0.35], [0.2, 0, 1, 0.9]].map((box, classIndex) =>
    ({ classIndex, xyxyUnit: box as unknown as readonly [number, number, number, number] }));
  let largest = 0;
  for (let i = 0; i < 200; i++) {
    const bent = bentLayout(objects, 0.499, random);
    bent.forEach(({ classIndex, xyxyUnit }, k) => {
      assert.is(classIndex, k);
      xyxyUnit.forEach((u, side) => {
        const was = objects[k]!.xyxyUnit[side]!;
        assert.ok(u >= 0 && u <= 1);
        assert.is(u === 0 || u === 1, was === 0 || was === 1);
        largest = Math.max(largest, Math.abs(u - was));
        objects.forEach(({ xyxyUnit: other }, j) => assert.is(Math.sign(u - bent[j]!.xyxyUnit[side]!),
          Math.sign(was - other[side]!), 'what was left or above still is'));
      });
    });
  }
  assert.ok(largest > 0.08 && largest < 0.25, `${largest}`);
});

/** Loss of the first step, and validation before and after some steps. */
async function figures(changes: Partial<PriorRun>): Promise<{ loss: number; before: number; after: number }> {
  const { program, batch, validate } = await task(changes);
  const before = (await validate())['val']!;
  let loss = NaN;
  for (let step = 0; step < 3; step++) {
    program.run(await batch(step));
    if (step === 0) loss = await program.readScalar('loss');
  }
  return { loss, before, after: (await validate())['val']! };
}

test('dropout belongs to training alone, and is drawn alike each time', async () => {
  const model = (dropout: number): Partial<PriorRun> => ({ model: { ...factoredModel, dropout } });
  const [none, half, again] = [await figures(model(0)), await figures(model(0.5)), await figures(model(0.5))];
  assert.equal(half, again);
  assert.ok(Math.abs(none.loss - half.loss) > 1e-3, `${none.loss} and ${half.loss}`);
  assert.is(none.before, half.before, 'validation drops nothing');
});

test('validation looks at the averaged weights', async () => {
  const { optim } = priorRuns.micro;
  const [now, averaged] = [await figures({ optim: { ...optim, lr: 0.004, ema: 0 } }),
    await figures({ optim: { ...optim, lr: 0.004, ema: 0.99 } })];
  assert.is(now.loss, averaged.loss);
  assert.is(now.before, averaged.before);
  assert.ok(now.after < averaged.after && averaged.after < averaged.before, 'averages come after the weights');
});

test('training stops early once validation no longer gets better, keeps the best, and stays stopped', async () => {
  const out = mkdtempSync(join(tmpdir(), 'early-'));
  const values = [3, 2, 4, 5, 1];
  const of = { ...await task({}), validate: async () => ({ val: values.shift()! }) };
  const loop = { steps: 10, logEvery: 1, validateEvery: 2, sampleEvery: 100, checkpointEvery: 3, patience: 2 };
  const lines: string[] = [];
  const go = (resume: boolean): ReturnType<typeof train> => testDevice().then((device) => train(device, of, loop, {
    out, resume, signal: new AbortController().signal, progress: () => undefined, print: (line) => lines.push(line),
    saved: async () => undefined,
  }));
  const { step, interrupted } = await go(false);
  assert.equal([step, interrupted], [8, false]);
  assert.match(lines.at(-1)!, 'stopped early: no better validation since step 4');
  assert.equal(loadRun(out, 'prior').header.best, { value: 2, step: 4 });
  assert.is((await go(true)).step, 8);
  rmSync(out, { recursive: true });
});

test.run();
