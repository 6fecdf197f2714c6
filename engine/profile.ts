/** Where the time of a program goes, by the clock of the GPU, and the limits of the device to compare it with. */
import { compile } from './compile/compile.ts';
import type { Device } from './device.ts';
import { apply, f32Bits, output, type KernelOp } from './op.ts';
import { add, inputTensor } from './ops/index.ts';
import type { Program } from './program.ts';
import fmaSource from './shaders/peakFma.wgsl';

/** Time and work of all dispatches of one kernel in one run. */
export interface KernelTime {
  readonly label: string;
  readonly calls: number;
  readonly ms: number;
  readonly gflops: number;
  readonly gbPerSecond: number;
}

/** Median of some numbers. */
export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 === 1 ? sorted[middle]! : (sorted[middle - 1]! + sorted[middle]!) / 2;
}

/** Milliseconds of every dispatch of a program, in order, over one run with one pass each. */
async function dispatchTimes(device: Device, program: Program): Promise<number[]> {
  const { gpu } = device;
  const count = program.calls.length;
  const times: number[] = [];
  const perSet = 2048;
  const querySet = gpu.createQuerySet({ type: 'timestamp', count: 2 * Math.min(count, perSet) });
  const resolved = device.createBuffer(16 * Math.min(count, perSet), 'timestamps', GPUBufferUsage.QUERY_RESOLVE);
  for (let first = 0; first < count; first += perSet) {
    const part = program.calls.slice(first, first + perSet);
    const encoder = gpu.createCommandEncoder();
    part.forEach((call, i) => {
      const pass = encoder.beginComputePass({
        timestampWrites: { querySet, beginningOfPassWriteIndex: 2 * i, endOfPassWriteIndex: 2 * i + 1 },
      });
      program.encode(pass, [call]);
      pass.end();
    });
    encoder.resolveQuerySet(querySet, 0, 2 * part.length, resolved, 0);
    gpu.queue.submit([encoder.finish()]);
    const words = await device.readBuffer(resolved, 4 * part.length, 'u32');
    const stamp = (k: number): number => words[2 * k]! + words[2 * k + 1]! * 2 ** 32;
    part.forEach((_, i) => times.push(Math.max(0, stamp(2 * i + 1) - stamp(2 * i)) / 1e6));
  }
  querySet.destroy();
  resolved.destroy();
  return times;
}

/** Kernels of a program by time, slowest first: medians over `runs` runs after one to warm up. */
export async function profileProgram(device: Device, program: Program, runs = 3): Promise<KernelTime[]> {
  if (!device.gpu.features.has('timestamp-query')) {
    throw new Error(`profile: ${device.name} has no timestamp queries, so kernels cannot be timed on it`);
  }
  await dispatchTimes(device, program);
  const rounds: number[][] = [];
  for (let run = 0; run < runs; run++) rounds.push(await dispatchTimes(device, program));
  const totals = new Map<string, { calls: number; ms: number; flops: number; bytes: number }>();
  program.calls.forEach((call, i) => {
    const total = totals.get(call.label) ?? { calls: 0, ms: 0, flops: 0, bytes: 0 };
    totals.set(call.label, {
      calls: total.calls + 1, ms: total.ms + median(rounds.map((times) => times[i]!)),
      flops: total.flops + call.flops, bytes: total.bytes + call.bytes,
    });
  });
  return [...totals].map(([label, { calls, ms, flops, bytes }]) => ({
    label, calls, ms, gflops: flops / Math.max(ms, 1e-6) / 1e6, gbPerSecond: bytes / Math.max(ms, 1e-6) / 1e6,
  })).sort((a, b) => b.ms - a.ms);
}

interface FmaAttrs {
  readonly groups: number;
  readonly rounds: number;
}

const fmaOp: KernelOp<FmaAttrs> = {
  kind: 'kernel',
  name: 'peakFma',
  infer: (_, { groups }) => ({ shape: [64 * groups], dtype: 'f32' }),
  reference: () => { throw new Error('peakFma: measures time, has no value'); },
  vjp: 'none',
  variants: (_inputs, _y, { groups, rounds }) => [{
    name: 'fma', scratch: [],
    calls: [{
      label: 'peakFma', source: fmaSource, constants: {}, bindings: [output], immediates: [rounds, f32Bits(0.999)],
      grid: [groups, 1, 1], flops: 64 * groups * rounds * 24, bytes: 256 * groups,
    }],
  }],
};

/** Measured limits of a device: multiply-adds in GFLOP/s and streaming memory traffic in GB/s. */
export async function measureRoofline(device: Device):
  Promise<{ fmaPeakGflops: number; memoryPeakGbPerSecond: number }> {
  const { software } = device.capabilities;
  const fma = await compile(device, {
    name: 'fma',
    outputs: { y: apply(fmaOp, [], software ? { groups: 64, rounds: 2000 } : { groups: 8192, rounds: 4000 }) },
  });
  const length = software ? 1 << 22 : 1 << 24;
  const stream = await compile(device, {
    name: 'stream', outputs: { y: add(inputTensor('x', [length]), 1) },
  });
  const best = async (program: Program): Promise<KernelTime> => (await profileProgram(device, program, 5))[0]!;
  const [{ gflops }, { gbPerSecond }] = [await best(fma), await best(stream)];
  fma.destroy();
  stream.destroy();
  return { fmaPeakGflops: gflops, memoryPeakGbPerSecond: gbPerSecond };
}
