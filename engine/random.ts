/**
 * Counter-based random numbers: Threefry-2x32 with 20 rounds [Salmon et al., SC 2011].
 *
 * A value is a pure function of (key, counter), so the CPU and the GPU (`shaders/random.wgsl`) draw the same
 * stream, a resumed run draws what the uninterrupted one would have, and nothing has to be stored between steps.
 */

const rotations = [13, 15, 26, 6, 17, 29, 16, 24] as const;
const parity = 0x1bd11bda;

/** Two uniform 32-bit words from a 64-bit key and a 64-bit counter, all given as pairs of u32. */
export function threefry2x32(key0: number, key1: number, counter0: number, counter1: number): [number, number] {
  const keys = [key0 >>> 0, key1 >>> 0, (key0 ^ key1 ^ parity) >>> 0];
  let x0 = (counter0 + keys[0]!) >>> 0;
  let x1 = (counter1 + keys[1]!) >>> 0;
  for (let round = 0; round < 20; round++) {
    const r = rotations[round % 8]!;
    x0 = (x0 + x1) >>> 0;
    x1 = ((x1 << r) | (x1 >>> (32 - r))) >>> 0;
    x1 = (x1 ^ x0) >>> 0;
    if (round % 4 === 3) {
      const injection = (round + 1) / 4;
      x0 = (x0 + keys[injection % 3]!) >>> 0;
      x1 = (x1 + keys[(injection + 1) % 3]! + injection) >>> 0;
    }
  }
  return [x0, x1];
}

/** A word as a number in [0, 1), with the 24 bits that an f32 can hold: the same value on CPU and GPU. */
export function unitFromWord(word: number): number {
  return (word >>> 8) / 16777216;
}

/** Two standard normals from two words [Box & Muller 1958]; the first uniform is taken in (0, 1]. */
export function normalsFromWords(word0: number, word1: number): [number, number] {
  const radius = Math.sqrt(-2 * Math.log(((word0 >>> 8) + 1) / 16777216));
  const angle = 2 * Math.PI * unitFromWord(word1);
  return [radius * Math.cos(angle), radius * Math.sin(angle)];
}

/** 32-bit FNV-1a hash of a name: turns the name of a stream into a key word. */
export function hashName(name: string): number {
  let hash = 0x811c9dc5;
  for (let i = 0; i < name.length; i++) hash = Math.imul(hash ^ name.charCodeAt(i), 0x01000193) >>> 0;
  return hash;
}

/** Sequential draws from the stream named by (seed, name): the same everywhere for the same arguments. */
export class RandomStream {
  private counter = 0;
  private readonly key0: number;
  private readonly key1: number;

  constructor(seed: number, name: string) {
    this.key0 = seed >>> 0;
    this.key1 = hashName(name);
  }

  /** A u32. */
  word(): number {
    return threefry2x32(this.key0, this.key1, this.counter++, 0)[0];
  }

  /** Uniform in [low, high). */
  uniform(low = 0, high = 1): number {
    return low + (high - low) * unitFromWord(this.word());
  }

  /** Standard normal. */
  normal(): number {
    const [word0, word1] = threefry2x32(this.key0, this.key1, this.counter++, 0);
    return normalsFromWords(word0, word1)[0];
  }

  /** Uniform integer in 0 .. count - 1. */
  integer(count: number): number {
    return Math.floor(this.uniform() * count);
  }

  /** True with the given probability. */
  chance(probability: number): boolean {
    return this.uniform() < probability;
  }

  /** One of the items, each as likely as its weight (default: all alike). */
  pick<T>(items: readonly T[], weights?: readonly number[]): T {
    if (!weights) return items[this.integer(items.length)]!;
    let rest = this.uniform(0, weights.reduce((sum, w) => sum + w, 0));
    for (let i = 0; i < items.length; i++) {
      rest -= weights[i]!;
      if (rest < 0) return items[i]!;
    }
    return items[items.length - 1]!;
  }

  /** The numbers 0 .. count - 1 in random order [Fisher & Yates]. */
  permutation(count: number): number[] {
    const order = Array.from({ length: count }, (_, i) => i);
    for (let i = count - 1; i > 0; i--) {
      const j = this.integer(i + 1);
      [order[i], order[j]] = [order[j]!, order[i]!];
    }
    return order;
  }
}
