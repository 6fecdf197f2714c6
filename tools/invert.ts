/** `npm run invert -- detect`: finds the layout of pictures by inverting a generator. */
import { withDevice, command, integer, oneOf, openDevice, positiveInteger, range, real, required, runCommand }
  from './cli.ts';
import { UserError } from '../engine/errors.ts';
import type { ClassifyMethod, Stage } from '../invert/classify.ts';
import { classify, type ClassifyOptions } from './classify.ts';
import { detect, type DetectOptions } from './detect.ts';
import { withInversion } from './inversionOptions.ts';
import { mergeDetections } from './mergeDetections.ts';

const root = command('invert', 'Uses a trained generator the other way round: from pictures to what is in them.',
  'npm run invert -- detect --generator runs/generator --prior runs/prior --images photos --out runs/detect');

withDevice(withInversion(root.command('detect').helpOption('-h, --help', 'show this help')
  .description('Finds objects: for each picture the layout that maximises p(picture | layout) p(layout).')
  .option('--generator <run>', 'folder of a trained generator (required)')
  .option('--prior <run>',
    'folder of a prior of either kind trained with --generator; without it p(layout) is left out')
  .option('--no-prior', 'leave p(layout) out')
  .option('--images <path...>',
    'a folder of pictures, or picture files; with --annotations the folder they lie in (required)')
  .option('--annotations <file>', 'COCO JSON that lists the pictures; its boxes are only drawn, never looked at')
  .option('--count <number>', 'only the first so many pictures', positiveInteger)
  .option('--shard <I/N>', 'only every N-th picture, from the I-th on: for several processes; see merge')
  .option('--out <dir>', 'folder for detections.json, inversions.jsonl, overlays/ and index.html (required)')
  .option('--resume', 'go on with the pictures that --out lacks'))
  .option('--no-regenerate', 'do not draw what the generator makes of the layouts found')
  .option('--json <file>', 'also write a summary to this file'))
  .addHelpText('after', '\nExample:\n  npm run invert -- detect --generator runs/generator --prior runs/prior '
    + '--images photos --out runs/detect')
  .action(async (options: DetectOptions) => {
    required(options.generator, '--generator');
    required(options.images, '--images');
    required(options.out, '--out');
    await detect(options, () => openDevice(options));
  });

/** `invert,enumerate` */
function parseMethods(text: string): ClassifyMethod[] {
  const known: readonly string[] = ['invert', 'enumerate', 'adaptive'];
  const methods = text.split(',');
  const wrong = methods.find((method) => !known.includes(method));
  if (wrong !== undefined) {
    throw new UserError(`--method: must be of ${known.join(', ')}, separated by commas; found '${wrong}'`);
  }
  return methods as ClassifyMethod[];
}

/** `50:5,250:1`: pairs seen and classes kept, by stage. */
function parseStages(text: string): Stage[] {
  return text.split(',').map((part) => {
    const [pairs, keep] = part.split(':').map(Number);
    if (!Number.isInteger(pairs) || !Number.isInteger(keep)) {
      throw new UserError(`--stages: must be PAIRS:CLASSES for each stage, separated by commas; found '${part}'`);
    }
    return { pairs: pairs!, keep: keep! };
  });
}

withDevice(root.command('classify').helpOption('-h, --help', 'show this help')
  .description('Classifies pictures by a class-conditional generator: the class under which it denoises them best.')
  .option('--generator <run>',
    'folder of a generator trained with --conditioning class, or of an imported DiT (required)')
  .option('--images <path...>', 'picture files, folders of them, or a folder with a folder for each class (required)')
  .option('--out <dir>', 'folder for predictions.json, predictions.jsonl and classify.json (required)')
  .option('--method <list>', 'invert (gradient on the class embedding), enumerate (every class on every pair), '
    + 'adaptive (in stages); several are compared in one run', parseMethods, ['invert'])
  .option('--preset <search|dive>', 'settings to start from: ours, or the paper\'s', oneOf('search', 'dive'), 'search')
  .option('--pairs <number>', 'fixed (timestep, noise) pairs that classes are compared on (dive: 250, search: 24)',
    positiveInteger)
  .option('--timesteps <low,high>', 'range of timesteps (default: all that were trained)', range)
  .option('--error <kind>', 'what errors of a generator that predicts z or v are measured in: its prediction, or the '
    + 'noise (dive: noise, search: prediction)', oneOf('prediction', 'noise'))
  .option('--loops <number>', 'passes over the pairs, each followed by the monitor (dive: 20, search: 4)',
    positiveInteger)
  .option('--batch-pairs <number>', 'pairs an optimiser step (dive: 25, search: 4)', positiveInteger)
  .option('--patience <number>', 'loops without a new minimum before a picture is done; 0: all loops', integer)
  .option('--projection <kind>', 'slot (nearest row, straight-through: the paper\'s), logits or none',
    oneOf('slot', 'logits', 'none'))
  .option('--metric <l2|cosine>', 'distance for nearest rows', oneOf('l2', 'cosine'))
  .option('--lr <number>', 'learning rate (dive: 0.01)', real)
  .option('--candidates <number>', 'nearest classes that the monitor looks at (dive: 1, search: 16)', positiveInteger)
  .option('--glance <number>', 'pairs that the monitor compares classes on first, before it judges the best on all; '
    + '0: all at once, as published (search: 2)', integer)
  .option('--finalists <number>', 'classes that the monitor judges on all pairs at a time, after --glance (search: 4)',
    positiveInteger)
  .option('--neighbours <number>', 'after the loops, look at so many unseen neighbours of the best classes in the '
    + 'class table, again and again; 0, as published: no (search: 16)', integer)
  .option('--rounds <number>', 'of --neighbours at most; they end when one finds no better class (search: 4)', integer)
  .option('--stages <list>', 'of adaptive: PAIRS:CLASSES seen and kept by stage, as in 50:5,250:1', parseStages)
  .option('--images-at-once <number>', 'pictures in one program', positiveInteger)
  .option('--count <number>', 'only so many pictures, evenly spread over all', positiveInteger)
  .option('--resume', 'go on with the pictures and methods that --out lacks')
  .option('--json <file>', 'also write the summary to this file'))
  .addHelpText('after', '\nExample:\n  npm run invert -- classify --generator runs/classes --images data/val '
    + '--method invert,enumerate --out runs/classified')
  .action(async (options: ClassifyOptions) => {
    required(options.generator, '--generator');
    required(options.images, '--images');
    required(options.out, '--out');
    await classify(options, () => openDevice(options));
  });

root.command('merge').helpOption('-h, --help', 'show this help')
  .description('Puts the shards of a detection together into what one run would have written.')
  .argument('<folders...>', 'the --out folders of all shards')
  .option('--out <dir>', 'folder for the whole (required)')
  .option('--json <file>', 'also write a summary to this file')
  .addHelpText('after', '\nExample:\n  npm run invert -- merge runs/shard-1 runs/shard-2 --out runs/detect')
  .action((folders: string[], { out, json }: { out?: string; json?: string }) =>
    mergeDetections(folders, required(out, '--out'), json));

for (const sub of root.commands) sub.exitOverride().configureOutput({ writeErr: () => undefined });
const argv = process.argv.slice(2);
await runCommand(root, argv.length > 0 ? argv : ['--help']);
