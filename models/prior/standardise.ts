/**
 * Embeddings on the scale of unit noise. Rows of a token table have a standard deviation near 0.02 when training
 * starts, so a prior that saw them raw would see its own biases; the paper leaves the scale open, this is ours.
 */
import { div, sub, type Value } from '../../engine/ops/index.ts';
import type { Tensor } from '../../engine/tensor.ts';

/** Mean and standard deviation of all scalars of a token table: numbers, or tensors []. */
export interface TableStatistics<T extends Value = number> {
  readonly mean: T;
  readonly std: T;
}

/** Of a table [K, D], flattened. */
export function tableStatistics(values: Float32Array): TableStatistics {
  const mean = values.reduce((total, value) => total + value, 0) / values.length;
  const variance = values.reduce((total, value) => total + (value - mean) ** 2, 0) / values.length;
  return { mean, std: Math.sqrt(variance) };
}

/** embeddings [...] -> (embeddings - mean) / std. */
export function standardise(embeddings: Tensor, { mean, std }: TableStatistics<Value>): Tensor {
  return div(sub(embeddings, mean), std);
}
