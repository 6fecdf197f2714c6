/** Flat vectors of many tensors: gradients laid out as the parameters they belong to, for one optimiser dispatch. */
import { check } from '../errors.ts';
import { apply, defineOp, input, type KernelOp } from '../op.ts';
import { sizeOf, type Tensor } from '../tensor.ts';
import { place, placeCall } from './pad.ts';
import { reshape, slice } from './view.ts';

export interface PackAttrs {
  /** First element of each operand; ascending, without overlap. */
  readonly offsets: readonly number[];
  readonly length: number;
}

/** Operands of any shape -> [length]: each from its offset on, zeros between them. */
export const packOp = defineOp<PackAttrs, KernelOp<PackAttrs>>({
  kind: 'kernel',
  name: 'pack',
  infer(inputs, { offsets, length }) {
    inputs.forEach((x, i) => {
      const end = offsets[i + 1] ?? length;
      check(offsets[i]! + sizeOf(x.shape) <= end, () =>
        `pack: operand ${i} has ${sizeOf(x.shape)} elements, its place holds ${end - offsets[i]!}`);
    });
    return { shape: [length], dtype: inputs[0]!.dtype };
  },
  reference(inputs, _types, { offsets, length }) {
    const y = new Float64Array(length);
    inputs.forEach((x, i) => place(x, [x.length], y, [length], [offsets[i]!]));
    return y;
  },
  vjp: (g, inputs, _, { offsets }) => inputs.map((x, i) => reshape(slice(g, 0, offsets[i]!, x.size), x.shape)),
  variants: (inputs, y, { offsets }, device) => [{
    name: 'pack',
    scratch: [],
    // The memory of a pack is made of zeros and never shared (see compile), so gaps need no writing.
    calls: inputs.map((x, i) =>
      placeCall('pack', input(i), [sizeOf(x.shape)], y.shape, [offsets[i]!], false, device)),
  }],
});

export const pack = (operands: readonly Tensor[], offsets: readonly number[], length: number): Tensor =>
  apply(packOp, operands, { offsets, length });
