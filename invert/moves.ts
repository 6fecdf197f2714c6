/** Layouts one move away: what is left for a discrete search when the gradient has come close. */
import type { ErrorMap } from './errorMap.ts';
import { tripleFault, type LayoutVocabulary } from '../models/layoutTokens.ts';

/** Class token, top left and bottom right cell. */
export type Triple = readonly [number, number, number];

/** A box as x0, y0, x1, y1 in cells of the grid. */
export type Cells = readonly [number, number, number, number];

/** What a slot of a compact layout is to hold; null leaves it out. */
export interface Change {
  readonly slot: number;
  readonly triple: Triple | null;
}

/** Changes of different slots that are made together. */
export type Move = readonly Change[];

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

export function cellsOf({ gridSide: S }: LayoutVocabulary, [, topLeft, bottomRight]: Triple): Cells {
  return [topLeft % S, Math.floor(topLeft / S), bottomRight % S, Math.floor(bottomRight / S)];
}

export const tripleOf = ({ gridSide: S }: LayoutVocabulary, kind: number, [x0, y0, x1, y1]: Cells): Triple =>
  [kind, y0 * S + x0, y1 * S + x1];

/** Intersection over union of the boxes of two triples. */
export const tripleIou = (vocabulary: LayoutVocabulary, a: Triple, b: Triple): number =>
  cellsIou(cellsOf(vocabulary, a), cellsOf(vocabulary, b));

/** Intersection over union of two boxes. */
export function cellsIou([ax0, ay0, ax1, ay1]: Cells, [bx0, by0, bx1, by1]: Cells): number {
  const both = Math.max(0, Math.min(ax1, bx1) - Math.max(ax0, bx0))
    * Math.max(0, Math.min(ay1, by1) - Math.max(ay0, by0));
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

/** A layout after a move, compact. */
export function applyMove(vocabulary: LayoutVocabulary, tokens: Int32Array, move: Move): Int32Array {
  const moved = tokens.slice();
  const { none } = vocabulary;
  for (const { slot, triple } of move) moved.set(triple ?? [none, none, none], 3 * slot);
  return compactLayout(vocabulary, moved);
}

/** The layout without the object in slot n. */
export function withoutObject(vocabulary: LayoutVocabulary, tokens: Int32Array, n: number): Int32Array {
  return applyMove(vocabulary, tokens, [{ slot: n, triple: null }]);
}

/** Moves of a compact layout's objects: an edge or the box by `stride` cells, another class, left out. */
export function localMoves(vocabulary: LayoutVocabulary, tokens: Int32Array, stride = 1): Move[] {
  const { classCount, gridSide: S } = vocabulary;
  return triplesOf(vocabulary, tokens).flatMap((triple, slot): Move[] => {
    const [kind, topLeft, bottomRight] = triple;
    const cells = cellsOf(vocabulary, triple);
    const shifted = shifts.map((shift) => cells.map((at, i) => at + stride * shift[i]!) as unknown as Cells)
      .filter(([x0, y0, x1, y1]) => Math.min(x0, y0) >= 0 && Math.max(x1, y1) < S && x1 > x0 && y1 > y0)
      .map((moved): Triple => tripleOf(vocabulary, kind, moved));
    const renamed = Array.from({ length: classCount }, (_, other): Triple => [other, topLeft, bottomRight])
      .filter(([other]) => other !== kind);
    return [...shifted, ...renamed, null].map((changed) => [{ slot, triple: changed }]);
  });
}

/** Moves that shrink an object to the part of its box that explains the picture. */
export function shrinkingMoves(vocabulary: LayoutVocabulary, tokens: Int32Array, map: ErrorMap): Move[] {
  return triplesOf(vocabulary, tokens).flatMap((triple, slot): Move[] => {
    const part = map.explainedPart(cellsOf(vocabulary, triple));
    if (part === null) return [];
    const shrunk = tripleOf(vocabulary, triple[0], part);
    return String(shrunk) === String(triple) ? [] : [[{ slot, triple: shrunk }]];
  });
}

/** Moves that cut an object into halves, or parts that explain more: one keeps its class, the other may have any. */
export function cuttingMoves(vocabulary: LayoutVocabulary, tokens: Int32Array, map: ErrorMap): Move[] {
  const own = triplesOf(vocabulary, tokens);
  if (own.length === vocabulary.maxObjects) return [];
  const pairsOf = (box: Cells): (readonly [Cells, Cells])[] => [...halves(box), ...map.explainedParts(box)];
  return own.flatMap((triple, slot) => pairsOf(cellsOf(vocabulary, triple))
    .flatMap(([a, b]) => [[a, b], [b, a]] as const)
    .flatMap(([kept, other]) => Array.from({ length: vocabulary.classCount }, (_, kind): Move => [
      { slot, triple: tripleOf(vocabulary, triple[0], kept) },
      { slot: own.length, triple: tripleOf(vocabulary, kind, other) },
    ])));
}

/** The halves of a box across either side, where a cell is left for both. */
function halves([x0, y0, x1, y1]: Cells): [Cells, Cells][] {
  const [x, y] = [(x0 + x1) >> 1, (y0 + y1) >> 1];
  const beside: [Cells, Cells][] = x > x0 ? [[[x0, y0, x, y1], [x, y0, x1, y1]]] : [];
  return y > y0 ? [...beside, [[x0, y0, x1, y], [x0, y, x1, y1]]] : beside;
}

/** An object of another layout takes the place of one that it overlaps by so much. */
const replacedFrom = 0.3;

/**
 * Moves that bring objects into a compact layout: into the first empty slot, and over what they overlap or, in a full
 * one, any.
 */
export function proposalMoves(vocabulary: LayoutVocabulary, tokens: Int32Array, proposed: readonly Triple[]): Move[] {
  const own = triplesOf(vocabulary, tokens);
  const isFull = own.length === vocabulary.maxObjects;
  const known = new Set(own.map(String));
  const fresh = proposed.filter((triple) => {
    const isNew = !known.has(String(triple));
    known.add(String(triple));
    return isNew;
  });
  return fresh.flatMap((triple): Move[] => [
    ...(isFull ? [] : [own.length]),
    ...own.flatMap((object, slot) => (isFull || tripleIou(vocabulary, object, triple) > replacedFrom ? [slot] : [])),
  ].map((slot) => [{ slot, triple }]));
}

/** An object of every class in each of some boxes. */
export const objectsIn = (vocabulary: LayoutVocabulary, boxes: readonly Cells[]): Triple[] =>
  boxes.flatMap((box) => Array.from({ length: vocabulary.classCount }, (_, kind) => tripleOf(vocabulary, kind, box)));
