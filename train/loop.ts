/**
 * The loop that every training shares. Its order never varies: batch, step, stop if not finite, log, validate on a
 * fixed set, sample, checkpoint. What is trained is a `Task`.
 */
import { join } from 'node:path';
import type { Device } from '../engine/device.ts';
import type { TypedData } from '../engine/tensor.ts';
import type { Program } from '../engine/program.ts';
import { BatchPrefetcher } from '../data/batches.ts';
import { logMetrics, openRun, resumeRun, rewindMetrics, saveRun, type RunHeader, type RunKind,
  type TrainingState } from '../pipeline/run.ts';

export interface LoopConfig {
  readonly steps: number;
  /** Steps between log records, validations, samples and checkpoints. */
  readonly logEvery: number;
  readonly validateEvery: number;
  readonly sampleEvery: number;
  readonly checkpointEvery: number;
  /** Validations without a new best after which training stops early. Default: never. */
  readonly patience?: number;
}

/** One thing to train. */
export interface Task extends TrainingState {
  readonly kind: RunKind;
  /** Config to save: everything needed to build the model again. */
  readonly config: object;
  /** One optimiser step. Scalar outputs: `loss`, `gradNorm`, `lr`; in half precision also `scale` and `skipped`. */
  readonly program: Program;
  /** Batches that make a step; default 1. */
  readonly parts?: number;
  /** The program of a part of a step, where several take turns; `program` is that of a last part. */
  programAt?(step: number, part?: number): Program;
  /** Inputs of a part of step `step`: a pure function of (seed, step, part), so that a resumed run sees the same. */
  batch(step: number, part?: number): Promise<Record<string, TypedData>>;
  /** Loss on a fixed validation set, lower is better; empty where there is none. */
  validate(): Promise<Readonly<Record<string, number>>>;
  /** Writes a picture of what the model does now. */
  sample(file: string): Promise<void>;
}

export interface LoopOptions {
  readonly out: string;
  readonly resume: boolean;
  readonly signal: AbortSignal;
  /** Called after every step. */
  readonly progress: (done: number, note: string) => void;
  /** Called with a human line now and then. */
  readonly print: (line: string) => void;
  /** Called after every save: writes the page of the run. */
  readonly saved: (out: string) => Promise<void>;
}

/**
 * Trains until `steps`, until validation no longer gets better, or until an interrupt; returns the step reached and the
 * last figures.
 */
export async function train(device: Device, task: Task, loop: LoopConfig, options: LoopOptions):
  Promise<{ step: number; figures: Record<string, number>; interrupted: boolean }> {
  const { out, resume, signal } = options;
  let header: RunHeader<object> = { kind: task.kind, config: task.config, step: 0, best: null };
  if (resume) header = { ...resumeRun<object>(out, task.kind, device, task), config: task.config };
  openRun(out, task.kind, task.config, resume);
  if (resume) {
    rewindMetrics(out, header.step);
    options.print(`resumed at step ${header.step}`);
  }
  let step = header.step;
  let best = header.best;
  const figures: Record<string, number> = {};
  const save = async (): Promise<void> => {
    await saveRun(out, 'latest', device, { ...header, step, best }, task);
    await options.saved(out);
  };
  // Told from what a checkpoint holds, so that a resumed run stops where an unbroken one does.
  const stale = (): boolean =>
    loop.patience !== undefined && best !== null && step - best.step >= loop.patience * loop.validateEvery;
  const parts = task.parts ?? 1;
  const batches = new BatchPrefetcher({
    load: (at) => task.batch(Math.floor(at / parts), at % parts),
    start: step * parts, end: loop.steps * parts, ahead: 4,
  });
  let logged = { step, time: performance.now() };
  try {
    while (step < loop.steps && !stale() && !signal.aborted) {
      let { program } = task;
      for (let part = 0; part < parts; part++) {
        program = task.programAt?.(step, part) ?? task.program;
        program.run(await batches.next());
        await device.idle();
      }
      step++;
      const last = step === loop.steps;
      if (step % loop.logEvery === 0 || last || step === 1) {
        const now = await readFigures(program, step);
        const ms = (performance.now() - logged.time) / (step - logged.step);
        logged = { step, time: performance.now() };
        for (const [name, value] of Object.entries(now)) if (Number.isFinite(value)) figures[name] = value;
        figures['ms'] = ms;
        logMetrics(out, { step, ...now, ms: Math.round(ms * 10) / 10 });
      }
      if (step % loop.validateEvery === 0 || last) {
        const values = await task.validate();
        Object.assign(figures, values);
        const value = values['val'];
        if (value !== undefined) {
          logMetrics(out, { step, ...values });
          options.print(`step ${step}  loss ${figures['loss']?.toPrecision(4)}  val ${value.toPrecision(4)}`);
          if (!best || value < best.value) {
            best = { value, step };
            await saveRun(out, 'best', device, { ...header, step, best }, task);
          }
        }
        logged.time = performance.now();
        logged.step = step;
      }
      if (step % loop.sampleEvery === 0 || last) {
        await task.sample(join(out, 'samples', `${String(step).padStart(6, '0')}.png`));
        logged = { step, time: performance.now() };
      }
      if (step % loop.checkpointEvery === 0 && !last) await save();
      options.progress(step, `loss ${figures['loss']?.toPrecision(4) ?? ''}`);
    }
  } finally {
    await batches.stop();
  }
  await save();
  if (stale()) options.print(`stopped early: no better validation since step ${best!.step}`);
  return { step, figures, interrupted: step < loop.steps && !stale() };
}

/** Figures of a step. In half precision they need not be finite: a step that overflowed is left out. */
async function readFigures(program: Program, step: number): Promise<Record<string, number>> {
  const names = ['loss', 'gradNorm', 'lr', 'scale', 'skipped'].filter((name) => program.gives(name));
  const values = await Promise.all(names.map((name) => program.readScalar(name)));
  const figures = Object.fromEntries(names.map((name, i) => [name, values[i]!]));
  const { loss, gradNorm, scale, skipped } = figures;
  if (scale === undefined && !(Number.isFinite(loss) && Number.isFinite(gradNorm))) {
    throw new Error(`step ${step}: the loss is ${loss}, the norm of the gradients ${gradNorm}; training has diverged. `
      + 'Lower --optim.lr, or go on from the last checkpoint with --resume.');
  }
  if (scale !== undefined && scale < 1) {
    throw new Error(`step ${step}: half precision overflows whatever the scale of the loss (${scale}, after `
      + `${skipped} steps that were left out). Use --precision f32, or lower --optim.lr if training has diverged.`);
  }
  return figures;
}
