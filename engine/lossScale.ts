/**
 * Dynamic loss scaling [Micikevicius et al. 2018], on the device: cotangents that half precision would lose are kept
 * by seeding the way back with a scale. The scale is a power of two, so dividing by it loses nothing.
 */
import { grad } from './grad.ts';
import { add, div, isFinite, lessEqual, minimum, mul, stateTensor, sub, where } from './ops/index.ts';
import type { Update } from './optim.ts';
import { State } from './state.ts';
import type { Tensor } from './tensor.ts';

/** Updates, and scalars to read. */
export interface Guarded {
  readonly updates: readonly Update[];
  readonly outputs: Readonly<Record<string, Tensor>>;
}

/** What stands between a loss and the updates by its gradients. */
export interface Scaling {
  /** What the next step depends on. */
  readonly states: readonly State[];
  /** Gradients of the scaled loss [], or of a tensor with its cotangent `seed`; one per `wrt`. */
  grad(loss: Tensor, wrt: readonly Tensor[], seed?: Tensor): Tensor[];
  /** What is linear in such gradients, over the scale. */
  unscale(x: Tensor): Tensor;
  /** The updates, where all of the scalars `watched` are finite; else states stay as they are. */
  guard(updates: readonly Update[], watched: readonly Tensor[]): Guarded;
}

/** For f32: gradients as they are, and every step is taken. */
export const unscaled: Scaling = {
  states: [], grad, unscale: (x) => x, guard: (updates) => ({ updates, outputs: {} }),
};

export interface LossScaleOptions {
  readonly initial: number;
  /** Steps without an overflow after which the scale is doubled. */
  readonly growAfter: number;
  readonly largest: number;
}

export const lossScaleDefaults: LossScaleOptions = { initial: 2 ** 16, growAfter: 2000, largest: 2 ** 24 };

/** A scale that is halved where a step overflows, which is then left out, and doubled after some that did not. */
export class LossScale implements Scaling {
  private readonly scale: State;
  /** Steps since the last overflow or doubling. */
  private readonly good: State;
  /** Steps left out so far. */
  private readonly skipped: State;

  constructor(name: string, private readonly options: LossScaleOptions = lossScaleDefaults) {
    const scalar = (what: string, value: number): State =>
      new State(`${name} ${what}`, { shape: [], dtype: 'f32' }, Float32Array.of(value));
    this.scale = scalar('loss scale', options.initial);
    this.good = scalar('good steps', 0);
    this.skipped = scalar('skipped steps', 0);
  }

  get states(): State[] {
    return [this.scale, this.good, this.skipped];
  }

  grad(loss: Tensor, wrt: readonly Tensor[], seed?: Tensor): Tensor[] {
    const scale = stateTensor(this.scale);
    return grad(loss, wrt, seed ? mul(seed, scale) : scale);
  }

  unscale(x: Tensor): Tensor {
    return mul(x, div(1, stateTensor(this.scale)));
  }

  /** Outputs: `scale` of the next step, and `skipped` steps so far. */
  guard(updates: readonly Update[], watched: readonly Tensor[]): Guarded {
    const finite = watched.map(isFinite).reduce((a, b) => mul(a, b));
    const [scale, good] = [stateTensor(this.scale), add(stateTensor(this.good), 1)];
    const grows = lessEqual(this.options.growAfter, good);
    const next = where(finite, where(grows, minimum(mul(scale, 2), this.options.largest), scale), mul(scale, 0.5));
    const skipped = add(stateTensor(this.skipped), sub(1, finite));
    return {
      updates: [
        ...updates.map(([state, value]) => [state, where(finite, value, stateTensor(state))] as const),
        [this.scale, next], [this.good, mul(good, mul(finite, sub(1, grows)))], [this.skipped, skipped],
      ],
      outputs: { scale: next, skipped },
    };
  }
}
