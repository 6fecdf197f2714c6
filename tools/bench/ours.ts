import { compile, type ProgramSpec } from '../../engine/compile/compile.ts';
import type { Device } from '../../engine/device.ts';
import type { ParamStore } from '../../engine/params.ts';
import type { Program } from '../../engine/program.ts';
import type { State } from '../../engine/state.ts';
import type { TypedData } from '../../engine/tensor.ts';
import type { TrainingStep } from '../../train/step.ts';
import type { OwnCandidate } from './row.ts';

type Inputs = Readonly<Record<string, TypedData>>;

/** Operations of one run, as the kernels count them. */
export const programFlops = (program: Program): number => program.calls.reduce((total, { flops }) => total + flops, 0);

/** A program as a candidate; its inputs are uploaded with the first run and stay. */
export function programCandidate(device: Device, program: Program, inputs: Inputs, read: OwnCandidate['read'],
  dispose: () => void = () => program.destroy()): OwnCandidate {
  let fresh = inputs;
  return {
    impl: 'ours',
    flops: programFlops(program),
    run() {
      program.run(fresh);
      fresh = {};
    },
    idle: () => device.idle(),
    read,
    dispose,
  };
}

/** A program that changes `states`, over and over; what is compared is the loss. */
export function lossCandidate(device: Device, program: Program, inputs: Inputs,
  states: readonly State[]): OwnCandidate {
  return programCandidate(device, program, inputs, async () => ({ loss: await program.readFloats('loss') }), () => {
    program.destroy();
    device.release(states);
  });
}

/** An optimiser step on one batch. */
export const stepCandidate = (device: Device,
  { program, averages, states }: Pick<TrainingStep, 'program' | 'averages' | 'states'>, store: ParamStore,
  inputs: Inputs): OwnCandidate =>
  lossCandidate(device, program, inputs, [...store.groups.map(({ state }) => state), ...averages, ...states]);

/** Compiles a graph whose outputs are what is compared. */
export async function graphCandidate(device: Device, spec: ProgramSpec, inputs: Inputs): Promise<OwnCandidate> {
  const program = await compile(device, spec);
  return programCandidate(device, program, inputs, async () => {
    const values: Record<string, Float32Array> = {};
    for (const name of Object.keys(spec.outputs)) values[name] = await program.readFloats(name);
    return values;
  });
}
