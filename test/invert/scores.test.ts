import { test } from 'uvu';
import * as assert from 'uvu/assert';
import type { ScoreKind } from '../../invert/config.ts';
import { applyMove, triplesOf, type Triple } from '../../invert/moves.ts';
import { scoreObjects } from '../../invert/scores.ts';
import { emptyLayout, layoutVocabulary } from '../../models/layoutTokens.ts';
import { distanceTo, energiesBy } from '../support/knownEnergies.ts';

const vocabulary = layoutVocabulary({ vocabularySize: 65, classCount: 3, maxObjects: 3, encodeCrop: false });
const box = (kind: number, x0: number, y0: number, x1: number, y1: number): Triple => [kind, 8 * y0 + x0, 8 * y1 + x1];
const layout = (...triples: Triple[]): Int32Array =>
  applyMove(vocabulary, emptyLayout(vocabulary), triples.map((triple, slot) => ({ slot, triple })));

// The second is there, the first is nothing.
const [ghost, real] = [box(1, 0, 0, 2, 2), box(0, 3, 3, 6, 7)];
const tokens = layout(ghost, real);
const energy = distanceTo(vocabulary, layout(real), 0.04);

async function scores(kind: ScoreKind, starts: Int32Array[] = []): Promise<[number, number][]> {
  const { energies } = energiesBy(energy);
  const [own] = await energies.of([tokens]);
  const found = await scoreObjects(vocabulary, energies, { tokens, energy: own! }, starts, kind);
  assert.equal(found.map(({ xyxyUnit }) => xyxyUnit.map((at) => Math.round(at * 7))),
    found.map(({ classIndex }) => (classIndex === 0 ? [3, 3, 6, 7] : [0, 0, 2, 2])));
  return found.map(({ classIndex, score }) => [classIndex, Number(score.toFixed(6))]);
}

test('likelihood: rise / (rise + 0.02), the best first; 0 for what explains nothing', async () => {
  assert.equal(await scores('likelihood'), [[0, Number((0.04 / 0.06).toFixed(6))], [1, 0]]);
});

test('margin: the least of leaving it out and giving it another class', async () => {
  // Another class costs half of what leaving it out does.
  assert.equal(await scores('margin'), [[0, 0.5], [1, 0]]);
});

test('local: the rise around the object alone', async () => {
  const has = (layoutTokens: Int32Array, triple: Triple): boolean =>
    triplesOf(vocabulary, layoutTokens).some((other) => String(other) === String(triple));
  // 7 x 7 places, one to a cell. Without the ghost the error rises far away, without the other in its box and beside.
  const { energies } = energiesBy(energy, (layoutTokens) => Float32Array.from({ length: 49 }, (_, place) => {
    if (!has(layoutTokens, ghost)) return Number(place === 48);
    return has(layoutTokens, real) ? 0 : 0.04 * 49 * Number(place === 3 * 7 + 4 || place === 2 * 7 + 2) / 2;
  }));
  const [own] = await energies.of([tokens]);
  const found = await scoreObjects(vocabulary, energies, { tokens, energy: own! }, [], 'local');
  assert.equal(found.map(({ classIndex, score }) => [classIndex, Number(score.toFixed(4))]), [[0, 0.6667], [1, 0]]);
});

test('agreement: the share of starts that have it, ties by likelihood', async () => {
  const starts = [layout(ghost), layout(box(0, 3, 3, 6, 6), ghost), layout(box(2, 3, 3, 6, 7))];
  const found = await scores('agreement', starts);
  assert.equal(found, [[1, 0.5], [0, Number(((1 + 0.04 / 0.06) / 4).toFixed(6))]]);
});

test('nothing found, nothing scored', async () => {
  const { energies } = energiesBy(() => 1);
  assert.equal(await scoreObjects(vocabulary, energies, { tokens: layout(), energy: 1 }, [], 'likelihood'), []);
});

test.run();
