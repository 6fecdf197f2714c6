/** Gradient steps on the class embedding of several pictures at once, through the frozen network [DIVE]. */
import { compile } from '../engine/compile/compile.ts';
import type { Device } from '../engine/device.ts';
import { grad } from '../engine/grad.ts';
import { broadcast, div, gather, inputTensor, matmul, mean, nearestRow, neg, reshape, rowDistances, slice, softmax,
  stateTensor, straightThrough, sum } from '../engine/ops/index.ts';
import type { Program } from '../engine/program.ts';
import { RandomStream } from '../engine/random.ts';
import { State } from '../engine/state.ts';
import type { Tensor } from '../engine/tensor.ts';
import { classCountOf, classTable, classTableName } from '../models/classModel.ts';
import { tableStatistics } from '../models/prior/standardise.ts';
import type { ClassGenerator } from '../pipeline/classGenerator.ts';
import { adamWRows } from './adamWRows.ts';
import type { Pairs } from './bank.ts';
import { classError, noiseTable } from './classJudge.ts';
import type { ClassifyConfig } from './classify.ts';

/** What a variable [I, D or C] stands for: an embedding [I, D] for the network, and how near each class is [I, C]. */
function projectClass(variable: Tensor, rows: Tensor, temperature: Tensor, { projection, metric }: ClassifyConfig):
  { readonly embedding: Tensor; readonly nearness: Tensor } {
  if (projection === 'logits') {
    const weights = softmax(div(variable, reshape(temperature, [1, 1])));
    return { embedding: matmul(weights, rows), nearness: variable };
  }
  const nearness = neg(rowDistances(variable, rows, metric));
  if (projection === 'none') return { embedding: variable, nearness };
  return { embedding: straightThrough(gather(rows, nearestRow(variable, rows, metric)), variable), nearness };
}

export class ClassSearch {
  /** Network passes so far: forward and backward count one each. */
  passes = 0;

  private constructor(
    private readonly device: Device,
    private readonly program: Program,
    private readonly reading: Program,
    private readonly value: State,
    private readonly moments: readonly State[],
    private readonly start: { readonly mean: number; readonly std: number },
    private readonly config: ClassifyConfig,
  ) {}

  static async open(device: Device, generator: ClassGenerator, noises: Float32Array,
    config: ClassifyConfig): Promise<ClassSearch> {
    const { description: { model }, firstStage: { latent, latentSize }, store } = generator;
    const { imagesAtOnce: I, batchPairs: T } = config;
    const p = store.scope();
    const all = classTable(p, model);
    // The row that stands for no class is left out of the search.
    const rows = slice(all, 0, 0, classCountOf(model));
    const [C, D] = rows.shape as [number, number];
    const value = new State('class inversion', { shape: [I, config.projection === 'logits' ? C : D], dtype: 'f32' });
    const leaf = stateTensor(value);
    const { embedding, nearness } = projectClass(leaf, rows, inputTensor('temperature', [1]), config);
    const spread = (x: Tensor, lead: readonly number[], tail: readonly number[]): Tensor =>
      reshape(broadcast(reshape(x, [...lead, ...tail]), [I, T, ...tail]), [I * T, ...tail]);
    const z = reshape(spread(inputTensor('z', [I, latentSize]), [I, 1], [latentSize]), [I * T, ...latent]);
    const noise = reshape(spread(gather(noiseTable(noises, latentSize), inputTensor('noises', [T], 'i32')), [1, T],
      [latentSize]), [I * T, ...latent]);
    const t = spread(inputTensor('timesteps', [T], 'i32'), [1, T], []);
    const error = classError(p, z, t, noise, spread(embedding, [I, 1], [D]), model, config);
    const energy = mean(reshape(error, [I, T]), [1]);
    const moments = ['first', 'second'].map((name) => new State(`class ${name} moment`, value.type));
    const updates = adamWRows([value], grad(sum(energy), [leaf]), { first: [moments[0]!], second: [moments[1]!] },
      config, inputTensor('rate', [I]), inputTensor('correction', [2, I]));
    const program = await compile(device, { name: 'class inversion step', outputs: { energy }, updates });
    const reading = await compile(device, { name: 'class inversion reading', outputs: { nearness } });
    const tableRows = generator.run.weights.get(classTableName(model))!;
    return new ClassSearch(device, program, reading, value, moments, tableStatistics(tableRows.data), config);
  }

  /** The same start for every picture, as published: embeddings drawn from the table's scalars, or equal logits. */
  begin(): void {
    const { seed, projection } = this.config;
    const [I, width] = this.value.type.shape as [number, number];
    const random = new RandomStream(seed, 'class start');
    const { mean: centre, std } = this.start;
    const one = Float32Array.from({ length: width },
      () => (projection === 'logits' ? 0 : centre + std * random.normal()));
    this.device.write(this.value, Float32Array.from({ length: I * width }, (_, i) => one[i % width]!));
    for (const state of this.moments) this.device.write(state, new Float32Array(I * width));
  }

  /** Step number `step` of `steps` on some pairs, the same for all pictures. */
  step(z: Float32Array, pairs: Pairs, step: number, steps: number): void {
    const { imagesAtOnce: I, batchPairs, lr, lrFloor, beta1, beta2, temperature: [first, last] } = this.config;
    const progress = step / Math.max(1, steps - 1);
    const correction = new Float32Array(2 * I);
    correction.fill(1 - beta1 ** (step + 1), 0, I).fill(1 - beta2 ** (step + 1), I);
    this.program.run({
      z, ...pairs, correction, rate: new Float32Array(I).fill(lr * (1 - (1 - lrFloor) * progress)),
      ...(this.program.takes('temperature')
        ? { temperature: Float32Array.of(first * (last / first) ** progress) } : {}),
    });
    this.passes += 2 * I * batchPairs;
  }

  /** Energies [I] of the last step, on its own pairs. */
  energies(): Promise<Float32Array> {
    return this.program.readFloats('energy');
  }

  /** The `count` classes nearest to each picture's variable, the nearest first. */
  async likeliest(count: number): Promise<number[][]> {
    this.reading.run();
    const nearness = await this.reading.readFloats('nearness');
    const classes = nearness.length / this.config.imagesAtOnce;
    return Array.from({ length: this.config.imagesAtOnce }, (_, i) => {
      const own = nearness.subarray(i * classes, (i + 1) * classes);
      return Array.from(own.keys()).sort((a, b) => own[b]! - own[a]! || a - b).slice(0, count);
    });
  }

  destroy(): void {
    this.program.destroy();
    this.reading.destroy();
    this.device.release([this.value, ...this.moments]);
  }
}
