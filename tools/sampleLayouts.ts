/** `npm run sample -- layouts`: layouts from a prior of either kind. */
import type { Command } from 'commander';
import { noFilters, readAnnotations } from '../data/annotations.ts';
import type { Device } from '../engine/device.ts';
import { UserError } from '../engine/errors.ts';
import { RandomStream } from '../engine/random.ts';
import { writeAtomic } from '../engine/writeAtomic.ts';
import { compareStatistics, layoutStatistics, type Calibration } from '../evaluate/layoutCalibration.ts';
import { decodeLayout, encodeLayout, type TripleFault } from '../models/layoutTokens.ts';
import { samplers } from '../models/samplers.ts';
import { defaultDenoising, drawDiffusionLayouts } from '../pipeline/drawDiffusionLayouts.ts';
import { drawPriorLayouts, type SampledLayout } from '../pipeline/drawPriorLayouts.ts';
import { openPrior, orderedLayout, tokenTableName, type AutoregressivePrior, type DiffusionPrior, type Prior }
  from '../pipeline/prior.ts';
import { Progress, oneOf, openDevice, positiveInteger, real, required, withDevice, writeJson } from './cli.ts';
import { drawLayouts } from './layoutSheet.ts';

interface LayoutOptions {
  readonly prior?: string;
  readonly count: number;
  readonly compare?: string;
  readonly temperature?: number;
  readonly topP?: number;
  readonly legal?: boolean;
  readonly complete?: string;
  readonly sampler?: keyof typeof samplers;
  readonly steps?: number;
  readonly eta?: number;
  readonly out?: string;
  readonly json?: string;
  readonly seed: number;
  readonly adapter?: string;
  readonly mode: 'safe' | 'fast';
}

/** Adds the subcommand. */
export function addSampleLayouts(root: Command): void {
  const names = Object.keys(samplers) as (keyof typeof samplers)[];
  withDevice(root.command('layouts').helpOption('-h, --help', 'show this help')
    .description('Draws layouts from a prior; writes a COCO JSON and a drawing.')
    .option('--prior <run>', 'folder of a trained prior (required)')
    .option('--count <number>', 'layouts', positiveInteger, 24)
    .option('--compare <file>', 'layouts to compare those drawn with, COCO JSON: prints how far apart they are')
    .option('--temperature <number>', 'autoregressive: below 1 draws likelier layouts (default: 1)', real)
    .option('--top-p <share>',
      'autoregressive: draws each token among the likeliest only that make up this share (default: 1)', real)
    .option('--legal', 'autoregressive: draws legal objects only, instead of dropping triples that are none')
    .option('--complete <file>',
      'autoregressive: layouts to add objects to, COCO JSON; they take turns where --count is more')
    .option('--sampler <name>', `diffusion: ${names.join(', ')} (default: ddim)`, oneOf(...names))
    .option('--steps <number>', 'diffusion: timesteps visited (default: 50)', positiveInteger)
    .option('--eta <number>', 'diffusion: noise of ddim, 0 none, 1 as much as ddpm (default: 0)', real)
    .option('--out <file>', 'layouts file (required)')
    .option('--json <file>', 'also write the figures to this file'))
    .action(sampleLayouts);
}

/** Layouts of a file, as token sequences to be completed; in canonical order where the prior has one. */
async function partialLayouts(file: string,
  { vocabulary, description: { categories, data } }: AutoregressivePrior): Promise<Int32Array[]> {
  const { images } = await readAnnotations(file, { ...noFilters, categories });
  const crowded = images.find(({ objects }) => objects.length > vocabulary.maxObjects);
  if (crowded) {
    throw new UserError(`${file}: layout ${crowded.id} has ${crowded.objects.length} objects, `
      + `the prior takes at most ${vocabulary.maxObjects}`);
  }
  return images.map(({ objects }) =>
    orderedLayout(vocabulary, objects, data.order ?? 'random', false, new RandomStream(0, 'partial')));
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
  throw new UserError(`--${option}: goes with priors of --kind ${other}, ${dir} holds one of --kind ${kind}`);
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

/** Triples of drawn layouts that are no objects, by what is wrong, and layouts without objects. */
function countFaults({ vocabulary }: Prior, layouts: readonly SampledLayout[]):
  Record<'partial' | 'area' | 'emptyLayouts', number> {
  const faults = layouts.map(({ tokens }) => decodeLayout(vocabulary, tokens).faults);
  const count = (fault: TripleFault): number => faults.reduce((sum, of) => sum + of[fault], 0);
  return {
    partial: count('partial'), area: count('area'),
    emptyLayouts: layouts.filter(({ objects }) => objects.length === 0).length,
  };
}

/** How far drawn layouts are from those of a file. */
async function compareWith(file: string, { vocabulary, description }: Prior, layouts: readonly SampledLayout[]):
  Promise<Calibration> {
  const { classCount, maxObjects } = vocabulary;
  const { images } = await readAnnotations(file, {
    minArea: description.data.minArea, maxObjects, categories: description.categories,
  });
  // What is drawn lies on the grid, so what it is compared with is put there too.
  const [data, drawn] = [images, layouts].map((set) => layoutStatistics(set.map(({ objects }) =>
    decodeLayout(vocabulary, encodeLayout(vocabulary, objects)).objects), classCount, maxObjects));
  return compareStatistics(data!, drawn!);
}

/** A layouts file is a COCO file without pictures: 1000 units a side. */
function cocoOf({ description: { categories } }: Prior, layouts: readonly SampledLayout[]): object {
  const side = 1000;
  let id = 0;
  return {
    images: layouts.map((_, i) => ({ id: i + 1, file_name: `${i + 1}.png`, width: side, height: side })),
    categories: categories.map(({ id, name }) => ({ id, name })),
    annotations: layouts.flatMap(({ objects }, i) => objects.map(({ classIndex, xyxyUnit: [x0, y0, x1, y1] }) => {
      const bbox = [x0 * side, y0 * side, (x1 - x0) * side, (y1 - y0) * side];
      const area = bbox[2]! * bbox[3]!;
      return { id: ++id, image_id: i + 1, category_id: categories[classIndex]!.id, bbox, area, iscrowd: 0 };
    })),
  };
}

async function sampleLayouts(options: LayoutOptions): Promise<void> {
  const [dir, out] = [required(options.prior, '--prior'), required(options.out, '--out')];
  const prior = openPrior(dir);
  expectOptions(options, prior);
  const device = await openDevice(options);
  const layouts = prior.kind === 'diffusion' ? await drawDiffusion(device, prior, options)
    : await drawAutoregressive(device, prior, options);
  await writeAtomic(out, JSON.stringify(cocoOf(prior, layouts)));
  const sheet = out.replace(/(\.json)?$/, '.png');
  await drawLayouts(sheet, layouts.slice(0, 36), prior.description.categories);
  const objects = layouts.reduce((sum, layout) => sum + layout.objects.length, 0);
  console.log(`${layouts.length} layouts with ${objects} objects in ${out}; see ${sheet}`);
  const faults = countFaults(prior, layouts);
  console.log(`left out: ${faults.partial} triples with none among their tokens, ${faults.area} boxes without area; `
    + `${faults.emptyLayouts} layouts are empty`);
  const distances = options.compare === undefined ? null : await compareWith(options.compare, prior, layouts);
  if (distances) {
    const shown = Object.entries(distances).filter(([name]) => name !== 'together')
      .map(([name, value]) => `${name} ${value.toFixed(3)}`);
    console.log(`total variation from ${options.compare}: ${shown.join(', ')}`);
  }
  writeJson(options.json, { layouts: layouts.length, objects, ...faults, ...distances });
  device.close();
}
