import {
  flatScene,
  layoutKey
} from "./chunk-6GKYMKBI.js";

// tools/demoWeights.ts
var demoWeights = {
  generator: "weights/flat/generator",
  prior: "weights/flat/prior",
  scenes: { kind: "flat", size: 16, seed: 20260 },
  /** Scenes of a demo; within five minutes on two CPU cores. */
  count: 32,
  settings: {}
};
function trainedLayouts() {
  return new Set(Array.from({ length: 12e3 }, (_, i) => layoutKey(flatScene(1, i).shapes)));
}

export {
  demoWeights,
  trainedLayouts
};
//# sourceMappingURL=chunk-RVM4JDUR.js.map
