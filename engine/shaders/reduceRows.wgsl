// reduceRows - sum, max or min over pieces of the last axis.
//
//   y[row, piece] = combine x[row, i]  for i in piece
//
// bindings   0  x  read        f32  [rows, n]
//            1  y  read_write  f32  [rows, pieces]; values through finish
// workgroup  one piece of a row each; LANES lanes stride over it, then combine in a tree
// grid       [pieces, rows folded over y and z, ..]
// cost       reads rows * n values once; memory bound
// why        a long row is cut into pieces and reduced again, since f32 has no atomics (and sums stay repeatable)

override LANES: u32 = 64;
override MODE: u32 = 0;  // 0 sum, 1 max, 2 min

struct Dims { rows: u32, n: u32, piece: u32, pieces: u32 }
var<immediate> dims: Dims;

@group(0) @binding(0) var<storage, read> x: array<f32>;
@group(0) @binding(1) var<storage, read_write> y: array<f32>;

var<workgroup> partial: array<f32, LANES>;

fn combine(a: f32, b: f32) -> f32 {
  if (MODE == 0u) { return a + b; }
  if (MODE == 1u) { return max(a, b); }
  return min(a, b);
}

@compute @workgroup_size(LANES)
fn main(
  @builtin(local_invocation_index) lane: u32,
  @builtin(workgroup_id) group: vec3u,
  @builtin(num_workgroups) groups: vec3u,
) {
  let row = group.z * groups.y + group.y;
  if (row >= dims.rows) { return; }
  let start = group.x * dims.piece;
  let end = min(start + dims.piece, dims.n);
  // The first value is a neutral start for max and min: repeating it changes nothing.
  var value = select(x[row * dims.n + start], 0.0, MODE == 0u);
  for (var i = start + lane; i < end; i += LANES) {
    value = combine(value, x[row * dims.n + i]);
  }
  partial[lane] = value;
  workgroupBarrier();
  for (var half = LANES / 2u; half > 0u; half /= 2u) {
    if (lane < half) { partial[lane] = combine(partial[lane], partial[lane + half]); }
    workgroupBarrier();
  }
  let to = row * dims.pieces + group.x;
  if (lane == 0u) { y[to] = finish(to, to, partial[0]); }
}
