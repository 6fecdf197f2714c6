// upsample2dGrad - sum over the block that each pixel became.
//
//   y[p, h, w] = sum over i, j < factor of g[p, h * factor + i, w * factor + j],  p = (b, c)
//
// bindings   0  g  read        f32  [P, H * factor, W * factor]
//            1  y  read_write  f32  [P, H, W]
// workgroup  LANES neighbouring values of y
// grid       [ceil(values of y / LANES) folded over x and y, 1]
// cost       reads g once, writes y once; memory bound

override LANES: u32 = 64;

struct Dims { H: u32, W: u32, factor: u32, count: u32 }  // H, W and count of y
var<immediate> dims: Dims;

@group(0) @binding(0) var<storage, read> g: array<f32>;
@group(0) @binding(1) var<storage, read_write> y: array<f32>;

@compute @workgroup_size(LANES)
fn main(
  @builtin(local_invocation_index) lane: u32,
  @builtin(workgroup_id) group: vec3u,
  @builtin(num_workgroups) groups: vec3u,
) {
  let at = (group.y * groups.x + group.x) * LANES + lane;
  if (at >= dims.count) { return; }
  let wide = dims.W * dims.factor;
  let corner = at / dims.W * dims.factor * wide + at % dims.W * dims.factor;
  var sum = 0.0;
  for (var i = 0u; i < dims.factor; i++) {
    for (var j = 0u; j < dims.factor; j++) { sum += g[corner + i * wide + j]; }
  }
  y[at] = sum;
}
