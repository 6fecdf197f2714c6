/** Denoising errors of pictures under classes, for any choice of pictures, classes and (timestep, noise) pairs. */
import { compile } from '../engine/compile/compile.ts';
import type { Device } from '../engine/device.ts';
import { gather, inputTensor, mul, reshape, table } from '../engine/ops/index.ts';
import type { Program } from '../engine/program.ts';
import type { Scope } from '../engine/params.ts';
import type { Tensor } from '../engine/tensor.ts';
import { classEmbedding, classPrediction, type ClassModel } from '../models/classModel.ts';
import { predictionLoss, weightsAt } from '../models/diffusion.ts';
import type { ClassGenerator } from '../pipeline/classGenerator.ts';
import type { Pairs } from './bank.ts';
import type { ClassifyConfig } from './classify.ts';
import { errorWeights } from './errorMeasure.ts';

/** One network pass: a picture of the batch, a class, and a pair of the fixed set. */
export interface Probe {
  readonly image: number;
  readonly label: number;
  readonly pair: number;
}

/**
 * Squared error per element of each row [R], whatever loss the generator was trained with [Diffusion Classifier].
 *
 *   z          [R, C, h, w]  scaled latents
 *   t          i32 [R]
 *   noise      [R, C, h, w]
 *   embedding  [R, D]        of a class, or what inversion puts in its place
 *   error      what it is measured in, 1 on average over the timesteps
 */
export function classError(p: Scope, z: Tensor, t: Tensor, noise: Tensor, embedding: Tensor, model: ClassModel,
  { error, timesteps }: Pick<ClassifyConfig, 'error' | 'timesteps'>): Tensor {
  const errors = predictionLoss({ ...model.diffusion, loss: 'l2' }, z, t, noise,
    (x) => classPrediction(p, x, t, embedding, model));
  return mul(errors, weightsAt(errorWeights(model.diffusion, error, timesteps), t));
}

/** The fixed noise of each pair as a tensor [P, C h w]. */
export const noiseTable = (noises: Float32Array, latentSize: number): Tensor =>
  table(noises, [noises.length / latentSize, latentSize]);

export class ClassJudge {
  /** Network passes so far, all forward. */
  passes = 0;

  private constructor(private readonly program: Program, private readonly pairs: Pairs,
    private readonly rows: number) {}

  static async open(device: Device, generator: ClassGenerator, pairs: Pairs, noises: Float32Array,
    config: ClassifyConfig): Promise<ClassJudge> {
    const { description: { model }, firstStage: { latent, latentSize } } = generator;
    const { imagesAtOnce } = config;
    // Probes that one run answers: as many passes as a step of the search.
    const rows = imagesAtOnce * config.batchPairs;
    const pick = (from: Tensor, at: string): Tensor =>
      reshape(gather(from, inputTensor(at, [rows], 'i32')), [rows, ...latent]);
    const z = pick(inputTensor('z', [imagesAtOnce, latentSize]), 'images');
    const p = generator.store.scope();
    const error = classError(p, z, inputTensor('timesteps', [rows], 'i32'),
      pick(noiseTable(noises, latentSize), 'noises'),
      classEmbedding(p, inputTensor('labels', [rows], 'i32'), model), model, config);
    return new ClassJudge(await compile(device, { name: 'class judge', outputs: { error } }), pairs, rows);
  }

  /** Errors of probes of the pictures whose scaled latents are z [I, C h w]. */
  async errors(z: Float32Array, probes: readonly Probe[]): Promise<Float64Array> {
    const errors = new Float64Array(probes.length);
    for (let first = 0; first < probes.length; first += this.rows) {
      const rows = Array.from({ length: this.rows }, (_, i) => probes[Math.min(first + i, probes.length - 1)]!);
      this.program.run({
        z, images: Int32Array.from(rows, ({ image }) => image), labels: Int32Array.from(rows, ({ label }) => label),
        noises: Int32Array.from(rows, ({ pair }) => this.pairs.noises[pair]!),
        timesteps: Int32Array.from(rows, ({ pair }) => this.pairs.timesteps[pair]!),
      });
      const found = await this.program.readFloats('error');
      for (let i = 0; i < this.rows && first + i < probes.length; i++) errors[first + i] = found[i]!;
    }
    this.passes += probes.length;
    return errors;
  }

  destroy(): void {
    this.program.destroy();
  }
}
