import { compile } from '../engine/compile/compile.ts';
import type { NamedArray } from '../engine/checkpoint.ts';
import type { Device } from '../engine/device.ts';
import { gather, inputTensor, table } from '../engine/ops/index.ts';
import type { ParamStore } from '../engine/params.ts';
import type { Program } from '../engine/program.ts';
import { RandomStream } from '../engine/random.ts';
import { decodeLayout, layoutVocabulary, type LayoutObject } from '../models/layoutTokens.ts';
import type { SlotPart } from '../models/prior/autoregressive.ts';
import { sampleLayouts, type SampleOptions, type TokenScorer } from '../models/prior/sampleLayouts.ts';
import { priorTokenScores, type PriorDescription } from './prior.ts';

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

/** `count` layouts drawn from an autoregressive prior with the weights of a store, 64 at once. */
export async function drawPriorLayouts(device: Device, store: ParamStore,
  description: Pick<PriorDescription, 'model' | 'vocabulary' | 'statistics'>, tokenTable: NamedArray,
  options: DrawOptions): Promise<SampledLayout[]> {
  const { count, seed, given, onToken } = options;
  const vocabulary = layoutVocabulary(description.vocabulary);
  const { length: L, maxObjects: N } = vocabulary;
  const batch = Math.min(count, most);
  const rows = inputTensor('rows', [batch], 'i32');
  const embeddings = gather(table(tokenTable.data, tokenTable.shape), inputTensor('ids', [batch, 3 * N], 'i32'));
  const programs = new Map<SlotPart, Program>();
  for (const part of [0, 1, 2] as const) {
    const scores = priorTokenScores(store.scope(), embeddings, rows, part, description);
    programs.set(part, await compile(device, { name: `sample layouts ${part}`, outputs: { scores } }));
  }
  const random = new RandomStream(seed, 'layouts');
  const drawn: SampledLayout[] = [];
  for (let first = 0; first < count; first += batch) {
    const here = Math.min(batch, count - first);
    const score: TokenScorer = async (sequences, position) => {
      const ids = new Int32Array(batch * 3 * N);
      for (let i = 0; i < here; i++) ids.set(sequences.subarray(i * L, i * L + 3 * N), i * 3 * N);
      const program = programs.get((position % 3) as SlotPart)!;
      program.run({ ids, rows: Int32Array.from({ length: batch }, (_, i) => i * 3 * N + position) });
      onToken?.(first * 3 * N + position * here, count * 3 * N);
      return program.readFloats('scores');
    };
    const tokens = await sampleLayouts(score, vocabulary, here, random,
      { ...options, ...(given && { given: given.slice(first, first + here) }) });
    for (let i = 0; i < here; i++) {
      const sequence = tokens.slice(i * L, (i + 1) * L);
      drawn.push({ tokens: sequence, objects: decodeLayout(vocabulary, sequence).objects });
    }
  }
  for (const program of programs.values()) program.destroy();
  onToken?.(count * 3 * N, count * 3 * N);
  return drawn;
}
