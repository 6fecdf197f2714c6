import { compile } from '../engine/compile/compile.ts';
import type { NamedArray } from '../engine/checkpoint.ts';
import type { Device } from '../engine/device.ts';
import { check } from '../engine/errors.ts';
import { gather, inputTensor, table } from '../engine/ops/index.ts';
import type { ParamStore } from '../engine/params.ts';
import type { Program } from '../engine/program.ts';
import { RandomStream } from '../engine/random.ts';
import { decodeLayout, layoutVocabulary, type LayoutObject, type LayoutVocabulary } from '../models/layoutTokens.ts';
import { cacheStates, keyValueCache, type KeyValueCache } from '../models/prior/keyValueCache.ts';
import { slotChoice } from '../models/prior/autoregressive.ts';
import { sampleLayouts, type SampleOptions, type TokenScorer } from '../models/prior/sampleLayouts.ts';
import type { AutoregressivePriorConfig } from '../models/prior/config.ts';
import { priorNextScores, type PriorDescription } from './prior.ts';

export interface SampledLayout {
  readonly tokens: Int32Array;
  readonly objects: readonly LayoutObject[];
}

export interface DrawOptions extends SampleOptions {
  readonly count: number;
  readonly seed: number;
  /** Called after each token with those drawn so far, of all. */
  readonly onToken?: (done: number, total: number) => void;
}

/** Layouts that one pass draws a token of. */
const most = 64;

type Description = Pick<PriorDescription<AutoregressivePriorConfig>, 'model' | 'vocabulary' | 'statistics'>;

/** Scores the tokens of up to `batch` layouts, one place after another; what was read stays on the device. */
class CachedScorer {
  /** The place that is scored next; those before have been read. */
  private next = 0;

  private constructor(private readonly device: Device, private readonly batch: number,
    private readonly vocabulary: LayoutVocabulary, private readonly cache: KeyValueCache,
    private readonly programs: readonly Program[]) {}

  static async open(device: Device, store: ParamStore, description: Description, tokenTable: NamedArray,
    batch: number): Promise<CachedScorer> {
    const vocabulary = layoutVocabulary(description.vocabulary);
    const cache = keyValueCache(description.model, batch, 3 * vocabulary.maxObjects);
    const position = inputTensor('position', [1], 'i32');
    const embeddings = gather(table(tokenTable.data, tokenTable.shape), inputTensor('ids', [batch, 3], 'i32'));
    const known = inputTensor('known', [batch, 4], 'i32');
    const programs: Program[] = [];
    for (const part of [0, 1, 2] as const) {
      const { scores, updates } = priorNextScores(store.scope(), embeddings, known, position, part, cache, description);
      programs.push(await compile(device, { name: `sample layouts ${part}`, outputs: { scores }, updates }));
    }
    return new CachedScorer(device, batch, vocabulary, cache, programs);
  }

  /** Starts other layouts. */
  reset(): void {
    this.next = 0;
  }

  /** A `TokenScorer`: places are asked for in ascending order; those left out are read all the same. */
  async score(sequences: Int32Array, position: number): Promise<Float32Array> {
    check(position >= this.next, () => `CachedScorer: place ${position} asked for after place ${this.next - 1}`);
    const { length: L } = this.vocabulary;
    for (; this.next <= position; this.next++) {
      const ids = new Int32Array(3 * this.batch);
      const known = new Int32Array(4 * this.batch).fill(-1);
      for (let i = 0; i < sequences.length / L; i++) {
        for (let back = 0; back < Math.min(4, this.next); back++) {
          const at = this.next - 1 - back;
          const token = sequences[i * L + at]!;
          if (back < 3) ids[3 * i + back] = token;
          known[4 * i + back] = slotChoice(this.vocabulary, token, at);
        }
      }
      const program = this.programs[this.next % 3]!;
      program.run({ ids, ...(program.takes('known') && { known }), position: Int32Array.of(this.next) });
    }
    return this.programs[position % 3]!.readFloats('scores');
  }

  close(): void {
    for (const program of this.programs) program.destroy();
    this.device.release(cacheStates(this.cache));
  }
}

/** `count` layouts drawn from an autoregressive prior with the weights of a store, 64 at once. */
export async function drawPriorLayouts(device: Device, store: ParamStore, description: Description,
  tokenTable: NamedArray, options: DrawOptions): Promise<SampledLayout[]> {
  const { count, seed, given, onToken } = options;
  const vocabulary = layoutVocabulary(description.vocabulary);
  const { length: L, maxObjects: N } = vocabulary;
  const batch = Math.min(count, most);
  const scorer = await CachedScorer.open(device, store, description, tokenTable, batch);
  const random = new RandomStream(seed, 'layouts');
  const drawn: SampledLayout[] = [];
  for (let first = 0; first < count; first += batch) {
    const here = Math.min(batch, count - first);
    scorer.reset();
    const score: TokenScorer = (sequences, position) => {
      onToken?.(first * 3 * N + position * here, count * 3 * N);
      return scorer.score(sequences, position);
    };
    const tokens = await sampleLayouts(score, vocabulary, here, random,
      { ...options, ...(given && { given: given.slice(first, first + here) }) });
    for (let i = 0; i < here; i++) {
      const sequence = tokens.slice(i * L, (i + 1) * L);
      drawn.push({ tokens: sequence, objects: decodeLayout(vocabulary, sequence).objects });
    }
  }
  scorer.close();
  onToken?.(count * 3 * N, count * 3 * N);
  return drawn;
}
