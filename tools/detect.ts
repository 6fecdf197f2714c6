/** The work of `invert detect`: pictures in, detections, records, overlays and a page out. */
import { join } from 'node:path';
import { loadImage, rgbFromPlanes } from '../data/images.ts';
import { drawnBoxes } from '../draw/drawnBoxes.ts';
import { drawDetections, sideBySide, type DrawnBox } from '../draw/overlay.ts';
import type { Device } from '../engine/device.ts';
import { UserError } from '../engine/errors.ts';
import { RandomStream } from '../engine/random.ts';
import { writeAtomic } from '../engine/writeAtomic.ts';
import { overlayName } from '../evaluate/report/detectionFiles.ts';
import { toDetections, toRecord } from '../invert/detections.ts';
import { Inverter, type Inverted, type Subject } from '../invert/invert.ts';
import { LayoutSampler, openGenerator, type Generator } from '../pipeline/generator.ts';
import type { Prior } from '../pipeline/prior.ts';
import { Progress, interruptSignal, writeJson } from './cli.ts';
import { DetectFolder, printSummary, type DetectSummary } from './detectFolder.ts';
import { targetsOf, type Target, type TargetOptions } from './detectTargets.ts';
import { inversionConfig, priorOf, type InversionOptions } from './inversionOptions.ts';
import { inShard, parseShard, type DetectJob } from './mergeDetections.ts';

export interface DetectOptions extends InversionOptions, TargetOptions {
  readonly generator: string;
  /** A folder, or false for --no-prior. */
  readonly prior?: string | false;
  readonly out: string;
  readonly resume?: boolean;
  readonly shard?: string;
  readonly regenerate?: boolean;
  readonly adapter?: string;
  readonly mode?: 'safe' | 'fast';
  readonly json?: string;
}

export async function detect(options: DetectOptions, open: () => Promise<Device>): Promise<void> {
  const folder = new DetectFolder(options.out);
  const shard = parseShard(options.shard ?? '1/1');
  folder.expectEmpty(options.resume);
  const signal = interruptSignal();
  const device = await open();
  const generator = await openGenerator(device, options.generator);
  const prior = priorOf(options, generator);
  const { categories } = generator.description;
  const all = await targetsOf(options, categories);
  const wished = inversionConfig(options, generator);
  // Places that no picture takes would cost as much as those that one does.
  const config = { ...wished, imagesAtOnce: Math.min(wished.imagesAtOnce, all.length) };
  console.log(`config: ${JSON.stringify(config)}`);
  const targets = all.filter(inShard(shard));
  const job: DetectJob = {
    made: { generator: options.generator, prior: options.prior || null, config }, shard,
    images: targets.map(({ image }) => image.id), skipped: [],
    categories: categories.map(({ id, name }) => ({ id, name })),
  };
  const summary = await detectInto(folder, job, targets, { device, generator, prior, signal },
    options.regenerate !== false);
  printSummary(options.out, targets.length, config.steps, summary);
  writeJson(options.json, summary);
  if (signal.aborted && summary.images + summary.skipped < targets.length) process.exitCode = 130;
  else if (summary.skipped > 0) process.exitCode = 1;
  device.close();
}

/** What a detection works with. */
export interface DetectMeans {
  readonly device: Device;
  readonly generator: Generator;
  readonly prior: Prior | null;
  readonly signal: AbortSignal;
}

/**
 * Does what a folder lacks of a job.
 *
 *   regenerate  whether overlays show what the generator makes of the layouts found
 */
export async function detectInto(folder: DetectFolder, job: DetectJob, targets: readonly Target[], means: DetectMeans,
  regenerate: boolean): Promise<DetectSummary> {
  const { device, generator, prior } = means;
  folder.expectPictures(targets.map(({ image }) => image));
  await folder.begin(job);
  const inverter = await Inverter.open(device, generator, prior, job.made.config);
  const summary = await new Work(means, job, regenerate, inverter, folder).run(targets);
  inverter.destroy();
  return summary;
}

interface Panel {
  readonly png: Buffer;
  readonly caption: string;
}

/** A target whose picture could be read. */
type Loaded = Target & Subject;

/** Goes through the pictures and writes as it goes. */
class Work {
  private readonly skipped: DetectJob['skipped'][number][] = [];
  private sampler: LayoutSampler | null = null;

  constructor(
    private readonly means: DetectMeans,
    private readonly job: DetectJob,
    private readonly regenerate: boolean,
    private readonly inverter: Inverter,
    private readonly folder: DetectFolder,
  ) {}

  async run(targets: readonly Target[]): Promise<DetectSummary> {
    const { imagesAtOnce } = this.job.made.config;
    const { signal } = this.means;
    const done = new Set(this.folder.records.map(({ imageId }) => imageId));
    const progress = new Progress('inverting', targets.length);
    const finished: Inverted<Loaded>[] = [];
    const count = (): number => this.folder.records.length + this.skipped.length + finished.length;
    const onTurn = (share: number): void => progress.update(Math.min(targets.length, count() + share));
    const subjects = this.load(targets.filter(({ image }) => !done.has(image.id)));
    for await (const inverted of this.inverter.run(subjects, signal, onTurn)) {
      finished.push(inverted);
      // Pictures of layouts are drawn in whole batches.
      if (finished.length === (this.regenerate ? imagesAtOnce : 1)) await this.write(finished.splice(0));
    }
    await this.write(finished.splice(0));
    progress.update(count());
    progress.stop();
    this.sampler?.destroy();
    const { folder, skipped, job } = this;
    // A shard may hold nothing but broken pictures; the whole is wrong where all of them are.
    if (folder.records.length === 0 && skipped.length > 0 && job.shard.count === 1 && !signal.aborted) {
      throw new UserError(`no picture could be read; the first: ${skipped[0]!.reason}`);
    }
    return folder.finish({ ...job, skipped });
  }

  /** Pictures that can be read; the others are reported and left out. */
  private async* load(targets: readonly Target[]): AsyncGenerator<Loaded> {
    for (const target of targets) {
      try {
        const picture = await loadImage(target.path, this.means.generator.description.image);
        yield { ...target, name: target.image.fileName, picture };
      } catch (error) {
        if (!(error instanceof UserError)) throw error;
        this.skipped.push({ imageId: target.image.id, reason: error.message });
        console.error(`skipped: ${error.message}`);
      }
    }
  }

  private async write(finished: readonly Inverted<Loaded>[]): Promise<void> {
    if (finished.length === 0) return;
    const { categories } = this.means.generator.description;
    const drawn = this.regenerate ? await this.draw(finished) : null;
    for (const [i, { subject: { image, picture }, inversion, seconds }] of finished.entries()) {
      const own = drawn?.subarray(i * picture.length, (i + 1) * picture.length) ?? null;
      await this.writeOverlay(finished[i]!, own);
      const detections = toDetections(inversion, image, categories);
      await this.folder.append(this.job,
        toRecord(inversion, image, detections, categories, this.job.made.config.seed, seconds));
    }
  }

  private async writeOverlay({ subject: { image, picture }, inversion: { objects } }: Inverted<Loaded>,
    drawn: Float32Array | null): Promise<void> {
    const { categories, image: { size } } = this.means.generator.description;
    const panel = async (planes: Float32Array, boxes: readonly DrawnBox[], caption: string): Promise<Panel> =>
      ({ png: await drawDetections(rgbFromPlanes(planes, size, size), boxes), caption });
    const found = drawnBoxes(objects, categories, size, size).map((box, k) => ({ ...box, score: objects[k]!.score }));
    const panels = [await panel(picture, found, 'found')];
    if (image.objects.length > 0) {
      const truth = drawnBoxes(image.objects, categories, size, size).map((box) => ({ ...box, dashed: true }));
      panels.push(await panel(picture, truth, 'annotated'));
    }
    if (drawn) panels.push(await panel(drawn, [], 'regenerated'));
    const overlay = join(this.folder.dir, 'overlays', overlayName(image.id, image.fileName));
    await writeAtomic(overlay, await sideBySide(panels));
  }

  /** Pictures that the generator draws from the layouts found, each from the same noise. */
  private async draw(finished: readonly Inverted<Loaded>[]): Promise<Float32Array> {
    const { device, generator: { vocabulary, store, description, firstStage } } = this.means;
    const { imagesAtOnce, seed } = this.job.made.config;
    this.sampler ??= await LayoutSampler.open(device, store, description, imagesAtOnce);
    const tokens = new Int32Array(imagesAtOnce * vocabulary.length);
    const start = new Float32Array(imagesAtOnce * firstStage.latentSize);
    const random = new RandomStream(seed, 'regenerate');
    const noise = Float32Array.from({ length: firstStage.latentSize }, () => random.normal());
    for (let i = 0; i < imagesAtOnce; i++) {
      tokens.set(finished[Math.min(i, finished.length - 1)]!.inversion.tokens, i * vocabulary.length);
      start.set(noise, i * noise.length);
    }
    const z = await this.sampler.sample(tokens, {
      sampler: 'ddim', steps: Math.min(20, description.model.diffusion.schedule.steps), guidance: 1, seed, start,
    });
    return firstStage.decode(z);
  }
}
