/**
 * Procedural scenes as datasets: endless pictures with exact boxes, the same for the same seed.
 *
 * `street` scenes have ten classes, light and weather, perspective and occlusion; `flat` ones are plain shapes on a
 * grid. A scene is a pure function of (kind, seed, index, options), and looks alike at every size.
 */
import { UserError } from '../engine/errors.ts';
import { annotatedDataset, noFilters } from './annotations.ts';
import type { AnnotatedDataset, Category } from './annotations.ts';
import { cocoAnnotation } from './cocoJson.ts';
import type { CocoJson } from './cocoJson.ts';
import { flatScene, flatShapeNames } from './flatScenes.ts';
import type { FlatSceneOptions } from './flatScenes.ts';
import { streetScene } from './sceneLayout.ts';
import { sceneObjects } from './sceneObjects.ts';
import { renderScene } from './sceneRender.ts';
import type { RenderedScene, SceneSpec } from './sceneRender.ts';

export type SceneKind = 'street' | 'flat';

/** Which scenes. */
export interface SceneOptions extends Omit<FlatSceneOptions, 'maxShapes'> {
  readonly kind: SceneKind;
  readonly seed: number;
  /** Most objects in a picture. Default: 12 in a street, 2 flat. */
  readonly maxObjects?: number;
}

/** The classes of a kind of scene. Ids begin at 11: two digits each, so that their order as strings is the same. */
export function sceneCategories(kind: SceneKind): Category[] {
  const names = kind === 'street' ? sceneObjects.map(({ name }) => name) : [...flatShapeNames];
  return names.map((name, classIndex) => ({ id: 11 + classIndex, name }));
}

/** What scene number `index` is drawn from. */
export function sceneSpec({ kind, seed, maxObjects, ...flat }: SceneOptions, index: number): SceneSpec {
  if (kind === 'street') return streetScene(seed, index, maxObjects);
  return flatScene(seed, index, maxObjects === undefined ? flat : { ...flat, maxShapes: maxObjects });
}

/** Classes and boxes of a picture, whatever their order: equal for pictures of the same layout. */
export function layoutKey(
  objects: readonly { readonly classIndex: number; readonly xyxyUnit: readonly number[] }[],
): string {
  return objects.map(({ classIndex, xyxyUnit }) =>
    `${classIndex} ${xyxyUnit.map((at) => Math.round(at * 1000)).join(' ')}`).sort().join(', ');
}

/** Scenes drawn before a renderer gives up finding one with a layout that is not known. */
const mostKnown = 10_000;

/**
 * Renders the scenes of `options` one after the other, leaving out those whose layout is in `known`: scenes that a
 * model trained on the known ones has seen in no other guise either.
 */
export function rendererUnlike(options: SceneOptions, size: number, known: ReadonlySet<string>): () => RenderedScene {
  let next = 0;
  return () => {
    for (let tries = 0; tries < mostKnown; tries++) {
      const scene = renderScene(sceneSpec(options, next++), size);
      if (!known.has(layoutKey(scene.objects))) return scene;
    }
    throw new UserError(`scenes: ${mostKnown} in a row have known layouts. Are there so few of this kind?`);
  };
}

/** The name of scene number `index` in a folder of images. */
export function sceneFileName(index: number): string {
  return `${String(index).padStart(6, '0')}.png`;
}

/** COCO annotations of rendered scenes, with their numbers; image ids are these numbers plus one. */
export function scenesToCoco(
  categories: readonly Category[], scenes: Iterable<readonly [index: number, scene: Omit<RenderedScene, 'rgb'>]>,
): CocoJson {
  const coco: CocoJson = { categories: [...categories], images: [], annotations: [] };
  const px = (length: number): number => Math.round(length * 1000) / 1000;
  for (const [index, { width, height, objects }] of scenes) {
    const id = index + 1;
    coco.images.push({ id, file_name: sceneFileName(index), width, height });
    for (const { classIndex, xyxyUnit: [x0, y0, x1, y1] } of objects) {
      const bbox = [px(x0 * width), px(y0 * height), px((x1 - x0) * width), px((y1 - y0) * height)] as const;
      coco.annotations.push(
        cocoAnnotation(coco.annotations.length + 1, id, categories[classIndex].id, [...bbox]));
    }
  }
  return coco;
}

/** A dataset in memory. */
export interface SceneDataset {
  readonly dataset: AnnotatedDataset;
  /** rgb [size, size, 3] of every image of the dataset, in its order. */
  readonly pictures: readonly Uint8Array[];
}

/** Renders scenes `first` .. `first + count - 1` at `size` x `size` pixels. Default `first`: 0. */
export function sceneDataset(
  options: SceneOptions & { readonly count: number; readonly size: number; readonly first?: number },
): SceneDataset {
  const { count, size, first = 0, ...scenes } = options;
  const pictures: Uint8Array[] = [];
  const rendered = Array.from({ length: count }, (_, i) => {
    const { rgb, ...scene } = renderScene(sceneSpec(scenes, first + i), size);
    pictures.push(rgb);
    return [first + i, scene] as const;
  });
  const coco = scenesToCoco(sceneCategories(scenes.kind), rendered);
  return { dataset: annotatedDataset(coco, 'scenes', noFilters), pictures };
}
