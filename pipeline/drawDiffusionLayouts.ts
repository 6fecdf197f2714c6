import type { NamedArray } from '../engine/checkpoint.ts';
import { compile } from '../engine/compile/compile.ts';
import type { Device } from '../engine/device.ts';
import { inputTensor } from '../engine/ops/index.ts';
import type { ParamStore } from '../engine/params.ts';
import { RandomStream } from '../engine/random.ts';
import { noiseSchedule } from '../models/diffusion.ts';
import { decodeLayout, layoutVocabulary } from '../models/layoutTokens.ts';
import type { DiffusionPriorConfig } from '../models/prior/config.ts';
import { diffusionPrior } from '../models/prior/diffusion.ts';
import { nearestTokens } from '../models/prior/nearestTokens.ts';
import { noiseDenoiser, samplers } from '../models/samplers.ts';
import type { SampledLayout } from './drawPriorLayouts.ts';
import type { PriorDescription } from './prior.ts';

export interface DenoiseOptions {
  readonly count: number;
  readonly seed: number;
  readonly sampler: keyof typeof samplers;
  /** Timesteps visited. */
  readonly steps: number;
  /** Noise of ddim: 0 none, 1 as much as ddpm. */
  readonly eta: number;
  /** Called after each step with the steps done, of all. */
  readonly onStep?: (done: number, total: number) => void;
}

/** Fifty timesteps of ddim without noise, or all where there are fewer. */
export const defaultDenoising = ({ schedule: { steps } }: DiffusionPriorConfig):
  Pick<DenoiseOptions, 'sampler' | 'steps' | 'eta'> => ({ sampler: 'ddim', steps: Math.min(50, steps), eta: 0 });

/** Layouts denoised at once. */
const most = 64;

/**
 * `count` layouts from a diffusion prior: noise becomes embeddings, and each embedding the nearest row that its slot
 * may hold.
 */
export async function drawDiffusionLayouts(device: Device, store: ParamStore,
  description: Pick<PriorDescription<DiffusionPriorConfig>, 'model' | 'vocabulary' | 'statistics'>,
  tokenTable: NamedArray, options: DenoiseOptions): Promise<SampledLayout[]> {
  const { count, seed, sampler, steps, eta, onStep } = options;
  const { model, statistics: { mean, std } } = description;
  const vocabulary = layoutVocabulary(description.vocabulary);
  const batch = Math.min(count, most);
  const shape = [batch, 3 * model.maxObjects, model.embeddingWidth];
  const size = shape[1]! * shape[2]!;
  const schedule = noiseSchedule(model.schedule);
  const prediction = diffusionPrior(store.scope(), inputTensor('x', shape), inputTensor('t', [batch], 'i32'), model);
  const program = await compile(device, { name: 'denoise layouts', outputs: { prediction } });
  const denoise = noiseDenoiser(async (x, t) => {
    program.run({ x, t: new Int32Array(batch).fill(t) });
    return program.readFloats('prediction');
  }, model.prediction, schedule);
  const random = new RandomStream(seed, 'layouts');
  const batches = Math.ceil(count / batch);
  const drawn: SampledLayout[] = [];
  for (let done = 0; done < batches; done++) {
    const start = Float32Array.from({ length: batch * size }, () => random.normal());
    const x = await samplers[sampler](denoise, start, {
      schedule, steps, random, eta, onStep: (step) => onStep?.(done * steps + step, batches * steps),
    });
    for (let i = 0; i < Math.min(batch, count - done * batch); i++) {
      const embeddings = x.subarray(i * size, (i + 1) * size).map((value) => value * std + mean);
      const tokens = nearestTokens(vocabulary, embeddings, tokenTable.data as Float32Array);
      drawn.push({ tokens, objects: decodeLayout(vocabulary, tokens).objects });
    }
  }
  program.destroy();
  return drawn;
}
