import type { Program } from '../engine/program.ts';
import { RandomStream } from '../engine/random.ts';
import { noiseSchedule, type DiffusionConfig } from '../models/diffusion.ts';
import { guided, noiseDenoiser, samplers, type Denoiser } from '../models/samplers.ts';

/** How pictures are drawn. */
export interface SamplingOptions {
  readonly sampler: keyof typeof samplers;
  readonly steps: number;
  /** Classifier-free guidance against the condition that stands for none; 1 is none. */
  readonly guidance: number;
  readonly seed: number;
  /** Standard normals [B, C h w] to start from; default: drawn from the seed. */
  readonly start?: Float32Array;
  readonly eta?: number;
  readonly onStep?: (done: number) => void;
}

export interface LatentSamplerSpec {
  /** Inputs z [B, C, h, w], t i32 [B] and ids i32 [B, L]; output prediction. */
  readonly program: Program;
  readonly diffusion: DiffusionConfig;
  readonly latentScale: number;
  /** Timesteps that the network was trained on, [low, high). */
  readonly timesteps: readonly [number, number];
  /** C h w. */
  readonly latentSize: number;
  readonly batch: number;
  /** The condition [L] that stands for none. */
  readonly none: Int32Array;
}

/** Draws latents for batches of conditions. */
export class LatentSampler {
  protected constructor(private readonly spec: LatentSamplerSpec) {}

  get batch(): number {
    return this.spec.batch;
  }

  /** Latents [B, C, h, w] (unscaled, to be decoded) for conditions of `batch` times L numbers. */
  async sample(conditions: Int32Array, options: SamplingOptions): Promise<Float32Array> {
    const { program, diffusion, latentScale, timesteps, latentSize, batch, none } = this.spec;
    const schedule = noiseSchedule(diffusion.schedule);
    const denoiser = (ids: Int32Array): Denoiser => noiseDenoiser(async (x, t) => {
      program.run({ z: x, ids, t: new Int32Array(batch).fill(t) });
      return program.readFloats('prediction');
    }, diffusion.prediction, schedule);
    const without = new Int32Array(batch * none.length);
    for (let i = 0; i < batch; i++) without.set(none, i * none.length);
    const random = new RandomStream(options.seed, 'sample');
    const start = options.start ?? Float32Array.from({ length: batch * latentSize }, () => random.normal());
    const denoise = guided(denoiser(conditions), denoiser(without), options.guidance);
    const z = await samplers[options.sampler](denoise, start, {
      schedule, steps: options.steps, range: timesteps, random, ...(options.eta !== undefined && { eta: options.eta }),
      ...(options.onStep && { onStep: options.onStep }),
    });
    return z.map((value) => value / latentScale);
  }

  destroy(): void {
    this.spec.program.destroy();
  }
}
