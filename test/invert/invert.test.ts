// An inversion depends on the picture, its name and the seed, and on nothing else.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { RandomStream } from '../../engine/random.ts';
import { UserError } from '../../engine/errors.ts';
import { checkInversion, inversionPresets, type InversionConfig } from '../../invert/config.ts';
import { toDetections, toRecord } from '../../invert/detections.ts';
import { Inverter, type Inversion, type Subject } from '../../invert/invert.ts';
import { applyMove, localMoves } from '../../invert/moves.ts';
import { decodeLayout, emptyLayout } from '../../models/layoutTokens.ts';
import { Search } from '../../invert/search.ts';
import { openGenerator, type Generator } from '../../pipeline/generator.ts';
import { openPrior, type Prior } from '../../pipeline/prior.ts';
import { testDevice } from '../support/gpu.ts';
import { microSize, microVocabulary, writeMicroRuns } from '../support/microRuns.ts';

interface Context {
  generator: Generator;
  prior: Prior;
  diffusion: Prior;
  inverter: Inverter;
  together: Inversion[];
}

const test = suite<Context>('invert/invert');

const config: InversionConfig = {
  ...inversionPresets.search, timesteps: [9, 19], steps: 4, monitorEvery: 2, monitorPairs: 4, screenPairs: 4,
  restarts: 2, imagesAtOnce: 3, localRounds: 1, seed: 5,
};

const subject = (name: string): Subject => {
  const random = new RandomStream(3, name);
  return { name, picture: Float32Array.from({ length: 3 * microSize ** 2 }, () => random.uniform(-1, 1)) };
};
/** Layouts one move away. */
const neighbours = (tokens: Int32Array): Int32Array[] =>
  localMoves(microVocabulary, tokens).map((move) => applyMove(microVocabulary, tokens, move));

const subjects = ['a.png', 'b.png', 'c.png'].map(subject);

test.before(async (context) => {
  const dir = mkdtempSync(join(tmpdir(), 'invert-'));
  await writeMicroRuns(dir);
  const device = await testDevice();
  context.generator = await openGenerator(device, join(dir, 'generator'));
  context.prior = openPrior(join(dir, 'prior'));
  context.diffusion = openPrior(join(dir, 'diffusion-prior'));
  context.inverter = await Inverter.open(device, context.generator, context.prior, config);
  context.together = await context.inverter.invert(subjects);
  rmSync(dir, { recursive: true });
});

test('what is found is legal, at a local minimum of what was looked at, and scored', async ({ inverter, together }) => {
  for (const [i, { name, tokens, energy, objects, loss, monitor, convergenceStep, steps }] of together.entries()) {
    assert.is(name, subjects[i]!.name);
    const decoded = decodeLayout(microVocabulary, tokens);
    assert.is(decoded.objects.length, objects.length);
    assert.is(decoded.faults.partial + decoded.faults.area + decoded.faults.class + decoded.faults.corner, 0);
    assert.equal(loss.map(([step]) => step), [2, 4]);
    assert.equal(monitor.map(([step]) => step), [2, 4]);
    assert.is(steps, 4);
    const least = Math.min(...monitor.map(([, value]) => value));
    assert.is(monitor.find(([step]) => step === convergenceStep)![1], least);
    assert.ok(energy <= least, 'moves only lower the energy');
    const [again] = await inverter.energiesOf([subjects[i]!], [{ image: 0, tokens }]);
    assert.is(again, energy, 'the energy is that of the tokens');
    assert.ok(objects.every(({ score }) => score >= 0 && score < 1));
    assert.ok(objects.every(({ score }, k) => k === 0 || score <= objects[k - 1]!.score), 'best first');
  }
});

test('the same again, alone and in other company', async ({ inverter, together }) => {
  assert.equal(await inverter.invert(subjects), together);
  assert.equal(await inverter.invert([subjects[1]!]), [together[1]]);
  assert.equal(await inverter.invert([subjects[2]!, subjects[0]!]), [together[2], together[0]]);
});

test('places are taken as they become free, and nobody notices', async ({ generator, prior }) => {
  // Pictures that stop early leave their places to others, which are then at other steps than their neighbours.
  const many = ['a', 'b', 'c', 'd', 'e'].map((name) => subject(`${name}.png`));
  const patient: InversionConfig = {
    ...config, init: 'prior', stratifyCounts: false, steps: 12, monitorEvery: 1, patience: 2, lr: 1, screenPairs: 2,
    localRounds: 2,
  };
  const open = (imagesAtOnce: number): Promise<Inverter> =>
    testDevice().then((device) => Inverter.open(device, generator, prior, { ...patient, imagesAtOnce }));
  const [pool, single] = [await open(2), await open(1)];
  const pooled = await pool.invert(many);
  assert.ok(new Set(pooled.map(({ steps }) => steps)).size > 1, 'some stop earlier than others');
  for (const [i, one] of many.entries()) {
    assert.equal(await pool.invert([one]), [pooled[i]!], 'the same bits on the same program');
    const [alone] = await single.invert([one]);
    assert.equal(alone!.tokens, pooled[i]!.tokens);
    assert.is(alone!.passes, pooled[i]!.passes);
    assert.ok(Math.abs(alone!.energy - pooled[i]!.energy) <= 1e-5 * Math.abs(pooled[i]!.energy));
  }
  pool.destroy();
  single.destroy();
});

test('an interrupt gives up what is under way', async ({ inverter }) => {
  const controller = new AbortController();
  let turns = 0;
  const found: string[] = [];
  for await (const { subject: { name } } of inverter.run(subjects, controller.signal, () => {
    if (++turns === 3) controller.abort();
  })) found.push(name);
  assert.equal(found, []);
  assert.is(turns, 3);
});

test('a last look goes on from what was found, by pairs of its own in the noise', async (context) => {
  const { generator, prior, together } = context;
  const device = await testDevice();
  const fine = { finePairs: 8, fineTimesteps: [2, 12], finePriorWeight: 1e-3, score: 'margin' } as const;
  const closer = await Inverter.open(device, generator, prior, { ...config, ...fine });
  const alone = await Inverter.open(device, generator, prior, {
    ...config, monitorPairs: 8, timesteps: [2, 12], error: 'noise',
    priorWeight: { autoregressive: 1e-3, diffusion: 1e-3 },
  });
  for (const [i, found] of (await closer.invert(subjects)).entries()) {
    const candidates = [found, together[i]!].map(({ tokens }) => ({ image: 0, tokens }));
    const [energy, before] = await alone.energiesOf([subjects[i]!], candidates);
    assert.ok(Math.abs(found.energy - energy!) < 1e-6, `${found.energy}, judged alone ${energy}`);
    assert.ok(energy! <= before!, 'it starts where the search has ended');
    assert.equal(found.monitor, together[i]!.monitor);
    assert.ok(found.passes > together[i]!.passes);
  }
  for (const inverter of [closer, alone]) inverter.destroy();
});

test('another seed or name starts elsewhere', async ({ generator, prior, inverter, together }) => {
  const [renamed] = await inverter.invert([{ ...subjects[0]!, name: 'z.png' }]);
  assert.is.not(JSON.stringify(renamed!.loss), JSON.stringify(together[0]!.loss));
  const other = await Inverter.open(await testDevice(), generator, prior, { ...config, seed: 6 });
  const [reseeded] = await other.invert([subjects[0]!]);
  assert.is.not(JSON.stringify(reseeded!.loss), JSON.stringify(together[0]!.loss));
  other.destroy();
});

test('a round of moves is no worse than the best single move', async ({ generator, prior, together }) => {
  const still = await Inverter.open(await testDevice(), generator, prior, { ...config, localRounds: 0 });
  const before = await still.invert(subjects);
  let better = 0;
  for (const [image, { tokens, energy }] of before.entries()) {
    const near = neighbours(tokens).map((next) => ({ image, tokens: next }));
    const least = Math.min(energy, ...await still.energiesOf(subjects, near));
    assert.ok(together[image]!.energy <= least);
    better += Number(together[image]!.energy < energy);
  }
  assert.ok(better > 0, 'some round helps');
  still.destroy();
});

test('a diffusion prior: the same again and alone, and its weight changes what is found', async (context) => {
  const { generator, diffusion } = context;
  const open = async (weight: number): Promise<Inverter> => Inverter.open(await testDevice(), generator, diffusion,
    { ...config, priorWeight: { autoregressive: 0, diffusion: weight } });
  const [inverter, free] = [await open(2), await open(0)];
  const found = await inverter.invert(subjects);
  assert.equal(await inverter.invert(subjects), found);
  assert.equal(await inverter.invert([subjects[1]!]), [found[1]]);
  const unweighed = await free.invert(subjects);
  assert.equal(await free.invert(subjects), unweighed);
  assert.not.equal(found.map(({ tokens }) => [...tokens]), unweighed.map(({ tokens }) => [...tokens]));
  inverter.destroy();
  free.destroy();
});

test('the judge ranks the same under a diffusion prior whatever was drawn before, with the weight as the slope',
  async ({ generator, diffusion }) => {
    const candidates = neighbours(Int32Array.of(0, 5, 10, 16, 16, 16)).map((tokens) => ({ image: 0, tokens }));
    const energies = async (weight: number): Promise<Float64Array> => {
      const inverter = await Inverter.open(await testDevice(), generator, diffusion,
        { ...config, priorWeight: { autoregressive: 0, diffusion: weight } });
      const fresh = await inverter.energiesOf([subjects[0]!], candidates);
      await inverter.invert([subjects[1]!]);
      assert.equal(await inverter.energiesOf([subjects[0]!], candidates), fresh);
      inverter.destroy();
      return fresh;
    };
    const [none, one, two] = [await energies(0), await energies(1), await energies(2)];
    one.forEach((value, i) => {
      assert.ok(value > none[i]!, 'an error is positive');
      assert.ok(Math.abs(two[i]! - 2 * value + none[i]!) < 1e-5 * two[i]!);
    });
  });

test('every projection runs, from any start, with and without a prior', async ({ generator, prior, diffusion }) => {
  for (const projection of ['logits', 'soft', 'slot', 'vocabulary', 'none'] as const) {
    const init = projection === 'soft' || projection === 'logits' ? 'prior' : 'gaussian';
    const variants = [
      { own: projection === 'soft' ? diffusion : prior, init, draws: 'uniform' },
      { own: projection === 'slot' ? diffusion : null, init: 'none', draws: 'bank' },
    ] as const;
    for (const { own, init: from, draws } of variants) {
      const inverter = await Inverter.open(await testDevice(), generator, own,
        { ...config, projection, init: from, draws });
      const [found] = await inverter.invert([subjects[0]!]);
      assert.ok(Number.isFinite(found!.energy), `${projection} from ${from}`);
      inverter.destroy();
    }
  }
});

test('more candidates than rows of the program come back in order', async ({ inverter }) => {
  const tokens = Int32Array.of(0, 5, 10, 2, 5, 10);
  const candidates = neighbours(tokens).map((next, i) => ({ image: i % 3, tokens: next }));
  assert.ok(candidates.length > 16);
  const energies = await inverter.energiesOf(subjects, candidates);
  for (const k of [0, 15, 16, candidates.length - 1]) {
    const [alone] = await inverter.energiesOf(subjects, [candidates[k]!]);
    assert.is(energies[k], alone);
  }
});

test('the baselines keep to their passes and find lower energies than nothing', async ({ generator, prior }) => {
  for (const method of ['greedy', 'random'] as const) {
    const searcher = await Inverter.open(await testDevice(), generator, prior,
      { ...config, method, passes: 400, localRounds: 0, screenPairs: 2 });
    const found = await searcher.invert(subjects);
    const empty = await searcher.energiesOf(subjects,
      subjects.map((_, image) => ({ image, tokens: emptyLayout(microVocabulary) })));
    for (const [i, { energy, passes, monitor, name, objects }] of found.entries()) {
      assert.ok(passes >= 400 && passes < 520, `${passes} passes`);
      assert.ok(energy <= empty[i]!);
      assert.is(monitor.at(-1)![1], energy);
      assert.is(name, subjects[i]!.name);
      assert.ok(objects.length <= microVocabulary.maxObjects);
    }
    assert.ok(found.some(({ energy }, i) => energy < empty[i]!), `${method} finds something`);
    assert.equal(await searcher.invert([subjects[1]!]), [found[1]]);
    searcher.destroy();
  }
});

test('starts at layouts read as those layouts', async ({ generator, prior }) => {
  const starts = [Int32Array.of(1, 0, 3, 4, 4, 4), Int32Array.of(2, 1, 3, 0, 0, 2)];
  const { none } = microVocabulary;
  const layouts = starts.map((tokens) => tokens.map((token) => (token === 4 ? none : token)));
  for (const projection of ['logits', 'slot', 'none'] as const) {
    const search = await Search.open(await testDevice(), generator, prior,
      { ...config, projection, stratifyCounts: false, imagesAtOnce: 2 });
    const z = new Float32Array(generator.firstStage.latentSize);
    search.start(1, 'a.png', z, layouts);
    const [, reading] = await search.read();
    assert.equal(reading!.layouts, layouts, projection);
    search.destroy();
  }
});

test('detections in original pixels', ({ together, generator }) => {
  const { categories } = generator.description;
  const object = { classIndex: 1, xyxyUnit: [0.25, 0, 1, 0.5], score: 0.123456789 } as const;
  const found: Inversion = { ...together[0]!, objects: [object] };
  const image = { id: 7, fileName: 'a.png', width: 200, height: 100, objects: [] };
  const [whole] = toDetections(found, image, categories);
  assert.equal(whole, { image_id: 7, category_id: categories[1]!.id, bbox: [50, 0, 150, 50], score: 0.12346 });
  const record = toRecord(found, image, [whole!], categories, 5, 1.23456);
  assert.equal(record.detections, [{ label: categories[1]!.name, score: 0.12346, xywhPx: [50, 0, 150, 50] }]);
  assert.is(record.seconds, 1.23);
  assert.is(JSON.parse(JSON.stringify(record)).tokens.length, 6);
});

test('configs that cannot work are refused', () => {
  const refused = (change: Partial<InversionConfig>, pattern: RegExp): void => assert.throws(
    () => checkInversion({ ...config, ...change }, 20),
    (error: Error) => error instanceof UserError && pattern.test(error.message));
  refused({ timesteps: [9, 21] }, /within 0 to 20, found 9 to 21/);
  refused({ timesteps: [9, 9] }, /found 9 to 9/);
  refused({ steps: 0 }, /steps must be a whole number from 1, found 0/);
  refused({ restarts: 1.5 }, /restarts must be/);
  refused({ lr: -1 }, /lr must be positive, found -1/);
  refused({ patience: -1 }, /patience must be a whole number from 0/);
  refused({ priorWeight: { autoregressive: 0, diffusion: -0.1 } }, /--prior-weight: must be 0 or more, found -0.1/);
  refused({ priorTimesteps: [200, 1200] }, /--prior-timesteps: must be a range within 0 to 1000 .* found 200 to 1200/);
  refused({ priorPairs: 0 }, /priorPairs must be a whole number from 1/);
  refused({ screenPairs: 3 }, /screenPairs must divide monitorPairs, 4; found 3/);
  refused({ finePairs: 6 }, /--fine-pairs: must be 0 or a multiple of the 4 screenPairs, found 6/);
  refused({ finePairs: 8, fineTimesteps: [5, 30] }, /--fine-timesteps: must be a range within 0 to 20, found 5 to 30/);
  refused({ duplicateIou: 0 }, /duplicateIou must be above 0/);
  refused({ temperature: [1, 0] }, /temperature must be positive/);
  checkInversion(config, 20);
});

test.run();
