/** `npm run profile`: runs another command as it is and shows where its time goes, by program and by kernel. */
import { existsSync, statSync } from 'node:fs';
import { extname, join } from 'node:path';
import { UserError } from '../engine/errors.ts';
import type { Device } from '../engine/device.ts';
import { measureRoofline } from '../engine/profile.ts';
import { RunRecorder } from '../engine/runRecorder.ts';
import { writeAtomic } from '../engine/writeAtomic.ts';
import { command, observeCommand, runCommand, type CommandObserver } from './cli.ts';
import { profilePage } from './profile/profilePage.ts';
import { summarise, type ProgramSummaryRow, type Roofline } from './profile/summary.ts';
import { traceEvents } from './profile/trace.ts';

const commands: Readonly<Record<string, () => Promise<unknown>>> = {
  'train:autoencoder': () => import('./train-autoencoder.ts'),
  'train:generator': () => import('./train-generator.ts'),
  'train:prior': () => import('./train-prior.ts'),
  invert: () => import('./invert.ts'),
  sample: () => import('./sample.ts'),
  evaluate: () => import('./evaluate.ts'),
  controls: () => import('./controls.ts'),
  demo: () => import('./demo.ts'),
};

/** Takes an option out of arguments that belong to another command. */
function takeOption(argv: readonly string[], option: string): { value: string | undefined; rest: string[] } {
  const at = argv.findIndex((arg) => arg === option || arg.startsWith(`${option}=`));
  if (at < 0) return { value: undefined, rest: [...argv] };
  const joined = argv[at]!.startsWith(`${option}=`);
  const value = joined ? argv[at]!.slice(option.length + 1) : argv[at + 1];
  if (!value) throw new UserError(`${option}: needs a folder`);
  return { value, rest: argv.filter((_, i) => i !== at && (joined || i !== at + 1)) };
}

/** Where the profile goes: the folder of the command's own results where it has one. */
function outputFolder(given: string | undefined, argv: readonly string[]): string {
  const { value } = takeOption(argv, '--out');
  const isFolder = value !== undefined && (existsSync(value) ? statSync(value).isDirectory() : extname(value) === '');
  return given ?? (isFolder ? value : join('runs', 'profile'));
}

function printProgram(program: ProgramSummaryRow): void {
  const { name, runs, dispatches, kernelMs, gapMs, encodeMs, periodMs, kernels } = program;
  const period = periodMs === null ? '' : `; ${periodMs.toFixed(2)} ms from run to run`;
  console.log(`\n${name}: ${runs} runs of ${dispatches} dispatches; ${kernelMs.toFixed(2)} ms in kernels, `
    + `${gapMs.toFixed(2)} ms between them, ${encodeMs.toFixed(3)} ms to encode${period}`);
  for (const kernel of kernels.slice(0, 20)) {
    const { label, calls, ms, share, gflops, percentOfFmaPeak, gbPerSecond, percentOfMemoryPeak } = kernel;
    console.log(`${ms.toFixed(3).padStart(10)} ms ${(100 * share).toFixed(1).padStart(5)} % `
      + `${String(calls).padStart(4)} x `
      + `${gflops.toFixed(2).padStart(8)} GFLOP/s (${percentOfFmaPeak.toFixed(0).padStart(3)} %) `
      + `${gbPerSecond.toFixed(2).padStart(7)} GB/s (${percentOfMemoryPeak.toFixed(0).padStart(3)} %)  ${label}`);
  }
}

/** Records what a command does on its device, and writes it down at the end. */
class Profile implements CommandObserver {
  private recording: { device: Device; recorder: RunRecorder; roofline: Roofline; startMs: number } | null = null;

  constructor(private readonly line: string, private readonly out: string) {}

  async opened(device: Device): Promise<void> {
    if (!device.gpu.features.has('timestamp-query')) {
      throw new UserError(`profile: ${device.name} has no timestamp queries, so kernels cannot be timed on it`);
    }
    const roofline = await measureRoofline(device);
    const recorder = new RunRecorder(device);
    device.observer = recorder;
    this.recording = { device, recorder, roofline, startMs: performance.now() };
  }

  async finished(): Promise<void> {
    if (!this.recording) throw new UserError(`profile: '${this.line}' used no GPU, so there is nothing to show`);
    const { device, recorder, roofline, startMs } = this.recording;
    const wallSeconds = (performance.now() - startMs) / 1000;
    const runs = await recorder.finish();
    device.close();
    const programs = summarise(runs, roofline);
    programs.slice(0, 3).forEach(printProgram);
    const facts = { command: this.line, adapter: device.name, roofline, wallSeconds };
    await writeAtomic(join(this.out, 'trace.json'), JSON.stringify(traceEvents(runs)));
    await writeAtomic(join(this.out, 'profile.html'), profilePage(facts, programs));
    console.log(`\nsee ${join(this.out, 'profile.html')}; ${join(this.out, 'trace.json')} opens in Perfetto or `
      + 'chrome://tracing');
  }
}

const names = Object.keys(commands).join(', ');

const root = command('profile',
  'Runs a command as it is and shows where its time goes: programs, kernels, gaps, and the CPU.',
  'npm run profile -- train:prior --annotations data/train.json --generator runs/generator --out runs/p --steps 20')
  .argument('<command>', names)
  .argument('[options...]', 'what that command takes')
  .option('--profile-out <dir>',
    'folder for profile.html and trace.json (default: the command\'s --out, or runs/profile)')
  .passThroughOptions()
  .allowUnknownOption()
  .action(async (name: string, given: string[], options: { readonly profileOut?: string }) => {
    const start = Object.hasOwn(commands, name) ? commands[name] : undefined;
    if (!start) throw new UserError(`there is no command '${name}' to profile; there are ${names}`);
    const { value, rest } = takeOption(given, '--profile-out');
    const out = outputFolder(options.profileOut ?? value, rest);
    observeCommand(new Profile(`npm run ${name} -- ${rest.join(' ')}`, out));
    // The command reads its arguments itself, and ends the process itself.
    process.argv = [...process.argv.slice(0, 2), ...rest];
    process.env['npm_lifecycle_event'] = name;
    await start();
  });

await runCommand(root, process.argv.slice(2));
