/**
 * Measured choice of kernels. Ops offer variants, the best guess first. Where there are several, each kind of work
 * (op, attributes, types, sources) is timed once on the adapter and the result kept in a file; programs that are
 * compiled with what the file holds time nothing, and give the same bits every time.
 */
import { availableParallelism, loadavg } from 'node:os';
import { addChoices, digest, readChoices, type Choice } from './choiceFile.ts';
import { makeProgram } from './compile/compile.ts';
import { planProgram } from './compile/programPlan.ts';
import type { Device } from './device.ts';
import { UserError } from './errors.ts';
import { apply, type KernelOp, type Variant } from './op.ts';
import { inputTensor } from './ops/leaf.ts';
import type { Program } from './program.ts';
import { describe, type TensorType } from './tensor.ts';

/** Work that may be done in several ways. */
export interface Question {
  readonly op: KernelOp<unknown>;
  readonly attrs: unknown;
  /** Name and attributes of the op as text. */
  readonly signature: string;
  readonly inputs: readonly TensorType[];
  readonly variants: readonly Variant[];
}

/** What the compiler asks. */
export interface Choices {
  /** The variant that was found fastest, null where none was: then the first is taken. */
  of(question: Question): string | null;
  /** Measures what was asked in vain; whether there was anything. */
  settle(device: Device): Promise<boolean>;
}

/** Milliseconds of a run of each candidate. */
export type Measure = (device: Device, question: Question, candidates: readonly Variant[]) => Promise<number[]>;

export interface ChoiceOptions {
  readonly file: string;
  /** Name of the adapter with its driver. */
  readonly adapter: string;
  readonly print: (line: string) => void;
  readonly measure?: Measure;
  /** Why times would mean nothing now; null where they mean something. */
  readonly busy?: () => string | null;
  /** Milliseconds that a process may spend on timing; what is left then keeps its first variant. */
  readonly budget?: number;
}

const maxCandidates = 12;
/** Another variant must be this much faster than the first, so that noise changes nothing. */
const worthwhile = 0.9;
const defaultBudget = 5000;

/** On a software adapter other processes take the cores that kernels run on. */
export function busyMachine(software: boolean): string | null {
  const load = loadavg()[0]!;
  return software && load > availableParallelism() ? `load average ${load.toFixed(1)}` : null;
}

export class MeasuredChoices implements Choices {
  /** Kinds of work that this process has timed. */
  timed = 0;
  private readonly known: Map<string, Choice>;
  private readonly pending = new Map<string, Question>();
  private left: number;
  private said = false;

  constructor(private readonly options: ChoiceOptions) {
    const found = readChoices(options.file);
    if (!found) options.print(`${options.file}: not a file of measured kernels; it is not used, and written anew`);
    this.known = found ?? new Map();
    this.left = options.budget ?? defaultBudget;
  }

  of(question: Question): string | null {
    const key = keyOf(question);
    const choice = this.known.get(key);
    if (choice) return choice.variant;
    this.pending.set(key, question);
    return null;
  }

  async settle(device: Device): Promise<boolean> {
    const asked = [...this.pending].sort(([, a], [, b]) => workOf(b) - workOf(a));
    this.pending.clear();
    if (asked.length === 0) return false;
    const { print, busy = () => busyMachine(device.capabilities.software) } = this.options;
    const reason = busy();
    if (reason !== null) {
      if (!this.said) print(`kernels are chosen by rules, not by time: the machine is busy (${reason})`);
      this.said = true;
      return false;
    }
    print(`timing kernels for ${asked.length} kinds of work ..`);
    const found = new Map<string, Choice>();
    for (const [key, question] of asked) found.set(key, await this.choose(device, question));
    const others = asked.filter(([key, { variants }]) => found.get(key)!.variant !== variants[0]!.name).length;
    for (const [key, choice] of found) this.known.set(key, choice);
    print(`kernels: for ${others} of ${asked.length} kinds of work another than the first is faster; `
      + `${await this.keep(found)}`);
    return true;
  }

  /** Work goes on where nothing can be written, but then it is timed in every process. */
  private async keep(found: ReadonlyMap<string, Choice>): Promise<string> {
    const { file, adapter } = this.options;
    try {
      await addChoices(file, adapter, found);
      return `kept in ${file}`;
    } catch (error) {
      if (!(error instanceof UserError)) throw error;
      return `not kept, so the next run times them again: ${error.message}`;
    }
  }

  private async choose(device: Device, question: Question): Promise<Choice> {
    const candidates = question.variants.slice(0, maxCandidates);
    const first = candidates[0]!.name;
    if (this.left <= 0) return { variant: first, ms: {} };
    const started = performance.now();
    const times = await (this.options.measure ?? timeVariants)(device, question, candidates);
    this.left -= performance.now() - started;
    this.timed++;
    const best = times.indexOf(Math.min(...times));
    return {
      variant: times[best]! < worthwhile * times[0]! ? candidates[best]!.name : first,
      ms: Object.fromEntries(candidates.map(({ name }, i) => [name, Number(times[i]!.toPrecision(4))])),
    };
  }
}

const workOf = ({ variants }: Question): number => variants[0]!.calls.reduce((total, { flops }) => total + flops, 0);

const digests = new Map<string, string>();

/** Name of a kind of work; other sources of its kernels make it another one. */
function keyOf({ signature, inputs, variants }: Question): string {
  const text = variants.map(({ name, calls }) => `${name} ${calls.map(({ source, constants, grid }) =>
    `${source} ${JSON.stringify(constants)} ${grid}`).join(' ')}`).join('\n');
  let sources = digests.get(text);
  if (sources === undefined) digests.set(text, sources = digest(text));
  return `${signature} ${inputs.map(describe).join(' ')} ${sources}`;
}

/** Milliseconds that a timing should last, and that all timings of one candidate may. */
const [roundMs, longestMs] = [3, 60];

/** A candidate and its best time so far. */
interface Timed {
  readonly program: Program;
  ms: number;
  spent: number;
}

/** Times candidates in turns, the slow ones once; the best of a few counts, since noise only ever adds. */
async function timeVariants(device: Device, { op, attrs, inputs }: Question, candidates: readonly Variant[]):
  Promise<number[]> {
  const y = apply(op, inputs.map(({ shape, dtype }, i) => inputTensor(`x${i}`, shape, dtype)), attrs);
  const timed: Timed[] = [];
  try {
    for (const { name } of candidates) {
      const plan = planProgram(device, { name: 'candidate', outputs: { y }, variant: name });
      const program = await makeProgram(device, plan);
      timed.push({ program, ms: Infinity, spent: 0 });
      // The first run makes the kernel's code.
      await submit(device, program, 1);
    }
    for (let round = 0; round < 4; round++) {
      const fastest = Math.min(...timed.map(({ ms }) => ms));
      for (const candidate of timed) {
        if (candidate.spent > longestMs || (round > 0 && candidate.ms > 2 * fastest)) continue;
        const runs = round === 0 ? 1 : Math.max(1, Math.min(20, Math.round(roundMs / candidate.ms)));
        const ms = await submit(device, candidate.program, runs);
        candidate.spent += ms;
        candidate.ms = Math.min(candidate.ms, ms / runs);
      }
    }
  } finally {
    for (const { program } of timed) program.destroy();
  }
  return timed.map(({ ms }) => ms);
}

async function submit(device: Device, program: Program, runs: number): Promise<number> {
  const { gpu } = device;
  const started = performance.now();
  const encoder = gpu.createCommandEncoder();
  const pass = encoder.beginComputePass();
  for (let run = 0; run < runs; run++) program.encode(pass);
  pass.end();
  gpu.queue.submit([encoder.finish()]);
  await device.idle();
  return performance.now() - started;
}
