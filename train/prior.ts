/**
 * Trains the autoregressive layout prior on annotations alone, in the embedding space of a generator.
 *
 *   npm run train:prior -- --annotations F --generator RUN --out RUN --preset tiny
 */
import { batchIndices, itemStream } from '../data/batches.ts';
import { compile } from '../engine/compile/compile.ts';
import type { NamedArray } from '../engine/checkpoint.ts';
import type { Device } from '../engine/device.ts';
import { add, gather, inputTensor, mean, sum, table } from '../engine/ops/index.ts';
import { StepCounter } from '../engine/optim.ts';
import { ParamStore } from '../engine/params.ts';
import { RandomStream } from '../engine/random.ts';
import type { Tensor } from '../engine/tensor.ts';
import { layoutVocabulary, type LayoutVocabulary } from '../models/layoutTokens.ts';
import { slotTargets, type SlotTargets } from '../models/prior/autoregressive.ts';
import type { AutoregressivePriorConfig } from '../models/prior/config.ts';
import { slotFrequencyTensors, slotTables, uncertainEmbeddings, type UncertaintyConfig } from '../models/softTokens.ts';
import { orderedLayout, priorSpecs, priorTokenNats, tokenTableName, type PriorData, type PriorDescription }
  from '../pipeline/prior.ts';
import type { SplitDataset } from './data.ts';
import { trainingFrequencies } from './generator.ts';
import type { LoopConfig, Task } from './loop.ts';
import { compileStep, type OptimConfig } from './step.ts';

/** What is chosen before training. Sizes that follow from the generator are filled in by the command. */
export interface PriorTraining {
  readonly model: AutoregressivePriorConfig;
  readonly data: PriorData;
  /** Layouts shown uncertain, as inversion shows them; see `uncertainEmbeddings`. */
  readonly uncertainty: UncertaintyConfig;
  readonly batch: number;
  readonly optim: OptimConfig;
  readonly loop: LoopConfig;
  readonly seed: number;
}

export type PriorRun = PriorTraining & PriorDescription;

const validationBatch = 64;

/** Targets of a batch of token sequences as inputs of a program. */
function targetInputs(vocabulary: LayoutVocabulary, batch: number): SlotTargets<Tensor> {
  return {
    classes: inputTensor('classes', [batch, vocabulary.maxObjects], 'i32'),
    corners: inputTensor('corners', [batch, vocabulary.maxObjects, 2], 'i32'),
  };
}

/** Nats of every token -> of every layout [B]. */
const ofLayouts = ({ classes, corners }: SlotTargets<Tensor>): Tensor => add(sum(classes, [1]), sum(corners, [1, 2]));

export async function priorTask(device: Device, run: PriorRun, data: SplitDataset, tokenTable: NamedArray,
  sampleSheet: (store: ParamStore, file: string) => Promise<void>): Promise<Task> {
  const { batch } = run;
  const vocabulary = layoutVocabulary(run.vocabulary);
  const length = 3 * vocabulary.maxObjects;
  const specs = priorSpecs(run.model);
  const store = new ParamStore('prior', specs);
  store.initialise(run.seed);
  const counter = new StepCounter('prior', run.seed);
  const rows = table(tokenTable.data, tokenTable.shape);
  const tables = slotTables(rows, vocabulary);
  const ids = inputTensor('ids', [batch, length], 'i32');
  const targets = targetInputs(vocabulary, batch);
  const embeddings = uncertainEmbeddings(gather(rows, ids), tables,
    slotFrequencyTensors(vocabulary, trainingFrequencies(vocabulary, data.training.images, run.seed)), run.uncertainty, counter.key);
  const loss = mean(ofLayouts(priorTokenNats(store.scope(), embeddings, targets, run, counter.key)));
  const step = await compileStep(device, 'prior step', store, loss, counter, run.optim, run.loop.steps);
  const used = step.averages.length > 0 ? new ParamStore('prior average', specs, step.averages) : store;
  const fixed = inputTensor('ids', [validationBatch, length], 'i32');
  const fixedTargets = targetInputs(vocabulary, validationBatch);
  const check = await compile(device, {
    name: 'prior validation',
    outputs: { nats: ofLayouts(priorTokenNats(used.scope(), gather(rows, fixed), fixedTargets, run)) },
  });
  const inputs = (tokens: readonly Int32Array[]): Record<string, Int32Array> => {
    const flat = new Int32Array(tokens.length * vocabulary.length);
    tokens.forEach((sequence, i) => flat.set(sequence, i * vocabulary.length));
    const all = new Int32Array(tokens.length * length);
    tokens.forEach((sequence, i) => all.set(sequence.subarray(0, length), i * length));
    return { ids: all, ...slotTargets(vocabulary, flat) };
  };
  const order = run.data.order ?? 'random';
  return {
    kind: 'prior', config: run, program: step.program, store, averages: step.averages, states: step.states,
    frozen: new Map([[tokenTableName, tokenTable]]),
    async batch(at) {
      return inputs(batchIndices(data.training.images.length, batch, at, run.seed).map((index, i) => {
        const random = itemStream(run.seed, at, i);
        return orderedLayout(vocabulary, data.training.images[index]!.objects, order, run.data.flip && random.chance(0.5), random);
      }));
    },
    async validate() {
      let [total, count] = [0, 0];
      const { images } = data.validation;
      for (let first = 0; first < Math.min(images.length, 1024); first += validationBatch) {
        check.run(inputs(Array.from({ length: validationBatch }, (_, i) => {
          const index = (first + i) % images.length;
          return orderedLayout(vocabulary, images[index]!.objects, order, false, new RandomStream(run.seed, `validation ${index}`));
        })));
        (await check.readFloats('nats')).forEach((value, i) => {
          if (first + i >= images.length) return;
          total += value;
          count++;
        });
      }
      return { val: total / count };
    },
    sample: (file) => sampleSheet(used, file),
  };
}
