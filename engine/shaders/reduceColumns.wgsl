// reduceColumns - sum, max or min over pieces of a middle axis.
//
//   y[outer, piece, i] = combine x[outer, k, i]  for k in piece
//
// bindings   0  x  read        f32  [outer, n, inner]
//            1  y  read_write  f32  [outer, pieces, inner]; values through finish
// workgroup  LANES neighbouring columns i; every lane walks its own piece of the axis
// grid       [ceil(inner / LANES), pieces, outer]
// cost       reads every value once, neighbouring lanes read neighbouring addresses; memory bound

override LANES: u32 = 64;
override MODE: u32 = 0;  // 0 sum, 1 max, 2 min

struct Dims { outer: u32, n: u32, inner: u32, piece: u32, pieces: u32 }
var<immediate> dims: Dims;

@group(0) @binding(0) var<storage, read> x: array<f32>;
@group(0) @binding(1) var<storage, read_write> y: array<f32>;

fn combine(a: f32, b: f32) -> f32 {
  if (MODE == 0u) { return a + b; }
  if (MODE == 1u) { return max(a, b); }
  return min(a, b);
}

@compute @workgroup_size(LANES)
fn main(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  if (id.x >= dims.inner) { return; }
  for (var outer = id.z; outer < dims.outer; outer += groups.z) {
    let start = id.y * dims.piece;
    let end = min(start + dims.piece, dims.n);
    var at = (outer * dims.n + start) * dims.inner + id.x;
    var value = x[at];
    for (var k = start + 1u; k < end; k++) {
      at += dims.inner;
      value = combine(value, x[at]);
    }
    let to = (outer * dims.pieces + id.y) * dims.inner + id.x;
    y[to] = finish(to, to, value);
  }
}
