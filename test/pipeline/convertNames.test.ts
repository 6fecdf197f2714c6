import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { autoencoderPresets } from '../../models/autoencoder/config.ts';
import { averageName, diffusersNames } from '../../pipeline/convertNames.ts';
import { firstStageSpecs } from '../../pipeline/firstStage.ts';

test('averages of the U-Net lose their dots', () => {
  assert.is(averageName('model.diffusion_model.input_blocks.0.0.weight'),
    'model_ema.diffusion_modelinput_blocks00weight');
});

// As in published files of a first stage of four levels.
const pairs: Record<string, string[]> = {
  'encoder.conv_in.weight': ['encoder.conv_in.weight'],
  'encoder.down.0.block.0.norm1.weight': ['encoder.down_blocks.0.resnets.0.norm1.weight'],
  'encoder.down.1.block.0.nin_shortcut.bias': ['encoder.down_blocks.1.resnets.0.conv_shortcut.bias'],
  'encoder.down.2.downsample.conv.weight': ['encoder.down_blocks.2.downsamplers.0.conv.weight'],
  'encoder.mid.block_1.conv1.weight': ['encoder.mid_block.resnets.0.conv1.weight'],
  'encoder.mid.block_2.norm2.bias': ['encoder.mid_block.resnets.1.norm2.bias'],
  'encoder.mid.attn_1.norm.weight': ['encoder.mid_block.attentions.0.group_norm.weight'],
  'encoder.mid.attn_1.q.weight': ['encoder.mid_block.attentions.0.to_q.weight',
    'encoder.mid_block.attentions.0.query.weight'],
  'decoder.mid.attn_1.k.bias': ['decoder.mid_block.attentions.0.to_k.bias', 'decoder.mid_block.attentions.0.key.bias'],
  'decoder.mid.attn_1.v.weight': ['decoder.mid_block.attentions.0.to_v.weight',
    'decoder.mid_block.attentions.0.value.weight'],
  'decoder.mid.attn_1.proj_out.weight': ['decoder.mid_block.attentions.0.to_out.0.weight',
    'decoder.mid_block.attentions.0.proj_attn.weight'],
  'encoder.norm_out.bias': ['encoder.conv_norm_out.bias'],
  'encoder.conv_out.bias': ['encoder.conv_out.bias'],
  'decoder.up.3.block.2.conv2.weight': ['decoder.up_blocks.0.resnets.2.conv2.weight'],
  'decoder.up.3.upsample.conv.bias': ['decoder.up_blocks.0.upsamplers.0.conv.bias'],
  'decoder.up.0.block.0.nin_shortcut.weight': ['decoder.up_blocks.3.resnets.0.conv_shortcut.weight'],
  'quant_conv.weight': ['quant_conv.weight'],
  'post_quant_conv.bias': ['post_quant_conv.bias'],
  'quantize.embedding.weight': ['quantize.embedding.weight'],
};

test('diffusers has other names', () => {
  for (const [name, names] of Object.entries(pairs)) {
    const found = diffusersNames(name, 4);
    assert.equal(found.names, names);
    assert.is(found.matrix, /attn_1\.(q|k|v|proj_out)\.weight/.test(name), name);
  }
});

test('no two parameters of a published first stage share a name', () => {
  for (const preset of ['kl-f8', 'vq-f4', 'vq-f8'] as const) {
    const config = autoencoderPresets[preset];
    const names = firstStageSpecs(config, 256)
      .flatMap(({ name }) => diffusersNames(name, config.channelMult.length).names);
    assert.is(new Set(names).size, names.length, preset);
    assert.not.ok(names.some((name) => /\b(down|up|block|attn|mid)\.|attn_1|block_\d|nin_/.test(name)), preset);
  }
});

test.run();
