import {
  attentionLayers,
  encodeLayout,
  flipXyxyUnit,
  layoutVocabulary,
  sortLayout
} from "./chunk-MPJXQ5EU.js";
import {
  layerNorm,
  linear as linear2
} from "./chunk-3D4ROVPF.js";
import {
  ParamStore,
  declareParams,
  loadRun,
  normal
} from "./chunk-F6TGNQ67.js";
import {
  add,
  broadcast,
  cast,
  concat,
  crossEntropy,
  div,
  dropout,
  floor,
  gather,
  inputTensor,
  less,
  linear,
  logSoftmax,
  mul,
  reshape,
  slice,
  softCrossEntropy,
  sub,
  sum,
  table
} from "./chunk-AMP7OYK6.js";
import {
  describe
} from "./chunk-IBDXW56B.js";
import {
  check
} from "./chunk-Q54TM6M7.js";

// models/prior/standardise.ts
function tableStatistics(values) {
  const mean = values.reduce((total, value) => total + value, 0) / values.length;
  const variance = values.reduce((total, value) => total + (value - mean) ** 2, 0) / values.length;
  return { mean, std: Math.sqrt(variance) };
}
function standardise(embeddings, { mean, std }) {
  return div(sub(embeddings, mean), std);
}

// models/prior/cornerHead.ts
var readWidth = 64;
var rowWidth = 32;
var smoothRows = {
  kind: "drawn",
  draw: (_, [S, R]) => Float32Array.from({ length: S * R }, (_2, i) => Math.SQRT2 * Math.cos(Math.PI * (1 + i % R) * (Math.floor(i / R) + 0.5) / S))
};
function parts(p, h, before, S) {
  const read2 = linear2(p.at("read"), before, readWidth);
  const products = mul(linear2(p.at("gate"), h, 2 * readWidth), concat([read2, read2], h.rank - 1));
  const seen = concat([h, products], h.rank - 1);
  return {
    rows: linear2(p.at("row"), seen, S + 1),
    columns: linear2(p.at("column"), seen, S),
    gate: linear2(p.at("row_gate"), seen, rowWidth),
    rowTable: p.at("row_emb").param("weight", [S, rowWidth], smoothRows),
    mix: p.at("row_mix").param("weight", [S, rowWidth], { kind: "normal", std: 0.02 })
  };
}
function factoredCornerScores(p, h, before, S) {
  const lead = h.shape.slice(0, -1);
  const { rows, columns, gate, rowTable, mix } = parts(p, h, before, S);
  const ofRows = logSoftmax(rows);
  const given = linear(mul(reshape(gate, [...lead, 1, rowWidth]), rowTable), mix);
  const ofColumns = logSoftmax(add(reshape(columns, [...lead, 1, S]), given));
  const cells = add(ofColumns, reshape(slice(ofRows, -1, 0, S), [...lead, S, 1]));
  return concat([reshape(cells, [...lead, S * S]), slice(ofRows, -1, S, 1)], lead.length);
}
function factoredCornerNats(p, h, before, corners, S) {
  const { rows, columns, gate, rowTable, mix } = parts(p, h, before, S);
  const cell = cast(corners, "f32");
  const row = floor(mul(add(cell, 0.5), 1 / S));
  const column = sub(cell, mul(row, S));
  const rowId = cast(row, "i32");
  const given = linear(mul(gate, gather(rowTable, rowId)), mix);
  const ofColumn = crossEntropy(add(columns, given), cast(column, "i32"));
  return add(crossEntropy(rows, rowId), mul(ofColumn, less(row, S)));
}

// models/prior/autoregressive.ts
var cornerScopes = ["top_left_head", "bottom_right_head"];
function adapt(p, embeddings, { width: D, adapters }) {
  const [B, L, Dg] = embeddings.shape;
  if (adapters !== "slot") return linear2(p.at("adapter"), slice(embeddings, 1, 0, L - 1), D);
  const slots = reshape(embeddings, [B, L / 3, 3, Dg]);
  const ofClasses = linear2(p.at("class_adapter"), slice(slots, 2, 0, 1), D);
  const ofCorners = linear2(p.at("corner_adapter"), slice(slots, 2, 1, 2), D);
  return slice(reshape(concat([ofClasses, ofCorners], 2), [B, L, D]), 1, 0, L - 1);
}
function places(p, { maxObjects: N, width: D, positions }) {
  if (positions !== "object") return p.at("pos_emb.emb").param("weight", [3 * N, D], normal(0.02));
  const objects = reshape(p.at("object_emb.emb").param("weight", [N, D], normal(0.02)), [N, 1, D]);
  const parts2 = reshape(p.at("part_emb.emb").param("weight", [3, D], normal(0.02)), [1, 3, D]);
  return reshape(add(objects, parts2), [3 * N, D]);
}
function read(p, embeddings, config, key) {
  const { maxObjects: N, width: D } = config;
  const [B, L, Dg] = embeddings.shape;
  check(L % 3 === 0 && L <= 3 * N && Dg === config.embeddingWidth, () => `autoregressive prior: embeddings must be [B, ${3 * N}, ${config.embeddingWidth}], or shorter by whole objects, found ${describe(embeddings)}. Crop tokens are not part of it.`);
  const drop = (x2, name) => key ? dropout(x2, config.dropout ?? 0, key, `prior ${name}`) : x2;
  const start = broadcast(p.at("start").param("weight", [D], normal(0.02)), [B, 1, D]);
  const before = concat([start, adapt(p, embeddings, config)], 1);
  const x = drop(add(before, slice(places(p, config), 0, 0, L)), "tokens");
  const h = layerNorm(p.at("norm"), attentionLayers(p.at("attn_layers"), x, config, true, drop));
  return { h: drop(h, "states"), before };
}
function ofPart({ h, before }, part) {
  const [B, L, D] = h.shape;
  const own = (x) => reshape(slice(reshape(x, [B, L / 3, 3, D]), 2, part, 1), [B, L / 3, D]);
  return { h: own(h), before: own(before) };
}
function scores(p, { h, before }, part, config) {
  const { classCount, gridSide, corners } = config;
  if (part === 0) return linear2(p.at("class_head"), h, classCount + 1);
  if (corners === "factored") return factoredCornerScores(p.at(cornerScopes[part - 1]), h, before, gridSide);
  return linear2(p.at("corner_head"), h, gridSide * gridSide + 1);
}
function autoregressivePrior(p, embeddings, config) {
  const { maxObjects: N, gridSide } = config;
  check(embeddings.shape[1] === 3 * N, () => `autoregressive prior: scores are of all ${3 * N} tokens, found ${describe(embeddings)}`);
  const reading = read(p, embeddings, config);
  const [B, cells] = [embeddings.shape[0], gridSide * gridSide + 1];
  const part = (k) => scores(p, ofPart(reading, k), k, config);
  const corner = (k) => reshape(part(k), [B, N, 1, cells]);
  return { classes: part(0), corners: concat([corner(1), corner(2)], 2) };
}
function tokenScores(p, embeddings, rows, part, config) {
  const reading = read(p, embeddings, config);
  const own = (x) => gather(reshape(x, [-1, config.width]), rows);
  return scores(p, { h: own(reading.h), before: own(reading.before) }, part, config);
}
function tokenNats(p, embeddings, targets, config, key) {
  const { gridSide, corners: kind } = config;
  const [B, N] = targets.classes.shape;
  const reading = read(p, embeddings, config, key);
  const corner = (part) => {
    const own = ofPart(reading, part);
    const ids = reshape(slice(targets.corners, 2, part - 1, 1), [B, N]);
    const nats = kind === "factored" ? factoredCornerNats(p.at(cornerScopes[part - 1]), own.h, own.before, ids, gridSide) : crossEntropy(scores(p, own, part, config), ids);
    return reshape(nats, [B, N, 1]);
  };
  return {
    classes: crossEntropy(scores(p, ofPart(reading, 0), 0, config), targets.classes),
    corners: concat([corner(1), corner(2)], 2)
  };
}
function expectedNegativeLogLikelihood(logits, classWeights, cornerWeights) {
  const ofClasses = softCrossEntropy(logits.classes, classWeights);
  const ofCorners = softCrossEntropy(logits.corners, cornerWeights);
  return add(sum(ofClasses, [1]), sum(ofCorners, [1, 2]));
}
function slotTargets(vocabulary, tokens) {
  const { maxObjects: N, length, none, classCount, gridSide } = vocabulary;
  const B = tokens.length / length;
  const classes = new Int32Array(B * N);
  const corners = new Int32Array(2 * B * N);
  for (let b = 0; b < B; b++) {
    for (let n = 0; n < N; n++) {
      const [kind, topLeft, bottomRight] = tokens.subarray(b * length + 3 * n, b * length + 3 * n + 3);
      const corner = (token) => token === none ? gridSide * gridSide : token;
      classes[b * N + n] = kind === none ? classCount : kind;
      corners.set([corner(topLeft), corner(bottomRight)], 2 * (b * N + n));
    }
  }
  return { classes, corners };
}

// pipeline/prior.ts
var tokenTableName = "cond_stage_model.transformer.token_emb.weight";
function priorSpecs(model) {
  return declareParams((p) => autoregressivePrior(p, inputTensor("v", [1, 3 * model.maxObjects, model.embeddingWidth]), model));
}
function priorScores(p, embeddings, { model, statistics }) {
  return autoregressivePrior(p, standardise(embeddings, statistics), model);
}
function priorTokenScores(p, embeddings, rows, part, { model, statistics }) {
  return tokenScores(p, standardise(embeddings, statistics), rows, part, model);
}
function priorTokenNats(p, embeddings, targets, { model, statistics }, key) {
  return tokenNats(p, standardise(embeddings, statistics), targets, model, key);
}
function orderedLayout(vocabulary, objects, order, mirrored, random) {
  const shown = random.permutation(objects.length).map((i) => {
    const { classIndex, xyxyUnit } = objects[i];
    return { classIndex, xyxyUnit: mirrored ? flipXyxyUnit(xyxyUnit) : xyxyUnit };
  });
  const tokens = encodeLayout(vocabulary, shown);
  return order === "canonical" ? sortLayout(vocabulary, tokens) : tokens;
}
function openPrior(dir) {
  const run = loadRun(dir, "prior");
  const description = run.header.config;
  const store = new ParamStore("prior", priorSpecs(description.model));
  store.load(run.weights, run.file);
  const rows = run.frozen.get(tokenTableName);
  return {
    run,
    description,
    vocabulary: layoutVocabulary(description.vocabulary),
    store,
    table: table(rows.data, rows.shape)
  };
}
var embedForPrior = (prior, ids) => gather(prior.table, ids);

export {
  tableStatistics,
  expectedNegativeLogLikelihood,
  slotTargets,
  tokenTableName,
  priorSpecs,
  priorScores,
  priorTokenScores,
  priorTokenNats,
  orderedLayout,
  openPrior,
  embedForPrior
};
//# sourceMappingURL=chunk-LOYFLMAJ.js.map
