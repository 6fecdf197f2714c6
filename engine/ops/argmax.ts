/** Place of the largest value along the last axis. */
import { check } from '../errors.ts';
import { foldGrid } from '../grid.ts';
import { apply, defineOp, expectDType, expectInputs, input, output } from '../op.ts';
import type { DeviceCapabilities, KernelCall, KernelOp, Operand, Variant } from '../op.ts';
import source from '../shaders/argmax.wgsl';
import { describe, sizeOf, type Tensor } from '../tensor.ts';

/** Rows in which to look for the best value. */
export interface BestPlace {
  readonly x: Operand;
  /** f32 [slots, n]: 0 where a value is out of the question; row r has slot (first + r) mod slots. */
  readonly mask?: Operand | undefined;
  readonly slots?: number | undefined;
  readonly rows: number;
  readonly n: number;
  /** Place of the first row in the output. */
  readonly first: number;
  /** 1 looks for the largest, -1 for the smallest. */
  readonly sign: 1 | -1;
  /** Lanes that share a row, a power of two. */
  readonly lanes: number;
}

/** The dispatch that writes the best place of each row, i32, to the output; -1 where the mask allows none. */
export function bestPlaceCall(label: string, place: BestPlace): KernelCall {
  const { x, mask, slots = 1, rows, n, first, sign, lanes } = place;
  return {
    label,
    source,
    constants: { LANES: lanes, MASKED: mask ? 1 : 0, SIGN: sign },
    bindings: [x, mask ?? x, output],
    immediates: [rows, n, first, slots],
    grid: foldGrid(rows),
    flops: rows * n,
    bytes: 4 * rows * (n + 1),
  };
}

/** `of` for each way to share a row: where a workgroup is a loop on one core, barriers cost more than lanes save. */
export function laneVariants(n: number, device: DeviceCapabilities, of: (lanes: number) => Omit<Variant, 'name'>):
  Variant[] {
  const both = [{ name: 'wide', ...of(n >= 1024 ? 256 : n >= 32 ? 64 : 8) }, { name: 'narrow', ...of(8) }];
  return device.software ? both.reverse() : both;
}

export const argmaxOp = defineOp<null, KernelOp<null>>({
  kind: 'kernel',
  name: 'argmax',
  infer(inputs) {
    expectInputs('argmax', inputs, 1);
    const [x] = inputs;
    expectDType('argmax', 'x', x!, 'f32');
    check(x!.shape.length >= 1, () => `argmax: x must have an axis to look along, found ${describe(x!)}`);
    return { shape: x!.shape.slice(0, -1), dtype: 'i32' };
  },
  reference([x], [type]) {
    const n = type!.shape.at(-1)!;
    return Float64Array.from({ length: x!.length / n }, (_, row) => {
      let best = 0;
      for (let i = 1; i < n; i++) if (x![row * n + i]! > x![row * n + best]!) best = i;
      return best;
    });
  },
  vjp: 'none',
  variants([x], y, _, device) {
    const place = { x: input(0), rows: sizeOf(y.shape), n: x!.shape.at(-1)!, first: 0, sign: 1 } as const;
    return laneVariants(place.n, device, (lanes) =>
      ({ scratch: [], calls: [bestPlaceCall('argmax', { ...place, lanes })] }));
  },
});

/** x [..., N] -> i32 [...]: place of the largest value along the last axis; the first one of equals. */
export const argmax = (x: Tensor): Tensor => apply(argmaxOp, [x], null);
