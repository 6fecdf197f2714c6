/** Plots as SVG text: curves, bars and histograms. Values that are not finite are left out, never drawn as zero. */
import { formatNumber } from './formatNumber.ts';
import { escapeXml } from '../../draw/escapeXml.ts';
import { lightSeriesColors, seriesColor } from '../../draw/palette.ts';
import { linearAxis, logAxis, type PlotAxis } from './plotAxis.ts';
import { drawPlot, faintInk, px, svgText, textWidth, type PlotScale } from './plotFrame.ts';
import { smoothSeries, type Point } from './smoothSeries.ts';
import { thinSeries } from './thinSeries.ts';

export interface Series {
  readonly name: string;
  /** In any order; the curve runs in ascending x. A y that is not finite is a gap. */
  readonly points: readonly Point[];
  /** Default: false for the first seven, which have a colour each. */
  readonly dashed?: boolean;
  /** For noisy curves: width of the average as a part of the x range, e.g. 0.02; the raw curve is drawn faintly. */
  readonly smooth?: number;
}

export interface LinePlot {
  readonly title: string;
  readonly xLabel: string;
  readonly yLabel: string;
  readonly series: readonly Series[];
  /** Logarithmic y; values of zero and below become gaps. Default: false. */
  readonly logY?: boolean;
  /** A dot at every point. Default: false; points without neighbours have one in any case. */
  readonly markers?: boolean;
  /** Vertical lines with a word beside them. */
  readonly verticals?: readonly { readonly x: number; readonly label: string }[];
  /** Values that the axes must include, besides the data. */
  readonly include?: { readonly x?: readonly number[]; readonly y?: readonly number[] };
}

const lineWidth = 1.9;

/** Curves over a common x. */
export function linePlot(plot: LinePlot): string {
  const { logY = false, markers = false, verticals = [], include = {} } = plot;
  const curves = plot.series.map((series, i) => prepareCurve(series, i, logY));
  const points = curves.flatMap(({ raw }) => raw).filter(([, y]) => Number.isFinite(y));
  const xValues = [...points.map(([x]) => x), ...verticals.map(({ x }) => x), ...(include.x ?? [])];
  const yValues = [...points.map(([, y]) => y), ...(include.y ?? [])];
  const legend = curves.map(({ series: { name }, dashed }, i) => ({ name, dashed, color: seriesColor(i) }));
  return drawPlot({
    title: plot.title,
    xLabel: plot.xLabel,
    yLabel: plot.yLabel,
    xAxis: linearAxis(xValues, { ticks: 6, nice: false }),
    yAxis: logY ? logAxis(yValues) : linearAxis(yValues, { ticks: 5, nice: true }),
    legend: legend.length > 1 ? legend : [],
    dataHeight: 210,
    grid: 'y',
  }, (scale) => {
    if (points.length === 0) return emptyNote(scale);
    return drawVerticals(verticals, scale) + curves.map((curve, i) => drawCurve(curve, i, markers, scale)).join('');
  });
}

interface Curve {
  readonly series: Series;
  readonly dashed: boolean;
  readonly raw: readonly Point[];
  readonly smooth: readonly Point[] | null;
}

/** Sorts, turns what cannot be drawn into gaps, and smooths where that is asked for and there are points enough. */
function prepareCurve(series: Series, index: number, logY: boolean): Curve {
  // Where colours start again, dashes tell the curves apart.
  const dashed = series.dashed ?? index % (2 * lightSeriesColors.length) >= lightSeriesColors.length;
  const raw = series.points.filter(([x]) => Number.isFinite(x)).sort(([a], [b]) => a - b)
    .map(([x, y]): Point => [x, Number.isFinite(y) && !(logY && y <= 0) ? y : NaN]);
  const span = raw.length > 0 ? raw.at(-1)![0] - raw[0]![0] : 0;
  if (series.smooth === undefined || raw.length < 30 || span === 0) return { series, dashed, raw, smooth: null };
  // On a logarithmic axis it is the logarithms that are averaged: one spike must not lift all that is near it.
  const [warp, unwarp] = logY ? [Math.log, Math.exp] : [Number, Number];
  const smooth = smoothSeries(raw.map(([x, y]): Point => [x, warp(y)]), series.smooth * span)
    .map(([x, y]): Point => [x, unwarp(y)]);
  return { series, dashed, raw, smooth };
}

function drawCurve({ series, dashed, raw, smooth }: Curve, index: number, markers: boolean, scale: PlotScale): string {
  const color = seriesColor(index);
  // One column a pixel: no more can be seen, and a page of long runs stays small.
  const columns = Math.ceil(scale.right - scale.left);
  const runs = splitAtGaps(thinSeries(smooth ?? raw, columns));
  const faint = smooth ? `<path d="${runsPath(splitAtGaps(thinSeries(raw, columns)), scale)}" opacity=".28"/>` : '';
  const dash = dashed ? ' stroke-dasharray="6 4"' : '';
  const dots = runs.filter((run) => markers || run.length === 1).flat()
    .map(([x, y]) => `<circle cx="${px(scale.x(x))}" cy="${px(scale.y(y))}" r="2.6"/>`).join('');
  return `<g fill="none" style="stroke:${color}" stroke-linejoin="round">` +
    `<title>${escapeXml(describeCurve(series.name, raw))}</title>${faint}` +
    `<path d="${runsPath(runs, scale)}" stroke-width="${lineWidth}"${dash}/>` +
    `${dots && `<g style="fill:${color};stroke:none">${dots}</g>`}</g>`;
}

/** What hovering over a curve tells. */
function describeCurve(name: string, raw: readonly Point[]): string {
  const finite = raw.filter(([, y]) => Number.isFinite(y));
  if (finite.length === 0) return name;
  const lowest = finite.reduce((best, point) => (point[1] < best[1] ? point : best));
  const [lastX, lastY] = finite.at(-1)!;
  return `${name}: ${formatNumber(lastY)} at ${formatNumber(lastX)}; ` +
    `lowest ${formatNumber(lowest[1])} at ${formatNumber(lowest[0])}`;
}

function runsPath(runs: readonly (readonly Point[])[], { x, y }: PlotScale): string {
  return runs.filter((run) => run.length > 1)
    .map((run) => `M${run.map((point) => `${px(x(point[0]))} ${px(y(point[1]))}`).join('L')}`).join('');
}

/** Runs of neighbouring points without gaps, none of them empty. */
function splitAtGaps(points: readonly Point[]): Point[][] {
  const runs: Point[][] = [];
  let open = false;
  for (const point of points) {
    const present = Number.isFinite(point[1]);
    if (present && open) runs.at(-1)!.push(point);
    else if (present) runs.push([point]);
    open = present;
  }
  return runs;
}

function drawVerticals(verticals: NonNullable<LinePlot['verticals']>, { x, top, bottom, right }: PlotScale): string {
  return verticals.map(({ x: at, label }) => {
    const left = x(at);
    const flip = left + textWidth(label) + 6 > right;
    return `<path d="M${px(left)} ${px(top)}V${px(bottom)}" style="stroke:${faintInk}" stroke-dasharray="2 3"/>` +
      svgText(label, left + (flip ? -5 : 5), top + 11, { color: faintInk, anchor: flip ? 'end' : 'start' });
  }).join('');
}

function emptyNote({ left, right, top, bottom }: PlotScale): string {
  return svgText('no data', (left + right) / 2, (top + bottom) / 2,
    { anchor: 'middle', color: faintInk });
}

export interface BarPlot {
  readonly title: string;
  readonly valueLabel: string;
  /** Top to bottom. A value that is not finite is shown as a dash. */
  readonly bars: readonly { readonly label: string; readonly value: number }[];
  /** Values that the axis must include besides 0, e.g. 1 for a rate. */
  readonly include?: readonly number[];
}

const barRowHeight = 20;
const longestBarLabel = 18;

/** Horizontal bars from zero, each with its label and value. */
export function barPlot({ title, valueLabel, bars, include = [] }: BarPlot): string {
  const count = Math.max(1, bars.length);
  const rows: PlotAxis = {
    ticks: bars.map(({ label }, i) => ({ value: count - i - 0.5, label: shorten(label) })),
    place: (value) => value / count,
  };
  const xAxis = linearAxis([0, ...bars.map(({ value }) => value), ...include], { ticks: 5, nice: true });
  const frame = { title, xLabel: valueLabel, yLabel: '', xAxis, yAxis: rows, legend: [] };
  return drawPlot({ ...frame, dataHeight: count * barRowHeight, grid: 'x' }, (scale) =>
    bars.length === 0 ? emptyNote(scale) : bars.map(({ label, value }, i) => {
      const middle = scale.y(count - i - 0.5);
      const [zero, end] = [scale.x(0), scale.x(Number.isFinite(value) ? value : 0)];
      const [left, width] = [Math.min(zero, end), Math.abs(end - zero)];
      const text = formatNumber(value);
      const inside = Math.max(zero, end) + textWidth(text) + 6 > scale.right;
      return `<rect x="${px(left)}" y="${px(middle - 7)}" width="${px(width)}" height="14" rx="2" ` +
        `style="fill:${seriesColor(0)}"><title>${escapeXml(`${label}: ${text}`)}</title></rect>` +
        svgText(text, Math.max(zero, end) + (inside ? -5 : 5), middle + 4.4,
          inside ? { anchor: 'end', color: 'var(--ground,#fff)' } : {});
    }).join(''));
}

function shorten(label: string): string {
  const letters = [...label];
  return letters.length <= longestBarLabel ? label : `${letters.slice(0, longestBarLabel - 1).join('')}…`;
}

export interface HistogramPlot {
  readonly title: string;
  readonly xLabel: string;
  /** Default: `count`. */
  readonly yLabel?: string;
  readonly values: readonly number[];
  /** About how many bins; their edges are round numbers. Default: by the square root of the count, 5 .. 40. */
  readonly bins?: number;
}

/** How many of the finite values fall into each of equal bins; a value on an edge counts to its right. */
export function histogramPlot({ title, xLabel, yLabel = 'count', values, bins }: HistogramPlot): string {
  const finite = values.filter(Number.isFinite);
  const wanted = bins ?? Math.min(40, Math.max(5, Math.ceil(Math.sqrt(finite.length))));
  const edges = linearAxis(finite, { ticks: wanted, nice: true }).ticks.map(({ value }) => value);
  const [start, width, count] = [edges[0]!, edges[1]! - edges[0]!, edges.length - 1];
  const counts = new Array<number>(count).fill(0);
  for (const value of finite) counts[Math.min(count - 1, Math.floor((value - start) / width + 1e-9))]!++;
  const xAxis = linearAxis([start, edges.at(-1)!], { ticks: 6, nice: false });
  const yAxis = linearAxis([0, ...counts], { ticks: 4, nice: true });
  return drawPlot({ title, xLabel, yLabel, xAxis, yAxis, legend: [], dataHeight: 190, grid: 'y' }, (scale) =>
    finite.length === 0 ? emptyNote(scale) : counts.map((height, i) => {
      const [left, right] = [scale.x(edges[i]!) + 0.5, scale.x(edges[i + 1]!) - 0.5];
      const top = scale.y(height);
      const range = `${formatNumber(edges[i])} to ${formatNumber(edges[i + 1])}: ${height}`;
      return `<rect x="${px(left)}" y="${px(top)}" width="${px(right - left)}" height="${px(scale.bottom - top)}" ` +
        `style="fill:${seriesColor(0)}"><title>${escapeXml(range)}</title></rect>`;
    }).join(''));
}
