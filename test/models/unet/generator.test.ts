import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { grad } from '../../../engine/grad.ts';
import { interpret } from '../../../engine/interpret.ts';
import { add, inputTensor, mean, square, sub } from '../../../engine/ops/index.ts';
import { ParamStore, countParams, declareParams, type ParamSpec } from '../../../engine/params.ts';
import { forClasses, generatorPresets, type GeneratorConfig } from '../../../models/unet/config.ts';
import { encoderScope, generator, generatorFromEmbeddings } from '../../../models/unet/generator.ts';
import { declareUnusedHead, embedTokens, encodeLayout } from '../../../models/unet/layoutEncoder.ts';
import { unet } from '../../../models/unet/unet.ts';
import { checkGradients, checkHalfGradients, checkTraining, countFlops, uniformValues, type ModelCase }
  from '../../support/checkModel.ts';

const published = generatorPresets['layout2img-256'];
const { tiny, micro } = generatorPresets;

const byName = (specs: readonly ParamSpec[]): Map<string, readonly number[]> =>
  new Map(specs.map(({ name, shape }) => [name, shape]));

test('the published U-Net has its parameters, names and shapes', () => {
  const specs = declareParams((p) => {
    const x = inputTensor('x', [1, 3, 64, 64]);
    const context = inputTensor('context', [1, 92, 512]);
    assert.equal(unet(p, x, inputTensor('t', [1], 'i32'), context, published.unet, 1000).shape, [1, 3, 64, 64]);
  });
  assert.is(countParams(specs), 246277379);
  const shapes = byName(specs);
  const expected: Record<string, number[]> = {
    'time_embed.0.weight': [512, 128],
    'time_embed.2.bias': [512],
    'input_blocks.0.0.weight': [128, 3, 3, 3],
    'input_blocks.1.0.in_layers.0.weight': [128],
    'input_blocks.1.0.emb_layers.1.weight': [128, 512],
    'input_blocks.3.0.op.weight': [128, 128, 3, 3],
    'input_blocks.4.0.skip_connection.weight': [256, 128, 1, 1],
    'input_blocks.4.1.norm.bias': [256],
    'input_blocks.4.1.proj_in.weight': [256, 256, 1, 1],
    'input_blocks.4.1.transformer_blocks.0.attn2.to_k.weight': [256, 512],
    'input_blocks.4.1.transformer_blocks.2.attn1.to_out.0.bias': [256],
    'input_blocks.8.1.transformer_blocks.1.ff.net.0.proj.weight': [3072, 384],
    'input_blocks.11.1.transformer_blocks.2.ff.net.2.weight': [512, 2048],
    'middle_block.0.out_layers.3.weight': [512, 512, 3, 3],
    'middle_block.1.proj_out.weight': [512, 512, 1, 1],
    'middle_block.2.in_layers.2.bias': [512],
    'output_blocks.0.0.in_layers.2.weight': [512, 1024, 3, 3],
    'output_blocks.2.2.conv.weight': [512, 512, 3, 3],
    'output_blocks.5.0.in_layers.0.weight': [640],
    'output_blocks.8.2.conv.bias': [256],
    'output_blocks.9.0.skip_connection.weight': [128, 384, 1, 1],
    'out.0.weight': [128],
    'out.2.bias': [3],
  };
  for (const [name, shape] of Object.entries(expected)) assert.equal(shapes.get(name), shape, name);
  for (const name of ['input_blocks.1.1.norm.weight', 'input_blocks.4.1.transformer_blocks.0.attn1.to_q.bias',
    'input_blocks.2.0.skip_connection.weight', 'output_blocks.11.2.conv.weight']) {
    assert.not.ok(shapes.has(name), name);
  }
});

test('the published layout encoder has its parameters, names and shapes', () => {
  const encode = (unused: boolean) => declareParams((p) => {
    const embeddings = embedTokens(p, inputTensor('ids', [2, 92], 'i32'), published.encoder);
    assert.equal(encodeLayout(p, embeddings, published.encoder).shape, [2, 92, 512]);
    if (unused) declareUnusedHead(p, published.encoder);
  });
  const specs = encode(false);
  assert.is((countParams(specs) / 1e6).toFixed(2), '54.66');
  assert.is((countParams(encode(true)) / 1e6).toFixed(2), '58.86');
  const shapes = byName(encode(true));
  const expected: Record<string, number[]> = {
    'transformer.token_emb.weight': [8192, 512],
    'transformer.pos_emb.emb.weight': [92, 512],
    'transformer.attn_layers.layers.0.0.weight': [512],
    'transformer.attn_layers.layers.0.1.to_q.weight': [512, 512],
    'transformer.attn_layers.layers.0.1.to_out.weight': [512, 512],
    'transformer.attn_layers.layers.0.1.to_out.bias': [512],
    'transformer.attn_layers.layers.1.1.net.0.0.weight': [2048, 512],
    'transformer.attn_layers.layers.31.1.net.2.weight': [512, 2048],
    'transformer.norm.bias': [512],
    'transformer.to_logits.weight': [8192, 512],
  };
  for (const [name, shape] of Object.entries(expected)) assert.equal(shapes.get(name), shape, name);
  assert.not.ok(shapes.has('transformer.attn_layers.layers.0.1.to_q.bias'));
});

/** Mean squared error of the noise, of a batch of B, from tokens or from embeddings that are inputs. */
function lossOf(config: GeneratorConfig, B: number, size: number, from: 'tokens' | 'embeddings') {
  const x = inputTensor('x', [B, config.unet.latentChannels, size, size]);
  const noise = inputTensor('noise', x.shape);
  const t = inputTensor('t', [B], 'i32');
  const ids = inputTensor('ids', [B, config.encoder.maxLength], 'i32');
  const embeddings = inputTensor('embeddings', [...ids.shape, config.encoder.width]);
  const loss: ModelCase['loss'] = (p) => mean(square(sub(noise, from === 'tokens'
    ? generator(p, x, t, ids, config) : generatorFromEmbeddings(p, x, t, embeddings, config))));
  return { loss, embeddings };
}

test('a training step of tiny stays within its budget', () => {
  const { loss } = lossOf(tiny, 16, 16, 'tokens');
  const store = new ParamStore('tiny', declareParams(loss));
  const root = loss(store.scope());
  const gflop = countFlops([root, ...grad(root, [...store.tensors.values()])]) / 1e9;
  console.log(`generator tiny: ${store.size} parameters, ${gflop.toFixed(2)} GFLOP a step of 16 latents`);
  assert.ok(gflop < 6, `${gflop}`);
});

test('an inversion step asks for no gradient of weights', () => {
  const { loss, embeddings } = lossOf(tiny, 16, 16, 'embeddings');
  const store = new ParamStore('tiny', declareParams(loss));
  const root = loss(store.scope());
  const forward = countFlops([root]);
  const step = countFlops([root, ...grad(root, [embeddings])]);
  assert.ok(step < 2.2 * forward, `${step} against ${forward}`);
});

const feeds = {
  x: uniformValues('x', [2, 2, 4, 4], -2, 2),
  noise: uniformValues('noise', [2, 2, 4, 4], -2, 2),
  t: Int32Array.of(3, 17),
  ids: Int32Array.of(0, 5, 9, 16, 16, 16, 2, 7, 15, 0, 3, 3),
};

function microCase(): ModelCase {
  const change = inputTensor('change', [2, 6, micro.encoder.width]);
  const [x, noise] = [inputTensor('x', [2, 2, 4, 4]), inputTensor('noise', [2, 2, 4, 4])];
  return {
    name: 'generator micro',
    loss(p) {
      const embeddings = embedTokens(encoderScope(p), inputTensor('ids', [2, 6], 'i32'), micro.encoder);
      const predicted = generatorFromEmbeddings(p, x, inputTensor('t', [2], 'i32'), add(embeddings, change), micro);
      return mean(square(sub(noise, predicted)));
    },
    differentiable: [change],
    feeds: { ...feeds, change: uniformValues('change', change.shape) },
  };
}

test('gradients at micro size, by parameters and by the layout embedding', () => checkGradients(microCase()));
test('gradients in half precision', () => checkHalfGradients(microCase()));

test('training lowers the loss', () => {
  const { loss } = lossOf(micro, 2, 4, 'tokens');
  return checkTraining({ name: 'generator micro', loss, feeds });
});

test('a U-Net without attention needs no context, one with attention says so', () => {
  const config = { ...micro.unet, attentionFactors: [], middleAttention: false };
  const x = inputTensor('x', [1, 2, 4, 4]);
  const t = inputTensor('t', [1], 'i32');
  const names = declareParams((p) => unet(p, x, t, null, config, 20)).map(({ name }) => name);
  assert.ok(names.includes('output_blocks.1.1.conv.weight') && !names.some((name) => name.includes('transformer')));
  assert.throws(() => declareParams((p) => unet(p, x, t, null, micro.unet, 20)), /needs a context, found null/);
});

test('sizes that do not fit are named', () => {
  const t = inputTensor('t', [1], 'i32');
  const context = inputTensor('context', [1, 6, 8]);
  const at = (shape: number[], config = micro.unet) => () =>
    declareParams((p) => unet(p, inputTensor('x', shape), t, context, config, 20));
  assert.throws(at([1, 2, 5, 4]), /unet: x must be \[B, 2, H, W\] with H and W divisible by 2, found f32 \[1, 2, 5/);
  assert.throws(at([1, 3, 4, 4]), /found f32 \[1, 3, 4, 4\]/);
  assert.throws(at([1, 2, 4, 4], { ...micro.unet, headChannels: 3 }), /8 channels must be a multiple of headChannels/);
  assert.throws(() => declareParams((p) => encodeLayout(p, inputTensor('v', [1, 7, 8]), micro.encoder)),
    /layout encoder: embeddings must be \[B, L, 8\] with L up to 6, found f32 \[1, 7, 8\]/);
});

test('a class is a layout of one token', () => {
  const config = forClasses(micro, 4);
  const { loss } = lossOf(config, 2, 4, 'tokens');
  const store = new ParamStore('classes', declareParams(loss));
  assert.equal(store.tensors.get('cond_stage_model.transformer.token_emb.weight')!.shape, [5, 8]);
  assert.equal(store.tensors.get('cond_stage_model.transformer.pos_emb.emb.weight')!.shape, [1, 8]);
  const { state } = store.groups[0]!;
  store.initialise(1);
  // Parameters that start at zero hide the condition.
  const values = (state.initial as Float32Array).map((value, i) => value + 0.1 * Math.sin(i));
  const at = (label: number): number => interpret([loss(store.scope())],
    { ...feeds, ids: [label, label], [state.name]: values })[0]![0]!;
  assert.is.not(at(0), at(4));
});

test('tokens and their embeddings give the same prediction', () => {
  const p = new ParamStore('same', declareParams(lossOf(micro, 2, 4, 'tokens').loss));
  p.initialise(5);
  const { state } = p.groups[0]!;
  const ids = inputTensor('ids', [2, 6], 'i32');
  const embeddings = embedTokens(encoderScope(p.scope()), ids, micro.encoder);
  const x = inputTensor('x', [2, 2, 4, 4]);
  const t = inputTensor('t', [2], 'i32');
  const [a, b] = interpret([generator(p.scope(), x, t, ids, micro),
    generatorFromEmbeddings(p.scope(), x, t, embeddings, micro)],
  { ...feeds, [state.name]: (state.initial as Float32Array).map((value, i) => value + Math.sin(i)) });
  assert.equal(a, b);
});

test.run();
