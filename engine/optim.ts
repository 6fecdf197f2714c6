/** Optimisers, averages and schedules as graph nodes over flat vectors; compile fuses an update into one dispatch. */
import { add, cast, cos, div, maximum, minimum, mul, slice, reshape, sqrt, square, stateTensor, sub, sum, table }
  from './ops/index.ts';
import { State } from './state.ts';
import type { Tensor } from './tensor.ts';

export type Update = readonly [State, Tensor];

export interface AdamWOptions {
  readonly beta1: number;
  readonly beta2: number;
  readonly eps: number;
  /** Decoupled decay per unit of learning rate. */
  readonly weightDecay: number;
}

/** PyTorch's defaults. */
export const adamWDefaults: AdamWOptions = { beta1: 0.9, beta2: 0.999, eps: 1e-8, weightDecay: 0.01 };

/** Running state of AdamW over some flat vectors. */
export class AdamW {
  readonly first: State[];
  readonly second: State[];
  /** 1 - beta^t, by recurrence: computing the power in f32 would lose its digits at small t. */
  readonly correction1: State;
  readonly correction2: State;

  /** `name` tells the optimisers of one program apart. */
  constructor(private readonly targets: readonly State[], private readonly options: AdamWOptions = adamWDefaults,
    name = 'adamw') {
    this.correction1 = new State(`${name} correction1`, { shape: [], dtype: 'f32' });
    this.correction2 = new State(`${name} correction2`, { shape: [], dtype: 'f32' });
    this.first = targets.map(({ name, type }) => new State(`${name} first moment`, type));
    this.second = targets.map(({ name, type }) => new State(`${name} second moment`, type));
  }

  get states(): State[] {
    return [...this.first, ...this.second, this.correction1, this.correction2];
  }

  /**
   * One step [Loshchilov & Hutter 2019].
   *
   *   gradients  one per target, of its shape
   *   lr         [] learning rate of this step
   *   ->         updates for `compile`, and the new values of the targets
   */
  step(gradients: readonly Tensor[], lr: Tensor): { updates: Update[]; values: Tensor[] } {
    const { beta1, beta2, eps, weightDecay } = this.options;
    const c1 = add(mul(stateTensor(this.correction1), beta1), 1 - beta1);
    const c2 = add(mul(stateTensor(this.correction2), beta2), 1 - beta2);
    const updates: Update[] = [[this.correction1, c1], [this.correction2, c2]];
    const values = this.targets.map((target, i) => {
      const g = gradients[i]!;
      const p = stateTensor(target);
      const m = add(mul(stateTensor(this.first[i]!), beta1), mul(g, 1 - beta1));
      const v = add(mul(stateTensor(this.second[i]!), beta2), mul(square(g), 1 - beta2));
      const direction = div(div(m, c1), add(sqrt(div(v, c2)), eps));
      const value = sub(p, mul(lr, add(direction, mul(p, weightDecay))));
      updates.push([this.first[i]!, m], [this.second[i]!, v], [target, value]);
      return value;
    });
    return { updates, values };
  }
}

/** Exponential moving averages of some flat vectors. */
export class Ema {
  readonly averages: State[];

  constructor(targets: readonly State[], private readonly decay = 0.9999) {
    this.averages = targets.map(({ name, type }) => new State(`${name} average`, type));
  }

  /** Averages after a step: decay min(decay, (1 + n) / (10 + n)) at step n = 0, 1, .. [LDM LitEma]. */
  step(values: readonly Tensor[], step: Tensor): Update[] {
    const decay = minimum(div(add(step, 1), add(step, 10)), this.decay);
    return this.averages.map((average, i) => {
      const old = stateTensor(average);
      return [average, add(old, mul(sub(1, decay), sub(values[i]!, old)))] as const;
    });
  }
}

/**
 * Gradients scaled down together so that their joint norm is at most `maxNorm`, 0 for any; and that norm [].
 * `unscale` takes a scale off that the gradients have (`Scaling`): both results are those without it.
 */
export function clipGradNorm(gradients: readonly Tensor[], maxNorm: number, unscale = (x: Tensor): Tensor => x):
  { gradients: Tensor[]; norm: Tensor } {
  const norm = unscale(sqrt(gradients.map((g) => sum(square(g))).reduce((a, b) => add(a, b))));
  if (maxNorm === 0) return { gradients: gradients.map(unscale), norm };
  const factor = unscale(minimum(div(maxNorm, add(norm, 1e-6)), 1));
  return { gradients: gradients.map((g) => mul(g, factor)), norm };
}

/** Seed and number of the step, on the device: the key of all random draws and the argument of schedules. */
export class StepCounter {
  readonly state: State;
  /** u32 [2]: (seed, step), or [3] where a step has parts: (seed, step, part). */
  readonly key: Tensor;
  /** [] f32: steps done before this one. */
  readonly step: Tensor;

  /** `parts`: batches whose gradients make one step. */
  constructor(name: string, seed: number, readonly parts = 1) {
    const words = parts > 1 ? [seed >>> 0, 0, 0] : [seed >>> 0, 0];
    this.state = new State(`${name} counter`, { shape: [words.length], dtype: 'u32' }, Uint32Array.from(words));
    this.key = stateTensor(this.state);
    this.step = cast(reshape(slice(this.key, 0, 1, 1), []), 'f32');
  }

  /** To the next step; from its last part, where it has several. */
  get update(): Update {
    return this.advance(0, 1, 1 - this.parts);
  }

  /** To the next part of the same step. */
  get nextPart(): Update {
    return this.advance(0, 0, 1);
  }

  private advance(...words: number[]): Update {
    const shape = this.state.type.shape;
    return [this.state, add(this.key, table(Uint32Array.from(words.slice(0, shape[0])), shape, 'u32'))];
  }
}

export interface Schedule {
  readonly lr: number;
  /** Steps of linear rise from 0. */
  readonly warmup: number;
  readonly decay: 'constant' | 'linear' | 'cosine';
  /** Step at which a decaying rate reaches `floor` times `lr`. */
  readonly steps: number;
  readonly floor: number;
}

/** Learning rate [] at `step` [] (0 at the first). */
export function learningRate(schedule: Schedule, step: Tensor): Tensor {
  const { lr, warmup, decay, steps, floor } = schedule;
  const rise = warmup > 0 ? minimum(div(add(step, 1), warmup), 1) : minimum(add(step, 1), 1);
  if (decay === 'constant') return mul(rise, lr);
  const progress = minimum(div(maximum(sub(step, warmup), 0), Math.max(1, steps - warmup)), 1);
  const left = decay === 'linear' ? sub(1, progress) : mul(add(cos(mul(progress, Math.PI)), 1), 0.5);
  return mul(mul(rise, lr), add(mul(left, 1 - floor), floor));
}
