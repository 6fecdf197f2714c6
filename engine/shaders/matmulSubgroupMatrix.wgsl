// matmulSubgroupMatrix - batched matrix product on subgroup matrices: operands are halves, sums f32.
//
//   y[batch, part, m, n] = sum_k a[m, k] b[k, n]  for k in part
//
// bindings   0  a  read        f16, or four of them  [1 or B, M, K], or [.., K, M] with K_FIRST_A
//            1  b  read        f16, or four of them  [1 or B, K, N], or [.., N, K] with K_LAST_B
//            2  y  read_write  f32  [parts, B, M, N]; rows through finish
// workgroup  a block of BLOCK_M x BLOCK_N of y; LANES lanes, of which the first SUBGROUPS subgroups multiply
// grid       [ceil(N / BLOCK_N), ceil(M / BLOCK_M), parts * B]
// cost       2 * M * N * K flops a batch; every value of a and b is read once a row or column of blocks
// why        matrix units of GPUs take halves only; blocks in workgroup memory feed them, and edges are zeros there

struct Dims {
  M: u32, N: u32, K: u32, B: u32,
  strideA: u32, strideB: u32,  // elements from one batch to the next; 0 where all share one matrix
  part: u32,                   // length of a part of K, a multiple of STEP
  layers: u32,                 // parts * B
}
var<immediate> dims: Dims;

@group(0) @binding(0) var<storage, read> a: array<ItemA>;
@group(0) @binding(1) var<storage, read> b: array<ItemB>;
@group(0) @binding(2) var<storage, read_write> y: array<f32>;

fn fillA(lane: u32, base: u32, m0: u32, k0: u32, end: u32) {
  for (var i = lane * ITEM_A; i < ROWS_A * LENGTH_A; i += LANES * ITEM_A) {
    let row = i / LENGTH_A;
    let column = i % LENGTH_A;
    let m = m0 + select(row, column, K_FIRST_A);
    let k = k0 + select(column, row, K_FIRST_A);
    var item = ItemA();
    if (m < dims.M && k < end) { item = a[(base + select(m * dims.K + k, k * dims.M + m, K_FIRST_A)) / ITEM_A]; }
    for (var j = 0u; j < ITEM_A; j++) { tileA[row * PITCH_A + column + j] = elementOfA(item, j); }
  }
}

fn fillB(lane: u32, base: u32, n0: u32, k0: u32, end: u32) {
  for (var i = lane * ITEM_B; i < ROWS_B * LENGTH_B; i += LANES * ITEM_B) {
    let row = i / LENGTH_B;
    let column = i % LENGTH_B;
    let n = n0 + select(column, row, K_LAST_B);
    let k = k0 + select(row, column, K_LAST_B);
    var item = ItemB();
    if (n < dims.N && k < end) { item = b[(base + select(k * dims.N + n, n * dims.K + k, K_LAST_B)) / ITEM_B]; }
    for (var j = 0u; j < ITEM_B; j++) { tileB[row * PITCH_B + column + j] = elementOfB(item, j); }
  }
}

@compute @workgroup_size(LANES)
fn main(
  @builtin(local_invocation_index) lane: u32,
  @builtin(subgroup_id) subgroup: u32,
  @builtin(workgroup_id) group: vec3u,
  @builtin(num_workgroups) groups: vec3u,
) {
  let m0 = group.y * BLOCK_M;
  let n0 = group.x * BLOCK_N;
  for (var layer = group.z; layer < dims.layers; layer += groups.z) {
    let batch = layer % dims.B;
    let start = (layer / dims.B) * dims.part;
    let end = min(start + dims.part, dims.K);
    var sums: Sums;
    clear(&sums);
    for (var k0 = start; k0 < end; k0 += STEP) {
      fillA(lane, batch * dims.strideA, m0, k0, end);
      fillB(lane, batch * dims.strideB, n0, k0, end);
      workgroupBarrier();
      if (subgroup < SUBGROUPS) { multiplyTiles(subgroup, &sums); }
      workgroupBarrier();
    }
    for (var tile = 0u; tile < TILES; tile++) {
      if (subgroup < SUBGROUPS) { put(subgroup * M * N, sums[tile]); }
      workgroupBarrier();
      for (var e = lane; e < SUBGROUPS * M * N; e += LANES) {
        let at = placeOf(e, tile);
        let m = m0 + at.x;
        let n = n0 + at.y;
        let r = layer * dims.M + m;
        if (m < dims.M && n < dims.N) { y[r * dims.N + n] = finish(r * dims.N + n, r, staged[e]); }
      }
      workgroupBarrier();
    }
  }
}
