/** Baselines: searches over tokens that look at energies alone, with as many network passes as the gradient may use. */
import type { RandomStream } from '../engine/random.ts';
import { emptyLayout, type LayoutVocabulary } from '../models/layoutTokens.ts';
import type { InversionConfig } from './config.ts';
import type { Found, LayoutEnergies } from './layoutEnergies.ts';
import { applyMove, triplesOf, type Change, type Triple } from './moves.ts';

/** Random layouts or objects that are compared at once. */
const atOnce = 16;
/** Of those, how many are looked at with all pairs. */
const closer = 2;

/** Passes that a gradient search may take with a config: its steps, forward and backward, and the monitor. */
export function gradientPasses(
  { steps, restarts, batchTimesteps, monitorEvery, monitorPairs }: InversionConfig,
): number {
  return restarts * (2 * steps * batchTimesteps + Math.ceil(steps / monitorEvery) * monitorPairs);
}

/** Any legal object. */
function randomTriple({ classCount, gridSide: S }: LayoutVocabulary, random: RandomStream): Triple {
  const ends = (): [number, number] => {
    const a = random.integer(S);
    const b = (a + 1 + random.integer(S - 1)) % S;
    return [Math.min(a, b), Math.max(a, b)];
  };
  const [[x0, x1], [y0, y1]] = [ends(), ends()];
  return [random.integer(classCount), y0 * S + x0, y1 * S + x1];
}

function randomLayout(vocabulary: LayoutVocabulary, random: RandomStream): Int32Array {
  const count = random.integer(vocabulary.maxObjects + 1);
  return applyMove(vocabulary, emptyLayout(vocabulary), Array.from({ length: count }, (_, slot): Change =>
    ({ slot, triple: randomTriple(vocabulary, random) })));
}

/** The best of random layouts, while `open` says so. */
export async function randomSearch(vocabulary: LayoutVocabulary, energies: LayoutEnergies, random: RandomStream,
  open: () => boolean, onStep: (best: Found) => void): Promise<Found> {
  let best = await emptyFound(vocabulary, energies);
  while (open()) {
    best = await energies.lowest(best, Array.from({ length: atOnce }, () => randomLayout(vocabulary, random)), closer);
    onStep(best);
  }
  return best;
}

/** Slot by slot the best of some random objects, then token by token the best value, and so on. */
export async function greedySearch(vocabulary: LayoutVocabulary, energies: LayoutEnergies, random: RandomStream,
  open: () => boolean, onStep: (best: Found) => void): Promise<Found> {
  let best = await emptyFound(vocabulary, energies);
  const take = async (moves: readonly Change[]): Promise<void> => {
    if (!open()) return;
    best = await energies.lowest(best, moves.map((move) => applyMove(vocabulary, best.tokens, [move])), closer);
    onStep(best);
  };
  while (open()) {
    for (let slot = 0; slot <= Math.min(triplesOf(vocabulary, best.tokens).length, vocabulary.maxObjects - 1); slot++) {
      await take(Array.from({ length: atOnce }, (): Change => ({ slot, triple: randomTriple(vocabulary, random) })));
    }
    for (let slot = 0; slot < triplesOf(vocabulary, best.tokens).length; slot++) {
      for (let part = 0; part < 5; part++) {
        const triple = triplesOf(vocabulary, best.tokens)[slot];
        if (triple) await take(valuesOf(vocabulary, triple, part).map((next) => ({ slot, triple: next })));
      }
      await take([{ slot, triple: null }]);
    }
  }
  return best;
}

async function emptyFound(vocabulary: LayoutVocabulary, energies: LayoutEnergies): Promise<Found> {
  const tokens = emptyLayout(vocabulary);
  return { tokens, energy: (await energies.of([tokens]))[0]! };
}

/** The legal objects that differ in one part: x0, y0, x1, y1 or the class. */
function valuesOf({ classCount, gridSide: S }: LayoutVocabulary, [kind, topLeft, bottomRight]: Triple,
  part: number): Triple[] {
  const parts = [topLeft % S, Math.floor(topLeft / S), bottomRight % S, Math.floor(bottomRight / S), kind];
  const choices = part === 4 ? classCount : S;
  return Array.from({ length: choices }, (_, value) => parts.map((own, i) => (i === part ? value : own)))
    .filter((next) => next[part] !== parts[part] && next[2]! > next[0]! && next[3]! > next[1]!)
    .map(([x0, y0, x1, y1, other]): Triple => [other!, y0! * S + x0!, y1! * S + x1!]);
}
