/** Published models by name: what a run with their weights says of itself. */
import { readAnnotations } from '../data/annotations.ts';
import type { NamedArray } from '../engine/checkpoint.ts';
import { UserError } from '../engine/errors.ts';
import { autoencoderPresets, downsampling, type AutoencoderConfig } from '../models/autoencoder/config.ts';
import { ditPresets, type DitConfig } from '../models/dit/config.ts';
import { layoutVocabulary } from '../models/layoutTokens.ts';
import { slotFrequencies } from '../models/softTokens.ts';
import type { DitDescription } from '../pipeline/convertLayout.ts';
import { frequencyArrays } from '../pipeline/generator.ts';
import { autoencoderRuns } from '../train/presets/autoencoder.ts';
import { generatorRuns } from '../train/presets/generator.ts';
import type { AutoencoderRun } from '../train/autoencoder.ts';
import { trainingFrequencies, type GeneratorRun, type GeneratorTraining } from '../train/generator.ts';

const firstStages: Record<string, AutoencoderRun> = {
  'kl-f8': autoencoderRuns['kl-f8'],
  'vq-f4': autoencoderRuns['vq-f4'],
  'vq-f8': { ...autoencoderRuns['vq-f4'], model: autoencoderPresets['vq-f8'] },
  'kl-micro': autoencoderRuns.micro,
  'vq-micro': { ...autoencoderRuns.micro, model: autoencoderPresets['micro-vq'] },
};

const generators: Record<string, { training: GeneratorTraining; firstStage: AutoencoderRun }> = {
  'layout2img-256': { training: generatorRuns['layout2img-256'], firstStage: autoencoderRuns['vq-f4'] },
  'layout2img-micro': { training: generatorRuns.micro, firstStage: autoencoderRuns.micro },
};

/** Factor that the published diffusion transformers were trained with. */
const ditLatentScale = 0.18215;

export const presetNames = [...Object.keys(generators), ...Object.keys(firstStages), ...Object.keys(ditPresets)];

export interface PresetOptions {
  readonly annotations?: string;
  readonly classes?: number;
  readonly latentScale?: number;
}

export type ImportTarget =
  | { readonly kind: 'autoencoder'; readonly config: AutoencoderRun }
  | { readonly kind: 'dit'; readonly config: DitDescription }
  | { readonly kind: 'generator'; readonly config: GeneratorRun; readonly extra: readonly [string, NamedArray][] };

function ditTarget(model: DitConfig, autoencoder: AutoencoderConfig, latentScale = ditLatentScale): ImportTarget {
  const size = model.latentSize * downsampling(autoencoder);
  return { kind: 'dit', config: { model, autoencoder, image: { size }, latentScale } };
}

/** Throws a UserError where an option is given that the preset has no use for. */
function expectUnused(name: string, options: Readonly<Record<string, unknown>>): void {
  const given = Object.keys(options).find((option) => options[option] !== undefined);
  if (given !== undefined) throw new UserError(`${given}: has no use with --preset ${name}`);
}

/** The run that a preset's weights become. */
export async function importTarget(name: string, options: PresetOptions): Promise<ImportTarget> {
  const { annotations, classes, latentScale } = options;
  if (Object.hasOwn(generators, name)) return generatorTarget(name, options);
  expectUnused(name, { '--annotations': annotations, '--classes': classes });
  if (Object.hasOwn(firstStages, name)) {
    expectUnused(name, { '--latent-scale': latentScale });
    return { kind: 'autoencoder', config: firstStages[name]! };
  }
  const model: DitConfig = ditPresets[name as keyof typeof ditPresets];
  return ditTarget(model, autoencoderPresets[name === 'dit-micro' ? 'micro' : 'kl-f8'], latentScale);
}

/**
 * Published weights do not say what their classes are, nor how often a slot holds each: both come from annotations, or
 * classes are numbered and all choices equally likely.
 */
async function generatorTarget(name: string, options: PresetOptions): Promise<ImportTarget> {
  const { training, firstStage } = generators[name]!;
  const { minArea } = training.data;
  if ((options.annotations === undefined) === (options.classes === undefined)) {
    throw new UserError(`${name}: the weights do not name their classes; give --annotations FILE or --classes N, one `
      + 'of both');
  }
  const data = options.annotations === undefined ? null
    : await readAnnotations(options.annotations, { minArea, maxObjects: training.vocabulary.maxObjects });
  const categories = data?.categories
    ?? Array.from({ length: options.classes! }, (_, i) => ({ id: i, name: `class ${i}` }));
  const description = { ...training.vocabulary, classCount: categories.length };
  const vocabulary = layoutVocabulary(description);
  const frequencies = data ? trainingFrequencies(vocabulary, data.images, training.seed)
    : slotFrequencies(vocabulary, []);
  const { size } = firstStage.data;
  const config: GeneratorRun = {
    ...training, vocabulary: description, categories, autoencoder: firstStage.model, image: { size },
    latentScale: options.latentScale ?? 1,
  };
  return { kind: 'generator', config, extra: frequencyArrays(vocabulary, frequencies) };
}
