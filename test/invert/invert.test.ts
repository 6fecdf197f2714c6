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
import { neighbours } from '../../invert/moves.ts';
import { decodeLayout } from '../../models/layoutTokens.ts';
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
  ...inversionPresets.search, timesteps: [9, 19], steps: 4, monitorEvery: 2, monitorPairs: 3, restarts: 2,
  imagesAtOnce: 3, localRounds: 1, seed: 5,
};

const subject = (name: string): Subject => {
  const random = new RandomStream(3, name);
  return { name, picture: Float32Array.from({ length: 3 * microSize ** 2 }, () => random.uniform(-1, 1)) };
};
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

test('one picture a program gives the same tokens as three', async ({ generator, prior, together }) => {
  const single = await Inverter.open(await testDevice(), generator, prior, { ...config, imagesAtOnce: 1 });
  for (const [i, one] of subjects.entries()) {
    const [alone] = await single.invert([one]);
    assert.equal(alone!.tokens, together[i]!.tokens);
    assert.ok(Math.abs(alone!.energy - together[i]!.energy) <= 1e-5 * Math.abs(together[i]!.energy));
  }
  single.destroy();
});

test('another seed or name starts elsewhere', async ({ generator, prior, inverter, together }) => {
  const [renamed] = await inverter.invert([{ ...subjects[0]!, name: 'z.png' }]);
  assert.is.not(JSON.stringify(renamed!.loss), JSON.stringify(together[0]!.loss));
  const other = await Inverter.open(await testDevice(), generator, prior, { ...config, seed: 6 });
  const [reseeded] = await other.invert([subjects[0]!]);
  assert.is.not(JSON.stringify(reseeded!.loss), JSON.stringify(together[0]!.loss));
  other.destroy();
});

test('a round of moves goes to the best neighbour', async ({ generator, prior, together }) => {
  const still = await Inverter.open(await testDevice(), generator, prior, { ...config, localRounds: 0 });
  const before = await still.invert(subjects);
  for (const [image, { tokens, energy }] of before.entries()) {
    const near = neighbours(microVocabulary, tokens).map((next) => ({ image, tokens: next }));
    const least = Math.min(energy, ...await still.energiesOf(subjects, near));
    assert.is(together[image]!.energy, least);
  }
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
    const candidates = neighbours(microVocabulary, Int32Array.of(0, 5, 10, 16, 16, 16)).map((tokens) => ({ image: 0, tokens }));
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

test('every projection runs, from either start, with and without a prior', async ({ generator, prior, diffusion }) => {
  for (const projection of ['logits', 'soft', 'slot', 'vocabulary', 'none'] as const) {
    const other = projection === 'slot' ? diffusion : null;
    const variants = [{ own: prior, init: 'gaussian' }, { own: other, init: 'none' }] as const;
    for (const { own, init } of variants) {
      const inverter = await Inverter.open(await testDevice(), generator, own, { ...config, projection, init });
      const [found] = await inverter.invert([subjects[0]!]);
      assert.ok(Number.isFinite(found!.energy), `${projection} from ${init}`);
      inverter.destroy();
    }
  }
});

test('more candidates than rows of the program come back in order', async ({ inverter }) => {
  const tokens = Int32Array.of(0, 5, 10, 2, 5, 10);
  const candidates = neighbours(microVocabulary, tokens).map((next, i) => ({ image: i % 3, tokens: next }));
  assert.ok(candidates.length > 16);
  const energies = await inverter.energiesOf(subjects, candidates);
  for (const k of [0, 15, 16, candidates.length - 1]) {
    const [alone] = await inverter.energiesOf(subjects, [candidates[k]!]);
    assert.is(energies[k], alone);
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
  refused({ temperature: [1, 0] }, /temperature must be positive/);
  checkInversion(config, 20);
});

test.run();
