import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { errorWeights } from '../../invert/errorMeasure.ts';
import { noiseSchedule, type DiffusionConfig } from '../../models/diffusion.ts';

const test = suite('invert/errorMeasure');

const schedule = { kind: 'linear', steps: 100, betaStart: 0.001, betaEnd: 0.2 } as const;
const model = (prediction: DiffusionConfig['prediction']): DiffusionConfig => ({ schedule, prediction, loss: 'l2' });
const average = (values: Float64Array): number => values.reduce((sum, value) => sum + value, 0) / values.length;

test('errors in the prediction, and of one of the noise, count alike at every timestep', () => {
  const ones = new Float64Array(100).fill(1);
  assert.equal(errorWeights(model('v'), 'prediction', [10, 90]), ones);
  assert.equal(errorWeights(model('noise'), 'noise', [10, 90]), ones);
});

test('errors in the noise count by the signal, 1 on average over the range', () => {
  const { alphaBar } = noiseSchedule(schedule);
  for (const prediction of ['v', 'z'] as const) {
    const weights = errorWeights(model(prediction), 'noise', [10, 90]);
    assert.ok(Math.abs(average(weights.subarray(10, 90)) - 1) < 1e-9);
    const ofError = (t: number): number => alphaBar[t]! / (prediction === 'z' ? 1 - alphaBar[t]! : 1);
    assert.ok(Math.abs(weights[80]! / weights[20]! - ofError(80) / ofError(20)) < 1e-9, prediction);
  }
});

test.run();
