/**
 * `npm run controls`: is the likelihood itself right? Compares the energy of every picture's true layout with that of
 * other pictures' layouts and of the empty one. No search is involved.
 */
import { join } from 'node:path';
import { noFilters, readAnnotations } from '../data/annotations.ts';
import { loadImage } from '../data/images.ts';
import { RandomStream } from '../engine/random.ts';
import { trainedSteps } from '../invert/bank.ts';
import { checkInversion } from '../invert/config.ts';
import { Judge, type Candidate } from '../invert/judge.ts';
import { emptyLayout, encodeLayout } from '../models/layoutTokens.ts';
import { openGenerator } from '../pipeline/generator.ts';
import { Progress, command, openDevice, positiveInteger, required, runCommand, withDevice, writeJson } from './cli.ts';
import { inversionConfig, priorOf } from './inversionOptions.ts';

interface Options {
  readonly generator?: string;
  readonly prior?: string | false;
  readonly annotations?: string;
  readonly images?: string;
  readonly count: number;
  readonly others: number;
  readonly json?: string;
  readonly seed: number;
  readonly adapter?: string;
  readonly mode: 'safe' | 'fast';
}

async function measure(options: Options): Promise<void> {
  const dir = required(options.generator, '--generator');
  const [annotations, images] = [required(options.annotations, '--annotations'), required(options.images, '--images')];
  const device = await openDevice(options);
  const generator = await openGenerator(device, dir);
  const { vocabulary, description, firstStage } = generator;
  const prior = priorOf({ ...options, generator: dir }, generator);
  const config = inversionConfig({
    preset: 'search', seed: options.seed, imagesAtOnce: 8, restarts: 2,
  }, generator);
  checkInversion(config, trainedSteps(generator));
  const judge = await Judge.open(device, generator, prior, config);
  const dataset = await readAnnotations(annotations, {
    ...noFilters, maxObjects: vocabulary.maxObjects, categories: description.categories,
  });
  const items = dataset.images.slice(0, options.count);
  const random = new RandomStream(options.seed, 'controls');
  const energies = { true: 0, other: 0, empty: 0 };
  let [pairs, wonPairs, wonAll, beatsEmpty] = [0, 0, 0, 0];
  const progress = new Progress('judging', items.length);
  for (let first = 0; first < items.length; first += 8) {
    const part = items.slice(first, first + 8);
    const pictures = await Promise.all(part.map(({ fileName }) =>
      loadImage(join(images, fileName), description.image)));
    const flat = new Float32Array(8 * pictures[0]!.length);
    pictures.forEach((picture, i) => flat.set(picture, i * picture.length));
    const z = (await firstStage.encode(flat)).map((value) => value * description.latentScale);
    const candidates = part.flatMap(({ objects }, image): Candidate[] => {
      const own = z.subarray(image * firstStage.latentSize, (image + 1) * firstStage.latentSize);
      const others = Array.from({ length: options.others }, () => {
        const other = (first + image + 1 + random.integer(items.length - 1)) % items.length;
        return encodeLayout(vocabulary, items[other]!.objects);
      });
      return [encodeLayout(vocabulary, objects), emptyLayout(vocabulary), ...others]
        .map((tokens) => ({ z: own, tokens }));
    });
    const found = await judge.energies(candidates);
    const each = 2 + options.others;
    part.forEach((_, i) => {
      const [own, empty, ...others] = found.subarray(i * each, (i + 1) * each) as unknown as number[];
      energies.true += own! / items.length;
      energies.empty += empty! / items.length;
      energies.other += others.reduce((a, b) => a + b, 0) / others.length / items.length;
      const won = others.filter((energy) => energy > own!).length;
      pairs += others.length;
      wonPairs += won;
      wonAll += Number(won === others.length);
      beatsEmpty += Number(empty! > own!);
    });
    progress.update(first + part.length);
  }
  progress.stop();
  const share = (n: number, of: number): string => `${((100 * n) / of).toFixed(1)} %`;
  console.log(`mean energy: true layout ${energies.true.toFixed(4)}, other pictures' ${energies.other.toFixed(4)}, `
    + `empty ${energies.empty.toFixed(4)}`);
  console.log(`true layout below another's: ${share(wonPairs, pairs)} of ${pairs} pairs; `
    + `below all ${options.others}: ${share(wonAll, items.length)} of ${items.length} pictures; `
    + `below empty: ${share(beatsEmpty, items.length)}`);
  writeJson(options.json, { energies, pairs, wonPairs, images: items.length, wonAll, beatsEmpty });
  device.close();
}

const root = withDevice(command('controls',
  'Compares the energy of true layouts with that of other pictures\' layouts: is the likelihood right?',
  'npm run controls -- --generator runs/generator --annotations data/val.json --images data/images')
  .option('--generator <run>', 'folder of a trained generator (required)')
  .option('--prior <run>', 'folder of its prior; without it the image term alone is compared')
  .option('--annotations <file>', 'COCO JSON (required)')
  .option('--images <dir>', 'folder of its pictures (required)')
  .option('--count <number>', 'only the first so many pictures', positiveInteger, 100)
  .option('--others <number>', 'other layouts per picture', positiveInteger, 5)
  .option('--json <file>', 'also write the figures to this file'))
  .action(measure);

await runCommand(root, process.argv.slice(2));
