/** `npm run sample -- images|layouts`: pictures from layouts, and layouts from a prior. */
import { join } from 'node:path';
import { noFilters, readAnnotations } from '../data/annotations.ts';
import { rgbOfBatch, encodePng } from '../data/images.ts';
import type { Device } from '../engine/device.ts';
import { writeAtomic } from '../engine/writeAtomic.ts';
import { UserError } from '../engine/errors.ts';
import { encodeLayout } from '../models/layoutTokens.ts';
import { samplers } from '../models/samplers.ts';
import { usePrecision, type Precision } from '../engine/precision.ts';
import { ClassSampler, openClassGenerator } from '../pipeline/classGenerator.ts';
import type { FirstStage } from '../pipeline/firstStage.ts';
import { LayoutSampler, openGenerator } from '../pipeline/generator.ts';
import type { LatentSampler } from '../pipeline/latentSampler.ts';
import { Progress, command, oneOf, openDevice, positiveInteger, prepareFor, real, required, runCommand, withDevice }
  from './cli.ts';
import { drawClassSheet, drawLayoutSheet } from './layoutSheet.ts';
import { addSampleLayouts } from './sampleLayouts.ts';

type SamplerName = keyof typeof samplers;

interface ImageOptions {
  readonly generator?: string;
  readonly layouts?: string;
  readonly classes?: string;
  readonly sampler: SamplerName;
  readonly steps: number;
  readonly guidance: number;
  readonly precision: Precision;
  readonly eta: number;
  readonly count?: number;
  readonly out?: string;
  readonly seed: number;
  readonly adapter?: string;
  readonly mode: 'safe' | 'fast';
}

/** Pictures drawn in one batch. */
const batch = 8;

/** What pictures are drawn from. */
interface Conditions {
  readonly sampler: LatentSampler;
  readonly firstStage: FirstStage;
  /** Names of the files, without their ending. */
  readonly names: readonly string[];
  /** Numbers [L] of each. */
  readonly conditions: readonly Int32Array[];
  drawSheet(file: string, pictures: Float32Array, count: number): Promise<void>;
}

async function layoutConditions(device: Device, dir: string, file: string, most: number | undefined):
  Promise<Conditions> {
  const { vocabulary, description, store, firstStage } = await openGenerator(device, dir);
  const { categories, image: { size } } = description;
  const items = (await readAnnotations(file, { ...noFilters, categories })).images.slice(0, most);
  const crowded = items.find(({ objects }) => objects.length > vocabulary.maxObjects);
  if (crowded) {
    throw new UserError(`${file}: layout ${crowded.id} has ${crowded.objects.length} objects, the generator takes at `
      + `most ${vocabulary.maxObjects}`);
  }
  return {
    sampler: await LayoutSampler.open(device, store, description, batch), firstStage,
    names: items.map(({ id }) => String(id).padStart(6, '0')),
    conditions: items.map(({ objects }) => encodeLayout(vocabulary, objects)),
    drawSheet: (to, pictures, count) =>
      drawLayoutSheet(to, pictures, size, items.slice(0, count).map(({ objects }) => objects), categories),
  };
}

/** `classes` names them, by name or number from 0, or is `all`; they take turns where `count` is more. */
async function classConditions(device: Device, dir: string, classes: string, count: number | undefined):
  Promise<Conditions> {
  const { description, store, firstStage } = await openClassGenerator(device, dir);
  const { categories, image: { size } } = description;
  const chosen = classes === 'all' ? categories.map((_, i) => i) : classes.split(',').map((word) => {
    const named = categories.findIndex(({ name }) => name === word.trim());
    const label = named >= 0 ? named : /^\s*\d+\s*$/.test(word) ? Number(word) : -1;
    if (label < 0 || label >= categories.length) {
      throw new UserError(`--classes: there is no class '${word}'; there are ${categories.length}, numbered from 0: `
        + `${categories.slice(0, 8).map(({ name }) => name).join(', ')}${categories.length > 8 ? ', ..' : ''}`);
    }
    return label;
  });
  const labels = Array.from({ length: count ?? chosen.length }, (_, i) => chosen[i % chosen.length]!);
  return {
    sampler: await ClassSampler.open(device, store, description, batch), firstStage,
    names: labels.map((label, i) => `${String(i).padStart(6, '0')}-${label}`),
    conditions: labels.map((label) => Int32Array.of(label)),
    drawSheet: (to, pictures, most) =>
      drawClassSheet(to, pictures, size, labels.slice(0, most).map((label) => categories[label]!.name)),
  };
}

async function sampleImages(options: ImageOptions): Promise<void> {
  const [dir, out] = [required(options.generator, '--generator'), required(options.out, '--out')];
  if ((options.layouts === undefined) === (options.classes === undefined)) {
    throw new UserError('give --layouts FILE or --classes LIST, one of both');
  }
  const device = await openDevice(options);
  await prepareFor(options.precision, device);
  usePrecision(options.precision);
  const { sampler, firstStage, names, conditions, drawSheet } = options.layouts !== undefined
    ? await layoutConditions(device, dir, options.layouts, options.count)
    : await classConditions(device, dir, options.classes!, options.count);
  const progress = new Progress('drawing', names.length * options.steps);
  const each = 3 * firstStage.size ** 2;
  const all = new Float32Array(names.length * each);
  for (let first = 0; first < names.length; first += batch) {
    const part = Math.min(batch, names.length - first);
    // A last batch that is not full repeats its last condition.
    const numbers = Array.from({ length: batch }, (_, i) => [...conditions[first + Math.min(i, part - 1)]!]);
    const z = await sampler.sample(Int32Array.from(numbers.flat()), {
      sampler: options.sampler, steps: options.steps, guidance: options.guidance, eta: options.eta,
      seed: options.seed + first, onStep: (done) => progress.update(first * options.steps + done * part),
    });
    const pictures = await firstStage.decode(z);
    all.set(pictures.subarray(0, part * each), first * each);
    for (let i = 0; i < part; i++) {
      const picture = rgbOfBatch(pictures, i, firstStage.size);
      await writeAtomic(join(out, `${names[first + i]}.png`), await encodePng(picture));
    }
  }
  progress.stop();
  const shown = Math.min(32, names.length);
  await drawSheet(join(out, 'contact-sheet.png'), all.slice(0, shown * each), shown);
  console.log(`${names.length} pictures in ${out}; see ${join(out, 'contact-sheet.png')}`);
  device.close();
}

const root = command('sample', 'Draws pictures from layouts, and layouts from a prior.',
  'npm run sample -- images --generator runs/generator --layouts data/val.json --out runs/samples');
withDevice(root.command('images').helpOption('-h, --help', 'show this help')
  .description('Draws pictures from layouts or of classes; writes PNGs and a contact sheet with the boxes or names.')
  .option('--generator <run>', 'folder of a trained generator (required)')
  .option('--layouts <file>', 'layouts, COCO JSON; pictures need not exist')
  .option('--classes <list>',
    'classes by name or number from 0, separated by commas, or all: for a class-conditional generator')
  .option('--sampler <name>', Object.keys(samplers).join(', '), oneOf(...Object.keys(samplers) as SamplerName[]),
    'ddim')
  .option('--steps <number>', 'timesteps visited', positiveInteger, 50)
  .option('--guidance <scale>', 'classifier-free guidance against the empty layout or no class; 1 is none', real, 1)
  .option('--precision <f32|f16>', 'f16: products take half-precision operands', oneOf('f32', 'f16'), 'f32')
  .option('--eta <number>', 'noise of ddim: 0 none, 1 as much as ddpm', real, 0)
  .option('--count <number>', 'only the first so many layouts; or so many pictures of classes in turn', positiveInteger)
  .option('--out <dir>', 'folder of the pictures (required)'))
  .action(sampleImages);
addSampleLayouts(root);
for (const sub of root.commands) sub.exitOverride().configureOutput({ writeErr: () => undefined });

await runCommand(root, process.argv.slice(2));
