// rowDots - inner products of the rows of two tensors.
//
//   y[row] = sum_i a[row, i] * b[row, i]
//
// bindings   0  a  read        realV  [rows, n / WIDTH]
//            1  b  read        V      [rows, n / WIDTH]
//            2  y  read_write  f32    [rows]
// workgroup  LANES rows at a time, one a lane (V comes before)
// grid       any; each workgroup takes an equal share
// cost       reads a and b once; memory bound

override LANES: u32 = 64;

struct Dims { rows: u32, n: u32 }
var<immediate> dims: Dims;

@group(0) @binding(0) var<storage, read> a: array<realV>;
@group(0) @binding(1) var<storage, read> b: array<V>;
@group(0) @binding(2) var<storage, read_write> y: array<f32>;

@compute @workgroup_size(LANES)
fn main(
  @builtin(local_invocation_index) lane: u32,
  @builtin(workgroup_id) group: vec3u,
  @builtin(num_workgroups) groups: vec3u,
) {
  // The share of this workgroup.
  let share = (dims.rows + groups.x * groups.y * LANES - 1u) / (groups.x * groups.y * LANES) * LANES;
  let first = (group.y * groups.x + group.x) * share;
  for (var row = first + lane; row < min(first + share, dims.rows); row += LANES) {
    var sum = V(0.0);
    for (var i = row * dims.n; i < (row + 1u) * dims.n; i++) { sum += V(a[i]) * b[i]; }
    y[row] = total(sum);
  }
}
