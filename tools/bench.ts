/** `npm run bench`: times kernels and whole steps, beside jax-js and tfjs where asked for. */
import { loadavg } from 'node:os';
import { InvalidArgumentError } from 'commander';
import { describeSharing, type ProgramSummary } from '../engine/compile/programPlan.ts';
import type { Device } from '../engine/device.ts';
import { UserError } from '../engine/errors.ts';
import { measureRoofline } from '../engine/profile.ts';
import { checkAgreement, timeCandidates } from './bench/measure.ts';
import { againstPeers } from './bench/ratio.ts';
import { loadPeers, peerNames, type PeerName, type Peers } from './bench/peers.ts';
import type { Candidate, Impl, Row } from './bench/row.ts';
import { benchPresets, chosenSteps } from './bench/presetTable.ts';
import { benchRows } from './bench/rows.ts';
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

/** Sets up, compares and times one row. */
async function runRow(device: Device, peers: Peers | null, row: Row, repeats: number, peak: number):
  Promise<Result[]> {
  let largest: ProgramSummary | null = null as ProgramSummary | null;
  device.planned = (_, summary) => {
    if (!largest || summary.plannedBytes > largest.plannedBytes) largest = summary;
  };
  const own = await row.ours(device);
  const candidates: Candidate[] = [own];
  try {
    if (peers?.jax && row.jax) candidates.push(row.jax(peers.jax));
    if (peers?.tf && row.tfjs) candidates.push(row.tfjs(peers.tf));
    await checkAgreement(row.name, candidates, row.checkedRuns);
    const times = await timeCandidates(candidates, repeats);
    const flops = row.flops ?? own.flops;
    return candidates.map(({ impl }, i) => {
      const gflops = flops / times[i]! / 1e6;
      return {
        name: row.name, impl, ms: times[i]!, gflops, percentOfFmaPeak: (100 * gflops) / peak,
        ratio: i === 0 ? againstPeers(times) : null,
        plannedBytes: i === 0 ? largest!.plannedBytes : null, unsharedBytes: i === 0 ? largest!.unsharedBytes : null,
      };
    });
  } finally {
    for (const candidate of candidates) candidate.dispose();
  }
}

function printResult({ name, impl, ms, gflops, percentOfFmaPeak, ratio, plannedBytes, unsharedBytes }: Result): void {
  const times = ratio === null ? '' : `  faster peer takes ${ratio.toFixed(2)} x`;
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
    console.log(`the machine is busy (load average ${loadAverage.toFixed(1)}): times mean little, ratios somewhat more`);
  }
  const results: Result[] = [];
  for (const row of rows) {
    const found = await runRow(device, peers, row, options.repeats, fmaPeakGflops);
    found.forEach(printResult);
    if (peers && row.oursOnly) console.log(`${row.name.padEnd(32)}ours only: ${row.oursOnly}`);
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
