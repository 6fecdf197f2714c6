/**
 * How well a layout prior predicts layouts: nats per layout, per object and per token, beside baselines, all of them
 * normalised distributions over the same token sequences.
 *
 * Where the prior was trained on random orders of objects, the figures are means over a few random orders of each
 * layout; where on the canonical order, of that one. The two are not comparable: knowing the order is worth up to
 * ln n! nats. Comparable are the nats of the layout as a set of objects, whose probability is the sum over its orders:
 *
 *   in canonical order   at most those of the sequence; ln n! fewer, exactly, for models to which all orders are alike
 *   in random orders     at most the mean over orders, less ln n! (the logarithm is concave)
 *
 * So what is said of sets is an upper bound for the prior, and exact for the uniform and unigram baselines.
 */
import { compile } from '../engine/compile/compile.ts';
import type { Device } from '../engine/device.ts';
import { check } from '../engine/errors.ts';
import { inputTensor } from '../engine/ops/index.ts';
import type { Program } from '../engine/program.ts';
import { RandomStream } from '../engine/random.ts';
import type { LayoutObject, LayoutVocabulary } from '../models/layoutTokens.ts';
import { slotTargets } from '../models/prior/autoregressive.ts';
import { embedForPrior, orderedLayout, priorTokenNats, type AutoregressivePrior, type ObjectOrder }
  from '../pipeline/prior.ts';
import { layoutBaselines } from './layoutBaselines.ts';
import { layoutChoices, layoutNats, logOrders, type LayoutModel, type WeighedLayout } from './layoutModel.ts';

/** A layout to measure or to fit to, with a number of its own that draws its orders. */
export interface MeasuredLayout {
  readonly id: number;
  readonly objects: readonly LayoutObject[];
}

export interface LikelihoodOptions {
  /** Orders of each layout that figures are means over; 1 where the order is canonical. */
  readonly orders: number;
  readonly seed: number;
  /** Called after each batch of sequences that the prior has scored. */
  readonly onScored?: (done: number, total: number) => void;
}

/** Figures of one model; nats, so lower is better. */
export interface ModelLikelihood {
  readonly name: string;
  readonly about: string;
  readonly perLayout: number;
  readonly perObject: number;
  /** A layout of n objects has 3 n tokens, and one for its end where it is not full. */
  readonly perToken: number;
  /** Per object of the layout as a set, whatever the order: a bound from above. */
  readonly perObjectOfSet: number;
  /** Per object, by what is predicted: classes and the end, top left corners, bottom right corners. */
  readonly parts: { readonly classes: number; readonly topLeft: number; readonly bottomRight: number };
  /** Standard error of `perObject` over layouts. */
  readonly standardError: number;
}

export interface Likelihood {
  readonly layouts: number;
  readonly objects: number;
  readonly tokens: number;
  readonly order: ObjectOrder;
  readonly orders: number;
  /** How the baselines were fitted. */
  readonly fitted: string;
  /** The prior first. */
  readonly models: readonly ModelLikelihood[];
  readonly bestBaseline: string;
  /** Nats per object of the prior as a part of the best baseline's. */
  readonly ratio: number;
  /** Nats per object that the prior saves over the best baseline, and its standard error over layouts. */
  readonly gain: { readonly nats: number; readonly standardError: number };
  /** The same comparison for layouts as sets. */
  readonly ofSets: { readonly bestBaseline: string; readonly ratio: number };
}

/** Parts that layouts are split into where baselines have no layouts of their own to be fitted to. */
const folds = 5;
/** Orders of each layout that baselines are fitted to. */
const fittedOrders = 4;
/** Sequences that the prior scores at once. */
const batch = 32;

/** Nats of one layout by part: classes and the end, top left corners, bottom right corners. */
export type LayoutNats = readonly [number, number, number];
const total = ([a, b, c]: LayoutNats): number => a + b + c;

/** Measures the prior and the baselines on `layouts`; `training` is what baselines are fitted to. */
export async function measureLikelihood(device: Device, prior: AutoregressivePrior, layouts: readonly MeasuredLayout[],
  training: readonly MeasuredLayout[] | null, options: LikelihoodOptions): Promise<Likelihood> {
  const { vocabulary, description: { data } } = prior;
  const order = data.order ?? 'random';
  const orders = order === 'canonical' ? 1 : options.orders;
  const sequences = layouts.flatMap(({ id, objects }) => Array.from({ length: orders }, (_, k) =>
    orderedLayout(vocabulary, objects, order, false, new RandomStream(options.seed, `order ${k} of layout ${id}`))));
  const choices = sequences.map((tokens) => layoutChoices(vocabulary, tokens));
  const ofPrior = await priorLayoutNats(device, prior, sequences, options);
  const models = [{ name: 'prior', about: 'the trained transformer', exchangeable: false, nats: ofPrior }];
  const fit = (of: readonly MeasuredLayout[]): LayoutModel[] =>
    layoutBaselines(vocabulary, fittingLayouts(vocabulary, of, order, data.flip, options.seed));
  const foldCount = training ? 1 : Math.min(folds, layouts.length);
  check(training !== null || layouts.length > 1, 'measureLikelihood: baselines need layouts beside the one measured');
  for (let fold = 0; fold < foldCount; fold++) {
    const baselines = fit(training ?? layouts.filter((_, i) => i % foldCount !== fold));
    baselines.forEach(({ name, about, exchangeable }, i) => {
      models[i + 1] ??= { name, about, exchangeable, nats: [] };
    });
    choices.forEach((sequence, i) => {
      if (Math.floor(i / orders) % foldCount !== fold) return;
      baselines.forEach((model, m) => { models[m + 1]!.nats[i] = layoutNats(model, sequence); });
    });
  }
  const counts = layouts.map(({ objects }) => objects.length);
  const tokens = layouts.reduce((sum, _, i) => sum + choices[i * orders]!.length, 0);
  const ordersOf = layouts.map((_, i) => logOrders(choices[i * orders]!));
  const scored = models.map(({ nats, exchangeable, ...model }) => ({
    ...model, nats: meansOf(nats, orders), orderless: order === 'random' || exchangeable,
  }));
  return {
    ...compareModels(scored, { objects: counts, tokens, logOrders: ordersOf }),
    order, orders,
    fitted: training ? `to ${training.length} other layouts`
      : `to the other ${foldCount - 1} of ${foldCount} parts of the same layouts`,
  };
}

/** Layouts that baselines are fitted to: in several orders and mirrored where the prior saw that, weight 1 in all. */
function fittingLayouts(vocabulary: LayoutVocabulary, layouts: readonly MeasuredLayout[], order: ObjectOrder,
  flip: boolean, seed: number): WeighedLayout[] {
  const orders = order === 'canonical' ? 1 : fittedOrders;
  const weight = 1 / (orders * (flip ? 2 : 1));
  return layouts.flatMap(({ id, objects }) => (flip ? [false, true] : [false]).flatMap((mirrored) =>
    Array.from({ length: orders }, (_, k) => {
      const random = new RandomStream(seed, `fitted order ${k} of layout ${id}`);
      const tokens = orderedLayout(vocabulary, objects, order, mirrored, random);
      return { choices: layoutChoices(vocabulary, tokens), weight };
    })));
}

/** Means of each `orders` following layouts. */
function meansOf(nats: readonly LayoutNats[], orders: number): LayoutNats[] {
  return Array.from({ length: nats.length / orders }, (_, i) => {
    const own = nats.slice(i * orders, (i + 1) * orders);
    return [0, 1, 2].map((part) => own.reduce((sum, value) => sum + value[part]!, 0) / orders) as unknown as LayoutNats;
  });
}

/** Nats of the same layouts under one model. */
export interface ScoredModel {
  readonly name: string;
  readonly about: string;
  readonly nats: readonly LayoutNats[];
  /** Whether the nats are those of any order alike, so that the set has the logarithm of their number fewer. */
  readonly orderless: boolean;
}

/** Of the layouts scored: objects and orders of each, tokens of all. */
export interface LayoutSizes {
  readonly objects: readonly number[];
  readonly logOrders: readonly number[];
  readonly tokens: number;
}

/** Figures of models that scored the same layouts; the prior is the first. */
export function compareModels(models: readonly ScoredModel[], { objects: counts, logOrders: ofOrders, tokens }:
  LayoutSizes): Omit<Likelihood, 'order' | 'orders' | 'fitted'> {
  const objects = sumOf(counts);
  const figures = models.map(({ name, about, nats, orderless }): ModelLikelihood => {
    const [classes, topLeft, bottomRight] = [0, 1, 2].map((part) => sumOf(nats.map((of) => of[part]!)) / objects);
    const perObject = classes! + topLeft! + bottomRight!;
    return {
      name, about, perLayout: perObject * objects / counts.length, perObject, perToken: perObject * objects / tokens,
      perObjectOfSet: perObject - (orderless ? sumOf(ofOrders) / objects : 0),
      parts: { classes: classes!, topLeft: topLeft!, bottomRight: bottomRight! },
      standardError: ratioError(nats.map(total), counts),
    };
  });
  const [prior, ...baselines] = figures;
  const best = baselines.reduce((a, b) => (b.perObject < a.perObject ? b : a));
  const bestOfSets = baselines.reduce((a, b) => (b.perObjectOfSet < a.perObjectOfSet ? b : a));
  const nats = models[figures.indexOf(best)]!.nats;
  return {
    layouts: counts.length, objects, tokens, models: figures, bestBaseline: best.name,
    ratio: prior!.perObject / best.perObject,
    gain: {
      nats: best.perObject - prior!.perObject,
      standardError: ratioError(nats.map((value, i) => total(value) - total(models[0]!.nats[i]!)), counts),
    },
    ofSets: { bestBaseline: bestOfSets.name, ratio: prior!.perObjectOfSet / bestOfSets.perObjectOfSet },
  };
}

const sumOf = (values: readonly number[]): number => values.reduce((sum, value) => sum + value, 0);

/** Standard error of sum(values) / sum(counts) over layouts, to first order. */
function ratioError(values: readonly number[], counts: readonly number[]): number {
  const objects = sumOf(counts);
  const ratio = sumOf(values) / objects;
  const squares = values.reduce((sum, value, i) => sum + (value - ratio * counts[i]!) ** 2, 0);
  return Math.sqrt(squares) / objects;
}

/** Nats of token sequences [L] under the prior, by part; over all 3 N tokens, those of empty slots included. */
export async function priorLayoutNats(device: Device, prior: AutoregressivePrior, sequences: readonly Int32Array[],
  { onScored }: Pick<LikelihoodOptions, 'onScored'> = {}): Promise<LayoutNats[]> {
  const program = await tokenNatsProgram(device, prior);
  const { length: L, maxObjects: N } = prior.vocabulary;
  const all: LayoutNats[] = [];
  for (let first = 0; first < sequences.length; first += batch) {
    const part = sequences.slice(first, first + batch);
    const tokens = new Int32Array(batch * L);
    const ids = new Int32Array(batch * 3 * N);
    for (let i = 0; i < batch; i++) {
      const sequence = part[Math.min(i, part.length - 1)]!;
      tokens.set(sequence, i * L);
      ids.set(sequence.subarray(0, 3 * N), i * 3 * N);
    }
    program.run({ ids, ...slotTargets(prior.vocabulary, tokens) });
    const [classes, corners] = [await program.readFloats('classes'), await program.readFloats('corners')];
    part.forEach((_, i) => {
      const nats: [number, number, number] = [0, 0, 0];
      for (let n = i * N; n < (i + 1) * N; n++) {
        nats[0] += classes[n]!;
        nats[1] += corners[2 * n]!;
        nats[2] += corners[2 * n + 1]!;
      }
      all.push(nats);
    });
    onScored?.(all.length, sequences.length);
  }
  program.destroy();
  return all;
}

/** Nats of every token of a batch: outputs `classes` [B, N] and `corners` [B, N, 2]. */
async function tokenNatsProgram(device: Device, prior: AutoregressivePrior): Promise<Program> {
  const { maxObjects: N } = prior.vocabulary;
  const targets = {
    classes: inputTensor('classes', [batch, N], 'i32'), corners: inputTensor('corners', [batch, N, 2], 'i32'),
  };
  const embeddings = embedForPrior(prior, inputTensor('ids', [batch, 3 * N], 'i32'));
  const { classes, corners } = priorTokenNats(prior.store.scope(), embeddings, targets, prior.description);
  return compile(device, { name: 'layout likelihood', outputs: { classes, corners } });
}
