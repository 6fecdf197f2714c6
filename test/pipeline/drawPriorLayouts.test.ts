// Layouts drawn with a cache of keys and values are those drawn by reading the whole layout again for each token.
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { compile } from '../../engine/compile/compile.ts';
import type { NamedArray } from '../../engine/checkpoint.ts';
import { gather, inputTensor, table } from '../../engine/ops/index.ts';
import { ParamStore } from '../../engine/params.ts';
import { RandomStream } from '../../engine/random.ts';
import { encodeLayout, layoutVocabulary } from '../../models/layoutTokens.ts';
import { slotTargets } from '../../models/prior/autoregressive.ts';
import { autoregressivePriorPresets, type AutoregressivePriorConfig } from '../../models/prior/config.ts';
import { ownTokenTable } from '../../models/prior/ownTable.ts';
import { sampleLayouts, type SampleOptions, type TokenScorer } from '../../models/prior/sampleLayouts.ts';
import { tableStatistics } from '../../models/prior/standardise.ts';
import { drawPriorLayouts } from '../../pipeline/drawPriorLayouts.ts';
import { priorScores, priorSpecs, type PriorDescription } from '../../pipeline/prior.ts';
import { testDevice } from '../support/gpu.ts';

const [N, C, S, B] = [4, 5, 7, 6];
const vocabulary = layoutVocabulary({ vocabularySize: S * S + 1, classCount: C, maxObjects: N, encodeCrop: true });
const L = vocabulary.length;

type Variant = 'cell' | 'factored' | 'canonical';

function randomPrior(variant: Variant):
  { store: ParamStore; of: PriorDescription<AutoregressivePriorConfig>; rows: NamedArray } {
  const model = {
    ...autoregressivePriorPresets.micro, maxObjects: N, classCount: C, gridSide: S,
    ...(variant !== 'cell'
      && { corners: 'factored' as const, adapters: 'slot' as const, positions: 'object' as const }),
    ...(variant === 'canonical' && { support: variant }),
  };
  const data = ownTokenTable(vocabulary, model.embeddingWidth, new RandomStream(1, 'table'));
  const store = new ParamStore(`cached ${variant}`, priorSpecs(model));
  store.initialise(3);
  for (const { state } of store.groups) {
    const random = new RandomStream(4, state.name);
    state.initial = (state.initial as Float32Array).map((value) => value + 0.3 * random.normal());
  }
  const of = {
    model, vocabulary: { vocabularySize: S * S + 1, classCount: C, maxObjects: N, encodeCrop: true }, categories: [],
    statistics: tableStatistics(data), data: { flip: false, minArea: 0 },
  };
  return { store, of, rows: { shape: [S * S + 1, model.embeddingWidth], data } };
}

for (const variant of ['cell', 'factored', 'canonical'] as const) {
  test(`${variant}: a cached sample is the uncached one, token by token`, async () => {
    const device = await testDevice();
    const { store, of, rows } = randomPrior(variant);
    const ids = inputTensor('ids', [B, 3 * N], 'i32');
    const choices = {
      classes: inputTensor('classes', [B, N], 'i32'), corners: inputTensor('corners', [B, N, 2], 'i32'),
    };
    const program = await compile(device, {
      name: 'all scores',
      outputs: { ...priorScores(store.scope(), gather(table(rows.data, rows.shape), ids), choices, of) },
    });
    const uncached: TokenScorer = async (sequences, position) => {
      // Cells alone are scored without looking at choices.
      const shown = Int32Array.from({ length: B * 3 * N }, (_, i) =>
        sequences[Math.floor(i / (3 * N)) * L + (i % (3 * N))]!);
      program.run({ ids: shown, ...(program.takes('classes') && slotTargets(vocabulary, sequences)) });
      const [part, object] = [position % 3, Math.floor(position / 3)];
      const all = await program.readFloats(part === 0 ? 'classes' : 'corners');
      const size = part === 0 ? C + 1 : S * S + 1;
      const slot = (b: number): number => (part === 0 ? b * N + object : 2 * (b * N + object) + part - 1);
      return Float32Array.from({ length: B * size }, (_, i) =>
        all[slot(Math.floor(i / size)) * size + (i % size)]!);
    };
    const given = Array.from({ length: B }, (_, b) => encodeLayout(vocabulary, Array.from({ length: 1 + (b % 3) },
      (_, i) => ({ classIndex: (b + i) % C, xyxyUnit: [0.1 * i, 0.1 * b, 0.5 + 0.1 * i, 1] as const }))));
    const drawn = new Set<string>();
    for (const options of [{}, { legal: true }, { temperature: 0.7, topP: 0.8 }, { given }] satisfies SampleOptions[]) {
      const expected = await sampleLayouts(uncached, vocabulary, B, new RandomStream(7, 'layouts'), options);
      const found = await drawPriorLayouts(device, store, of, rows, { ...options, count: B, seed: 7 });
      assert.equal(found.flatMap(({ tokens }) => [...tokens]), [...expected], JSON.stringify(options));
      drawn.add(expected.join());
    }
    assert.is(drawn.size, variant === 'canonical' ? 3 : 4, 'options make a difference, but what is legal anyway');
    // More than one batch: the cache is used again, and the first batch is what it was.
    const many = await drawPriorLayouts(device, store, of, rows, { count: 70, seed: 7, legal: true });
    assert.is(many.length, 70);
    assert.ok(many.every(({ tokens, objects }) => tokens.length === L && objects.length <= N));
    program.destroy();
  });
}

test.run();
