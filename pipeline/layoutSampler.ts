import { compile } from '../engine/compile/compile.ts';
import type { NamedArray } from '../engine/checkpoint.ts';
import type { Device } from '../engine/device.ts';
import { gather, inputTensor, table } from '../engine/ops/index.ts';
import type { ParamStore } from '../engine/params.ts';
import { RandomStream } from '../engine/random.ts';
import { decodeLayout, layoutVocabulary, type LayoutObject } from '../models/layoutTokens.ts';
import { sampleLayouts } from '../models/prior/sampleLayouts.ts';
import { priorScores, type PriorDescription } from './prior.ts';

export interface SampledLayout {
  readonly tokens: Int32Array;
  readonly objects: readonly LayoutObject[];
}

/** `count` layouts drawn from an autoregressive prior with the weights of a store, all at once. */
export async function drawPriorLayouts(device: Device, store: ParamStore, description: PriorDescription, tokenTable: NamedArray,
  options: { readonly count: number; readonly seed: number; readonly temperature: number }): Promise<SampledLayout[]> {
  const { count, seed, temperature } = options;
  const vocabulary = layoutVocabulary(description.vocabulary);
  const slots = 3 * vocabulary.maxObjects;
  const ids = inputTensor('ids', [count, slots], 'i32');
  const { classes, corners } = priorScores(store.scope(), gather(table(tokenTable.data, tokenTable.shape), ids), description);
  const program = await compile(device, { name: 'sample layouts', outputs: { classes, corners } });
  const tokens = await sampleLayouts(async (sequences) => {
    const own = new Int32Array(count * slots);
    for (let i = 0; i < count; i++) own.set(sequences.subarray(i * vocabulary.length, i * vocabulary.length + slots), i * slots);
    program.run({ ids: own });
    return { classes: await program.readFloats('classes'), corners: await program.readFloats('corners') };
  }, vocabulary, count, new RandomStream(seed, 'layouts'), temperature);
  program.destroy();
  return Array.from({ length: count }, (_, i) => {
    const sequence = tokens.slice(i * vocabulary.length, (i + 1) * vocabulary.length);
    return { tokens: sequence, objects: decodeLayout(vocabulary, sequence).objects };
  });
}
