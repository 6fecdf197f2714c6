/**
 * What all plots have around their data: title, legend, axes with ticks and labels, grid.
 * SVG without scripts or identifiers, so that many can stand in one page; colours are CSS variables of the page with a
 * light-theme value to fall back on. Text width is estimated, since no font is measured here.
 */
import { escapeXml } from '../../draw/escapeXml.ts';
import type { PlotAxis } from './plotAxis.ts';

/** Small enough for text to stay readable when a phone shrinks the plot to its width. */
const plotWidth = 480;
const fontSize = 12.5;
const lineHeight = 17;

const ink = 'var(--ink,#1d2127)';
/** Colour of what is not the data. */
export const faintInk = 'var(--ink-faint,#5c636e)';
const gridColor = 'var(--rule,#dfe2e7)';

export interface LegendEntry {
  readonly name: string;
  readonly color: string;
  readonly dashed: boolean;
}

export interface PlotFrame {
  readonly title: string;
  readonly xLabel: string;
  readonly yLabel: string;
  readonly xAxis: PlotAxis;
  readonly yAxis: PlotAxis;
  readonly legend: readonly LegendEntry[];
  /** Height of the area for data, in the plot's own pixels. */
  readonly dataHeight: number;
  /** Whether grid lines start from the ticks of the x axis, of the y axis or of both. */
  readonly grid: 'x' | 'y' | 'both';
}

/** Turns data into the plot's own pixels. */
export interface PlotScale {
  readonly x: (value: number) => number;
  readonly y: (value: number) => number;
  readonly left: number;
  readonly right: number;
  readonly top: number;
  readonly bottom: number;
}

/** A whole plot: the frame, with what `draw` returns for the data between grid and axes. */
export function drawPlot(frame: PlotFrame, draw: (scale: PlotScale) => string): string {
  const rows = legendRows(frame.legend);
  const tickWidth = Math.max(...frame.yAxis.ticks.map(({ label }) => textWidth(label)), 0);
  const left = Math.ceil(tickWidth + 14 + (frame.yLabel ? lineHeight : 0));
  const right = plotWidth - Math.max(14, Math.ceil(xTickWidth(frame.xAxis) / 2));
  const top = 30 + rows.length * lineHeight;
  const bottom = top + frame.dataHeight;
  const height = bottom + 24 + (frame.xLabel ? lineHeight : 0);
  const scale: PlotScale = {
    left, right, top, bottom,
    x: (value) => left + frame.xAxis.place(value) * (right - left),
    y: (value) => bottom - frame.yAxis.place(value) * (bottom - top),
  };
  return `<svg xmlns="http://www.w3.org/2000/svg" class="plot" viewBox="0 0 ${plotWidth} ${height}" role="img" ` +
    `aria-label="${escapeXml(frame.title)}" font-family="system-ui,sans-serif" font-size="${fontSize}">` +
    svgText(frame.title, left, 16, { weight: 600 }) +
    drawLegend(rows, left) + drawTicks(frame, scale) + draw(scale) + drawLabels(frame, scale, height) + '</svg>';
}

export interface SvgTextStyle {
  readonly anchor?: 'start' | 'middle' | 'end';
  readonly weight?: number;
  readonly color?: string;
  readonly transform?: string;
}

/** A line of text; y is its baseline. */
export function svgText(text: string, x: number, y: number, style: SvgTextStyle = {}): string {
  const { anchor = 'start', weight, color = ink, transform } = style;
  return `<text x="${px(x)}" y="${px(y)}" style="fill:${color}"` +
    (anchor === 'start' ? '' : ` text-anchor="${anchor}"`) +
    (weight === undefined ? '' : ` font-weight="${weight}"`) +
    (transform === undefined ? '' : ` transform="${transform}"`) + `>${escapeXml(text)}</text>`;
}

/** A coordinate in SVG with a tenth of a pixel. */
export function px(value: number): string {
  return String(Math.round(value * 10) / 10);
}

/** Estimated width of a text in a common sans-serif, on the wide side. */
export function textWidth(text: string): number {
  return text.length * fontSize * 0.58;
}

function drawTicks({ xAxis, yAxis, grid }: PlotFrame, { x, y, left, right, top, bottom }: PlotScale): string {
  const line = (x1: number, y1: number, x2: number, y2: number, color: string) =>
    `<path d="M${px(x1)} ${px(y1)}L${px(x2)} ${px(y2)}" style="stroke:${color}"/>`;
  const spacing = (right - left) / xAxis.ticks.length;
  const every = Math.ceil((xTickWidth(xAxis) + 6) / spacing);
  const columns = xAxis.ticks.filter((_, i) => i % every === 0).map(({ value, label }) => {
    const at = x(value);
    return (grid === 'y' ? line(at, bottom, at, bottom + 4, gridColor) : line(at, top, at, bottom + 4, gridColor)) +
      svgText(label, at, bottom + 18, { anchor: 'middle', color: faintInk });
  });
  const rows = yAxis.ticks.map(({ value, label }) =>
    (grid === 'x' ? '' : line(left, y(value), right, y(value), gridColor)) +
    svgText(label, left - 7, y(value) + fontSize * 0.35, { anchor: 'end', color: faintInk }));
  return columns.join('') + rows.join('') + line(left, bottom, right, bottom, faintInk);
}

function xTickWidth({ ticks }: PlotAxis): number {
  return Math.max(...ticks.map(({ label }) => textWidth(label)), 0);
}

function drawLabels({ xLabel, yLabel }: PlotFrame, { left, right, top, bottom }: PlotScale, height: number): string {
  const [x, y] = [(left + right) / 2, (top + bottom) / 2];
  return (xLabel && svgText(xLabel, x, height - 6, { anchor: 'middle' })) +
    (yLabel && svgText(yLabel, 12, y, { anchor: 'middle', transform: `rotate(-90 12 ${px(y)})` }));
}

const swatchWidth = 22;

/** Entries broken into rows that fit the plot's width. */
function legendRows(entries: readonly LegendEntry[]): LegendEntry[][] {
  const rows: LegendEntry[][] = [];
  let used = Infinity;
  for (const entry of entries) {
    const width = legendEntryWidth(entry);
    if (used + width > plotWidth - 60) {
      rows.push([]);
      used = 0;
    }
    rows.at(-1)!.push(entry);
    used += width;
  }
  return rows;
}

function legendEntryWidth({ name }: LegendEntry): number {
  return swatchWidth + 6 + textWidth(name) + 14;
}

function drawLegend(rows: readonly (readonly LegendEntry[])[], left: number): string {
  return rows.map((row, i) => {
    const y = 24 + (i + 0.5) * lineHeight;
    let x = left;
    return row.map((entry) => {
      const swatch = `<path d="M${px(x)} ${px(y)}h${swatchWidth}" style="stroke:${entry.color}" stroke-width="2.4"` +
        `${entry.dashed ? ' stroke-dasharray="6 4"' : ''}/>`;
      const name = svgText(entry.name, x + swatchWidth + 6, y + fontSize * 0.35, { color: faintInk });
      x += legendEntryWidth(entry);
      return swatch + name;
    }).join('');
  }).join('');
}
