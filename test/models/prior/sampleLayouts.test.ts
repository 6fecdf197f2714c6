import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { RandomStream } from '../../../engine/random.ts';
import { layoutVocabulary } from '../../../models/layoutTokens.ts';
import { sampleLayouts, type LayoutScorer } from '../../../models/prior/sampleLayouts.ts';

const vocabulary = layoutVocabulary({ vocabularySize: 17, classCount: 2, maxObjects: 2, encodeCrop: true });
const [N, L, C, cells, count] = [2, 8, 2, 16, 2000];

/** The first class is 0 with probability 0.7; everything after it copies what it depends on. */
const score: LayoutScorer = async (tokens) => {
  const classes = new Float32Array(count * N * (C + 1)).fill(-30);
  const corners = new Float32Array(count * N * 2 * (cells + 1)).fill(-30);
  for (let b = 0; b < count; b++) {
    const first = tokens[b * L]!;
    classes[b * N * (C + 1)] = Math.log(0.7);
    classes[b * N * (C + 1) + 1] = Math.log(0.3);
    classes[(b * N + 1) * (C + 1) + C] = 0; // the second object: none
    const at = (object: number, corner: number): number => ((b * N + object) * 2 + corner) * (cells + 1);
    corners[at(0, 0) + 3 + first] = 0;
    corners[at(0, 1) + tokens[b * L + 1]! + 5] = 0;
    corners[at(1, 0) + cells] = 0;
    corners[at(1, 1) + cells] = 0;
  }
  return { classes, corners };
};

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

test('the same seed draws the same layouts, a low temperature the likeliest', async () => {
  const at = (seed: number, temperature: number) =>
    sampleLayouts(score, vocabulary, count, new RandomStream(seed, 'layouts'), temperature);
  assert.equal(await at(2, 1), await at(2, 1));
  assert.not.equal(await at(2, 1), await at(3, 1));
  assert.ok((await at(2, 0.02)).every((token, i) => i % L !== 0 || token === 0));
});

test.run();
