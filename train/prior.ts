/**
 * Trains the autoregressive layout prior on annotations alone, in the embedding space of a generator.
 *
 *   npm run train:prior -- --annotations F --generator RUN --out RUN --preset tiny
 */
import type { AnnotatedImage } from '../data/annotations.ts';
import { batchIndices, itemStream } from '../data/batches.ts';
import { compile } from '../engine/compile/compile.ts';
import type { NamedArray } from '../engine/checkpoint.ts';
import type { Device } from '../engine/device.ts';
import { UserError } from '../engine/errors.ts';
import { add, gather, inputTensor, mean, sum, table } from '../engine/ops/index.ts';
import { StepCounter } from '../engine/optim.ts';
import { ParamStore, type Scope } from '../engine/params.ts';
import type { Program } from '../engine/program.ts';
import { RandomStream } from '../engine/random.ts';
import type { Tensor } from '../engine/tensor.ts';
import { layoutVocabulary, type LayoutObject, type LayoutVocabulary } from '../models/layoutTokens.ts';
import { slotTargets, type SlotTargets } from '../models/prior/autoregressive.ts';
import type { AutoregressivePriorConfig } from '../models/prior/config.ts';
import { slotFrequencyTensors, slotTables, uncertainEmbeddings, type UncertaintyConfig } from '../models/softTokens.ts';
import { orderedLayout, priorSpecs, priorTokenNats, tokenTableName, type PriorData, type PriorDescription }
  from '../pipeline/prior.ts';
import type { SplitDataset } from './data.ts';
import { trainingFrequencies } from './generator.ts';
import type { LoopConfig, Task } from './loop.ts';
import { compileSteps, type OptimConfig } from './step.ts';

/** What is chosen before training. Sizes that follow from the generator are filled in by the command. */
export interface PriorTraining {
  readonly model: AutoregressivePriorConfig;
  readonly data: PriorData;
  /** Layouts shown uncertain, as inversion shows them; see `uncertainEmbeddings`. */
  readonly uncertainty: UncertaintyConfig;
  /**
   * Layouts a step. With `lengths`, of those with N slots; of shorter ones so many more that a step has about as many
   * tokens.
   */
  readonly batch: number;
  /** Numbers of slots below N, ascending: shorter layouts are batched by themselves, unpadded. Default: none. */
  readonly lengths?: readonly number[];
  readonly optim: OptimConfig;
  readonly loop: LoopConfig;
  readonly seed: number;
}

export type PriorRun = PriorTraining & PriorDescription<AutoregressivePriorConfig>;

const validationBatch = 64;

/** Targets of a batch of layouts as inputs of a program. */
function targetInputs(slots: number, batch: number): SlotTargets<Tensor> {
  return {
    classes: inputTensor('classes', [batch, slots], 'i32'),
    corners: inputTensor('corners', [batch, slots, 2], 'i32'),
  };
}

/** Nats of every token -> of every layout [B]. */
const ofLayouts = ({ classes, corners }: SlotTargets<Tensor>): Tensor => add(sum(classes, [1]), sum(corners, [1, 2]));

/** Layouts of up to `slots` - 1 objects, or up to N where it has all slots; `batch` of them make a step. */
interface LengthGroup {
  readonly slots: number;
  readonly batch: number;
  readonly layouts: readonly AnnotatedImage[];
}

/**
 * Training layouts by length, so that short ones need not be padded to N slots: each group with about as many tokens
 * a step, and in turn as often as all layouts are seen alike. A layout belongs to the first group with room for it and
 * for the empty slot that ends it.
 */
function lengthGroups(run: PriorTraining & { model: { maxObjects: number } },
  layouts: readonly AnnotatedImage[]): LengthGroup[] {
  const { lengths = [], batch, model: { maxObjects: N } } = run;
  if (!lengths.every((slots, i) => Number.isInteger(slots) && slots > (lengths[i - 1] ?? 1))) {
    throw new UserError(`--lengths: must be whole numbers from 2, ascending; found ${lengths.join(',')}`);
  }
  const bounds = [...lengths.filter((slots) => slots < N), N];
  return bounds.map((slots, k) => ({
    slots,
    batch: Math.round((batch * N) / slots),
    layouts: layouts.filter(({ objects: { length } }) =>
      (slots === N || length < slots) && (k === 0 || length >= bounds[k - 1]!)),
  })).filter((group) => group.layouts.length > 0);
}

/** Group and batch of a step: a pure function of (seed, step). */
function drawBatch(groups: readonly LengthGroup[], seed: number,
  step: number): { group: number; images: AnnotatedImage[] } {
  if (groups.length === 1) {
    const { layouts, batch } = groups[0]!;
    return { group: 0, images: batchIndices(layouts.length, batch, step, seed).map((index) => layouts[index]!) };
  }
  const random = new RandomStream(seed, `batches/lengths/${step}`);
  const group = random.pick(groups.map((_, i) => i), groups.map(({ layouts, batch }) => layouts.length / batch));
  const { layouts, batch } = groups[group]!;
  return { group, images: Array.from({ length: batch }, () => random.pick(layouts)) };
}

/**
 * The objects as in a picture stretched here and squeezed there, by a smooth map of each axis that keeps its ends:
 * boxes at the border stay there, order and legality too. Few layouts are worth more so.
 *
 *   most  by which a piece of an axis is stretched, below 0.5
 */
export function bentLayout<T extends LayoutObject>(objects: readonly T[], most: number, random: RandomStream): T[] {
  const axis = (): (u: number) => number => {
    const [shift, zoom] = [random.uniform(-most, most), random.uniform(-most, most)];
    return (u) => u + u * (1 - u) * (shift + zoom * (1 - 2 * u));
  };
  const [x, y] = [axis(), axis()];
  return objects.map((object) => {
    const [x0, y0, x1, y1] = object.xyxyUnit;
    return { ...object, xyxyUnit: [x(x0), y(y0), x(x1), y(y1)] };
  });
}

/** Inputs of a program that reads the first `slots` object slots of token sequences [L]. */
function sequenceInputs(vocabulary: LayoutVocabulary, slots: number,
  tokens: readonly Int32Array[]): Record<string, Int32Array> {
  const part = { ...vocabulary, maxObjects: slots, length: 3 * slots, encodeCrop: false };
  const ids = Int32Array.from(tokens.flatMap((sequence) => [...sequence.subarray(0, 3 * slots)]));
  return { ids, ...slotTargets(part, ids) };
}

/** Mean nats of the validation layouts, each in an order that stays the same. */
async function validationNats(check: Program, run: PriorRun, vocabulary: LayoutVocabulary,
  images: readonly AnnotatedImage[]): Promise<number> {
  const order = run.data.order ?? 'random';
  let [total, count] = [0, 0];
  for (let first = 0; first < Math.min(images.length, 1024); first += validationBatch) {
    check.run(sequenceInputs(vocabulary, vocabulary.maxObjects, Array.from({ length: validationBatch }, (_, i) => {
      const index = (first + i) % images.length;
      const random = new RandomStream(run.seed, `validation ${index}`);
      return orderedLayout(vocabulary, images[index]!.objects, order, false, random);
    })));
    (await check.readFloats('nats')).forEach((value, i) => {
      if (first + i >= images.length) return;
      total += value;
      count++;
    });
  }
  return total / count;
}

/** Throws a UserError on options that cannot be. */
function expectConsistent({ model: { support, corners }, data: { order, bend = 0 } }: PriorTraining): void {
  if (!(bend >= 0 && bend < 0.5)) throw new UserError(`--data.bend: must be 0 or more and below 0.5, found ${bend}`);
  if (support !== 'canonical' || (corners === 'factored' && order === 'canonical')) return;
  throw new UserError('--model.support: canonical goes with --model.corners factored and --data.order canonical, '
    + `found ${corners} and ${order}`);
}

export async function priorTask(device: Device, run: PriorRun, data: SplitDataset, tokenTable: NamedArray,
  sampleSheet: (store: ParamStore, file: string) => Promise<void>): Promise<Task> {
  expectConsistent(run);
  const vocabulary = layoutVocabulary(run.vocabulary);
  const specs = priorSpecs(run.model);
  const store = new ParamStore('prior', specs);
  store.initialise(run.seed);
  const counter = new StepCounter('prior', run.seed);
  const groups = lengthGroups(run, data.training.images);
  if (groups.length > 1 && run.uncertainty.share > 0) {
    throw new UserError(`--lengths: groups of lengths go with --uncertainty.share 0, found ${run.uncertainty.share}`);
  }
  const rows = table(tokenTable.data, tokenTable.shape);
  const uncertain = (embeddings: Tensor): Tensor => (run.uncertainty.share === 0 ? embeddings : uncertainEmbeddings(
    embeddings, slotTables(rows, vocabulary),
    slotFrequencyTensors(vocabulary, trainingFrequencies(vocabulary, data.training.images, run.seed)),
    run.uncertainty, counter.key));
  const nats = (p: Scope, batch: number, slots: number, shown: (embeddings: Tensor) => Tensor, key?: Tensor): Tensor =>
    ofLayouts(priorTokenNats(p, shown(gather(rows, inputTensor('ids', [batch, 3 * slots], 'i32'))),
      targetInputs(slots, batch), run, key));
  const step = await compileSteps(device, 'prior step', store,
    groups.map(({ batch, slots }) => () => ({ loss: mean(nats(store.scope(), batch, slots, uncertain, counter.key)) })),
    counter, run.optim, run.loop.steps);
  const used = step.averages.length > 0 ? new ParamStore('prior average', specs, step.averages) : store;
  const check = await compile(device, {
    name: 'prior validation',
    outputs: { nats: nats(used.scope(), validationBatch, vocabulary.maxObjects, (embeddings) => embeddings) },
  });
  const { order = 'random', bend = 0 } = run.data;
  return {
    kind: 'prior', config: run, program: step.programs.at(-1)!, store, averages: step.averages, states: step.states,
    frozen: new Map([[tokenTableName, tokenTable]]),
    programAt: (at) => step.programs[drawBatch(groups, run.seed, at).group]!,
    async batch(at) {
      const { group, images } = drawBatch(groups, run.seed, at);
      return sequenceInputs(vocabulary, groups[group]!.slots, images.map(({ objects }, i) => {
        const random = itemStream(run.seed, at, i);
        const shown = bend > 0 ? bentLayout(objects, bend, random) : objects;
        return orderedLayout(vocabulary, shown, order, run.data.flip && random.chance(0.5), random);
      }));
    },
    validate: async () => ({ val: await validationNats(check, run, vocabulary, data.validation.images) }),
    sample: (file) => sampleSheet(used, file),
  };
}
