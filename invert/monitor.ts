/** The monitor of one picture: the best hard layout so far, and when to stop. */
import type { InversionConfig } from './config.ts';
import type { Found } from './layoutEnergies.ts';

/** Points of a curve: step and value. */
export type Curve = readonly (readonly [number, number])[];

export class Monitor {
  /** Energy on random pairs by step, mean over restarts. */
  readonly loss: [number, number][] = [];
  /** Lowest energy of a hard layout on the fixed pairs, by step. */
  readonly energies: [number, number][] = [];
  best: Found | null = null;
  /** The best layout of each restart. */
  readonly bestOfStarts: Found[] = [];
  /** Step of the minimum. */
  convergenceStep = 0;
  steps = 0;
  private since = 0;

  constructor(private readonly config: InversionConfig) {}

  /** Whether it is time to look, after so many steps. */
  due(steps: number): boolean {
    return steps % this.config.monitorEvery === 0 || steps === this.config.steps;
  }

  note(steps: number, loss: number, starts: readonly Found[]): void {
    this.steps = steps;
    this.loss.push([steps, loss]);
    starts.forEach((found, r) => {
      const own = this.bestOfStarts[r];
      if (!own || found.energy < own.energy) this.bestOfStarts[r] = found;
    });
    const lowest = starts.reduce((a, b) => (b.energy < a.energy ? b : a));
    this.energies.push([steps, lowest.energy]);
    if (!this.best || lowest.energy < this.best.energy) {
      this.best = lowest;
      this.convergenceStep = steps;
      this.since = 0;
    } else {
      this.since++;
    }
  }

  get done(): boolean {
    const { steps, patience } = this.config;
    return this.steps >= steps || (patience > 0 && this.since >= patience);
  }
}
