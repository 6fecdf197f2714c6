/** What recorded runs say: time and speed of every kernel, and what the GPU waits for. */
import { median } from '../../engine/profile.ts';
import type { RecordedRun } from '../../engine/runRecorder.ts';

/** Measured limits of the device. */
export interface Roofline {
  readonly fmaPeakGflops: number;
  readonly memoryPeakGbPerSecond: number;
}

/** All dispatches of one kernel in a run of a program. */
export interface KernelRow {
  readonly label: string;
  readonly calls: number;
  /** Median milliseconds a run. */
  readonly ms: number;
  /** Part of the kernel time of the program. */
  readonly share: number;
  readonly gflops: number;
  readonly gbPerSecond: number;
  readonly percentOfFmaPeak: number;
  readonly percentOfMemoryPeak: number;
}

export interface ProgramSummaryRow {
  readonly name: string;
  readonly runs: number;
  /** Runs whose dispatches were timed and that count here. */
  readonly sampled: number;
  readonly dispatches: number;
  /** Milliseconds a run, medians: on the CPU to encode and to submit; in kernels, each dispatch's own; between them. */
  readonly encodeMs: number;
  readonly submitMs: number;
  readonly kernelMs: number;
  readonly gapMs: number;
  /** Median from the start of a run to that of the next; null with fewer than two runs in a row. */
  readonly periodMs: number | null;
  /** Kernel time of all runs, in seconds, where each takes the median. */
  readonly totalSeconds: number;
  /** Slowest first. */
  readonly kernels: readonly KernelRow[];
}

/** The first runs compile shaders and fill caches, so they count only where there are no others. */
function settled<T>(runs: readonly T[]): readonly T[] {
  return runs.slice(Math.min(2, Math.floor(runs.length / 2)));
}

const medianOrZero = (values: readonly number[]): number => (values.length > 0 ? median(values) : 0);

const kernelTime = ({ dispatches }: RecordedRun): number =>
  dispatches!.reduce((total, [start, end]) => total + end - start, 0);

/** From the start of the first kernel to the end of the last. */
const span = ({ dispatches }: RecordedRun): number => dispatches!.at(-1)![1] - dispatches![0]![0];

function kernelRows(runs: readonly RecordedRun[], roofline: Roofline): KernelRow[] {
  const { calls } = runs[0]!.program;
  const totals = new Map<string, { calls: number; ms: number; flops: number; bytes: number }>();
  calls.forEach(({ label, flops, bytes }, i) => {
    const ms = median(runs.map(({ dispatches }) => dispatches![i]![1] - dispatches![i]![0]));
    const known = totals.get(label) ?? { calls: 0, ms: 0, flops: 0, bytes: 0 };
    totals.set(label, {
      calls: known.calls + 1, ms: known.ms + ms, flops: known.flops + flops, bytes: known.bytes + bytes,
    });
  });
  const all = [...totals.values()].reduce((total, { ms }) => total + ms, 0);
  return [...totals].map(([label, { calls: count, ms, flops, bytes }]) => {
    const gflops = flops / Math.max(ms, 1e-6) / 1e6;
    const gbPerSecond = bytes / Math.max(ms, 1e-6) / 1e6;
    return {
      label, calls: count, ms, share: ms / Math.max(all, 1e-6), gflops, gbPerSecond,
      percentOfFmaPeak: (100 * gflops) / roofline.fmaPeakGflops,
      percentOfMemoryPeak: (100 * gbPerSecond) / roofline.memoryPeakGbPerSecond,
    };
  }).sort((a, b) => b.ms - a.ms);
}

/** One row for each program, the one with the most kernel time first. */
export function summarise(runs: readonly RecordedRun[], roofline: Roofline): ProgramSummaryRow[] {
  const programs = [...new Set(runs.map(({ program }) => program))];
  return programs.map((program) => {
    const own = runs.filter((run) => run.program === program);
    const timed = settled(own.filter(({ dispatches }) => dispatches !== null && dispatches.length > 0));
    const kernels = timed.length > 0 ? kernelRows(timed, roofline) : [];
    const kernelMs = kernels.reduce((total, { ms }) => total + ms, 0);
    // Timed runs have a pass for each dispatch; where others exist, those tell what encoding takes.
    const plain = own.filter(({ dispatches }) => dispatches === null);
    const encoded = plain.length > 0 ? plain : settled(own);
    const periods = runs.slice(1).flatMap((next, i) =>
      (runs[i]!.program === program && next.program === program ? [next.startMs - runs[i]!.startMs] : []));
    return {
      name: program.name, runs: own.length, sampled: timed.length, dispatches: program.calls.length,
      encodeMs: median(encoded.map(({ startMs, encodedMs }) => encodedMs - startMs)),
      submitMs: median(encoded.map(({ encodedMs, submittedMs }) => submittedMs - encodedMs)),
      kernelMs, gapMs: medianOrZero(timed.map((run) => Math.max(0, span(run) - kernelTime(run)))),
      periodMs: periods.length > 0 ? median(settled(periods)) : null,
      totalSeconds: (kernelMs * own.length) / 1000, kernels,
    };
  }).sort((a, b) => b.totalSeconds - a.totalSeconds);
}
