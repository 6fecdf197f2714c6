/** The energy of hard layouts on fixed pairs: what the monitor watches, local moves compare and scores are made of. */
import { compile } from '../engine/compile/compile.ts';
import type { Device } from '../engine/device.ts';
import { broadcast, gather, inputTensor, oneHot, slice, table } from '../engine/ops/index.ts';
import type { Program } from '../engine/program.ts';
import type { Tensor } from '../engine/tensor.ts';
import { slotTargets } from '../models/prior/autoregressive.ts';
import { embedTokens } from '../models/unet/layoutEncoder.ts';
import { encoderScope } from '../models/unet/generator.ts';
import type { Generator } from '../pipeline/generator.ts';
import type { Prior } from '../pipeline/prior.ts';
import { bankSize, fixedPairs, noiseBank, priorRange, type Pairs } from './bank.ts';
import type { InversionConfig } from './config.ts';
import { imageEnergy, priorEnergy, weightOf, type Draws } from './objective.ts';

/** A layout to judge: its tokens [L], and which of the current pictures it is for. */
export interface Candidate {
  readonly image: number;
  readonly tokens: Int32Array;
}

export class Judge {
  /** Network passes so far: one per layout and pair. */
  passes = 0;

  private constructor(
    private readonly program: Program,
    private readonly generator: Generator,
    private readonly config: InversionConfig,
    private readonly priorWeight: number,
    private readonly rows: number,
  ) {}

  static async open(device: Device, generator: Generator, prior: Prior | null,
    config: InversionConfig): Promise<Judge> {
    const { vocabulary, firstStage } = generator;
    const { imagesAtOnce: I, monitorPairs: T } = config;
    const rows = Math.max(I * config.restarts, 16);
    const z = inputTensor('z', [I, firstStage.latentSize]);
    const ids = inputTensor('ids', [rows, vocabulary.length], 'i32');
    const rowImage = inputTensor('rowImage', [rows], 'i32');
    const forAll = ({ timesteps, noises }: Pairs): Draws => {
      const each = (values: Int32Array): Tensor => broadcast(table(values, [values.length], 'i32'), [I, values.length]);
      return { timesteps: each(timesteps), noises: each(noises) };
    };
    const embeddings = embedTokens(encoderScope(generator.store.scope()), ids, generator.description.model.encoder);
    const bank = table(noiseBank(generator, config.seed), [bankSize, firstStage.latentSize]);
    const image = imageEnergy(generator, z, rowImage, embeddings, forAll(fixedPairs(T, config.timesteps)), bank);
    const outputs: Record<string, Tensor> = { image };
    const weight = weightOf(prior, config);
    if (prior && weight > 0) {
      const { maxObjects: N, classCount, gridSide } = vocabulary;
      const targets = {
        classes: oneHot(inputTensor('classes', [rows, N], 'i32'), classCount + 1),
        corners: oneHot(inputTensor('corners', [rows, N, 2], 'i32'), gridSide * gridSide + 1),
      };
      const pairs = fixedPairs(config.priorMonitorPairs, priorRange(prior, config.priorTimesteps));
      outputs['prior'] = priorEnergy(prior, { embeddings: slice(gather(prior.table, ids), 1, 0, 3 * N), targets },
        rowImage, forAll(pairs), config.seed);
    }
    const program = await compile(device, { name: 'judge', outputs });
    return new Judge(program, generator, config, weight, rows);
  }

  /** Energies of candidates for the pictures whose scaled latents are z [I, C h w]. */
  async energies(z: Float32Array, candidates: readonly Candidate[]): Promise<Float64Array> {
    const { vocabulary } = this.generator;
    const energies = new Float64Array(candidates.length);
    for (let first = 0; first < candidates.length; first += this.rows) {
      const part = candidates.slice(first, first + this.rows);
      const ids = new Int32Array(this.rows * vocabulary.length);
      const rowImage = new Int32Array(this.rows);
      for (let row = 0; row < this.rows; row++) {
        const { tokens, image } = part[Math.min(row, part.length - 1)]!;
        ids.set(tokens, row * vocabulary.length);
        rowImage[row] = image;
      }
      this.program.run({
        z, ids, rowImage, ...(this.program.takes('classes') ? slotTargets(vocabulary, ids) : {}),
      });
      const image = await this.program.readFloats('image');
      const ofPrior = this.priorWeight > 0 ? await this.program.readFloats('prior') : null;
      part.forEach((_, i) => {
        energies[first + i] = image[i]! + (ofPrior ? this.priorWeight * ofPrior[i]! : 0);
      });
      this.passes += part.length * this.config.monitorPairs;
    }
    return energies;
  }

  destroy(): void {
    this.program.destroy();
  }
}
