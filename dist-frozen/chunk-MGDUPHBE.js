import {
  cocoStats,
  emptyTables,
  fillClass,
  precisionRecallCurve,
  statNames,
  summariseClasses
} from "./chunk-MBXCDZNF.js";
import {
  readJson
} from "./chunk-L5HLJDC5.js";
import {
  writeAtomic
} from "./chunk-CLXACCIO.js";
import {
  UserError
} from "./chunk-Q54TM6M7.js";

// evaluate/evaluationParams.ts
function linspace(first, last, count) {
  const step = (last - first) / (count - 1);
  return Array.from({ length: count }, (_, i) => i === count - 1 ? last : i * step + first);
}
var huge = 1e10;
var cocoParams = {
  iouThrs: linspace(0.5, 0.95, 10),
  recThrs: linspace(0, 1, 101),
  maxDets: [1, 10, 100],
  areaRng: [[0, huge], [0, 32 ** 2], [32 ** 2, 96 ** 2], [96 ** 2, huge]],
  areaRngLbl: ["all", "small", "medium", "large"],
  useCats: true,
  useIgnoreFlags: false
};
function completeParams(gt, overrides) {
  const everyImage = gt.images.map((image) => image.id);
  const everyCategory = gt.categories.map((category) => category.id);
  const params = { imgIds: everyImage, catIds: everyCategory, ...cocoParams, ...overrides };
  checkKnown("imgIds", params.imgIds, everyImage);
  checkKnown("catIds", params.catIds, everyCategory);
  checkThresholds(params);
  checkMaxDets(params.maxDets);
  checkAreas(params);
  return { ...params, imgIds: sortedUnique(params.imgIds), catIds: sortedUnique(params.catIds) };
}
function checkKnown(field, ids, known) {
  const knownSet = new Set(known);
  const stranger = ids.find((id2) => !knownSet.has(id2));
  if (stranger !== void 0) {
    throw new UserError(`evaluation params: ${field} has ${stranger}, which the ground truth lacks; leave it out.`);
  }
}
function checkThresholds({ iouThrs, recThrs }) {
  if (iouThrs.length === 0 || !iouThrs.every((threshold) => threshold >= 0 && threshold <= 1)) {
    throw new UserError(`evaluation params: iouThrs must be numbers in 0..1, got [${iouThrs.join(", ")}].`);
  }
  const ascending = recThrs.every((threshold, i) => i === 0 || threshold > recThrs[i - 1]);
  if (recThrs.length === 0 || !ascending || !recThrs.every((threshold) => threshold >= 0 && threshold <= 1)) {
    throw new UserError(`evaluation params: recThrs must ascend within 0..1, got [${recThrs.join(", ")}].`);
  }
}
function checkMaxDets(maxDets) {
  const ascending = maxDets.every((count, i) => Number.isInteger(count) && count > (i === 0 ? 0 : maxDets[i - 1]));
  if (maxDets.length !== 3 || !ascending) {
    throw new UserError(
      `evaluation params: maxDets must be three ascending positive integers such as 1,10,100, one for each of the three recall figures; got [${maxDets.join(", ")}].`
    );
  }
}
function checkAreas({ areaRng, areaRngLbl }) {
  if (areaRng.length === 0 || areaRng.length !== areaRngLbl.length) {
    throw new UserError(
      `evaluation params: areaRng has ${areaRng.length} ranges but areaRngLbl ${areaRngLbl.length} names; give both.`
    );
  }
  const wrong = areaRng.findIndex(([least, most]) => !(least <= most));
  if (wrong >= 0) {
    throw new UserError(`evaluation params: areaRng[${wrong}] must be [least, most], got [${areaRng[wrong]}].`);
  }
}
function sortedUnique(ids) {
  return [...new Set(ids)].sort((a, b) => a - b);
}

// evaluate/checkCoco.ts
function checkGroundTruth(gt, where = "ground truth") {
  const images = uniqueIds(gt.images, `${where}: images`);
  const categories = uniqueIds(gt.categories, `${where}: categories`);
  uniqueIds(gt.annotations, `${where}: annotations`);
  gt.annotations.forEach((annotation, i) => {
    const place = `${where}: annotations[${i}]`;
    checkMember(annotation.image_id, images, `${place}: image_id`, "images of the same file");
    checkMember(annotation.category_id, categories, `${place}: category_id`, "categories of the same file");
    checkBox(annotation.bbox, place);
    if (annotation.area !== void 0 && !(annotation.area >= 0)) {
      throw new UserError(`${place}: area must be 0 or more square pixels, got ${annotation.area}.`);
    }
  });
}
function checkDetections(detections, gt, where = "detections") {
  const images = new Set(gt.images.map((image) => image.id));
  const categories = new Set(gt.categories.map((category) => category.id));
  detections.forEach((detection, i) => {
    const place = `${where}[${i}]`;
    checkMember(detection.image_id, images, `${place}: image_id`, "images of the annotations");
    checkMember(detection.category_id, categories, `${place}: category_id`, "categories of the annotations");
    checkBox(detection.bbox, place);
    if (!Number.isFinite(detection.score)) {
      throw new UserError(`${place}: score must be a finite number, got ${detection.score}.`);
    }
  });
}
function checkMember(id2, known, place, among) {
  if (known.has(id2)) return;
  throw new UserError(`${place} ${id2} is not among the ${known.size} ${among}. Do the two belong together?`);
}
function checkBox(bboxXywhPx, place) {
  const [, , width, height] = bboxXywhPx;
  if (bboxXywhPx.length === 4 && bboxXywhPx.every(Number.isFinite) && width >= 0 && height >= 0) return;
  throw new UserError(
    `${place}: bbox must be [left, top, width, height] in pixels with width and height 0 or more, got [${bboxXywhPx.join(", ")}]. Is it [left, top, right, bottom]?`
  );
}
function uniqueIds(items, place) {
  const firstOf = /* @__PURE__ */ new Map();
  items.forEach(({ id: id2 }, i) => {
    const first = firstOf.get(id2);
    if (first !== void 0) {
      throw new UserError(`${place}[${i}]: id ${id2} is already that of entry ${first}; ids must differ.`);
    }
    firstOf.set(id2, i);
  });
  return new Set(firstOf.keys());
}

// evaluate/boxIou.ts
function boxIou(detectionXywhPx, objectXywhPx, objectIsCrowd) {
  const [dx, dy, dw, dh] = detectionXywhPx;
  const [ox, oy, ow, oh] = objectXywhPx;
  const width = Math.min(dx + dw, ox + ow) - Math.max(dx, ox);
  if (width <= 0) return 0;
  const height = Math.min(dy + dh, oy + oh) - Math.max(dy, oy);
  if (height <= 0) return 0;
  const intersection = width * height;
  return intersection / (objectIsCrowd ? dw * dh : dw * dh + ow * oh - intersection);
}

// evaluate/matching.ts
function matchImage({ objects, detections }, params) {
  const { iouThrs, areaRng } = params;
  const kept = [...detections].sort((a, b) => b.score - a.score).slice(0, params.maxDets.at(-1));
  const crowd = objects.map((object2) => Boolean(object2.iscrowd));
  const ious = iouTable(kept, objects, crowd);
  const D = kept.length;
  const found = new Uint8Array(areaRng.length * iouThrs.length * D);
  const ignored = new Uint8Array(found.length);
  const counted = new Uint32Array(areaRng.length);
  areaRng.forEach((range, a) => {
    const outside = kept.map(({ bbox: bbox2 }) => isOutside(bbox2[2] * bbox2[3], range));
    const candidates = prepare(objects, crowd, range, params.useIgnoreFlags);
    counted[a] = candidates.ignored.filter((flag2) => !flag2).length;
    iouThrs.forEach((threshold, t) => {
      const taken = new Uint8Array(objects.length);
      for (let d = 0; d < D; d++) {
        const at = (a * iouThrs.length + t) * D + d;
        const best = bestObject(ious, d, threshold, candidates, taken);
        if (best >= 0) taken[best] = 1;
        found[at] = best >= 0 ? 1 : 0;
        ignored[at] = (best >= 0 ? candidates.ignored[best] : outside[d]) ? 1 : 0;
      }
    });
  });
  return { scores: Float64Array.from(kept, (detection) => detection.score), found, ignored, counted };
}
function bestObject(ious, d, threshold, from, taken) {
  const N = from.order.length;
  let best = -1;
  let bestIou = Math.min(threshold, 1 - 1e-10);
  for (const n of from.order) {
    if (taken[n] && !from.crowd[n]) continue;
    if (best >= 0 && !from.ignored[best] && from.ignored[n]) break;
    const iou = ious[d * N + n];
    if (iou < bestIou) continue;
    bestIou = iou;
    best = n;
  }
  return best;
}
function prepare(objects, crowd, range, useIgnore) {
  const ignored = objects.map((object2, n) => crowd[n] || useIgnore && Boolean(object2.ignore) || isOutside(objectArea(object2), range));
  const indices = objects.map((_, n) => n);
  const order = [...indices.filter((n) => !ignored[n]), ...indices.filter((n) => ignored[n])];
  return { crowd, ignored, order };
}
function objectArea({ area, bbox: bbox2 }) {
  return area ?? bbox2[2] * bbox2[3];
}
function isOutside(area, [least, most]) {
  return area < least || area > most;
}
function iouTable(detections, objects, crowd) {
  const N = objects.length;
  const ious = new Float64Array(detections.length * N);
  detections.forEach((detection, d) => objects.forEach((object2, n) => {
    ious[d * N + n] = boxIou(detection.bbox, object2.bbox, crowd[n]);
  }));
  return ious;
}

// evaluate/coco.ts
function evaluateDetections(gt, detections, overrides = {}) {
  checkGroundTruth(gt);
  checkDetections(detections, gt);
  const params = completeParams(gt, overrides);
  const categories = scoredCategories(gt, params);
  const tables = emptyTables(params, categories.length);
  const cells = groupByClassAndImage(gt.annotations, detections, params);
  cells.forEach((ofClass, k) => {
    const images = [...ofClass.keys()].sort((a, b) => a - b).map((id2) => matchImage(ofClass.get(id2), params));
    fillClass(tables, k, images, params);
  });
  const measurement = { params, categories, tables };
  const counts = cells.map((ofClass) => countCells([...ofClass.values()]));
  return { ...measurement, stats: cocoStats(measurement), perClass: summariseClasses(measurement, counts) };
}
function scoredCategories(gt, { catIds, useCats }) {
  if (!useCats) return [{ id: -1, name: "all classes" }];
  const byId = new Map(gt.categories.map((category) => [category.id, category]));
  return catIds.map((id2) => byId.get(id2));
}
function groupByClassAndImage(annotations, detections, params) {
  const { catIds, useCats } = params;
  const images = new Set(params.imgIds);
  const rowOf = new Map(catIds.map((id2, k) => [id2, useCats ? k : 0]));
  const cells = Array.from({ length: useCats ? catIds.length : 1 }, () => /* @__PURE__ */ new Map());
  const cellOf = ({ image_id, category_id }) => {
    const ofClass = cells[rowOf.get(category_id) ?? -1];
    if (!ofClass || !images.has(image_id)) return void 0;
    const cell = ofClass.get(image_id) ?? { objects: [], detections: [] };
    ofClass.set(image_id, cell);
    return cell;
  };
  const inOrder = (items) => useCats ? items : [...items].sort((a, b) => a.category_id - b.category_id);
  for (const annotation of inOrder(annotations)) cellOf(annotation)?.objects.push(annotation);
  for (const detection of inOrder(detections)) cellOf(detection)?.detections.push(detection);
  return cells;
}
function countCells(cells) {
  return {
    objects: cells.reduce((sum, cell) => sum + cell.objects.filter((object2) => !object2.iscrowd).length, 0),
    detections: cells.reduce((sum, cell) => sum + cell.detections.length, 0)
  };
}

// evaluate/cocoFiles.ts
import * as v from "valibot";
var id = v.pipe(v.number(), v.integer());
var bbox = v.strictTuple([v.number(), v.number(), v.number(), v.number()]);
var flag = v.optional(v.union([v.literal(0), v.literal(1), v.boolean()]));
var groundTruthSchema = v.object({
  images: v.array(v.object({ id })),
  categories: v.array(v.object({ id, name: v.string() })),
  annotations: v.array(v.object({
    id,
    image_id: id,
    category_id: id,
    bbox,
    area: v.optional(v.number()),
    iscrowd: flag,
    ignore: flag
  }))
});
var detectionsSchema = v.array(v.object({ image_id: id, category_id: id, bbox, score: v.number() }));
async function readGroundTruth(file) {
  const gt = parse(groundTruthSchema, await readJson(file), `${file}: `, "a COCO annotations file");
  checkGroundTruth(gt, file);
  return gt;
}
async function readDetections(file, gt) {
  const json = await readJson(file);
  if (!Array.isArray(json)) {
    const isObject = json !== null && typeof json === "object";
    const found = isObject ? `an object with ${Object.keys(json).join(", ")}` : JSON.stringify(json);
    throw new UserError(`${file}: must be a list of detections (COCO results format), found ${found}.`);
  }
  const detections = parse(detectionsSchema, json, file, "a list of detections");
  checkDetections(detections, gt, file);
  return detections;
}
function parse(schema, json, where, what) {
  const result = v.safeParse(schema, json, { abortEarly: true });
  if (result.success) return result.output;
  const issue = result.issues[0];
  throw new UserError(
    `${where}${placeOf(issue)}: expected ${issue.expected ?? "another value"}, found ${issue.received}; it is not ${what}.`
  );
}
function placeOf(issue) {
  const keys = issue.path?.map((item) => item.key) ?? [];
  return keys.map((key, i) => typeof key === "number" ? `[${key}]` : `${i > 0 ? "." : ""}${String(key)}`).join("");
}

// evaluate/evaluationFile.ts
function evaluationRecord(evaluation) {
  const { imgIds, ...params } = evaluation.params;
  return {
    stats: evaluation.stats,
    statNames,
    perClass: evaluation.perClass.map((figures) => ({
      ...figures,
      curve50: precisionRecallCurve(evaluation, figures.categoryId)
    })),
    params: { ...params, images: imgIds.length }
  };
}
async function writeEvaluation(file, record) {
  await writeAtomic(file, `${readableJson(record)}
`);
}
function readableJson(value, indent = "") {
  if (value === null || typeof value !== "object") return JSON.stringify(value);
  const isList = Array.isArray(value);
  if (isList && value.every((item) => item === null || typeof item !== "object")) return JSON.stringify(value);
  const deeper = `${indent}  `;
  const lines = isList ? value.map((item) => deeper + readableJson(item, deeper)) : Object.entries(value).map(([key, item]) => `${deeper}${JSON.stringify(key)}: ${readableJson(item, deeper)}`);
  const [open, close] = isList ? "[]" : "{}";
  return `${open}
${lines.join(",\n")}
${indent}${close}`;
}

export {
  cocoParams,
  evaluateDetections,
  readGroundTruth,
  readDetections,
  evaluationRecord,
  writeEvaluation
};
//# sourceMappingURL=chunk-MGDUPHBE.js.map
