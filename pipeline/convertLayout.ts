/** What a published file holds of a model: which of its tensors a run takes, checks or leaves out. */
import type { SafetensorsEntry } from '../engine/safetensors.ts';
import { declareParams, type ParamSpec } from '../engine/params.ts';
import { inputTensor } from '../engine/ops/index.ts';
import { latentShape, type AutoencoderConfig } from '../models/autoencoder/config.ts';
import type { DitConfig } from '../models/dit/config.ts';
import { classEmbedding, dit } from '../models/dit/dit.ts';
import { gridPositions } from '../models/dit/gridPositions.ts';
import { noiseSchedule } from '../models/diffusion.ts';
import { layoutVocabulary } from '../models/layoutTokens.ts';
import { declareUnusedHead } from '../models/unet/layoutEncoder.ts';
import { encoderScope } from '../models/unet/generator.ts';
import { averageName, diffusersNames, type Naming } from './convertNames.ts';
import { firstStageSpecs } from './firstStage.ts';
import { generatorSpecs, type GeneratorDescription } from './generator.ts';

/** An array that a run keeps. */
export interface KeptArray {
  /** Where: among the run's own weights, those it came with, or those that nothing uses but an export gives back. */
  readonly part: 'weights' | 'frozen' | 'unused';
  /** Name in that part. */
  readonly name: string;
  readonly shape: readonly number[];
  /** Names in published files; an export writes the first. */
  readonly keys: readonly string[];
  /** Its shape in newly written files; either is read. */
  readonly publishedShape: readonly number[];
  readonly optional: boolean;
}

/** Values that follow from the config: a file's must agree. */
export interface FixedArray {
  readonly key: string;
  readonly shape: readonly number[];
  readonly values: () => ArrayLike<number>;
  /** What to do where they differ. */
  readonly advice: string;
  /** Whether an export writes them. */
  readonly exported: boolean;
}

/** Tensors that are left out knowingly. */
export interface IgnoreRule {
  readonly rule: string;
  readonly matches: RegExp;
}

export interface PublishedLayout {
  readonly kept: readonly KeptArray[];
  readonly fixed: readonly FixedArray[];
  readonly ignored: readonly IgnoreRule[];
}

/** What using a diffusion transformer needs to know. */
export interface DitDescription {
  readonly model: DitConfig;
  /** First stage; its weights lie in the run's checkpoint under `frozen`, where they were given. */
  readonly autoencoder: AutoencoderConfig;
  readonly image: { readonly size: number };
  /** Factor on latents. */
  readonly latentScale: number;
}

const keep = (part: KeptArray['part'], { name, shape }: ParamSpec, keys: readonly string[] = [name]): KeptArray =>
  ({ part, name, shape, keys, publishedShape: shape, optional: false });

const firstStagePrefix = 'first_stage_model.';

const lossNetworks: IgnoreRule = {
  rule: 'discriminator and perceptual loss', matches: /^(first_stage_model\.)?loss\./,
};
const averages: IgnoreRule = { rule: 'averages (--ema takes them)', matches: /^model_ema\./ };
const averageState: IgnoreRule = { rule: 'state of the averages', matches: /^model_ema\.(decay|num_updates)$/ };
const rawWeights: IgnoreRule = {
  rule: 'weights that --ema replaces by their averages', matches: /^model\.diffusion_model\./,
};
const otherParts: IgnoreRule = { rule: 'other parts of a latent diffusion model', matches: /^(?!first_stage_model\.)/ };
const scheduleBuffers: IgnoreRule = {
  rule: 'buffers that follow from betas',
  matches: /^(alphas_cumprod(_prev)?|sqrt_\w+|log_one_minus_alphas_cumprod|posterior_\w+|lvlb_weights|logvar)$/,
};

/** A first stage on its own, or in `frozen` beside what it came with; `prefix` is what all its keys begin with. */
function firstStageArrays(part: 'weights' | 'frozen', config: AutoencoderConfig, size: number, naming: Naming,
  prefix: string): KeptArray[] {
  if (config.kind === 'identity') return [];
  return firstStageSpecs(config, size).map((spec) => {
    if (naming === 'ldm') return keep(part, spec, [`${prefix}${spec.name}`]);
    const { names, matrix } = diffusersNames(spec.name, config.channelMult.length);
    const kept = keep(part, spec, names.map((name) => `${prefix}${name}`));
    return matrix ? { ...kept, publishedShape: spec.shape.slice(0, 2) } : kept;
  });
}

/** How the files name their first stage, by their keys. */
function namingOf(keys: Iterable<string>): { naming: Naming; prefix: string } {
  const all = [...keys];
  const prefix = all.some((key) => key.startsWith(firstStagePrefix)) ? firstStagePrefix : '';
  return { naming: all.some((key) => /\b(down_blocks|up_blocks|mid_block)\./.test(key)) ? 'diffusers' : 'ldm', prefix };
}

/** A first stage in files with these keys: on its own, or inside a latent diffusion model. */
export function firstStageLayout(config: AutoencoderConfig, size: number, keys: Iterable<string>): PublishedLayout {
  const { naming, prefix } = namingOf(keys);
  return {
    kept: firstStageArrays('weights', config, size, naming, prefix), fixed: [],
    ignored: [...(prefix ? [otherParts] : []), lossNetworks, averages],
  };
}

/** A first stage to be written on its own; `part` is where the run keeps it. */
export function firstStageExport(part: 'weights' | 'frozen', config: AutoencoderConfig, size: number, naming: Naming):
  PublishedLayout {
  return { kept: firstStageArrays(part, config, size, naming, ''), fixed: [], ignored: [] };
}

/** LDM's layout2img: U-Net (by `ema` its averages), layout encoder with the head it leaves idle, and first stage. */
export function generatorLayout(description: GeneratorDescription, ema = false): PublishedLayout {
  const { model, autoencoder, image, latentScale } = description;
  const { length } = layoutVocabulary(description.vocabulary);
  const own = generatorSpecs(model, latentShape(autoencoder, image.size, image.size), length).map((spec) =>
    keep('weights', spec, [ema && spec.name.startsWith('model.') ? averageName(spec.name) : spec.name]));
  const head = declareParams((p) => declareUnusedHead(encoderScope(p), model.encoder));
  const { beta } = noiseSchedule(model.diffusion.schedule);
  return {
    kept: [...own, ...head.map((spec) => ({ ...keep('unused', spec), optional: true })),
      ...firstStageArrays('frozen', autoencoder, image.size, 'ldm', firstStagePrefix)],
    fixed: [{
      key: 'betas', shape: [beta.length], values: () => beta, exported: true,
      advice: 'It was trained with another noise schedule',
    }, {
      key: 'scale_factor', shape: [], values: () => [latentScale], exported: latentScale !== 1,
      advice: 'Give it as --latent-scale',
    }],
    ignored: [...(ema ? [averageState, rawWeights] : [averages]), lossNetworks, scheduleBuffers],
  };
}

/** The published diffusion transformer; with its first stage where the files hold one as well. */
export function ditLayout({ model, autoencoder, image }: DitDescription, keys: Iterable<string>): PublishedLayout {
  const { latentChannels: C, latentSize: S, width, patch } = model;
  const specs = declareParams((p) => dit(p, inputTensor('x', [1, C, S, S]), inputTensor('t', [1], 'i32'),
    classEmbedding(p, inputTensor('labels', [1], 'i32'), model), model));
  const all = [...keys];
  const { naming, prefix } = namingOf(all);
  const hasFirstStage = all.some((key) => key.startsWith(`${prefix}decoder.`));
  const side = S / patch;
  return {
    kept: [...specs.map((spec) => keep('weights', spec)),
      ...(hasFirstStage ? firstStageArrays('frozen', autoencoder, image.size, naming, prefix) : [])],
    fixed: [{
      key: 'pos_embed', shape: [1, side * side, width], values: () => gridPositions(side, width),
      advice: 'It was trained with other positions', exported: true,
    }],
    ignored: [lossNetworks],
  };
}

/** Whether a file's tensor has a shape that the array may have. */
export const fits = ({ shape, publishedShape }: KeptArray, found: SafetensorsEntry): boolean =>
  [shape, publishedShape].some((expected) => expected.join() === found.shape.join());
