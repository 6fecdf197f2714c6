import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { compile } from '../../../engine/compile/compile.ts';
import { grad } from '../../../engine/grad.ts';
import { interpret } from '../../../engine/interpret.ts';
import { cast, inputTensor, mul, sum } from '../../../engine/ops/index.ts';
import { randomIntegers, randomNormal, randomUniform } from '../../../engine/ops/random.ts';
import { hashName, RandomStream, threefry2x32, unitFromWord } from '../../../engine/random.ts';
import { testDevice } from '../../support/gpu.ts';

const count = 70001;
const key = inputTensor('key', [2], 'u32');
const draws = {
  uniform: randomUniform([count], key, 'a'),
  other: randomUniform([3, 5], key, 'b'),
  normal: randomNormal([count], key, 'a'),
  integers: randomIntegers([7, 11, 13], -3, 1000, key, 'a'),
  wide: randomIntegers([count], -1048576, 0, key, 'wide'),
};

async function draw(seed: number, step: number): Promise<Record<keyof typeof draws, ArrayLike<number>>> {
  const program = await compile(await testDevice(), { name: 'draws', outputs: draws });
  program.run({ key: Uint32Array.of(seed, step) });
  const read = (name: keyof typeof draws): Promise<ArrayLike<number>> => program.read(name);
  const [uniform, other, normal, integers, wide] = [
    await read('uniform'), await read('other'), await read('normal'), await read('integers'), await read('wide'),
  ];
  program.destroy();
  return { uniform, other, normal, integers, wide };
}

test('uniforms and integers are those of the CPU, bit for bit; normals nearly', async () => {
  for (const [seed, step] of [[0, 0], [4000000000, 77]] as const) {
    const actual = await draw(seed, step);
    const names = Object.keys(draws) as (keyof typeof draws)[];
    const expected = interpret(Object.values(draws), { key: [seed, step] });
    names.forEach((name, i) => {
      if (name !== 'normal') assert.equal(Float64Array.from(actual[name]), expected[i], `${name} of ${seed}, ${step}`);
    });
    let error = 0;
    for (let i = 0; i < count; i++) {
      error = Math.max(error, Math.abs(actual.normal[i]! - expected[names.indexOf('normal')]![i]!));
    }
    assert.ok(error < 2e-6, `normals are off by ${error}`);
  }
});

test('step 0 is the stream of RandomStream', async () => {
  const actual = await draw(5, 0);
  const uniforms = new RandomStream(5, 'a');
  const normals = new RandomStream(5, 'a');
  for (let i = 0; i < 100; i++) {
    assert.is(actual.uniform[i], uniforms.uniform());
    assert.ok(Math.abs(actual.normal[i]! - normals.normal()) < 2e-6);
  }
  assert.is(actual.other[14], unitFromWord(threefry2x32(5, hashName('b'), 14, 0)[0]));
});

test('a key with a part draws a piece of a longer draw', async () => {
  const parted = inputTensor('key', [3], 'u32');
  const pieces = { normal: randomNormal([2, 35], parted, 'a'), integers: randomIntegers([70], 0, 99, parted, 'a') };
  const long = { normal: randomNormal([6, 35], key, 'a'), integers: randomIntegers([210], 0, 99, key, 'a') };
  const device = await testDevice();
  const [program, whole] = [await compile(device, { name: 'pieces', outputs: pieces }),
    await compile(device, { name: 'long', outputs: long })];
  whole.run({ key: Uint32Array.of(9, 4) });
  for (const part of [0, 2]) {
    program.run({ key: Uint32Array.of(9, 4, part) });
    const expected = interpret(Object.values(pieces), { key: [9, 4, part] });
    for (const [i, name] of (['normal', 'integers'] as const).entries()) {
      const found = await program.read(name);
      assert.equal(found, (await whole.read(name)).slice(70 * part, 70 * part + 70));
      found.forEach((value, k) => assert.ok(Math.abs(value - expected[i]![k]!) < 2e-6));
    }
  }
  program.destroy();
  whole.destroy();
});

test('mean, spread and range are as they should be', async () => {
  const { uniform, normal, integers, wide } = await draw(1, 2);
  const moments = (x: ArrayLike<number>): [number, number] => {
    const mean = Array.from(x).reduce((a, b) => a + b, 0) / x.length;
    return [mean, Math.sqrt(Array.from(x).reduce((a, b) => a + (b - mean) ** 2, 0) / x.length)];
  };
  const near = (actual: number, expected: number, bound: number): void =>
    assert.ok(Math.abs(actual - expected) < bound, `${actual} instead of ${expected}`);
  near(moments(uniform)[0], 0.5, 0.005);
  near(moments(uniform)[1], Math.sqrt(1 / 12), 0.005);
  near(moments(normal)[0], 0, 0.02);
  near(moments(normal)[1], 1, 0.02);
  assert.ok(Array.from(integers).every((n) => Number.isInteger(n) && n >= -3 && n < 1000));
  near(moments(integers)[0], 498, 40);
  assert.ok(Array.from(wide).every((n) => n >= -1048576 && n < 0));
});

test('a gradient passes by', () => {
  const x = inputTensor('x', [3]);
  const [g] = grad(sum(mul(x, randomNormal([3], key, 'a'))), [x]);
  assert.is(g!.op.name, 'mul');
});

test('wrong keys and bounds are refused', () => {
  assert.throws(() => randomUniform([3], inputTensor('k', [4], 'u32'), 'a'),
    /random: key must be u32 \[2\] .* or \[3\]/);
  assert.throws(() => randomUniform([3], cast(key, 'i32'), 'a'), /random: key must be u32, found i32 \[2\]/);
  assert.throws(() => randomIntegers([3], 4, 4, key, 'a'), /whole bounds, 1 to 1048576 apart, found 4 and 4/);
});

test.run();
