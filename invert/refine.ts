/**
 * Descent over moves on the grid.
 *
 * A round looks at all moves of all objects on a few pairs, at the most promising of each object on all pairs, and then
 * at those that help taken together, best first: objects hardly depend on each other, so a round mends all of them.
 * Passes of a round for n objects, C classes, p proposals, P pairs of which s are looked at first: at most
 * ((12 + C) n + (1 + n) p) s for the first look and 3 n P for the second. Boxes move by an eighth of the grid first, then
 * by half of that, and so on down to a cell.
 */
import type { LayoutVocabulary } from '../models/layoutTokens.ts';
import type { InversionConfig } from './config.ts';
import type { Found, LayoutEnergies } from './layoutEnergies.ts';
import { applyMoves, compactLayout, localMoves, proposalMoves, type Move } from './moves.ts';

/** Moves of one slot that are looked at with all pairs. */
const closerOfSlot = 2;

/**
 * The layout that moves from `start` lead to: at each stride until none helps or its rounds are over.
 *
 *   others  layouts whose objects may be taken over: what other starts have found
 */
export async function refine(vocabulary: LayoutVocabulary, energies: LayoutEnergies, start: Found,
  others: readonly Int32Array[], config: Pick<InversionConfig, 'localRounds' | 'duplicateIou'>): Promise<Found> {
  let best = start;
  for (let stride = Math.max(1, 2 ** Math.floor(Math.log2(vocabulary.gridSide / 8))); stride >= 1; stride /= 2) {
    for (let round = 0; round < config.localRounds; round++) {
      const moves = [
        ...localMoves(vocabulary, best.tokens, stride), ...proposalMoves(vocabulary, best.tokens, others),
      ].filter((move) => hasNoDuplicates(vocabulary, applyMoves(vocabulary, best.tokens, [move]), config.duplicateIou));
      const next = await bestOfRound(vocabulary, energies, best, moves, config.duplicateIou);
      if (next.energy >= best.energy) break;
      best = next;
    }
  }
  return best;
}

const hasNoDuplicates = (vocabulary: LayoutVocabulary, tokens: Int32Array, duplicateIou: number): boolean =>
  String(compactLayout(vocabulary, tokens, duplicateIou)) === String(tokens);

async function bestOfRound(vocabulary: LayoutVocabulary, energies: LayoutEnergies, best: Found,
  moves: readonly Move[], duplicateIou: number): Promise<Found> {
  const after = (chosen: readonly Move[]): Int32Array => applyMoves(vocabulary, best.tokens, chosen);
  const [own, ...screened] = await energies.screen([best.tokens, ...moves.map((move) => after([move]))]);
  const promising = moves.map((move, i) => ({ move, energy: screened[i]! })).filter(({ energy }) => energy < own!)
    .sort((a, b) => a.energy - b.energy);
  const closer = promising.filter(({ move: { slot } }, i) =>
    promising.slice(0, i).filter((other) => other.move.slot === slot).length < closerOfSlot).map(({ move }) => move);
  const alone = await energies.of(closer.map((move) => after([move])));
  const helpful = closer.map((move, i) => ({ move, energy: alone[i]! })).filter(({ energy }) => energy < best.energy)
    .sort((a, b) => a.energy - b.energy);
  const together: Move[] = [];
  const layouts: Int32Array[] = [];
  for (const { move } of helpful) {
    if (together.some(({ slot }) => slot === move.slot)) continue;
    together.push(move);
    const layout = compactLayout(vocabulary, after(together), duplicateIou);
    layouts.push(layout);
  }
  const found = await energies.of(layouts);
  return layouts.reduce((a, tokens, i) => (found[i]! < a.energy ? { tokens, energy: found[i]! } : a), best);
}
