// attention - softmax attention in one pass over the keys, for devices with real workgroup memory.
//
//   p[i, j] = exp(scale * q[i] . k[j] - lse[i]),   y[i] = sum_j p[i, j] * v[j]      in every (sample, head)
//
// bindings   0  q  read        realV  [B, Lq, heads, D]
//            1  k  read        realV  [B, Lk, heads, D]
//            2  v  read        realV  [B, Lk, heads, DV]
//            3  y  read_write  f32    [B, Lq, heads, DV * WIDTH], then at `lseAt` the lse
//                            [B, heads, Lq rounded up to fours]
// workgroup  LANES queries of one head, one a lane; TILE keys at a time are shared (attentionTile and
//            attentionKeys come before)
// grid       [ceil(Lq / LANES), heads, B]
// cost       2 * (D + DV) * WIDTH flops a pair; the keys are read ceil(Lq / LANES) times
// why        sums are corrected only when the running maximum rises, which is rare after the first keys

struct Dims { heads: u32, Lq: u32, Lk: u32, lseAt: u32, scale: f32 }
var<immediate> dims: Dims;

@group(0) @binding(0) var<storage, read> q: array<realV>;
@group(0) @binding(1) var<storage, read> k: array<realV>;
@group(0) @binding(2) var<storage, read> v: array<realV>;
@group(0) @binding(3) var<storage, read_write> y: array<f32>;

@compute @workgroup_size(LANES)
fn main(@builtin(local_invocation_index) lane: u32, @builtin(workgroup_id) group: vec3u) {
  let i = group.x * LANES + lane;
  let row = (group.z * dims.Lq + min(i, dims.Lq - 1u)) * dims.heads + group.y;
  let seen = seenBy(i);
  let end = seenBy(group.x * LANES + LANES - 1u);  // what any lane of the workgroup sees
  var query: array<V, most>;
  var sum: array<V, most>;
  for (var d = 0u; d < D; d++) { query[d] = V(q[row * D + d]) * dims.scale; }
  for (var d = 0u; d < DV; d++) { sum[d] = V(0.0); }
  var top = -0x1.fffffep+127;
  var mass = 0.0;
  for (var start = 0u; start < end; start += TILE) {
    shareKeys(start, lane, group);
    // A count that is not constant also keeps software adapters from unrolling this loop.
    let count = min(TILE, end - start);
    for (var j = 0u; j < count; j++) {
      var products = V(0.0);
      for (var d = 0u; d < D; d++) { products += query[d] * keys[j * D + d]; }
      if (start + j >= seen) { continue; }
      let score = total(products);
      if (score > top) {
        let correction = exp(top - score);
        mass *= correction;
        for (var d = 0u; d < DV; d++) { sum[d] *= correction; }
        top = score;
      }
      let weight = exp(score - top);
      mass += weight;
      for (var d = 0u; d < DV; d++) { sum[d] += weight * values[j * DV + d]; }
    }
  }
  if (i >= dims.Lq) { return; }
  for (var d = 0u; d < DV; d++) {
    let value = sum[d] / mass;
    for (var part = 0u; part < WIDTH; part++) { y[(row * DV + d) * WIDTH + part] = pick(value, part); }
  }
  y[dims.lseAt + lseRow(i, group)] = top + log(mass);
}
