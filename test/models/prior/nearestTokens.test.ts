import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { RandomStream } from '../../../engine/random.ts';
import { layoutVocabulary, slotRows } from '../../../models/layoutTokens.ts';
import { nearestTokens } from '../../../models/prior/nearestTokens.ts';

const D = 3;
const vocabulary = layoutVocabulary({ vocabularySize: 12, classCount: 2, maxObjects: 2, encodeCrop: true });
const { none } = vocabulary;
const random = new RandomStream(1, 'rows');
const rows = Float32Array.from({ length: 12 * D }, () => random.normal());
const embed = (tokens: readonly number[]): Float32Array =>
  Float32Array.from(tokens.flatMap((token) => [...rows.subarray(token * D, (token + 1) * D)]));

test('rows round to their own tokens, also with a little noise; crop tokens name the whole image', () => {
  const tokens = [1, 0, 8, none, none, none];
  assert.equal([...nearestTokens(vocabulary, embed(tokens), rows)], [...tokens, 0, 8]);
  const moved = embed(tokens).map((value) => value + 0.01 * random.normal());
  assert.equal([...nearestTokens(vocabulary, moved, rows)], [...tokens, 0, 8]);
});

test('a slot takes the nearest of its own rows, not of all', () => {
  // Cells 2 .. 8 mean nothing in a class slot, rows 9 and 10 nothing anywhere.
  const found = nearestTokens(vocabulary, embed([5, 9, 10, 10, 4, none]), rows);
  found.slice(0, 6).forEach((token, position) => {
    const choices = [...slotRows(vocabulary, position)];
    const wanted = embed([[5, 9, 10, 10, 4, none][position]!]);
    const distance = (row: number): number => Math.hypot(...embed([row]).map((x, d) => x - wanted[d]!));
    assert.is(token, choices.sort((a, b) => distance(a) - distance(b))[0]);
  });
  assert.equal([...found.slice(4, 6)], [4, none]);
});

test('another number of values is refused', () => {
  assert.throws(() => nearestTokens(vocabulary, new Float32Array(8), rows), /must be \[6, 3\], found 8 values/);
});

test.run();
