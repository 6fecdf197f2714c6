// subgroupMatrixTile - a block of a matrix product on subgroup matrices: what the kernels that use them share.
//
// The text before it (`subgroupMatrix.ts`) gives the shape M x N x K of a matrix, the types Left [M, K], Right [K, N]
// and Sum [M, N], the functions leftOf, rightOf, multiplied and put, and how large a block is. A kernel fills tileA and
// tileB with zeros beyond the edges, adds their products up, and stores the sums from `staged`, where they can be told
// apart from what lies beyond the edges.

const STEP = 32u;
// Part of a block that a subgroup holds: HEIGHT rows of WIDTH columns.
const HEIGHT = 32u;
const SUBGROUPS = DOWN * ACROSS;
const BLOCK_M = DOWN * HEIGHT;
const BLOCK_N = ACROSS * WIDTH;
const TILES_M = HEIGHT / M;
const TILES_N = WIDTH / N;
const TILES = TILES_M * TILES_N;

// A tile lies as its operand does in memory, so that what is loaded side by side is stored side by side. Its rows are
// 16 bytes longer: matrices must begin at multiples of that, and rows do not all begin in the same bank.
const ROWS_A = select(BLOCK_M, STEP, K_FIRST_A);
const ROWS_B = select(STEP, BLOCK_N, K_LAST_B);
const LENGTH_A = select(STEP, BLOCK_M, K_FIRST_A);
const LENGTH_B = select(BLOCK_N, STEP, K_LAST_B);
const PITCH_A = LENGTH_A + 8u;
const PITCH_B = LENGTH_B + 8u;

var<workgroup> tileA: array<f16, ROWS_A * PITCH_A>;
var<workgroup> tileB: array<f16, ROWS_B * PITCH_B>;
var<workgroup> staged: array<f32, SUBGROUPS * M * N>;

alias Sums = array<Sum, TILES>;

fn clear(sums: ptr<function, Sums>) {
  for (var i = 0u; i < TILES; i++) { (*sums)[i] = Sum(); }
}

// Adds the products of the tiles to what a subgroup holds.
fn multiplyTiles(subgroup: u32, sums: ptr<function, Sums>) {
  let m0 = subgroup / ACROSS * HEIGHT;
  let n0 = subgroup % ACROSS * WIDTH;
  for (var k = 0u; k < STEP; k += K) {
    var left: array<Left, TILES_M>;
    for (var i = 0u; i < TILES_M; i++) {
      let m = m0 + i * M;
      left[i] = leftOf(select(m * PITCH_A + k, k * PITCH_A + m, K_FIRST_A));
    }
    for (var j = 0u; j < TILES_N; j++) {
      let n = n0 + j * N;
      let right = rightOf(select(k * PITCH_B + n, n * PITCH_B + k, K_LAST_B));
      for (var i = 0u; i < TILES_M; i++) {
        let at = i * TILES_N + j;
        (*sums)[at] = multiplied(left[i], right, (*sums)[at]);
      }
    }
  }
}

// Row and column in the block of element `e` of `staged`, where every subgroup has put the same one of its sums.
fn placeOf(e: u32, tile: u32) -> vec2u {
  let subgroup = e / (M * N);
  let at = e % (M * N);
  let row = subgroup / ACROSS * HEIGHT + tile / TILES_N * M + at / N;
  return vec2u(row, subgroup % ACROSS * WIDTH + tile % TILES_N * N + at % N);
}
