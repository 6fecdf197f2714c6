import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { RandomStream } from '../../engine/random.ts';
import { PairStream, bankSize, drawPairs, fixedPairs, noiseBank, pairBlocks, trainedSteps } from '../../invert/bank.ts';
import { generatorRuns } from '../../train/presets/generator.ts';
import type { Generator } from '../../pipeline/generator.ts';

/** As much of a generator as the bank looks at. */
const generator = { firstStage: { latentSize: 50 }, description: generatorRuns.micro } as unknown as Generator;

test('the bank: standard normals that follow from the seed alone', () => {
  const bank = noiseBank(generator, 5);
  assert.is(bank.length, bankSize * 50);
  assert.equal(noiseBank(generator, 5), bank);
  assert.not.equal(noiseBank(generator, 6), bank);
  const mean = bank.reduce((a, b) => a + b, 0) / bank.length;
  const variance = bank.reduce((a, b) => a + (b - mean) ** 2, 0) / bank.length;
  // Five standard errors of 12,800 draws.
  assert.ok(Math.abs(mean) < 0.045 && Math.abs(variance - 1) < 0.063, `mean ${mean}, variance ${variance}`);
  assert.is(trainedSteps(generator), 20);
});

test('drawn pairs: one timestep in each equal part of the range, noises all over the bank', () => {
  const random = new RandomStream(1, 'pairs');
  const seen = new Set<number>();
  const noises = new Set<number>();
  for (let trial = 0; trial < 400; trial++) {
    const pairs = drawPairs(random, 4, [400, 800]);
    assert.is(pairs.timesteps.length, 4);
    pairs.timesteps.forEach((t, k) => {
      assert.ok(t >= 400 + 100 * k && t < 500 + 100 * k, `part ${k}: ${t}`);
      seen.add(t);
    });
    pairs.noises.forEach((noise) => {
      assert.ok(noise >= 0 && noise < bankSize);
      noises.add(noise);
    });
  }
  assert.ok(seen.size > 380, `${seen.size} of 400 timesteps`);
  assert.is(noises.size, bankSize);
});

test('drawn pairs follow from the stream, and more pairs than timesteps stay in the range', () => {
  const draw = (name: string): unknown => drawPairs(new RandomStream(3, name), 5, [0, 20]);
  assert.equal(draw('pairs a.png'), draw('pairs a.png'));
  assert.not.equal(draw('pairs a.png'), draw('pairs b.png'));
  assert.ok(drawPairs(new RandomStream(1, 'x'), 9, [3, 5]).timesteps.every((t) => t === 3 || t === 4));
});

test('fixed pairs lie in the middle of their parts, each with a noise of its own', () => {
  assert.equal(fixedPairs(4, [400, 800]),
    { timesteps: Int32Array.of(450, 550, 650, 750), noises: Int32Array.of(0, 1, 2, 3) });
  const many = fixedPairs(300, [0, 20]);
  assert.ok(many.timesteps.every((t) => t >= 0 && t < 20) && many.noises.every((noise) => noise < bankSize));
});

test('blocks share out the fixed pairs, each spread over the range', () => {
  const blocks = pairBlocks(fixedPairs(8, [0, 80]), 2);
  assert.equal(blocks.map(({ timesteps }) => [...timesteps]), [[5, 45], [15, 55], [25, 65], [35, 75]]);
  assert.equal(blocks.map(({ noises }) => [...noises]), [[0, 4], [1, 5], [2, 6], [3, 7]]);
  assert.equal(pairBlocks(fixedPairs(3, [0, 80]), 3), [fixedPairs(3, [0, 80])]);
});

test('a stream of pairs: stratified, uniform, or turns through a fixed bank', () => {
  const stream = (kind: 'stratified' | 'uniform' | 'bank', count: number): PairStream =>
    new PairStream(kind, new RandomStream(2, 'pairs'), count, [100, 612]);
  assert.equal(stream('stratified', 4).next(), drawPairs(new RandomStream(2, 'pairs'), 4, [100, 612]));
  const uniform = stream('uniform', 4);
  const drawn = Array.from({ length: 500 }, () => [...uniform.next().timesteps]).flat();
  assert.ok(Math.min(...drawn) < 110 && Math.max(...drawn) > 600 && drawn.every((t) => t >= 100 && t < 612));
  const bank = stream('bank', 100);
  const fixed = fixedPairs(bankSize, [100, 612]);
  const pairs = Array.from({ length: 64 }, () => bank.next())
    .flatMap(({ timesteps, noises }) => [...noises].map((noise, k) => [noise, timesteps[k]!] as const));
  for (const [noise, t] of pairs) assert.is(fixed.timesteps[noise], t, 'a noise keeps its timestep');
  const turn = (n: number): number[] => pairs.slice(n * bankSize, (n + 1) * bankSize).map(([noise]) => noise);
  for (const n of [0, 1, 24]) assert.is(new Set(turn(n)).size, bankSize, 'each once a turn');
  assert.not.equal(turn(0), turn(1));
});

test.run();
