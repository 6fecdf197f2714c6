import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { RandomStream } from '../../../engine/random.ts';
import { decodeLayout, encodeLayout, layoutVocabulary } from '../../../models/layoutTokens.ts';
import { drawWeights, sampleLayouts, type TokenScorer } from '../../../models/prior/sampleLayouts.ts';

const vocabulary = layoutVocabulary({ vocabularySize: 17, classCount: 2, maxObjects: 2, encodeCrop: true });
const [L, C, cells, count] = [8, 2, 16, 2000];

/** The first class is 0 with probability 0.7; everything after it copies what it depends on. */
const score: TokenScorer = async (tokens, position) => {
  const size = position % 3 === 0 ? C + 1 : cells + 1;
  const scores = new Float32Array(count * size).fill(-30);
  for (let b = 0; b < count; b++) {
    const [first, topLeft] = [tokens[b * L]!, tokens[b * L + 1]!];
    if (position === 0) scores.set([Math.log(0.7), Math.log(0.3)], b * size);
    else scores[b * size + [0, 3 + first, topLeft + 5, C, cells, cells][position]!] = 0;
  }
  return scores;
};

/** Scores in which every choice is alike. */
const even: TokenScorer = async (tokens, position) =>
  new Float32Array((tokens.length / L) * (position % 3 === 0 ? C + 1 : cells + 1));

test('layouts follow the scores, each token given those before it', async () => {
  const tokens = await sampleLayouts(score, vocabulary, count, new RandomStream(1, 'layouts'));
  let zeros = 0;
  for (let b = 0; b < count; b++) {
    const own = [...tokens.subarray(b * L, (b + 1) * L)];
    if (own[0] === 0) zeros++;
    assert.equal(own, [own[0], 3 + own[0]!, 8 + own[0]!, 16, 16, 16, 0, 15]);
  }
  assert.ok(Math.abs(zeros / count - 0.7) < 0.04, `${zeros / count}`);
});

test('the same seed draws the same layouts, a low temperature or a small share the likeliest', async () => {
  const at = (seed: number, options: { temperature?: number; topP?: number }) =>
    sampleLayouts(score, vocabulary, count, new RandomStream(seed, 'layouts'), options);
  assert.equal(await at(2, {}), await at(2, {}));
  assert.not.equal(await at(2, {}), await at(3, {}));
  assert.ok((await at(2, { temperature: 0.02 })).every((token, i) => i % L !== 0 || token === 0));
  assert.ok((await at(2, { topP: 0.6 })).every((token, i) => i % L !== 0 || token === 0));
});

test('top-p keeps the smallest set that makes up the share', () => {
  const scores = Float32Array.from([0.1, 0.5, 0.15, 0.25], Math.log);
  const kept = (topP: number): number[] =>
    [...drawWeights(scores, () => true, 1, topP)].flatMap((w, i) => (w > 0 ? [i] : []));
  assert.equal(kept(1), [0, 1, 2, 3]);
  assert.equal(kept(0.8), [1, 2, 3]);
  assert.equal(kept(0.7), [1, 3]);
  assert.equal(kept(0.01), [1]);
  assert.equal([...drawWeights(scores, (choice) => choice !== 1, 1, 0.3)].flatMap((w, i) => (w > 0 ? [i] : [])), [3]);
});

test('legal layouts only, where asked: every object decodes, and nothing follows an empty slot', async () => {
  const draw = async (legal: boolean) => {
    const tokens = await sampleLayouts(even, vocabulary, 200, new RandomStream(4, 'layouts'), { legal });
    return Array.from({ length: 200 }, (_, b) => tokens.slice(b * L, (b + 1) * L));
  };
  for (const tokens of await draw(true)) {
    const { objects, faults } = decodeLayout(vocabulary, tokens);
    assert.is(objects.length + faults.absent, 2);
    assert.ok(objects.every(({ slot }, i) => slot === i));
  }
  assert.ok((await draw(false)).some((tokens) => decodeLayout(vocabulary, tokens).objects.length === 0));
});

test('given objects stay, the rest is drawn', async () => {
  const [one, two] = [[1, 0], [0, 1]].map((classes) => encodeLayout(vocabulary, classes.map((classIndex) =>
    ({ classIndex, xyxyUnit: [0, 0, 0.7, 0.7] as const }))));
  const single = encodeLayout(vocabulary, [{ classIndex: 1, xyxyUnit: [0.4, 0.4, 1, 1] }]);
  const seen = new Set<number>();
  const scored: number[] = [];
  const watching: TokenScorer = (tokens, position) => {
    scored.push(position);
    return even(tokens, position);
  };
  for (let seed = 0; seed < 30; seed++) {
    const tokens = await sampleLayouts(watching, vocabulary, 3, new RandomStream(seed, 'layouts'),
      { legal: true, given: [one!, single, two!] });
    assert.equal([...tokens.subarray(0, L)], [...one!]);
    assert.equal([...tokens.subarray(L, L + 3)], [...single.subarray(0, 3)]);
    assert.equal([...tokens.subarray(2 * L)], [...two!]);
    seen.add(tokens[L + 3]!);
  }
  assert.equal([...seen].sort((a, b) => a - b), [0, 1, 16]);
  assert.is(Math.min(...scored), 3, 'what is given is not scored');
});

test.run();
