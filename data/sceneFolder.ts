/** Writing scenes as a dataset on disk: images/*.png, train.json, val.json. */
import { mkdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { UserError } from '../engine/errors.ts';
import type { Category } from './annotations.ts';
import { writeCoco } from './cocoJson.ts';
import { savePng } from './images.ts';
import type { RenderedScene } from './sceneRender.ts';
import { sceneFileName, scenesToCoco } from './scenes.ts';

/** What to write. */
export interface SceneFolderOptions {
  readonly out: string;
  readonly count: number;
  /** Share of the scenes, the last ones, that goes to val.json; with 0 there is none. */
  readonly valFraction: number;
  readonly categories: readonly Category[];
  /** Renders scene number `index`. */
  readonly render: (index: number, split: 'train' | 'val') => RenderedScene;
  /** Told how many images are written. */
  readonly onImage?: (done: number) => void;
  /** Ends the work early, after which no annotations are written. */
  readonly signal?: AbortSignal;
}

/** Pictures being encoded and written while the next is rendered. */
const mostPending = 8;

/** Renders and writes scenes; the annotations come last, so a folder that has them is complete. */
export async function writeSceneFolder(options: SceneFolderOptions): Promise<{ train: number; val: number }> {
  const { out, count, valFraction, categories, render, onImage, signal } = options;
  const val = Math.round(count * valFraction);
  const files = { train: join(out, 'train.json'), val: join(out, 'val.json') };
  try {
    await mkdir(join(out, 'images'), { recursive: true });
    await Promise.all([rm(files.train, { force: true }), rm(files.val, { force: true })]);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    throw new UserError(`${out}: cannot be written (${code}). Is it a folder of yours?`);
  }

  const scenes: [number, Omit<RenderedScene, 'rgb'>][] = [];
  const pending = new Set<Promise<void>>();
  let done = 0;
  for (let index = 0; index < count; index++) {
    signal?.throwIfAborted();
    const { rgb, ...scene } = render(index, index < count - val ? 'train' : 'val');
    scenes.push([index, scene]);
    const write = savePng(join(out, 'images', sceneFileName(index)), rgb, scene.width, scene.height).then(() => {
      pending.delete(write);
      onImage?.(++done);
    });
    pending.add(write);
    if (pending.size >= mostPending) await Promise.race(pending);
  }
  await Promise.all(pending);
  if (val < count) await writeCoco(files.train, scenesToCoco(categories, scenes.slice(0, count - val)));
  if (val > 0) await writeCoco(files.val, scenesToCoco(categories, scenes.slice(count - val)));
  return { train: count - val, val };
}
