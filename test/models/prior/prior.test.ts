import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { grad } from '../../../engine/grad.ts';
import { interpret } from '../../../engine/interpret.ts';
import { add, gather, inputTensor, mean, oneHot, softmax, square, sub, sum, table } from '../../../engine/ops/index.ts';
import { ParamStore, countParams, declareParams, type Scope } from '../../../engine/params.ts';
import { RandomStream } from '../../../engine/random.ts';
import { encodeLayout, layoutVocabulary } from '../../../models/layoutTokens.ts';
import { autoregressivePrior, expectedNegativeLogLikelihood, negativeLogLikelihood, nextTokenScores, slotTargets,
  tokenNats, type SlotLogits, type SlotPart } from '../../../models/prior/autoregressive.ts';
import { autoregressivePriorPresets, diffusionPriorPresets, type AutoregressivePriorConfig }
  from '../../../models/prior/config.ts';
import { diffusionPrior } from '../../../models/prior/diffusion.ts';
import { cacheStates, keyValueCache } from '../../../models/prior/keyValueCache.ts';
import { ownTokenTable } from '../../../models/prior/ownTable.ts';
import { standardise, tableStatistics } from '../../../models/prior/standardise.ts';
import { checkGradients, checkHalfGradients, checkTraining, countFlops, uniformValues, type ModelCase }
  from '../../support/checkModel.ts';

const { micro } = autoregressivePriorPresets;
const factored = { ...micro, corners: 'factored', adapters: 'slot', positions: 'object', dropout: 0.2 } as const;
const canonical = { ...factored, support: 'canonical' } as const;
const N = micro.maxObjects;
const cells = micro.gridSide ** 2;
const embeddings = inputTensor('embeddings', [2, 3 * N, micro.embeddingWidth]);
const classes = inputTensor('classes', [2, N], 'i32');
const corners = inputTensor('corners', [2, N, 2], 'i32');
const feeds = {
  embeddings: uniformValues('embeddings', embeddings.shape),
  classes: Int32Array.of(1, micro.classCount, 0, 2),
  corners: Int32Array.of(3, 9, cells, cells, 0, 15, 4, 6),
};
/** In canonical order: one object, and two of one class. */
const orderedFeeds = {
  ...feeds, classes: Int32Array.of(1, micro.classCount, 2, 2), corners: Int32Array.of(1, 10, cells, cells, 0, 5, 4, 15),
};
const choices = { classes, corners };
const scoresOfAll = (p: Scope, config: AutoregressivePriorConfig): SlotLogits =>
  autoregressivePrior(p, embeddings, choices, config);

function nats(p: Scope, config: AutoregressivePriorConfig): ReturnType<typeof mean> {
  const B = 16;
  const { maxObjects, embeddingWidth } = config;
  const targets = {
    classes: inputTensor('classes', [B, maxObjects], 'i32'), corners: inputTensor('corners', [B, maxObjects, 2], 'i32'),
  };
  const logits = autoregressivePrior(p, inputTensor('embeddings', [B, 3 * maxObjects, embeddingWidth]), targets,
    config);
  assert.equal(logits.classes.shape, [B, maxObjects, config.classCount + 1]);
  assert.equal(logits.corners.shape, [B, maxObjects, 2, config.gridSide ** 2 + 1]);
  return mean(negativeLogLikelihood(logits, targets.classes, targets.corners));
}

test('presets have the expected sizes', () => {
  for (const [name, config] of Object.entries(autoregressivePriorPresets)) {
    const specs = declareParams((p) => nats(p, config));
    const store = new ParamStore(name, specs);
    const loss = nats(store.scope(), config);
    const gflop = countFlops([loss, ...grad(loss, [...store.tensors.values()])]) / 1e9;
    console.log(`autoregressive ${name}: ${countParams(specs)} parameters, ${gflop.toFixed(2)} GFLOP for 16 layouts`);
  }
  const names = declareParams((p) => nats(p, autoregressivePriorPresets.default)).map((spec) => spec.name);
  for (const name of ['start.weight', 'adapter.weight', 'pos_emb.emb.weight', 'class_head.bias', 'corner_head.weight',
    'attn_layers.layers.15.1.net.2.bias', 'norm.weight']) assert.ok(names.includes(name), name);
});

const microCase: ModelCase = {
  name: 'prior micro',
  loss: (p) => mean(negativeLogLikelihood(scoresOfAll(p, micro), classes, corners)),
  differentiable: [embeddings],
  feeds,
};
test('autoregressive: gradients at micro size, by parameters and by the embeddings', () => checkGradients(microCase));
test('autoregressive: gradients in half precision', () => checkHalfGradients(microCase));

for (const [name, config, values] of [['factored', factored, feeds], ['canonical', canonical, orderedFeeds]] as const) {
  test(`${name} corners: gradients at micro size, by parameters and by the embeddings`, () => checkGradients({
    name: `prior micro, ${name}`,
    loss: (p) => {
      const nats = tokenNats(p, embeddings, choices, config);
      return add(mean(nats.classes), mean(nats.corners));
    },
    differentiable: [embeddings],
    feeds: values,
  }));
}

test('autoregressive: gradients of the expected likelihood, by the choices too', () => {
  const classScores = inputTensor('classScores', [2, N, micro.classCount + 1]);
  const cornerScores = inputTensor('cornerScores', [2, N, 2, cells + 1]);
  return checkGradients({
    name: 'prior micro, expected',
    loss: (p) => mean(expectedNegativeLogLikelihood(scoresOfAll(p, micro),
      softmax(classScores), softmax(cornerScores))),
    differentiable: [embeddings, classScores, cornerScores],
    feeds: {
      embeddings: feeds.embeddings,
      classScores: uniformValues('classScores', classScores.shape),
      cornerScores: uniformValues('cornerScores', cornerScores.shape),
    },
  });
});

test('autoregressive: training lowers the loss', () => checkTraining({
  name: 'prior micro',
  loss: (p) => mean(negativeLogLikelihood(scoresOfAll(p, micro), classes, corners)),
  feeds,
}));

function microStore(config: AutoregressivePriorConfig = micro): { p: Scope; state: Record<string, Float32Array> } {
  const store = new ParamStore('micro', declareParams((p) => scoresOfAll(p, config)));
  store.initialise(2);
  const { state } = store.groups[0]!;
  const values = (state.initial as Float32Array).map((x, i) => x + 0.2 * Math.sin(i));
  return { p: store.scope(), state: { [state.name]: values } };
}

for (const [name, config, own] of [['cells', micro, feeds], ['factored', factored, feeds],
  ['canonical', canonical, orderedFeeds]] as const) {
  test(`${name}: nats of tokens and scores token by token are those of the scores of all`, () => {
    const { p, state } = microStore(config);
    const logits = scoresOfAll(p, config);
    const nats = tokenNats(p, embeddings, choices, config);
    const layouts = add(sum(nats.classes, [1]), sum(nats.corners, [1, 2]));
    const values = { ...own, ...state };
    const [a, b] = interpret([layouts, negativeLogLikelihood(logits, classes, corners)], values);
    a!.forEach((x, i) => assert.ok(Math.abs(x - b![i]!) < 1e-9, `${x} and ${b![i]}`));
    const [ofClasses, ofCorners] = interpret([logits.classes, logits.corners], values);
    const [Dg, K] = [config.embeddingWidth, cells + 1];
    const cache = keyValueCache(config, 2, 3 * N);
    // Rubbish left by other layouts is never looked at.
    let held = Object.fromEntries(cacheStates(cache).map((of) => [of.name, uniformValues(of.name, of.type.shape)]));
    for (let position = 0; position < 3 * N; position++) {
      const [part, object] = [position % 3 as SlotPart, Math.floor(position / 3)];
      const { scores, updates } = nextTokenScores(p, inputTensor('tokens', [2, 3, Dg]),
        inputTensor('known', [2, 4], 'i32'), inputTensor('position', [1], 'i32'), part, cache, config);
      const known = [0, 1].flatMap((row) => [1, 2, 3, 4].map((back) => {
        const [slot, of] = [row * N + Math.floor((position - back) / 3), (position - back) % 3];
        return back > position ? -1 : of === 0 ? own.classes[slot]! : own.corners[2 * slot + of - 1]!;
      }));
      const before = [0, 1].flatMap((row) => [1, 2, 3].flatMap((back) => {
        const start = (row * 3 * N + position - back) * Dg;
        return back > position ? new Array<number>(Dg).fill(9) : [...feeds.embeddings.slice(start, start + Dg)];
      }));
      const [found, ...kept] = interpret([scores, ...updates.map(([, value]) => value)],
        { ...state, ...held, tokens: Float32Array.from(before), known: Int32Array.from(known),
          position: Int32Array.of(position) });
      held = Object.fromEntries(updates.map(([{ name: of }], i) => [of, kept[i]! as unknown as Float32Array]));
      const expected = [0, 1].flatMap((row) => {
        const slot = row * N + object;
        const [all, start, size] = part === 0 ? [ofClasses!, slot * (micro.classCount + 1), micro.classCount + 1]
          : [ofCorners!, (2 * slot + part - 1) * K, K];
        return [...all.slice(start, start + size)];
      });
      assert.is(found!.length, expected.length);
      found!.forEach((x, i) => assert.ok(Math.abs(x - expected[i]!) < 1e-9 * Math.max(1, Math.abs(x)),
        `token ${position}: ${x} and ${expected[i]}`));
    }
  });
}

test('factored: scores are log-probabilities, and rows depend on columns', () => {
  const { p, state } = microStore(factored);
  const { corners: scores } = scoresOfAll(p, factored);
  const [values] = interpret([scores], { ...feeds, ...state });
  const S = micro.gridSide;
  let dependent = false;
  for (let slot = 0; slot < 4 * N; slot++) {
    const own = values!.slice(slot * (cells + 1), (slot + 1) * (cells + 1));
    assert.ok(Math.abs(own.reduce((total, x) => total + Math.exp(x), 0) - 1) < 1e-9);
    dependent ||= Math.abs(own[0]! - own[1]! - own[S]! + own[S + 1]!) > 1e-4;
  }
  assert.ok(dependent);
});

test('canonical: what cannot follow has no probability, all else some', () => {
  const { p, state } = microStore(canonical);
  const { classes: ofClasses, corners: ofCorners } = scoresOfAll(p, canonical);
  const [kinds, cornerScores] = interpret([softmax(ofClasses), ofCorners], { ...orderedFeeds, ...state });
  const possible = (values: ArrayLike<number>): number[] => Array.from(values).flatMap((x, i) => (x > 0 ? [i] : []));
  const kindsOf = (slot: number): number[] => possible(kinds!.slice(slot * 4, (slot + 1) * 4));
  assert.equal([0, 1, 2, 3].map(kindsOf), [[0, 1, 2, 3], [1, 2, 3], [0, 1, 2, 3], [2, 3]]);
  const cellsOf = (slot: number, part: number): number[] => {
    const at = (2 * slot + part) * (cells + 1);
    return possible(cornerScores!.slice(at, at + cells + 1).map(Math.exp));
  };
  const first = [0, 1, 2, 4, 5, 6, 8, 9, 10];
  assert.equal([cellsOf(0, 0), cellsOf(0, 1)], [first, [6, 7, 10, 11, 14, 15]], 'right of and below cell 1');
  assert.equal([cellsOf(1, 0), cellsOf(1, 1)], [[cells], [cells]], 'no object, no corners');
  assert.equal([cellsOf(2, 0), cellsOf(2, 1)], [first, [5, 6, 7, 9, 10, 11, 13, 14, 15]]);
  assert.equal([cellsOf(3, 0), cellsOf(3, 1)], [first, [9, 10, 11, 13, 14, 15]], 'of the same class, from cell 0 on');
  const later = { ...orderedFeeds, corners: Int32Array.of(1, 10, cells, cells, 5, 15, 6, 15) };
  const [moved] = interpret([ofCorners], { ...later, ...state });
  const at = 6 * (cells + 1);
  assert.equal(possible(moved!.slice(at, at + cells + 1).map(Math.exp)), [5, 6, 8, 9, 10], 'from cell 5 on');
});

test('a table of its own tells rows apart and knows neighbours', () => {
  const vocabulary = layoutVocabulary({ vocabularySize: 82, classCount: 5, maxObjects: 2, encodeCrop: false });
  const rows = ownTokenTable(vocabulary, 16, new RandomStream(1, 'table'));
  const distance = (a: number, b: number): number =>
    Math.hypot(...Array.from({ length: 16 }, (_, d) => rows[16 * a + d]! - rows[16 * b + d]!));
  for (let a = 0; a < 82; a++) for (let b = 0; b < a; b++) assert.ok(distance(a, b) > 0.1, `rows ${a} and ${b}`);
  assert.ok(distance(40, 41) < distance(40, 44));
  const [y] = interpret([gather(table(rows, [82, 16]), table(Int32Array.of(81), [1], 'i32'))], {});
  assert.ok(y!.some((x) => x !== 0), 'none has a row');
});

test('autoregressive: a token is scored from those before it only', () => {
  const { p, state } = microStore();
  const logits = scoresOfAll(p, micro);
  const run = (values: Float32Array): Float64Array[] =>
    interpret([logits.classes, logits.corners], { embeddings: values, ...state });
  const before = run(feeds.embeddings);
  const K = cells + 1;
  for (let token = 0; token < 3 * N; token++) {
    const changed = feeds.embeddings.slice();
    changed.fill(2, token * micro.embeddingWidth, (token + 1) * micro.embeddingWidth);
    const after = run(changed);
    for (let other = 0; other < 3 * N; other++) {
      const object = Math.floor(other / 3);
      const [kind, start, size] = other % 3 === 0 ? [0, object * (micro.classCount + 1), micro.classCount + 1]
        : [1, (2 * object + (other % 3) - 1) * K, K];
      const part = (values: Float64Array[]): Float64Array => values[kind as number]!.slice(start, start! + size!);
      const same = part(before).every((x, i) => x === part(after)[i]);
      assert.is(same, other <= token, `token ${token} changes the scores of token ${other}: ${!same}`);
    }
  }
});

test('autoregressive: probabilities of all layouts add up, certain choices are ordinary ones', () => {
  const { p, state } = microStore();
  const logits = scoresOfAll(p, micro);
  const hard = negativeLogLikelihood(logits, classes, corners);
  const soft = expectedNegativeLogLikelihood(logits, oneHot(classes, micro.classCount + 1), oneHot(corners, cells + 1));
  const shares = [softmax(logits.classes), softmax(logits.corners)];
  const [a, b, ofClasses, ofCorners] = interpret([hard, soft, ...shares], { ...feeds, ...state });
  assert.is(a!.length, 2);
  for (let i = 0; i < 2; i++) {
    assert.ok(Math.abs(a![i]! - b![i]!) < 1e-9);
    let nats = 0;
    for (let n = 0; n < N; n++) {
      nats -= Math.log(ofClasses![(i * N + n) * (micro.classCount + 1) + feeds.classes[i * N + n]!]!);
      for (let c = 0; c < 2; c++) {
        const corner = 2 * (i * N + n) + c;
        nats -= Math.log(ofCorners![corner * (cells + 1) + feeds.corners[corner]!]!);
      }
    }
    assert.ok(Math.abs(a![i]! - nats) < 1e-9, `${a![i]} and ${nats}`);
  }
});

test('tokens become choices of their slots', () => {
  const vocabulary = layoutVocabulary({ vocabularySize: 17, classCount: 3, maxObjects: 2, encodeCrop: true });
  const one = encodeLayout(vocabulary, [{ classIndex: 2, xyxyUnit: [0, 0, 1, 1] }]);
  const both = new Int32Array([...one, ...encodeLayout(vocabulary, [])]);
  assert.equal(slotTargets(vocabulary, both), {
    classes: Int32Array.of(2, 3, 3, 3), corners: Int32Array.of(0, 15, 16, 16, 16, 16, 16, 16),
  });
});

test('diffusion prior: gradients and training at micro size', async () => {
  const config = diffusionPriorPresets.micro;
  const x = inputTensor('x', [2, 3 * config.maxObjects, config.embeddingWidth]);
  const noise = inputTensor('noise', x.shape);
  const spec = {
    name: 'diffusion prior micro',
    loss: (p: Scope) => mean(square(sub(noise, diffusionPrior(p, x, inputTensor('t', [2], 'i32'), config)))),
    feeds: { x: uniformValues('x', x.shape), noise: uniformValues('noise', x.shape), t: Int32Array.of(0, 13) },
  };
  await checkGradients({ ...spec, differentiable: [x] });
  await checkTraining(spec);
});

test('standardised rows have the scale of unit noise', () => {
  const rows = uniformValues('rows', [50, 4], 0.3, 0.34);
  const [y] = interpret([standardise(inputTensor('rows', [50, 4]), tableStatistics(rows))], { rows });
  const average = y!.reduce((a, b) => a + b, 0) / 200;
  assert.ok(Math.abs(average) < 1e-6);
  assert.ok(Math.abs(y!.reduce((a, b) => a + b * b, 0) / 200 - 1) < 1e-5);
});

test.run();
