/** Scores of the objects found: they rank detections, and are no probabilities. */
import { decodeLayout, type LayoutVocabulary } from '../models/layoutTokens.ts';
import type { ScoreKind } from './config.ts';
import { fallWithin } from './errorMap.ts';
import type { Found, LayoutEnergies } from './layoutEnergies.ts';
import { applyMove, cellsOf, tripleIou, triplesOf, withoutObject, type Triple } from './moves.ts';

export interface ScoredObject {
  readonly classIndex: number;
  readonly xyxyUnit: readonly [number, number, number, number];
  /** 0 .. 1; see `ScoreKind`. */
  readonly score: number;
}

/** Rise of the energy that scores one half. */
const scoreScale = 0.02;

const ofRise = (rise: number): number => Math.max(0, rise) / (Math.max(0, rise) + scoreScale);

/**
 * Objects of a compact layout, best first.
 *
 *   starts  the best layout of each restart, for `agreement`
 */
export async function scoreObjects(vocabulary: LayoutVocabulary, energies: LayoutEnergies, { tokens, energy }: Found,
  starts: readonly Int32Array[], kind: ScoreKind): Promise<ScoredObject[]> {
  const { objects } = decodeLayout(vocabulary, tokens);
  const triples = triplesOf(vocabulary, tokens);
  const without = objects.map(({ slot }) => withoutObject(vocabulary, tokens, slot));
  if (kind === 'local') {
    const own = await energies.errors(tokens);
    const before = await Promise.all(without.map((other) => energies.errors(other)));
    return ranked(objects, triples.map((triple, n) =>
      ofRise(fallWithin(before[n]!, own, cellsOf(vocabulary, triple), vocabulary.gridSide) / own.length)));
  }
  const rises = (await energies.of(without)).map((other) => other - energy);
  const scores = rises.map(ofRise);
  if (kind === 'margin') {
    for (const [n, { slot }] of objects.entries()) {
      const renamed = await energies.of(otherClasses(vocabulary, triples[n]!).map((triple) =>
        applyMove(vocabulary, tokens, [{ slot, triple }])));
      scores[n] = ofRise(Math.min(rises[n]!, ...renamed.map((other) => other - energy)));
    }
  }
  if (kind === 'agreement') {
    for (const [n, triple] of triples.entries()) {
      const having = starts.filter((start) => triplesOf(vocabulary, start).some((other) =>
        other[0] === triple[0] && tripleIou(vocabulary, other, triple) >= 0.5)).length;
      scores[n] = (having + scores[n]!) / (starts.length + 1);
    }
  }
  return ranked(objects, scores);
}

/** Objects with their scores, best first. */
const ranked = (objects: readonly Omit<ScoredObject, 'score'>[], scores: readonly number[]): ScoredObject[] =>
  objects.map(({ classIndex, xyxyUnit }, n) => ({ classIndex, xyxyUnit, score: scores[n]! }))
    .sort((a, b) => b.score - a.score);

const otherClasses = ({ classCount }: LayoutVocabulary, [kind, topLeft, bottomRight]: Triple): Triple[] =>
  Array.from({ length: classCount }, (_, other): Triple => [other, topLeft, bottomRight])
    .filter(([other]) => other !== kind);
