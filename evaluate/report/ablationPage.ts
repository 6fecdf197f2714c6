/** The page of an ablation. */
import { ablationCells, ablationColumns, type Ablation } from '../ablation.ts';
import { htmlPage, htmlTable, keyValues, paragraph, plotGrid, preformatted, type Html } from './page.ts';
import { barPlot } from './plot.ts';

export function ablationPage({ adapter, generator, prior, annotations, rows }: Ablation): string {
  const numeric = (cell: string, column: number): string | Html => (column < 2 ? cell : { html: cell, numeric: true });
  const bars = (title: string, value: (row: Ablation['rows'][number]) => number): string =>
    barPlot({ title, valueLabel: title, bars: rows.map((row) => ({ label: row.name, value: value(row) })) });
  return htmlPage({
    title: 'Ablation of the inversion', subtitle: annotations,
    sections: [
      { title: '', body: [keyValues([
        ['generator', generator], ['prior', prior], ['pictures', Math.max(0, ...rows.map(({ images }) => images))],
        ['adapter', adapter],
      ])] },
      { title: 'Table', body: [
        htmlTable(ablationColumns, rows.map((row) => ablationCells(row).map(numeric))),
        paragraph('Found: objects at IoU 0.5 with the right class. Converged at: step of the monitor\'s minimum; looks '
          + 'of the searches over tokens. Passes and seconds are those of a picture.', 'note'),
      ] },
      { title: 'Figures', body: [plotGrid([bars('AP', ({ AP }) => AP), bars('AP50', ({ AP50 }) => AP50)])] },
      { title: 'Commands', body: [preformatted(rows.map(({ name, command }) => `${command}   # ${name}`).join('\n'))] },
    ],
  });
}
