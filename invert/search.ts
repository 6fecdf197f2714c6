/** One gradient step on the layouts of several pictures with several starts each, as a program. */
import { compile } from '../engine/compile/compile.ts';
import type { Device } from '../engine/device.ts';
import { grad } from '../engine/grad.ts';
import { broadcast, concat, gather, inputTensor, reshape, stateTensor, sum, table } from '../engine/ops/index.ts';
import type { Program } from '../engine/program.ts';
import { RandomStream } from '../engine/random.ts';
import { State } from '../engine/state.ts';
import { sizeOf, type Tensor } from '../engine/tensor.ts';
import type { LayoutVocabulary } from '../models/layoutTokens.ts';
import { tableStatistics } from '../models/prior/standardise.ts';
import { slotFrequencyTensors, slotTables, type SlotChoices } from '../models/softTokens.ts';
import { encoderScope } from '../models/unet/generator.ts';
import { tokenTable } from '../models/unet/layoutEncoder.ts';
import type { Generator } from '../pipeline/generator.ts';
import { tokenTableName, type Prior } from '../pipeline/prior.ts';
import { adamWRows } from './adamWRows.ts';
import { bankSize, noiseBank, type Pairs } from './bank.ts';
import type { InversionConfig } from './config.ts';
import { imageEnergy, priorEnergy, totalEnergy, weightOf } from './objective.ts';
import { barred, priorTargets, project, targetOf, variableShapes, type Variable } from './projection.ts';

export class Search {
  /** Network passes so far: forward and backward count one each. */
  passes = 0;

  private constructor(
    private readonly device: Device,
    readonly program: Program,
    private readonly reading: Program,
    private readonly values: readonly State[],
    private readonly moments: readonly State[],
    private readonly generator: Generator,
    private readonly config: InversionConfig,
  ) {}

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
    const draws = { timesteps: inputTensor('timesteps', [I, T], 'i32'), noises: inputTensor('noises', [I, T], 'i32') };
    const bank = table(noiseBank(generator, config.seed), [bankSize, firstStage.latentSize]);
    const layouts = withCrop(projected.embeddings, vocabularyTable, vocabulary);
    const image = imageEnergy(generator, inputTensor('z', [I, firstStage.latentSize]), rowImage, layouts, draws, bank);
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

  /** Random starts for pictures; the stream of each picture depends on nothing but the seed and its name. */
  start(names: readonly string[]): void {
    const { restarts: R, imagesAtOnce: I, init, initScale, seed, projection } = this.config;
    const scale = projection === 'logits' ? initScale
      : initScale * tableStatistics(this.generator.run.weights.get(tokenTableName)!.data).std;
    for (const state of this.values) {
      const each = sizeOf(state.type.shape) / (I * R);
      const start = new Float32Array(I * R * each);
      for (let q = 0; q < I * R; q++) {
        const name = names[Math.floor(q / R)];
        if (name === undefined) continue;
        const random = new RandomStream(seed, `${state.name} ${name} ${q % R}`);
        if (init === 'gaussian') for (let k = 0; k < each; k++) start[q * each + k] = scale * random.normal();
      }
      if (init === 'none') this.startAtNone(start, each);
      this.device.write(state, start);
    }
    for (const state of this.moments) this.device.write(state, new Float32Array(sizeOf(state.type.shape)));
  }

  private startAtNone(start: Float32Array, each: number): void {
    const { none, classCount, gridSide } = this.generator.vocabulary;
    if (this.config.projection === 'logits') {
      const choices = each % (classCount + 1) === 0 && each / (classCount + 1) === this.generator.vocabulary.maxObjects
        ? classCount + 1 : gridSide * gridSide + 1;
      for (let at = choices - 1; at < start.length; at += choices) start[at] = 2;
      return;
    }
    const rows = this.generator.run.weights.get(tokenTableName)!;
    const D = rows.shape[1]!;
    for (let at = 0; at < start.length; at += D) start.set(rows.data.subarray(none * D, (none + 1) * D), at);
  }

  /**
   * One step for pictures with scaled latents z [I, C h w], at step `step` of the schedule; `priorPairs` are those of a
   * diffusion prior.
   */
  step(z: Float32Array, pairs: readonly Pairs[], step: number, priorPairs: readonly Pairs[] = []): void {
    const { config } = this;
    const { imagesAtOnce: I, restarts: R, batchTimesteps: T, priorPairs: P } = config;
    const Q = I * R;
    const progress = step / Math.max(1, config.steps - 1);
    const [first, last] = config.temperature;
    const fill = (value: number): Float32Array => new Float32Array(Q).fill(value);
    const { timesteps, noises } = joinPairs(pairs, I, T);
    const ofPrior = joinPairs(priorPairs, I, P);
    const correction = new Float32Array(2 * Q);
    correction.fill(1 - config.beta1 ** (step + 1), 0, Q).fill(1 - config.beta2 ** (step + 1), Q);
    this.program.run({
      z, timesteps, noises, correction,
      ...this.temperatures(this.program, first * (last / first) ** progress),
      ...(this.program.takes('priorTimesteps') && {
        priorTimesteps: ofPrior.timesteps, priorNoises: ofPrior.noises,
      }),
      rate: fill(config.lr * (1 - (1 - config.lrFloor) * progress)),
    });
    this.passes += 2 * Q * T;
  }

  /** The temperature of every row, for programs that have a use for it: nearest rows have none. */
  private temperatures(program: Program, value: number): Record<string, Float32Array> {
    const { imagesAtOnce: I, restarts: R } = this.config;
    return program.takes('temperature') ? { temperature: new Float32Array(I * R).fill(value) } : {};
  }

  /** Energies [Q] of the last step, on its own random pairs. */
  energies(): Promise<Float32Array> {
    return this.program.readFloats('energy');
  }

  /** Hardest reading of every row: tokens [L] each. */
  async tokens(): Promise<Int32Array[]> {
    const { vocabulary } = this.generator;
    const { imagesAtOnce: I, restarts: R } = this.config;
    // Weights are read at the last temperature; the order of scores does not depend on it.
    this.reading.run(this.temperatures(this.reading, this.config.temperature[1]));
    const classes = await this.reading.read('classes');
    const corners = await this.reading.read('corners');
    return Array.from({ length: I * R }, (_, q) => tokensOfChoices(vocabulary, classes, corners, q));
  }

  destroy(): void {
    this.program.destroy();
    this.reading.destroy();
    this.device.release([...this.values, ...this.moments]);
  }
}

/** Pairs of each picture side by side: [I, count], flattened. */
function joinPairs(pairs: readonly Pairs[], pictures: number, count: number): Pairs {
  const joined = { timesteps: new Int32Array(pictures * count), noises: new Int32Array(pictures * count) };
  pairs.forEach(({ timesteps, noises }, i) => {
    joined.timesteps.set(timesteps, i * count);
    joined.noises.set(noises, i * count);
  });
  return joined;
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
