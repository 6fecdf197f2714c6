import type { JsonRecord } from './jsonLines.ts';
import type { Point } from './smoothSeries.ts';

/** One numeric field over the steps. */
export interface MetricSeries {
  /** The field's name. */
  readonly name: string;
  /** Whether the name marks it as measured on validation data. */
  readonly validation: boolean;
  /** Ascending steps; NaN where the record has null, as JSON writes what is not finite. */
  readonly points: readonly Point[];
}

/** A metric with its validation counterpart: drawn in one plot. */
export interface MetricGroup {
  /** `loss` for the fields `loss`, `val` and `valLoss`; `accuracy` for `accuracy` and `valAccuracy`. */
  readonly name: string;
  /** Training first. */
  readonly series: readonly MetricSeries[];
}

/**
 * Numeric fields of metrics records, by groups in order of first appearance.
 * A step that is lower than one before it comes from a resumed run: what was recorded from there on is replaced.
 */
export function metricGroups(records: readonly JsonRecord[]): MetricGroup[] {
  const fields = new Map<string, Point[]>();
  let lastStep = -Infinity;
  for (const { step, ...values } of records) {
    if (typeof step !== 'number' || !Number.isFinite(step)) continue;
    if (step < lastStep) dropFrom(fields, step);
    lastStep = step;
    for (const [name, value] of Object.entries(values)) {
      if (typeof value !== 'number' && value !== null) continue;
      const points = fields.get(name) ?? [];
      fields.set(name, points);
      if (points.at(-1)?.[0] === step) points.pop();
      points.push([step, value ?? NaN]);
    }
  }
  const groups = new Map<string, MetricSeries[]>();
  for (const [name, points] of fields) {
    // A field that was null throughout is not known to be a number.
    if (!points.some(([, y]) => Number.isFinite(y))) continue;
    const { base, validation } = splitName(name);
    const series = groups.get(base) ?? [];
    groups.set(base, series);
    series.push({ name, validation, points });
  }
  return [...groups].map(([name, series]) => ({
    name,
    series: series.sort((a, b) => Number(a.validation) - Number(b.validation)),
  }));
}

function dropFrom(fields: ReadonlyMap<string, Point[]>, step: number): void {
  for (const points of fields.values()) {
    while (points.length > 0 && points.at(-1)![0] >= step) points.pop();
  }
}

/** `valLoss`, `val_loss`, `val/loss` and `validationLoss` belong to `loss`; so does `val` alone. */
function splitName(name: string): { base: string; validation: boolean } {
  const match = /^val(?:idation)?(?![a-z])[_./-]?(.*)$/.exec(name);
  if (!match) return { base: name, validation: false };
  const rest = match[1]!;
  return { base: rest === '' ? 'loss' : rest[0]!.toLowerCase() + rest.slice(1), validation: true };
}
