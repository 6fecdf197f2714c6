// softmaxGrad - cotangent of the logits from the result of softmax or log-softmax.
//
//   softmax      dx[i] = y[i] * (g[i] - sum_k g[k] * y[k])
//   log-softmax  dx[i] = g[i] - exp(y[i]) * sum_k g[k]
//
// bindings   0  y   read        V  [rows, n / WIDTH]
//            1  g   read        V  [rows, n / WIDTH]
//            2  dx  read_write  V  [rows, n / WIDTH]
// workgroup  one row at a time; the lanes stride over it (a row kernel: V, LANES, sumLanes come before)
// grid       [min(rows, cap), 1, 1]
// cost       reads y and g twice (the second time from cache), writes dx; memory bound

override LOG: u32 = 0;  // 1 for log-softmax

struct Dims { rows: u32, n: u32 }
var<immediate> dims: Dims;

@group(0) @binding(0) var<storage, read> y: array<V>;
@group(0) @binding(1) var<storage, read> g: array<V>;
@group(0) @binding(2) var<storage, read_write> dx: array<V>;

@compute @workgroup_size(LANES)
fn main(
  @builtin(local_invocation_index) lane: u32,
  @builtin(workgroup_id) group: vec3u,
  @builtin(num_workgroups) groups: vec3u,
) {
  for (var row = group.x; row < dims.rows; row += groups.x) {
    let start = row * dims.n;
    var part = V(0.0);
    for (var i = lane; i < dims.n; i += LANES) {
      part += select(g[start + i] * y[start + i], g[start + i], LOG == 1u);
    }
    let sum = sumLanes(total(part), lane);
    for (var i = lane; i < dims.n; i += LANES) {
      let at = start + i;
      if (LOG == 1u) { dx[at] = g[at] - exp(y[at]) * sum; } else { dx[at] = y[at] * (g[at] - sum); }
    }
  }
}
