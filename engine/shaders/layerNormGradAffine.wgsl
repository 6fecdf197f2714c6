// layerNormGradAffine - what pieces of the rows add to the cotangents of weight and bias of layerNorm.
//
//   y[piece, 0, i] = sum over rows of the piece of g[row, i] * (x[row, i] - mean[row]) * rstd[row]
//   y[piece, 1, i] = sum over rows of the piece of g[row, i]
//
// bindings   0  g      read        V    [rows, n / WIDTH]
//            1  x      read        V    [rows, n / WIDTH]
//            2  stats  read        f32  [rows, 2]      (mean, rstd)
//            3  y      read_write  V    [pieces, 2, n / WIDTH]
// workgroup  LANES neighbouring items of one piece; a lane walks the rows of its column (V comes before)
// grid       [ceil(n / WIDTH / LANES), pieces, 1]
// cost       reads g and x once; memory bound
// why        pieces are summed by another dispatch, since f32 has no atomics (and sums stay repeatable)

override LANES: u32 = 32;

struct Dims { rows: u32, n: u32, piece: u32 }
var<immediate> dims: Dims;

@group(0) @binding(0) var<storage, read> g: array<V>;
@group(0) @binding(1) var<storage, read> x: array<V>;
@group(0) @binding(2) var<storage, read> stats: array<f32>;
@group(0) @binding(3) var<storage, read_write> y: array<V>;

@compute @workgroup_size(LANES)
fn main(@builtin(local_invocation_index) lane: u32, @builtin(workgroup_id) group: vec3u) {
  let i = group.x * LANES + lane;
  if (i >= dims.n) { return; }
  var weight = V(0.0);
  var bias = V(0.0);
  let start = group.y * dims.piece;
  let end = min(start + dims.piece, dims.rows);
  for (var row = start; row < end; row++) {
    let at = row * dims.n + i;
    let value = g[at];
    weight += value * ((x[at] - stats[2u * row]) * stats[2u * row + 1u]);
    bias += value;
  }
  y[2u * group.y * dims.n + i] = weight;
  y[(2u * group.y + 1u) * dims.n + i] = bias;
}
