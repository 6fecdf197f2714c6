/**
 * What kernels on subgroup matrices (`matmulSubgroupMatrix.wgsl`, `conv2dSubgroupMatrix.wgsl`) are generated from: the
 * shapes that an adapter offers, the block of a workgroup, and the few words of WGSL that stand for a matrix.
 */
import type { DeviceCapabilities, MatrixShape } from '../op.ts';
import tileSource from '../shaders/subgroupMatrixTile.wgsl';

/** How an operand lies in memory: whether k changes from row to row (a transposed) or along a row (b transposed). */
export interface MatrixOrder {
  readonly kFirstA: boolean;
  readonly kLastB: boolean;
}

/**
 * WGSL for the types Left [M, K], Right [K, N] and Sum [M, N], and for
 *
 *   leftOf(at) -> Left, rightOf(at) -> Right    from tileA, tileB, from element `at` on, in rows of PITCH_A, PITCH_B
 *   multiplied(left, right, sum) -> Sum
 *   put(at, sum)                                to `staged`, from element `at` on
 */
export type MatrixDialect = (shape: MatrixShape, order: MatrixOrder) => string;

/** Dawn's experimental extension; types take (element, columns, rows). */
export const chromiumMatrices: MatrixDialect = ({ M, N, K }, { kFirstA, kLastB }) => `
alias Left = subgroup_matrix_left<f16, ${K}, ${M}>;
alias Right = subgroup_matrix_right<f16, ${N}, ${K}>;
alias Sum = subgroup_matrix_result<f32, ${N}, ${M}>;
fn leftOf(at: u32) -> Left {
  return subgroupMatrixLoad<Left, ${kFirstA ? 'col' : 'row'}_major>(&tileA, at, PITCH_A);
}
fn rightOf(at: u32) -> Right {
  return subgroupMatrixLoad<Right, ${kLastB ? 'col' : 'row'}_major>(&tileB, at, PITCH_B);
}
fn multiplied(left: Left, right: Right, sum: Sum) -> Sum {
  return subgroupMatrixMultiplyAccumulate(left, right, sum);
}
fn put(at: u32, sum: Sum) { subgroupMatrixStore<row_major>(&staged, at, sum, N); }
`;

/** The block of a workgroup: subgroups down and across, each with 32 rows of `width` columns. */
export interface MatrixBlock {
  readonly name: string;
  readonly down: number;
  readonly across: number;
  readonly width: 32 | 64;
}

export const matrixBlocks: readonly MatrixBlock[] = [
  { name: 'subgroupMatrixLarge', down: 4, across: 2, width: 64 },
  { name: 'subgroupMatrix', down: 2, across: 2, width: 32 },
];

const height = 32;
/** Length of a piece of K in workgroup memory. */
export const matrixStep = 32;

export const blockSize = ({ down, across, width }: MatrixBlock): { M: number; N: number } =>
  ({ M: down * height, N: across * width });

/** Whether whole matrices fill the part of a block that a subgroup holds. */
export const fitsBlocks = ({ M, N, K }: MatrixShape): boolean =>
  height % M === 0 && height % N === 0 && matrixStep % K === 0;

/** Bytes of workgroup memory that a block takes. */
function storageOf({ down, across, width }: MatrixBlock, { M, N }: MatrixShape): number {
  const [rows, columns, pad] = [down * height, across * width, 8];
  const tile = (length: number): number => 2 * Math.max(length * (matrixStep + pad), matrixStep * (length + pad));
  return tile(rows) + tile(columns) + 4 * down * across * M * N;
}

/** A block, the shape to fill it with, and the lanes of its workgroup. */
export interface MatrixKernel {
  readonly block: MatrixBlock;
  readonly shape: MatrixShape;
  readonly lanes: number;
}

/** Kernels that a device has room for; none where no shape is known to be right. */
export function matrixKernels(device: DeviceCapabilities): MatrixKernel[] {
  const { matrices: [shape], largestSubgroup, workgroupStorage, workgroupInvocations } = device;
  if (!shape) return [];
  return matrixBlocks.map((block) => ({ block, shape, lanes: block.down * block.across * largestSubgroup }))
    .filter(({ block, lanes }) => lanes <= workgroupInvocations && storageOf(block, shape) <= workgroupStorage);
}

/** Elements that are loaded at once. */
export type ItemWidth = 1 | 4;

const itemText = (name: string, width: ItemWidth): string => `
alias Item${name} = ${width === 4 ? 'vec4<f16>' : 'f16'};
const ITEM_${name} = ${width}u;
fn elementOf${name}(item: Item${name}, j: u32) -> f16 { return item${width === 4 ? '[j]' : ''}; }`;

/** What a kernel on subgroup matrices begins with. */
export function matrixPreamble(shape: MatrixShape, block: MatrixBlock, lanes: number, order: MatrixOrder,
  itemA: ItemWidth, itemB: ItemWidth, dialect: MatrixDialect): string {
  const { down, across, width } = block;
  return `const M = ${shape.M}u;
const N = ${shape.N}u;
const K = ${shape.K}u;
const DOWN = ${down}u;
const ACROSS = ${across}u;
const WIDTH = ${width}u;
const LANES = ${lanes}u;
const K_FIRST_A = ${order.kFirstA};
const K_LAST_B = ${order.kLastB};${itemText('A', itemA)}${itemText('B', itemB)}
${dialect(shape, order)}
${tileSource}`;
}
