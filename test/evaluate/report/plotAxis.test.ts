import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { linearAxis, logAxis } from '../../../evaluate/report/plotAxis.ts';

const labels = (values: number[], nice = true, ticks = 5) =>
  linearAxis(values, { ticks, nice }).ticks.map(({ label }) => label);

test('linear ticks are 1, 2 or 5 times a power of ten, in one form', () => {
  assert.equal(labels([0, 1]), ['0', '0.2', '0.4', '0.6', '0.8', '1.0']);
  assert.equal(labels([0, 0.3]), ['0', '0.1', '0.2', '0.3'], 'no step beyond an extreme that is a tick');
  assert.equal(labels([-3, 7]), ['-4', '-2', '0', '2', '4', '6', '8']);
  assert.equal(labels([0, 20_000]), ['0', '5k', '10k', '15k', '20k']);
  assert.equal(labels([0, 2.5e6]), ['0', '0.5M', '1.0M', '1.5M', '2.0M', '2.5M']);
  assert.equal(labels([0, 2e-5], true, 4), ['0', '0.5e-5', '1.0e-5', '1.5e-5', '2.0e-5']);
  assert.equal(labels([1_000_000, 1_000_002], false, 4),
    ['1000000.0', '1000000.5', '1000001.0', '1000001.5', '1000002.0']);
});

test('a nice domain ends at ticks, another at the extremes', () => {
  const values = [0.13, 0.97];
  const nice = linearAxis(values, { ticks: 5, nice: true });
  assert.is(nice.place(0), 0);
  assert.is(nice.place(1), 1);
  const exact = linearAxis(values, { ticks: 5, nice: false });
  assert.is(exact.place(0.13), 0);
  assert.is(exact.place(0.97), 1);
  assert.ok(exact.ticks.every(({ value }) => value >= 0.13 && value <= 0.97));
});

test('values that are not finite do not count; one value gets room around it', () => {
  assert.equal(labels([NaN, 0, Infinity, 1, -Infinity]), labels([0, 1]));
  for (const value of [0, 5, -1e-9, 1e20]) {
    const { ticks, place } = linearAxis([value], { ticks: 5, nice: true });
    assert.ok(place(value) > 0 && place(value) < 1 && ticks.length > 1, `${value}: ${place(value)}`);
  }
});

test('ticks of any range lie in the domain and ascend', () => {
  for (let exponent = -12; exponent <= 12; exponent++) {
    for (const [low, high] of [[1.7, 3.1], [-1.2, 8.8], [0.999, 1.001]] as const) {
      const values = [low * 10 ** exponent, high * 10 ** exponent];
      for (const { ticks, place } of [linearAxis(values, { ticks: 5, nice: true }),
        linearAxis(values, { ticks: 5, nice: false }), ...(low > 0 ? [logAxis(values)] : [])]) {
        const places = ticks.map(({ value }) => place(value));
        assert.ok(places.every((at, i) => at >= -1e-9 && at <= 1 + 1e-9 && (i === 0 || at > places[i - 1]!)),
          `${values.join(' .. ')}: ${places.join(' ')}`);
        assert.ok(values.every((value) => place(value) >= -1e-9 && place(value) <= 1 + 1e-9));
        const names = ticks.map(({ label }) => label);
        assert.is(new Set(names).size, ticks.length, names.join());
      }
    }
  }
});

test('logarithmic ticks thin out over many decades and fill in over few', () => {
  const logLabels = (values: number[]) => logAxis(values).ticks.map(({ label }) => label);
  assert.equal(logLabels([0.02, 3]), ['0.02', '0.05', '0.1', '0.2', '0.5', '1', '2', '5']);
  assert.equal(logLabels([0.3, 0.4, -5, 0]), ['0.3', '0.4']);
  assert.ok(logAxis([1e-12, 1e12]).ticks.length <= 9);
  assert.ok(logLabels([]).length > 1);
});

test.run();
