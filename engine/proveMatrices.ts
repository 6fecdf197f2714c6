/**
 * Products of subgroup matrices are trusted once they were seen to be right. Each shape that an adapter offers
 * multiplies whole numbers, of which halves and sums in f32 are exact and sums in halves are not, at sizes with edges,
 * in every order of the operands. A shape with one wrong digit is left alone.
 */
import { compile } from './compile/compile.ts';
import { withoutEpilogue } from './compile/epilogue.ts';
import { shaderPrelude, type Device } from './device.ts';
import { encodeHalf } from './half.ts';
import { apply, type FinishingCall, type KernelOp, type MatrixShape, type Variant } from './op.ts';
import { inputTensor } from './ops/leaf.ts';
import { matmulOnMatrix, matmulOp, type MatmulAttrs } from './ops/matmul.ts';
import { blockSize, chromiumMatrices, fitsBlocks, matrixKernels, type MatrixDialect, type MatrixKernel }
  from './ops/subgroupMatrix.ts';

/** A configuration as an adapter lists it. */
export interface OfferedMatrices extends MatrixShape {
  readonly componentType: string;
  readonly resultComponentType: string;
}

/** What became of a shape. */
export interface Verdict {
  readonly shape: MatrixShape;
  /** Empty where it is right, else why it is left alone. */
  readonly fault: string;
}

/** What an adapter lists. */
export const offeredMatrices = ({ adapter }: Device): readonly OfferedMatrices[] =>
  [...(adapter.info as { subgroupMatrixConfigs?: Iterable<OfferedMatrices> }).subgroupMatrixConfigs ?? []];

/** Of halves with sums in f32, and of sizes that fill blocks; the largest first. */
export function usableMatrices(offered: readonly OfferedMatrices[]): MatrixShape[] {
  return offered.filter((one) => one.componentType === 'f16' && one.resultComponentType === 'f32' && fitsBlocks(one))
    .map(({ M, N, K }) => ({ M, N, K }))
    .sort((a, b) => b.M * b.N * b.K - a.M * a.N * a.K);
}

const describeShape = ({ M, N, K }: MatrixShape): string => `${M}x${N}x${K}`;

/** A configuration for people: sizes and element types. */
export const describeOffer = (offer: OfferedMatrices): string =>
  `${describeShape(offer)} ${offer.componentType} to ${offer.resultComponentType}`;

/** A verdict for people. */
export const describeVerdict = ({ shape, fault }: Verdict): string =>
  `${describeShape(shape)} ${fault ? `off: ${fault}` : 'proved'}`;

/** Tries what the adapter offers, and lets kernels on `device` use what is right. */
export async function proveMatrices(device: Device, offered = offeredMatrices(device),
  dialect: MatrixDialect = chromiumMatrices): Promise<Verdict[]> {
  const verdicts: Verdict[] = [];
  for (const shape of device.capabilities.f16 ? usableMatrices(offered) : []) {
    verdicts.push({ shape, fault: await faultOf(device, shape, dialect) });
  }
  const matrices = verdicts.filter(({ fault }) => !fault).map(({ shape }) => shape);
  device.capabilities = { ...device.capabilities, matrices };
  return verdicts;
}

async function faultOf(device: Device, shape: MatrixShape, dialect: MatrixDialect): Promise<string> {
  const kernels = matrixKernels({ ...device.capabilities, matrices: [shape] });
  if (kernels.length === 0) return 'no room for a block of it in a workgroup';
  // What does not compile is a fault of the shape, not of the device.
  device.gpu.pushErrorScope('validation');
  let fault = '';
  try {
    for (const kernel of kernels) fault ||= await faultOfKernel(device, kernel, dialect);
  } catch (error) {
    fault = `does not run (${(error as Error).message.split('\n')[0]})`;
  }
  const invalid = await device.gpu.popErrorScope();
  return fault || (invalid ? `is refused (${invalid.message.split('\n')[0]})` : '');
}

/** Why a shader is refused, if it is. Without validation a pipeline made of a wrong one would end the process. */
async function refusalOf({ gpu }: Device, { calls }: Variant): Promise<string> {
  const { source } = withoutEpilogue(calls[0] as FinishingCall);
  const { messages } = await gpu.createShaderModule({ code: shaderPrelude(source) + source }).getCompilationInfo();
  return messages.find(({ type }) => type === 'error')?.message.split('\n')[0] ?? '';
}

/** Sizes past whole blocks, and whether operands are transposed: loads of one element and of four are both tried. */
const trials: readonly (MatmulAttrs & { readonly beyond: number })[] = [
  { transposeA: false, transposeB: false, beyond: 5 }, { transposeA: false, transposeB: true, beyond: 4 },
  { transposeA: true, transposeB: false, beyond: 4 }, { transposeA: true, transposeB: true, beyond: 3 },
];

async function faultOfKernel(device: Device, kernel: MatrixKernel, dialect: MatrixDialect): Promise<string> {
  const size = blockSize(kernel.block);
  for (const { beyond, ...attrs } of trials) {
    const [B, M, N, K] = [2, size.M + beyond, size.N + beyond, 64 + beyond];
    const a = inputTensor('a', attrs.transposeA ? [B, K, M] : [B, M, K], 'f16');
    const b = inputTensor('b', attrs.transposeB ? [B, N, K] : [B, K, N], 'f16');
    const variant = matmulOnMatrix(a, b, attrs, device.capabilities, kernel, dialect);
    const refusal = await refusalOf(device, variant);
    if (refusal) return `does not compile (${refusal})`;
    const op: KernelOp<MatmulAttrs> = { ...matmulOp, variants: () => [variant] };
    // 0 to 15, in no order: sums of some 70 products are beyond what halves hold exactly.
    const [left, right] = [a.size, b.size].map((length, seed) =>
      Float64Array.from({ length }, (_, i) => ((i + seed) * 2654435761 % 4294967296) >>> 28));
    const expected = matmulOp.reference([left!, right!], [a, b], attrs);
    const program = await compile(device, { name: 'subgroup matrices', outputs: { y: apply(op, [a, b], attrs) } });
    program.run({ a: encodeHalf(Float32Array.from(left!)), b: encodeHalf(Float32Array.from(right!)) });
    const found = await program.readFloats('y');
    program.destroy();
    const wrong = expected.findIndex((value, i) => value !== found[i]);
    if (wrong >= 0) {
      return `${kernel.block.name} gives ${found[wrong]} instead of ${expected[wrong]} at ${wrong} of ${M}x${N}x${K}`;
    }
  }
  return '';
}
