// rowDistances - squared Euclidean distance of every row of x to every row of a table.
//
//   y[m, k] = sum_d (x[first + m, d] - table[k, d])^2
//
// bindings   0  x      read        f32  [first + rows .., d]
//            1  table  read        f32  [k, d]
//            2  y      read_write  f32  [rows, k]
// workgroup  a 32 x 32 tile of y; 8 x 8 lanes with 4 x 4 distances each, 16 columns of both staged at a time
// grid       [ceil(rows / 32) * ceil(k / 32), 1, 1] folded into x and y
// cost       3 * rows * k * d flops
// why        differences, not |x|^2 - 2 x.t + |t|^2: the short form loses the digits that tell near rows apart

const tile = 32u;
const depth = 4u;  // vec4 columns staged at a time

struct Dims { rows: u32, k: u32, d: u32, first: u32 }
var<immediate> dims: Dims;

@group(0) @binding(0) var<storage, read> x: array<f32>;
@group(0) @binding(1) var<storage, read> table: array<f32>;
@group(0) @binding(2) var<storage, read_write> y: array<f32>;

// [depth][tile], so that neighbouring lanes read neighbouring vectors.
var<workgroup> xTile: array<vec4f, 128>;
var<workgroup> tableTile: array<vec4f, 128>;

fn loadX(row: u32, column: u32) -> f32 {
  let inside = row < dims.rows && column < dims.d;
  return select(0.0, x[select(0u, (dims.first + row) * dims.d + column, inside)], inside);
}

fn loadTable(row: u32, column: u32) -> f32 {
  let inside = row < dims.k && column < dims.d;
  return select(0.0, table[select(0u, row * dims.d + column, inside)], inside);
}

@compute @workgroup_size(64)
fn main(
  @builtin(local_invocation_index) lane: u32,
  @builtin(workgroup_id) group: vec3u,
  @builtin(num_workgroups) groups: vec3u,
) {
  let across = (dims.k + tile - 1u) / tile;
  let place = group.y * groups.x + group.x;
  let m0 = place / across * tile;
  let k0 = place % across * tile;
  if (m0 >= dims.rows) { return; }
  let i = lane / 8u;
  let j = lane % 8u;
  var sums: array<vec4f, 4>;  // of row i + 8 r, one component for each of the columns j + 8 c
  for (var d0 = 0u; d0 < dims.d; d0 += 4u * depth) {
    for (var at = lane; at < 128u; at += 64u) {
      let row = at / depth;
      let column = d0 + at % depth * 4u;
      if (column >= dims.d) { continue; }
      let to = at % depth * tile + row;
      let m = m0 + row;
      let k = k0 + row;
      xTile[to] = vec4f(loadX(m, column), loadX(m, column + 1u), loadX(m, column + 2u), loadX(m, column + 3u));
      tableTile[to] = vec4f(loadTable(k, column), loadTable(k, column + 1u), loadTable(k, column + 2u),
        loadTable(k, column + 3u));
    }
    workgroupBarrier();
    // Codebooks have rows of three or four numbers: most of the depth would be zeros.
    let used = min(depth, (dims.d - d0 + 3u) / 4u);
    for (var q = 0u; q < used; q++) {
      let t0 = tableTile[q * tile + j];
      let t1 = tableTile[q * tile + j + 8u];
      let t2 = tableTile[q * tile + j + 16u];
      let t3 = tableTile[q * tile + j + 24u];
      for (var r = 0u; r < 4u; r++) {
        let v = xTile[q * tile + i + 8u * r];
        sums[r] += vec4f(dot(v - t0, v - t0), dot(v - t1, v - t1), dot(v - t2, v - t2), dot(v - t3, v - t3));
      }
    }
    workgroupBarrier();
  }
  for (var r = 0u; r < 4u; r++) {
    let m = m0 + i + 8u * r;
    for (var c = 0u; c < 4u; c++) {
      let k = k0 + j + 8u * c;
      if (m < dims.rows && k < dims.k) { y[m * dims.k + k] = sums[r][c]; }
    }
  }
}
