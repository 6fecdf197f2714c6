/** Energies that a test makes up in place of a network's. */
import { LayoutEnergies } from '../../invert/layoutEnergies.ts';
import type { Question } from '../../invert/judge.ts';
import { triplesOf, type Triple } from '../../invert/moves.ts';
import type { LayoutVocabulary } from '../../models/layoutTokens.ts';

/** Blocks of pairs that a layout is judged on. */
const blocks = [0, 1, 2, 3];
export const blockCount = blocks.length;

export interface KnownEnergies {
  readonly energies: LayoutEnergies;
  /** Everything that was asked, in turn. */
  readonly asked: Question[];
}

/** Energies by a function of tokens and block; errors at places by a function of tokens. */
export function energiesBy(energy: (tokens: Int32Array, block: number) => number,
  errors: (tokens: Int32Array) => Float32Array = () => new Float32Array(1)): KnownEnergies {
  const asked: Question[] = [];
  const energies = new LayoutEnergies(Float32Array.of(1), blocks, async (questions) => {
    asked.push(...questions);
    return questions.map(({ tokens, block }) => ({ energy: energy(tokens, block), errors: errors(tokens) }));
  });
  return { energies, asked };
}

/**
 * How far a layout is from a target: cells between edges of objects of one class, each object with the nearest that is
 * left, and `missing` for each object too many or too few.
 */
export function distanceTo(vocabulary: LayoutVocabulary, target: Int32Array, missing = 100):
  (tokens: Int32Array) => number {
  const S = vocabulary.gridSide;
  const cells = ([, a, b]: Triple): number[] => [a % S, Math.floor(a / S), b % S, Math.floor(b / S)];
  const apart = (a: Triple, b: Triple): number => (a[0] === b[0] ? 0 : missing / 2)
    + cells(a).reduce((sum, at, i) => sum + Math.abs(at - cells(b)[i]!), 0);
  return (tokens) => {
    const wanted = triplesOf(vocabulary, target);
    let total = 0;
    for (const triple of triplesOf(vocabulary, tokens)) {
      const costs = wanted.map((other) => apart(triple, other));
      const least = Math.min(missing, ...costs);
      total += least;
      if (least < missing) wanted.splice(costs.indexOf(least), 1);
    }
    return total + missing * wanted.length;
  };
}
