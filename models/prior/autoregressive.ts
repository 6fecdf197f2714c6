/**
 * The autoregressive layout prior: p(y) = product of p(y_i | y_<i) over the 3 N tokens (class, corner, corner) of a
 * layout, by a causal transformer. Each slot chooses among what it can hold only, so no probability is spent on rows
 * of the shared vocabulary that make no sense there. Crop tokens are not modelled.
 *
 * It reads tokens as embeddings in the generator's space, so that inversion has a gradient to them.
 */
import { check } from '../../engine/errors.ts';
import { add, broadcast, concat, crossEntropy, reshape, slice, softCrossEntropy, sum } from '../../engine/ops/index.ts';
import { normal, type Scope } from '../../engine/params.ts';
import { describe, sameShape, type Tensor } from '../../engine/tensor.ts';
import { attentionLayers } from '../attentionLayers.ts';
import { layerNorm, linear } from '../layers.ts';
import type { LayoutVocabulary } from '../layoutTokens.ts';
import type { AutoregressivePriorConfig } from './config.ts';

/** Scores of what each slot may hold; the last choice of each is `none`. */
export interface SlotLogits {
  /** [B, N, C + 1] */
  readonly classes: Tensor;
  /** [B, N, 2, S^2 + 1]: top left, bottom right. */
  readonly corners: Tensor;
}

/**
 * embeddings [B, 3 N, Dg], standardised -> scores of every token given those before it; the last object's second
 * corner is never read.
 */
export function autoregressivePrior(p: Scope, embeddings: Tensor, config: AutoregressivePriorConfig): SlotLogits {
  const { maxObjects: N, classCount, gridSide, width: D } = config;
  const B = embeddings.shape[0]!;
  check(sameShape(embeddings.shape, [B, 3 * N, config.embeddingWidth]), () => 'autoregressive prior: embeddings must '
    + `be [B, ${3 * N}, ${config.embeddingWidth}], found ${describe(embeddings)}. Crop tokens are not part of it.`);
  const start = broadcast(p.at('start').param('weight', [D], normal(0.02)), [B, 1, D]);
  const known = linear(p.at('adapter'), slice(embeddings, 1, 0, 3 * N - 1), D);
  const positions = p.at('pos_emb.emb').param('weight', [3 * N, D], normal(0.02));
  let h = add(concat([start, known], 1), positions);                        // [B, 3 N, D]
  h = layerNorm(p.at('norm'), attentionLayers(p.at('attn_layers'), h, config, true));
  const slots = reshape(h, [B, N, 3, D]);
  const ofClasses = reshape(slice(slots, 2, 0, 1), [B, N, D]);
  const ofCorners = slice(slots, 2, 1, 2);                                  // [B, N, 2, D]
  return {
    classes: linear(p.at('class_head'), ofClasses, classCount + 1),
    corners: linear(p.at('corner_head'), ofCorners, gridSide * gridSide + 1),
  };
}

/**
 * Nats per layout [B].
 *
 *   classes  i32 [B, N]      0 .. C, C for none
 *   corners  i32 [B, N, 2]   0 .. S^2, S^2 for none
 */
export function negativeLogLikelihood(logits: SlotLogits, classes: Tensor, corners: Tensor): Tensor {
  return add(sum(crossEntropy(logits.classes, classes), [1]), sum(crossEntropy(logits.corners, corners), [1, 2]));
}

/**
 * Expected nats per layout [B] under independent distributions over the choices of each slot; differentiable in both.
 *
 *   classWeights   [B, N, C + 1]         each row sums to 1
 *   cornerWeights  [B, N, 2, S^2 + 1]    likewise
 */
export function expectedNegativeLogLikelihood(logits: SlotLogits, classWeights: Tensor, cornerWeights: Tensor): Tensor {
  const ofClasses = softCrossEntropy(logits.classes, classWeights);         // [B, N]
  const ofCorners = softCrossEntropy(logits.corners, cornerWeights);        // [B, N, 2]
  return add(sum(ofClasses, [1]), sum(ofCorners, [1, 2]));
}

/** Token sequences [B, L], flattened, as choices of each slot: what `negativeLogLikelihood` takes. */
export function slotTargets(vocabulary: LayoutVocabulary, tokens: Int32Array): {
  classes: Int32Array; corners: Int32Array;
} {
  const { maxObjects: N, length, none, classCount, gridSide } = vocabulary;
  const B = tokens.length / length;
  const classes = new Int32Array(B * N);
  const corners = new Int32Array(2 * B * N);
  for (let b = 0; b < B; b++) {
    for (let n = 0; n < N; n++) {
      const [kind, topLeft, bottomRight] = tokens.subarray(b * length + 3 * n, b * length + 3 * n + 3) as
        unknown as [number, number, number];
      const corner = (token: number): number => (token === none ? gridSide * gridSide : token);
      classes[b * N + n] = kind === none ? classCount : kind;
      corners.set([corner(topLeft), corner(bottomRight)], 2 * (b * N + n));
    }
  }
  return { classes, corners };
}
