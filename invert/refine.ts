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
 * When nothing helps, the best of those far moves that leave the energy not much higher are followed for a few rounds:
 * an object that is cut in two may have to be moved before it pays.
 *
 * Passes of a round for n objects, C classes, p proposals, P pairs of which s are looked at first: at most
 * ((12 + C) n + (1 + n) p + (4 C + 1) n) s for the first look, 3 n P for the second, P for the errors by place.
 */
import type { LayoutVocabulary } from '../models/layoutTokens.ts';
import type { InversionConfig } from './config.ts';
import { ErrorMap } from './errorMap.ts';
import type { Found, LayoutEnergies } from './layoutEnergies.ts';
import { applyMove, compactLayout, cuttingMoves, localMoves, objectsIn, proposalMoves, shrinkingMoves, triplesOf,
  type Move }
  from './moves.ts';

/** Moves of one slot that are looked at with all pairs. */
const closerOfSlot = 2;
/** Far moves that raise the energy by no more than this factor are followed, for so many rounds beside one a stride. */
const followedTo = 1.5;
const followedFor = 2;

/** Of objects that have just been put in: long moves, short moves, and once more. */
const settlingRounds = 3;

type RefineConfig = Pick<InversionConfig, 'localRounds' | 'duplicateIou' | 'proposals'>;

/**
 * A layout with its objects from slot `first` on moved to where they help most, by short moves: those that have just
 * been put in nearly where they belong. What comes before them stays as it is.
 */
export function settle(vocabulary: LayoutVocabulary, energies: LayoutEnergies, start: Found, first: number,
  config: RefineConfig): Promise<Found> {
  return new Refinement(vocabulary, energies, [], { ...config, proposals: 0 }, 2, first)
    .descend(start, Math.min(settlingRounds, config.localRounds));
}

/**
 * The layout that moves from `start` lead to, when none helps any more or the rounds are over.
 *
 *   others  layouts whose objects may be taken over: what other starts have found
 */
export async function refine(vocabulary: LayoutVocabulary, energies: LayoutEnergies, start: Found,
  others: readonly Int32Array[], config: RefineConfig): Promise<Found> {
  const refinement = new Refinement(vocabulary, energies, others, config);
  let best = await refinement.descend(start, config.localRounds);
  for (let followed = true; followed;) {
    followed = false;
    for (const turn of await refinement.nearlyAsGood(best)) {
      const end = await refinement.descend(turn, followedFor + refinement.strides);
      if (end.energy >= best.energy) continue;
      best = await refinement.descend(end, config.localRounds);
      followed = true;
      break;
    }
  }
  return best;
}

class Refinement {
  /** In cells: about a quarter of the grid, where there are no fewer strides. */
  private readonly longest: number;
  /** How many there are, down to a cell. */
  readonly strides: number;
  private roundsLeft: number;

  constructor(private readonly vocabulary: LayoutVocabulary, private readonly energies: LayoutEnergies,
    private readonly others: readonly Int32Array[], private readonly config: RefineConfig,
    mostStrides = Infinity, private readonly first = 0) {
    this.strides = Math.min(mostStrides, 1 + Math.max(0, Math.floor(Math.log2(vocabulary.gridSide / 4))));
    this.longest = 2 ** (this.strides - 1);
    this.roundsLeft = config.localRounds;
  }

  /** Where moves lead to from a layout in at most so many rounds. */
  async descend(start: Found, rounds: number): Promise<Found> {
    let stride = this.longest;
    let best = start;
    /** What the longest moves could not improve. */
    let settled: Found | null = null;
    for (let round = 0; round < rounds && this.roundsLeft > 0; round++, this.roundsLeft--) {
      const moves = localMoves(this.vocabulary, best.tokens, stride);
      if (stride === this.longest) moves.push(...(await this.farMoves(best.tokens)).flat());
      const next = await this.bestOfRound(best, moves.filter((move) => this.isAllowed(best.tokens, move)));
      const helped = next.energy < best.energy;
      if (!helped && stride === this.longest) settled = best;
      best = next;
      if (helped) continue;
      if (stride > 1) stride /= 2;
      else if (best === settled) break;
      else stride = this.longest;
    }
    return best;
  }

  /** The best layout that each kind of far move leads to, where it is not much worse. */
  async nearlyAsGood({ tokens, energy }: Found): Promise<Found[]> {
    if (this.roundsLeft === 0) return [];
    const turns: Found[] = [];
    for (const moves of await this.farMoves(tokens)) {
      const layouts = moves.filter((move) => this.isAllowed(tokens, move)).map((move) => this.after(tokens, move));
      const [own, ...screened] = await this.energies.screen([tokens, ...layouts]);
      const lowest = Math.min(...screened);
      if (lowest > followedTo * own!) continue;
      const layout = layouts[screened.indexOf(lowest)]!;
      turns.push({ tokens: layout, energy: (await this.energies.of([layout]))[0]! });
    }
    return turns.filter((turn) => turn.energy < followedTo * energy);
  }

  /** Moves that change how many objects there are, or put one somewhere else: over others, shrunk, and cut. */
  private async farMoves(tokens: Int32Array): Promise<Move[][]> {
    const { vocabulary, config } = this;
    const known = this.others.flatMap((other) => triplesOf(vocabulary, other));
    if (config.proposals === 0) return [proposalMoves(vocabulary, tokens, known)];
    const map = new ErrorMap(await this.energies.errors(tokens), vocabulary.gridSide);
    const proposed = objectsIn(vocabulary, map.unexplained(config.proposals));
    return [
      proposalMoves(vocabulary, tokens, [...known, ...proposed]), shrinkingMoves(vocabulary, tokens, map),
      cuttingMoves(vocabulary, tokens, map),
    ];
  }

  /** Whether a move leaves alone what stays, and brings no two objects of one class onto each other. */
  private isAllowed(tokens: Int32Array, move: Move): boolean {
    if (move.some(({ slot }) => slot < this.first)) return false;
    const after = this.after(tokens, move);
    return String(compactLayout(this.vocabulary, after, this.config.duplicateIou)) === String(after);
  }

  private after(tokens: Int32Array, move: Move): Int32Array {
    return applyMove(this.vocabulary, tokens, move);
  }

  private async bestOfRound(best: Found, moves: readonly Move[]): Promise<Found> {
    const { energies } = this;
    const after = (move: Move): Int32Array => this.after(best.tokens, move);
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
      layouts.push(compactLayout(this.vocabulary, after(together), this.config.duplicateIou));
    }
    const found = await energies.of(layouts);
    return layouts.reduce((a, tokens, i) => (found[i]! < a.energy ? { tokens, energy: found[i]! } : a), best);
  }
}

/** Whether two moves change the same slot. */
const meet = (a: Move, b: Move): boolean => a.some(({ slot }) => b.some((other) => other.slot === slot));
