/**
 * Inversion of the class embedding of several pictures at once: gradient steps in loops over the pairs, behind each a
 * monitor that judges the classes nearest to the variable [DIVE], and then, ours, moves to their neighbours.
 */
import { RandomStream } from '../engine/random.ts';
import type { Pairs } from './bank.ts';
import type { ClassEnergies, Ranked } from './classEnergies.ts';
import type { ClassNeighbours } from './classNeighbours.ts';
import { range, spreadPairs } from './classPairs.ts';
import type { ClassSearch } from './classSearch.ts';
import type { Classification, ClassifyConfig } from './classify.ts';

/** What is known of a picture: classes that were glanced at, and those judged on all pairs. */
interface Track {
  readonly glanced: Set<number>;
  readonly judged: Set<number>;
  readonly monitor: number[];
  energy: number;
  /** Loop or round of the minimum. */
  at: number;
  done: boolean;
}

export class ClassInversion {
  private readonly all: readonly number[];
  private readonly few: readonly number[];
  private readonly tracks: readonly Track[];

  /** `count` pictures, which may be fewer than the search holds. */
  constructor(private readonly search: ClassSearch, private readonly energies: ClassEnergies,
    private readonly neighbours: ClassNeighbours, private readonly pairs: Pairs,
    private readonly config: ClassifyConfig, count: number) {
    this.all = range(config.pairs);
    this.few = config.glance === 0 ? this.all : spreadPairs(config.pairs, config.glance);
    this.tracks = range(count).map(() =>
      ({ glanced: new Set(), judged: new Set(), monitor: [], energy: Infinity, at: 0, done: false }));
  }

  async run(z: Float32Array, onProgress: (share: number) => void): Promise<Classification[]> {
    const { loops, rounds } = this.config;
    await this.descend(z, (loop) => onProgress(loop / (loops + rounds)));
    await this.climb((round) => onProgress((loops + round) / (loops + rounds)));
    return this.tracks.map(({ at, monitor }, image) => {
      const ranking = this.ranking(image);
      return { label: ranking[0]!.label, ranking, convergenceLoop: at, monitor };
    });
  }

  /** Classes of a picture that were judged on all pairs. */
  private ranking(image: number): Ranked[] {
    return this.energies.ranked({ image, labels: [...this.tracks[image]!.judged], pairs: this.all });
  }

  private async descend(z: Float32Array, onLoop: (loop: number) => void): Promise<void> {
    const { config: { pairs: total, batchPairs, loops, candidates, patience, seed }, search, pairs, tracks } = this;
    const perLoop = total / batchPairs;
    search.begin();
    // The same shuffles for every picture, as published.
    const random = new RandomStream(seed, 'class pairs');
    for (let loop = 1; loop <= loops; loop++) {
      const order = random.permutation(total);
      for (let batch = 0; batch < perLoop; batch++) {
        const chosen = order.slice(batch * batchPairs, (batch + 1) * batchPairs);
        search.step(z, {
          timesteps: Int32Array.from(chosen, (k) => pairs.timesteps[k]!), noises: Int32Array.from(chosen),
        }, (loop - 1) * perLoop + batch, loops * perLoop);
      }
      const likely = await search.likeliest(candidates);
      for (const track of tracks) track.done = patience > 0 && loop - track.at > patience;
      await this.look(likely.slice(0, tracks.length), loop);
      onLoop(loop);
      if (tracks.every(({ done }) => done)) break;
    }
  }

  /** From the best classes to their nearest in the table, for as long as that finds better ones. */
  private async climb(onRound: (round: number) => void): Promise<void> {
    const { config: { loops, rounds }, tracks } = this;
    for (const track of tracks) track.done = false;
    for (let round = 1; round <= rounds; round++) {
      await this.look(tracks.map((_, image) => this.unseenNeighbours(image)), loops + round);
      for (const track of tracks) track.done ||= track.at < loops + round;
      onRound(round);
      if (tracks.every(({ done }) => done)) break;
    }
  }

  /** Classes not glanced at that lie next to the best ones, in turns: the nearest of each, then the second nearest. */
  private unseenNeighbours(image: number): number[] {
    const { finalists, neighbours } = this.config;
    const { glanced } = this.tracks[image]!;
    const lists = this.ranking(image).slice(0, finalists)
      .map(({ label }) => this.neighbours.of(label).filter((other) => !glanced.has(other)));
    const turns = range(neighbours).flatMap((place) => lists.flatMap((list) => list.slice(place, place + 1)));
    return [...new Set(turns)].slice(0, neighbours);
  }

  /** Classes of each picture that is not done: glanced at on few pairs, the best of all glances judged on all. */
  private async look(labels: readonly (readonly number[])[], time: number): Promise<void> {
    const running = this.tracks.flatMap((track, image) => (track.done ? [] : [{ track, image }]));
    await this.energies.ask(running.map(({ image }) => ({ image, labels: labels[image]!, pairs: this.few })));
    const questions = running.map(({ track, image }) => {
      for (const label of labels[image]!) track.glanced.add(label);
      const open = [...track.glanced].filter((label) => !track.judged.has(label));
      const best = this.energies.ranked({ image, labels: open, pairs: this.few })
        .slice(0, this.config.glance === 0 ? open.length : this.config.finalists);
      return { image, labels: best.map(({ label }) => label), pairs: this.all };
    });
    await this.energies.ask(questions);
    running.forEach(({ track, image }, i) => {
      for (const label of questions[i]!.labels) track.judged.add(label);
      const [top] = this.ranking(image);
      if (top && top.energy < track.energy) Object.assign(track, { energy: top.energy, at: time });
      track.monitor.push(track.energy);
    });
  }
}
