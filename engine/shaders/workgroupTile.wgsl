// workgroupTile - a tile of a matrix product through workgroup memory: 256 lanes hold ROWS x 4 QUADS values of it each.
//
// For GPUs: per step of k, ROWS + 4 QUADS reads of workgroup memory feed ROWS x 4 QUADS fma. Lanes of a row of lanes
// read one value of A together and neighbouring values of B. ROWS (4 or 8) and QUADS (1 or 2) come before.

const TILE_M = 16u * ROWS;
const TILE_N = 64u * QUADS;
const STEP = 16u;

alias Sums = array<vec4f, ROWS * QUADS>;

// [STEP][TILE_M] and [STEP][TILE_N]: k outermost.
var<workgroup> tileA: array<f32, STEP * TILE_M>;
var<workgroup> tileB: array<f32, STEP * TILE_N>;

/** First row of the tile that a lane holds; the others follow. */
fn rowOf(lane: u32) -> u32 { return lane / 16u * ROWS; }

/** First column of a quad that a lane holds; the other three follow. */
fn columnOf(lane: u32, quad: u32) -> u32 { return quad * 64u + lane % 16u * 4u; }

/** Adds the product of the tiles, as they are filled now. */
fn addTiles(sums: ptr<function, Sums>, lane: u32) {
  for (var k = 0u; k < STEP; k++) {
    var right: array<vec4f, QUADS>;
    for (var quad = 0u; quad < QUADS; quad++) {
      let at = k * TILE_N + columnOf(lane, quad);
      right[quad] = vec4f(tileB[at], tileB[at + 1u], tileB[at + 2u], tileB[at + 3u]);
    }
    for (var i = 0u; i < ROWS; i++) {
      let left = vec4f(tileA[k * TILE_M + rowOf(lane) + i]);
      for (var quad = 0u; quad < QUADS; quad++) {
        (*sums)[i * QUADS + quad] = fma(left, right[quad], (*sums)[i * QUADS + quad]);
      }
    }
  }
}
