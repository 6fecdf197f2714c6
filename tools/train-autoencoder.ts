/** `npm run train:autoencoder`: a first stage from pictures to latents and back. */
import { autoencoderTask } from '../train/autoencoder.ts';
import { expectPictures, readDatasets } from '../train/data.ts';
import { autoencoderRuns } from '../train/presets/autoencoder.ts';
import { readPerceptual } from './perceptualWeights.ts';
import { command, runCommand, splitOverrides } from './cli.ts';
import {
  buildTask, chooseConfig, dataPaths, openForTraining, printConfig, runTraining, withTraining, type TrainOptions,
} from './trainCommand.ts';

interface Options extends TrainOptions {
  readonly perceptual?: string[];
}

const { argv, overrides } = splitOverrides(process.argv.slice(2));

const root = withTraining(
  command('train:autoencoder', 'Trains the first stage: pictures to latents and back.',
    'npm run train:autoencoder -- --annotations data/train.json --images data/images --out runs/autoencoder')
    .option('--images <dir>', 'folder of the pictures (required)')
    .option('--validate-images <dir>', 'folder of the validation pictures (default: that of --images)')
    .option('--perceptual <files...>', 'weights of LPIPS (VGG16 and its layers), safetensors, for a perceptual loss'),
  Object.keys(autoencoderRuns), 'tiny',
).action(async (options: Options) => {
  const paths = dataPaths(options, true);
  const run = chooseConfig(autoencoderRuns, options, overrides);
  const data = await readDatasets(paths, { minObjects: 0, maxObjects: Infinity }, run.seed);
  console.log(data.summary);
  expectPictures(data, paths);
  const perceptual = options.perceptual === undefined ? null : await readPerceptual(options.perceptual);
  const device = await openForTraining(options, run);
  printConfig(run);
  const task = await buildTask(overrides, () => autoencoderTask(device, run, data, {
    images: paths.images, validateImages: paths.validateImages ?? paths.images,
  }, perceptual));
  await runTraining(device, task, run.loop, options);
});

await runCommand(root, argv);
