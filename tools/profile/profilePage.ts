import { collapsed, fixed, htmlPage, htmlTable, keyValues, paragraph, plotGrid, type PageSection } from '../../evaluate/report/page.ts';
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

function kernelTable(kernels: readonly KernelRow[]): ReturnType<typeof htmlTable> {
  return htmlTable(['kernel', 'calls', 'ms', 'share', 'GFLOP/s', '% of fma peak', 'GB/s', '% of memory peak'], kernels.map((kernel) => [
    kernel.label, kernel.calls, fixed(kernel.ms, 3), { html: `${(100 * kernel.share).toFixed(1)} %`, numeric: true }, fixed(kernel.gflops, 2),
    fixed(kernel.percentOfFmaPeak, 1), fixed(kernel.gbPerSecond, 2), fixed(kernel.percentOfMemoryPeak, 1),
  ]));
}

function programSection(program: ProgramSummaryRow): PageSection {
  const { name, runs, sampled, dispatches, encodeMs, submitMs, kernelMs, gapMs, periodMs, totalSeconds, kernels } = program;
  const facts = keyValues([
    ['runs', runs], ['runs timed by kernel', sampled], ['dispatches', dispatches], ['kernel ms a run', fixed(kernelMs, 2)],
    ['gaps between kernels, ms', fixed(gapMs, 2)], ['CPU encode ms', fixed(encodeMs, 3)], ['CPU submit ms', fixed(submitMs, 3)],
    ['run to run, ms', fixed(periodMs, 2)], ['of that the GPU idles, ms', fixed(periodMs === null ? null : Math.max(0, periodMs - kernelMs), 2)],
    ['kernels in all runs, s', fixed(totalSeconds, 2)],
  ]);
  if (kernels.length === 0) return { title: name, body: [facts] };
  const bars = kernels.slice(0, mostBars).map(({ label, ms }) => ({ label, value: ms }));
  return { title: name, body: [facts, plotGrid([barPlot({ title: 'Slowest kernels', valueLabel: 'ms a run', bars })]),
    kernels.length > mostBars ? collapsed(`all ${kernels.length} kernels`, [kernelTable(kernels)]) : kernelTable(kernels)] };
}

/** A page on where the time of a command went. */
export function profilePage({ command, adapter, roofline, wallSeconds }: ProfileFacts, programs: readonly ProgramSummaryRow[]): string {
  const overview = htmlTable(['program', 'runs', 'kernel ms a run', 'gaps ms', 'encode ms', 'kernels in all runs, s', 'part of wall time'], programs.map((program) => [
    program.name, program.runs, fixed(program.kernelMs, 2), fixed(program.gapMs, 2), fixed(program.encodeMs, 3), fixed(program.totalSeconds, 2),
    { html: `${((100 * program.totalSeconds) / wallSeconds).toFixed(1)} %`, numeric: true },
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
        paragraph('Peaks are measured on this device before the command starts. Kernel times are the GPU\'s timestamps, medians over the timed '
          + 'runs; timed runs have a pass for each dispatch. FLOPs and bytes are what the definition of a kernel needs, not what it executes. '
          + 'The last column takes every run for a median one.', 'note'),
      ],
    }, ...programs.map(programSection)],
  });
}
