/** `npm run evaluate -- drawn`: whether a generator draws what it is asked, where it is asked. */
import { join } from 'node:path';
import type { Command } from 'commander';
import { noFilters, readAnnotations, type AnnotatedImage } from '../data/annotations.ts';
import { loadImage, rgbOfBatch } from '../data/images.ts';
import { contactSheet } from '../draw/contactSheet.ts';
import { drawnBoxes } from '../draw/drawnBoxes.ts';
import { drawDetections } from '../draw/overlay.ts';
import { UserError } from '../engine/errors.ts';
import { RandomStream } from '../engine/random.ts';
import { writeAtomic } from '../engine/writeAtomic.ts';
import { changedBox, cropFeatures, iouOfXyxy, nearestClass, type Crop, type XyxyUnit }
  from '../evaluate/drawnObjects.ts';
import { encodeLayout, type LayoutObject } from '../models/layoutTokens.ts';
import { LayoutSampler, openGenerator, type Generator } from '../pipeline/generator.ts';
import { Progress, openDevice, positiveInteger, real, required, withDevice, writeJson } from './cli.ts';

interface DrawnOptions {
  readonly generator?: string;
  readonly annotations?: string;
  readonly images?: string;
  readonly count: number;
  readonly steps: number;
  readonly guidance: number;
  readonly out?: string;
  readonly json?: string;
  readonly seed: number;
  readonly adapter?: string;
  readonly mode: 'safe' | 'fast';
}

/** Adds the subcommand. */
export function addDrawn(root: Command): void {
  withDevice(root.command('drawn')
    .helpOption('-h, --help', 'show this help')
    .description('Draws the layouts of a dataset with every object and with each left out, from the same noise: what '
      + 'changes is where the object was drawn. Its class is that of the nearest crops of real objects.')
    .option('--generator <run>', 'folder of a trained generator (required)')
    .option('--annotations <file>', 'layouts to draw, and objects to compare with, COCO JSON (required)')
    .option('--images <dir>', 'folder of its pictures (required)')
    .option('--count <number>', 'layouts drawn: the first so many; the other pictures are compared with',
      positiveInteger, 32)
    .option('--steps <number>', 'timesteps of ddim', positiveInteger, 25)
    .option('--guidance <scale>', 'classifier-free guidance; 1 is none', real, 1)
    .option('--out <dir>', 'folder of drawn.json and the contact sheet (default: drawn in the folder of the generator)')
    .option('--json <file>', 'also write the figures to this file')
    .addHelpText('after', '\nExample:\n  npm run evaluate -- drawn --generator runs/generator '
      + '--annotations data/val.json --images data/images'))
    .action(measureDrawn);
}

/** Pictures drawn in one batch. */
const batch = 16;

/** An object that was asked for, and what was drawn. */
interface Asked extends LayoutObject {
  /** Where the picture changes when the object is left out. */
  readonly found: XyxyUnit | null;
  readonly drawnClass: number;
  /** What the same box shows in the next picture: the control for backgrounds that give a class away. */
  readonly elsewhereClass: number;
}

/** Draws layouts, each from the noise of its picture: [n, 3, S, S]. */
class Painter {
  private constructor(private readonly generator: Generator, private readonly sampler: LayoutSampler,
    private readonly options: DrawnOptions) {}

  static async open(generator: Generator, device: Parameters<typeof LayoutSampler.open>[0],
    options: DrawnOptions): Promise<Painter> {
    const sampler = await LayoutSampler.open(device, generator.store, generator.description, batch);
    return new Painter(generator, sampler, options);
  }

  async draw(layouts: readonly { picture: number; objects: readonly LayoutObject[] }[],
    onBatch: (done: number) => void): Promise<Float32Array> {
    const { vocabulary, description: { image: { size } }, firstStage } = this.generator;
    const each = 3 * size * size;
    const all = new Float32Array(layouts.length * each);
    for (let first = 0; first < layouts.length; first += batch) {
      const part = Array.from({ length: batch }, (_, i) => layouts[Math.min(first + i, layouts.length - 1)]!);
      const tokens = new Int32Array(batch * vocabulary.length);
      const start = new Float32Array(batch * firstStage.latentSize);
      part.forEach(({ picture, objects }, i) => {
        tokens.set(encodeLayout(vocabulary, objects), i * vocabulary.length);
        const random = new RandomStream(this.options.seed, `drawn ${picture}`);
        for (let k = 0; k < firstStage.latentSize; k++) start[i * firstStage.latentSize + k] = random.normal();
      });
      const { steps, guidance, seed } = this.options;
      const pictures = await firstStage.decode(await this.sampler.sample(tokens,
        { sampler: 'ddim', steps, guidance, seed, start }));
      const count = Math.min(batch, layouts.length - first);
      all.set(pictures.subarray(0, count * each), first * each);
      onBatch(first + count);
    }
    return all;
  }
}

async function gallery(images: readonly AnnotatedImage[], dir: string, size: number): Promise<Crop[]> {
  const crops = await Promise.all(images.map(async ({ fileName, objects }) => {
    const picture = await loadImage(join(dir, fileName), { size });
    return objects.map(({ classIndex, xyxyUnit }) => ({ classIndex, features: cropFeatures(picture, size, xyxyUnit) }));
  }));
  return crops.flat();
}

async function measureDrawn(options: DrawnOptions): Promise<void> {
  const dir = required(options.generator, '--generator');
  const file = required(options.annotations, '--annotations');
  const images = required(options.images, '--images');
  const out = options.out ?? join(dir, 'drawn');
  const device = await openDevice(options);
  const generator = await openGenerator(device, dir);
  const { categories, image: { size } } = generator.description;
  const dataset = await readAnnotations(file, { ...noFilters, categories });
  const asked = dataset.images.filter(({ objects }) =>
    objects.length > 0 && objects.length <= generator.vocabulary.maxObjects).slice(0, options.count);
  const rest = dataset.images.filter((image) => !asked.includes(image));
  if (rest.length === 0) throw new UserError(`${file}: no pictures are left to compare with; lower --count`);
  const crops = await gallery(rest, images, size);
  const layouts = asked.flatMap(({ objects }, picture) => [{ picture, objects },
    ...objects.map((_, left) => ({ picture, objects: objects.filter((__, k) => k !== left) }))]);
  const progress = new Progress('drawing', layouts.length);
  const painter = await Painter.open(generator, device, options);
  const drawn = await painter.draw(layouts, (done) => progress.update(done));
  progress.stop();
  const each = 3 * size * size;
  const of = (i: number): Float32Array => drawn.subarray(i * each, (i + 1) * each);
  const starts = asked.map((_, i) => asked.slice(0, i).reduce((sum, { objects }) => sum + 1 + objects.length, 0));
  const results = asked.map(({ objects }, i) => {
    const [at, next] = [starts[i]!, starts[(i + 1) % starts.length]!];
    const full = of(at);
    const result = objects.map((object, k): Asked => ({ ...object, found: changedBox(full, of(at + 1 + k), size),
      drawnClass: nearestClass(cropFeatures(full, size, object.xyxyUnit), crops),
      elsewhereClass: nearestClass(cropFeatures(of(next), size, object.xyxyUnit), crops) }));
    return { full, result };
  });
  // How well nearest crops tell classes of real pictures: the most that drawn ones can reach.
  const real = await gallery(asked, images, size);
  const told = real.filter(({ classIndex, features }) => nearestClass(features, crops) === classIndex);
  const ceiling = told.length / real.length;
  const figures = summarise(results.map(({ result }) => result), categories.map(({ name }) => name), ceiling);
  await writeAtomic(join(out, 'drawn.json'), `${JSON.stringify(figures, null, 2)}\n`);
  writeJson(options.json, figures);
  const sheet = await Promise.all(results.slice(0, 24).map(async ({ full, result }) => {
    const picture = rgbOfBatch(full, 0, size);
    const boxes = drawnBoxes(result, categories, size, size);
    const places = result.filter((object) => object.found).map((object) => ({ ...object, xyxyUnit: object.found! }));
    const found = drawnBoxes(places, categories, size, size).map((box) => ({ ...box, label: '', dashed: true }));
    return [{ picture }, { picture: await drawDetections(picture, [...boxes, ...found], { atLeastPx: 256 }) }];
  }));
  await writeAtomic(join(out, 'contact-sheet.png'), await contactSheet(sheet.flat(), 8));
  console.log(`see ${join(out, 'contact-sheet.png')}: asked boxes in full lines, found ones dashed`);
  device.close();
}

/** Shares over all objects and by class, printed and returned. */
function summarise(pictures: readonly (readonly Asked[])[], names: readonly string[], ceiling: number): object {
  const objects = pictures.flat();
  const iou = ({ found, xyxyUnit }: Asked): number => (found ? iouOfXyxy(found, xyxyUnit) : 0);
  const share = (list: readonly Asked[], holds: (object: Asked, i: number) => boolean): number =>
    list.filter(holds).length / Math.max(1, list.length);
  const placed = (object: Asked): boolean => iou(object) >= 0.5;
  const right = (object: Asked): boolean => object.drawnClass === object.classIndex;
  const chance = share(objects, ({ found }, i) =>
    found !== null && iouOfXyxy(found, objects[(i + 1) % objects.length]!.xyxyUnit) >= 0.5);
  const elsewhere = share(objects, ({ elsewhereClass, classIndex }) => elsewhereClass === classIndex);
  const meanIou = objects.reduce((sum, object) => sum + iou(object), 0) / objects.length;
  const perClass = names.map((name, index) => {
    const own = objects.filter(({ classIndex }) => classIndex === index);
    return { name, objects: own.length, placed: share(own, placed), rightClass: share(own, right) };
  }).filter(({ objects: count }) => count > 0);
  const percent = (value: number): string => `${(100 * value).toFixed(1)} %`;
  console.log(`${objects.length} objects in ${pictures.length} pictures: drawn at IoU 0.5 of the asked box `
    + `${percent(share(objects, placed))} (mean IoU ${meanIou.toFixed(2)}; against the next object's box `
    + `${percent(chance)})`);
  console.log(`of the asked class by nearest real crops ${percent(share(objects, right))} (real objects: `
    + `${percent(ceiling)}; the same boxes of the next picture: ${percent(elsewhere)}); `
    + `both ${percent(share(objects, (object) => placed(object) && right(object)))}`);
  for (const row of perClass) {
    console.log(`  ${row.name.padEnd(12)}${String(row.objects).padStart(5)}  placed `
      + `${percent(row.placed).padStart(7)}  class ${percent(row.rightClass).padStart(7)}`);
  }
  return { pictures: pictures.length, objects: objects.length, placed: share(objects, placed), meanIou, chance,
    rightClass: share(objects, right), realRightClass: ceiling, rightClassElsewhere: elsewhere,
    both: share(objects, (object) => placed(object) && right(object)), perClass };
}
