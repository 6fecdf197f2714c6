import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { RandomStream, threefry2x32 } from '../../engine/random.ts';

test('Threefry-2x32-20 gives the published known answers', () => {
  // Random123's kat_vectors: counter, key -> result.
  assert.equal(threefry2x32(0, 0, 0, 0), [0x6b200159, 0x99ba4efe]);
  assert.equal(threefry2x32(0xffffffff, 0xffffffff, 0xffffffff, 0xffffffff), [0x1cb996fc, 0xbb002be7]);
  assert.equal(threefry2x32(0x13198a2e, 0x03707344, 0x243f6a88, 0x85a308d3), [0xc4923a9c, 0x483df7a0]);
});

test('draws have the moments of their distributions', () => {
  const stream = new RandomStream(3, 'moments');
  const n = 40000;
  const uniforms = Array.from({ length: n }, () => stream.uniform());
  const normals = Array.from({ length: n }, () => stream.normal());
  const mean = (x: number[]): number => x.reduce((a, b) => a + b, 0) / n;
  assert.ok(Math.abs(mean(uniforms) - 0.5) < 0.01);
  assert.ok(Math.abs(mean(normals)) < 0.02);
  assert.ok(Math.abs(mean(normals.map((x) => x * x)) - 1) < 0.03);
  assert.ok(Math.abs(mean(normals.map((x) => x ** 4)) - 3) < 0.25);
});

test('streams are functions of seed and name, and permutations hold every number once', () => {
  const draw = (seed: number, name: string): number[] =>
    Array.from({ length: 5 }, (_, i) => (void i, new RandomStream(seed, name))).map((s) => s.word());
  assert.equal(draw(1, 'a'), draw(1, 'a'));
  assert.not.equal(draw(1, 'a'), draw(2, 'a'));
  assert.not.equal(draw(1, 'a'), draw(1, 'b'));
  assert.equal(new RandomStream(1, 'p').permutation(9).sort((a, b) => a - b), [0, 1, 2, 3, 4, 5, 6, 7, 8]);
});

test.run();
