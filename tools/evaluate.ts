/**
 * Command line of evaluation: `npm run evaluate -- --annotations F --detections F`.
 *
 * Measuring detections is the default command; others stand beside it as subcommands.
 */
import { dirname, join } from 'node:path';
import { Command, Option } from 'commander';
import { UserError } from '../engine/errors.ts';
import { objectsFound } from '../evaluate/ablation.ts';
import { readDetections, readGroundTruth } from '../evaluate/cocoFiles.ts';
import { averagePrecision, formatStats, type ClassFigures } from '../evaluate/cocoStats.ts';
import { evaluateDetections, type Evaluation } from '../evaluate/coco.ts';
import type { CocoDetection } from '../evaluate/cocoTypes.ts';
import { evaluationRecord, writeEvaluation } from '../evaluate/evaluationFile.ts';
import { cocoParams } from '../evaluate/evaluationParams.ts';
import { positiveInteger, runCommand } from './cli.ts';
import { addDrawn } from './drawn.ts';
import { addLikelihood } from './likelihood.ts';

interface DetectionsOptions {
  readonly annotations?: string;
  readonly detections?: string;
  readonly out?: string;
  readonly json?: string;
  readonly iouThresholds: readonly number[];
  readonly maxDets: readonly number[];
  readonly useIgnoreFlags: boolean;
  readonly count?: number;
}

function program(): Command {
  const root = new Command('evaluate');
  // Without a help option of its own the root passes --help on, so that the default command answers it.
  root.exitOverride().configureOutput({ writeErr: () => undefined }).helpOption(false).helpCommand(false);
  root.command('detections', { isDefault: true })
    .helpOption('-h, --help', 'show this help')
    .description('Measures detections by the twelve COCO figures and per class; writes evaluation.json.')
    .option('--annotations <file>', 'ground truth, COCO instances JSON (required)')
    .option('--detections <file>', 'detections, COCO results JSON (required)')
    .option('--out <dir>', 'folder for evaluation.json (default: the folder of --detections)')
    .option('--json <file>', 'also write the figures to this file')
    .addOption(new Option('--iou-thresholds <list>', 'IoU thresholds, separated by commas')
      .default(cocoParams.iouThrs, '0.5 to 0.95 in steps of 0.05').argParser(numbers('--iou-thresholds')))
    .addOption(new Option('--max-dets <list>', 'three limits of detections per image and class')
      .default(cocoParams.maxDets, '1,10,100').argParser(numbers('--max-dets')))
    .option('--count <number>', 'only the first so many pictures, as detect --count takes them', positiveInteger)
    .option('--use-ignore-flags', 'leave out annotations marked "ignore", which pycocotools counts', false)
    .addHelpText('after', [
      '',
      'Example:',
      '  npm run evaluate -- --annotations data/val.json --detections runs/detect/detections.json',
    ].join('\n'))
    .action(measureDetections);
  addLikelihood(root);
  addDrawn(root);
  return root;
}

/** Parser of a comma-separated list of numbers; the evaluator judges their range. */
function numbers(option: string): (text: string) => number[] {
  return (text) => {
    const parts = text.split(',').map((part) => part.trim());
    const wrong = parts.find((part) => part === '' || !Number.isFinite(Number(part)));
    if (wrong !== undefined) {
      throw new UserError(`${option}: must be numbers separated by commas, found '${wrong}' in '${text}'.`);
    }
    return parts.map(Number);
  };
}

async function measureDetections(options: DetectionsOptions): Promise<void> {
  const annotationsFile = required(options.annotations, '--annotations');
  const detectionsFile = required(options.detections, '--detections');
  const gt = await readGroundTruth(annotationsFile);
  const detections = await readDetections(detectionsFile, gt);
  const evaluation = evaluateDetections(gt, detections, {
    iouThrs: options.iouThresholds,
    maxDets: options.maxDets,
    useIgnoreFlags: options.useIgnoreFlags,
    ...(options.count !== undefined && { imgIds: gt.images.slice(0, options.count).map(({ id }) => id) }),
  });
  printFigures(evaluation, detections);
  const shuffled = evaluateDetections(gt, scoredAgainstOthers(detections, evaluation.params.imgIds), evaluation.params);
  console.log(`objects found at IoU 0.50 with the right class: ${foundShare(evaluation)}; `
    + `scored against the next picture's answers: ${foundShare(shuffled)}\n`);
  const record = evaluationRecord(evaluation);
  const files = [join(options.out ?? dirname(detectionsFile), 'evaluation.json')];
  if (options.json !== undefined) files.push(options.json);
  for (const file of files) {
    await writeEvaluation(file, record);
    console.log(`wrote ${file}`);
  }
}

// Not commander's requiredOption: that complains of a missing option before it finds the misspelt one.
function required(value: string | undefined, option: string): string {
  if (value === undefined) throw new UserError(`${option} FILE is missing; --help lists the options.`);
  return value;
}

/** The control for luck: every picture's detections as if they were of the next picture. */
function scoredAgainstOthers(detections: readonly CocoDetection[], imgIds: readonly number[]): CocoDetection[] {
  const next = new Map(imgIds.map((id, i) => [id, imgIds[(i + 1) % imgIds.length]!]));
  return detections.map((detection) =>
    ({ ...detection, image_id: next.get(detection.image_id) ?? detection.image_id }));
}

/** Share of all objects that were found, as `0.961 (173 of 180)`. */
function foundShare(evaluation: Evaluation): string {
  const { found, objects } = objectsFound(evaluation);
  return objects === 0 ? '-' : `${(found / objects).toFixed(3)} (${found} of ${objects})`;
}

function printFigures(evaluation: Evaluation, detections: readonly CocoDetection[]): void {
  const { params, perClass } = evaluation;
  const images = params.imgIds.length;
  const objects = perClass.reduce((sum, figures) => sum + figures.objects, 0);
  const empty = images - new Set(detections.map((detection) => detection.image_id)).size;
  console.log(`${images} images (${empty} without detections), ${objects} objects, ${detections.length} detections\n`);
  console.log(formatStats(evaluation));
  const limit = params.maxDets.at(-1)!;
  if (!params.maxDets.includes(100)) {
    const ap = averagePrecision(evaluation).toFixed(3);
    console.log(` (the first line is defined at 100 detections only; AP at maxDets=${limit} is ${ap})`);
  }
  console.log(`\n${classTable(perClass)}\n`);
}

/** One line a class, aligned; `-` where there is nothing to measure. */
function classTable(perClass: readonly ClassFigures[]): string {
  const figure = (value: number) => (value < 0 ? '-' : value.toFixed(3));
  const rows = [
    ['class', 'AP', 'AP50', 'AR', 'objects', 'detections'],
    ...perClass.map(({ name, AP, AP50, AR, objects, detections }) =>
      [name, figure(AP), figure(AP50), figure(AR), String(objects), String(detections)]),
  ];
  const widths = rows[0]!.map((_, column) => Math.max(...rows.map((row) => row[column]!.length)));
  const align = (cell: string, column: number) =>
    column === 0 ? cell.padEnd(widths[0]!) : cell.padStart(widths[column]!);
  return rows.map((row) => row.map(align).join('  ')).join('\n');
}

await runCommand(program(), process.argv.slice(2));
