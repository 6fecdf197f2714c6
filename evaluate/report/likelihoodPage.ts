/** The page of a prior's likelihood: figures beside baselines, and layouts drawn from it against those of data. */
import type { Calibration, LayoutStatistics } from '../layoutCalibration.ts';
import { placeBins, sizeBins } from '../layoutCalibration.ts';
import type { Likelihood } from '../likelihood.ts';
import { collapsed, fixed, htmlImage, htmlPage, htmlTable, keyValues, paragraph, plotGrid, type Html, type PageSection }
  from './page.ts';
import { barPlot, linePlot, type Series } from './plot.ts';

/** Statistics of one set of layouts, under the name that the page gives it. */
export interface NamedStatistics {
  readonly name: string;
  readonly statistics: LayoutStatistics;
  /** Against the first set; null for the first. */
  readonly calibration: Calibration | null;
}

export interface LikelihoodPage {
  readonly title: string;
  readonly likelihood: Likelihood;
  /** The data first; empty where nothing was drawn. */
  readonly sets: readonly NamedStatistics[];
  /** Names of the classes. */
  readonly classes: readonly string[];
  /** Drawing of measured and drawn layouts beside the page; null for none. */
  readonly sheet: string | null;
}

/** Pairs of classes, and classes, that a plot shows; and that a table lists. */
const pairsShown = 40;
const pairsListed = 60;

export function likelihoodPage({ title, likelihood, sets, classes, sheet }: LikelihoodPage): string {
  return htmlPage({
    title, subtitle: 'Likelihood of a layout prior',
    sections: [
      { title: '', body: [facts(likelihood)] },
      { title: 'Likelihood', body: likelihoodBlocks(likelihood) },
      ...(sets.length > 1 ? calibrationSections(sets, classes) : []),
      ...(sheet ? [{
        title: 'Layouts', body: [htmlImage({ src: sheet, caption: 'left: measured; right: drawn' })],
      }] : []),
    ],
  });
}

function facts({ layouts, objects, order, orders, ratio, bestBaseline, ofSets }: Likelihood): Html {
  return keyValues([
    ['layouts', layouts], ['objects', objects],
    ['order of objects', order === 'random' ? `random, mean over ${orders} of each layout` : order],
    [`nats per object, prior / ${bestBaseline}`, fixed(ratio, 3)],
    [`of layouts as sets, prior / ${ofSets.bestBaseline}`, fixed(ofSets.ratio, 3)],
  ]);
}

function likelihoodBlocks({ models, fitted, gain, bestBaseline }: Likelihood): Html[] {
  const rows = models.map(({ name, about, perLayout, perObject, perObjectOfSet, perToken, standardError, parts }) => [
    name, fixed(perLayout, 2), ...[perObject, standardError, perObjectOfSet, perToken, parts.classes, parts.topLeft,
      parts.bottomRight].map((value) => fixed(value, 3)), about]);
  const bars = models.map(({ name, perObject }) => ({ label: name, value: Number(perObject.toFixed(3)) }));
  return [
    htmlTable(['model', 'nats per layout', 'per object', '±', 'of a set', 'per token', 'class', 'top left',
      'bottom right', 'what it knows'], rows),
    paragraph(`Per object the prior saves ${gain.nats.toFixed(3)} ± ${gain.standardError.toFixed(3)} nats over the `
      + `${bestBaseline} (standard error over layouts). Baselines were fitted ${fitted}.`),
    paragraph('All figures are of the same sequences of objects, in one order; "of a set" is per object of the layout '
      + 'whatever its order, which is at most this (exactly this for uniform and unigram).', 'note'),
    plotGrid([barPlot({ title: 'Nats per object', valueLabel: 'nats', bars })]),
  ];
}

function calibrationSections(sets: readonly NamedStatistics[], classes: readonly string[]): PageSection[] {
  const rows = sets.filter(({ calibration }) => calibration !== null).map(({ name, statistics, calibration }) => [
    name, statistics.layouts, ...[calibration!.objectCounts, calibration!.classes, calibration!.pairs,
      calibration!.places, calibration!.sizes].map((distance) => fixed(distance, 3)),
    fixed(Number.isFinite(calibration!.together) ? calibration!.together : null, 3)]);
  const curves = (points: (statistics: LayoutStatistics) => [number, number][]): Series[] =>
    sets.map(({ name, statistics }) => ({ name, points: points(statistics) }));
  const first = sets[0]!.statistics;
  const ranked = (shares: readonly number[], most: number): number[] =>
    shares.map((_, i) => i).sort((a, b) => shares[b]! - shares[a]!).filter((i) => shares[i]! > 0).slice(0, most);
  const byRank = (order: readonly number[], of: (statistics: LayoutStatistics) => readonly number[]): Series[] =>
    curves((statistics) => order.map((i, rank) => [rank + 1, of(statistics)[i]!]));
  const [byClass, byPair] = [ranked(first.classes, pairsShown), ranked(first.together, pairsShown)];
  const plots = [
    linePlot({ title: 'Number of objects', xLabel: 'objects of a layout', yLabel: 'share of layouts', markers: true,
      series: curves(({ objectCounts }) => objectCounts.map((share, n) => [n, share])), include: { y: [0] } }),
    linePlot({ title: 'Size of objects', xLabel: 'square root of the area', yLabel: 'share of objects', markers: true,
      series: curves(({ sizes }) => sizes.map((share, bin) => [(bin + 0.5) / sizeBins, share])), include: { y: [0] } }),
    linePlot({ title: 'Classes', xLabel: `class, by rank in ${sets[0]!.name}`, yLabel: 'share of objects',
      logY: true, markers: true, series: byRank(byClass, (statistics) => statistics.classes) }),
    linePlot({ title: 'Classes together', xLabel: `pair of classes, by rank in ${sets[0]!.name}`,
      yLabel: 'share of layouts', markers: true, logY: true,
      series: byRank(byPair, (statistics) => statistics.together) }),
  ];
  const listed = ranked(first.together, pairsListed).map((pair) => {
    const [a, b] = [Math.floor(pair / classes.length), pair % classes.length];
    return [a === b ? `${classes[a]}, twice` : `${classes[a]}, ${classes[b]}`,
      ...sets.map(({ statistics }) => fixed(statistics.together[pair]!, 4))];
  });
  return [{
    title: 'Calibration',
    body: [
      htmlTable([`against ${sets[0]!.name}`, 'layouts', 'number of objects', 'classes', 'pairs of classes', 'places',
        'sizes', 'classes together'], rows),
      paragraph('Total variation distance, 0 where alike; for classes together the correlation over all pairs, 1 where '
        + `alike. Places are those of centres in ${placeBins} x ${placeBins} squares, sizes in ${sizeBins} bins. `
        + 'Other layouts of data show what chance alone would leave.', 'note'),
      plotGrid(plots),
      collapsed(`Shares of layouts with the ${listed.length} most frequent pairs of classes`,
        [htmlTable(['pair', ...sets.map(({ name }) => name)], listed)]),
    ],
  }];
}
