/**
 * What likelihoods of layouts are measured of: sequences of choices, and models that predict each from those before.
 *
 *   choices  class, top left cell, bottom right cell, class, ..., and the class number C, `end`, where fewer than N
 *            objects are there: 3 n + 1 numbers, or 3 N for a full layout
 *
 * Slots after the end are `none` for sure, so every model gives them no nats; the trained prior alone is charged for
 * what probability it spends there.
 */
import { check } from '../engine/errors.ts';
import { tripleFault, type LayoutVocabulary } from '../models/layoutTokens.ts';

/** Class, top left corner, bottom right corner. */
export type Part = 0 | 1 | 2;

export const partOf = (position: number): Part => position % 3 as Part;

/** A distribution over choices, given those before. */
export interface LayoutModel {
  readonly name: string;
  /** One line on what it knows. */
  readonly about: string;
  /** Whether every order of the same objects is as likely. */
  readonly exchangeable: boolean;
  /** Probability of choices[position] given choices[0 .. position - 1]; 0 for a box that no layout can have. */
  probability(choices: Int32Array, position: number): number;
}

/** The choices of a token sequence [L]. */
export function layoutChoices(vocabulary: LayoutVocabulary, tokens: Int32Array): Int32Array {
  const { maxObjects: N, classCount } = vocabulary;
  let n = 0;
  while (n < N && tripleFault(vocabulary, tokens, n) !== 'absent') {
    const fault = tripleFault(vocabulary, tokens, n);
    check(fault === null, () => `layoutChoices: object ${n} is no legal one (${fault}); measured layouts must be`);
    n++;
  }
  const choices = new Int32Array(3 * n + (n < N ? 1 : 0)).fill(classCount);
  choices.set(tokens.subarray(0, 3 * n));
  return choices;
}

/** Objects of a sequence of choices. */
export const objectCount = (choices: Int32Array): number => Math.floor(choices.length / 3);

/** Nats of a layout, by part: classes with the end, top left corners, bottom right corners. */
export function layoutNats(model: LayoutModel, choices: Int32Array): [number, number, number] {
  const nats: [number, number, number] = [0, 0, 0];
  for (let position = 0; position < choices.length; position++) {
    nats[partOf(position)] -= Math.log(model.probability(choices, position));
  }
  return nats;
}

/** Logarithm of the number of different orders of a layout's objects: n! where no two are the same. */
export function logOrders(choices: Int32Array): number {
  const same = new Map<string, number>();
  let log = 0;
  for (let i = 0; i < objectCount(choices); i++) {
    const object = choices.subarray(3 * i, 3 * i + 3).join();
    same.set(object, (same.get(object) ?? 0) + 1);
    log += Math.log(i + 1) - Math.log(same.get(object)!);
  }
  return log;
}

/** Column and row of a cell. */
export const cellPlace = (cell: number, S: number): [x: number, y: number] => [cell % S, Math.floor(cell / S)];

/** A layout to count, as often as `weight`. */
export interface WeighedLayout {
  readonly choices: Int32Array;
  readonly weight: number;
}
