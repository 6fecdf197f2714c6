/** Files as publishers name their tensors, at the sizes of the micro presets; written down, not derived from models. */
import { writeSafetensors } from '../../engine/safetensors.ts';
import { RandomStream } from '../../engine/random.ts';
import { sizeOf } from '../../engine/tensor.ts';

/** Shapes by published name. */
export type Published = Record<string, readonly number[]>;

/** Weight and bias. */
const affine = (name: string, ...shape: number[]): Published =>
  ({ [`${name}.weight`]: shape, [`${name}.bias`]: [shape[0]!] });
const conv = (name: string, from: number, to: number, side = 3): Published => affine(name, to, from, side, side);
const all = (...parts: Published[]): Published => Object.assign({}, ...parts) as Published;
const under = (prefix: string, part: Published): Published =>
  Object.fromEntries(Object.entries(part).map(([name, shape]) => [`${prefix}${name}`, shape]));

export type FirstStageNaming = 'ldm' | 'diffusers' | 'old diffusers';

/** Kind of block, its name in LDM and in diffusers, channels in and out. */
const firstStageBlocks = [
  ['conv', 'encoder.conv_in', 'encoder.conv_in', 3, 4],
  ['res', 'encoder.down.0.block.0', 'encoder.down_blocks.0.resnets.0', 4, 4],
  ['conv', 'encoder.down.0.downsample.conv', 'encoder.down_blocks.0.downsamplers.0.conv', 4, 4],
  ['res', 'encoder.down.1.block.0', 'encoder.down_blocks.1.resnets.0', 4, 8],
  ['attn', 'encoder.down.1.attn.0', 'encoder.down_blocks.1.attentions.0', 8, 8],
  ['res', 'encoder.mid.block_1', 'encoder.mid_block.resnets.0', 8, 8],
  ['attn', 'encoder.mid.attn_1', 'encoder.mid_block.attentions.0', 8, 8],
  ['res', 'encoder.mid.block_2', 'encoder.mid_block.resnets.1', 8, 8],
  ['norm', 'encoder.norm_out', 'encoder.conv_norm_out', 8, 8],
  ['conv', 'decoder.conv_in', 'decoder.conv_in', 2, 8],
  ['res', 'decoder.mid.block_1', 'decoder.mid_block.resnets.0', 8, 8],
  ['attn', 'decoder.mid.attn_1', 'decoder.mid_block.attentions.0', 8, 8],
  ['res', 'decoder.mid.block_2', 'decoder.mid_block.resnets.1', 8, 8],
  ['res', 'decoder.up.1.block.0', 'decoder.up_blocks.0.resnets.0', 8, 8],
  ['res', 'decoder.up.1.block.1', 'decoder.up_blocks.0.resnets.1', 8, 8],
  ['attn', 'decoder.up.1.attn.0', 'decoder.up_blocks.0.attentions.0', 8, 8],
  ['attn', 'decoder.up.1.attn.1', 'decoder.up_blocks.0.attentions.1', 8, 8],
  ['conv', 'decoder.up.1.upsample.conv', 'decoder.up_blocks.0.upsamplers.0.conv', 8, 8],
  ['res', 'decoder.up.0.block.0', 'decoder.up_blocks.1.resnets.0', 8, 4],
  ['res', 'decoder.up.0.block.1', 'decoder.up_blocks.1.resnets.1', 4, 4],
  ['norm', 'decoder.norm_out', 'decoder.conv_norm_out', 4, 4],
  ['conv', 'decoder.conv_out', 'decoder.conv_out', 4, 3],
] as const;

const attentionNames: Record<FirstStageNaming, readonly string[]> = {
  'ldm': ['norm', 'q', 'k', 'v', 'proj_out'],
  'diffusers': ['group_norm', 'to_q', 'to_k', 'to_v', 'to_out.0'],
  'old diffusers': ['group_norm', 'query', 'key', 'value', 'proj_attn'],
};

function firstStageBlock(naming: FirstStageNaming, block: (typeof firstStageBlocks)[number]): Published {
  const [kind, ldm, diffusers, from, to] = block;
  const name = naming === 'ldm' ? ldm : diffusers;
  if (kind === 'norm') return affine(name, to);
  if (kind === 'conv') return conv(name, from, to);
  if (kind === 'attn') {
    const [norm, ...matrices] = attentionNames[naming].map((part) => `${name}.${part}`);
    const matrixOf = (matrix: string): Published =>
      (naming === 'ldm' ? conv(matrix, to, to, 1) : affine(matrix, to, to));
    return all(affine(norm!, to), ...matrices.map(matrixOf));
  }
  const shortcut = `${name}.${naming === 'ldm' ? 'nin_shortcut' : 'conv_shortcut'}`;
  return all(affine(`${name}.norm1`, from), conv(`${name}.conv1`, from, to),
    affine(`${name}.norm2`, to), conv(`${name}.conv2`, to, to),
    from === to ? {} : conv(shortcut, from, to, 1));
}

/** The micro first stage: posterior of 2 channels (kl), or features for a codebook of 7 rows (vq). */
export function firstStageFile(naming: FirstStageNaming, kind: 'kl' | 'vq' = 'kl'): Published {
  const out = kind === 'kl' ? 4 : 2;
  return all(...firstStageBlocks.map((block) => firstStageBlock(naming, block)), conv('encoder.conv_out', 8, out),
    conv('quant_conv', out, out, 1), conv('post_quant_conv', 2, 2, 1),
    kind === 'vq' ? { 'quantize.embedding.weight': [7, 2] } : {});
}

const unetRes = (name: string, from: number, to: number): Published => all(
  affine(`${name}.in_layers.0`, from), conv(`${name}.in_layers.2`, from, to), affine(`${name}.emb_layers.1`, to, 16),
  affine(`${name}.out_layers.0`, to), conv(`${name}.out_layers.3`, to, to),
  from === to ? {} : conv(`${name}.skip_connection`, from, to, 1));

function unetTransformer(name: string): Published {
  const block = `${name}.transformer_blocks.0`;
  return all(affine(`${name}.norm`, 8), conv(`${name}.proj_in`, 8, 8, 1), conv(`${name}.proj_out`, 8, 8, 1),
    ...[1, 2].map((i) => all(affine(`${block}.attn${i}.to_out.0`, 8, 8),
      Object.fromEntries(['to_q', 'to_k', 'to_v'].map((part) => [`${block}.attn${i}.${part}.weight`, [8, 8]])))),
    ...[1, 2, 3].map((i) => affine(`${block}.norm${i}`, 8)),
    affine(`${block}.ff.net.0.proj`, 64, 8), affine(`${block}.ff.net.2`, 8, 32));
}

/** The micro U-Net under `model.diffusion_model`; `position_map` is not published, but belongs to the preset. */
export const unetFile = (): Published => under('model.diffusion_model.', all(
  affine('time_embed.0', 16, 4), affine('time_embed.2', 16, 16),
  conv('input_blocks.0.0', 2, 4), { 'position_map.weight': [4, 8, 8] },
  unetRes('input_blocks.1.0', 4, 4), conv('input_blocks.2.0.op', 4, 4),
  unetRes('input_blocks.3.0', 4, 8), unetTransformer('input_blocks.3.1'),
  unetRes('middle_block.0', 8, 8), unetTransformer('middle_block.1'), unetRes('middle_block.2', 8, 8),
  unetRes('output_blocks.0.0', 16, 8), unetTransformer('output_blocks.0.1'),
  unetRes('output_blocks.1.0', 12, 8), unetTransformer('output_blocks.1.1'), conv('output_blocks.1.2.conv', 8, 8),
  unetRes('output_blocks.2.0', 12, 4), unetRes('output_blocks.3.0', 8, 4), affine('out.0', 4), conv('out.2', 4, 2)));

const encoderFile = (): Published => {
  const layer = 'attn_layers.layers';
  return under('cond_stage_model.transformer.', all({ 'token_emb.weight': [17, 8], 'pos_emb.emb.weight': [6, 8] },
    affine(`${layer}.0.0`, 8),
    Object.fromEntries(['to_q', 'to_k', 'to_v'].map((part) => [`${layer}.0.1.${part}.weight`, [8, 8]])),
    affine(`${layer}.0.1.to_out`, 8, 8), affine(`${layer}.1.0`, 8),
    affine(`${layer}.1.1.net.0.0`, 32, 8), affine(`${layer}.1.1.net.2`, 8, 32),
    affine('norm', 8), affine('to_logits', 17, 8)));
};

/** All that the run of a layout2img checkpoint uses, and the idle head. */
export const generatorFile = (): Published =>
  all(unetFile(), encoderFile(), under('first_stage_model.', firstStageFile('ldm')));

/** The micro diffusion transformer, without its fixed positions. */
export const ditFile = (): Published => all(
  conv('x_embedder.proj', 2, 8, 2), affine('t_embedder.mlp.0', 8, 256), affine('t_embedder.mlp.2', 8, 8),
  { 'y_embedder.embedding_table.weight': [5, 8] },
  ...[0, 1].map((i) => all(
    affine(`blocks.${i}.attn.qkv`, 24, 8), affine(`blocks.${i}.attn.proj`, 8, 8), affine(`blocks.${i}.mlp.fc1`, 32, 8),
    affine(`blocks.${i}.mlp.fc2`, 8, 32), affine(`blocks.${i}.adaLN_modulation.1`, 48, 8))),
  affine('final_layer.linear', 16, 8), affine('final_layer.adaLN_modulation.1', 16, 8));

/** The values that `writePublished` gives a tensor: by its name, unless `given` has them. */
export function publishedValues(name: string, shape: readonly number[]): Float32Array {
  const random = new RandomStream(3, name);
  return Float32Array.from({ length: sizeOf(shape) }, () => random.normal());
}

/** Writes a file with these tensors. */
export async function writePublished(path: string, tensors: Published,
  given: Readonly<Record<string, ArrayLike<number>>> = {}): Promise<void> {
  await writeSafetensors(path, Object.entries(tensors).map(([name, shape]) => ({
    name, shape, dtype: 'F32',
    values: () => (given[name] ? Float32Array.from(given[name]) : publishedValues(name, shape)),
  })));
}
