import {
  priorTokenScores
} from "./chunk-LOYFLMAJ.js";
import {
  decodeLayout,
  emptyLayout,
  layoutVocabulary,
  tripleFault
} from "./chunk-MPJXQ5EU.js";
import {
  compile
} from "./chunk-35FDYTRM.js";
import {
  gather,
  inputTensor,
  table
} from "./chunk-AMP7OYK6.js";
import {
  RandomStream
} from "./chunk-A26XEMZC.js";
import {
  check
} from "./chunk-Q54TM6M7.js";

// models/prior/sampleLayouts.ts
function drawWeights(scores, allowed, temperature, topP) {
  let top = -Infinity;
  scores.forEach((score, choice) => {
    if (score > top && allowed(choice)) top = score;
  });
  const weights = Float64Array.from(scores, (score, choice) => allowed(choice) ? Math.exp((score - top) / temperature) : 0);
  if (topP >= 1) return weights;
  const order = Array.from(weights, (_, choice) => choice).sort((a, b) => weights[b] - weights[a] || a - b);
  const wanted = topP * weights.reduce((sum2, w) => sum2 + w, 0);
  let sum = 0;
  for (const choice of order) {
    if (sum >= wanted) weights[choice] = 0;
    sum += weights[choice];
  }
  return weights;
}
function legalChoices({ classCount, gridSide: S, none }, tokens, position) {
  const object = Math.floor(position / 3);
  const part = position % 3;
  if (part === 0) {
    const ended = object > 0 && tokens[3 * object - 3] === none;
    return (choice) => !ended || choice === classCount;
  }
  const cells = S * S;
  if (tokens[3 * object] === none) return (choice) => choice === cells;
  if (part === 1) return (choice) => choice < cells - S && choice % S < S - 1;
  const topLeft = tokens[3 * object + 1];
  return (choice) => choice < cells && choice % S > topLeft % S && Math.floor(choice / S) > Math.floor(topLeft / S);
}
function givenObjects(vocabulary, tokens) {
  let count = 0;
  while (count < vocabulary.maxObjects && tripleFault(vocabulary, tokens, count) !== "absent") count++;
  return count;
}
async function sampleLayouts(score, vocabulary, count, random, options = {}) {
  const { maxObjects: N, length: L, gridSide, classCount, none } = vocabulary;
  const { temperature = 1, topP = 1, legal = false, given } = options;
  check(
    given === void 0 || given.length === count,
    () => `sampleLayouts: ${count} layouts need as many given ones, found ${given?.length}`
  );
  const empty = emptyLayout(vocabulary);
  const tokens = new Int32Array(count * L);
  for (let b = 0; b < count; b++) tokens.set(given?.[b] ?? empty, b * L);
  const known = Array.from({ length: count }, (_, b) => 3 * givenObjects(vocabulary, given?.[b] ?? empty));
  for (let position = Math.min(...known); position < 3 * N; position++) {
    const part = position % 3;
    const last = part === 0 ? classCount : gridSide * gridSide;
    const scores = await score(tokens, position);
    for (let b = 0; b < count; b++) {
      if (position < known[b]) continue;
      const allowed = legal ? legalChoices(vocabulary, tokens.subarray(b * L, (b + 1) * L), position) : () => true;
      const own = scores.subarray(b * (last + 1), (b + 1) * (last + 1));
      const weights = drawWeights(own, allowed, temperature, topP);
      const choice = random.pick(Array.from(weights, (_, i) => i), Array.from(weights));
      tokens[b * L + position] = choice === last ? none : choice;
    }
    if (legal && part === 0 && everyEnded(tokens, vocabulary, position, known)) break;
  }
  return tokens;
}
function everyEnded(tokens, { length: L, none }, position, known) {
  return known.every((start, b) => position >= start && tokens[b * L + position] === none);
}

// pipeline/drawPriorLayouts.ts
var most = 64;
async function drawPriorLayouts(device, store, description, tokenTable, options) {
  const { count, seed, given, onToken } = options;
  const vocabulary = layoutVocabulary(description.vocabulary);
  const { length: L, maxObjects: N } = vocabulary;
  const batch = Math.min(count, most);
  const rows = inputTensor("rows", [batch], "i32");
  const embeddings = gather(table(tokenTable.data, tokenTable.shape), inputTensor("ids", [batch, 3 * N], "i32"));
  const programs = /* @__PURE__ */ new Map();
  for (const part of [0, 1, 2]) {
    const scores = priorTokenScores(store.scope(), embeddings, rows, part, description);
    programs.set(part, await compile(device, { name: `sample layouts ${part}`, outputs: { scores } }));
  }
  const random = new RandomStream(seed, "layouts");
  const drawn = [];
  for (let first = 0; first < count; first += batch) {
    const here = Math.min(batch, count - first);
    const score = async (sequences, position) => {
      const ids = new Int32Array(batch * 3 * N);
      for (let i = 0; i < here; i++) ids.set(sequences.subarray(i * L, i * L + 3 * N), i * 3 * N);
      const program = programs.get(position % 3);
      program.run({ ids, rows: Int32Array.from({ length: batch }, (_, i) => i * 3 * N + position) });
      onToken?.(first * 3 * N + position * here, count * 3 * N);
      return program.readFloats("scores");
    };
    const tokens = await sampleLayouts(
      score,
      vocabulary,
      here,
      random,
      { ...options, ...given && { given: given.slice(first, first + here) } }
    );
    for (let i = 0; i < here; i++) {
      const sequence = tokens.slice(i * L, (i + 1) * L);
      drawn.push({ tokens: sequence, objects: decodeLayout(vocabulary, sequence).objects });
    }
  }
  for (const program of programs.values()) program.destroy();
  onToken?.(count * 3 * N, count * 3 * N);
  return drawn;
}

export {
  drawPriorLayouts
};
//# sourceMappingURL=chunk-XYYZIPSC.js.map
