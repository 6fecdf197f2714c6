import { add, div, gather, mul, reshape, sqrt, square, stateTensor, sub, table } from '../engine/ops/index.ts';
import type { Update } from '../engine/optim.ts';
import type { State } from '../engine/state.ts';
import type { Tensor } from '../engine/tensor.ts';
import type { InversionConfig } from './config.ts';

/**
 * AdamW on the variable of every row; rates and corrections are data, so that rows can be at steps of their own.
 *
 *   rate        [Q]      learning rate of each row
 *   correction  [2, Q]   1 - beta1^t and 1 - beta2^t of each row
 */
export function adamWRows(values: readonly State[], gradients: readonly Tensor[],
  moments: { first: State[]; second: State[] }, config: Pick<InversionConfig, 'beta1' | 'beta2' | 'weightDecay'>,
  rate: Tensor, correction: Tensor): Update[] {
  const { beta1, beta2, weightDecay } = config;
  return values.flatMap((state, i): Update[] => {
    const rows = state.type.shape.map((n, axis) => (axis === 0 ? n : 1));
    const column = (x: Tensor): Tensor => reshape(x, rows);
    const g = gradients[i]!;
    const x = stateTensor(state);
    const m = add(mul(stateTensor(moments.first[i]!), beta1), mul(g, 1 - beta1));
    const v = add(mul(stateTensor(moments.second[i]!), beta2), mul(square(g), 1 - beta2));
    const c1 = column(gather(correction, table(Int32Array.of(0), [1], 'i32')));
    const c2 = column(gather(correction, table(Int32Array.of(1), [1], 'i32')));
    const direction = div(div(m, c1), add(sqrt(div(v, c2)), 1e-8));
    const next = sub(x, mul(column(rate), add(direction, mul(x, weightDecay))));
    return [[moments.first[i]!, m], [moments.second[i]!, v], [state, next]];
  });
}
