import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { interpret } from '../../../engine/interpret.ts';
import { add, inputTensor, mean, mul, square, sub } from '../../../engine/ops/index.ts';
import { ParamStore, declareParams } from '../../../engine/params.ts';
import type { Tensor } from '../../../engine/tensor.ts';
import { generatorPresets, type GeneratorConfig } from '../../../models/unet/config.ts';
import { denoise, encodeCondition, encoderScope, generatorFromEmbeddings } from '../../../models/unet/generator.ts';
import { embedTokens } from '../../../models/unet/layoutEncoder.ts';
import { layoutMap } from '../../../models/unet/layoutMap.ts';
import { unet } from '../../../models/unet/unet.ts';
import { checkGradients, checkTraining, uniformValues } from '../../support/checkModel.ts';

/** 17 rows: a 4 x 4 grid and none. */
const encoder: GeneratorConfig['encoder'] = { ...generatorPresets.micro.encoder, init: 'grid' };
const none = 16;
const size = 12;

/** What one layout paints, [12, 12], where every object paints the sharp mask of its box alone. */
function painted(embed: (rows: (ids: readonly number[]) => Tensor) => Tensor,
  feeds: Record<string, number[]>): number[] {
  const build = (p: Parameters<typeof layoutMap>[0]): Tensor => layoutMap(p.at('map'), embed((ids) =>
    embedTokens(p, inputTensor(`ids ${ids.join(' ')}`, [1, ids.length], 'i32'), encoder)), [1, size, size]);
  const store = new ParamStore('map', declareParams(build));
  store.initialise(3);
  const { state, specs, offsets } = store.groups[0]!;
  const values = Float64Array.from(state.initial as Float32Array);
  specs.forEach(({ name, shape }, i) => {
    if (!name.startsWith('map.patterns')) return;
    values.fill(0, offsets[i]!, offsets[i]! + shape.reduce((a, b) => a * b));
    if (name.endsWith('bias')) values[offsets[i]!] = 1; // of the sharper softness, powers 0 and 0
  });
  return [...interpret([build(store.scope())], { ...feeds, [state.name]: values })[0]!];
}

const cell = (x: number, y: number): number => 4 * y + x;
const idsOf = (tokens: readonly number[]): Record<string, number[]> => ({ [`ids ${tokens.join(' ')}`]: [...tokens] });

/** Shares of the inner and outer pixels of a box, two pixels off its edge at least, on the right side of one half. */
function agrees(map: readonly number[], x0: number, y0: number, x1: number, y1: number): boolean {
  return map.every((value, i) => {
    const [x, y] = [((i % size) + 0.5) / size, (Math.floor(i / size) + 0.5) / size];
    const inside = Math.min(x - x0, x1 - x, y - y0, y1 - y);
    return Math.abs(inside) < 0.06 || (inside > 0 ? value > 0.5 : value < 0.2);
  });
}

test('a new map paints boxes where they are, and nothing of empty slots', () => {
  const tokens = [2, cell(1, 0), cell(3, 2), none, none, none];
  const map = painted((rows) => rows(tokens), idsOf(tokens));
  const alone = [none, none, none];
  const empty = painted((rows) => rows(alone), idsOf(alone));
  assert.ok(agrees(map, 1 / 3, 0, 1, 2 / 3), map.map((v) => v.toFixed(2)).join(' '));
  assert.ok(Math.max(...empty) < 0.1, `${Math.max(...empty)}`);
});

test('a corner between two cells paints a box between theirs', () => {
  const [small, large] = [[0, cell(0, 0), cell(1, 1)], [0, cell(0, 0), cell(3, 3)]];
  const map = painted((rows) => mul(add(rows(small), rows(large)), 0.5), { ...idsOf(small), ...idsOf(large) });
  assert.ok(agrees(map, 0, 0, 2 / 3, 2 / 3), map.map((v) => v.toFixed(2)).join(' '));
});

const mapped: GeneratorConfig = {
  ...generatorPresets.micro, encoder, unet: { ...generatorPresets.micro.unet, layoutMap: true },
};
const feeds = {
  x: uniformValues('x', [2, 2, 4, 4], -2, 2), noise: uniformValues('noise', [2, 2, 4, 4], -2, 2),
  t: Int32Array.of(3, 17), change: uniformValues('change', [2, 6, 8], -0.2, 0.2),
  // Boxes of one cell at least: a narrower one has a kink.
  ids: Int32Array.of(0, 0, 9, none, none, none, 2, 1, 15, 0, 4, 14),
};
const change = inputTensor('change', [2, 6, 8]);
const noise = inputTensor('noise', [2, 2, 4, 4]);
const inputs = [inputTensor('x', [2, 2, 4, 4]), inputTensor('t', [2], 'i32')] as const;
const embeddingsOf = (p: Parameters<typeof layoutMap>[0]): Tensor =>
  add(embedTokens(encoderScope(p), inputTensor('ids', [2, 6], 'i32'), encoder), change);

const loss = (p: Parameters<typeof layoutMap>[0]): Tensor =>
  mean(square(sub(noise, generatorFromEmbeddings(p, ...inputs, embeddingsOf(p), mapped))));

test('gradients pass through the map to the embeddings', () =>
  checkGradients({ name: 'generator with a map', loss, differentiable: [change], feeds }));

test('training lowers the loss', () => checkTraining({ name: 'generator with a map', loss, feeds }));

test('a condition is made once and told to a U-Net that wants a map', () => {
  const names = declareParams((p) => {
    const condition = encodeCondition(p, embeddingsOf(p), [4, 4], mapped);
    assert.equal(condition.map!.shape, [2, 4, 4, 4]);
    assert.equal(denoise(p, ...inputs, condition, mapped).shape, [2, 2, 4, 4]);
    assert.is(encodeCondition(p, embeddingsOf(p), [4, 4], generatorPresets.micro).map, null);
    const { context } = condition;
    assert.throws(() => unet(p, ...inputs, context, mapped.unet, 20), /layoutMap is true, but a map is missing/);
    assert.throws(() => unet(p, ...inputs, context, generatorPresets.micro.unet, 20, condition.map),
      /layoutMap is false, but a map is given/);
  }).map(({ name }) => name);
  assert.ok(names.includes('model.diffusion_model.layout_map.corners.weight'));
});

test.run();
