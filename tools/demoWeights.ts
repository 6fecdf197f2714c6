import type { SceneKind } from '../data/scenes.ts';

/** The weights that come with the repository, and scenes that they have not seen. RESULTS.md says how they were made. */
export const demoWeights = {
  generator: 'weights/flat/generator',
  prior: 'weights/flat/prior',
  /** Training scenes are of other seeds. */
  scenes: { kind: 'flat' as SceneKind, size: 16, seed: 20260 },
  /** Scenes of a demo; within five minutes on two CPU cores. */
  count: 32,
  settings: {},
} as const;
