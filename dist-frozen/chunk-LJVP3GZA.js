import {
  add,
  broadcast,
  concat,
  div,
  exp,
  less,
  matmul,
  mean,
  mul,
  randomNormal,
  randomUniform,
  reshape,
  rowDistances,
  slice,
  softmax,
  sqrt,
  square,
  table,
  where
} from "./chunk-AMP7OYK6.js";

// models/softTokens.ts
function slotTables(tokenTable, { classCount, gridSide, none }) {
  const last = slice(tokenTable, 0, none, 1);
  return {
    classes: concat([slice(tokenTable, 0, 0, classCount), last], 0),
    corners: concat([slice(tokenTable, 0, 0, gridSide * gridSide), last], 0)
  };
}
function splitSlots(embeddings) {
  const [B, L, D] = embeddings.shape;
  const slots = reshape(embeddings, [B, L / 3, 3, D]);
  return { classes: reshape(slice(slots, 2, 0, 1), [B, L / 3, D]), corners: slice(slots, 2, 1, 2) };
}
function embedChoices({ classes, corners }, tables) {
  const [B, N] = classes.shape;
  const D = tables.classes.shape[1];
  const ofClasses = matmul(reshape(classes, [B * N, -1]), tables.classes);
  const ofCorners = matmul(reshape(corners, [2 * B * N, -1]), tables.corners);
  return reshape(concat([reshape(ofClasses, [B, N, 1, D]), reshape(ofCorners, [B, N, 2, D])], 2), [B, 3 * N, D]);
}
function choiceDistances(embeddings, tables) {
  const { classes, corners } = splitSlots(embeddings);
  const [B, N, D] = classes.shape;
  return {
    classes: reshape(rowDistances(reshape(classes, [B * N, D]), tables.classes, "l2"), [B, N, -1]),
    corners: reshape(rowDistances(reshape(corners, [2 * B * N, D]), tables.corners, "l2"), [B, N, 2, -1])
  };
}
function tableScale({ corners }) {
  return sqrt(mean(square(corners)));
}
function softAssign(embeddings, sigma, tables, logFrequency) {
  const { classes, corners } = choiceDistances(embeddings, tables);
  const [B, N] = classes.shape;
  const precision = reshape(div(-0.5, square(sigma)), [B, N, 3]);
  return {
    classes: softmax(add(mul(classes, slice(precision, 2, 0, 1)), logFrequency.classes)),
    corners: softmax(add(mul(corners, reshape(slice(precision, 2, 1, 2), [B, N, 2, 1])), logFrequency.corners))
  };
}
function uncertainEmbeddings(rows, tables, logFrequency, config, key) {
  if (config.share === 0) return rows;
  const [B, all, D] = rows.shape;
  const L = 3 * logFrequency.classes.shape.at(-2);
  if (all > L) {
    const objects = uncertainEmbeddings(slice(rows, 1, 0, L), tables, logFrequency, config, key);
    return concat([objects, slice(rows, 1, L, all - L)], 1);
  }
  const draw = (shape, stream) => randomUniform(shape, key, `uncertain ${stream}`);
  const level = (shape, stream) => mul(exp(mul(draw(shape, stream), Math.log(config.high / config.low))), config.low);
  const shared = less(draw([B, 1], "shared"), 0.5);
  const relative = where(shared, broadcast(level([B, 1], "level"), [B, L]), level([B, L], "levels"));
  const sigma = mul(relative, mul(tableScale(tables), Math.sqrt(2 * D)));
  const noisy = add(rows, mul(reshape(sigma, [B, L, 1]), randomNormal(rows.shape, key, "uncertain noise")));
  const mixed = embedChoices(softAssign(noisy, sigma, tables, logFrequency), tables);
  return where(less(draw([B, 1, 1], "share"), config.share), mixed, rows);
}
var smoothing = 2e-4;
function slotFrequencies(vocabulary, sequences) {
  const { maxObjects: N, classCount, gridSide, none } = vocabulary;
  const [C, S] = [classCount + 1, gridSide * gridSide + 1];
  const classes = new Float32Array(N * C).fill(smoothing);
  const corners = new Float32Array(2 * N * S).fill(smoothing);
  let count = 0;
  for (const tokens of sequences) {
    for (let n = 0; n < N; n++) {
      const choice = (slot, last) => tokens[3 * n + slot] === none ? last : tokens[3 * n + slot];
      classes[n * C + choice(0, C - 1)]++;
      corners[2 * n * S + choice(1, S - 1)]++;
      corners[(2 * n + 1) * S + choice(2, S - 1)]++;
    }
    count++;
  }
  return {
    classes: classes.map((value) => Math.log(value / (count + smoothing * C))),
    corners: corners.map((value) => Math.log(value / (count + smoothing * S)))
  };
}
function slotFrequencyTensors(vocabulary, { classes, corners }) {
  const { maxObjects: N, classCount, gridSide } = vocabulary;
  return { classes: table(classes, [N, classCount + 1]), corners: table(corners, [N, 2, gridSide * gridSide + 1]) };
}

export {
  slotTables,
  embedChoices,
  choiceDistances,
  tableScale,
  uncertainEmbeddings,
  slotFrequencies,
  slotFrequencyTensors
};
//# sourceMappingURL=chunk-LJVP3GZA.js.map
