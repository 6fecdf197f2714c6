/** Figures read off the precision tables: the COCO twelve, those of each class, and precision-recall curves. */
import type { CocoCategory } from './cocoTypes.ts';
import type { EvaluationParams } from './evaluationParams.ts';
import { precisionIndex, recallIndex, type PrecisionTables } from './precisionTables.ts';

/** What every figure is read from. */
export interface Measurement {
  readonly params: EvaluationParams;
  /** `[K]`, ascending ids; a single entry of id -1 without `useCats`. */
  readonly categories: readonly CocoCategory[];
  readonly tables: PrecisionTables;
}

/** Names of `Evaluation.stats`. AR1, AR10 and AR100 are at the three `maxDets`, whatever these are. */
export const statNames =
  ['AP', 'AP50', 'AP75', 'APs', 'APm', 'APl', 'AR1', 'AR10', 'AR100', 'ARs', 'ARm', 'ARl'] as const;

/** Figures of one class: all sizes, the last of `maxDets`; each in 0..1, or -1 where there is nothing to measure. */
export interface ClassFigures {
  readonly categoryId: number;
  readonly name: string;
  readonly AP: number;
  readonly AP50: number;
  readonly AR: number;
  /** Objects to be found, without crowds. */
  readonly objects: number;
  readonly detections: number;
}

/** A class's curve, all `[R]`. */
export interface PrecisionRecallCurve {
  readonly recall: readonly number[];
  /** The best precision at that recall or above; 0 beyond the highest recall reached. */
  readonly precision: readonly number[];
  /** The score of the detection with which that recall is reached; 0 beyond the highest reached. */
  readonly score: readonly number[];
}

/** Which table entries a figure averages; a value the params do not have selects none. */
export interface Selection {
  /** One IoU threshold, exactly as in the params. Default: all. */
  readonly iouThr?: number;
  /** Name of a size range. Default: `all`. */
  readonly area?: string;
  /** One of the params' detection limits. Default: the last. */
  readonly maxDets?: number;
  /** Default: all classes. */
  readonly categoryId?: number;
}

/** Mean precision over recalls, classes and the selected thresholds, in 0..1; -1 where nothing is measured. */
export function averagePrecision(measurement: Measurement, selection: Selection = {}): number {
  const { tables } = measurement;
  const entries: number[] = [];
  for (const { t, k, a, m } of selected(measurement, selection)) {
    for (let r = 0; r < tables.shape.R; r++) entries.push(tables.precision[precisionIndex(tables, t, r, k, a, m)]!);
  }
  return meanOfMeasured(entries);
}

/** Mean recall over classes and the selected thresholds, in 0..1; -1 where nothing is measured. */
export function averageRecall(measurement: Measurement, selection: Selection = {}): number {
  const { tables } = measurement;
  return meanOfMeasured(
    [...selected(measurement, selection)].map(({ t, k, a, m }) => tables.recall[recallIndex(tables, t, k, a, m)]!));
}

/** The class's curve at one IoU threshold, all sizes, last of `maxDets`; null where it has no object to find. */
export function precisionRecallCurve(
  measurement: Measurement, categoryId: number, iouThr = 0.5,
): PrecisionRecallCurve | null {
  const { params, tables } = measurement;
  const [entry] = selected(measurement, { categoryId, iouThr });
  if (!entry) return null;
  const { t, k, a, m } = entry;
  const places = params.recThrs.map((_, r) => precisionIndex(tables, t, r, k, a, m));
  if (tables.precision[places[0]!] === -1) return null;
  return {
    recall: params.recThrs,
    precision: places.map((place) => tables.precision[place]!),
    score: places.map((place) => tables.scores[place]!),
  };
}

/** What each of the twelve figures averages, in `statNames`' order. */
function statSelections({ maxDets }: EvaluationParams): { kind: 'AP' | 'AR'; selection: Selection }[] {
  return [
    // pycocotools asks for AP at exactly 100 detections, so it is -1 under `maxDets` without 100.
    { kind: 'AP', selection: { maxDets: 100 } },
    { kind: 'AP', selection: { iouThr: 0.5 } },
    { kind: 'AP', selection: { iouThr: 0.75 } },
    ...['small', 'medium', 'large'].map((area) => ({ kind: 'AP' as const, selection: { area } })),
    ...maxDets.map((limit) => ({ kind: 'AR' as const, selection: { maxDets: limit } })),
    ...['small', 'medium', 'large'].map((area) => ({ kind: 'AR' as const, selection: { area } })),
  ];
}

/** The twelve figures `[12]`, in `statNames`' order. */
export function cocoStats(measurement: Measurement): number[] {
  return statSelections(measurement.params).map(({ kind, selection }) =>
    kind === 'AP' ? averagePrecision(measurement, selection) : averageRecall(measurement, selection));
}

/** Figures of every class `[K]`; `counts` `[K]` are passed through. */
export function summariseClasses(
  measurement: Measurement, counts: readonly { objects: number; detections: number }[],
): ClassFigures[] {
  return measurement.categories.map(({ id: categoryId, name }, k) => ({
    categoryId,
    name,
    AP: averagePrecision(measurement, { categoryId }),
    AP50: averagePrecision(measurement, { categoryId, iouThr: 0.5 }),
    AR: averageRecall(measurement, { categoryId }),
    ...counts[k]!,
  }));
}

/** The twelve figures as the twelve well-known lines, without a final newline. */
export function formatStats(
  { params, stats }: { readonly params: EvaluationParams; readonly stats: readonly number[] },
): string {
  const { iouThrs, maxDets } = params;
  const everyIou = `${iouThrs[0]!.toFixed(2)}:${iouThrs.at(-1)!.toFixed(2)}`;
  return statSelections(params).map(({ kind, selection }, i) => {
    const title = (kind === 'AP' ? 'Average Precision' : 'Average Recall').padEnd(18);
    const iou = (selection.iouThr?.toFixed(2) ?? everyIou).padEnd(9);
    const area = (selection.area ?? 'all').padStart(6);
    const limit = String(selection.maxDets ?? maxDets.at(-1)).padStart(3);
    return ` ${title} (${kind}) @[ IoU=${iou} | area=${area} | maxDets=${limit} ] = ${stats[i]!.toFixed(3)}`;
  }).join('\n');
}

function* selected({ params, categories, tables }: Measurement, selection: Selection) {
  const { T, K } = tables.shape;
  const a = params.areaRngLbl.indexOf(selection.area ?? 'all');
  const m = params.maxDets.indexOf(selection.maxDets ?? params.maxDets.at(-1)!);
  if (a < 0 || m < 0) return;
  for (let t = 0; t < T; t++) {
    if (selection.iouThr !== undefined && params.iouThrs[t] !== selection.iouThr) continue;
    for (let k = 0; k < K; k++) {
      if (selection.categoryId !== undefined && categories[k]!.id !== selection.categoryId) continue;
      yield { t, k, a, m };
    }
  }
}

function meanOfMeasured(entries: readonly number[]): number {
  const measured = entries.filter((entry) => entry > -1);
  return measured.length === 0 ? -1 : measured.reduce((sum, entry) => sum + entry, 0) / measured.length;
}
