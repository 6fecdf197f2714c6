/** Where searches start: values of the variable of one picture's rows. */
import { RandomStream } from '../engine/random.ts';
import type { State } from '../engine/state.ts';
import { sizeOf } from '../engine/tensor.ts';
import { tableStatistics } from '../models/prior/standardise.ts';
import type { Generator } from '../pipeline/generator.ts';
import { tokenTableName } from '../pipeline/prior.ts';
import type { InversionConfig } from './config.ts';

/** How far the score of the choice that a start begins at is above that of the likeliest other one. */
const startLead = 2;

/**
 * Values of a state of the variable for the R starts of one picture, flattened.
 *
 *   layouts  tokens [L] that each start begins at; null: what `init` says
 */
export function startValues(state: State, name: string, layouts: readonly Int32Array[] | null, generator: Generator,
  config: InversionConfig): Float32Array {
  const { restarts: R, init, initScale, seed, projection } = config;
  const { vocabulary } = generator;
  const each = sizeOf(state.type.shape) / state.type.shape[0]!;
  const values = new Float32Array(R * each);
  const tokenTable = generator.run.weights.get(tokenTableName)!;
  for (let r = 0; r < R; r++) {
    const own = values.subarray(r * each, (r + 1) * each);
    const tokens = layouts?.[r] ?? (init === 'none' ? new Int32Array(vocabulary.length).fill(vocabulary.none) : null);
    if (tokens === null) {
      const random = new RandomStream(seed, `${state.name} ${name} ${r}`);
      const scale = projection === 'logits' ? initScale : initScale * tableStatistics(tokenTable.data).std;
      for (let k = 0; k < each; k++) own[k] = scale * random.normal();
    } else if (projection === 'logits') {
      leadWith(own, state.type.shape, tokens, generator, config.temperature[0]);
    } else {
      const D = tokenTable.shape[1]!;
      for (let i = 0; i < each / D; i++) {
        own.set(tokenTable.data.subarray(tokens[i]! * D, (tokens[i]! + 1) * D), i * D);
      }
    }
  }
  return values;
}

/** Lets a row of the scores of classes or of corners lead with the choices of a layout, however rare they are. */
function leadWith(own: Float32Array, shape: readonly number[], tokens: Int32Array,
  { vocabulary: { none }, frequencies }: Generator, temperature: number): void {
  const choices = shape.at(-1)!;
  const ofCorners = shape.length === 4;
  for (let i = 0; i < own.length / choices; i++) {
    const token = tokens[ofCorners ? 3 * (i >> 1) + 1 + (i & 1) : 3 * i]!;
    const choice = token === none ? choices - 1 : token;
    const bias = (ofCorners ? frequencies.corners : frequencies.classes).subarray(i * choices, (i + 1) * choices);
    own[i * choices + choice] = temperature * (Math.max(...bias) - bias[choice]! + startLead);
  }
}
