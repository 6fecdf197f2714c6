import { UserError } from '../engine/errors.ts';

/** Values of dotted options by path: `{ 'optim.lr': '1e-4' }`. */
export type Overrides = Readonly<Record<string, string>>;

/** Words that an option may take, by its last key; a text option that is not here cannot be overridden. */
const words: Readonly<Record<string, readonly string[]>> = {
  decay: ['constant', 'linear', 'cosine'], init: ['published', 'fourier', 'grid'],
  prediction: ['noise', 'z', 'v'], loss: ['l1', 'l2', 'huber'], corners: ['cell', 'factored'],
  adapters: ['shared', 'slot'], precision: ['f32', 'f16'], positions: ['token', 'object'],
  support: ['any', 'canonical'], order: ['random', 'canonical'],
};

function parseWord(path: string, old: string, text: string): string {
  const known = words[path.split('.').at(-1)!] ?? [old];
  if (!known.includes(text)) throw new UserError(`--${path}: must be ${known.join(', ')}; found '${text}'`);
  return text;
}

function parseLike(path: string, old: unknown, text: string): unknown {
  if (typeof old === 'number') {
    const value = Number(text);
    if (text.trim() === '' || !Number.isFinite(value)) {
      throw new UserError(`--${path}: must be a number, found '${text}'`);
    }
    return value;
  }
  if (typeof old === 'boolean') {
    if (text !== 'true' && text !== 'false') throw new UserError(`--${path}: must be true or false, found '${text}'`);
    return text === 'true';
  }
  if (typeof old === 'string') return parseWord(path, old, text);
  if (Array.isArray(old)) return text === '' ? [] : text.split(',').map((part) => parseLike(path, old[0] ?? 0, part));
  throw new UserError(`--${path}: names a group of options, not one; it holds `
    + `${Object.keys(old as object).join(', ')}`);
}

/** The config with some fields replaced. Unknown paths and values of another type are UserErrors. */
export function overrideConfig<T extends object>(config: T, overrides: Overrides): T {
  const result = structuredClone(config);
  for (const [path, text] of Object.entries(overrides)) {
    let at: unknown = result;
    const keys = path.split('.');
    keys.forEach((key, depth) => {
      if (at === null || typeof at !== 'object' || !Object.hasOwn(at, key)) {
        const known = at !== null && typeof at === 'object' ? Object.keys(at).join(', ') : 'nothing';
        throw new UserError(`--${path}: there is no option '${key}'; there are ${known}`);
      }
      const group = at as Record<string, unknown>;
      if (depth === keys.length - 1) group[key] = parseLike(path, group[key], text);
      else at = group[key];
    });
  }
  return result;
}
