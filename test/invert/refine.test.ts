// Descent over moves, against energies whose minimum is known.
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { applyMove, triplesOf, type Triple } from '../../invert/moves.ts';
import { refine, settle } from '../../invert/refine.ts';
import { emptyLayout, layoutVocabulary } from '../../models/layoutTokens.ts';
import { distanceTo, energiesBy, type KnownEnergies } from '../support/knownEnergies.ts';

// 32 x 32 cells: strides of 8, 4, 2 and 1.
const vocabulary = layoutVocabulary({ vocabularySize: 1025, classCount: 3, maxObjects: 4, encodeCrop: false });
const box = (kind: number, x0: number, y0: number, x1: number, y1: number): Triple =>
  [kind, 32 * y0 + x0, 32 * y1 + x1];
const layout = (...triples: Triple[]): Int32Array =>
  applyMove(vocabulary, emptyLayout(vocabulary), triples.map((triple, slot) => ({ slot, triple })));

const target = layout(box(0, 2, 3, 12, 14), box(1, 15, 15, 25, 30));

async function refined(start: Int32Array, localRounds: number, others: readonly Int32Array[] = [], duplicateIou = 1,
  { energies }: KnownEnergies = energiesBy(distanceTo(vocabulary, target)), proposals = 0): Promise<string> {
  const [energy] = await energies.of([start]);
  const found = await refine(vocabulary, energies, { tokens: start, energy: energy! }, others,
    { localRounds, duplicateIou, proposals });
  assert.is((await energies.of([found.tokens]))[0], found.energy);
  assert.ok(found.energy <= energy!);
  return String(found.tokens);
}

test('far boxes come home by long strides, then short ones', async () => {
  const far = layout(box(0, 9, 10, 19, 21), box(1, 10, 20, 20, 31));
  assert.is(await refined(far, 20), String(target));
  assert.is(await refined(far, 0), String(far), 'no rounds, no moves');
  assert.is.not(await refined(far, 3), String(target), 'three rounds are too few');
});

test('settling moves what has been put in last, and leaves the rest as it is', async () => {
  const { energies } = energiesBy(distanceTo(vocabulary, target));
  const start = layout(box(0, 3, 3, 12, 14), box(1, 15, 15, 25, 28));
  const [energy] = await energies.of([start]);
  const rounds = { localRounds: 9, duplicateIou: 1, proposals: 4 };
  const settled = async (first: number): Promise<string> =>
    String((await settle(vocabulary, energies, { tokens: start, energy: energy! }, first, rounds)).tokens);
  assert.is(await settled(1), String(layout(box(0, 3, 3, 12, 14), box(1, 15, 15, 25, 30))));
  assert.is(await settled(0), String(target));
  assert.is(await settled(2), String(start));
});

test('a wrong class is mended, one too many dropped, and one that another start has found taken over', async () => {
  const renamed = layout(box(2, 2, 3, 12, 14), box(1, 15, 15, 25, 30));
  assert.is(await refined(renamed, 2), String(target));
  const more = layout(box(0, 2, 3, 12, 14), box(2, 20, 1, 30, 9), box(1, 15, 15, 25, 30));
  assert.is(await refined(more, 2), String(target));
  const less = layout(box(0, 2, 3, 12, 14));
  assert.is(await refined(less, 9), String(less), 'nothing local makes up an object');
  assert.is(await refined(less, 2, [layout(box(1, 15, 15, 25, 30))]), String(target));
});

/** Errors on 31 x 31 places: 1 where a layout shows other classes than the target. */
function errorsOf(tokens: Int32Array, wanted = target): Float32Array {
  const shown = (layoutTokens: Int32Array, x: number, y: number): string =>
    triplesOf(vocabulary, layoutTokens).filter(([, a, b]) => x >= a % 32 && x < b % 32 && y >= a >> 5 && y < b >> 5)
      .map(([kind]) => kind).join();
  return Float32Array.from({ length: 31 * 31 }, (_, i) => {
    const [x, y] = [i % 31, Math.floor(i / 31)];
    return Number(shown(tokens, x, y) !== shown(wanted, x, y));
  });
}
const known = (): KnownEnergies => energiesBy(distanceTo(vocabulary, target), (tokens) => errorsOf(tokens));

test('a missing object is put where the picture is not explained', async () => {
  const less = layout(box(0, 2, 3, 12, 14));
  assert.is(await refined(less, 1, [], 1, known(), 1), String(target));
  const swapped = layout(box(1, 15, 15, 25, 30), box(0, 2, 3, 12, 14));
  assert.is(await refined(layout(), 2, [], 1, known(), 2), String(swapped),
    'from nothing, one a round, the larger first');
});

test('one that covers two shrinks to what it explains, and the other is put beside it', async () => {
  const both = layout(box(0, 2, 3, 25, 30));
  assert.is(await refined(both, 9, [], 1, known(), 1), String(target));
  assert.is.not(await refined(both, 20), String(target), 'no way there without the errors');
});

test('what looks good on few pairs only is not taken', async () => {
  const start = layout(box(0, 2, 3, 12, 14));
  const distance = distanceTo(vocabulary, start);
  // The block that is looked at first likes everything better than the start; all blocks together do not.
  const misled = energiesBy((tokens, block) =>
    (block === 2 && String(tokens) !== String(start) ? -1 : distance(tokens)));
  assert.is(await refined(start, 3, [], 1, misled), String(start));
});

test('a cut that pays only after its parts have moved is followed', async () => {
  const merged = layout(box(0, 2, 3, 25, 30));
  const apart = layout(box(0, 2, 3, 12, 14), box(0, 15, 15, 25, 30));
  const [alone, distance] = [distanceTo(vocabulary, merged), distanceTo(vocabulary, apart)];
  // One object over both is better than two, unless they are nearly where they should be. Errors say where, but not
  // quite.
  const near = layout(box(0, 2, 3, 11, 13), box(0, 16, 16, 25, 30));
  const energies = energiesBy((tokens) => {
    const off = distance(tokens);
    return triplesOf(vocabulary, tokens).length < 2 ? 100 + alone(tokens) : off < 3 ? off : 100 + off;
  }, (tokens) => errorsOf(tokens, near));
  const swapped = layout(box(0, 15, 15, 25, 30), box(0, 2, 3, 12, 14));
  assert.ok([apart, swapped].map(String).includes(await refined(merged, 24, [], 1, energies, 1)));
});

test('when short moves have changed something, long ones get another chance', async () => {
  // The second object helps only once the first is where it should be, to the cell.
  const distance = distanceTo(vocabulary, layout(box(0, 2, 3, 12, 14)));
  const energies = (): KnownEnergies => energiesBy((tokens) => {
    const [first, ...others] = triplesOf(vocabulary, tokens);
    const rest = first ? distance(layout(first)) : 100;
    return rest + others.length * (rest === 0 ? -1 : 1);
  });
  const start = layout(box(0, 3, 3, 12, 14));
  const other = box(1, 15, 15, 25, 30);
  assert.is(await refined(start, 20, [layout(other)], 1, energies()), String(layout(box(0, 2, 3, 12, 14), other)));
});

test('no two objects of one class come to lie on each other', async () => {
  const twice = layout(box(0, 2, 3, 12, 14), box(0, 2, 3, 12, 14));
  const start = layout(box(0, 2, 3, 12, 14), box(0, 6, 3, 16, 14));
  const wantsTwice = (): KnownEnergies => energiesBy(distanceTo(vocabulary, twice));
  assert.is(await refined(start, 9, [], 1, wantsTwice()), String(twice));
  assert.is.not(await refined(start, 9, [], 0.9, wantsTwice()), String(twice));
});

test.run();
