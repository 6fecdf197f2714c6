import { compile } from '../engine/compile/compile.ts';
import type { Device } from '../engine/device.ts';
import { inputTensor } from '../engine/ops/index.ts';
import { ParamStore, declareParams, type ParamSpec } from '../engine/params.ts';
import type { Program } from '../engine/program.ts';
import { decode, encode } from '../models/autoencoder/autoencoder.ts';
import { latentShape, type AutoencoderConfig } from '../models/autoencoder/config.ts';
import type { Weights } from './run.ts';

/** Parameters of a first stage for pictures of side `size`. */
export function firstStageSpecs(config: AutoencoderConfig, size: number): ParamSpec[] {
  return declareParams((p) => decode(p, encode(p, inputTensor('image', [1, 3, size, size]), config), config));
}

/** A trained first stage: pictures [B, 3, S, S] in [-1, 1] to latents [B, C, h, w] and back, in batches of one size. */
export class FirstStage {
  private constructor(
    private readonly encoder: Program,
    private readonly decoder: Program,
    /** [C, h, w] */
    readonly latent: readonly [number, number, number],
    readonly size: number,
    readonly batch: number,
  ) {}

  /** `where` names the file of the weights, for messages. */
  static async open(device: Device, config: AutoencoderConfig, weights: Weights, where: string, size: number,
    batch = 8): Promise<FirstStage> {
    const store = new ParamStore('autoencoder', firstStageSpecs(config, size));
    store.load(weights, where);
    const latent = latentShape(config, size, size);
    const image = inputTensor('image', [batch, 3, size, size]);
    const z = inputTensor('z', [batch, ...latent]);
    const [encoder, decoder] = await Promise.all([
      compile(device, { name: 'encode', outputs: { z: encode(store.scope(), image, config) } }),
      compile(device, { name: 'decode', outputs: { image: decode(store.scope(), z, config) } }),
    ]);
    return new FirstStage(encoder, decoder, latent, size, batch);
  }

  /** Any number of pictures, flattened -> their latents, flattened. */
  encode(pictures: Float32Array): Promise<Float32Array> {
    return this.inBatches(this.encoder, 'image', 'z', pictures, 3 * this.size * this.size, this.latentSize);
  }

  /** Any number of latents, flattened -> their pictures, flattened. */
  decode(latents: Float32Array): Promise<Float32Array> {
    return this.inBatches(this.decoder, 'z', 'image', latents, this.latentSize, 3 * this.size * this.size);
  }

  get latentSize(): number {
    return this.latent[0] * this.latent[1] * this.latent[2];
  }

  private async inBatches(program: Program, input: string, output: string, values: Float32Array, from: number,
    to: number): Promise<Float32Array> {
    const count = values.length / from;
    const results = new Float32Array(count * to);
    const padded = new Float32Array(this.batch * from);
    for (let first = 0; first < count; first += this.batch) {
      padded.fill(0).set(values.subarray(first * from, Math.min(count, first + this.batch) * from));
      program.run({ [input]: padded });
      const part = await program.readFloats(output);
      results.set(part.subarray(0, Math.min(this.batch, count - first) * to), first * to);
    }
    return results;
  }

  destroy(): void {
    this.encoder.destroy();
    this.decoder.destroy();
  }
}
