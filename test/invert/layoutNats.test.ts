import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { compile } from '../../engine/compile/compile.ts';
import { oneHot, table } from '../../engine/ops/index.ts';
import { RandomStream } from '../../engine/random.ts';
import { LayoutNats } from '../../invert/layoutNats.ts';
import { emptyLayout, encodeLayout } from '../../models/layoutTokens.ts';
import { slotTargets } from '../../models/prior/autoregressive.ts';
import { embedForPrior, openAutoregressivePrior, priorExpectedNats } from '../../pipeline/prior.ts';
import { testDevice } from '../support/gpu.ts';
import { microVocabulary, writeMicroRuns } from '../support/microRuns.ts';

const layouts = [
  emptyLayout(microVocabulary),
  ...[0, 1, 2].map((classIndex) => encodeLayout(microVocabulary, [{ classIndex, xyxyUnit: [0, 0.25, 0.5, 1] }])),
];

test('nats are those that the search expects of weights that are hard, and asked for once', async () => {
  const dir = mkdtempSync(join(tmpdir(), 'nats-'));
  await writeMicroRuns(dir);
  const device = await testDevice();
  const prior = openAutoregressivePrior(join(dir, 'prior'));
  rmSync(dir, { recursive: true });
  const { maxObjects: N, classCount, gridSide, length } = microVocabulary;
  const ids = Int32Array.from(layouts.flatMap((tokens) => [...tokens]));
  const { classes, corners } = slotTargets(microVocabulary, ids);
  const B = layouts.length;
  const expected = await compile(device, { name: 'expected', outputs: { nats: priorExpectedNats(prior.store.scope(),
    embedForPrior(prior, table(ids, [B, length], 'i32')), {
      classes: oneHot(table(classes, [B, N], 'i32'), classCount + 1),
      corners: oneHot(table(corners, [B, N, 2], 'i32'), gridSide ** 2 + 1),
    }, prior.description) } });
  expected.run();
  const wanted = [...await expected.readFloats('nats')];

  const nats = await LayoutNats.open(device, prior, 3);
  const found = await nats.of([...layouts, layouts[1]!]);
  [...wanted, wanted[1]!].forEach((value, i) =>
    assert.ok(Math.abs(found[i]! - value) < 1e-4 * value, `${found[i]} nats, expected ${value}`));
  assert.ok(new Set(wanted).size === B, 'layouts differ');

  let runs = 0;
  device.observer = { submit: () => { runs++; } };
  const order = new RandomStream(0, 'again').permutation(B);
  assert.equal(await nats.of(order.map((i) => layouts[i]!)), order.map((i) => found[i]!));
  device.observer = null;
  assert.is(runs, 0);
  expected.destroy();
  nats.destroy();
});

test.run();
