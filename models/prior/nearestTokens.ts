import { check } from '../../engine/errors.ts';
import { emptyLayout, slotRows, type LayoutVocabulary } from '../layoutTokens.ts';

/**
 * Embeddings rounded to the vocabulary: the token whose row is nearest, among those that the slot may hold.
 *
 *   embeddings  [3 N, D], flattened
 *   rows        [K, D], flattened: the token table
 *   ->          [L]; crop tokens, where there are any, name the whole image
 */
export function nearestTokens(vocabulary: LayoutVocabulary, embeddings: Float32Array,
  rows: Float32Array): Int32Array {
  const { maxObjects: N, vocabularySize } = vocabulary;
  const D = rows.length / vocabularySize;
  check(embeddings.length === 3 * N * D, () =>
    `nearestTokens: embeddings must be [${3 * N}, ${D}], found ${embeddings.length} values`);
  const choices = [0, 1, 2].map((part) => slotRows(vocabulary, part));
  const tokens = emptyLayout(vocabulary);
  for (let position = 0; position < 3 * N; position++) {
    let least = Infinity;
    for (const row of choices[position % 3]!) {
      let distance = 0;
      for (let d = 0; d < D; d++) distance += (embeddings[position * D + d]! - rows[row * D + d]!) ** 2;
      if (distance >= least) continue;
      least = distance;
      tokens[position] = row;
    }
  }
  return tokens;
}
