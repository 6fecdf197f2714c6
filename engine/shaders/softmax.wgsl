// softmax - softmax or its logarithm along rows.
//
//   y[i] = exp(x[i] - max x) / sum_k exp(x[k] - max x),  or its log
//
// bindings   0  x  read        V  [rows, n / WIDTH]
//            1  y  read_write  V  [rows, n / WIDTH]
// workgroup  one row at a time; the lanes stride over it (a row kernel: V, LANES and rowMass come before)
// grid       [min(rows, cap), 1, 1]
// cost       reads x three times (the last two from cache), two exp a value; memory bound
// why        the maximum is taken off first, so that no exp overflows and the largest is 1

override LOG: u32 = 0;  // 1 gives log-softmax

struct Dims { rows: u32, n: u32 }
var<immediate> dims: Dims;

@group(0) @binding(0) var<storage, read> x: array<V>;
@group(0) @binding(1) var<storage, read_write> y: array<V>;

@compute @workgroup_size(LANES)
fn main(
  @builtin(local_invocation_index) lane: u32,
  @builtin(workgroup_id) group: vec3u,
  @builtin(num_workgroups) groups: vec3u,
) {
  for (var row = group.x; row < dims.rows; row += groups.x) {
    let start = row * dims.n;
    let mass = rowMass(start, lane);
    if (LOG == 1u) {
      // In this order: top may be so large that adding a logarithm to it loses the logarithm's digits.
      let shift = log(mass.whole);
      for (var i = lane; i < dims.n; i += LANES) { y[start + i] = (x[start + i] - mass.top) - shift; }
    } else {
      let scale = 1.0 / mass.whole;
      for (var i = lane; i < dims.n; i += LANES) { y[start + i] = exp(x[start + i] - mass.top) * scale; }
    }
  }
}
