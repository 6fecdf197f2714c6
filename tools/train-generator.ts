/** `npm run train:generator`: a diffusion model of layouts or of classes, on the latents of a trained first stage. */
import { readClassFolders } from '../data/classFolders.ts';
import { UserError } from '../engine/errors.ts';
import type { ParamStore } from '../engine/params.ts';
import { forClassesAndLatents, latentChannelsOf } from '../models/classModel.ts';
import { encodeLayout, layoutVocabulary } from '../models/layoutTokens.ts';
import { ClassSampler } from '../pipeline/classGenerator.ts';
import type { FirstStage } from '../pipeline/firstStage.ts';
import { LayoutSampler } from '../pipeline/generator.ts';
import type { LatentSampler } from '../pipeline/latentSampler.ts';
import { classGeneratorTask, type ClassGeneratorRun } from '../train/classGenerator.ts';
import type { DenoisingTraining } from '../train/denoising.ts';
import { expectPictures, readDatasets, splitDataset, type SplitDataset } from '../train/data.ts';
import { generatorTask, type GeneratorRun } from '../train/generator.ts';
import { classGeneratorRuns } from '../train/presets/classGenerator.ts';
import { generatorRuns } from '../train/presets/generator.ts';
import { command, oneOf, positiveInteger, range, real, runCommand, splitOverrides } from './cli.ts';
import { encodeAll, expectLatent, firstStageOf, openFirstStage, type FirstStageOptions } from './firstStageSource.ts';
import { drawClassSheet, drawLayoutSheet } from './layoutSheet.ts';
import {
  buildTask, chooseConfig, dataPaths, openForTraining, printConfig, runPaths, runTraining, withTraining,
  type TrainOptions,
} from './trainCommand.ts';

interface Options extends TrainOptions, FirstStageOptions {
  readonly conditioning: 'layout' | 'class';
  readonly accumulate?: number;
  readonly conditionDropout?: number;
  readonly minSnr?: number;
  readonly timesteps?: readonly [number, number];
}

/** Conditions drawn in a contact sheet. */
const sheetItems = 8;

const { argv, overrides } = splitOverrides(process.argv.slice(2));

/** The preset with the options of this command in it. */
function chooseTraining<Training extends DenoisingTraining>(presets: Readonly<Record<string, Training>>,
  options: Options): Training {
  const { accumulate, conditionDropout, minSnr, timesteps } = options;
  return {
    ...chooseConfig(presets, options, overrides), ...(accumulate !== undefined && { accumulate }),
    ...(conditionDropout !== undefined && { conditionDropout }), ...(minSnr !== undefined && { minSnr }),
    ...(timesteps !== undefined && { timesteps }),
  };
}

async function trainLayouts(options: Options): Promise<void> {
  const paths = dataPaths(options, true);
  const source = firstStageOf(options);
  const training = chooseTraining(generatorRuns, options);
  const { minArea } = training.data;
  const data = await readDatasets(paths, { minArea, maxObjects: training.vocabulary.maxObjects }, training.seed);
  console.log(data.summary);
  expectPictures(data, paths);
  const { categories } = data.training;
  const vocabulary = layoutVocabulary({ ...training.vocabulary, classCount: categories.length });
  // The encoder's tables follow from the vocabulary, so that --vocabulary.maxObjects alone makes room for more.
  const encoder = {
    ...training.model.encoder, vocabularySize: vocabulary.vocabularySize, maxLength: vocabulary.length,
  };
  const device = await openForTraining(options, training);
  expectLatent(source, training.model.unet.latentChannels, '--model.unet.latentChannels');
  const firstStage = await openFirstStage(device, source);
  const latents = await encodeAll(paths, source, firstStage, data, training.data.flip, options.out!);
  const run: GeneratorRun = {
    ...training, model: { ...training.model, encoder }, categories, autoencoder: source.config, image: source.image,
    vocabulary: { ...training.vocabulary, classCount: categories.length }, latentScale: latents.training.unitScale(),
  };
  printConfig(run);
  const items = shown(data.validation.images);
  const tokens = new Int32Array(items.flatMap(({ objects }) => [...encodeLayout(vocabulary, objects)]));
  const open = (store: ParamStore): Promise<LatentSampler> => LayoutSampler.open(device, store, run, sheetItems);
  const sheet = sheetWriter(open, run, firstStage, tokens, (file, pictures) => drawLayoutSheet(file, pictures,
    run.image.size, items.map(({ objects }) => objects), categories));
  const task = await buildTask(overrides, () => generatorTask(device, run, data, latents, source.weights, sheet));
  await runTraining(device, task, run.loop, options);
}

async function trainClasses(options: Options): Promise<void> {
  if (options.annotations !== undefined || options.validateAnnotations !== undefined) {
    throw new UserError('--annotations: --conditioning class takes its classes from the folders in --images');
  }
  const paths = runPaths(options);
  const source = firstStageOf(options);
  const training = chooseTraining(classGeneratorRuns, options);
  const all = readClassFolders(paths.images);
  const validation = paths.validateImages === undefined ? null : readClassFolders(paths.validateImages, all.categories);
  const data = splitDataset(all, validation, training.seed, paths.images);
  console.log(data.summary);
  const { categories } = all;
  const device = await openForTraining(options, training);
  const latent = expectLatent(source, latentChannelsOf(training.model),
    training.model.backbone === 'dit' ? '--model.latentChannels' : '--model.unet.latentChannels');
  const firstStage = await openFirstStage(device, source);
  const latents = await encodeAll(paths, source, firstStage, data, training.data.flip, options.out!);
  const run: ClassGeneratorRun = {
    ...training, conditioning: 'class', model: forClassesAndLatents(training.model, categories.length, latent),
    categories, autoencoder: source.config, image: source.image, latentScale: latents.training.unitScale(),
  };
  printConfig(run);
  const labels = Int32Array.from({ length: sheetItems }, (_, i) => (categories.length <= sheetItems
    ? i % categories.length : Math.floor((i * categories.length) / sheetItems)));
  const open = (store: ParamStore): Promise<LatentSampler> => ClassSampler.open(device, store, run, sheetItems);
  const sheet = sheetWriter(open, run, firstStage, labels, (file, pictures) => drawClassSheet(file, pictures,
    run.image.size, [...labels].map((label) => categories[label]!.name)));
  const task = await buildTask(overrides, () => classGeneratorTask(device, run, data, latents, source.weights, sheet));
  await runTraining(device, task, run.loop, options);
}

const shown = (images: SplitDataset['validation']['images']): SplitDataset['validation']['images'] =>
  Array.from({ length: sheetItems }, (_, i) => images[i % images.length]!);

/** Draws what the generator makes of some conditions. */
function sheetWriter(open: (store: ParamStore) => Promise<LatentSampler>, run: DenoisingTraining,
  firstStage: FirstStage, conditions: Int32Array, draw: (file: string, pictures: Float32Array) => Promise<void>):
  (store: ParamStore, file: string) => Promise<void> {
  let sampler: LatentSampler | null = null;
  return async (store, file) => {
    sampler ??= await open(store);
    const z = await sampler.sample(conditions, {
      sampler: 'ddim', steps: Math.min(25, run.timesteps[1] - run.timesteps[0]), guidance: 1, seed: run.seed,
    });
    await draw(file, await firstStage.decode(z));
  };
}

const root = withTraining(
  command('train:generator', 'Trains a diffusion model of layouts, or of classes, on latents of a trained first stage.',
    'npm run train:generator -- --annotations data/train.json --images data/images '
      + '--autoencoder runs/autoencoder --out runs/generator')
    .option('--conditioning <layout|class>', `what pictures are drawn from; of classes, --images holds a folder of `
      + `pictures for each, and presets are ${Object.keys(classGeneratorRuns).join(', ')}`, oneOf('layout', 'class'),
    'layout')
    .option('--images <dir>', 'folder of the pictures (required)')
    .option('--validate-images <dir>', 'folder of the validation pictures (default: that of --images)')
    .option('--autoencoder <run>', 'folder of a trained autoencoder, or pixels:F for pixels in F x F blocks (required)')
    .option('--size <px>', 'side of the pictures (default: that of the autoencoder)', positiveInteger)
    .option('--accumulate <number>', 'batches whose gradients make one step (default: the preset\'s)', positiveInteger)
    .option('--condition-dropout <share>', 'share of conditions dropped, for guidance (default: the preset\'s)', real)
    .option('--timesteps <low,high>', 'timesteps that are trained, from low to below high (default: the preset\'s)',
      range)
    .option('--min-snr <bound>', 'min-SNR weighting of timesteps, 0 for none (default: the preset\'s)', real),
  Object.keys(generatorRuns), 'tiny',
).action((options: Options) => (options.conditioning === 'class' ? trainClasses(options) : trainLayouts(options)));

await runCommand(root, argv);
