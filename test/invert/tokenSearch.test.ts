// The baselines, against energies whose minimum is known.
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { RandomStream } from '../../engine/random.ts';
import { inversionPresets } from '../../invert/config.ts';
import { applyMove, type Triple } from '../../invert/moves.ts';
import { gradientPasses, greedySearch, randomSearch } from '../../invert/tokenSearch.ts';
import { emptyLayout, layoutVocabulary, tripleFault } from '../../models/layoutTokens.ts';
import { distanceTo, energiesBy } from '../support/knownEnergies.ts';

const vocabulary = layoutVocabulary({ vocabularySize: 65, classCount: 3, maxObjects: 2, encodeCrop: false });
const box = (kind: number, x0: number, y0: number, x1: number, y1: number): Triple => [kind, 8 * y0 + x0, 8 * y1 + x1];
const target = applyMove(vocabulary, emptyLayout(vocabulary),
  [{ slot: 0, triple: box(2, 1, 1, 3, 4) }, { slot: 1, triple: box(0, 4, 2, 7, 7) }]);

async function searched(search: typeof greedySearch, looks: number, seed = 1):
  Promise<{ steps: number[]; tokens: Int32Array; asked: number }> {
  const { energies, asked } = energiesBy(distanceTo(vocabulary, target));
  const steps: number[] = [];
  const { tokens } = await search(vocabulary, energies, new RandomStream(seed, 'tokens'), () => asked.length < looks,
    ({ energy }) => steps.push(energy));
  for (const { tokens: looked } of asked) {
    for (let n = 0; n < 2; n++) assert.ok(['absent', null].includes(tripleFault(vocabulary, looked, n)), `${looked}`);
  }
  return { steps, tokens, asked: asked.length };
}

test('greedy search finds the minimum of a smooth energy; its energy never rises', async () => {
  const { steps, tokens } = await searched(greedySearch, 600);
  assert.equal([...tokens], [...target]);
  assert.ok(steps.every((energy, i) => i === 0 || energy <= steps[i - 1]!));
  assert.is(steps.at(-1), 0);
});

test('random search lowers the energy and ends when it is told', async () => {
  const { steps, asked } = await searched(randomSearch, 600);
  assert.ok(steps.at(-1)! < 200 && steps.every((energy, i) => i === 0 || energy <= steps[i - 1]!));
  // A look asks for 16 layouts on one block, and for two of them on the other three.
  assert.ok(asked >= 600 && asked < 600 + 16 + 6, `${asked} questions`);
});

test('the seed decides', async () => {
  const [a, b, c] = await Promise.all([1, 1, 2].map((seed) => searched(randomSearch, 100, seed)));
  assert.equal(a, b);
  assert.not.equal(a, c);
});

test('as many passes as the gradient takes: forward and backward of each start and pair, and the monitor', () => {
  const { search } = inversionPresets;
  const config = { ...search, steps: 60, restarts: 2, batchTimesteps: 2, monitorEvery: 50, monitorPairs: 8 };
  assert.is(gradientPasses(config), 2 * (60 * 2 * 2 + 2 * 8));
});

test.run();
