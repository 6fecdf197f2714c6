/** The parts of a page that show COCO figures: the twelve, those of each class, precision-recall curves. */
import { statNames } from '../cocoStats.ts';
import type { DetectionEvaluation } from './detectionFiles.ts';
import { collapsed, fixed, htmlTable, plotGrid, type Html, type PageSection } from './page.ts';
import { barPlot, linePlot } from './plot.ts';

const statMeanings = [
  'average precision, mean over IoU 0.50 to 0.95', 'average precision at IoU 0.50', 'average precision at IoU 0.75',
  'AP of small objects, below 32² px', 'AP of medium objects', 'AP of large objects, above 96² px',
  'average recall, at most 1 detection an image', 'average recall, at most 10', 'average recall, at most 100',
  'AR of small objects', 'AR of medium objects', 'AR of large objects',
];

/** Curves of more classes than this are hard to tell apart in one plot. */
const curvesPerPlot = 6;
const barsAtMost = 30;

/** Sections for the figures that an evaluation has. */
export function evaluationSections(evaluation: DetectionEvaluation): PageSection[] {
  const rows = statNames.map((name, i) => [name, statMeanings[i]!, fixed(measured(evaluation.stats[i]), 3)]);
  return [
    { title: 'COCO figures', body: [htmlTable(['figure', 'what', 'value'], rows)] },
    { title: 'Classes', body: classBlocks(evaluation) },
    { title: 'Precision and recall', body: curveBlocks(evaluation) },
  ];
}

/** A figure of an evaluation; -1 says that there was nothing to measure. */
export function measured(figure: number | undefined): number | null {
  return figure === undefined || figure < 0 ? null : figure;
}

function classBlocks({ perClass }: DetectionEvaluation): Html[] {
  if (perClass.length === 0) return [];
  const table = htmlTable(['class', 'AP', 'AP50', 'AR', 'objects', 'detections'], perClass.map((figures) => [
    figures.name, ...[figures.AP, figures.AP50, figures.AR].map((figure) => fixed(measured(figure), 3)),
    figures.objects ?? null, figures.detections ?? null,
  ]));
  if (perClass.length > barsAtMost) return [collapsed(`${perClass.length} classes`, [table])];
  const bars = perClass.map(({ name, AP }) => ({ label: name, value: Number((measured(AP) ?? NaN).toFixed(3)) }));
  return [plotGrid([barPlot({ title: 'AP by class', valueLabel: 'AP', bars, include: [0.5] })]), table];
}

function curveBlocks({ curves, perClass }: DetectionEvaluation): Html[] {
  const ofClasses = perClass.flatMap(({ name, curve50 }) => (curve50
    ? [{ name, points: curve50.recall.map((recall, i): [number, number] => [recall, curve50.precision[i] ?? NaN]) }]
    : []));
  const all = curves.length > 0 ? curves : ofClasses;
  if (all.length === 0) return [];
  const plots: string[] = [];
  for (let first = 0; first < all.length; first += curvesPerPlot) {
    const series = all.slice(first, first + curvesPerPlot);
    const what = curves.length > 0 ? 'Precision against recall' : 'Precision against recall, IoU 0.50';
    plots.push(linePlot({
      title: series.length === 1 ? `${what}: ${series[0]!.name}` : what,
      xLabel: 'recall', yLabel: 'precision', series, include: { x: [0, 1], y: [0, 1] },
    }));
  }
  return [plotGrid(plots)];
}
