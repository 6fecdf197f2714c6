// engine/random.ts
var rotations = [13, 15, 26, 6, 17, 29, 16, 24];
var parity = 466688986;
function threefry2x32(key0, key1, counter0, counter1) {
  const keys = [key0 >>> 0, key1 >>> 0, (key0 ^ key1 ^ parity) >>> 0];
  let x0 = counter0 + keys[0] >>> 0;
  let x1 = counter1 + keys[1] >>> 0;
  for (let round = 0; round < 20; round++) {
    const r = rotations[round % 8];
    x0 = x0 + x1 >>> 0;
    x1 = (x1 << r | x1 >>> 32 - r) >>> 0;
    x1 = (x1 ^ x0) >>> 0;
    if (round % 4 === 3) {
      const injection = (round + 1) / 4;
      x0 = x0 + keys[injection % 3] >>> 0;
      x1 = x1 + keys[(injection + 1) % 3] + injection >>> 0;
    }
  }
  return [x0, x1];
}
function unitFromWord(word) {
  return (word >>> 8) / 16777216;
}
function normalsFromWords(word0, word1) {
  const radius = Math.sqrt(-2 * Math.log(((word0 >>> 8) + 1) / 16777216));
  const angle = 2 * Math.PI * unitFromWord(word1);
  return [radius * Math.cos(angle), radius * Math.sin(angle)];
}
function hashName(name) {
  let hash = 2166136261;
  for (let i = 0; i < name.length; i++) hash = Math.imul(hash ^ name.charCodeAt(i), 16777619) >>> 0;
  return hash;
}
var RandomStream = class {
  counter = 0;
  key0;
  key1;
  constructor(seed, name) {
    this.key0 = seed >>> 0;
    this.key1 = hashName(name);
  }
  /** A u32. */
  word() {
    return threefry2x32(this.key0, this.key1, this.counter++, 0)[0];
  }
  /** Uniform in [low, high). */
  uniform(low = 0, high = 1) {
    return low + (high - low) * unitFromWord(this.word());
  }
  /** Standard normal. */
  normal() {
    const [word0, word1] = threefry2x32(this.key0, this.key1, this.counter++, 0);
    return normalsFromWords(word0, word1)[0];
  }
  /** Uniform integer in 0 .. count - 1. */
  integer(count) {
    return Math.floor(this.uniform() * count);
  }
  /** True with the given probability. */
  chance(probability) {
    return this.uniform() < probability;
  }
  /** One of the items, each as likely as its weight (default: all alike). */
  pick(items, weights) {
    if (!weights) return items[this.integer(items.length)];
    let rest = this.uniform(0, weights.reduce((sum, w) => sum + w, 0));
    for (let i = 0; i < items.length; i++) {
      rest -= weights[i];
      if (rest < 0) return items[i];
    }
    return items[items.length - 1];
  }
  /** The numbers 0 .. count - 1 in random order [Fisher & Yates]. */
  permutation(count) {
    const order = Array.from({ length: count }, (_, i) => i);
    for (let i = count - 1; i > 0; i--) {
      const j = this.integer(i + 1);
      [order[i], order[j]] = [order[j], order[i]];
    }
    return order;
  }
};

export {
  threefry2x32,
  unitFromWord,
  normalsFromWords,
  hashName,
  RandomStream
};
//# sourceMappingURL=chunk-A26XEMZC.js.map
