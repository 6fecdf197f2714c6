/**
 * The form of ONNX test cases (JSON), and a node of one as the rules see it. What the engine cannot say is thrown as
 * `Unsupported`; nothing is ignored: an attribute that no rule asked for makes a case unsupported too.
 */
import { sizeOf, type DType, type Tensor } from '../../engine/tensor.ts';
import { table } from '../../engine/ops/index.ts';

export interface OnnxTensor {
  readonly name: string;
  readonly dtype: string;
  readonly dims: readonly number[];
  readonly data: readonly (number | string | boolean)[];
}

type Attribute = number | string | readonly number[] | OnnxTensor;

export interface OnnxNode {
  readonly op: string;
  readonly inputs: readonly string[];
  readonly outputs: readonly string[];
  readonly attrs: Readonly<Record<string, Attribute>>;
}

export interface OnnxCase {
  readonly name: string;
  readonly nodes: readonly OnnxNode[];
  readonly graph_inputs: readonly string[];
  readonly graph_outputs: readonly string[];
  readonly initializers: readonly OnnxTensor[];
  readonly opset: Readonly<Record<string, number>>;
  readonly data_sets: readonly { readonly inputs: readonly OnnxTensor[]; readonly outputs: readonly OnnxTensor[] }[];
}

/** The engine has no way to say this. */
export class Unsupported extends Error {}

/** Element types of the engine for those of ONNX; f64 and f16 data are small examples, exact enough as f32. */
const dtypes: Readonly<Record<string, DType>> = {
  float32: 'f32', float64: 'f32', float16: 'f32', bool: 'f32', int32: 'i32', int64: 'i32',
};

/** Data with "NaN", "Infinity" and booleans as numbers. */
export const numbersOf = (tensor: OnnxTensor): number[] => tensor.data.map(Number);

function dtypeOf(dtype: string): DType {
  const known = dtypes[dtype];
  if (!known) throw new Unsupported(`element type ${dtype}`);
  return known;
}

/** A value of the ONNX graph: literal data, until an op asks for it as a tensor, or a result. */
export class Value {
  private made: Tensor | null = null;

  constructor(private readonly literal: OnnxTensor | null, result: Tensor | null) {
    this.made = result;
  }

  get tensor(): Tensor {
    if (!this.made) {
      const { dims, dtype } = this.literal!;
      if (sizeOf(dims) === 0) throw new Unsupported('empty tensor');
      const data = numbersOf(this.literal!);
      const type = dtypeOf(dtype);
      if (type === 'f32' && data.some((x) => Number.isFinite(x) && Math.abs(x) > 3.4e38)) {
        throw new Unsupported('values beyond f32');
      }
      this.made = table(type === 'f32' ? Float32Array.from(data) : Int32Array.from(data), dims, type);
    }
    return this.made;
  }

  /** Data known before anything runs: shapes, axes, scales. */
  get numbers(): number[] {
    if (!this.literal) throw new Unsupported('computed shape argument');
    return numbersOf(this.literal);
  }
}

/** A node with its operands, as rules see it. */
export class Call {
  private readonly unread: Set<string>;

  constructor(private readonly node: OnnxNode, private readonly inputs: readonly (Value | null)[],
    /** Version of the operator set, which changes the meaning of some ops. */
    readonly opset: number) {
    this.unread = new Set(Object.keys(node.attrs));
  }

  get count(): number {
    return this.inputs.length;
  }

  get outputs(): number {
    return this.node.outputs.length;
  }

  has(i: number): boolean {
    return Boolean(this.inputs[i]);
  }

  x(i: number): Tensor {
    const value = this.inputs[i];
    if (!value) throw new Unsupported(`missing operand ${i}`);
    return value.tensor;
  }

  xs(): Tensor[] {
    return this.inputs.map((_, i) => this.x(i));
  }

  /** Literal data of an operand, or undefined where it is left out. */
  literal(i: number): number[] | undefined {
    return this.inputs[i]?.numbers;
  }

  private attr<T>(name: string): T | undefined {
    this.unread.delete(name);
    return this.node.attrs[name] as T | undefined;
  }

  number(name: string, byDefault: number): number {
    return this.attr<number>(name) ?? byDefault;
  }

  text(name: string, byDefault: string): string {
    return this.attr<string>(name) ?? byDefault;
  }

  list(name: string): number[] | undefined {
    const value = this.attr<readonly number[]>(name);
    return value && [...value];
  }

  value(name: string): OnnxTensor | undefined {
    return this.attr<OnnxTensor>(name);
  }

  /** A list that older operator sets give as an attribute, newer ones as operand i. */
  listOrOperand(name: string, i: number): number[] | undefined {
    return this.list(name) ?? this.literal(i);
  }

  /** Attributes that cannot change the result here. */
  ignore(...names: string[]): void {
    for (const name of names) this.unread.delete(name);
  }

  /** Throws for attributes that no rule has asked for. */
  finish(): void {
    for (const name of this.unread) throw new Unsupported(`attribute ${name}`);
  }
}

/** An ONNX op in engine ops: its outputs, or as many as are in use. */
export type Rule = (call: Call) => Tensor | readonly Tensor[];
