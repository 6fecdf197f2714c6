// crossEntropy - minus the log-probability that softmax gives to one class, row by row.
//
//   loss = log sum_k exp(x[k]) - x[target],  0 where target is the ignored index
//
// bindings   0  x        read        V    [rows, n / WIDTH]
//            1  targets  read        i32  [rows]
//            2  loss     read_write  f32  [rows]
// workgroup  one row at a time; the lanes stride over it (a row kernel: V, LANES and rowMass come before)
// grid       [min(rows, cap), 1, 1]
// cost       reads x twice (the second time from cache), one exp a value; memory bound
// why        a target outside the classes gives NaN: a wrong label must show, and a shader cannot throw

struct Dims { rows: u32, n: u32, classes: i32, ignored: i32, nan: f32 }
var<immediate> dims: Dims;

@group(0) @binding(0) var<storage, read> x: array<V>;
@group(0) @binding(1) var<storage, read> targets: array<i32>;
@group(0) @binding(2) var<storage, read_write> loss: array<f32>;

@compute @workgroup_size(LANES)
fn main(
  @builtin(local_invocation_index) lane: u32,
  @builtin(workgroup_id) group: vec3u,
  @builtin(num_workgroups) groups: vec3u,
) {
  for (var row = group.x; row < dims.rows; row += groups.x) {
    let start = row * dims.n;
    let mass = rowMass(start, lane);
    if (lane == 0u) {
      let wanted = targets[row];
      var value = dims.nan;
      if (wanted == dims.ignored) {
        value = 0.0;
      } else if (wanted >= 0 && wanted < dims.classes) {
        let k = u32(wanted);
        value = log(mass.whole) + (mass.top - pick(x[start + k / WIDTH], k));
      }
      loss[row] = value;
    }
  }
}
