/** Layouts one move away: what is left for a discrete search when the gradient has come close. */
import { tripleFault, type LayoutVocabulary } from '../models/layoutTokens.ts';

/** Class token, top left and bottom right cell. */
export type Triple = readonly [number, number, number];

/** What a slot of a compact layout is to hold; null leaves it out. */
export interface Move {
  readonly slot: number;
  readonly triple: Triple | null;
}

/** Shifts of (x0, y0, x1, y1): every edge alone, and the whole box. */
const shifts: readonly (readonly [number, number, number, number])[] = [
  [1, 0, 0, 0], [-1, 0, 0, 0], [0, 1, 0, 0], [0, -1, 0, 0], [0, 0, 1, 0], [0, 0, -1, 0], [0, 0, 0, 1], [0, 0, 0, -1],
  [1, 0, 1, 0], [-1, 0, -1, 0], [0, 1, 0, 1], [0, -1, 0, -1],
];

/** Legal triples of a layout, in their order. */
export function triplesOf(vocabulary: LayoutVocabulary, tokens: Int32Array): Triple[] {
  return Array.from({ length: vocabulary.maxObjects }, (_, n) => n)
    .filter((n) => tripleFault(vocabulary, tokens, n) === null)
    .map((n) => [tokens[3 * n]!, tokens[3 * n + 1]!, tokens[3 * n + 2]!]);
}

/** x0, y0, x1, y1 in cells. */
function cellsOf({ gridSide: S }: LayoutVocabulary, [, topLeft, bottomRight]: Triple): [number, number, number, number] {
  return [topLeft % S, Math.floor(topLeft / S), bottomRight % S, Math.floor(bottomRight / S)];
}

/** Intersection over union of the boxes of two triples. */
export function tripleIou(vocabulary: LayoutVocabulary, a: Triple, b: Triple): number {
  const [ax0, ay0, ax1, ay1] = cellsOf(vocabulary, a);
  const [bx0, by0, bx1, by1] = cellsOf(vocabulary, b);
  const both = Math.max(0, Math.min(ax1, bx1) - Math.max(ax0, bx0)) * Math.max(0, Math.min(ay1, by1) - Math.max(ay0, by0));
  return both / ((ax1 - ax0) * (ay1 - ay0) + (bx1 - bx0) * (by1 - by0) - both);
}

/**
 * Objects first, in their order, then none: as layouts are written in training.
 *
 *   duplicateIou  of two objects of one class that overlap by more the later one is left out; 1 keeps both
 */
export function compactLayout(vocabulary: LayoutVocabulary, tokens: Int32Array, duplicateIou = 1): Int32Array {
  const kept: Triple[] = [];
  for (const triple of triplesOf(vocabulary, tokens)) {
    const again = kept.some((other) => other[0] === triple[0] && tripleIou(vocabulary, other, triple) > duplicateIou);
    if (!again) kept.push(triple);
  }
  const result = tokens.slice();
  result.fill(vocabulary.none, 0, 3 * vocabulary.maxObjects);
  kept.forEach((triple, n) => result.set(triple, 3 * n));
  return result;
}

/** A layout after moves of different slots, compact. */
export function applyMoves(vocabulary: LayoutVocabulary, tokens: Int32Array, moves: readonly Move[]): Int32Array {
  const moved = tokens.slice();
  const { none } = vocabulary;
  for (const { slot, triple } of moves) moved.set(triple ?? [none, none, none], 3 * slot);
  return compactLayout(vocabulary, moved);
}

/** The layout without the object in slot n. */
export function withoutObject(vocabulary: LayoutVocabulary, tokens: Int32Array, n: number): Int32Array {
  return applyMoves(vocabulary, tokens, [{ slot: n, triple: null }]);
}

/** Moves of a compact layout's objects: an edge or the box by `stride` cells, another class, left out. */
export function localMoves(vocabulary: LayoutVocabulary, tokens: Int32Array, stride = 1): Move[] {
  const { classCount, gridSide: S } = vocabulary;
  return triplesOf(vocabulary, tokens).flatMap((triple, slot): Move[] => {
    const [kind, topLeft, bottomRight] = triple;
    const cells = cellsOf(vocabulary, triple);
    const shifted = shifts.map((shift) => cells.map((at, i) => at + stride * shift[i]!) as typeof cells)
      .filter(([x0, y0, x1, y1]) => Math.min(x0, y0) >= 0 && Math.max(x1, y1) < S && x1 > x0 && y1 > y0)
      .map(([x0, y0, x1, y1]): Move => ({ slot, triple: [kind, y0 * S + x0, y1 * S + x1] }));
    const renamed = Array.from({ length: classCount }, (_, other): Move =>
      ({ slot, triple: [other, topLeft, bottomRight] })).filter((move) => move.triple![0] !== kind);
    return [...shifted, ...renamed, { slot, triple: null }];
  });
}

/** An object of another layout takes the place of one that it overlaps by so much. */
const replacedFrom = 0.3;

/** Moves that bring objects of other layouts into a compact one: into the first empty slot, or over what they overlap. */
export function proposalMoves(vocabulary: LayoutVocabulary, tokens: Int32Array, others: readonly Int32Array[]): Move[] {
  const own = triplesOf(vocabulary, tokens);
  const known = new Set(own.map(String));
  const proposed = others.flatMap((other) => triplesOf(vocabulary, other)).filter((triple) => {
    const fresh = !known.has(String(triple));
    known.add(String(triple));
    return fresh;
  });
  return proposed.flatMap((triple): Move[] => [
    ...(own.length < vocabulary.maxObjects ? [{ slot: own.length, triple }] : []),
    ...own.flatMap((object, slot) => (tripleIou(vocabulary, object, triple) > replacedFrom ? [{ slot, triple }] : [])),
  ]);
}
