// Plots are read back as XML: what is drawn, where, and that no text or value can break the markup.
import { XMLParser, XMLValidator } from 'fast-xml-parser';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { barPlot, histogramPlot, linePlot, type LinePlot } from '../../../evaluate/report/plot.ts';

const blank: LinePlot = { title: 'loss', xLabel: 'step', yLabel: 'nats', series: [] };

function wellFormed(svg: string): string {
  assert.is(XMLValidator.validate(svg), true, svg.slice(0, 200));
  assert.not.match(svg, /NaN|Infinity|undefined/);
  return svg;
}

/** All texts of a plot, unescaped. */
function texts(svg: string): string[] {
  const parser = new XMLParser({ parseTagValue: false });
  return wellFormed(svg).match(/<text[^]*?<\/text>/g)!.map((text) => String(parser.parse(text).text));
}

/** Coordinates of the points of every stroke that draws a curve. */
function curves(svg: string): [number, number][][] {
  return [...svg.matchAll(/<path d="(M[^"hV]*)"( opacity="[^"]*"| stroke-width="[^"]*")/g)].flatMap(([, path]) =>
    path!.split('M').filter(Boolean).map((run) =>
      run.split('L').map((point) => point.split(' ').map(Number) as [number, number])));
}

test('a curve runs through its points, y upwards, inside the picture', () => {
  const svg = wellFormed(linePlot({ ...blank, series: [{ name: 'a', points: [[0, 0], [10, 1], [20, 0.5]] }] }));
  const [width, height] = /viewBox="0 0 (\d+) (\d+)"/.exec(svg)!.slice(1).map(Number) as [number, number];
  const [curve] = curves(svg);
  assert.is(curve!.length, 3);
  const [[x0, y0], [x1, y1], [x2, y2]] = curve as [[number, number], [number, number], [number, number]];
  assert.ok(Math.abs(x1 - (x0 + x2) / 2) < 0.11 && Math.abs(y2 - (y0 + y1) / 2) < 0.11);
  assert.ok(y1 < y0);
  assert.ok(curve!.every(([x, y]) => x > 0 && x < width && y > 0 && y < height));
});

test('points are drawn in ascending x whatever their order', () => {
  const svg = linePlot({ ...blank, series: [{ name: 'a', points: [[2, 1], [0, 3], [1, 2]] }] });
  const xs = curves(svg)[0]!.map(([x]) => x);
  assert.equal(xs, xs.toSorted((a, b) => a - b));
});

test('values that are not finite leave gaps; a point between two gaps becomes a dot', () => {
  const points: [number, number][] = [[0, 1], [1, 2], [2, NaN], [3, 3], [4, Infinity], [5, 2], [6, 1], [NaN, 5]];
  const svg = wellFormed(linePlot({ ...blank, series: [{ name: 'a', points }] }));
  assert.equal(curves(svg).map((run) => run.length), [2, 2]);
  assert.is(svg.match(/<circle/g)!.length, 1);
});

test('a logarithmic axis spaces factors evenly and takes zero and below as gaps', () => {
  const points: [number, number][] = [[0, 0.001], [1, 0.01], [2, 0.1], [3, 0], [4, -1], [5, 1], [6, 10]];
  const svg = wellFormed(linePlot({ ...blank, logY: true, series: [{ name: 'a', points }] }));
  const [first, second] = curves(svg);
  assert.ok(Math.abs((first![0]![1] - first![1]![1]) - (first![1]![1] - first![2]![1])) < 0.21);
  assert.is(second!.length, 2);
  assert.ok(['0.001', '0.1', '10'].every((label) => texts(svg).includes(label)), texts(svg).join(' '));
});

test('no data, one point and a constant are plots too', () => {
  assert.ok(texts(linePlot(blank)).includes('no data'));
  assert.ok(texts(linePlot({ ...blank, series: [{ name: 'a', points: [[1, NaN]] }] })).includes('no data'));
  assert.match(linePlot({ ...blank, series: [{ name: 'a', points: [[3, 0]] }] }), /<circle/);
  assert.is(curves(wellFormed(linePlot({ ...blank, series: [{ name: 'a', points: [[0, 7], [1, 7]] }] }))).length, 1);
  wellFormed(linePlot({ ...blank, logY: true, series: [{ name: 'a', points: [[0, 7], [1, 7]] }] }));
});

test('titles, labels and names are escaped', () => {
  const nasty = `<script>"&'</script>\u0007`;
  const series = [{ name: nasty, points: [[0, 1], [1, 2]] as const }, { name: 'b', points: [] }];
  const svg = linePlot({ title: nasty, xLabel: nasty, yLabel: nasty, series, verticals: [{ x: 1, label: nasty }] });
  wellFormed(svg);
  assert.not.match(svg, /<script/);
  assert.is(texts(svg).filter((text) => text.includes('script')).length, 5);
  const bars = wellFormed(barPlot({ title: nasty, valueLabel: nasty, bars: [{ label: nasty, value: 1 }] }));
  assert.not.match(bars, /<script/);
  assert.not.match(wellFormed(histogramPlot({ title: nasty, xLabel: nasty, values: [1, 2] })), /<script/);
});

test('only several series have a legend; the eighth repeats the first colour with dashes', () => {
  const series = Array.from({ length: 8 }, (_, i) => ({ name: `s${i}`, points: [[0, i], [1, i]] as const }));
  const svg = linePlot({ ...blank, series });
  assert.ok(series.every(({ name }) => texts(svg).includes(name)));
  assert.is(svg.match(/--series-1,/g)!.length, 4, 'a swatch and a curve each');
  assert.is(svg.match(/stroke-dasharray/g)!.length, 2);
  assert.not.ok(texts(linePlot({ ...blank, series: series.slice(0, 1) })).includes('s0'));
});

test('a smoothed curve is drawn over its faint raw points; long series stay small', () => {
  const points = Array.from({ length: 100_000 }, (_, i) => [i, Math.sin(i * 12.9898) + 3] as const);
  const svg = wellFormed(linePlot({ ...blank, series: [{ name: 'a', points, smooth: 0.02 }] }));
  const [raw, smooth] = curves(svg) as [[number, number][], [number, number][]];
  const spread = (curve: [number, number][]) =>
    Math.max(...curve.map(([, y]) => y)) - Math.min(...curve.map(([, y]) => y));
  assert.ok(spread(raw) > 10 * spread(smooth), `${spread(raw)} against ${spread(smooth)}`);
  assert.ok(svg.length < 60_000, `${svg.length} characters`);
});

test('the axes reach values they must include', () => {
  const labels = texts(linePlot({ ...blank, series: [{ name: 'a', points: [[0.4, 0.4], [0.6, 0.6]] }],
    include: { x: [0, 1], y: [0, 1] } }));
  assert.is(labels.filter((label) => label === '1.0').length, 2, labels.join(' '));
});

test('bars start at zero, to either side; what is not finite is a dash', () => {
  const bars = [{ label: 'up', value: 4 }, { label: 'down', value: -2 }, { label: 'none', value: NaN }];
  const svg = barPlot({ title: 'AP', valueLabel: 'AP', bars });
  const rects = [...wellFormed(svg).matchAll(/<rect x="([\d.]+)" y="[\d.]+" width="([\d.]+)"/g)]
    .map(([, x, width]) => [Number(x), Number(width)] as const);
  assert.ok(Math.abs(rects[0]![1] - 2 * rects[1]![1]) < 0.21);
  assert.ok(Math.abs(rects[1]![0] + rects[1]![1] - rects[0]![0]) < 0.21);
  assert.is(rects[2]![1], 0);
  assert.ok(texts(svg).includes('–'));
});

test('a histogram counts every finite value once', () => {
  const values = [0, 0.5, 1, 1, 2, 3.999, 4, NaN, Infinity];
  const svg = wellFormed(histogramPlot({ title: 'steps', xLabel: 'step', values, bins: 4 }));
  const counts = [...svg.matchAll(/<title>[^<]*: (\d+)<\/title>/g)].map(([, count]) => Number(count));
  assert.equal(counts, [2, 2, 1, 2], 'edges count to the right, the last edge to the last bin');
  assert.ok(texts(histogramPlot({ title: 'steps', xLabel: 'step', values: [] })).includes('no data'));
});

test.run();
