/** The table of an ablation: what each way to search found, and what it took. */
import { averageRecall, type ClassFigures } from './cocoStats.ts';
import type { Evaluation } from './coco.ts';

/** One row: figures are means over its pictures. */
export interface AblationFigures {
  readonly name: string;
  readonly about: string;
  /** The command line that gives this row alone. */
  readonly command: string;
  readonly images: number;
  readonly AP: number;
  readonly AP50: number;
  /** Objects found at IoU 0.5 with the right class, and all objects. */
  readonly found: number;
  readonly objects: number;
  /** Step of the monitor's minimum, and step that the search ended at; of a search over tokens, looks. */
  readonly convergenceStep: number;
  readonly steps: number;
  /** The most steps allowed; null for a search over tokens, which passes limit. */
  readonly mostSteps: number | null;
  /** Network passes, forward and backward counted one each. */
  readonly passes: number;
  readonly seconds: number;
}

export interface Ablation {
  readonly adapter: string;
  readonly generator: string;
  readonly prior: string | null;
  readonly annotations: string;
  readonly rows: readonly AblationFigures[];
}

/** Objects found at IoU 0.5 with the right class, of how many. */
export function objectsFound(evaluation: Evaluation): { readonly found: number; readonly objects: number } {
  const classes: readonly ClassFigures[] = evaluation.perClass.filter(({ objects }) => objects > 0);
  const objects = classes.reduce((sum, figures) => sum + figures.objects, 0);
  const found = classes.reduce((sum, { categoryId, objects: own }) =>
    sum + own * Math.max(0, averageRecall(evaluation, { iouThr: 0.5, categoryId })), 0);
  return { found: Math.round(found), objects };
}

/** The headings of the table, and a row under them. */
export const ablationColumns =
  ['row', 'what', 'AP', 'AP50', 'found', 'converged at', 'ended at', 'passes', 's'] as const;

export function ablationCells(row: AblationFigures): string[] {
  const { name, about, AP, AP50, found, objects, convergenceStep, steps, mostSteps, passes, seconds } = row;
  const ended = mostSteps === null ? steps.toFixed(1) : `${steps.toFixed(1)} of ${mostSteps}`;
  return [name, about, AP.toFixed(3), AP50.toFixed(3), `${found} of ${objects}`, convergenceStep.toFixed(1), ended,
    String(Math.round(passes)), seconds.toFixed(1)];
}

/** The table and the commands as Markdown. */
export function ablationMarkdown({ adapter, rows }: Ablation): string {
  const line = (cells: readonly string[]): string => `| ${cells.join(' | ')} |`;
  return [
    line(ablationColumns), line(ablationColumns.map((_, i) => (i < 2 ? '---' : '---:'))),
    ...rows.map((row) => line(ablationCells(row))), '', `Adapter: ${adapter}`, '', '```sh',
    ...rows.map(({ name, command }) => `${command}   # ${name}`), '```',
  ].join('\n');
}
