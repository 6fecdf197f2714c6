import { test } from 'uvu';
import * as assert from 'uvu/assert';
import type { AnnotatedDataset } from '../../data/annotations.ts';
import { RandomStream } from '../../engine/random.ts';
import { decodeLayout, emptyLayout, layoutVocabulary } from '../../models/layoutTokens.ts';
import { ownTokenTable } from '../../models/prior/ownTable.ts';
import { tableStatistics } from '../../models/prior/standardise.ts';
import { drawDiffusionLayouts } from '../../pipeline/drawDiffusionLayouts.ts';
import { diffusionPriorTask, type DiffusionPriorRun } from '../../train/diffusionPrior.ts';
import type { Task } from '../../train/loop.ts';
import { diffusionPriorRuns } from '../../train/presets/diffusionPrior.ts';
import { testDevice } from '../support/gpu.ts';

const N = 2;
const categories = [{ id: 1, name: 'cat' }, { id: 2, name: 'dog' }];
const config = { vocabularySize: 17, classCount: 2, maxObjects: N, encodeCrop: false };
const vocabulary = layoutVocabulary(config);
const rows = ownTokenTable(vocabulary, 8, new RandomStream(1, 'table'));
const tokenTable = { shape: [17, 8], data: rows };

/** Cats lie in the top left quarter, dogs in the bottom right one; each is alone or both are there. */
const cat = { classIndex: 0, xyxyUnit: [0, 0, 0.34, 0.34] as const, crowd: false, annotationId: 1 };
const dog = { classIndex: 1, xyxyUnit: [0.67, 0.67, 1, 1] as const, crowd: false, annotationId: 2 };
const images = [[cat], [dog], [cat, dog]].map((objects, id) => ({ id, fileName: '', width: 10, height: 10, objects }));
const dataset: AnnotatedDataset = { categories, images, dropped: {} as AnnotatedDataset['dropped'], clipped: 0 };

const batch = 32;

const runOf = (changes: Partial<DiffusionPriorRun> = {}): DiffusionPriorRun => ({
  ...diffusionPriorRuns.micro, batch, categories, vocabulary: config, statistics: tableStatistics(rows),
  data: { flip: false, minArea: 0 },
  model: { ...diffusionPriorRuns.micro.model, width: 32, heads: 4, headWidth: 8 },
  optim: { ...diffusionPriorRuns.micro.optim, lr: 0.01, decay: 'cosine', ema: 0 },
  ...changes,
});

const taskOf = async (run: DiffusionPriorRun): Promise<Task> =>
  diffusionPriorTask(await testDevice(), run, { training: dataset, validation: dataset, summary: '' }, tokenTable,
    async () => undefined);

test('a batch is a function of the step: objects in random order, mirrored where asked for', async () => {
  const task = await taskOf(runOf());
  const read = async (step: number): Promise<string[]> => {
    const ids = (await task.batch(step))['ids'] as Int32Array;
    assert.is(ids.length, batch * 3 * N);
    return Array.from({ length: batch }, (_, i) => decodeLayout(vocabulary, ids.slice(6 * i, 6 * i + 6)).objects
      .map(({ classIndex, xyxyUnit: [x0] }) => `${'cd'[classIndex]}${x0 < 0.5 ? 'l' : 'r'}`).join(' '));
  };
  assert.equal(await read(3), await read(3));
  assert.not.equal(await read(3), await read(4));
  assert.equal([...new Set([...await read(3), ...await read(4)])].sort(), ['cl', 'cl dr', 'dr', 'dr cl']);
  const flipped = await taskOf(runOf({ data: { flip: true, minArea: 0 } }));
  const ids = (await flipped.batch(0))['ids'] as Int32Array;
  const sides = new Set(Array.from({ length: batch }, (_, i) =>
    decodeLayout(vocabulary, ids.slice(6 * i, 6 * i + 6)).objects[0]!.xyxyUnit[0] < 0.5));
  assert.is(sides.size, 2);
});

// `noise` is the paper's; `v` is drawn from as well, since it takes fewer steps to learn rows that can be rounded.
for (const [prediction, steps] of [['noise', 60], ['v', 400]] as const) {
  test(`${prediction}: validation is repeatable and falls, and what is learnt is drawn`, async () => {
    const run = runOf({
      model: { ...runOf().model, prediction }, loop: { ...diffusionPriorRuns.micro.loop, steps },
    });
    const { program, batch: inputs, validate, store } = await taskOf(run);
    const before = (await validate())['val']!;
    assert.is((await validate())['val'], before);
    for (let step = 0; step < steps; step++) program.run(await inputs(step));
    const after = (await validate())['val']!;
    assert.ok(after < 0.7 * before, `${before} -> ${after}`);
    if (prediction !== 'v') return;
    const drawn = await drawDiffusionLayouts(await testDevice(), store, run, tokenTable,
      { count: 60, seed: 1, sampler: 'ddim', steps: 20, eta: 0 });
    const counts = new Map<string, number>();
    for (const { tokens } of drawn) {
      const own = decodeLayout(vocabulary, tokens).objects.map(({ classIndex, xyxyUnit }) => `${classIndex} ${xyxyUnit
        .map((x) => x.toFixed(1)).join(' ')}`).sort().join(', ');
      counts.set(own, (counts.get(own) ?? 0) + 1);
      assert.is(tokens.length, emptyLayout(vocabulary).length);
    }
    const known = ['0 0.0 0.0 0.3 0.3', '1 0.7 0.7 1.0 1.0', '0 0.0 0.0 0.3 0.3, 1 0.7 0.7 1.0 1.0']
      .map((layout) => counts.get(layout) ?? 0);
    assert.ok(known.every((count) => count >= 6), `${known} of 60`);
    assert.ok(known.reduce((a, b) => a + b) >= 48, `${known} of 60`);
  });
}

test.run();
