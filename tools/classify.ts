/** The work of `invert classify`: pictures in, predictions and a comparison of methods out. */
import { existsSync, readdirSync, statSync } from 'node:fs';
import { basename, join } from 'node:path';
import { readClassFolders } from '../data/classFolders.ts';
import { isPictureName, loadImage, pictureEndings } from '../data/images.ts';
import type { Device } from '../engine/device.ts';
import { UserError } from '../engine/errors.ts';
import { writeAtomic } from '../engine/writeAtomic.ts';
import { Classifier, classifyPresets, type Classification, type ClassifyConfig, type ClassifyMethod, type Stage }
  from '../invert/classify.ts';
import { openClassGenerator, type ClassGenerator } from '../pipeline/classGenerator.ts';
import { Progress, interruptSignal, writeJson } from './cli.ts';
import { ResultFolder } from './resultFolder.ts';

export interface ClassifyOptions extends Partial<Omit<ClassifyConfig, 'stages' | 'timesteps' | 'seed'>> {
  readonly generator: string;
  readonly images: readonly string[];
  readonly out: string;
  readonly method: readonly ClassifyMethod[];
  readonly preset: keyof typeof classifyPresets;
  readonly stages?: readonly Stage[];
  readonly timesteps?: readonly [number, number];
  readonly count?: number;
  readonly resume?: boolean;
  readonly seed: number;
  readonly adapter?: string;
  readonly mode?: 'safe' | 'fast';
  readonly json?: string;
}

interface Target {
  readonly path: string;
  /** Class index, where the picture lies in the folder of a class. */
  readonly truth: number | null;
}

/** classify.json: what a folder of predictions was begun with. A method finds the same whichever others are asked. */
interface ClassifyJob {
  readonly made: { readonly generator: string; readonly config: ClassifyConfig };
}

/** One line of predictions.jsonl. */
interface Prediction {
  readonly file: string;
  readonly method: ClassifyMethod;
  readonly label: string;
  /** Null where the class of the picture is not known. */
  readonly truth: string | null;
  readonly candidates: readonly { readonly label: string; readonly energy: number }[];
  readonly convergenceLoop: number | null;
  readonly monitor: readonly number[];
  /** Network passes of this picture, forward and backward counted one each. */
  readonly passes: number;
  readonly seconds: number;
}

type PredictionFolder = ResultFolder<ClassifyJob, Prediction>;

/** What a classification works with. */
interface Work {
  readonly device: Device;
  readonly generator: ClassGenerator;
  readonly folder: PredictionFolder;
  readonly job: ClassifyJob;
  readonly signal: AbortSignal;
}

/** Every n-th of them, so that a few of all classes are taken. */
function thinned(targets: readonly Target[], count: number): Target[] {
  if (count >= targets.length) return [...targets];
  return Array.from({ length: count }, (_, i) => targets[Math.floor(((i + 0.5) / count) * targets.length)]!);
}

/** The pictures that are named: files, folders of files, or one folder that holds a folder of files for each class. */
function targetsOf({ images, count }: ClassifyOptions, { description: { categories } }: ClassGenerator): Target[] {
  const targets = images.flatMap((path): Target[] => {
    if (!existsSync(path)) throw new UserError(`--images ${path}: there is no such file or folder`);
    if (!statSync(path).isDirectory()) return [{ path, truth: null }];
    const entries = readdirSync(path, { withFileTypes: true });
    if (entries.some((entry) => entry.isDirectory())) {
      return readClassFolders(path, categories).images
        .map(({ fileName, objects }) => ({ path: join(path, fileName), truth: objects[0]!.classIndex }));
    }
    return entries.map(({ name }) => name).filter(isPictureName).sort()
      .map((name) => ({ path: join(path, name), truth: null }));
  });
  if (targets.length === 0) {
    throw new UserError(`--images ${images.join(' ')}: holds no pictures (${pictureEndings.join(' ')})`);
  }
  return thinned(targets, count ?? targets.length);
}

/** The preset with the options in it; timesteps within the trained range. */
export function classifyConfig(options: ClassifyOptions, { description }: ClassGenerator): ClassifyConfig {
  const preset: ClassifyConfig = classifyPresets[options.preset];
  const { steps } = description.model.diffusion.schedule;
  const [low, high] = preset.timesteps.map((t) => Math.round((t * steps) / 1000)) as [number, number];
  const trained = description.timesteps;
  const keys = Object.keys(preset).filter((key) => options[key as keyof ClassifyOptions] !== undefined);
  const config: ClassifyConfig = {
    ...preset, timesteps: [Math.max(low, trained[0]), Math.min(high, trained[1])],
    ...Object.fromEntries(keys.map((key) => [key, options[key as keyof ClassifyOptions]])),
  };
  // What the preset says of parts of the pairs, and this number of pairs leaves no room for, is left out.
  const glance = options.glance ?? Math.min(preset.glance, config.pairs);
  const shorter = preset.stages.filter(({ pairs }) => pairs < config.pairs)
    .map((stage) => ({ ...stage, keep: Math.max(2, stage.keep) }));
  const stages = options.stages ?? [...shorter, { pairs: config.pairs, keep: 1 }];
  return { ...config, glance, stages };
}

export async function classify(options: ClassifyOptions, open: () => Promise<Device>): Promise<void> {
  const folder: PredictionFolder = new ResultFolder(options.out, { job: 'classify', records: 'predictions' });
  folder.expectEmpty(options.resume);
  const device = await open();
  const generator = await openClassGenerator(device, options.generator);
  const config = classifyConfig(options, generator);
  const targets = targetsOf(options, generator);
  console.log(`config: ${JSON.stringify({ method: options.method, ...config })}`);
  const work: Work = {
    device, generator, folder, job: { made: { generator: options.generator, config } }, signal: interruptSignal(),
  };
  await folder.begin(work.job);
  const summaries: object[] = [];
  const all: Prediction[][] = [];
  for (const method of options.method) {
    await runMethod(work, method, targets);
    if (work.signal.aborted) {
      console.log(`interrupted; the same command with --resume goes on`);
      process.exitCode = 130;
      device.close();
      return;
    }
    const predictions = predictionsOf(work, method, targets);
    all.push(predictions);
    summaries.push(summarise(method, predictions));
  }
  const predictions = all.flat();
  const asked = new Set(predictions.map(keyOf));
  await folder.rewrite([...predictions, ...folder.records.filter((one) => !asked.has(keyOf(one)))]);
  const record = { config, methods: summaries, predictions };
  await writeAtomic(join(options.out, 'predictions.json'), `${JSON.stringify(record, null, 1)}\n`);
  writeJson(options.json, { config, methods: summaries });
  console.log(`see ${join(options.out, 'predictions.json')}`);
  device.close();
}

const keyOf = ({ method, file }: Prediction): string => `${method} ${file}`;

/** What the folder holds of a method, by file. */
const knownOf = ({ folder: { records } }: Work, method: ClassifyMethod): Map<string, Prediction> =>
  new Map(records.filter((one) => one.method === method).map((one) => [one.file, one]));

const truthOf = ({ generator: { description } }: Work, { truth }: Target): string | null =>
  (truth === null ? null : description.categories[truth]!.name);

/** Predictions of pictures that are all done. Their true classes are those of now, however they were named before. */
function predictionsOf(work: Work, method: ClassifyMethod, targets: readonly Target[]): Prediction[] {
  const known = knownOf(work, method);
  return targets.map((target) => ({ ...known.get(target.path)!, truth: truthOf(work, target) }));
}

/** Does what the folder lacks of a method. */
async function runMethod(work: Work, method: ClassifyMethod, all: readonly Target[]): Promise<void> {
  const { device, generator, folder, job, signal } = work;
  const { config } = job.made;
  const { categories, image } = generator.description;
  const known = knownOf(work, method);
  const targets = all.filter(({ path }) => !known.has(path));
  if (targets.length === 0) return;
  const classifier = await Classifier.open(device, generator, method, config);
  const progress = new Progress(method, targets.length);
  for (let first = 0; first < targets.length && !signal.aborted; first += config.imagesAtOnce) {
    const part = targets.slice(first, first + config.imagesAtOnce);
    const pictures = await Promise.all(part.map(({ path }) => loadImage(path, image)));
    const [before, start] = [classifier.passes, performance.now()];
    const found = await classifier.classify(pictures, method, (share) => progress.update(first + share * part.length));
    const seconds = (performance.now() - start) / 1000 / part.length;
    const passes = Math.round((classifier.passes - before) / part.length);
    const name = (label: number): string => categories[label]!.name;
    await folder.append(job, ...part.map((target, i): Prediction => {
      const { label, ranking, convergenceLoop, monitor }: Classification = found[i]!;
      return {
        file: target.path, method, label: name(label), truth: truthOf(work, target),
        candidates: ranking.slice(0, 5).map((one) => ({ label: name(one.label), energy: one.energy })),
        convergenceLoop, monitor, passes, seconds: Math.round(seconds * 1000) / 1000,
      };
    }));
  }
  progress.stop();
  classifier.destroy();
}

function summarise(method: ClassifyMethod, predictions: readonly Prediction[]): object {
  const mean = (value: (one: Prediction) => number): number =>
    predictions.reduce((sum, one) => sum + value(one), 0) / predictions.length;
  const judged = predictions.filter(({ truth }) => truth !== null);
  const right = judged.filter(({ truth, label }) => truth === label).length;
  const accuracy = judged.length > 0 ? right / judged.length : null;
  const [passes, seconds] = [mean((one) => one.passes), mean((one) => one.seconds)];
  const score = accuracy === null ? 'classes not known'
    : `accuracy ${accuracy.toFixed(4)} (${right} of ${judged.length})`;
  console.log(`${method.padEnd(10)}${score}; ${Math.round(passes)} network passes and `
    + `${seconds.toFixed(2)} s a picture`);
  if (accuracy === null) {
    for (const { file, label } of predictions.slice(0, 20)) console.log(`  ${basename(file)}  ${label}`);
  }
  return { method, pictures: predictions.length, accuracy, right, judged: judged.length, passes, seconds };
}
