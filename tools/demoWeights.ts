import { flatScene } from '../data/flatScenes.ts';
import { layoutKey, type SceneKind } from '../data/scenes.ts';

/** The weights that come with the repository, and scenes they have not seen. RESULTS.md says how they were made. */
export const demoWeights = {
  generator: 'weights/flat64/generator',
  prior: 'weights/flat64/prior',
  scenes: { kind: 'flat' as SceneKind, size: 64, seed: 20260 },
  /** Scenes of a demo; within five minutes on two CPU cores. */
  count: 16,
  settings: {},
} as const;

/** Layouts that training has shown: those of the first 12,400 scenes of seed 1. */
export function trainedLayouts(): Set<string> {
  return new Set(Array.from({ length: 12_400 }, (_, i) => layoutKey(flatScene(1, i).shapes)));
}
