import { existsSync, readFileSync } from 'node:fs';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import type { Target } from '../../../engine/compile/emit.ts';
import { describePlan, planProgram } from '../../../engine/compile/programPlan.ts';
import { grad } from '../../../engine/grad.ts';
import { constant, inputTensor, mean, square, sub } from '../../../engine/ops/index.ts';
import { AdamW, clipGradNorm } from '../../../engine/optim.ts';
import { ParamStore } from '../../../engine/params.ts';
import { generatorPresets } from '../../../models/unet/config.ts';
import { encoderScope, generatorFromEmbeddings } from '../../../models/unet/generator.ts';
import { embedTokens } from '../../../models/unet/layoutEncoder.ts';
import { generatorSpecs } from '../../../pipeline/generator.ts';

const target: Target = {
  name: 'a large GPU',
  capabilities: {
    software: false, subgroups: true, subgroupSize: 32, largestSubgroup: 32, matrices: [], f16: true,
  workgroupStorage: 32768, workgroupInvocations: 1024,
  },
  limits: { maxStorageBuffersPerShaderStage: 16, maxStorageBufferBindingSize: 2 ** 31 - 4, maxBufferSize: 2 ** 31 },
  memory: Infinity, choices: null,
};

/** Milliseconds that this thread has had a processor for: other work on the machine counts little. */
function threadMs(): number {
  const file = `/proc/self/task/${process.pid}/schedstat`;
  return existsSync(file) ? Number(readFileSync(file, 'utf8').split(' ')[0]) / 1e6 : performance.now();
}

test('a step of the published model is traced and planned in a moment, without memory', () => {
  const model = generatorPresets['layout2img-256'];
  const specs = generatorSpecs(model, [3, 64, 64], 92);
  const times: number[] = [];
  for (let round = 0; round < 3; round++) {
    const start = threadMs();
    const store = new ParamStore('published', specs);
    const noise = inputTensor('noise', [1, 3, 64, 64]);
    const embeddings = embedTokens(encoderScope(store.scope()), inputTensor('ids', [1, 92], 'i32'), model.encoder);
    const predicted = generatorFromEmbeddings(store.scope(), inputTensor('z', [1, 3, 64, 64]),
      inputTensor('t', [1], 'i32'), embeddings, model);
    const loss = mean(square(sub(predicted, noise)));
    const gradients = store.packGradients(grad(loss, [...store.tensors.values()]));
    const optimiser = new AdamW(store.groups.map(({ state }) => state));
    const { updates } = optimiser.step(clipGradNorm(gradients, 1).gradients, constant(1e-4));
    const { summary } = planProgram(target, { name: 'published', outputs: { loss }, updates });
    times.push(threadMs() - start);
    if (round === 0) console.log(describePlan('published', summary));
    assert.ok(summary.stateBytes > 3 * 4 * 300e6);
    assert.ok(summary.plannedBytes < 0.4 * summary.unsharedBytes);
  }
  const best = Math.min(...times);
  console.log(`traced and planned in ${times[0]!.toFixed(0)} ms in a fresh process, then in ${best.toFixed(0)} ms`);
  // Twice and more of what they take on a quiet machine: something quadratic would take longer still.
  assert.ok(times[0]! < 2500, `${times[0]!.toFixed(0)} ms at first`);
  assert.ok(best < 2000, `${best.toFixed(0)} ms at best`);
});

test.run();
