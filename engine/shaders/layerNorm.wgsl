// layerNorm - rows brought to mean 0 and variance 1, then scaled and shifted.
//
//   y[i] = (x[i] - mean) * rstd * weight[i] + bias[i]
//
// bindings   0  x       read        V    [rows, n / WIDTH]
//            1  stats   read        f32  [rows, 2]     (mean, rstd)
//            2  weight  read        V    [n / WIDTH]   (any buffer where WEIGHT is 0)
//            3  bias    read        V    [n / WIDTH]   (any buffer where BIAS is 0)
//            4  y       read_write  V    [rows, n / WIDTH]
// workgroup  one row at a time; the lanes stride over it (a row kernel: V, LANES come before)
// grid       [min(rows, cap), 1, 1]
// cost       reads x, writes y; memory bound

override WEIGHT: u32 = 1;
override BIAS: u32 = 1;

struct Dims { rows: u32, n: u32 }
var<immediate> dims: Dims;

@group(0) @binding(0) var<storage, read> x: array<V>;
@group(0) @binding(1) var<storage, read> stats: array<f32>;
@group(0) @binding(2) var<storage, read> weight: array<V>;
@group(0) @binding(3) var<storage, read> bias: array<V>;
@group(0) @binding(4) var<storage, read_write> y: array<V>;

@compute @workgroup_size(LANES)
fn main(
  @builtin(local_invocation_index) lane: u32,
  @builtin(workgroup_id) group: vec3u,
  @builtin(num_workgroups) groups: vec3u,
) {
  for (var row = group.x; row < dims.rows; row += groups.x) {
    let start = row * dims.n;
    let mean = stats[2u * row];
    let rstd = stats[2u * row + 1u];
    for (var i = lane; i < dims.n; i += LANES) {
      var value = (x[start + i] - mean) * rstd;
      if (WEIGHT == 1u) { value *= weight[i]; }
      if (BIAS == 1u) { value += bias[i]; }
      y[start + i] = value;
    }
  }
}
