import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { RandomStream } from '../../engine/random.ts';
import { noiseSchedule } from '../../models/diffusion.ts';
import { ddim, ddpm, dpmpp2m, guided, noiseDenoiser, plms, samplers, samplerSteps, type Denoiser, type Sampler }
  from '../../models/samplers.ts';

const schedule = noiseSchedule({ kind: 'scaledLinear', steps: 1000, betaStart: 0.0015, betaEnd: 0.0205 });

/** A mixture of three Gaussians in the plane, whose score at every noise level is known. */
const modes = [
  { weight: 0.5, x: -0.8, y: 0.3 },
  { weight: 0.3, x: 0.9, y: 0.9 },
  { weight: 0.2, x: 0.5, y: -1 },
];
const spread = 0.15;

/** sqrt(1 - a) times minus the score of the mixture after the forward process. */
const exactNoise: Denoiser = async (x, t) => {
  const a = schedule.alphaBar[t]!;
  const variance = a * spread * spread + 1 - a;
  const e = new Float32Array(x.length);
  for (let i = 0; i < x.length; i += 2) {
    const offsets = modes.map((mode) => [Math.sqrt(a) * mode.x - x[i]!, Math.sqrt(a) * mode.y - x[i + 1]!] as const);
    const logs = offsets.map(([dx, dy], k) => Math.log(modes[k]!.weight) - (dx * dx + dy * dy) / (2 * variance));
    const top = Math.max(...logs);
    const shares = logs.map((value) => Math.exp(value - top));
    const total = shares.reduce((sum, share) => sum + share, 0);
    offsets.forEach(([dx, dy], k) => {
      const pull = (-Math.sqrt(1 - a) * shares[k]!) / (total * variance);
      e[i]! += pull * dx;
      e[i + 1]! += pull * dy;
    });
  }
  return e;
};

function normals(count: number, name: string): Float32Array {
  const random = new RandomStream(3, name);
  return Float32Array.from({ length: count }, () => random.normal());
}

/** Share, centre and spread of the samples that lie nearest to each mode. */
function describeModes(x: Float32Array): { share: number; dx: number; dy: number; std: number }[] {
  const members = modes.map((): [number, number][] => []);
  for (let i = 0; i < x.length; i += 2) {
    const distances = modes.map((mode) => Math.hypot(x[i]! - mode.x, x[i + 1]! - mode.y));
    const nearest = distances.indexOf(Math.min(...distances));
    members[nearest]!.push([x[i]! - modes[nearest]!.x, x[i + 1]! - modes[nearest]!.y]);
  }
  return members.map((offsets) => {
    const mean = (axis: 0 | 1): number => offsets.reduce((sum, d) => sum + d[axis], 0) / offsets.length;
    const [dx, dy] = [mean(0), mean(1)];
    const square = offsets.reduce((sum, [u, v]) => sum + (u - dx) ** 2 + (v - dy) ** 2, 0) / (2 * offsets.length);
    return { share: (2 * offsets.length) / x.length, dx, dy, std: Math.sqrt(square) };
  });
}

const sample = (sampler: Sampler, steps: number, count = 2000, eta = 0): Promise<Float32Array> =>
  sampler(exactNoise, normals(2 * count, 'start'), { schedule, steps, eta, random: new RandomStream(5, 'added') });

function recovers(name: string, sampler: Sampler, steps: number, eta = 0): void {
  test(`${name} recovers a mixture from its score in ${steps} steps`, async () => {
    const found = describeModes(await sample(sampler, steps, 2000, eta));
    found.forEach(({ share, dx, dy, std }, k) => {
      const what = `${name}, mode ${k}: share ${share}, offset ${dx}, ${dy}, std ${std}`;
      assert.ok(Math.abs(share - modes[k]!.weight) < 0.04, what);
      assert.ok(Math.hypot(dx, dy) < 0.03, what);
      assert.ok(Math.abs(std - spread) < 0.015, what);
    });
  });
}

recovers('ddpm', ddpm, 1000);
recovers('ddim', ddim, 200);
recovers('ddim, eta 1', ddim, 500, 1);
recovers('plms', plms, 50);
recovers('dpmpp2m', dpmpp2m, 50);

test('ddim with all noise and all steps is ddpm, draw by draw', async () => {
  const [a, b] = [await sample(ddpm, 1000, 200), await sample(ddim, 1000, 200, 1)];
  a.forEach((value, i) => assert.ok(Math.abs(value - b[i]!) < 1e-3, `${i}: ${value} and ${b[i]}`));
});

test('samplers without noise reach one solution, those of higher order sooner', async () => {
  const count = 200;
  const exact = await sample(ddim, 999, count);
  const error = async (sampler: Sampler, steps: number): Promise<number> => {
    const x = await sample(sampler, steps, count);
    const differences = [...x].map((value, i) => Math.abs(value - exact[i]!)).sort((u, v) => u - v);
    return differences[count]!; // median
  };
  const [first, linear, solver] = [await error(ddim, 40), await error(plms, 40), await error(dpmpp2m, 40)];
  assert.ok(linear < 0.5 * first && solver < 0.5 * first, `ddim ${first}, plms ${linear}, dpmpp2m ${solver}`);
  assert.ok(await error(ddim, 200) < 0.3 * first);
});

test('timesteps are the published ones, and as many as asked for', () => {
  const times = (steps: number): number[] => samplerSteps(schedule, steps).map(({ t }) => t);
  assert.equal(times(200).slice(0, 2), [996, 991]);
  assert.equal(times(200).slice(-2), [6, 1]);
  assert.equal(times(1000), Array.from({ length: 1000 }, (_, i) => 999 - i));
  for (const steps of [1, 2, 9, 27, 300, 999]) {
    const found = times(steps);
    assert.is(new Set(found).size, steps);
    assert.ok(found.every((t) => t >= 0 && t < 1000), `${steps} steps: ${found[0]}`);
  }
  const last = samplerSteps(schedule, 200).at(-1)!;
  assert.is(last.aPrev, schedule.alphaBar[0]);
  assert.is(samplerSteps(schedule, 1000).at(-1)!.aPrev, 1);
  assert.throws(() => times(1001), /steps must be a whole number from 1 to 1000, found 1001/);
  assert.throws(() => times(2.5), /found 2.5/);
});

test('every sampler takes one step, leaves its input alone and reports progress', async () => {
  for (const sampler of Object.values(samplers)) {
    const x = normals(8, 'short');
    const before = x.slice();
    for (const steps of [1, 3]) {
      const done: number[] = [];
      const y = await sampler(exactNoise, x, {
        schedule, steps, random: new RandomStream(1, 'short'), onStep: (n) => done.push(n),
      });
      assert.ok(y.every(Number.isFinite));
      assert.equal(done, [1, 2, 3].slice(0, steps));
    }
    assert.equal(x, before);
  }
});

test('guidance extrapolates from the unconditional prediction', async () => {
  const conditional: Denoiser = async (x) => x.map((value) => value + 1);
  const unconditional: Denoiser = async (x) => x.map((value) => value - 1);
  assert.is(guided(conditional, unconditional, 1), conditional);
  const x = Float32Array.of(0, 2);
  assert.equal(await guided(conditional, unconditional, 3)(x, 0), Float32Array.of(5, 7));
  assert.equal(await guided(conditional, unconditional, 0)(x, 0), Float32Array.of(-1, 1));
});

test('predictions of z and v become the noise', async () => {
  const [t, z, noise] = [400, 0.7, -1.3];
  const [signal, level] = [Math.sqrt(schedule.alphaBar[t]!), Math.sqrt(1 - schedule.alphaBar[t]!)];
  const x = Float32Array.of(signal * z + level * noise);
  for (const [prediction, value] of [['z', z], ['v', signal * noise - level * z], ['noise', noise]] as const) {
    const [e] = await noiseDenoiser(async () => Float32Array.of(value), prediction, schedule)(x, t);
    assert.ok(Math.abs(e! - noise) < 1e-5, `${prediction}: ${e}`);
  }
});

test.run();
