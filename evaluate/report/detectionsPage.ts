/** The pages of a `detect` run: what was found, how well, and how the inversion of every image went. */
import { basename, join, resolve } from 'node:path';
import { writeAtomic } from '../../engine/writeAtomic.ts';
import { overlayName, readDetectionFiles, type DetectionFiles, type Inversion } from './detectionFiles.ts';
import { evaluationSections, measured } from './evaluationSections.ts';
import {
  collapsed, fixed, htmlGrid, htmlImage, htmlPage, htmlTable, keyValues, pageLinks, paragraph, plotGrid, subheading,
  type Cell, type Html, type PageSection,
} from './page.ts';
import { histogramPlot, linePlot } from './plot.ts';

/** Images on a page: a few megabytes with their curves. */
const imagesPerPage = 100;
/** With fewer values, a histogram says less than their mean. */
const histogramFrom = 8;

/**
 * Writes `index.html` into a `detect` output folder, and `images-2.html` and so on where there are more than 100
 * images, from what is there so far: `inversions.jsonl`, `detections.json`, `evaluation.json`, `overlays/*.png` (named
 * by `overlayName`, by the file's stem or by the image's id).
 * @returns the path of `index.html`.
 * @throws UserError when the folder does not exist or a file in it is not what it should be.
 */
export async function writeDetectionsPage(outDir: string): Promise<string> {
  const files = await readDetectionFiles(outDir);
  const title = basename(resolve(outDir));
  const chunks = inChunks(files.inversions, imagesPerPage);
  const hrefs = chunks.map((_, page) => (page === 0 ? 'index.html' : `images-${page + 1}.html`));
  const links = chunks.map((chunk, page) => {
    const first = page * imagesPerPage + 1;
    return { href: hrefs[page]!, label: `${first} to ${first + chunk.length - 1}` };
  });
  // The first page comes last, so that its links lead somewhere once it is there.
  for (const [page, chunk] of [...chunks.entries()].reverse()) {
    const navigation = chunks.length > 1 ? [pageLinks(links, page)] : [];
    const images = chunk.flatMap((inversion) => imageBlocks(inversion, files.overlays));
    await writeAtomic(join(outDir, hrefs[page]!), htmlPage({
      title,
      subtitle: 'Detection by inversion',
      sections: [
        ...(page === 0 ? overview(files) : []),
        { title: 'Images', body: [...navigation, ...images, ...navigation] },
      ],
    }));
  }
  return join(outDir, hrefs[0]!);
}

/** Parts of at most `size`; one empty part for an empty list. */
function inChunks<Item>(items: readonly Item[], size: number): (readonly Item[])[] {
  const count = Math.max(1, Math.ceil(items.length / size));
  return Array.from({ length: count }, (_, i) => items.slice(i * size, (i + 1) * size));
}

function overview(files: DetectionFiles): PageSection[] {
  const { inversions, evaluation, unreadable } = files;
  const body: Html[] = [summary(files)];
  if (unreadable > 0) {
    body.push(paragraph(`${unreadable} lines of inversions.jsonl could not be read and are left out.`, 'note'));
  }
  const steps = present(inversions, 'convergenceStep');
  const seconds = present(inversions, 'seconds');
  const search = [
    histogramPlot({ title: 'Convergence step', xLabel: 'step', yLabel: 'images', values: steps }),
    histogramPlot({ title: 'Time', xLabel: 'seconds an image', yLabel: 'images', values: seconds }),
  ];
  return [
    { title: '', body },
    ...(evaluation ? evaluationSections(evaluation) : []),
    { title: 'Search', body: inversions.length >= histogramFrom ? [plotGrid(search)] : [] },
  ];
}

function summary({ inversions, detectionCount, evaluation }: DetectionFiles): Html {
  const found = detectionCount ?? inversions.reduce((sum, { detections }) => sum + detections.length, 0);
  const entries: [string, Cell][] = [
    ['images', inversions.length],
    ['detections', found],
    ['convergence step, mean', mean(present(inversions, 'convergenceStep'))],
    ['seconds an image, mean', mean(present(inversions, 'seconds'))],
  ];
  if (evaluation) {
    const names = ['AP', 'AP50'];
    names.forEach((name, i) => entries.push([name, fixed(measured(evaluation.stats[i]), 3)]));
  }
  return keyValues(entries);
}

function present(inversions: readonly Inversion[], field: 'convergenceStep' | 'seconds'): number[] {
  return inversions.flatMap(({ [field]: value }) => (value === null || value === undefined ? [] : [value]));
}

function mean(values: readonly number[]): number | null {
  return values.length === 0 ? null : values.reduce((sum, value) => sum + value, 0) / values.length;
}

function imageBlocks(inversion: Inversion, overlays: ReadonlySet<string>): Html[] {
  const { imageId, fileName, seed, detections } = inversion;
  const facts = [
    `${detections.length} ${detections.length === 1 ? 'detection' : 'detections'}`,
    ...(inversion.convergenceStep == null ? [] : [`converged at step ${inversion.convergenceStep}`]),
    ...(inversion.seconds == null ? [] : [`${inversion.seconds.toFixed(1)} s`]),
    ...(seed === undefined ? [] : [`seed ${seed}`]),
  ];
  const blocks = [subheading(fileName), paragraph(facts.join(', '), 'note')];
  const stem = fileName.split(/[\\/]/).at(-1)!.replace(/\.[^.]*$/, '');
  const overlay = [overlayName(imageId, fileName), `${stem}.png`, `${imageId}.png`].find((name) => overlays.has(name));
  if (overlay) blocks.push(htmlImage({ src: `overlays/${overlay}`, caption: '' }));
  const cells = detections.length > 0 ? [detectionTable(detections)] : [];
  if (inversion.loss.length + inversion.monitor.length > 0) {
    cells.unshift({ html: `<figure>${inversionPlot(inversion)}</figure>` });
  }
  blocks.push(htmlGrid(cells, 25));
  return blocks;
}

function inversionPlot({ loss, monitor, convergenceStep }: Inversion): string {
  return linePlot({
    title: 'Objective of the inversion',
    xLabel: 'step',
    yLabel: '',
    series: [{ name: 'loss', points: loss, smooth: 0.03 }, { name: 'monitor', points: monitor }],
    verticals: convergenceStep == null ? [] : [{ x: convergenceStep, label: 'converged' }],
  });
}

function detectionTable(detections: Inversion['detections']): Html {
  const ordered = detections.toSorted((a, b) => (b.score ?? 0) - (a.score ?? 0));
  const table = htmlTable(['class', 'score', 'x', 'y', 'width', 'height'], ordered.map(({ label, score, xywhPx }) =>
    [label, fixed(score ?? null, 3), ...xywhPx.map((value) => fixed(value, 1))]));
  const block = detections.length > 10 ? collapsed(`${detections.length} detections`, [table]) : table;
  return { html: `<div>${block.html}</div>` };
}
