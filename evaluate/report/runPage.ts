/** The page of a training run: curves of whatever its metrics file records, samples, configuration. */
import { readdir } from 'node:fs/promises';
import { basename, join, resolve } from 'node:path';
import { UserError } from '../../engine/errors.ts';
import { readJson } from '../../data/readJson.ts';
import { imageSize } from '../../data/images.ts';
import { writeAtomic } from '../../engine/writeAtomic.ts';
import { readJsonLines } from './jsonLines.ts';
import { metricGroups, type MetricGroup, type MetricSeries } from './metricSeries.ts';
import {
  collapsed, htmlPage, imageGrid, keyValues, paragraph, plotGrid, preformatted, type Cell, type Html, type PageImage,
} from './page.ts';
import { linePlot } from './plot.ts';

/** Part of the x range over which noisy training curves are averaged. */
const smoothing = 0.015;
/** Samples shown at once; older ones are behind a summary. */
const newestSamples = 12;
/** Samples up to this width are enlarged as squares. */
const pixelArtPx = 160;

/**
 * Writes `index.html` into a run folder, whole or not at all, from what is there so far: `metrics.jsonl` (records
 * `{step, ...numbers}`), `config.json` (of which `command`, a text or list, and `adapter` come first), `samples/*.png`.
 * @returns the page's path.
 * @throws UserError when the folder does not exist or a file in it cannot be read.
 */
export async function writeRunPage(runDir: string): Promise<string> {
  const names = await readdir(runDir).catch((error: NodeJS.ErrnoException) => {
    throw new UserError(`${runDir}: cannot be read (${error.code}). Is it the folder of a training run?`);
  });
  const { records, unreadable } = await readJsonLines(join(runDir, 'metrics.jsonl'));
  const config = names.includes('config.json') ? runConfig(await readJson(join(runDir, 'config.json'))) : null;
  const groups = metricGroups(records);
  const samples = names.includes('samples') ? await findSamples(join(runDir, 'samples')) : [];
  const path = join(runDir, 'index.html');
  await writeAtomic(path, htmlPage({
    title: basename(resolve(runDir)),
    subtitle: 'Training run',
    sections: [
      { title: '', body: [summary(groups, config), ...commandBlock(config)] },
      { title: 'Curves', body: curves(groups, unreadable) },
      { title: 'Samples', body: sampleGrids(samples) },
      { title: 'Configuration', body: config ? [collapsed('config.json', [preformatted(config.text)])] : [] },
    ],
  }));
  return path;
}

interface RunConfig {
  readonly text: string;
  readonly command: string;
  readonly adapter: string;
}

/** What the page tells of a saved configuration, whatever its form. */
function runConfig(json: unknown): RunConfig {
  const { command, adapter } = (json ?? {}) as { command?: unknown; adapter?: unknown };
  return {
    text: JSON.stringify(json, null, 2),
    command: Array.isArray(command) ? command.map((part) => quoteArgument(String(part))).join(' ') : plain(command),
    adapter: plain(adapter),
  };
}

/** A value as one line: of an object, its texts side by side. */
function plain(value: unknown): string {
  if (value === undefined || value === null) return '';
  if (typeof value !== 'object') return String(value);
  return Object.values(value).filter((part) => typeof part === 'string' && part !== '').join(', ');
}

/** Quoted as a shell needs it, so that the line can be copied. */
function quoteArgument(argument: string): string {
  return /^[\w@%+=:,./-]+$/.test(argument) ? argument : `'${argument.replaceAll('\'', '\'\\\'\'')}'`;
}

function summary(groups: readonly MetricGroup[], config: RunConfig | null): Html {
  const all = groups.flatMap(({ series }) => series);
  const steps = all.map(({ points }) => points.at(-1)?.[0] ?? -Infinity);
  const entries: [string, Cell][] = [['steps', steps.length > 0 ? Math.max(...steps) : null]];
  for (const { series } of groups.filter(({ name }) => name === 'loss')) {
    for (const each of series) entries.push(...lossFigures(each));
  }
  const ms = all.find(({ name }) => name === 'ms');
  if (ms) entries.push(['ms per step, median', median(ms.points.map(([, y]) => y))]);
  if (config?.adapter) entries.push(['adapter', config.adapter]);
  return keyValues(entries);
}

/** Training losses are noise from batch to batch, so their mean is told; of validation, the best with its step. */
function lossFigures({ name, validation, points }: MetricSeries): [string, Cell][] {
  const finite = points.filter(([, y]) => Number.isFinite(y));
  if (!validation) {
    const recent = finite.slice(-100).map(([, y]) => y);
    return [[`${name}, mean of the last ${recent.length}`, recent.reduce((sum, y) => sum + y, 0) / recent.length]];
  }
  const [bestStep, best] = finite.reduce((a, b) => (b[1] < a[1] ? b : a));
  return [[`${name}, last`, finite.at(-1)![1]], [`${name}, best (step ${bestStep})`, best]];
}

function median(values: readonly number[]): number {
  const sorted = values.filter(Number.isFinite).sort((a, b) => a - b);
  return sorted[Math.floor(sorted.length / 2)] ?? NaN;
}

function commandBlock(config: RunConfig | null): Html[] {
  return config?.command ? [preformatted(config.command)] : [];
}

function curves(groups: readonly MetricGroup[], unreadable: number): Html[] {
  const body = groups.length > 0
    ? [plotGrid(groups.map(metricPlot))]
    : [paragraph('Nothing has been recorded yet.')];
  if (unreadable > 0) {
    body.push(paragraph(`${unreadable} lines of metrics.jsonl could not be read and are left out.`, 'note'));
  }
  return body;
}

const metricTitles: Readonly<Record<string, string>> = { lr: 'learning rate', ms: 'ms per step' };

/** One plot a group: training curves averaged over their noise, validation curves dashed and with their points. */
function metricPlot({ name, series }: MetricGroup): string {
  const values = series.flatMap(({ points }) => points.map(([, y]) => y)).filter(Number.isFinite);
  const noisy = name !== 'lr';
  return linePlot({
    title: metricTitles[name] ?? (series.length === 1 ? series[0]!.name : name),
    xLabel: 'step',
    yLabel: '',
    series: series.map(({ name: seriesName, validation, points }) => ({
      name: seriesName,
      points,
      dashed: validation && series.length > 1,
      ...(noisy && !validation ? { smooth: smoothing } : {}),
    })),
    logY: noisy && spansDecades(values),
  });
}

/** Whether a linear axis would squeeze most of the values into its lowest twentieth. */
function spansDecades(values: readonly number[]): boolean {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted.length > 1 && sorted[0]! > 0 && sorted.at(-1)! / sorted[Math.floor(sorted.length / 2)]! > 20;
}

/** Newest first: by the last number in the name, which is the step. */
async function findSamples(folder: string): Promise<PageImage[]> {
  const names = await readdir(folder);
  const stepOf = (name: string) => Number(/(\d+)\D*$/.exec(name)?.[1] ?? -1);
  const pictures = names.filter((name) => name.endsWith('.png') && !name.startsWith('.'))
    .sort((a, b) => stepOf(b) - stepOf(a) || (a < b ? -1 : 1));
  return Promise.all(pictures.map(async (name) => {
    const { width } = await imageSize(join(folder, name));
    return { src: `samples/${name}`, caption: name.slice(0, -'.png'.length), pixels: width <= pixelArtPx };
  }));
}

function sampleGrids(samples: readonly PageImage[]): Html[] {
  if (samples.length === 0) return [];
  const older = samples.slice(newestSamples);
  const grid = imageGrid(samples.slice(0, newestSamples), { cellRem: 20 });
  return older.length > 0 ? [grid, collapsed(`${older.length} older`, [imageGrid(older)])] : [grid];
}
