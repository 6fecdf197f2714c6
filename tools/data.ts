/** Command line of datasets: `npm run data -- scenes|voc|mnist-scenes|idx|attributes|select|split|augment|inspect`. */
import { join } from 'node:path';
import { InvalidArgumentError } from 'commander';
import type { Command } from 'commander';
import { defaultFilters, noFilters, readAnnotations } from '../data/annotations.ts';
import type { AnnotationFilters } from '../data/annotations.ts';
import { defaultAugment, writeAugmented } from '../data/augment.ts';
import type { AugmentConfig } from '../data/augment.ts';
import { attributeClasses, writeAttributeFolders } from '../data/attributePictures.ts';
import { writeClassFolders } from '../data/classFolders.ts';
import { parseCoco, writeCoco } from '../data/cocoJson.ts';
import { datasetFigures, figureLines } from '../data/inspect.ts';
import { defaultDigitScene, digitCategories, digitScene, readDigits } from '../data/mnistScenes.ts';
import { readJson } from '../data/readJson.ts';
import { writeSceneFolder } from '../data/sceneFolder.ts';
import type { SceneFolderOptions } from '../data/sceneFolder.ts';
import { layoutKey, rendererUnlike, sceneCategories } from '../data/scenes.ts';
import type { SceneKind } from '../data/scenes.ts';
import { selectClasses } from '../data/selectClasses.ts';
import { splitCoco } from '../data/splitCoco.ts';
import { vocToCoco } from '../data/voc.ts';
import { datasetSheet } from '../draw/datasetSheet.ts';
import { UserError } from '../engine/errors.ts';
import { writeAtomic } from '../engine/writeAtomic.ts';
import {
  command, integer, interruptSignal, oneOf, positiveInteger, Progress, real, required, runCommand, writeJson,
} from './cli.ts';

/** Parser of a whole number of at least `least`. */
const from = (least: number) => (text: string): number => {
  const value = integer(text);
  if (value < least) throw new InvalidArgumentError(`must be at least ${least}, found ${value}.`);
  return value;
};

/** Parser of a number in [0, 1). */
function fraction(text: string): number {
  const value = real(text);
  if (value < 0 || value >= 1) throw new InvalidArgumentError(`must be at least 0 and under 1, found ${value}.`);
  return value;
}

/** Options of both commands that write a folder of rendered scenes. */
interface FolderOptions {
  readonly out?: string;
  readonly count: number;
  readonly size: number;
  readonly seed: number;
  readonly valFraction: number;
}

function withFolder(target: Command): Command {
  return target
    .option('--out <dir>', 'folder for train.json, val.json and images/ (required)')
    .option('--count <number>', 'pictures in all', positiveInteger, 1000)
    .option('--size <px>', 'side of the pictures', from(8), 64)
    .option('--seed <number>', 'seed: the same one gives the same pictures', integer, 0)
    .option('--val-fraction <share>', 'share of the pictures that goes to val.json', fraction, 0.1);
}

/** Writes the folder with progress; on Ctrl-C without annotations, which then are absent rather than partial. */
async function writeFolder(
  { out, count, valFraction }: FolderOptions, scenes: Pick<SceneFolderOptions, 'categories' | 'render'>,
): Promise<void> {
  const folder = required(out, '--out');
  const signal = interruptSignal();
  const progress = new Progress('rendering', count);
  try {
    const { train, val } = await writeSceneFolder({
      out: folder, count, valFraction, ...scenes, signal, onImage: (done) => progress.update(done) });
    progress.stop();
    console.log(`${folder}: ${train} pictures in train.json${val > 0 ? `, ${val} in val.json` : ''}`);
  } catch (error) {
    progress.stop();
    if (!signal.aborted) throw error;
    console.error(`${folder}: stopped, no annotations written; the same command starts over`);
    process.exitCode = 130;
  }
}

interface ScenesOptions extends FolderOptions {
  readonly kind: SceneKind;
  readonly maxObjects?: number;
  readonly cells?: number;
  readonly colors?: 'class' | 'free';
  readonly unlike?: string;
}

const scenes = withFolder(command('scenes', 'Renders the procedural scenes as a dataset.',
  'npm run data -- scenes --out data/scenes --count 5000 --size 64 --seed 1'))
  .option('--kind <street|flat>', 'street scenes of ten classes, or plain shapes on a grid', oneOf('street', 'flat'),
    'street')
  .option('--max-objects <number>', 'most objects in a picture (default: 12 street, 2 flat)', positiveInteger)
  .option('--cells <number>', 'flat: corners lie on a grid of so many cells a side (default: 8)', from(2))
  .option('--colors <class|free>', 'flat: one colour a class, or all at random (default: class)',
    oneOf('class', 'free'))
  .option('--unlike <file>', 'leave out scenes whose layout occurs in this COCO JSON: for tests on unseen layouts')
  .action(async (options: ScenesOptions) => {
    const { kind, seed, size, maxObjects, cells, colors, unlike } = options;
    if (kind !== 'flat' && (cells !== undefined || colors !== undefined)) {
      throw new UserError('--cells and --colors are options of --kind flat');
    }
    const which = {
      kind, seed, ...(maxObjects && { maxObjects }), ...(cells && { cells }), ...(colors && { colors }) };
    const known = unlike === undefined ? [] : (await readAnnotations(unlike, noFilters)).images;
    await writeFolder(options, {
      categories: sceneCategories(kind),
      render: rendererUnlike(which, size, new Set(known.map(({ objects }) => layoutKey(objects)))),
    });
  });

interface MnistOptions extends FolderOptions {
  readonly idx?: string;
  readonly minDigits: number;
  readonly maxDigits: number;
  readonly colors: 'grey' | 'free';
}

const mnistScenes = withFolder(command('mnist-scenes',
  'Composes scenes of MNIST digits; val.json uses the test digits.',
  'npm run data -- mnist-scenes --idx mnist --out data/digits --count 5000 --max-digits 3'))
  .option('--idx <dir>', "folder of MNIST's IDX files, plain or gzipped (required)")
  .option('--min-digits <number>', 'fewest digits in a picture', positiveInteger, defaultDigitScene.minDigits)
  .option('--max-digits <number>', 'most digits in a picture', positiveInteger, defaultDigitScene.maxDigits)
  .option('--colors <grey|free>', 'white on black, or coloured', oneOf('grey', 'free'), defaultDigitScene.colors)
  .action(async (options: MnistOptions) => {
    const { seed, size, minDigits, maxDigits, colors, valFraction } = options;
    if (maxDigits < minDigits) throw new UserError(`--max-digits ${maxDigits} is less than --min-digits ${minDigits}`);
    const dir = required(options.idx, '--idx');
    const train = await readDigits(dir, 'train');
    const val = valFraction > 0 ? await readDigits(dir, 't10k') : train;
    const scene = { size, minDigits, maxDigits, colors };
    await writeFolder(options, {
      categories: digitCategories,
      render: (index, split) => digitScene(split === 'train' ? train : val, seed, index, scene) });
  });

interface IdxOptions {
  readonly idx?: string;
  readonly split: 'train' | 't10k';
  readonly count?: number;
  readonly out?: string;
}

const idx = command('idx', 'Writes the pictures of IDX files (MNIST) as PNGs, a folder for each label.',
  'npm run data -- idx --idx mnist --split train --out data/digits')
  .option('--idx <dir>', "folder of MNIST's IDX files, plain or gzipped (required)")
  .option('--split <train|t10k>', 'which of the two sets', oneOf('train', 't10k'), 'train')
  .option('--count <number>', 'only the first so many', positiveInteger)
  .option('--out <dir>', 'folder to write (required)')
  .action(async (options: IdxOptions) => {
    const [dir, out] = [required(options.idx, '--idx'), required(options.out, '--out')];
    const digits = await readDigits(dir, options.split);
    const most = Math.min(digits.count, options.count ?? Infinity);
    const progress = new Progress('writing', most);
    await writeClassFolders(out, digits, most, (done) => progress.update(done));
    progress.stop();
    console.log(`${out}: ${most} pictures of ${digits.side} px`);
  });

interface AttributesOptions {
  readonly out?: string;
  readonly perClass: number;
  readonly size: number;
  readonly seed: number;
}

const attributes = command('attributes',
  'Renders pictures of 1,000 classes, a folder for each: shape, colour and ground, ten of each.',
  'npm run data -- attributes --out data/attributes --per-class 20 --size 16 --seed 1')
  .option('--out <dir>', 'folder to write (required)')
  .option('--per-class <number>', 'pictures of every class', positiveInteger, 20)
  .option('--size <px>', 'side of the pictures', from(8), 16)
  .option('--seed <number>', 'seed: the same one gives the same pictures', integer, 0)
  .action(async ({ out, perClass, size, seed }: AttributesOptions) => {
    const dir = required(out, '--out');
    const count = perClass * attributeClasses.length;
    const progress = new Progress('rendering', count);
    const signal = interruptSignal();
    await writeAttributeFolders(dir, { seed, perClass, size }, (done) => progress.update(done), signal);
    progress.stop();
    if (signal.aborted) process.exitCode = 130;
    else {
      console.log(`${dir}: ${count} pictures of ${size} px, `
        + `${perClass} for each of ${attributeClasses.length} classes`);
    }
  });

interface VocOptions {
  readonly xml?: string;
  readonly images?: string;
  readonly out?: string;
  readonly classes?: string;
  readonly oneBased: boolean;
  readonly difficult: 'crowd' | 'drop';
  readonly strict: boolean;
}

const voc = command('voc', 'Converts PASCAL VOC annotations to a COCO file.',
  'npm run data -- voc --xml voc/Annotations --images voc/JPEGImages --out train.json')
  .option('--xml <dir>', 'folder of *.xml files (required)')
  .option('--images <dir>', 'folder of the images they name (required)')
  .option('--out <file>', 'COCO instances file to write (required)')
  .option('--classes <list>', 'class names in order, separated by commas (default: all found, sorted)')
  .option('--one-based', "corners number the first and last pixel from 1, as in PASCAL's own files", false)
  .option('--difficult <crowd|drop>', 'what becomes of objects marked difficult', oneOf('crowd', 'drop'), 'crowd')
  .option('--strict', 'refuse boxes without area instead of leaving them out', false)
  .action(async (options: VocOptions) => {
    const { oneBased, difficult, strict } = options;
    const xmlDir = required(options.xml, '--xml');
    const imagesDir = required(options.images, '--images');
    const out = required(options.out, '--out');
    const classes = options.classes?.split(',').map((name) => name.trim());
    const { coco, dropped } = await vocToCoco({
      xmlDir, imagesDir, oneBased, difficult, strict, ...(classes && { classes }) });
    await writeCoco(out, coco);
    for (const reason of dropped) console.log(`left out: ${reason}`);
    console.log(`${out}: ${coco.images.length} images, ${coco.annotations.length} boxes of ` +
      coco.categories.map(({ name }) => name).join(', '));
  });

interface InspectOptions extends AnnotationFilters {
  readonly annotations?: string;
  readonly images?: string;
  readonly sheet: string;
  readonly sheetCount: number;
  readonly json?: string;
}

const inspect = command('inspect', 'Prints what a dataset holds and what the filters drop; draws a contact sheet.',
  'npm run data -- inspect --annotations data/scenes/val.json --images data/scenes/images')
  .option('--annotations <file>', 'COCO instances file (required)')
  .option('--images <dir>', 'folder of its images; without it no sheet is drawn')
  .option('--sheet <file>', 'contact sheet to write', 'contact-sheet.png')
  .option('--sheet-count <number>', 'pictures on the sheet, evenly spaced over the dataset', positiveInteger, 24)
  .option('--min-area <share>', 'boxes must cover more of the image', fraction, defaultFilters.minArea)
  .option('--min-objects <number>', 'fewest objects in an image', from(0), defaultFilters.minObjects)
  .option('--max-objects <number>', 'most objects in an image', from(0), defaultFilters.maxObjects)
  .option('--crowd <keep|drop>', 'crowd boxes as ordinary objects, or not at all', oneOf('keep', 'drop'),
    defaultFilters.crowd)
  .option('--strict', 'refuse boxes without area or over the edge of the image', false)
  .option('--json <file>', 'also write the figures to this file')
  .action(async (options: InspectOptions) => {
    const { minArea, minObjects, maxObjects, crowd, strict, images, sheet, sheetCount } = options;
    const file = required(options.annotations, '--annotations');
    const dataset = await readAnnotations(file, { minArea, minObjects, maxObjects, crowd, strict });
    const figures = datasetFigures(dataset);
    console.log(figureLines(figures).join('\n'));
    writeJson(options.json, figures);
    if (images === undefined) return;
    const columns = Math.min(6, Math.ceil(Math.sqrt(sheetCount * 1.5)));
    await writeAtomic(sheet, await datasetSheet(dataset, images, sheetCount, columns, 256));
    console.log(`contact sheet     ${sheet}`);
  });

interface SplitOptions {
  readonly annotations?: string;
  readonly share: number;
  readonly seed: number;
  readonly out?: string;
}

const split = command('split', 'Holds images of a COCO file out, by their ids: writes train.json and val.json.',
  'npm run data -- split --annotations data/instances.json --share 0.1 --out data/split')
  .option('--annotations <file>', 'COCO instances file (required)')
  .option('--share <share>', 'share of the images that goes to val.json', fraction, 0.1)
  .option('--seed <number>', 'seed: the same one holds out the same images', integer, 0)
  .option('--out <dir>', 'folder for train.json and val.json (required)')
  .action(async ({ annotations, share, seed, out }: SplitOptions) => {
    const [file, dir] = [required(annotations, '--annotations'), required(out, '--out')];
    for (const [name, coco] of Object.entries(splitCoco(await readJson(file), file, share, seed))) {
      const path = join(dir, `${name}.json`);
      await writeAtomic(path, JSON.stringify(coco));
      console.log(`${path}: ${coco.images.length} images, ${coco.annotations.length} boxes`);
    }
  });

interface SelectOptions {
  readonly annotations?: string;
  readonly classes?: string;
  readonly out?: string;
}

const select = command('select', 'Keeps some classes of a COCO file: the others become background.',
  'npm run data -- select --annotations data/instances.json --classes cat,dog --out data/pets.json')
  .option('--annotations <file>', 'COCO instances file (required)')
  .option('--classes <list>', 'names of the classes to keep, separated by commas (required)')
  .option('--out <file>', 'COCO instances file to write (required)')
  .action(async ({ annotations, classes, out }: SelectOptions) => {
    const [file, path] = [required(annotations, '--annotations'), required(out, '--out')];
    const names = required(classes, '--classes').split(',').map((name) => name.trim());
    const coco = selectClasses(await readJson(file), file, names);
    await writeAtomic(path, JSON.stringify(coco));
    console.log(`${path}: ${coco.images.length} images, ${coco.annotations.length} boxes of ${names.join(', ')}`);
  });

interface AugmentOptions extends AugmentConfig {
  readonly annotations?: string;
  readonly images?: string;
  readonly out?: string;
}

const augment = command('augment',
  'Makes few photographs many: turned, mirrored, cut out and tinted copies, with their boxes.',
  'npm run data -- augment --annotations data/train.json --images data/photos --copies 20 --out data/augmented')
  .option('--annotations <file>', 'COCO instances file (required)')
  .option('--images <dir>', 'folder of its images (required)')
  .option('--out <dir>', 'folder for train.json and images/ (required)')
  .option('--copies <number>', 'copies of every picture, beside the picture itself', positiveInteger,
    defaultAugment.copies)
  .option('--crop <share>', 'a copy shows down to 1 - share of each side', fraction, defaultAugment.crop)
  .option('--no-mirror', 'do not mirror copies left and right, and top and bottom')
  .option('--turn <share>', 'share of the copies that are turned by a quarter', fraction, defaultAugment.turn)
  .option('--tint <share>', 'colours are multiplied by up to 1 + share, or as much less', fraction, defaultAugment.tint)
  .option('--max-side <px>', 'longest side of what is written; 0: as it is cut', from(0), defaultAugment.maxSide)
  .option('--seed <number>', 'seed: the same one gives the same copies', integer, defaultAugment.seed)
  .action(async ({ annotations, images: folder, out: target, ...config }: AugmentOptions) => {
    const [file, images] = [required(annotations, '--annotations'), required(folder, '--images')];
    const out = required(target, '--out');
    const coco = await readJson(file);
    const signal = interruptSignal();
    const progress = new Progress('augmenting', parseCoco(coco, file).images.length);
    try {
      const made = await writeAugmented({
        coco, file, images, out, signal, onPicture: (done) => progress.update(done) }, config);
      progress.stop();
      console.log(`${out}: ${made.images.length} pictures, ${made.annotations.length} boxes in train.json`);
    } catch (error) {
      progress.stop();
      if (!signal.aborted) throw error;
      console.error(`${out}: stopped, no annotations written; the same command starts over`);
      process.exitCode = 130;
    }
  });

const root = command('data', 'Makes, converts and shows datasets.', 'npm run data -- scenes --help').helpCommand(false);
const subcommands = [scenes, voc, mnistScenes, idx, attributes, select, split, augment, inspect];
for (const subcommand of subcommands) root.addCommand(subcommand);
const argv = process.argv.slice(2);
await runCommand(root, argv.length > 0 ? argv : ['--help']);
