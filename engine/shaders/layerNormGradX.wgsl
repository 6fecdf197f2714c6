// layerNormGradX - cotangent of x of layerNorm.
//
//   h = g * weight,  z = (x - mean) * rstd
//   dx[i] = rstd * (h[i] - E[h] - z[i] * E[h * z])
//
// bindings   0  g       read        V    [rows, n / WIDTH]
//            1  x       read        V    [rows, n / WIDTH]
//            2  stats   read        f32  [rows, 2]     (mean, rstd)
//            3  weight  read        V    [n / WIDTH]   (any buffer where WEIGHT is 0)
//            4  dx      read_write  V    [rows, n / WIDTH]
// workgroup  one row at a time; the lanes stride over it (a row kernel: V, LANES, sumLanes come before)
// grid       [min(rows, cap), 1, 1]
// cost       reads g and x twice (the second time from cache), writes dx; memory bound

override WEIGHT: u32 = 1;

struct Dims { rows: u32, n: u32, perValue: f32 }
var<immediate> dims: Dims;

@group(0) @binding(0) var<storage, read> g: array<V>;
@group(0) @binding(1) var<storage, read> x: array<V>;
@group(0) @binding(2) var<storage, read> stats: array<f32>;
@group(0) @binding(3) var<storage, read> weight: array<V>;
@group(0) @binding(4) var<storage, read_write> dx: array<V>;

fn scaled(at: u32, i: u32) -> V {
  if (WEIGHT == 1u) { return g[at] * weight[i]; }
  return g[at];
}

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
    var sum = V(0.0);
    var product = V(0.0);
    for (var i = lane; i < dims.n; i += LANES) {
      let h = scaled(start + i, i);
      sum += h;
      product += h * (x[start + i] - mean);
    }
    let shift = sumLanes(total(sum), lane) * dims.perValue;
    let slope = sumLanes(total(product), lane) * dims.perValue * rstd * rstd;
    for (var i = lane; i < dims.n; i += LANES) {
      let at = start + i;
      dx[at] = rstd * (scaled(at, i) - shift - (x[at] - mean) * slope);
    }
  }
}
