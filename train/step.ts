/** One optimiser step as a program: gradients, clipping, AdamW, averages and the counter, from a loss. */
import { compile } from '../engine/compile/compile.ts';
import type { Device } from '../engine/device.ts';
import { LossScale, unscaled, type Scaling } from '../engine/lossScale.ts';
import { add, mul, stateTensor, zerosLike } from '../engine/ops/index.ts';
import { AdamW, Ema, clipGradNorm, learningRate, type StepCounter, type Update } from '../engine/optim.ts';
import type { ParamStore } from '../engine/params.ts';
import { withPrecision, type Precision } from '../engine/precision.ts';
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
  /** What products take (`engine/precision.ts`). Weights, moments and averages are f32; f16 goes with a loss scale. */
  readonly precision: Precision;
  /** Compute norms and activations again for the backward pass instead of keeping them: less memory, the same bits. */
  readonly recompute: boolean;
}

/** AdamW with PyTorch's defaults, gently clipped. */
export const defaultOptim: OptimConfig = {
  lr: 1e-3, beta1: 0.9, beta2: 0.999, eps: 1e-8, weightDecay: 0.01, warmup: 100, decay: 'cosine', floor: 0.02,
  clip: 1, ema: 0.999, precision: 'f32', recompute: false,
};

export interface TrainingStep {
  readonly program: Program;
  /** Adds the gradients of one batch to those of the step that `program` ends; null where a step is one batch. */
  readonly partProgram: Program | null;
  readonly averages: readonly State[];
  /** What the next step depends on, besides the parameters. */
  readonly states: readonly State[];
}

/** What a step lowers, and what else it does. */
export interface Objective {
  /** [], lowered by the parameters of the store. */
  readonly loss: Tensor;
  /** More outputs of the program; they may replace `loss`. */
  readonly outputs?: Readonly<Record<string, Tensor>>;
  /** Updates of what else learns, at the learning rate [] of the step. */
  readonly beside?: (lr: Tensor) => readonly Update[];
  /** More scalars that must be finite for the step to be taken, where gradients are scaled. */
  readonly watched?: readonly Tensor[];
}

/** Traced under the precision of the step; takes what gradients it needs through `scaling`. */
export type Traced = (scaling: Scaling) => Objective;

/**
 * Compiles a step that lowers a loss by the parameters of `store`.
 * Outputs: loss, gradNorm, lr, those of the objective, and in half precision scale and skipped.
 */
export async function compileStep(device: Device, name: string, store: ParamStore, traced: Traced,
  counter: StepCounter, optim: OptimConfig, steps: number): Promise<TrainingStep> {
  const { programs, partPrograms, ...rest } = await compileSteps(device, name, store, [traced], counter, optim, steps);
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
export async function compileSteps(device: Device, name: string, store: ParamStore, traced: readonly Traced[],
  counter: StepCounter, optim: OptimConfig, steps: number): Promise<Omit<TrainingStep, 'program' | 'partProgram'>
    & { readonly programs: readonly Program[]; readonly partPrograms: readonly Program[] }> {
  const targets = store.groups.map(({ state }) => state);
  const optimiser = new AdamW(targets, optim);
  const scaling = optim.precision === 'f16' ? new LossScale(store.name) : unscaled;
  const lr = learningRate({ ...optim, steps }, counter.step);
  const ema = optim.ema > 0 ? new Ema(targets, optim.ema) : null;
  ema?.averages.forEach((average, i) => { average.initial = targets[i]!.initial?.slice() ?? null; });
  const programs: Program[] = [];
  const { recompute } = optim;
  const partPrograms: Program[] = [];
  const { parts } = counter;
  const sums = parts > 1
    ? new PartSums(name, [...targets.map(({ type }) => type), { shape: [], dtype: 'f32' }]) : null;
  for (const trace of traced) {
    const objective = withPrecision(optim.precision, () => trace(scaling));
    const { loss, outputs = {}, beside = () => [], watched = [] } = objective;
    const values = [...store.packGradients(scaling.grad(loss, [...store.tensors.values()])), loss];
    if (sums) {
      partPrograms.push(await compile(device, {
        name: `${name}, a part`, outputs: {}, updates: [...sums.add(values), counter.nextPart], recompute,
      }));
    }
    const ended = sums?.end(values, parts) ?? { means: values, updates: [] };
    const mean = ended.means.at(-1)!;
    const { gradients, norm } = clipGradNorm(ended.means.slice(0, -1), optim.clip, (x) => scaling.unscale(x));
    const { updates, values: weights } = optimiser.step(gradients, lr);
    if (ema) updates.push(...ema.step(weights, counter.step));
    const guarded = scaling.guard([...updates, ...beside(lr)], [mean, norm, ...watched]);
    programs.push(await compile(device, {
      name, outputs: { loss: mean, gradNorm: norm, lr, ...outputs, ...guarded.outputs },
      updates: [...guarded.updates, ...ended.updates, counter.update], recompute,
    }));
  }
  return {
    programs, partPrograms, averages: ema?.averages ?? [],
    states: [...optimiser.states, ...scaling.states, counter.state],
  };
}
