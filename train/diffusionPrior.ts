/**
 * Trains the diffusion layout prior of the paper on annotations alone, in the embedding space of a generator.
 *
 *   npm run train:prior -- --kind diffusion --annotations F --generator RUN --out RUN --preset tiny
 */
import { batchIndices, itemStream } from '../data/batches.ts';
import { compile } from '../engine/compile/compile.ts';
import type { NamedArray } from '../engine/checkpoint.ts';
import type { Device } from '../engine/device.ts';
import { add, gather, inputTensor, mean, mul, table } from '../engine/ops/index.ts';
import { StepCounter } from '../engine/optim.ts';
import { ParamStore } from '../engine/params.ts';
import type { Program } from '../engine/program.ts';
import { RandomStream } from '../engine/random.ts';
import type { Tensor } from '../engine/tensor.ts';
import { drawNoise, drawTimesteps, noiseSchedule } from '../models/diffusion.ts';
import { layoutVocabulary, type LayoutVocabulary } from '../models/layoutTokens.ts';
import type { DiffusionPriorConfig } from '../models/prior/config.ts';
import { orderedLayout, priorDenoisingLoss, priorSpecs, tokenTableName, type PriorData, type PriorDescription }
  from '../pipeline/prior.ts';
import type { SplitDataset } from './data.ts';
import type { LoopConfig, Task } from './loop.ts';
import { compileStep, type OptimConfig } from './step.ts';

/** What is chosen before training. Sizes that follow from the generator are filled in by the command. */
export interface DiffusionPriorTraining {
  readonly model: DiffusionPriorConfig;
  readonly data: PriorData;
  /** Layouts a step. */
  readonly batch: number;
  readonly optim: OptimConfig;
  readonly loop: LoopConfig;
  readonly seed: number;
}

export type DiffusionPriorRun = DiffusionPriorTraining & PriorDescription<DiffusionPriorConfig>;

/** Draws of the fixed validation pass: timesteps spread evenly, one noise each. */
const validationDraws = 4;
const validationBatch = 32;
const validationLayouts = 512;

/** Token ids [B, 3 N] of layouts as an input of a program. */
const idsInput = (batch: number, { maxObjects: N }: LayoutVocabulary): Tensor =>
  inputTensor('ids', [batch, 3 * N], 'i32');

/** Token sequences [L] without crop tokens, side by side. */
const joinTokens = (sequences: readonly Int32Array[], { maxObjects: N }: LayoutVocabulary): Int32Array =>
  Int32Array.from(sequences.flatMap((tokens) => [...tokens.subarray(0, 3 * N)]));

/** Error `loss` [B] of each layout over fixed timesteps and noises. */
function validationProgram(device: Device, store: ParamStore, run: DiffusionPriorRun, vocabulary: LayoutVocabulary,
  rows: Tensor): Promise<Program> {
  const embeddings = gather(rows, idsInput(validationBatch, vocabulary));
  const { steps } = run.model.schedule;
  const losses = Array.from({ length: validationDraws }, (_, k) => {
    const random = new RandomStream(run.seed, `validation noise ${k}`);
    const noise = table(Float32Array.from({ length: embeddings.size }, () => random.normal()), embeddings.shape);
    const t = Int32Array.from({ length: validationBatch }, (__, i) =>
      Math.floor(((k + ((i * 0.618) % 1)) / validationDraws) * steps));
    return priorDenoisingLoss(store.scope(), embeddings, table(t, [validationBatch], 'i32'), noise, run);
  });
  const loss = mul(losses.reduce((a, b) => add(a, b)), 1 / validationDraws);
  return compile(device, { name: 'prior validation', outputs: { loss } });
}

/** Mean error over validation layouts, each in an order that stays the same. */
async function validationLoss(check: Program, run: DiffusionPriorRun, vocabulary: LayoutVocabulary,
  images: SplitDataset['validation']['images']): Promise<number> {
  let total = 0;
  const count = Math.min(images.length, validationLayouts);
  for (let first = 0; first < count; first += validationBatch) {
    const sequences = Array.from({ length: validationBatch }, (_, i) => {
      const index = (first + i) % images.length;
      const random = new RandomStream(run.seed, `validation ${index}`);
      return orderedLayout(vocabulary, images[index]!.objects, run.data.order ?? 'random', false, random);
    });
    check.run({ ids: joinTokens(sequences, vocabulary) });
    const losses = await check.readFloats('loss');
    for (let i = 0; i < Math.min(validationBatch, count - first); i++) total += losses[i]!;
  }
  return total / count;
}

export async function diffusionPriorTask(device: Device, run: DiffusionPriorRun, data: SplitDataset,
  tokenTable: NamedArray, sampleSheet: (store: ParamStore, file: string) => Promise<void>): Promise<Task> {
  const { model, batch } = run;
  const vocabulary = layoutVocabulary(run.vocabulary);
  const specs = priorSpecs(model);
  const store = new ParamStore('prior', specs);
  store.initialise(run.seed);
  const counter = new StepCounter('prior', run.seed);
  const rows = table(tokenTable.data, tokenTable.shape);
  const embeddings = gather(rows, idsInput(batch, vocabulary));
  const t = drawTimesteps(noiseSchedule(model.schedule), batch, counter.key, 'timestep');
  const noise = drawNoise(embeddings, counter.key, 'noise');
  const step = await compileStep(device, 'prior step', store,
    () => ({ loss: mean(priorDenoisingLoss(store.scope(), embeddings, t, noise, run)) }),
    counter, run.optim, run.loop.steps);
  const used = step.averages.length > 0 ? new ParamStore('prior average', specs, step.averages) : store;
  const check = await validationProgram(device, used, run, vocabulary, rows);
  const { images } = data.training;
  return {
    kind: 'prior', config: run, program: step.program, store, averages: step.averages, states: step.states,
    frozen: new Map([[tokenTableName, tokenTable]]),
    async batch(at) {
      const sequences = batchIndices(images.length, batch, at, run.seed).map((index, i) => {
        const random = itemStream(run.seed, at, i);
        const mirrored = run.data.flip && random.chance(0.5);
        return orderedLayout(vocabulary, images[index]!.objects, run.data.order ?? 'random', mirrored, random);
      });
      return { ids: joinTokens(sequences, vocabulary) };
    },
    validate: async () => ({ val: await validationLoss(check, run, vocabulary, data.validation.images) }),
    sample: (file) => sampleSheet(used, file),
  };
}
