// Memory of a step of the benchmark's U-Net.
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import type { Target } from '../../../engine/compile/emit.ts';
import { describePlan, planProgram } from '../../../engine/compile/programPlan.ts';
import type { DeviceCapabilities } from '../../../engine/op.ts';
import { inferenaStep } from '../../../tools/bench/inferenaTrain.ts';

const software: DeviceCapabilities = {
  software: true, subgroups: true, subgroupSize: 8, largestSubgroup: 8, matrices: [], f16: true,
  workgroupStorage: 32768, workgroupInvocations: 1024,
};
const target = (capabilities: DeviceCapabilities): Target => ({
  name: 'an adapter', capabilities, memory: Infinity, choices: null,
  limits: { maxStorageBuffersPerShaderStage: 16, maxStorageBufferBindingSize: 2 ** 27, maxBufferSize: 2 ** 30 },
});

for (const capabilities of [software, { ...software, software: false, subgroupSize: 32 }]) {
  test(`a step takes at most half of what its intermediates are in all, software ${capabilities.software}`, () => {
    const { spec } = inferenaStep();
    const { summary } = planProgram(target(capabilities), spec);
    console.log(describePlan(spec.name, summary));
    // All gradients and all that the forward pass keeps, at least: the sum must not be made small instead.
    assert.ok(summary.unsharedBytes > 50 * 2 ** 20);
    assert.ok(summary.plannedBytes <= summary.unsharedBytes / 2);
  });
}

test.run();
