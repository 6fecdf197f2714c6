/** `npm run invert -- detect`: finds the layout of pictures by inverting a generator. */
import { withDevice, command, integer, oneOf, openDevice, positiveInteger, real, required, runCommand } from './cli.ts';
import { detect, type DetectOptions } from './detect.ts';

const root = command('invert', 'Uses a trained generator the other way round: from pictures to what is in them.',
  'npm run invert -- detect --generator runs/generator --prior runs/prior --images photos --out runs/detect');

withDevice(root.command('detect').helpOption('-h, --help', 'show this help')
  .description('Finds objects: for each picture the layout that maximises p(picture | layout) p(layout).')
  .option('--generator <run>', 'folder of a trained generator (required)')
  .option('--prior <run>', 'folder of a prior of either kind trained with --generator; without it p(layout) is left out')
  .option('--images <path...>',
    'a folder of pictures, or picture files; with --annotations the folder they lie in (required)')
  .option('--annotations <file>', 'COCO JSON that lists the pictures; its boxes are only drawn, never looked at')
  .option('--count <number>', 'only the first so many pictures', positiveInteger)
  .option('--out <dir>', 'folder for detections.json, inversions.jsonl, overlays/ and index.html (required)')
  .option('--resume', 'go on with the pictures that --out lacks')
  .option('--preset <search|dive>', 'settings to start from: ours, or the paper\'s', oneOf('search', 'dive'), 'search')
  .option('--steps <number>', 'most optimiser steps', positiveInteger)
  .option('--batch-timesteps <number>', '(timestep, noise) pairs a step (open in the paper)', positiveInteger)
  .option('--timesteps <low,high>', 'range of timesteps (default: within the trained range, '
    + 'for search the noisier half of it: 450 to 950 thousandths)')
  .option('--lr <number>', 'learning rate (open in the paper)', real)
  .option('--prior-weight <number>', 'weight of the prior beside the mean error per element: per nat of an '
    + 'autoregressive prior, per mean squared error of a diffusion prior (open in the paper)', real)
  .option('--prior-target <soft|hard>', 'what an autoregressive prior is to predict: weights over choices, or the hardest '
    + 'reading (default: hard where the projection is straight-through)', oneOf('soft', 'hard'))
  .option('--prior-pairs <number>', '(timestep, noise) pairs a step of a diffusion prior (open in the paper)',
    positiveInteger)
  .option('--prior-timesteps <low,high>', 'thousandths of a diffusion prior\'s schedule drawn from (open in the paper)')
  .option('--no-prior', 'leave p(layout) out')
  .option('--projection <kind>', 'logits, soft, slot (the paper\'s), vocabulary or none',
    oneOf('logits', 'soft', 'slot', 'vocabulary', 'none'))
  .option('--metric <l2|cosine>', 'distance for nearest rows', oneOf('l2', 'cosine'))
  .option('--init <gaussian|none>', 'start of the search (open in the paper)', oneOf('gaussian', 'none'))
  .option('--restarts <number>', 'searches per picture; the best is kept', positiveInteger)
  .option('--images-at-once <number>', 'pictures in one program', positiveInteger)
  .option('--patience <number>',
    'monitor evaluations without a new minimum before a picture is done; 0: to the limit', integer)
  .option('--no-monitor', 'judge only the layout of the last step')
  .option('--local-rounds <number>', 'rounds of moves on the grid after the search', integer)
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

for (const sub of root.commands) sub.exitOverride().configureOutput({ writeErr: () => undefined });
const argv = process.argv.slice(2);
await runCommand(root, argv.length > 0 ? argv : ['--help']);
