/** `npm run train:generator`: U-Net and layout encoder on the latents of a trained first stage. */
import { createHash } from 'node:crypto';
import { join } from 'node:path';
import { drawLayoutSheet } from './layoutSheet.ts';
import type { Device } from '../engine/device.ts';
import { UserError } from '../engine/errors.ts';
import type { AutoencoderConfig } from '../models/autoencoder/config.ts';
import { latentShape } from '../models/autoencoder/config.ts';
import { encodeLayout, layoutVocabulary } from '../models/layoutTokens.ts';
import { FirstStage } from '../pipeline/firstStage.ts';
import { LayoutSampler } from '../pipeline/generator.ts';
import { loadRun, type Weights } from '../pipeline/run.ts';
import type { AutoencoderRun } from '../train/autoencoder.ts';
import { expectPictures, readDatasets } from '../train/data.ts';
import { generatorTask, type GeneratorRun } from '../train/generator.ts';
import { ImageSet } from '../train/imageSet.ts';
import { latentsOf, type LatentSet } from '../train/latents.ts';
import { generatorRuns } from '../train/presets/generator.ts';
import { Progress, command, openDevice, positiveInteger, required, runCommand, splitOverrides } from './cli.ts';
import { buildTask, chooseConfig, dataPaths, runTraining, withTraining, type TrainOptions } from './trainCommand.ts';

interface Options extends TrainOptions {
  readonly autoencoder?: string;
  readonly size?: number;
}

/** Layouts drawn in a contact sheet. */
const sheetLayouts = 8;

interface FirstStageSource {
  readonly config: AutoencoderConfig;
  readonly weights: Weights;
  readonly where: string;
  readonly image: GeneratorRun['image'];
}

/** The first stage that `--autoencoder` names: a run, or `pixels:F` for none but F x F pixels in the channels. */
function firstStageOf(options: Options): FirstStageSource {
  const name = required(options.autoencoder, '--autoencoder');
  const pixels = /^pixels(?::(\d+))?$/.exec(name);
  if (pixels) {
    const size = required(options.size, '--size (needed with --autoencoder pixels)');
    return {
      config: { kind: 'identity', factor: Number(pixels[1] ?? 1) }, weights: new Map(), where: name, image: { size },
    };
  }
  const run = loadRun<AutoencoderRun>(name, 'autoencoder');
  const { model, data } = run.header.config;
  return { config: model, weights: run.weights, where: run.file, image: { size: options.size ?? data.size } };
}

const { argv, overrides } = splitOverrides(process.argv.slice(2));

const root = withTraining(
  command('train:generator', 'Trains the layout-conditional generator on latents of a trained first stage.',
    'npm run train:generator -- --annotations data/train.json --images data/images '
      + '--autoencoder runs/autoencoder --out runs/generator')
    .option('--images <dir>', 'folder of the pictures (required)')
    .option('--validate-images <dir>', 'folder of the validation pictures (default: that of --images)')
    .option('--autoencoder <run>', 'folder of a trained autoencoder, or pixels:F for pixels in F x F blocks (required)')
    .option('--size <px>', 'side of the pictures (default: that of the autoencoder)', positiveInteger),
  Object.keys(generatorRuns), 'tiny',
).action(async (options: Options) => {
  const paths = dataPaths(options, true);
  const source = firstStageOf(options);
  const out = required(options.out, '--out');
  const training = chooseConfig(generatorRuns, options, overrides);
  const { minArea } = training.data;
  const data = await readDatasets(paths, { minArea, maxObjects: training.vocabulary.maxObjects }, training.seed);
  console.log(data.summary);
  expectPictures(data, paths);
  const classCount = data.training.categories.length;
  const vocabulary = layoutVocabulary({ ...training.vocabulary, classCount });
  // The encoder's tables follow from the vocabulary, so that --vocabulary.maxObjects alone makes room for more.
  const encoder = {
    ...training.model.encoder, vocabularySize: vocabulary.vocabularySize, maxLength: vocabulary.length,
  };
  const device = await openDevice({ ...options, timestamps: options.profile ?? false });
  const latent = latentShape(source.config, source.image.size, source.image.size);
  if (latent[0] !== training.model.unet.latentChannels) {
    throw new UserError(`the autoencoder's latents have ${latent[0]} channels, the U-Net takes `
      + `${training.model.unet.latentChannels}; set --model.unet.latentChannels ${latent[0]}`);
  }
  const firstStage = await FirstStage.open(device, source.config, source.weights, source.where, source.image.size);
  const latents = await encodeAll(paths, source, firstStage, data, training.data.flip, out);
  const run: GeneratorRun = {
    ...training, model: { ...training.model, encoder }, vocabulary: { ...training.vocabulary, classCount },
    categories: data.training.categories, autoencoder: source.config, image: source.image,
    latentScale: latents.training.unitScale(),
  };
  console.log(`config: ${JSON.stringify(run)}`);
  const sheet = sheetWriter(device, run, firstStage, data);
  const task = await buildTask(overrides, () => generatorTask(device, run, data, latents, source.weights, sheet));
  await runTraining(device, task, run.loop, options);
});

async function encodeAll(paths: ReturnType<typeof dataPaths>, source: FirstStageSource, firstStage: FirstStage,
  data: Awaited<ReturnType<typeof readDatasets>>, flips: boolean, out: string):
  Promise<{ training: LatentSet; validation: LatentSet }> {
  const hash = createHash('sha256').update(JSON.stringify(source.config));
  for (const [name, { data: values }] of source.weights) {
    hash.update(name).update(new Uint8Array(values.buffer, values.byteOffset, values.byteLength));
  }
  const fingerprint = hash.digest('hex');
  const encode = async (name: 'training' | 'validation', dir: string, mirrored: boolean): Promise<LatentSet> => {
    const images = new ImageSet(data[name], dir, source.image.size);
    const progress = new Progress(`encoding ${name} pictures`, images.length * (mirrored ? 2 : 1));
    try {
      return await latentsOf(images, firstStage, fingerprint, mirrored, join(out, `latents-${name}.msgpack`),
        (done) => progress.update(done));
    } finally {
      progress.stop();
    }
  };
  return {
    training: await encode('training', paths.images, flips),
    validation: await encode('validation', paths.validateImages ?? paths.images, false),
  };
}

/** Draws what the generator makes of the first validation layouts, the layout on each. */
function sheetWriter(device: Device, run: GeneratorRun, firstStage: FirstStage,
  data: Awaited<ReturnType<typeof readDatasets>>): Parameters<typeof generatorTask>[5] {
  let sampler: LayoutSampler | null = null;
  return async (store, file) => {
    sampler ??= await LayoutSampler.open(device, store, run, sheetLayouts);
    const vocabulary = layoutVocabulary(run.vocabulary);
    const items = Array.from({ length: sheetLayouts },
      (_, i) => data.validation.images[i % data.validation.images.length]!);
    const tokens = new Int32Array(sheetLayouts * vocabulary.length);
    items.forEach(({ objects }, i) => tokens.set(encodeLayout(vocabulary, objects), i * vocabulary.length));
    const z = await sampler.sample(tokens, {
      sampler: 'ddim', steps: Math.min(25, run.model.diffusion.schedule.steps), guidance: 1, seed: run.seed,
    });
    await drawLayoutSheet(file, await firstStage.decode(z), run.image.size,
      items.map(({ objects }) => objects), run.categories);
  };
}

await runCommand(root, argv);
