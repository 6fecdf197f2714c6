// Likelihoods of layouts: every model is a distribution, the prior's figures are its cross-entropy and what it draws.
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { interpret } from '../../engine/interpret.ts';
import { inputTensor, table } from '../../engine/ops/index.ts';
import { ParamStore } from '../../engine/params.ts';
import { RandomStream } from '../../engine/random.ts';
import { layoutBaselines, ngramModels, unigramModel } from '../../evaluate/layoutBaselines.ts';
import { layoutChoices, layoutNats, logOrders, type LayoutModel, type WeighedLayout }
  from '../../evaluate/layoutModel.ts';
import { compareModels, measureLikelihood, priorLayoutNats, type LayoutNats, type MeasuredLayout }
  from '../../evaluate/likelihood.ts';
import { encodeLayout, layoutVocabulary, sortLayout, type LayoutVocabulary } from '../../models/layoutTokens.ts';
import { negativeLogLikelihood, slotTargets } from '../../models/prior/autoregressive.ts';
import { autoregressivePriorPresets, type AutoregressivePriorConfig } from '../../models/prior/config.ts';
import { ownTokenTable } from '../../models/prior/ownTable.ts';
import { tableStatistics } from '../../models/prior/standardise.ts';
import { drawPriorLayouts } from '../../pipeline/drawPriorLayouts.ts';
import {
  embedForPrior, priorScores, priorSpecs, tokenTableName, type AutoregressivePrior, type PriorData,
  type PriorDescription,
} from '../../pipeline/prior.ts';
import { testDevice } from '../support/gpu.ts';

const vocabularyOf = (gridSide: number, classCount: number, maxObjects: number): LayoutVocabulary =>
  layoutVocabulary({ vocabularySize: gridSide * gridSide + 1, classCount, maxObjects, encodeCrop: false });

type Variant = 'cell' | 'factored' | 'canonical';

/** A prior with random weights, far enough from zero that its tokens depend on each other. */
function randomPrior(vocabulary: LayoutVocabulary, variant: Variant,
  data: PriorData = { flip: false, minArea: 0 }, spread = 0.3): AutoregressivePrior {
  const { vocabularySize, maxObjects, classCount, gridSide, encodeCrop } = vocabulary;
  const model: AutoregressivePriorConfig = {
    ...autoregressivePriorPresets.micro, maxObjects, classCount, gridSide,
    ...(variant !== 'cell' && { corners: 'factored', adapters: 'slot' }),
    ...(variant === 'canonical' && { support: variant }),
  };
  const rows = ownTokenTable(vocabulary, model.embeddingWidth, new RandomStream(1, 'table'));
  const description: PriorDescription<AutoregressivePriorConfig> = {
    model, vocabulary: { vocabularySize, maxObjects, classCount, encodeCrop }, data, statistics: tableStatistics(rows),
    categories: Array.from({ length: classCount }, (_, i) => ({ id: i + 1, name: `class ${i}` })),
  };
  const store = new ParamStore(`prior ${variant} ${maxObjects}`, priorSpecs(model));
  store.initialise(3);
  for (const { state } of store.groups) {
    const random = new RandomStream(4, state.name);
    state.initial = (state.initial as Float32Array).map((value) => value + spread * random.normal());
  }
  const shape = [vocabularySize, model.embeddingWidth];
  const run = { frozen: new Map([[tokenTableName, { shape, data: rows }]]) } as unknown as AutoregressivePrior['run'];
  return { kind: 'autoregressive', run, description, vocabulary, store, table: table(rows, shape) };
}

/** Every token sequence of one object slot, legal or not. */
function allSequences({ classCount, gridSide, none }: LayoutVocabulary): Int32Array[] {
  const cells = [...Array(gridSide * gridSide).keys(), none];
  return [...Array(classCount).keys(), none].flatMap((c) =>
    cells.flatMap((a) => cells.map((b) => Int32Array.of(c, a, b))));
}

function randomLayouts({ classCount }: LayoutVocabulary, count: number, most: number, seed = 1): MeasuredLayout[] {
  const random = new RandomStream(seed, 'layouts');
  return Array.from({ length: count }, (_, id) => ({
    id,
    objects: Array.from({ length: 1 + random.integer(most) }, () => {
      const [x, y] = [random.uniform(0, 0.6), random.uniform(0, 0.6)];
      const classIndex = Math.min(random.integer(classCount), random.integer(classCount));
      return { classIndex, xyxyUnit: [x, y, x + random.uniform(0.1, 0.4), y + 0.4] as const };
    }),
  }));
}

const weighed = (vocabulary: LayoutVocabulary, layouts: readonly MeasuredLayout[]): WeighedLayout[] =>
  layouts.map(({ objects }) => ({ choices: layoutChoices(vocabulary, encodeLayout(vocabulary, objects)), weight: 1 }));

test('baselines: the probabilities of all layouts of one object add up to one', () => {
  const vocabulary = vocabularyOf(4, 3, 1);
  for (const model of layoutBaselines(vocabulary, weighed(vocabulary, randomLayouts(vocabulary, 20, 1)))) {
    let total = Math.exp(-layoutNats(model, Int32Array.of(3))[0]);
    for (let c = 0; c < 3; c++) for (let a = 0; a < 16; a++) for (let b = 0; b < 16; b++) {
      const choices = Int32Array.of(c, a, b);
      // What no layout can be has no probability; zero stops the product before an undefined factor.
      const first = model.probability(choices, 0) * model.probability(choices, 1);
      if (first > 0) total += first * model.probability(choices, 2);
    }
    assert.ok(Math.abs(total - 1) < 1e-9, `${model.name}: ${total}`);
  }
});

test('baselines: every token of longer layouts has a distribution, and every possible layout some probability', () => {
  const vocabulary = vocabularyOf(5, 4, 3);
  const unseen = weighed(vocabulary, randomLayouts(vocabulary, 30, 3, 2));
  for (const model of layoutBaselines(vocabulary, weighed(vocabulary, randomLayouts(vocabulary, 25, 3)))) {
    for (const { choices } of unseen) {
      for (let position = 0; position < choices.length; position++) {
        const size = position % 3 === 0 ? 5 : 25;
        let total = 0;
        for (let choice = 0; choice < size; choice++) {
          const changed = choices.slice();
          changed[position] = choice;
          total += model.probability(changed, position);
        }
        assert.ok(Math.abs(total - 1) < 1e-9, `${model.name}, token ${position}: ${total}`);
      }
      assert.ok(layoutNats(model, choices).every(Number.isFinite));
    }
  }
});

test('n-grams know what follows, in the share that Witten and Bell give it', () => {
  const vocabulary = vocabularyOf(4, 2, 1);
  const layouts = [0, 0, 0, 1].map((c) => ({ choices: Int32Array.of(c, c, 10), weight: 1 }));
  const unigram = unigramModel(vocabulary, layouts);
  const [bigram] = ngramModels(vocabulary, 2, layouts, unigram) as [LayoutModel];
  const choices = Int32Array.of(0, 0, 10);
  // Three of three after class 0, of one kind; so few layouts choose the smallest strength, 1/2.
  const expected = (3 + 0.5 * unigram.probability(choices, 1)) / 3.5;
  assert.ok(Math.abs(bigram.probability(choices, 1) - expected) < 1e-12);
  assert.ok(bigram.probability(choices, 1) > unigram.probability(choices, 1));
});

for (const variant of ['cell', 'factored', 'canonical'] as const) {
  test(`prior, ${variant}: probabilities of all token sequences of one object add up to one`, async () => {
    const vocabulary = vocabularyOf(3, 2, 1);
    const nats = await priorLayoutNats(await testDevice(), randomPrior(vocabulary, variant), allSequences(vocabulary));
    const total = nats.reduce((sum, [a, b, c]) => sum + Math.exp(-a - b - c), 0);
    assert.ok(Math.abs(total - 1) < 1e-4, `${total}`);
  });

  test(`prior, ${variant}: nats are the teacher-forced cross-entropy`, async () => {
    const vocabulary = vocabularyOf(4, 3, 2);
    const prior = randomPrior(vocabulary, variant);
    const sequences = randomLayouts(vocabulary, 5, 2).map(({ objects }) =>
      sortLayout(vocabulary, encodeLayout(vocabulary, objects)));
    const flat = Int32Array.from(sequences.flatMap((tokens) => [...tokens]));
    const targets = {
      classes: inputTensor('classes', [5, 2], 'i32'), corners: inputTensor('corners', [5, 2, 2], 'i32'),
    };
    const embeddings = embedForPrior(prior, inputTensor('ids', [5, 6], 'i32'));
    const scores = priorScores(prior.store.scope(), embeddings, targets, prior.description);
    const loss = negativeLogLikelihood(scores, targets.classes, targets.corners);
    const weights = Object.fromEntries(
      prior.store.groups.map(({ state }) => [state.name, state.initial as Float32Array]));
    const [expected] = interpret([loss], { ids: flat, ...slotTargets(vocabulary, flat), ...weights });
    const nats = await priorLayoutNats(await testDevice(), prior, sequences);
    nats.forEach(([a, b, c], i) =>
      assert.ok(Math.abs(a + b + c - expected![i]!) < 1e-4, `${a + b + c} and ${expected![i]}`));
  });

  test(`prior, ${variant}: layouts are drawn as often as they are likely`, async () => {
    // A grid of two cells a side has one legal box only; of few layouts, none is to be rare.
    const vocabulary = vocabularyOf(variant === 'canonical' ? 3 : 2, 2, 1);
    const prior = randomPrior(vocabulary, variant, { flip: false, minArea: 0 }, variant === 'canonical' ? 0.1 : 0.3);
    const device = await testDevice();
    const sequences = allSequences(vocabulary);
    const nats = await priorLayoutNats(device, prior, sequences);
    const count = 8192;
    const drawn = await drawPriorLayouts(device, prior.store, prior.description,
      prior.run.frozen.get(tokenTableName)!, { count, seed: 5 });
    const seen = new Map<string, number>();
    for (const { tokens } of drawn) seen.set(tokens.join(), (seen.get(tokens.join()) ?? 0) + 1);
    let [chiSquare, bins, rare, rareSeen] = [0, 0, 0, 0];
    const addBin = (expected: number, found: number): void => {
      chiSquare += (found - expected) ** 2 / expected;
      bins++;
    };
    sequences.forEach((tokens, i) => {
      const expected = count * Math.exp(-nats[i]!.reduce((sum, x) => sum + x, 0));
      const found = seen.get(tokens.join()) ?? 0;
      if (expected >= 5) addBin(expected, found);
      else [rare, rareSeen] = [rare + expected, rareSeen + found];
    });
    if (rare > 0) addBin(rare, rareSeen);
    // Mean of chi-square over the bins but one, and five standard deviations.
    const most = bins - 1 + 5 * Math.sqrt(2 * (bins - 1));
    console.log(`${variant}: chi-square ${chiSquare.toFixed(1)} over ${bins} bins, at most ${most.toFixed(1)}`);
    assert.ok(bins > 6 && chiSquare < most, `chi-square ${chiSquare} over ${bins} bins`);
  });
}

test('prior, canonical: the probabilities of all layouts in order add up to one', async () => {
  const vocabulary = vocabularyOf(3, 2, 2);
  const { none } = vocabulary;
  const boxes = [0, 1, 3, 4].flatMap((a) => [4, 5, 7, 8].flatMap((b) =>
    (b % 3 > a % 3 && Math.floor(b / 3) > Math.floor(a / 3) ? [[a, b]] : [])));
  const objects = [0, 1].flatMap((kind) => boxes.map((box) => [kind, ...box]));
  const empty = [none, none, none];
  const ordered = ([c, a]: number[], [d, b]: number[]): boolean => c! < d! || (c === d && a! <= b!);
  const pairs = objects.flatMap((a) => objects.map((b) => [a, b] as const));
  const sequences = [[...empty, ...empty], ...objects.map((of) => [...of, ...empty]),
    ...pairs.filter(([a, b]) => ordered(a, b)).map(([a, b]) => [...a, ...b])];
  const others = [[...empty, ...objects[0]!],
    ...pairs.filter(([a, b]) => !ordered(a, b)).map(([a, b]) => [...a, ...b])];
  const prior = randomPrior(vocabulary, 'canonical');
  const nats = await priorLayoutNats(await testDevice(), prior,
    [...sequences, ...others].map((of) => Int32Array.from(of)));
  const likely = nats.map(([a, b, c]) => Math.exp(-a - b - c));
  const sum = likely.slice(0, sequences.length).reduce((a, b) => a + b, 0);
  assert.ok(Math.abs(sum - 1) < 1e-4, `${sum}`);
  assert.ok(likely.slice(0, sequences.length).every((x) => x > 0));
  assert.ok(likely.slice(sequences.length).every((x) => x === 0));
});

test('figures: per layout, object and token, and against the best baseline', () => {
  const nats = (values: readonly LayoutNats[]) => ({ name: '', about: '', nats: values, orderless: false });
  const result = compareModels([
    { ...nats([[1, 2, 3], [2, 4, 6]]), name: 'prior' }, { ...nats([[9, 9, 9], [9, 9, 9]]), name: 'poor' },
    { ...nats([[2, 4, 6], [4, 8, 12]]), name: 'good' },
    { ...nats([[4, 6, 6], [4, 8, 12]]), name: 'of any order', orderless: true },
  ], { objects: [1, 2], logOrders: [0, 6], tokens: 11 });
  const [prior] = result.models;
  assert.is(prior!.perLayout, 9);
  assert.is(prior!.perObject, 6);
  assert.ok(Math.abs(prior!.perToken - 18 / 11) < 1e-12);
  assert.equal(prior!.parts, { classes: 1, topLeft: 2, bottomRight: 3 });
  assert.is(prior!.standardError, 0, 'nats in proportion to objects leave no doubt');
  assert.is(result.bestBaseline, 'good');
  assert.is(result.ratio, 0.5);
  assert.equal(result.models.map(({ perObjectOfSet }) => perObjectOfSet), [6, 18, 12, 34 / 3]);
  assert.equal(result.ofSets, { bestBaseline: 'of any order', ratio: 6 / (34 / 3) });
  assert.is(result.gain.nats, 6);
});

for (const order of ['random', 'canonical'] as const) {
  test(`likelihood of a whole set, ${order} order: fitted to itself in parts, or to another`, async () => {
    const vocabulary = vocabularyOf(6, 3, 3);
    const prior = randomPrior(vocabulary, 'factored', { flip: true, minArea: 0, order });
    const layouts = randomLayouts(vocabulary, 12, 3);
    const measure = async (training: MeasuredLayout[] | null) =>
      measureLikelihood(await testDevice(), prior, layouts, training, { orders: 2, seed: 0 });
    const [own, other] = [await measure(null), await measure(randomLayouts(vocabulary, 60, 3, 9))];
    for (const { models, layouts: count, objects, tokens, orders } of [own, other]) {
      assert.equal(models.map(({ name }) => name),
        ['prior', 'uniform', 'unigram', '2-gram', '3-gram', '4-gram', 'class bigram']);
      assert.is(count, 12);
      assert.is(orders, order === 'random' ? 2 : 1);
      assert.is(tokens, layouts.reduce((sum, of) => sum + 3 * of.objects.length + Number(of.objects.length < 3), 0));
      assert.ok(models.every(({ perObject, perLayout }) => Math.abs(perLayout * 12 - perObject * objects) < 1e-6));
    }
    assert.equal(own.models.slice(0, 2), other.models.slice(0, 2), 'prior and uniform are fitted to nothing');
    const perObject = (name: string): number => other.models.find((model) => model.name === name)!.perObject;
    assert.ok(perObject('unigram') < perObject('uniform'));
  });
}

test('orders of a layout are counted, those of equal objects once', () => {
  assert.ok(Math.abs(logOrders(Int32Array.of(0, 1, 9, 1, 1, 9, 0, 2, 9, 3)) - Math.log(6)) < 1e-12);
  assert.ok(Math.abs(logOrders(Int32Array.of(0, 1, 9, 1, 1, 9, 0, 1, 9)) - Math.log(3)) < 1e-12);
  assert.is(logOrders(Int32Array.of(3)), 0);
});

test('models that call themselves exchangeable give all orders of a layout the same probability', () => {
  const vocabulary = vocabularyOf(5, 4, 3);
  const reversed = (choices: Int32Array): Int32Array => {
    const turned = choices.slice();
    for (let i = 0, n = Math.floor(choices.length / 3); i < n; i++) {
      turned.set(choices.subarray(3 * i, 3 * i + 3), 3 * (n - 1 - i));
    }
    return turned;
  };
  const layouts = weighed(vocabulary, randomLayouts(vocabulary, 25, 3));
  const sum = (nats: readonly number[]): number => nats.reduce((a, b) => a + b, 0);
  for (const model of layoutBaselines(vocabulary, layouts)) {
    const same = layouts.every(({ choices }) =>
      Math.abs(sum(layoutNats(model, choices)) - sum(layoutNats(model, reversed(choices)))) < 1e-9);
    assert.is(same, model.exchangeable, model.name);
  }
});

test('a model is charged in nats', () => {
  const coin: LayoutModel = { name: 'coin', about: '', exchangeable: true, probability: () => 0.5 };
  assert.equal(layoutNats(coin, Int32Array.of(0, 1, 2, 3)).map((x) => Math.round(x / Math.log(2))), [2, 1, 1]);
});

test.run();
