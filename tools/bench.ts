/** `npm run bench`: times kernels and whole steps, beside jax-js and tfjs where asked for. */
import { loadavg } from 'node:os';
import { InvalidArgumentError } from 'commander';
import { describeSharing, type ProgramSummary } from '../engine/compile/programPlan.ts';
import type { Device } from '../engine/device.ts';
import { UserError } from '../engine/errors.ts';
import { measureRoofline, median } from '../engine/profile.ts';
import { checkAgreement, timeInTurns } from './bench/measure.ts';
import { againstPeers, besides } from './bench/ratio.ts';
import { loadPeers, peerNames, type PeerName, type Peers } from './bench/peers.ts';
import type { Candidate, Impl, Row } from './bench/row.ts';
import { benchPresets, chosenSteps } from './bench/presetTable.ts';
import { benchRows, besideEachOther } from './bench/rows.ts';
import { benchScaling } from './bench/scaling.ts';
import { command, oneOf, openDevice, positiveInteger, runCommand, withDevice, writeJson } from './cli.ts';

const rowNames = benchRows.map(({ name }) => name).join(', ');

interface Options {
  readonly peers?: true | PeerName;
  readonly rows?: RegExp;
  readonly presets?: true | RegExp;
  readonly scaling?: true;
  readonly repeats: number;
  readonly json?: string;
  readonly adapter?: string;
  readonly mode: 'safe' | 'fast';
}

interface Result {
  readonly name: string;
  readonly impl: Impl;
  readonly ms: number;
  readonly gflops: number;
  readonly percentOfFmaPeak: number;
  /** Of ours: how many times as long the faster peer takes; null where no peer ran, and for peers. */
  readonly ratio: number | null;
  /** Of ours: how many times as long as the row it is compared with it takes; null where it stands alone. */
  readonly besides: number | null;
  /** Of ours: memory for intermediates as planned, and without sharing; of the largest program. */
  readonly plannedBytes: number | null;
  readonly unsharedBytes: number | null;
}

function pattern(text: string): RegExp {
  try {
    return new RegExp(text);
  } catch (error) {
    throw new InvalidArgumentError(`must be a regular expression, found '${text}' (${(error as Error).message}).`);
  }
}

/** A row whose implementations are ready, the first of them ours, and the memory that ours takes. */
interface ReadyRow {
  readonly row: Row;
  readonly candidates: readonly Candidate[];
  readonly flops: number;
  readonly largest: ProgramSummary;
}

/** Sets up a row and compares its implementations; each is told to `opened` as soon as it is there. */
async function setUp(device: Device, peers: Peers | null, row: Row, opened: (candidate: Candidate) => void):
  Promise<ReadyRow> {
  let largest: ProgramSummary | null = null as ProgramSummary | null;
  device.planned = (_, summary) => {
    if (!largest || summary.plannedBytes > largest.plannedBytes) largest = summary;
  };
  const candidates: Candidate[] = [];
  const open = <C extends Candidate>(candidate: C): C => {
    opened(candidate);
    candidates.push(candidate);
    return candidate;
  };
  const own = open(await row.ours(device));
  if (peers?.jax && row.jax) open(row.jax(peers.jax));
  if (peers?.tf && row.tfjs) open(row.tfjs(peers.tf));
  await checkAgreement(row.name, candidates, row.checkedRuns);
  return { row, candidates, flops: row.flops ?? own.flops, largest: largest! };
}

/** Times rows that are compared with the first of them, all in turns. */
async function runRows(device: Device, peers: Peers | null, rows: readonly Row[], repeats: number, peak: number):
  Promise<Result[]> {
  const opened: Candidate[] = [];
  try {
    const ready: ReadyRow[] = [];
    for (const row of rows) ready.push(await setUp(device, peers, row, (candidate) => opened.push(candidate)));
    const times = await timeInTurns(opened, repeats);
    return ready.flatMap(({ row, candidates, flops, largest }) => {
      const own = times[opened.indexOf(candidates[0]!)]!;
      const medians = candidates.map((candidate) => median(times[opened.indexOf(candidate)]!));
      return candidates.map(({ impl }, i): Result => {
        const ms = medians[i]!;
        const gflops = flops / ms / 1e6;
        return {
          name: row.name, impl, ms, gflops, percentOfFmaPeak: (100 * gflops) / peak,
          ratio: i === 0 ? againstPeers(medians) : null,
          besides: i === 0 && row !== rows[0] ? besides(own, times[0]!) : null,
          plannedBytes: i === 0 ? largest.plannedBytes : null, unsharedBytes: i === 0 ? largest.unsharedBytes : null,
        };
      });
    });
  } finally {
    for (const candidate of opened) candidate.dispose();
  }
}

function printResult(result: Result, first: Row): void {
  const { name, impl, ms, gflops, percentOfFmaPeak, ratio, plannedBytes, unsharedBytes } = result;
  const times = ratio !== null ? `  faster peer takes ${ratio.toFixed(2)} x`
    : result.besides !== null ? `  ${result.besides.toFixed(3)} x ${first.name}` : '';
  console.log(`${name.padEnd(32)}${impl.padEnd(8)}${ms.toFixed(2).padStart(10)} ms`
    + `${gflops.toFixed(2).padStart(10)} GFLOP/s${percentOfFmaPeak.toFixed(1).padStart(7)} %${times}`);
  if (plannedBytes !== null && unsharedBytes !== null && plannedBytes < unsharedBytes) {
    console.log(`${''.padEnd(40)}${describeSharing(plannedBytes, unsharedBytes)}`);
  }
}

async function presets(options: Options, wanted: RegExp | null): Promise<void> {
  const steps = chosenSteps(wanted);
  const device = await openDevice(options);
  const found = await benchPresets(device, steps, options.repeats);
  writeJson(options.json, {
    adapter: device.name, driver: device.adapter.info.description, loadAverage: loadavg()[0]!, presets: found,
  });
  device.close();
}

async function scaling(options: Options): Promise<void> {
  const device = await openDevice(options);
  const found = await benchScaling(device, options.repeats);
  writeJson(options.json, {
    adapter: device.name, driver: device.adapter.info.description, loadAverage: loadavg()[0]!, scaling: found,
  });
  device.close();
}

async function bench(options: Options): Promise<void> {
  if (options.scaling) {
    await scaling(options);
    return;
  }
  if (options.presets !== undefined) {
    await presets(options, options.presets === true ? null : options.presets);
    return;
  }
  const rows = benchRows.filter(({ name }) => options.rows?.test(name) ?? true);
  if (rows.length === 0) throw new UserError(`--rows ${options.rows}: matches none of ${rowNames}`);
  const device = await openDevice({ ...options, timestamps: true });
  const peers = options.peers ? await loadPeers(device, options.peers === true ? peerNames : [options.peers]) : null;
  // What others do on the machine decides what the figures are worth, so it is measured first and goes with them.
  const loadAverage = loadavg()[0]!;
  const { fmaPeakGflops } = await measureRoofline(device);
  console.log(`fma peak: ${fmaPeakGflops.toFixed(1)} GFLOP/s; times are medians of ${options.repeats}, `
    + 'percent are of that peak');
  if (loadAverage > 1) {
    console.log(`the machine is busy (load average ${loadAverage.toFixed(1)}): times mean little, `
      + 'ratios somewhat more');
  }
  const results: Result[] = [];
  for (const [first, ...others] of besideEachOther(rows)) {
    const found = await runRows(device, peers, [first!, ...others], options.repeats, fmaPeakGflops);
    for (const result of found) printResult(result, first!);
    for (const { name, oursOnly } of [first!, ...others]) {
      if (peers && oursOnly) console.log(`${name.padEnd(32)}ours only: ${oursOnly}`);
    }
    results.push(...found);
  }
  const driver = device.adapter.info.description;
  writeJson(options.json, { adapter: device.name, driver, fmaPeakGflops, loadAverage, rows: results });
  device.close();
}

const root = withDevice(command('bench', 'Times kernels and whole training and inversion steps.',
  'npm run bench -- --peers --json bench.json'))
  .option('--peers [name]',
    'also time the same work in jax-js and tfjs (development dependencies), or in one of them, on the same adapter',
    oneOf(...peerNames))
  .option('--rows <regex>', `only rows whose name matches; there are ${rowNames}`, pattern)
  .option('--presets [regex]', 'instead: memory and time of a step of every preset, or of those whose name matches',
    pattern)
  .option('--scaling', 'instead: the time of a training step by its batch (1 to 8) and its channels (32 to 128)')
  .option('--repeats <number>', 'timings per row and implementation; the median counts', positiveInteger, 5)
  .option('--json <file>', 'also write the figures to this file')
  .action(bench);

await runCommand(root, process.argv.slice(2));
