/** A trained generator as a thing to use: its description, its weights, its losses and its samples. */
import type { Category } from '../data/annotations.ts';
import type { NamedArray } from '../engine/checkpoint.ts';
import { compile } from '../engine/compile/compile.ts';
import type { Device } from '../engine/device.ts';
import { UserError } from '../engine/errors.ts';
import { inputTensor } from '../engine/ops/index.ts';
import { ParamStore, declareParams, type ParamSpec } from '../engine/params.ts';
import type { AutoencoderConfig } from '../models/autoencoder/config.ts';
import { latentShape } from '../models/autoencoder/config.ts';
import { emptyLayout, layoutVocabulary, type LayoutVocabulary, type LayoutVocabularyConfig }
  from '../models/layoutTokens.ts';
import type { SlotFrequencies } from '../models/softTokens.ts';
import type { GeneratorConfig } from '../models/unet/config.ts';
import { encoderScope, generator, generatorFromEmbeddings } from '../models/unet/generator.ts';
import { embedTokens } from '../models/unet/layoutEncoder.ts';
import { FirstStage } from './firstStage.ts';
import { LatentSampler } from './latentSampler.ts';
import { loadRun, type LoadedRun } from './run.ts';

/** What using a generator needs to know. */
export interface GeneratorDescription {
  readonly model: GeneratorConfig;
  readonly vocabulary: LayoutVocabularyConfig;
  /** In class order. */
  readonly categories: readonly Category[];
  /** First stage; its weights lie in the run's checkpoint under `frozen`. */
  readonly autoencoder: AutoencoderConfig;
  /** Pictures are squeezed into a square of this side, whatever their shape. */
  readonly image: { readonly size: number };
  /** Factor on latents that gives them unit variance. */
  readonly latentScale: number;
  /** Timesteps that it was trained on, [low, high). */
  readonly timesteps: readonly [number, number];
}

/** Parameters of a generator of latents [C, h, w] and layouts of `length` tokens. */
export function generatorSpecs(model: GeneratorConfig, latent: readonly [number, number, number],
  length: number): ParamSpec[] {
  return declareParams((p) => generatorFromEmbeddings(p, inputTensor('z', [1, ...latent]), inputTensor('t', [1], 'i32'),
    embedTokens(encoderScope(p), inputTensor('ids', [1, length], 'i32'), model.encoder), model));
}

/** Frequencies of slot choices as they are kept in a run's checkpoint. */
export function frequencyArrays(vocabulary: LayoutVocabulary,
  { classes, corners }: SlotFrequencies): [string, NamedArray][] {
  const { maxObjects: N, classCount, gridSide } = vocabulary;
  return [
    ['slot_log_frequency.classes', { shape: [N, classCount + 1], data: classes }],
    ['slot_log_frequency.corners', { shape: [N, 2, gridSide * gridSide + 1], data: corners }],
  ];
}

/** Draws latents for batches of layouts, on the weights of a store. */
export class LayoutSampler extends LatentSampler {
  static async open(device: Device, store: ParamStore, description: GeneratorDescription,
    batch: number): Promise<LayoutSampler> {
    const { model, image, latentScale, timesteps } = description;
    const latent = latentShape(description.autoencoder, image.size, image.size);
    const vocabulary = layoutVocabulary(description.vocabulary);
    const z = inputTensor('z', [batch, ...latent]);
    const ids = inputTensor('ids', [batch, vocabulary.length], 'i32');
    const prediction = generator(store.scope(), z, inputTensor('t', [batch], 'i32'), ids, model);
    return new LayoutSampler({
      program: await compile(device, { name: 'denoise', outputs: { prediction } }), diffusion: model.diffusion,
      latentScale, timesteps, latentSize: latent[0] * latent[1] * latent[2], batch, none: emptyLayout(vocabulary),
    });
  }
}

/** A generator run opened on a device. */
export interface Generator {
  readonly run: LoadedRun<GeneratorDescription>;
  readonly description: GeneratorDescription;
  readonly vocabulary: LayoutVocabulary;
  readonly store: ParamStore;
  readonly firstStage: FirstStage;
  /** How often each slot holds each choice in the training layouts. */
  readonly frequencies: SlotFrequencies;
}

/** Loads a generator with its first stage. */
export async function openGenerator(device: Device, dir: string): Promise<Generator> {
  const run = loadRun<GeneratorDescription & { readonly conditioning?: 'class' }>(dir, 'generator');
  const description = run.header.config;
  if (description.conditioning === 'class') {
    throw new UserError(`${dir}: draws classes, but a generator of layouts is needed here`);
  }
  const vocabulary = layoutVocabulary(description.vocabulary);
  const { size } = description.image;
  const specs = generatorSpecs(description.model, latentShape(description.autoencoder, size, size), vocabulary.length);
  const store = new ParamStore('generator', specs);
  store.load(run.weights, run.file);
  const weights = new Map(run.frozen);
  const frequency = (slots: string): Float32Array => {
    const array = weights.get(`slot_log_frequency.${slots}`);
    if (!array) {
      throw new UserError(`${run.file}: lacks slot_log_frequency.${slots}. Was it written by an older version?`);
    }
    weights.delete(`slot_log_frequency.${slots}`);
    return array.data;
  };
  const frequencies = { classes: frequency('classes'), corners: frequency('corners') };
  const firstStage = await FirstStage.open(device, description.autoencoder, weights, run.file, size);
  return { run, description, vocabulary, store, firstStage, frequencies };
}

