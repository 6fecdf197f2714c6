/** `npm run train:prior`: the layout prior, on annotations alone, in the embedding space of a generator. */
import { UserError } from '../engine/errors.ts';
import { RandomStream } from '../engine/random.ts';
import { layoutVocabulary, type LayoutVocabulary, type LayoutVocabularyConfig } from '../models/layoutTokens.ts';
import { ownTokenTable } from '../models/prior/ownTable.ts';
import { tableStatistics } from '../models/prior/standardise.ts';
import { drawPriorLayouts } from '../pipeline/drawPriorLayouts.ts';
import type { GeneratorDescription } from '../pipeline/generator.ts';
import { tokenTableName } from '../pipeline/prior.ts';
import { loadRun } from '../pipeline/run.ts';
import type { NamedArray } from '../engine/checkpoint.ts';
import { readDatasets } from '../train/data.ts';
import { priorRuns } from '../train/presets/prior.ts';
import { priorTask, type PriorRun, type PriorTraining } from '../train/prior.ts';
import { command, oneOf, openDevice, runCommand, splitOverrides } from './cli.ts';
import { drawLayouts } from './layoutSheet.ts';
import { buildTask, chooseConfig, dataPaths, runTraining, withTraining, type TrainOptions } from './trainCommand.ts';

interface Options extends TrainOptions {
  readonly generator?: string;
  readonly kind: 'autoregressive';
}

/** Where the prior's tokens live: the generator's table and vocabulary, or a table of its own. */
interface TokenSpace {
  readonly vocabulary: Omit<LayoutVocabularyConfig, 'classCount'> & { readonly classCount?: number };
  readonly table: (vocabulary: LayoutVocabulary) => NamedArray;
  readonly categories?: GeneratorDescription['categories'];
}

function tokenSpace(options: Options, training: PriorTraining): TokenSpace {
  if (options.generator !== undefined) {
    const run = loadRun<GeneratorDescription>(options.generator, 'generator');
    const { vocabulary, categories } = run.header.config;
    return { vocabulary, table: () => run.weights.get(tokenTableName)!, categories };
  }
  const { gridSide, maxObjects, embeddingWidth } = training.model;
  const vocabularySize = gridSide * gridSide + 1;
  return {
    vocabulary: { vocabularySize, maxObjects, encodeCrop: false },
    table: (vocabulary) => ({
      shape: [vocabularySize, embeddingWidth],
      data: ownTokenTable(vocabulary, embeddingWidth, new RandomStream(training.seed, 'token table')),
    }),
  };
}

const { argv, overrides } = splitOverrides(process.argv.slice(2));

const root = withTraining(
  command('train:prior', 'Trains the layout prior p(layout) on annotations; needs no pictures.',
    'npm run train:prior -- --annotations data/train.json --generator runs/generator --out runs/prior')
    .option('--generator <run>',
      'generator whose token table the prior reads (default: a table of its own, made for the grid)')
    .option('--kind <kind>', 'kind of prior: autoregressive', oneOf('autoregressive'), 'autoregressive'),
  Object.keys(priorRuns), 'tiny',
).action(async (options: Options) => {
  const paths = dataPaths(options, false);
  const training = chooseConfig(priorRuns, options, overrides);
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
  const run: PriorRun = {
    ...training, categories, statistics: tableStatistics(table.data as Float32Array),
    vocabulary: {
      vocabularySize: vocabulary.vocabularySize, maxObjects: vocabulary.maxObjects,
      encodeCrop: vocabulary.encodeCrop, classCount: categories.length,
    },
    model: {
      ...training.model, maxObjects: vocabulary.maxObjects, classCount: categories.length,
      gridSide: vocabulary.gridSide, embeddingWidth: table.shape[1]!,
    },
  };
  const device = await openDevice({ ...options, timestamps: options.profile ?? false });
  console.log(`config: ${JSON.stringify(run)}`);
  const task = await buildTask(overrides, () => priorTask(device, run, data, table, async (store, file) => {
    const layouts = await drawPriorLayouts(device, store, run, table, { count: 24, seed: run.seed, temperature: 1 });
    await drawLayouts(file, layouts.map(({ objects }) => objects), categories);
  }));
  await runTraining(device, task, run.loop, options);
});

await runCommand(root, argv);
