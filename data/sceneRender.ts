/** Pictures and measured boxes of scenes. */
import { RandomStream } from '../engine/random.ts';
import { Canvas } from './canvas.ts';
import type { PaintedObject } from './canvas.ts';
import { paintFlatScene } from './flatScenes.ts';
import type { FlatScene } from './flatScenes.ts';
import type { RgbImage } from './images.ts';
import { atmosphereOf, paintBackdrop } from './sceneBackdrop.ts';
import type { PlacedObject, StreetScene } from './sceneLayout.ts';
import { sceneObjects } from './sceneObjects.ts';

/** Everything a picture is drawn from. */
export type SceneSpec = StreetScene | FlatScene;

/** An object of a picture. */
export interface RenderedObject {
  readonly classIndex: number;
  /** Tight around what is drawn of the object within the picture, as if nothing were in front. */
  readonly xyxyUnit: readonly [number, number, number, number];
  /** The part of it that nothing hides, in (0, 1]. */
  readonly visible: number;
}

/** A picture with its objects, far to near. */
export interface RenderedScene extends RgbImage {
  readonly objects: readonly RenderedObject[];
}

/** Objects hidden by more than this fraction are taken out of the scene. */
const mostHidden = 0.7;

function paintStreet(scene: StreetScene, objects: readonly PlacedObject[], size: number): Canvas {
  const { horizon, weather, autumn } = scene;
  const around = { dark: weather === 'dusk', autumn, lowSun: weather === 'dusk' || weather === 'golden' };
  const canvas = new Canvas(size, atmosphereOf(scene));
  paintBackdrop(canvas, scene);
  for (const { classIndex, left, base, height, aspect, mirrored, variant } of objects) {
    const random = new RandomStream(variant, 'scenes/variant');
    const haze = base > horizon ? 0.22 * Math.max(0, 1 - (base - horizon) / 0.4) : 0.05;
    const x = mirrored ? left + height * aspect : left;
    canvas.beginObject({ x, y: base - height, unit: height, mirrored }, haze, variant);
    sceneObjects[classIndex].draw(canvas, aspect, random, around);
  }
  return canvas;
}

const visibleShare = ({ drawn, visible }: PaintedObject): number => (drawn > 0 ? visible / drawn : 0);

/** Draws a scene, `size` x `size` pixels, with what it shows. Objects that would be hidden are left out. */
export function renderScene(spec: SceneSpec, size: number): RenderedScene {
  if (spec.kind === 'flat') return paintFlatScene(spec, size);
  let placed = spec.objects;
  for (;;) {
    const canvas = paintStreet(spec, placed, size);
    const painted = canvas.objects();
    const shown = placed.filter((_, i) => visibleShare(painted[i]) >= 1 - mostHidden);
    if (shown.length === placed.length) {
      const objects = painted.map((object, i) => ({
        classIndex: placed[i].classIndex, xyxyUnit: object.xyxyUnit, visible: visibleShare(object) }));
      return { ...canvas.picture(), objects };
    }
    placed = shown; // and look again: what they hid is in view now
  }
}
