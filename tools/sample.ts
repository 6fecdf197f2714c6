/** `npm run sample -- images|layouts`: pictures from layouts, and layouts from a prior. */
import { join } from 'node:path';
import { noFilters, readAnnotations } from '../data/annotations.ts';
import { rgbOfBatch, encodePng } from '../data/images.ts';
import type { Device } from '../engine/device.ts';
import { writeAtomic } from '../engine/writeAtomic.ts';
import { UserError } from '../engine/errors.ts';
import { RandomStream } from '../engine/random.ts';
import { decodeLayout, encodeLayout, type TripleFault } from '../models/layoutTokens.ts';
import { samplers } from '../models/samplers.ts';
import { defaultDenoising, drawDiffusionLayouts } from '../pipeline/drawDiffusionLayouts.ts';
import { drawPriorLayouts, type SampledLayout } from '../pipeline/drawPriorLayouts.ts';
import { ClassSampler, openClassGenerator } from '../pipeline/classGenerator.ts';
import type { FirstStage } from '../pipeline/firstStage.ts';
import { LayoutSampler, openGenerator } from '../pipeline/generator.ts';
import type { LatentSampler } from '../pipeline/latentSampler.ts';
import { openPrior, orderedLayout, tokenTableName, type AutoregressivePrior, type DiffusionPrior, type Prior }
  from '../pipeline/prior.ts';
import { Progress, command, oneOf, openDevice, positiveInteger, real, required, runCommand, withDevice }
  from './cli.ts';
import { drawClassSheet, drawLayoutSheet, drawLayouts } from './layoutSheet.ts';

type SamplerName = keyof typeof samplers;

interface DeviceOptions {
  readonly seed: number;
  readonly adapter?: string;
  readonly mode: 'safe' | 'fast';
}

interface ImageOptions extends DeviceOptions {
  readonly generator?: string;
  readonly layouts?: string;
  readonly classes?: string;
  readonly sampler: SamplerName;
  readonly steps: number;
  readonly guidance: number;
  readonly eta: number;
  readonly count?: number;
  readonly out?: string;
}

interface LayoutOptions extends DeviceOptions {
  readonly prior?: string;
  readonly count: number;
  readonly temperature?: number;
  readonly topP?: number;
  readonly legal?: boolean;
  readonly complete?: string;
  readonly sampler?: SamplerName;
  readonly steps?: number;
  readonly eta?: number;
  readonly out?: string;
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
      await writeAtomic(join(out, `${names[first + i]}.png`), await encodePng(rgbOfBatch(pictures, i, firstStage.size)));
    }
  }
  progress.stop();
  const shown = Math.min(32, names.length);
  await drawSheet(join(out, 'contact-sheet.png'), all.slice(0, shown * each), shown);
  console.log(`${names.length} pictures in ${out}; see ${join(out, 'contact-sheet.png')}`);
  device.close();
}

/** Layouts of a file, as token sequences to be completed; the objects of a layout in canonical order where the prior has one. */
async function partialLayouts(file: string, { vocabulary, description: { categories, data } }: AutoregressivePrior): Promise<Int32Array[]> {
  const { images } = await readAnnotations(file, { ...noFilters, categories });
  const crowded = images.find(({ objects }) => objects.length > vocabulary.maxObjects);
  if (crowded) {
    throw new UserError(`${file}: layout ${crowded.id} has ${crowded.objects.length} objects, `
      + `the prior takes at most ${vocabulary.maxObjects}`);
  }
  return images.map(({ objects }) => orderedLayout(vocabulary, objects, data.order ?? 'random', false, new RandomStream(0, 'partial')));
}

/** Options of `sample layouts` that go with one kind of prior only. */
const optionsOfKind = {
  autoregressive: ['temperature', 'topP', 'legal', 'complete'], diffusion: ['sampler', 'steps', 'eta'],
} as const;

/** Throws a UserError on options that the prior has no use for. */
function expectOptions(options: LayoutOptions, { kind, run: { dir } }: Prior): void {
  const other = kind === 'diffusion' ? 'autoregressive' : 'diffusion';
  const given = optionsOfKind[other].find((name) => options[name] !== undefined);
  if (given === undefined) return;
  const option = given.replace(/[A-Z]/, (letter) => `-${letter.toLowerCase()}`);
  throw new UserError(`--${option}: goes with a prior of the ${other} kind, ${dir} holds a ${kind} one`);
}

async function drawAutoregressive(device: Device, prior: AutoregressivePrior,
  options: LayoutOptions): Promise<SampledLayout[]> {
  const { temperature = 1, topP = 1, count } = options;
  if (!(temperature > 0)) throw new UserError(`--temperature: must be above 0, found ${temperature}`);
  if (!(topP > 0 && topP <= 1)) throw new UserError(`--top-p: must be above 0 and at most 1, found ${topP}`);
  const given = options.complete === undefined ? null : await partialLayouts(options.complete, prior);
  const progress = new Progress('token', count * 3 * prior.vocabulary.maxObjects);
  const tokenTable = prior.run.frozen.get(tokenTableName)!;
  const layouts = await drawPriorLayouts(device, prior.store, prior.description, tokenTable, {
    ...options, ...(given && { given: Array.from({ length: count }, (_, i) => given[i % given.length]!) }),
    onToken: (done) => progress.update(done),
  });
  progress.stop();
  return layouts;
}

async function drawDiffusion(device: Device, prior: DiffusionPrior, options: LayoutOptions):
  Promise<SampledLayout[]> {
  const { sampler, steps, eta } = { ...defaultDenoising(prior.description.model), ...options };
  if (!(eta >= 0 && eta <= 1)) throw new UserError(`--eta: must be 0 to 1, found ${eta}`);
  const progress = new Progress('denoising', 1);
  const layouts = await drawDiffusionLayouts(device, prior.store, prior.description,
    prior.run.frozen.get(tokenTableName)!, {
      count: options.count, seed: options.seed, sampler, steps, eta,
      onStep: (done, total) => progress.update(done / total),
    });
  progress.stop();
  return layouts;
}

/** One line on how many triples of drawn layouts are objects, and what the others are. */
function describeTriples({ vocabulary }: Prior, layouts: readonly SampledLayout[]): string {
  const faults = layouts.map(({ tokens }) => decodeLayout(vocabulary, tokens).faults);
  const count = (fault: TripleFault): number => faults.reduce((sum, of) => sum + of[fault], 0);
  const empty = layouts.filter(({ objects }) => objects.length === 0).length;
  return `left out: ${count('partial')} triples with none among their tokens, ${count('area')} boxes without area; `
    + `${empty} layouts are empty`;
}

async function sampleLayouts(options: LayoutOptions): Promise<void> {
  const [dir, out] = [required(options.prior, '--prior'), required(options.out, '--out')];
  const prior = openPrior(dir);
  expectOptions(options, prior);
  const device = await openDevice(options);
  const { categories } = prior.description;
  const layouts = prior.kind === 'diffusion' ? await drawDiffusion(device, prior, options)
    : await drawAutoregressive(device, prior, options);
  // A layouts file is a COCO file without pictures: 1000 units a side.
  const side = 1000;
  let annotation = 0;
  const coco = {
    images: layouts.map((_, i) => ({ id: i + 1, file_name: `${i + 1}.png`, width: side, height: side })),
    categories: categories.map(({ id, name }) => ({ id, name })),
    annotations: layouts.flatMap(({ objects }, i) => objects.map(({ classIndex, xyxyUnit: [x0, y0, x1, y1] }) => {
      const bbox = [x0 * side, y0 * side, (x1 - x0) * side, (y1 - y0) * side];
      return { id: ++annotation, image_id: i + 1, category_id: categories[classIndex]!.id, bbox, area: bbox[2]! * bbox[3]!, iscrowd: 0 };
    })),
  };
  await writeAtomic(out, JSON.stringify(coco));
  const sheet = out.replace(/(\.json)?$/, '.png');
  await drawLayouts(sheet, layouts.slice(0, 36), categories);
  console.log(`${layouts.length} layouts with ${annotation} objects in ${out}; see ${sheet}`);
  console.log(describeTriples(prior, layouts));
  device.close();
}

const root = command('sample', 'Draws pictures from layouts, and layouts from a prior.',
  'npm run sample -- images --generator runs/generator --layouts data/val.json --out runs/samples');
withDevice(root.command('images').helpOption('-h, --help', 'show this help').description('Draws pictures from layouts or of classes; writes PNGs and a contact sheet with the boxes or names.')
  .option('--generator <run>', 'folder of a trained generator (required)')
  .option('--layouts <file>', 'layouts, COCO JSON; pictures need not exist')
  .option('--classes <list>', 'classes by name or number from 0, separated by commas, or all: for a class-conditional generator')
  .option('--sampler <name>', Object.keys(samplers).join(', '), oneOf(...Object.keys(samplers) as SamplerName[]), 'ddim')
  .option('--steps <number>', 'timesteps visited', positiveInteger, 50)
  .option('--guidance <scale>', 'classifier-free guidance against the empty layout or no class; 1 is none', real, 1)
  .option('--eta <number>', 'noise of ddim: 0 none, 1 as much as ddpm', real, 0)
  .option('--count <number>', 'only the first so many layouts; or so many pictures of classes in turn', positiveInteger)
  .option('--out <dir>', 'folder of the pictures (required)'))
  .action(sampleImages);
withDevice(root.command('layouts').helpOption('-h, --help', 'show this help').description('Draws layouts from a prior; writes a COCO JSON and a drawing.')
  .option('--prior <run>', 'folder of a trained prior (required)')
  .option('--count <number>', 'layouts', positiveInteger, 24)
  .option('--temperature <number>', 'autoregressive: below 1 draws likelier layouts (default: 1)', real)
  .option('--top-p <share>', 'autoregressive: draws each token among the likeliest only that make up this share (default: 1)',
    real)
  .option('--legal', 'autoregressive: draws legal objects only, instead of dropping triples that are none')
  .option('--complete <file>', 'autoregressive: layouts to add objects to, COCO JSON; they take turns where --count is more')
  .option('--sampler <name>', `diffusion: ${Object.keys(samplers).join(', ')} (default: ddim)`,
    oneOf(...Object.keys(samplers) as SamplerName[]))
  .option('--steps <number>', 'diffusion: timesteps visited (default: 50)', positiveInteger)
  .option('--eta <number>', 'diffusion: noise of ddim, 0 none, 1 as much as ddpm (default: 0)', real)
  .option('--out <file>', 'layouts file (required)'))
  .action(sampleLayouts);
for (const sub of root.commands) sub.exitOverride().configureOutput({ writeErr: () => undefined });

await runCommand(root, process.argv.slice(2));
