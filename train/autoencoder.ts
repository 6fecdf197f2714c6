/**
 * Trains a first stage: pictures to latents and back.
 *
 *   npm run train:autoencoder -- --annotations F --images D --out RUN --preset tiny
 *
 * `tiny` at 64 px takes about 0.3 s a step of 8 pictures on a two-core CPU adapter; 2,000 steps reach about 26 dB on
 * the built-in scenes.
 */
import { batchIndices, itemStream } from '../data/batches.ts';
import { compile } from '../engine/compile/compile.ts';
import type { Device } from '../engine/device.ts';
import { UserError } from '../engine/errors.ts';
import { abs, add, inputTensor, mean, mul, randomNormal, square, sub, zerosLike } from '../engine/ops/index.ts';
import { StepCounter } from '../engine/optim.ts';
import { ParamStore, declareParams, type NamedValues, type ParamSpec, type Scope } from '../engine/params.ts';
import type { Tensor } from '../engine/tensor.ts';
import { reconstruct, decode, encode } from '../models/autoencoder/autoencoder.ts';
import { latentShape, type AutoencoderConfig } from '../models/autoencoder/config.ts';
import { perceptualDistance } from '../models/autoencoder/perceptual.ts';
import { Adversary, adversarialLosses, type AdversaryConfig } from './adversary.ts';
import type { SplitDataset } from './data.ts';
import { ImageSet } from './imageSet.ts';
import type { LoopConfig, Task } from './loop.ts';
import { saveSheet, sheetItems } from './samples.ts';
import { compileStep, type OptimConfig, type TrainingStep } from './step.ts';

export interface AutoencoderRun {
  readonly model: AutoencoderConfig;
  readonly data: {
    /** Side of the pictures in pixels. */
    readonly size: number;
    /** Mirror half of the pictures. */
    readonly flip: boolean;
  };
  /** Weights of the mean absolute and mean squared error, and of LPIPS where its network is given. */
  readonly loss: { readonly l1: number; readonly l2: number; readonly perceptual: number };
  readonly adversary: AdversaryConfig;
  readonly batch: number;
  readonly optim: OptimConfig;
  readonly loop: LoopConfig;
  readonly seed: number;
}

/** Pictures of a validation pass and of a contact sheet. */
const validationBatch = 8;

/** What is asked of a reconstruction. */
interface Losses {
  readonly restored: Tensor;
  /** [], of the reconstruction. */
  readonly error: Tensor;
  /** [], of the latents. */
  readonly regulariser: Tensor;
}

function lossesOf(p: Scope, image: Tensor, run: AutoencoderRun, vgg: ParamStore | null,
  noise: (shape: readonly number[]) => Tensor): Losses {
  const { image: restored, regulariser } = reconstruct(p, image, run.model, noise);
  const { l1, l2, perceptual } = run.loss;
  const difference = sub(restored, image);
  const error = add(mul(mean(abs(difference)), l1), mul(mean(square(difference)), l2));
  if (!vgg || perceptual === 0) return { restored, error, regulariser };
  const seen = mean(perceptualDistance(vgg.scope(), image, restored));
  return { restored, error: add(error, mul(seen, perceptual)), regulariser };
}

/** Parameters of the first stage that `run` trains. */
export const autoencoderSpecs = (run: AutoencoderRun): ParamSpec[] => declareParams((p) => lossesOf(p,
  inputTensor('image', [1, 3, run.data.size, run.data.size]), run, null, (shape) => zerosLike(inputTensor('', shape))));

/**
 * Compiles a step on an image [B, 3, S, S]; before the adversary starts, and without one, it lowers error and
 * regulariser. `vgg` holds the weights of LPIPS, where there are any.
 */
export async function autoencoderStep(device: Device, store: ParamStore, image: Tensor, run: AutoencoderRun,
  vgg: ParamStore | null): Promise<TrainingStep> {
  const { optim, loop, seed, model } = run;
  const counter = new StepCounter('autoencoder', seed);
  const losses = (): Losses =>
    lossesOf(store.scope(), image, run, vgg, (shape) => randomNormal(shape, counter.key, 'posterior'));
  const name = 'autoencoder step';
  if (run.adversary.weight === 0) {
    return compileStep(device, name, store, () => {
      const { error, regulariser } = losses();
      return { loss: add(error, regulariser) };
    }, counter, optim, loop.steps);
  }
  if (model.kind === 'identity') throw new UserError('--adversary.weight: an identity first stage learns nothing');
  const adversary = new Adversary(image, run.adversary, optim, seed);
  // Published errors of kl stages are sums over the elements of a picture, those of vq stages means.
  const scale = model.kind === 'kl' ? image.size / run.batch : 1;
  const last = store.tensors.get('decoder.conv_out.weight')!;
  const step = await compileStep(device, name, store, (scaling) => {
    const { restored, error, regulariser } = losses();
    const { objective, weight, discriminator, lengths } = adversarialLosses(adversary.store.scope(), image, restored,
      error, last, counter.step, run.adversary, scale, scaling);
    const { norm, updates } = adversary.learn(discriminator, scaling);
    return {
      loss: add(objective, regulariser), beside: updates, watched: [...lengths, norm],
      outputs: { loss: add(error, regulariser), adversaryWeight: weight, discriminatorLoss: discriminator },
    };
  }, counter, optim, loop.steps);
  return { ...step, states: [...step.states, ...adversary.states] };
}

function perceptualStore(image: Tensor, weights: NamedValues): ParamStore {
  const store = new ParamStore('perceptual', declareParams((p) => perceptualDistance(p, image, image)));
  store.load(weights, '--perceptual');
  return store;
}

/** `perceptual` holds the weights of LPIPS by name, where there are any. */
export async function autoencoderTask(device: Device, run: AutoencoderRun, data: SplitDataset, dirs: {
  images: string; validateImages: string;
}, perceptual: NamedValues | null = null): Promise<Task> {
  const { size, flip } = run.data;
  latentShape(run.model, size, size);
  const training = new ImageSet(data.training, dirs.images, size);
  const validation = new ImageSet(data.validation, dirs.validateImages, size);
  const image = inputTensor('image', [run.batch, 3, size, size]);
  const specs = autoencoderSpecs(run);
  const store = new ParamStore('autoencoder', specs);
  store.initialise(run.seed);
  const vgg = perceptual && perceptualStore(image, perceptual);
  const step = await autoencoderStep(device, store, image, run, vgg);
  const used = step.averages.length > 0 ? new ParamStore('autoencoder average', specs, step.averages) : store;
  const fixed = inputTensor('image', [validationBatch, 3, size, size]);
  const restored = decode(used.scope(), encode(used.scope(), fixed, run.model), run.model);
  const check = await compile(device, {
    name: 'autoencoder validation',
    outputs: {
      restored, absolute: mean(abs(sub(restored, fixed)), [1, 2, 3]),
      squared: mean(square(sub(restored, fixed)), [1, 2, 3]),
    },
  });
  const pictures = (first: number): Promise<Float32Array> => validation.batch(
    Array.from({ length: validationBatch }, (_, i) => ({ index: (first + i) % validation.length, flip: false })));
  return {
    kind: 'autoencoder', config: run, program: step.program, store, averages: step.averages, states: step.states,
    frozen: new Map(),
    async batch(at) {
      const items = batchIndices(training.length, run.batch, at, run.seed)
        .map((index, i) => ({ index, flip: flip && itemStream(run.seed, at, i).chance(0.5) }));
      return { image: await training.batch(items) };
    },
    async validate() {
      let [absolute, decibels, count] = [0, 0, 0];
      for (let first = 0; first < validation.length; first += validationBatch) {
        check.run({ image: await pictures(first) });
        const [ofAbsolute, ofSquared] = [await check.readFloats('absolute'), await check.readFloats('squared')];
        for (let i = 0; i < validationBatch && first + i < validation.length; i++, count++) {
          absolute += ofAbsolute[i]!;
          // Pixels span [-1, 1], so the peak is 2.
          decibels += 10 * Math.log10(4 / Math.max(ofSquared[i]!, 1e-12));
        }
      }
      return { val: absolute / count, valPsnr: decibels / count };
    },
    async sample(file) {
      const originals = await pictures(0);
      check.run({ image: originals });
      await saveSheet(file, [sheetItems(originals, size), sheetItems(await check.readFloats('restored'), size)]);
    },
  };
}
