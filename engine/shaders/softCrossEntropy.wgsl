// softCrossEntropy - minus the log-probabilities that softmax gives, weighted and added up, row by row.
//
//   loss[row] = sum_k p[row, k] * (lse[row] - x[row, k])
//
// bindings   0  x     read        V    [rows, n / WIDTH]
//            1  p     read        V    [rows, n / WIDTH]
//            2  lse   read        f32  [rows]
//            3  loss  read_write  f32  [rows]
// workgroup  one row at a time; the lanes stride over it (a row kernel: V, LANES, sumLanes come before)
// grid       [min(rows, cap), 1, 1]
// cost       reads x and p once; memory bound
// why        each score is taken off before it is weighted: the sums of both would share their leading digits

struct Dims { rows: u32, n: u32 }
var<immediate> dims: Dims;

@group(0) @binding(0) var<storage, read> x: array<V>;
@group(0) @binding(1) var<storage, read> p: array<V>;
@group(0) @binding(2) var<storage, read> lse: array<f32>;
@group(0) @binding(3) var<storage, read_write> loss: array<f32>;

@compute @workgroup_size(LANES)
fn main(
  @builtin(local_invocation_index) lane: u32,
  @builtin(workgroup_id) group: vec3u,
  @builtin(num_workgroups) groups: vec3u,
) {
  for (var row = group.x; row < dims.rows; row += groups.x) {
    let start = row * dims.n;
    let shift = lse[row];
    var part = V(0.0);
    for (var i = lane; i < dims.n; i += LANES) { part += p[start + i] * (shift - x[start + i]); }
    let whole = sumLanes(total(part), lane);
    if (lane == 0u) { loss[row] = whole; }
  }
}
