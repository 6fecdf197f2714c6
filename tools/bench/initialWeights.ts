import { ParamStore, type ParamSpec } from '../../engine/params.ts';
import { sizeOf } from '../../engine/tensor.ts';
import type { Weights } from '../../pipeline/run.ts';

/** Values by name that a training would start from, with seed 0. */
export function initialWeights(specs: readonly ParamSpec[]): Weights {
  const store = new ParamStore('initial', specs);
  store.initialise(0);
  const weights: Weights = new Map();
  for (const { state, specs: members, offsets } of store.groups) {
    const flat = state.initial as Float32Array;
    members.forEach(({ name, shape }, i) => {
      weights.set(name, { shape, data: flat.slice(offsets[i], offsets[i]! + sizeOf(shape)) });
    });
  }
  return weights;
}
