import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { grad } from '../../../engine/grad.ts';
import { interpret } from '../../../engine/interpret.ts';
import { add, inputTensor, mean, mul, square, sub, sum, table } from '../../../engine/ops/index.ts';
import { ParamStore, countParams, declareParams, type ParamSpec, type Scope } from '../../../engine/params.ts';
import { decode, encode, reconstruct } from '../../../models/autoencoder/autoencoder.ts';
import { autoencoderPresets, latentShape, type AutoencoderConfig } from '../../../models/autoencoder/config.ts';
import { klDivergence, samplePosterior } from '../../../models/autoencoder/kl.ts';
import { pixelAttention } from '../../../models/autoencoder/pixelAttention.ts';
import { quantise } from '../../../models/autoencoder/vq.ts';
import { checkGradients, checkHalfGradients, checkTraining, countFlops, uniformValues, type ModelCase }
  from '../../support/checkModel.ts';

const noiseInput = (shape: readonly number[]) => inputTensor('noise', shape);

function declare(config: AutoencoderConfig, size: number): Map<string, ParamSpec> {
  const image = inputTensor('image', [1, 3, size, size]);
  const specs = declareParams((p) => reconstruct(p, image, config, noiseInput));
  return new Map(specs.map((spec) => [spec.name, spec]));
}

const countOf = (specs: Map<string, ParamSpec>, prefix = ''): number =>
  countParams([...specs.values()].filter(({ name }) => name.startsWith(prefix)));

test('kl-f8 has the published parameters', () => {
  const specs = declare(autoencoderPresets['kl-f8'], 256);
  assert.is(countOf(specs), 83653863);
  assert.is(countOf(specs, 'encoder.'), 34163592);
  assert.is(countOf(specs, 'decoder.'), 49490179);
  assert.equal(specs.get('encoder.down.0.block.0.norm1.weight')!.shape, [128]);
  assert.equal(specs.get('encoder.down.1.block.0.nin_shortcut.weight')!.shape, [256, 128, 1, 1]);
  assert.equal(specs.get('encoder.down.2.downsample.conv.weight')!.shape, [512, 512, 3, 3]);
  assert.equal(specs.get('encoder.mid.attn_1.q.weight')!.shape, [512, 512, 1, 1]);
  assert.equal(specs.get('encoder.conv_out.weight')!.shape, [8, 512, 3, 3]);
  assert.equal(specs.get('quant_conv.weight')!.shape, [8, 8, 1, 1]);
  assert.equal(specs.get('post_quant_conv.bias')!.shape, [4]);
  assert.equal(specs.get('decoder.mid.attn_1.proj_out.bias')!.shape, [512]);
  assert.equal(specs.get('decoder.up.3.block.2.conv2.weight')!.shape, [512, 512, 3, 3]);
  assert.equal(specs.get('decoder.up.0.block.0.nin_shortcut.weight')!.shape, [128, 256, 1, 1]);
  assert.equal(specs.get('decoder.up.1.upsample.conv.weight')!.shape, [256, 256, 3, 3]);
  assert.not.ok(specs.has('decoder.up.0.upsample.conv.weight'));
  assert.equal(specs.get('decoder.norm_out.weight')!.shape, [128]);
});

test('vq-f4 and vq-f8 have the published parameters', () => {
  const millions = (specs: Map<string, ParamSpec>): string[] =>
    ['encoder.', 'decoder.', ''].map((prefix) => (countOf(specs, prefix) / 1e6).toFixed(2));
  const f4 = declare(autoencoderPresets['vq-f4'], 256);
  assert.equal(millions(f4), ['22.34', '32.96', '55.32']);
  assert.equal(f4.get('quantize.embedding.weight')!.shape, [8192, 3]);
  assert.equal(f4.get('encoder.conv_out.weight')!.shape, [3, 512, 3, 3]);
  const f8 = declare(autoencoderPresets['vq-f8'], 256);
  assert.equal(millions(f8), ['27.40', '40.25', '67.72']);
  assert.equal(f8.get('encoder.down.3.attn.1.q.weight')!.shape, [512, 512, 1, 1]);
  assert.equal(f8.get('decoder.up.3.attn.2.norm.bias')!.shape, [512]);
});

test('latents have the published shapes', () => {
  for (const [name, shape] of [['kl-f8', [4, 32, 32]], ['vq-f4', [3, 64, 64]], ['vq-f8', [4, 32, 32]]] as const) {
    const config = autoencoderPresets[name];
    assert.equal(latentShape(config, 256, 256), shape);
    declareParams((p) => {
      const latent = encode(p, inputTensor('image', [2, 3, 256, 256]), config);
      assert.equal(latent.shape, [2, ...shape]);
      assert.equal(decode(p, latent, config).shape, [2, 3, 256, 256]);
    });
  }
});

test('a training step of tiny stays within its budget', () => {
  const image = inputTensor('image', [8, 3, 64, 64]);
  const run = (p: Scope) => reconstruct(p, image, autoencoderPresets.tiny, noiseInput);
  const store = new ParamStore('tiny', declareParams(run));
  const { image: found, regulariser } = run(store.scope());
  const loss = add(mean(square(sub(found, image))), regulariser);
  const gflop = countFlops([loss, ...grad(loss, [...store.tensors.values()])]) / 1e9;
  console.log(`autoencoder tiny: ${store.size} parameters, ${gflop.toFixed(2)} GFLOP a step of 8 images`);
  assert.ok(gflop < 5, `${gflop}`);
});

function microCase(config: AutoencoderConfig): ModelCase {
  return {
    name: `autoencoder micro ${config.kind}`,
    loss(p) {
      const image = inputTensor('image', [2, 3, 8, 8]);
      const { image: found, regulariser } = reconstruct(p, image, config, noiseInput);
      return add(mean(square(sub(found, image))), regulariser);
    },
    feeds: {
      image: uniformValues('image', [2, 3, 8, 8]),
      ...(config.kind === 'kl' && { noise: uniformValues('noise', [2, 2, 4, 4]) }),
    },
  };
}

test('kl: gradients at micro size', () => checkGradients(microCase(autoencoderPresets.micro)));
test('kl: gradients in half precision', () => checkHalfGradients(microCase(autoencoderPresets.micro)));
test('kl: training lowers the loss', () => checkTraining(microCase(autoencoderPresets.micro)));
test('vq: training lowers the loss', () => checkTraining(microCase(autoencoderPresets['micro-vq'])));

test('attention between pixels does not depend on how many queries are done at a time', () => {
  const x = inputTensor('x', [2, 4, 3, 3]);
  const store = new ParamStore('attention', declareParams((p) => pixelAttention(p, x, 2)));
  store.initialise(4);
  const { state } = store.groups[0]!;
  const inTurns = [2 ** 24, 100, 1].map((most) => pixelAttention(store.scope(), x, 2, most));
  const [a, b, c] = interpret(inTurns, { x: uniformValues('x', x.shape), [state.name]: state.initial as Float32Array });
  assert.equal(b, a);
  assert.equal(c, a);
});

test('the divergence is that of normals, and vanishes for the standard one', () => {
  const moments = { mean: table(Float32Array.of(0, 0, 1, -2), [2, 2, 1, 1]),
    logVariance: table(Float32Array.of(0, 0, 0, Math.log(4)), [2, 2, 1, 1]) };
  const [kl] = interpret([klDivergence(moments)], {});
  assert.is(kl![0], 0);
  assert.ok(Math.abs(kl![1]! - (0.5 + 0.5 * (4 + 4 - Math.log(4) - 1))) < 1e-6);
  const [z] = interpret([samplePosterior(moments, table(Float32Array.of(1, -1, 3, 0.5), [2, 2, 1, 1]))], {});
  assert.ok([1, -1, 4, -1].every((value, i) => Math.abs(z![i]! - value) < 1e-6));
});

test('vq: nearest rows, straight-through gradient, and the loss in legacy order', () => {
  const config = { ...autoencoderPresets['micro-vq'], codebookSize: 3 };
  const z = inputTensor('z', [1, 2, 1, 2]);
  const store = new ParamStore('vq', declareParams((p) => quantise(p, z, config).z));
  const codebook = store.tensors.get('quantize.embedding.weight')!;
  const upstream = table(Float32Array.of(1, 2, 3, 4), z.shape);
  const { z: quantised, ids, loss } = quantise(store.scope(), z, config);
  const flat = new Float32Array(store.groups[0]!.length);
  flat.set([0, 0, 1, 1, 3, -1]);
  // Pixels (0.9, 1.3) and (2, -2), stored channel by channel.
  const feeds = { z: [0.9, 2, 1.3, -2], [store.groups[0]!.state.name]: flat };
  const through = grad(sum(mul(upstream, quantised)), [z, codebook]);
  const own = grad(loss, [z, codebook]);
  const [rows, numbers, value, ...gradients] = interpret([quantised, ids, loss, ...through, ...own], feeds);
  assert.equal([...rows!], [1, 3, 1, -1]);
  assert.equal([...numbers!], [1, 2]);
  const squares = (0.1 ** 2 + 0.3 ** 2 + 1 + 1) / 4;
  assert.ok(Math.abs(value![0]! - 1.25 * squares) < 1e-9);
  const near = (found: Float64Array, wanted: number[], what: string): void =>
    wanted.forEach((x, i) => assert.ok(Math.abs(found[i]! - x) < 1e-9, `${what}: ${[...found]}`));
  near(gradients[0]!, [1, 2, 3, 4], 'through to z');
  near(gradients[1]!, [0, 0, 0, 0, 0, 0], 'none to the codebook');
  near(gradients[2]!, [-0.1, -1, 0.3, -1].map((d) => d / 2), 'latents are pulled with weight 1');
  near(gradients[3]!, [0, 0, 0.1, -0.3, 1, 1].map((d) => (0.25 * d) / 2), 'rows with weight 0.25');
});

test('vq: encode gives what decode quantises', () => {
  const config = autoencoderPresets['micro-vq'];
  const image = inputTensor('image', [1, 3, 8, 8]);
  const store = new ParamStore('micro-vq', declareParams((p) => decode(p, encode(p, image, config), config)));
  store.initialise(3);
  const p = store.scope();
  const { state } = store.groups[0]!;
  const feeds = { image: uniformValues('vq', image.shape), [state.name]: state.initial as Float32Array };
  const inTwoSteps = decode(p, encode(p, image, config), config);
  const [a, b] = interpret([inTwoSteps, reconstruct(p, image, config, noiseInput).image], feeds);
  assert.equal(a, b);
});

test('identity: pixels are latents', () => {
  const config = autoencoderPresets.identity;
  const image = inputTensor('image', [1, 3, 8, 8]);
  declareParams((p) => {
    assert.is(encode(p, image, config), image);
    assert.is(decode(p, image, config), image);
  });
  assert.equal(latentShape(config, 8, 8), [3, 8, 8]);
});

test('identity in blocks: every block of pixels in the channels, and back', () => {
  const config = { kind: 'identity', factor: 2 } as const;
  assert.equal(latentShape(config, 4, 4), [12, 2, 2]);
  declareParams((p) => {
    const latent = encode(p, inputTensor('image', [1, 3, 4, 4]), config);
    const pixels = Array.from({ length: 48 }, (_, i) => i);
    const [z, image] = interpret([latent, decode(p, latent, config)], { image: pixels });
    assert.equal([...z!.subarray(0, 4)], [0, 2, 8, 10], 'upper left pixel of each block of the first channel');
    assert.equal([...z!.subarray(4, 8)], [1, 3, 9, 11]);
    assert.equal([...image!], pixels);
  });
});

test.run();
