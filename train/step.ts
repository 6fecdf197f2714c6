/** One optimiser step as a program: gradients, clipping, AdamW, averages and the counter, from a loss. */
import { compile } from '../engine/compile/compile.ts';
import type { Device } from '../engine/device.ts';
import { grad } from '../engine/grad.ts';
import { add, mul, stateTensor, zerosLike } from '../engine/ops/index.ts';
import { AdamW, Ema, clipGradNorm, learningRate, type StepCounter, type Update } from '../engine/optim.ts';
import type { ParamStore } from '../engine/params.ts';
import type { Program } from '../engine/program.ts';
import { State } from '../engine/state.ts';
import type { Tensor, TensorType } from '../engine/tensor.ts';

export interface OptimConfig {
  readonly lr: number;
  readonly beta1: number;
  readonly beta2: number;
  readonly eps: number;
  /** Decoupled decay per unit of learning rate. */
  readonly weightDecay: number;
  /** Steps of linear rise of the learning rate. */
  readonly warmup: number;
  readonly decay: 'constant' | 'linear' | 'cosine';
  /** Fraction of `lr` that a decaying rate ends at. */
  readonly floor: number;
  /** Largest joint norm of the gradients; larger ones are scaled down. 0 scales none. */
  readonly clip: number;
  /** Decay of the running average of the weights; 0 keeps none. */
  readonly ema: number;
}

/** AdamW with PyTorch's defaults, gently clipped. */
export const defaultOptim: OptimConfig = {
  lr: 1e-3, beta1: 0.9, beta2: 0.999, eps: 1e-8, weightDecay: 0.01, warmup: 100, decay: 'cosine', floor: 0.02,
  clip: 1, ema: 0.999,
};

export interface TrainingStep {
  readonly program: Program;
  /** Adds the gradients of one batch to those of the step that `program` ends; null where a step is one batch. */
  readonly partProgram: Program | null;
  readonly averages: readonly State[];
  /** What the next step depends on, besides the parameters. */
  readonly states: readonly State[];
}

/**
 * Compiles a step that lowers `loss` [] by the parameters of `store`.
 * Outputs: loss, gradNorm, lr, and `extra`, which may replace them. `beside` makes updates of what else learns.
 */
export async function compileStep(device: Device, name: string, store: ParamStore, loss: Tensor, counter: StepCounter,
  optim: OptimConfig, steps: number, extra: Readonly<Record<string, Tensor>> = {},
  beside: (lr: Tensor) => Update[] = () => []): Promise<TrainingStep> {
  const { programs, partPrograms, ...rest } = await compileSteps(device, name, store, [loss], counter, optim, steps,
    extra, beside);
  return { ...rest, program: programs[0]!, partProgram: partPrograms[0] ?? null };
}

/** Sums over the parts of a step, kept from one part to the next; zero between steps. */
class PartSums {
  private readonly sums: readonly State[];

  constructor(name: string, types: readonly TensorType[]) {
    this.sums = types.map((type, i) => new State(`${name} part sum ${i}`, type));
  }

  /** Updates that add the values of a part. */
  add(values: readonly Tensor[]): Update[] {
    return values.map((value, i) => [this.sums[i]!, add(stateTensor(this.sums[i]!), value)]);
  }

  /** Means over `parts` with the values of the last part, and updates that begin anew. */
  end(values: readonly Tensor[], parts: number): { means: Tensor[]; updates: Update[] } {
    return {
      means: values.map((value, i) => mul(add(stateTensor(this.sums[i]!), value), 1 / parts)),
      updates: values.map((value, i) => [this.sums[i]!, zerosLike(value)]),
    };
  }
}

/**
 * Steps that take turns, one for each of several losses (of batches of different shapes, say), with one optimiser
 * between them. Where the counter has several parts, a step takes the mean gradient of as many batches.
 */
export async function compileSteps(device: Device, name: string, store: ParamStore, losses: readonly Tensor[],
  counter: StepCounter, optim: OptimConfig, steps: number, extra: Readonly<Record<string, Tensor>> = {},
  beside: (lr: Tensor) => Update[] = () => []): Promise<Omit<TrainingStep, 'program' | 'partProgram'>
    & { readonly programs: readonly Program[]; readonly partPrograms: readonly Program[] }> {
  const targets = store.groups.map(({ state }) => state);
  const optimiser = new AdamW(targets, optim);
  const lr = learningRate({ ...optim, steps }, counter.step);
  const ema = optim.ema > 0 ? new Ema(targets, optim.ema) : null;
  ema?.averages.forEach((average, i) => { average.initial = targets[i]!.initial?.slice() ?? null; });
  const programs: Program[] = [];
  const partPrograms: Program[] = [];
  const { parts } = counter;
  const sums = parts > 1 ? new PartSums(name, [...targets.map(({ type }) => type), losses[0]!]) : null;
  for (const loss of losses) {
    const values = [...store.packGradients(grad(loss, [...store.tensors.values()])), loss];
    if (sums) {
      partPrograms.push(await compile(device, {
        name: `${name}, a part`, outputs: {}, updates: [...sums.add(values), counter.nextPart],
      }));
    }
    const ended = sums?.end(values, parts) ?? { means: values, updates: [] };
    const { gradients, norm } = clipGradNorm(ended.means.slice(0, -1), optim.clip);
    const { updates, values: weights } = optimiser.step(gradients, lr);
    if (ema) updates.push(...ema.step(weights, counter.step));
    updates.push(...beside(lr), ...ended.updates, counter.update);
    programs.push(await compile(device, {
      name, outputs: { loss: ended.means.at(-1)!, gradNorm: norm, lr, ...extra }, updates,
    }));
  }
  return { programs, partPrograms, averages: ema?.averages ?? [], states: [...optimiser.states, counter.state] };
}
