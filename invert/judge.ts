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
import { LayoutNats } from './layoutNats.ts';
import { denoisingEnergy, imageEnergy, imageErrors, weightOf, type Draws } from './objective.ts';

/** A layout for a picture. */
export interface Candidate {
  /** Scaled latent of the picture [C h w]. */
  readonly z: Float32Array;
  /** [L] */
  readonly tokens: Int32Array;
}

/** A candidate on one block of the fixed pairs. The energy of a layout is the mean over all blocks. */
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
  readonly prior: Pairs;
}

export class Judge {
  private constructor(
    private readonly program: Program,
    private readonly priorWeight: number,
    private readonly blocks: readonly Block[],
    /** Of an autoregressive prior that counts. */
    private readonly nats: LayoutNats | null,
    /** Questions that one run answers. */
    readonly rows: number,
  ) {}

  static async open(device: Device, generator: Generator, prior: Prior | null,
    config: InversionConfig): Promise<Judge> {
    const { vocabulary, firstStage } = generator;
    const { screenPairs: T } = config;
    const blockCount = config.monitorPairs / T;
    const P = Math.ceil(config.priorMonitorPairs / blockCount);
    // As much work as a step of the search, or enough to share its fixed costs.
    const rows = Math.max(8, 2 * config.imagesAtOnce * config.restarts);
    const z = inputTensor('z', [rows, firstStage.latentSize]);
    const ids = inputTensor('ids', [rows, vocabulary.length], 'i32');
    const each = table(Int32Array.from({ length: rows }, (_, row) => row), [rows], 'i32');
    const draws = (timesteps: string, noises: string, count: number): Draws =>
      ({ timesteps: inputTensor(timesteps, [rows, count], 'i32'), noises: inputTensor(noises, [rows, count], 'i32') });
    const embeddings = embedTokens(encoderScope(generator.store.scope()), ids, generator.description.model.encoder);
    const bank = table(noiseBank(generator, config.seed), [bankSize, firstStage.latentSize]);
    const errors = imageErrors(generator, z, each, embeddings, draws('timesteps', 'noises', T), bank,
      { error: config.monitorError, timesteps: config.timesteps });
    const outputs: Record<string, Tensor> = { errors, image: imageEnergy(errors) };
    const priorWeight = weightOf(prior, config);
    const counts = prior && priorWeight > 0 ? prior : null;
    if (counts?.kind === 'diffusion') {
      const read = slice(embedForPrior(counts, ids), 1, 0, 3 * vocabulary.maxObjects);
      outputs['prior'] = denoisingEnergy(counts, read, each, draws('priorTimesteps', 'priorNoises', P), config.seed);
    }
    const nats = counts?.kind === 'autoregressive' ? await LayoutNats.open(device, counts, rows) : null;
    const program = await compile(device, { name: 'judge', outputs });
    const ofPrior = pairBlocks(
      fixedPairs(P * blockCount, prior ? priorRange(prior, config.priorTimesteps) : [0, 1]), P);
    const blocks = pairBlocks(fixedPairs(config.monitorPairs, config.timesteps), T)
      .map((image, k): Block => ({ image, prior: ofPrior[k]! }));
    return new Judge(program, priorWeight, blocks, nats, rows);
  }

  /** Number of blocks that the fixed pairs are dealt into. */
  get blockCount(): number {
    return this.blocks.length;
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
      energy: image[row]! + (ofPrior ? this.priorWeight * ofPrior[row]! : 0),
      errors: errors.slice(row * places, (row + 1) * places),
    }));
  }

  /** Energies of any number of layouts, over all pairs. */
  async energies(candidates: readonly Candidate[]): Promise<Float64Array> {
    const questions = candidates.flatMap((candidate) => this.blocks.map((_, block) => ({ ...candidate, block })));
    const sums = new Float64Array(candidates.length);
    for (let first = 0; first < questions.length; first += this.rows) {
      const answers = await this.answer(questions.slice(first, first + this.rows));
      answers.forEach(({ energy }, i) => { sums[Math.floor((first + i) / this.blockCount)]! += energy; });
    }
    return sums.map((sum) => sum / this.blockCount);
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
