/** The first stage that a generator is trained on, and the latents of its pictures. */
import { createHash } from 'node:crypto';
import { join } from 'node:path';
import type { Device } from '../engine/device.ts';
import { UserError } from '../engine/errors.ts';
import { latentShape, type AutoencoderConfig } from '../models/autoencoder/config.ts';
import { FirstStage } from '../pipeline/firstStage.ts';
import { loadRun, type Weights } from '../pipeline/run.ts';
import type { AutoencoderRun } from '../train/autoencoder.ts';
import type { DataPaths, SplitDataset } from '../train/data.ts';
import type { LatentSets } from '../train/denoising.ts';
import { ImageSet } from '../train/imageSet.ts';
import { latentsOf, type LatentSet } from '../train/latents.ts';
import { Progress, required } from './cli.ts';

export interface FirstStageOptions {
  readonly autoencoder?: string;
  readonly size?: number;
}

export interface FirstStageSource {
  readonly config: AutoencoderConfig;
  readonly weights: Weights;
  readonly where: string;
  readonly image: { readonly size: number };
}

/** The first stage that `--autoencoder` names: a run, or `pixels:F` for none but F x F pixels in the channels. */
export function firstStageOf(options: FirstStageOptions): FirstStageSource {
  const name = required(options.autoencoder, '--autoencoder');
  const pixels = /^pixels(?::(\d+))?$/.exec(name);
  if (pixels) {
    const size = required(options.size, '--size (needed with --autoencoder pixels)');
    return {
      config: { kind: 'identity', factor: Number(pixels[1] ?? 1) }, weights: new Map(), where: name, image: { size },
    };
  }
  const run = loadRun<AutoencoderRun>(name, 'autoencoder');
  const { model, data } = run.header.config;
  return { config: model, weights: run.weights, where: run.file, image: { size: options.size ?? data.size } };
}

/** [C, h, w] of the latents; `channels` is what the network takes, `option` what sets it. */
export function expectLatent({ config, image }: FirstStageSource, channels: number, option: string):
  [number, number, number] {
  const latent = latentShape(config, image.size, image.size);
  if (latent[0] !== channels) {
    throw new UserError(`the autoencoder's latents have ${latent[0]} channels, the network takes ${channels}; set `
      + `${option} ${latent[0]}`);
  }
  return latent;
}

export const openFirstStage = (device: Device, { config, weights, where, image }: FirstStageSource):
  Promise<FirstStage> => FirstStage.open(device, config, weights, where, image.size);

/** Latents of all pictures, kept in the run's folder. */
export async function encodeAll(paths: Pick<DataPaths, 'images' | 'validateImages'>, source: FirstStageSource,
  firstStage: FirstStage, data: SplitDataset, flips: boolean, out: string): Promise<LatentSets> {
  const hash = createHash('sha256').update(JSON.stringify(source.config));
  for (const [name, { data: values }] of source.weights) {
    hash.update(name).update(new Uint8Array(values.buffer, values.byteOffset, values.byteLength));
  }
  const fingerprint = hash.digest('hex');
  const encode = async (name: 'training' | 'validation', dir: string, mirrored: boolean): Promise<LatentSet> => {
    const images = new ImageSet(data[name], dir, source.image.size);
    const progress = new Progress(`encoding ${name} pictures`, images.length * (mirrored ? 2 : 1));
    try {
      return await latentsOf(images, firstStage, fingerprint, mirrored, join(out, `latents-${name}.msgpack`),
        (done) => progress.update(done));
    } finally {
      progress.stop();
    }
  };
  return {
    training: await encode('training', paths.images, flips),
    validation: await encode('validation', paths.validateImages ?? paths.images, false),
  };
}
