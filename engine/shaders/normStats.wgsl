// normStats - mean and 1 / standard deviation of rows.
//
//   mean = E[x],  rstd = 1 / sqrt(E[(x - mean)^2] + eps)
//
// bindings   0  x      read        V    [rows, n / WIDTH]
//            1  stats  read_write  f32  [rows, 2]     (mean, rstd)
// workgroup  one row at a time; the lanes stride over it (a row kernel: V, LANES, sumLanes come before)
// grid       [min(rows, cap), 1, 1]
// cost       reads x twice (the second time from cache); memory bound
// why        two passes, not E[x^2] - E[x]^2: the short form loses digits when |mean| >> std

struct Dims { rows: u32, n: u32, perValue: f32, eps: f32 }
var<immediate> dims: Dims;

@group(0) @binding(0) var<storage, read> x: array<V>;
@group(0) @binding(1) var<storage, read_write> stats: array<f32>;

@compute @workgroup_size(LANES)
fn main(
  @builtin(local_invocation_index) lane: u32,
  @builtin(workgroup_id) group: vec3u,
  @builtin(num_workgroups) groups: vec3u,
) {
  for (var row = group.x; row < dims.rows; row += groups.x) {
    let start = row * dims.n;
    var sum = V(0.0);
    for (var i = lane; i < dims.n; i += LANES) { sum += x[start + i]; }
    let mean = sumLanes(total(sum), lane) * dims.perValue;
    var square = V(0.0);
    for (var i = lane; i < dims.n; i += LANES) {
      let d = x[start + i] - mean;
      square += d * d;
    }
    let variance = sumLanes(total(square), lane) * dims.perValue;
    if (lane == 0u) {
      stats[2u * row] = mean;
      stats[2u * row + 1u] = 1.0 / sqrt(variance + dims.eps);
    }
  }
}
