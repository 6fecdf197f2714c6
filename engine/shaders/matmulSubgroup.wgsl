// matmulSubgroup - batched matrix product in registers, for adapters where loads cost more than arithmetic.
//
//   y[batch, m, n] = sum_k a[m, k] b[k, n]
//
// bindings   0  a  read        ItemA  B of them at placeA: M rows `rowA` apart, values of a row `stepA` apart
//            1  b  read        ItemB  B of them at placeB: N columns `columnB` apart, values of a column `stepB` apart
//            2  y  read_write  f32    B of them: rows `rowY` apart, columns `columnY` apart; see store
// workgroup  one subgroup of 8 lanes: ROWS rows (8 or 16) x 8 COLUMNS columns of y, a lane holding COLUMNS neighbours
// grid       [ceil(N / (8 COLUMNS)), ceil(M / ROWS), B]
// cost       2 * M * N * K flops a batch; 3 loads of two or four values feed 16 x 8 columns x 2 steps of k
// why        see registerTile. Two steps of k to a turn, since four are more code than the caches of llvmpipe hold, and
//            with one the sums are masked too often. Indices past the edge repeat the last row or column, so the loop
//            needs no guards. ROWS, COLUMNS, V, ItemA, placeA, loadA, ItemB, placeB, columnsOf, loadB, store and
//            registerTile come before.

struct Dims {
  M: u32, N: u32, K: u32, B: u32,
  batchA: u32, rowA: u32, stepA: u32,    // batchA, batchB: 0 where all share one matrix
  batchB: u32, stepB: u32, columnB: u32,
  rowY: u32, columnY: u32,
}
var<immediate> dims: Dims;

@group(0) @binding(0) var<storage, read> a: array<ItemA>;
@group(0) @binding(1) var<storage, read> b: array<ItemB>;
@group(0) @binding(2) var<storage, read_write> y: array<f32>;

fn storeRows(batch: u32, m0: u32, n: u32, rows: Rows) {
  var s = rows;
  for (var m = m0; m < min(m0 + 8u, dims.M); m += 2u) {
    store(batch, m, n, s.r0);
    if (m + 1u < dims.M) { store(batch, m + 1u, n, s.r1); }
    s = twoUp(s);
  }
}

@compute @workgroup_size(8)
fn main(
  @builtin(local_invocation_index) lane: u32,
  @builtin(workgroup_id) group: vec3u,
  @builtin(num_workgroups) groups: vec3u,
) {
  let m0 = group.y * ROWS;
  let n = (group.x * 8u + lane) * COLUMNS;
  let columns = columnsOf(n);
  let rowTop = min(m0 + lane, dims.M - 1u) * dims.rowA;
  let rowBottom = min(m0 + 8u + lane, dims.M - 1u) * dims.rowA;
  for (var batch = group.z; batch < dims.B; batch += groups.z) {
    let startA = placeA(batch);
    let startB = placeB(batch);
    var top = Rows();
    var bottom = Rows();
    for (var k = 0u; k < dims.K; k += 2u) {
      let right = loadB(startB, k, columns);
      top = addRows(top, loadA(startA + rowTop, k), right);
      if (ROWS == 16u) { bottom = addRows(bottom, loadA(startA + rowBottom, k), right); }
    }
    storeRows(batch, m0, n, top);
    if (ROWS == 16u) { storeRows(batch, m0 + 8u, n, bottom); }
  }
}
