/**
 * Subgroup matrices written out in plain WGSL, for adapters that have none, so that the kernels around them can be
 * tested for what they are: an operand is the place where it lies, and the lanes of a subgroup hold the sums in turn.
 */
import type { MatrixDialect } from '../../engine/ops/subgroupMatrix.ts';

/** For subgroups of that many lanes. */
export const emulatedMatrices = (lanes: number): MatrixDialect => ({ M, N }, { kFirstA, kLastB }) => `
alias Left = u32;
alias Right = u32;
alias Sum = array<f32, ${(M * N) / lanes}>;
fn leftOf(at: u32) -> Left { return at; }
fn rightOf(at: u32) -> Right { return at; }
fn multiplied(left: Left, right: Right, sum: Sum) -> Sum {
  var total = sum;
  // Lanes below this one.
  let lane = subgroupExclusiveAdd(1u);
  // Known to no compiler, so that the inner loop stays one: unrolled, it takes them seconds.
  let zero = u32(abs(tileA[left]) > 60000.0h);
  for (var i = 0u; i < M * N / ${lanes}u; i++) {
    let m = (i * ${lanes}u + lane) / N;
    let n = (i * ${lanes}u + lane) % N;
    for (var k = 0u; k < K + zero; k++) {
      let a = tileA[left + ${kFirstA ? 'k * PITCH_A + m' : 'm * PITCH_A + k'}];
      let b = tileB[right + ${kLastB ? 'n * PITCH_B + k' : 'k * PITCH_B + n'}];
      total[i] = fma(f32(a), f32(b), total[i]);
    }
  }
  return total;
}
fn put(at: u32, sum: Sum) {
  var whole = sum;
  let lane = subgroupExclusiveAdd(1u);
  for (var i = 0u; i < M * N / ${lanes}u; i++) { staged[at + i * ${lanes}u + lane] = whole[i]; }
}
`;
