import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { grad } from '../../../engine/grad.ts';
import { interpret } from '../../../engine/interpret.ts';
import { add, inputTensor, mean, square, sub } from '../../../engine/ops/index.ts';
import { ParamStore, countParams, declareParams, type Scope } from '../../../engine/params.ts';
import type { Tensor } from '../../../engine/tensor.ts';
import { ditPresets, type DitConfig } from '../../../models/dit/config.ts';
import { classEmbedding, dit, ditPrediction } from '../../../models/dit/dit.ts';
import { gridPositions } from '../../../models/dit/gridPositions.ts';
import { checkGradients, checkTraining, countFlops, uniformValues, type ModelCase } from '../../support/checkModel.ts';

const { 'dit-micro': micro, 'dit-xl-2': xl2 } = ditPresets;

function whole(p: Scope, B: number, config: DitConfig): Tensor {
  const { latentChannels: C, latentSize: S } = config;
  const labels = inputTensor('labels', [B], 'i32');
  return dit(p, inputTensor('x', [B, C, S, S]), inputTensor('t', [B], 'i32'), classEmbedding(p, labels, config),
    config);
}

test('the published XL/2 has its parameters, names, shapes and cost', () => {
  const specs = declareParams((p) => assert.equal(whole(p, 1, xl2).shape, [1, 8, 32, 32]));
  assert.is((countParams(specs) / 1e6).toFixed(2), '674.83');
  const shapes = new Map(specs.map(({ name, shape }) => [name, shape]));
  const expected: Record<string, number[]> = {
    'x_embedder.proj.weight': [1152, 4, 2, 2],
    'x_embedder.proj.bias': [1152],
    't_embedder.mlp.0.weight': [1152, 256],
    't_embedder.mlp.2.bias': [1152],
    'y_embedder.embedding_table.weight': [1001, 1152],
    'blocks.0.attn.qkv.weight': [3456, 1152],
    'blocks.0.attn.qkv.bias': [3456],
    'blocks.13.attn.proj.weight': [1152, 1152],
    'blocks.27.mlp.fc1.weight': [4608, 1152],
    'blocks.27.mlp.fc2.weight': [1152, 4608],
    'blocks.27.adaLN_modulation.1.weight': [6912, 1152],
    'final_layer.linear.weight': [32, 1152],
    'final_layer.linear.bias': [32],
    'final_layer.adaLN_modulation.1.bias': [2304],
  };
  for (const [name, shape] of Object.entries(expected)) assert.equal(shapes.get(name), shape, name);
  assert.is(specs.length, 7 + 28 * 10 + 4);
  const store = new ParamStore('xl', specs);
  const gmac = countFlops([whole(store.scope(), 1, xl2)]) / 2e9;
  // The paper's "Gflops" are multiply-adds.
  assert.ok(Math.abs(gmac - 118.6) < 1, `${gmac}`);
});

test('the other published sizes have theirs', () => {
  const counts = { 'dit-s-2': 33, 'dit-b-4': 131, 'dit-l-8': 459, 'dit-xl-2-512': 675 } as const;
  for (const [name, millions] of Object.entries(counts)) {
    const specs = declareParams((p) => whole(p, 1, ditPresets[name as keyof typeof counts]));
    assert.ok(Math.abs(countParams(specs) / 1e6 - millions) < 1.1, `${name}: ${countParams(specs)}`);
  }
});

test('positions tell the column first, sines before cosines', () => {
  const side = 3;
  const values = gridPositions(side, 8);
  // Token 5 lies in row 1, column 2.
  const expected = [2, 1].flatMap((place) => [Math.sin(place), Math.sin(place / 100), Math.cos(place),
    Math.cos(place / 100)]);
  expected.forEach((value, i) => assert.ok(Math.abs(values[5 * 8 + i]! - value) < 1e-6, `${i}`));
  assert.throws(() => gridPositions(2, 6), /multiple of 4, found 6/);
});

const feeds = {
  x: uniformValues('x', [2, 2, 6, 6], -2, 2),
  noise: uniformValues('noise', [2, 2, 6, 6], -2, 2),
  t: Int32Array.of(3, 17),
  labels: Int32Array.of(1, 4),
};

const lossOf = (change: Tensor | null): ModelCase['loss'] => (p) => {
  const x = inputTensor('x', [2, 2, 6, 6]);
  const row = classEmbedding(p, inputTensor('labels', [2], 'i32'), micro);
  const result = dit(p, x, inputTensor('t', [2], 'i32'), change ? add(row, change) : row, micro);
  // The variance's channels take part as well, so that no weight is without a gradient.
  const rest = mean(square(result));
  return add(mean(square(sub(inputTensor('noise', x.shape), ditPrediction(result, micro)))), rest);
};

test('gradients at micro size, by parameters and by the class embedding', () => {
  const change = inputTensor('change', [2, micro.width]);
  return checkGradients({
    name: 'dit micro', loss: lossOf(change), differentiable: [change],
    feeds: { ...feeds, change: uniformValues('change', change.shape) },
  });
});

test('training lowers the loss', () => checkTraining({ name: 'dit micro', loss: lossOf(null), feeds }));

test('an inversion step asks for no gradient of weights', () => {
  const config = ditPresets['dit-s-4'];
  const v = inputTensor('v', [2, config.width]);
  const build = (p: Scope): Tensor =>
    mean(square(dit(p, inputTensor('x', [2, 4, 32, 32]), inputTensor('t', [2], 'i32'), v, config)));
  const loss = build(new ParamStore('s', declareParams(build)).scope());
  const forward = countFlops([loss]);
  const step = countFlops([loss, ...grad(loss, [v])]);
  assert.ok(step < 2.2 * forward, `${step} against ${forward}`);
});

test('patches go where they came from, whichever way the tokens are numbered', () => {
  // A model that only copies: the patch embedding picks a pixel of its patch, the last layer puts it back.
  const config: DitConfig = { ...micro, depth: 0, learnVariance: false, latentChannels: 1, width: 4, patch: 2,
    latentSize: 4 };
  const specs = declareParams((p) => whole(p, 1, config));
  const store = new ParamStore('copy', specs);
  store.initialise(1);
  const [group] = store.groups;
  const flat = (group!.state.initial as Float32Array).fill(0);
  const set = (name: string, at: number, value: number): void => {
    flat[group!.offsets[specs.findIndex((spec) => spec.name === name)]! + at] = value;
  };
  // Tokens are normalised over their four values, which tells the order of pixels in a patch and nothing of its mean.
  for (let i = 0; i < 4; i++) {
    set('x_embedder.proj.weight', 4 * i + i, 1e4);
    set('final_layer.linear.weight', 4 * i + i, 1);
  }
  const x = Float32Array.from([0, 1, 3, 2, 2, 3, 1, 0, 5, 4, 6, 7, 7, 6, 4, 5]);
  const [found] = interpret([whole(store.scope(), 1, config)],
    { x, t: Int32Array.of(0), labels: Int32Array.of(0), [group!.state.name]: flat });
  for (const [row, column] of [[0, 0], [0, 2], [2, 0], [2, 2]] as const) {
    const pixels = [0, 1, 4, 5].map((offset) => 4 * row + column + offset);
    const middle = pixels.reduce((sum, i) => sum + x[i]!, 0) / 4;
    for (const i of pixels) assert.ok(Math.abs(found![i]! - (x[i]! - middle) / Math.sqrt(1.25)) < 2e-3,
      `pixel ${i}: ${found![i]}`);
  }
});

test('sizes that do not fit are named', () => {
  const at = (shape: number[], v = [1, 8], config: DitConfig = micro) => () => declareParams((p) =>
    dit(p, inputTensor('x', shape), inputTensor('t', [1], 'i32'), inputTensor('v', v), config));
  assert.throws(at([1, 2, 4, 4]), /dit: x must be \[B, 2, 6, 6\], found f32 \[1, 2, 4, 4\]/);
  assert.throws(at([1, 2, 6, 6], [1, 9]), /class embedding must be \[1, 8\], found f32 \[1, 9\]/);
  assert.throws(at([1, 2, 6, 6], [1, 8], { ...micro, patch: 4 }), /side 6 cannot be cut into patches of side 4/);
});

test.run();
