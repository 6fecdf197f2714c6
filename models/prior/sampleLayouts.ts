/** Layouts drawn from the autoregressive prior, token by token. */
import type { RandomStream } from '../../engine/random.ts';
import { emptyLayout, type LayoutVocabulary } from '../layoutTokens.ts';

/**
 * Scores of all slots, as `autoregressivePrior` gives them, for token sequences [count, L], flattened; a slot depends
 * on the tokens before it only, so those not drawn yet may be anything.
 */
export type LayoutScorer = (tokens: Int32Array) => Promise<{ classes: Float32Array; corners: Float32Array }>;

/** One of the choices whose scores are scores[start .. start + size - 1], as its softmax gives them. */
function draw(scores: Float32Array, start: number, size: number, temperature: number, random: RandomStream): number {
  const own = scores.subarray(start, start + size);
  const top = own.reduce((a, b) => Math.max(a, b), -Infinity);
  const weights = Array.from(own, (x) => Math.exp((x - top) / temperature));
  return random.pick(weights.map((_, i) => i), weights);
}

/**
 * `count` layouts as token sequences [count, L], flattened; crop tokens, where there are any, name the whole image.
 *
 *   temperature  divides the scores; 1 draws from the prior itself
 */
export async function sampleLayouts(score: LayoutScorer, vocabulary: LayoutVocabulary, count: number,
  random: RandomStream, temperature = 1): Promise<Int32Array> {
  const { maxObjects: N, length: L, classCount, gridSide, none } = vocabulary;
  const cells = gridSide * gridSide;
  const empty = emptyLayout(vocabulary);
  const tokens = new Int32Array(count * L);
  for (let b = 0; b < count; b++) tokens.set(empty, b * L);
  for (let position = 0; position < 3 * N; position++) {
    const { classes, corners } = await score(tokens);
    const [object, part] = [Math.floor(position / 3), position % 3];
    for (let b = 0; b < count; b++) {
      const slot = b * N + object;
      const choice = part === 0
        ? draw(classes, slot * (classCount + 1), classCount + 1, temperature, random)
        : draw(corners, (2 * slot + part - 1) * (cells + 1), cells + 1, temperature, random);
      tokens[b * L + position] = choice === (part === 0 ? classCount : cells) ? none : choice;
    }
  }
  return tokens;
}
