import {
  readJson
} from "./chunk-L5HLJDC5.js";
import {
  writeAtomic
} from "./chunk-CLXACCIO.js";
import {
  UserError
} from "./chunk-Q54TM6M7.js";

// data/cocoJson.ts
import * as v from "valibot";
var id = v.pipe(v.number(), v.safeInteger());
var side = v.pipe(v.number(), v.finite(), v.gtValue(0));
var coordinate = v.pipe(v.number(), v.finite());
var categorySchema = v.object({ id, name: v.pipe(v.string(), v.minLength(1)) });
var imageSchema = v.object({ id, file_name: v.pipe(v.string(), v.minLength(1)), width: side, height: side });
var annotationSchema = v.object({
  id,
  image_id: id,
  category_id: id,
  bbox: v.strictTuple([coordinate, coordinate, coordinate, coordinate]),
  iscrowd: v.optional(v.union([v.picklist([0, 1]), v.boolean()]))
});
var cocoSchema = v.object({
  categories: v.array(categorySchema),
  images: v.array(imageSchema),
  annotations: v.array(annotationSchema)
});
function issuePlace(issue) {
  let place = "";
  for (const { key, value } of issue.path ?? []) {
    place += typeof key === "number" ? `[${key}]` : `${place ? "." : ""}${String(key)}`;
    const itemId = typeof key === "number" ? value?.id : void 0;
    if (itemId !== void 0) place += ` (id ${String(itemId)})`;
  }
  return place || "top level";
}
function parseCoco(value, file) {
  const result = v.safeParse(cocoSchema, value, { abortEarly: true });
  if (result.success) return result.output;
  const issue = result.issues[0];
  throw new UserError(`${file}: ${issuePlace(issue)}: ${issue.message}. Is this a COCO instances file?`);
}
async function readCoco(path) {
  return parseCoco(await readJson(path), path);
}
function cocoAnnotation(id2, imageId, categoryId, bbox, iscrowd = 0) {
  return { id: id2, image_id: imageId, category_id: categoryId, bbox, area: bbox[2] * bbox[3], iscrowd };
}
async function writeCoco(path, coco) {
  const block = (name) => `"${name}": [
${coco[name].map((record) => JSON.stringify(record)).join(",\n")}
]`;
  await writeAtomic(path, `{
${["categories", "images", "annotations"].map(block).join(",\n")}
}
`);
}

// data/annotations.ts
var defaultFilters = {
  minArea: 1e-5,
  minObjects: 1,
  maxObjects: 30,
  crowd: "keep",
  strict: false
};
var publishedCocoFilters = { ...defaultFilters, minObjects: 2 };
var noFilters = {
  ...defaultFilters,
  minArea: 0,
  minObjects: 0,
  maxObjects: Infinity
};
function indexById(records, name, file) {
  const places = /* @__PURE__ */ new Map();
  records.forEach(({ id: id2 }, i) => {
    const first = places.get(id2);
    if (first !== void 0) throw new UserError(`${file}: ${name}[${first}] and ${name}[${i}] have the same id ${id2}`);
    places.set(id2, i);
  });
  return places;
}
function sortCategories(categories) {
  const order = (a, b) => a < b ? -1 : Number(a > b);
  return categories.map(({ id: id2, name }) => ({ id: id2, name })).sort((a, b) => order(String(a.id), String(b.id)));
}
function classOrder(coco, file, given) {
  if (!given) return sortCategories(coco.categories);
  for (const { id: id2, name } of coco.categories) {
    const expected = given.find((category) => category.id === id2)?.name;
    if (expected !== name) {
      throw new UserError(`${file}: category ${id2} is "${name}", but the model's category ${id2} is ${expected === void 0 ? "missing" : `"${expected}"`}. Use annotations with the training set's categories.`);
    }
  }
  return given.map(({ id: id2, name }) => ({ id: id2, name }));
}
function boxInImage(bbox, { width, height }) {
  const [x, y, w, h] = bbox;
  if (!(w > 0 && h > 0)) return "box without area";
  if (x >= width || y >= height || x + w <= 0 || y + h <= 0) return "box outside the image";
  const overhang = Math.max(0, -x, -y, x + w - width, y + h - height);
  const xyxyUnit = [
    Math.max(0, x / width),
    Math.max(0, y / height),
    Math.min(1, (x + w) / width),
    Math.min(1, (y + h) / height)
  ];
  return { xyxyUnit, overhang };
}
function groupBoxes(coco, file, classIndices, filters) {
  const imagePlaces = indexById(coco.images, "images", file);
  const dropped = {
    "box without area": 0,
    "box outside the image": 0,
    "box at or under minArea": 0,
    "crowd box": 0,
    "image under minObjects": 0,
    "image over maxObjects": 0
  };
  const boxes = { objects: coco.images.map(() => []), dropped, clipped: 0 };
  coco.annotations.forEach((annotation, i) => {
    const { id: id2, image_id: imageId, category_id: categoryId, bbox } = annotation;
    const refuse = (what) => {
      throw new UserError(`${file}: annotations[${i}] (id ${id2}): ${what}`);
    };
    const place = imagePlaces.get(imageId) ?? refuse(`image_id ${imageId} is not among the images`);
    const classIndex = classIndices.get(categoryId) ?? refuse(`category_id ${categoryId} is not among the categories`);
    const image = coco.images[place];
    const refuseBox = (what) => refuse(`${what}: x, y, width, height ${bbox.join(", ")} in image ${imageId} of ${image.width} x ${image.height} px`);
    const box = boxInImage(bbox, image);
    if (typeof box === "string") {
      if (filters.strict) refuseBox(box);
      dropped[box]++;
      return;
    }
    if (box.overhang > 0.5) {
      if (filters.strict) refuseBox("box over the edge of the image");
      boxes.clipped++;
    }
    const [x0, y0, x1, y1] = box.xyxyUnit;
    const crowd = Boolean(annotation.iscrowd);
    if ((x1 - x0) * (y1 - y0) <= filters.minArea) dropped["box at or under minArea"]++;
    else if (crowd && filters.crowd === "drop") dropped["crowd box"]++;
    else boxes.objects[place].push({ classIndex, xyxyUnit: box.xyxyUnit, crowd, annotationId: id2 });
  });
  return boxes;
}
function annotatedDataset(coco, file, options = {}) {
  const filters = { ...defaultFilters, ...options };
  indexById(coco.categories, "categories", file);
  indexById(coco.annotations, "annotations", file);
  if (coco.categories.length === 0) throw new UserError(`${file}: categories is empty. A dataset needs classes.`);
  if (coco.images.length === 0) throw new UserError(`${file}: images is empty. A dataset needs images.`);
  const categories = classOrder(coco, file, options.categories);
  const classIndices = new Map(categories.map(({ id: id2 }, classIndex) => [id2, classIndex]));
  const { objects, dropped, clipped } = groupBoxes(coco, file, classIndices, filters);
  const images = [];
  coco.images.forEach(({ id: id2, file_name: fileName, width, height }, place) => {
    const count = objects[place].length;
    if (count < filters.minObjects) dropped["image under minObjects"]++;
    else if (count > filters.maxObjects) dropped["image over maxObjects"]++;
    else images.push({ id: id2, fileName, width, height, objects: objects[place] });
  });
  if (images.length === 0) {
    const reasons = Object.entries(dropped).filter(([, count]) => count > 0);
    throw new UserError(`${file}: the filters leave none of ${coco.images.length} images (${reasons.map(([reason, count]) => `${count} x ${reason}`).join(", ")}; minObjects ${filters.minObjects}, maxObjects ${filters.maxObjects}, minArea ${filters.minArea}). Relax them or check the annotations.`);
  }
  return { categories, images, dropped, clipped };
}
async function readAnnotations(path, options = {}) {
  return annotatedDataset(await readCoco(path), path, options);
}

export {
  cocoAnnotation,
  writeCoco,
  defaultFilters,
  noFilters,
  annotatedDataset,
  readAnnotations
};
//# sourceMappingURL=chunk-HP4QYYGS.js.map
