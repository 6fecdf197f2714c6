// matmulTiled - batched matrix product through tiles in workgroup memory.
//
//   y[batch, part, m, n] = sum_k a[m, k] b[k, n]  for k in part
//
// bindings   0  a  read        real  [1 or B, M, K], or [.., K, M] with TRANSPOSE_A
//            1  b  read        real  [1 or B, K, N], or [.., N, K] with TRANSPOSE_B
//            2  y  read_write  f32   [parts, B, M, N]; rows through finish
// workgroup  a TILE_M x TILE_N tile of y (workgroupTile comes before); 256 lanes, K in steps of 16
// grid       [ceil(N / TILE_N), ceil(M / TILE_M), parts * B]
// cost       2 * M * N * K flops a batch; every value of a and b is read once a tile row or column
// why        neighbouring lanes load neighbouring addresses, and hold what they will need often in registers

override TRANSPOSE_A: u32 = 0;
override TRANSPOSE_B: u32 = 0;

struct Dims {
  M: u32, N: u32, K: u32, B: u32,
  strideA: u32, strideB: u32,  // elements from one batch to the next; 0 where all share one matrix
  part: u32,                   // length of a part of K
  layers: u32,                 // parts * B
}
var<immediate> dims: Dims;

@group(0) @binding(0) var<storage, read> a: array<real>;
@group(0) @binding(1) var<storage, read> b: array<real>;
@group(0) @binding(2) var<storage, read_write> y: array<f32>;

// What element `i` of a tile with `length` rows or columns is, as (row or column, k): neighbours lie along the axis
// stored last.
fn place(i: u32, length: u32, kLast: bool) -> vec2u {
  return select(vec2u(i % length, i / length), vec2u(i / STEP, i % STEP), kLast);
}

@compute @workgroup_size(256)
fn main(
  @builtin(local_invocation_index) lane: u32,
  @builtin(workgroup_id) group: vec3u,
  @builtin(num_workgroups) groups: vec3u,
) {
  let m0 = group.y * TILE_M;
  let n0 = group.x * TILE_N;
  for (var layer = group.z; layer < dims.layers; layer += groups.z) {
    let batch = layer % dims.B;
    let start = (layer / dims.B) * dims.part;
    let end = min(start + dims.part, dims.K);
    let baseA = batch * dims.strideA;
    let baseB = batch * dims.strideB;
    var sums = Sums();
    for (var k0 = start; k0 < end; k0 += STEP) {
      for (var i = lane; i < TILE_M * STEP; i += 256u) {
        let at = place(i, TILE_M, TRANSPOSE_A == 0u);
        let m = m0 + at.x;
        let k = k0 + at.y;
        var value = 0.0;
        if (m < dims.M && k < end) {
          value = f32(a[baseA + select(m * dims.K + k, k * dims.M + m, TRANSPOSE_A == 1u)]);
        }
        tileA[at.y * TILE_M + at.x] = value;
      }
      for (var i = lane; i < TILE_N * STEP; i += 256u) {
        let at = place(i, TILE_N, TRANSPOSE_B == 1u);
        let n = n0 + at.x;
        let k = k0 + at.y;
        var value = 0.0;
        if (n < dims.N && k < end) {
          value = f32(b[baseB + select(k * dims.N + n, n * dims.K + k, TRANSPOSE_B == 1u)]);
        }
        tileB[at.y * TILE_N + at.x] = value;
      }
      workgroupBarrier();
      addTiles(&sums, lane);
      workgroupBarrier();
    }
    for (var at = 0u; at < ROWS * QUADS; at++) {
      let m = m0 + rowOf(lane) + at / QUADS;
      let r = layer * dims.M + m;
      let value = sums[at];
      for (var j = 0u; j < 4u; j++) {
        let n = n0 + columnOf(lane, at % QUADS) + j;
        if (m < dims.M && n < dims.N) { y[r * dims.N + n] = finish(r * dims.N + n, r, value[j]); }
      }
    }
  }
}
