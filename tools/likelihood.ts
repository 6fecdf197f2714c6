/** `npm run evaluate -- likelihood`: how well a prior predicts layouts, and whether what it draws is like them. */
import { join } from 'node:path';
import type { Command } from 'commander';
import { readAnnotations, type AnnotatedDataset } from '../data/annotations.ts';
import type { Device } from '../engine/device.ts';
import { UserError } from '../engine/errors.ts';
import { writeAtomic } from '../engine/writeAtomic.ts';
import { compareStatistics, layoutStatistics, type LayoutStatistics } from '../evaluate/layoutCalibration.ts';
import { measureLikelihood, type Likelihood } from '../evaluate/likelihood.ts';
import { likelihoodPage, type NamedStatistics } from '../evaluate/report/likelihoodPage.ts';
import { decodeLayout, encodeLayout, type LayoutObject } from '../models/layoutTokens.ts';
import { drawPriorLayouts } from '../pipeline/drawPriorLayouts.ts';
import { openAutoregressivePrior, tokenTableName, type AutoregressivePrior } from '../pipeline/prior.ts';
import { drawLayouts, type ShownLayout } from './layoutSheet.ts';
import { Progress, integer, openDevice, positiveInteger, required, withDevice, writeJson } from './cli.ts';

interface LikelihoodOptions {
  readonly prior?: string;
  readonly annotations?: string;
  readonly baselinesFrom?: string;
  readonly orders: number;
  readonly samples: number;
  readonly out?: string;
  readonly json?: string;
  readonly seed: number;
  readonly adapter?: string;
  readonly mode: 'safe' | 'fast';
}

/** Adds the subcommand. */
export function addLikelihood(root: Command): void {
  withDevice(root.command('likelihood')
    .helpOption('-h, --help', 'show this help')
    .description('Measures a layout prior in nats beside uniform, unigram and n-gram baselines; '
      + 'writes likelihood.json and a page.')
    .option('--prior <run>', 'folder of a trained prior (required)')
    .option('--annotations <file>', 'layouts to measure on, best unseen ones, COCO instances JSON (required)')
    .option('--baselines-from <file>', 'layouts that baselines are fitted to, best those that the prior was trained on '
      + '(default: the other four fifths of --annotations)')
    .option('--orders <number>', 'random orders of objects that each figure is a mean over', positiveInteger, 4)
    .option('--samples <number>', 'layouts drawn to compare counts of objects and classes; 0 for none', integer, 256)
    .option('--out <dir>', 'folder of likelihood.json and index.html (default: likelihood in the folder of the prior)')
    .option('--json <file>', 'also write the figures to this file')
    .addHelpText('after', [
      '',
      'Example:',
      '  npm run evaluate -- likelihood --prior runs/prior --annotations data/val.json '
        + '--baselines-from data/train.json',
    ].join('\n')))
    .action(measurePrior);
}

async function measurePrior(options: LikelihoodOptions): Promise<void> {
  const [dir, file] = [required(options.prior, '--prior'), required(options.annotations, '--annotations')];
  if (options.samples < 0) throw new UserError(`--samples: must be 0 or more, found ${options.samples}`);
  const prior = openAutoregressivePrior(dir);
  const read = (path: string): Promise<AnnotatedDataset> => readAnnotations(path, {
    minArea: prior.description.data.minArea, maxObjects: prior.vocabulary.maxObjects,
    categories: prior.description.categories,
  });
  const measured = await read(file);
  const training = options.baselinesFrom === undefined ? null : await read(options.baselinesFrom);
  if (!training && measured.images.length < 2) {
    throw new UserError(`${file}: baselines need layouts beside the one that is measured; `
      + 'give some with --baselines-from');
  }
  const dropped = Object.entries(measured.dropped).filter(([, count]) => count > 0)
    .map(([why, count]) => `${count} ${why}`);
  console.log(`${measured.images.length} layouts; dropped: ${dropped.join(', ') || 'nothing'}`);
  const device = await openDevice(options);
  const progress = new Progress('scoring', measured.images.length * options.orders);
  const likelihood = await measureLikelihood(device, prior, measured.images, training?.images ?? null, {
    orders: options.orders, seed: options.seed, onScored: (done) => progress.update(done),
  });
  progress.stop();
  console.log(formatLikelihood(likelihood));
  const out = options.out ?? join(dir, 'likelihood');
  const drawn = options.samples > 0 ? await drawSamples(device, prior, options) : null;
  const sets = drawn ? compareSamples(prior, measured, drawn, training) : [];
  if (drawn) await drawBeside(join(out, sheetName), measured.images, drawn, prior);
  const calibration = sets.flatMap(({ name, calibration: of }) => (of ? [{ name, ...of }] : []));
  for (const of of calibration) {
    console.log(`${of.name} against measured, total variation distance: number of objects `
      + `${of.objectCounts.toFixed(3)}, classes ${of.classes.toFixed(3)}, pairs of classes ${of.pairs.toFixed(3)}, `
      + `places ${of.places.toFixed(3)}, sizes ${of.sizes.toFixed(3)}; `
      + `correlation of pairs ${of.together.toFixed(3)}`);
  }
  const record = { ...likelihood, calibration };
  await writeAtomic(join(out, 'likelihood.json'), `${JSON.stringify(record, null, 2)}\n`);
  await writeAtomic(join(out, 'index.html'), likelihoodPage({
    title: dir, likelihood, sets, classes: prior.description.categories.map(({ name }) => name),
    sheet: drawn && sheetName,
  }));
  writeJson(options.json, record);
  console.log(`see ${join(out, 'index.html')}`);
  device.close();
}

type Layouts = readonly { readonly objects: readonly LayoutObject[] }[];

/** Drawing of measured and drawn layouts side by side. */
const sheetName = 'layouts.png';

/** Layouts drawn from the prior. */
async function drawSamples(device: Device, prior: AutoregressivePrior,
  { samples, seed }: LikelihoodOptions): Promise<Layouts> {
  const progress = new Progress('drawing layouts, token', samples * 3 * prior.vocabulary.maxObjects);
  const drawn = await drawPriorLayouts(device, prior.store, prior.description, prior.run.frozen.get(tokenTableName)!, {
    count: samples, seed, onToken: (done) => progress.update(done),
  });
  progress.stop();
  return drawn;
}

/** A sheet: in each row three measured layouts, evenly spaced over the set, then three drawn ones. */
async function drawBeside(file: string, measured: Layouts, drawn: Layouts, prior: AutoregressivePrior): Promise<void> {
  const rows = Math.max(1, Math.min(6, Math.floor(measured.length / 3), Math.floor(drawn.length / 3)));
  const three = (layouts: Layouts, row: number, caption: string): ShownLayout[] => [0, 1, 2].map((column) => {
    const i = Math.floor(((3 * row + column) * layouts.length) / (3 * rows));
    return { objects: layouts[i]!.objects, caption };
  });
  const shown = Array.from({ length: rows }, (_, row) =>
    [...three(measured, row, 'measured'), ...three(drawn, row, 'drawn')]);
  await drawLayouts(file, shown.flat(), prior.description.categories);
}

/** Statistics of the measured layouts, of those drawn from the prior, and of those the baselines come from. */
function compareSamples(prior: AutoregressivePrior, measured: AnnotatedDataset, drawn: Layouts,
  training: AnnotatedDataset | null): NamedStatistics[] {
  const { classCount, maxObjects } = prior.vocabulary;
  // What is drawn lies on the grid, so what is measured is put there too.
  const onGrid = (objects: readonly LayoutObject[]): readonly LayoutObject[] =>
    decodeLayout(prior.vocabulary, encodeLayout(prior.vocabulary, objects)).objects;
  const of = (layouts: Layouts): LayoutStatistics =>
    layoutStatistics(layouts.map(({ objects }) => onGrid(objects)), classCount, maxObjects);
  const first = of(measured.images);
  const named = (name: string, layouts: Layouts): NamedStatistics => {
    const statistics = of(layouts);
    return { name, statistics, calibration: compareStatistics(first, statistics) };
  };
  return [
    { name: 'measured', statistics: first, calibration: null },
    named('drawn', drawn),
    ...(training ? [named('fitted', training.images)] : []),
  ];
}

function formatLikelihood(likelihood: Likelihood): string {
  const { models, layouts, objects, tokens, order, orders, fitted, ratio, bestBaseline, gain, ofSets } = likelihood;
  const header = ['nats', 'per layout', 'per object', '+-', 'of a set', 'per token', 'class', 'top left',
    'bottom right'];
  const rows = models.map(({ name, perLayout, perObject, perObjectOfSet, perToken, standardError, parts }) => [
    name, perLayout.toFixed(2), ...[perObject, standardError, perObjectOfSet, perToken, parts.classes, parts.topLeft,
      parts.bottomRight].map((value) => value.toFixed(3))]);
  const widths = header.map((_, column) => Math.max(...[header, ...rows].map((row) => row[column]!.length)));
  const lines = [header, ...rows].map((row) => row.map((cell, column) =>
    (column === 0 ? cell.padEnd(widths[0]!) : cell.padStart(widths[column]!))).join('  '));
  const shown = order === 'random' ? `mean over ${orders} random orders of each` : 'in canonical order';
  return [
    `${layouts} layouts, ${objects} objects, ${tokens} tokens; ${shown}; baselines fitted ${fitted}`, '', ...lines, '',
    `per object the prior takes ${ratio.toFixed(3)} of the nats of the ${bestBaseline}, ${gain.nats.toFixed(3)} +- `
      + `${gain.standardError.toFixed(3)} less`,
    `of sets, whatever their order, at most ${ofSets.ratio.toFixed(3)} of those of the ${ofSets.bestBaseline}`,
  ].join('\n');
}
