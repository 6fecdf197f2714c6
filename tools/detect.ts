/** The work of `invert detect`: pictures in, detections, records, overlays and a page out. */
import { appendFileSync, existsSync, mkdirSync, readFileSync, statSync } from 'node:fs';
import { readdir } from 'node:fs/promises';
import { basename, extname, join } from 'node:path';
import { noFilters, readAnnotations, type AnnotatedImage } from '../data/annotations.ts';
import { imageSize, loadImage, rgbFromPlanes } from '../data/images.ts';
import { drawnBoxes } from '../draw/drawnBoxes.ts';
import { drawDetections, sideBySide, type DrawnBox } from '../draw/overlay.ts';
import type { Device } from '../engine/device.ts';
import { UserError } from '../engine/errors.ts';
import { writeAtomic } from '../engine/writeAtomic.ts';
import { overlayName } from '../evaluate/report/detectionFiles.ts';
import { trainedSteps } from '../invert/bank.ts';
import { inversionPresets, type InversionConfig, type PriorTarget, type Projection } from '../invert/config.ts';
import { toDetections, toRecord, type InversionRecord } from '../invert/detections.ts';
import { Inverter, type Inversion, type Subject } from '../invert/invert.ts';
import { LayoutSampler, openGenerator, type Generator } from '../pipeline/generator.ts';
import { openPrior, tokenTableName, type Prior } from '../pipeline/prior.ts';
import { Progress, interruptSignal, writeJson } from './cli.ts';
import { inShard, parseShard, writeDetections, writeJob, type DetectJob } from './mergeDetections.ts';

export interface DetectOptions {
  readonly generator: string;
  /** A folder, or false for --no-prior. */
  readonly prior?: string | false;
  readonly images: readonly string[];
  readonly annotations?: string;
  readonly count?: number;
  readonly shard?: string;
  readonly out: string;
  readonly resume?: boolean;
  readonly preset: keyof typeof inversionPresets;
  readonly steps?: number;
  readonly batchTimesteps?: number;
  readonly timesteps?: string;
  readonly lr?: number;
  readonly priorWeight?: number;
  readonly priorTarget?: PriorTarget;
  readonly priorPairs?: number;
  readonly priorTimesteps?: string;
  readonly projection?: Projection;
  readonly metric?: 'l2' | 'cosine';
  readonly init?: 'gaussian' | 'none';
  readonly restarts?: number;
  readonly imagesAtOnce?: number;
  readonly patience?: number;
  readonly monitor?: boolean;
  readonly localRounds?: number;
  readonly regenerate?: boolean;
  readonly adapter?: string;
  readonly mode?: 'safe' | 'fast';
  readonly json?: string;
  readonly seed: number;
}

/** A picture to look at, with its place on the disk. */
export interface Target {
  readonly image: AnnotatedImage;
  readonly path: string;
}

const pictureEndings = ['.jpg', '.jpeg', '.png', '.webp', '.tif', '.tiff'];

/** The pictures that the options name. Without annotations ids are numbered from 1 in order of names. */
async function targetsOf(options: DetectOptions, generator: Generator): Promise<Target[]> {
  const { annotations, images, count } = options;
  let targets: Target[];
  if (annotations !== undefined) {
    const { categories } = generator.description;
    const dataset = await readAnnotations(annotations, { ...noFilters, categories });
    targets = dataset.images.map((image) => ({ image, path: join(images[0]!, image.fileName) }));
  } else {
    const paths = (await Promise.all(images.map(async (path) => {
      if (!existsSync(path)) throw new UserError(`--images ${path}: there is no such file or folder`);
      if (!statSync(path).isDirectory()) return [path];
      const names = (await readdir(path)).filter((name) => pictureEndings.includes(extname(name).toLowerCase())).sort();
      return names.map((name) => join(path, name));
    }))).flat();
    targets = await Promise.all(paths.map(async (path, i) => {
      const size = await imageSize(path).catch(() => ({ width: 0, height: 0 }));
      return { image: { id: i + 1, fileName: basename(path), ...size, objects: [] }, path };
    }));
  }
  if (targets.length === 0) {
    throw new UserError(`--images ${images.join(' ')}: holds no pictures (${pictureEndings.join(' ')})`);
  }
  const missing = targets.filter(({ path }) => !existsSync(path));
  if (missing.length > 0) {
    throw new UserError(`${missing[0]!.path}: there is no such picture `
      + `(${missing.length} of ${targets.length} are missing)`);
  }
  return targets.slice(0, count);
}

/** `low,high` of an option. */
function parseRange(option: string, text: string): readonly [number, number] {
  const parts = text.split(',').map(Number);
  if (parts.length !== 2 || parts.some((n) => !Number.isInteger(n))) {
    throw new UserError(`${option}: must be two whole numbers, low,high; found '${text}'`);
  }
  return parts as [number, number];
}

/** Beyond so many object slots one restart per count costs more than it finds. */
const mostStratified = 4;

/** The preset with the options in it. */
export function inversionConfig(options: Partial<DetectOptions> & Pick<DetectOptions, 'preset' | 'seed'>,
  generator: Generator): InversionConfig {
  const preset = inversionPresets[options.preset];
  // Presets count in thousandths of the schedule.
  const scaled = preset.timesteps.map((t) => Math.round((t * trainedSteps(generator)) / 1000)) as [number, number];
  // The noisier half of what was trained: where noise is weak every layout explains the picture.
  const trained = generator.description.timesteps;
  const timesteps = options.timesteps !== undefined ? parseRange('--timesteps', options.timesteps)
    : [Math.max(trained[0], scaled[0]), Math.min(trained[1], scaled[1])] as const;
  const { priorWeight, priorTimesteps } = options;
  const { maxObjects } = generator.vocabulary;
  const stratify = preset.stratifyCounts && maxObjects <= mostStratified;
  const restarts = options.restarts ?? (stratify ? Math.max(preset.restarts, maxObjects) : preset.restarts);
  const given = Object.fromEntries((['steps', 'batchTimesteps', 'lr', 'projection', 'metric', 'init', 'imagesAtOnce',
    'patience', 'localRounds', 'priorTarget', 'priorPairs'] as const)
    .filter((key) => options[key] !== undefined).map((key) => [key, options[key]]));
  const config: InversionConfig = {
    ...preset, ...given, timesteps, restarts, seed: options.seed,
    ...(priorWeight !== undefined && { priorWeight: { autoregressive: priorWeight, diffusion: priorWeight } }),
    ...(priorTimesteps !== undefined && { priorTimesteps: parseRange('--prior-timesteps', priorTimesteps) }),
  };
  const unmonitored = options.monitor === false ? { monitorEvery: config.steps, patience: 0 } : {};
  return { ...config, ...unmonitored, stratifyCounts: stratify && restarts >= maxObjects };
}

/** The prior of the options, checked to read the generator's own token table. */
export function priorOf(options: Pick<DetectOptions, 'prior' | 'generator'>, generator: Generator): Prior | null {
  if (!options.prior) return null;
  const prior = openPrior(options.prior);
  const own = generator.run.weights.get(tokenTableName)!.data;
  const read = prior.run.frozen.get(tokenTableName)!.data;
  if (own.length !== read.length || own.some((value, i) => value !== read[i])) {
    throw new UserError(`--prior ${options.prior}: was trained on another token table than that of `
      + `${options.generator}; train it with --generator set to this run`);
  }
  return prior;
}

/** Records of an earlier run in the folder, the half-written last line dropped. */
function readRecords(file: string): InversionRecord[] {
  if (!existsSync(file)) return [];
  return readFileSync(file, 'utf8').split('\n').flatMap((line) => {
    try {
      return line ? [JSON.parse(line) as InversionRecord] : [];
    } catch {
      return [];
    }
  });
}

export async function detect(options: DetectOptions, open: () => Promise<Device>): Promise<void> {
  const file = join(options.out, 'inversions.jsonl');
  const earlier = readRecords(file);
  if (earlier.length > 0 && !options.resume) {
    throw new UserError(`${options.out}: holds inversions already; go on with --resume or choose another --out`);
  }
  const device = await open();
  const generator = await openGenerator(device, options.generator);
  const prior = priorOf(options, generator);
  const shard = parseShard(options.shard ?? '1/1');
  const targets = (await targetsOf(options, generator)).filter(inShard(shard));
  const config = inversionConfig(options, generator);
  console.log(`config: ${JSON.stringify(config)}`);
  try {
    mkdirSync(join(options.out, 'overlays'), { recursive: true });
  } catch (error) {
    throw new UserError(`--out ${options.out}: cannot be written (${(error as Error).message})`);
  }
  await writeAtomic(file, earlier.map((record) => `${JSON.stringify(record)}\n`).join(''));
  const finished = new Set(earlier.map(({ imageId }) => imageId));
  const { generator: run, prior: ofPrior } = options;
  const job: DetectJob = {
    made: { generator: run, prior: ofPrior || null, config }, shard, images: targets.map(({ image }) => image.id), skipped: [],
    categories: generator.description.categories.map(({ id, name }) => ({ id, name })),
  };
  const work = new Work(device, generator, config, options, await Inverter.open(device, generator, prior, config),
    earlier, file);
  await work.run(targets.filter(({ image }) => !finished.has(image.id)));
  await work.finish(job);
  device.close();
}

interface Panel {
  readonly png: Buffer;
  readonly caption: string;
}

/** Goes through the pictures in batches and writes as it goes. */
class Work {
  private readonly skipped: { imageId: number; reason: string }[] = [];
  private sampler: LayoutSampler | null = null;
  private seconds = 0;
  private readonly signal = interruptSignal();

  constructor(
    private readonly device: Device,
    private readonly generator: Generator,
    private readonly config: InversionConfig,
    private readonly options: DetectOptions,
    private readonly inverter: Inverter,
    private readonly records: InversionRecord[],
    private readonly file: string,
  ) {}

  async run(targets: readonly Target[]): Promise<void> {
    const { imagesAtOnce, steps } = this.config;
    const progress = new Progress('inverting', targets.length);
    for (let first = 0; first < targets.length && !this.signal.aborted; first += imagesAtOnce) {
      const batch = targets.slice(first, first + imagesAtOnce);
      const loaded = await this.load(batch);
      if (loaded.length > 0) {
        const started = performance.now();
        const found = await this.inverter.invert(loaded.map(({ subject }) => subject), (step) =>
          progress.update(first + (batch.length * step) / (steps + 1), `step ${step}`));
        const seconds = (performance.now() - started) / 1000 / loaded.length;
        this.seconds += seconds * loaded.length;
        await this.write(loaded, found, seconds);
      }
      progress.update(first + batch.length);
    }
    progress.stop();
  }

  /** Pictures that can be read; the others are reported and left out. */
  private async load(batch: readonly Target[]): Promise<(Target & { subject: Subject })[]> {
    const { image: { size } } = this.generator.description;
    const loaded = await Promise.all(batch.map(async (target) => {
      try {
        return { ...target, subject: { name: target.image.fileName, picture: await loadImage(target.path, { size }) } };
      } catch (error) {
        if (!(error instanceof UserError)) throw error;
        this.skipped.push({ imageId: target.image.id, reason: error.message });
        console.error(`skipped: ${error.message}`);
        return null;
      }
    }));
    return loaded.filter((item) => item !== null);
  }

  private async write(loaded: readonly (Target & { subject: Subject })[], found: readonly Inversion[],
    seconds: number): Promise<void> {
    const { categories, image: { size } } = this.generator.description;
    const drawn = this.options.regenerate === false ? null : await this.regenerate(found);
    for (const [i, { image, subject }] of loaded.entries()) {
      const detections = toDetections(found[i]!, image, categories);
      const record = toRecord(found[i]!, image, detections, categories, this.config.seed, seconds);
      this.records.push(record);
      appendFileSync(this.file, `${JSON.stringify(record)}\n`);
      const boxes = drawnBoxes(found[i]!.objects, categories, size, size)
        .map((box, k) => ({ ...box, score: found[i]!.objects[k]!.score }));
      const panel = async (planes: Float32Array, drawnOn: readonly DrawnBox[], caption: string): Promise<Panel> =>
        ({ png: await drawDetections(rgbFromPlanes(planes, size, size), drawnOn), caption });
      const panels = [await panel(subject.picture, boxes, 'found')];
      if (image.objects.length > 0) {
        const truth = drawnBoxes(image.objects, categories, size, size).map((box) => ({ ...box, dashed: true }));
        panels.push(await panel(subject.picture, truth, 'annotated'));
      }
      const each = 3 * size * size;
      if (drawn) panels.push(await panel(drawn.slice(i * each, (i + 1) * each), [], 'regenerated'));
      const overlay = join(this.options.out, 'overlays', overlayName(image.id, image.fileName));
      await writeAtomic(overlay, await sideBySide(panels));
    }
  }

  /** Pictures that the generator draws from the layouts found. */
  private async regenerate(found: readonly Inversion[]): Promise<Float32Array> {
    const { vocabulary, store, description, firstStage } = this.generator;
    this.sampler ??= await LayoutSampler.open(this.device, store, description, this.config.imagesAtOnce);
    const tokens = new Int32Array(this.config.imagesAtOnce * vocabulary.length);
    for (let i = 0; i < this.config.imagesAtOnce; i++) {
      tokens.set(found[Math.min(i, found.length - 1)]!.tokens, i * vocabulary.length);
    }
    const z = await this.sampler.sample(tokens, {
      sampler: 'ddim', steps: Math.min(20, trainedSteps(this.generator)), guidance: 1, seed: this.config.seed,
    });
    return firstStage.decode(z);
  }

  /** Writes detections.json, the page and the summary; the exit status tells of pictures that were skipped. */
  async finish(job: DetectJob): Promise<void> {
    const { out, json } = this.options;
    const total = job.images.length;
    // A shard may hold nothing but broken pictures; the whole is wrong where all of them are.
    if (this.records.length === 0 && this.skipped.length > 0 && job.shard.count === 1) {
      throw new UserError(`no picture could be read; the first: ${this.skipped[0]!.reason}`);
    }
    await writeJob(out, { ...job, skipped: this.skipped });
    const detections = await writeDetections(out, this.records, job.categories);
    const mean = (of: (record: InversionRecord) => number): number =>
      this.records.reduce((sum, r) => sum + of(r), 0) / Math.max(1, this.records.length);
    const summary = {
      images: this.records.length, skipped: this.skipped.length, detections: detections.length,
      secondsPerImage: mean(({ seconds }) => seconds), convergenceStep: mean(({ convergenceStep }) => convergenceStep),
      steps: mean(({ steps }) => steps), passesPerImage: this.inverter.passes / Math.max(1, this.records.length),
    };
    console.log(`${summary.images} of ${total} pictures: ${summary.detections} objects, `
      + `${summary.secondsPerImage.toFixed(2)} s and ${Math.round(summary.passesPerImage)} network passes a picture, `
      + `converged at step ${summary.convergenceStep.toFixed(1)} of ${this.config.steps}`);
    console.log(`see ${join(out, 'index.html')}`);
    writeJson(json, summary);
    if (this.signal.aborted && summary.images < total) process.exitCode = 130;
    else if (this.skipped.length > 0) process.exitCode = 1;
  }
}
