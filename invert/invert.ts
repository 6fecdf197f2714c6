/**
 * Detection by inversion: from pictures to the layouts that explain them best [DIVE, algorithm 1].
 *
 * The algorithm, as a straight line: encode the picture once; start every layout at random; repeat { draw (timestep,
 * noise) pairs, step down the gradient of image energy + prior energy through the frozen networks, look at the monitor
 * now and then }; keep the best hard layout that the monitor saw; refine it by moves on the grid; score its objects.
 */
import type { Device } from '../engine/device.ts';
import { RandomStream } from '../engine/random.ts';
import { decodeLayout } from '../models/layoutTokens.ts';
import type { Generator } from '../pipeline/generator.ts';
import type { Prior } from '../pipeline/prior.ts';
import { drawPairs, priorRange, trainedSteps } from './bank.ts';
import { checkInversion, type InversionConfig } from './config.ts';
import { Judge } from './judge.ts';
import { compactLayout, neighbours, withoutObject } from './moves.ts';
import { Search } from './search.ts';

/** A picture to invert. */
export interface Subject {
  /** Names the picture's random stream: the same name gives the same result in any company. */
  readonly name: string;
  /** [3, S, S] in [-1, 1]. */
  readonly picture: Float32Array;
}

/** What was found in one picture. */
export interface Inversion {
  readonly name: string;
  /** [L], objects first. */
  readonly tokens: Int32Array;
  /** Monitor energy of `tokens`. */
  readonly energy: number;
  readonly objects: readonly ScoredObject[];
  /** Energy on random pairs by step, mean over restarts. */
  readonly loss: readonly (readonly [number, number])[];
  /** Lowest energy of a hard layout on the monitor's pairs, by step. */
  readonly monitor: readonly (readonly [number, number])[];
  /** Step of the monitor's minimum. */
  readonly convergenceStep: number;
  readonly steps: number;
}

export interface ScoredObject {
  readonly classIndex: number;
  readonly xyxyUnit: readonly [number, number, number, number];
  /** Rise of the energy when the object is left out, as x / (x + scale): 0 for one that explains nothing. */
  readonly score: number;
}

/** Rise of the energy that scores one half. */
const scoreScale = 0.02;

/** Everything compiled for one generator, prior and config; inverts any number of pictures. */
export class Inverter {
  private constructor(
    private readonly generator: Generator,
    private readonly config: InversionConfig,
    private readonly search: Search,
    private readonly judge: Judge,
    private readonly priorTimesteps: readonly [number, number],
  ) {}

  static async open(device: Device, generator: Generator, prior: Prior | null,
    config: InversionConfig): Promise<Inverter> {
    checkInversion(config, trainedSteps(generator));
    return new Inverter(generator, config, await Search.open(device, generator, prior, config),
      await Judge.open(device, generator, prior, config), prior ? priorRange(prior, config.priorTimesteps) : [0, 1]);
  }

  /** Network passes so far, forward and backward counted one each. */
  get passes(): number {
    return this.search.passes + this.judge.passes;
  }

  /** Scaled latents of pictures, filled up to a whole batch with the last one. */
  async encode(subjects: readonly Subject[]): Promise<Float32Array> {
    const { firstStage, description } = this.generator;
    const { imagesAtOnce } = this.config;
    const pictures = new Float32Array(subjects.length * subjects[0]!.picture.length);
    subjects.forEach(({ picture }, i) => pictures.set(picture, i * picture.length));
    const latents = await firstStage.encode(pictures);
    const z = new Float32Array(imagesAtOnce * firstStage.latentSize);
    for (let i = 0; i < imagesAtOnce; i++) {
      const from = Math.min(i, subjects.length - 1) * firstStage.latentSize;
      z.set(latents.subarray(from, from + firstStage.latentSize).map((value) => value * description.latentScale),
        i * firstStage.latentSize);
    }
    return z;
  }

  /** Inverts up to `imagesAtOnce` pictures together. `onStep` is called after every optimiser step. */
  async invert(subjects: readonly Subject[], onStep: (step: number) => void = () => undefined): Promise<Inversion[]> {
    const { config, search } = this;
    const z = await this.encode(subjects);
    search.start(subjects.map(({ name }) => name));
    const streams = subjects.map(({ name }) => ({
      image: new RandomStream(config.seed, `pairs ${name}`), prior: new RandomStream(config.seed, `prior pairs ${name}`),
    }));
    const tracks = subjects.map(() => new Track(config));
    for (let step = 0; step < config.steps && tracks.some((track) => !track.done); step++) {
      search.step(z, streams.map(({ image }) => drawPairs(image, config.batchTimesteps, config.timesteps)), step,
        streams.map(({ prior }) => drawPairs(prior, config.priorPairs, this.priorTimesteps)));
      if ((step + 1) % config.monitorEvery === 0 || step === config.steps - 1) {
        await this.watch(z, tracks, step + 1);
      }
      onStep(step + 1);
    }
    const found = await this.refine(z, tracks.map(({ best }) => best!));
    const scores = await this.score(z, found);
    return subjects.map(({ name }, i) => {
      const { loss, monitor, convergenceStep, steps } = tracks[i]!;
      return {
        name, tokens: found[i]!.tokens, energy: found[i]!.energy, objects: scores[i]!,
        loss, monitor, convergenceStep, steps,
      };
    });
  }

  /** Energies of hard layouts for some pictures, by the monitor's fixed pairs. */
  async energiesOf(subjects: readonly Subject[],
    candidates: readonly { image: number; tokens: Int32Array }[]): Promise<Float64Array> {
    return this.judge.energies(await this.encode(subjects), candidates);
  }

  private async watch(z: Float32Array, tracks: readonly Track[], step: number): Promise<void> {
    const { restarts } = this.config;
    const running = await this.search.energies();
    const tokens = (await this.search.tokens()).map((sequence) => compactLayout(this.generator.vocabulary, sequence));
    const watched = tracks.flatMap((track, image) => (track.done ? [] : Array.from({ length: restarts }, (_, r) =>
      ({ image, tokens: tokens[image * restarts + r]! }))));
    const energies = await this.judge.energies(z, watched);
    tracks.forEach((track, image) => {
      if (track.done) return;
      const own = watched.map((candidate, k) => ({ ...candidate, energy: energies[k]! }))
        .filter((c) => c.image === image);
      const mean = own.reduce((total, _, r) => total + running[image * restarts + r]!, 0) / own.length;
      track.note(step, mean, own);
    });
  }

  /** Descends over moves on the grid until none helps, at most `localRounds` rounds. */
  private async refine(z: Float32Array, start: readonly Found[]): Promise<Found[]> {
    const best = start.map((found) => ({ ...found }));
    let open = new Set(best.keys());
    for (let round = 0; round < this.config.localRounds && open.size > 0; round++) {
      const candidates = [...open].flatMap((image) =>
        neighbours(this.generator.vocabulary, best[image]!.tokens).map((tokens) => ({ image, tokens })));
      const energies = await this.judge.energies(z, candidates);
      const improved = new Set<number>();
      candidates.forEach(({ image, tokens }, k) => {
        if (energies[k]! < best[image]!.energy) {
          best[image] = { tokens, energy: energies[k]! };
          improved.add(image);
        }
      });
      open = improved;
    }
    return best;
  }

  /** Objects with the rise of the energy that leaving each out brings. */
  private async score(z: Float32Array, found: readonly Found[]): Promise<ScoredObject[][]> {
    const { vocabulary } = this.generator;
    const candidates = found.flatMap(({ tokens }, image) => decodeLayout(vocabulary, tokens).objects
      .map(({ slot, classIndex, xyxyUnit }) =>
        ({ image, classIndex, xyxyUnit, tokens: withoutObject(vocabulary, tokens, slot) })));
    const energies = await this.judge.energies(z, candidates);
    return found.map(({ energy }, image) => candidates.flatMap((candidate, k) => {
      if (candidate.image !== image) return [];
      const rise = Math.max(0, energies[k]! - energy);
      const { classIndex, xyxyUnit } = candidate;
      return [{ classIndex, xyxyUnit, score: rise / (rise + scoreScale) }];
    }).sort((a, b) => b.score - a.score));
  }

  destroy(): void {
    this.search.destroy();
    this.judge.destroy();
  }
}

interface Found {
  readonly tokens: Int32Array;
  readonly energy: number;
}

/** The monitor of one picture: the best hard layout so far, and when to stop. */
class Track {
  readonly loss: [number, number][] = [];
  readonly monitor: [number, number][] = [];
  best: Found | null = null;
  convergenceStep = 0;
  steps = 0;
  done = false;
  private since = 0;

  constructor(private readonly config: InversionConfig) {}

  note(step: number, running: number, candidates: readonly Found[]): void {
    this.steps = step;
    this.loss.push([step, running]);
    const lowest = candidates.reduce((a, b) => (b.energy < a.energy ? b : a));
    this.monitor.push([step, lowest.energy]);
    if (!this.best || lowest.energy < this.best.energy) {
      this.best = { tokens: lowest.tokens, energy: lowest.energy };
      this.convergenceStep = step;
      this.since = 0;
    } else {
      this.since++;
    }
    this.done = this.config.patience > 0 && this.since >= this.config.patience;
  }
}
