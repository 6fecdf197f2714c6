/** `npm run sample -- images|layouts`: pictures from layouts, and layouts from a prior. */
import { join } from 'node:path';
import { noFilters, readAnnotations } from '../data/annotations.ts';
import { rgbOfBatch, encodePng } from '../data/images.ts';
import { writeAtomic } from '../engine/writeAtomic.ts';
import { UserError } from '../engine/errors.ts';
import { RandomStream } from '../engine/random.ts';
import type { Device as EngineDevice } from '../engine/device.ts';
import { decodeLayout, encodeLayout, type TripleFault } from '../models/layoutTokens.ts';
import { samplers } from '../models/samplers.ts';
import { defaultDenoising, drawDiffusionLayouts } from '../pipeline/drawDiffusionLayouts.ts';
import { drawPriorLayouts, type SampledLayout } from '../pipeline/drawPriorLayouts.ts';
import { LayoutSampler, openGenerator } from '../pipeline/generator.ts';
import { openPrior, orderedLayout, tokenTableName, type AutoregressivePrior, type DiffusionPrior, type Prior }
  from '../pipeline/prior.ts';
import { Progress, command, oneOf, openDevice, positiveInteger, real, required, runCommand, withDevice }
  from './cli.ts';
import { drawLayoutSheet, drawLayouts } from './layoutSheet.ts';

type SamplerName = keyof typeof samplers;

interface Device {
  readonly seed: number;
  readonly adapter?: string;
  readonly mode: 'safe' | 'fast';
}

interface ImageOptions extends Device {
  readonly generator?: string;
  readonly layouts?: string;
  readonly sampler: SamplerName;
  readonly steps: number;
  readonly guidance: number;
  readonly eta: number;
  readonly count?: number;
  readonly out?: string;
}

interface LayoutOptions extends Device {
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

async function sampleImages(options: ImageOptions): Promise<void> {
  const [dir, layoutsFile, out] = [required(options.generator, '--generator'), required(options.layouts, '--layouts'), required(options.out, '--out')];
  const device = await openDevice(options);
  const generator = await openGenerator(device, dir);
  const { vocabulary, description, store, firstStage } = generator;
  const { categories, image: { size } } = description;
  const dataset = await readAnnotations(layoutsFile, { ...noFilters, categories });
  const items = dataset.images.slice(0, options.count);
  const crowded = items.find(({ objects }) => objects.length > vocabulary.maxObjects);
  if (crowded) {
    throw new UserError(`${layoutsFile}: layout ${crowded.id} has ${crowded.objects.length} objects, the generator takes at most ${vocabulary.maxObjects}`);
  }
  const sampler = await LayoutSampler.open(device, store, description, batch);
  const progress = new Progress('drawing', items.length * options.steps);
  const each = 3 * size * size;
  const all = new Float32Array(items.length * each);
  for (let first = 0; first < items.length; first += batch) {
    const part = items.slice(first, first + batch);
    const tokens = new Int32Array(batch * vocabulary.length);
    for (let i = 0; i < batch; i++) tokens.set(encodeLayout(vocabulary, part[Math.min(i, part.length - 1)]!.objects), i * vocabulary.length);
    const z = await sampler.sample(tokens, {
      sampler: options.sampler, steps: options.steps, guidance: options.guidance, eta: options.eta, seed: options.seed + first,
      onStep: (done) => progress.update(first * options.steps + done * part.length),
    });
    const pictures = await firstStage.decode(z);
    all.set(pictures.subarray(0, part.length * each), first * each);
    for (const [i, { id }] of part.entries()) {
      await writeAtomic(join(out, `${String(id).padStart(6, '0')}.png`), await encodePng(rgbOfBatch(pictures, i, size)));
    }
  }
  progress.stop();
  const shown = items.slice(0, 32);
  await drawLayoutSheet(join(out, 'contact-sheet.png'), all.slice(0, shown.length * each), size, shown.map(({ objects }) => objects), categories);
  console.log(`${items.length} pictures in ${out}; see ${join(out, 'contact-sheet.png')}`);
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

async function drawAutoregressive(device: EngineDevice, prior: AutoregressivePrior,
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

async function drawDiffusion(device: EngineDevice, prior: DiffusionPrior, options: LayoutOptions):
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
withDevice(root.command('images').helpOption('-h, --help', 'show this help').description('Draws pictures from layouts; writes PNGs and a contact sheet with the boxes.')
  .option('--generator <run>', 'folder of a trained generator (required)')
  .option('--layouts <file>', 'layouts, COCO JSON; pictures need not exist (required)')
  .option('--sampler <name>', Object.keys(samplers).join(', '), oneOf(...Object.keys(samplers) as SamplerName[]), 'ddim')
  .option('--steps <number>', 'timesteps visited', positiveInteger, 50)
  .option('--guidance <scale>', 'classifier-free guidance against the empty layout; 1 is none', real, 1)
  .option('--eta <number>', 'noise of ddim: 0 none, 1 as much as ddpm', real, 0)
  .option('--count <number>', 'only the first so many layouts', positiveInteger)
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
