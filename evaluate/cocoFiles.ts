/** Reads the two JSON files of an evaluation; whatever is wrong with one becomes a UserError that names the place. */
import * as v from 'valibot';
import { readJson } from '../data/readJson.ts';
import { UserError } from '../engine/errors.ts';
import { checkDetections, checkGroundTruth } from './checkCoco.ts';
import type { CocoDetection, CocoGroundTruth } from './cocoTypes.ts';

const id = v.pipe(v.number(), v.integer());
const bbox = v.strictTuple([v.number(), v.number(), v.number(), v.number()]);
const flag = v.optional(v.union([v.literal(0), v.literal(1), v.boolean()]));

// COCO files carry much else (licences, masks, urls); `object` lets it pass and leaves it out.
const groundTruthSchema = v.object({
  images: v.array(v.object({ id })),
  categories: v.array(v.object({ id, name: v.string() })),
  annotations: v.array(v.object({
    id, image_id: id, category_id: id, bbox, area: v.optional(v.number()), iscrowd: flag, ignore: flag,
  })),
});

const detectionsSchema = v.array(v.object({ image_id: id, category_id: id, bbox, score: v.number() }));

/** The COCO annotations in `file`, checked. */
export async function readGroundTruth(file: string): Promise<CocoGroundTruth> {
  const gt = parse(groundTruthSchema, await readJson(file), `${file}: `, 'a COCO annotations file');
  checkGroundTruth(gt, file);
  return gt;
}

/** The COCO results list in `file`, checked against `gt`. */
export async function readDetections(file: string, gt: CocoGroundTruth): Promise<CocoDetection[]> {
  const json = await readJson(file);
  if (!Array.isArray(json)) {
    const isObject = json !== null && typeof json === 'object';
    const found = isObject ? `an object with ${Object.keys(json).join(', ')}` : JSON.stringify(json);
    throw new UserError(`${file}: must be a list of detections (COCO results format), found ${found}.`);
  }
  const detections = parse(detectionsSchema, json, file, 'a list of detections');
  checkDetections(detections, gt, file);
  return detections;
}

function parse<Output>(
  schema: v.GenericSchema<unknown, Output>, json: unknown, where: string, what: string,
): Output {
  const result = v.safeParse(schema, json, { abortEarly: true });
  if (result.success) return result.output;
  const issue = result.issues[0];
  throw new UserError(
    `${where}${placeOf(issue)}: expected ${issue.expected ?? 'another value'}, found ${issue.received}; ` +
    `it is not ${what}.`);
}

/** `annotations[3].bbox[2]` for the path of an issue. */
function placeOf(issue: v.BaseIssue<unknown>): string {
  const keys = issue.path?.map((item) => item.key) ?? [];
  return keys.map((key, i) => (typeof key === 'number' ? `[${key}]` : `${i > 0 ? '.' : ''}${String(key)}`)).join('');
}
