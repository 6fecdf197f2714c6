/**
 * The autoregressive layout prior: p(y) = product of p(y_i | y_<i) over the 3 N tokens (class, corner, corner) of a
 * layout, by a causal transformer. Each slot chooses among what it can hold only, so no probability is spent on rows
 * of the shared vocabulary that make no sense there. A layout ends with the first class `none`, so its length is
 * modelled with it. Crop tokens are not modelled.
 *
 * Where it knows that layouts are in canonical order (`support`), what cannot follow has no probability at all: a
 * smaller class, a corner before that of an object of the same class, a box without area.
 *
 * It reads tokens as embeddings in the generator's space, so that inversion has a gradient to them.
 */
import { check } from '../../engine/errors.ts';
import { add, broadcast, cast, concat, constant, crossEntropy, dropout, equal, gather, less, lessEqual, reshape,
  slice, softCrossEntropy, sub, sum, table, where } from '../../engine/ops/index.ts';
import { normal, type Scope } from '../../engine/params.ts';
import { describe, type Tensor } from '../../engine/tensor.ts';
import type { State } from '../../engine/state.ts';
import { attentionLayers } from '../attentionLayers.ts';
import { layerNorm, linear } from '../layers.ts';
import type { LayoutVocabulary } from '../layoutTokens.ts';
import { boxSizes } from './boxSizes.ts';
import type { AutoregressivePriorConfig } from './config.ts';
import { factoredCornerNats, factoredCornerScores, hiddenScore, type CornerRange, type CornerView }
  from './cornerHead.ts';
import { cachedAttention, type KeyValueCache } from './keyValueCache.ts';

/** Scores of what each slot may hold; the last choice of each is `none`. */
export interface SlotLogits {
  /** [B, N, C + 1] */
  readonly classes: Tensor;
  /** [B, N, 2, S^2 + 1]: top left, bottom right. */
  readonly corners: Tensor;
}

/** Which of the three tokens of an object. */
export type SlotPart = 0 | 1 | 2;

/** Choices of every slot of some layouts. */
export interface SlotTargets<T> {
  /** i32 [B, N]: 0 .. C, C for none. */
  readonly classes: T;
  /** i32 [B, N, 2]: 0 .. S^2, S^2 for none. */
  readonly corners: T;
}

/** What choices before a token say of it, as i32 [..]. */
interface Known {
  /** Of a class: that of the object before. Of a corner: that of its object. -1 where there is none before. */
  readonly kind: Tensor;
  /** Of a bottom right corner: the top left one. Of a top left one: that of the object before, if of the same class. */
  readonly from: Tensor;
}

/** What the heads read of each token. */
interface Reading {
  /** State that has read all tokens before: [.., D]. */
  readonly h: Tensor;
  /** The three tokens before by themselves, the last one first; zeros where the layout begins: [.., 3 D]. */
  readonly before: Tensor;
}

const cornerScopes = ['top_left_head', 'bottom_right_head'] as const;

/** embeddings [B, 3 n, Dg] -> [B, 3 n - 1, D]: all but the last corner, which nothing follows. */
function adapt(p: Scope, embeddings: Tensor, { width: D, adapters }: AutoregressivePriorConfig): Tensor {
  const [B, L, Dg] = embeddings.shape as [number, number, number];
  if (adapters !== 'slot') return linear(p.at('adapter'), slice(embeddings, 1, 0, L - 1), D);
  const slots = reshape(embeddings, [B, L / 3, 3, Dg]);
  const ofClasses = linear(p.at('class_adapter'), slice(slots, 2, 0, 1), D);
  const ofCorners = linear(p.at('corner_adapter'), slice(slots, 2, 1, 2), D);
  return slice(reshape(concat([ofClasses, ofCorners], 2), [B, L, D]), 1, 0, L - 1);
}

/** Where tokens stand: [3 N, D]. */
function places(p: Scope, { maxObjects: N, width: D, positions }: AutoregressivePriorConfig): Tensor {
  if (positions !== 'object') return p.at('pos_emb.emb').param('weight', [3 * N, D], normal(0.02));
  const objects = reshape(p.at('object_emb.emb').param('weight', [N, D], normal(0.02)), [N, 1, D]);
  const parts = reshape(p.at('part_emb.emb').param('weight', [3, D], normal(0.02)), [1, 3, D]);
  return reshape(add(objects, parts), [3 * N, D]);
}

/** Sizes of boxes, which the token of the last corner carries, beside zeros for the other two: [B, 3 n - 1, D]. */
function sizeTokens(p: Scope, { corners }: SlotTargets<Tensor>, { gridSide, width: D }: AutoregressivePriorConfig):
  Tensor {
  const [B, n] = corners.shape as [number, number];
  const corner = (part: 0 | 1): Tensor => reshape(slice(corners, 2, part, 1), [B, n]);
  const sizes = reshape(boxSizes(p.at('size'), corner(0), corner(1), gridSide, D), [B, n, 1, D]);
  const all = concat([broadcast(constant(0), [B, n, 2, D]), sizes], 2);
  return slice(reshape(all, [B, 3 * n, D]), 1, 0, 3 * n - 1);
}

/** embeddings [B, 3 n, Dg] of the first n <= N slots -> readings [B, 3 n, D]; with a key of random draws, drops out. */
function read(p: Scope, embeddings: Tensor, choices: SlotTargets<Tensor>, config: AutoregressivePriorConfig,
  key?: Tensor): Reading {
  const { maxObjects: N, width: D } = config;
  const [B, L, Dg] = embeddings.shape as [number, number, number];
  check(L % 3 === 0 && L <= 3 * N && Dg === config.embeddingWidth, () => 'autoregressive prior: embeddings must be '
    + `[B, ${3 * N}, ${config.embeddingWidth}], or shorter by whole objects, found ${describe(embeddings)}. `
    + 'Crop tokens are not part of it.');
  const drop = (x: Tensor, name: string): Tensor => (key ? dropout(x, config.dropout ?? 0, key, `prior ${name}`) : x);
  const start = broadcast(p.at('start').param('weight', [D], normal(0.02)), [B, 1, D]);
  const adapted = adapt(p, embeddings, config);
  const sized = config.corners === 'factored' ? add(adapted, sizeTokens(p, choices, config)) : adapted;
  const before = concat([start, sized], 1);
  const none = broadcast(constant(0), [B, 1, D]);
  const later = (y: Tensor): Tensor => concat([none, slice(y, 1, 0, L - 1)], 1);
  const x = drop(add(before, slice(places(p, config), 0, 0, L)), 'tokens'); // [B, L, D]
  const h = layerNorm(p.at('norm'), attentionLayers(p.at('attn_layers'), x, config, true, drop));
  return { h: drop(h, 'states'), before: concat([before, later(before), later(later(before))], 2) };
}

/** Readings of all tokens -> of one part of all objects. */
function ofPart({ h, before }: Reading, part: SlotPart): Reading {
  const own = (x: Tensor): Tensor => {
    const [B, L, D] = x.shape as [number, number, number];
    return reshape(slice(reshape(x, [B, L / 3, 3, D]), 2, part, 1), [B, L / 3, D]);
  };
  return { h: own(h), before: own(before) };
}

/** i32 [B, N] of objects -> of the object before each, `first` before the first one. */
function previous(ids: Tensor, first: number): Tensor {
  const [B, N] = ids.shape as [number, number];
  const start = broadcast(constant(first, 'i32'), [B, 1]);
  return N === 1 ? start : concat([start, slice(ids, 1, 0, N - 1)], 1);
}

/** The corner of the object before, where that is of the same class; else the first cell. */
const seenFrom = (kind: Tensor, kindBefore: Tensor, corner: Tensor): Tensor =>
  cast(where(equal(cast(kind, 'f32'), cast(kindBefore, 'f32')), cast(corner, 'f32'), 0), 'i32');

/** What choices say of the tokens of one part of all objects. */
function knownOfPart({ classes, corners }: SlotTargets<Tensor>, part: SlotPart): Known {
  const [B, N] = classes.shape as [number, number];
  const topLeft = reshape(slice(corners, 2, 0, 1), [B, N]);
  if (part === 2) return { kind: classes, from: topLeft };
  const kindBefore = previous(classes, -1);
  return part === 0 ? { kind: kindBefore, from: topLeft }
    : { kind: classes, from: seenFrom(classes, kindBefore, previous(topLeft, 0)) };
}

/** Readings of class tokens -> scores [.., C + 1]; those of classes that cannot follow are hidden. */
function classScores(p: Scope, { h }: Reading, { kind }: Known, config: AutoregressivePriorConfig): Tensor {
  const count = config.classCount + 1;
  const all = linear(p.at('class_head'), h, count);
  if (config.support !== 'canonical') return all;
  const classes = table(Float32Array.from({ length: count }, (_, i) => i), [count]);
  return where(lessEqual(reshape(cast(kind, 'f32'), [...kind.shape, 1]), classes), all, hiddenScore);
}

/** What a factored head reads of the corners of one part. */
function cornerView({ h, before }: Reading, { kind, from }: Known, part: 1 | 2, config: AutoregressivePriorConfig):
  { view: CornerView; range: CornerRange } {
  const absent = equal(cast(kind, 'f32'), config.classCount);
  const range = config.support !== 'canonical' ? 'any' : part === 1 ? 'following' : 'beyond';
  return { view: { h, before, from, absent }, range };
}

/** Readings of tokens of one part -> scores [.., choices]. */
function scores(p: Scope, reading: Reading, known: Known, part: SlotPart, config: AutoregressivePriorConfig): Tensor {
  const { gridSide } = config;
  if (part === 0) return classScores(p, reading, known, config);
  if (config.corners !== 'factored') return linear(p.at('corner_head'), reading.h, gridSide * gridSide + 1);
  const { view, range } = cornerView(reading, known, part, config);
  return factoredCornerScores(p.at(cornerScopes[part - 1]!), view, gridSide, range);
}

/**
 * embeddings [B, 3 N, Dg], standardised, of given choices -> scores of every token given those before it; the last
 * object's second corner is never read. `cell` corners without `support` look at embeddings alone.
 */
export function autoregressivePrior(p: Scope, embeddings: Tensor, choices: SlotTargets<Tensor>,
  config: AutoregressivePriorConfig): SlotLogits {
  const { maxObjects: N, gridSide } = config;
  check(embeddings.shape[1] === 3 * N, () => `autoregressive prior: scores are of all ${3 * N} tokens, `
    + `found ${describe(embeddings)}`);
  const reading = read(p, embeddings, choices, config);
  const [B, cells] = [embeddings.shape[0]!, gridSide * gridSide + 1];
  const part = (k: SlotPart): Tensor => scores(p, ofPart(reading, k), knownOfPart(choices, k), k, config);
  const corner = (k: SlotPart): Tensor => reshape(part(k), [B, N, 1, cells]);
  // Scores of all cells are the largest tensor here: where both corners share a head they are made in one piece.
  const corners = config.corners === 'factored' ? concat([corner(1), corner(2)], 2)
    : linear(p.at('corner_head'), slice(reshape(reading.h, [B, N, 3, config.width]), 2, 1, 2), cells);
  return { classes: part(0), corners };
}

/**
 * Scores [B, choices] of the next token of each layout by what a cache holds of those before, which is the work of one
 * token.
 *
 *   embeddings  [B, 3, Dg]  the three tokens before, the last one first; anything before the layout begins
 *   known       i32 [B, 4]  choices of the four tokens before, likewise; -1 before the layout begins
 *   position    i32 [1]     of the token that is scored, 3 n + part; the one before must have been read
 *   updates                 the cache with the token before in it
 */
export function nextTokenScores(p: Scope, embeddings: Tensor, known: Tensor, position: Tensor, part: SlotPart,
  cache: KeyValueCache, config: AutoregressivePriorConfig): { scores: Tensor; updates: [State, Tensor][] } {
  const { width: D, gridSide } = config;
  const B = embeddings.shape[0]!;
  const choice = (back: number): Tensor => slice(known, 1, back, 1);
  const start = broadcast(p.at('start').param('weight', [D], normal(0.02)), [B, 1, D]);
  // Token `position - 1 - back`, the start where that is -1, and nothing before it.
  const token = (back: 0 | 1 | 2): Tensor => {
    const ofClass = (part + 5 - back) % 3 === 0;
    const adapter = config.adapters !== 'slot' ? 'adapter' : ofClass ? 'class_adapter' : 'corner_adapter';
    const adapted = linear(p.at(adapter), slice(embeddings, 1, back, 1), D);
    const ofBox = config.corners === 'factored' && (part + 5 - back) % 3 === 2;
    const sized = ofBox ? add(adapted, boxSizes(p.at('size'), choice(back + 1), choice(back), gridSide, D)) : adapted;
    const place = reshape(sub(cast(position, 'f32'), back), [1, 1, 1]);
    return where(equal(place, 0), start, where(less(place, 0), 0, sized));
  };
  const { attend, updates } = cachedAttention(cache, position, config);
  const x = add(token(0), gather(places(p, config), position));
  const h = layerNorm(p.at('norm'), attentionLayers(p.at('attn_layers'), x, config, true, undefined, attend));
  const before = reshape(concat([token(0), token(1), token(2)], 2), [B, 3 * D]);
  const reading = { h: reshape(h, [B, D]), before };
  return { scores: scores(p, reading, knownOfNext(known, part), part, config), updates };
}

/** What choices i32 [B, 4] of the tokens before the next one, the last one first, say of it. */
function knownOfNext(known: Tensor, part: SlotPart): Known {
  const choice = (back: 0 | 1 | 2 | 3): Tensor => reshape(slice(known, 1, back, 1), [known.shape[0]!]);
  if (part === 0) return { kind: choice(2), from: choice(1) };
  if (part === 2) return { kind: choice(1), from: choice(0) };
  return { kind: choice(0), from: seenFrom(choice(0), choice(3), choice(2)) };
}

/**
 * Nats of every token of given layouts: classes [B, n], corners [B, n, 2]. What `negativeLogLikelihood` adds up, but
 * without scores of all cells where corners are factored, and also of the first n < N slots alone.
 *
 *   key   u32 [2] of random draws: drops out, for training
 */
export function tokenNats(p: Scope, embeddings: Tensor, targets: SlotTargets<Tensor>, config: AutoregressivePriorConfig,
  key?: Tensor): { classes: Tensor; corners: Tensor } {
  const { gridSide } = config;
  const [B, N] = targets.classes.shape as [number, number];
  const reading = read(p, embeddings, targets, config, key);
  const corner = (part: 1 | 2): Tensor => {
    const [own, known] = [ofPart(reading, part), knownOfPart(targets, part)];
    const ids = reshape(slice(targets.corners, 2, part - 1, 1), [B, N]);
    if (config.corners !== 'factored') {
      return reshape(crossEntropy(scores(p, own, known, part, config), ids), [B, N, 1]);
    }
    const { view, range } = cornerView(own, known, part, config);
    return reshape(factoredCornerNats(p.at(cornerScopes[part - 1]!), view, ids, gridSide, range), [B, N, 1]);
  };
  return {
    classes: crossEntropy(classScores(p, ofPart(reading, 0), knownOfPart(targets, 0), config), targets.classes),
    corners: concat([corner(1), corner(2)], 2),
  };
}

/** Nats per layout [B] of choices, given the scores of all. */
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

/** The choice, of those that its slot has, that a token at a position is. */
export function slotChoice({ none, classCount, gridSide }: LayoutVocabulary, token: number, position: number): number {
  if (token !== none) return token;
  return position % 3 === 0 ? classCount : gridSide * gridSide;
}

/** Token sequences [B, L], flattened, as choices of each slot: what `negativeLogLikelihood` takes. */
export function slotTargets(vocabulary: LayoutVocabulary, tokens: Int32Array): SlotTargets<Int32Array> {
  const { maxObjects: N, length } = vocabulary;
  const B = tokens.length / length;
  const classes = new Int32Array(B * N);
  const corners = new Int32Array(2 * B * N);
  for (let b = 0; b < B; b++) {
    for (let position = 0; position < 3 * N; position++) {
      const choice = slotChoice(vocabulary, tokens[b * length + position]!, position);
      const [object, part] = [b * N + Math.floor(position / 3), position % 3];
      if (part === 0) classes[object] = choice;
      else corners[2 * object + part - 1] = choice;
    }
  }
  return { classes, corners };
}
