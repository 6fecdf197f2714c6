// peakFma - as many multiply-adds as the device can do, for the roofline.
//
//   y[i] = the end of CHAINS independent chains of fma
//
// bindings   0  y  read_write  f32  [workgroups * 64]
// workgroup  64 lanes, each with 12 chains in registers, so that latency is hidden
// grid       [workgroups, 1, 1]
// cost       24 * rounds flops a lane; compute bound

struct Dims { rounds: u32, scale: f32 }
var<immediate> dims: Dims;

@group(0) @binding(0) var<storage, read_write> y: array<f32>;

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3u) {
  let a = dims.scale;
  let start = f32(id.x) * 1e-6;
  var c0 = vec4f(start, start + 0.1, start + 0.2, start + 0.3);
  var c1 = c0 + 0.4;
  var c2 = c0 + 0.8;
  for (var i = 0u; i < dims.rounds; i++) {
    c0 = fma(c0, vec4f(a), vec4f(0.5));
    c1 = fma(c1, vec4f(a), vec4f(0.25));
    c2 = fma(c2, vec4f(a), vec4f(0.125));
  }
  let sum = c0 + c1 + c2;
  y[id.x] = sum.x + sum.y + sum.z + sum.w;
}
