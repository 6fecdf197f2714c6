// crossEntropyGrad - cotangent of the logits of crossEntropy.
//
//   dx[k] = g * (softmax(x)[k] - [k == target]),  0 where target is the ignored index
//
// bindings   0  x        read        V    [rows, n / WIDTH]
//            1  targets  read        i32  [rows]
//            2  loss     read        f32  [rows]
//            3  g        read        f32  [rows]
//            4  dx       read_write  V    [rows, n / WIDTH]
// workgroup  one row at a time; the lanes stride over it (a row kernel: V, LANES come before)
// grid       [min(rows, cap), 1, 1]
// cost       reads x and writes dx once, one exp a value; memory bound
// why        loss + x[target] is the log of the sum of exponentials, so nothing has to be summed again

struct Dims { rows: u32, n: u32, classes: i32, ignored: i32 }
var<immediate> dims: Dims;

@group(0) @binding(0) var<storage, read> x: array<V>;
@group(0) @binding(1) var<storage, read> targets: array<i32>;
@group(0) @binding(2) var<storage, read> loss: array<f32>;
@group(0) @binding(3) var<storage, read> g: array<f32>;
@group(0) @binding(4) var<storage, read_write> dx: array<V>;

@compute @workgroup_size(LANES)
fn main(
  @builtin(local_invocation_index) lane: u32,
  @builtin(workgroup_id) group: vec3u,
  @builtin(num_workgroups) groups: vec3u,
) {
  for (var row = group.x; row < dims.rows; row += groups.x) {
    let start = row * dims.n;
    let wanted = targets[row];
    let k = u32(clamp(wanted, 0, dims.classes - 1));
    let ignored = wanted == dims.ignored;
    // Where the position is ignored the loss says nothing of the sum: a huge one keeps exp from overflowing.
    let logSum = select(loss[row] + pick(x[start + k / WIDTH], k), 0x1.fffffep+127, ignored);
    let scale = select(g[row], 0.0, ignored);
    for (var i = lane; i < dims.n; i += LANES) {
      dx[start + i] = scale * (exp(x[start + i] - logSum) - oneHot(i, k));
    }
  }
}
