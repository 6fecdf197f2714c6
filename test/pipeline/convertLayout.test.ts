import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { sizeOf } from '../../engine/tensor.ts';
import { autoencoderPresets } from '../../models/autoencoder/config.ts';
import { ditPresets } from '../../models/dit/config.ts';
import { publishedVocabulary } from '../../models/layoutTokens.ts';
import { generatorPresets } from '../../models/unet/config.ts';
import { ditLayout, firstStageExport, generatorLayout, type KeptArray } from '../../pipeline/convertLayout.ts';
import type { GeneratorDescription } from '../../pipeline/generator.ts';

const millions = (kept: readonly KeptArray[]): string =>
  (kept.reduce((sum, { shape }) => sum + sizeOf(shape), 0) / 1e6).toFixed(2);

const layout2img: GeneratorDescription = {
  model: generatorPresets['layout2img-256'], vocabulary: publishedVocabulary, categories: [],
  autoencoder: autoencoderPresets['vq-f4'],
  image: { size: 256 }, latentScale: 1, timesteps: [0, 1000],
};

test('layout2img has the published sizes in every part, and no two tensors of one name', () => {
  const { kept, fixed } = generatorLayout(layout2img);
  const part = (name: KeptArray['part'], prefix = ''): KeptArray[] =>
    kept.filter((one) => one.part === name && one.keys[0]!.startsWith(prefix));
  assert.is(millions(part('weights', 'model.diffusion_model.')), '246.28');
  assert.is(millions(part('weights', 'cond_stage_model.')), '54.66');
  assert.is(millions(part('unused')), '4.20');
  assert.is(millions(part('frozen', 'first_stage_model.')), '55.32');
  assert.ok(part('unused').every(({ optional }) => optional));
  const keys = kept.flatMap((one) => one.keys);
  assert.is(new Set(keys).size, keys.length);
  const betas = fixed.find(({ key }) => key === 'betas')!.values();
  assert.ok(Math.abs(betas[0]! - 0.0015) < 1e-9 && Math.abs(betas[999]! - 0.0205) < 1e-9);
});

test('averages have names of their own, all different', () => {
  const { kept } = generatorLayout(layout2img, true);
  const keys = kept.filter(({ name }) => name.startsWith('model.')).map((one) => one.keys[0]!);
  assert.ok(keys.every((key) => /^model_ema\.[^.]+$/.test(key)));
  assert.is(new Set(keys).size, keys.length);
});

test('buffers, averages and loss networks have a rule, weights have none', () => {
  const { ignored } = generatorLayout(layout2img);
  const rule = (key: string): string | undefined => ignored.find(({ matches }) => matches.test(key))?.rule;
  for (const key of ['alphas_cumprod', 'alphas_cumprod_prev', 'sqrt_alphas_cumprod', 'sqrt_one_minus_alphas_cumprod',
    'log_one_minus_alphas_cumprod', 'sqrt_recip_alphas_cumprod', 'sqrt_recipm1_alphas_cumprod', 'posterior_variance',
    'posterior_log_variance_clipped', 'posterior_mean_coef1', 'posterior_mean_coef2', 'lvlb_weights', 'logvar',
    'model_ema.decay', 'first_stage_model.loss.logvar', 'first_stage_model.loss.discriminator.main.0.bias']) {
    assert.ok(rule(key), key);
  }
  for (const key of ['model.diffusion_model.input_blocks.4.1.transformer_blocks.3.norm1.bias',
    'first_stage_model.encoder.conv_in.bias', 'lossy']) {
    assert.not.ok(rule(key), key);
  }
});

test('a first stage in diffusers has linear attention, one in LDM convolutions', () => {
  const shapeOf = (naming: 'ldm' | 'diffusers', key: string): readonly number[] | undefined =>
    firstStageExport('weights', autoencoderPresets['kl-f8'], 256, naming).kept
      .find(({ keys }) => keys[0] === key)?.publishedShape;
  assert.equal(shapeOf('ldm', 'encoder.mid.attn_1.q.weight'), [512, 512, 1, 1]);
  assert.equal(shapeOf('diffusers', 'encoder.mid_block.attentions.0.to_q.weight'), [512, 512]);
  assert.equal(shapeOf('diffusers', 'encoder.mid_block.attentions.0.to_q.bias'), [512]);
  assert.equal(shapeOf('diffusers', 'quant_conv.weight'), [8, 8, 1, 1]);
  const { kept } = firstStageExport('weights', autoencoderPresets['kl-f8'], 256, 'diffusers');
  assert.is(millions(kept), '83.65');
  assert.is(kept.length, 248);
});

test('a diffusion transformer takes a first stage only where the files hold one', () => {
  const description = { model: ditPresets['dit-xl-2'], autoencoder: autoencoderPresets['kl-f8'], image: { size: 256 },
    latentScale: 0.18215 };
  const alone = ditLayout(description, ['pos_embed']);
  assert.is(millions(alone.kept), '674.83');
  assert.equal(alone.fixed.map(({ key, shape }) => [key, shape]), [['pos_embed', [1, 256, 1152]]]);
  const both = ditLayout(description, ['decoder.conv_in.bias', 'decoder.mid_block.resnets.0.norm1.bias']);
  assert.is(millions(both.kept.filter(({ part }) => part === 'frozen')), '83.65');
  assert.ok(both.kept.some(({ keys }) => keys[0] === 'decoder.mid_block.attentions.0.to_out.0.weight'));
});

test.run();
