/**
 * Descent over moves on the grid.
 *
 * A round looks at all moves on a few pairs, at the most promising of each object on all pairs, and then at those that
 * help taken together, best first: objects hardly depend on each other, so a round mends all of them. Boxes move by a
 * quarter of the grid first, then by half of that, and so on down to a cell; and again from the longest when that has
 * changed anything. While they move far, objects may also be taken over from other layouts, put where the picture is
 * least explained, shrink to what they explain, or be cut in two: what a gradient cannot do once it has settled on too
 * few.
 *
 * Passes of a round for n objects, C classes, p proposals, P pairs of which s are looked at first: at most
 * ((12 + C) n + (1 + n) p + (4 C + 1) n) s for the first look, 3 n P for the second, P for the errors by place.
 */
import type { LayoutVocabulary } from '../models/layoutTokens.ts';
import type { InversionConfig } from './config.ts';
import { ErrorMap } from './errorMap.ts';
import type { Found, LayoutEnergies } from './layoutEnergies.ts';
import { applyMove, compactLayout, explainingMoves, localMoves, objectsIn, proposalMoves, triplesOf, type Move }
  from './moves.ts';

/** Moves of one slot that are looked at with all pairs. */
const closerOfSlot = 2;

type RefineConfig = Pick<InversionConfig, 'localRounds' | 'duplicateIou' | 'proposals'>;

/**
 * The layout that moves from `start` lead to, when none helps any more or the rounds are over.
 *
 *   others  layouts whose objects may be taken over: what other starts have found
 */
export async function refine(vocabulary: LayoutVocabulary, energies: LayoutEnergies, start: Found,
  others: readonly Int32Array[], config: RefineConfig): Promise<Found> {
  // About a quarter of the grid.
  const longest = Math.max(1, 2 ** Math.floor(Math.log2(vocabulary.gridSide / 4)));
  let stride = longest;
  let best = start;
  /** What the longest moves could not improve. */
  let settled: Found | null = null;
  for (let round = 0; round < config.localRounds; round++) {
    const moves = localMoves(vocabulary, best.tokens, stride);
    if (stride === longest) moves.push(...await farMoves(vocabulary, energies, best.tokens, others, config));
    const next = await bestOfRound(vocabulary, energies, best, moves.filter((move) =>
      hasNoDuplicates(vocabulary, applyMove(vocabulary, best.tokens, move), config.duplicateIou)), config.duplicateIou);
    const helped = next.energy < best.energy;
    if (!helped && stride === longest) settled = best;
    best = next;
    if (helped) continue;
    if (stride > 1) stride /= 2;
    else if (best === settled) break;
    else stride = longest;
  }
  return best;
}

/** Moves that change how many objects there are, or put one somewhere else. */
async function farMoves(vocabulary: LayoutVocabulary, energies: LayoutEnergies, tokens: Int32Array,
  others: readonly Int32Array[], { proposals }: RefineConfig): Promise<Move[]> {
  const known = others.flatMap((other) => triplesOf(vocabulary, other));
  if (proposals === 0) return proposalMoves(vocabulary, tokens, known);
  const map = new ErrorMap(await energies.errors(tokens), vocabulary.gridSide);
  return [
    ...proposalMoves(vocabulary, tokens, [...known, ...objectsIn(vocabulary, map.unexplained(proposals))]),
    ...explainingMoves(vocabulary, tokens, map),
  ];
}

const hasNoDuplicates = (vocabulary: LayoutVocabulary, tokens: Int32Array, duplicateIou: number): boolean =>
  String(compactLayout(vocabulary, tokens, duplicateIou)) === String(tokens);

async function bestOfRound(vocabulary: LayoutVocabulary, energies: LayoutEnergies, best: Found,
  moves: readonly Move[], duplicateIou: number): Promise<Found> {
  const after = (move: Move): Int32Array => applyMove(vocabulary, best.tokens, move);
  const [own, ...screened] = await energies.screen([best.tokens, ...moves.map(after)]);
  const promising = moves.map((move, i) => ({ move, energy: screened[i]! })).filter(({ energy }) => energy < own!)
    .sort((a, b) => a.energy - b.energy);
  const closer = promising.filter(({ move }, i) =>
    promising.slice(0, i).filter((other) => meet(other.move, move)).length < closerOfSlot).map(({ move }) => move);
  const alone = await energies.of(closer.map(after));
  const helpful = closer.map((move, i) => ({ move, energy: alone[i]! })).filter(({ energy }) => energy < best.energy)
    .sort((a, b) => a.energy - b.energy);
  let together: Move = [];
  const layouts: Int32Array[] = [];
  for (const { move } of helpful) {
    if (meet(together, move)) continue;
    together = [...together, ...move];
    layouts.push(compactLayout(vocabulary, after(together), duplicateIou));
  }
  const found = await energies.of(layouts);
  return layouts.reduce((a, tokens, i) => (found[i]! < a.energy ? { tokens, energy: found[i]! } : a), best);
}

/** Whether two moves change the same slot. */
const meet = (a: Move, b: Move): boolean => a.some(({ slot }) => b.some((other) => other.slot === slot));
