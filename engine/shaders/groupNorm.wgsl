// groupNorm - channels brought to mean 0 and variance 1 by group, scaled, shifted and, where asked, put through SiLU.
//
//   h = (x - mean) * rstd * weight + bias,  y = h  or  h / (1 + exp(-h))
//
// bindings   0  x       read        V    [B, C, n / WIDTH]   (a row is one channel of one sample)
//            1  stats   read        f32  [B, G, 2]           (mean, rstd)
//            2  weight  read        f32  [C]
//            3  bias    read        f32  [C]
//            4  y       read_write  V    [B, C, n / WIDTH]
// workgroup  one row at a time; the lanes stride over it (a row kernel: V, LANES come before)
// grid       [min(B * C, cap), 1, 1]
// cost       reads x, writes y; memory bound

override SILU: u32 = 0;

struct Dims { rows: u32, n: u32, channels: u32, perGroup: u32 }
var<immediate> dims: Dims;

@group(0) @binding(0) var<storage, read> x: array<V>;
@group(0) @binding(1) var<storage, read> stats: array<f32>;
@group(0) @binding(2) var<storage, read> weight: array<f32>;
@group(0) @binding(3) var<storage, read> bias: array<f32>;
@group(0) @binding(4) var<storage, read_write> y: array<V>;

@compute @workgroup_size(LANES)
fn main(
  @builtin(local_invocation_index) lane: u32,
  @builtin(workgroup_id) group: vec3u,
  @builtin(num_workgroups) groups: vec3u,
) {
  for (var row = group.x; row < dims.rows; row += groups.x) {
    let start = row * dims.n;
    let channel = row % dims.channels;
    let slab = row / dims.perGroup;
    let mean = stats[2u * slab];
    let scale = stats[2u * slab + 1u] * weight[channel];
    let shift = bias[channel];
    for (var i = lane; i < dims.n; i += LANES) {
      var h = (x[start + i] - mean) * scale + shift;
      if (SILU == 1u) { h = h / (1.0 + exp(-h)); }
      y[start + i] = h;
    }
  }
}
