/** `npm run ablate`: the same pictures searched in many ways, one table. */
import { join } from 'node:path';
import { Command } from 'commander';
import { UserError } from '../engine/errors.ts';
import { writeAtomic } from '../engine/writeAtomic.ts';
import { ablationMarkdown, objectsFound, type Ablation, type AblationFigures } from '../evaluate/ablation.ts';
import { evaluateDetections } from '../evaluate/coco.ts';
import { readDetections, readGroundTruth } from '../evaluate/cocoFiles.ts';
import { ablationPage } from '../evaluate/report/ablationPage.ts';
import { openGenerator } from '../pipeline/generator.ts';
import { ablationRows, type AblationRow } from './ablationRows.ts';
import { command, interruptSignal, openDevice, positiveInteger, required, runCommand, withDevice, writeJson }
  from './cli.ts';
import { detectInto, type DetectMeans } from './detect.ts';
import { DetectFolder } from './detectFolder.ts';
import { targetsOf, type Target } from './detectTargets.ts';
import { inversionConfig, priorOf, withInversion, type InversionOptions } from './inversionOptions.ts';
import type { DetectJob } from './mergeDetections.ts';

interface Options {
  readonly generator?: string;
  readonly prior?: string;
  readonly annotations?: string;
  readonly images?: string;
  readonly count?: number;
  readonly rows?: readonly string[];
  readonly out?: string;
  readonly json?: string;
  readonly seed: number;
  readonly adapter?: string;
  readonly mode: 'safe' | 'fast';
}

/** What `detect` would be told. */
type RowOptions = InversionOptions & { readonly prior?: false };

/** Names of rows, separated by commas. */
function parseRows(text: string): string[] {
  const known = ablationRows.map(({ name }) => name);
  const names = text.split(',').map((name) => name.trim());
  const wrong = names.find((name) => !known.includes(name));
  if (wrong !== undefined) throw new UserError(`--rows: there is no row '${wrong}'; there are ${known.join(', ')}`);
  return names;
}

/** Options of an inversion as `detect` reads them; later ones replace earlier ones. */
function parseDetect(args: readonly string[], seed: number): RowOptions {
  const parser = withInversion(new Command('detect')).option('--no-prior').exitOverride()
    .configureOutput({ writeErr: () => undefined });
  const { prior, ...options } = parser.parse([...args], { from: 'user' }).opts<InversionOptions & { prior: boolean }>();
  return { ...options, seed, ...(prior ? {} : { prior: false }) };
}

/** What all rows share. */
interface Study {
  readonly files: Required<Pick<Options, 'generator' | 'annotations' | 'images' | 'out'>>
    & Pick<Options, 'prior' | 'count'>;
  readonly seed: number;
  /** Options of `detect` for every row. */
  readonly common: readonly string[];
  readonly targets: readonly Target[];
  readonly means: DetectMeans;
}

/** A row's figures, from its folder where that is whole; null where an interrupt left it unfinished. */
async function measureRow(study: Study, { name, about, options }: AblationRow): Promise<AblationFigures | null> {
  const { files, seed, common, targets, means } = study;
  const { generator } = means;
  const { categories } = generator.description;
  const chosen = parseDetect([...common, ...options], seed);
  const prior = chosen.prior === false ? null : means.prior;
  const config = inversionConfig(chosen, generator);
  const dir = join(files.out, name);
  const folder = new DetectFolder(dir);
  const images = targets.map(({ image }) => image.id);
  const job: DetectJob = {
    made: { generator: files.generator, prior: prior && files.prior ? files.prior : null, config },
    shard: { index: 1, count: 1 }, images, skipped: [],
    categories: categories.map((category) => ({ id: category.id, name: category.name })),
  };
  console.log(`${name}: ${about}`);
  const summary = folder.has(job) ? folder.summary(job)
    : await detectInto(folder, job, targets, { ...means, prior }, false);
  if (summary.images + summary.skipped < targets.length) return null;
  const gt = await readGroundTruth(files.annotations);
  const evaluation = evaluateDetections(gt, await readDetections(join(dir, 'detections.json'), gt), { imgIds: images });
  const { convergenceStep, steps, passesPerImage, secondsPerImage } = summary;
  return {
    name, about, command: commandOf(study, dir, options), images: summary.images,
    AP: evaluation.stats[0]!, AP50: evaluation.stats[1]!, ...objectsFound(evaluation),
    convergenceStep, steps, mostSteps: config.method === 'gradient' ? config.steps : null, passes: passesPerImage,
    seconds: secondsPerImage,
  };
}

function commandOf({ files, seed, common }: Study, dir: string, options: readonly string[]): string {
  const { generator, prior, annotations, images, count } = files;
  const used = prior !== undefined && !options.includes('--no-prior') ? ['--prior', prior] : [];
  return ['npm run invert -- detect --generator', generator, ...used, '--annotations', annotations, '--images', images,
    ...(count === undefined ? [] : ['--count', count]), ...(seed === 0 ? [] : ['--seed', seed]), ...common,
    ...options.filter((option) => option !== '--no-prior'), '--out', dir].join(' ');
}

async function ablate(common: readonly string[], options: Options): Promise<void> {
  const files = {
    generator: required(options.generator, '--generator'), annotations: required(options.annotations, '--annotations'),
    images: required(options.images, '--images'), out: required(options.out, '--out'),
    ...(options.prior !== undefined && { prior: options.prior }),
    ...(options.count !== undefined && { count: options.count }),
  };
  parseDetect(common, options.seed);
  const signal = interruptSignal();
  const device = await openDevice(options);
  const generator = await openGenerator(device, files.generator);
  const means = { device, generator, prior: priorOf(files, generator), signal };
  const targets = await targetsOf({ ...files, images: [files.images] }, generator.description.categories);
  const study = { files, seed: options.seed, common, targets, means };
  const rows: AblationFigures[] = [];
  for (const row of ablationRows) {
    if (options.rows && !options.rows.includes(row.name)) continue;
    const figures = await measureRow(study, row);
    if (figures === null) {
      process.exitCode = signal.aborted ? 130 : 1;
      if (signal.aborted) break;
    } else rows.push(figures);
  }
  const ablation: Ablation = {
    adapter: device.name, generator: files.generator, prior: files.prior ?? null, annotations: files.annotations, rows,
  };
  await writeAtomic(join(files.out, 'ablation.json'), `${JSON.stringify(ablation, null, 1)}\n`);
  await writeAtomic(join(files.out, 'index.html'), ablationPage(ablation));
  console.log(`\n${ablationMarkdown(ablation)}\n\nsee ${join(files.out, 'index.html')}`);
  writeJson(options.json, ablation);
  device.close();
}

const root = withDevice(command('ablate',
  'Searches the same pictures in many ways, each row changing one thing, into one table. Rows that are done are kept.',
  'npm run ablate -- --generator runs/generator --prior runs/prior --annotations data/val.json --images data/images '
  + '--out runs/ablation --rows default,no-prior,continuous')
  .argument('[detect...]', 'options of invert -- detect for all rows, behind a --')
  .option('--generator <run>', 'folder of a trained generator (required)')
  .option('--prior <run>', 'folder of its prior')
  .option('--annotations <file>', 'COCO JSON of the pictures and what is in them (required)')
  .option('--images <dir>', 'folder of the pictures (required)')
  .option('--count <number>', 'only the first so many pictures', positiveInteger)
  .option('--rows <list>',
    `rows, separated by commas (default: all: ${ablationRows.map(({ name }) => name).join(', ')})`, parseRows)
  .option('--out <dir>', 'folder for ablation.json, index.html, and a detection for each row (required)')
  .option('--json <file>', 'also write the table to this file'))
  .action(ablate);

await runCommand(root, process.argv.slice(2));
