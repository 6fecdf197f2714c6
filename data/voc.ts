/** PASCAL VOC annotations (one XML file an image) -> COCO instances. */
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { XMLParser } from 'fast-xml-parser';
import * as v from 'valibot';
import { UserError } from '../engine/errors.ts';
import { cocoAnnotation } from './cocoJson.ts';
import type { CocoJson } from './cocoJson.ts';
import { imageSize } from './images.ts';

/** How to read a folder of VOC files. */
export interface VocOptions {
  /** Folder of *.xml files, read in the order of their names. */
  readonly xmlDir: string;
  /** Folder of the images that they name. */
  readonly imagesDir: string;
  /** Class names; category ids count from 1 in this order, other names are refused. Default: all found, sorted. */
  readonly classes?: readonly string[];
  /**
   * False: corners are coordinates, a box is xmax - xmin wide, as most tools write them. True: corners are the numbers,
   * from 1, of the first and the last pixel, as in PASCAL's own files. Default: false.
   */
  readonly oneBased?: boolean;
  /** Objects marked difficult: leave them out, or make them crowd boxes, which evaluation ignores. Default: crowd. */
  readonly difficult?: 'crowd' | 'drop';
  /** Refuse boxes without area, which are left out otherwise. Default: false. */
  readonly strict?: boolean;
}

/** A converted folder. */
export interface VocConversion {
  readonly coco: CocoJson;
  /** What was left out and why, one line each. */
  readonly dropped: readonly string[];
}

const whole = v.pipe(v.string(), v.trim(), v.regex(/^\d+$/, 'a whole number is expected'), v.transform(Number));
const coordinate = v.pipe(
  v.string(), v.trim(), v.regex(/^-?\d+(\.\d+)?$/, 'a number is expected'), v.transform(Number));
const name = v.pipe(v.string(), v.trim(), v.minLength(1));
const vocSchema = v.object({
  annotation: v.object({
    filename: name,
    size: v.optional(v.object({ width: whole, height: whole })),
    object: v.optional(v.array(v.object({
      name,
      difficult: v.optional(v.string()),
      bndbox: v.object({ xmin: coordinate, ymin: coordinate, xmax: coordinate, ymax: coordinate }),
    })), []),
  }),
});
type VocAnnotation = v.InferOutput<typeof vocSchema>['annotation'];

const parser = new XMLParser({
  parseTagValue: false, // class names may look like numbers
  isArray: (_name, path) => path === 'annotation.object',
});

async function readVoc(path: string): Promise<VocAnnotation> {
  let parsed: unknown;
  try {
    parsed = parser.parse(await readFile(path, 'utf8'), true);
  } catch (error) {
    throw new UserError(`${path}: not readable as XML: ${(error as Error).message.split('\n')[0]}`);
  }
  const result = v.safeParse(vocSchema, parsed, { abortEarly: true });
  if (result.success) return result.output.annotation;
  const issue = result.issues[0];
  throw new UserError(`${path}: ${v.getDotPath(issue) ?? 'top level'}: ${issue.message}. Is this a VOC annotation?`);
}

/** The image's true size, which the XML must not contradict; sizes of 0, as some tools write, say nothing. */
async function checkedSize(path: string, { filename, size }: VocAnnotation, imagesDir: string,
): Promise<{ width: number; height: number }> {
  const { width, height } = await imageSize(join(imagesDir, filename));
  const agrees = !size || size.width * size.height === 0 || (size.width === width && size.height === height);
  if (agrees) return { width, height };
  throw new UserError(`${path}: says ${filename} is ${size.width} x ${size.height} px, but it is ` +
    `${width} x ${height}. Was it resized after the boxes were drawn?`);
}

/** Category ids from 1 by class name. */
function categoriesOf(annotations: readonly VocAnnotation[], given?: readonly string[]): Map<string, number> {
  const found = new Set(annotations.flatMap(({ object }) => object.map((item) => item.name)));
  return new Map((given ?? [...found].sort()).map((className, i) => [className, i + 1]));
}

/**
 * Converts a folder of VOC files. Images are numbered from 1 in the order of the XML files' names.
 * @throws UserError naming the file for malformed XML, unknown classes, missing images or sizes that disagree.
 */
export async function vocToCoco(options: VocOptions): Promise<VocConversion> {
  const { xmlDir, imagesDir, classes, oneBased = false, difficult = 'crowd', strict = false } = options;
  const files = await readdir(xmlDir).catch((error: NodeJS.ErrnoException) => {
    throw new UserError(`${xmlDir}: cannot be read (${error.code}). It should be a folder of VOC *.xml files.`);
  });
  const paths = files.filter((file) => file.toLowerCase().endsWith('.xml')).sort().map((file) => join(xmlDir, file));
  if (paths.length === 0) throw new UserError(`${xmlDir}: holds no *.xml files`);
  const annotations: VocAnnotation[] = [];
  for (const path of paths) annotations.push(await readVoc(path));

  const categoryIds = categoriesOf(annotations, classes);
  const coco: CocoJson = {
    categories: [...categoryIds].map(([className, id]) => ({ id, name: className })), images: [], annotations: [] };
  const dropped: string[] = [];
  for (const [i, annotation] of annotations.entries()) {
    const imageId = i + 1;
    const size = await checkedSize(paths[i], annotation, imagesDir);
    coco.images.push({ id: imageId, file_name: annotation.filename, ...size });
    annotation.object.forEach(({ name: className, difficult: mark, bndbox: { xmin, ymin, xmax, ymax } }, k) => {
      const item = `${paths[i]}: object[${k}] (${className})`;
      const categoryId = categoryIds.get(className);
      if (categoryId === undefined) {
        throw new UserError(`${item}: its class is not among those given: ${[...categoryIds.keys()].join(', ')}`);
      }
      const more = oneBased ? 1 : 0;
      const bbox = [xmin - more, ymin - more, xmax - xmin + more, ymax - ymin + more] as const;
      const isDifficult = mark?.trim() === '1';
      if (!(bbox[2] > 0 && bbox[3] > 0)) {
        const reason = `${item}: the box has no area: xmin ${xmin}, ymin ${ymin}, xmax ${xmax}, ymax ${ymax}`;
        if (strict) throw new UserError(reason);
        dropped.push(reason);
      } else if (isDifficult && difficult === 'drop') dropped.push(`${item}: marked difficult`);
      else {
        coco.annotations.push(
          cocoAnnotation(coco.annotations.length + 1, imageId, categoryId, [...bbox], isDifficult ? 1 : 0));
      }
    });
  }
  return { coco, dropped };
}
