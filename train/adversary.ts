/** The adversarial part of a first stage's loss [Esser et al. 2021; LDM]: a discriminator, and how much it counts. */
import { unscaled, type Scaling } from '../engine/lossScale.ts';
import { add, clamp, div, lessEqual, mean, mul, neg, relu, sqrt, square, stopGradient, sub, sum }
  from '../engine/ops/index.ts';
import { AdamW, clipGradNorm, type Update } from '../engine/optim.ts';
import { ParamStore, declareParams, type Scope } from '../engine/params.ts';
import type { State } from '../engine/state.ts';
import type { Tensor } from '../engine/tensor.ts';
import { discriminator, type DiscriminatorConfig } from '../models/autoencoder/discriminator.ts';
import type { OptimConfig } from './step.ts';

export interface AdversaryConfig extends DiscriminatorConfig {
  /** Weight of the adversarial loss, beside a gradient of equal length at the last layer; 0 leaves it out. */
  readonly weight: number;
  /** Step from which the adversarial loss counts and the discriminator learns. */
  readonly start: number;
}

/** What the adversary makes of a reconstruction. */
export interface AdversarialLosses {
  /** [], to be lowered by the first stage: its gradient is that of error + weight (-mean score). */
  readonly objective: Tensor;
  /** [], as above, of the scores; a constant to all gradients. */
  readonly weight: Tensor;
  /** [], to be lowered by the discriminator: hinge loss, 0 before it starts. */
  readonly discriminator: Tensor;
  /** [] each: what `weight` is made of; finite unless something overflowed. */
  readonly lengths: readonly Tensor[];
}

const lengthOf = (x: Tensor): Tensor => sqrt(sum(square(x)));

/**
 *   d         the discriminator's scope
 *   image     [B, 3, H, W]
 *   restored  [B, 3, H, W]
 *   error     []             reconstruction error of `restored`: a mean over all elements, times 1 / `scale` of the
 *                            published one
 *   last      weight of the decoder's last convolution, where the gradients are compared
 *   step      []             steps done before this one
 *   scaling   of the gradients that are compared; results are without the scale
 */
export function adversarialLosses(d: Scope, image: Tensor, restored: Tensor, error: Tensor, last: Tensor, step: Tensor,
  config: AdversaryConfig, scale: number, scaling: Scaling = unscaled): AdversarialLosses {
  const [onTrue, onMade] = [discriminator(d, image, config), discriminator(d, restored, config)];
  const active = lessEqual(config.start, step);
  const [byError, byScore] = [error, neg(mean(onMade))]
    .map((loss) => scaling.unscale(scaling.grad(loss, [restored])[0]!)) as [Tensor, Tensor];
  const lengths = [byError, byScore]
    .map((seed) => scaling.unscale(lengthOf(scaling.grad(restored, [last], seed)[0]!)));
  const ratio = div(mul(lengths[0]!, scale), add(lengths[1]!, 1e-4));
  const weight = mul(mul(clamp(ratio, 0, 1e4), config.weight / scale), active);
  // Both gradients by the picture are known: the rest of the way back is gone once, for their sum.
  const objective = sum(mul(restored, stopGradient(add(byError, mul(byScore, weight)))));
  const hinge = mul(add(mean(relu(sub(1, onTrue))), mean(relu(add(onMade, 1)))), 0.5);
  return { objective, weight, discriminator: mul(hinge, active), lengths };
}

/** A discriminator with its own Adam. */
export class Adversary {
  readonly store: ParamStore;
  private readonly optimiser: AdamW;

  constructor(image: Tensor, readonly config: AdversaryConfig, private readonly optim: OptimConfig, seed: number) {
    this.store = new ParamStore('discriminator', declareParams((d) => discriminator(d, image, config)));
    this.store.initialise(seed);
    this.optimiser = new AdamW(this.store.groups.map(({ state }) => state), optim, 'discriminator adamw');
  }

  /** All that it will need to go on. */
  get states(): State[] {
    return [...this.store.groups.map(({ state }) => state), ...this.optimiser.states];
  }

  /** Updates that lower its loss, by the learning rate; and the norm of the gradients. */
  learn(loss: Tensor, scaling: Scaling): { readonly norm: Tensor; readonly updates: (lr: Tensor) => Update[] } {
    const packed = this.store.packGradients(scaling.grad(loss, [...this.store.tensors.values()]));
    const { gradients, norm } = clipGradNorm(packed, this.optim.clip, (x) => scaling.unscale(x));
    return { norm, updates: (lr) => this.optimiser.step(gradients, lr).updates };
  }
}
