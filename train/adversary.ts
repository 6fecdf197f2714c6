/** The adversarial part of a first stage's loss [Esser et al. 2021; LDM]: a discriminator, and how much it counts. */
import { grad } from '../engine/grad.ts';
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
 */
export function adversarialLosses(d: Scope, image: Tensor, restored: Tensor, error: Tensor, last: Tensor, step: Tensor,
  config: AdversaryConfig, scale: number): AdversarialLosses {
  const [onTrue, onMade] = [discriminator(d, image, config), discriminator(d, restored, config)];
  const active = lessEqual(config.start, step);
  const byError = grad(error, [restored])[0]!;
  const byScore = grad(neg(mean(onMade)), [restored])[0]!;
  const [errorLength, scoreLength] = [byError, byScore].map((seed) => lengthOf(grad(restored, [last], seed)[0]!));
  const ratio = div(mul(errorLength!, scale), add(scoreLength!, 1e-4));
  const weight = mul(mul(clamp(ratio, 0, 1e4), config.weight / scale), active);
  // Both gradients by the picture are known: the rest of the way back is gone once, for their sum.
  const objective = sum(mul(restored, stopGradient(add(byError, mul(byScore, weight)))));
  const hinge = mul(add(mean(relu(sub(1, onTrue))), mean(relu(add(onMade, 1)))), 0.5);
  return { objective, weight, discriminator: mul(hinge, active) };
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

  updates(loss: Tensor, lr: Tensor): Update[] {
    const packed = this.store.packGradients(grad(loss, [...this.store.tensors.values()]));
    return this.optimiser.step(clipGradNorm(packed, this.optim.clip).gradients, lr).updates;
  }
}
