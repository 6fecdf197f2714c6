// The monitor and the moves between classes, with a search and a judge of which every answer is known.
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { ClassEnergies } from '../../invert/classEnergies.ts';
import { ClassInversion } from '../../invert/classInversion.ts';
import type { ClassJudge, Probe } from '../../invert/classJudge.ts';
import { ClassNeighbours } from '../../invert/classNeighbours.ts';
import { classPairs, spreadPairs } from '../../invert/classPairs.ts';
import type { ClassSearch } from '../../invert/classSearch.ts';
import { classifyPresets, type Classification, type ClassifyConfig } from '../../invert/classify.ts';

/** Classes lie on a line; the farther from the picture's own, the worse, and pair 0 is mistaken by two classes. */
const classes = 40;
const truths = [31, 4, 17];
const errorOf = ({ image, label, pair }: Probe): number =>
  (Math.abs(label - truths[image]! - (pair === 0 ? 2 : 0)) + 0.01 * pair) / classes;

const config: ClassifyConfig = {
  ...classifyPresets.dive, pairs: 4, timesteps: [0, 8], loops: 2, batchPairs: 2, imagesAtOnce: 3, candidates: 4,
};

interface Trial {
  readonly found: readonly Classification[];
  readonly probes: readonly Probe[];
  readonly steps: number;
}

/** The search proposes the same classes for every picture, loop after loop. */
async function invert(changes: Partial<ClassifyConfig>, proposals: readonly (readonly number[])[]): Promise<Trial> {
  const own = { ...config, ...changes };
  const probes: Probe[] = [];
  let [steps, asked] = [0, 0];
  const judge = {
    errors: (_: Float32Array, wanted: readonly Probe[]) => {
      probes.push(...wanted);
      return Promise.resolve(Float64Array.from(wanted, errorOf));
    },
  } as unknown as ClassJudge;
  const search = {
    begin: () => undefined, step: () => { steps++; },
    likeliest: (count: number) => {
      const labels = proposals[asked++]!.slice(0, count);
      return Promise.resolve(truths.map(() => labels));
    },
  } as unknown as ClassSearch;
  const z = new Float32Array(truths.length);
  const neighbours = new ClassNeighbours(Float32Array.from({ length: classes }, (_, i) => i), classes);
  const inversion = new ClassInversion(search, new ClassEnergies(judge, z), neighbours, classPairs(own, 1).pairs, own,
    truths.length);
  return { found: await inversion.run(z, () => undefined), probes, steps };
}

test('without a glance every proposal is judged on all pairs, once', async () => {
  const { found, probes, steps } = await invert({}, [[5, 30], [30, 16]]);
  assert.is(steps, 4);
  assert.equal(found.map(({ label }) => label), [30, 5, 16]);
  assert.equal(found.map(({ convergenceLoop }) => convergenceLoop), [1, 1, 2]);
  assert.is(probes.length, 3 * 3 * config.pairs);
  assert.is(new Set(probes.map((probe) => JSON.stringify(probe))).size, probes.length);
});

test('a glance costs few pairs, and only finalists are judged on the others', async () => {
  const { found, probes } = await invert({ glance: 1, finalists: 1, loops: 1 }, [[2, 12, 22, 36]]);
  assert.equal(found.map(({ label }) => label), [36, 2, 12]);
  for (const { ranking } of found) assert.is(ranking.length, 1);
  assert.is(probes.length, 3 * (4 + config.pairs - 1));
  assert.equal([...new Set(probes.slice(0, 12).map(({ pair }) => pair))], spreadPairs(config.pairs, 1));
});

test('a class that lost one comparison may be judged in a later one', async () => {
  const { found } = await invert({ glance: 1, finalists: 1 }, [[33, 31], [0]]);
  assert.equal(found[0]!.ranking.map(({ label }) => label), [31, 33]);
});

test('neighbours lead from any start to the best class', async () => {
  const climbing = { glance: 1, finalists: 2, neighbours: 6, rounds: 20, loops: 1 };
  const { found, probes } = await invert(climbing, [[0]]);
  assert.equal(found.map(({ label }) => label), truths);
  for (const { monitor } of found) {
    monitor.forEach((energy, k) => assert.ok(k === 0 || energy <= monitor[k - 1]!));
  }
  assert.ok(probes.length < 0.75 * truths.length * classes * config.pairs, 'and without a look at all of them');
});

test('the last round is the first that finds nothing better', async () => {
  const { found } = await invert({ glance: 1, finalists: 2, neighbours: 6, rounds: 20, loops: 1 }, [[4]]);
  // The second picture begins at its own class; the others go on.
  assert.equal(found[1]!.monitor.length, 2);
  assert.is(found[1]!.convergenceLoop, 1);
  assert.ok(found[0]!.monitor.length > 3);
});

test('patience ends the loops of a picture, not its moves', async () => {
  const { found } = await invert({ patience: 1, loops: 4, neighbours: 2, rounds: 1 }, [[8], [9], [9], [16]]);
  assert.equal(found.map(({ monitor }) => monitor.length), [4, 3, 4], 'loops with news and one more, and a round');
});

test.run();
