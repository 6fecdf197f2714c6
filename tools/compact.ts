/** `npm run compact`: the weights of a run alone, in half precision, to be passed on. */
import { compactRun, type RunKind } from '../pipeline/run.ts';
import { command, oneOf, required, runCommand } from './cli.ts';

interface Options {
  readonly run?: string;
  readonly out?: string;
  readonly kind: RunKind;
}

const root = command('compact',
  'Copies the weights of a run (averages where kept) in half precision, without optimiser state.',
  'npm run compact -- --kind generator --run runs/generator --out weights/generator')
  .option('--kind <kind>', 'autoencoder, generator or prior', oneOf('autoencoder', 'generator', 'prior'), 'generator')
  .option('--run <dir>', 'folder of a run (required)')
  .option('--out <dir>', 'folder to write (required)')
  .action(async (options: Options) => {
    const file = await compactRun(required(options.run, '--run'), options.kind, required(options.out, '--out'));
    console.log(`wrote ${file}`);
  });

await runCommand(root, process.argv.slice(2));
