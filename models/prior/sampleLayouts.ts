/** Layouts drawn from the autoregressive prior, token by token. */
import { check } from '../../engine/errors.ts';
import type { RandomStream } from '../../engine/random.ts';
import { emptyLayout, tripleFault, type LayoutVocabulary } from '../layoutTokens.ts';
import type { SlotPart } from './autoregressive.ts';

/**
 * Scores of the token at a position 0 .. 3 N - 1 of each of the token sequences [count, L], flattened:
 * [count, choices], flattened, the last choice `none`. They depend on the tokens before it only; those after it may be
 * anything.
 */
export type TokenScorer = (tokens: Int32Array, position: number) => Promise<Float32Array>;

export interface SampleOptions {
  /** Divides the scores; 1 draws from the prior itself. Default: 1. */
  readonly temperature?: number;
  /** Draws among the likeliest choices only, as many as make up this share, in (0, 1]. Default: 1, all. */
  readonly topP?: number;
  /**
   * Draws among the choices that can still make legal objects only: no `none` within an object, nothing after the first
   * empty slot, corners in their order. Default: false, where illegal triples are drawn as often as the prior has them.
   */
  readonly legal?: boolean;
  /**
   * Token sequences [L] whose objects, in the first slots, each layout starts with, to be completed; one for each
   * layout. Default: empty ones.
   */
  readonly given?: readonly Int32Array[];
}

/** exp(scores / temperature), scaled, of the fewest likeliest choices that make up `topP`; 0 for the others. */
export function drawWeights(scores: Float32Array, allowed: (choice: number) => boolean, temperature: number,
  topP: number): Float64Array {
  // Loops, not callbacks: a corner has thousands of choices, and this runs for every token of every layout.
  const weights = new Float64Array(scores.length);
  let top = -Infinity;
  for (let choice = 0; choice < scores.length; choice++) {
    if (scores[choice]! > top && allowed(choice)) top = scores[choice]!;
  }
  for (let choice = 0; choice < scores.length; choice++) {
    if (allowed(choice)) weights[choice] = Math.exp((scores[choice]! - top) / temperature);
  }
  if (topP >= 1) return weights;
  const order = Array.from(weights, (_, choice) => choice).sort((a, b) => weights[b]! - weights[a]! || a - b);
  const wanted = topP * weights.reduce((sum, w) => sum + w, 0);
  let sum = 0;
  for (const choice of order) {
    // The one that passes the share still belongs to it, so that the likeliest choice is always left.
    if (sum >= wanted) weights[choice] = 0;
    sum += weights[choice]!;
  }
  return weights;
}

/** A choice as often as its weight says. */
function drawChoice(weights: Float64Array, random: RandomStream): number {
  let rest = random.uniform(0, weights.reduce((sum, w) => sum + w, 0));
  const choice = weights.findIndex((w) => (rest -= w) < 0);
  // Rounding may leave a rest behind the last of them.
  return choice >= 0 ? choice : weights.findLastIndex((w) => w > 0);
}

/** Which choices of the token at a position of `tokens` [L] a legal layout can have. */
function legalChoices({ classCount, gridSide: S, none }: LayoutVocabulary, tokens: Int32Array, position: number):
  (choice: number) => boolean {
  const object = Math.floor(position / 3);
  const part = position % 3;
  if (part === 0) {
    const ended = object > 0 && tokens[3 * object - 3] === none;
    return (choice) => !ended || choice === classCount;
  }
  const cells = S * S;
  if (tokens[3 * object] === none) return (choice) => choice === cells;
  if (part === 1) return (choice) => choice < cells - S && choice % S < S - 1;
  const topLeft = tokens[3 * object + 1]!;
  return (choice) => choice < cells && choice % S > topLeft % S && Math.floor(choice / S) > Math.floor(topLeft / S);
}

/** Objects that a given layout begins with. */
function givenObjects(vocabulary: LayoutVocabulary, tokens: Int32Array): number {
  let count = 0;
  while (count < vocabulary.maxObjects && tripleFault(vocabulary, tokens, count) !== 'absent') count++;
  return count;
}

/** `count` layouts as token sequences [count, L], flattened; crop tokens, where there are any, name the whole image. */
export async function sampleLayouts(score: TokenScorer, vocabulary: LayoutVocabulary, count: number,
  random: RandomStream, options: SampleOptions = {}): Promise<Int32Array> {
  const { maxObjects: N, length: L, gridSide, classCount, none } = vocabulary;
  const { temperature = 1, topP = 1, legal = false, given } = options;
  check(given === undefined || given.length === count,
    () => `sampleLayouts: ${count} layouts need as many given ones, found ${given?.length}`);
  const empty = emptyLayout(vocabulary);
  const tokens = new Int32Array(count * L);
  for (let b = 0; b < count; b++) tokens.set(given?.[b] ?? empty, b * L);
  const known = Array.from({ length: count }, (_, b) => 3 * givenObjects(vocabulary, given?.[b] ?? empty));
  for (let position = Math.min(...known); position < 3 * N; position++) {
    const part = (position % 3) as SlotPart;
    const last = part === 0 ? classCount : gridSide * gridSide;
    const scores = await score(tokens, position);
    for (let b = 0; b < count; b++) {
      if (position < known[b]!) continue;
      const allowed = legal ? legalChoices(vocabulary, tokens.subarray(b * L, (b + 1) * L), position) : () => true;
      const own = scores.subarray(b * (last + 1), (b + 1) * (last + 1));
      const weights = drawWeights(own, allowed, temperature, topP);
      const choice = drawChoice(weights, random);
      tokens[b * L + position] = choice === last ? none : choice;
    }
    // What follows an empty slot of a legal layout is known.
    if (legal && part === 0 && everyEnded(tokens, vocabulary, position, known)) break;
  }
  return tokens;
}

/** Whether all layouts are past what is given and ended at or before the class at `position`; `none` fills the rest. */
function everyEnded(tokens: Int32Array, { length: L, none }: LayoutVocabulary, position: number,
  known: readonly number[]): boolean {
  return known.every((start, b) => position >= start && tokens[b * L + position] === none);
}
