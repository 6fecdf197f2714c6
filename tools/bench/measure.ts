/** Whether implementations agree, and how long each takes. */
import { setTimeout as sleep } from 'node:timers/promises';
import { median } from '../../engine/profile.ts';
import type { Candidate } from './row.ts';

/** Largest difference between results, relative to the largest value of the first; Infinity where none can be told. */
export function relativeDifference(expected: Float32Array, found: Float32Array): number {
  if (expected.length !== found.length) return Infinity;
  let [largest, difference] = [0, 0];
  for (let i = 0; i < expected.length; i++) {
    const d = Math.abs(expected[i]! - found[i]!);
    if (!Number.isFinite(d)) return Infinity;
    largest = Math.max(largest, Math.abs(expected[i]!));
    difference = Math.max(difference, d);
  }
  return largest === 0 ? difference : difference / largest;
}

const tolerance = 1e-3;

/** Runs each candidate `runs` times and compares all results with those of the first. Throws where they differ. */
export async function checkAgreement(row: string, candidates: readonly Candidate[], runs: number): Promise<void> {
  let expected: Readonly<Record<string, Float32Array>> = {};
  for (const [i, candidate] of candidates.entries()) {
    for (let run = 0; run < runs; run++) candidate.run();
    await candidate.idle();
    const found = await candidate.read();
    if (i === 0) expected = found;
    for (const [name, values] of Object.entries(expected)) {
      const difference = found[name] ? relativeDifference(values, found[name]) : Infinity;
      if (!(difference <= tolerance)) {
        throw new Error(`bench: ${row}: ${name} of ${candidate.impl} and of ${candidates[0]!.impl} differ by `
          + `${difference.toPrecision(2)} of the largest value, above ${tolerance}: they do different work`);
      }
    }
  }
}

/** Times one candidate again and again. */
class Stopwatch {
  /** Milliseconds that a timing is expected to take, with all its runs; 0 where that is unknown. */
  private expected = 0;
  private runs = 1;

  constructor(private readonly candidate: Candidate) {}

  /**
   * Milliseconds of a run, over several that are queued and waited for once. While a GPU promise is pending, Dawn's
   * bindings poll, which on a software adapter takes a core from the work; so this sleeps for most of the expected
   * time. A timing that was over before it woke counts for nothing and is taken again.
   */
  async time(): Promise<number> {
    for (let share = 0.8; ; share = share < 0.1 ? 0 : share / 2) {
      const start = performance.now();
      for (let run = 0; run < this.runs; run++) this.candidate.run();
      const left = share * this.expected - (performance.now() - start);
      if (left > 2) await sleep(left);
      const woken = performance.now();
      await this.candidate.idle();
      const end = performance.now();
      if (left > 2 && end - woken < 0.5) continue;
      if (this.expected > 0) this.expected = Math.min(this.expected, end - start);
      return (end - start) / this.runs;
    }
  }

  /** Takes as many runs into a timing as last about `target` milliseconds; the candidate must have run before. */
  async prepare(target: number): Promise<void> {
    const polled = await this.time();
    this.runs = Math.max(1, Math.min(20, Math.round(target / polled)));
    // Without the polling it will be shorter; how much, the next timing tells.
    this.expected = 0.6 * polled * this.runs;
    if (polled < target) this.expected = await this.time() * this.runs;
  }
}

/** Milliseconds that a timing should last; shorter work is queued several times. */
const targetMs = 150;

/** Median milliseconds of a run for each candidate, their timings interleaved. */
export const timeCandidates = async (candidates: readonly Candidate[], repeats: number): Promise<number[]> =>
  (await timeInTurns(candidates, repeats)).map(median);

/** Milliseconds of a run for each candidate, `repeats` of them, one after the other round by round. */
export async function timeInTurns(candidates: readonly Candidate[], repeats: number): Promise<number[][]> {
  const watches = candidates.map((candidate) => new Stopwatch(candidate));
  for (const watch of watches) await watch.prepare(targetMs);
  const times = watches.map((): number[] => []);
  for (let repeat = 0; repeat < repeats; repeat++) {
    for (let i = 0; i < watches.length; i++) {
      const turn = (i + repeat) % watches.length;
      times[turn]!.push(await watches[turn]!.time());
    }
  }
  return times;
}
