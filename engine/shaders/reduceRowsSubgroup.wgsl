// reduceRowsSubgroup - sum, max or min over pieces of the last axis, without workgroup memory.
//
//   y[row, piece] = combine x[row, i]  for i in piece
//
// bindings   0  x  read        f32  [rows, n]
//            1  y  read_write  f32  [rows, pieces]; values through finish
// workgroup  one subgroup of LANES lanes a piece of a row; lanes stride over it, four values in flight each
// grid       [pieces, rows folded over y and z]
// cost       reads rows * n values once; memory bound
// why        software adapters pay for every barrier, and combine the lanes of a subgroup for nothing

override LANES: u32 = 8;
override MODE: u32 = 0;  // 0 sum, 1 max, 2 min

struct Dims { rows: u32, n: u32, piece: u32, pieces: u32 }
var<immediate> dims: Dims;

@group(0) @binding(0) var<storage, read> x: array<f32>;
@group(0) @binding(1) var<storage, read_write> y: array<f32>;

fn combine(a: f32, b: f32) -> f32 {
  if (MODE == 0u) { return a + b; }
  if (MODE == 1u) { return max(a, b); }
  return min(a, b);
}

fn across(value: f32) -> f32 {
  if (MODE == 0u) { return subgroupAdd(value); }
  if (MODE == 1u) { return subgroupMax(value); }
  return subgroupMin(value);
}

@compute @workgroup_size(LANES)
fn main(
  @builtin(local_invocation_index) lane: u32,
  @builtin(workgroup_id) group: vec3u,
  @builtin(num_workgroups) groups: vec3u,
) {
  let row = group.z * groups.y + group.y;
  if (row >= dims.rows) { return; }
  let start = row * dims.n + group.x * dims.piece;
  let end = row * dims.n + min((group.x + 1u) * dims.piece, dims.n);
  // The first value is a neutral start for max and min: repeating it changes nothing.
  let neutral = select(x[start], 0.0, MODE == 0u);
  var a = neutral;
  var b = neutral;
  var c = neutral;
  var d = neutral;
  var i = start + lane;
  for (; i + 3u * LANES < end; i += 4u * LANES) {
    a = combine(a, x[i]);
    b = combine(b, x[i + LANES]);
    c = combine(c, x[i + 2u * LANES]);
    d = combine(d, x[i + 3u * LANES]);
  }
  for (; i < end; i += LANES) { a = combine(a, x[i]); }
  let value = across(combine(combine(a, b), combine(c, d)));
  let to = row * dims.pieces + group.x;
  if (lane == 0u) { y[to] = finish(to, to, value); }
}
