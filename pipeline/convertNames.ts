/** What published files call the parameters that runs name as LDM does. */

/** How a file names a first stage: as LDM, or as diffusers (`AutoencoderKL`, `VQModel`). */
export type Naming = 'ldm' | 'diffusers';

/** LDM's averages drop all dots: `model.diffusion_model.out.2.bias` -> `model_ema.diffusion_modelout2bias`. */
export const averageName = (name: string): string => `model_ema.${name.replace(/^model\./, '').replaceAll('.', '')}`;

/** The parts of an attention block: LDM's name, that of diffusers, and that of its versions before 0.15. */
const attentionParts: Readonly<Record<string, readonly string[]>> = {
  norm: ['group_norm'], q: ['to_q', 'query'], k: ['to_k', 'key'], v: ['to_v', 'value'],
  proj_out: ['to_out.0', 'proj_attn'],
};

export interface DiffusersNames {
  /** Newest first. */
  readonly names: readonly string[];
  /** Whether it is the matrix of an attention block: diffusers keeps [C, C] where LDM keeps [C, C, 1, 1]. */
  readonly matrix: boolean;
}

/** Names in diffusers of a parameter of a first stage with so many levels. */
export function diffusersNames(name: string, levels: number): DiffusersNames {
  const renamed = name
    .replace(/\bdown\.(\d+)\./, 'down_blocks.$1.')
    // Diffusers counts the decoder's levels in the order of their use, LDM by their resolution.
    .replace(/\bup\.(\d+)\./, (_, level: string) => `up_blocks.${levels - 1 - Number(level)}.`)
    .replace(/\bblock\.(\d+)\./, 'resnets.$1.')
    .replace(/\battn\.(\d+)\./, 'attentions.$1.')
    .replace(/\bdownsample\./, 'downsamplers.0.')
    .replace(/\bupsample\./, 'upsamplers.0.')
    .replace(/\bmid\.block_(\d)\./, (_, block: string) => `mid_block.resnets.${Number(block) - 1}.`)
    .replace(/\bmid\.attn_1\./, 'mid_block.attentions.0.')
    .replace(/\bnin_shortcut\./, 'conv_shortcut.')
    .replace(/\bnorm_out\./, 'conv_norm_out.');
  const part = /^(.*\.attentions\.\d+)\.(norm|q|k|v|proj_out)\.(weight|bias)$/.exec(renamed);
  if (!part) return { names: [renamed], matrix: false };
  const [, block, own, field] = part as unknown as [string, string, string, string];
  return {
    names: attentionParts[own]!.map((theirs) => `${block}.${theirs}.${field}`),
    matrix: own !== 'norm' && field === 'weight',
  };
}
