// evaluate/precisionTables.ts
function emptyTables(params, K) {
  const { iouThrs: { length: T }, recThrs: { length: R }, areaRng: { length: A }, maxDets: { length: M } } = params;
  return {
    shape: { T, R, K, A, M },
    precision: new Float64Array(T * R * K * A * M).fill(-1),
    scores: new Float64Array(T * R * K * A * M).fill(-1),
    recall: new Float64Array(T * K * A * M).fill(-1)
  };
}
function precisionIndex({ shape: { R, K, A, M } }, t, r, k, a, m) {
  return (((t * R + r) * K + k) * A + a) * M + m;
}
function recallIndex({ shape: { K, A, M } }, t, k, a, m) {
  return ((t * K + k) * A + a) * M + m;
}
function fillClass(tables, k, images, params) {
  const { T, A } = tables.shape;
  params.maxDets.forEach((maxDets, m) => {
    const ranking = rank(images, maxDets);
    for (let a = 0; a < A; a++) {
      const objects = images.reduce((sum, image) => sum + image.counted[a], 0);
      if (objects === 0) continue;
      for (let t = 0; t < T; t++) {
        const { recall, precision, scores } = curve(ranking, a * T + t, objects);
        tables.recall[recallIndex(tables, t, k, a, m)] = recall.at(-1) ?? 0;
        let d = 0;
        params.recThrs.forEach((threshold, r) => {
          while (d < recall.length && recall[d] < threshold) d++;
          const at = precisionIndex(tables, t, r, k, a, m);
          tables.precision[at] = precision[d] ?? 0;
          tables.scores[at] = scores[d] ?? 0;
        });
      }
    }
  });
}
function rank(images, maxDets) {
  const keptOf = (image) => Math.min(image.scores.length, maxDets);
  const total = images.reduce((sum, image) => sum + keptOf(image), 0);
  const unsorted = { imageOf: new Uint32Array(total), rankOf: new Uint32Array(total), scores: new Float64Array(total) };
  let d = 0;
  images.forEach((image, i) => {
    for (let rankInImage = 0; rankInImage < keptOf(image); rankInImage++, d++) {
      unsorted.imageOf[d] = i;
      unsorted.rankOf[d] = rankInImage;
      unsorted.scores[d] = image.scores[rankInImage];
    }
  });
  const order = Uint32Array.from({ length: total }, (_, i) => i);
  order.sort((i, j) => unsorted.scores[j] - unsorted.scores[i] || i - j);
  return {
    images,
    imageOf: order.map((i) => unsorted.imageOf[i]),
    rankOf: order.map((i) => unsorted.rankOf[i]),
    scores: Float64Array.from(order, (i) => unsorted.scores[i])
  };
}
function curve({ images, imageOf, rankOf, scores }, row, objects) {
  const recall = new Float64Array(scores.length);
  const precision = new Float64Array(scores.length);
  let right = 0;
  let wrong = 0;
  for (let d = 0; d < scores.length; d++) {
    const image = images[imageOf[d]];
    const at = row * image.scores.length + rankOf[d];
    if (!image.ignored[at]) {
      if (image.found[at]) right++;
      else wrong++;
    }
    recall[d] = right / objects;
    precision[d] = right === 0 ? 0 : right / (right + wrong);
  }
  for (let d = scores.length - 1; d > 0; d--) {
    precision[d - 1] = Math.max(precision[d - 1], precision[d]);
  }
  return { recall, precision, scores };
}

// evaluate/cocoStats.ts
var statNames = ["AP", "AP50", "AP75", "APs", "APm", "APl", "AR1", "AR10", "AR100", "ARs", "ARm", "ARl"];
function averagePrecision(measurement, selection = {}) {
  const { tables } = measurement;
  const entries = [];
  for (const { t, k, a, m } of selected(measurement, selection)) {
    for (let r = 0; r < tables.shape.R; r++) entries.push(tables.precision[precisionIndex(tables, t, r, k, a, m)]);
  }
  return meanOfMeasured(entries);
}
function averageRecall(measurement, selection = {}) {
  const { tables } = measurement;
  return meanOfMeasured(
    [...selected(measurement, selection)].map(({ t, k, a, m }) => tables.recall[recallIndex(tables, t, k, a, m)])
  );
}
function precisionRecallCurve(measurement, categoryId, iouThr = 0.5) {
  const { params, tables } = measurement;
  const [entry] = selected(measurement, { categoryId, iouThr });
  if (!entry) return null;
  const { t, k, a, m } = entry;
  const places = params.recThrs.map((_, r) => precisionIndex(tables, t, r, k, a, m));
  if (tables.precision[places[0]] === -1) return null;
  return {
    recall: params.recThrs,
    precision: places.map((place) => tables.precision[place]),
    score: places.map((place) => tables.scores[place])
  };
}
function statSelections({ maxDets }) {
  return [
    // pycocotools asks for AP at exactly 100 detections, so it is -1 under `maxDets` without 100.
    { kind: "AP", selection: { maxDets: 100 } },
    { kind: "AP", selection: { iouThr: 0.5 } },
    { kind: "AP", selection: { iouThr: 0.75 } },
    ...["small", "medium", "large"].map((area) => ({ kind: "AP", selection: { area } })),
    ...maxDets.map((limit) => ({ kind: "AR", selection: { maxDets: limit } })),
    ...["small", "medium", "large"].map((area) => ({ kind: "AR", selection: { area } }))
  ];
}
function cocoStats(measurement) {
  return statSelections(measurement.params).map(({ kind, selection }) => kind === "AP" ? averagePrecision(measurement, selection) : averageRecall(measurement, selection));
}
function summariseClasses(measurement, counts) {
  return measurement.categories.map(({ id: categoryId, name }, k) => ({
    categoryId,
    name,
    AP: averagePrecision(measurement, { categoryId }),
    AP50: averagePrecision(measurement, { categoryId, iouThr: 0.5 }),
    AR: averageRecall(measurement, { categoryId }),
    ...counts[k]
  }));
}
function formatStats({ params, stats }) {
  const { iouThrs, maxDets } = params;
  const everyIou = `${iouThrs[0].toFixed(2)}:${iouThrs.at(-1).toFixed(2)}`;
  return statSelections(params).map(({ kind, selection }, i) => {
    const title = (kind === "AP" ? "Average Precision" : "Average Recall").padEnd(18);
    const iou = (selection.iouThr?.toFixed(2) ?? everyIou).padEnd(9);
    const area = (selection.area ?? "all").padStart(6);
    const limit = String(selection.maxDets ?? maxDets.at(-1)).padStart(3);
    return ` ${title} (${kind}) @[ IoU=${iou} | area=${area} | maxDets=${limit} ] = ${stats[i].toFixed(3)}`;
  }).join("\n");
}
function* selected({ params, categories, tables }, selection) {
  const { T, K } = tables.shape;
  const a = params.areaRngLbl.indexOf(selection.area ?? "all");
  const m = params.maxDets.indexOf(selection.maxDets ?? params.maxDets.at(-1));
  if (a < 0 || m < 0) return;
  for (let t = 0; t < T; t++) {
    if (selection.iouThr !== void 0 && params.iouThrs[t] !== selection.iouThr) continue;
    for (let k = 0; k < K; k++) {
      if (selection.categoryId !== void 0 && categories[k].id !== selection.categoryId) continue;
      yield { t, k, a, m };
    }
  }
}
function meanOfMeasured(entries) {
  const measured = entries.filter((entry) => entry > -1);
  return measured.length === 0 ? -1 : measured.reduce((sum, entry) => sum + entry, 0) / measured.length;
}

export {
  emptyTables,
  fillClass,
  statNames,
  averagePrecision,
  averageRecall,
  precisionRecallCurve,
  cocoStats,
  summariseClasses,
  formatStats
};
//# sourceMappingURL=chunk-MBXCDZNF.js.map
