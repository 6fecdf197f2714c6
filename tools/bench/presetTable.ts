/** `bench --presets`: what a step of each preset takes on this adapter, planned before anything is made, then timed. */
import { freemem } from 'node:os';
import { describePlan, type ProgramSummary } from '../../engine/compile/programPlan.ts';
import type { Device } from '../../engine/device.ts';
import { UserError } from '../../engine/errors.ts';
import { timeCandidates } from './measure.ts';
import { presetSteps, type PresetStep } from './presets.ts';

export interface PresetResult {
  readonly name: string;
  readonly batch: number;
  readonly parameters: number;
  /** Of the largest program of the step; null where nothing could be planned. */
  readonly plannedMiB: number | null;
  readonly stateMiB: number | null;
  /** Seconds from the trace to the end of the first step. */
  readonly firstSeconds: number | null;
  /** Milliseconds of a step, median; null where it was not run. */
  readonly ms: number | null;
  readonly gflops: number | null;
  /** Why it was not run. */
  readonly refused: string | null;
}

const mib = (bytes: number): number => Math.round(bytes / 2 ** 20);
const totalBytes = ({ plannedBytes, stateBytes, leafBytes }: ProgramSummary): number =>
  plannedBytes + stateBytes + leafBytes;

/** A long step is timed fewer times. */
const longestMs = 20_000;

async function runStep(device: Device, step: PresetStep, repeats: number): Promise<PresetResult> {
  const { name, batch, parameters } = step;
  let largest: ProgramSummary | null = null;
  device.planned = (program, summary) => {
    console.log(`  ${describePlan(program, summary)}`);
    if (!largest || totalBytes(summary) > totalBytes(largest)) largest = summary;
  };
  const memory = (): Pick<PresetResult, 'plannedMiB' | 'stateMiB'> => ({
    plannedMiB: largest && mib(largest.plannedBytes), stateMiB: largest && mib(largest.stateBytes),
  });
  const started = performance.now();
  try {
    const candidate = await step.open(device);
    try {
      candidate.run();
      await candidate.idle();
      const first = performance.now() - started;
      const [value] = Object.values(await candidate.read());
      if (!value?.every(Number.isFinite)) throw new Error(`bench: ${name}: gives values that are not finite`);
      const times = Math.max(1, Math.min(repeats, Math.floor((repeats * longestMs) / first)));
      const [ms] = await timeCandidates([candidate], times);
      return {
        name, batch, parameters, ...memory(), firstSeconds: first / 1000, ms: ms!, gflops: candidate.flops / ms! / 1e6,
        refused: null,
      };
    } finally {
      candidate.dispose();
    }
  } catch (error) {
    if (!(error instanceof UserError)) throw error;
    return {
      name, batch, parameters, ...memory(), firstSeconds: null, ms: null, gflops: null, refused: error.message,
    };
  }
}

function print(
  { name, batch, parameters, plannedMiB, stateMiB, firstSeconds, ms, gflops, refused }: PresetResult,
): void {
  const figures = refused ?? `${plannedMiB} MiB for intermediates, ${stateMiB} MiB of states; first step after `
    + `${firstSeconds!.toFixed(1)} s, then ${ms!.toFixed(0)} ms a step, ${gflops!.toFixed(1)} GFLOP/s`;
  console.log(`${name}, ${(parameters / 1e6).toFixed(2)} M parameters, batch ${batch}: ${figures}`);
}

/** The steps whose name matches; throws where there are none. */
export function chosenSteps(wanted: RegExp | null): PresetStep[] {
  const all = presetSteps();
  const chosen = all.filter(({ name }) => wanted?.test(name) ?? true);
  if (chosen.length > 0) return chosen;
  throw new UserError(`--presets ${wanted}: matches none of ${all.map(({ name }) => name).join(', ')}`);
}

/** Runs steps one after the other. */
export async function benchPresets(device: Device, steps: readonly PresetStep[], repeats: number):
  Promise<PresetResult[]> {
  console.log(`free memory: ${mib(freemem())} MiB`);
  const results: PresetResult[] = [];
  for (const step of steps) {
    results.push(await runStep(device, step, repeats));
    print(results.at(-1)!);
  }
  return results;
}
