/**
 * Which ops take half-precision operands: a policy named per op, never a matter of sizes.
 *
 * Only products are in the table. They add up in f32 and give f32; norms, softmax, losses, reductions, optimisers,
 * averages and random numbers are f32 under every policy. The wrapper of an op casts its operands by the policy that
 * holds where the model is traced; its derivative casts the cotangent to the type that the operands have.
 */
import { UserError } from './errors.ts';
import type { DeviceCapabilities } from './op.ts';
import type { DType } from './tensor.ts';

export type Precision = 'f32' | 'f16';

/** Ops whose operands the policy decides on, with their gradients: `conv2d` stands for all three products. */
export type ProductOp = 'matmul' | 'conv2d' | 'attention';

/** Element type of the operands of each op. */
export const policies: Readonly<Record<Precision, Readonly<Record<ProductOp, DType>>>> = {
  f32: { matmul: 'f32', conv2d: 'f32', attention: 'f32' },
  f16: { matmul: 'f16', conv2d: 'f16', attention: 'f16' },
};

let current: Precision = 'f32';

/** Traces `body` under a policy. */
export function withPrecision<T>(precision: Precision, body: () => T): T {
  const before = current;
  current = precision;
  try {
    return body();
  } finally {
    current = before;
  }
}

/** The policy of what is traced from now on under none: for commands that only use what was trained. */
export function usePrecision(precision: Precision): void {
  current = precision;
}

/** Throws a UserError where a device cannot compute under a policy. */
export function expectPrecision(precision: Precision,
  device: { readonly name: string; readonly capabilities: DeviceCapabilities }): void {
  if (precision === 'f32' || device.capabilities.f16) return;
  throw new UserError(`--precision ${precision}: ${device.name} lacks shader-f16; use --precision f32, or another `
    + '--adapter');
}

/** Element type that an op takes where the graph is traced now. */
export const operandType = (op: ProductOp): DType => policies[current][op];

/**
 * What a shader of a product begins with, so that one text serves both types: `real` is the element type of its
 * operands in memory, `real2` and `real4` two and four of them, `realV` the item that kernels with items V read. Sums
 * are f32.
 */
export function operandAliases(dtype: DType, width: 1 | 4 = 1): string {
  return `alias real = ${dtype};\nalias real2 = vec2<${dtype}>;\nalias real4 = vec4<${dtype}>;\n`
    + `alias realV = ${width === 4 ? 'real4' : 'real'};\n`;
}
