/**
 * Detection by inversion: from pictures to the layouts that explain them best [DIVE, algorithm 1].
 *
 * `Inverter.inversion` is the algorithm, as a straight line for one picture: start every layout; repeat { draw
 * (timestep, noise) pairs, step down the gradient of image energy + prior energy through the frozen networks, look at
 * the monitor now and then }; keep the best hard layout that the monitor saw; refine it by moves; score its objects.
 * The pool runs it for many pictures at once.
 */
import type { Device } from '../engine/device.ts';
import { UserError } from '../engine/errors.ts';
import { RandomStream } from '../engine/random.ts';
import type { Generator } from '../pipeline/generator.ts';
import { defaultDenoising, drawDiffusionLayouts } from '../pipeline/drawDiffusionLayouts.ts';
import { drawPriorLayouts } from '../pipeline/drawPriorLayouts.ts';
import { tokenTableName, type Prior } from '../pipeline/prior.ts';
import { PairStream, priorRange, trainedSteps } from './bank.ts';
import { checkInversion, type InversionConfig } from './config.ts';
import { Judge } from './judge.ts';
import { LayoutEnergies, type Found } from './layoutEnergies.ts';
import { Monitor, type Curve } from './monitor.ts';
import { compactLayout, triplesOf } from './moves.ts';
import { Pool, type Seat } from './pool.ts';
import { refine, settle } from './refine.ts';
import { scoreObjects, type ScoredObject } from './scores.ts';
import { Search } from './search.ts';
import { sweep, sweptParts } from './sweep.ts';
import { gradientPasses, greedySearch, randomSearch } from './tokenSearch.ts';

/** A picture to invert. */
export interface Subject {
  /** Names the picture's random streams: the same name gives the same result in any company. */
  readonly name: string;
  /** [3, S, S] in [-1, 1]. */
  readonly picture: Float32Array;
}

/** What was found in one picture. */
export interface Inversion {
  readonly name: string;
  /** [L], objects first. */
  readonly tokens: Int32Array;
  /** Energy of `tokens` on the fixed pairs. */
  readonly energy: number;
  readonly objects: readonly ScoredObject[];
  /** Energy on random pairs by step, mean over restarts. */
  readonly loss: Curve;
  /** Lowest energy of a hard layout on the fixed pairs, by step. */
  readonly monitor: Curve;
  /** Step of the monitor's minimum. */
  readonly convergenceStep: number;
  readonly steps: number;
  /** Network passes, forward and backward counted one each. */
  readonly passes: number;
}

/** An inversion, its subject, and its share of the time. */
export interface Inverted<S extends Subject> {
  readonly subject: S;
  readonly inversion: Inversion;
  readonly seconds: number;
}

type Encoded<S> = S & { readonly z: Float32Array };

/** Layouts drawn from the prior, of which `--init prior` takes its starts. */
const drawnFromPrior = 256;

/** Everything compiled for one generator, prior and config; inverts any number of pictures. */
export class Inverter {
  private constructor(
    private readonly generator: Generator,
    private readonly config: InversionConfig,
    private readonly search: Search,
    private readonly judge: Judge,
    /** Layouts to start from; empty where a search starts at random. */
    private readonly drawn: readonly Int32Array[],
    private readonly priorTimesteps: readonly [number, number],
  ) {}

  static async open(device: Device, generator: Generator, prior: Prior | null,
    config: InversionConfig): Promise<Inverter> {
    checkInversion(config, trainedSteps(generator));
    return new Inverter(generator, config, await Search.open(device, generator, prior, config),
      await Judge.open(device, generator, prior, config), await drawStarts(device, prior, config),
      prior ? priorRange(prior, config.priorTimesteps) : [0, 1]);
  }

  /**
   * Inverts any number of pictures, `imagesAtOnce` together; yields them as they are ready.
   *
   *   signal  ends it at once when aborted; pictures under way are given up
   *   onTurn  is told now and then how many pictures' worth of searching is under way
   */
  async* run<S extends Subject>(subjects: AsyncIterable<S> | Iterable<S>, signal?: AbortSignal,
    onTurn: (underWay: number) => void = () => undefined): AsyncGenerator<Inverted<S>> {
    const pool = new Pool(this.search, this.judge, this.config.imagesAtOnce, signal, onTurn);
    yield* pool.run(this.encoded(subjects), async (subject: Encoded<S>, seat) => {
      const inversion = await this.inversion(subject, seat);
      return { subject, inversion, seconds: seat.seconds };
    });
  }

  /** Inverts pictures; results are in the order of the subjects. */
  async invert(subjects: readonly Subject[]): Promise<Inversion[]> {
    const found = new Map<Subject, Inversion>();
    for await (const { subject: { place }, inversion } of this.run(subjects.map((s, place) => ({ ...s, place })))) {
      found.set(subjects[place]!, inversion);
    }
    return subjects.map((subject) => found.get(subject)!);
  }

  private async inversion({ name, z }: Encoded<Subject>, seat: Seat): Promise<Inversion> {
    const { config, generator: { vocabulary } } = this;
    const energies = this.energiesFor(z, seat, this.judge.coarse);
    const monitor = new Monitor(config);
    if (config.method === 'gradient') await this.descend(name, z, seat, energies, monitor);
    else await this.lookAround(name, seat, energies, monitor);
    seat.leave();
    const starts = monitor.bestOfStarts.map(({ tokens }) => tokens);
    const fine = config.finePairs > 0 ? this.energiesFor(z, seat, this.judge.fine) : null;
    const begun = await sweep(vocabulary, energies, monitor.best!, config.sweep,
      fine ? sweptParts.large : sweptParts.all);
    const settled = await refine(vocabulary, energies, begun, starts, config);
    const found = fine ? await this.lookCloser(fine, settled) : settled;
    const objects = await scoreObjects(vocabulary, fine ?? energies, found, starts, config.score);
    const { loss, energies: curve, convergenceStep, steps } = monitor;
    return { name, ...found, objects, loss, monitor: curve, convergenceStep, steps, passes: seat.passes };
  }

  private energiesFor(z: Float32Array, seat: Seat, blocks: readonly number[]): LayoutEnergies {
    return new LayoutEnergies(z, blocks, (questions) => seat.judge(questions));
  }

  /** Small objects put in beside those found, and moved to where they help most. */
  private async lookCloser(fine: LayoutEnergies, { tokens }: Found): Promise<Found> {
    const { config, generator: { vocabulary } } = this;
    const [energy] = await fine.of([tokens]);
    const swept = await sweep(vocabulary, fine, { tokens, energy: energy! }, config.sweep, sweptParts.small);
    return settle(vocabulary, fine, swept, triplesOf(vocabulary, tokens).length, config);
  }

  /** The search by the gradient, until the monitor says that it is done. */
  private async descend(name: string, z: Float32Array, seat: Seat, energies: LayoutEnergies,
    monitor: Monitor): Promise<void> {
    const { config, generator: { vocabulary } } = this;
    const { draws, seed } = config;
    const ofImage = new PairStream(draws, new RandomStream(seed, `pairs ${name}`), config.batchTimesteps,
      config.timesteps);
    const ofPrior = new PairStream(draws, new RandomStream(seed, `prior pairs ${name}`), config.priorPairs,
      this.priorTimesteps);
    seat.start(name, z, this.startsOf(name));
    for (let step = 0; !monitor.done; step++) {
      await seat.step(step, { image: ofImage.next(), prior: ofPrior.next() });
      seat.progress = (step + 1) / config.steps;
      if (!monitor.due(step + 1)) continue;
      const { energies: losses, layouts } = await seat.read();
      const hard = layouts.map((tokens) => compactLayout(vocabulary, tokens, config.duplicateIou));
      const judged = await energies.of(hard);
      const starts = hard.map((tokens, r): Found => ({ tokens, energy: judged[r]! }));
      monitor.note(step + 1, losses.reduce((sum, loss) => sum + loss, 0) / losses.length, starts);
    }
  }

  /** A baseline in the gradient's place, for as many passes. */
  private async lookAround(name: string, seat: Seat, energies: LayoutEnergies, monitor: Monitor): Promise<void> {
    const { config, generator: { vocabulary } } = this;
    const allowed = config.passes || gradientPasses(config);
    const random = new RandomStream(config.seed, `tokens ${name}`);
    let step = 0;
    const note = (best: Found): void => {
      seat.progress = Math.min(1, seat.passes / allowed);
      monitor.note(++step, best.energy, [best]);
    };
    await (config.method === 'greedy' ? greedySearch : randomSearch)(vocabulary, energies, random,
      () => seat.passes < allowed, note);
  }

  /** Layouts that the searches of a picture start from, or null. */
  private startsOf(name: string): Int32Array[] | null {
    if (this.drawn.length === 0) return null;
    const random = new RandomStream(this.config.seed, `starts ${name}`);
    return Array.from({ length: this.config.restarts }, () => random.pick(this.drawn));
  }

  /** Subjects with their scaled latents; the first stage is given whole batches. */
  private async* encoded<S extends Subject>(subjects: AsyncIterable<S> | Iterable<S>): AsyncGenerator<Encoded<S>> {
    const waiting: S[] = [];
    for await (const subject of subjects) {
      waiting.push(subject);
      if (waiting.length === this.generator.firstStage.batch) yield* await this.encode(waiting.splice(0));
    }
    if (waiting.length > 0) yield* await this.encode(waiting);
  }

  /** Subjects with their scaled latents. */
  async encode<S extends Subject>(subjects: readonly S[]): Promise<Encoded<S>[]> {
    const { firstStage, description } = this.generator;
    const each = firstStage.latentSize;
    const pictures = new Float32Array(subjects.length * subjects[0]!.picture.length);
    subjects.forEach(({ picture }, i) => pictures.set(picture, i * picture.length));
    const latents = (await firstStage.encode(pictures)).map((value) => value * description.latentScale);
    return subjects.map((subject, i) => ({ ...subject, z: latents.subarray(i * each, (i + 1) * each) }));
  }

  /** Energies of hard layouts for some pictures, by the monitor's fixed pairs. */
  async energiesOf(subjects: readonly Subject[],
    candidates: readonly { image: number; tokens: Int32Array }[]): Promise<Float64Array> {
    const encoded = await this.encode(subjects);
    return this.judge.energies(candidates.map(({ image, tokens }) => ({ z: encoded[image]!.z, tokens })));
  }

  destroy(): void {
    this.search.destroy();
    this.judge.destroy();
  }
}

async function drawStarts(device: Device, prior: Prior | null, config: InversionConfig): Promise<Int32Array[]> {
  if (config.init !== 'prior') return [];
  if (prior === null) throw new UserError('--init prior: starts are drawn from a prior, and there is no --prior');
  const rows = prior.run.frozen.get(tokenTableName)!;
  const wanted = { count: drawnFromPrior, seed: config.seed };
  const drawn = prior.kind === 'autoregressive'
    ? await drawPriorLayouts(device, prior.store, prior.description, rows, { ...wanted, legal: true })
    : await drawDiffusionLayouts(device, prior.store, prior.description, rows,
      { ...wanted, ...defaultDenoising(prior.description.model) });
  return drawn.map(({ tokens }) => compactLayout(prior.vocabulary, tokens));
}
