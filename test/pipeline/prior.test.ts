// What the inversion asks of an autoregressive prior: nats that weights over choices are to expect.
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { UserError } from '../../engine/errors.ts';
import { interpret } from '../../engine/interpret.ts';
import { add, inputTensor, oneHot, sum } from '../../engine/ops/index.ts';
import { ParamStore } from '../../engine/params.ts';
import type { Tensor } from '../../engine/tensor.ts';
import { autoregressivePriorPresets, type AutoregressivePriorConfig } from '../../models/prior/config.ts';
import { priorExpectedNats, priorSpecs, priorTokenNats } from '../../pipeline/prior.ts';
import { uniformValues } from '../support/checkModel.ts';

const { micro } = autoregressivePriorPresets;
const factored = { ...micro, corners: 'factored', adapters: 'slot' } as const;
const [N, cells] = [micro.maxObjects, micro.gridSide ** 2];
const embeddings = inputTensor('embeddings', [2, 3 * N, micro.embeddingWidth]);
const targets = { classes: inputTensor('classes', [2, N], 'i32'), corners: inputTensor('corners', [2, N, 2], 'i32') };
const certain = { classes: oneHot(targets.classes, micro.classCount + 1), corners: oneHot(targets.corners, cells + 1) };
const statistics = { mean: 0.1, std: 2 };

for (const [name, model] of [['cells', micro], ['factored corners', factored]] as const) {
  test(`${name}: certain choices are expected as they are`, () => {
    const store = new ParamStore(name, priorSpecs(model));
    store.initialise(5);
    const reader = { model: model as AutoregressivePriorConfig, statistics };
    const nats = priorTokenNats(store.scope(), embeddings, targets, reader);
    const each: Tensor = add(sum(nats.classes, [1]), sum(nats.corners, [1, 2]));
    const [expected, found] = interpret([each, priorExpectedNats(store.scope(), embeddings, certain, reader)], {
      ...Object.fromEntries(store.groups.map(({ state }) => [state.name, state.initial as Float32Array])),
      embeddings: uniformValues('embeddings', embeddings.shape),
      classes: Int32Array.of(1, micro.classCount, 0, 0), corners: Int32Array.of(3, 9, cells, cells, 0, 15, 4, 6),
    });
    expected!.forEach((x, i) => assert.ok(Math.abs(x - found![i]!) < 1e-9, `${x} and ${found![i]}`));
  });
}

test('a prior that knows one order only is refused', () => {
  const model = { ...factored, support: 'canonical' } as const;
  const store = new ParamStore('canonical', priorSpecs(model));
  try {
    priorExpectedNats(store.scope(), embeddings, certain, { model, statistics });
    assert.unreachable();
  } catch (error) {
    assert.instance(error, UserError);
    assert.match((error as Error).message, /canonical order only .* slots of an inversion have no order/);
  }
});

test.run();
