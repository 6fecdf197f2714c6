/** What the three training commands share: options, presets with overrides, and the loop with its progress. */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import type { Command } from 'commander';
import { describePlan } from '../engine/compile/programPlan.ts';
import type { Device } from '../engine/device.ts';
import { UserError } from '../engine/errors.ts';
import type { Precision } from '../engine/precision.ts';
import { profileProgram } from '../engine/profile.ts';
import { writeRunPage } from '../evaluate/report/runPage.ts';
import { overrideConfig, type Overrides } from '../train/config.ts';
import type { DataPaths } from '../train/data.ts';
import { expectRun } from '../pipeline/run.ts';
import { train, type LoopConfig, type Task } from '../train/loop.ts';
import type { OptimConfig } from '../train/step.ts';
import { Progress, interruptSignal, oneOf, openDevice, positiveInteger, prepareFor, required, withDevice, writeJson }
  from './cli.ts';

export interface TrainOptions {
  readonly annotations?: string;
  readonly images?: string;
  readonly validateAnnotations?: string;
  readonly validateImages?: string;
  readonly out?: string;
  readonly preset: string;
  readonly steps?: number;
  readonly batch?: number;
  readonly resume?: boolean;
  readonly profile?: boolean;
  readonly json?: string;
  readonly seed?: number;
  readonly memory?: number;
  readonly precision?: Precision;
  readonly recompute?: boolean;
  readonly adapter?: string;
  readonly mode: 'safe' | 'fast';
}

/** Adds the options that all trainings have. */
export function withTraining(target: Command, presets: readonly string[], preset: string): Command {
  return withDevice(target
    .option('--annotations <file>', 'training set, COCO instances JSON (required)')
    .option('--out <dir>', 'folder of the run (required)')
    .option('--preset <name>', `sizes and settings: ${presets.join(', ')}`, preset)
    .option('--validate-annotations <file>', 'validation set (default: a tenth of the training set is held out)')
    .option('--steps <number>', 'optimiser steps (default: the preset\'s)', positiveInteger)
    .option('--batch <number>', 'samples a step (default: the preset\'s)', positiveInteger)
    .option('--resume', 'go on with the run in --out')
    .option('--profile', 'print the time of every kernel of a step at the end')
    .option('--precision <f32|f16>', 'f16: products take half-precision operands, the loss is scaled; weights and sums '
      + 'stay f32 (default: the preset\'s)', oneOf('f32', 'f16'))
    .option('--recompute', 'compute norms and activations again for the backward pass instead of keeping them: less '
      + 'memory, a little more time, the same results')
    .option('--memory <MiB>', 'refuse what needs more; default: the machine\'s on a software adapter, else no limit',
      positiveInteger)
    .option('--json <file>', 'also write the last figures to this file')
    .addHelpText('after', '\nAny field of the preset is overridden by a dotted option: --optim.lr 1e-4'), null);
}

/** The device of a training; prints what each program will take before its memory is made. */
export async function openForTraining({ profile, memory, ...options }: TrainOptions,
  { optim }: { readonly optim: OptimConfig }): Promise<Device> {
  const limit = memory === undefined ? {} : { memory: memory * 2 ** 20 };
  const device = await openDevice({ ...options, ...limit, timestamps: profile ?? false });
  await prepareFor(optim.precision, device);
  device.planned = (name, summary) => console.log(describePlan(name, summary));
  return device;
}

/** What every preset of a training has. */
interface Trainable {
  readonly optim: OptimConfig;
  readonly loop: LoopConfig;
  readonly batch: number;
  readonly seed: number;
}

/** The preset with the options of the command line in it; printed by the caller. */
export function chooseConfig<T extends Trainable>(presets: Readonly<Record<string, T>>, options: TrainOptions,
  overrides: Overrides): T {
  const preset = Object.hasOwn(presets, options.preset) ? presets[options.preset] : undefined;
  if (!preset) {
    throw new UserError(`--preset: there is no '${options.preset}'; there are ${Object.keys(presets).join(', ')}`);
  }
  const config = overrideConfig(preset, overrides);
  for (const [name, value] of Object.entries(config.loop)) {
    if (!Number.isInteger(value) || value < 1) {
      throw new UserError(`--loop.${name}: must be a whole number from 1, found ${value}`);
    }
  }
  return {
    ...config, seed: options.seed ?? config.seed, batch: options.batch ?? config.batch,
    loop: { ...config.loop, steps: options.steps ?? config.loop.steps },
    optim: {
      ...config.optim, precision: options.precision ?? config.optim.precision,
      recompute: options.recompute ?? config.optim.recompute,
    },
  };
}

/** Most classes that are named where a config is printed; the run's config.json names all. */
const mostNamed = 20;

/** Prints the final config on one line. */
export function printConfig(config: object): void {
  console.log(`config: ${JSON.stringify(config, (key, value: unknown) =>
    (key === 'categories' && Array.isArray(value) && value.length > mostNamed ? `${value.length} classes` : value))}`);
}

/** Paths of the data; they and `--out` are checked before anything slow begins. */
export function dataPaths(options: TrainOptions, needsImages: boolean): DataPaths {
  const annotations = required(options.annotations, '--annotations');
  const paths = runPaths(needsImages ? options : { ...options, images: options.images ?? '.' });
  return {
    annotations, ...paths,
    ...(options.validateAnnotations !== undefined && { validateAnnotations: options.validateAnnotations }),
  };
}

/** The folders of a training on pictures alone. */
export function runPaths(options: TrainOptions): Pick<DataPaths, 'images' | 'validateImages'> {
  const images = required(options.images, '--images');
  expectRun(required(options.out, '--out'), options.resume ?? false);
  if (!existsSync(images)) throw new UserError(`--images ${images}: there is no such folder`);
  return { images, ...(options.validateImages !== undefined && { validateImages: options.validateImages }) };
}

/** Makes a task; with overrides, sizes that the model cannot have are the user's to mend. */
export async function buildTask(overrides: Overrides, make: () => Promise<Task>): Promise<Task> {
  try {
    return await make();
  } catch (error) {
    const given = Object.entries(overrides).map(([path, value]) => `--${path} ${value}`).join(' ');
    if (error instanceof UserError || !given) throw error;
    throw new UserError(`no model can be built with ${given}: ${(error as Error).message}`);
  }
}

/** Runs the loop with progress, pages and a summary. */
export async function runTraining(device: Device, task: Task, loop: LoopConfig, options: TrainOptions): Promise<void> {
  const out = required(options.out, '--out');
  const progress = new Progress('step', loop.steps);
  const result = await train(device, task, loop, {
    out, resume: options.resume ?? false, signal: interruptSignal(),
    progress: (done, note) => progress.update(done, note),
    print: (line) => console.log(line),
    saved: async (out) => { await writeRunPage(out); },
  });
  progress.stop();
  if (options.profile) await printProfile(device, task);
  const figures = Object.entries(result.figures).map(([name, value]) => `${name} ${value.toPrecision(4)}`).join('  ');
  console.log(`${result.interrupted ? 'stopped' : 'done'} at step ${result.step}: ${figures}`);
  console.log(`see ${join(out, 'index.html')}${result.interrupted ? '; go on with --resume' : ''}`);
  writeJson(options.json, { step: result.step, ...result.figures });
  device.close();
  if (result.interrupted) process.exitCode = 130;
}

async function printProfile(device: Device, task: Task): Promise<void> {
  const kernels = await profileProgram(device, task.program);
  const total = kernels.reduce((ms, kernel) => ms + kernel.ms, 0);
  console.log(`\nkernels of one step, ${total.toFixed(1)} ms in all:`);
  for (const { label, calls, ms, gflops, gbPerSecond } of kernels.slice(0, 25)) {
    console.log(`${ms.toFixed(2).padStart(9)} ms ${((100 * ms) / total).toFixed(1).padStart(5)} % `
      + `${String(calls).padStart(4)} x  ${gflops.toFixed(2).padStart(7)} GFLOP/s `
      + `${gbPerSecond.toFixed(2).padStart(7)} GB/s  ${label}`);
  }
}
