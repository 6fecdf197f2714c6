/** Records all runs of programs on a device: when the CPU encoded them, and for some of each when the GPU did what. */
import type { Device } from './device.ts';
import type { Program, RunObserver } from './program.ts';

/** A run; times on the CPU in milliseconds of `performance.now()`. */
export interface RecordedRun {
  readonly program: Program;
  readonly startMs: number;
  /** When its dispatches were encoded, and when they were handed to the queue. */
  readonly encodedMs: number;
  readonly submittedMs: number;
  /** Start and end of every dispatch on the GPU, in milliseconds of the same clock; null where they were not taken. */
  readonly dispatches: readonly (readonly [start: number, end: number])[] | null;
}

interface PendingRun extends Omit<RecordedRun, 'dispatches'> {
  /** Timestamps in nanoseconds of the GPU's clock, in parts of at most `perSet` dispatches. */
  readonly stamps: readonly { readonly buffer: GPUBuffer; readonly count: number }[] | null;
}

/** Dispatches whose timestamps fit a query set: WebGPU's limit is 4096 queries. */
const perSet = 2048;

/**
 * Timing each dispatch takes a pass for each, which costs a little; so only the first `sampled` runs of a program are
 * timed that way and the others run as ever.
 */
export class RunRecorder implements RunObserver {
  private readonly runs: PendingRun[] = [];
  private readonly counts = new Map<Program, number>();

  constructor(private readonly device: Device, private readonly sampled = 8) {}

  submit(program: Program): void {
    const count = this.counts.get(program) ?? 0;
    this.counts.set(program, count + 1);
    const startMs = performance.now();
    const encoder = this.device.gpu.createCommandEncoder();
    const stamps = count < this.sampled ? this.encodeTimed(encoder, program) : null;
    if (!stamps) {
      const pass = encoder.beginComputePass();
      program.encode(pass);
      pass.end();
    }
    const commands = encoder.finish();
    const encodedMs = performance.now();
    this.device.gpu.queue.submit([commands]);
    this.runs.push({ program, startMs, encodedMs, submittedMs: performance.now(), stamps });
  }

  private encodeTimed(encoder: GPUCommandEncoder, program: Program): PendingRun['stamps'] {
    const parts = [];
    for (let first = 0; first < program.calls.length; first += perSet) {
      const calls = program.calls.slice(first, first + perSet);
      const querySet = this.device.gpu.createQuerySet({ type: 'timestamp', count: 2 * calls.length });
      calls.forEach((call, i) => {
        const pass = encoder.beginComputePass({
          timestampWrites: { querySet, beginningOfPassWriteIndex: 2 * i, endOfPassWriteIndex: 2 * i + 1 },
        });
        program.encode(pass, [call]);
        pass.end();
      });
      const buffer = this.device.createBuffer(16 * calls.length, 'timestamps', GPUBufferUsage.QUERY_RESOLVE);
      encoder.resolveQuerySet(querySet, 0, 2 * calls.length, buffer, 0);
      parts.push({ buffer, count: calls.length });
    }
    return parts;
  }

  /** All runs in order, with the GPU's times brought to the CPU's clock. Lets the device go. */
  async finish(): Promise<RecordedRun[]> {
    const times: ((readonly [number, number])[] | null)[] = [];
    for (const { stamps } of this.runs) times.push(stamps && await this.readStamps(stamps));
    // No kernel starts before it is submitted: the smallest shift between the clocks for which that holds.
    const shift = this.runs.reduce((most, { encodedMs }, i) => {
      const first = times[i]?.[0];
      return first ? Math.max(most, encodedMs - first[0]) : most;
    }, -Infinity);
    this.device.observer = null;
    return this.runs.map(({ stamps: _, ...run }, i) => ({
      ...run, dispatches: times[i]?.map(([start, end]) => [start + shift, end + shift] as const) ?? null,
    }));
  }

  private async readStamps(stamps: NonNullable<PendingRun['stamps']>): Promise<(readonly [number, number])[]> {
    const times: (readonly [number, number])[] = [];
    for (const { buffer, count } of stamps) {
      const words = await this.device.readBuffer(buffer, 4 * count, 'u32');
      const ms = (k: number): number => (words[2 * k]! + words[2 * k + 1]! * 2 ** 32) / 1e6;
      for (let i = 0; i < count; i++) times.push([ms(2 * i), Math.max(ms(2 * i), ms(2 * i + 1))]);
      buffer.destroy();
    }
    return times;
  }
}
