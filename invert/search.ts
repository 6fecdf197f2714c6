/**
 * Gradient steps on the layouts of several pictures with several starts each, as one program. Every picture has a place
 * of its own, at a step of its own: what differs between them is data.
 */
import { compile } from '../engine/compile/compile.ts';
import type { Device } from '../engine/device.ts';
import { grad } from '../engine/grad.ts';
import { broadcast, concat, gather, inputTensor, reshape, stateTensor, sum, table } from '../engine/ops/index.ts';
import type { Program } from '../engine/program.ts';
import { State } from '../engine/state.ts';
import { sizeOf, type Tensor } from '../engine/tensor.ts';
import { weightsAt } from '../models/diffusion.ts';
import type { LayoutVocabulary } from '../models/layoutTokens.ts';
import { slotFrequencyTensors, slotTables, type SlotChoices } from '../models/softTokens.ts';
import { encoderScope } from '../models/unet/generator.ts';
import { tokenTable } from '../models/unet/layoutEncoder.ts';
import type { Generator } from '../pipeline/generator.ts';
import type { Prior } from '../pipeline/prior.ts';
import { adamWRows } from './adamWRows.ts';
import { bankSize, noiseBank, type Pairs } from './bank.ts';
import type { InversionConfig } from './config.ts';
import { errorWeights } from './errorMeasure.ts';
import { imageEnergy, imageErrors, priorEnergy, totalEnergy, weightOf, type Draws } from './objective.ts';
import { barred, priorTargets, project, targetOf, variableShapes, type Variable } from './projection.ts';
import { startValues } from './starts.ts';

/** What a place shows of its picture at a step. */
export interface Reading {
  /** Energies [R] of the starts at the last step, on that step's own random pairs. */
  readonly energies: Float32Array;
  /** Hardest reading of every start: tokens [L] each. */
  readonly layouts: readonly Int32Array[];
}

/** The pairs of a step of one picture. */
export interface StepPairs {
  readonly image: Pairs;
  /** Of a diffusion prior; without effect where there is none. */
  readonly prior: Pairs;
}

/** Steps that may be under way: enough to keep the adapter busy, few enough that their uploads do not pile up. */
const mostUnderWay = 8;

export class Search {
  private underWay = 0;
  /** Inputs of the next step, by place. */
  private readonly inputs: {
    readonly z: Float32Array; readonly timesteps: Int32Array; readonly noises: Int32Array;
    readonly priorTimesteps: Int32Array; readonly priorNoises: Int32Array;
    readonly rate: Float32Array; readonly correction: Float32Array; readonly temperature: Float32Array;
  };

  private constructor(
    private readonly device: Device,
    readonly program: Program,
    private readonly reading: Program,
    private readonly values: readonly State[],
    private readonly moments: readonly State[],
    private readonly generator: Generator,
    private readonly config: InversionConfig,
  ) {
    const { imagesAtOnce: I, restarts: R, batchTimesteps: T, priorPairs: P } = config;
    this.inputs = {
      z: new Float32Array(I * generator.firstStage.latentSize),
      timesteps: new Int32Array(I * T), noises: new Int32Array(I * T),
      priorTimesteps: new Int32Array(I * P), priorNoises: new Int32Array(I * P),
      rate: new Float32Array(I * R), correction: new Float32Array(2 * I * R).fill(1),
      temperature: new Float32Array(I * R).fill(1),
    };
  }

  static async open(device: Device, generator: Generator, prior: Prior | null,
    config: InversionConfig): Promise<Search> {
    const { vocabulary, firstStage } = generator;
    const { imagesAtOnce: I, restarts: R, batchTimesteps: T, priorPairs: P, projection } = config;
    const Q = I * R;
    const { encoder } = generator.description.model;
    const vocabularyTable = tokenTable(encoderScope(generator.store.scope()), encoder);
    const tables = slotTables(vocabularyTable, vocabulary);
    const values = variableShapes(projection, Q, encoder.width, vocabulary)
      .map((shape, i) => new State(`inversion ${i}`, { shape, dtype: 'f32' }));
    const leaves = values.map(stateTensor);
    const variable: Variable = projection === 'logits'
      ? { kind: 'scores', classes: leaves[0]!, corners: leaves[1]! } : { kind: 'embeddings', v: leaves[0]! };
    const bias = rowBias(generator, config, Q);
    const temperature = inputTensor('temperature', [Q]);
    const projected = project(projection, variable, temperature, bias, tables, vocabularyTable,
      config.metric, vocabulary);
    const rowImage = table(Int32Array.from({ length: Q }, (_, q) => Math.floor(q / R)), [Q], 'i32');
    const timesteps = inputTensor('timesteps', [I, T], 'i32');
    const { diffusion } = generator.description.model;
    const draws: Draws = {
      timesteps, noises: inputTensor('noises', [I, T], 'i32'),
      weights: weightsAt(errorWeights(diffusion, config.error, config.timesteps), timesteps),
    };
    const bank = table(noiseBank(generator, config.seed), [bankSize, firstStage.latentSize]);
    const layouts = withCrop(projected.embeddings, vocabularyTable, vocabulary);
    const z = inputTensor('z', [I, firstStage.latentSize]);
    const image = imageEnergy(imageErrors(generator, z, rowImage, layouts, draws, bank));
    const weight = weightOf(prior, config);
    const ofPrior = prior && weight > 0 ? priorEnergy(prior, {
      embeddings: projected.embeddings, targets: priorTargets(projected, targetOf(config)),
    }, rowImage, {
      timesteps: inputTensor('priorTimesteps', [I, P], 'i32'), noises: inputTensor('priorNoises', [I, P], 'i32'),
    }, config.seed) : null;
    const energy = totalEnergy(image, ofPrior, weight);
    const moments = {
      first: values.map(({ name, type }) => new State(`${name} first moment`, type)),
      second: values.map(({ name, type }) => new State(`${name} second moment`, type)),
    };
    const updates = adamWRows(values, grad(sum(energy), leaves), moments, config,
      inputTensor('rate', [Q]), inputTensor('correction', [2, Q]));
    const program = await compile(device, { name: 'inversion step', outputs: { energy }, updates });
    const reading = await compile(device, {
      name: 'inversion reading', outputs: { classes: projected.hard.classes, corners: projected.hard.corners },
    });
    return new Search(device, program, reading, values, [...moments.first, ...moments.second], generator, config);
  }

  /** Network passes of one step of one picture: forward and backward count one each. */
  get passesEach(): number {
    return 2 * this.config.restarts * this.config.batchTimesteps;
  }

  /**
   * Puts a picture with scaled latent z [C h w] in a place. Its starts follow from the seed, its name, and `layouts`
   * [R] where each start begins at one.
   */
  start(place: number, name: string, z: Float32Array, layouts: readonly Int32Array[] | null): void {
    const { restarts: R, imagesAtOnce: I } = this.config;
    for (const state of this.values) {
      const values = startValues(state, name, layouts, this.generator, this.config);
      this.device.writePart(state, place * values.length, values);
    }
    for (const state of this.moments) {
      const each = (sizeOf(state.type.shape) / (I * R)) * R;
      this.device.writePart(state, place * each, new Float32Array(each));
    }
    this.inputs.z.set(z, place * z.length);
  }

  /** Lays down the inputs of a place's step number `step` of its own. */
  prepare(place: number, step: number, pairs: StepPairs): void {
    const { inputs, config } = this;
    const { restarts: R, imagesAtOnce: I, batchTimesteps: T, priorPairs: P } = config;
    const progress = Math.min(1, step / Math.max(1, config.annealSteps - 1));
    const [first, last] = config.temperature;
    inputs.timesteps.set(pairs.image.timesteps, place * T);
    inputs.noises.set(pairs.image.noises, place * T);
    inputs.priorTimesteps.set(pairs.prior.timesteps, place * P);
    inputs.priorNoises.set(pairs.prior.noises, place * P);
    const rows = [place * R, (place + 1) * R] as const;
    inputs.temperature.fill(first * (last / first) ** progress, ...rows);
    inputs.rate.fill(config.lr * (1 - (1 - config.lrFloor) * progress), ...rows);
    inputs.correction.fill(1 - config.beta1 ** (step + 1), ...rows);
    inputs.correction.fill(1 - config.beta2 ** (step + 1), I * R + rows[0], I * R + rows[1]);
  }

  /** One step of all places, as prepared. Resolves before it is done. */
  async step(): Promise<void> {
    this.run(this.program);
    if (++this.underWay < mostUnderWay) return;
    await this.device.idle();
    this.underWay = 0;
  }

  /** What a program has a use for differs: nearest rows need no temperature, and one kind of prior no pairs. */
  private run(program: Program): void {
    program.run(Object.fromEntries(Object.entries(this.inputs).filter(([name]) => program.takes(name))));
  }

  /** What all places show now. */
  async read(): Promise<Reading[]> {
    const { vocabulary } = this.generator;
    const { imagesAtOnce: I, restarts: R } = this.config;
    this.run(this.reading);
    const energies = await this.program.readFloats('energy');
    const classes = await this.reading.read('classes');
    const corners = await this.reading.read('corners');
    this.underWay = 0;
    return Array.from({ length: I }, (_, place) => ({
      energies: energies.slice(place * R, (place + 1) * R),
      layouts: Array.from({ length: R }, (_, r) => tokensOfChoices(vocabulary, classes, corners, place * R + r)),
    }));
  }

  destroy(): void {
    this.program.destroy();
    this.reading.destroy();
    this.device.release([...this.values, ...this.moments]);
  }
}

/** Embeddings [Q, 3 N, D] with the crop tokens of the whole picture behind them, where there are crop tokens. */
function withCrop(embeddings: Tensor, vocabularyTable: Tensor, { encodeCrop, gridSide }: LayoutVocabulary): Tensor {
  if (!encodeCrop) return embeddings;
  const [Q, , D] = embeddings.shape as [number, number, number];
  const rows = gather(vocabularyTable, table(Int32Array.of(0, gridSide * gridSide - 1), [1, 2], 'i32'));
  return concat([embeddings, broadcast(rows, [Q, 2, D])], 1);
}

/** Indices of choices of row q as token ids, with the whole image as crop where crops are encoded. */
export function tokensOfChoices({ maxObjects: N, classCount, gridSide, none, length }: LayoutVocabulary,
  classes: ArrayLike<number>, corners: ArrayLike<number>, q: number): Int32Array {
  const tokens = new Int32Array(length).fill(none);
  for (let n = 0; n < N; n++) {
    const kind = classes[q * N + n]!;
    tokens[3 * n] = kind >= classCount ? none : kind;
    for (let corner = 0; corner < 2; corner++) {
      const cell = corners[(q * N + n) * 2 + corner]!;
      tokens[3 * n + 1 + corner] = cell >= gridSide * gridSide ? none : cell;
    }
  }
  if (length > 3 * N) tokens.set([0, gridSide * gridSide - 1], 3 * N);
  return tokens;
}

/** Log frequencies of choices for every row; with counts stratified, restart r holds 1 + r mod N objects. */
function rowBias(generator: Generator, config: InversionConfig, Q: number): SlotChoices {
  const { vocabulary, frequencies } = generator;
  const { maxObjects: N, classCount, gridSide } = vocabulary;
  if (!config.stratifyCounts) {
    const { classes, corners } = slotFrequencyTensors(vocabulary, frequencies);
    return { classes: reshape(classes, [1, ...classes.shape]), corners: reshape(corners, [1, ...corners.shape]) };
  }
  const restrict = (values: Float32Array, choices: number, slots: number): Float32Array => {
    const all = new Float32Array(Q * values.length);
    for (let q = 0; q < Q; q++) {
      const count = 1 + ((q % config.restarts) % N);
      for (let i = 0; i < values.length; i++) {
        const object = Math.floor(i / (choices * slots));
        const isNone = i % choices === choices - 1;
        all[q * values.length + i] = isNone === object >= count ? values[i]! : barred;
      }
    }
    return all;
  };
  return {
    classes: table(restrict(frequencies.classes, classCount + 1, 1), [Q, N, classCount + 1]),
    corners: table(restrict(frequencies.corners, gridSide * gridSide + 1, 2), [Q, N, 2, gridSide * gridSide + 1]),
  };
}
