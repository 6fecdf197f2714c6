/** A trained class-conditional generator as a thing to use: its description, its weights and its samples. */
import type { Category } from '../data/annotations.ts';
import { compile } from '../engine/compile/compile.ts';
import type { Device } from '../engine/device.ts';
import { UserError } from '../engine/errors.ts';
import { inputTensor, reshape } from '../engine/ops/index.ts';
import { ParamStore, declareParams, type ParamSpec } from '../engine/params.ts';
import { latentShape, type AutoencoderConfig } from '../models/autoencoder/config.ts';
import { classCountOf, classEmbedding, classPrediction, type ClassModel } from '../models/classModel.ts';
import type { DitDescription } from './convertLayout.ts';
import { kindOfRun } from './convertRun.ts';
import { FirstStage } from './firstStage.ts';
import { LatentSampler } from './latentSampler.ts';
import { loadRun, type LoadedRun } from './run.ts';

/** What using a class-conditional generator needs to know. */
export interface ClassGeneratorDescription {
  readonly conditioning: 'class';
  readonly model: ClassModel;
  /** In class order. */
  readonly categories: readonly Category[];
  /** First stage; its weights lie in the run's checkpoint under `frozen`. */
  readonly autoencoder: AutoencoderConfig;
  readonly image: { readonly size: number };
  /** Factor on latents that gives them unit variance. */
  readonly latentScale: number;
  /** Timesteps that it was trained on, [low, high). */
  readonly timesteps: readonly [number, number];
}

/** Parameters of a class-conditional generator of latents [C, h, w]. */
export function classGeneratorSpecs(model: ClassModel, latent: readonly [number, number, number]): ParamSpec[] {
  return declareParams((p) => classPrediction(p, inputTensor('z', [1, ...latent]), inputTensor('t', [1], 'i32'),
    classEmbedding(p, inputTensor('labels', [1], 'i32'), model), model));
}

/** Draws latents for batches of labels. */
export class ClassSampler extends LatentSampler {
  static async open(device: Device, store: ParamStore, description: ClassGeneratorDescription,
    batch: number): Promise<ClassSampler> {
    const { model, image, latentScale, timesteps, autoencoder } = description;
    const latent = latentShape(autoencoder, image.size, image.size);
    const labels = reshape(inputTensor('ids', [batch, 1], 'i32'), [batch]);
    const p = store.scope();
    const prediction = classPrediction(p, inputTensor('z', [batch, ...latent]), inputTensor('t', [batch], 'i32'),
      classEmbedding(p, labels, model), model);
    return new ClassSampler({
      program: await compile(device, { name: 'denoise', outputs: { prediction } }), diffusion: model.diffusion,
      latentScale, timesteps, latentSize: latent[0] * latent[1] * latent[2], batch,
      none: Int32Array.of(classCountOf(model)),
    });
  }
}

/** A class-conditional generator run opened on a device. */
export interface ClassGenerator {
  readonly run: LoadedRun<unknown>;
  readonly description: ClassGeneratorDescription;
  readonly store: ParamStore;
  readonly firstStage: FirstStage;
}

/** An imported diffusion transformer as if it had been trained here; published weights do not name their classes. */
function describeDit({ model, ...rest }: DitDescription): ClassGeneratorDescription {
  const categories = Array.from({ length: model.classCount }, (_, i) => ({ id: i, name: `class ${i}` }));
  return {
    conditioning: 'class', model: { backbone: 'dit', ...model }, categories,
    timesteps: [0, model.diffusion.schedule.steps], ...rest,
  };
}

/** Loads a class-conditional generator, trained here or an imported DiT, with its first stage. */
export async function openClassGenerator(device: Device, dir: string): Promise<ClassGenerator> {
  const isDit = kindOfRun(dir) === 'dit';
  const run = loadRun<ClassGeneratorDescription | DitDescription>(dir, isDit ? 'dit' : 'generator');
  const description = isDit ? describeDit(run.header.config as DitDescription)
    : run.header.config as ClassGeneratorDescription;
  if (description.conditioning !== 'class') {
    throw new UserError(`${dir}: draws layouts, not classes; leave out --classes, or train with --conditioning class`);
  }
  const { size } = description.image;
  const latent = latentShape(description.autoencoder, size, size);
  const store = new ParamStore('generator', classGeneratorSpecs(description.model, latent));
  store.load(run.weights, run.file);
  if (description.autoencoder.kind !== 'identity' && run.frozen.size === 0) {
    throw new UserError(`${run.file}: came without its first stage; import it with the files of both`);
  }
  const firstStage = await FirstStage.open(device, description.autoencoder, run.frozen, run.file, size);
  return { run, description, store, firstStage };
}
