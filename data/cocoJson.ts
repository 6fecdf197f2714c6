/**
 * COCO instances files [Lin et al. 2014, data format page]: what is read of them, checked on the way in, and writing.
 * Only boxes are used; segmentation, licences and other fields are ignored.
 */
import * as v from 'valibot';
import { UserError } from '../engine/errors.ts';
import { writeAtomic } from '../engine/writeAtomic.ts';
import { readJson } from './readJson.ts';

const id = v.pipe(v.number(), v.safeInteger());
const side = v.pipe(v.number(), v.finite(), v.gtValue(0));
const coordinate = v.pipe(v.number(), v.finite());

const categorySchema = v.object({ id, name: v.pipe(v.string(), v.minLength(1)) });
const imageSchema = v.object({ id, file_name: v.pipe(v.string(), v.minLength(1)), width: side, height: side });
const annotationSchema = v.object({
  id,
  image_id: id,
  category_id: id,
  bbox: v.strictTuple([coordinate, coordinate, coordinate, coordinate]),
  iscrowd: v.optional(v.union([v.picklist([0, 1]), v.boolean()])),
});
const cocoSchema = v.object({
  categories: v.array(categorySchema),
  images: v.array(imageSchema),
  annotations: v.array(annotationSchema),
});

/** A COCO instances file; `bbox` is xywh in pixels of the image, `width` and `height` are in pixels. */
export type CocoJson = v.InferOutput<typeof cocoSchema>;
export type CocoAnnotation = CocoJson['annotations'][number];

/** Where an issue lies, with the item's own id beside its index: `annotations[3] (id 17).bbox`. */
function issuePlace(issue: v.BaseIssue<unknown>): string {
  let place = '';
  for (const { key, value } of issue.path ?? []) {
    place += typeof key === 'number' ? `[${key}]` : `${place ? '.' : ''}${String(key)}`;
    const itemId = typeof key === 'number' ? (value as { id?: unknown } | null)?.id : undefined;
    if (itemId !== undefined) place += ` (id ${String(itemId)})`;
  }
  return place || 'top level';
}

/**
 * Checks the structure of parsed JSON: three arrays, integer ids, positive image sizes, boxes of four finite numbers.
 * @throws UserError naming the file and the first item at fault.
 */
export function parseCoco(value: unknown, file: string): CocoJson {
  const result = v.safeParse(cocoSchema, value, { abortEarly: true });
  if (result.success) return result.output;
  const issue = result.issues[0];
  throw new UserError(`${file}: ${issuePlace(issue)}: ${issue.message}. Is this a COCO instances file?`);
}

/** Reads and checks a COCO instances file; see `parseCoco`. */
export async function readCoco(path: string): Promise<CocoJson> {
  return parseCoco(await readJson(path), path);
}

/** An annotation as written: COCO tools also want `area`, here that of the box in square pixels. */
export function cocoAnnotation(
  id: number, imageId: number, categoryId: number, bbox: CocoAnnotation['bbox'], iscrowd: 0 | 1 = 0,
): CocoAnnotation & { area: number } {
  return { id, image_id: imageId, category_id: categoryId, bbox, area: bbox[2] * bbox[3], iscrowd };
}

/** Writes a COCO instances file, one record a line, atomically. */
export async function writeCoco(path: string, coco: CocoJson): Promise<void> {
  const block = (name: keyof CocoJson): string =>
    `"${name}": [\n${coco[name].map((record) => JSON.stringify(record)).join(',\n')}\n]`;
  await writeAtomic(path, `{\n${(['categories', 'images', 'annotations'] as const).map(block).join(',\n')}\n}\n`);
}
