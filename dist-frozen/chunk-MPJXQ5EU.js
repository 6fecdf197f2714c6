import {
  layerNorm,
  linear,
  width
} from "./chunk-3D4ROVPF.js";
import {
  add,
  attention,
  gelu
} from "./chunk-AMP7OYK6.js";
import {
  UserError,
  check
} from "./chunk-Q54TM6M7.js";

// models/layoutTokens.ts
var wholeImageXyxyUnit = [0, 0, 1, 1];
function layoutVocabulary(config) {
  const { vocabularySize, classCount, maxObjects, encodeCrop } = config;
  const fields = { vocabularySize, classCount, maxObjects };
  for (const [name, value] of Object.entries(fields)) {
    if (!Number.isInteger(value) || value < 1) {
      throw new UserError(`layout vocabulary: ${name} must be a whole number from 1, found ${value}`);
    }
  }
  const gridSide = Math.floor(Math.sqrt(vocabularySize));
  if (gridSide < 2 || gridSide * gridSide >= vocabularySize) {
    throw new UserError(
      `layout vocabulary: vocabularySize ${vocabularySize} leaves no row for "none" beside a ${gridSide} x ${gridSide} grid (at least 2 x 2). Use ${Math.max(2, gridSide) ** 2 + 1}.`
    );
  }
  if (classCount >= vocabularySize) {
    throw new UserError(
      `layout vocabulary: ${classCount} classes and "none" need ${classCount + 1} rows, vocabularySize is ${vocabularySize}. Raise it to more than the class count.`
    );
  }
  const length = 3 * maxObjects + (encodeCrop ? 2 : 0);
  return { vocabularySize, classCount, maxObjects, encodeCrop, gridSide, none: vocabularySize - 1, length };
}
function roundHalfToEven(x) {
  const below = Math.floor(x);
  const rest = x - below;
  if (rest !== 0.5) return rest < 0.5 ? below : below + 1;
  return below % 2 === 0 ? below : below + 1;
}
function encodePoint(vocabulary, xUnit, yUnit) {
  check(
    xUnit >= 0 && xUnit <= 1 && yUnit >= 0 && yUnit <= 1,
    () => `encodePoint: x and y must lie in [0, 1], found (${xUnit}, ${yUnit}). Is the box in pixels?`
  );
  const last = vocabulary.gridSide - 1;
  return roundHalfToEven(yUnit * last) * vocabulary.gridSide + roundHalfToEven(xUnit * last);
}
function decodePoint(vocabulary, token) {
  const { gridSide } = vocabulary;
  check(
    Number.isInteger(token) && token >= 0 && token < gridSide * gridSide,
    () => `decodePoint: a grid cell must be in 0 .. ${gridSide * gridSide - 1}, found ${token}`
  );
  return [token % gridSide / (gridSide - 1), Math.floor(token / gridSide) / (gridSide - 1)];
}
function spreadCells(low, high, last) {
  const first = roundHalfToEven(low * last);
  const second = roundHalfToEven(high * last);
  if (first !== second) return [first, second];
  const centreIsBelow = (low + high) / 2 * last < first;
  return first === last || centreIsBelow && first > 0 ? [first - 1, first] : [first, first + 1];
}
function encodeLayout(vocabulary, objects, options = {}) {
  const { gridSide, classCount, maxObjects, none, length, encodeCrop } = vocabulary;
  check(
    objects.length <= maxObjects,
    () => `encodeLayout: ${objects.length} objects do not fit ${maxObjects} slots. Filter the dataset by maxObjects.`
  );
  const tokens = new Int32Array(length).fill(none);
  objects.forEach(({ classIndex, xyxyUnit: [x0, y0, x1, y1] }, object) => {
    check(
      Number.isInteger(classIndex) && classIndex >= 0 && classIndex < classCount,
      () => `encodeLayout: class of object ${object} must be in 0 .. ${classCount - 1}, found ${classIndex}`
    );
    check(x1 >= x0 && y1 >= y0, () => `encodeLayout: object ${object} has x1 < x0 or y1 < y0: ${[x0, y0, x1, y1]}`);
    let topLeft = encodePoint(vocabulary, x0, y0);
    let bottomRight = encodePoint(vocabulary, x1, y1);
    if (options.widenThin ?? true) {
      const [column0, column1] = spreadCells(x0, x1, gridSide - 1);
      const [row0, row1] = spreadCells(y0, y1, gridSide - 1);
      topLeft = row0 * gridSide + column0;
      bottomRight = row1 * gridSide + column1;
    }
    tokens.set([classIndex, topLeft, bottomRight], 3 * object);
  });
  check(encodeCrop || options.cropXyxyUnit === void 0, "encodeLayout: this vocabulary has no crop slots");
  if (encodeCrop) {
    const [x0, y0, x1, y1] = options.cropXyxyUnit ?? wholeImageXyxyUnit;
    tokens.set([encodePoint(vocabulary, x0, y0), encodePoint(vocabulary, x1, y1)], 3 * maxObjects);
  }
  return tokens;
}
function emptyLayout(vocabulary) {
  return encodeLayout(vocabulary, []);
}
function tripleFault(vocabulary, tokens, object) {
  const { gridSide, classCount, none } = vocabulary;
  const classToken = tokens[3 * object];
  const topLeft = tokens[3 * object + 1];
  const bottomRight = tokens[3 * object + 2];
  const empty = Number(classToken === none) + Number(topLeft === none) + Number(bottomRight === none);
  if (empty > 0) return empty === 3 ? "absent" : "partial";
  if (classToken < 0 || classToken >= classCount) return "class";
  const cells = gridSide * gridSide;
  if (topLeft < 0 || topLeft >= cells || bottomRight < 0 || bottomRight >= cells) return "corner";
  const wide = bottomRight % gridSide > topLeft % gridSide;
  const high = Math.floor(bottomRight / gridSide) > Math.floor(topLeft / gridSide);
  return wide && high ? null : "area";
}
function expectSequence(vocabulary, tokens, caller) {
  check(tokens.length === vocabulary.length, () => `${caller}: a layout has ${vocabulary.length} tokens, found ${tokens.length}. Another maxObjects or encodeCrop?`);
}
function decodeLayout(vocabulary, tokens) {
  expectSequence(vocabulary, tokens, "decodeLayout");
  const layout = { objects: [], faults: { absent: 0, partial: 0, class: 0, corner: 0, area: 0 } };
  for (let slot = 0; slot < vocabulary.maxObjects; slot++) {
    const fault = tripleFault(vocabulary, tokens, slot);
    if (fault) {
      layout.faults[fault]++;
      continue;
    }
    const [x0, y0] = decodePoint(vocabulary, tokens[3 * slot + 1]);
    const [x1, y1] = decodePoint(vocabulary, tokens[3 * slot + 2]);
    layout.objects.push({ slot, classIndex: tokens[3 * slot], xyxyUnit: [x0, y0, x1, y1] });
  }
  return layout;
}
function gatherObjects(vocabulary, tokens, slots) {
  const gathered = tokens.slice().fill(vocabulary.none, 0, 3 * vocabulary.maxObjects);
  slots.forEach((slot, i) => gathered.set(tokens.subarray(3 * slot, 3 * slot + 3), 3 * i));
  return gathered;
}
function presentSlots(vocabulary, tokens) {
  const slots = Array.from({ length: vocabulary.maxObjects }, (_, slot) => slot);
  return slots.filter((slot) => tripleFault(vocabulary, tokens, slot) !== "absent");
}
function sortLayout(vocabulary, tokens) {
  expectSequence(vocabulary, tokens, "sortLayout");
  const by = (a, b, part) => tokens[3 * a + part] - tokens[3 * b + part];
  const slots = presentSlots(vocabulary, tokens).sort((a, b) => by(a, b, 0) || by(a, b, 1) || by(a, b, 2));
  return gatherObjects(vocabulary, tokens, slots);
}
function flipXyxyUnit([x0, y0, x1, y1]) {
  return [1 - x1, y0, 1 - x0, y1];
}

// models/attentionLayers.ts
function attentionLayers(p, x, config, causal, drop = (y) => y) {
  for (let layer = 0; layer < config.layers; layer++) {
    const attentionScope = p.at(`layers.${2 * layer}`);
    const feedForwardScope = p.at(`layers.${2 * layer + 1}`);
    const seen = selfAttention(attentionScope.at(1), layerNorm(attentionScope.at(0), x), config, causal);
    x = add(x, drop(seen, `attention ${layer}`));
    const made = feedForward(feedForwardScope.at("1.net"), layerNorm(feedForwardScope.at(0), x));
    x = add(x, drop(made, `feed-forward ${layer}`));
  }
  return x;
}
function selfAttention(p, x, { heads, headWidth }, causal) {
  const inner = heads * headWidth;
  const q = linear(p.at("to_q"), x, inner, { bias: false });
  const k = linear(p.at("to_k"), x, inner, { bias: false });
  const v = linear(p.at("to_v"), x, inner, { bias: false });
  return linear(p.at("to_out"), attention(q, k, v, { heads, causal }), width(x));
}
function feedForward(p, x) {
  return linear(p.at(2), gelu(linear(p.at("0.0"), x, 4 * width(x))), width(x));
}

export {
  attentionLayers,
  layoutVocabulary,
  encodeLayout,
  emptyLayout,
  tripleFault,
  decodeLayout,
  sortLayout,
  flipXyxyUnit
};
//# sourceMappingURL=chunk-MPJXQ5EU.js.map
