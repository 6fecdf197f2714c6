// upsample2d - every pixel becomes a block of FACTOR x FACTOR equal pixels.
//
//   y[r * FACTOR + i, w * FACTOR + j] = x[r, w],  rows r = (b, c, h)
//
// bindings   0  x  read        f32  [R, W]
//            1  y  read_write  f32  [R * FACTOR, W * FACTOR]
// workgroup  8 x 8 pixels of x, whose blocks are written by one lane each
// grid       [ceil(W / 8), ceil(R / 8) or the most there may be, 1]
// cost       reads x once, writes y once; memory bound
// why        a lane keeps its column and row, so that no index is divided: on software adapters that costs most

override FACTOR: u32 = 2;

struct Dims { rows: u32, W: u32 }
var<immediate> dims: Dims;

@group(0) @binding(0) var<storage, read> x: array<f32>;
@group(0) @binding(1) var<storage, read_write> y: array<f32>;

@compute @workgroup_size(8, 8)
fn main(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  if (id.x >= dims.W) { return; }
  for (var row = id.y; row < dims.rows; row += groups.y * 8u) {
    let value = x[row * dims.W + id.x];
    for (var i = 0u; i < FACTOR; i++) {
      let at = ((row * FACTOR + i) * dims.W + id.x) * FACTOR;
      for (var j = 0u; j < FACTOR; j++) { y[at + j] = value; }
    }
  }
}
