/**
 * Random tensors as pure functions of a key: the stream of `engine/random.ts`, drawn on the device.
 *
 * Value i of a draw comes from the words threefry2x32(seed, hashName(stream), i, step), so a value depends on nothing
 * but its place, and step 0 is what `new RandomStream(seed, stream)` draws. Each normal uses both words of its own
 * counter (the cosine of the pair); nothing is paired across places. A key with a third word, the part, asks for a
 * longer draw in pieces: the values are those from place part * size on.
 */
import { check } from '../errors.ts';
import { shareGrid } from '../grid.ts';
import { apply, defineOp, expectDType, expectInputs, input, output, type KernelOp } from '../op.ts';
import { hashName, normalsFromWords, threefry2x32, unitFromWord } from '../random.ts';
import source from '../shaders/random.wgsl';
import { describe, sameShape, sizeOf, type Tensor } from '../tensor.ts';

const kinds = ['uniform', 'normal', 'integer'] as const;

export interface RandomAttrs {
  readonly kind: (typeof kinds)[number];
  readonly shape: readonly number[];
  readonly stream: string;
  /** Integers are drawn from low .. low + range - 1. */
  readonly low: number;
  readonly range: number;
}

/** Ranges for which the shader's integers are exact. */
const maxRange = 2 ** 20;

export const randomOp = defineOp<RandomAttrs, KernelOp<RandomAttrs>>({
  kind: 'kernel',
  name: 'random',
  infer(inputs, { kind, shape, low, range, stream }) {
    expectInputs('random', inputs, 1);
    const [key] = inputs;
    expectDType('random', 'key', key!, 'u32');
    check(sameShape(key!.shape, [2]) || sameShape(key!.shape, [3]), () =>
      `random: key must be u32 [2] (seed, step) or [3] (seed, step, part), found ${describe(key!)}`);
    check(Number.isInteger(low) && Number.isInteger(range) && range >= 1 && range <= maxRange, () =>
      `random: stream ${stream} needs whole bounds, 1 to ${maxRange} apart, found ${low} and ${low + range}`);
    return { shape, dtype: kind === 'integer' ? 'i32' : 'f32' };
  },
  reference([key], _types, { kind, shape, stream, low, range }) {
    const [seed, step, part = 0] = key as unknown as [number, number, number?];
    const hash = hashName(stream);
    const y = new Float64Array(sizeOf(shape));
    for (let i = 0; i < y.length; i++) {
      const [word0, word1] = threefry2x32(seed, hash, i + part * y.length, step);
      if (kind === 'normal') y[i] = normalsFromWords(word0, word1)[0];
      else y[i] = kind === 'uniform' ? unitFromWord(word0) : low + Math.floor(unitFromWord(word0) * range);
    }
    return y;
  },
  vjp: () => [null],
  variants([key], y, { kind, stream, low, range }, device) {
    const n = sizeOf(y.shape);
    const { lanes, grid } = shareGrid(n, device.software);
    return [{
      name: 'random',
      scratch: [],
      calls: [{
        label: `random ${kind}`,
        source,
        constants: { LANES: lanes, KIND: kinds.indexOf(kind), PARTS: Number(key!.shape[0] === 3) },
        bindings: [input(0), output],
        immediates: [hashName(stream), low >>> 0, range, n],
        grid,
        flops: 100 * n,
        bytes: 4 * n,
      }],
    }];
  },
});

/**
 * Uniform numbers in [0, 1), multiples of 2^-24.
 *
 *   key     u32 [2]   seed and step, so that each step of a program draws anew; [3] with the part of a longer draw
 *   stream  name of the draw: draws of one key with different names are independent, with equal names are the same
 *   ->      f32 `shape`
 */
export const randomUniform = (shape: readonly number[], key: Tensor, stream: string): Tensor =>
  apply(randomOp, [key], { kind: 'uniform', shape, stream, low: 0, range: 1 });

/** Standard normal numbers, f32; `key` and `stream` as for `randomUniform`. */
export const randomNormal = (shape: readonly number[], key: Tensor, stream: string): Tensor =>
  apply(randomOp, [key], { kind: 'normal', shape, stream, low: 0, range: 1 });

/** Whole numbers in low .. high - 1, each as likely (to 2^-24), i32; `key` and `stream` as for `randomUniform`. */
export const randomIntegers = (shape: readonly number[], low: number, high: number, key: Tensor,
  stream: string): Tensor => apply(randomOp, [key], { kind: 'integer', shape, stream, low, range: high - low });
