import { check } from './errors.ts';
import { Tensor, describe, type DType, type TensorType } from './tensor.ts';

/**
 * Cotangents of the inputs from that of the output; `null` where an input gets none. What nobody wants is dropped later
 * anyway: `wanted` is for ops whose cotangents share a kernel.
 */
export type Vjp<Attrs> = 'none'
  | ((g: Tensor, inputs: readonly Tensor[], y: Tensor, attrs: Attrs, wanted: readonly boolean[]) => (Tensor | null)[]);

/** What every op must say of itself. There are no optional fields: a missing derivative is written 'none'. */
interface OpBase<Attrs> {
  readonly name: string;
  /** Shape rule. Returns the output type or throws, naming op, operand, axis and both sizes. */
  infer(inputs: readonly TensorType[], attrs: Attrs): TensorType;
  /** The definition in plain f64 loops. Slow on purpose: only tests call it. */
  reference(inputs: readonly Float64Array[], types: readonly TensorType[], attrs: Attrs): Float64Array;
  /** Cotangent of every input, built from other ops. */
  readonly vjp: Vjp<Attrs>;
}

/** A value that comes from outside the graph: an input, a state, a constant. */
export interface LeafOp<Attrs> extends OpBase<Attrs> {
  readonly kind: 'leaf';
}

/** One output element from one element of each input; `compile` fuses chains of these into one kernel. */
export interface PointwiseOp<Attrs> extends OpBase<Attrs> {
  readonly kind: 'pointwise';
  /** WGSL expression over the operand names; `T` wraps a literal in the (vector) type of its operands. */
  expression(operands: readonly string[], attrs: Attrs, types: readonly TensorType[], output: TensorType): string;
}

/** The same elements under other indices; costs nothing where the reader can follow strides. */
export interface ViewOp<Attrs> extends OpBase<Attrs> {
  readonly kind: 'view';
  /** Strides and offset of the result over the storage of the input, or null where strides cannot say it. */
  view(input: Layout, output: TensorType, attrs: Attrs): Layout | null;
}

/** Work that needs kernels of its own. */
export interface KernelOp<Attrs> extends OpBase<Attrs> {
  readonly kind: 'kernel';
  /** Device work, best guess for this device first. Pure: depends on types, attrs and capabilities only. */
  variants(inputs: readonly TensorType[], output: TensorType, attrs: Attrs, device: DeviceCapabilities): Variant[];
}

// eslint-disable-next-line @typescript-eslint/no-explicit-any
export type OpDef<Attrs = any> = LeafOp<Attrs> | PointwiseOp<Attrs> | ViewOp<Attrs> | KernelOp<Attrs>;

/** Where the elements of a tensor lie in its storage, in elements. */
export interface Layout {
  readonly shape: readonly number[];
  readonly strides: readonly number[];
  readonly offset: number;
}

/** Sizes of a product of subgroup matrices: [M, K] times [K, N], halves, added up in f32. */
export interface MatrixShape {
  readonly M: number;
  readonly N: number;
  readonly K: number;
}

/** What a kernel may rely on; read off the adapter once. */
export interface DeviceCapabilities {
  /** Mesa llvmpipe, SwiftShader and the like: no real workgroup memory, dispatches run on CPU cores. */
  readonly software: boolean;
  readonly subgroups: boolean;
  /** Lanes of a subgroup where that is one fixed number, else 0. */
  readonly subgroupSize: number;
  /** Most lanes that a subgroup may have. */
  readonly largestSubgroup: number;
  /** Products of subgroup matrices that were seen to be right (`proveMatrices`), the best first. */
  readonly matrices: readonly MatrixShape[];
  readonly f16: boolean;
  readonly workgroupStorage: number;
  readonly workgroupInvocations: number;
}

/** What a binding of a kernel refers to. */
export type Operand =
  | { readonly kind: 'input'; readonly index: number }
  | { readonly kind: 'output' }
  | { readonly kind: 'scratch'; readonly index: number };

export const input = (index: number): Operand => ({ kind: 'input', index });
export const output: Operand = { kind: 'output' };
export const scratch = (index: number): Operand => ({ kind: 'scratch', index });

/** One dispatch. */
export interface KernelCall {
  /** Label in profiles and errors; the stem of the shader, with the variant where there are several. */
  readonly label: string;
  /** WGSL source without prelude; bindings are numbered 0.. in group 0, in the order of `bindings`. */
  readonly source: string;
  /** Values of `override` constants: only what lets the compiler unroll or size workgroup memory. */
  readonly constants: Readonly<Record<string, number>>;
  readonly bindings: readonly Operand[];
  /** Contents of `var<immediate>`, at most 16 words; see `words`. */
  readonly immediates: readonly number[];
  /** Workgroups along x, y, z; each at most 65,535. */
  readonly grid: readonly [number, number, number];
  /** Floating-point operations and bytes that must move, for the roofline. */
  readonly flops: number;
  readonly bytes: number;
}

/**
 * How a kernel hands over what it stores, so that pointwise work can follow in the same dispatch. Its source calls
 * `finish(at, row, value: f32) -> f32` for one element, or `finish4(at, row, value: vec4f) -> vec4f` for four
 * neighbours of one row, and stores what comes back; `compile` appends both functions. `at` is the place in the output.
 */
export interface Finish {
  /** The function that is called: 1 for `finish`, 4 for `finish4`, where `at` and `rowLength` are multiples of 4. */
  readonly width: 1 | 4;
  /** Length of a row of the output, by which `row` is `at / rowLength`. */
  readonly rowLength: number;
}

/** A dispatch whose source calls `finish`; what it calls does nothing where it writes scratch. */
export interface FinishingCall extends KernelCall {
  readonly finish: Finish;
}

/** One way to compute an op: scratch buffers (bytes each) and dispatches in submission order. */
export interface Variant {
  readonly name: string;
  readonly scratch: readonly number[];
  readonly calls: readonly (KernelCall | FinishingCall)[];
}

const bits = new DataView(new ArrayBuffer(4));

/** The bits of an f32 as a u32, for `KernelCall.immediates`. */
export function f32Bits(value: number): number {
  bits.setFloat32(0, value);
  return bits.getUint32(0);
}

/** Declares an op; the identity function, for its type. */
export function defineOp<Attrs, Op extends OpDef<Attrs>>(op: Op & OpDef<Attrs>): Op {
  return op;
}

let currentPath = '';

/** Runs `body` with `path` as the scope that new nodes and errors are labelled with. */
export function withPath<T>(path: string, body: () => T): T {
  const before = currentPath;
  currentPath = path;
  try {
    return body();
  } finally {
    currentPath = before;
  }
}

export function setPath(path: string): void {
  currentPath = path;
}

/** Appends a node to the graph: checks the types by the op's shape rule and returns the new tensor. */
export function apply<Attrs>(op: OpDef<Attrs>, inputs: readonly Tensor[], attrs: Attrs): Tensor {
  let type: TensorType;
  try {
    type = op.infer(inputs, attrs);
  } catch (error) {
    if (error instanceof Error && currentPath) error.message += ` (in ${currentPath})`;
    throw error;
  }
  return new Tensor(op, inputs, attrs, type.shape, type.dtype, currentPath);
}

/** Throws unless the op got the number of inputs it takes. */
export function expectInputs(name: string, inputs: readonly TensorType[], count: number): void {
  check(inputs.length === count, `${name}: takes ${count} inputs, found ${inputs.length}`);
}

/** Throws unless a tensor has the given element type. */
export function expectDType(name: string, operand: string, type: TensorType, ...dtypes: DType[]): void {
  check(dtypes.includes(type.dtype),
    () => `${name}: ${operand} must be ${dtypes.join(' or ')}, found ${describe(type)}`);
}

/** Throws unless the operands of a product are all f32 or all f16. */
export function expectOperands(name: string, operands: Readonly<Record<string, TensorType>>): void {
  const types = Object.entries(operands);
  for (const [operand, type] of types) expectDType(name, operand, type, 'f32', 'f16');
  check(types.every(([, { dtype }]) => dtype === types[0]![1].dtype), () => `${name}: operands must have one element `
    + `type, found ${types.map(([operand, type]) => `${operand} ${describe(type)}`).join(' and ')}. Cast one of them.`);
}

/** Throws unless a tensor has the given number of axes. */
export function expectRank(name: string, operand: string, type: TensorType, rank: number): void {
  check(type.shape.length === rank, () => `${name}: ${operand} must have ${rank} axes, found ${describe(type)}`);
}
