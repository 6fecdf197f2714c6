/** What every command line shares: exit statuses, the adapter line, dotted overrides, interrupts and progress. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { SingleBar } from 'cli-progress';
import { Command, CommanderError, InvalidArgumentError } from 'commander';
import { choiceFile } from '../engine/choiceFile.ts';
import { MeasuredChoices } from '../engine/choose.ts';
import { Device, type DeviceOptions } from '../engine/device.ts';
import { UserError } from '../engine/errors.ts';
import { expectPrecision, type Precision } from '../engine/precision.ts';
import { describeVerdict, proveMatrices } from '../engine/proveMatrices.ts';
import type { Overrides } from '../train/config.ts';

/** A command whose errors become exit status 2 and whose help ends with an example. */
export function command(name: string, description: string, example: string): Command {
  return new Command(name)
    .description(description)
    .exitOverride()
    .configureOutput({ writeErr: () => undefined })
    .helpOption('-h, --help', 'show this help')
    .addHelpText('after', `\nExample:\n  ${example}`);
}

/** `--seed`, `--adapter` and `--mode`, for commands that use the GPU; without a default, a preset has the seed. */
export function withDevice(target: Command, seed: number | null = 0): Command {
  const seeded = seed === null
    ? target.option('--seed <number>', 'seed of all random draws (default: the preset\'s)', integer)
    : target.option('--seed <number>', 'seed of all random draws', integer, seed);
  return seeded
    .option('--adapter <name>', 'part of the name of the GPU adapter to use')
    .option('--mode <safe|fast>', 'safe validates every access, fast does not; results are the same',
      oneOf('safe', 'fast'), 'fast')
    .option('--no-tune', 'choose kernels by rules, not by their times on the adapter (DIVE_TUNE=0 does so for all)');
}

/** Parser of a whole number. */
export function integer(text: string): number {
  const value = Number(text);
  if (text.trim() === '' || !Number.isInteger(value)) {
    throw new InvalidArgumentError(`must be a whole number, found '${text}'.`);
  }
  return value;
}

/** Parser of a whole number of at least 1. */
export function positiveInteger(text: string): number {
  const value = integer(text);
  if (value < 1) throw new InvalidArgumentError(`must be at least 1, found ${value}.`);
  return value;
}

/** Parser of a number. */
export function real(text: string): number {
  const value = Number(text);
  if (text.trim() === '' || !Number.isFinite(value)) {
    throw new InvalidArgumentError(`must be a number, found '${text}'.`);
  }
  return value;
}

/** Parser of two whole numbers, `low,high`. */
export function range(text: string): [number, number] {
  const parts = text.split(',').map(Number);
  if (parts.length !== 2 || !parts.every(Number.isInteger)) {
    throw new InvalidArgumentError(`must be two whole numbers, low,high; found '${text}'.`);
  }
  return parts as [number, number];
}

/** Parser of one of some words. */
export const oneOf = <T extends string>(...words: T[]) => (text: string): T => {
  if (!words.includes(text as T)) throw new InvalidArgumentError(`must be ${words.join(', ')}; found '${text}'.`);
  return text as T;
};

/** The value of an option that must be given; after parsing, so that misspelt options are named first. */
export function required<T>(value: T | undefined, option: string): T {
  if (value === undefined) throw new UserError(`${option} is missing; --help lists the options`);
  return value;
}

/** Takes `--a.b value` and `--a.b=value` out of the arguments. */
export function splitOverrides(argv: readonly string[]): { argv: string[]; overrides: Overrides } {
  const rest: string[] = [];
  const overrides: Record<string, string> = {};
  for (let i = 0; i < argv.length; i++) {
    const match = /^--([A-Za-z]\w*(?:\.\w+)+)(?:=(.*))?$/s.exec(argv[i]!);
    if (!match) {
      rest.push(argv[i]!);
      continue;
    }
    // A missing value becomes an empty one, which `overrideConfig` refuses: this runs before errors are caught.
    overrides[match[1]!] = match[2] ?? argv[++i] ?? '';
  }
  return { argv: rest, overrides };
}

/** Watches a command from outside: `npm run profile`. */
export interface CommandObserver {
  /** Called with the device before anything runs on it. */
  opened(device: Device): Promise<void>;
  /** Called when the command has done its work. */
  finished(): Promise<void>;
}

let commandObserver: CommandObserver | null = null;

export function observeCommand(observer: CommandObserver): void {
  commandObserver = observer;
}

/** Measures kernels on a device where they are not known yet, and keeps what it finds in the file of the adapter. */
export function chooseKernels(device: Device): void {
  const adapter = adapterOf(device);
  device.choices = new MeasuredChoices({ file: choiceFile(adapter), adapter, print: (line) => console.log(line) });
}

/** An adapter with its driver, as it names itself. */
export function adapterOf({ adapter: { info } }: Device): string {
  return [info.description, info.device, info.architecture, info.vendor].filter(Boolean).join(', ');
}

/** Opens the device and prints which one it is. Without `tune`, kernels are chosen by rules. */
export async function openDevice({ tune = true, ...options }: DeviceOptions & { readonly tune?: boolean }):
  Promise<Device> {
  const device = await Device.open(commandObserver ? { ...options, timestamps: true } : options);
  if (tune && process.env['DIVE_TUNE'] !== '0') chooseKernels(device);
  const kind = device.capabilities.software ? ', a software adapter: far slower than a GPU' : '';
  console.log(`adapter: ${device.name}${kind}`);
  await commandObserver?.opened(device);
  return device;
}

/** Throws a UserError where a device lacks what a precision needs; in half precision, proves its subgroup matrices. */
export async function prepareFor(precision: Precision, device: Device): Promise<void> {
  expectPrecision(precision, device);
  if (precision === 'f32') return;
  const verdicts = await proveMatrices(device);
  if (verdicts.length > 0) console.log(`subgroup matrices: ${verdicts.map(describeVerdict).join('; ')}`);
}

/** Aborted by the first Ctrl-C, so that work can be saved; the second one ends the process. */
export function interruptSignal(): AbortSignal {
  const controller = new AbortController();
  for (const signal of ['SIGINT', 'SIGTERM'] as const) {
    process.on(signal, () => {
      if (controller.signal.aborted) process.exit(130);
      console.error('\ninterrupted: saving (once more to stop at once)');
      controller.abort();
    });
  }
  return controller.signal;
}

/** A bar with rate and time left on a terminal; a line every few seconds elsewhere. */
export class Progress {
  private readonly bar: SingleBar | null;
  private lastLine = Date.now();
  /** Where and when the rate is counted from: a resumed run does not begin at nothing. */
  private from: { readonly done: number; readonly time: number } | null = null;

  constructor(private readonly label: string, private readonly total: number) {
    this.bar = process.stdout.isTTY
      ? new SingleBar({ format: `${label} {bar} {value}/{total}  {rate}  {left} s left  {note}`, hideCursor: true })
      : null;
    this.bar?.start(total, 0, { rate: '', left: '-', note: '' });
  }

  /** `done` may have a fraction. */
  update(done: number, note = ''): void {
    this.from ??= { done: Math.max(0, Math.ceil(done) - 1), time: Date.now() };
    const seconds = Math.max((Date.now() - this.from.time) / 1000, 1e-3);
    const perSecond = Math.max((done - this.from.done) / seconds, 1e-6);
    const rate = perSecond >= 1 ? `${perSecond.toFixed(1)}/s` : `${(1 / perSecond).toFixed(1)} s each`;
    const left = Math.round((this.total - done) / perSecond);
    if (this.bar) {
      this.bar.update(Math.floor(done), { rate, left, note });
    } else if (Date.now() - this.lastLine > 5000 || done === this.total) {
      this.lastLine = Date.now();
      console.log(`${this.label} ${Math.floor(done)}/${this.total}  ${rate}  ${left} s left${note ? `  ${note}` : ''}`);
    }
  }

  stop(): void {
    this.bar?.stop();
  }
}

/** Writes what `--json` asks for. */
export function writeJson(file: string | undefined, figures: unknown): void {
  if (file === undefined) return;
  try {
    mkdirSync(dirname(file), { recursive: true });
    writeFileSync(file, `${JSON.stringify(figures, null, 2)}\n`);
  } catch (error) {
    throw new UserError(`--json ${file}: cannot be written (${(error as Error).message})`);
  }
}

/**
 * Parses the arguments, runs the command and ends the process: 0 when all is well, 2 for what the user can mend (one
 * line), 1 for a failure. Exits explicitly, since a GPU instance may keep the process alive.
 */
export async function runCommand(root: Command, argv: readonly string[]): Promise<never> {
  try {
    await root.parseAsync([...argv], { from: 'user' });
    await commandObserver?.finished();
    process.exit(process.exitCode ?? 0);
  } catch (error) {
    if (error instanceof CommanderError && error.exitCode === 0) process.exit(0);
    if (error instanceof CommanderError || error instanceof UserError) {
      const text = error.message.replace(/^error: /, '').replaceAll('\n', ' ').trim();
      console.error(`${root.name()}: ${text}${error instanceof CommanderError ? '; --help lists the options' : ''}`);
      process.exit(2);
    }
    console.error(error);
    process.exit(1);
  }
}
