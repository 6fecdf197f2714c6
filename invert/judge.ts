/** The energy of hard layouts on fixed pairs: what the monitor watches, moves are compared and scores are made by. */
import { compile } from '../engine/compile/compile.ts';
import type { Device } from '../engine/device.ts';
import { inputTensor, slice, table } from '../engine/ops/index.ts';
import type { Program } from '../engine/program.ts';
import type { Tensor } from '../engine/tensor.ts';
import { embedTokens } from '../models/unet/layoutEncoder.ts';
import { encoderScope } from '../models/unet/generator.ts';
import type { Generator } from '../pipeline/generator.ts';
import { embedForPrior, type Prior } from '../pipeline/prior.ts';
import { bankSize, fixedPairs, noiseBank, pairBlocks, priorRange, type Pairs } from './bank.ts';
import type { InversionConfig } from './config.ts';
import { errorWeights, type ErrorKind } from './errorMeasure.ts';
import { LayoutNats } from './layoutNats.ts';
import { denoisingEnergy, imageEnergy, imageErrors, weightOf, type Draws } from './objective.ts';

/** A layout for a picture. */
export interface Candidate {
  /** Scaled latent of the picture [C h w]. */
  readonly z: Float32Array;
  /** [L] */
  readonly tokens: Int32Array;
}

/** A candidate on one block of the fixed pairs. */
export interface Question extends Candidate {
  readonly block: number;
}

export interface Answer {
  readonly energy: number;
  /** Error of the image term at every place of the latent [h w]. */
  readonly errors: Float32Array;
}

/** A block of the fixed pairs, and of those of a diffusion prior. */
interface Block {
  readonly image: Pairs;
  /** How much the error of each counts. */
  readonly weights: Float32Array;
  readonly prior: Pairs;
  readonly priorWeight: number;
}

export class Judge {
  private constructor(
    private readonly program: Program,
    private readonly blocks: readonly Block[],
    /** How many of them, the first, are the monitor's. */
    private readonly coarseCount: number,
    /** Of an autoregressive prior that counts. */
    private readonly nats: LayoutNats | null,
    /** Questions that one run answers. */
    readonly rows: number,
  ) {}

  static async open(device: Device, generator: Generator, prior: Prior | null,
    config: InversionConfig): Promise<Judge> {
    const { vocabulary, firstStage } = generator;
    const { screenPairs: T } = config;
    const P = Math.ceil((config.priorMonitorPairs * T) / config.monitorPairs);
    // As much work as a step of the search, or enough to share its fixed costs.
    const rows = Math.max(8, 2 * config.imagesAtOnce * config.restarts);
    const z = inputTensor('z', [rows, firstStage.latentSize]);
    const ids = inputTensor('ids', [rows, vocabulary.length], 'i32');
    const each = table(Int32Array.from({ length: rows }, (_, row) => row), [rows], 'i32');
    const draws = (timesteps: string, noises: string, count: number): Draws =>
      ({ timesteps: inputTensor(timesteps, [rows, count], 'i32'), noises: inputTensor(noises, [rows, count], 'i32') });
    const embeddings = embedTokens(encoderScope(generator.store.scope()), ids, generator.description.model.encoder);
    const bank = table(noiseBank(generator, config.seed), [bankSize, firstStage.latentSize]);
    const weights = inputTensor('weights', [rows, T]);
    const errors = imageErrors(generator, z, each, embeddings, { ...draws('timesteps', 'noises', T), weights }, bank);
    const outputs: Record<string, Tensor> = { errors, image: imageEnergy(errors) };
    const counts = prior && Math.max(weightOf(prior, config), config.finePriorWeight) > 0 ? prior : null;
    if (counts?.kind === 'diffusion') {
      const read = slice(embedForPrior(counts, ids), 1, 0, 3 * vocabulary.maxObjects);
      outputs['prior'] = denoisingEnergy(counts, read, each, draws('priorTimesteps', 'priorNoises', P), config.seed);
    }
    const nats = counts?.kind === 'autoregressive' ? await LayoutNats.open(device, counts, rows) : null;
    const program = await compile(device, { name: 'judge', outputs });
    const blocksOf = (count: number, timesteps: readonly [number, number], error: ErrorKind,
      priorWeight: number): Block[] => {
      const all = errorWeights(generator.description.model.diffusion, error, timesteps);
      const ofPrior = pairBlocks(
        fixedPairs((P * count) / T, prior ? priorRange(prior, config.priorTimesteps) : [0, 1]), P);
      return pairBlocks(fixedPairs(count, timesteps), T).map((image, k): Block => ({
        image, weights: Float32Array.from(image.timesteps, (t) => all[t]!), prior: ofPrior[k]!, priorWeight,
      }));
    };
    const { monitorPairs, finePairs, fineTimesteps } = config;
    return new Judge(program, [
      ...blocksOf(monitorPairs, config.timesteps, config.error, weightOf(prior, config)),
      ...blocksOf(finePairs, fineTimesteps, 'noise', config.finePriorWeight),
    ], monitorPairs / T, nats, rows);
  }

  /** Blocks that the monitor's pairs are dealt into: the energy of a layout is the mean over them. */
  get coarse(): number[] {
    return Array.from({ length: this.coarseCount }, (_, k) => k);
  }

  /** Blocks of the last look, if there is one. */
  get fine(): number[] {
    return Array.from({ length: this.blocks.length - this.coarseCount }, (_, k) => this.coarseCount + k);
  }

  /** Network passes of one question: one per pair. */
  get passesEach(): number {
    return this.blocks[0]!.image.timesteps.length;
  }

  /** Answers up to `rows` questions. */
  async answer(questions: readonly Question[]): Promise<Answer[]> {
    const { rows, program } = this;
    // Rows that nothing is asked of repeat the last question.
    const asked = Array.from({ length: rows }, (_, row) => questions[Math.min(row, questions.length - 1)]!);
    const ids = joined(asked.map(({ tokens }) => tokens));
    const blocks = asked.map(({ block }) => this.blocks[block]!);
    const { z, ...inputs } = {
      z: new Float32Array(rows * asked[0]!.z.length), ids,
      timesteps: joined(blocks.map(({ image }) => image.timesteps)),
      noises: joined(blocks.map(({ image }) => image.noises)),
      weights: Float32Array.from(blocks.flatMap(({ weights }) => [...weights])),
      priorTimesteps: joined(blocks.map(({ prior }) => prior.timesteps)),
      priorNoises: joined(blocks.map(({ prior }) => prior.noises)),
    };
    asked.forEach((question, row) => z.set(question.z, row * question.z.length));
    program.run({ z, ...Object.fromEntries(Object.entries(inputs).filter(([name]) => program.takes(name))) });
    const image = await program.readFloats('image');
    const errors = await program.readFloats('errors');
    const ofPrior = this.nats ? await this.nats.of(questions.map(({ tokens }) => tokens))
      : program.gives('prior') ? await program.readFloats('prior') : null;
    const places = errors.length / rows;
    return questions.map((_, row) => ({
      energy: image[row]! + (ofPrior ? blocks[row]!.priorWeight * ofPrior[row]! : 0),
      errors: errors.slice(row * places, (row + 1) * places),
    }));
  }

  /** Energies of any number of layouts, over the monitor's pairs. */
  async energies(candidates: readonly Candidate[]): Promise<Float64Array> {
    const questions = candidates.flatMap((candidate) => this.coarse.map((block) => ({ ...candidate, block })));
    const sums = new Float64Array(candidates.length);
    for (let first = 0; first < questions.length; first += this.rows) {
      const answers = await this.answer(questions.slice(first, first + this.rows));
      answers.forEach(({ energy }, i) => { sums[Math.floor((first + i) / this.coarseCount)]! += energy; });
    }
    return sums.map((sum) => sum / this.coarseCount);
  }

  destroy(): void {
    this.program.destroy();
    this.nats?.destroy();
  }
}

/** Arrays of one length side by side. */
function joined(parts: readonly Int32Array[]): Int32Array {
  const all = new Int32Array(parts.length * parts[0]!.length);
  parts.forEach((part, i) => all.set(part, i * part.length));
  return all;
}
