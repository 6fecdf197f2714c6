/** `bench --scaling`: how the time of a training step grows with its batch and with its channels. */
import { compile } from '../../engine/compile/compile.ts';
import type { Device } from '../../engine/device.ts';
import { inferenaStep } from './inferenaTrain.ts';
import { normalValues } from './inputs.ts';
import { timeCandidates } from './measure.ts';
import { lossCandidate } from './ours.ts';

export interface ScalingResult {
  readonly batch: number;
  /** Of the first level; the others have two and four times as many. */
  readonly channels: number;
  readonly ms: number;
  readonly gflops: number;
  readonly plannedBytes: number;
}

/** Sides of the latents: small, so that the largest step takes seconds on a software adapter. */
const side = 16;

async function timeStep(device: Device, batch: number, channels: number, repeats: number): Promise<ScalingResult> {
  const shape = [batch, 4, side, side] as const;
  const { spec, states } = inferenaStep({ shape, channels });
  const program = await compile(device, spec);
  const inputs = { x: normalValues('x', shape), target: normalValues('target', shape) };
  const candidate = lossCandidate(device, program, inputs, states);
  try {
    candidate.run();
    await candidate.idle();
    const [ms] = await timeCandidates([candidate], repeats);
    const { plannedBytes } = program.summary;
    return { batch, channels, ms: ms!, gflops: candidate.flops / ms! / 1e6, plannedBytes };
  } finally {
    candidate.dispose();
  }
}

/** A line for each batch, a column for each number of channels. */
export function scalingTable(results: readonly ScalingResult[]): string {
  const batches = [...new Set(results.map(({ batch }) => batch))];
  const channels = [...new Set(results.map((result) => result.channels))];
  const cell = (batch: number, C: number): string => {
    const found = results.find((result) => result.batch === batch && result.channels === C)!;
    return `${found.ms.toFixed(1)} ms, ${found.gflops.toFixed(1)} GFLOP/s`.padStart(30);
  };
  return [
    `${'batch'.padEnd(8)}${channels.map((C) => `${C} channels`.padStart(30)).join('')}`,
    ...batches.map((batch) => `${String(batch).padEnd(8)}${channels.map((C) => cell(batch, C)).join('')}`),
  ].join('\n');
}

/** Times one step after the other. Where cost grows as the work does, all have the same GFLOP/s. */
export async function benchScaling(device: Device, repeats: number, batches: readonly number[] = [1, 2, 4, 8],
  channels: readonly number[] = [32, 64, 128]): Promise<ScalingResult[]> {
  const results: ScalingResult[] = [];
  for (const C of channels) for (const batch of batches) results.push(await timeStep(device, batch, C, repeats));
  console.log(`a training step of a U-Net of three levels on latents of ${side} x ${side}:\n${scalingTable(results)}`);
  return results;
}
