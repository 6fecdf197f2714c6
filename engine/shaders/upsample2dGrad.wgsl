// upsample2dGrad - sum over the block that each pixel became.
//
//   y[r, w] = sum over i, j < FACTOR of g[r * FACTOR + i, w * FACTOR + j],  rows r = (b, c, h)
//
// bindings   0  g  read        f32  [R * FACTOR, W * FACTOR]
//            1  y  read_write  f32  [R, W]
// workgroup  8 x 8 values of y, one a lane
// grid       [ceil(W / 8), ceil(R / 8) or the most there may be, 1]
// cost       reads g once, writes y once; memory bound

override FACTOR: u32 = 2;

struct Dims { rows: u32, W: u32 }
var<immediate> dims: Dims;

@group(0) @binding(0) var<storage, read> g: array<f32>;
@group(0) @binding(1) var<storage, read_write> y: array<f32>;

@compute @workgroup_size(8, 8)
fn main(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  if (id.x >= dims.W) { return; }
  for (var row = id.y; row < dims.rows; row += groups.y * 8u) {
    var sum = 0.0;
    for (var i = 0u; i < FACTOR; i++) {
      let at = ((row * FACTOR + i) * dims.W + id.x) * FACTOR;
      for (var j = 0u; j < FACTOR; j++) { sum += g[at + j]; }
    }
    y[row * dims.W + id.x] = sum;
  }
}
