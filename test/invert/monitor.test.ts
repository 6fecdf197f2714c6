import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { inversionPresets } from '../../invert/config.ts';
import type { Found } from '../../invert/layoutEnergies.ts';
import { Monitor } from '../../invert/monitor.ts';

const monitorOf = (patience: number): Monitor =>
  new Monitor({ ...inversionPresets.search, steps: 25, monitorEvery: 10, patience });
const found = (token: number, energy: number): Found => ({ tokens: Int32Array.of(token), energy });

test('it looks every so often, and at the end', () => {
  const monitor = monitorOf(0);
  assert.equal(Array.from({ length: 25 }, (_, i) => i + 1).filter((step) => monitor.due(step)), [10, 20, 25]);
});

test('the lowest so far, its step, and the best of each start', () => {
  const monitor = monitorOf(0);
  monitor.note(10, 5, [found(1, 4), found(2, 3)]);
  monitor.note(20, 4, [found(3, 2), found(4, 6)]);
  monitor.note(25, 3, [found(5, 2), found(6, 2.5)]);
  assert.equal(monitor.best, found(3, 2));
  assert.is(monitor.convergenceStep, 20, 'an equal one is no new minimum');
  assert.equal(monitor.bestOfStarts.map(({ tokens: [token] }) => token), [3, 6]);
  assert.equal(monitor.loss, [[10, 5], [20, 4], [25, 3]]);
  assert.equal(monitor.energies, [[10, 3], [20, 2], [25, 2]]);
  assert.ok(monitor.done);
});

test('patience: so many looks without a new minimum, counted anew behind each', () => {
  const [patient, endless] = [monitorOf(1), monitorOf(0)];
  for (const monitor of [patient, endless]) {
    monitor.note(10, 0, [found(1, 3)]);
    assert.not.ok(monitor.done);
    monitor.note(20, 0, [found(1, 3)]);
  }
  assert.ok(patient.done);
  assert.not.ok(endless.done);
  const two = monitorOf(2);
  [3, 3, 2, 2].forEach((energy, i) => two.note(i + 1, 0, [found(i, energy)]));
  assert.not.ok(two.done);
  two.note(5, 0, [found(9, 2)]);
  assert.ok(two.done);
});

test.run();
