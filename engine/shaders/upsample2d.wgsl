// upsample2d - every pixel becomes a block of `factor` x `factor` equal pixels.
//
//   y[p, h, w] = x[p, h / factor, w / factor],  p = (b, c)
//
// bindings   0  x  read        f32  [P, H, W]
//            1  y  read_write  f32  [P, H * factor, W * factor]
// workgroup  LANES neighbouring values of y
// grid       [ceil(values of y / LANES) folded over x and y, 1]
// cost       reads each x factor times a row (from cache), writes y once; memory bound

override LANES: u32 = 64;

struct Dims { H: u32, W: u32, factor: u32, count: u32 }  // H, W of x; count values of y
var<immediate> dims: Dims;

@group(0) @binding(0) var<storage, read> x: array<f32>;
@group(0) @binding(1) var<storage, read_write> y: array<f32>;

@compute @workgroup_size(LANES)
fn main(
  @builtin(local_invocation_index) lane: u32,
  @builtin(workgroup_id) group: vec3u,
  @builtin(num_workgroups) groups: vec3u,
) {
  let i = (group.y * groups.x + group.x) * LANES + lane;
  if (i >= dims.count) { return; }
  let wide = dims.W * dims.factor;
  let row = i / wide;  // of all planes together; a plane has H * factor rows, so factor divides evenly
  y[i] = x[row / dims.factor * dims.W + i % wide / dims.factor];
}
