/** Every tensor of published files accounted for: taken, checked, left out by a rule, missing, unexpected or wrong. */
import { UserError } from '../engine/errors.ts';
import { SafetensorsFile, type SafetensorsEntry } from '../engine/safetensors.ts';
import { sizeOf } from '../engine/tensor.ts';
import { fits, type FixedArray, type KeptArray, type PublishedLayout } from './convertLayout.ts';

/** Several files read as one: published models come in parts. */
export class PublishedFiles {
  private constructor(
    /** The file of each tensor. */
    private readonly holders: ReadonlyMap<string, SafetensorsFile>,
    private readonly files: readonly SafetensorsFile[],
  ) {}

  /** @throws UserError where a file cannot be read or two hold the same tensor. */
  static async open(paths: readonly string[]): Promise<PublishedFiles> {
    const files: SafetensorsFile[] = [];
    const holders = new Map<string, SafetensorsFile>();
    const result = new PublishedFiles(holders, files);
    try {
      for (const path of paths) {
        const file = await SafetensorsFile.open(path);
        files.push(file);
        for (const key of file.entries.keys()) {
          const other = holders.get(key);
          if (other) throw new UserError(`${path}: holds '${key}', which ${other.file} holds as well`);
          holders.set(key, file);
        }
      }
    } catch (error) {
      await result.close();
      throw error;
    }
    return result;
  }

  get keys(): string[] {
    return [...this.holders.keys()];
  }

  entry(key: string): SafetensorsEntry | undefined {
    return this.holders.get(key)?.entries.get(key);
  }

  read(key: string): Promise<Float32Array> {
    return this.holders.get(key)!.readFloats(key);
  }

  async close(): Promise<void> {
    await Promise.all(this.files.map((file) => file.close()));
  }
}

export interface TakenArray {
  readonly kept: KeptArray;
  /** The tensor it comes from. */
  readonly key: string;
}

export interface ImportPlan {
  readonly taken: readonly TakenArray[];
  /** Tensors that agree with values which follow from the config. */
  readonly checked: readonly string[];
  /** Tensors left out, by rule. */
  readonly ignored: ReadonlyMap<string, readonly string[]>;
  /** First name of each array that the files lack. */
  readonly missing: readonly string[];
  readonly unexpected: readonly string[];
  /** What is wrong with each tensor of another shape or other values. */
  readonly wrong: readonly string[];
}

/** Matches the tensors of files with a layout; reads only those that are to be checked. */
export async function planImport(files: PublishedFiles, layout: PublishedLayout): Promise<ImportPlan> {
  const left = new Set(files.keys);
  const taken: TakenArray[] = [];
  const [missing, wrong, checked]: [string[], string[], string[]] = [[], [], []];
  for (const kept of layout.kept) {
    const key = kept.keys.find((name) => left.has(name));
    if (key === undefined) {
      if (!kept.optional) missing.push(kept.keys[0]!);
      continue;
    }
    left.delete(key);
    const entry = files.entry(key)!;
    if (fits(kept, entry)) taken.push({ kept, key });
    else wrong.push(`${key} is [${entry.shape.join(', ')}], not [${kept.publishedShape.join(', ')}]`);
  }
  for (const fixed of layout.fixed) {
    if (!left.delete(fixed.key)) continue;
    const fault = await faultOf(files, fixed);
    if (fault === null) checked.push(fixed.key);
    else wrong.push(fault);
  }
  const ignored = new Map<string, string[]>();
  for (const key of left) {
    const rule = layout.ignored.find(({ matches }) => matches.test(key))?.rule;
    if (rule === undefined) continue;
    ignored.set(rule, [...(ignored.get(rule) ?? []), key]);
    left.delete(key);
  }
  return { taken, checked, ignored, missing, unexpected: [...left], wrong };
}

/** How far values may lie from those expected, relative to the largest: what 8 bits of precision leave. */
const tolerance = 0.01;

async function faultOf(files: PublishedFiles, { key, shape, values, advice }: FixedArray): Promise<string | null> {
  const entry = files.entry(key)!;
  if (entry.shape.join() !== shape.join()) return `${key} is [${entry.shape.join(', ')}], not [${shape.join(', ')}]`;
  const [found, expected] = [await files.read(key), values()];
  let largest = 0;
  for (let i = 0; i < expected.length; i++) largest = Math.max(largest, Math.abs(expected[i]!));
  const at = found.findIndex((value, i) => !(Math.abs(value - expected[i]!) <= tolerance * largest));
  if (at < 0) return null;
  const place = shape.length > 0 ? `[${at}]` : '';
  return `${key}${place} is ${found[at]}, not ${Number(expected[at]!.toPrecision(6))}. ${advice}`;
}

/** Lines for people: counts of all kinds, and the names where something is wrong. */
export function describePlan({ taken, checked, ignored, missing, unexpected, wrong }: ImportPlan): string[] {
  const some = (names: readonly string[]): string =>
    names.slice(0, 5).join(', ') + (names.length > 5 ? `, and ${names.length - 5} more` : '');
  const inPart = (part: KeptArray['part']): string => {
    const own = taken.filter(({ kept }) => kept.part === part);
    const values = own.reduce((sum, { kept }) => sum + sizeOf(kept.shape), 0);
    return `${own.length} ${part} (${values.toLocaleString('en')} values)`;
  };
  const parts = (['weights', 'frozen', 'unused'] as const)
    .filter((part) => taken.some(({ kept }) => kept.part === part));
  return [
    `used: ${taken.length}${taken.length > 0 ? `: ${parts.map(inPart).join(', ')}` : ''}`,
    ...(checked.length > 0 ? [`checked: ${checked.length}: ${some(checked)}`] : []),
    ...[...ignored].map(([rule, keys]) => `ignored: ${keys.length}: ${rule}`),
    `missing: ${missing.length}${missing.length > 0 ? `: ${some(missing)}` : ''}`,
    `unexpected: ${unexpected.length}${unexpected.length > 0 ? `: ${some(unexpected)}` : ''}`,
    `wrong: ${wrong.length}${wrong.length > 0 ? `: ${some(wrong)}` : ''}`,
  ];
}

/** Throws a UserError where the plan would make no whole model; `where` names what is imported. */
export function expectComplete(plan: ImportPlan, where: string, skipUnexpected: boolean): void {
  const { missing, unexpected, wrong } = plan;
  const refused = skipUnexpected ? [] : unexpected;
  if (missing.length + wrong.length + refused.length === 0) return;
  const advice = missing.length + wrong.length > 0 ? 'Is it of another preset?'
    : 'Import without them by --skip-unexpected';
  throw new UserError(`${where}: ${missing.length} keys are missing, ${wrong.length} are wrong, ${unexpected.length} `
    + `are unexpected; first: ${wrong[0] ?? missing[0] ?? unexpected[0]}. ${advice}`);
}
