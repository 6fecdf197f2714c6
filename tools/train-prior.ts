/** `npm run train:prior`: the layout prior, on annotations alone, in the embedding space of a generator. */
import type { NamedArray } from '../engine/checkpoint.ts';
import type { Device } from '../engine/device.ts';
import { UserError, check } from '../engine/errors.ts';
import { RandomStream } from '../engine/random.ts';
import { layoutVocabulary, type LayoutVocabulary, type LayoutVocabularyConfig } from '../models/layoutTokens.ts';
import { ownTokenTable } from '../models/prior/ownTable.ts';
import { tableStatistics } from '../models/prior/standardise.ts';
import { defaultDenoising, drawDiffusionLayouts } from '../pipeline/drawDiffusionLayouts.ts';
import { drawPriorLayouts, type SampledLayout } from '../pipeline/drawPriorLayouts.ts';
import type { GeneratorDescription } from '../pipeline/generator.ts';
import { tokenTableName, type PriorDescription, type PriorKind } from '../pipeline/prior.ts';
import { loadRun } from '../pipeline/run.ts';
import type { Overrides } from '../train/config.ts';
import { readDatasets, type SplitDataset } from '../train/data.ts';
import { diffusionPriorTask, type DiffusionPriorTraining } from '../train/diffusionPrior.ts';
import type { Task } from '../train/loop.ts';
import { diffusionPriorRuns } from '../train/presets/diffusionPrior.ts';
import { priorRuns } from '../train/presets/prior.ts';
import { priorTask, type PriorTraining } from '../train/prior.ts';
import { command, oneOf, runCommand, splitOverrides } from './cli.ts';
import { drawLayouts } from './layoutSheet.ts';
import {
  buildTask, chooseConfig, dataPaths, openForTraining, printConfig, runTraining, withTraining, type TrainOptions,
} from './trainCommand.ts';

interface Options extends TrainOptions {
  readonly generator?: string;
  readonly kind: PriorKind;
}

/** Where the prior's tokens live: the generator's table and vocabulary, or a table of its own. */
interface TokenSpace {
  readonly vocabulary: Omit<LayoutVocabularyConfig, 'classCount'> & { readonly classCount?: number };
  readonly table: (vocabulary: LayoutVocabulary) => NamedArray;
  readonly categories?: GeneratorDescription['categories'];
}

function tokenSpace(options: Options, training: PriorTraining | DiffusionPriorTraining): TokenSpace {
  if (options.generator !== undefined) {
    const run = loadRun<GeneratorDescription>(options.generator, 'generator');
    const { vocabulary, categories } = run.header.config;
    return { vocabulary, table: () => run.weights.get(tokenTableName)!, categories };
  }
  const { model } = training;
  check(model.kind === 'autoregressive', 'only an autoregressive prior has a table of its own');
  const { gridSide, maxObjects, embeddingWidth } = model;
  const vocabularySize = gridSide * gridSide + 1;
  return {
    vocabulary: { vocabularySize, maxObjects, encodeCrop: false },
    table: (vocabulary) => ({
      shape: [vocabularySize, embeddingWidth],
      data: ownTokenTable(vocabulary, embeddingWidth, new RandomStream(training.seed, 'token table')),
    }),
  };
}

/** Settings of the kind that the options name. */
function chooseTraining(options: Options, overrides: Overrides): PriorTraining | DiffusionPriorTraining {
  if (options.kind === 'autoregressive') return chooseConfig(priorRuns, options, overrides);
  if (options.generator === undefined) {
    throw new UserError('--generator: is missing; a diffusion prior lives in the embedding space of a generator');
  }
  return chooseConfig(diffusionPriorRuns, options, overrides);
}

/** A prior is resumed as the kind that it is. */
function expectKind({ out, resume, kind }: Options): void {
  if (!resume || out === undefined) return;
  const found = loadRun<PriorDescription>(out, 'prior', 'latest').header.config.model.kind;
  if (found !== kind) throw new UserError(`${out}: holds a prior of --kind ${found}, found --kind ${kind}`);
}

const { argv, overrides } = splitOverrides(process.argv.slice(2));

const root = withTraining(
  command('train:prior', 'Trains the layout prior p(layout) on annotations; needs no pictures.',
    'npm run train:prior -- --annotations data/train.json --generator runs/generator --out runs/prior')
    .option('--generator <run>', 'generator whose token table the prior reads (default: a table of its own, made for '
      + 'the grid; autoregressive only)')
    .option('--kind <kind>', 'kind of prior: autoregressive (likelihoods in nats), or diffusion (the paper\'s)',
      oneOf('autoregressive', 'diffusion'), 'autoregressive'),
  [...new Set([...Object.keys(priorRuns), ...Object.keys(diffusionPriorRuns)])], 'tiny',
).action(async (options: Options) => {
  const paths = dataPaths(options, false);
  expectKind(options);
  const training = chooseTraining(options, overrides);
  const space = tokenSpace(options, training);
  const data = await readDatasets(paths, {
    minArea: training.data.minArea, maxObjects: space.vocabulary.maxObjects,
    ...(space.categories && { categories: space.categories }),
  }, training.seed);
  console.log(data.summary);
  const { categories } = data.training;
  const vocabulary = layoutVocabulary({ ...space.vocabulary, classCount: categories.length });
  if (space.categories && space.categories.length !== categories.length) {
    throw new UserError(`${paths.annotations} has ${categories.length} classes, `
      + `the generator ${space.categories.length}`);
  }
  const table = space.table(vocabulary);
  const description = {
    categories, statistics: tableStatistics(table.data as Float32Array),
    vocabulary: {
      vocabularySize: vocabulary.vocabularySize, maxObjects: vocabulary.maxObjects,
      encodeCrop: vocabulary.encodeCrop, classCount: categories.length,
    },
  };
  const device = await openForTraining(options, training);
  const task = await buildTask(overrides, () => makeTask(device, training, description, data, table));
  printConfig(task.config);
  await runTraining(device, task, training.loop, options);
});

/** The task of either kind, its model fitted to the tokens. */
function makeTask(device: Device, training: PriorTraining | DiffusionPriorTraining,
  description: Omit<PriorDescription, 'model' | 'data'>, data: SplitDataset, table: NamedArray): Promise<Task> {
  const { categories, vocabulary: { maxObjects } } = description;
  const embeddingWidth = table.shape[1]!;
  const count = 24;
  const draw = (file: string, layouts: readonly SampledLayout[]): Promise<void> =>
    drawLayouts(file, layouts, categories);
  if (isDiffusion(training)) {
    const run = { ...training, ...description, model: { ...training.model, maxObjects, embeddingWidth } };
    const options = { count, seed: run.seed, ...defaultDenoising(run.model) };
    return diffusionPriorTask(device, run, data, table, async (store, file) =>
      draw(file, await drawDiffusionLayouts(device, store, run, table, options)));
  }
  const { gridSide, classCount } = layoutVocabulary(description.vocabulary);
  const run = {
    ...training, ...description, model: { ...training.model, maxObjects, classCount, gridSide, embeddingWidth },
  };
  return priorTask(device, run, data, table, async (store, file) =>
    draw(file, await drawPriorLayouts(device, store, run, table, { count, seed: run.seed })));
}

const isDiffusion = (training: PriorTraining | DiffusionPriorTraining): training is DiffusionPriorTraining =>
  training.model.kind === 'diffusion';

await runCommand(root, argv);
