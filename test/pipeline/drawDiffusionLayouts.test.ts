import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { interpret } from '../../engine/interpret.ts';
import { inputTensor } from '../../engine/ops/index.ts';
import { RandomStream } from '../../engine/random.ts';
import { noiseSchedule } from '../../models/diffusion.ts';
import { diffusionPrior } from '../../models/prior/diffusion.ts';
import { nearestTokens } from '../../models/prior/nearestTokens.ts';
import { samplerSteps, samplers } from '../../models/samplers.ts';
import { defaultDenoising, drawDiffusionLayouts, type DenoiseOptions } from '../../pipeline/drawDiffusionLayouts.ts';
import { openPrior, tokenTableName, type DiffusionPrior } from '../../pipeline/prior.ts';
import { testDevice } from '../support/gpu.ts';
import { microVocabulary, writeMicroRuns } from '../support/microRuns.ts';

interface Context {
  prior: DiffusionPrior;
  state: Record<string, Float32Array>;
}

const test = suite<Context>('pipeline/drawDiffusionLayouts');

test.before(async (context) => {
  const dir = mkdtempSync(join(tmpdir(), 'diffusion-'));
  await writeMicroRuns(dir);
  context.prior = openPrior(join(dir, 'diffusion-prior')) as DiffusionPrior;
  context.state = Object.fromEntries(context.prior.store.groups.map(({ state }) =>
    [state.name, (state.initial as Float32Array).slice()]));
  rmSync(dir, { recursive: true });
});

const draw = async ({ store, description, run }: DiffusionPrior, options: Partial<DenoiseOptions>): Promise<string[]> =>
  (await drawDiffusionLayouts(await testDevice(), store, description, run.frozen.get(tokenTableName)!, {
    ...defaultDenoising(description.model), count: 3, seed: 1, ...options,
  })).map(({ tokens }) => tokens.join(' '));

test('its kind is told by the run', ({ prior }) => {
  assert.is(prior.kind, 'diffusion');
  assert.equal(defaultDenoising(prior.description.model), { sampler: 'ddim', steps: 20, eta: 0 });
});

test('the same seed draws the same by every sampler; more than a batch is as long as asked for', async ({ prior }) => {
  for (const sampler of Object.keys(samplers) as (keyof typeof samplers)[]) {
    const first = await draw(prior, { sampler, steps: 5 });
    assert.is(first.length, 3);
    assert.equal(await draw(prior, { sampler, steps: 5 }), first);
    assert.not.equal(await draw(prior, { sampler, steps: 5, seed: 2 }), first);
  }
  assert.not.equal(await draw(prior, { eta: 1 }), await draw(prior, { eta: 0 }));
  const many = await draw(prior, { count: 130, steps: 2 });
  assert.is(many.length, 130);
  assert.ok(new Set(many).size > 20, 'batches differ');
});

test('DDIM by hand, in f64, ends at the same tokens', async ({ prior, state }) => {
  const { model, statistics: { mean, std } } = prior.description;
  const rows = prior.run.frozen.get(tokenTableName)!.data;
  const predicted = diffusionPrior(prior.store.scope(), inputTensor('x', [3, 6, 8]), inputTensor('t', [3], 'i32'),
    model);
  const random = new RandomStream(1, 'layouts');
  let x = Float64Array.from(Float32Array.from({ length: 3 * 48 }, () => random.normal()));
  for (const { t, a, aPrev } of samplerSteps(noiseSchedule(model.schedule), 5)) {
    const [e] = interpret([predicted], { ...state, x, t: [t, t, t] });
    x = x.map((value, i) => Math.sqrt(aPrev / a) * (value - Math.sqrt(1 - a) * e![i]!) + Math.sqrt(1 - aPrev) * e![i]!);
  }
  const expected = [0, 1, 2].map((i) => nearestTokens(microVocabulary,
    Float32Array.from(x.subarray(48 * i, 48 * i + 48), (value) => value * std + mean), rows).join(' '));
  assert.equal(await draw(prior, { steps: 5 }), expected);
});

test.run();
