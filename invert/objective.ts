/**
 * What inversion lowers [DIVE eq. for v*]: the generator's denoising error of the picture given a layout, plus the
 * prior's energy of the layout, for several layouts of several pictures at once.
 */
import { add, broadcast, gather, mean, mul, reshape, table } from '../engine/ops/index.ts';
import type { Tensor } from '../engine/tensor.ts';
import { predictionErrors } from '../models/diffusion.ts';
import type { SlotChoices } from '../models/softTokens.ts';
import { denoise, encodeCondition } from '../models/unet/generator.ts';
import type { Generator } from '../pipeline/generator.ts';
import { priorDenoisingLoss, priorExpectedNats, type DiffusionPrior, type Prior } from '../pipeline/prior.ts';
import { bankSize, priorNoiseBank } from './bank.ts';
import type { InversionConfig } from './config.ts';

/** The pairs of a row: rows of a noise bank and timesteps. */
export interface Draws {
  /** i32 [I, T] */
  readonly timesteps: Tensor;
  /** i32 [I, T]: rows of the bank. */
  readonly noises: Tensor;
  /** [I, T]: how much the error of each counts; of a prior's, all alike. */
  readonly weights?: Tensor;
}

/**
 * Denoising error of each row.
 *
 *   z           [I, C h w]     scaled latents of the pictures
 *   rowImage    i32 [Q]        picture of each row
 *   embeddings  [Q, L, D]      layouts
 *   draws       pairs of each picture, shared by its rows
 *   bank        [K, C h w]     standard normals
 *   ->          [Q, h, w]      mean over pairs and channels, at every place; its mean is the energy of the picture
 */
export function imageErrors(generator: Generator, z: Tensor, rowImage: Tensor, embeddings: Tensor,
  draws: Draws, bank: Tensor): Tensor {
  const { model } = generator.description;
  const { latent } = generator.firstStage;
  const Q = embeddings.shape[0]!;
  const T = draws.timesteps.shape[1]!;
  const E = z.shape[1]!;
  const p = generator.store.scope();
  const spread = (x: Tensor, tail: readonly number[]): Tensor =>
    reshape(broadcast(reshape(x, [Q, 1, ...tail]), [Q, T, ...tail]), [Q * T, ...tail]);
  const { context, map } = encodeCondition(p, embeddings, [latent[1], latent[2]], model);
  const condition = { context: spread(context, context.shape.slice(1)), map: map && spread(map, map.shape.slice(1)) };
  const t = reshape(gather(draws.timesteps, rowImage), [Q * T]);
  const noise = reshape(gather(bank, reshape(gather(draws.noises, rowImage), [Q * T])), [Q * T, ...latent]);
  const pictures = reshape(spread(gather(z, rowImage), [E]), [Q * T, ...latent]);
  // Squared error also where the generator was trained with absolute error: the paper's likelihood.
  const errors = predictionErrors({ ...model.diffusion, loss: 'l2' }, pictures, t, noise, (x) =>
    denoise(p, x, t, condition, model));
  const weights = draws.weights && reshape(gather(draws.weights, rowImage), [Q * T, 1, 1, 1]);
  const weighted = weights ? mul(errors, weights) : errors;
  return mean(reshape(weighted, [Q, T, ...latent]), [1, 2]);
}

/** Energy [Q] of a picture: its errors [Q, h, w] in the mean. */
export const imageEnergy = (errors: Tensor): Tensor => mean(errors, [1, 2]);

/** Layouts as a prior reads them. */
export interface PriorReading {
  /** [Q, 3 N, D], in the generator's own scale. */
  readonly embeddings: Tensor;
  /** Weights over the choices of each slot, each adding up to 1: what the autoregressive kind is to predict. */
  readonly targets: SlotChoices;
}

/**
 * Energy of each row [Q] under a prior of either kind.
 *
 *   autoregressive  nats: the expected negative log-likelihood of the targets, read through the embeddings
 *   diffusion       mean squared error per element of the prediction in the noised embeddings, over pairs
 *
 *   rowImage  i32 [Q]            picture of each row
 *   draws     pairs of each picture, shared by its rows; without effect for the autoregressive kind
 *   seed      of the bank that `draws` name rows of
 */
export function priorEnergy(prior: Prior, { embeddings, targets }: PriorReading, rowImage: Tensor, draws: Draws,
  seed: number): Tensor {
  return prior.kind === 'autoregressive'
    ? priorExpectedNats(prior.store.scope(), embeddings, targets, prior.description)
    : denoisingEnergy(prior, embeddings, rowImage, draws, seed);
}

/** The energy of each row [Q] under a diffusion prior; arguments as above. */
export function denoisingEnergy(prior: DiffusionPrior, embeddings: Tensor, rowImage: Tensor, draws: Draws,
  seed: number): Tensor {
  const [Q, L, D] = embeddings.shape as [number, number, number];
  const P = draws.timesteps.shape[1]!;
  const ofRows = (x: Tensor): Tensor => reshape(gather(x, rowImage), [Q * P]);
  const spread = reshape(broadcast(reshape(embeddings, [Q, 1, L, D]), [Q, P, L, D]), [Q * P, L, D]);
  const bank = table(priorNoiseBank(prior, seed), [bankSize, L * D]);
  const noise = reshape(gather(bank, ofRows(draws.noises)), [Q * P, L, D]);
  const errors = priorDenoisingLoss(prior.store.scope(), spread, ofRows(draws.timesteps), noise, prior.description);
  return mean(reshape(errors, [Q, P]), [1]);
}

/** The weight of a prior's term: 0 where there is no prior. */
export const weightOf = (prior: Prior | null, { priorWeight }: InversionConfig): number =>
  (prior ? priorWeight[prior.kind] : 0);

/** Image energy plus weighted prior energy [Q]. */
export function totalEnergy(image: Tensor, ofPrior: Tensor | null, weight: number): Tensor {
  return ofPrior && weight > 0 ? add(image, mul(ofPrior, weight)) : image;
}
