import {
  writeSceneFolder
} from "../chunk-PI42MEZK.js";
import {
  layoutKey,
  rendererUnlike,
  sceneCategories
} from "../chunk-6GKYMKBI.js";
import {
  drawDetections,
  drawnBoxes
} from "../chunk-ZOZ7FHQ3.js";
import {
  drawSheet,
  readPicture
} from "../chunk-LQGN7KL2.js";
import {
  imageSize,
  loadRgb
} from "../chunk-RDT35KUK.js";
import "../chunk-BLV74BJT.js";
import {
  Progress,
  command,
  integer,
  interruptSignal,
  oneOf,
  positiveInteger,
  real,
  required,
  runCommand,
  writeJson
} from "../chunk-26JDG3OC.js";
import {
  cocoAnnotation,
  defaultFilters,
  noFilters,
  readAnnotations,
  writeCoco
} from "../chunk-HP4QYYGS.js";
import "../chunk-L5HLJDC5.js";
import {
  RandomStream
} from "../chunk-A26XEMZC.js";
import {
  writeAtomic
} from "../chunk-CLXACCIO.js";
import "../chunk-IBDXW56B.js";
import {
  UserError
} from "../chunk-Q54TM6M7.js";

// tools/data.ts
import { InvalidArgumentError } from "commander";

// data/inspect.ts
function spreadOf(values) {
  if (values.length === 0) return null;
  const sorted = [...values].sort((a, b) => a - b);
  const at = (share) => sorted[Math.round(share * (sorted.length - 1))];
  return { min: at(0), lower: at(0.25), median: at(0.5), upper: at(0.75), max: at(1) };
}
function datasetFigures(dataset) {
  const { categories, images, dropped, clipped } = dataset;
  const areas = categories.map(() => []);
  const imagesWith = categories.map(() => 0);
  const objectsPerImage = [];
  const shortSides = [];
  const boxSizes = { small: 0, medium: 0, large: 0 };
  let crowd = 0;
  for (const { width, height, objects } of images) {
    while (objectsPerImage.length <= objects.length) objectsPerImage.push(0);
    objectsPerImage[objects.length]++;
    for (const classIndex of new Set(objects.map((object2) => object2.classIndex))) imagesWith[classIndex]++;
    for (const { classIndex, xyxyUnit: [x0, y0, x1, y1], crowd: isCrowd } of objects) {
      const area = (x1 - x0) * (y1 - y0);
      const areaPx = area * width * height;
      areas[classIndex].push(area);
      shortSides.push(Math.min(x1 - x0, y1 - y0));
      boxSizes[areaPx < 32 ** 2 ? "small" : areaPx < 96 ** 2 ? "medium" : "large"]++;
      crowd += Number(isCrowd);
    }
  }
  return {
    images: images.length,
    objects: shortSides.length,
    crowd,
    classes: categories.map(({ name: name2 }, i) => ({ name: name2, objects: areas[i].length, images: imagesWith[i], area: spreadOf(areas[i]) })),
    objectsPerImage,
    imageWidth: spreadOf(images.map(({ width }) => width)),
    imageHeight: spreadOf(images.map(({ height }) => height)),
    shortSide: spreadOf(shortSides),
    boxSizes,
    dropped,
    clipped
  };
}
function spreadLine(spread, format) {
  if (!spread) return "-";
  const [min, lower, median, upper, max] = [spread.min, spread.lower, spread.median, spread.upper, spread.max].map((value) => format(value));
  return min === max ? min : `${median} (${min} .. ${lower} .. ${upper} .. ${max})`;
}
var percent = (share) => `${Number((100 * share).toPrecision(2))} %`;
function figureLines(figures) {
  const { images, objects, crowd, classes, objectsPerImage, boxSizes, dropped, clipped } = figures;
  const nameWidth = Math.max(...classes.map(({ name: name2 }) => name2.length));
  const filtered = Object.entries(dropped).filter(([, count]) => count > 0);
  const pixels = (value) => `${value}`;
  return [
    `images            ${images}, ${spreadLine(figures.imageWidth, pixels)} x ${spreadLine(figures.imageHeight, pixels)} px`,
    `objects           ${objects}${crowd > 0 ? `, ${crowd} of them crowds` : ""}`,
    `objects an image  ${objectsPerImage.map((count, n) => `${n}: ${count}`).filter((_, n) => objectsPerImage[n] > 0).join("  ")}`,
    `box sizes         ${boxSizes.small} small, ${boxSizes.medium} medium, ${boxSizes.large} large; short side ${spreadLine(figures.shortSide, percent)} of the image`,
    `filters           ${filtered.map(([reason, count]) => `${count} x ${reason}`).join(", ") || "dropped nothing"}${clipped > 0 ? `; ${clipped} boxes clipped to the image` : ""}`,
    `classes           ${classes.length}: boxes, images, area of the image`,
    ...classes.map(({ name: name2, objects: boxes, images: shown, area }) => `  ${name2.padEnd(nameWidth)}  ${String(boxes).padStart(6)}  ${String(shown).padStart(6)}  ` + spreadLine(area, percent))
  ];
}

// data/mnistScenes.ts
import { access } from "node:fs/promises";
import { join } from "node:path";

// data/idx.ts
import { readFile } from "node:fs/promises";
import { promisify } from "node:util";
import { gunzip } from "node:zlib";
var unsignedByte = 8;
async function readIdx(path) {
  let bytes;
  try {
    bytes = await readFile(path);
    if (bytes[0] === 31 && bytes[1] === 139) bytes = await promisify(gunzip)(bytes);
  } catch (error) {
    const { code, message } = error;
    throw new UserError(`${path}: IDX file cannot be read (${code ?? message}). Is it missing or cut off?`);
  }
  const axes = bytes[3];
  if (bytes.length < 4 || bytes[0] !== 0 || bytes[1] !== 0 || bytes[2] !== unsignedByte || axes < 1) {
    throw new UserError(`${path}: not an IDX file of unsigned bytes: it begins with ${bytes.subarray(0, 4).toString("hex") || "nothing"}, expected 0000080n`);
  }
  const start = 4 + 4 * axes;
  const shape = Array.from({ length: axes }, (_, i) => bytes.length >= start ? bytes.readUInt32BE(4 + 4 * i) : 0);
  const count = shape.reduce((product, side) => product * side, 1);
  if (bytes.length !== start + count) {
    throw new UserError(
      `${path}: an IDX array of [${shape.join(", ")}] needs ${start + count} bytes, found ${bytes.length}`
    );
  }
  return { shape, values: new Uint8Array(bytes.buffer, bytes.byteOffset + start, count) };
}

// data/mnistScenes.ts
var digitCategories = Array.from({ length: 10 }, (_, digit) => ({ id: 11 + digit, name: String(digit) }));
async function idxPath(dir, stem) {
  for (const name2 of [`${stem}.gz`, stem]) {
    const path = join(dir, name2);
    if (await access(path).then(() => true, () => false)) return path;
  }
  throw new UserError(`${dir}: holds neither ${stem}.gz nor ${stem}. It should be a folder of MNIST's IDX files.`);
}
function lightOnDark(values, side) {
  let rim = 0;
  const area = side * side;
  for (let first = 0; first < values.length; first += area) rim += values[first] + values[first + area - 1];
  const isDark = rim / (2 * values.length / area) < 128;
  return isDark ? values : values.map((value) => 255 - value);
}
async function readDigits(dir, split) {
  const imagesPath = await idxPath(dir, `${split}-images-idx3-ubyte`);
  const labelsPath = await idxPath(dir, `${split}-labels-idx1-ubyte`);
  const images = await readIdx(imagesPath);
  const labels = await readIdx(labelsPath);
  const [count, side, width] = images.shape;
  if (images.shape.length !== 3 || side !== width || count === 0 || labels.shape.join() !== String(count)) {
    throw new UserError(`${imagesPath}: expected square digits and as many labels, found images [${images.shape.join(", ")}] and labels [${labels.shape.join(", ")}] in ${labelsPath}`);
  }
  const stray = labels.values.find((label) => label > 9);
  if (stray !== void 0) throw new UserError(`${labelsPath}: labels must be 0 .. 9, found ${stray}`);
  return { count, side, images: lightOnDark(images.values, side), labels: labels.values };
}
var defaultDigitScene = { size: 64, minDigits: 1, maxDigits: 4, colors: "grey" };
function inkBounds({ side, images }, digit) {
  let [x0, y0, x1, y1] = [side, side, 0, 0];
  for (let y = 0; y < side; y++) {
    for (let x = 0; x < side; x++) {
      if (images[(digit * side + y) * side + x] < 64) continue;
      [x0, x1] = [Math.min(x0, x), Math.max(x1, x + 1)];
      [y0, y1] = [Math.min(y0, y), Math.max(y1, y + 1)];
    }
  }
  return x1 > x0 ? [x0, y0, x1, y1] : null;
}
function inkAt({ side, images }, digit, x, y) {
  const column = Math.floor(x - 0.5);
  const row = Math.floor(y - 0.5);
  const [s, t] = [x - 0.5 - column, y - 0.5 - row];
  const at = (c, r) => c >= 0 && c < side && r >= 0 && r < side ? images[(digit * side + r) * side + c] / 255 : 0;
  return (at(column, row) * (1 - s) + at(column + 1, row) * s) * (1 - t) + (at(column, row + 1) * (1 - s) + at(column + 1, row + 1) * s) * t;
}
function paintDigit(digits, rgb, size, placed) {
  const { digit, bounds, xyxyUnit, color } = placed;
  const [bx0, by0, bx1, by1] = bounds;
  const [x0, y0, x1, y1] = xyxyUnit.map((value) => value * size);
  for (let row = Math.max(0, Math.floor(y0) - 1); row < Math.min(size, y1 + 1); row++) {
    for (let column = Math.max(0, Math.floor(x0) - 1); column < Math.min(size, x1 + 1); column++) {
      let ink = 0;
      for (const [dx, dy] of [[0.25, 0.25], [0.75, 0.25], [0.25, 0.75], [0.75, 0.75]]) {
        const x = bx0 + (column + dx - x0) / (x1 - x0) * (bx1 - bx0);
        const y = by0 + (row + dy - y0) / (y1 - y0) * (by1 - by0);
        ink += inkAt(digits, digit, x, y) / 4;
      }
      const i = 3 * (row * size + column);
      for (let c = 0; c < 3; c++) rgb[i + c] = Math.round(rgb[i + c] + (color[c] - rgb[i + c]) * ink);
    }
  }
}
function digitScene(digits, seed, index, options) {
  const { size, minDigits, maxDigits, colors } = options;
  const random = new RandomStream(seed, `scenes/digits/${index}`);
  const wanted = minDigits + random.integer(maxDigits - minDigits + 1);
  const placed = [];
  for (let attempt = 0; attempt < 60 && placed.length < wanted; attempt++) {
    const digit = random.integer(digits.count);
    const bounds = inkBounds(digits, digit);
    if (!bounds) continue;
    const height = random.uniform(0.26, wanted > 4 ? 0.34 : 0.46);
    const width = Math.min(0.9, height * (bounds[2] - bounds[0]) / (bounds[3] - bounds[1]));
    const [x0, y0] = [random.uniform(0.01, 0.99 - width), random.uniform(0.01, 0.99 - height)];
    const clear = placed.every(({ xyxyUnit: [a0, b0, a1, b1] }) => {
      const common = Math.max(0, Math.min(x0 + width, a1) - Math.max(x0, a0)) * Math.max(0, Math.min(y0 + height, b1) - Math.max(y0, b0));
      return common <= 0.1 * Math.min(width * height, (a1 - a0) * (b1 - b0));
    });
    const color = colors === "grey" ? [255, 255, 255] : [random.uniform(110, 255), random.uniform(110, 255), random.uniform(110, 255)];
    if (clear) placed.push({ digit, bounds, xyxyUnit: [x0, y0, x0 + width, y0 + height], color });
  }
  const rgb = new Uint8Array(3 * size * size);
  const ground = [0, 1, 2].map(() => colors === "grey" ? 0 : random.integer(70));
  for (let i = 0; i < rgb.length; i++) rgb[i] = ground[i % 3];
  for (const item of placed) paintDigit(digits, rgb, size, item);
  const objects = placed.map(({ digit, xyxyUnit }) => ({ classIndex: digits.labels[digit], xyxyUnit, visible: 1 }));
  return { width: size, height: size, rgb, objects };
}

// data/voc.ts
import { readdir, readFile as readFile2 } from "node:fs/promises";
import { join as join2 } from "node:path";
import { XMLParser } from "fast-xml-parser";
import * as v from "valibot";
var whole = v.pipe(v.string(), v.trim(), v.regex(/^\d+$/, "a whole number is expected"), v.transform(Number));
var coordinate = v.pipe(
  v.string(),
  v.trim(),
  v.regex(/^-?\d+(\.\d+)?$/, "a number is expected"),
  v.transform(Number)
);
var name = v.pipe(v.string(), v.trim(), v.minLength(1));
var vocSchema = v.object({
  annotation: v.object({
    filename: name,
    size: v.optional(v.object({ width: whole, height: whole })),
    object: v.optional(v.array(v.object({
      name,
      difficult: v.optional(v.string()),
      bndbox: v.object({ xmin: coordinate, ymin: coordinate, xmax: coordinate, ymax: coordinate })
    })), [])
  })
});
var parser = new XMLParser({
  parseTagValue: false,
  // class names may look like numbers
  isArray: (_name, path) => path === "annotation.object"
});
async function readVoc(path) {
  let parsed;
  try {
    parsed = parser.parse(await readFile2(path, "utf8"), true);
  } catch (error) {
    throw new UserError(`${path}: not readable as XML: ${error.message.split("\n")[0]}`);
  }
  const result = v.safeParse(vocSchema, parsed, { abortEarly: true });
  if (result.success) return result.output.annotation;
  const issue = result.issues[0];
  throw new UserError(`${path}: ${v.getDotPath(issue) ?? "top level"}: ${issue.message}. Is this a VOC annotation?`);
}
async function checkedSize(path, { filename, size }, imagesDir) {
  const { width, height } = await imageSize(join2(imagesDir, filename));
  const agrees = !size || size.width * size.height === 0 || size.width === width && size.height === height;
  if (agrees) return { width, height };
  throw new UserError(`${path}: says ${filename} is ${size.width} x ${size.height} px, but it is ${width} x ${height}. Was it resized after the boxes were drawn?`);
}
function categoriesOf(annotations, given) {
  const found = new Set(annotations.flatMap(({ object: object2 }) => object2.map((item) => item.name)));
  return new Map((given ?? [...found].sort()).map((className, i) => [className, i + 1]));
}
async function vocToCoco(options) {
  const { xmlDir, imagesDir, classes, oneBased = false, difficult = "crowd", strict = false } = options;
  const files = await readdir(xmlDir).catch((error) => {
    throw new UserError(`${xmlDir}: cannot be read (${error.code}). It should be a folder of VOC *.xml files.`);
  });
  const paths = files.filter((file) => file.toLowerCase().endsWith(".xml")).sort().map((file) => join2(xmlDir, file));
  if (paths.length === 0) throw new UserError(`${xmlDir}: holds no *.xml files`);
  const annotations = [];
  for (const path of paths) annotations.push(await readVoc(path));
  const categoryIds = categoriesOf(annotations, classes);
  const coco = {
    categories: [...categoryIds].map(([className, id]) => ({ id, name: className })),
    images: [],
    annotations: []
  };
  const dropped = [];
  for (const [i, annotation] of annotations.entries()) {
    const imageId = i + 1;
    const size = await checkedSize(paths[i], annotation, imagesDir);
    coco.images.push({ id: imageId, file_name: annotation.filename, ...size });
    annotation.object.forEach(({ name: className, difficult: mark, bndbox: { xmin, ymin, xmax, ymax } }, k) => {
      const item = `${paths[i]}: object[${k}] (${className})`;
      const categoryId = categoryIds.get(className);
      if (categoryId === void 0) {
        throw new UserError(`${item}: its class is not among those given: ${[...categoryIds.keys()].join(", ")}`);
      }
      const more = oneBased ? 1 : 0;
      const bbox = [xmin - more, ymin - more, xmax - xmin + more, ymax - ymin + more];
      const isDifficult = mark?.trim() === "1";
      if (!(bbox[2] > 0 && bbox[3] > 0)) {
        const reason = `${item}: the box has no area: xmin ${xmin}, ymin ${ymin}, xmax ${xmax}, ymax ${ymax}`;
        if (strict) throw new UserError(reason);
        dropped.push(reason);
      } else if (isDifficult && difficult === "drop") dropped.push(`${item}: marked difficult`);
      else {
        coco.annotations.push(
          cocoAnnotation(coco.annotations.length + 1, imageId, categoryId, [...bbox], isDifficult ? 1 : 0)
        );
      }
    });
  }
  return { coco, dropped };
}

// draw/datasetSheet.ts
import { join as join3 } from "node:path";
async function datasetSheet(dataset, imagesDir, count, columns, sidePx) {
  const cells = [];
  for (const { fileName, objects } of sampleImages(dataset, count)) {
    const image = await loadRgb(join3(imagesDir, fileName));
    const boxes = drawnBoxes(objects, dataset.categories, image.width, image.height);
    const picture = await readPicture(await drawDetections(image, boxes, { atLeastPx: sidePx, atMostPx: sidePx }));
    cells.push({ picture, size: picture });
  }
  return drawSheet(cells, columns);
}
function sampleImages({ images }, count) {
  const taken = Math.min(count, images.length);
  return Array.from({ length: taken }, (_, i) => images[Math.floor(i * images.length / taken)]);
}

// tools/data.ts
var from = (least) => (text) => {
  const value = integer(text);
  if (value < least) throw new InvalidArgumentError(`must be at least ${least}, found ${value}.`);
  return value;
};
function fraction(text) {
  const value = real(text);
  if (value < 0 || value >= 1) throw new InvalidArgumentError(`must be at least 0 and under 1, found ${value}.`);
  return value;
}
function withFolder(target) {
  return target.option("--out <dir>", "folder for train.json, val.json and images/ (required)").option("--count <number>", "pictures in all", positiveInteger, 1e3).option("--size <px>", "side of the pictures", from(8), 64).option("--seed <number>", "seed: the same one gives the same pictures", integer, 0).option("--val-fraction <share>", "share of the pictures that goes to val.json", fraction, 0.1);
}
async function writeFolder({ out, count, valFraction }, scenes2) {
  const folder = required(out, "--out");
  const signal = interruptSignal();
  const progress = new Progress("rendering", count);
  try {
    const { train, val } = await writeSceneFolder({
      out: folder,
      count,
      valFraction,
      ...scenes2,
      signal,
      onImage: (done) => progress.update(done)
    });
    progress.stop();
    console.log(`${folder}: ${train} pictures in train.json${val > 0 ? `, ${val} in val.json` : ""}`);
  } catch (error) {
    progress.stop();
    if (!signal.aborted) throw error;
    console.error(`${folder}: stopped, no annotations written; the same command starts over`);
    process.exitCode = 130;
  }
}
var scenes = withFolder(command(
  "scenes",
  "Renders the procedural scenes as a dataset.",
  "npm run data -- scenes --out data/scenes --count 5000 --size 64 --seed 1"
)).option(
  "--kind <street|flat>",
  "street scenes of ten classes, or plain shapes on a grid",
  oneOf("street", "flat"),
  "street"
).option("--max-objects <number>", "most objects in a picture (default: 12 street, 2 flat)", positiveInteger).option("--cells <number>", "flat: corners lie on a grid of so many cells a side (default: 8)", from(2)).option(
  "--colors <class|free>",
  "flat: one colour a class, or all at random (default: class)",
  oneOf("class", "free")
).option("--unlike <file>", "leave out scenes whose layout occurs in this COCO JSON: for tests on unseen layouts").action(async (options) => {
  const { kind, seed, size, maxObjects, cells, colors, unlike } = options;
  if (kind !== "flat" && (cells !== void 0 || colors !== void 0)) {
    throw new UserError("--cells and --colors are options of --kind flat");
  }
  const which = {
    kind,
    seed,
    ...maxObjects && { maxObjects },
    ...cells && { cells },
    ...colors && { colors }
  };
  const known = unlike === void 0 ? [] : (await readAnnotations(unlike, noFilters)).images;
  await writeFolder(options, {
    categories: sceneCategories(kind),
    render: rendererUnlike(which, size, new Set(known.map(({ objects }) => layoutKey(objects))))
  });
});
var mnistScenes = withFolder(command(
  "mnist-scenes",
  "Composes scenes of MNIST digits; val.json uses the test digits.",
  "npm run data -- mnist-scenes --idx mnist --out data/digits --count 5000 --max-digits 3"
)).option("--idx <dir>", "folder of MNIST's IDX files, plain or gzipped (required)").option("--min-digits <number>", "fewest digits in a picture", positiveInteger, defaultDigitScene.minDigits).option("--max-digits <number>", "most digits in a picture", positiveInteger, defaultDigitScene.maxDigits).option("--colors <grey|free>", "white on black, or coloured", oneOf("grey", "free"), defaultDigitScene.colors).action(async (options) => {
  const { seed, size, minDigits, maxDigits, colors, valFraction } = options;
  if (maxDigits < minDigits) throw new UserError(`--max-digits ${maxDigits} is less than --min-digits ${minDigits}`);
  const dir = required(options.idx, "--idx");
  const train = await readDigits(dir, "train");
  const val = valFraction > 0 ? await readDigits(dir, "t10k") : train;
  const scene = { size, minDigits, maxDigits, colors };
  await writeFolder(options, {
    categories: digitCategories,
    render: (index, split) => digitScene(split === "train" ? train : val, seed, index, scene)
  });
});
var voc = command(
  "voc",
  "Converts PASCAL VOC annotations to a COCO file.",
  "npm run data -- voc --xml voc/Annotations --images voc/JPEGImages --out train.json"
).option("--xml <dir>", "folder of *.xml files (required)").option("--images <dir>", "folder of the images they name (required)").option("--out <file>", "COCO instances file to write (required)").option("--classes <list>", "class names in order, separated by commas (default: all found, sorted)").option("--one-based", "corners number the first and last pixel from 1, as in PASCAL's own files", false).option("--difficult <crowd|drop>", "what becomes of objects marked difficult", oneOf("crowd", "drop"), "crowd").option("--strict", "refuse boxes without area instead of leaving them out", false).action(async (options) => {
  const { oneBased, difficult, strict } = options;
  const xmlDir = required(options.xml, "--xml");
  const imagesDir = required(options.images, "--images");
  const out = required(options.out, "--out");
  const classes = options.classes?.split(",").map((name2) => name2.trim());
  const { coco, dropped } = await vocToCoco({
    xmlDir,
    imagesDir,
    oneBased,
    difficult,
    strict,
    ...classes && { classes }
  });
  await writeCoco(out, coco);
  for (const reason of dropped) console.log(`left out: ${reason}`);
  console.log(`${out}: ${coco.images.length} images, ${coco.annotations.length} boxes of ` + coco.categories.map(({ name: name2 }) => name2).join(", "));
});
var inspect = command(
  "inspect",
  "Prints what a dataset holds and what the filters drop; draws a contact sheet.",
  "npm run data -- inspect --annotations data/scenes/val.json --images data/scenes/images"
).option("--annotations <file>", "COCO instances file (required)").option("--images <dir>", "folder of its images; without it no sheet is drawn").option("--sheet <file>", "contact sheet to write", "contact-sheet.png").option("--sheet-count <number>", "pictures on the sheet, evenly spaced over the dataset", positiveInteger, 24).option("--min-area <share>", "boxes must cover more of the image", fraction, defaultFilters.minArea).option("--min-objects <number>", "fewest objects in an image", from(0), defaultFilters.minObjects).option("--max-objects <number>", "most objects in an image", from(0), defaultFilters.maxObjects).option(
  "--crowd <keep|drop>",
  "crowd boxes as ordinary objects, or not at all",
  oneOf("keep", "drop"),
  defaultFilters.crowd
).option("--strict", "refuse boxes without area or over the edge of the image", false).option("--json <file>", "also write the figures to this file").action(async (options) => {
  const { minArea, minObjects, maxObjects, crowd, strict, images, sheet, sheetCount } = options;
  const file = required(options.annotations, "--annotations");
  const dataset = await readAnnotations(file, { minArea, minObjects, maxObjects, crowd, strict });
  const figures = datasetFigures(dataset);
  console.log(figureLines(figures).join("\n"));
  writeJson(options.json, figures);
  if (images === void 0) return;
  const columns = Math.min(6, Math.ceil(Math.sqrt(sheetCount * 1.5)));
  await writeAtomic(sheet, await datasetSheet(dataset, images, sheetCount, columns, 256));
  console.log(`contact sheet     ${sheet}`);
});
var root = command("data", "Makes, converts and shows datasets.", "npm run data -- scenes --help").helpCommand(false);
for (const subcommand of [scenes, voc, mnistScenes, inspect]) root.addCommand(subcommand);
var argv = process.argv.slice(2);
await runCommand(root, argv.length > 0 ? argv : ["--help"]);
//# sourceMappingURL=data.js.map
