import {
  drawLayoutSheet,
  drawLayouts
} from "../chunk-GDGLBMRI.js";
import "../chunk-5WSLUO6M.js";
import {
  drawPriorLayouts
} from "../chunk-XYYZIPSC.js";
import {
  openPrior,
  orderedLayout,
  tokenTableName
} from "../chunk-LOYFLMAJ.js";
import {
  LayoutSampler,
  openGenerator,
  samplers
} from "../chunk-RSM2DQM3.js";
import "../chunk-X4MMT7BF.js";
import {
  encodeLayout
} from "../chunk-MPJXQ5EU.js";
import "../chunk-3D4ROVPF.js";
import "../chunk-35FDYTRM.js";
import "../chunk-F6TGNQ67.js";
import "../chunk-AMP7OYK6.js";
import "../chunk-ZOZ7FHQ3.js";
import "../chunk-LQGN7KL2.js";
import {
  encodePng,
  rgbOfBatch
} from "../chunk-RDT35KUK.js";
import "../chunk-BLV74BJT.js";
import {
  Progress,
  command,
  oneOf,
  openDevice,
  positiveInteger,
  real,
  required,
  runCommand,
  withDevice
} from "../chunk-26JDG3OC.js";
import {
  noFilters,
  readAnnotations
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

// tools/sample.ts
import { join } from "node:path";
var batch = 8;
async function sampleImages(options) {
  const [dir, layoutsFile, out] = [required(options.generator, "--generator"), required(options.layouts, "--layouts"), required(options.out, "--out")];
  const device = await openDevice(options);
  const generator = await openGenerator(device, dir);
  const { vocabulary, description, store, firstStage } = generator;
  const { categories, image: { size } } = description;
  const dataset = await readAnnotations(layoutsFile, { ...noFilters, categories });
  const items = dataset.images.slice(0, options.count);
  const crowded = items.find(({ objects }) => objects.length > vocabulary.maxObjects);
  if (crowded) {
    throw new UserError(`${layoutsFile}: layout ${crowded.id} has ${crowded.objects.length} objects, the generator takes at most ${vocabulary.maxObjects}`);
  }
  const sampler = await LayoutSampler.open(device, store, description, batch);
  const progress = new Progress("drawing", items.length * options.steps);
  const each = 3 * size * size;
  const all = new Float32Array(items.length * each);
  for (let first = 0; first < items.length; first += batch) {
    const part = items.slice(first, first + batch);
    const tokens = new Int32Array(batch * vocabulary.length);
    for (let i = 0; i < batch; i++) tokens.set(encodeLayout(vocabulary, part[Math.min(i, part.length - 1)].objects), i * vocabulary.length);
    const z = await sampler.sample(tokens, {
      sampler: options.sampler,
      steps: options.steps,
      guidance: options.guidance,
      eta: options.eta,
      seed: options.seed + first,
      onStep: (done) => progress.update(first * options.steps + done * part.length)
    });
    const pictures = await firstStage.decode(z);
    all.set(pictures.subarray(0, part.length * each), first * each);
    for (const [i, { id }] of part.entries()) {
      await writeAtomic(join(out, `${String(id).padStart(6, "0")}.png`), await encodePng(rgbOfBatch(pictures, i, size)));
    }
  }
  progress.stop();
  const shown = items.slice(0, 32);
  await drawLayoutSheet(join(out, "contact-sheet.png"), all.slice(0, shown.length * each), size, shown.map(({ objects }) => objects), categories);
  console.log(`${items.length} pictures in ${out}; see ${join(out, "contact-sheet.png")}`);
  device.close();
}
async function partialLayouts(file, { vocabulary, description: { categories, data } }) {
  const { images } = await readAnnotations(file, { ...noFilters, maxObjects: vocabulary.maxObjects, categories });
  return images.map(({ objects }) => orderedLayout(vocabulary, objects, data.order ?? "random", false, new RandomStream(0, "partial")));
}
async function sampleLayouts(options) {
  const [dir, out] = [required(options.prior, "--prior"), required(options.out, "--out")];
  if (!(options.temperature > 0)) throw new UserError(`--temperature: must be above 0, found ${options.temperature}`);
  if (!(options.topP > 0 && options.topP <= 1)) throw new UserError(`--top-p: must be above 0 and at most 1, found ${options.topP}`);
  const prior = openPrior(dir);
  const device = await openDevice(options);
  const { categories } = prior.description;
  const given = options.complete === void 0 ? null : await partialLayouts(options.complete, prior);
  const progress = new Progress("token", options.count * 3 * prior.vocabulary.maxObjects);
  const layouts = await drawPriorLayouts(device, prior.store, prior.description, prior.run.frozen.get(tokenTableName), {
    ...options,
    ...given && { given: Array.from({ length: options.count }, (_, i) => given[i % given.length]) },
    onToken: (done) => progress.update(done)
  });
  progress.stop();
  const side = 1e3;
  let annotation = 0;
  const coco = {
    images: layouts.map((_, i) => ({ id: i + 1, file_name: `${i + 1}.png`, width: side, height: side })),
    categories: categories.map(({ id, name }) => ({ id, name })),
    annotations: layouts.flatMap(({ objects }, i) => objects.map(({ classIndex, xyxyUnit: [x0, y0, x1, y1] }) => {
      const bbox = [x0 * side, y0 * side, (x1 - x0) * side, (y1 - y0) * side];
      return { id: ++annotation, image_id: i + 1, category_id: categories[classIndex].id, bbox, area: bbox[2] * bbox[3], iscrowd: 0 };
    }))
  };
  await writeAtomic(out, JSON.stringify(coco));
  const sheet = out.replace(/(\.json)?$/, ".png");
  await drawLayouts(sheet, layouts.slice(0, 36).map(({ objects }) => objects), categories);
  console.log(`${layouts.length} layouts with ${annotation} objects in ${out}; see ${sheet}`);
  device.close();
}
var root = command(
  "sample",
  "Draws pictures from layouts, and layouts from a prior.",
  "npm run sample -- images --generator runs/generator --layouts data/val.json --out runs/samples"
);
withDevice(root.command("images").helpOption("-h, --help", "show this help").description("Draws pictures from layouts; writes PNGs and a contact sheet with the boxes.").option("--generator <run>", "folder of a trained generator (required)").option("--layouts <file>", "layouts, COCO JSON; pictures need not exist (required)").option("--sampler <name>", Object.keys(samplers).join(", "), oneOf(...Object.keys(samplers)), "ddim").option("--steps <number>", "timesteps visited", positiveInteger, 50).option("--guidance <scale>", "classifier-free guidance against the empty layout; 1 is none", real, 1).option("--eta <number>", "noise of ddim: 0 none, 1 as much as ddpm", real, 0).option("--count <number>", "only the first so many layouts", positiveInteger).option("--out <dir>", "folder of the pictures (required)")).action(sampleImages);
withDevice(root.command("layouts").helpOption("-h, --help", "show this help").description("Draws layouts from a prior; writes a COCO JSON and a drawing.").option("--prior <run>", "folder of a trained prior (required)").option("--count <number>", "layouts", positiveInteger, 24).option("--temperature <number>", "below 1 draws likelier layouts", real, 1).option("--top-p <share>", "draws each token among the likeliest only that make up this share", real, 1).option("--legal", "draws legal objects only, instead of dropping triples that are none").option("--complete <file>", "layouts to add objects to, COCO JSON; they take turns where --count is more").option("--out <file>", "layouts file (required)")).action(sampleLayouts);
for (const sub of root.commands) sub.exitOverride().configureOutput({ writeErr: () => void 0 });
await runCommand(root, process.argv.slice(2));
//# sourceMappingURL=sample.js.map
