/**
 * Trains a class-conditional generator, U-Net or diffusion transformer, on latents of a frozen first stage.
 *
 *   npm run train:generator -- --conditioning class --images D --autoencoder RUN --out RUN --preset tiny
 */
import type { NamedArray } from '../engine/checkpoint.ts';
import type { Device } from '../engine/device.ts';
import { reshape } from '../engine/ops/index.ts';
import type { ParamStore } from '../engine/params.ts';
import { classCountOf, classEmbedding, classPrediction, type ClassModel } from '../models/classModel.ts';
import { classGeneratorSpecs, type ClassGeneratorDescription } from '../pipeline/classGenerator.ts';
import type { SplitDataset } from './data.ts';
import { denoisingTask, type Conditioning, type DenoisingTraining, type LatentSets } from './denoising.ts';
import type { Task } from './loop.ts';

export interface ClassGeneratorTraining extends DenoisingTraining {
  readonly model: ClassModel;
}

export type ClassGeneratorRun = ClassGeneratorTraining & ClassGeneratorDescription;

/** What classes are to the training: the class of a picture is that of its one object. */
export const classConditioning = (model: ClassModel): Conditioning => ({
  diffusion: model.diffusion, none: Int32Array.of(classCountOf(model)),
  of: ({ objects }) => Int32Array.of(objects[0]!.classIndex),
  embed: (p, ids) => classEmbedding(p, reshape(ids, [ids.size]), model),
  blur: (_, embeddings) => embeddings,
  predict: (p, x, t, embeddings) => classPrediction(p, x, t, embeddings, model),
  weigh: null,
});

export function classGeneratorTask(device: Device, run: ClassGeneratorRun, data: SplitDataset, latents: LatentSets,
  frozen: ReadonlyMap<string, NamedArray>, sampleSheet: (store: ParamStore, file: string) => Promise<void>):
  Promise<Task> {
  return denoisingTask(device, run, classConditioning(run.model),
    { specs: classGeneratorSpecs(run.model, latents.training.shape), data, latents, frozen, sampleSheet });
}
