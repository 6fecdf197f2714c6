/**
 * Objects tried all over the picture, for what neither a gradient nor large errors lead to: on a varied ground an
 * object changes the error by less than the ground differs from place to place. What it changes lies around it, so that
 * as many are tried in one layout as have room, far apart, and each is read from the errors by place.
 *
 * Passes for n objects of N slots and C classes: about 4 C (16^2 + 8^2 + 4^2) / (N - n) layouts on a few pairs, and
 * twice `count` at most on all pairs.
 */
import type { LayoutVocabulary } from '../models/layoutTokens.ts';
import { fallWithin } from './errorMap.ts';
import type { Found, LayoutEnergies } from './layoutEnergies.ts';
import { applyMove, tripleIou, tripleOf, triplesOf, type Cells, type Triple } from './moves.ts';

/** Sides of the boxes that are tried, as parts of the grid: of all, and of what is looked for first and last. */
export const sweptParts = { all: [16, 8, 4], large: [6, 4, 3], small: [16] } as const;
/** IoU above which two boxes of one class that promise something are tried as one. */
const sameIou = 0.2;

/** An object and how much the error around it falls when it is there. */
interface Tried {
  readonly triple: Triple;
  readonly gain: number;
}

/** Boxes of `side` cells over the whole grid, each by half over the next. */
function tiles({ gridSide: S }: LayoutVocabulary, side: number): Cells[] {
  const last = S - 1 - side;
  const stride = Math.ceil(side / 2);
  const starts = Array.from({ length: Math.ceil(last / stride) + 1 }, (_, i) => Math.min(last, i * stride));
  return starts.flatMap((y) => starts.map((x): Cells => [x, y, x + side, y + side]));
}

/** The objects that explain most beside those of a compact layout with room for so many more, best first. */
async function promising(vocabulary: LayoutVocabulary, energies: LayoutEnergies, tokens: Int32Array, room: number,
  parts: readonly number[]): Promise<Triple[]> {
  const { gridSide: S, classCount } = vocabulary;
  const [before] = await energies.screenErrors([tokens]);
  const tried: Tried[] = [];
  for (const side of new Set(parts.map((part) => Math.max(1, Math.round(S / part))))) {
    const boxes = tiles(vocabulary, side);
    const groups = Math.ceil(boxes.length / room);
    for (let kind = 0; kind < classCount; kind++) {
      const layouts = Array.from({ length: groups }, (_, group) => withObjects(vocabulary, tokens,
        boxes.filter((__, i) => i % groups === group).map((box) => tripleOf(vocabulary, kind, box))));
      const errors = await energies.screenErrors(layouts);
      boxes.forEach((box, i) => tried.push({
        triple: tripleOf(vocabulary, kind, box), gain: fallWithin(before!, errors[i % groups]!, box, S) }));
    }
  }
  return tried.filter(({ gain }) => gain > 0).sort((a, b) => b.gain - a.gain).map(({ triple }) => triple);
}

/** A compact layout with more objects. */
function withObjects(vocabulary: LayoutVocabulary, tokens: Int32Array, triples: readonly Triple[]): Int32Array {
  const own = triplesOf(vocabulary, tokens).length;
  return applyMove(vocabulary, tokens, triples.map((triple, i) => ({ slot: own + i, triple })));
}

/**
 * The layout with those objects beside its own that lower its energy together: of the `count` that explain most, each
 * alone is judged on all pairs, and those that help are added one after the other, best first, as far as that helps.
 */
export async function sweep(vocabulary: LayoutVocabulary, energies: LayoutEnergies, start: Found, count: number,
  parts: readonly number[] = sweptParts.all): Promise<Found> {
  const own = triplesOf(vocabulary, start.tokens);
  const room = vocabulary.maxObjects - own.length;
  if (count === 0 || room === 0) return start;
  const closer: Triple[] = [];
  for (const triple of await promising(vocabulary, energies, start.tokens, room, parts)) {
    const apart = own.every((other) => tripleIou(vocabulary, other, triple) === 0)
      && closer.every((other) => other[0] !== triple[0] || tripleIou(vocabulary, other, triple) <= sameIou);
    if (apart && closer.length < count) closer.push(triple);
  }
  const alone = await energies.of(closer.map((triple) => withObjects(vocabulary, start.tokens, [triple])));
  const helpful = closer.map((triple, i) => ({ triple, energy: alone[i]! }))
    .filter(({ energy }) => energy < start.energy).sort((a, b) => a.energy - b.energy);
  const together: Triple[] = [];
  for (const { triple } of helpful) {
    if (together.length < room && together.every((other) => tripleIou(vocabulary, other, triple) === 0)) {
      together.push(triple);
    }
  }
  const layouts = together.map((_, i) => withObjects(vocabulary, start.tokens, together.slice(0, i + 1)));
  const found = await energies.of(layouts);
  return layouts.reduce((a, tokens, i) => (found[i]! < a.energy ? { tokens, energy: found[i]! } : a), start);
}
