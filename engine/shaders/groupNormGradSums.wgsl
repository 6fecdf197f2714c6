// groupNormGradSums - the two sums over each channel from which every gradient of groupNorm follows.
//
//   z and r as in groupNormBack, which comes before
//   sums[0, b, c] = sum r,   sums[1, b, c] = sum r * z
//
// bindings   0  g       read        V    [B, C, n / WIDTH]   (a row is one channel of one sample)
//            1  x       read        V    [B, C, n / WIDTH]
//            2  stats   read        f32  [B, G, 2]           (mean, rstd)
//            3  weight  read        f32  [C]
//            4  bias    read        f32  [C]
//            5  sums    read_write  f32  [2, B, C]
// workgroup  one row at a time; the lanes stride over it (a row kernel: V, LANES, sumLanes come before)
// grid       [min(B * C, cap), 1, 1]
// cost       reads g and x once; memory bound

struct Dims { rows: u32, n: u32, channels: u32, perGroup: u32 }
var<immediate> dims: Dims;

@group(0) @binding(0) var<storage, read> g: array<V>;
@group(0) @binding(1) var<storage, read> x: array<V>;
@group(0) @binding(2) var<storage, read> stats: array<f32>;
@group(0) @binding(3) var<storage, read> weight: array<f32>;
@group(0) @binding(4) var<storage, read> bias: array<f32>;
@group(0) @binding(5) var<storage, read_write> sums: array<f32>;

@compute @workgroup_size(LANES)
fn main(
  @builtin(local_invocation_index) lane: u32,
  @builtin(workgroup_id) group: vec3u,
  @builtin(num_workgroups) groups: vec3u,
) {
  for (var row = group.x; row < dims.rows; row += groups.x) {
    let start = row * dims.n;
    let channel = channelOf(row);
    var sum = V(0.0);
    var product = V(0.0);
    for (var i = lane; i < dims.n; i += LANES) {
      let z = normed(x[start + i], channel);
      let r = back(g[start + i], z, channel);
      sum += r;
      product += r * z;
    }
    let rowSum = sumLanes(total(sum), lane);
    let rowProduct = sumLanes(total(product), lane);
    if (lane == 0u) {
      sums[row] = rowSum;
      sums[dims.rows + row] = rowProduct;
    }
  }
}
