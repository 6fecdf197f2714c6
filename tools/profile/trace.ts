/** Recorded runs as Chrome trace events, for Perfetto or chrome://tracing. */
import type { RecordedRun } from '../../engine/runRecorder.ts';

interface TraceEvent {
  readonly name: string;
  /** X: a span; M: the name of a track. */
  readonly ph: 'X' | 'M';
  readonly pid: number;
  readonly tid: number;
  /** Microseconds. */
  readonly ts?: number;
  readonly dur?: number;
  readonly args?: Readonly<Record<string, unknown>>;
}

const [cpu, gpu] = [1, 2];

const microseconds = (ms: number): number => Math.round(ms * 1e6) / 1e3;

const span = (pid: number, name: string, startMs: number, endMs: number, args: TraceEvent['args']): TraceEvent => ({
  name, ph: 'X', pid, tid: 1, ts: microseconds(startMs), dur: microseconds(endMs - startMs), ...(args && { args }),
});

export interface Trace {
  readonly traceEvents: readonly TraceEvent[];
  readonly displayTimeUnit: 'ms';
}

/** Encoding and submitting on the CPU's track; on the GPU's the runs that were timed, and below them their kernels. */
export function traceEvents(runs: readonly RecordedRun[]): Trace {
  const names: TraceEvent[] = [[cpu, 0, 'CPU'], [gpu, 0, 'GPU']].map(([pid, tid, name]) =>
    ({ name: 'process_name', ph: 'M', pid: pid as number, tid: tid as number, args: { name } }));
  const start = runs[0]?.startMs ?? 0;
  const events = runs.flatMap(({ program, startMs, encodedMs, submittedMs, dispatches }, run) => [
    span(cpu, `encode ${program.name}`, startMs - start, encodedMs - start, { run }),
    span(cpu, `submit ${program.name}`, encodedMs - start, submittedMs - start, { run }),
    ...(dispatches && dispatches.length > 0
      ? [
        span(gpu, program.name, dispatches[0]![0] - start, dispatches.at(-1)![1] - start, { run }),
        ...dispatches.map(([from, to], i) => {
          const { label, path, grid, flops, bytes } = program.calls[i]!;
          return span(gpu, label, from - start, to - start, { run, path, grid: grid.join(' x '), flops, bytes });
        }),
      ]
      : []),
  ]);
  return { traceEvents: [...names, ...events], displayTimeUnit: 'ms' };
}
