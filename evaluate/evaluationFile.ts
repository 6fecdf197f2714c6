/** `evaluation.json`: what an evaluation found and under which settings, for scripts and for the report page. */
import { writeAtomic } from '../engine/writeAtomic.ts';
import type { Evaluation } from './coco.ts';
import { precisionRecallCurve, statNames, type ClassFigures, type PrecisionRecallCurve } from './cocoStats.ts';
import type { EvaluationParams } from './evaluationParams.ts';

export interface EvaluationRecord {
  /** `[12]`, in pycocotools' order; -1 where there is nothing to measure. */
  readonly stats: readonly number[];
  readonly statNames: readonly string[];
  readonly perClass: readonly (ClassFigures & {
    /** At IoU 0.5; null where the class has no object or 0.5 is not among the thresholds. */
    readonly curve50: PrecisionRecallCurve | null;
  })[];
  /** All settings but the image list, of which the number is kept. */
  readonly params: Omit<EvaluationParams, 'imgIds'> & { readonly images: number };
}

/** The part of an evaluation that is kept on disk. */
export function evaluationRecord(evaluation: Evaluation): EvaluationRecord {
  const { imgIds, ...params } = evaluation.params;
  return {
    stats: evaluation.stats,
    statNames,
    perClass: evaluation.perClass.map((figures) => ({
      ...figures,
      curve50: precisionRecallCurve(evaluation, figures.categoryId),
    })),
    params: { ...params, images: imgIds.length },
  };
}

/** Writes the record to `file`, making its folder; `file` is replaced whole or not at all (then UserError). */
export async function writeEvaluation(file: string, record: EvaluationRecord): Promise<void> {
  await writeAtomic(file, `${readableJson(record)}\n`);
}

/** Indented JSON with lists of plain values on one line: a curve of 101 numbers must not fill 101 lines. */
function readableJson(value: unknown, indent = ''): string {
  if (value === null || typeof value !== 'object') return JSON.stringify(value);
  const isList = Array.isArray(value);
  if (isList && value.every((item) => item === null || typeof item !== 'object')) return JSON.stringify(value);
  const deeper = `${indent}  `;
  const lines = isList
    ? value.map((item) => deeper + readableJson(item, deeper))
    : Object.entries(value).map(([key, item]) => `${deeper}${JSON.stringify(key)}: ${readableJson(item, deeper)}`);
  const [open, close] = isList ? '[]' : '{}';
  return `${open}\n${lines.join(',\n')}\n${indent}${close}`;
}
