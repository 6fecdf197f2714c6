// The block structure of the published model, narrower and on smaller latents: what is compiled against f64.
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { compile } from '../../../engine/compile/compile.ts';
import { grad } from '../../../engine/grad.ts';
import { interpret } from '../../../engine/interpret.ts';
import { inputTensor, mul, sum } from '../../../engine/ops/index.ts';
import { ParamStore, declareParams, type Scope } from '../../../engine/params.ts';
import { RandomStream } from '../../../engine/random.ts';
import type { Tensor } from '../../../engine/tensor.ts';
import { generatorPresets, type GeneratorConfig } from '../../../models/unet/config.ts';
import { generatorFromEmbeddings } from '../../../models/unet/generator.ts';
import { uniformValues } from '../../support/checkModel.ts';
import { testDevice } from '../../support/gpu.ts';

const published = generatorPresets['layout2img-256'];

/** Four levels, two blocks each, three transformer blocks on three levels, sixteen encoder layers, as published. */
const narrow: GeneratorConfig = {
  ...published,
  unet: { ...published.unet, modelChannels: 8, headChannels: 4, groups: 4 },
  encoder: { ...published.encoder, vocabularySize: 40, maxLength: 8, width: 16, heads: 2, headWidth: 8 },
};

const side = 16;
const x = inputTensor('x', [1, 3, side, side]);
const v = inputTensor('v', [1, 8, 16]);
const t = inputTensor('t', [1], 'i32');
const cotangent = inputTensor('cotangent', x.shape);
const predict = (p: Scope): Tensor => generatorFromEmbeddings(p, x, t, v, narrow);

const largest = (values: ArrayLike<number>): number => Math.max(...Array.from(values, Math.abs));

test('prediction, and gradient by the layout embedding, agree with f64 block for block', async () => {
  const store = new ParamStore('narrow', declareParams(predict));
  store.initialise(3);
  // Blocks end in zeros as published: moved away from them, so that every block counts.
  for (const { state } of store.groups) {
    const stream = new RandomStream(4, state.name);
    state.initial = (state.initial as Float32Array).map((value) => value + 0.1 * stream.normal());
  }
  const states = Object.fromEntries(store.groups.map(({ state }) => [state.name, state.initial as Float32Array]));
  const feeds = {
    x: uniformValues('x', x.shape, -2, 2), v: uniformValues('v', v.shape), t: Int32Array.of(617),
    cotangent: uniformValues('cotangent', x.shape),
  };
  const prediction = predict(store.scope());
  const score = sum(mul(prediction, cotangent));
  const [byEmbedding] = grad(score, [v]);
  const device = await testDevice();
  const program = await compile(device, { name: 'narrow', outputs: { prediction, byEmbedding: byEmbedding! } });
  store.upload(device);
  program.run(feeds);
  const [found, slope] = [await program.readFloats('prediction'), await program.readFloats('byEmbedding')];
  program.destroy();

  const expected = interpret([prediction], { ...feeds, ...states })[0]!;
  const error = largest(found.map((value, i) => value - expected[i]!)) / largest(expected);
  assert.ok(error < 2e-5, `prediction: largest error ${error} of the largest value`);

  const at = (direction: Float32Array, h: number): number => interpret([score],
    { ...feeds, ...states, v: Float64Array.from(feeds.v, (value, i) => value + h * direction[i]!) })[0]![0]!;
  const norm = Math.hypot(...slope);
  const own = slope.map((value) => value / norm);
  for (const [name, direction] of [['its own', own], ['a random', uniformValues('direction', v.shape)]] as const) {
    const compiled = direction.reduce((total, value, i) => total + value * slope[i]!, 0);
    const numeric = (at(direction, 1e-4) - at(direction, -1e-4)) / 2e-4;
    const off = Math.abs(compiled - numeric) / (norm * Math.hypot(...direction));
    assert.ok(off < 1e-3, `gradient along ${name} direction: compiled ${compiled}, differences ${numeric}`);
  }
  console.log(`narrow copy, ${store.size} parameters: error ${error.toExponential(1)}`);
});

test.run();
