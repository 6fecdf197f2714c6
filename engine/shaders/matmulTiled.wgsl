// matmulTiled - batched matrix product through tiles in workgroup memory.
//
//   y[batch, part, m, n] = sum_k a[m, k] b[k, n]  for k in part
//
// bindings   0  a  read        real  [1 or B, M, K], or [.., K, M] with TRANSPOSE_A
//            1  b  read        real  [1 or B, K, N], or [.., N, K] with TRANSPOSE_B
//            2  y  read_write  f32   [parts, B, M, N]; rows through finish
// workgroup  a 64 x 64 tile of y; 256 lanes with 4 x 4 values each, K in steps of 16
// grid       [ceil(N / 64), ceil(M / 64), parts * B]
// cost       2 * M * N * K flops a batch; every value of a and b is read once a tile row or column
// why        for GPUs: 8 reads of workgroup memory feed 16 fma; neighbouring lanes load neighbouring addresses

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

const TILE = 64u;
const STEP = 16u;

// [STEP][TILE]: k outermost, so that the lanes of a row read neighbours.
var<workgroup> tileA: array<f32, 1024>;
var<workgroup> tileB: array<f32, 1024>;

// What element `i` of 1024 of a tile is, as (row or column, k): neighbours lie along the axis stored last.
fn place(i: u32, kLast: bool) -> vec2u {
  return select(vec2u(i % TILE, i / TILE), vec2u(i / STEP, i % STEP), kLast);
}

@compute @workgroup_size(256)
fn main(
  @builtin(local_invocation_index) lane: u32,
  @builtin(workgroup_id) group: vec3u,
  @builtin(num_workgroups) groups: vec3u,
) {
  let m0 = group.y * TILE;
  let n0 = group.x * TILE;
  let row = (lane / 16u) * 4u;
  let column = (lane % 16u) * 4u;
  for (var layer = group.z; layer < dims.layers; layer += groups.z) {
    let batch = layer % dims.B;
    let start = (layer / dims.B) * dims.part;
    let end = min(start + dims.part, dims.K);
    let baseA = batch * dims.strideA;
    let baseB = batch * dims.strideB;
    var sum: array<vec4f, 4>;
    for (var k0 = start; k0 < end; k0 += STEP) {
      for (var i = lane; i < TILE * STEP; i += 256u) {
        let atA = place(i, TRANSPOSE_A == 0u);
        let m = m0 + atA.x;
        let kA = k0 + atA.y;
        var value = 0.0;
        if (m < dims.M && kA < end) {
          value = f32(a[baseA + select(m * dims.K + kA, kA * dims.M + m, TRANSPOSE_A == 1u)]);
        }
        tileA[atA.y * TILE + atA.x] = value;
        let atB = place(i, TRANSPOSE_B == 1u);
        let n = n0 + atB.x;
        let kB = k0 + atB.y;
        value = 0.0;
        if (n < dims.N && kB < end) {
          value = f32(b[baseB + select(kB * dims.N + n, n * dims.K + kB, TRANSPOSE_B == 1u)]);
        }
        tileB[atB.y * TILE + atB.x] = value;
      }
      workgroupBarrier();
      for (var k = 0u; k < STEP; k++) {
        let at = k * TILE;
        let first = at + column;
        let right = vec4f(tileB[first], tileB[first + 1u], tileB[first + 2u], tileB[first + 3u]);
        for (var i = 0u; i < 4u; i++) { sum[i] = fma(vec4f(tileA[at + row + i]), right, sum[i]); }
      }
      workgroupBarrier();
    }
    for (var i = 0u; i < 4u; i++) {
      for (var j = 0u; j < 4u; j++) {
        let m = m0 + row + i;
        let n = n0 + column + j;
        let r = layer * dims.M + m;
        if (m < dims.M && n < dims.N) { y[r * dims.N + n] = finish(r * dims.N + n, r, sum[i][j]); }
      }
    }
  }
}
