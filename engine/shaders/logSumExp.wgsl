// logSumExp - logarithm of the sum of the exponentials of rows.
//
//   y[row] = log sum_k exp(x[row, k])
//
// bindings   0  x  read        V    [rows, n / WIDTH]
//            1  y  read_write  f32  [rows]
// workgroup  one row at a time; the lanes stride over it (a row kernel: V, LANES and rowMass come before)
// grid       [min(rows, cap), 1, 1]
// cost       reads x twice (the second time from cache), one exp a value; memory bound
// why        the maximum is taken off first, so that no exp overflows and the largest is 1

struct Dims { rows: u32, n: u32 }
var<immediate> dims: Dims;

@group(0) @binding(0) var<storage, read> x: array<V>;
@group(0) @binding(1) var<storage, read_write> y: array<f32>;

@compute @workgroup_size(LANES)
fn main(
  @builtin(local_invocation_index) lane: u32,
  @builtin(workgroup_id) group: vec3u,
  @builtin(num_workgroups) groups: vec3u,
) {
  for (var row = group.x; row < dims.rows; row += groups.x) {
    let start = row * dims.n;
    let mass = rowMass(start, lane);
    if (lane == 0u) { y[row] = mass.top + log(mass.whole); }
  }
}
