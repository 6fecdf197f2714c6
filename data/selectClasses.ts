/** Some classes of a COCO file: the others become background. */
import { UserError } from '../engine/errors.ts';
import { parseCoco, type CocoJson } from './cocoJson.ts';

/**
 * The same file with these classes and their boxes alone. All images stay, also those left without boxes: what is found
 * there is wrong, and has to count. Fields that are not read elsewhere, as licences and masks, are kept.
 *
 *   value  parsed JSON; `file` is only named in messages
 *   names  of categories
 * @throws UserError naming a class that the file has not.
 */
export function selectClasses(value: unknown, file: string, names: readonly string[]): CocoJson {
  const { categories } = parseCoco(value, file);
  const all = value as CocoJson;
  const missing = names.find((name) => !categories.some((category) => category.name === name));
  if (missing !== undefined) {
    const known = categories.map(({ name }) => name).join(', ');
    throw new UserError(`${file}: there is no class "${missing}"; there are ${known}`);
  }
  const kept = new Set(categories.filter(({ name }) => names.includes(name)).map(({ id }) => id));
  return {
    ...all,
    categories: all.categories.filter(({ id }) => kept.has(id)),
    annotations: all.annotations.filter(({ category_id: category }) => kept.has(category)),
  };
}
