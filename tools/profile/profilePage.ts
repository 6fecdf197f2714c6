import { collapsed, fixed, htmlPage, htmlTable, keyValues, paragraph, plotGrid, type Html, type PageSection }
  from '../../evaluate/report/page.ts';
import { barPlot } from '../../evaluate/report/plot.ts';
import type { KernelRow, ProgramSummaryRow, Roofline } from './summary.ts';

export interface ProfileFacts {
  readonly command: string;
  readonly adapter: string;
  readonly roofline: Roofline;
  /** Of the whole command, with the device open. */
  readonly wallSeconds: number;
}

/** Bars in a plot. */
const mostBars = 12;

const percent = (share: number): Html => ({ html: `${(100 * share).toFixed(1)} %`, numeric: true });

function kernelTable(kernels: readonly KernelRow[]): Html {
  const headers = ['kernel', 'calls', 'ms', 'share', 'GFLOP/s', '% of fma peak', 'GB/s', '% of memory peak'];
  return htmlTable(headers, kernels.map((kernel) => [
    kernel.label, kernel.calls, fixed(kernel.ms, 3), percent(kernel.share), fixed(kernel.gflops, 2),
    fixed(kernel.percentOfFmaPeak, 1), fixed(kernel.gbPerSecond, 2), fixed(kernel.percentOfMemoryPeak, 1),
  ]));
}

function programSection(program: ProgramSummaryRow): PageSection {
  const { name, kernelMs, periodMs, kernels } = program;
  const facts = keyValues([
    ['runs', program.runs], ['runs timed by kernel', program.sampled], ['dispatches', program.dispatches],
    ['kernel ms a run', fixed(kernelMs, 2)], ['gaps between kernels, ms', fixed(program.gapMs, 2)],
    ['CPU encode ms', fixed(program.encodeMs, 3)], ['CPU submit ms', fixed(program.submitMs, 3)],
    ['run to run, ms', fixed(periodMs, 2)],
    ['of that the GPU idles, ms', fixed(periodMs === null ? null : Math.max(0, periodMs - kernelMs), 2)],
    ['kernels in all runs, s', fixed(program.totalSeconds, 2)],
  ]);
  if (kernels.length === 0) return { title: name, body: [facts] };
  const bars = kernels.slice(0, mostBars).map(({ label, ms }) => ({ label, value: ms }));
  const plot = plotGrid([barPlot({ title: 'Slowest kernels', valueLabel: 'ms a run', bars })]);
  const table = kernelTable(kernels);
  const folded = kernels.length > mostBars ? collapsed(`all ${kernels.length} kernels`, [table]) : table;
  return { title: name, body: [facts, plot, folded] };
}

/** A page on where the time of a command went. */
export function profilePage(facts: ProfileFacts, programs: readonly ProgramSummaryRow[]): string {
  const { command, adapter, roofline, wallSeconds } = facts;
  const headers = ['program', 'runs', 'kernel ms a run', 'gaps ms', 'encode ms', 'all runs, s', 'of wall time'];
  const overview = htmlTable(headers, programs.map((program) => [
    program.name, program.runs, fixed(program.kernelMs, 2), fixed(program.gapMs, 2), fixed(program.encodeMs, 3),
    fixed(program.totalSeconds, 2), percent(program.totalSeconds / wallSeconds),
  ]));
  return htmlPage({
    title: 'Profile',
    subtitle: command,
    sections: [{
      title: '',
      body: [
        keyValues([['adapter', adapter], ['fma peak, GFLOP/s', fixed(roofline.fmaPeakGflops, 1)],
          ['memory peak, GB/s', fixed(roofline.memoryPeakGbPerSecond, 1)], ['wall time, s', fixed(wallSeconds, 1)]]),
        overview,
        paragraph('Peaks are measured on this device before the command starts. GPU timestamps give the kernel times, '
          + 'medians over the timed runs; timed runs have a pass for each dispatch. FLOPs and bytes are what the '
          + 'definition of a kernel needs, not what it executes. Seconds of all runs take each for a median one.',
        'note'),
      ],
    }, ...programs.map(programSection)],
  });
}
