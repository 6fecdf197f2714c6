/** Leaves of the graph: where values come from outside. None has inputs or a derivative. */
import { check } from '../errors.ts';
import { apply, defineOp, type LeafOp } from '../op.ts';
import type { State } from '../state.ts';
import { describe, sizeOf, type DType, type Tensor, type TensorType, type TypedData } from '../tensor.ts';

const noReference = (name: string) => (): Float64Array => {
  throw new Error(`${name}: a leaf has no definition; the interpreter must be fed its value`);
};

export interface InputAttrs {
  readonly name: string;
  readonly type: TensorType;
}

/** A value given at every run of a program. */
export const inputOp = defineOp<InputAttrs, LeafOp<InputAttrs>>({
  kind: 'leaf', name: 'input', infer: (_, { type }) => type, reference: noReference('input'), vjp: 'none',
});

/** A value that stays on the device between runs: parameters, moments, counters. */
export const stateOp = defineOp<{ state: State }, LeafOp<{ state: State }>>({
  kind: 'leaf', name: 'state', infer: (_, { state }) => state.type, reference: noReference('state'), vjp: 'none',
});

export interface ConstantAttrs {
  readonly value: number;
  readonly dtype: DType;
}

/** One number; kernels take it as an immediate. */
export const constantOp = defineOp<ConstantAttrs, LeafOp<ConstantAttrs>>({
  kind: 'leaf',
  name: 'constant',
  infer: (_, { dtype }) => ({ shape: [], dtype }),
  reference: (_inputs, _types, { value }) => Float64Array.of(value),
  vjp: 'none',
});

export interface TableAttrs {
  readonly type: TensorType;
  readonly data: TypedData;
}

/** Constant data of any shape, uploaded once when a program is compiled. */
export const tableOp = defineOp<TableAttrs, LeafOp<TableAttrs>>({
  kind: 'leaf',
  name: 'table',
  infer(_, { type, data }) {
    check(data.length === sizeOf(type.shape), () => `table: ${describe(type)} needs ${sizeOf(type.shape)} values, `
      + `found ${data.length}`);
    return type;
  },
  reference: (_inputs, _types, { data }) => Float64Array.from(data),
  vjp: 'none',
});

export const inputTensor = (name: string, shape: readonly number[], dtype: DType = 'f32'): Tensor =>
  apply(inputOp, [], { name, type: { shape, dtype } });

export const stateTensor = (state: State): Tensor => apply(stateOp, [], { state });

export const constant = (value: number, dtype: DType = 'f32'): Tensor => apply(constantOp, [], { value, dtype });

export const table = (data: TypedData, shape: readonly number[], dtype: DType = 'f32'): Tensor =>
  apply(tableOp, [], { type: { shape, dtype }, data });
