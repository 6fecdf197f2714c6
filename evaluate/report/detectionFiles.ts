/** What a `detect` run leaves in its folder, as far as its page shows it; wrong structure becomes a UserError. */
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import * as v from 'valibot';
import { UserError } from '../../engine/errors.ts';
import { readJson } from '../../data/readJson.ts';
import { readJsonLines } from './jsonLines.ts';

const curve = v.array(v.pipe(
  v.tuple([v.number(), v.nullable(v.number())]),
  // JSON has no NaN: what was not finite has been written as null.
  v.transform(([step, value]): [number, number] => [step, value ?? NaN]),
));

const inversionSchema = v.object({
  imageId: v.union([v.number(), v.string()]),
  fileName: v.string(),
  seed: v.optional(v.number()),
  loss: v.optional(curve, []),
  monitor: v.optional(curve, []),
  convergenceStep: v.nullish(v.number()),
  seconds: v.nullish(v.number()),
  detections: v.array(v.object({
    label: v.string(),
    score: v.nullish(v.number()),
    xywhPx: v.tuple([v.number(), v.number(), v.number(), v.number()]),
  })),
});

/** One line of `inversions.jsonl`; the curves are (step, value), NaN where a value was not finite. */
export type Inversion = v.InferOutput<typeof inversionSchema>;

const figure = v.number();
const evaluationSchema = v.object({
  stats: v.array(figure),
  perClass: v.optional(v.array(v.object({
    name: v.string(),
    AP: figure,
    AP50: v.optional(figure),
    AR: v.optional(figure),
    objects: v.optional(v.number()),
    detections: v.optional(v.number()),
    curve50: v.nullish(v.object({ recall: v.array(v.number()), precision: v.array(v.number()) })),
  })), []),
  curves: v.optional(v.array(v.object({ name: v.string(), points: v.array(v.tuple([v.number(), v.number()])) })), []),
});

/** `evaluation.json`: figures in 0 .. 1, or -1 where there is nothing to measure; `curves` are (recall, precision). */
export type DetectionEvaluation = v.InferOutput<typeof evaluationSchema>;

export interface DetectionFiles {
  readonly inversions: readonly Inversion[];
  /** Lines of `inversions.jsonl` that are not JSON. */
  readonly unreadable: number;
  /** Entries of `detections.json`; null where the file is not there yet. */
  readonly detectionCount: number | null;
  readonly evaluation: DetectionEvaluation | null;
  /** Names of the PNGs in `overlays/`. */
  readonly overlays: ReadonlySet<string>;
}

/** The overlay's name in `overlays/` for an image: its id and the stem of its file, in plain letters. */
export function overlayName(imageId: number | string, fileName: string): string {
  const stem = fileName.split(/[\\/]/).at(-1)!.replace(/\.[^.]*$/, '');
  return `${imageId}-${stem}`.replace(/[^\w.-]+/g, '_') + '.png';
}

/**
 * Reads a `detect` output folder; only the folder itself must exist.
 * @throws UserError naming the file and the place of what does not fit.
 */
export async function readDetectionFiles(outDir: string): Promise<DetectionFiles> {
  const names = await readdir(outDir).catch((error: NodeJS.ErrnoException) => {
    throw new UserError(`${outDir}: cannot be read (${error.code}). Is it the output folder of a detect run?`);
  });
  const file = join(outDir, 'inversions.jsonl');
  const { records, unreadable } = await readJsonLines(file);
  const detectionsFile = join(outDir, 'detections.json');
  const evaluationFile = join(outDir, 'evaluation.json');
  return {
    inversions: records.map((record, i) => parse(inversionSchema, record, `${file}: record ${i + 1}`)),
    unreadable,
    detectionCount: names.includes('detections.json')
      ? parse(v.array(v.unknown()), await readJson(detectionsFile), detectionsFile).length
      : null,
    evaluation: names.includes('evaluation.json')
      ? parse(evaluationSchema, await readJson(evaluationFile), evaluationFile)
      : null,
    overlays: new Set(names.includes('overlays') ? await readdir(join(outDir, 'overlays')) : []),
  };
}

function parse<Output>(schema: v.GenericSchema<unknown, Output>, json: unknown, where: string): Output {
  const result = v.safeParse(schema, json, { abortEarly: true });
  if (result.success) return result.output;
  const [issue] = result.issues;
  const place = v.getDotPath(issue) ?? 'top level';
  throw new UserError(`${where}: ${place}: expected ${issue.expected ?? 'another value'}, found ${issue.received}. ` +
    'Was it written by another version?');
}
