import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { blockCount, energiesBy } from '../support/knownEnergies.ts';

const layouts = [1, 2, 3].map((token) => Int32Array.of(token, 0, 3));

test('a layout is judged once on each block, however often it is met', async () => {
  const { energies, asked } = energiesBy(([token], block) => 10 * token! + block);
  assert.equal(await energies.screen(layouts.slice(0, 2)), [12, 22]);
  assert.equal(asked.map(({ block }) => block), [2, 2]);
  assert.equal(await energies.of([layouts[0]!, layouts[0]!, layouts[2]!]), [11.5, 11.5, 31.5]);
  assert.is(asked.length, 2 + (blockCount - 1) + blockCount);
  assert.equal(await energies.of([...layouts]), [11.5, 21.5, 31.5]);
  assert.is(asked.length, 3 * blockCount);
  assert.is(new Set(asked.map(({ tokens, block }) => `${tokens} ${block}`)).size, asked.length);
});

test('the lowest: only those that are better on few pairs are looked at closer, the best of them first', async () => {
  const { energies, asked } = energiesBy(([token], block) => (block === 2 ? token! : -token!));
  const best = { tokens: layouts[1]!, energy: (await energies.of([layouts[1]!]))[0]! };
  const before = asked.length;
  // 1 is better on few pairs and worse on all; 3 the other way round.
  assert.is(await energies.lowest(best, [layouts[0]!, layouts[2]!], 2), best);
  assert.is(asked.length - before, 2 + (blockCount - 1));
  const { energies: plain } = energiesBy(([token]) => token!);
  const found = await plain.lowest({ tokens: layouts[2]!, energy: 3 }, [layouts[1]!, layouts[0]!], 1);
  assert.equal([...found.tokens], [...layouts[0]!]);
  assert.is(found.energy, 1);
});

test('errors by place are the mean over all blocks, and asked for once', async () => {
  const { energies, asked } = energiesBy(() => 0, ([token]) => Float32Array.of(token!, 2 * token!));
  assert.equal([...await energies.errors(layouts[1]!)], [2, 4]);
  assert.is(asked.length, blockCount);
  assert.equal([...await energies.errors(layouts[1]!)], [2, 4]);
  assert.is(asked.length, blockCount);
});

test.run();
