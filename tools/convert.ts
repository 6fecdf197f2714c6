/** `npm run convert -- import|export`: published weights (safetensors) to the folder of a run, and back. */
import { statSync } from 'node:fs';
import { UserError } from '../engine/errors.ts';
import type { NamedValues } from '../engine/params.ts';
import type { WrittenDType } from '../engine/safetensors.ts';
import { ditLayout, firstStageExport, firstStageLayout, generatorLayout, type DitDescription, type PublishedLayout }
  from '../pipeline/convertLayout.ts';
import type { Naming } from '../pipeline/convertNames.ts';
import { PublishedFiles, describePlan, expectComplete, planImport, type ImportPlan } from '../pipeline/convertPlan.ts';
import { expectEmpty, exportRun, importRun, kindOfRun } from '../pipeline/convertRun.ts';
import type { GeneratorDescription } from '../pipeline/generator.ts';
import { openRunFile, type LoadedRun } from '../pipeline/run.ts';
import type { AutoencoderRun } from '../train/autoencoder.ts';
import { Progress, command, interruptSignal, oneOf, positiveInteger, real, required, runCommand, writeJson }
  from './cli.ts';
import { importTarget, presetNames, type ImportTarget, type PresetOptions } from './convertPresets.ts';

interface ImportOptions extends PresetOptions {
  readonly preset?: string;
  readonly out?: string;
  readonly ema: boolean;
  readonly precision: 'f32' | 'f16';
  readonly skipUnexpected: boolean;
  readonly json?: string;
}

interface ExportOptions {
  readonly run?: string;
  readonly out?: string;
  readonly firstStage?: string;
  readonly format: Naming;
  readonly precision: 'f32' | 'f16' | 'bf16';
  readonly json?: string;
}

function importLayout(target: ImportTarget, keys: readonly string[], ema: boolean): PublishedLayout {
  if (ema && target.kind !== 'generator') {
    throw new UserError('--ema: only a latent diffusion model holds averages beside its weights');
  }
  if (target.kind === 'generator') return generatorLayout(target.config, ema);
  if (target.kind === 'dit') return ditLayout(target.config, keys);
  return firstStageLayout(target.config.model, target.config.data.size, keys);
}

const accounted = ({ taken, checked, ignored, missing, unexpected, wrong }: ImportPlan): object => ({
  used: taken.map(({ key, kept }) => ({ key, part: kept.part, name: kept.name, shape: kept.shape })),
  checked, ignored: Object.fromEntries(ignored), missing, unexpected, wrong,
});

async function withProgress<T>(total: number, body: (update: (done: number) => void) => Promise<T>): Promise<T> {
  const progress = new Progress('converting', total);
  try {
    return await body((done) => progress.update(Math.min(done, total)));
  } finally {
    progress.stop();
  }
}

async function importWeights(paths: readonly string[], options: ImportOptions): Promise<void> {
  const [preset, out] = [required(options.preset, '--preset'), required(options.out, '--out')];
  expectEmpty(out);
  const target = await importTarget(preset, options);
  const signal = interruptSignal();
  const files = await PublishedFiles.open(paths);
  try {
    const plan = await planImport(files, importLayout(target, files.keys, options.ema));
    for (const line of describePlan(plan)) console.log(line);
    writeJson(options.json, accounted(plan));
    expectComplete(plan, paths.join(', '), options.skipUnexpected);
    const file = await withProgress(plan.taken.length, (update) => importRun(out, files, plan, {
      ...target, half: options.precision === 'f16',
      wrote(arrays) {
        if (signal.aborted) throw new UserError('interrupted; nothing was written');
        update(arrays);
      },
    }));
    console.log(`wrote ${file}`);
  } finally {
    await files.close();
  }
}

/** How a run is published, and its first stage on its own where it came with one. */
function exportLayouts(run: LoadedRun<unknown, NamedValues>, kind: ImportTarget['kind'], format: Naming):
  { own: PublishedLayout; firstStage: PublishedLayout | null } {
  if (kind === 'autoencoder') {
    const { model, data } = run.header.config as AutoencoderRun;
    return { own: firstStageExport('weights', model, data.size, format), firstStage: null };
  }
  const { config } = run.header;
  const { autoencoder, image } = config as GeneratorDescription | DitDescription;
  const hasFirstStage = autoencoder.kind !== 'identity' && (kind === 'generator' || [...run.frozen.keys()].length > 0);
  return {
    own: kind === 'generator' ? generatorLayout(config as GeneratorDescription)
      : ditLayout(config as DitDescription, []),
    firstStage: hasFirstStage ? firstStageExport('frozen', autoencoder, image.size, format) : null,
  };
}

async function exportWeights(options: ExportOptions): Promise<void> {
  const [dir, out] = [required(options.run, '--run'), required(options.out, '--out')];
  const kind = kindOfRun(dir);
  const run = openRunFile<unknown>(dir, kind);
  const { own, firstStage } = exportLayouts(run, kind, options.format);
  const dtype = options.precision.toUpperCase() as WrittenDType;
  if (options.firstStage !== undefined && !firstStage) {
    throw new UserError(`--first-stage: the run ${dir} came with no first stage`);
  }
  const written: Record<string, readonly string[]> = {};
  const write = async (file: string, layout: PublishedLayout): Promise<void> => {
    const { written: keys, absent } = await exportRun(file, run, layout, dtype);
    written[file] = keys;
    console.log(`wrote ${file}: ${keys.length} tensors, ${(statSync(file).size / 1e6).toFixed(1)} MB`);
    if (absent.length > 0) console.log(`  without ${absent.length} that the run does not have: ${absent.join(', ')}`);
  };
  await write(out, own);
  if (options.firstStage !== undefined) await write(options.firstStage, firstStage!);
  run.close();
  writeJson(options.json, { run: run.file, written });
}

const importExample = 'npm run convert -- import model.safetensors --preset layout2img-256 --classes 80 --out runs/ldm';
const exportExample = 'npm run convert -- export --run runs/autoencoder --format diffusers --out vae.safetensors';

const root = command('convert', 'Published weights to the folder of a run, and back.', importExample);

root.command('import').helpOption('-h, --help', 'show this help')
  .description('Makes a run of published weights (LDM, diffusers, DiT). Every tensor is accounted for; nothing is '
    + 'written where one is missing or of another shape.')
  .argument('<files...>', 'safetensors files, read as one')
  .option(`--preset <name>`, `${presetNames.join(', ')} (required)`, oneOf(...presetNames))
  .option('--out <dir>', 'folder of the run to be made (required)')
  .option('--ema', 'take the averages of the U-Net where the file has both', false)
  .option('--precision <f32|f16>', 'of the checkpoint', oneOf('f32', 'f16'), 'f32')
  .option('--annotations <file>', 'COCO instances JSON that names the classes of a layout model')
  .option('--classes <number>', 'number of classes of a layout model, unnamed', positiveInteger)
  .option('--latent-scale <number>', 'factor on latents (default: 1; DiT 0.18215)', real)
  .option('--skip-unexpected', 'import although the files hold tensors that no rule knows', false)
  .option('--json <file>', 'also write the account of all tensors to this file')
  .addHelpText('after', `\nExample:\n  ${importExample}`)
  .action(importWeights);

root.command('export').helpOption('-h, --help', 'show this help')
  .description('Writes the weights of a run (averages where kept) as safetensors, under their published names.')
  .option('--run <dir>', 'folder of an autoencoder, generator or imported DiT (required)')
  .option('--out <file>', 'file to write (required)')
  .option('--first-stage <file>', 'also write the first stage that the run came with, on its own')
  .option('--format <ldm|diffusers>', 'names of a first stage on its own', oneOf('ldm', 'diffusers'), 'ldm')
  .option('--precision <f32|f16|bf16>', 'of the file', oneOf('f32', 'f16', 'bf16'), 'f32')
  .option('--json <file>', 'also write the names to this file')
  .addHelpText('after', `\nExample:\n  ${exportExample}`)
  .action(exportWeights);

for (const sub of root.commands) sub.exitOverride().configureOutput({ writeErr: () => undefined });
const argv = process.argv.slice(2);
await runCommand(root, argv.length > 0 ? argv : ['--help']);
