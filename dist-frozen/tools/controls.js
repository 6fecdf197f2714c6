import {
  Judge,
  checkInversion,
  inversionConfig,
  priorOf,
  trainedSteps
} from "../chunk-JWDHQEF3.js";
import "../chunk-ZOERM2PQ.js";
import "../chunk-MBXCDZNF.js";
import "../chunk-LOYFLMAJ.js";
import "../chunk-T6JM6XVE.js";
import "../chunk-LJVP3GZA.js";
import {
  openGenerator
} from "../chunk-RSM2DQM3.js";
import "../chunk-X4MMT7BF.js";
import "../chunk-KTCMITE2.js";
import {
  emptyLayout,
  encodeLayout
} from "../chunk-MPJXQ5EU.js";
import "../chunk-3D4ROVPF.js";
import "../chunk-35FDYTRM.js";
import "../chunk-F6TGNQ67.js";
import "../chunk-AMP7OYK6.js";
import "../chunk-ZOZ7FHQ3.js";
import "../chunk-LQGN7KL2.js";
import {
  loadImage
} from "../chunk-RDT35KUK.js";
import "../chunk-BLV74BJT.js";
import {
  Progress,
  command,
  openDevice,
  positiveInteger,
  required,
  runCommand,
  withDevice,
  writeJson
} from "../chunk-26JDG3OC.js";
import {
  noFilters,
  readAnnotations
} from "../chunk-HP4QYYGS.js";
import "../chunk-L5HLJDC5.js";
import {
  RandomStream
} from "../chunk-A26XEMZC.js";
import "../chunk-CLXACCIO.js";
import "../chunk-IBDXW56B.js";
import "../chunk-Q54TM6M7.js";

// tools/controls.ts
import { join } from "node:path";
async function measure(options) {
  const dir = required(options.generator, "--generator");
  const [annotations, images] = [required(options.annotations, "--annotations"), required(options.images, "--images")];
  const device = await openDevice(options);
  const generator = await openGenerator(device, dir);
  const { vocabulary, description, firstStage } = generator;
  const prior = priorOf({ ...options, generator: dir }, generator);
  const config = inversionConfig({
    preset: "search",
    seed: options.seed,
    imagesAtOnce: 8,
    restarts: 2 + options.others
  }, generator);
  checkInversion(config, trainedSteps(generator));
  const judge = await Judge.open(device, generator, prior, config);
  const dataset = await readAnnotations(annotations, {
    ...noFilters,
    maxObjects: vocabulary.maxObjects,
    categories: description.categories
  });
  const items = dataset.images.slice(0, options.count);
  const random = new RandomStream(options.seed, "controls");
  const energies = { true: 0, other: 0, empty: 0 };
  let [pairs, wonPairs, wonAll, beatsEmpty] = [0, 0, 0, 0];
  const progress = new Progress("judging", items.length);
  for (let first = 0; first < items.length; first += 8) {
    const part = items.slice(first, first + 8);
    const pictures = await Promise.all(part.map(({ fileName }) => loadImage(join(images, fileName), description.image)));
    const flat = new Float32Array(8 * pictures[0].length);
    pictures.forEach((picture, i) => flat.set(picture, i * picture.length));
    const z = (await firstStage.encode(flat)).map((value) => value * description.latentScale);
    const candidates = part.flatMap(({ objects }, image) => [
      { image, tokens: encodeLayout(vocabulary, objects) },
      { image, tokens: emptyLayout(vocabulary) },
      ...Array.from({ length: options.others }, () => {
        const other = (first + image + 1 + random.integer(items.length - 1)) % items.length;
        return { image, tokens: encodeLayout(vocabulary, items[other].objects) };
      })
    ]);
    const found = await judge.energies(z, candidates);
    const each = 2 + options.others;
    part.forEach((_, i) => {
      const [own, empty, ...others] = found.subarray(i * each, (i + 1) * each);
      energies.true += own / items.length;
      energies.empty += empty / items.length;
      energies.other += others.reduce((a, b) => a + b, 0) / others.length / items.length;
      const won = others.filter((energy) => energy > own).length;
      pairs += others.length;
      wonPairs += won;
      wonAll += Number(won === others.length);
      beatsEmpty += Number(empty > own);
    });
    progress.update(first + part.length);
  }
  progress.stop();
  const share = (n, of) => `${(100 * n / of).toFixed(1)} %`;
  console.log(`mean energy: true layout ${energies.true.toFixed(4)}, other pictures' ${energies.other.toFixed(4)}, empty ${energies.empty.toFixed(4)}`);
  console.log(`true layout below another's: ${share(wonPairs, pairs)} of ${pairs} pairs; below all ${options.others}: ${share(wonAll, items.length)} of ${items.length} pictures; below empty: ${share(beatsEmpty, items.length)}`);
  writeJson(options.json, { energies, pairs, wonPairs, images: items.length, wonAll, beatsEmpty });
  device.close();
}
var root = withDevice(command(
  "controls",
  "Compares the energy of true layouts with that of other pictures' layouts: is the likelihood right?",
  "npm run controls -- --generator runs/generator --annotations data/val.json --images data/images"
).option("--generator <run>", "folder of a trained generator (required)").option("--prior <run>", "folder of its prior; without it the image term alone is compared").option("--annotations <file>", "COCO JSON (required)").option("--images <dir>", "folder of its pictures (required)").option("--count <number>", "only the first so many pictures", positiveInteger, 100).option("--others <number>", "other layouts per picture", positiveInteger, 5).option("--json <file>", "also write the figures to this file")).action(measure);
await runCommand(root, process.argv.slice(2));
//# sourceMappingURL=controls.js.map
