import { compile } from '../../engine/compile/compile.ts';
import { constant, inputTensor } from '../../engine/ops/index.ts';
import { AdamW } from '../../engine/optim.ts';
import { State } from '../../engine/state.ts';
import { normalValues } from './inputs.ts';
import { asIs, jaxArray, jaxStep, type JaxArray } from './jax.ts';
import { programCandidate } from './ours.ts';
import { adamW, jaxAdamW, jaxCorrections, tfAdamW, tfCorrections } from './peerLayers.ts';
import type { Row } from './row.ts';
import { tfStep } from './tfjs.ts';

const size = 1 << 20;
const values = { p: normalValues('adamw p', [size]), g: normalValues('adamw g', [size]) };

/** One step of AdamW on a vector of 2^20 parameters. */
export const adamWRow: Row = {
  name: 'adamw-1m',
  flops: null,
  checkedRuns: 2,
  oursOnly: null,
  async ours(device) {
    const target = new State('bench parameters', { shape: [size], dtype: 'f32' }, values.p.slice());
    const optimiser = new AdamW([target], adamW);
    const { updates } = optimiser.step([inputTensor('g', [size])], constant(adamW.lr));
    const program = await compile(device, { name: 'adamw', outputs: {}, updates });
    const read = async (): Promise<Record<string, Float32Array>> => ({ p: await device.read(target) as Float32Array });
    return programCandidate(device, program, { g: values.g }, read, () => {
      program.destroy();
      device.release([target, ...optimiser.states]);
    });
  },
  jax(jax) {
    const zeros = (shape: number[]): JaxArray => jaxArray(jax, new Float32Array(shape[0] ?? 1), shape);
    return jaxStep(jax, (p, m, v, c1, c2, g) => {
      const [d1, d2] = jaxCorrections(c1!, c2!);
      return [...jaxAdamW(jax, p!, m!, v!, g!, d1, d2), d1, d2];
    }, [jaxArray(jax, values.p, [size]), zeros([size]), zeros([size]), zeros([]), zeros([])],
    [jaxArray(jax, values.g, [size])], ([p]) => [p!], { p: asIs });
  },
  tfjs(tf) {
    const g = tf.tensor(values.g, [size]);
    return tfStep(tf, (p, m, v, c1, c2) => {
      const [d1, d2] = tfCorrections(tf, c1!, c2!);
      return [...tfAdamW(tf, p!, m!, v!, g, d1, d2), d1, d2];
    }, [tf.tensor(values.p, [size]), tf.zeros([size]), tf.zeros([size]), tf.scalar(0), tf.scalar(0)],
    [g], ([p]) => [p!], { p: asIs });
  },
};
