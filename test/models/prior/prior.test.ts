import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { grad } from '../../../engine/grad.ts';
import { interpret } from '../../../engine/interpret.ts';
import { inputTensor, mean, oneHot, softmax, square, sub } from '../../../engine/ops/index.ts';
import { ParamStore, countParams, declareParams, type Scope } from '../../../engine/params.ts';
import { encodeLayout, layoutVocabulary } from '../../../models/layoutTokens.ts';
import { autoregressivePrior, expectedNegativeLogLikelihood, negativeLogLikelihood, slotTargets }
  from '../../../models/prior/autoregressive.ts';
import { autoregressivePriorPresets, diffusionPriorPresets, type AutoregressivePriorConfig }
  from '../../../models/prior/config.ts';
import { diffusionPrior } from '../../../models/prior/diffusion.ts';
import { standardise, tableStatistics } from '../../../models/prior/standardise.ts';
import { checkGradients, checkTraining, countFlops, uniformValues } from '../../support/checkModel.ts';

const { micro } = autoregressivePriorPresets;
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

function nats(p: Scope, config: AutoregressivePriorConfig): ReturnType<typeof mean> {
  const B = 16;
  const { maxObjects, embeddingWidth } = config;
  const logits = autoregressivePrior(p, inputTensor('embeddings', [B, 3 * maxObjects, embeddingWidth]), config);
  assert.equal(logits.classes.shape, [B, maxObjects, config.classCount + 1]);
  assert.equal(logits.corners.shape, [B, maxObjects, 2, config.gridSide ** 2 + 1]);
  return mean(negativeLogLikelihood(logits, inputTensor('classes', [B, maxObjects], 'i32'),
    inputTensor('corners', [B, maxObjects, 2], 'i32')));
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

test('autoregressive: gradients at micro size, by parameters and by the embeddings', () => checkGradients({
  name: 'prior micro',
  loss: (p) => mean(negativeLogLikelihood(autoregressivePrior(p, embeddings, micro), classes, corners)),
  differentiable: [embeddings],
  feeds,
}));

test('autoregressive: gradients of the expected likelihood, by the choices too', () => {
  const classScores = inputTensor('classScores', [2, N, micro.classCount + 1]);
  const cornerScores = inputTensor('cornerScores', [2, N, 2, cells + 1]);
  return checkGradients({
    name: 'prior micro, expected',
    loss: (p) => mean(expectedNegativeLogLikelihood(autoregressivePrior(p, embeddings, micro),
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
  loss: (p) => mean(negativeLogLikelihood(autoregressivePrior(p, embeddings, micro), classes, corners)),
  feeds,
}));

function microStore(): { p: Scope; state: Record<string, Float32Array> } {
  const store = new ParamStore('micro', declareParams((p) => autoregressivePrior(p, embeddings, micro)));
  store.initialise(2);
  const { state } = store.groups[0]!;
  const values = (state.initial as Float32Array).map((x, i) => x + 0.2 * Math.sin(i));
  return { p: store.scope(), state: { [state.name]: values } };
}

test('autoregressive: a token is scored from those before it only', () => {
  const { p, state } = microStore();
  const logits = autoregressivePrior(p, embeddings, micro);
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
  const logits = autoregressivePrior(p, embeddings, micro);
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
  const x = inputTensor('x', [2, config.maxLength, config.embeddingWidth]);
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
